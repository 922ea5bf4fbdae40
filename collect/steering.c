/* SPDX-License-Identifier: MIT */
/*
 * steering.c - which worker gets the datagrams of an exporter: a hash of its address, twice
 *
 * The hash is made of what classic BPF has: words of 32 bits, no loops, one register and an index. IPv4 begins with
 * its address as a word; IPv6 folds its four words into one, each multiplied before the next is added, so that
 * addresses that differ in any word differ. What follows mixes the bits, so that neighbours do not all end in one
 * place.
 *
 *     h = word 0;  for the others of IPv6: h = h * FOLD ^ word
 *     h = (h ^ h >> 16) * MIX_1;  h = (h ^ h >> 15) * MIX_2;  h ^= h >> 16;  worker = h % N
 */
#define _GNU_SOURCE
#include "steering.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif

#define FOLD 0x9e3779b1u /* odd, so that multiplying loses nothing */
#define MIX_1 0x7feb352du
#define MIX_2 0x846ca68bu

enum { IPV4_SOURCE = 12, IPV6_SOURCE = 8 }; /* offsets in the headers */

static uint32_t word_at(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

static uint32_t hash(const struct weir_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    const uint8_t *octets = address->octets;
    uint32_t h;
    if (address->family == 6 && memcmp(octets, mapped, sizeof mapped) == 0) {
        h = word_at(octets + 12);
    } else {
        h = word_at(octets);
        for (size_t i = 4; i < 16 && address->family == 6; i += 4)
            h = h * FOLD ^ word_at(octets + i);
    }
    h = (h ^ h >> 16) * MIX_1;
    h = (h ^ h >> 15) * MIX_2;
    return h ^ h >> 16;
}

unsigned steering_worker(const struct weir_address *address, unsigned worker_count)
{
    assert(worker_count > 0 && worker_count <= STEERING_WORKERS_MAX);
    return hash(address) % worker_count;
}

/* A word of the IP header: the program is run with the datagram's payload in front of it. */
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_NET_OFF + (offset)))
#define FOLD_IN(offset) /* A = A * FOLD ^ word */ \
    BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, FOLD), BPF_STMT(BPF_MISC | BPF_TAX, 0), LOAD(offset), \
        BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0)
#define SHIFT_IN(bits) /* A ^= A >> bits */ \
    BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, bits), BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0)

int steering_attach(int fd, unsigned worker_count, struct sink_error *error)
{
    assert(worker_count > 0 && worker_count <= STEERING_WORKERS_MAX);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_NET_OFF),
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4), /* the version of IP */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
        LOAD(IPV4_SOURCE),
        BPF_STMT(BPF_JMP | BPF_JA, 13),
        LOAD(IPV6_SOURCE),
        FOLD_IN(IPV6_SOURCE + 4),
        FOLD_IN(IPV6_SOURCE + 8),
        FOLD_IN(IPV6_SOURCE + 12),
        SHIFT_IN(16),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, MIX_1),
        SHIFT_IN(15),
        BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, MIX_2),
        SHIFT_IN(16),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, worker_count),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    const struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0)
        return 0;
    const int code_of_error = errno;
    snprintf(error->text, sizeof error->text,
             "cannot have the kernel keep each exporter with one worker: %s%s", strerror(code_of_error),
             code_of_error == EINVAL      ? "; the socket was bound by another program without SO_REUSEPORT "
                                            "(systemd: ReusePort=yes)"
             : code_of_error == ENOMEM    ? "; net.core.optmem_max bounds its memory"
             : code_of_error == ENOPROTOOPT ? "; Linux 4.5 or later is needed, or one worker"
                                            : "");
    return -1;
}

int steering_hold(int fd)
{
    struct sock_filter refuse[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
    const struct sock_fprog program = {.len = 1, .filter = refuse};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int steering_release(int fd)
{
    const int unused = 0;
    return setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
}
