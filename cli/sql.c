/* SPDX-License-Identifier: MIT */
/*
 * sql.c - weir sql: SQL over a store, a statement or a shell
 */
#define _GNU_SOURCE
#include "sql.h"

#include "command_line.h"
#include "exit_code.h"
#include "quantity.h"
#include "query_watch.h"
#include "sql_run.h"
#include "sql_shell.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: weir sql [OPTION]... [STATEMENT]\n"
    "Run SQL over a store of flows. Without STATEMENT it is read from standard input; on a terminal there is a shell.\n"
    "\n"
    "      --store DIR    the store (default: $WEIR_STORE, else the folder store where weir keeps its state)\n"
    "  -o, --output FORMAT  box, csv, json, ndjson, markdown or parquet (default: box on a terminal, else csv)\n"
    "      --memory SIZE  use temporary files for what needs more (default: a quarter of the machine's memory)\n"
    "      --threads N    how many at once (default: as many as there are processors)\n"
    "      --verify       look at all files before, and leave out what is damaged\n"
    "  -h, --help         show this help\n"
    "\n"
    "Tables: flows, exporters, templates, interfaces, applications, ledger, options. DESCRIBE flows shows the columns.\n"
    "Functions: addr(src_ipv4, src_ipv6), in_net(src, '10.0.0.0/8'), service(dst_port, protocol), proto_name(protocol),\n"
    "tcp_flags(tcp_flags), mac(src_mac), human_bytes(n), and all of DuckDB's.\n"
    "\n"
    "Examples:\n"
    "  weir sql --store /var/lib/weir/store 'select src, sum(bytes) from flows group by all order by 2 desc limit 10'\n"
    "  weir sql -o csv \"select * from flows where in_net(dst, '192.0.2.0/24')\" >flows.csv\n"
    "  weir sql -o parquet 'from flows' >flows.parquet\n";

enum { STATEMENT_MAX_BYTES = 16 << 20 };

struct settings {
    const char *store;
    const char *statement; /* NULL: from standard input */
    enum query_format format;
    struct query_settings query;
    bool verify;
};

static int usage_error(const char *text, const char *what)
{
    return command_line_error("sql", text, what);
}

static int set_threads(struct settings *settings, const char *text)
{
    uint64_t count;
    if (quantity_parse_count(text, &count) != 0 || count == 0 || count > 1024)
        return usage_error("not a number of threads from 1 to 1024: ", text);
    settings->query.threads = (unsigned)count;
    return -1;
}

static int set_memory(struct settings *settings, const char *text)
{
    if (quantity_parse_size(text, &settings->query.memory_bytes) != 0 || settings->query.memory_bytes < 1 << 20)
        return usage_error("not a size such as 500M or 2G, of 1M at least: ", text);
    return -1;
}

static int take(void *context, int option, const char *value)
{
    struct settings *settings = context;
    switch (option) {
    case 's': settings->store = value; return -1;
    case 'o': return sql_format_find(value,
                                     &settings->format) == 0 ? -1 : usage_error("no such output format: ", value);
    case 'm': return set_memory(settings, value);
    case 't': return set_threads(settings, value);
    case 'v': settings->verify = true; return -1;
    default: fputs(help, stdout); return EXIT_SUCCESS;
    }
}

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct settings *settings)
{
    static const struct option options[] = {
        {"store", required_argument, NULL, 's'},  {"output", required_argument, NULL, 'o'},
        {"memory", required_argument, NULL, 'm'}, {"threads", required_argument, NULL, 't'},
        {"verify", no_argument, NULL, 'v'},       {"help", no_argument, NULL, 'h'},
        {0},
    };
    static const struct command_line line = {"sql", ":o:h", options, take};
    const int code = command_line_take(&line, argc, argv, settings);
    if (code >= 0)
        return code;
    if (optind + 1 < argc)
        return usage_error("only one statement is taken, between quotes, and there is also ", argv[optind + 1]);
    if (optind < argc && strcmp(argv[optind], "-") != 0)
        settings->statement = argv[optind];
    return -1;
}

/* All of standard input, ended by NUL; NULL where it cannot be read, which is told. */
static char *read_statement(void)
{
    size_t size = 0, room = 4096;
    char *text = malloc(room);
    for (size_t got = 1; text != NULL && got > 0;) {
        if (room - size < 2) {
            char *more = room < STATEMENT_MAX_BYTES ? realloc(text, room * 2) : NULL;
            if (more == NULL) {
                fprintf(stderr, "weir sql: the statement on standard input is too long; %d MiB are read at most\n",
                        STATEMENT_MAX_BYTES >> 20);
                free(text);
                return NULL;
            }
            text = more;
            room *= 2;
        }
        got = fread(text + size, 1, room - size - 1, stdin);
        size += got;
    }
    if (text == NULL || ferror(stdin)) {
        fprintf(stderr, "weir sql: cannot read the statement from standard input: %s\n", strerror(errno));
        free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

/* Opens the store, and runs the statements; 0 or the exit code. */
static int run(const struct settings *settings, struct query_store *store, const char *text)
{
    struct query_error error = {.text = ""};
    struct sql_run run = {.store = store, .format = settings->format};
    if (query_store_find(store, settings->store, true) != 0)
        return EXIT_FAILURE;
    if (store->is_missing)
        fprintf(stderr, "weir sql: there is no store yet at %s: the tables are empty; --store DIR names another\n",
                store->folder);
    const int result = query_store_open(store, &error);
    query_store_tell(store);
    if (query_watch_stopped() != 0)
        return query_watch_stopped();
    if (result == 0)
        return text == NULL ? sql_shell(&run) : sql_run(&run, text);
    fprintf(stderr, "weir sql: %s\n", error.text);
    return EXIT_FAILURE;
}

int cmd_sql(int argc, char **argv)
{
    struct settings settings = {.format = isatty(STDOUT_FILENO) == 1 ? QUERY_BOX : QUERY_CSV};
    const int done = parse(argc, argv, &settings);
    if (done >= 0)
        return done;
    struct query_store store = {.command = "sql", .settings = settings.query, .wants_options = true,
                                .verify = settings.verify};
    signal(SIGPIPE, SIG_IGN);
    char *text = NULL;
    const bool is_shell = settings.statement == NULL && isatty(STDIN_FILENO) == 1;
    if (settings.statement == NULL && !is_shell && (text = read_statement()) == NULL)
        return EXIT_FAILURE;
    if (!is_shell)
        query_watch_signals();
    const int code = run(&settings, &store, text != NULL ? text : settings.statement);
    query_store_done(&store);
    free(text);
    return code;
}
