/* SPDX-License-Identifier: MIT */
/*
 * ntp.h - times as NTP writes them: 32 bits of seconds since 1900, 32 of their fraction (RFC 5905 section 6)
 */
#ifndef WEIR_NTP_H
#define WEIR_NTP_H

#include <stdint.h>

#define NTP_TO_UNIX_S 2208988800u /* from 1900 to 1970 */

/*
 * The fraction of an NTP time in dateTimeMicroseconds, in microseconds, 0 to 1,000,000. Of these the bottom 11 bits
 * SHOULD be zero and MUST be ignored (RFC 7011 section 6.1.9). What is left may lie up to 0.48 microseconds below
 * what the exporter meant, so that the nearest is taken: every microsecond comes back as it was written.
 */
static inline uint32_t ntp_microseconds(uint32_t fraction)
{
    const uint64_t meant = fraction & ~UINT32_C(0x7ff);
    return (uint32_t)((meant * 1000000 + (UINT32_C(1) << 31)) >> 32);
}

#endif
