/* SPDX-License-Identifier: MIT */
/* analyze_options.c - the command line of weir analyze, and its help */
#define _GNU_SOURCE
#include "analyze_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_code.h"
#include "format.h"
#include "store_folder.h"

static void print_help(FILE *out)
{
    fputs("Usage: weir analyze [OPTION]... [FILE]\n"
          "       weir analyze [OPTION]... STORE ['FILTER']\n"
          "Shows who talked to whom: pairs the flows that weir collect wrote, or the Python\n"
          "collector, and prints a line for each connection, its hosts by name.\n"
          "\n"
          "FILE is .json, .ndjson or .gz; as -, or without it unless it is a terminal, standard\n"
          "input is read. STORE is a folder that weir collect -o store:STORE wrote; at a\n"
          "terminal the usual one. FILTER says which of its flows; weir-filter(7).\n"
          "\n"
          "What is printed:\n"
          "      (nothing)           lines: TIME: SERVICE from HOST (IP) to HOST (IP) size SIZE\n"
          "                          'from' is the side that sent more, SIZE what it sent\n"
          "      --table             a table: time, service, size, duration, packets, hosts\n"
          "      --json              a JSON object a line, for programs\n"
          "      --stats             totals; top hosts, services, protocols, conversations\n"
          "      --graph             bytes over time by service, drawn in the terminal;\n"
          "                          --stats and --graph stand in place of the lines; with\n"
          "                          --table, connections are printed before them\n"
          "  -v, --verbose           lists at the end what found no other side (with --json,\n"
          "                          on standard error): at most the 1000 largest\n"
          "\n"
          "Which connections (--match-host counts for --stats and --graph as well):\n"
          "      --min-size SIZE     larger than SIZE: bytes, K, M, G (default 1M; 0 for all)\n"
          "  -p, --min-packets N     of at least N packets, both directions together\n"
          "      --match-host HOST   to or from an address, a network (192.0.2.0/24) or a\n"
          "                          name; given several times, any of them\n"
          "      --sort KEY          time, size, duration or packets (largest first); without\n"
          "                          it, in the order of receipt, as they are read\n"
          "      --limit N           the first N only\n"
          "      --raw-sizes         sizes and packets as exporters counted them, not multiplied\n"
          "                          by their sampling rate\n"
          "      --sampled           multiplied by it, as without --raw-sizes\n"
          "      --last TIME         flows of the last 1h, 90s, 7d\n"
          "      --from WHEN         flows from then on: 2026-11-23 14:05, 14:05, -2h, now\n"
          "      --to WHEN           flows before then\n"
          "\n"
          "Of a store:\n"
          "      --store DIR         the same as STORE; what stands behind the options is FILTER\n"
          "      --memory SIZE       use temporary files for what needs more (default: a quarter\n"
          "                          of the machine's memory)\n"
          "      --threads N         how many at once (default: as many as there are processors)\n"
          "      --verify            look at all files before, and leave out what is damaged\n"
          "\n"
          "Names:\n"
          "  -n, --no-dns            addresses only\n"
          "      --dns-timeout SEC   wait for names this long in all (default 2); a name that\n"
          "                          does not come leaves the address\n"
          "\n"
          "  -f, --file FILE         the same as FILE\n"
          "  -h, --help              this text\n"
          "\n"
          "Examples:\n"
          "  weir analyze flows.json                      connections of more than 1 MiB\n"
          "  weir analyze --min-size 0 --table flows.json all of them, with their durations\n"
          "  weir analyze --sort size --limit 10 f.json   the ten largest\n"
          "  weir analyze --match-host 192.0.2.0/24 --stats --graph flows.json\n"
          "  weir analyze --last 1h /var/lib/weir/store 'not port 53'\n"
          "  zcat old/*.gz | weir analyze -n --json --min-size 10M | jq .from.address\n"
          "\n"
          "The exit code is 0 when all was read (a file whose writer was killed is read up to\n"
          "its torn end, with a warning), 1 when something failed, 2 for wrong usage.\n",
          out);
}

/* Says what is wrong with the command line, and where help is. */
static int usage_error(const char *form, const char *what)
{
    fputs("weir analyze: ", stderr);
    fprintf(stderr, form, what);
    fputs("; see weir analyze --help\n", stderr);
    return EXIT_USAGE;
}

