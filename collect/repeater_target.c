/* SPDX-License-Identifier: MIT */
/*
 * repeater_target.c - where and how datagrams are sent on
 */
#define _GNU_SOURCE
#include "repeater_target.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOST_BYTES = 256 };

static int usage_fault(bool *ret_usage, struct sink_error *error, const char *text, const char *why)
{
    *ret_usage = true;
    snprintf(error->text, sizeof error->text,
             "-o udp:%s: %s; it is udp:HOST:PORT, an IPv6 address in brackets, and behind it may stand ,source=keep, "
             "own or "
             "auto, and ,sample=N",
             text, why);
    return -1;
}

/* A number from 1 to `max`, of digits alone. 0 when it is none. */
static uint32_t parse_number(const char *text, size_t length, uint32_t max)
{
    uint32_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || number > max)
            return 0;
        number = number * 10 + (uint32_t)(text[i] - '0');
    }
    return number > max ? 0 : number;
}

static bool word_is(const char *word, size_t length, const char *what)
{
    return length == strlen(what) && memcmp(word, what, length) == 0;
}

/* What stands behind the port. NULL, or what is wrong with it. */
static const char *parse_words(const char *words, struct repeater_target *target)
{
    while (*words != '\0') {
        const char *word = words + 1; /* behind the comma */
        const size_t length = strcspn(word, ",");
        words = word + length;
        if (word_is(word, length, "source=auto"))
            target->source = REPEATER_SOURCE_AUTO;
        else if (word_is(word, length, "source=keep"))
            target->source = REPEATER_SOURCE_KEEP;
        else if (word_is(word, length, "source=own"))
            target->source = REPEATER_SOURCE_OWN;
        else if (length > 7 && memcmp(word, "sample=", 7) == 0)
            target->sample = parse_number(word + 7, length - 7, REPEATER_SAMPLE_MAX);
        else
            return "what follows the port is not known";
        if (target->sample == 0)
            return "sample= takes a number from 1 to 1000000";
    }
    return NULL;
}

/* Host and port, of which the lengths tell where they end. NULL, or what is wrong. */
static const char *parse_place(const char *text, size_t length, char host[HOST_BYTES], char port[6])
{
    const char *begin = text, *end = memrchr(text, ':', length), *host_end = end;
    if (end == NULL)
        return "it names no port";
    const size_t port_length = length - (size_t)(end + 1 - text);
    if (port_length > 5 || parse_number(end + 1, port_length, 65535) == 0)
        return "its port is no number from 1 to 65535";
    if (*text == '[') {
        if (host_end == text || host_end[-1] != ']')
            return "a bracket is not closed before the port";
        begin++;
        host_end--;
    } else if (memchr(text, ':', (size_t)(end - text)) != NULL)
        return "an IPv6 address stands in brackets";
    if (host_end == begin || host_end - begin >= HOST_BYTES)
        return "it names no host";
    snprintf(host, HOST_BYTES, "%.*s", (int)(host_end - begin), begin);
    snprintf(port, 6, "%.*s", (int)port_length, end + 1);
    return NULL;
}

static int resolve(const char *host, const char *port, struct repeater_target *target, struct sink_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const int number = getaddrinfo(host, port, &hints, &found);
    if (number != 0) {
        snprintf(error->text, sizeof error->text, "cannot send to %s: %s; give an address, or mend the name", host,
                 gai_strerror(number));
        return -1;
    }
    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->length = found->ai_addrlen;
    char text[64] = "?";
    getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0, NI_NUMERICHOST | NI_DGRAM);
    snprintf(target->text, sizeof target->text, found->ai_family == AF_INET6 ? "[%s]:%s" : "%s:%s", text, port);
    freeaddrinfo(found);
    return 0;
}

