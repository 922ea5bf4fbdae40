/* SPDX-License-Identifier: MIT */
/*
 * collect_settings.h - what was set, in the order in which it was: options of the table with their values as text
 *
 * Values stay the caller's. Where the same text is always at the same address (see texts_keep()), two lists can be
 * compared.
 */
#ifndef WEIR_CLI_COLLECT_SETTINGS_H
#define WEIR_CLI_COLLECT_SETTINGS_H

#include "collect_option_table.h"

enum { COLLECT_SETTINGS_MAX = 5000 };

struct collect_setting {
    size_t option; /* in collect_option_table */
    const char *value;
    unsigned line; /* of a file */
};

struct collect_settings {
    struct collect_setting *list;
    size_t count, room;
};

void collect_settings_done(struct collect_settings *settings);

/* -1 when there are too many, or memory is short. */
int collect_settings_add(struct collect_settings *settings, size_t option, const char *value, unsigned line);

/* Takes back all of an option. */
void collect_settings_drop(struct collect_settings *settings, size_t option);

bool collect_settings_have(const struct collect_settings *settings, size_t option);

/* Adds those of `more` for which `want` says yes. -1 as above. */
int collect_settings_join(struct collect_settings *settings, const struct collect_settings *more,
                          bool (*want)(const void *context, size_t option), const void *context);

/* What is set when nothing is. */
void collect_settings_defaults(struct collect_options *ret_options);

/* Puts the values into options; each is one that its option takes. */
void collect_settings_apply(const struct collect_settings *settings, struct collect_options *options);

/* Whether an option is the same by both, whatever it is that is written. */
bool collect_settings_same(const struct collect_settings *one, const struct collect_settings *other, size_t option);

/* Texts that stay as long as the list does: the same text is kept once. */
struct texts {
    struct text *first;
};

/* NULL when memory is short. */
const char *texts_keep(struct texts *texts, const char *text);
void texts_done(struct texts *texts);

#endif
