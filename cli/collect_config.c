/* SPDX-License-Identifier: MIT */
/*
 * collect_config.c - from the keys of a file to settings, with a word for each that cannot be
 */
#define _GNU_SOURCE
#include "collect_config.h"

#include "config_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

enum { WORD_MAX = 63, FAULTS_MAX = 100 };

struct reading {
    struct collect_config *config;
    struct collect_settings settings;
    struct collect_options scratch; /* takes each value, to see whether it can be */
    void (*tell)(void *context, const char *text);
    void *context;
    int fault_count;
    char section[64]; /* that was told to be none */
};

__attribute__((format(printf, 3, 4))) static void fault(struct reading *reading, unsigned line, const char *format, ...)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "%.400s:%u: ", reading->config->path, line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    va_end(arguments);
    if (reading->fault_count < FAULTS_MAX)
        reading->tell(reading->context, text);
    reading->fault_count++;
}

/* ------------------------------------------------------------------------------------------------- the nearest word */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters have to be put in, taken out or changed; capitals count a little. In halves. */
static unsigned distance(const char *one, const char *other)
{
    unsigned row[WORD_MAX + 1];
    const size_t width = strnlen(other, WORD_MAX);
    for (size_t k = 0; k <= width; k++)
        row[k] = (unsigned)(2 * k);
    for (size_t i = 0; i < WORD_MAX && one[i] != '\0'; i++) {
        unsigned before = row[0];
        row[0] = (unsigned)(2 * (i + 1));
        for (size_t k = 0; k < width; k++) {
            const unsigned above = row[k + 1];
            const bool alike = tolower((unsigned char)one[i]) == tolower((unsigned char)other[k]);
            const unsigned change = one[i] == other[k] ? 0 : alike ? 1 : 2;
            row[k + 1] = least(before + change, least(above, row[k]) + 2);
            before = above;
        }
    }
    return row[width];
}

static const struct collect_option *nearest(const char *word)
{
    const struct collect_option *best = NULL;
    unsigned best_distance = UINT32_MAX;
    for (size_t i = 0; i < collect_option_count; i++) {
        const struct collect_option *option = &collect_option_table[i];
        char key[COLLECT_KEY_SIZE];
        if (!collect_option_has_key(option))
            continue;
        collect_option_key(option, key);
        const unsigned to_key = least(distance(word, key), distance(word, option->name) + 1);
        if (to_key < best_distance) {
            best = option;
            best_distance = to_key;
        }
    }
    return best;
}

static const char *nearest_section(const char *word)
{
    enum collect_section best = SECTION_INPUT;
    for (enum collect_section section = 0; section < SECTIONS; section++) {
        if (distance(word, collect_section_name(section)) < distance(word, collect_section_name(best)))
            best = section;
    }
    return collect_section_name(best);
}

/* ------------------------------------------------------------------------------------------------------------- keys */

static bool is_section(const char *name)
{
    bool is = false;
    for (enum collect_section section = 0; section < SECTIONS; section++)
        is |= strcmp(collect_section_name(section), name) == 0;
    return is;
}

static const struct collect_option *find(const char *section, const char *key)
{
    for (size_t i = 0; i < collect_option_count; i++) {
        const struct collect_option *option = &collect_option_table[i];
        char its[COLLECT_KEY_SIZE];
        if (!collect_option_has_key(option))
            continue;
        collect_option_key(option, its);
        if (strcmp(its, key) == 0 && (section == NULL || strcmp(collect_section_name(option->section), section) == 0))
            return option;
    }
    return NULL;
}

static void tell_unknown(struct reading *reading, const char *section, const char *key, unsigned line)
{
    const struct collect_option *elsewhere = find(NULL, key), *near = nearest(key);
    char near_key[COLLECT_KEY_SIZE];
    collect_option_key(near, near_key);
    if (elsewhere != NULL && section[0] == '\0')
        fault(reading, line, "%s stands before the first section; its place is in [%s]", key,
              collect_section_name(elsewhere->section));
    else if (elsewhere != NULL)
        fault(reading, line, "%s is no key of [%s]; its place is in [%s]", key, section,
              collect_section_name(elsewhere->section));
    else
        fault(reading, line, "there is no key %.60s; the nearest is %s in [%s]", key, near_key,
              collect_section_name(near->section));
}

/* "yes" or "no", or NULL. */
static const char *switch_of(const char *value)
{
    static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};
    static const char *const answers[2] = {"no", "yes"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (int k = 0; k < 2; k++) {
            if (strcasecmp(value, words[i][k]) == 0)
                return answers[k];
        }
    }
    return NULL;
}

