/* SPDX-License-Identifier: MIT */
/*
 * filter_term.c - reads one term: a direction, a subject, a comparison, values
 *
 *     term    := [ side ] subject [ compare ] value | [ side ] subject [ "not" ] [ "in" ] "[" value { [ "," ] value }
 * "]"
 *              | "any" | "inet" | "inet6" | "sampled" | [ side ] address
 *     side    := "src" | "dst" | "in" | "out" | "any" | side ( "or" | "and" ) side
 *     compare := "=" | "==" | "!=" | "<" | ... | "eq" | "ne" | "lt" | "le" | "gt" | "ge"
 */
#include <stdlib.h>
#include <string.h>

#include "filter_address.h"
#include "filter_number.h"
#include "filter_parser.h"
#include "filter_subject.h"
#include "filter_told.h"
#include "filter_value.h"
#include "filter_words.h"

/* ------------------------------------------------------------------------------------------------------- sides */

static unsigned side_of(const struct filter_parser *parser, const struct filter_token *token)
{
    static const struct {
        const char *word;
        unsigned side;
    } words[] = {
        {"src", FILTER_SIDE_SRC}, {"source", FILTER_SIDE_SRC}, {"dst", FILTER_SIDE_DST}, {"dest", FILTER_SIDE_DST},
        {"destination", FILTER_SIDE_DST}, {"in", FILTER_SIDE_IN}, {"ingress", FILTER_SIDE_IN}, {"out", FILTER_SIDE_OUT},
        {"egress", FILTER_SIDE_OUT}, {"any", FILTER_SIDE_ANY},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (filter_token_is(parser->text, token, words[i].word))
            return words[i].side;
    }
    return 0;
}

/* Reads the words before a subject; *ret_all is set by "src and dst". */
static unsigned parse_sides(struct filter_parser *parser, bool *ret_all)
{
    unsigned sides = 0;
    *ret_all = false;
    for (unsigned side; (side = side_of(parser, &parser->token)) != 0;) {
        sides |= side;
        filter_parser_next(parser);
        const bool both = filter_parser_at(parser, "and");
        if (!both && !filter_parser_at(parser, "or"))
            continue;
        const struct filter_token behind = filter_parser_peek(parser);
        if (side_of(parser, &behind) == 0)
            break;
        *ret_all = both;
        filter_parser_next(parser);
    }
    return sides;
}

/* ------------------------------------------------------------------------------------------------------- subjects */

static void free_source(struct filter_source *source)
{
    free(source->owned);
    source->owned = NULL;
}

/* Gives the term one more source, which passes to the filter. */
static bool use(struct filter_parser *parser, struct filter_term *term, struct filter_source source)
{
    const uint32_t count = parser->filter->source_count;
    const uint32_t index = filter_add_source(parser->filter, &source);
    if (index == FILTER_NONE || index < count)
        free_source(&source);
    if (index == FILTER_NONE || index > UINT16_MAX) {
        filter_parser_memory(parser);
        return false;
    }
    term->sources[term->source_count++] = (uint16_t)index;
    return true;
}

static bool use_core(struct filter_parser *parser, struct filter_term *term, const char *name)
{
    return use(parser, term, *filter_source_core(name, strlen(name)));
}

/* The protocol's column is asked too, beside the term's own sources. */
static bool use_protocol(struct filter_parser *parser)
{
    struct filter_term beside = {0};
    return use_core(parser, &beside, "protocol");
}

static void offer_core(void *context, const char *name)
{
    filter_nearest_offer(context, name);
}

