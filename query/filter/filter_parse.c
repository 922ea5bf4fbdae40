/* SPDX-License-Identifier: MIT */
/*
 * filter_parse.c - from a text to a filter: how terms are joined
 *
 *     filter := [ either ]
 *     either := both { ( "or" | "||" ) both }
 *     both   := not { ( "and" | "&&" ) not }
 *     not    := ( "not" | "!" ) not | "(" either ")" | term
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_parser.h"
#include "filter_value.h"

static uint32_t parse_either(struct filter_parser *parser);

void filter_parser_next(struct filter_parser *parser)
{
    parser->end = parser->token.offset + parser->token.length;
    parser->token = filter_lexer_next(&parser->lexer);
}

struct filter_token filter_parser_peek(const struct filter_parser *parser)
{
    struct filter_lexer copy = parser->lexer;
    return filter_lexer_next(&copy);
}

bool filter_parser_take(struct filter_parser *parser, const char *word)
{
    if (!filter_parser_at(parser, word))
        return false;
    filter_parser_next(parser);
    return true;
}

uint32_t filter_parser_fail(struct filter_parser *parser, const struct filter_token *token, const char *format, ...)
{
    char message[FILTER_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    const bool end = token->kind == FILTER_TOKEN_END;
    parser->error->offset = end ? parser->end : token->offset;
    parser->error->length = end ? 0 : token->length;
    filter_complain(parser->error->message, "%s", message);
    return FILTER_NONE;
}

uint32_t filter_parser_memory(struct filter_parser *parser)
{
    return filter_parser_fail(parser, &parser->token, "out of memory");
}

uint32_t filter_parser_node(struct filter_parser *parser, enum filter_node_kind kind, uint32_t first)
{
    struct filter *filter = parser->filter;
    if (!filter_reserve((void **)&filter->nodes, &filter->node_room, filter->node_count, sizeof *filter->nodes))
        return filter_parser_memory(parser);
    filter->nodes[filter->node_count] = (struct filter_node){(uint8_t)kind, first, FILTER_NONE};
    return filter->node_count++;
}

static bool at_not(const struct filter_parser *parser)
{
    return parser->token.kind == FILTER_TOKEN_NOT || filter_parser_at(parser, "not");
}

static bool at_and(const struct filter_parser *parser)
{
    return parser->token.kind == FILTER_TOKEN_AND || filter_parser_at(parser, "and");
}

static bool at_or(const struct filter_parser *parser)
{
    return parser->token.kind == FILTER_TOKEN_OR || filter_parser_at(parser, "or");
}

/* What stands where neither a term goes on nor one begins. */
static uint32_t unexpected(struct filter_parser *parser, const struct filter_token *open)
{
    const struct filter_token *token = &parser->token;
    switch (token->kind) {
    case FILTER_TOKEN_END: return filter_parser_fail(parser, open, "this '(' is not closed");
    case FILTER_TOKEN_CLOSE: return filter_parser_fail(parser, token, "this ')' closes nothing");
    case FILTER_TOKEN_UNENDED: return filter_parser_fail(parser, token, "this quote is not closed");
    case FILTER_TOKEN_BAD:
        return filter_parser_fail(parser, token, "'%.*s' has no meaning here%s", FILTER_SHOWN(parser, token),
                                  parser->text[token->offset] == '&'   ? "; write && or and"
                                  : parser->text[token->offset] == '|' ? "; write || or or"
                                                                       : "");
    default: break;
    }
    if (token->kind == FILTER_TOKEN_WORD && parser->text[token->offset] >= '0' && parser->text[token->offset] <= '9')
        return filter_parser_fail(parser, token, "'%.*s' follows a whole term; for several values write a list, as in "
                                  "port in [80 443]", FILTER_SHOWN(parser, token));
    return filter_parser_fail(parser, token, "'%.*s' follows a whole term; write 'and' or 'or' before it",
                              FILTER_SHOWN(parser, token));
}

static uint32_t parse_group(struct filter_parser *parser)
{
    const struct filter_token open = parser->token;
    filter_parser_next(parser);
    const uint32_t node = parse_either(parser);
    if (node == FILTER_NONE)
        return FILTER_NONE;
    if (parser->token.kind != FILTER_TOKEN_CLOSE)
        return unexpected(parser, &open);
    filter_parser_next(parser);
    return node;
}

static uint32_t parse_not(struct filter_parser *parser, bool negated)
{
    if (parser->depth >= FILTER_DEPTH_MAX)
        return filter_parser_fail(parser, &parser->token, "parentheses and 'not' are more than %u deep",
                                  FILTER_DEPTH_MAX);
    parser->depth++;
    uint32_t node;
    if (at_not(parser)) {
        filter_parser_next(parser);
        node = parse_not(parser, true);
        if (node != FILTER_NONE)
            node = filter_parser_node(parser, FILTER_NODE_NOT, node);
    } else if (parser->token.kind == FILTER_TOKEN_OPEN) {
        node = parse_group(parser);
    } else {
        node = filter_term_parse(parser, negated);
    }
    parser->depth--;
    return node;
}

/* Terms joined by one of the two words, whose operands `parse_operand` reads. */
static uint32_t parse_joined(struct filter_parser *parser, enum filter_node_kind kind,
                             uint32_t (*parse_operand)(struct filter_parser *parser),
                             bool (*at_word)(const struct filter_parser *parser))
{
    const uint32_t first = parse_operand(parser);
    if (first == FILTER_NONE || !at_word(parser))
        return first;
    const uint32_t node = filter_parser_node(parser, kind, first);
    for (uint32_t last = first; node != FILTER_NONE && at_word(parser);) {
        filter_parser_next(parser);
        const uint32_t operand = parse_operand(parser);
        if (operand == FILTER_NONE)
            return FILTER_NONE;
        parser->filter->nodes[last].next = operand;
        last = operand;
    }
    return node;
}

static uint32_t parse_operand(struct filter_parser *parser)
{
    return parse_not(parser, false);
}

static uint32_t parse_both(struct filter_parser *parser)
{
    return parse_joined(parser, FILTER_NODE_AND, parse_operand, at_and);
}

static uint32_t parse_either(struct filter_parser *parser)
{
    return parse_joined(parser, FILTER_NODE_OR, parse_both, at_or);
}

static uint32_t parse_text(struct filter_parser *parser, size_t size_bytes)
{
    if (size_bytes > FILTER_TEXT_MAX) {
        const struct filter_token start = {FILTER_TOKEN_BAD, 0, 0};
        return filter_parser_fail(parser, &start, "the filter is longer than %u octets", FILTER_TEXT_MAX);
    }
    filter_parser_next(parser);
    parser->end = 0;
    if (parser->token.kind == FILTER_TOKEN_END)
        return 0;
    const uint32_t node = parse_either(parser);
    if (node == FILTER_NONE)
        return FILTER_NONE;
    if (parser->token.kind != FILTER_TOKEN_END)
        return unexpected(parser, &parser->token);
    parser->filter->root = node;
    return 0;
}

struct filter *filter_parse(const char *text, size_t size_bytes, const struct filter_options *options,
                            struct filter_error *ret_error)
{
    struct filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL) {
        *ret_error = (struct filter_error){.message = "out of memory"};
        return NULL;
    }
    filter->root = FILTER_NONE;
    struct filter_parser parser = {.text = text, .lexer = {text, size_bytes, 0}, .filter = filter, .options = options,
                                   .error = ret_error};
    const bool failed = parse_text(&parser, size_bytes) == FILTER_NONE;
    free(parser.told);
    if (failed) {
        filter_free(filter);
        return NULL;
    }
    return filter;
}
