/* SPDX-License-Identifier: MIT */
/*
 * names.c - names of hosts, many at once, with c-ares
 *
 * Entries lie in a ring in the order they were asked for: a new one takes the place of the oldest when the ring is
 * full. A hash table of chains finds them. Questions beyond QUERIES_MAX wait in the ring for their turn, since a
 * home router drops what comes a thousand at a time.
 */
#define _GNU_SOURCE
#include "names.h"

#include <ares.h>
#include <ares_dns.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define QUERIES_MAX 128
#define KEPT_DEFAULT 65536u
#define BUDGET_DEFAULT_MS 2000
#define QUERY_TIMEOUT_MS 700
#define NONE UINT32_MAX

enum state { FREE, QUEUED, ASKED, ANSWERED };

struct entry {
    struct weir_address address;
    uint8_t state;
    uint32_t chain_next;
    uint64_t generation; /* of the place: an answer for an entry that had to go finds another one here */
    char *name;          /* NULL when there is none */
};

struct names {
    ares_channel dns;   /* NULL when only the hosts file is asked */
    ares_channel hosts; /* the hosts file: answers at once */
    struct entry *entries;
    uint32_t *buckets;
    uint32_t entry_max, bucket_mask;
    uint32_t next_place;  /* in the ring */
    uint32_t next_queued; /* where to look for the next question */
    uint32_t queued, asked;
    uint64_t generation;
    uint64_t seed;
    int budget_ms;
    bool (*stopped)(void); /* may be NULL */
};

/* What a callback needs to find its entry again. */
struct question {
    struct names *names;
    uint32_t place;
    uint64_t generation;
    bool from_hosts;
};

