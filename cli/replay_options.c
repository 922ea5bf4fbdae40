/* SPDX-License-Identifier: MIT */
/*
 * replay_options.c - reads the command line of weir replay
 */
#define _GNU_SOURCE
#include "replay_options.h"

#include "command_line.h"
#include "exit_code.h"
#include "quantity.h"
#include "sender.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: weir replay [OPTION]... ADDRESS[:PORT]\n"
    "Send export datagrams to a collector: those of a capture, or made ones, at a rate or as fast as can be; and tell\n"
    "what was sent. PORT is 2055 unless given; an IPv6 address with a port stands in brackets.\n"
    "\n"
    "  -r, --read FILE        send what is in a pcap or pcapng capture or an IPFIX file (RFC 5655), - for standard\n"
    "                         input, as it was spaced there\n"
    "  -p, --port PORT        only what was sent to this UDP port; may be repeated\n"
    "      --speed FACTOR     so many times as fast; max: as fast as can be\n"
    "      --loop N           send it N times\n"
    "      --map-sources      from an address of 127.1.0.0/16 for each exporter of the file, to one of 127.0.0.0/8\n"
    "\n"
    "Without -r traffic is made:\n"
    "  -m, --make VERSION     v5, v9 (default) or ipfix\n"
    "      --exporters N      so many exporters, each with a domain of its own (default 1)\n"
    "      --sources N        which share N addresses (default: one each to 127.0.0.0/8, else this machine's own)\n"
    "      --flows-per-datagram N\n"
    "                         (default: as Ethernet carries: v5 30, v9 23 or 14, ipfix 20 or 13, IPv4 or IPv6)\n"
    "      --templates N      different ones of each exporter, each fifth from the second on IPv6 (default 2)\n"
    "      --template-interval N\n"
    "                         all of them again after N datagrams (default 500; 0: only at the start)\n"
    "      --turn N           datagrams of an exporter before the next one's turn (default 16)\n"
    "      --loss PERCENT     so many datagrams are not sent, but numbered\n"
    "      --reorder PERCENT  so many come behind the one that follows them\n"
    "      --duplicate PERCENT\n"
    "                         so many are sent twice\n"
    "      --hostile PERCENT  garbage, cut ones, wrong lengths, floods of templates: so many of all, from an address\n"
    "                         of its own\n"
    "      --restart N        each exporter starts anew after N datagrams, 64 at least\n"
    "      --seed N           another seed makes other traffic (default 1)\n"
    "      --first-number N   of the flows, which are numbered without a gap (default 1)\n"
    "      --flows N          stop after N flows\n"
    "\n"
    "      --rate N           N datagrams a second\n"
    "      --flow-rate N      N flows a second\n"
    "      --count N          stop after N datagrams\n"
    "      --duration DURATION\n"
    "                         stop after 90s, 5m, 1h ...\n"
    "      --no-segment       hand each datagram to the kernel by itself, not many as one that it cuts up\n"
    "  -o, --output FORM      text (default), or json: one line\n"
    "  -h, --help             show this help\n"
    "\n"
    "Ctrl-C ends it, and what was sent is told all the same.\n"
    "\n"
    "Examples:\n"
    "  weir replay -r exports.pcap 127.0.0.1:9000\n"
    "  weir replay --exporters 100 --flow-rate 100000 --duration 1m 127.0.0.1:9000\n";

enum { OPTION_SPEED = 256, OPTION_LOOP, OPTION_MAP_SOURCES, OPTION_RATE, OPTION_FLOW_RATE, OPTION_COUNT,
       OPTION_DURATION, OPTION_NO_SEGMENT,
       OPTION_MADE, /* from here on: of made traffic only */
       OPTION_EXPORTERS, OPTION_SOURCES, OPTION_FLOWS_PER_DATAGRAM, OPTION_TEMPLATES, OPTION_TEMPLATE_INTERVAL,
       OPTION_TURN, OPTION_LOSS, OPTION_REORDER, OPTION_DUPLICATE, OPTION_HOSTILE, OPTION_RESTART, OPTION_SEED,
       OPTION_FIRST_NUMBER, OPTION_FLOWS };

