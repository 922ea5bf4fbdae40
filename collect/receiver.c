/* SPDX-License-Identifier: MIT */
/*
 * receiver.c - the thread that takes datagrams from sockets into a journal
 */
#define _GNU_SOURCE
#include "receiver.h"

#include "allow_gate.h"
#include "receive_socket.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    BURSTS_EACH = 16,   /* from one socket before the next one has its turn */
    WAIT_MS = 1000,
    FULL_WAIT_NS = 1000000,
    DRAIN_US = 1000000,
    DROPS_EACH_US = 1000000,
    NAP_PER_MS = 4,        /* datagrams, from which on it comes back to empty sockets a little later */
    NAP_LOOK_US = 4000,    /* how often it looks whether so many come */
    NAP_NS = 2000000,
    NAP_MANY = 128,        /* datagrams that came at a time: a nap behind them is short */
    NAP_MANY_NS = 500000,
    NAP_BUFFER_BYTES = 4 << 20 /* of a socket that can wait so long at any rate */
};

struct receiver {
    struct receiver_options options;
    int sockets[RECEIVER_SOCKETS_MAX];
    struct journal_drops drops; /* as they were looked up last, of earlier processes too */
    struct waker *wakers[RECEIVER_WAKERS_MAX];
    struct waker own;
    pthread_t thread;
    int cpu_error; /* why it does not stay on its processor; 0: it does, or need not */
    _Atomic bool stopping, draining, failed;
    _Atomic uint64_t received, dropped_kernel, dropped_journal;
    struct allow_gate gate;
    bool can_nap, busy;        /* busy: NAP_PER_MS came when that was looked at last */
    int64_t look_us;           /* that was then, monotonic, when so many had been received: */
    uint64_t look_received;
    bool full;        /* the journal was, since the sockets were empty last */
    int64_t drops_us; /* when they were looked up, monotonic */
    struct sink_error failure; /* written before `failed` is set */
};

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* What the kernel has dropped since the last look belongs to what has been the cause since then. */
static void look_up_drops(struct receiver *receiver)
{
    struct journal_drops *drops = &receiver->drops;
    uint64_t all = 0;
    for (size_t i = 0; i < receiver->options.socket_count; i++) {
        uint32_t dropped;
        if (receive_socket_dropped(receiver->sockets[i], &dropped) != 0)
            continue;
        all += (uint32_t)(dropped - drops->sockets[i].dropped);
        drops->sockets[i].dropped = dropped;
    }
    atomic_fetch_add_explicit(receiver->full ? &receiver->dropped_journal : &receiver->dropped_kernel, all,
                              memory_order_relaxed);
    *(receiver->full ? &drops->journal : &drops->kernel) += all;
    if (all > 0)
        journal_drops_note(receiver->options.journal, drops);
    receiver->drops_us = monotonic_us();
}

/* Numbers of sockets begin anew with the machine, and a folder on a disk outlives it: what was noted of another socket is more
 * than this one has dropped, or hardly anything. */
static bool is_since(uint32_t noted, uint32_t dropped)
{
    return dropped - noted <= INT32_MAX;
}

/* Where looking begins: at what an earlier process that had the socket has seen, or what its opener tells. */
static void begin_drops(struct receiver *receiver)
{
    const struct receiver_options *options = &receiver->options;
    struct journal_drops noted;
    journal_drops_noted(options->journal, &noted);
    receiver->drops = (struct journal_drops){.kernel = noted.kernel, .journal = noted.journal};
    for (size_t i = 0; i < options->socket_count; i++) {
        const uint64_t cookie = receive_socket_cookie(options->sockets[i].fd);
        receiver->drops.sockets[i].cookie = cookie;
        receiver->drops.sockets[i].dropped = options->sockets[i].dropped;
        for (size_t k = 0; k < JOURNAL_SOCKETS_MAX && cookie != 0; k++) {
            if (noted.sockets[k].cookie == cookie && is_since(noted.sockets[k].dropped, options->sockets[i].dropped))
                receiver->drops.sockets[i].dropped = noted.sockets[k].dropped;
        }
    }
    journal_drops_note(options->journal, &receiver->drops);
}

static void note_full(struct receiver *receiver)
{
    const struct timespec a_while = {.tv_nsec = FULL_WAIT_NS};
    if (!receiver->full) {
        look_up_drops(receiver);
        receiver->full = true;
    }
    nanosleep(&a_while, NULL);
}

static void fail(struct receiver *receiver, const char *what, int number)
{
    snprintf(receiver->failure.text, sizeof receiver->failure.text, "%s: %s", what, strerror(number));
    atomic_store(&receiver->failed, true);
}

/* How many more there may be. */
static uint64_t count_left(const struct receiver *receiver)
{
    const uint64_t most = receiver->options.datagram_count_max;
    return most == 0 ? UINT64_MAX : most - atomic_load_explicit(&receiver->received, memory_order_relaxed);
}

