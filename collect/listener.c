/* SPDX-License-Identifier: MIT */
/*
 * listener.c - the sockets that a collector receives by
 */
#define _GNU_SOURCE
#include "listener.h"

#include "steering.h"
#include "worker_sockets.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct listener {
    unsigned worker_count;
    unsigned shares[LISTENER_SOCKETS_MAX]; /* how many sockets share an address, each number once; 0: a worker each */
    size_t share_count;
    size_t *counts; /* of each worker */
    struct receive_socket sockets[]; /* LISTENER_SOCKETS_MAX for each worker */
};

static int fail(struct sink_error *error, int code)
{
    snprintf(error->text, sizeof error->text, "cannot listen on so many addresses: %s", strerror(code));
    return -1;
}

static void add(struct listener *listener, unsigned worker, const struct receive_socket *socket)
{
    listener->sockets[worker * LISTENER_SOCKETS_MAX + listener->counts[worker]++] = *socket;
}

/* There are no more numbers than addresses, of each of which worker 0 has a socket. */
static void note_share(struct listener *listener, unsigned sharers)
{
    for (size_t i = 0; i < listener->share_count; i++) {
        if (listener->shares[i] == sharers)
            return;
    }
    listener->shares[listener->share_count++] = sharers;
}

/* "::" is for IPv4 too, unless that is named as well. */
static bool names_ipv4(const struct listener_options *options)
{
    for (size_t i = 0; i < options->host_count; i++) {
        char host[INET_ADDRSTRLEN];
        struct in_addr four;
        snprintf(host, sizeof host, "%.*s", (int)strcspn(options->hosts[i], "%"), options->hosts[i]);
        if (inet_pton(AF_INET, host, &four) == 1 && !IN_MULTICAST(ntohl(four.s_addr)))
            return true;
    }
    return false;
}

static struct receive_spec spec_of(const struct listener_options *options, const char *host, uint16_t port)
{
    return (struct receive_spec){.host = host,
                                 .port = port,
                                 .device = options->device,
                                 .ipv6_only = names_ipv4(options),
                                 .buffer_bytes = options->buffer_bytes,
                                 .busy_poll_us = options->busy_poll_us};
}

static int listen_on(struct listener *listener, const struct receive_spec *spec, struct sink_error *error)
{
    struct receive_address addresses[LISTENER_SOCKETS_MAX];
    struct receive_socket *sockets = malloc(listener->worker_count * sizeof *sockets);
    const size_t room = LISTENER_SOCKETS_MAX - listener->counts[0]; /* worker 0 has one of each */
    if (sockets == NULL || room == 0) {
        free(sockets);
        return fail(error, room == 0 ? E2BIG : ENOMEM);
    }
    const int count = receive_socket_resolve(spec, addresses, room, error);
    int result = count < 0 ? -1 : 0;
    for (int i = 0; i < count && result == 0; i++) {
        const int opened = worker_sockets_open(spec, &addresses[i], listener->worker_count, sockets, error);
        result = opened < 0 ? -1 : 0;
        note_share(listener, addresses[i].multicast ? 1 : 0);
        for (int worker = 0; worker < opened; worker++)
            add(listener, (unsigned)worker, &sockets[worker]);
    }
    free(sockets);
    return result;
}

static unsigned count_alike(const struct receive_socket *sockets, int count, const char *text)
{
    unsigned alike = 0;
    for (int i = 0; i < count; i++)
        alike += strcmp(sockets[i].text, text) == 0;
    return alike;
}

/* Has the kernel choose among the sockets of one address as it does among our own. */
static int share(struct listener *listener, const struct receive_socket *first, unsigned sharers,
                 struct sink_error *error)
{
    if (first->multicast && sharers > 1) {
        snprintf(error->text, sizeof error->text,
                 "%u sockets of %s were passed on, of which each would get each datagram: one is to be passed", sharers,
                 first->text);
        return -1;
    }
    note_share(listener, sharers);
    return sharers == 1 ? 0 : steering_attach(first->fd, sharers, error);
}

