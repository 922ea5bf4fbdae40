/* SPDX-License-Identifier: MIT */
/*
 * listener.c - UDP sockets, read many datagrams at a time
 *
 * The kernel stamps each datagram with its time of arrival (SO_TIMESTAMPNS) and tells with it how many it had to
 * drop on the socket so far (SO_RXQ_OVFL).
 */
#define _GNU_SOURCE
#include "listener.h"

#include "receive_buffer.h"
#include "receive_message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SOCKETS_MAX = 64,
    BURST = 64,             /* datagrams taken with one call */
    SLOT_BYTES = 65536,     /* more than any UDP payload */
};

struct receiver {
    struct receive_socket socket;
    uint32_t dropped; /* as the kernel counts it, modulo 2^32 */
    uint64_t datagrams, octets; /* since the last look at the buffer */
    bool advised;
};

union control {
    char octets[RECEIVE_CONTROL_BYTES];
    struct cmsghdr align;
};

struct listener {
    struct receiver receivers[SOCKETS_MAX];
    struct pollfd polls[SOCKETS_MAX];
    size_t receiver_count;
    size_t turn; /* the socket that is looked at first, so that none starves */
    uint64_t dropped;
    int64_t looked_us; /* when the buffers were looked at */
    uint8_t *slots;
    struct mmsghdr messages[BURST];
    struct iovec vectors[BURST];
    struct sockaddr_storage sources[BURST];
    union control controls[BURST];
    struct weir_datagram datagrams[BURST];
};

static int fail(struct sink_error *error, const char *what, const char *where, int code)
{
    snprintf(error->text, sizeof error->text, "%s %s: %s", what, where, strerror(code));
    return -1;
}

static void add(struct listener *listener, const struct receive_socket *socket)
{
    listener->receivers[listener->receiver_count] = (struct receiver){.socket = *socket};
    listener->polls[listener->receiver_count++] = (struct pollfd){.fd = socket->fd, .events = POLLIN};
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
    struct receive_address addresses[SOCKETS_MAX];
    if (listener->receiver_count == SOCKETS_MAX)
        return fail(error, "cannot listen on", "so many addresses", E2BIG);
    const int count = receive_socket_resolve(spec, addresses, SOCKETS_MAX - listener->receiver_count, error);
    for (int i = 0; i < count; i++) {
        struct receive_socket socket;
        if (receive_socket_open(spec, &addresses[i], NULL, NULL, &socket, error) != 0)
            return -1;
        add(listener, &socket);
    }
    return count < 0 ? -1 : 0;
}

static int take_over(struct listener *listener, const struct listener_options *options, struct sink_error *error)
{
    const struct receive_spec spec = spec_of(options, NULL, 0);
    for (int i = 0; i < options->passed_count; i++) {
        struct receive_socket socket;
        if (listener->receiver_count == SOCKETS_MAX)
            return fail(error, "cannot listen on", "so many sockets", E2BIG);
        if (receive_socket_adopt(options->passed_first + i, &spec, &socket, error) != 0)
            return -1;
        add(listener, &socket);
    }
    return 0;
}

static void prepare_messages(struct listener *listener)
{
    for (size_t i = 0; i < BURST; i++) {
        listener->vectors[i] = (struct iovec){listener->slots + i * SLOT_BYTES, SLOT_BYTES};
        listener->messages[i].msg_hdr = (struct msghdr){
            .msg_name = &listener->sources[i],
            .msg_iov = &listener->vectors[i],
            .msg_iovlen = 1,
            .msg_control = &listener->controls[i],
        };
    }
}

static int open_all(struct listener *listener, const struct listener_options *options, struct sink_error *error)
{
    if (options->passed_count > 0)
        return take_over(listener, options, error);
    int result = 0;
    for (size_t i = 0; i < options->port_count && result == 0; i++) {
        for (size_t k = 0; k < (options->host_count == 0 ? 1 : options->host_count) && result == 0; k++) {
            const struct receive_spec spec =
                spec_of(options, options->host_count == 0 ? NULL : options->hosts[k], options->ports[i]);
            result = listen_on(listener, &spec, error);
        }
    }
    return result;
}

struct listener *listener_open(const struct listener_options *options, struct sink_error *error)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (listener != NULL)
        listener->slots = malloc((size_t)BURST * SLOT_BYTES);
    if (listener == NULL || listener->slots == NULL) {
        free(listener);
        fail(error, "cannot listen on", "any port", ENOMEM);
        return NULL;
    }
    prepare_messages(listener);
    if (open_all(listener, options, error) != 0) {
        listener_close(listener);
        return NULL;
    }
    return listener;
}

