/* SPDX-License-Identifier: MIT */
/*
 * listener.c - UDP sockets, read many datagrams at a time
 *
 * The kernel stamps each datagram with its time of arrival (SO_TIMESTAMPNS) and tells with it how many it had to
 * drop on the socket so far (SO_RXQ_OVFL).
 */
#define _GNU_SOURCE
#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
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
    CONTROL_BYTES = 128,    /* time stamp and drop count */
    ADDRESS_TEXT_BYTES = 128,
    RECEIVE_BUFFER_BYTES = 64 << 20 /* what is asked for; the kernel gives less where it must */
};

struct receiver {
    int fd;
    uint32_t dropped; /* as the kernel counts it, modulo 2^32 */
    char address[ADDRESS_TEXT_BYTES];
};

union control {
    char octets[CONTROL_BYTES];
    struct cmsghdr align;
};

struct listener {
    struct receiver receivers[SOCKETS_MAX];
    struct pollfd polls[SOCKETS_MAX];
    size_t receiver_count;
    size_t turn; /* the socket that is looked at first, so that none starves */
    uint64_t dropped;
    uint8_t *slots;
    struct mmsghdr messages[BURST];
    struct iovec vectors[BURST];
    struct sockaddr_storage sources[BURST];
    union control controls[BURST];
    struct weir_datagram datagrams[BURST];
};

static int fail(struct sink_error *error, const char *what, const char *where, int code)
{
    const char *advice = "";
    if (code == EADDRINUSE)
        advice = "; another program has this port: 'ss -ulpn' shows which, or choose another with -p";
    else if (code == EACCES)
        advice = "; ports below 1024 are for root: choose a higher one with -p";
    else if (code == EADDRNOTAVAIL)
        advice = "; this machine has no such address: 'ip address' shows those it has";
    snprintf(error->text, sizeof error->text, "%s %s: %s%s", what, where, strerror(code), advice);
    return -1;
}

static void describe(struct receiver *receiver, const struct sockaddr *address, socklen_t length, bool dual)
{
    char host[64] = "?", port[8] = "?";
    getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(receiver->address, sizeof receiver->address, address->sa_family == AF_INET6 ? "[%s]:%s%s" : "%s:%s%s", host,
             port, dual ? ", IPv4 and IPv6" : "");
}

