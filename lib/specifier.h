/* SPDX-License-Identifier: MIT */
/*
 * specifier.h - the field specifiers of templates
 */
#ifndef WEIR_SPECIFIER_H
#define WEIR_SPECIFIER_H

#include "layout.h"
#include "taught.h"
#include "wire.h"

enum { SPECIFIER_VARIABLE_LENGTH = 65535 };

/* Takes the next one from the octets, without its element; then finds that. */
struct specifier specifier_next(struct wire *wire, uint16_t version, bool scope);
void specifier_find_element(struct specifier *specifier, uint16_t version, const struct taught *taught);

/*
 * Takes the specification's field_count specifiers apart; there are not more than LIMIT_TEMPLATE_FIELDS. The
 * caller has checked that they fill just its size_bytes.
 */
void specifier_read_all(const struct specification *specification, const struct taught *taught,
                        struct specifier *ret_specifiers);

/* How a field of a type and a length on the wire is kept, and the octets that a value then takes. A length that
 * does not fit the type keeps its octets. */
enum weir_kind specifier_kind(enum weir_type type, uint32_t length);
uint32_t specifier_width(enum weir_kind kind, uint32_t length);

#endif
