/* SPDX-License-Identifier: MIT */
/*
 * repeater.c - sends datagrams on as they came
 */
#define _GNU_SOURCE
#include "repeater.h"

#include "repeater_queue.h"
#include "repeater_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <unistd.h>

enum { SEND_BUFFER_BYTES = 4 << 20, SEND_WAIT_S = 1, TELL_US = 60 * 1000000, HOPS = 64, HOPS_MULTICAST = 1 };

/* As of the last burst, for other threads. */
struct repeater_shown {
    _Atomic uint64_t taken, sampled_out, failed, refused;
};

struct repeater {
    struct sink sink; /* first */
    struct repeater_target target;
    struct weir_address address; /* of the target */
    uint16_t port;
    int own_fd, raw_fd; /* raw_fd: -1 where addresses are not kept */
    bool loopback;
    size_t mtu_bytes; /* of the path, for raw packets */
    uint32_t id;
    struct repeater_sample *sample;
    struct repeater_queue *own, *raw; /* raw: NULL where addresses are not kept */
    uint64_t taken, sampled_out, needed, from_own; /* datagrams; from_own: though addresses are kept */
    uint64_t too_long;
    struct repeater_failures told;
    struct repeater_shown shown;
    int64_t told_us, look_us;
    void (*tell)(void *context, const char *text);
    void *context;
    char text[256];
};

static bool is_loopback(const struct weir_address *address)
{
    static const uint8_t six[16] = {[15] = 1};
    return address->family == 4 ? address->octets[0] == 127 : memcmp(address->octets, six, sizeof six) == 0;
}

/* An address of this machine alone does not get to another one. */
static bool can_keep(const struct repeater *repeater, const struct weir_datagram *datagram)
{
    return repeater->raw_fd >= 0 && datagram->source.family == repeater->address.family && datagram->source_port != 0 &&
           (repeater->loopback || !is_loopback(&datagram->source));
}

static void send_own(struct repeater *repeater, const struct weir_datagram *datagram)
{
    const struct repeater_packet packet = {.payload = datagram->data, .payload_bytes = datagram->size_bytes};
    repeater->from_own += repeater->raw_fd >= 0;
    repeater_queue_add(repeater->own, &packet);
}

static void send_kept(struct repeater *repeater, const struct weir_datagram *datagram)
{
    struct repeater_packet packets[REPEATER_PACKETS_MAX];
    repeater->id = (repeater->id & 0xffff) == 0xffff ? repeater->id + 2 : repeater->id + 1;
    const struct repeater_flow flow = {.source = datagram->source, .source_port = datagram->source_port,
                                       .target = repeater->address, .target_port = repeater->port, .id = repeater->id,
                                       .hops = repeater_target_is_multicast(&repeater->target) ? HOPS_MULTICAST : HOPS};
    const size_t count = repeater_packet_make(&flow, datagram->data, datagram->size_bytes, repeater->mtu_bytes,
                                              packets);
    for (size_t i = 0; i < count; i++)
        repeater_queue_add(repeater->raw, &packets[i]);
    repeater->too_long += count == 0;
}

static int take(struct sink *sink, const struct weir_datagram *datagram, struct sink_error *error)
{
    struct repeater *repeater = (struct repeater *)sink;
    bool needed = false;
    (void)error;
    if (!repeater_sample_takes(repeater->sample, datagram, &needed)) {
        repeater->sampled_out++;
        return 0;
    }
    repeater->taken++;
    repeater->needed += needed;
    if (can_keep(repeater, datagram))
        send_kept(repeater, datagram);
    else
        send_own(repeater, datagram);
    return 0;
}

/* What the kernel knows of the path, as it told the connected socket. */
static void look_at_path(struct repeater *repeater)
{
    int mtu = 0;
    socklen_t length = sizeof mtu;
    const bool six = repeater->address.family == 6;
    if (getsockopt(repeater->own_fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MTU : IP_MTU, &mtu, &length) == 0 &&
        mtu > 0)
        repeater->mtu_bytes = (size_t)mtu;
}

