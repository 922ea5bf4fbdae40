/* SPDX-License-Identifier: MIT */
/*
 * refusals.c - addresses whose datagrams were refused, to be told of now and then
 */
#define _GNU_SOURCE
#include "refusals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct weir_address *a, const struct weir_address *b)
{
    return a->family == b->family && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

void refusals_note(struct refusals *refusals, const struct weir_address *address)
{
    for (size_t i = 0; i < refusals->count; i++) {
        if (is_same(&refusals->entries[i].address, address)) {
            refusals->entries[i].count++;
            return;
        }
    }
    if (refusals->count == REFUSALS_MAX) {
        refusals->others++;
        return;
    }
    refusals->entries[refusals->count].address = *address;
    refusals->entries[refusals->count++].count = 1;
}

/* Takes out the one with most; its count goes to the text. */
static uint64_t take_most(struct refusals *refusals, char text[WEIR_ADDRESS_TEXT_SIZE])
{
    size_t most = 0;
    for (size_t i = 1; i < refusals->count; i++) {
        if (refusals->entries[i].count > refusals->entries[most].count)
            most = i;
    }
    const uint64_t count = refusals->entries[most].count;
    weir_address_text(&refusals->entries[most].address, text);
    refusals->entries[most] = refusals->entries[--refusals->count];
    return count;
}

bool refusals_tell(struct refusals *refusals, int64_t now_us, char *text, size_t size_bytes)
{
    char address[WEIR_ADDRESS_TEXT_SIZE];
    if (refusals->count == 0 || (refusals->told && now_us - refusals->told_us < REFUSALS_EACH_US))
        return false;
    FILE *line = fmemopen(text, size_bytes, "w");
    if (line == NULL)
        return false;
    fputs("refused, as --allow does not name them: ", line);
    for (int i = 0; i < REFUSALS_TOLD && refusals->count > 0; i++) {
        const uint64_t count = take_most(refusals, address);
        fprintf(line, "%s%" PRIu64 " datagrams from %s", i == 0 ? "" : ", ", count, address);
    }
    const bool some = refusals->others > 0;
    const size_t left = refusals->count;
    for (size_t i = 0; i < left; i++)
        refusals->others += refusals->entries[i].count;
    if (refusals->others > 0)
        fprintf(line, ", %" PRIu64 " from %s%zu others", refusals->others, some ? "more than " : "", left);
    fclose(line);
    refusals->count = 0;
    refusals->others = 0;
    refusals->told = true;
    refusals->told_us = now_us;
    return true;
}
