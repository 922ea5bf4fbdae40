/* SPDX-License-Identifier: MIT */
/*
 * decode.c - weir decode: every record of a file as a line of JSON, nothing hidden
 */
#define _GNU_SOURCE
#include "decode.h"

#include "command_line.h"
#include "decoder_options.h"
#include "elements_file.h"
#include "exit_code.h"
#include "record_line.h"
#include "source.h"
#include "summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <weir/weir.h>

static const char help[] =
    "Usage: weir decode [OPTION]... FILE\n"
    "Print every record of the export datagrams in a file as a line of JSON.\n"
    "FILE is a pcap or pcapng capture or an IPFIX file (RFC 5655); - reads it from standard input.\n"
    "\n"
    "  -p, --port PORT    only datagrams sent to this UDP port; may be repeated (default: all)\n"
    "      --elements FILE  take names and types of elements from lines of pen,id,name,type, before those that are\n"
    "                     registered\n"
    "      --template-lifetime DURATION\n"
    "                     forget a template that was not sent again for so long: 90s, 30m, 1h, 1d ... (default 24h;\n"
    "                     0: never)\n"
    "      --sampling-rate N  exporters look at one packet in N, whatever they tell\n"
    "      --core         also what a flow comes down to, as \"core\": times, addresses, bytes, sampling rate, under the\n"
    "                     same names whatever the exporter calls them; and what it calls its interfaces, applications\n"
    "                     and VRFs\n"
    "      --v9-names     name the fields as Cisco does (IN_BYTES) instead of as IANA does\n"
    "  -q, --quiet        no summary on standard error\n"
    "  -h, --help         show this help\n"
    "\n"
    "A line holds the number of the datagram in the file (\"packet\"), the exporter, version, observation\n"
    "domain, export time, template ID, whether it is an options record and, if so, the names of its scope fields,\n"
    "and the fields as they were on the wire. Integers and times are numbers, addresses and strings text, what\n"
    "has no better form \"0x...\". A field of length 0 is null. \"late_template\" marks records whose template\n"
    "came after them.\n"
    "\n"
    "Examples:\n"
    "  weir decode flows.pcap | head -1 | jq .\n"
    "  tcpdump -i eth0 -w - udp port 2055 | weir decode -\n"
    "  weir decode flows.pcap | jq -r 'select(.options | not) | .fields.sourceIPv4Address' | sort | uniq -c\n";

enum { PORTS_MAX = 64 };

struct settings {
    const char *path;
    const char *elements; /* or NULL */
    uint16_t ports[PORTS_MAX];
    size_t port_count;
    struct weir_options decoder;
    bool core;
    bool v9_names;
    bool quiet;
};

static int usage_error(const char *text, const char *what)
{
    return command_line_error("decode", text, what);
}

static int add_port(struct settings *settings, const char *text)
{
    char *end;
    errno = 0;
    const unsigned long port = strtoul(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || port == 0 || port > 65535 || *text == '-')
        return usage_error("not a port between 1 and 65535: ", text);
    if (settings->port_count == PORTS_MAX)
        return usage_error("too many ports", "");
    settings->ports[settings->port_count++] = (uint16_t)port;
    return 0;
}

/* -1 to go on, else the exit code. */
static int take(void *context, int option, const char *value)
{
    struct settings *settings = context;
    const char *fault = NULL;
    switch (option) {
    case 'p':
        return add_port(settings, value) != 0 ? EXIT_USAGE : -1;
    case 'c':
        settings->core = true;
        break;
    case 'e':
        settings->elements = value;
        break;
    case 'l':
        fault = decoder_options_lifetime(&settings->decoder, value);
        break;
    case 's':
        fault = decoder_options_sampling_rate(&settings->decoder, value);
        break;
    case '9':
        settings->v9_names = true;
        break;
    case 'q':
        settings->quiet = true;
        break;
    default:
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    return fault == NULL ? -1 : usage_error(fault, value);
}

/* -1 to go on, else the exit code. */
static int parse(int argc, char **argv, struct settings *settings)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"elements", required_argument, NULL, 'e'},
        {"template-lifetime", required_argument, NULL, 'l'},
        {"sampling-rate", required_argument, NULL, 's'},
        {"core", no_argument, NULL, 'c'},
        {"v9-names", no_argument, NULL, '9'},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    static const struct command_line line = {"decode", ":p:qh", options, take};
    const int code = command_line_take(&line, argc, argv, settings);
    if (code >= 0)
        return code;
    if (optind == argc)
        return usage_error("no file named", "");
    if (optind + 1 < argc)
        return usage_error("only one file can be read at a time, and there is also ", argv[optind + 1]);
    settings->path = argv[optind];
    return -1;
}

/* Prints what the decoder has ready. -1 when nobody reads it any more or it cannot be written. */
static int print_ready(struct weir_decoder *decoder, struct record_line *line)
{
    int result = 0;
    for (struct weir_batch *batch; (batch = weir_decoder_next(decoder)) != NULL; weir_batch_release(batch)) {
        for (uint32_t i = 0; i < batch->run_count && result == 0; i++)
            result = record_line_print_run(line, batch, &batch->runs[i], stdout);
    }
    return result;
}

static int decode(const struct settings *settings, struct source *source, struct weir_decoder *decoder)
{
    struct record_line line;
    record_line_init(&line, settings->v9_names);
    line.core = settings->core;
    line.decoder = decoder;
    struct sink_error error = {0};
    struct weir_datagram datagram;
    int got = 1, written = 0;
    while (written == 0 && (got = source_next(source, &datagram, &error)) == 1) {
        weir_decoder_feed(decoder, &datagram);
        weir_decoder_flush(decoder);
        written = print_ready(decoder, &line);
    }
    if (written == 0) {
        weir_decoder_finish(decoder);
        written = print_ready(decoder, &line);
    }
    if (written == 0 && fflush(stdout) != 0)
        written = -1;
    const int write_error = errno;
    record_line_done(&line);
    if (written != 0 && write_error == EPIPE)
        return EXIT_SUCCESS; /* as in "| head": whoever read has seen enough */
    if (written != 0) {
        fprintf(stderr, "weir decode: cannot write to standard output: %s\n", strerror(write_error));
        return EXIT_FAILURE;
    }
    if (got < 0)
        fprintf(stderr, "weir decode: %s\n", error.text);
    if (!settings->quiet)
        summary_print(weir_decoder_ledger(decoder), source_counts(source), stderr);
    return got < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_decode(int argc, char **argv)
{
    struct settings settings = {0};
    weir_options_init(&settings.decoder);
    const int done = parse(argc, argv, &settings);
    if (done >= 0)
        return done;
    struct sink_error error = {0};
    struct source *source = source_open(settings.path, settings.ports, settings.port_count, &error);
    if (source == NULL) {
        fprintf(stderr, "weir decode: %s\n", error.text);
        return EXIT_FAILURE;
    }
    struct weir_decoder *decoder = weir_decoder_create(&settings.decoder);
    int code = EXIT_FAILURE;
    if (decoder == NULL)
        fputs("weir decode: not enough memory for the decoder\n", stderr);
    else if (settings.elements != NULL && elements_file_load(settings.elements, decoder, &error) != 0)
        fprintf(stderr, "weir decode: %s\n", error.text);
    else
        code = decode(&settings, source, decoder);
    weir_decoder_free(decoder);
    source_close(source);
    return code;
}
