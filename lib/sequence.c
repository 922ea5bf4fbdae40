/* SPDX-License-Identifier: MIT */
/*
 * sequence.c - follows the sequence numbers of one session
 */
#include "sequence.h"

enum {
    REMEMBERED = 64,
    BOOT_JITTER_MS = 3000 /* the header's seconds are cut off, and clocks are slewed */
};

static void restart(struct sequence *sequence, uint32_t number)
{
    sequence->started = true;
    sequence->next = number + 1;
    sequence->seen = 1;
    sequence->known = 1; /* what lies before the first number is not missing: we were not there */
}

/* The exporter has started anew: its uptime went back, and its start, by its own clock, moved on. An uptime
 * that merely wraps (after 49.7 days) moves the start by 2^32 ms, and both together look like the first. */
static bool has_restarted(const struct sequence *sequence, uint32_t uptime_ms, int64_t boot_ms)
{
    const int64_t moved_ms = boot_ms - sequence->boot_ms;
    if (uptime_ms >= sequence->uptime_ms || moved_ms <= BOOT_JITTER_MS)
        return false;
    const int64_t after_wrap_ms = moved_ms - (INT64_C(1) << 32);
    return after_wrap_ms > BOOT_JITTER_MS || after_wrap_ms < -BOOT_JITTER_MS;
}

static enum sequence_verdict check_ahead(struct sequence *sequence, uint32_t ahead, uint32_t *ret_lost)
{
    sequence->seen = ahead >= REMEMBERED - 1 ? 0 : sequence->seen << (ahead + 1);
    sequence->seen |= 1;
    sequence->known = ahead >= REMEMBERED - sequence->known ? REMEMBERED : sequence->known + ahead + 1;
    sequence->next += ahead + 1;
    if (ahead == 0)
        return SEQUENCE_IN_ORDER;
    *ret_lost = ahead;
    return SEQUENCE_GAP;
}

static enum sequence_verdict check_behind(struct sequence *sequence, uint32_t behind, uint32_t *ret_lost)
{
    if (behind > sequence->known)
        return SEQUENCE_LATE;
    const uint64_t bit = UINT64_C(1) << (behind - 1);
    if ((sequence->seen & bit) != 0)
        return SEQUENCE_DUPLICATE;
    sequence->seen |= bit;
    *ret_lost = 1;
    return SEQUENCE_REORDERED;
}

enum sequence_verdict sequence_check(struct sequence *sequence, uint32_t number, uint32_t uptime_ms,
                                     uint32_t export_time_s, uint32_t gap_max, uint32_t *ret_lost)
{
    const int64_t boot_ms = (int64_t)export_time_s * 1000 - uptime_ms;
    if (!sequence->started) {
        restart(sequence, number);
        sequence->uptime_ms = uptime_ms;
        sequence->boot_ms = boot_ms;
        return SEQUENCE_IN_ORDER;
    }
    const bool restarted = has_restarted(sequence, uptime_ms, boot_ms);
    const uint32_t ahead = number - sequence->next, behind = sequence->next - number;
    const bool forward = ahead < UINT32_C(1) << 31;
    /* A leap that no loss explains is taken for a new count, in whichever direction it goes. */
    if (restarted || (forward ? ahead > gap_max : behind > gap_max)) {
        restart(sequence, number);
        sequence->uptime_ms = uptime_ms;
        sequence->boot_ms = boot_ms;
        return SEQUENCE_RESTART;
    }
    if (!forward)
        return check_behind(sequence, behind, ret_lost);
    sequence->uptime_ms = uptime_ms;
    sequence->boot_ms = boot_ms;
    return check_ahead(sequence, ahead, ret_lost);
}