static int distribute(struct listener *listener, const struct receive_socket *passed, int count,
                      struct sink_error *error)
{
    for (int i = 0; i < count; i++) {
        const unsigned before = count_alike(passed, i, passed[i].text), worker = before % listener->worker_count;
        if (listener->counts[worker] == LISTENER_SOCKETS_MAX)
            return fail(error, E2BIG);
        add(listener, worker, &passed[i]);
        if (before == 0 && share(listener, &passed[i], count_alike(passed, count, passed[i].text), error) != 0)
            return -1;
    }
    return 0;
}

static int take_over(struct listener *listener, const struct listener_options *options, struct sink_error *error)
{
    const struct receive_spec spec = spec_of(options, NULL, 0);
    struct receive_socket *passed = calloc((size_t)options->passed_count, sizeof *passed);
    int result = passed == NULL ? fail(error, ENOMEM) : 0;
    for (int i = 0; i < options->passed_count && result == 0; i++)
        result = receive_socket_adopt(options->passed_first + i, &spec, &passed[i], error);
    if (result == 0)
        result = distribute(listener, passed, options->passed_count, error);
    free(passed);
    return result;
}

static int open_all(struct listener *listener, const struct listener_options *options, struct sink_error *error)
{
    if (options->passed_count > 0)
        return take_over(listener, options, error);
    const size_t host_count = options->host_count == 0 ? 1 : options->host_count;
    int result = 0;
    for (size_t i = 0; i < options->port_count * host_count && result == 0; i++) {
        const char *host = options->host_count == 0 ? NULL : options->hosts[i % host_count];
        const struct receive_spec spec = spec_of(options, host, options->ports[i / host_count]);
        result = listen_on(listener, &spec, error);
    }
    return result;
}

struct listener *listener_open(const struct listener_options *options, struct sink_error *error)
{
    const unsigned workers = options->worker_count;
    assert(workers > 0);
    struct listener *listener =
        calloc(1, sizeof *listener + workers * LISTENER_SOCKETS_MAX * sizeof listener->sockets[0]);
    if (listener != NULL)
        listener->counts = calloc(workers, sizeof *listener->counts);
    if (listener == NULL || listener->counts == NULL) {
        free(listener);
        fail(error, ENOMEM);
        return NULL;
    }
    listener->worker_count = workers;
    if (open_all(listener, options, error) == 0)
        return listener;
    listener_close(listener);
    return NULL;
}

const struct receive_socket *listener_socket(const struct listener *listener, unsigned worker, size_t i)
{
    assert(worker < listener->worker_count);
    return i < listener->counts[worker] ? &listener->sockets[worker * LISTENER_SOCKETS_MAX + i] : NULL;
}

unsigned listener_sharers(const struct listener *listener, const struct receive_socket *socket)
{
    unsigned sharers = 0;
    for (unsigned worker = 0; worker < listener->worker_count; worker++) {
        const struct receive_socket *own = &listener->sockets[worker * LISTENER_SOCKETS_MAX];
        sharers += count_alike(own, (int)listener->counts[worker], socket->text);
    }
    return sharers;
}

bool listener_leads(const struct listener *listener, const struct weir_address *exporter, unsigned worker,
                    unsigned worker_count)
{
    for (size_t i = 0; i < listener->share_count; i++) {
        const unsigned sharers = listener->shares[i] == 0 ? worker_count : listener->shares[i];
        if (steering_worker(exporter, sharers) % worker_count == worker)
            return true;
    }
    return false;
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    for (unsigned worker = 0; worker < listener->worker_count; worker++) {
        for (size_t i = 0; i < listener->counts[worker]; i++)
            close(listener_socket(listener, worker, i)->fd);
    }
    free(listener->counts);
    free(listener);
}