static struct repeater_failures failures_of(const struct repeater *repeater)
{
    const struct repeater_failures own = repeater_queue_failures(repeater->own);
    const struct repeater_failures raw = repeater_queue_failures(repeater->raw);
    return (struct repeater_failures){.count = own.count + raw.count + repeater->too_long,
                                      .refused = own.refused,
                                      .number = raw.count > 0 ? raw.number : own.number};
}

static void show(struct repeater *repeater)
{
    const struct repeater_failures all = failures_of(repeater);
    atomic_store_explicit(&repeater->shown.taken, repeater->taken, memory_order_relaxed);
    atomic_store_explicit(&repeater->shown.sampled_out, repeater->sampled_out, memory_order_relaxed);
    atomic_store_explicit(&repeater->shown.failed, all.count, memory_order_relaxed);
    atomic_store_explicit(&repeater->shown.refused, all.refused, memory_order_relaxed);
}

static void send_burst(struct repeater *repeater)
{
    const uint64_t failed = repeater_queue_failures(repeater->raw).count;
    repeater_queue_flush(repeater->own);
    if (repeater->raw == NULL)
        return;
    repeater_queue_flush(repeater->raw);
    const struct repeater_failures now = repeater_queue_failures(repeater->raw);
    if (now.count > failed && now.number == EMSGSIZE)
        look_at_path(repeater); /* it became narrower: those that follow will fit */
}

static int end_burst(struct sink *sink, struct sink_error *error)
{
    struct repeater *repeater = (struct repeater *)sink;
    (void)error;
    send_burst(repeater);
    show(repeater);
    return 0;
}

static const char *advice(int number)
{
    switch (number) {
    case ECONNREFUSED:
        return "nobody listens there";
    case EPERM:
        return "a firewall of this machine forbids it";
    case ENETUNREACH:
    case EHOSTUNREACH:
        return "there is no route";
    case ENOBUFS:
    case EAGAIN:
        return "the network device is too slow for what comes";
    case EMSGSIZE:
    case 0:
        return "it is longer than the path takes";
    default:
        return strerror(number);
    }
}

static void tell_failures(struct repeater *repeater, int64_t now_us)
{
    const struct repeater_failures all = failures_of(repeater);
    const uint64_t failed = all.count - repeater->told.count, refused = all.refused - repeater->told.refused;
    char text[512];
    /* a clock that was set back ends no silence of hours */
    if (failed + refused == 0 || (repeater->told_us != 0 && llabs(now_us - repeater->told_us) < TELL_US))
        return;
    if (failed > 0)
        snprintf(text, sizeof text, "%" PRIu64 " datagrams could not be repeated to %s: %s", failed,
                 repeater->target.text,
                 advice(all.number));
    else
        snprintf(text, sizeof text, "datagrams repeated to %s were refused %" PRIu64 " times: %s",
                 repeater->target.text,
                 refused, advice(ECONNREFUSED));
    repeater->told = all;
    repeater->told_us = now_us;
    if (repeater->tell != NULL)
        repeater->tell(repeater->context, text);
}

static int tick(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    struct repeater *repeater = (struct repeater *)sink;
    (void)error;
    if (repeater->raw_fd >= 0 && llabs(now_us - repeater->look_us) >= TELL_US) {
        look_at_path(repeater);
        repeater->look_us = now_us;
    }
    tell_failures(repeater, now_us);
    return 0;
}

