/* SPDX-License-Identifier: MIT */
/*
 * type.c - the abstract data types by name (RFC 7012 section 3.1, RFC 6313 section 4.1)
 */
#include <string.h>
#include <weir/weir.h>

static const char *const names[WEIR_TYPE_COUNT] = {
    [WEIR_TYPE_OCTET_ARRAY] = "octetArray",
    [WEIR_TYPE_UNSIGNED8] = "unsigned8",
    [WEIR_TYPE_UNSIGNED16] = "unsigned16",
    [WEIR_TYPE_UNSIGNED32] = "unsigned32",
    [WEIR_TYPE_UNSIGNED64] = "unsigned64",
    [WEIR_TYPE_SIGNED8] = "signed8",
    [WEIR_TYPE_SIGNED16] = "signed16",
    [WEIR_TYPE_SIGNED32] = "signed32",
    [WEIR_TYPE_SIGNED64] = "signed64",
    [WEIR_TYPE_FLOAT32] = "float32",
    [WEIR_TYPE_FLOAT64] = "float64",
    [WEIR_TYPE_BOOLEAN] = "boolean",
    [WEIR_TYPE_MAC_ADDRESS] = "macAddress",
    [WEIR_TYPE_STRING] = "string",
    [WEIR_TYPE_DATE_TIME_SECONDS] = "dateTimeSeconds",
    [WEIR_TYPE_DATE_TIME_MILLISECONDS] = "dateTimeMilliseconds",
    [WEIR_TYPE_DATE_TIME_MICROSECONDS] = "dateTimeMicroseconds",
    [WEIR_TYPE_DATE_TIME_NANOSECONDS] = "dateTimeNanoseconds",
    [WEIR_TYPE_IPV4_ADDRESS] = "ipv4Address",
    [WEIR_TYPE_IPV6_ADDRESS] = "ipv6Address",
    [WEIR_TYPE_BASIC_LIST] = "basicList",
    [WEIR_TYPE_SUB_TEMPLATE_LIST] = "subTemplateList",
    [WEIR_TYPE_SUB_TEMPLATE_MULTI_LIST] = "subTemplateMultiList",
    [WEIR_TYPE_UNSIGNED256] = "unsigned256",
};

const char *weir_type_name(enum weir_type type)
{
    return (unsigned)type < WEIR_TYPE_COUNT ? names[type] : "octetArray";
}

int weir_type_find(const char *name)
{
    for (int type = 0; type < WEIR_TYPE_COUNT; type++) {
        if (strcmp(names[type], name) == 0)
            return type;
    }
    return -1;
}