static int parse_count(const char *text, uint64_t *ret_count)
{
    char *end;
    errno = 0;
    unsigned long long count = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        return -1;
    *ret_count = count;
    return 0;
}

static int parse_order(const char *text, enum ordering_key *ret_order)
{
    static const char *const names[] = {"time", "size", "duration", "packets"};
    for (int i = 0; i < 4; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_order = (enum ordering_key)i;
            return 0;
        }
    }
    return -1;
}

static int parse_seconds(const char *text, int *ret_ms)
{
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return -1;
    double seconds = strtod(text, &end);
    if (*end != '\0' || !(seconds <= 3600))
        return -1;
    *ret_ms = (int)(seconds * 1000);
    return 0;
}

enum { OPTION_TABLE = 256, OPTION_JSON, OPTION_STATS, OPTION_GRAPH, OPTION_MIN_SIZE, OPTION_MATCH_HOST, OPTION_SORT,
       OPTION_LIMIT, OPTION_DNS_TIMEOUT, OPTION_RAW_SIZES };

static const struct option long_options[] = {
    {"file", required_argument, NULL, 'f'},
    {"table", no_argument, NULL, OPTION_TABLE},
    {"json", no_argument, NULL, OPTION_JSON},
    {"stats", no_argument, NULL, OPTION_STATS},
    {"graph", no_argument, NULL, OPTION_GRAPH},
    {"verbose", no_argument, NULL, 'v'},
    {"min-size", required_argument, NULL, OPTION_MIN_SIZE},
    {"min-packets", required_argument, NULL, 'p'},
    {"packets", required_argument, NULL, 'p'}, /* as the original calls it */
    {"match-host", required_argument, NULL, OPTION_MATCH_HOST},
    {"sort", required_argument, NULL, OPTION_SORT},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"raw-sizes", no_argument, NULL, OPTION_RAW_SIZES},
    {"no-dns", no_argument, NULL, 'n'},
    {"dns-timeout", required_argument, NULL, OPTION_DNS_TIMEOUT},
    {"help", no_argument, NULL, 'h'},
    QUERY_OPTIONS,
    {NULL, 0, NULL, 0},
};

static int add_match_host(struct analyze_options *options, const char *host)
{
    size_t count = (size_t)options->match_host_count + 1;
    const char **hosts = realloc(options->match_hosts, count * sizeof *hosts);
    if (hosts == NULL)
        return usage_error("out of memory at --match-host %s", host);
    hosts[count - 1] = host;
    options->match_hosts = hosts;
    options->match_host_count = (int)count;
    return -1;
}

/* Takes an option that has a value. */
static int take_value(struct analyze_options *options, int option, const char *value)
{
    switch (option) {
    case 'f':
        if (options->path != NULL)
            return usage_error("one file at a time, '%s' is one too many (cat can join lines)", value);
        options->path = value;
        return -1;
    case 'p':
        if (parse_count(value, &options->min_packets) != 0)
            return usage_error("--min-packets takes a number, not '%s'", value);
        return -1;
    case OPTION_MIN_SIZE:
        if (format_parse_size(value, &options->min_size_bytes) != 0)
            return usage_error("--min-size takes a size such as 500K, 1M or 0, not '%s'", value);
        return -1;
    case OPTION_MATCH_HOST: return add_match_host(options, value);
    case OPTION_SORT:
        options->sorted = true;
        if (parse_order(value, &options->order) != 0)
            return usage_error("--sort takes time, size, duration or packets, not '%s'", value);
        return -1;
    case OPTION_LIMIT:
        if (parse_count(value, &options->limit) != 0 || options->limit == 0)
            return usage_error("--limit takes a number from 1 up, not '%s'", value);
        return -1;
    default: /* OPTION_DNS_TIMEOUT */
        if (parse_seconds(value, &options->dns_timeout_ms) != 0)
            return usage_error("--dns-timeout takes seconds up to 3600, not '%s'", value);
        return -1;
    }
}