static uint32_t unknown_subject(struct filter_parser *parser, const struct filter_token *token)
{
    const char *word = parser->text + token->offset;
    size_t position = 0;
    uint64_t number;
    struct filter_nearest nearest;
    if (filter_name_number(FILTER_NAMES_PROTOCOLS, word, token->length, &position) >= 0)
        return filter_parser_fail(parser, token, "'%.*s' is a protocol; write 'proto %.*s'",
                                  FILTER_SHOWN(parser, token), FILTER_SHOWN(parser, token));
    if (filter_address_like(word, token->length))
        return filter_parser_fail(parser, token, "'%.*s' is an address; write 'ip %.*s', or src or dst before it",
                                  FILTER_SHOWN(parser, token), FILTER_SHOWN(parser, token));
    if (filter_number_unsigned(word, token->length, &number) == FILTER_NUMBER_OK)
        return filter_parser_fail(parser, token, "'%.*s' stands alone; for several values write a list, as in "
                                  "port in [80 443]", FILTER_SHOWN(parser, token));
    if (filter_subject_foreign(word, token->length))
        return filter_parser_fail(parser, token, "'%.*s' is a term of nfdump that has no counterpart here",
                                  FILTER_SHOWN(parser, token));
    const char *longer = filter_subject_beginning(word, token->length);
    if (longer != NULL)
        return filter_parser_fail(parser, token, "'%.*s' goes on, as in '%s'", FILTER_SHOWN(parser, token), longer);
    filter_nearest_init(&nearest, word, token->length);
    filter_subject_names(offer_core, &nearest);
    filter_source_names(offer_core, &nearest);
    if (nearest.best != NULL)
        return filter_parser_fail(parser, token, "'%.*s' is not known; did you mean '%s'?",
                                  FILTER_SHOWN(parser, token), nearest.best);
    return filter_parser_fail(parser, token, "'%.*s' is neither a term nor the name of a column or an element",
                              FILTER_SHOWN(parser, token));
}

/* What begins here is no term. */
static uint32_t no_term(struct filter_parser *parser)
{
    const struct filter_token *token = &parser->token;
    switch (token->kind) {
    case FILTER_TOKEN_END: return filter_parser_fail(parser, token, "the filter ends where a term is expected");
    case FILTER_TOKEN_UNENDED: return filter_parser_fail(parser, token, "this quote is not closed");
    case FILTER_TOKEN_STRING:
        return filter_parser_fail(parser, token,
                                  "a term begins with a word such as src, port or bytes, not with a quote");
    case FILTER_TOKEN_BAD:
        return filter_parser_fail(parser, token, "'%.*s' has no meaning here", FILTER_SHOWN(parser, token));
    default:
        return filter_parser_fail(parser, token, "a term is expected here, not '%.*s'", FILTER_SHOWN(parser, token));
    }
}

/* ----------------------------------------------------------------------------------------------------- comparison */

static const struct {
    enum filter_token_kind kind;
    const char *word;
    enum filter_compare compare;
} COMPARES[] = {
    {FILTER_TOKEN_EQ, "eq", FILTER_EQ}, {FILTER_TOKEN_NE, "ne", FILTER_NE}, {FILTER_TOKEN_LT, "lt", FILTER_LT},
    {FILTER_TOKEN_LE, "le", FILTER_LE}, {FILTER_TOKEN_GT, "gt", FILTER_GT}, {FILTER_TOKEN_GE, "ge", FILTER_GE},
};

/* Reads what stands between subject and value; *ret_told when something does. */
static enum filter_compare parse_compare(struct filter_parser *parser, bool *ret_told)
{
    for (size_t i = 0; i < sizeof COMPARES / sizeof COMPARES[0]; i++) {
        if (parser->token.kind == COMPARES[i].kind || filter_parser_at(parser, COMPARES[i].word)) {
            filter_parser_next(parser);
            *ret_told = true;
            return COMPARES[i].compare;
        }
    }
    const struct filter_token behind = filter_parser_peek(parser);
    if ((filter_parser_at(parser, "not") || parser->token.kind == FILTER_TOKEN_NOT) &&
        filter_token_is(parser->text, &behind, "in")) {
        filter_parser_next(parser);
        return FILTER_NE; /* `in` is read with the list */
    }
    return FILTER_EQ;
}

static bool has_order(enum filter_form form)
{
    switch (form) {
    case FILTER_FORM_ADDRESS:
    case FILTER_FORM_MAC:
    case FILTER_FORM_OCTETS:
    case FILTER_FORM_TEXT:
    case FILTER_FORM_BOOL:
    case FILTER_FORM_LIST:
    case FILTER_FORM_APPLICATION: return false;
    default: return true;
    }
}

