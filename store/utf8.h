/* SPDX-License-Identifier: MIT */
/*
 * utf8.h - text that is text
 */
#ifndef WEIR_STORE_UTF8_H
#define WEIR_STORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether the octets are well-formed UTF-8 (RFC 3629): no surrogates, nothing longer than it need be. */
bool utf8_valid(const uint8_t *data, size_t size_bytes);

#endif
