/* SPDX-License-Identifier: MIT */
/*
 * receive.c - measures ways of receiving datagrams, on loopback
 *
 *     receive [-q] [WORD]     all ways, or those whose names contain the word; -q: no search for the highest rate
 *
 * A thread on the one core sends export as workload.c makes it, one on the other takes it. On loopback the sender's
 * core does all up to the socket's queue, so that the receiver's CPU time is what taking costs. Columns:
 *
 *     full    CPU ns a datagram, when 2,000 lie in the queue each time: the median of 60 rounds
 *     paced   the same when 100,000 come a second, evenly, and the receiver waits for each; calls: datagrams a call
 *     rate    the highest rate of thousand datagrams a second at which none is lost in 0.4 s, with 16 MB of buffer,
 *             sent by sendmmsg; and by UDP_SEGMENT, 16 of the same size at once, which costs the sender less.
 *             '>' where the sender could send no faster
 *
 * What cannot be had here is said; this never fails.
 */
#define _GNU_SOURCE
#include "receive_ways.h"
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum {
    PAYLOADS = 4096,
    BURST = 64,
    SEGMENTS = 16,
    SEGMENT_BYTES = 1400,
    ROUND_DATAGRAMS = 2000,
    ROUNDS = 60,
    ROUNDS_WARM = 5,
    PACED_RATE = 100000,
    PACED_DATAGRAMS = 50000,
    RECEIVE_BUFFER_BYTES = 8 << 20, /* the kernel doubles it */
    SEARCH_MS = 400,
    SEARCH_TRIES = 3,
};

static const struct receive_way ways[] = {
    {"recvmmsg 16, control", .bulk = 16, .control = true},
    {"recvmmsg 64, control", .bulk = 64, .control = true},
    {"recvmmsg 256, control", .bulk = 256, .control = true},
    {"recvmmsg 1, control", .bulk = 1, .control = true},
    {"recvmmsg 16, plain", .bulk = 16},
    {"recvmmsg 64, plain", .bulk = 64},
    {"recvmmsg 256, plain", .bulk = 256},
    {"io_uring, control", .bulk = 256, .control = true, .io_uring = true},
    {"io_uring, plain", .bulk = 256, .io_uring = true},
    {"recvmmsg 64, control, UDP_GRO", .bulk = 64, .control = true, .gro = true},
    {"recvmmsg 64, control, SO_BUSY_POLL", .bulk = 64, .control = true, .busy_poll_us = 50},
    {"recvmmsg 64, control, 1 ms pause", .bulk = 64, .control = true, .pause_us = 1000},
    {"read, small buffer", .bulk = 64, .control = true, .reads_all = true},
    {"read, file of 96 MB", .bulk = 64, .control = true, .reads_all = true, .memory = RECEIVE_MEMORY_FILE},
    {"read, file, huge pages", .bulk = 64, .control = true, .reads_all = true, .memory = RECEIVE_MEMORY_FILE_HUGE},
    {"read, MFD_HUGETLB", .bulk = 64, .control = true, .reads_all = true, .memory = RECEIVE_MEMORY_HUGE},
    {"read, file of 8 MB", .bulk = 64, .control = true, .reads_all = true, .memory = RECEIVE_MEMORY_FILE_SHORT},
    {"read, small, copied to 96 MB", .bulk = 64, .control = true, .reads_all = true, .memory = RECEIVE_MEMORY_COPIED},
};

/* What the sending thread is to do next. */
struct order {
    uint64_t count; /* datagrams; 0 ends the thread */
    double rate;    /* a second; 0: as fast as it goes */
    bool segments;  /* by UDP_SEGMENT */
};

struct sender {
    int fd;
    uint8_t (*payloads)[WORKLOAD_DATAGRAM_BYTES];
    size_t sizes[PAYLOADS];
    struct order order;
    pthread_barrier_t begin, end;
    uint64_t sent;   /* after `end` */
    double rate;     /* after `end`: as it was in fact */
    bool done;       /* atomic: all is sent */
};

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void pin(size_t core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    sched_setaffinity(0, sizeof set, &set);
}

/* ------------------------------------------------------------------------------------------------ the sender */