/* The account: taken and sampled out is all that came. */
static void tell_end(const struct repeater *repeater)
{
    const struct repeater_failures all = failures_of(repeater);
    char text[512];
    size_t length = (size_t)snprintf(text, sizeof text, "repeated %" PRIu64 " datagrams to %s", repeater->taken,
                                     repeater->target.text);
    if (repeater->target.sample > 1)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   " (%" PRIu64 " of them with templates or options), %" PRIu64 " sampled out",
                                   repeater->needed,
                                   repeater->sampled_out);
    if (repeater->from_own > 0)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   ", %" PRIu64 " of them from this machine's address",
                                   repeater->from_own);
    if (all.count > 0)
        length += (size_t)snprintf(text + length, sizeof text - length, ", %" PRIu64 " could not be sent: %s",
                                   all.count,
                                   advice(all.number));
    if (all.refused > 0)
        snprintf(text + length, sizeof text - length, ", refused %" PRIu64 " times: %s", all.refused,
                 advice(ECONNREFUSED));
    if (repeater->tell != NULL)
        repeater->tell(repeater->context, text);
}

static void counts(struct sink *sink, void (*each)(void *context, const struct sink_count *count), void *context)
{
    const struct repeater_shown *shown = &((struct repeater *)sink)->shown;
    const struct sink_count all[] = {
        {"repeated_datagrams", "Datagrams that were sent on, or were to be", false,
         atomic_load_explicit(&shown->taken, memory_order_relaxed)},
        {"sampled_out_datagrams", "Datagrams that were left out, as only one in so many is sent on", false,
         atomic_load_explicit(&shown->sampled_out, memory_order_relaxed)},
        {"unsent_datagrams", "Of those sent on: that could not be sent", false,
         atomic_load_explicit(&shown->failed, memory_order_relaxed)},
        {"refusals", "Times that the other machine told that nobody listens", false,
         atomic_load_explicit(&shown->refused, memory_order_relaxed)},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        each(context, &all[i]);
}

static void free_repeater(struct repeater *repeater)
{
    if (repeater->own_fd >= 0)
        close(repeater->own_fd);
    if (repeater->raw_fd >= 0)
        close(repeater->raw_fd);
    repeater_sample_free(repeater->sample);
    repeater_queue_free(repeater->own);
    repeater_queue_free(repeater->raw);
    free(repeater);
}

static int close_sink(struct sink *sink, struct sink_error *error)
{
    struct repeater *repeater = (struct repeater *)sink;
    end_burst(sink, error);
    if (repeater->taken + repeater->sampled_out > 0)
        tell_end(repeater);
    free_repeater(repeater);
    return 0;
}

/* The target as packets and messages want it: IPv4 in the form of IPv6 is IPv4. */
static void split_target(struct repeater *repeater)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&repeater->target.address;
    const struct sockaddr_in *four = (const struct sockaddr_in *)&repeater->target.address;
    if (repeater->target.address.ss_family == AF_INET6) {
        repeater->address.family = 6;
        memcpy(repeater->address.octets, &six->sin6_addr, 16);
        repeater->port = ntohs(six->sin6_port);
    } else {
        repeater->address.family = 4;
        memcpy(repeater->address.octets, &four->sin_addr, 4);
        repeater->port = ntohs(four->sin_port);
    }
    repeater->loopback = repeater_target_is_loopback(&repeater->target);
}

