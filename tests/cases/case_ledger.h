/* SPDX-License-Identifier: MIT */
/*
 * case_ledger.h - the sums that a ledger must keep whatever came in, and its counts by name
 */
#ifndef TESTS_CASE_LEDGER_H
#define TESTS_CASE_LEDGER_H

#include <stddef.h>
#include <string.h>
#include <weir/weir.h>

/* What is wrong with the sums, or NULL. For a decoder whose weir_decoder_next() has returned NULL. */
static inline const char *ledger_fault(const struct weir_ledger *ledger)
{
    uint64_t datagram_reasons = ledger->reasons[WEIR_REASON_HEADER_SHORT] +
                                ledger->reasons[WEIR_REASON_VERSION_UNKNOWN] +
                                ledger->reasons[WEIR_REASON_VERSION_UNSUPPORTED] +
                                ledger->reasons[WEIR_REASON_MESSAGE_LENGTH];
    uint64_t set_reasons = ledger->reasons[WEIR_REASON_SET_LENGTH_SHORT] + ledger->reasons[WEIR_REASON_SET_OVERRUN] +
                           ledger->reasons[WEIR_REASON_SET_RESERVED] +
                           ledger->reasons[WEIR_REASON_SET_WITHOUT_RECORD] +
                           ledger->reasons[WEIR_REASON_WAITING_FULL] + ledger->reasons[WEIR_REASON_WAITING_EXPIRED] +
                           ledger->reasons[WEIR_REASON_SESSION_EVICTED];
    if (ledger->datagrams != ledger->datagrams_decoded + ledger->datagrams_refused)
        return "datagrams are not decoded + refused";
    if (ledger->datagrams_refused != datagram_reasons)
        return "refused datagrams are not the sum of their reasons";
    if (ledger->sets != ledger->sets_template + ledger->sets_data + ledger->sets_waited + ledger->sets_skipped)
        return "sets are not template + data + waited + skipped";
    if (ledger->sets_waited + ledger->sets_loaded != ledger->sets_late + ledger->sets_given_up + ledger->sets_waiting)
        return "sets that waited, or were loaded, are not late + given up + waiting";
    if (ledger->sets_skipped + ledger->sets_given_up != set_reasons)
        return "skipped sets and those given up are not the sum of their reasons";
    if ((ledger->sets_waiting == 0) != (ledger->bytes_waiting == 0))
        return "waiting sets and waiting bytes do not agree";
    if (ledger->layouts > ledger->templates)
        return "more layouts than templates";
    if (ledger->sessions + ledger->evictions > ledger->datagrams_decoded + ledger->sessions_loaded)
        return "more sessions than datagrams";
    if (ledger->lost + ledger->reordered > UINT64_C(1) << 48 || ledger->lost_records > UINT64_C(1) << 48)
        return "a count went below zero";
    if (ledger->templates > UINT64_C(1) << 48 || ledger->layouts > UINT64_C(1) << 48)
        return "a number of templates went below zero";
    return NULL;
}

/* Counts that sessions have as well. */
#define LEDGER_SESSION_COUNTS(X)                                                                                \
    X(datagrams) X(datagrams_decoded) X(datagrams_refused) X(bytes) X(sets) X(sets_template) X(sets_data)       \
    X(sets_waited) X(sets_skipped) X(sets_late) X(sets_given_up) X(sets_waiting) X(sets_loaded)                 \
    X(bytes_waiting) X(flows) X(options) X(templates_learned) X(templates_changed) X(templates) X(lost)          \
    X(lost_records) X(found) X(found_records) X(reordered)                                                      \
    X(duplicates) X(restarts) X(count_mismatches) X(reported_flows) X(reported_packets)

static inline void ledger_add_session(void *context, const struct weir_session_view *session)
{
    struct weir_session_view *sum = context;
#define ADD(name) sum->name += session->name;
    LEDGER_SESSION_COUNTS(ADD)
#undef ADD
    for (int i = 0; i < WEIR_REASON_COUNT; i++)
        sum->reasons[i] += session->reasons[i];
    sum->domain++; /* here: how many there are */
}

