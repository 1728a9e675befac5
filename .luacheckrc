std = "lua54"
max_line_length = 170
-- A variable that is there to be closed has a name that begins with an underscore.
ignore = {"211/_.*", "581"}
codes = true
self = false
files["spec"] = { std = "+busted" }
-- Annotations only: every function there is a declaration without a body.
exclude_files = { "build*", "lua/lualchemy/meta", "lua_modules" }