/* --------------------------------------------------------------------------------------------------------- values */

/* What stands between quotes, where one that belongs to it is written twice. From malloc(). */
static char *unquote(const char *text, const struct filter_token *token, size_t *ret_length)
{
    char *plain = malloc(token->length);
    size_t length = 0;
    for (size_t i = 1; plain != NULL && i + 1 < token->length; i++) {
        plain[length++] = text[token->offset + i];
        if (text[token->offset + i] == text[token->offset])
            i++;
    }
    *ret_length = length;
    return plain;
}

static bool add_value(struct filter_parser *parser, const struct filter_term *term, const struct filter_token *token,
                      const char *word, size_t length)
{
    char message[FILTER_MESSAGE_SIZE];
    const struct filter_source source = parser->filter->sources[term->sources[0]];
    const bool added = filter_value_add(parser->filter, &source, (enum filter_form)term->form, word, length, message);
    if (!added && filter_told_is(parser, &source, word, length))
        return filter_told_add(parser, &source, token, word, length);
    if (!added)
        filter_parser_fail(parser, token, "%s", message);
    return added;
}

/* `net 10.0.0.0 255.0.0.0`: the mask as a word of its own. */
static bool parse_mask(struct filter_parser *parser, const struct filter_term *term, const struct filter_token *token)
{
    char joined[64];
    const struct filter_token mask = parser->token;
    if (token->length + 1 + mask.length > sizeof joined)
        return add_value(parser, term, token, parser->text + token->offset, token->length);
    memcpy(joined, parser->text + token->offset, token->length);
    joined[token->length] = '/';
    memcpy(joined + token->length + 1, parser->text + mask.offset, mask.length);
    filter_parser_next(parser);
    return add_value(parser, term, token, joined, token->length + 1 + mask.length);
}

static bool at_joining_word(const struct filter_parser *parser)
{
    return filter_parser_at(parser, "and") || filter_parser_at(parser, "or") || filter_parser_at(parser, "not");
}

/* Subjects whose name ends in "net" may have their mask as a word of its own. */
static bool may_have_mask(const char *subject)
{
    const size_t length = strlen(subject);
    return length >= 3 && strcmp(subject + length - 3, "net") == 0;
}

static bool parse_value(struct filter_parser *parser, const struct filter_term *term, const char *subject, bool list)
{
    const struct filter_token token = parser->token;
    if (token.kind == FILTER_TOKEN_STRING) {
        size_t length;
        char *plain = unquote(parser->text, &token, &length);
        filter_parser_next(parser);
        const bool added = plain != NULL && add_value(parser, term, &token, plain, length);
        if (plain == NULL)
            filter_parser_memory(parser);
        free(plain);
        return added;
    }
    if (token.kind == FILTER_TOKEN_UNENDED) {
        filter_parser_fail(parser, &token, "this quote is not closed");
        return false;
    }
    if (token.kind != FILTER_TOKEN_WORD || at_joining_word(parser)) {
        filter_parser_fail(parser, &token, list ? "this list of '%s' goes on here with a value, or ends with ']'"
                                                : "a value is expected behind '%s'", subject);
        return false;
    }
    filter_parser_next(parser);
    const char *word = parser->text + token.offset;
    if (!list && may_have_mask(subject) && memchr(word, '/', token.length) == NULL &&
        parser->token.kind == FILTER_TOKEN_WORD &&
        filter_address_like(parser->text + parser->token.offset, parser->token.length))
        return parse_mask(parser, term, &token);
    return add_value(parser, term, &token, word, token.length);
}

static bool parse_list(struct filter_parser *parser, const struct filter_term *term, const char *subject)
{
    filter_parser_next(parser);
    do {
        if (!parse_value(parser, term, subject, true))
            return false;
        if (parser->token.kind == FILTER_TOKEN_COMMA)
            filter_parser_next(parser);
    } while (parser->token.kind != FILTER_TOKEN_LIST_CLOSE);
    filter_parser_next(parser);
    return true;
}

