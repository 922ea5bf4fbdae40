/* SPDX-License-Identifier: MIT */
/*
 * collect_options.c - reads the command line of weir collect
 */
#define _GNU_SOURCE
#include "collect_options.h"

#include "decoder_options.h"
#include "exit_code.h"
#include "quantity.h"
#include "receive_socket.h"
#include "store_options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define JOURNAL_BYTES_MIN ((uint64_t)2 << 20)
#define JOURNAL_BYTES_MAX ((uint64_t)8 << 30)
enum { DEVICE_NAME_MAX = 15, RECEIVE_BUFFER_MIN_BYTES = 4096, BUSY_POLL_MAX_US = 1000000 };

static const char help[] =
    "Usage: weir collect [OPTION]...\n"
    "Receive NetFlow and IPFIX from exporters, or read it from a file, and write the flows.\n"
    "\n"
    "Where datagrams come from:\n"
    "  -p, --port PORT        UDP port to listen on (default 2055); may be repeated; 0 takes a free one\n"
    "  -b, --host ADDRESS     address or name of this machine to listen on, or a multicast group to join; with %DEVICE\n"
    "                         behind it, by that one; may be repeated (default: all, IPv4 and IPv6)\n"
    "      --device NAME      receive what comes in by this network device only\n"
    "      --rcvbuf SIZE      receive buffer of each socket, 4K to 1G (default 64M, or what the system allows)\n"
    "      --busy-poll N      look for datagrams for N microseconds before sleeping: less delay, more CPU time\n"
    "  -r, --read FILE        read a pcap or pcapng capture or an IPFIX file (RFC 5655) instead, - for standard\n"
    "                         input; with -p only what was sent to those ports\n"
    "      --allow NETWORK    take datagrams of exporters in this network only: 192.0.2.7, 198.51.100.0/24, 2001:db8::/32;\n"
    "                         may be repeated; those of others are counted and go nowhere\n"
    "      --count N          stop after N datagrams\n"
    "      --elements FILE    take names and types of elements from lines of pen,id,name,type, before those that\n"
    "                         are registered\n"
    "      --template-lifetime DURATION\n"
    "                         forget a template that was not sent again for so long: 90s, 30m, 1h, 1d ... (default\n"
    "                         24h; 0: never); those kept from the run before too\n"
    "      --sampling-rate N  exporters look at one packet in N, whatever they tell\n"
    "\n"
    "Where flows go:\n"
    "  -o, --output WHERE     may be repeated; default: <unix time of start>.json in this folder\n"
    "           FILE.json         one JSON object: receive time -> flows; is appended to when it exists\n"
    "           FILE.ndjson       a line of JSON for each datagram, with exporter and header\n"
    "           FILE.gz           the same lines, compressed\n"
    "           json:FILE         JSON in a file of any name\n"
    "           store:FOLDER      Parquet files below that folder, for many flows and for other programs\n"
    "           udp:HOST:PORT[,source=keep|own|auto][,sample=N]\n"
    "                             to another collector, each datagram as it came: from the exporter's address (keep, as\n"
    "                             root), or this machine's (own); auto: keep where it may; one datagram in N, and all\n"
    "                             with templates\n"
    "           text              connections, as lines on standard output, as they come\n"
    "           null              nowhere: to measure\n"
    "      --json-lines       write lines, whatever the file's name\n"
    "      --rotate DURATION  begin a new file each 90s, 5m, 1h, 1d ...; names then carry the time\n"
    "      --min-size SIZE    -o text: only connections of more than SIZE octets (10K, 1M ...; default 0)\n"
    "      --raw-sizes        -o text: sizes as exporters counted them, not multiplied by their sampling rate\n"
    "  -n, --no-dns           -o text: show addresses only, ask no name server\n"
    "\n"
    "For -o store:FOLDER:\n"
    "      --commit DURATION  write what has come after so long at the latest (default 5s)\n"
    "      --segment-size SIZE\n"
    "                         or when so much has come, in memory: 64K to 1G (default 16M, with -r 160M)\n"
    "      --effort HOW       light: write fast, merging makes it small; full: make it small at once (default light where\n"
    "                         files are merged meanwhile)\n"
    "      --compression HOW  zstd, zstd:LEVEL (1 to 19), lz4 or none (default zstd:2)\n"
    "      --fsync WHEN       never; segment: a file is on the disk before it gets its name (default); always: and its\n"
    "                         name too\n"
    "      --keep-days N      remove hours that ended more than N days ago; not with -r, as the two below\n"
    "      --keep-bytes SIZE  remove the oldest files when there is more than this: 500M, 20G ...\n"
    "      --no-merge         leave small files as they are; else few large ones are made of them meanwhile\n"
    "\n"
    "      --state DIR        keep templates there from one run to the next (default: /var/lib/weir for root, else\n"
    "                         ~/.local/state/weir; none keeps nothing); not with -r\n"
    "      --workers N        so many receive, decode and store side by side (1 to 64, default 1), each exporter always with\n"
    "                         the same one; with -r: threads that encode for a store\n"
    "      --journal DIR      what is received and not yet written lies there, and outlives a kill (default: /run/weir\n"
    "                         for root, else in $XDG_RUNTIME_DIR or /dev/shm: in memory; none); not with -r\n"
    "      --journal-size SIZE\n"
    "                         room for that: 2M to 8G (default 96M, less on a small machine)\n"
    "      --user NAME        started by root: go on as this user when sockets are open; store, state and journal are his\n"
    "      --no-sandbox       do not have the kernel refuse system calls that are not needed\n"
    "  -D, --debug            tell of each datagram and template on standard error\n"
    "  -h, --help             show this help\n"
    "\n"
    "Ctrl-C or SIGTERM ends it; a summary of what came, and what was lost, follows on standard error.\n"
    "\n"
    "Examples:\n"
    "  weir collect -p 9000 -o text              see connections as they end\n"
    "  weir collect -p 9000 -o flows.json        keep them; 'weir analyze flows.json' shows them\n"
    "  weir collect -r exports.pcap -o text      from a capture of what an exporter sent\n";

