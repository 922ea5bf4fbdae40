/* SPDX-License-Identifier: MIT */
/* test_collect_config.c - each option has a key and each key an option; what a file sets, and what goes before what */
#define _GNU_SOURCE
#include "collect_config.h"
#include "exit_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char told[8192];

static void tell(void *context, const char *text)
{
    (void)context;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s\n", text);
}

static int read_text(struct collect_config *config, const char *text)
{
    FILE *stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(stream);
    config->path = "f";
    told[0] = '\0';
    const int result = collect_config_read_stream(config, stream, tell, NULL);
    fclose(stream);
    return result;
}

static char *words_kept[40];
static int words_count;

static int free_words(void **state)
{
    (void)state;
    while (words_count > 0)
        free(words_kept[--words_count]);
    return 0;
}

/* Options from a command line, with a file of this text where it has --config. */
static int parse(struct collect_options *ret_options, const char *text, const char *line)
{
    char path[] = "/tmp/weir-config-XXXXXX", copy[400];
    char *words[40] = {strdup("collect")};
    int count = 1;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
        words[count++] = strdup(strcmp(word, "@") == 0 ? path : word);
    const int code = collect_options_parse(count, words, ret_options);
    unlink(path);
    if (code >= 0) {
        for (int i = 0; i < count; i++)
            free(words[i]);
    } else { /* the options' texts are these words */
        words_count = count;
        memcpy(words_kept, words, sizeof words);
    }
    return code;
}

static void options_and_keys_are_the_same(void **state)
{
    (void)state;
    unsigned keyless = 0;
    for (size_t i = 0; i < collect_option_count; i++) {
        const struct collect_option *option = &collect_option_table[i];
        char key[COLLECT_KEY_SIZE], other[COLLECT_KEY_SIZE], text[100];
        collect_option_key(option, key);
        for (size_t k = 0; k < i; k++) {
            collect_option_key(&collect_option_table[k], other);
            assert_string_not_equal(key, other);
            assert_string_not_equal(option->name, collect_option_table[k].name);
            assert_true(option->letter == 0 || option->letter != collect_option_table[k].letter);
        }
        if (!collect_option_has_key(option)) {
            keyless++;
            continue;
        }
        struct collect_config config = {0};
        snprintf(text, sizeof text, "[%s]\n%s=\n", collect_section_name(option->section), key);
        assert_int_equal(read_text(&config, text), 0); /* so the key is known */
        collect_config_done(&config);
    }
    assert_int_equal(keyless, 3); /* config, check, help */
}

/* One by one, so that none takes what is another's. */
static void each_key_does_what_its_option_does(void **state)
{
    static const char *const values[][2] = {
        {"port", "9995"}, {"host", "192.0.2.1"}, {"device", "lo"}, {"rcvbuf", "1M"}, {"busy-poll", "50"}, {"read", "x"},
        {"allow", "10.0.0.0/8"}, {"count", "5"}, {"elements", "e"}, {"template-lifetime", "1h"},
        {"sampling-rate", "10"}, {"output", "null"},
        {"json-lines", "yes"}, {"rotate", "5m"}, {"min-size", "1K"}, {"raw-sizes", "on"}, {"no-dns", "no"},
        {"commit", "1s"}, {"segment-size", "1M"}, {"compression", "lz4"}, {"effort", "full"}, {"fsync", "always"},
        {"keep-days", "3"},
        {"keep-bytes", "1G"}, {"no-merge", "off"}, {"state", "s"}, {"workers", "2"}, {"cpu", "1"}, {"journal", "j"},
        {"journal-size", "4M"}, {"metrics", "9105"}, {"log", "json"}, {"user", "nobody"}, {"no-sandbox", "no"},
        {"debug", "true"}};
    (void)state;
    assert_int_equal(sizeof values / sizeof values[0], collect_option_count - 3);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        const size_t index = collect_option_named(values[i][0]);
        const struct collect_option *option = &collect_option_table[index];
        char key[COLLECT_KEY_SIZE], text[100];
        struct collect_config config = {0};
        struct collect_settings command = {0}, none = {0};
        collect_option_key(option, key);
        snprintf(text, sizeof text, "[%s]\n%s=%s\n", collect_section_name(option->section), key, values[i][1]);
        assert_int_equal(read_text(&config, text), 0);
        assert_int_equal(config.file.count, 1);
        const char *given = option->argument == NULL
                            ? collect_option_given(option) : texts_keep(&config.texts, values[i][1]);
        assert_int_equal(collect_settings_add(&command, index, given, 0), 0);
        assert_true(collect_settings_same(&config.file, &command, index));
        assert_false(collect_settings_same(&config.file, &none, index));
        collect_settings_done(&command);
        collect_config_done(&config);
    }
}