void names_clean(const char *name, char *clean, size_t size_bytes)
{
    size_t i = 0;
    for (; name[i] != '\0' && i + 1 < size_bytes; i++)
        clean[i] = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';
    clean[i] = '\0';
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int channel_create(ares_channel *channel, const char *lookups)
{
    char text[3] = {0};
    strncpy(text, lookups, 2);
    struct ares_options options = {.timeout = QUERY_TIMEOUT_MS, .tries = 2, .lookups = text};
    return ares_init_options(channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS) == ARES_SUCCESS
               ? 0
               : -1;
}

struct names *names_create(const struct names_options *options)
{
    struct names *names = calloc(1, sizeof *names);
    if (names == NULL)
        return NULL;
    names->entry_max = options != NULL && options->kept_max > 0 ? options->kept_max : KEPT_DEFAULT;
    names->stopped = options != NULL ? options->stopped : NULL;
    names->budget_ms = options != NULL && options->budget_ms >= 0 ? options->budget_ms : BUDGET_DEFAULT_MS;
    names->seed = hash_seed();
    uint32_t bucket_count = 1;
    while (bucket_count < names->entry_max && bucket_count < 1u << 20)
        bucket_count *= 2;
    names->bucket_mask = bucket_count - 1;
    names->entries = calloc(names->entry_max, sizeof *names->entries);
    names->buckets = malloc(bucket_count * sizeof *names->buckets);
    if (names->entries == NULL || names->buckets == NULL || ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
        free(names->entries);
        free(names->buckets);
        free(names);
        return NULL;
    }
    memset(names->buckets, 0xff, bucket_count * sizeof *names->buckets);
    bool dns = options == NULL || !options->hosts_only;
    const char *servers = options != NULL ? options->servers : NULL;
    if (channel_create(&names->hosts, "f") != 0 || (dns && channel_create(&names->dns, "b") != 0) ||
        (dns && servers != NULL && ares_set_servers_ports_csv(names->dns, servers) != ARES_SUCCESS)) {
        names_free(names);
        return NULL;
    }
    return names;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    if (names->dns != NULL)
        ares_destroy(names->dns); /* calls back for what is under way */
    if (names->hosts != NULL)
        ares_destroy(names->hosts);
    for (uint32_t i = 0; i < names->entry_max; i++)
        free(names->entries[i].name);
    free(names->entries);
    free(names->buckets);
    free(names);
    ares_library_cleanup();
}

static uint32_t *bucket_of(const struct names *names, const struct weir_address *address)
{
    return &names->buckets[hash_bytes(address, sizeof *address, names->seed) & names->bucket_mask];
}

static uint32_t find(const struct names *names, const struct weir_address *address)
{
    uint32_t place = *bucket_of(names, address);
    while (place != NONE && !address_equal(&names->entries[place].address, address))
        place = names->entries[place].chain_next;
    return place;
}

static void entry_remove(struct names *names, uint32_t place)
{
    struct entry *entry = &names->entries[place];
    if (entry->state == FREE)
        return;
    uint32_t *link = bucket_of(names, &entry->address);
    while (*link != place)
        link = &names->entries[*link].chain_next;
    *link = entry->chain_next;
    if (entry->state == QUEUED)
        names->queued--;
    free(entry->name);
    entry->name = NULL;
    entry->state = FREE;
}

/* Of the names of a host the first with a dot in it, as getfqdn() of Python chooses. */
static const char *best_name(const struct hostent *host)
{
    if (host->h_name != NULL && strchr(host->h_name, '.') != NULL)
        return host->h_name;
    for (char **alias = host->h_aliases; alias != NULL && *alias != NULL; alias++)
        if (strchr(*alias, '.') != NULL)
            return *alias;
    return host->h_name;
}

static void on_name(void *argument, int status, int timeouts, struct hostent *host)
{
    struct question *question = argument;
    struct names *names = question->names;
    struct entry *entry = &names->entries[question->place];
    (void)timeouts;

    if (!question->from_hosts)
        names->asked--;
    if (entry->generation == question->generation && entry->state == ASKED) {
        entry->state = ANSWERED;
        const char *name = status == ARES_SUCCESS && host != NULL ? best_name(host) : NULL;
        if (name != NULL && name[0] != '\0') {
            char clean[256];
            names_clean(name, clean, sizeof clean);
            entry->name = strdup(clean);
        }
    }
    free(question);
}

static void ask(struct names *names, ares_channel channel, uint32_t place)
{
    struct entry *entry = &names->entries[place];
    struct question *question = malloc(sizeof *question);
    entry->state = question != NULL ? ASKED : ANSWERED;
    if (question == NULL)
        return;
    *question = (struct question){names, place, entry->generation, channel == names->hosts};
    if (channel == names->dns)
        names->asked++;
    bool four = entry->address.family == 4;
    ares_gethostbyaddr(channel, entry->address.octets, four ? 4 : 16, four ? AF_INET : AF_INET6, on_name, question);
}

static void ask_queued(struct names *names)
{
    while (names->queued > 0 && names->asked < QUERIES_MAX) {
        uint32_t place = names->next_queued;
        names->next_queued = (place + 1) % names->entry_max;
        if (names->entries[place].state == QUEUED) {
            names->queued--;
            ask(names, names->dns, place);
        }
    }
}

void names_request(struct names *names, const struct weir_address *address)
{
    if ((address->family != 4 && address->family != 6) || find(names, address) != NONE)
        return;
    uint32_t place = names->next_place;
    struct entry *entry = &names->entries[place];
    names->next_place = (place + 1) % names->entry_max;
    entry_remove(names, place);

    uint32_t *bucket = bucket_of(names, address);
    *entry = (struct entry){.address = *address, .generation = ++names->generation, .chain_next = *bucket};
    *bucket = place;
    ask(names, names->hosts, place);
    if (entry->state == ASKED) { /* cannot be: the hosts file answers at once */
        entry->state = ANSWERED;
        return;
    }
    if (entry->name != NULL || names->dns == NULL)
        return;
    if (names->queued == 0)
        names->next_queued = place;
    entry->state = QUEUED;
    names->queued++;
    ask_queued(names);
}

/* Waits for up to `timeout_ms` for answers, handles them, and those that are overdue. */
static void process(ares_channel channel, int timeout_ms)
{
    ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
    struct pollfd polled[ARES_GETSOCK_MAXNUM];
    nfds_t count = 0;
    unsigned wanted = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);

    for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) { /* c-ares' own macros shift into the sign */
        short events = (short)(((wanted >> i & 1) != 0 ? POLLIN : 0) |
                               ((wanted >> (i + ARES_GETSOCK_MAXNUM) & 1) != 0 ? POLLOUT : 0));
        if (events != 0)
            polled[count++] = (struct pollfd){.fd = sockets[i], .events = events};
    }
    struct timeval limit = {timeout_ms / 1000, (timeout_ms % 1000) * 1000}, shorter;
    const struct timeval *until = ares_timeout(channel, &limit, &shorter);
    if (until != NULL)
        timeout_ms = (int)(until->tv_sec * 1000 + until->tv_usec / 1000);
    int ready = poll(polled, count, timeout_ms);
    if (ready <= 0) {
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        return;
    }
    for (nfds_t i = 0; i < count; i++) {
        short got = polled[i].revents;
        if (got != 0)
            ares_process_fd(channel, (got & (POLLIN | POLLERR | POLLHUP)) != 0 ? polled[i].fd : ARES_SOCKET_BAD,
                            (got & POLLOUT) != 0 ? polled[i].fd : ARES_SOCKET_BAD);
    }
}