/* What was given, to tell what does not go together. */
struct given {
    const char *of_made, *of_file; /* the last such option, or NULL */
    bool speed, sources;
};

static int usage_error(const char *text, const char *what)
{
    return command_line_error("replay", text, what);
}

/* ------------------------------------------------------------------------------------------------- values */

static int take_number(const char *value, uint64_t low, uint64_t high, uint64_t *ret_number)
{
    uint64_t number;
    char text[80];
    if (quantity_parse_count(value, &number) == 0 && number >= low && number <= high) {
        *ret_number = number;
        return -1;
    }
    if (high == UINT64_MAX)
        snprintf(text, sizeof text, "not a number from %llu on: ", (unsigned long long)low);
    else
        snprintf(text, sizeof text, "not a number from %llu to %llu: ", (unsigned long long)low,
                 (unsigned long long)high);
    return usage_error(text, value);
}

static int take_number32(const char *value, uint32_t low, uint32_t high, uint32_t *ret_number)
{
    uint64_t number;
    const int code = take_number(value, low, high, &number);
    if (code < 0)
        *ret_number = (uint32_t)number;
    return code;
}

/* Digits and a point, and nothing else. */
static bool parse_decimal(const char *value, double *ret_number)
{
    char *end;
    if (!isdigit((unsigned char)value[0]) || value[strspn(value, "0123456789.")] != '\0' || strlen(value) > 20)
        return false;
    *ret_number = strtod(value, &end);
    return *end == '\0';
}

static int take_percent(const char *value, double *ret_share)
{
    double percent;
    if (!parse_decimal(value, &percent) || percent > 100)
        return usage_error("not a share from 0 to 100 percent: ", value);
    *ret_share = percent / 100;
    return -1;
}

static int take_speed(struct replay_options *options, const char *value)
{
    if (strcmp(value, "max") == 0) {
        options->speed = 0;
        return -1;
    }
    if (!parse_decimal(value, &options->speed) || options->speed < 0.001 || options->speed > 1e6)
        return usage_error("neither max nor a factor from 0.001 to 1000000: ", value);
    return -1;
}

static int take_version(struct replay_options *options, const char *value)
{
    static const struct { const char *name; uint16_t version; } versions[] = {{"v5", 5}, {"v9", 9}, {"ipfix", 10}};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(value, versions[i].name) == 0) {
            options->traffic.version = versions[i].version;
            return -1;
        }
    }
    return usage_error("no version v5, v9 or ipfix: ", value);
}