/* Reads comparison and values of a term whose sources and form are known. */
static bool parse_question(struct filter_parser *parser, struct filter_term *term, const char *subject)
{
    bool told = false;
    const struct filter_token sign = parser->token;
    term->compare = (uint8_t)parse_compare(parser, &told);
    term->first_value = parser->filter->value_count;
    if (term->compare >= FILTER_LT && !has_order((enum filter_form)term->form)) {
        filter_parser_fail(parser, &sign, "'%s' has no order; compare with = or !=, or with a list", subject);
        return false;
    }
    const bool in = !told && filter_parser_take(parser, "in");
    if (in && parser->token.kind != FILTER_TOKEN_LIST_OPEN) {
        filter_parser_fail(parser, &parser->token, "behind 'in' a list is expected, as in port in [80 443]");
        return false;
    }
    const struct filter_token value = parser->token;
    const bool list = parser->token.kind == FILTER_TOKEN_LIST_OPEN;
    if (list && term->compare >= FILTER_LT) {
        filter_parser_fail(parser, &value, "a list can be compared with = and != only");
        return false;
    }
    if (list ? !parse_list(parser, term, subject) : !parse_value(parser, term, subject, false))
        return false;
    term->value_count = parser->filter->value_count - term->first_value;
    if (term->compare >= FILTER_LT && term->value_count > 1) {
        filter_parser_fail(parser, &value, "'%.*s' is several values, which have no order", FILTER_SHOWN(parser,
                                                                                                         &value));
        return false;
    }
    /* nfdump: letters alone are flags that must be set, whatever the others are; a number is the whole field */
    const size_t quote = value.kind == FILTER_TOKEN_STRING;
    if (term->protocols == FILTER_PROTOCOLS_TCP && !told && !list && term->compare == FILTER_EQ &&
        filter_flags_mask(parser->text + value.offset + quote, value.length - 2 * quote) >= 0)
        term->kind = FILTER_TERM_FLAGS_ALL;
    return true;
}

/* ---------------------------------------------------------------------------------------------------------- terms */

uint32_t filter_parser_term(struct filter_parser *parser, const struct filter_term *term)
{
    struct filter *filter = parser->filter;
    if (!filter_reserve((void **)&filter->terms, &filter->term_room, filter->term_count, sizeof *term))
        return filter_parser_memory(parser);
    filter->terms[filter->term_count] = *term;
    return filter_parser_node(parser, FILTER_NODE_TERM, filter->term_count++);
}

static uint32_t finish(struct filter_parser *parser, const struct filter_term *term)
{
    return parser->told_count > 0 ? filter_told_finish(parser, term) : filter_parser_term(parser, term);
}

/* Terms that are a word alone. */
static uint32_t parse_word_alone(struct filter_parser *parser, const struct filter_subject *subject)
{
    struct filter_term term = {.kind = subject->kind, .compare = subject->compare, .form = FILTER_FORM_NUMBER,
                               .value_count = 1, .first_value = parser->filter->value_count};
    char message[FILTER_MESSAGE_SIZE];
    const struct filter_token token = parser->token;
    filter_parser_next(parser);
    if (!use_core(parser, &term, subject->sources[0]))
        return FILTER_NONE;
    if (!filter_value_add(parser->filter, filter_source_core(subject->sources[0], strlen(subject->sources[0])),
                          FILTER_FORM_NUMBER, subject->word_value, strlen(subject->word_value), message))
        return filter_parser_fail(parser, &token, "%s", message);
    return finish(parser, &term);
}