static int usage_error(const char *text, const char *what)
{
    fprintf(stderr, "weir collect: %s%s; 'weir collect --help' shows what there is\n", text, what);
    return EXIT_USAGE;
}

static int add_port(struct collect_options *options, const char *text)
{
    uint64_t port;
    if (quantity_parse_count(text, &port) != 0 || port > 65535)
        return usage_error("not a port between 0 and 65535: ", text);
    for (size_t i = 0; i < options->port_count; i++) {
        if (options->ports[i] == port && port != 0)
            return -1; /* named twice: once is enough */
    }
    if (options->port_count == COLLECT_PORTS_MAX)
        return usage_error("more than 64 ports, from ", text);
    options->ports[options->port_count++] = (uint16_t)port;
    return -1;
}

static int add_host(struct collect_options *options, const char *text)
{
    for (size_t i = 0; i < options->host_count; i++) {
        if (strcmp(options->hosts[i], text) == 0)
            return -1;
    }
    if (options->host_count == COLLECT_HOSTS_MAX)
        return usage_error("more than 16 addresses, from ", text);
    options->hosts[options->host_count++] = text;
    return -1;
}

static int add_allowed(struct collect_options *options, const char *text)
{
    struct sink_error error = {0};
    struct address_list *list = address_list_create(&text, 1, &error);
    address_list_free(list);
    if (list == NULL)
        return usage_error("--allow ", error.text);
    if (options->allowed_count == ADDRESS_LIST_MAX)
        return usage_error("more than 4096 networks in --allow, from ", text);
    options->allowed[options->allowed_count++] = text;
    return -1;
}

static int add_output(struct collect_options *options, const char *text)
{
    if (options->output_count == COLLECT_OUTPUTS_MAX)
        return usage_error("more than 8 outputs, from ", text);
    options->outputs[options->output_count++] = text;
    return -1;
}

enum { OPTION_COUNT = 256, OPTION_ROTATE, OPTION_MIN_SIZE, OPTION_JSON_LINES, OPTION_ELEMENTS, OPTION_STATE,
       OPTION_LIFETIME, OPTION_SAMPLING_RATE, OPTION_RAW_SIZES,
       OPTION_DEVICE, OPTION_RCVBUF, OPTION_BUSY_POLL,
       OPTION_COMMIT, OPTION_SEGMENT_SIZE, OPTION_COMPRESSION, OPTION_EFFORT, OPTION_FSYNC, OPTION_WORKERS,
       OPTION_KEEP_DAYS, OPTION_KEEP_BYTES, OPTION_NO_MERGE, OPTION_JOURNAL,
       OPTION_JOURNAL_SIZE, OPTION_ALLOW, OPTION_USER, OPTION_NO_SANDBOX };

