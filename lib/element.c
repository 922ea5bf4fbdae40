/* SPDX-License-Identifier: MIT */
/*
 * element.c - finds information elements by number, and one after the other
 */
#include "element.h"

#include "limits.h"

static const struct weir_element *find_other(uint32_t pen, uint16_t id)
{
    const uint64_t key = (uint64_t)pen << 16 | id;
    uint32_t low = 0, high = element_other_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct weir_element *element = &element_other[middle];
        const uint64_t here = (uint64_t)element->pen << 16 | element->id;
        if (here == key)
            return element;
        if (here < key)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct weir_element *weir_element_find(uint32_t pen, uint16_t id)
{
    if (pen != WEIR_PEN_IANA)
        return find_other(pen, id);
    return id < element_iana_count && element_iana[id].name != NULL ? &element_iana[id] : NULL;
}

const struct weir_element *weir_element_next(const struct weir_element *element)
{
    if (element != NULL && element->pen != WEIR_PEN_IANA) {
        element = find_other(element->pen, element->id);
        return element != NULL && element < &element_other[element_other_count - 1] ? element + 1 : NULL;
    }
    for (uint32_t id = element == NULL ? 0 : element->id + 1u; id < element_iana_count; id++) {
        if (element_iana[id].name != NULL)
            return &element_iana[id];
    }
    return element_other;
}

const struct weir_element *element_find_v9(uint16_t field_type)
{
    if (field_type >= 0x8000)
        return find_other(WEIR_PEN_V9_HIGH, field_type & 0x7fff);
    const struct weir_element *element = weir_element_find(WEIR_PEN_IANA, field_type);
    return element != NULL ? element : find_other(WEIR_PEN_V9, field_type);
}

bool element_is_name(const char *name, size_t name_bytes)
{
    for (size_t i = 0; i < name_bytes; i++) {
        if (!element_name_has(name[i]))
            return false;
    }
    return name_bytes > 0 && name_bytes <= LIMIT_ELEMENT_NAME_BYTES;
}
