/* SPDX-License-Identifier: MIT */
/*
 * filter_told.h - names that exporters tell of their interfaces and applications, as values of terms
 *
 * A name stands for other numbers at each exporter. So a term with one becomes several: exporter in [...] and the
 * number.
 */
#ifndef WEIR_QUERY_FILTER_TOLD_H
#define WEIR_QUERY_FILTER_TOLD_H

#include "filter_parser.h"

/* Whether a word that is no value of this source may be such a name, and can be looked up. */
bool filter_told_is(const struct filter_parser *parser, const struct filter_source *source, const char *word,
                    size_t length);

/* Looks a name up, for the term that is being read. False with the error when there is none. */
bool filter_told_add(struct filter_parser *parser, const struct filter_source *source, const struct filter_token *token,
                     const char *word, size_t length);

/* The node of a term with names, whose other values the filter has already. FILTER_NONE with the error. */
uint32_t filter_told_finish(struct filter_parser *parser, const struct filter_term *term);

#endif
