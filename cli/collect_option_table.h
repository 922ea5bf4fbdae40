/* SPDX-License-Identifier: MIT */
/*
 * collect_option_table.h - all that can be set of weir collect, once: for the command line, for files, for help
 *
 * An option has a key in files, which is its long name written together with capitals, in the section that its group in
 * the help text is: --keep-days N is KeepDays=N in [Store]. Of an option that takes nothing the key takes yes or no,
 * and --no-merge is Merge=no.
 */
#ifndef WEIR_CLI_COLLECT_OPTION_TABLE_H
#define WEIR_CLI_COLLECT_OPTION_TABLE_H

#include "collect_options.h"

#include <stdio.h>

enum collect_section { SECTION_INPUT, SECTION_OUTPUT, SECTION_STORE, SECTION_COLLECT, SECTIONS };

struct collect_option {
    enum collect_section section;
    const char *name;     /* behind -- */
    char letter;          /* or '\0' */
    const char *argument; /* as help calls it; NULL: takes none */
    /* Takes a value; of an option without one "yes" or "no". NULL, or what is wrong with it: the begin of a sentence
     * that the value ends. NULL for those that only the command line has. */
    const char *(*take)(struct collect_options *options, const char *value);
    bool reloads;     /* a new value acts at SIGHUP */
    const char *help; /* lines; one that begins with a tab stands further left */
};

enum { COLLECT_KEY_SIZE = 32 };

extern const struct collect_option collect_option_table[];
extern const size_t collect_option_count;

/* Where it is in the table. Its name is there. */
size_t collect_option_named(const char *name);

const char *collect_section_name(enum collect_section section);

/* Whether a file can have it. */
bool collect_option_has_key(const struct collect_option *option);

/* Its key, without "no-"; whether that was there. */
bool collect_option_key(const struct collect_option *option, char ret_key[COLLECT_KEY_SIZE]);

/* What an option without an argument sets its key to. */
const char *collect_option_given(const struct collect_option *option);

void collect_option_help(FILE *out);

#endif