static int take_port(struct replay_options *options, const char *value)
{
    uint32_t port;
    const int code = take_number32(value, 1, 65535, &port);
    if (code >= 0)
        return code;
    if (options->port_count == REPLAY_PORTS_MAX)
        return usage_error("more than 64 ports, from ", value);
    options->ports[options->port_count++] = (uint16_t)port;
    return -1;
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT; an address with more than one colon is of IPv6, and has no port. */
static int take_target(struct replay_options *options, const char *value)
{
    const char *host = value, *colon = strrchr(value, ':'), *end = value + strlen(value);
    if (value[0] == '[') {
        host = value + 1;
        end = strchr(value, ']');
        colon = end == NULL || end[1] == '\0' ? NULL : end + 1;
        if (end == NULL || (colon != NULL && *colon != ':'))
            return usage_error("not an address such as [::1]:2055: ", value);
    } else if (colon != NULL && strchr(value, ':') != colon) {
        colon = NULL;
    } else if (colon != NULL) {
        end = colon;
    }
    if (end == host || (size_t)(end - host) >= sizeof options->host)
        return usage_error("not an address to send to: ", value);
    snprintf(options->host, sizeof options->host, "%.*s", (int)(end - host), host);
    uint32_t port = REPLAY_PORT_DEFAULT;
    const int code = colon == NULL ? -1 : take_number32(colon + 1, 1, 65535, &port);
    options->port = (uint16_t)port;
    return code;
}

/* ------------------------------------------------------------------------------------------------- options */

static int take_made(struct replay_options *options, int option, const char *value)
{
    struct traffic_options *traffic = &options->traffic;
    switch (option) {
    case OPTION_EXPORTERS:
        return take_number32(value, 1, TRAFFIC_EXPORTERS_MAX, &traffic->exporters);
    case OPTION_SOURCES:
        return take_number32(value, 1, SENDER_SOURCES_MAX - 1, &traffic->sources);
    case OPTION_FLOWS_PER_DATAGRAM:
        return take_number32(value, 1, TRAFFIC_FLOWS_MAX, &traffic->flows);
    case OPTION_TEMPLATES:
        return take_number32(value, 1, TRAFFIC_TEMPLATES_MAX, &traffic->templates);
    case OPTION_TEMPLATE_INTERVAL:
        return take_number32(value, 0, UINT32_MAX, &traffic->template_interval);
    case OPTION_TURN:
        return take_number32(value, 1, UINT32_MAX, &traffic->turn);
    case OPTION_LOSS:
        return take_percent(value, &traffic->loss);
    case OPTION_REORDER:
        return take_percent(value, &traffic->reorder);
    case OPTION_DUPLICATE:
        return take_percent(value, &traffic->duplicate);
    case OPTION_HOSTILE:
        return take_percent(value, &traffic->hostile);
    case OPTION_RESTART:
        return take_number32(value, TRAFFIC_RESTART_MIN, UINT32_MAX, &traffic->restart_interval);
    case OPTION_SEED:
        return take_number(value, 0, UINT64_MAX, &traffic->seed);
    case OPTION_FIRST_NUMBER:
        return take_number(value, 0, (UINT64_C(1) << 48) - 1, &traffic->first_number);
    case OPTION_FLOWS:
        return take_number(value, 1, UINT64_MAX, &traffic->flows_max);
    default:
        return take_version(options, value);
    }
}

static int take_rate(struct replay_options *options, bool is_flows, const char *value)
{
    if (options->rate > 0 && options->rate_is_flows != is_flows)
        return usage_error("there is a rate of datagrams and one of flows; one of them is enough", "");
    options->rate_is_flows = is_flows;
    return take_number(value, 1, 1000000000, &options->rate);
}

static int take_output(struct replay_options *options, const char *value)
{
    options->json = strcmp(value, "json") == 0;
    return options->json || strcmp(value, "text") == 0 ? -1 : usage_error("no form text or json: ", value);
}

static int take(struct replay_options *options, int option, const char *value)
{
    switch (option) {
    case 'r':
        options->file = value;
        return -1;
    case 'p':
        return take_port(options, value);
    case 'o':
        return take_output(options, value);
    case OPTION_SPEED:
        return take_speed(options, value);
    case OPTION_LOOP:
        return take_number(value, 1, UINT64_MAX, &options->loops);
    case OPTION_MAP_SOURCES:
        options->map_sources = true;
        return -1;
    case OPTION_RATE:
    case OPTION_FLOW_RATE:
        return take_rate(options, option == OPTION_FLOW_RATE, value);
    case OPTION_COUNT:
        return take_number(value, 1, UINT64_MAX, &options->datagrams_max);
    case OPTION_DURATION:
        if (quantity_parse_duration(value, &options->duration_us) != 0)
            return usage_error("not a duration such as 90s, 5m, 1h or 1d: ", value);
        return -1;
    case OPTION_NO_SEGMENT:
        options->segment = false;
        return -1;
    case 'h':
        fputs(help, stdout);
        return EXIT_SUCCESS;
    default:
        return take_made(options, option, value);
    }
}

static const struct option long_options[] = {
    {"read", required_argument, NULL, 'r'},
    {"port", required_argument, NULL, 'p'},
    {"speed", required_argument, NULL, OPTION_SPEED},
    {"loop", required_argument, NULL, OPTION_LOOP},
    {"map-sources", no_argument, NULL, OPTION_MAP_SOURCES},
    {"make", required_argument, NULL, 'm'},
    {"exporters", required_argument, NULL, OPTION_EXPORTERS},
    {"sources", required_argument, NULL, OPTION_SOURCES},
    {"flows-per-datagram", required_argument, NULL, OPTION_FLOWS_PER_DATAGRAM},
    {"templates", required_argument, NULL, OPTION_TEMPLATES},
    {"template-interval", required_argument, NULL, OPTION_TEMPLATE_INTERVAL},
    {"turn", required_argument, NULL, OPTION_TURN},
    {"loss", required_argument, NULL, OPTION_LOSS},
    {"reorder", required_argument, NULL, OPTION_REORDER},
    {"duplicate", required_argument, NULL, OPTION_DUPLICATE},
    {"hostile", required_argument, NULL, OPTION_HOSTILE},
    {"restart", required_argument, NULL, OPTION_RESTART},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"first-number", required_argument, NULL, OPTION_FIRST_NUMBER},
    {"flows", required_argument, NULL, OPTION_FLOWS},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"flow-rate", required_argument, NULL, OPTION_FLOW_RATE},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"duration", required_argument, NULL, OPTION_DURATION},
    {"no-segment", no_argument, NULL, OPTION_NO_SEGMENT},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {0},
};

