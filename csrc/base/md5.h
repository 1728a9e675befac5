/* SPDX-License-Identifier: MIT */
/*
 * The MD5 digest (RFC 1321): tells long names apart by a few digits, protects nothing.
 */
#ifndef LA_BASE_MD5_H
#define LA_BASE_MD5_H

#include "base/text.h"

#pragma GCC visibility push(hidden)

void la_md5(la_text text, uint8_t digest[16]);

#pragma GCC visibility pop

#endif
