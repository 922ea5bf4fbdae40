/* SPDX-License-Identifier: MIT */
/*
 * plural.h - "1 file is" and "2 files are"
 */
#ifndef WEIR_CLI_PLURAL_H
#define WEIR_CLI_PLURAL_H

#include <stdint.h>

static inline const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static inline const char *plural_are(uint64_t count)
{
    return count == 1 ? "is" : "are";
}

static inline const char *plural_were(uint64_t count)
{
    return count == 1 ? "was" : "were";
}

#endif
