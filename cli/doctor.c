/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - weir doctor: the command line, and the checks one by one
 */
#define _GNU_SOURCE
#include "doctor.h"

#include "command_line.h"
#include "doctor_findings.h"
#include "exit_code.h"
#include "quantity.h"
#include "store_folder.h"

#include <string.h>
#include <time.h>

enum { PORTS_MAX = 64, PORT_DEFAULT = 2055, LISTEN_MAX_S = 3600 };

static const char help[] =
    "Usage: weir doctor [OPTION]...\n"
    "Look at what makes collecting go wrong, and tell what to do: receive buffers, what was dropped, the port, the\n"
    "firewall, the clock, the disk, the journal, the store, and what its exporters sent.\n"
    "\n"
    "  -p, --port PORT        port that exporters send to (default 2055); may be repeated\n"
    "      --store DIR        the store (default: $WEIR_STORE, else the folder store where weir keeps its state)\n"
    "      --listen DURATION  listen so long on each port that is free, and tell whether something comes: 10s, 1m\n"
    "      --no-write         do not measure the disk, for which 32 MB are written beside the store at most\n"
    "  -o, --output FORM      text (default) or json\n"
    "  -h, --help             show this help\n"
    "\n"
    "Each line is [ok], [warn] or [bad], and what to do follows. It ends with 1 where something is bad.\n"
    "\n"
    "Examples:\n"
    "  weir doctor                               of this machine, and of the store where there is one\n"
    "  weir doctor -p 9000 --listen 30s          whether exporters reach port 9000\n"
    "  weir doctor --store flows -o json         for programs\n";

struct arguments {
    uint16_t ports[PORTS_MAX];
    struct doctor_settings settings;
    const char *store;
    bool json;
};

static int usage_error(const char *text, const char *what)
{
    return command_line_error("doctor", text, what);
}

static int add_port(struct arguments *arguments, const char *text)
{
    uint64_t port;
    if (quantity_parse_count(text, &port) != 0 || port == 0 || port > 65535)
        return usage_error("not a port between 1 and 65535: ", text);
    if (arguments->settings.port_count == PORTS_MAX)
        return usage_error("more than 64 ports, from ", text);
    arguments->ports[arguments->settings.port_count++] = (uint16_t)port;
    return -1;
}

enum { OPTION_STORE = 256, OPTION_LISTEN, OPTION_NO_WRITE };

/* -1 to go on, or the exit code. */
static int take(void *context, int option, const char *value)
{
    struct arguments *arguments = context;
    switch (option) {
    case 'p':
        return add_port(arguments, value);
    case 'o':
        if (strcmp(value, "json") != 0 && strcmp(value, "text") != 0)
            return usage_error("-o is text or json, and not ", value);
        arguments->json = strcmp(value, "json") == 0;
        return -1;
    case OPTION_STORE:
        arguments->store = value;
        return -1;
    case OPTION_LISTEN:
        if (quantity_parse_duration(value, &arguments->settings.listen_us) != 0 ||
            arguments->settings.listen_us > (int64_t)LISTEN_MAX_S * 1000000)
            return usage_error("not a duration of up to 1h such as 10s or 1m: ", value);
        return -1;
    case OPTION_NO_WRITE:
        arguments->settings.write = false;
        return -1;
    default:
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
}

static int parse(int argc, char **argv, struct arguments *arguments)
{
    static const struct option long_options[] = {
        {"port", required_argument, NULL, 'p'},
        {"store", required_argument, NULL, OPTION_STORE},
        {"listen", required_argument, NULL, OPTION_LISTEN},
        {"no-write", no_argument, NULL, OPTION_NO_WRITE},
        {"output", required_argument, NULL, 'o'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    static const struct command_line line = {"doctor", ":p:o:h", long_options, take};
    const int code = command_line_take(&line, argc, argv, arguments);
    if (code >= 0)
        return code;
    return optind < argc ? usage_error("takes options only, and this is none: ", argv[optind]) : -1;
}

/* What a collector that runs knows by itself can be asked for in a check of its own here. */
static void (*const checks[])(const struct doctor_settings *settings, struct doctor_findings *findings) = {
    doctor_check_buffer, doctor_check_drops,   doctor_check_ports, doctor_check_firewall, doctor_check_clock,
    doctor_check_disk,   doctor_check_journal, doctor_check_store, doctor_check_exporters,
};

int cmd_doctor(int argc, char **argv)
{
    struct arguments arguments = {.settings = {.proc = "/proc", .write = true}};
    struct doctor_settings *settings = &arguments.settings;
    struct doctor_findings findings = {0};
    struct timespec now;
    const int code = parse(argc, argv, &arguments);
    if (code >= 0)
        return code;
    const char *proc = getenv("WEIR_DOCTOR_PROC"); /* for tests */
    if (proc != NULL && proc[0] != '\0')
        settings->proc = proc;
    if (settings->port_count == 0)
        arguments.ports[settings->port_count++] = PORT_DEFAULT;
    settings->ports = arguments.ports;
    char *folder = store_folder(arguments.store, &settings->folder_told);
    settings->folder = folder;
    clock_gettime(CLOCK_REALTIME, &now);
    settings->now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i](settings, &findings);
    doctor_print(&findings, arguments.json, stdout);
    const enum doctor_status worst = doctor_worst(&findings);
    doctor_findings_done(&findings);
    free(folder);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("weir doctor: cannot write to standard output");
        return EXIT_FAILURE;
    }
    return worst == DOCTOR_BAD ? EXIT_FAILURE : EXIT_SUCCESS;
}