static void same_is_what_is_meant_not_what_is_written(void **state)
{
    struct collect_config one = {0}, other = {0};
    (void)state;
    assert_int_equal(read_text(&one, "[Store]\nCommit=60\nCompression=zstd:2\n[Output]\nOutput=null\n"), 0);
    other.texts = one.texts;
    assert_int_equal(read_text(&other, "[Store]\nCommit=1m\n[Output]\nOutput=text\n"), 0);
    assert_true(collect_settings_same(&one.file, &other.file, collect_option_named("commit")));
    assert_true(collect_settings_same(&one.file, &other.file, collect_option_named("compression"))); /* the default */
    assert_false(collect_settings_same(&one.file, &other.file, collect_option_named("output")));
    one.texts.first = NULL;
    collect_config_done(&one);
    collect_config_done(&other);
}

static void repeated_keys(void **state)
{
    struct collect_config config = {0};
    struct collect_options options;
    (void)state;
    assert_int_equal(read_text(&config, "[Input]\nPort=1\nPort=2\n  3\nRcvbuf=1M\nRcvbuf=2M\nHost=a\nHost=\nHost=b\n"
                                        "Count=5\nCount=\n"), 0);
    collect_settings_defaults(&options);
    collect_settings_apply(&config.file, &options);
    assert_int_equal(options.port_count, 3);
    assert_int_equal(options.ports[2], 3);
    assert_int_equal(options.buffer_bytes, 2 << 20);
    assert_int_equal(options.host_count, 1);
    assert_string_equal(options.hosts[0], "b");
    assert_int_equal(options.datagram_count_max, 0);
    collect_config_done(&config);
}

static void the_command_line_goes_first(void **state)
{
    struct collect_options options;
    (void)state;
    assert_int_equal(parse(&options,
                           "[Input]\nPort=1\nPort=2\nHost=h\n[Store]\nCommit=9s\nMerge=yes\n[Output]\nDns=no\n",
                           "-p 7 --config @ --no-merge --check"), -1);
    assert_int_equal(options.port_count, 1);
    assert_int_equal(options.ports[0], 7);
    assert_string_equal(options.hosts[0], "h");
    assert_int_equal(options.store.commit_us, 9000000);
    assert_false(options.store.merge);
    assert_false(options.names);
    assert_true(options.check);
    collect_options_done(&options);
}

static void what_cannot_be_is_told_and_changes_nothing(void **state)
{
    struct collect_config config = {0};
    struct collect_options options;
    (void)state;
    assert_int_equal(read_text(&config, "[Input]\nPort=1\n"), 0);
    assert_int_equal(read_text(&config,
                               "Port=3\n[Input]\nPort=2\nProt=7\nbusy-poll=3\ndebug=1\nPort=99999\n[Inptu]\nA=3\nB=3\n"
                                        "[Store]\nMerge=maybe\nPort=4\n[Input]\nRcvbuf=1M\n  2M\n"), 9);
    assert_string_equal(told, "f:1: Port stands before the first section; its place is in [Input]\n"
                              "f:4: there is no key Prot; the nearest is Port in [Input]\n"
                              "f:5: there is no key busy-poll; the nearest is BusyPoll in [Input]\n"
                              "f:6: there is no key debug; the nearest is Debug in [Collect]\n"
                              "f:7: Port is not a port between 0 and 65535: 99999\n"
                              "f:9: there is no section [Inptu]; the nearest is [Input]\n"
                              "f:12: Merge is neither yes nor no: maybe\n"
                              "f:13: Port is no key of [Store]; its place is in [Input]\n"
                              "f:16: Rcvbuf has one value, and this line, which is indented, would be one more: 2M\n");
    collect_settings_defaults(&options);
    collect_settings_apply(&config.file, &options);
    assert_int_equal(options.port_count, 1);
    assert_int_equal(options.ports[0], 1);
    collect_config_done(&config);
}