static size_t send_burst(struct sender *sender, uint64_t number, size_t count)
{
    struct mmsghdr messages[BURST] = {0};
    struct iovec vectors[BURST];
    for (size_t i = 0; i < count; i++) {
        const size_t at = (number + i) % PAYLOADS;
        vectors[i] = (struct iovec){sender->payloads[at], sender->sizes[at]};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    const int sent = sendmmsg(sender->fd, messages, (unsigned)count, 0);
    return sent > 0 ? (size_t)sent : 0;
}

static size_t send_segments(struct sender *sender, uint64_t number)
{
    struct iovec vectors[SEGMENTS];
    union {
        char octets[CMSG_SPACE(sizeof(uint16_t))];
        struct cmsghdr align;
    } control = {0};
    for (size_t i = 0; i < SEGMENTS; i++)
        vectors[i] = (struct iovec){sender->payloads[(number + i) % PAYLOADS], SEGMENT_BYTES};
    struct msghdr message = {.msg_iov = vectors, .msg_iovlen = SEGMENTS, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    *c = (struct cmsghdr){.cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t))};
    const uint16_t segment_bytes = SEGMENT_BYTES;
    memcpy(CMSG_DATA(c), &segment_bytes, sizeof segment_bytes);
    return sendmsg(sender->fd, &message, 0) > 0 ? SEGMENTS : 0;
}

static void carry_out(struct sender *sender)
{
    const struct order *order = &sender->order;
    const double start_s = seconds(CLOCK_MONOTONIC);
    /* a pace is kept in steps that are small beside the buffer, and small where it is slow */
    const size_t step = order->rate == 0 || order->rate > 4e5 ? BURST : order->rate > 1.5e5 ? 16 : 1;
    sender->sent = 0;
    while (sender->sent < order->count) {
        const uint64_t left = order->count - sender->sent;
        sender->sent += order->segments ? send_segments(sender, sender->sent)
                                        : send_burst(sender, sender->sent, left < step ? (size_t)left : step);
        while (order->rate > 0 && (double)sender->sent > order->rate * (seconds(CLOCK_MONOTONIC) - start_s))
            ;
    }
    sender->rate = (double)sender->sent / (seconds(CLOCK_MONOTONIC) - start_s);
    __atomic_store_n(&sender->done, true, __ATOMIC_RELEASE);
}

static void *send_on_orders(void *context)
{
    struct sender *sender = context;
    pin(1);
    for (;;) {
        pthread_barrier_wait(&sender->begin);
        if (sender->order.count == 0)
            return NULL;
        carry_out(sender);
        pthread_barrier_wait(&sender->end);
    }
}

static void begin(struct sender *sender, struct order order)
{
    sender->order = order;
    __atomic_store_n(&sender->done, false, __ATOMIC_RELEASE);
    pthread_barrier_wait(&sender->begin);
}

static void make_payloads(struct sender *sender)
{
    static uint32_t sequences[4];
    struct workload workload = {.random_state = 1, .exporter_count = 4, .version = 9, .sequences = sequences};
    sender->payloads = calloc(PAYLOADS, sizeof *sender->payloads);
    for (uint64_t i = 0; sender->payloads != NULL && i < PAYLOADS; i++)
        sender->sizes[i] = workload_datagram(&workload, i, sender->payloads[i]);
}

/* ------------------------------------------------------------------------------------------------ measuring */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* CPU ns a datagram where the queue is full; 0 where datagrams were lost. */
static double measure_full(struct sender *sender, struct receiver *receiver, bool segments)
{
    double figures[ROUNDS];
    for (int round = -ROUNDS_WARM; round < ROUNDS; round++) {
        begin(sender, (struct order){.count = ROUND_DATAGRAMS, .segments = segments});
        pthread_barrier_wait(&sender->end);
        const double start_s = seconds(CLOCK_THREAD_CPUTIME_ID);
        uint64_t count = 0;
        for (size_t got; (got = receive_take(receiver)) > 0;)
            count += got;
        const double end_s = seconds(CLOCK_THREAD_CPUTIME_ID);
        if (count != sender->sent)
            return 0;
        if (round >= 0)
            figures[round] = (end_s - start_s) * 1e9 / (double)count;
    }
    qsort(figures, ROUNDS, sizeof *figures, compare_doubles);
    return figures[ROUNDS / 2];
}

/* Receives while the sender sends. Returns how many came. */
static uint64_t receive_all(struct sender *sender, struct receiver *receiver, struct order order)
{
    uint64_t count = 0;
    begin(sender, order);
    for (bool done = false;;) {
        const size_t got = receive_take(receiver);
        count += got;
        if (got > 0)
            continue;
        if (done)
            break;
        done = __atomic_load_n(&sender->done, __ATOMIC_ACQUIRE); /* then once more, for what came meanwhile */
        if (!done)
            receive_wait(receiver);
    }
    pthread_barrier_wait(&sender->end);
    return count;
}

