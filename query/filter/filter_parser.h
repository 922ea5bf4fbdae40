/* SPDX-License-Identifier: MIT */
/*
 * filter_parser.h - what the parser's two halves share: filter_parse.c joins terms, filter_term.c reads one
 */
#ifndef WEIR_QUERY_FILTER_PARSER_H
#define WEIR_QUERY_FILTER_PARSER_H

#include "filter_ast.h"
#include "filter_lexer.h"

struct filter_parser {
    const char *text;
    struct filter_lexer lexer;
    struct filter_token token; /* the one to be looked at */
    size_t end;                /* of the token before it */
    unsigned depth;
    struct filter *filter;
    const struct filter_options *options;
    struct filter_error *error;
    struct filter_told *told; /* what names of the term that is being read stand for */
    uint32_t told_count, told_room;
};

/* Goes on to the next token. */
void filter_parser_next(struct filter_parser *parser);

/* The token behind the one to be looked at. */
struct filter_token filter_parser_peek(const struct filter_parser *parser);

static inline bool filter_parser_at(const struct filter_parser *parser, const char *word)
{
    return filter_token_is(parser->text, &parser->token, word);
}

/* Goes on when the token is this word. */
bool filter_parser_take(struct filter_parser *parser, const char *word);

/* Fills in the error, for a token (or the place behind the last one, at the text's end). Returns FILTER_NONE. */
uint32_t filter_parser_fail(struct filter_parser *parser, const struct filter_token *token, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
uint32_t filter_parser_memory(struct filter_parser *parser);

/* A new node; FILTER_NONE with the error when memory is short. */
uint32_t filter_parser_node(struct filter_parser *parser, enum filter_node_kind kind, uint32_t first);

/* The node of a new term. FILTER_NONE with the error when memory is short. */
uint32_t filter_parser_term(struct filter_parser *parser, const struct filter_term *term);

/* Reads a term and returns its node, or FILTER_NONE. `negated`: a `not` stands right before it. */
uint32_t filter_term_parse(struct filter_parser *parser, bool negated);

/* The precision and text of a token for "%.*s". */
#define FILTER_SHOWN(parser, token) \
    ((int)((token)->length < 60 ? (token)->length : 60)), (parser)->text + (token)->offset

#endif
