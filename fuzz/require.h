/* SPDX-License-Identifier: MIT */
/* require.h - what holds whatever a fuzzer's input is */
#ifndef FUZZ_REQUIRE_H
#define FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdlib.h>

static inline void require(bool holds)
{
    if (!holds)
        abort();
}

#endif
