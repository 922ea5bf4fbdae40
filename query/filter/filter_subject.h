/* SPDX-License-Identifier: MIT */
/*
 * filter_subject.h - the words that terms are about, as nfdump has them, and the columns that they mean
 */
#ifndef WEIR_QUERY_FILTER_SUBJECT_H
#define WEIR_QUERY_FILTER_SUBJECT_H

#include "filter_parser.h"

/* The words before a subject. */
enum filter_side {
    FILTER_SIDE_SRC = 1,
    FILTER_SIDE_DST = 2,
    FILTER_SIDE_IN = 4,
    FILTER_SIDE_OUT = 8,
    FILTER_SIDE_ANY = 16
};

struct filter_subject {
    const char *name;  /* one word or more, with a space between */
    const char *sources[FILTER_SIDES]; /* of src (in) and dst (out); of MACs first those of in, then those of out */
    uint8_t kind;      /* enum filter_term_kind */
    uint8_t form;      /* enum filter_form */
    uint8_t sides;     /* those that it may have */
    bool first;        /* without a side the first source alone is meant, not any */
    bool fixed;        /* all sources belong to the term, whatever the side: computed ones */
    uint8_t protocols; /* enum filter_protocols */
    uint8_t factor;    /* as in struct filter_term */
    bool flows;        /* the same */
    uint8_t compare;   /* with word_value, for subjects that are terms by themselves; else NULL */
    const char *word_value;
};

/* The subject whose words the parser is at, or that has this name when one is given. NULL when there is none. */
const struct filter_subject *filter_subject_find(const struct filter_parser *parser, const char *name);

/* Goes on behind the subject's words. */
void filter_subject_skip(struct filter_parser *parser, const struct filter_subject *subject);

/* The names of the sources that a term with these sides asks; how many. */
unsigned filter_subject_sources(const struct filter_subject *subject, unsigned sides, bool all,
                                const char *ret_names[FILTER_SIDES]);

/* The last subject of which a word is the first of several, "nat event" for "nat"; NULL when it is of none. */
const char *filter_subject_beginning(const char *word, size_t length);

/* Whether it is a word of nfdump's that means nothing here. */
bool filter_subject_foreign(const char *word, size_t length);

/* Calls `each` for every first word of a subject, and for the words that join and precede terms. */
void filter_subject_names(void (*each)(void *context, const char *name), void *context);

#endif
