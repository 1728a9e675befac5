/* SPDX-License-Identifier: MIT */
/*
 * Texts that types read in both directions: the list of an Enum, the forms of a Uuid.
 */
#ifndef LA_SCHEMA_TYPE_TEXT_H
#define LA_SCHEMA_TYPE_TEXT_H

#include "schema/type.h"

#pragma GCC visibility push(hidden)

#define LA_UUID_DIGITS 32

/* The digits of a uuid in lower case: with or without hyphens, in braces, or after "urn:uuid:".
 * False if `text` is none. */
bool la_uuid_digits(la_text text, char out[LA_UUID_DIGITS]);
/* LA_STATEMENT: `text` is not among the Enum's values, which the message lists. */
la_status la_type_refuse_enum(const la_type *type, la_text text, la_error *err);

#pragma GCC visibility pop

#endif
