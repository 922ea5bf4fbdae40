/* SPDX-License-Identifier: MIT */
/*
 * collect_options.c - reads the command line of weir collect, and the file that it names
 */
#define _GNU_SOURCE
#include "collect_options.h"

#include "collect_config.h"
#include "command_line.h"
#include "exit_code.h"
#include "output_kind.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS_FROM = 256, LONG_MAX_COUNT = 96 };

static int usage_error(const char *text, const char *what)
{
    return command_line_error("collect", text, what);
}

static int short_of_memory(void)
{
    fputs("weir collect: not enough memory for the command line\n", stderr);
    return EXIT_FAILURE;
}

static void tell(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "weir collect: %s\n", text);
}

/* What getopt_long() wants, of the table. Each option's number is NUMBERS_FROM and its place there. */
struct words {
    struct option longs[LONG_MAX_COUNT];
    char shorts[2 * LONG_MAX_COUNT + 2];
};

static void make_words(struct words *words)
{
    size_t length = 0;
    assert(collect_option_count + 2 <= LONG_MAX_COUNT);
    *words = (struct words){0};
    words->shorts[length++] = ':';
    for (size_t i = 0; i < collect_option_count; i++) {
        const struct collect_option *option = &collect_option_table[i];
        words->longs[i] = (struct option){
            option->name, option->argument == NULL ? no_argument : required_argument, NULL, (int)(NUMBERS_FROM + i)};
        if (option->letter == 0)
            continue;
        words->shorts[length++] = option->letter;
        if (option->argument != NULL)
            words->shorts[length++] = ':';
    }
    /* as it was called once */
    words->longs[collect_option_count] =
        (struct option){"file", required_argument, NULL, (int)(NUMBERS_FROM + collect_option_named("output"))};
}

static size_t option_of(int number)
{
    size_t i = 0;
    if (number >= NUMBERS_FROM)
        return (size_t)(number - NUMBERS_FROM);
    while (collect_option_table[i].letter != number)
        i++;
    return i;
}

struct arguments {
    struct collect_config *config;
    struct collect_options *scratch; /* takes each value, to see whether it can be */
};

static int take(void *context, int number, const char *value)
{
    const struct arguments *arguments = context;
    struct collect_config *config = arguments->config;
    const size_t index = option_of(number);
    const struct collect_option *option = &collect_option_table[index];
    if (strcmp(option->name, "help") == 0) {
        collect_option_help(stdout);
        return EXIT_SUCCESS;
    }
    if (strcmp(option->name, "check") == 0) {
        arguments->scratch->check = true;
        return -1;
    }
    if (strcmp(option->name, "config") == 0) {
        if (config->path != NULL)
            return usage_error("one file can be --config, and this is a second one: ", value);
        config->path = value;
        return -1;
    }
    const char *given = value != NULL ? value : collect_option_given(option);
    const char *why = option->take(arguments->scratch, given);
    if (why != NULL)
        return usage_error(why, given);
    if (collect_settings_add(&config->command, index, given, 0) != 0)
        return usage_error("too many options, from --", option->name);
    return -1;
}

static int read_command_line(int argc, char **argv, struct collect_config *config, struct collect_options *scratch)
{
    struct words words;
    make_words(&words);
    const struct command_line line = {"collect", words.shorts, words.longs, take};
    struct arguments arguments = {config, scratch};
    const int code = command_line_take(&line, argc, argv, &arguments);
    if (code >= 0)
        return code;
    return optind < argc ? usage_error("takes options only, and this is none: ", argv[optind]) : -1;
}

const char *collect_options_conflict(const struct collect_options *options)
{
    const bool reads = options->file != NULL;
    if (reads && options->state != NULL)
        return "--state is for receiving, and -r reads a file";
    if (!reads && options->store.workers > 1 && options->datagram_count_max > 0)
        return "--count is for one worker, and --workers asks for more";
    if (reads && options->journal != NULL)
        return "--journal is for receiving, and -r reads a file";
    if (reads && options->cpu_count > 0)
        return "--cpu is for receiving, and -r reads a file";
    if (options->cpu_count > options->store.workers)
        return "--cpu is there more often than there are --workers";
    if (reads && options->host_count > 0)
        return "-b is for receiving, and -r reads a file";
    if (reads && (options->device != NULL || options->buffer_bytes > 0 || options->busy_poll_us > 0))
        return "--device, --rcvbuf and --busy-poll are for receiving, and -r reads a file";
    if (reads && (options->metrics != NULL || options->log != LOG_TEXT))
        return "--metrics and --log are for receiving, and -r reads a file";
    if (reads && (options->allowed_count > 0 || options->user != NULL || !options->sandbox))
        return "--allow, --user and --no-sandbox are for receiving, and -r reads a file";
    if (reads && (options->store.keep_days > 0 || options->store.keep_bytes > 0))
        return "--keep-days and --keep-bytes are for receiving, and -r reads a file";
    return NULL;
}

static bool has_output(const struct collect_options *options, enum output_kind kind)
{
    const char *path;
    for (size_t i = 0; i < options->output_count; i++) {
        if (output_kind_of(options->outputs[i], &path) == kind)
            return true;
    }
    return options->output_count == 0 && kind == OUTPUT_JSON;
}

/* Such as no output heeds. */
static void tell_needless(const struct collect_settings *settings, const struct collect_options *options)
{
    const bool stores = has_output(options, OUTPUT_STORE), has_json = has_output(options, OUTPUT_JSON);
    for (size_t i = 0; i < collect_option_count; i++) {
        const struct collect_option *option = &collect_option_table[i];
        const bool for_json = strcmp(option->name, "rotate") == 0;
        if (!collect_settings_have(settings, i))
            continue;
        if ((for_json && !has_json) || (option->section == SECTION_STORE && !stores))
            fprintf(stderr, "Note: --%s has no effect: no output is %s\n", option->name,
                    for_json ? "a file of JSON" : "a store");
    }
}

static int join(const struct collect_config *config, struct collect_options *options)
{
    struct collect_settings settings = {0};
    const int result = collect_config_join(config, &settings);
    collect_settings_defaults(options);
    if (result == 0) {
        collect_settings_apply(&settings, options);
        tell_needless(&settings, options);
    }
    collect_settings_done(&settings);
    return result == 0 ? -1 : short_of_memory();
}

static int parse(int argc, char **argv, struct collect_options *options)
{
    struct collect_config *config = options->config;
    struct collect_options scratch;
    collect_settings_defaults(&scratch);
    int code = read_command_line(argc, argv, config, &scratch);
    if (code >= 0)
        return code;
    if (config->path != NULL && (code = collect_config_read(config, tell, NULL)) != 0)
        return code < 0 ? EXIT_FAILURE : EXIT_USAGE;
    code = join(config, options);
    options->config = config;
    options->check = scratch.check;
    const char *conflict = code >= 0 ? NULL : collect_options_conflict(options);
    return conflict == NULL ? code : usage_error(conflict, "");
}

int collect_options_parse(int argc, char **argv, struct collect_options *ret_options)
{
    struct collect_options options = {.config = calloc(1, sizeof *options.config)};
    if (options.config == NULL)
        return short_of_memory();
    struct collect_config *config = options.config;
    const int code = parse(argc, argv, &options);
    if (code < 0) {
        *ret_options = options;
        return code;
    }
    options.config = config;
    collect_options_done(&options);
    return code;
}

void collect_options_done(struct collect_options *options)
{
    if (options->config != NULL)
        collect_config_done(options->config);
    free(options->config);
    options->config = NULL;
}
