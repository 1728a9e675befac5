-- SPDX-License-Identifier: MIT
-- The profile that CMake compiles a release with: training/program.lua runs, training/train.cmake leaves what was
-- counted under the names that GCC looks for, and a build can do without.
local tree = require "spec.support.tree"

local run, root = tree.run, tree.root()

-- The commands of a release that is configured, not built, in a folder of its own.
local function compile_commands(options)
  local folder = tree.scratch("release")
  run(("cmake -S %s -B %s -DLUALCHEMY_TESTS=OFF -DCMAKE_BUILD_TYPE=Release %s"):format(tree.quote(root), tree.quote(folder), options))
  return tree.read(folder .. "/compile_commands.json"), folder
end

local is_gcc = tree.shell("cc --version"):find "Free Software Foundation" ~= nil

describe("the training of a release", function()
  it("runs a program to its end", function()
    run(("%s %s"):format(tree.interpreter(), tree.quote(root .. "/training/program.lua")))
  end)

  if is_gcc then
    it("is what a release is compiled with, unless it is told not to", function()
      local commands, folder = compile_commands "-G 'Unix Makefiles'"
      assert.truthy(commands:find("-fprofile-use=" .. folder .. "/training/profile", 1, true))
      local rules = tree.read(folder .. "/CMakeFiles/la_trained.dir/build.make")
      assert.truthy(rules:find("training/done: " .. root .. "/csrc/sql/node.c", 1, true), "what has changed is trained again")
      assert.is_nil(compile_commands("-DLUALCHEMY_PROFILE=OFF"):find "profile")
    end)

    it("leaves what was counted under the names of the build that uses it", function()
      local project, folder = tree.scratch("project"), tree.scratch("training")
      run("mkdir -p " .. tree.quote(project .. "/training"))
      tree.write(project .. "/CMakeLists.txt", [[
        cmake_minimum_required(VERSION 3.18)
        project(counted LANGUAGES C)
        add_library(la_module MODULE counted.c)
        target_compile_options(la_module PRIVATE -fprofile-generate -fprofile-dir=${LUALCHEMY_TRAINING})
        target_link_options(la_module PRIVATE -fprofile-generate)
        set_target_properties(la_module PROPERTIES OUTPUT_NAME counted PREFIX "" SUFFIX .so)
      ]])
      tree.write(project .. "/counted.c", "int luaopen_counted(void *L);\nint luaopen_counted(void *L) { return L == 0; }\n")
      tree.write(project .. "/training/program.lua", 'require "counted"')
      local function train(interpreter)
        return run(("cmake -DROOT=%s -DFOLDER=%s -DOWNER=/the/owner -DLUA=%s -DSETTINGS= -P training/train.cmake"):format(
          tree.quote(project), tree.quote(folder), interpreter))
      end
      train(tree.interpreter())
      assert.equals("#the#owner#CMakeFiles#la_module.dir#counted.c.gcda\n", run("ls " .. tree.quote(folder .. "/profile")))
      assert.truthy(train("false"):find("compiled without a profile, since its training failed", 1, true))
      assert.is_false(tree.exists(folder .. "/profile"))
    end)
  end
end)