static int take_option(struct analyze_options *options, int option, char **argv, int before)
{
    switch (option) {
    case 'h': print_help(stdout); return EXIT_SUCCESS;
    case 'n': options->dns = false; return -1;
    case 'v': options->verbose = true; return -1;
    case OPTION_STATS: options->stats = true; return -1;
    case OPTION_RAW_SIZES: options->raw_sizes = true; return -1;
    case OPTION_GRAPH: options->graph = true; return -1;
    case OPTION_TABLE:
    case OPTION_JSON: {
        enum analyze_form form = option == OPTION_TABLE ? FORM_TABLE : FORM_JSON;
        if (options->form != FORM_LINE && options->form != form)
            return usage_error("--table and --json do not go %s", "together");
        options->form = form;
        return -1;
    }
    case '?': return usage_error("unknown option '%s'", argv[before]);
    case ':': return usage_error("'%s' needs a value", argv[before]);
    default: break;
    }
    if (option < QUERY_OPTION_FIRST)
        return take_value(options, option, optarg);
    const int code = query_options_take(&options->query, option, optarg);
    return code == EXIT_SUCCESS ? -1 : code;
}

static bool is_folder(const char *path)
{
    struct stat is;
    return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

/* Where nothing is named, and nothing comes in: the usual store, when it was named or is there. */
static bool use_usual_store(struct analyze_options *options)
{
    bool told;
    char *folder = store_folder(NULL, &told);
    options->is_store = folder != NULL && (told || is_folder(folder));
    free(folder);
    return options->is_store;
}

/* What is read, from the operands that getopt left: argv[first] is the first of them. */
static int find_input(struct analyze_options *options, int argc, char **argv, int first)
{
    if (options->query.store != NULL && options->path != NULL)
        return usage_error("a file or a store, and not '%s' and --store", options->path);
    if (options->query.store == NULL && options->path == NULL && first < argc)
        options->path = argv[first++];
    if (options->path != NULL && is_folder(options->path))
        options->query.store = options->path;
    options->is_store = options->query.store != NULL;
    if (!options->is_store && first < argc)
        return usage_error(access(argv[first], F_OK) == 0
                               ? "one file at a time, '%s' is one too many (cat can join lines)"
                               : "one file at a time, and a filter for a store alone: '%s' is one too many",
                           argv[first]);
    if (!options->is_store && options->path == NULL) {
        if (isatty(STDIN_FILENO) != 1)
            options->path = "-";
        else if (!use_usual_store(options))
            return usage_error("name a file of flows, as weir collect writes it, or a store, or send one to standard "
                               "input%s", "");
    }
    if (options->is_store)
        options->path = options->query.store;
    const int code = query_options_finish(&options->query, options->is_store ? argc : first, argv, first);
    return code == EXIT_SUCCESS ? -1 : code;
}

int analyze_options_read(int argc, char **argv, struct analyze_options *options)
{
    *options = (struct analyze_options){
        .dns = true, .dns_timeout_ms = 2000, .min_size_bytes = ANALYZE_MIN_SIZE_DEFAULT, .order = ORDER_TIME};
    query_options_init(&options->query, "analyze");
    optind = 0; /* GNU: from the start again, whatever was parsed before */
    opterr = 0;
    for (;;) {
        int before = optind == 0 ? 1 : optind;
        int option = getopt_long(argc, argv, ":f:p:vnh", long_options, NULL);
        if (option == -1)
            break;
        /* An option within a cluster (-vx) and one behind operands are both found from where getopt stands now. */
        int at = optind - 1 >= before ? optind - 1 : before;
        int code = take_option(options, option, argv, at < argc ? at : argc - 1);
        if (code != -1)
            return code;
    }
    const int code = find_input(options, argc, argv, optind);
    if (code != -1)
        return code;
    if (options->form == FORM_JSON && (options->stats || options->graph))
        return usage_error("--json goes with neither --stats nor --graph%s", "");
    if (options->raw_sizes && options->query.sampled)
        return usage_error("--raw-sizes and --sampled do not go %s", "together");
    options->query.sampled_by_default = !options->query.sampled;
    options->query.sampled = !options->raw_sizes;
    options->lines = (!options->stats && !options->graph) || options->form != FORM_LINE;
    return -1;
}

void analyze_options_done(struct analyze_options *options)
{
    free(options->match_hosts);
    options->match_hosts = NULL;
}