int repeater_target_parse(const char *text, struct repeater_target *ret_target, bool *ret_usage,
                          struct sink_error *error)
{
    struct repeater_target target = {.sample = 1};
    char host[HOST_BYTES], port[6];
    const size_t length = strcspn(text, ",");
    const char *why = parse_place(text, length, host, port);
    if (why == NULL)
        why = parse_words(text + length, &target);
    if (why != NULL)
        return usage_fault(ret_usage, error, text, why);
    if (resolve(host, port, &target, error) != 0)
        return -1;
    *ret_target = target;
    return 0;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                          : ((const struct sockaddr_in *)address)->sin_port;
}

static const struct in6_addr *ip6(const struct sockaddr_storage *address)
{
    return &((const struct sockaddr_in6 *)address)->sin6_addr;
}

static uint32_t ip4(const struct sockaddr_storage *address)
{
    return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
}

/* IPv4 in the form of IPv6 becomes IPv4; the port stays where it is. */
static void unmap(struct sockaddr_storage *address)
{
    if (address->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(ip6(address)))
        return;
    struct sockaddr_in plain = {.sin_family = AF_INET, .sin_port = port_of(address)};
    memcpy(&plain.sin_addr, ip6(address)->s6_addr + 12, 4);
    memcpy(address, &plain, sizeof plain);
}

static bool is_any(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(ip6(address)) : ip4(address) == INADDR_ANY;
}

static bool is_multicast(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? IN6_IS_ADDR_MULTICAST(ip6(address)) : IN_MULTICAST(ip4(address));
}

static bool is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    if (a->ss_family != b->ss_family)
        return false;
    return a->ss_family == AF_INET6 ? IN6_ARE_ADDR_EQUAL(ip6(a), ip6(b)) : ip4(a) == ip4(b);
}

/* Whoever can bind to an address has it. Nothing is received meanwhile: the port is one that is free. */
static bool is_of_this_machine(const struct sockaddr_storage *address, socklen_t length)
{
    struct sockaddr_storage free_port = *address;
    if (is_multicast(address))
        return false; /* can be bound to all the same */
    if (free_port.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&free_port)->sin6_port = 0;
    else
        ((struct sockaddr_in *)&free_port)->sin_port = 0;
    const int fd = socket(free_port.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool own = fd >= 0 && bind(fd, (const struct sockaddr *)&free_port, length) == 0;
    if (fd >= 0)
        close(fd);
    return own;
}

/* A socket on all addresses may take IPv4 too, when it is one of IPv6. */
static bool takes_family(int fd, const struct sockaddr_storage *bound, const struct sockaddr_storage *wanted)
{
    int only = 0;
    socklen_t length = sizeof only;
    if (bound->ss_family == wanted->ss_family)
        return true;
    return bound->ss_family == AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) == 0 && only == 0;
}

bool repeater_target_reaches(const struct repeater_target *target, int fd)
{
    struct sockaddr_storage bound = {0}, wanted = target->address;
    socklen_t length = sizeof bound;
    if (getsockname(fd, (struct sockaddr *)&bound, &length) != 0 || port_of(&bound) != port_of(&wanted))
        return false;
    unmap(&bound);
    unmap(&wanted);
    const socklen_t wanted_length = wanted.ss_family == AF_INET ? sizeof(struct sockaddr_in) : target->length;
    if (is_same(&bound, &wanted))
        return true;
    if (is_multicast(&bound) || !(is_any(&bound) && takes_family(fd, &bound, &wanted)))
        /* 0.0.0.0 as a target means this machine */
        return is_any(&wanted) && is_of_this_machine(&bound, bound.ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                                     : length);
    return is_of_this_machine(&wanted, wanted_length);
}

bool repeater_target_is_multicast(const struct repeater_target *target)
{
    return is_multicast(&target->address);
}

bool repeater_target_is_loopback(const struct repeater_target *target)
{
    struct sockaddr_storage address = target->address;
    unmap(&address);
    return address.ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(ip6(&address)) : ip4(&address) >> 24 == 127;
}
