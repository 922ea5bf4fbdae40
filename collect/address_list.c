/* SPDX-License-Identifier: MIT */
/*
 * address_list.c - networks, and whether an address is in one of them
 *
 * Networks that lie in each other or side by side are joined. What is left are spans in ascending order, apart for each
 * family, of which the last one that does not begin behind the address is the only one that can have it. It is searched for
 * without a branch: which way it goes is as good as random, and half of the jumps would be foretold wrong.
 */
#define _GNU_SOURCE
#include "address_list.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

struct span {
    wide first, last; /* both are in it */
};

struct address_list {
    _Atomic unsigned holders;
    uint32_t *first4, *last4;
    wide *first6, *last6;
    size_t count4, count6;
};

/* ------------------------------------------------------------------------------------------------------- parsing */

static wide wide_of(const uint8_t *octets, size_t count)
{
    wide number = 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | octets[i];
    return number;
}

/* Up to three digits and nothing else; -1 for what is no number up to `most`. */
static int parse_length(const char *text, int most)
{
    int number = 0;
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return -1;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    return number <= most ? number : -1;
}

/* What is wrong with it, or NULL. */
static const char *parse(const char *entry, struct span *ret_span, bool *ret_four)
{
    char host[INET6_ADDRSTRLEN];
    uint8_t octets[16];
    const size_t host_length = strcspn(entry, "/");
    if (host_length == 0 || host_length >= sizeof host)
        return "no address";
    memcpy(host, entry, host_length);
    host[host_length] = '\0';
    bool four = inet_pton(AF_INET, host, octets) == 1;
    if (!four && inet_pton(AF_INET6, host, octets) != 1)
        return "no address";
    int bits = four ? 32 : 128;
    int length = bits;
    if (entry[host_length] == '/' && (length = parse_length(entry + host_length + 1, bits)) < 0)
        return four ? "a length of 0 to 32 belongs behind /" : "a length of 0 to 128 belongs behind /";
    wide first = wide_of(octets, (size_t)bits / 8);
    if (!four && length >= 96 && first >> 32 == 0xffff) {
        four = true;
        bits = 32;
        length -= 96;
        first &= UINT32_MAX;
    }
    const wide most = ~(wide)0 >> (128 - bits);
    const wide behind = length == bits ? 0 : most >> length;
    if ((first & behind) != 0)
        return "there are bits behind the length of the network";
    *ret_span = (struct span){first, first | behind};
    *ret_four = four;
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const struct span *left = a, *right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

/* Returns how many are left. */
static size_t join(struct span *spans, size_t count)
{
    size_t left = 0;
    qsort(spans, count, sizeof *spans, compare);
    for (size_t i = 0; i < count; i++) {
        const bool touches = left > 0 && (spans[i].first == 0 || spans[i].first - 1 <= spans[left - 1].last);
        if (!touches)
            spans[left++] = spans[i];
        else if (spans[i].last > spans[left - 1].last)
            spans[left - 1].last = spans[i].last;
    }
    return left;
}

/* ------------------------------------------------------------------------------------------------------- the list */

static int fill(struct address_list *list, struct span *four, struct span *six)
{
    list->count4 = join(four, list->count4);
    list->count6 = join(six, list->count6);
    list->first4 = calloc(list->count4 + 1, sizeof *list->first4);
    list->last4 = calloc(list->count4 + 1, sizeof *list->last4);
    list->first6 = calloc(list->count6 + 1, sizeof *list->first6);
    list->last6 = calloc(list->count6 + 1, sizeof *list->last6);
    if (list->first4 == NULL || list->last4 == NULL || list->first6 == NULL || list->last6 == NULL)
        return -1;
    for (size_t i = 0; i < list->count4; i++) {
        list->first4[i] = (uint32_t)four[i].first;
        list->last4[i] = (uint32_t)four[i].last;
    }
    for (size_t i = 0; i < list->count6; i++) {
        list->first6[i] = six[i].first;
        list->last6[i] = six[i].last;
    }
    return 0;
}

static int parse_all(struct address_list *list, const char *const *entries, size_t count, struct span *four,
                     struct span *six, struct sink_error *error)
{
    for (size_t i = 0; i < count; i++) {
        struct span span;
        bool is_four;
        const char *fault = parse(entries[i], &span, &is_four);
        if (fault != NULL) {
            snprintf(error->text, sizeof error->text, "'%.60s' is no network such as 192.0.2.0/24 or 2001:db8::/32: %s",
                     entries[i], fault);
            return -1;
        }
        if (is_four)
            four[list->count4++] = span;
        else
            six[list->count6++] = span;
    }
    return 0;
}

static void free_list(struct address_list *list)
{
    if (list == NULL)
        return;
    free(list->first4);
    free(list->last4);
    free(list->first6);
    free(list->last6);
    free(list);
}

struct address_list *address_list_create(const char *const *entries, size_t count, struct sink_error *error)
{
    if (count > ADDRESS_LIST_MAX) {
        snprintf(error->text, sizeof error->text, "more than %d networks", ADDRESS_LIST_MAX);
        return NULL;
    }
    struct address_list *list = calloc(1, sizeof *list);
    struct span *spans = calloc(2 * count + 1, sizeof *spans);
    int result = -1;
    if (list == NULL || spans == NULL)
        snprintf(error->text, sizeof error->text, "not enough memory for a list of networks");
    else if (parse_all(list, entries, count, spans, spans + count, error) == 0) {
        result = fill(list, spans, spans + count);
        if (result != 0)
            snprintf(error->text, sizeof error->text, "not enough memory for a list of networks");
    }
    free(spans);
    if (result == 0)
        return address_list_hold(list);
    free_list(list);
    return NULL;
}

struct address_list *address_list_hold(struct address_list *list)
{
    atomic_fetch_add_explicit(&list->holders, 1, memory_order_relaxed);
    return list;
}

void address_list_free(struct address_list *list)
{
    if (list != NULL && atomic_fetch_sub(&list->holders, 1) == 1)
        free_list(list);
}

static bool has4(const struct address_list *list, uint32_t address)
{
    const uint32_t *base = list->first4;
    if (list->count4 == 0 || address < base[0])
        return false;
    for (size_t count = list->count4; count > 1; count -= count / 2)
        base = base[count / 2] <= address ? base + count / 2 : base;
    return address <= list->last4[base - list->first4];
}

static bool has6(const struct address_list *list, wide address)
{
    const wide *base = list->first6;
    if (list->count6 == 0 || address < base[0])
        return false;
    for (size_t count = list->count6; count > 1; count -= count / 2)
        base = base[count / 2] <= address ? base + count / 2 : base;
    return address <= list->last6[base - list->first6];
}

bool address_list_has(const struct address_list *list, const struct weir_address *address)
{
    uint64_t halves[2];
    uint32_t four;
    switch (address->family) {
    case 4:
        memcpy(&four, address->octets, sizeof four);
        return has4(list, ntohl(four));
    case 6:
        memcpy(halves, address->octets, sizeof halves);
        return has6(list, (wide)be64toh(halves[0]) << 64 | be64toh(halves[1]));
    default:
        return false;
    }
}