static bool may_repeat(const struct collect_option *option)
{
    static const char *const names[] = {"port", "host", "allow", "output", "cpu"};
    bool may = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        may |= strcmp(option->name, names[i]) == 0;
    return may;
}

/* An empty value takes back what stood before. */
static void take_back(struct reading *reading, size_t option)
{
    collect_settings_drop(&reading->settings, option);
    collect_settings_defaults(&reading->scratch);
    collect_settings_apply(&reading->settings, &reading->scratch);
}

static void take(struct reading *reading, const struct collect_option *option, const char *key, const char *value,
                 unsigned line)
{
    const size_t index = (size_t)(option - collect_option_table);
    const char *kept = option->argument == NULL ? switch_of(value) : texts_keep(&reading->config->texts, value);
    if (kept == NULL && option->argument == NULL) {
        fault(reading, line, "%s is neither yes nor no: %s", key, value);
        return;
    }
    if (!may_repeat(option) && collect_settings_have(&reading->settings, index))
        take_back(reading, index); /* the last one is what it is */
    const char *why = kept == NULL ? "not enough memory for " : option->take(&reading->scratch, kept);
    if (why != NULL)
        fault(reading, line, "%s is %s%s", key, why, value);
    else if (collect_settings_add(&reading->settings, index, kept, line) != 0)
        fault(reading, line, "there are more than %d settings", COLLECT_SETTINGS_MAX);
}

static void on_key(void *context, const char *section, const char *key, const char *value, bool more, unsigned line)
{
    struct reading *reading = context;
    const struct collect_option *option = find(section, key);
    if (option == NULL && section[0] != '\0' && !is_section(section)) {
        if (strncmp(reading->section, section, sizeof reading->section - 1) != 0)
            fault(reading, line, "there is no section [%s]; the nearest is [%s]", section, nearest_section(section));
        snprintf(reading->section, sizeof reading->section, "%s", section);
    } else if (option == NULL && !more) {
        tell_unknown(reading, section, key, line);
    } else if (option != NULL && more && !may_repeat(option)) {
        fault(reading, line, "%s has one value, and this line, which is indented, would be one more: %s", key, value);
    } else if (option != NULL && value[0] == '\0') {
        take_back(reading, (size_t)(option - collect_option_table));
    } else if (option != NULL) {
        take(reading, option, key, value, line);
    }
}

static void on_fault(void *context, unsigned line, const char *text)
{
    fault(context, line, "%s", text);
}

/* ------------------------------------------------------------------------------------------------------------ files */

void collect_config_done(struct collect_config *config)
{
    collect_settings_done(&config->command);
    collect_settings_done(&config->file);
    texts_done(&config->texts);
}

static void tell_unreadable(const struct collect_config *config, void (*tell)(void *context, const char *text),
                            void *context)
{
    char text[600];
    snprintf(text, sizeof text, "cannot read %.400s: %s", config->path, strerror(errno));
    tell(context, text);
}

int collect_config_read_stream(struct collect_config *config, FILE *stream,
                               void (*tell)(void *context, const char *text), void *context)
{
    struct reading reading = {.config = config, .tell = tell, .context = context};
    const struct config_reader reader = {.key = on_key, .fault = on_fault, .context = &reading};
    collect_settings_defaults(&reading.scratch);
    int result = config_file_read(stream, &reader);
    if (result != 0)
        tell_unreadable(config, tell, context);
    else
        result = reading.fault_count;
    if (reading.fault_count > FAULTS_MAX)
        tell(context, "and more that is wrong behind it");
    if (result == 0) {
        collect_settings_done(&config->file);
        config->file = reading.settings;
    } else {
        collect_settings_done(&reading.settings);
    }
    return result;
}

int collect_config_read(struct collect_config *config, void (*tell)(void *context, const char *text), void *context)
{
    struct stat status;
    FILE *stream = fopen(config->path, "re");
    if (stream != NULL && fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        fclose(stream);
        stream = NULL;
        errno = EISDIR;
    }
    if (stream == NULL) {
        tell_unreadable(config, tell, context);
        return -1;
    }
    const int result = collect_config_read_stream(config, stream, tell, context);
    fclose(stream);
    return result;
}

static bool always(const void *context, size_t option)
{
    (void)context;
    (void)option;
    return true;
}

static bool is_not_commanded(const void *context, size_t option)
{
    return !collect_settings_have(context, option);
}

int collect_config_join(const struct collect_config *config, struct collect_settings *settings)
{
    return collect_settings_join(settings, &config->file, is_not_commanded, &config->command) == 0 &&
                   collect_settings_join(settings, &config->command, always, NULL) == 0
               ? 0
               : -1;
}
