/* SPDX-License-Identifier: MIT */
/*
 * collect_option_table.c - all that can be set of weir collect, once: for the command line, for files, for help
 */
#include "collect_option_table.h"

#include "collect_values.h"

#include <assert.h>
#include <string.h>

enum { HELP_COLUMN = 25, HELP_COLUMN_TAB = 11 };

/* name, letter, argument, function, acts at SIGHUP */
const struct collect_option collect_option_table[] = {
    {SECTION_INPUT, "port", 'p', "PORT", collect_take_port, false,
     "UDP port to listen on (default 2055); may be repeated; 0 takes a free one"},
    {SECTION_INPUT, "host", 'b', "ADDRESS", collect_take_host, false,
     "address or name of this machine to listen on, or a multicast group to join; with %DEVICE\n"
     "behind it, by that one; may be repeated (default: all, IPv4 and IPv6)"},
    {SECTION_INPUT, "device", 0, "NAME", collect_take_device, false,
     "receive what comes in by this network device only"},
    {SECTION_INPUT, "rcvbuf", 0, "SIZE", collect_take_rcvbuf, false,
     "receive buffer of each socket, 4K to 1G (default 64M, or what the system allows)"},
    {SECTION_INPUT, "busy-poll", 0, "N", collect_take_busy_poll, false,
     "look for datagrams for N microseconds before sleeping: less delay, more CPU time"},
    {SECTION_INPUT, "read", 'r', "FILE", collect_take_read, false,
     "read a pcap or pcapng capture or an IPFIX file (RFC 5655) instead, - for standard\n"
     "input; with -p only what was sent to those ports"},
    {SECTION_INPUT, "allow", 0, "NETWORK", collect_take_allow, true,
     "take datagrams of exporters in this network only: 192.0.2.7, 198.51.100.0/24, 2001:db8::/32;\n"
     "may be repeated; those of others are counted and go nowhere"},
    {SECTION_INPUT, "count", 0, "N", collect_take_count, false, "stop after N datagrams"},
    {SECTION_INPUT, "elements", 0, "FILE", collect_take_elements, false,
     "take names and types of elements from lines of pen,id,name,type, before those that\n"
     "are registered"},
    {SECTION_INPUT, "template-lifetime", 0, "DURATION", collect_take_template_lifetime, false,
     "forget a template that was not sent again for so long: 90s, 30m, 1h, 1d ... (default\n"
     "24h; 0: never); those kept from the run before too"},
    {SECTION_INPUT, "sampling-rate", 0, "N", collect_take_sampling_rate, false,
     "exporters look at one packet in N, whatever they tell"},

    {SECTION_OUTPUT, "output", 'o', "WHERE", collect_take_output, false,
     "may be repeated; default: <unix time of start>.json in this folder\n"
     "\tFILE.json         one JSON object: receive time -> flows; is appended to when it exists\n"
     "\tFILE.ndjson       a line of JSON for each datagram, with exporter and header\n"
     "\tFILE.gz           the same lines, compressed\n"
     "\tjson:FILE         JSON in a file of any name\n"
     "\tstore:FOLDER      Parquet files below that folder, for many flows and for other programs\n"
     "\tudp:HOST:PORT[,source=keep|own|auto][,sample=N]\n"
     "\t                  to another collector, each datagram as it came: from the exporter's\n"
     "\t                  address (keep, as root), or this machine's (own); auto: keep where it may;\n"
     "\t                  one datagram in N, and all with templates\n"
     "\ttext              connections, as lines on standard output, as they come\n"
     "\tnull              nowhere: to measure"},
    {SECTION_OUTPUT, "json-lines", 0, NULL, collect_take_json_lines, false, "write lines, whatever the file's name"},
    {SECTION_OUTPUT, "rotate", 0, "DURATION", collect_take_rotate, true,
     "begin a new file each 90s, 5m, 1h, 1d ...; names then carry the time"},
    {SECTION_OUTPUT, "min-size", 0, "SIZE", collect_take_min_size, false,
     "-o text: only connections of more than SIZE octets (10K, 1M ...; default 0)"},
    {SECTION_OUTPUT, "raw-sizes", 0, NULL, collect_take_raw_sizes, false,
     "-o text: sizes as exporters counted them, not multiplied by their sampling rate"},
    {SECTION_OUTPUT, "no-dns", 'n', NULL, collect_take_no_dns, false,
     "-o text: show addresses only, ask no name server"},

    {SECTION_STORE, "commit", 0, "DURATION", collect_take_commit, true,
     "write what has come after so long at the latest (default 5s)"},
    {SECTION_STORE, "segment-size", 0, "SIZE", collect_take_segment_size, false,
     "or when so much has come, in memory: 64K to 1G (default 16M, with -r 160M)"},
    {SECTION_STORE, "effort", 0, "HOW", collect_take_effort, false,
     "light: write fast, merging makes it small; full: make it small at once (default light where\n"
     "files are merged meanwhile)"},
    {SECTION_STORE, "compression", 0, "HOW", collect_take_compression, false,
     "zstd, zstd:LEVEL (1 to 19), lz4 or none (default zstd:2)"},
    {SECTION_STORE, "fsync", 0, "WHEN", collect_take_fsync, false,
     "never; segment: a file is on the disk before it gets its name (default); always: and its\n"
     "name too"},
    {SECTION_STORE, "keep-days", 0, "N", collect_take_keep_days, true,
     "remove hours that ended more than N days ago; not with -r, as the two below"},
    {SECTION_STORE, "keep-bytes", 0, "SIZE", collect_take_keep_bytes, true,
     "remove the oldest files when there is more than this: 500M, 20G ..."},
    {SECTION_STORE, "no-merge", 0, NULL, collect_take_no_merge, true,
     "leave small files as they are; else few large ones are made of them meanwhile"},

    {SECTION_COLLECT, "state", 0, "DIR", collect_take_state, false,
     "keep templates there from one run to the next (default: /var/lib/weir for root, else\n"
     "~/.local/state/weir; none keeps nothing); not with -r"},
    {SECTION_COLLECT, "workers", 0, "N", collect_take_workers, false,
     "so many receive, decode and store side by side (1 to 64, default 1), each exporter always with\n"
     "the same one; with -r: threads that encode for a store"},
    {SECTION_COLLECT, "cpu", 0, "N", collect_take_cpu, false,
     "keep the thread that receives on this processor, counted from 0; repeated for further workers"},
    {SECTION_COLLECT, "journal", 0, "DIR", collect_take_journal, false,
     "what is received and not yet written lies there, and outlives a kill (default: /run/weir\n"
     "for root, else in $XDG_RUNTIME_DIR or /dev/shm: in memory; none); not with -r"},
    {SECTION_COLLECT, "journal-size", 0, "SIZE", collect_take_journal_size, false,
     "room for that: 2M to 8G (default 96M, less on a small machine)"},
    {SECTION_COLLECT, "metrics", 0, "[ADDRESS:]PORT", collect_take_metrics, false,
     "serve metrics to Prometheus over HTTP, at /metrics, and /healthz and /readyz; with the port\n"
     "alone to this machine only; not with -r"},
    {SECTION_COLLECT, "log", 0, "FORM", collect_take_log, false,
     "text (default), or json: each message on standard error is an object; not with -r"},
    {SECTION_COLLECT, "user", 0, "NAME", collect_take_user, false,
     "started by root: go on as this user when sockets are open; store, state and journal are his"},
    {SECTION_COLLECT, "no-sandbox", 0, NULL, collect_take_no_sandbox, false,
     "do not have the kernel refuse system calls that are not needed"},
    {SECTION_COLLECT, "debug", 'D', NULL, collect_take_debug, false,
     "tell of each datagram and template on standard error"},
    {SECTION_COLLECT, "config", 0, "FILE", NULL, false,
     "take from this file what is not given here; SIGHUP reads it again: weir.conf(5)"},
    {SECTION_COLLECT, "check", 0, NULL, NULL, false, "look whether all of it can be as it is set, and do nothing else"},
    {SECTION_COLLECT, "help", 'h', NULL, NULL, false, "show this help"},
};

