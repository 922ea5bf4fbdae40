/* SPDX-License-Identifier: MIT */
/*
 * run_cases.c - runs the cases of a folder, in all the ways that README.md tells, and prints TAP
 *
 *     run_cases [--exact] FOLDER|FILE...         --exact: without the ways that change the input
 *     run_cases --corpus OUT FOLDER|FILE...      writes them as input of fuzz/fuzz_datagrams.c instead
 */
#define _GNU_SOURCE
#include "case_file.h"
#include "case_ledger.h"
#include "case_run.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLIPS = 150, EVERY_LENGTH_TO = 600 };

static const struct change NO_CHANGE = {.action = SIZE_MAX};

static unsigned test_count, fail_count;
static bool exact_only;

static void report(bool good, const char *name, const char *way)
{
    printf("%sok %u - %s: %s\n", good ? "" : "not ", ++test_count, name, way);
    fail_count += !good;
}

/* Up to the next blank that is in no string. */
static size_t word_length(const char *text)
{
    bool quoted = false;
    size_t i = 0;
    for (; text[i] != '\0' && (quoted || text[i] != ' '); i++) {
        if (text[i] == '\\' && text[i + 1] != '\0')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
    }
    return i;
}

/* True when one of the words is this one or, `begin`, begins with it. */
static bool has_word(const char *words, const char *word, size_t length, bool begin)
{
    for (; *words != '\0'; words += word_length(words)) {
        words += *words == ' ';
        if (strncmp(words, word, length) == 0 && (begin || word_length(words) == length))
            return true;
    }
    return false;
}

static bool is_core_name(const char *text, size_t length)
{
    for (int i = 0; i < WEIR_CORE_COUNT; i++) {
        const char *name = weir_core_name((enum weir_core)i);
        if (strlen(name) == length && strncmp(name, text, length) == 0)
            return true;
    }
    return false;
}

/* NAME=VALUE: there is such a core column with this value; NAME=: there is none. */
static bool check_core(const char *expected, const char *got, size_t record)
{
    bool good = true;
    while (*(expected += strspn(expected, " ")) != '\0') {
        const size_t length = word_length(expected);
        const bool absent = expected[length - 1] == '=';
        if (!is_core_name(expected, strcspn(expected, "= ")) || has_word(got, expected, length, absent) == absent) {
            printf("#   record %zu has core columns %s\n#   it should have       %.*s\n", record, got, (int)length,
                   expected);
            good = false;
        }
        expected += length;
    }
    return good;
}

/* Says what differs from the case's records, and from its counts; true when nothing does. */
static bool check_records(const struct case_file *test_case, const struct outcome *outcome)
{
    const size_t most = test_case->record_count > outcome->record_count ? test_case->record_count
                                                                         : outcome->record_count;
    bool good = true;
    for (size_t i = 0; i < most; i++) {
        const char *expected = i < test_case->record_count ? test_case->records[i].text : "(none)";
        const char *got = i < outcome->record_count ? outcome->records[i].text : "(none)";
        const char *core = i < test_case->record_count ? test_case->records[i].core : NULL;
        if (core != NULL)
            good = check_core(core, i < outcome->record_count ? outcome->records[i].core : "", i) && good;
        if (strcmp(expected, got) == 0)
            continue;
        printf("#   record %zu is      %s\n#   it should be  %s\n", i, got, expected);
        good = false;
    }
    return good;
}

static const uint64_t *expected_count(const struct case_file *test_case, const char *name)
{
    for (size_t i = 0; i < test_case->count_count; i++) {
        if (strcmp(test_case->counts[i].name, name) == 0)
            return &test_case->counts[i].value;
    }
    return NULL;
}

