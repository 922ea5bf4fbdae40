/* SPDX-License-Identifier: MIT */
/*
 * store.c - weir store: reads the command line and finds the subcommand
 */
#define _GNU_SOURCE
#include "store.h"

#include "command_line.h"
#include "exit_code.h"
#include "quantity.h"
#include "segment_name.h"
#include "store_folder.h"
#include "time_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char help[] =
    "Usage: weir store ls|check|merge|expire|export [OPTION]... [DIR]\n"
    "Look after a store of flows, as weir collect -o store:DIR writes it. DIR may be given with --store too; default:\n"
    "$WEIR_STORE, else the folder store where weir keeps its state.\n"
    "\n"
    "  ls       show what there is, by date and hour\n"
    "  check    read all of it and tell what is damaged or missing; ends with 1 when something is\n"
    "  merge    make few large files of many small ones; safe while weir collect writes\n"
    "  expire   remove the oldest files\n"
    "  export   write what there is of a time to one Parquet file\n"
    "\n"
    "      --store DIR          the store\n"
    "      --from TIME          ls --files, export: flows from then on: 2026-11-23 14:05, 14:05, -2h, now\n"
    "      --to TIME            ls --files, export: and before that\n"
    "      --kind KIND          ls --files, export: flows, options (records of options templates) or ledger (what became of\n"
    "                           the datagrams); default: flows\n"
    "      --files              ls: the files that count, one a line, for other programs; the others were merged into these\n"
    "      --all                merge: hours that are not over yet too\n"
    "      --level N            merge, export: how hard to compress, 1 to 19 (default 6)\n"
    "      --grace DURATION     merge: remove files that were merged after so long (default 60s), by when who listed them\n"
    "                           has opened them; the next merge does it\n"
    "      --keep-days N        expire: remove hours that ended more than N days ago\n"
    "      --keep-bytes SIZE    expire: remove the oldest files until there is no more than this (500M, 20G ...)\n"
    "      --dry-run            expire: only tell what would go\n"
    "  -o, --output FILE        export: the file, which must not be there yet\n"
    "  -q, --quiet              tell only of what is wrong\n"
    "  -h, --help               show this help\n"
    "\n"
    "Examples:\n"
    "  weir store ls /var/lib/weir/store\n"
    "  weir store expire --keep-days 30 --keep-bytes 100G /var/lib/weir/store\n"
    "  weir store export --from 14:00 --to 14:10 -o ten-minutes.parquet /var/lib/weir/store\n";

enum {
    OPTION_STORE = 256, OPTION_FROM, OPTION_TO, OPTION_KIND, OPTION_FILES, OPTION_ALL, OPTION_LEVEL, OPTION_GRACE,
    OPTION_KEEP_DAYS, OPTION_KEEP_BYTES, OPTION_DRY_RUN, OPTION_OUTPUT, OPTION_END
};

/* A bit for each option that not all subcommands take. */
#define BIT(option) (1u << ((option) - OPTION_STORE))
enum { OF_A_TIME = BIT(OPTION_FROM) | BIT(OPTION_TO) | BIT(OPTION_KIND) };

static const struct subcommand {
    const char *name;
    int (*run)(const struct store_settings *settings);
    unsigned takes;
} subcommands[] = {
    {"ls", store_ls, BIT(OPTION_FILES) | OF_A_TIME},
    {"check", store_check_command, 0},
    {"merge", store_merge_command, BIT(OPTION_ALL) | BIT(OPTION_LEVEL) | BIT(OPTION_GRACE)},
    {"expire", store_expire_command, BIT(OPTION_KEEP_DAYS) | BIT(OPTION_KEEP_BYTES) | BIT(OPTION_DRY_RUN)},
    {"export", store_export, OF_A_TIME | BIT(OPTION_LEVEL) | BIT(OPTION_OUTPUT)},
};

enum { SUBCOMMAND_COUNT = sizeof subcommands / sizeof *subcommands, LEVEL_MAX = 19, DAYS_MAX = 100000 };

static const struct option long_options[] = {
    {"store", required_argument, NULL, OPTION_STORE},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"kind", required_argument, NULL, OPTION_KIND},
    {"files", no_argument, NULL, OPTION_FILES},
    {"all", no_argument, NULL, OPTION_ALL},
    {"level", required_argument, NULL, OPTION_LEVEL},
    {"grace", required_argument, NULL, OPTION_GRACE},
    {"keep-days", required_argument, NULL, OPTION_KEEP_DAYS},
    {"keep-bytes", required_argument, NULL, OPTION_KEEP_BYTES},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {"output", required_argument, NULL, 'o'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

/* What the command line sets; `folder` is NULL where it names none. */
struct arguments {
    struct store_settings *settings;
    const char *folder;
    unsigned given; /* bits of options */
};

static int usage_error(const char *text, const char *what)
{
    return command_line_error("store", text, what);
}

static int take_kind(struct store_settings *settings, const char *text)
{
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        if (strcmp(text, segment_kind_name((enum segment_kind)kind)) == 0) {
            settings->kind = kind;
            return -1;
        }
    }
    return usage_error("no kind of files, which are flows, options and ledger: ", text);
}

static int take_time(struct store_settings *settings, const char *text, int64_t *time_us)
{
    settings->has_window = true;
    return time_text_parse(text, settings->now_us, time_us) == 0
               ? -1
               : usage_error("not a time such as 2026-11-23 14:05, 14:05, -2h or now: ", text);
}