static uint32_t parse_subject(struct filter_parser *parser, const struct filter_subject *subject,
                              const struct filter_token *side, unsigned sides, bool all, bool negated)
{
    struct filter_term term = {.kind = subject->kind, .form = subject->form, .protocols = subject->protocols,
                               .factor = subject->factor, .all = all, .flows = subject->flows};
    const char *names[FILTER_SIDES];
    unsigned count = 0;
    if ((sides & ~subject->sides) != 0)
        return filter_parser_fail(parser, side, "'%.*s' does not go with '%s'", FILTER_SHOWN(parser, side),
                                  subject->name);
    count = filter_subject_sources(subject, sides, all, names);
    for (unsigned i = 0; i < count; i++) {
        if (!use_core(parser, &term, names[i]))
            return FILTER_NONE;
    }
    if (subject->protocols != FILTER_PROTOCOLS_ALL && !use_protocol(parser))
        return FILTER_NONE;
    if (!parse_question(parser, &term, subject->name))
        return FILTER_NONE;
    if (negated && term.kind == FILTER_TERM_FLAGS_ALL)
        term.kind = FILTER_TERM_FLAGS_ANY; /* nfdump: `not flags FR` is neither of them */
    return finish(parser, &term);
}

/* A column by its name. */
static uint32_t parse_column(struct filter_parser *parser, const struct filter_token *side, unsigned sides)
{
    const struct filter_token token = parser->token;
    const char *word = parser->text + token.offset;
    const struct filter_source *core = filter_source_core(word, token.length);
    struct filter_source source;
    char name[FILTER_NAME_MAX + 1];
    if (core != NULL)
        source = *core;
    else if (!filter_source_find(word, token.length, parser->options, &source))
        return unknown_subject(parser, &token);
    if (sides != 0) {
        filter_parser_fail(parser, side, "'%.*s' does not go with '%s'", FILTER_SHOWN(parser, side), source.name);
        free_source(&source);
        return FILTER_NONE;
    }
    const bool application = source.form == FILTER_FORM_APPLICATION;
    struct filter_term term = {.kind = application ? FILTER_TERM_APPLICATION : FILTER_TERM_VALUE,
                               .form = source.form, .flows = source.core == WEIR_CORE_FLOWS};
    memcpy(name, source.name, strlen(source.name) + 1); /* at most FILTER_NAME_MAX */
    if (!use(parser, &term, source))
        return FILTER_NONE;
    filter_parser_next(parser);
    return parse_question(parser, &term, name) ? finish(parser, &term) : FILTER_NONE;
}

uint32_t filter_term_parse(struct filter_parser *parser, bool negated)
{
    const struct filter_token side = parser->token;
    bool all;
    if (parser->filter->term_count >= FILTER_TERMS_MAX)
        return filter_parser_fail(parser, &side, "the filter has more than %u terms; use a list", FILTER_TERMS_MAX);
    const unsigned sides = parse_sides(parser, &all);
    if (sides == FILTER_SIDE_ANY && (parser->token.kind != FILTER_TOKEN_WORD || at_joining_word(parser))) {
        const struct filter_term any = {.kind = FILTER_TERM_ANY};
        return finish(parser, &any);
    }
    const bool is_compared = parser->token.kind == FILTER_TOKEN_EQ || parser->token.kind == FILTER_TOKEN_NE;
    if (sides != 0 && is_compared) /* SQL's `src = 10.0.0.1` */
        return parse_subject(parser, filter_subject_find(parser, "ip"), &side, sides, all, negated);
    if (parser->token.kind != FILTER_TOKEN_WORD)
        return no_term(parser);
    const char *word = parser->text + parser->token.offset;
    if (at_joining_word(parser))
        return filter_parser_fail(parser, &parser->token, "a term is expected here, not '%.*s'",
                                  FILTER_SHOWN(parser, &parser->token));
    if (sides != 0 && filter_address_like(word, parser->token.length)) /* tcpdump's `src 10.0.0.1` */
        return parse_subject(parser, filter_subject_find(parser, "ip"), &side, sides, all, negated);
    const struct filter_subject *subject = filter_subject_find(parser, NULL);
    if (subject == NULL)
        return parse_column(parser, &side, sides);
    if (subject->word_value != NULL && sides == 0)
        return parse_word_alone(parser, subject);
    if (subject->word_value == NULL)
        filter_subject_skip(parser, subject);
    return parse_subject(parser, subject, &side, sides, all, negated);
}