static void too_much_is_told(void **state)
{
    struct collect_config config = {0};
    static char text[200000];
    size_t length = (size_t)sprintf(text, "[Input]\n");
    (void)state;
    for (int i = 0; i < 70; i++)
        length += (size_t)sprintf(text + length, "Port=%d\n", i + 1);
    assert_int_equal(read_text(&config, text), 6);
    assert_non_null(strstr(told, "f:66: Port is more than 64 ports, from 65\n"));
    length = (size_t)sprintf(text, "[Input]\n");
    for (int i = 0; i < COLLECT_SETTINGS_MAX + 1000; i++)
        length += (size_t)sprintf(text + length, "Port=1\n");
    assert_int_equal(read_text(&config, text), 1000);
    assert_non_null(strstr(told, "f:5002: there are more than 5000 settings\n"));
    assert_non_null(strstr(told, "and more that is wrong behind it\n"));
    collect_config_done(&config);
}

static void exit_codes(void **state)
{
    struct collect_options options;
    (void)state;
    assert_int_equal(parse(&options, "[Input]\nPort=x\n", "--config @"), EXIT_USAGE);
    assert_int_equal(parse(&options, "", "--config /nowhere/weir.conf"), EXIT_FAILURE);
    assert_int_equal(parse(&options, "", "--config /"), EXIT_FAILURE);
    assert_int_equal(parse(&options, "", "--config @ --config @"), EXIT_USAGE);
    assert_int_equal(parse(&options, "[Input]\nRead=x\n", "--config @ --state none"), EXIT_USAGE);
    assert_int_equal(parse(&options, "[Input]\nPort=x\n", "--bogus"), EXIT_USAGE);
}

/* A fresh line of the example, as it stands behind the #, is the default. */
static void the_example_tells_the_defaults(void **state)
{
    static char text[20000];
    struct collect_config config = {0};
    struct collect_settings none = {0};
    size_t length = 0;
    char line[400];
    FILE *file = fopen(WEIR_CONF, "r");
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        const bool off = line[0] == '#' && line[1] >= 'A' && line[1] <= 'Z' && strchr(line, '=') != NULL;
        length += (size_t)snprintf(text + length, sizeof text - length, "%s", line + off);
    }
    fclose(file);
    assert_int_equal(read_text(&config, text), 0);
    for (size_t i = 0; i < collect_option_count; i++) {
        const struct collect_option *option = &collect_option_table[i];
        char key[COLLECT_KEY_SIZE + 2] = "\n";
        if (!collect_option_has_key(option))
            continue;
        collect_option_key(option, key + 1);
        strcat(key, "=");
        if (strstr(text, key) == NULL)
            fail_msg("the example lacks %s", key + 1);
        const bool other = strcmp(option->name, "output") == 0 || strcmp(option->name, "port") == 0;
        /* 0 stands for what the machine allows */
        const bool usual = strcmp(option->name, "rcvbuf") == 0 || strcmp(option->name, "segment-size") == 0 ||
                           strcmp(option->name, "journal-size") == 0;
        if (!other && !usual && !collect_settings_same(&config.file, &none, i))
            fail_msg("the example has another default of %s", key + 1);
    }
    collect_config_done(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_keys_are_the_same), cmocka_unit_test(each_key_does_what_its_option_does),
        cmocka_unit_test(same_is_what_is_meant_not_what_is_written), cmocka_unit_test(repeated_keys),
        cmocka_unit_test_teardown(the_command_line_goes_first, free_words),
        cmocka_unit_test(what_cannot_be_is_told_and_changes_nothing),
        cmocka_unit_test(too_much_is_told), cmocka_unit_test(exit_codes),
        cmocka_unit_test(the_example_tells_the_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
