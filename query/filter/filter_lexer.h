/* SPDX-License-Identifier: MIT */
/*
 * filter_lexer.h - the words and signs of a filter
 *
 * Words are runs of letters, digits and . : / _ - + % *; text between quotes is a string, in which a quote is written
 * twice; what stands behind # is a comment, to the end of the line.
 */
#ifndef WEIR_QUERY_FILTER_LEXER_H
#define WEIR_QUERY_FILTER_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum filter_token_kind {
    FILTER_TOKEN_END,
    FILTER_TOKEN_WORD,
    FILTER_TOKEN_STRING, /* offset and length with the quotes */
    FILTER_TOKEN_OPEN,
    FILTER_TOKEN_CLOSE,
    FILTER_TOKEN_LIST_OPEN,
    FILTER_TOKEN_LIST_CLOSE,
    FILTER_TOKEN_COMMA,
    FILTER_TOKEN_NOT, /* ! */
    FILTER_TOKEN_AND, /* && */
    FILTER_TOKEN_OR,  /* || */
    FILTER_TOKEN_EQ,  /* = == */
    FILTER_TOKEN_NE,  /* != <> */
    FILTER_TOKEN_LT,
    FILTER_TOKEN_LE,
    FILTER_TOKEN_GT,
    FILTER_TOKEN_GE,
    FILTER_TOKEN_UNENDED, /* a string without its closing quote */
    FILTER_TOKEN_BAD      /* an octet that nothing begins with */
};

struct filter_token {
    enum filter_token_kind kind;
    size_t offset;
    size_t length;
};

struct filter_lexer {
    const char *text;
    size_t size_bytes;
    size_t at;
};

struct filter_token filter_lexer_next(struct filter_lexer *lexer);

/* Whether a token is this word, whatever its case. */
bool filter_token_is(const char *text, const struct filter_token *token, const char *word);

#endif
