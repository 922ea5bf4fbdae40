/* SPDX-License-Identifier: MIT */
/*
 * store_work.c - weir store check, merge and expire
 */
#define _GNU_SOURCE
#include "exit_code.h"
#include "plural.h"
#include "store.h"
#include "store_check.h"
#include "store_expire.h"
#include "store_merge.h"
#include "store_progress.h"

#include <inttypes.h>
#include <stdio.h>

static int failed(const struct store_error *error)
{
    fprintf(stderr, "weir store: %s\n", error->text);
    return EXIT_FAILURE;
}

static void tell(void *context, const char *text)
{
    (void)context;
    store_progress_hide();
    fprintf(stderr, "weir store: %s\n", text);
}

static void tell_check(void *context, bool wrong, const char *text)
{
    const struct store_settings *settings = context;
    store_progress_hide();
    if (wrong || !settings->quiet)
        fprintf(stderr, "weir store: %s\n", text);
}

int store_check_command(const struct store_settings *settings)
{
    struct store_check_counts counts;
    struct store_error error;
    struct store_settings context = *settings;
    const struct store_check_listener listener = {
        .tell = tell_check, .begin = store_progress_begin, .progress = store_progress_add, .context = &context};
    const int result = store_check(settings->folder, &listener, &counts, &error);
    store_progress_hide();
    if (result != 0)
        return failed(&error);
    const struct store_account_counts *account = &counts.account;
    if (!settings->quiet)
        printf("%" PRIu64 " file%s with %" PRIu64 " row%s in %" PRIu64 " bytes %s whole, and %" PRIu64
               " that %s merged; %" PRIu64 " damaged", counts.segments, plural(counts.segments), counts.rows,
               plural(counts.rows), counts.bytes, plural_are(counts.segments), counts.obsolete,
               plural_were(counts.obsolete), counts.damaged);
    if (!settings->quiet && counts.unknown > 0)
        printf("; %" PRIu64 " that this version of Weir cannot look at", counts.unknown);
    if (!settings->quiet)
        printf("\n%" PRIu64 " record%s %s there as the ledger tells, %" PRIu64
               " of which it does not tell yet; %" PRIu64
               " not checkable: expired, damaged or of another version; %" PRIu64 " time%s it is not as told\n",
               account->told, plural(account->told), plural_are(account->told), account->untold, account->unknown,
               account->wrong, plural(account->wrong));
    return counts.damaged + counts.unknown + account->wrong > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int store_merge_command(const struct store_settings *settings)
{
    struct store_merge_options options;
    struct store_merge_counts counts = {0};
    struct store_error error;
    store_merge_options_init(&options, settings->folder);
    options.level = settings->level;
    options.grace_us = settings->grace_us;
    options.all = settings->all;
    options.wait = options.large_groups = true;
    options.tell = tell;
    options.progress = store_progress_add;
    options.stop = store_stop_signals();
    struct store_merger *merger = store_merger_create(&options, &error);
    if (merger == NULL)
        return failed(&error);
    store_progress_begin(0);
    const int result = store_merger_pass(merger, settings->now_us, INT64_MIN, &counts, &error);
    store_progress_hide();
    store_merger_free(merger);
    if (!settings->quiet)
        printf("%" PRIu64 " file%s with %" PRIu64 " row%s became %" PRIu64 ", %" PRIu64 " bytes became %" PRIu64
               "; %" PRIu64 " merged before %s removed\n", counts.inputs, plural(counts.inputs), counts.rows,
               plural(counts.rows), counts.merges, counts.bytes_before, counts.bytes_after, counts.removed,
               plural_were(counts.removed));
    if (result != 0 && store_stopped() != 0)
        return store_stopped();
    if (result != 0)
        return failed(&error);
    return counts.damaged > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int store_expire_command(const struct store_settings *settings)
{
    const struct store_expire_options options = {.folder = settings->folder, .keep_days = settings->keep_days,
                                                 .keep_bytes = settings->keep_bytes, .wait = true,
                                                 .dry = settings->dry_run};
    struct store_expire_counts counts = {0};
    struct store_error error;
    if (settings->keep_days == 0 && settings->keep_bytes == 0) {
        fputs("weir store: expire needs to know how much to keep: --keep-days N, --keep-bytes SIZE, or both\n", stderr);
        return EXIT_USAGE;
    }
    const int result = store_expire(&options, settings->now_us, &counts, &error);
    if (!settings->quiet)
        printf("%" PRIu64 " file%s with %" PRIu64 " bytes %s removed\n", counts.segments, plural(counts.segments),
               counts.bytes, settings->dry_run ? "would be" : plural_were(counts.segments));
    return result == 0 ? EXIT_SUCCESS : failed(&error);
}
