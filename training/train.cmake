# Makes the profile that a release is compiled with:
#
#   cmake -DROOT=… -DFOLDER=… -DOWNER=… -DLUA=… -DSETTINGS=… -P train.cmake
#
# The tree ROOT is built in FOLDER with counters and with the SETTINGS of the build OWNER; LUA runs program.lua with
# it. What was counted is left in FOLDER/profile, under the names by which GCC looks for it when OWNER is built. The
# build stays, so that the next training compiles only what has changed. Where a step fails, this says so and leaves
# no profile: the release is then compiled as if there were no training.
set(build ${FOLDER}/build)
set(profile ${FOLDER}/profile)
file(REMOVE_RECURSE ${profile})
file(MAKE_DIRECTORY ${build} ${profile})
cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)

# Runs a command if those before have succeeded.
set(status 0)
macro(run)
  if(status EQUAL 0)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_FILE ${FOLDER}/log ERROR_FILE ${FOLDER}/log)
  endif()
endmacro()

run(${CMAKE_COMMAND} -S ${ROOT} -B ${build} ${SETTINGS} -DCMAKE_BUILD_TYPE=Release -DLUALCHEMY_TRAINING=${profile}
    -DLUALCHEMY_TESTS=OFF -DLUALCHEMY_STATIC=OFF)
run(${CMAKE_COMMAND} --build ${build} -j ${cores} --target la_module)
foreach(version 5_4 5_5)
  unset(ENV{LUA_PATH_${version}})
  unset(ENV{LUA_CPATH_${version}})
endforeach()
set(ENV{LUA_PATH} "${ROOT}/lua/?.lua;${ROOT}/lua/?/init.lua")
set(ENV{LUA_CPATH} ${build}/?.so)
run(${LUA} ${ROOT}/training/program.lua)

# GCC names what it counted by the folder of the build and the object, with # for /.
string(REPLACE "/" "#" trained ${build})
string(REPLACE "/" "#" owner ${OWNER})
file(GLOB counts RELATIVE ${profile} ${profile}/*.gcda)
if(NOT status EQUAL 0 OR NOT counts)
  message(WARNING "Lualchemy is compiled without a profile, since its training failed; see ${FOLDER}/log.")
  file(REMOVE_RECURSE ${profile})
  set(counts)
endif()
foreach(name ${counts})
  string(REPLACE ${trained} ${owner} wanted ${name})
  file(RENAME ${profile}/${name} ${profile}/${wanted})
endforeach()
