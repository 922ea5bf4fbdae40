/* SPDX-License-Identifier: MIT */
/*
 * record_sequence.c - follows the sequence numbers of one session that count records
 */
#include "record_sequence.h"

#include <stddef.h>

static void remember(struct record_sequence *sequence, uint32_t number, uint32_t count)
{
    if (count == 0)
        return; /* templates alone do not move the number: the next datagram has the same */
    sequence->numbers[sequence->number_at] = number;
    sequence->number_at = (uint8_t)((sequence->number_at + 1) % RECORD_SEQUENCE_NUMBERS);
    if (sequence->number_count < RECORD_SEQUENCE_NUMBERS)
        sequence->number_count++;
}

static bool is_remembered(const struct record_sequence *sequence, uint32_t number)
{
    for (int i = 0; i < sequence->number_count; i++) {
        if (sequence->numbers[i] == number)
            return true;
    }
    return false;
}

static void begin(struct record_sequence *sequence, uint32_t number, uint32_t count)
{
    *sequence = (struct record_sequence){.started = true, .manner = sequence->manner, .next = number + count};
    remember(sequence, number, count);
}

static struct record_gap *find_gap(struct record_sequence *sequence, uint32_t number)
{
    for (int i = 0; i < RECORD_SEQUENCE_GAPS; i++) {
        struct record_gap *gap = &sequence->gaps[i];
        if (number - gap->first < gap->length)
            return gap;
    }
    return NULL;
}

/* Takes records out of the gap that they fall into: at its begin, at its end, or in between, which leaves two. False
 * when it has not so many. */
static bool fill_gap(struct record_sequence *sequence, struct record_gap *gap, uint32_t number, uint32_t count)
{
    const uint32_t before = number - gap->first;
    if (count > gap->length - before)
        return false;
    const struct record_gap behind = {number + count, gap->length - before - count};
    gap->length = before;
    if (behind.length > 0) {
        struct record_gap *place = before == 0 ? gap : &sequence->gaps[sequence->gap_at++ % RECORD_SEQUENCE_GAPS];
        *place = behind;
    }
    return true;
}

static enum sequence_verdict check_behind(struct record_sequence *sequence, uint32_t number, uint32_t count,
                                          bool known, uint32_t *ret_lost)
{
    const bool remembered = is_remembered(sequence, number);
    struct record_gap *gap = find_gap(sequence, number);
    if (remembered && count > 0)
        return SEQUENCE_DUPLICATE;
    /* Templates alone have the number of the records behind them, which came before; and how much of its gap is filled
     * by a datagram whose records nobody could count is not known. */
    if ((remembered || gap != NULL) && (count == 0 || !known))
        return SEQUENCE_LATE;
    if (gap != NULL && fill_gap(sequence, gap, number, count)) {
        *ret_lost = count;
        remember(sequence, number, count);
        return SEQUENCE_REORDERED;
    }
    sequence->manner = RECORD_MANNER_UNKNOWN;
    begin(sequence, number, count);
    sequence->started = known;
    return SEQUENCE_RESTART;
}

static void learn_manner(struct record_sequence *sequence, uint32_t number, const struct record_count *count)
{
    if (sequence->manner != RECORD_MANNER_UNKNOWN || !sequence->started || !sequence->has_last || !count->known ||
        count->flows == 0)
        return;
    const bool before = number == sequence->next, after = number == sequence->last + count->flows;
    if (before && !after)
        sequence->manner = RECORD_MANNER_BEFORE;
    if (before || !after)
        return;
    const uint32_t last = sequence->last;
    *sequence = (struct record_sequence){.started = true, .manner = RECORD_MANNER_AFTER, .next = last};
}

static enum sequence_verdict check(struct record_sequence *sequence, uint32_t number, uint32_t count, bool known,
                                   uint32_t gap_max, uint32_t *ret_lost)
{
    if (!sequence->started) {
        begin(sequence, number, count);
        sequence->started = known;
        return SEQUENCE_IN_ORDER;
    }
    const uint32_t ahead = number - sequence->next;
    if (ahead >= UINT32_C(1) << 31)
        return check_behind(sequence, number, count, known, ret_lost);
    if (ahead > gap_max) {
        sequence->manner = RECORD_MANNER_UNKNOWN;
        begin(sequence, number, count);
        sequence->started = known;
        return SEQUENCE_RESTART;
    }
    remember(sequence, number, count);
    sequence->next = number + count;
    sequence->started = known;
    if (ahead == 0)
        return SEQUENCE_IN_ORDER;
    sequence->gaps[sequence->gap_at++ % RECORD_SEQUENCE_GAPS] = (struct record_gap){number - ahead, ahead};
    *ret_lost = ahead;
    return SEQUENCE_GAP;
}

enum sequence_verdict record_sequence_check(struct record_sequence *sequence, uint32_t number,
                                            const struct record_count *count, uint32_t gap_max, uint32_t *ret_lost)
{
    enum sequence_verdict verdict = SEQUENCE_IN_ORDER;
    learn_manner(sequence, number, count);
    if (sequence->manner != RECORD_MANNER_AFTER)
        verdict = check(sequence, number, count->all, count->known, gap_max, ret_lost);
    else if (count->known)
        verdict = check(sequence, number - count->flows, count->flows, true, gap_max, ret_lost);
    else
        begin(sequence, number, 0); /* what was before it cannot be told, but what must come next can */
    /* Late ones follow each other as in either manner, whichever it is. */
    sequence->last = number;
    sequence->has_last = verdict == SEQUENCE_IN_ORDER || verdict == SEQUENCE_GAP || verdict == SEQUENCE_RESTART;
    return verdict;
}
