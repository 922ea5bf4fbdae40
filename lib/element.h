/* SPDX-License-Identifier: MIT */
/*
 * element.h - the table of information elements
 *
 * Made from elements.csv when the library is built.
 */
#ifndef WEIR_ELEMENT_H
#define WEIR_ELEMENT_H

#include <weir/weir.h>

/* IANA's elements, the index is the ID; name is NULL where none is assigned. */
extern const struct weir_element element_iana[];
extern const uint32_t element_iana_count;

/* All others, ascending by (pen, id). */
extern const struct weir_element element_other[];
extern const uint32_t element_other_count;

/* The element that a NetFlow v9 field type means, or NULL: IANA's where there is one, as IANA took the types
 * over (RFC 7012 section 4); else the ones that only v9 has. */
const struct weir_element *element_find_v9(uint16_t field_type);

/* What the names of elements that are not registered may have: letters of ASCII, digits, '_'. */
static inline bool element_name_has(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether a name is of such, 1 to LIMIT_ELEMENT_NAME_BYTES of them. */
bool element_is_name(const char *name, size_t name_bytes);

#endif