/* Options without which receiving still works. */
static void set_options(int fd)
{
    const int on = 1, size = RECEIVE_BUFFER_BYTES;
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

static int add_socket(struct listener *listener, const struct addrinfo *info, bool dual, struct sink_error *error)
{
    struct receiver *receiver = &listener->receivers[listener->receiver_count];
    describe(receiver, info->ai_addr, info->ai_addrlen, dual);
    if (listener->receiver_count == SOCKETS_MAX)
        return fail(error, "cannot listen on", "so many addresses", E2BIG);
    receiver->fd = socket(info->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (receiver->fd < 0)
        return fail(error, "cannot listen on", receiver->address, errno);
    const int v6_only = !dual;
    if (info->ai_family == AF_INET6)
        setsockopt(receiver->fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    set_options(receiver->fd);
    if (bind(receiver->fd, info->ai_addr, info->ai_addrlen) != 0) {
        const int code = errno;
        close(receiver->fd);
        return fail(error, "cannot listen on", receiver->address, code);
    }
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    if (getsockname(receiver->fd, (struct sockaddr *)&bound, &length) == 0)
        describe(receiver, (struct sockaddr *)&bound, length, dual); /* with the port, where 0 left it to the kernel */
    listener->polls[listener->receiver_count++] = (struct pollfd){.fd = receiver->fd, .events = POLLIN};
    return 0;
}

static bool has_ipv6(void)
{
    const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

/* All addresses: one socket for both families where the machine has IPv6. */
static int listen_on_all(struct listener *listener, uint16_t port, struct sink_error *error)
{
    const bool dual = has_ipv6();
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct addrinfo info = {
        .ai_family = dual ? AF_INET6 : AF_INET,
        .ai_addr = dual ? (struct sockaddr *)&six : (struct sockaddr *)&four,
        .ai_addrlen = dual ? sizeof six : sizeof four,
    };
    return add_socket(listener, &info, dual, error);
}

static int listen_on(struct listener *listener, const char *host, uint16_t port, struct sink_error *error)
{
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found;
    const int code = getaddrinfo(host, service, &hints, &found);
    if (code != 0) {
        snprintf(error->text, sizeof error->text,
                 "cannot listen on '%s': %s; give an address of this machine or a name that stands for one", host,
                 code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        return -1;
    }
    int result = 0;
    for (const struct addrinfo *info = found; info != NULL && result == 0; info = info->ai_next)
        result = add_socket(listener, info, false, error);
    freeaddrinfo(found);
    return result;
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

struct listener *listener_open(const char *const *hosts, size_t host_count, const uint16_t *ports, size_t port_count,
                               struct sink_error *error)
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
    for (size_t i = 0; i < port_count; i++) {
        int result = host_count == 0 ? listen_on_all(listener, ports[i], error) : 0;
        for (size_t k = 0; k < host_count && result == 0; k++)
            result = listen_on(listener, hosts[k], ports[i], error);
        if (result != 0) {
            listener_close(listener);
            return NULL;
        }
    }
    return listener;
}

const char *listener_address(const struct listener *listener, size_t i)
{
    return i < listener->receiver_count ? listener->receivers[i].address : NULL;
}

int listener_socket(const struct listener *listener, size_t i)
{
    return i < listener->receiver_count ? listener->receivers[i].fd : -1;
}

static int64_t time_us(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000 + time->tv_nsec / 1000;
}

static void take_source(struct weir_datagram *datagram, const struct sockaddr_storage *source)
{
    if (source->ss_family == AF_INET) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)source;
        datagram->source.family = 4;
        memcpy(datagram->source.octets, &four->sin_addr, 4);
        datagram->source_port = ntohs(four->sin_port);
    } else if (source->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)source;
        const bool mapped = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
        datagram->source.family = mapped ? 4 : 6;
        memcpy(datagram->source.octets, six->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
        datagram->source_port = ntohs(six->sin6_port);
    }
}

static void take_control(struct listener *listener, struct receiver *receiver, struct msghdr *header,
                         struct weir_datagram *datagram)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != SOL_SOCKET)
            continue;
        if (c->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
            datagram->received_us = time_us(&stamp);
        } else if (c->cmsg_type == SO_RXQ_OVFL) {
            uint32_t dropped;
            memcpy(&dropped, CMSG_DATA(c), sizeof dropped);
            listener->dropped += dropped - receiver->dropped;
            receiver->dropped = dropped;
        }
    }
}

static int receive(struct listener *listener, struct receiver *receiver, struct sink_error *error)
{
    for (size_t i = 0; i < BURST; i++) {
        listener->messages[i].msg_hdr.msg_namelen = sizeof listener->sources[i];
        listener->messages[i].msg_hdr.msg_controllen = sizeof listener->controls[i];
    }
    const int count = recvmmsg(receiver->fd, listener->messages, BURST, MSG_DONTWAIT, NULL);
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED)
            return 0;
        return fail(error, "cannot receive on", receiver->address, errno);
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
        take_source(datagram, &listener->sources[i]);
        take_control(listener, receiver, &listener->messages[i].msg_hdr, datagram);
    }
    return count;
}

int listener_wait(struct listener *listener, int timeout_ms, const sigset_t *wait_mask, struct sink_error *error)
{
    const struct timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = (long)(timeout_ms % 1000) * 1000000};
    const int ready = ppoll(listener->polls, listener->receiver_count, &timeout, wait_mask);
    if (ready < 0 && errno != EINTR)
        return fail(error, "cannot wait for datagrams on", listener->receivers[0].address, errno);
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
    return listener->dropped;
}

void listener_close(struct listener *listener)
{
    if (listener == NULL)
        return;
    for (size_t i = 0; i < listener->receiver_count; i++)
        close(listener->receivers[i].fd);
    free(listener->slots);
    free(listener);
}