/* How many of those filled are to have their slots: all behind these are of exporters that are not allowed. */
static uint32_t turn_away(struct receiver *receiver, uint32_t count)
{
    struct weir_address source;
    allow_gate_turn(&receiver->gate);
    while (receiver->gate.list != NULL && receiver->options.refused != NULL && count > 0) {
        journal_offered_source(receiver->options.journal, count - 1, &source);
        if (allow_gate_lets_in(&receiver->gate, &source))
            break;
        receiver->options.refused(receiver->options.context, &source);
        count--;
    }
    return count;
}

/* -1 when the socket is empty, or cannot be read, or no more is wanted; 0 when there may be more. */
static int take_burst(struct receiver *receiver, int fd)
{
    uint32_t room;
    const uint64_t left = count_left(receiver);
    if (left == 0)
        return -1;
    struct mmsghdr *messages = journal_offer(receiver->options.journal, &room);
    if (messages == NULL) {
        note_full(receiver);
        return 0;
    }
    room = left < room ? (uint32_t)left : room;
    const int count = recvmmsg(fd, messages, room, MSG_DONTWAIT, NULL);
    if (count <= 0) {
        if (count < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED && errno != ENOMEM && errno != ENOBUFS)
            fail(receiver, "cannot receive", errno);
        return -1;
    }
    const uint32_t kept = turn_away(receiver, (uint32_t)count);
    journal_received(receiver->options.journal, kept);
    atomic_fetch_add_explicit(&receiver->received, kept, memory_order_relaxed);
    for (size_t i = 0; i < receiver->options.waker_count && kept > 0; i++)
        waker_wake(receiver->wakers[i]);
    return (uint32_t)count < room ? -1 : 0;
}

static void look_whether_busy(struct receiver *receiver, int64_t now_us)
{
    const uint64_t received = atomic_load_explicit(&receiver->received, memory_order_relaxed);
    const int64_t passed_us = now_us - receiver->look_us;
    if (passed_us < NAP_LOOK_US)
        return;
    receiver->busy = (received - receiver->look_received) * 1000 >= NAP_PER_MS * (uint64_t)passed_us;
    receiver->look_us = now_us;
    receiver->look_received = received;
}

/* Where much comes, fewer and longer bursts take half the time of the processor; the buffers hold what comes meanwhile. */
static void nap(const struct receiver *receiver, uint64_t received_before)
{
    const uint64_t count = atomic_load_explicit(&receiver->received, memory_order_relaxed) - received_before;
    const struct timespec a_while = {.tv_nsec = count >= NAP_MANY ? NAP_MANY_NS : NAP_NS};
    nanosleep(&a_while, NULL);
}

/* Whether the socket was emptied. */
static bool take_turn(struct receiver *receiver, int fd)
{
    for (int i = 0; i < BURSTS_EACH; i++) {
        if (take_burst(receiver, fd) != 0)
            return true;
    }
    return false;
}

static void wait_for_more(struct receiver *receiver, struct pollfd *polls)
{
    const struct timespec a_while = {.tv_nsec = FULL_WAIT_NS};
    const size_t count = receiver->options.socket_count;
    if (poll(polls, count + 1, WAIT_MS) >= 0 || errno == EINTR)
        return;
    if (errno == ENOMEM || errno == EAGAIN)
        nanosleep(&a_while, NULL); /* it passes */
    else
        fail(receiver, "cannot wait for datagrams", errno);
}

static void drain(struct receiver *receiver)
{
    const int64_t begin_us = monotonic_us();
    bool all = false;
    while (!all && monotonic_us() - begin_us < DRAIN_US) {
        all = true;
        for (size_t i = 0; i < receiver->options.socket_count; i++)
            all &= take_turn(receiver, receiver->sockets[i]);
    }
}

/* What a full journal has no room for at the end is lost with the sockets, as what the kernel drops for that cause. */
static void count_rest(struct receiver *receiver)
{
    struct mmsghdr messages[JOURNAL_BURST] = {0}; /* without room: of datagrams nothing is wanted */
    const int64_t begin_us = monotonic_us();
    uint64_t rest = 0;
    for (size_t i = 0; i < receiver->options.socket_count; i++) {
        int count;
        do {
            count = recvmmsg(receiver->sockets[i], messages, JOURNAL_BURST, MSG_DONTWAIT, NULL);
            rest += count > 0 ? (uint64_t)count : 0;
        } while (count > 0 && monotonic_us() - begin_us < DRAIN_US);
    }
    atomic_fetch_add_explicit(&receiver->dropped_journal, rest, memory_order_relaxed);
    receiver->drops.journal += rest;
    journal_drops_note(receiver->options.journal, &receiver->drops);
}