static int take_decoder_option(struct collect_options *options, int option, const char *value)
{
    const char *fault = option == OPTION_LIFETIME ? decoder_options_lifetime(&options->decoder, value)
                                                  : decoder_options_sampling_rate(&options->decoder, value);
    return fault == NULL ? -1 : usage_error(fault, value);
}

static int take_socket_option(struct collect_options *options, int option, const char *value)
{
    uint64_t number;
    switch (option) {
    case OPTION_DEVICE:
        if (value[0] == '\0' || strlen(value) > DEVICE_NAME_MAX)
            return usage_error("not the name of a network device: ", value);
        options->device = value;
        return -1;
    case OPTION_RCVBUF:
        if (quantity_parse_size(value, &number) != 0 || number < RECEIVE_BUFFER_MIN_BYTES ||
            number > RECEIVE_BUFFER_MAX_BYTES)
            return usage_error("not a size from 4K to 1G: ", value);
        options->buffer_bytes = (int)number;
        return -1;
    default:
        if (quantity_parse_count(value, &number) != 0 || number == 0 || number > BUSY_POLL_MAX_US)
            return usage_error("not a number of microseconds from 1 to 1000000: ", value);
        options->busy_poll_us = (unsigned)number;
        return -1;
    }
}

static int take_store(struct store_writer_options *store, int option, const char *value)
{
    const char *fault = option == OPTION_COMMIT         ? store_options_commit(store, value)
                        : option == OPTION_SEGMENT_SIZE ? store_options_segment_size(store, value)
                        : option == OPTION_COMPRESSION  ? store_options_compression(store, value)
                        : option == OPTION_EFFORT       ? store_options_effort(store, value)
                        : option == OPTION_FSYNC        ? store_options_sync(store, value)
                        : option == OPTION_KEEP_DAYS    ? store_options_keep_days(store, value)
                        : option == OPTION_KEEP_BYTES   ? store_options_keep_bytes(store, value)
                                                        : store_options_workers(store, value);
    return fault == NULL ? -1 : usage_error(fault, value);
}