static bool check_counts(const struct case_file *test_case, const struct outcome *outcome)
{
    size_t found = 0;
    bool good = true;
    for (size_t i = 0; i < LEDGER_COUNT_COUNT; i++) {
        const uint64_t *expected = expected_count(test_case, LEDGER_COUNTS[i].name);
        const uint64_t got = ledger_count(&outcome->ledger, i), wanted = expected == NULL ? 0 : *expected;
        found += expected != NULL;
        if (got == wanted || (expected == NULL && !LEDGER_COUNTS[i].zero_unless_named))
            continue;
        printf("#   %s is %" PRIu64 ", it should be %" PRIu64 "\n", LEDGER_COUNTS[i].name, got, wanted);
        good = false;
    }
    if (found != test_case->count_count) {
        printf("#   a count is named that there is not, or twice\n");
        good = false;
    }
    return good;
}

static bool run_exactly(const struct case_file *test_case, struct way way)
{
    struct outcome outcome;
    way.change = NO_CHANGE;
    case_run(test_case, &way, true, &outcome);
    bool good = check_records(test_case, &outcome);
    good = check_counts(test_case, &outcome) && good;
    if (outcome.fault != NULL)
        printf("#   %s\n", outcome.fault);
    good = good && outcome.fault == NULL;
    outcome_done(&outcome);
    return good;
}

static bool run_changed(const struct case_file *test_case, const struct change *change)
{
    const struct way way = {.placing = PLACE_AT_END, .change = *change};
    struct outcome outcome;
    case_run(test_case, &way, false, &outcome);
    if (outcome.fault != NULL)
        printf("#   action %zu cut to %zu, octet %zu changed by %#x: %s\n", change->action, change->size_bytes,
               change->flip_at, change->flip, outcome.fault);
    const bool good = outcome.fault == NULL;
    outcome_done(&outcome);
    return good;
}

/* Each datagram cut at every length, the others whole. Long ones in leaps from some length on. */
static bool run_truncated(const struct case_file *test_case)
{
    bool good = true;
    for (size_t i = 0; i < test_case->action_count; i++) {
        if (test_case->actions[i].kind != ACTION_DATAGRAM)
            continue;
        const size_t size_bytes = test_case->actions[i].datagram.size_bytes;
        for (size_t cut = 0; cut < size_bytes; cut += cut < EVERY_LENGTH_TO || size_bytes - cut < 64 ? 1 : 1021)
            good = run_changed(test_case, &(struct change){.action = i, .size_bytes = cut}) && good;
    }
    return good;
}

static bool run_flipped(const struct case_file *test_case)
{
    uint64_t random = 0x853c49e6748fea9bu;
    bool good = true;
    for (size_t i = 0; i < test_case->action_count; i++) {
        const size_t size_bytes = test_case->actions[i].datagram.size_bytes;
        for (int k = 0; size_bytes > 0 && k < FLIPS; k++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            const uint8_t bits = (uint8_t)(random >> 56);
            const struct change change = {.action = i, .size_bytes = SIZE_MAX,
                                          .flip_at = (size_t)(random >> 20) % size_bytes,
                                          .flip = bits == 0 ? 1 : bits};
            good = run_changed(test_case, &change) && good;
        }
    }
    return good;
}

static void run_case(const struct case_file *test_case, const char *name)
{
    printf("# %s: %s\n", name, test_case->title);
    report(run_exactly(test_case, (struct way){0}), name, "as it is");
    report(run_exactly(test_case, (struct way){.placing = PLACE_AT_END}), name, "against a guard at the end");
    report(run_exactly(test_case, (struct way){.placing = PLACE_AT_BEGIN}), name, "against a guard at the begin");
    report(run_exactly(test_case, (struct way){.placing = PLACE_AT_END, .batch_rows = 1, .batch_count = 2}), name,
           "two batches of one row");
    report(run_exactly(test_case, (struct way){.batch_rows = 3, .flush_late = true}), name, "batches closed late");
    if (exact_only)
        return;
    report(run_truncated(test_case), name, "cut at every length");
    report(run_flipped(test_case), name, "octets changed");
}