void names_process(struct names *names)
{
    if (names->dns == NULL || names->asked == 0)
        return;
    process(names->dns, 0);
    ask_queued(names);
}

void names_wait(struct names *names, int timeout_ms)
{
    int64_t start_ms = now_ms();
    if (names->dns == NULL)
        return;
    if (timeout_ms > names->budget_ms)
        timeout_ms = names->budget_ms;
    ask_queued(names);
    while (names->asked > 0) {
        int64_t left_ms = timeout_ms - (now_ms() - start_ms);
        if (left_ms <= 0 || (names->stopped != NULL && names->stopped()))
            break;
        process(names->dns, left_ms < 100 ? (int)left_ms : 100);
        ask_queued(names);
    }
    names->budget_ms -= (int)(now_ms() - start_ms);
    if (names->budget_ms > 0)
        return;
    /* Nobody will wait for these any more: whoever asks again gets the address at once. */
    names->budget_ms = 0;
    ares_channel dns = names->dns;
    ares_cancel(dns);
    for (uint32_t i = 0; i < names->entry_max && names->queued > 0; i++) {
        if (names->entries[i].state == QUEUED) {
            names->entries[i].state = ANSWERED;
            names->queued--;
        }
    }
    names->dns = NULL;
    ares_destroy(dns);
}

bool names_pending(const struct names *names, const struct weir_address *address)
{
    uint32_t place = find(names, address);
    return place != NONE && names->entries[place].state != ANSWERED;
}

const char *names_get(const struct names *names, const struct weir_address *address)
{
    uint32_t place = find(names, address);
    return place == NONE ? NULL : names->entries[place].name;
}

/* ------------------------------------------------------------------------------------------ names to addresses */

struct lookup {
    bool done;
    struct weir_address *addresses;
    uint32_t count, max;
};

static void on_addresses(void *argument, int status, int timeouts, struct ares_addrinfo *result)
{
    struct lookup *lookup = argument;
    (void)timeouts;
    lookup->done = true;
    if (status != ARES_SUCCESS || result == NULL)
        return;
    for (const struct ares_addrinfo_node *node = result->nodes; node != NULL; node = node->ai_next) {
        struct weir_address address = {0};
        if (node->ai_family == AF_INET) {
            struct sockaddr_in four;
            memcpy(&four, node->ai_addr, sizeof four);
            address.family = 4;
            memcpy(address.octets, &four.sin_addr, 4);
        } else if (node->ai_family == AF_INET6) {
            struct sockaddr_in6 six;
            memcpy(&six, node->ai_addr, sizeof six);
            address.family = 6;
            memcpy(address.octets, &six.sin6_addr, 16);
        }
        if (address.family != 0 && lookup->count < lookup->max)
            lookup->addresses[lookup->count++] = address;
    }
    ares_freeaddrinfo(result);
}

uint32_t names_lookup(struct names *names, const char *name, struct weir_address *ret_addresses, uint32_t max)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct lookup lookup = {.addresses = ret_addresses, .max = max};
    int64_t end_ms = now_ms() + names->budget_ms;

    ares_getaddrinfo(names->hosts, name, NULL, &hints, on_addresses, &lookup);
    if (!lookup.done)
        ares_cancel(names->hosts);
    if (lookup.count > 0 || names->dns == NULL)
        return lookup.count;
    lookup.done = false;
    ares_getaddrinfo(names->dns, name, NULL, &hints, on_addresses, &lookup);
    while (!lookup.done && now_ms() < end_ms)
        process(names->dns, 100);
    if (!lookup.done)
        ares_cancel(names->dns); /* calls back */
    return lookup.count;
}