static int take(struct collect_options *options, int option, const char *value)
{
    switch (option) {
    case 'p':
        return add_port(options, value);
    case 'b':
        return add_host(options, value);
    case 'r':
        if (options->file != NULL)
            return usage_error("one file can be read at a time, and this is a second one: ", value);
        options->file = value;
        return -1;
    case 'o':
        return add_output(options, value);
    case 'n':
        options->names = false;
        return -1;
    case 'D':
        options->debug = true;
        return -1;
    case OPTION_STATE:
        options->state = value;
        return -1;
    case OPTION_JOURNAL:
        options->journal = value;
        return -1;
    case OPTION_JOURNAL_SIZE:
        if (quantity_parse_size(value, &options->journal_bytes) != 0 || options->journal_bytes < JOURNAL_BYTES_MIN ||
            options->journal_bytes > JOURNAL_BYTES_MAX)
            return usage_error("not a size from 2M to 8G: ", value);
        return -1;
    case OPTION_ELEMENTS:
        options->elements = value;
        return -1;
    case OPTION_LIFETIME:
    case OPTION_SAMPLING_RATE:
        return take_decoder_option(options, option, value);
    case OPTION_DEVICE:
    case OPTION_RCVBUF:
    case OPTION_BUSY_POLL:
        return take_socket_option(options, option, value);
    case OPTION_ALLOW:
        return add_allowed(options, value);
    case OPTION_USER:
        options->user = value;
        return -1;
    case OPTION_NO_SANDBOX:
        options->sandbox = false;
        return -1;
    case OPTION_NO_MERGE:
        options->store.merge = false;
        return -1;
    case OPTION_COMMIT:
    case OPTION_SEGMENT_SIZE:
    case OPTION_COMPRESSION:
    case OPTION_EFFORT:
    case OPTION_FSYNC:
    case OPTION_WORKERS:
    case OPTION_KEEP_DAYS:
    case OPTION_KEEP_BYTES:
        return take_store(&options->store, option, value);
    case OPTION_RAW_SIZES:
        options->text_raw_sizes = true;
        return -1;
    case OPTION_JSON_LINES:
        options->json_lines = true;
        return -1;
    case OPTION_COUNT:
        if (quantity_parse_count(value, &options->datagram_count_max) != 0 || options->datagram_count_max == 0)
            return usage_error("not a number of datagrams: ", value);
        return -1;
    case OPTION_ROTATE:
        if (quantity_parse_duration(value, &options->rotate_us) != 0)
            return usage_error("not a duration such as 90s, 5m, 1h or 1d: ", value);
        return -1;
    case OPTION_MIN_SIZE:
        if (quantity_parse_size(value, &options->text_min_bytes) != 0)
            return usage_error("not a size such as 500, 10K or 1M: ", value);
        return -1;
    default:
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
}

int collect_options_parse(int argc, char **argv, struct collect_options *ret_options)
{
    static const struct option long_options[] = {
        {"port", required_argument, NULL, 'p'},
        {"host", required_argument, NULL, 'b'},
        {"device", required_argument, NULL, OPTION_DEVICE},
        {"rcvbuf", required_argument, NULL, OPTION_RCVBUF},
        {"busy-poll", required_argument, NULL, OPTION_BUSY_POLL},
        {"read", required_argument, NULL, 'r'},
        {"output", required_argument, NULL, 'o'},
        {"file", required_argument, NULL, 'o'},
        {"count", required_argument, NULL, OPTION_COUNT},
        {"rotate", required_argument, NULL, OPTION_ROTATE},
        {"min-size", required_argument, NULL, OPTION_MIN_SIZE},
        {"elements", required_argument, NULL, OPTION_ELEMENTS},
        {"template-lifetime", required_argument, NULL, OPTION_LIFETIME},
        {"sampling-rate", required_argument, NULL, OPTION_SAMPLING_RATE},
        {"commit", required_argument, NULL, OPTION_COMMIT},
        {"segment-size", required_argument, NULL, OPTION_SEGMENT_SIZE},
        {"compression", required_argument, NULL, OPTION_COMPRESSION},
        {"effort", required_argument, NULL, OPTION_EFFORT},
        {"fsync", required_argument, NULL, OPTION_FSYNC},
        {"workers", required_argument, NULL, OPTION_WORKERS},
        {"keep-days", required_argument, NULL, OPTION_KEEP_DAYS},
        {"keep-bytes", required_argument, NULL, OPTION_KEEP_BYTES},
        {"no-merge", no_argument, NULL, OPTION_NO_MERGE},
        {"raw-sizes", no_argument, NULL, OPTION_RAW_SIZES},
        {"json-lines", no_argument, NULL, OPTION_JSON_LINES},
        {"state", required_argument, NULL, OPTION_STATE},
        {"journal", required_argument, NULL, OPTION_JOURNAL},
        {"journal-size", required_argument, NULL, OPTION_JOURNAL_SIZE},
        {"allow", required_argument, NULL, OPTION_ALLOW},
        {"user", required_argument, NULL, OPTION_USER},
        {"no-sandbox", no_argument, NULL, OPTION_NO_SANDBOX},
        {"no-dns", no_argument, NULL, 'n'},
        {"debug", no_argument, NULL, 'D'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct collect_options options = {.names = true, .sandbox = true};
    store_writer_options_init(&options.store, NULL);
    weir_options_init(&options.decoder);
    opterr = 0;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, ":p:b:r:o:nDh", long_options, NULL)) != -1;) {
        if (option == ':')
            return usage_error("this option needs a value: ", argv[optind - 1]);
        if (option == '?')
            return usage_error("unknown option ", argv[optind - 1]);
        const int code = take(&options, option, optarg);
        if (code >= 0)
            return code;
    }
    if (optind < argc)
        return usage_error("takes options only, and this is none: ", argv[optind]);
    if (options.file != NULL && options.state != NULL)
        return usage_error("--state is for receiving, and -r reads a file", "");
    if (options.file == NULL && options.store.workers > 1 && options.datagram_count_max > 0)
        return usage_error("--count is for one worker, and --workers asks for more", "");
    if (options.file != NULL && options.journal != NULL)
        return usage_error("--journal is for receiving, and -r reads a file", "");
    if (options.file != NULL && options.host_count > 0)
        return usage_error("-b is for receiving, and -r reads a file", "");
    if (options.file != NULL && (options.device != NULL || options.buffer_bytes > 0 || options.busy_poll_us > 0))
        return usage_error("--device, --rcvbuf and --busy-poll are for receiving, and -r reads a file", "");
    if (options.file != NULL && (options.allowed_count > 0 || options.user != NULL || !options.sandbox))
        return usage_error("--allow, --user and --no-sandbox are for receiving, and -r reads a file", "");
    *ret_options = options;
    return -1;
}