static int take_number(const char *text, uint64_t max, const char *what, uint64_t *ret_number)
{
    return quantity_parse_count(text, ret_number) == 0 && *ret_number > 0 && *ret_number <= max
           ? -1 : usage_error(what, text);
}

/* -1 to go on, else the exit code. */
static int take(void *context, int option, const char *value)
{
    struct arguments *arguments = context;
    struct store_settings *settings = arguments->settings;
    uint64_t level;
    if (option == 'o' || (option > OPTION_STORE && option < OPTION_OUTPUT))
        arguments->given |= option == 'o' ? BIT(OPTION_OUTPUT) : BIT(option);
    switch (option) {
    case OPTION_STORE: arguments->folder = value; return -1;
    case OPTION_FROM: return take_time(settings, value, &settings->from_us);
    case OPTION_TO: return take_time(settings, value, &settings->to_us);
    case OPTION_KIND: return take_kind(settings, value);
    case OPTION_FILES: settings->files = true; return -1;
    case OPTION_ALL: settings->all = true; return -1;
    case OPTION_LEVEL: {
        const int code = take_number(value, LEVEL_MAX, "not a level of 1 to 19: ", &level);
        settings->level = code < 0 ? (int)level : settings->level;
        return code;
    }
    case OPTION_GRACE:
        settings->grace_us = 0;
        if (strcmp(value, "0") != 0 && strcmp(value, "0s") != 0 && quantity_parse_duration(value, &settings->grace_us) != 0)
            return usage_error("not a duration such as 0, 90s or 5m: ", value);
        return -1;
    case OPTION_KEEP_DAYS: return take_number(value, DAYS_MAX, "not a number of days: ", &settings->keep_days);
    case OPTION_KEEP_BYTES:
        if (quantity_parse_size(value, &settings->keep_bytes) != 0 || settings->keep_bytes == 0)
            return usage_error("not a size such as 500M or 20G: ", value);
        return -1;
    case OPTION_DRY_RUN: settings->dry_run = true; return -1;
    case 'o': settings->output = value; return -1;
    case 'q': settings->quiet = true; return -1;
    default: fputs(help, stdout); return EXIT_SUCCESS;
    }
}

/* Whether the subcommand takes all that is given: -1, else the exit code. */
static int check_taken(const struct subcommand *subcommand, const struct arguments *arguments)
{
    char text[64];
    const unsigned strange = arguments->given & ~subcommand->takes;
    for (const struct option *option = long_options; option->name != NULL && strange != 0; option++) {
        const int number = option->val == 'o' ? OPTION_OUTPUT : option->val;
        if (number <= OPTION_STORE || number >= OPTION_END || (strange & BIT(number)) == 0)
            continue;
        snprintf(text, sizeof text, "%s takes no --", subcommand->name);
        return usage_error(text, option->name);
    }
    const unsigned of_files = arguments->given & (unsigned)OF_A_TIME;
    if (subcommand->run == store_ls && of_files != 0 && !arguments->settings->files)
        return usage_error("ls takes --from, --to and --kind with --files only", "");
    return -1;
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct command_line line = {"store", ":o:qh", long_options, take};
    const struct store_settings *settings = arguments->settings;
    const int code = command_line_take(&line, argc, argv, arguments);
    if (code >= 0)
        return code;
    if (optind < argc && arguments->folder != NULL)
        return usage_error("there is one store at a time, and this is a second one: ", argv[optind]);
    if (optind < argc)
        arguments->folder = argv[optind++];
    if (optind < argc)
        return usage_error("there is one store at a time, and this is a second one: ", argv[optind]);
    if (settings->has_window && settings->from_us >= settings->to_us)
        return usage_error("--from is not before --to", "");
    return -1;
}

/* Finds the folder and sees that it is one, and may be a store. */
static int find_folder(struct store_settings *settings, const char *option)
{
    char why[STORE_FOLDER_WHY_SIZE];
    bool told;
    struct stat status;
    settings->folder = store_folder(option, &told);
    if (settings->folder == NULL) {
        fputs("weir store: it is not known where the store is; --store DIR names it\n", stderr);
        return EXIT_FAILURE;
    }
    errno = 0;
    if (stat(settings->folder, &status) == 0 && S_ISDIR(status.st_mode)) {
        if (store_folder_may_be(settings->folder, why))
            return -1;
        fprintf(stderr, "weir store: %s\n", why);
        return EXIT_FAILURE;
    }
    fprintf(stderr, "weir store: there is no store at %s: %s; --store DIR names another\n", settings->folder,
            strerror(errno != 0 ? errno : ENOTDIR));
    return EXIT_FAILURE;
}

int cmd_store(int argc, char **argv)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct store_settings settings = {.from_us = INT64_MIN, .to_us = INT64_MAX, .level = 6, .grace_us = 60000000,
                                      .now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    const struct subcommand *subcommand = NULL;
    struct arguments arguments = {.settings = &settings};
    for (int i = 0; i < SUBCOMMAND_COUNT && argc > 1; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0)
            subcommand = &subcommands[i];
    }
    if (subcommand == NULL && argc > 1 && argv[1][0] != '-')
        return usage_error("no subcommand ", argv[1]);
    int code = parse(argc - (subcommand != NULL), argv + (subcommand != NULL), &arguments);
    if (code >= 0)
        return code;
    if (subcommand == NULL)
        return usage_error("it is not told what to do: ls, check, merge, expire or export", "");
    if ((code = check_taken(subcommand, &arguments)) >= 0)
        return code;
    code = find_folder(&settings, arguments.folder);
    if (code < 0)
        code = subcommand->run(&settings);
    free(settings.folder);
    return code;
}