static const char *name_of(const struct option *options, int option)
{
    while (options->val != option)
        options++;
    return options->name;
}

static void note(struct given *given, int option, const char *name)
{
    if (option == 'm' || option >= OPTION_MADE)
        given->of_made = name;
    if (option == 'p' || option == OPTION_SPEED || option == OPTION_LOOP || option == OPTION_MAP_SOURCES)
        given->of_file = name;
    given->speed = given->speed || option == OPTION_SPEED;
    given->sources = given->sources || option == OPTION_SOURCES;
}

struct arguments {
    struct replay_options *options;
    struct given given;
};

static int take_and_note(void *context, int option, const char *value)
{
    struct arguments *arguments = context;
    note(&arguments->given, option, name_of(long_options, option));
    return take(arguments->options, option, value);
}

/* -1 when what was given goes together. */
static int check_file(struct replay_options *options, const struct given *given)
{
    if (given->of_made != NULL)
        return usage_error("-r sends what is in a file, and this is for made traffic: --", given->of_made);
    if (given->speed && options->rate > 0)
        return usage_error("there is a speed and a rate; one of them is enough", "");
    if (options->loops > 1 && strcmp(options->file, "-") == 0)
        return usage_error("standard input can be read once only, without --loop", "");
    if (options->rate > 0)
        options->speed = 0;
    options->source_count = options->map_sources ? SENDER_SOURCES_MAX : 1;
    return -1;
}

static int check_made(struct replay_options *options, const struct given *given)
{
    struct traffic_options *traffic = &options->traffic;
    const bool loopback = strncmp(options->host, "127.", 4) == 0;
    if (given->of_file != NULL)
        return usage_error("without -r no file is sent, and this is for one: --", given->of_file);
    if (traffic->version == 5 && traffic->flows > TRAFFIC_FLOWS_MAX_V5)
        return usage_error("a datagram of v5 has up to 30 flows", "");
    if (!given->sources)
        traffic->sources = loopback ? traffic->exporters : 1;
    if (traffic->sources > traffic->exporters)
        return usage_error("there are more addresses than exporters to send from them", "");
    if (traffic->sources > 1 && !loopback)
        return usage_error("many source addresses can be had for a destination in 127.0.0.0/8 only, and this is none: ",
                           options->host);
    traffic->datagrams_max = options->datagrams_max;
    options->source_count = traffic->sources + (traffic->hostile > 0 && loopback ? 1 : 0);
    return -1;
}

int replay_options_parse(int argc, char **argv, struct replay_options *ret_options)
{
    static const struct command_line line = {"replay", ":r:p:m:o:h", long_options, take_and_note};
    struct replay_options options = {
        .speed = 1,
        .loops = 1,
        .segment = true,
        .traffic = {.version = 9, .exporters = 1, .sources = 1, .templates = 2, .template_interval = 500, .turn = 16,
                    .seed = 1, .first_number = 1},
    };
    struct arguments arguments = {.options = &options};
    int code = command_line_take(&line, argc, argv, &arguments);
    if (code >= 0)
        return code;
    if (optind == argc)
        return usage_error("no address named to send to", "");
    if (optind + 1 < argc)
        return usage_error("it is sent to one address, and there is also ", argv[optind + 1]);
    code = take_target(&options, argv[optind]);
    if (code < 0)
        code = options.file != NULL ? check_file(&options, &arguments.given) : check_made(&options, &arguments.given);
    if (code < 0)
        *ret_options = options;
    return code;
}