static void *run(void *context)
{
    struct receiver *receiver = context;
    const size_t count = receiver->options.socket_count;
    struct pollfd polls[RECEIVER_SOCKETS_MAX + 1];
    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = receiver->sockets[i], .events = POLLIN};
    polls[count] = (struct pollfd){.fd = receiver->own.fd, .events = POLLIN};
    bool empty = true, napped = false;
    while (!atomic_load(&receiver->stopping) && !atomic_load(&receiver->failed) && count_left(receiver) > 0) {
        if (empty && receiver->full) {
            look_up_drops(receiver);
            receiver->full = false;
        }
        if (empty && !napped)
            wait_for_more(receiver, polls);
        const bool all = !empty || napped; /* nobody has told which ones are ready */
        const uint64_t before = atomic_load_explicit(&receiver->received, memory_order_relaxed);
        empty = true;
        for (size_t i = 0; i < count; i++) {
            if (all || (polls[i].revents & (POLLIN | POLLERR)) != 0)
                empty &= take_turn(receiver, receiver->sockets[i]);
        }
        const int64_t now_us = monotonic_us();
        if (now_us - receiver->drops_us >= DROPS_EACH_US)
            look_up_drops(receiver);
        look_whether_busy(receiver, now_us);
        napped = empty && receiver->can_nap && receiver->busy;
        if (napped)
            nap(receiver, before);
    }
    if (atomic_load(&receiver->draining))
        drain(receiver);
    if (atomic_load(&receiver->draining) && receiver->full && !receiver->options.sockets_stay)
        count_rest(receiver);
    look_up_drops(receiver);
    return NULL;
}

static bool have_large_buffers(const struct receiver *receiver)
{
    for (size_t i = 0; i < receiver->options.socket_count; i++) {
        int size = 0;
        socklen_t length = sizeof size;
        if (getsockopt(receiver->sockets[i], SOL_SOCKET, SO_RCVBUF, &size, &length) != 0 || size < NAP_BUFFER_BYTES)
            return false;
    }
    return true;
}

static int start_thread(struct receiver *receiver, struct sink_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* a refused system call: blocked, it would end the process */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&receiver->thread, NULL, run, receiver);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number == 0 && receiver->options.cpu >= 0) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET((size_t)receiver->options.cpu, &cpus);
        receiver->cpu_error = pthread_setaffinity_np(receiver->thread, sizeof cpus, &cpus);
    }
    if (number != 0)
        snprintf(error->text, sizeof error->text, "cannot start a thread to receive: %s", strerror(number));
    return number == 0 ? 0 : -1;
}

struct receiver *receiver_start(const struct receiver_options *options, struct sink_error *error)
{
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (receiver == NULL || waker_init(&receiver->own) != 0) {
        snprintf(error->text, sizeof error->text, "cannot receive: %s", strerror(errno));
        free(receiver);
        return NULL;
    }
    receiver->options = *options;
    for (size_t i = 0; i < options->socket_count; i++)
        receiver->sockets[i] = options->sockets[i].fd;
    begin_drops(receiver);
    allow_gate_init(&receiver->gate, options->allowed);
    memcpy(receiver->wakers, options->wakers, options->waker_count * sizeof(struct waker *));
    atomic_store(&receiver->own.sleeping, 1); /* it always looks at its own waker when it waits */
    receiver->can_nap = have_large_buffers(receiver);
    if (start_thread(receiver, error) == 0)
        return receiver;
    receiver_free(receiver);
    return NULL;
}

void receiver_counts(struct receiver *receiver, struct receiver_counts *ret_counts)
{
    *ret_counts = (struct receiver_counts){
        .received = atomic_load_explicit(&receiver->received, memory_order_relaxed),
        .dropped_kernel = atomic_load_explicit(&receiver->dropped_kernel, memory_order_relaxed),
        .dropped_journal = atomic_load_explicit(&receiver->dropped_journal, memory_order_relaxed),
    };
}

void receiver_set_allowed(struct receiver *receiver, struct address_list *allowed)
{
    allow_gate_change(&receiver->gate, allowed);
}

int receiver_cpu_error(const struct receiver *receiver)
{
    return receiver->cpu_error;
}

bool receiver_failed(struct receiver *receiver, struct sink_error *error)
{
    if (!atomic_load(&receiver->failed))
        return false;
    *error = receiver->failure;
    return true;
}

void receiver_end(struct receiver *receiver, bool drain_sockets)
{
    atomic_store(&receiver->draining, drain_sockets);
    atomic_store(&receiver->stopping, true);
    waker_wake(&receiver->own);
    pthread_join(receiver->thread, NULL);
}

void receiver_free(struct receiver *receiver)
{
    if (receiver == NULL)
        return;
    waker_done(&receiver->own);
    allow_gate_done(&receiver->gate);
    free(receiver);
}