const size_t collect_option_count = sizeof collect_option_table / sizeof collect_option_table[0];

static const struct {
    const char *name, *heading;
} sections[SECTIONS] = {
    [SECTION_INPUT] = {"Input", "Where datagrams come from:\n"},
    [SECTION_OUTPUT] = {"Output", "\nWhere flows go:\n"},
    [SECTION_STORE] = {"Store", "\nFor -o store:FOLDER:\n"},
    [SECTION_COLLECT] = {"Collect", "\nOtherwise:\n"},
};

size_t collect_option_named(const char *name)
{
    size_t i = 0;
    while (i < collect_option_count && strcmp(collect_option_table[i].name, name) != 0)
        i++;
    assert(i < collect_option_count);
    return i;
}

const char *collect_section_name(enum collect_section section)
{
    return sections[section].name;
}

bool collect_option_has_key(const struct collect_option *option)
{
    return option->take != NULL;
}

bool collect_option_key(const struct collect_option *option, char ret_key[COLLECT_KEY_SIZE])
{
    const bool negated = option->argument == NULL && strncmp(option->name, "no-", 3) == 0;
    size_t length = 0;
    bool begins = true;
    for (const char *from = option->name + (negated ? 3 : 0); *from != '\0'; from++) {
        assert(length + 1 < COLLECT_KEY_SIZE);
        if (*from != '-')
            ret_key[length++] = (char)(begins ? *from - 'a' + 'A' : *from);
        begins = *from == '-';
    }
    ret_key[length] = '\0';
    return negated;
}

