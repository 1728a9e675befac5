# Writes the table of embed.h: every Lua module as an array of bytes. Needs nothing but cmake.
#
#   cmake -DROOT=<source tree> -DOUTPUT=<file.c> -P embed_modules.cmake
file(GLOB_RECURSE paths RELATIVE ${ROOT}/lua ${ROOT}/lua/lualchemy/*.lua)
list(FILTER paths EXCLUDE REGEX "lualchemy/meta/")
list(SORT paths)

set(arrays "")
set(rows "")
set(count 0)
foreach(path ${paths})
  file(READ ${ROOT}/lua/${path} bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  file(SIZE ${ROOT}/lua/${path} len)
  string(REGEX REPLACE "(/init)?\\.lua$" "" name ${path})
  string(REPLACE "/" "." name ${name})
  # The zero at the end keeps the array of an empty file valid; it is not counted.
  string(APPEND arrays "static const unsigned char module_${count}[] = {\n${bytes}0};\n\n")
  string(APPEND rows "  {\"${name}\", \"@${path}\", module_${count}, ${len}},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT}.new "/* SPDX-License-Identifier: MIT */
/* Written by embed_modules.cmake from lua/lualchemy. */
#include \"binding/embed.h\"

${arrays}const la_embedded_module la_embedded_modules[] = {
${rows}  {0, 0, 0, 0},
};

const size_t la_embedded_module_count = ${count};
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
