/* SPDX-License-Identifier: MIT */
/*
 * filter_source.h - the columns that a filter may ask about, in the store and in batches
 *
 * The columns that all files of flows have are a table here; further ones are found among the registered elements and
 * by the caller's knowledge.
 */
#ifndef WEIR_QUERY_FILTER_SOURCE_H
#define WEIR_QUERY_FILTER_SOURCE_H

#include "filter.h"

/* How values are written. */
enum filter_form {
    FILTER_FORM_NUMBER,
    FILTER_FORM_SIGNED,
    FILTER_FORM_REAL,
    FILTER_FORM_BOOL,
    FILTER_FORM_TIME,
    FILTER_FORM_ADDRESS, /* address or network */
    FILTER_FORM_MAC,
    FILTER_FORM_OCTETS,
    FILTER_FORM_TEXT,
    FILTER_FORM_LIST, /* cannot be compared */
    FILTER_FORM_PORT,
    FILTER_FORM_PROTOCOL,
    FILTER_FORM_AS,
    FILTER_FORM_DSCP,
    FILTER_FORM_FLAGS,
    FILTER_FORM_DIRECTION,
    FILTER_FORM_NAT_EVENT,
    FILTER_FORM_FIREWALL_EVENT,
    FILTER_FORM_APPLICATION,
    FILTER_FORM_LABEL,
    FILTER_FORM_DURATION
};

/* What a run of a batch tells of its rows. */
enum filter_run_field {
    FILTER_RUN_NONE = 0,
    FILTER_RUN_RECEIVED,
    FILTER_RUN_EXPORTER,
    FILTER_RUN_EXPORTER_PORT,
    FILTER_RUN_DOMAIN,
    FILTER_RUN_VERSION,
    FILTER_RUN_TEMPLATE_ID,
    FILTER_RUN_EXPORT_TIME,
    FILTER_RUN_UPTIME
};

struct filter_source {
    const char *name;   /* what people call it */
    const char *column; /* in SQL; of an address the column for IPv4 */
    const char *column_ipv6; /* of an address the one for IPv6, else NULL */
    uint8_t type;       /* enum filter_type; of an address with both columns FILTER_IPV4 */
    uint8_t form;       /* enum filter_form */
    uint8_t run;        /* enum filter_run_field */
    int16_t core;       /* enum weir_core, or -1 */
    bool always;        /* every file of flows has it */
    char *owned;        /* where `name` is no constant: freed with the filter */
};

/* The column that every file has, by its name: the core column's, or that in the store ("src_ipv4", "src"). Not
 * case-sensitive. NULL when there is none. */
const struct filter_source *filter_source_core(const char *name, size_t length);

/*
 * Any other column by name: the core column that an element is the first source of, one the caller knows of, a
 * registered element, also with _2 or above behind it, or ie_PEN_ID; an element by its name in NetFlow v9. False when there is none; a name kept in
 * ret_source->owned is the caller's then.
 */
bool filter_source_find(const char *name, size_t length, const struct filter_options *options,
                        struct filter_source *ret_source);

/* The type of the registered element of that name, whatever repetition of it; WEIR_TYPE_COUNT when there is none. */
enum weir_type filter_source_element_type(const char *name);

/* The name of IANA's element of which that one is the reverse; NULL when it is of none. */
const char *filter_source_reversed(const char *name);

/* Calls `each` for every name that can be found above but those of the caller. */
void filter_source_names(void (*each)(void *context, const char *name), void *context);

#endif