const struct receive_socket *listener_socket(const struct listener *listener, size_t i)
{
    return i < listener->receiver_count ? &listener->receivers[i].socket : NULL;
}

bool listener_buffer_advice(struct listener *listener, int64_t now_us, char *text, size_t text_bytes)
{
    const double seconds = (double)(now_us - listener->looked_us) / 1e6;
    const bool usable = listener->looked_us != 0 && seconds > 0.5 && seconds < 60; /* the clock may be set */
    bool told = false;
    if (listener->looked_us != 0 && seconds >= 0 && seconds <= 0.5)
        return false;
    for (size_t i = 0; i < listener->receiver_count; i++) {
        struct receiver *receiver = &listener->receivers[i];
        if (usable && !told && !receiver->advised)
            told = receiver->advised =
                receive_buffer_advice(&receiver->socket, (double)receiver->datagrams / seconds,
                                      (double)receiver->octets / seconds, text, text_bytes);
        receiver->datagrams = receiver->octets = 0;
    }
    listener->looked_us = now_us;
    return told;
}

static int64_t time_us(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_nsec / 1000;
}

static void take_control(struct listener *listener, struct receiver *receiver, const struct msghdr *header,
                         struct weir_datagram *datagram)
{
    const struct receive_control control = receive_control_parse(header);
    if (control.received_ns > 0)
        datagram->received_us = control.received_ns / 1000;
    if (control.has_dropped) {
        listener->dropped += control.dropped - receiver->dropped;
        receiver->dropped = control.dropped;
    }
}

static int receive(struct listener *listener, struct receiver *receiver, struct sink_error *error)
{
    for (size_t i = 0; i < BURST; i++) {
        listener->messages[i].msg_hdr.msg_namelen = sizeof listener->sources[i];
        listener->messages[i].msg_hdr.msg_controllen = sizeof listener->controls[i];
    }
    const int count = recvmmsg(receiver->socket.fd, listener->messages, BURST, MSG_DONTWAIT, NULL);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED)
            return 0;
        return fail(error, "cannot receive on", receiver->socket.text, errno);
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < count; i++) {
        struct weir_datagram *datagram = &listener->datagrams[i];
        *datagram = (struct weir_datagram){
            .data = listener->slots + (size_t)i * SLOT_BYTES,
            .size_bytes = listener->messages[i].msg_len,
            .received_us = time_us(&now),
        };
        receive_source_parse(&listener->sources[i], listener->messages[i].msg_hdr.msg_namelen, &datagram->source,
                             &datagram->source_port);
        receiver->octets += datagram->size_bytes;
        take_control(listener, receiver, &listener->messages[i].msg_hdr, datagram);
    }
    receiver->datagrams += (uint64_t)count;
    return count;
}

int listener_wait(struct listener *listener, int timeout_ms, const sigset_t *wait_mask, struct sink_error *error)
{
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    const int ready = ppoll(listener->polls, listener->receiver_count, &timeout, wait_mask);
    if (ready < 0 && errno != EINTR)
        return fail(error, "cannot wait for datagrams on", listener->receivers[0].socket.text, errno);
    if (ready <= 0)
        return 0;
    for (size_t i = 0; i < listener->receiver_count; i++) {
        const size_t at = (listener->turn + i) % listener->receiver_count;
        if ((listener->polls[at].revents & (POLLIN | POLLERR)) == 0)
            continue;
        listener->turn = at + 1;
        return receive(listener, &listener->receivers[at], error);
    }
    return 0;
}

const struct weir_datagram *listener_datagram(const struct listener *listener, int i)
{
    return &listener->datagrams[i];
}

uint64_t listener_dropped(const struct listener *listener)
{
    uint64_t dropped = listener->dropped;
    for (size_t i = 0; i < listener->receiver_count; i++) {
        const struct receiver *receiver = &listener->receivers[i];
        uint32_t now;
        if (receive_socket_dropped(receiver->socket.fd, &now) == 0)
            dropped += (uint32_t)(now - receiver->dropped);
    }
    return dropped;
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    for (size_t i = 0; i < listener->receiver_count; i++)
        close(listener->receivers[i].socket.fd);
    free(listener->slots);
    free(listener);
}