/* Which of the fuzzer's eight exporters stands for a datagram's: two addresses with four ports each. */
static unsigned fuzz_exporter(const struct case_file *test_case, const struct weir_datagram *datagram)
{
    struct weir_address addresses[2];
    uint16_t ports[4];
    unsigned address_count = 0, port_count = 0;
    for (size_t i = 0; i < test_case->action_count; i++) {
        const struct weir_datagram *other = &test_case->actions[i].datagram;
        unsigned address = 0, port = 0;
        while (address < address_count && memcmp(&addresses[address], &other->source, sizeof other->source) != 0)
            address++;
        while (port < port_count && ports[port] != other->source_port)
            port++;
        if (address == address_count && address_count < 2)
            addresses[address_count++] = other->source;
        if (port == port_count && port_count < 4)
            ports[port_count++] = other->source_port;
        if (other == datagram)
            return address % 2 * 4 + port % 4;
    }
    return 0;
}

static int write_corpus(const struct case_file *test_case, const char *name, const char *folder)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%.*s", folder, (int)strcspn(name, "."), name);
    FILE *out = fopen(path, "wb");
    if (out == NULL) {
        perror(path);
        return -1;
    }
    putc(0, out); /* limits: the usual ones */
    int64_t now_us = 0;
    for (size_t i = 0; i < test_case->action_count; i++) {
        const struct action *action = &test_case->actions[i];
        const int64_t then_us = action->kind == ACTION_DATAGRAM ? action->datagram.received_us : action->now_us;
        const unsigned step = action->kind == ACTION_FINISH ? 0 : then_us - now_us > 30000000 ? 2 : then_us > now_us;
        if (action->kind != ACTION_FINISH)
            now_us = then_us;
        if (action->kind != ACTION_DATAGRAM) {
            putc((int)(0x40 | (action->kind == ACTION_FINISH ? 1 : 0) | step << 3), out);
            continue;
        }
        const size_t size_bytes = action->datagram.size_bytes;
        const unsigned flags = 0x20 | (action->datagram.reliable ? 0x80 : 0);
        putc((int)(fuzz_exporter(test_case, &action->datagram) | step << 3 | flags), out);
        putc((int)(size_bytes >> 8), out);
        putc((int)(size_bytes & 255), out);
        fwrite(action->datagram.data, 1, size_bytes, out);
    }
    return fclose(out);
}

static int take_file(const char *path, const char *corpus)
{
    struct case_file test_case;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    int result = 0;
    if (case_read(&test_case, path) != 0) {
        report(false, name, "cannot be read");
        return -1;
    }
    if (corpus == NULL)
        run_case(&test_case, name);
    else
        result = write_corpus(&test_case, name, corpus);
    fflush(stdout);
    case_done(&test_case);
    return result;
}

static int is_case(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".txt") == 0;
}

static int take(const char *path, const char *corpus)
{
    struct dirent **entries;
    const int entry_count = scandir(path, &entries, is_case, alphasort);
    if (entry_count < 0)
        return take_file(path, corpus);
    int result = 0;
    for (int i = 0; i < entry_count; i++) {
        char *file = NULL;
        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
            abort();
        result |= take_file(file, corpus);
        free(file);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int main(int argument_count, char **arguments)
{
    const char *corpus = NULL;
    int first = 1, result = 0;
    if (argument_count > 3 && strcmp(arguments[1], "--corpus") == 0) {
        corpus = arguments[2];
        first = 3;
    } else if (argument_count > 1 && strcmp(arguments[1], "--exact") == 0) {
        exact_only = true;
        first = 2;
    }
    if (first >= argument_count) {
        fprintf(stderr, "usage: run_cases [--exact | --corpus OUT] FOLDER|FILE...\n");
        return 2;
    }
    for (int i = first; i < argument_count; i++)
        result |= take(arguments[i], corpus);
    if (corpus == NULL) {
        printf("1..%u\n", test_count);
        return test_count > 0 && fail_count == 0 && result == 0 ? 0 : 1;
    }
    return result == 0 ? 0 : 1;
}
