/* SPDX-License-Identifier: MIT */
/*
 * collect_settings.c - what was set, in the order in which it was
 */
#include "collect_settings.h"

#include <stdlib.h>
#include <string.h>

void collect_settings_done(struct collect_settings *settings)
{
    free(settings->list);
    *settings = (struct collect_settings){0};
}

int collect_settings_add(struct collect_settings *settings, size_t option, const char *value, unsigned line)
{
    if (settings->count == COLLECT_SETTINGS_MAX)
        return -1;
    if (settings->count == settings->room) {
        const size_t room = settings->room == 0 ? 32 : 2 * settings->room;
        struct collect_setting *list = realloc(settings->list, room * sizeof *list);
        if (list == NULL)
            return -1;
        settings->list = list;
        settings->room = room;
    }
    settings->list[settings->count++] = (struct collect_setting){option, value, line};
    return 0;
}

void collect_settings_drop(struct collect_settings *settings, size_t option)
{
    size_t kept = 0;
    for (size_t i = 0; i < settings->count; i++) {
        if (settings->list[i].option != option)
            settings->list[kept++] = settings->list[i];
    }
    settings->count = kept;
}

bool collect_settings_have(const struct collect_settings *settings, size_t option)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (settings->list[i].option == option)
            return true;
    }
    return false;
}

int collect_settings_join(struct collect_settings *settings, const struct collect_settings *more,
                          bool (*want)(const void *context, size_t option), const void *context)
{
    for (size_t i = 0; i < more->count; i++) {
        const struct collect_setting *setting = &more->list[i];
        if (want(context, setting->option) &&
            collect_settings_add(settings, setting->option, setting->value, setting->line) != 0)
            return -1;
    }
    return 0;
}

void collect_settings_defaults(struct collect_options *ret_options)
{
    memset(ret_options, 0, sizeof *ret_options);
    ret_options->names = true;
    ret_options->sandbox = true;
    store_writer_options_init(&ret_options->store, NULL);
    weir_options_init(&ret_options->decoder);
}

void collect_settings_apply(const struct collect_settings *settings, struct collect_options *options)
{
    for (size_t i = 0; i < settings->count; i++)
        collect_option_table[settings->list[i].option].take(options, settings->list[i].value);
}

static void apply_one(const struct collect_settings *settings, size_t option, struct collect_options *options)
{
    for (size_t i = 0; i < settings->count; i++) {
        if (settings->list[i].option == option)
            collect_option_table[option].take(options, settings->list[i].value);
    }
}

/* Both begin as copies of the same octets, padding too, so that what differs then is what an option has written. */
bool collect_settings_same(const struct collect_settings *one, const struct collect_settings *other, size_t option)
{
    struct collect_options *options = malloc(3 * sizeof *options);
    if (options == NULL)
        return true;
    collect_settings_defaults(&options[0]);
    memcpy(&options[1], &options[0], sizeof *options);
    memcpy(&options[2], &options[0], sizeof *options);
    apply_one(one, option, &options[1]);
    apply_one(other, option, &options[2]);
    const bool same = memcmp(&options[1], &options[2], sizeof *options) == 0;
    free(options);
    return same;
}

/* ------------------------------------------------------------------------------------------------------------ texts */

struct text {
    struct text *next;
    char text[];
};

const char *texts_keep(struct texts *texts, const char *text)
{
    for (const struct text *kept = texts->first; kept != NULL; kept = kept->next) {
        if (strcmp(kept->text, text) == 0)
            return kept->text;
    }
    const size_t size = strlen(text) + 1;
    struct text *kept = malloc(sizeof *kept + size);
    if (kept == NULL)
        return NULL;
    memcpy(kept->text, text, size);
    kept->next = texts->first;
    texts->first = kept;
    return kept->text;
}

void texts_done(struct texts *texts)
{
    for (struct text *kept = texts->first, *next; kept != NULL; kept = next) {
        next = kept->next;
        free(kept);
    }
    texts->first = NULL;
}
