std = "lua54"
max_line_length = 120
codes = true
self = false
files["spec"] = { std = "+busted" }
-- Annotations only: every function there is a declaration without a body.
exclude_files = { "build*", "lua/lualchemy/meta", "lua_modules" }