static double measure_paced(struct sender *sender, struct receiver *receiver, double *ret_per_call)
{
    receiver->calls = 0;
    const double start_s = seconds(CLOCK_THREAD_CPUTIME_ID);
    const uint64_t count =
        receive_all(sender, receiver, (struct order){.count = PACED_DATAGRAMS, .rate = PACED_RATE});
    *ret_per_call = (double)count / (double)receiver->calls;
    return (seconds(CLOCK_THREAD_CPUTIME_ID) - start_s) * 1e9 / (double)count;
}

/* The highest rate without loss, in thousands; `ret_sender` when the sender can do no more. */
static double measure_rate(struct sender *sender, struct receiver *receiver, bool segments, bool *ret_sender)
{
    double best = 0;
    for (double rate = 200e3;; rate *= 1.15) {
        bool whole = false, reached = false;
        for (int i = 0; i < SEARCH_TRIES && !whole; i++) {
            const uint64_t count = (uint64_t)(rate * SEARCH_MS / 1000) / SEGMENTS * SEGMENTS;
            whole = receive_all(sender, receiver, (struct order){count, rate, segments}) == sender->sent;
            reached = sender->rate > rate * 0.97;
            if (whole && sender->rate > best)
                best = sender->rate;
        }
        *ret_sender = whole && !reached;
        if (!whole || !reached)
            return best / 1e3;
    }
}

static int open_socket(struct sockaddr_in *ret_address)
{
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size_bytes = RECEIVE_BUFFER_BYTES;
    socklen_t length = sizeof *ret_address;
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size_bytes, sizeof size_bytes) != 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size_bytes, sizeof size_bytes);
    if (bind(fd, (struct sockaddr *)ret_address, length) != 0 ||
        getsockname(fd, (struct sockaddr *)ret_address, &length) != 0)
        return -1;
    return fd;
}

static void measure(struct sender *sender, const struct receive_way *way, bool search)
{
    struct sockaddr_in address;
    const int fd = open_socket(&address);
    struct receiver receiver = {0};
    sender->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const char *why = fd < 0 || connect(sender->fd, (struct sockaddr *)&address, sizeof address) != 0
                          ? strerror(errno)
                          : receive_open(&receiver, way, fd);
    if (why != NULL) {
        printf("%-36s not here: %s\n", way->name, why);
    } else {
        double per_call = 0;
        const double full_ns = measure_full(sender, &receiver, false);
        const double segments_ns = measure_full(sender, &receiver, true);
        const double paced_ns = measure_paced(sender, &receiver, &per_call);
        printf("%-36s %6.0f %8.0f %8.0f %6.1f", way->name, full_ns, segments_ns, paced_ns, per_call);
        for (int segments = 0; search && segments < 2; segments++) {
            bool by_sender = false;
            const double rate = measure_rate(sender, &receiver, segments != 0, &by_sender);
            printf(" %s%7.0f", by_sender ? ">" : " ", rate);
        }
        printf("\n");
    }
    fflush(stdout);
    receive_close(&receiver);
    close(fd);
    close(sender->fd);
}

int main(int argc, char **argv)
{
    static struct sender sender;
    const bool search = argc < 2 || strcmp(argv[1], "-q") != 0;
    const char *word = argc > (search ? 1 : 2) ? argv[search ? 1 : 2] : "";
    pthread_t thread;
    make_payloads(&sender);
    pthread_barrier_init(&sender.begin, NULL, 2);
    pthread_barrier_init(&sender.end, NULL, 2);
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2 || sender.payloads == NULL ||
        pthread_create(&thread, NULL, send_on_orders, &sender) != 0) {
        puts("receive: no figures; two cores are needed, and memory");
        return 0;
    }
    pin(0);
    printf("%-36s %6s %8s %8s %6s%s\n", "CPU ns a datagram", "full", "segments", "paced", "a call",
           search ? "     rate segments (1,000/s)" : "");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (strstr(ways[i].name, word) != NULL)
            measure(&sender, &ways[i], search);
    }
    begin(&sender, (struct order){0});
    pthread_join(thread, NULL);
    free(sender.payloads);
    return 0;
}