/* What is wrong with the sums of the sessions, or NULL. */
static inline const char *ledger_sessions_fault(struct weir_decoder *decoder)
{
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    struct weir_session_view sum;
    weir_decoder_remainder(decoder, &sum);
    if (sum.templates != 0 || sum.bytes_waiting != 0)
        return "sessions that are gone have templates, or data that waits";
    weir_decoder_sessions(decoder, ledger_add_session, &sum);
    if (sum.domain != ledger->sessions)
        return "not so many sessions as the ledger says";
#define COMPARE(name)                                                                                           \
    if (sum.name != ledger->name)                                                                               \
        return #name " of the sessions do not sum up to the ledger's";
    LEDGER_SESSION_COUNTS(COMPARE)
#undef COMPARE
    if (memcmp(sum.reasons, ledger->reasons, sizeof sum.reasons) != 0)
        return "reasons of the sessions do not sum up to the ledger's";
    return NULL;
}

static const struct {
    const char *name;
    size_t offset;
    bool zero_unless_named;
} LEDGER_COUNTS[] = {
#define COUNT(name, zero) {#name, offsetof(struct weir_ledger, name), zero}
    COUNT(datagrams, false),     COUNT(datagrams_decoded, false), COUNT(datagrams_refused, false),
    COUNT(bytes, false),         COUNT(sets, false),              COUNT(sets_template, false),
    COUNT(sets_data, false),     COUNT(sets_waited, false),       COUNT(sets_skipped, false),
    COUNT(sets_late, false),     COUNT(sets_given_up, true),      COUNT(sets_waiting, true),
    COUNT(bytes_waiting, false), COUNT(flows, false),             COUNT(options, false),
    COUNT(templates_learned, false), COUNT(templates_changed, true), COUNT(templates_withdrawn, true),
    COUNT(templates, false),     COUNT(layouts, false),          COUNT(elements_learned, true),
    COUNT(sessions, false),      COUNT(lost, true),
        COUNT(lost_records, true),
    COUNT(reordered, true),      COUNT(duplicates, true),         COUNT(restarts, true),
    COUNT(count_mismatches, true), COUNT(evictions, true), COUNT(reported_flows, true), COUNT(reported_packets, true),
    COUNT(sets_loaded, true), COUNT(found, true), COUNT(found_records, true), COUNT(sessions_loaded, true),
    COUNT(templates_loaded, true), COUNT(elements_loaded, true),
#undef COUNT
#define COUNT(name, label, text) {#label, offsetof(struct weir_ledger, reasons[WEIR_REASON_##name]), true},
    WEIR_REASONS(COUNT)
#undef COUNT
};

enum { LEDGER_COUNT_COUNT = sizeof LEDGER_COUNTS / sizeof *LEDGER_COUNTS };

static inline uint64_t ledger_count(const struct weir_ledger *ledger, size_t i)
{
    uint64_t value;
    memcpy(&value, (const char *)ledger + LEDGER_COUNTS[i].offset, sizeof value);
    return value;
}

static inline bool ledger_is_one_of(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* The first decoder was saved when it had counted this, and the second went on: the name of what does not add up to
 * what one alone has counted, or NULL. */
static inline const char *ledger_sums_fault(const struct weir_ledger *first, const struct weir_ledger *second,
                                            const struct weir_ledger *one)
{
    static const char *const of_now[] = {"sets_waiting", "bytes_waiting", "templates", "layouts", "sessions", NULL};
    static const char *const of_loading[] = {"lost", "lost_records", "found", "found_records", "sets_loaded",
                                             "sessions_loaded", "templates_loaded", "elements_loaded", NULL};
    for (size_t i = 0; i < LEDGER_COUNT_COUNT; i++) {
        const char *name = LEDGER_COUNTS[i].name;
        const uint64_t before = ledger_is_one_of(name, of_now) ? 0 : ledger_count(first, i);
        if (!ledger_is_one_of(name, of_loading) && before + ledger_count(second, i) != ledger_count(one, i))
            return name;
    }
    if (first->lost + second->lost - second->found != one->lost - one->found)
        return "lost";
    if (first->lost_records + second->lost_records - second->found_records != one->lost_records - one->found_records)
        return "lost_records";
    if (second->sets_loaded != first->sets_waiting)
        return "sets_loaded";
    return second->sessions_loaded != first->sessions      ? "sessions_loaded"
           : second->templates_loaded != first->templates ? "templates_loaded"
                                                           : NULL;
}

#endif