const char *collect_option_given(const struct collect_option *option)
{
    char key[COLLECT_KEY_SIZE];
    return collect_option_key(option, key) ? "no" : "yes";
}

/* ------------------------------------------------------------------------------------------------------------- help */

static void print_option(const struct collect_option *option, FILE *out)
{
    const char *before = option->argument == NULL ? "" : " ";
    const char *argument = option->argument == NULL ? "" : option->argument;
    const int width = option->letter != 0
                          ? fprintf(out, "  -%c, --%s%s%s", option->letter, option->name, before, argument)
                          : fprintf(out, "      --%s%s%s", option->name, before, argument);
    int pad = HELP_COLUMN - width;
    if (pad < 2) {
        fputc('\n', out);
        pad = HELP_COLUMN;
    }
    for (const char *line = option->help, *end; line != NULL; line = *end == '\0' ? NULL : end + 1) {
        end = line + strcspn(line, "\n");
        if (*line == '\t') {
            line++;
            pad = HELP_COLUMN_TAB;
        }
        fprintf(out, "%*s%.*s\n", pad, "", (int)(end - line), line);
        pad = HELP_COLUMN;
    }
}

void collect_option_help(FILE *out)
{
    fputs("Usage: weir collect [OPTION]...\n"
          "Receive NetFlow and IPFIX from exporters, or read it from a file, and write the flows.\n"
          "\n",
          out);
    for (enum collect_section section = 0; section < SECTIONS; section++) {
        fputs(sections[section].heading, out);
        for (size_t i = 0; i < collect_option_count; i++) {
            if (collect_option_table[i].section == section)
                print_option(&collect_option_table[i], out);
        }
    }
    fputs("\n"
          "Ctrl-C or SIGTERM ends it; a summary of what came, and what was lost, follows on standard error.\n"
          "\n"
          "Examples:\n"
          "  weir collect -p 9000 -o text              see connections as they end\n"
          "  weir collect -p 9000 -o flows.json        keep them; 'weir analyze flows.json' shows them\n"
          "  weir collect -r exports.pcap -o text      from a capture of what an exporter sent\n",
          out);
}
