/* SPDX-License-Identifier: MIT */
/*
 * Types whose processing is written in Lua: TypeDecorator, UserDefinedType, JSON.
 *
 * la_type_bind and la_type_result of the core do everything but this. A binding that sends values
 * asks la_type_process_bind first, for a type with LA_TYPE_HOST_BIND, and gives the core what it
 * leaves on the stack; one that reads values gives la_type_process_result what la_type_result made,
 * for a type with LA_TYPE_HOST_RESULT. The Lua object of the type (la_push_host of `type->host`)
 * has the functions:
 *
 *   process_bind_param(self, value, dialect)     value of the program → value for `impl`
 *   process_result_value(self, value, dialect)   the way back
 *   process_literal_param(self, value, dialect)  value of the program → value to be written as SQL
 *   process_literal_text(self, value, dialect)   value of the program → the literal itself
 *
 * A method that is absent leaves the value as it is. nil stands for NULL both ways. JSON has these
 * functions too: they call the serializers of the dialect object's engine
 * (`dialect.json_serializer`, `dialect.json_deserializer`), else Lualchemy's own.
 *
 * Both call Lua and may raise: hold nothing unboxed. Both may also yield only if called without a C
 * frame between, so a caller that loops over rows calls them from Lua's side or accepts that a
 * yield inside raises.
 */
#ifndef LA_BINDING_PROCESS_H
#define LA_BINDING_PROCESS_H

#include "binding/engine.h"

#pragma GCC visibility push(hidden)

/* True if a value of `type` (may be NULL) must pass through Lua on its way in, or out: a look at
 * two flags. Pass what la_type_for_dialect gives; decorators of decorators, and decorators of JSON,
 * are followed. */
bool la_type_has_process_bind(const la_type *type);
bool la_type_has_process_result(const la_type *type);
/* Replaces the Lua value on top of the stack by what the type's process_bind_param makes of it
 * (la.null comes in as nil); nothing happens for a type without. `dialect_index`: stack index of
 * the dialect object handed to it, 0 for nil. */
void la_type_process_bind(lua_State *L, la_state *state, const la_type *type, int dialect_index);
/* The same for a literal: process_literal_param of each type, or else its process_bind_param. True:
 * process_literal_text has left the literal's own text. */
bool la_type_has_process_literal(const la_type *type);
bool la_type_process_literal(lua_State *L, la_state *state, const la_type *type, int dialect_index);
/* Pushes the dialect object of `engine`, nil if that is NULL. */
void la_push_engine_dialect(lua_State *L, la_state *state, const la_engine *engine);
/* A table that tracks changes (lualchemy.ext.mutable) on top of the stack is replaced by the plain
 * one that it stands for. */
void la_plain_value(lua_State *L);
/* The same with process_result_value. */
void la_type_process_result(lua_State *L, la_state *state, const la_type *type, int dialect_index);
/* The same two with the dialect object of `engine`, or nil where that is NULL. */
void la_process_bind_of(lua_State *L, la_state *state, const la_type *type,
                        const la_engine *engine);
void la_process_result_of(lua_State *L, la_state *state, const la_type *type,
                          const la_engine *engine);

#pragma GCC visibility pop

#endif