static int set_up(int fd)
{
    const int on = 1, bytes = SEND_BUFFER_BYTES;
    const struct timeval wait = {.tv_sec = SEND_WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

static int open_own(struct repeater *repeater, struct sink_error *error)
{
    const struct sockaddr *address = (const struct sockaddr *)&repeater->target.address;
    repeater->own_fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (repeater->own_fd >= 0 && set_up(repeater->own_fd) == 0 &&
        connect(repeater->own_fd, address, repeater->target.length) == 0)
        return 0;
    snprintf(error->text, sizeof error->text, "cannot send to %s: %s", repeater->target.text, strerror(errno));
    return -1;
}

/* With IPPROTO_RAW the headers are ours, and nothing is received. */
void repeater_raw_open(struct repeater_raw *ret_raw)
{
    ret_raw->ipv4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    ret_raw->number = errno;
    ret_raw->ipv6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
}

static int raw_of(const struct repeater_raw *raw, const struct repeater *repeater)
{
    return repeater->address.family == 6 ? raw->ipv6 : raw->ipv4;
}

static int open_raw(struct repeater *repeater, const struct repeater_raw *given, struct sink_error *error)
{
    struct repeater_raw raw;
    if (repeater->target.source == REPEATER_SOURCE_OWN)
        return 0;
    if (given == NULL)
        repeater_raw_open(&raw);
    else
        raw = *given;
    if (raw_of(&raw, repeater) >= 0)
        repeater->raw_fd = fcntl(raw_of(&raw, repeater), F_DUPFD_CLOEXEC, 0);
    if (given == NULL && raw.ipv4 >= 0)
        close(raw.ipv4);
    if (given == NULL && raw.ipv6 >= 0)
        close(raw.ipv6);
    if (repeater->raw_fd >= 0)
        set_up(repeater->raw_fd);
    if (repeater->raw_fd >= 0 || repeater->target.source == REPEATER_SOURCE_AUTO)
        return 0;
    snprintf(error->text, sizeof error->text,
             "cannot send to %s with the exporters' addresses: %s; that needs root or CAP_NET_RAW, and source=own does "
             "without",
             repeater->target.text, strerror(raw.number));
    return -1;
}

static void describe(struct repeater *repeater)
{
    char sample[64] = "";
    if (repeater->target.sample > 1)
        snprintf(sample, sizeof sample, " one datagram in %" PRIu32 ",", repeater->target.sample);
    const char *from = repeater->raw_fd >= 0 ? "the exporters' addresses"
                       : repeater->target.source == REPEATER_SOURCE_OWN
                           ? "this machine's address"
                           : "this machine's address, as the exporters' need root or CAP_NET_RAW";
    snprintf(repeater->text, sizeof repeater->text, "%s,%s from %s", repeater->target.text, sample, from);
}

static int memory_short(struct sink_error *error)
{
    snprintf(error->text, sizeof error->text, "not enough memory");
    return -1;
}

static int set_all_up(struct repeater *repeater, const struct repeater_raw *raw, struct sink_error *error)
{
    uint64_t random[2] = {(uint64_t)(uintptr_t)repeater, 0};
    if (getrandom(random, sizeof random, GRND_NONBLOCK) < 0)
        random[1] = (uint64_t)getpid();
    repeater->id = (uint32_t)random[1];
    repeater->sample = repeater_sample_create(repeater->target.sample, random[0]);
    if (repeater->sample == NULL)
        return memory_short(error);
    if (open_own(repeater, error) != 0 || open_raw(repeater, raw, error) != 0)
        return -1;
    repeater->mtu_bytes = REPEATER_MTU_MIN;
    look_at_path(repeater);
    repeater->own = repeater_queue_create(repeater->own_fd, NULL, 0);
    if (repeater->raw_fd >= 0)
        repeater->raw = repeater_queue_create(repeater->raw_fd, &repeater->target.address, repeater->target.length);
    if (repeater->own == NULL || (repeater->raw_fd >= 0 && repeater->raw == NULL))
        return memory_short(error);
    describe(repeater);
    return 0;
}

static const struct sink_class repeater_class = {
    .name = "udp", .raw = take, .raw_end = end_burst, .tick = tick, .counts = counts, .close = close_sink};

struct sink *repeater_create(const struct repeater_options *options, struct sink_error *error)
{
    struct repeater *repeater = calloc(1, sizeof *repeater);
    if (repeater == NULL) {
        memory_short(error);
        return NULL;
    }
    repeater->sink.class = &repeater_class;
    repeater->target = options->target;
    repeater->tell = options->tell;
    repeater->context = options->context;
    repeater->own_fd = repeater->raw_fd = -1;
    split_target(repeater);
    if (set_all_up(repeater, options->raw, error) == 0)
        return &repeater->sink;
    free_repeater(repeater);
    return NULL;
}

const char *repeater_text(const struct sink *sink)
{
    return ((const struct repeater *)sink)->text;
}

bool repeater_reaches(const struct sink *sink, int fd)
{
    return sink->class == &repeater_class && repeater_target_reaches(&((const struct repeater *)sink)->target, fd);
}
