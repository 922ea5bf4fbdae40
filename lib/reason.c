/* SPDX-License-Identifier: MIT */
/*
 * reason.c - the reasons by name
 */
#include <weir/weir.h>

const char *weir_reason_text(enum weir_reason reason)
{
    switch (reason) {
#define CASE(name, label, text)                                                                                 \
    case WEIR_REASON_##name:                                                                                    \
        return text;
        WEIR_REASONS(CASE)
#undef CASE
    default:
        return "unknown reason";
    }
}

const char *weir_reason_label(enum weir_reason reason)
{
    switch (reason) {
#define CASE(name, label, text)                                                                                 \
    case WEIR_REASON_##name:                                                                                    \
        return #label;
        WEIR_REASONS(CASE)
#undef CASE
    default:
        return "unknown";
    }
}
