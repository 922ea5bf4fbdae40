/* SPDX-License-Identifier: MIT */
/*
 * store.h - weir store: looks after a store of flows
 */
#ifndef WEIR_CLI_STORE_H
#define WEIR_CLI_STORE_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the exit code. */
int cmd_store(int argc, char **argv);

/* What the command line asks for. */
struct store_settings {
    char *folder;
    bool quiet, files, all, dry_run;
    int kind;              /* enum segment_kind */
    bool has_window;
    int64_t from_us, to_us;
    uint64_t keep_days, keep_bytes;
    int level;
    int64_t grace_us;
    const char *output;    /* or NULL */
    int64_t now_us;
};

/* The subcommands; each returns the exit code. */
int store_ls(const struct store_settings *settings);
int store_check_command(const struct store_settings *settings);
int store_merge_command(const struct store_settings *settings);
int store_expire_command(const struct store_settings *settings);
int store_export(const struct store_settings *settings);

#endif
