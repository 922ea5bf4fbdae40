/* SPDX-License-Identifier: MIT */
/*
 * filter_lexer.c - cuts a filter into words and signs
 */
#include "filter_lexer.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._:/-+%*", c) != NULL);
}

static void skip_blank(struct filter_lexer *lexer)
{
    while (lexer->at < lexer->size_bytes) {
        if (lexer->text[lexer->at] == '#') {
            while (lexer->at < lexer->size_bytes && lexer->text[lexer->at] != '\n')
                lexer->at++;
        } else if (is_space(lexer->text[lexer->at])) {
            lexer->at++;
        } else {
            return;
        }
    }
}

static struct filter_token read_string(struct filter_lexer *lexer)
{
    struct filter_token token = {FILTER_TOKEN_STRING, lexer->at, 0};
    const char quote = lexer->text[lexer->at++];
    while (lexer->at < lexer->size_bytes) {
        if (lexer->text[lexer->at++] != quote)
            continue;
        if (lexer->at == lexer->size_bytes || lexer->text[lexer->at] != quote) {
            token.length = lexer->at - token.offset;
            return token;
        }
        lexer->at++; /* twice: one that belongs to the string */
    }
    token.kind = FILTER_TOKEN_UNENDED;
    token.length = 1;
    return token;
}

/* Signs, the longer ones first. */
static const struct {
    char sign[3];
    enum filter_token_kind kind;
} SIGNS[] = {
    {"&&", FILTER_TOKEN_AND}, {"||", FILTER_TOKEN_OR},   {"==", FILTER_TOKEN_EQ},        {"!=", FILTER_TOKEN_NE},
    {"<>", FILTER_TOKEN_NE},  {"<=", FILTER_TOKEN_LE},   {">=", FILTER_TOKEN_GE},        {"=", FILTER_TOKEN_EQ},
    {"<", FILTER_TOKEN_LT},   {">", FILTER_TOKEN_GT},    {"!", FILTER_TOKEN_NOT},        {"(", FILTER_TOKEN_OPEN},
    {")", FILTER_TOKEN_CLOSE}, {"[", FILTER_TOKEN_LIST_OPEN}, {"]", FILTER_TOKEN_LIST_CLOSE}, {",", FILTER_TOKEN_COMMA},
};

struct filter_token filter_lexer_next(struct filter_lexer *lexer)
{
    skip_blank(lexer);
    const size_t left = lexer->size_bytes - lexer->at;
    const char *at = lexer->text + lexer->at;
    struct filter_token token = {FILTER_TOKEN_END, lexer->at, 0};
    if (left == 0)
        return token;
    if (*at == '\'' || *at == '"')
        return read_string(lexer);
    if (is_word(*at)) {
        token.kind = FILTER_TOKEN_WORD;
        while (token.length < left && is_word(at[token.length]))
            token.length++;
        lexer->at += token.length;
        return token;
    }
    token.kind = FILTER_TOKEN_BAD;
    token.length = 1;
    for (size_t i = 0; i < sizeof SIGNS / sizeof SIGNS[0]; i++) {
        const size_t length = strlen(SIGNS[i].sign);
        if (length <= left && memcmp(at, SIGNS[i].sign, length) == 0) {
            token.kind = SIGNS[i].kind;
            token.length = length;
            break;
        }
    }
    lexer->at += token.length;
    return token;
}

bool filter_token_is(const char *text, const struct filter_token *token, const char *word)
{
    return token->kind == FILTER_TOKEN_WORD && strlen(word) == token->length &&
           strncasecmp(text + token->offset, word, token->length) == 0;
}
