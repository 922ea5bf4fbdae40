/* SPDX-License-Identifier: MIT */
/*
 * column.c - the table of columns, and the types of fields
 */
#include "column.h"

#include "parquet.h"

#include <stdlib.h>
#include <string.h>

enum { REPEAT_MAX = 8 };

#define RUN STORE_FROM_RUN, 0
#define CORE(name) STORE_FROM_CORE, WEIR_CORE_##name
#define IPV4(name) STORE_FROM_IPV4, WEIR_CORE_##name
#define IPV6(name) STORE_FROM_IPV6, WEIR_CORE_##name

const struct store_column *store_column(enum store_column_index index)
{
#define STORE_COLUMN_ROW(id, upper, lower, type, source, text) {id, #lower, STORE_##type, source, text},
    static const struct store_column columns[] = {STORE_COLUMNS(STORE_COLUMN_ROW)};
#undef STORE_COLUMN_ROW
    return &columns[index];
}

const struct store_type_parquet *store_type_parquet(enum store_type type)
{
#define UNSIGNED(physical, bits)                                                                                \
    {PARQUET_##physical, 0, PARQUET_LOGICAL_INTEGER, bits, false, 0, PARQUET_CONVERTED_UINT_##bits, "UINT_" #bits}
#define SIGNED(physical, bits)                                                                                  \
    {PARQUET_##physical, 0, PARQUET_LOGICAL_INTEGER, bits, true, 0, PARQUET_CONVERTED_INT_##bits, "INT_" #bits}
    static const struct store_type_parquet types[STORE_TYPE_COUNT] = {
        [STORE_U8] = UNSIGNED(INT32, 8),
        [STORE_U16] = UNSIGNED(INT32, 16),
        [STORE_U32] = UNSIGNED(INT32, 32),
        [STORE_U64] = UNSIGNED(INT64, 64),
        [STORE_I8] = SIGNED(INT32, 8),
        [STORE_I16] = SIGNED(INT32, 16),
        [STORE_I32] = SIGNED(INT32, 32),
        [STORE_I64] = SIGNED(INT64, 64),
        [STORE_F32] = {PARQUET_FLOAT, 0, PARQUET_LOGICAL_NONE, 0, true, 0, PARQUET_CONVERTED_NONE, "FLOAT"},
        [STORE_F64] = {PARQUET_DOUBLE, 0, PARQUET_LOGICAL_NONE, 0, true, 0, PARQUET_CONVERTED_NONE, "DOUBLE"},
        [STORE_TIME_MS] = {PARQUET_INT64, 0, PARQUET_LOGICAL_TIMESTAMP, 64, true, PARQUET_MILLIS,
                           PARQUET_CONVERTED_TIMESTAMP_MILLIS, "TIMESTAMP(MILLIS, UTC)"},
        [STORE_TIME_US] = {PARQUET_INT64, 0, PARQUET_LOGICAL_TIMESTAMP, 64, true, PARQUET_MICROS,
                           PARQUET_CONVERTED_TIMESTAMP_MICROS, "TIMESTAMP(MICROS, UTC)"},
        [STORE_FIXED_6] = {PARQUET_FIXED, 6, PARQUET_LOGICAL_NONE, 0, false, 0, PARQUET_CONVERTED_NONE,
                           "FIXED_LEN_BYTE_ARRAY(6)"},
        [STORE_FIXED_16] = {PARQUET_FIXED, 16, PARQUET_LOGICAL_NONE, 0, false, 0, PARQUET_CONVERTED_NONE,
                            "FIXED_LEN_BYTE_ARRAY(16)"},
        [STORE_OCTETS] = {PARQUET_BYTE_ARRAY, 0, PARQUET_LOGICAL_NONE, 0, false, 0, PARQUET_CONVERTED_NONE,
                          "BYTE_ARRAY"},
        [STORE_STRING] = {PARQUET_BYTE_ARRAY, 0, PARQUET_LOGICAL_STRING, 0, false, 0, PARQUET_CONVERTED_UTF8, "STRING"},
        [STORE_JSON] = {PARQUET_BYTE_ARRAY, 0, PARQUET_LOGICAL_JSON, 0, false, 0, PARQUET_CONVERTED_JSON, "JSON"},
    };
#undef UNSIGNED
#undef SIGNED
    return &types[type];
}

bool store_types_agree(enum store_type a, enum store_type b)
{
    const bool both_unsigned = a <= STORE_U64 && b <= STORE_U64;
    const bool both_signed = a >= STORE_I8 && a <= STORE_I64 && b >= STORE_I8 && b <= STORE_I64;
    const bool both_float = (a == STORE_F32 || a == STORE_F64) && (b == STORE_F32 || b == STORE_F64);
    return a == b || both_unsigned || both_signed || both_float;
}

/* FNV-1a of the name, in 30 bits behind a 1: apart from the IDs of columns and of IANA's elements. */
int32_t store_name_id(const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619u;
    return (int32_t)(1u << 30 | (hash ^ hash >> 30) % (1u << 30));
}

/* How often the element came before in its template, as the end of the name tells: NAME_2 is 1. */
static unsigned repetition(const struct weir_field *field)
{
    const size_t length = strlen(field->element->name);
    if (strncmp(field->name, field->element->name, length) != 0)
        return REPEAT_MAX; /* a reverse element */
    if (field->name[length] == '\0')
        return 0;
    return field->name[length] == '_' ? (unsigned)strtoul(field->name + length + 1, NULL, 10) - 1 : REPEAT_MAX;
}

int32_t store_field_id(const struct weir_field *field)
{
    if (field->pen == WEIR_PEN_IANA && field->element != NULL) {
        const unsigned repeated = repetition(field);
        if (repeated < REPEAT_MAX)
            return (int32_t)(65536 * (repeated + 1) + field->id);
    }
    return store_name_id(field->name);
}

static enum store_type wider(enum store_type a, enum store_type b)
{
    return a > b ? a : b;
}

static enum store_type element_type(uint8_t type, enum store_type otherwise)
{
    switch (type) {
    case WEIR_TYPE_UNSIGNED8: return STORE_U8;
    case WEIR_TYPE_UNSIGNED16: return STORE_U16;
    case WEIR_TYPE_UNSIGNED32: return STORE_U32;
    case WEIR_TYPE_UNSIGNED64: return STORE_U64;
    case WEIR_TYPE_DATE_TIME_SECONDS: return STORE_U32;
    case WEIR_TYPE_DATE_TIME_MILLISECONDS: return STORE_U64;
    case WEIR_TYPE_SIGNED8: return STORE_I8;
    case WEIR_TYPE_SIGNED16: return STORE_I16;
    case WEIR_TYPE_SIGNED32: return STORE_I32;
    case WEIR_TYPE_SIGNED64: return STORE_I64;
    default: return otherwise;
    }
}

enum store_type store_field_type(const struct weir_field *field)
{
    switch (field->kind) {
    case WEIR_KIND_U8: return wider(STORE_U8, element_type(field->type, STORE_U8));
    case WEIR_KIND_U16: return wider(STORE_U16, element_type(field->type, STORE_U16));
    case WEIR_KIND_U32: return wider(STORE_U32, element_type(field->type, STORE_U32));
    case WEIR_KIND_U64: return STORE_U64;
    case WEIR_KIND_I8: return wider(STORE_I8, element_type(field->type, STORE_I8));
    case WEIR_KIND_I16: return wider(STORE_I16, element_type(field->type, STORE_I16));
    case WEIR_KIND_I32: return wider(STORE_I32, element_type(field->type, STORE_I32));
    case WEIR_KIND_I64: return STORE_I64;
    case WEIR_KIND_F32: return field->type == WEIR_TYPE_FLOAT64 ? STORE_F64 : STORE_F32;
    case WEIR_KIND_F64: return STORE_F64;
    case WEIR_KIND_BOOL: return STORE_U8; /* as on the wire: exporters write other numbers than 1 and 2 too */
    case WEIR_KIND_IPV4: return STORE_U32;
    case WEIR_KIND_IPV6: return STORE_FIXED_16;
    case WEIR_KIND_MAC: return STORE_FIXED_6;
    case WEIR_KIND_JSON: return STORE_JSON;
    default: return field->type == WEIR_TYPE_STRING ? STORE_STRING : STORE_OCTETS;
    }
}
