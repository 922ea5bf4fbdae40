/* SPDX-License-Identifier: MIT */
/*
 * receive_uring.c - datagrams from io_uring: one recvmsg that goes on and on, into buffers that the kernel picks
 *
 * By system calls alone, so that nothing has to be installed to measure it. Of a kernel before 6.1, or headers before
 * 6.0, receive_uring_open() says that it is missing.
 */
#define _GNU_SOURCE
#include "receive_ways.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef IORING_RECV_MULTISHOT

enum {
    ENTRIES = 8,
    COMPLETIONS = 4096,
    BUFFERS = 256, /* a power of two */
    BUFFER_BYTES = 2304, /* header, name and control data lie in front of the datagram */
    CONTROL_BYTES = 64,
    WAIT_NS = 20000000,
};

struct receive_uring {
    int fd;
    void *rings;
    size_t rings_bytes;
    struct io_uring_sqe *entries;
    unsigned *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
    struct io_uring_cqe *completions;
    struct io_uring_buf_ring *ring;
    unsigned char *buffers;
    uint16_t ring_tail;
    struct msghdr header;
    unsigned to_submit;
};

static int enter(struct receiver *receiver, unsigned wanted, struct __kernel_timespec *timeout)
{
    struct receive_uring *uring = receiver->uring;
    struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)timeout};
    receiver->calls++;
    const int done = (int)syscall(__NR_io_uring_enter, uring->fd, uring->to_submit, wanted,
                                  IORING_ENTER_GETEVENTS | (timeout != NULL ? IORING_ENTER_EXT_ARG : 0),
                                  timeout != NULL ? &arg : NULL, timeout != NULL ? sizeof arg : 0);
    if (done >= 0 || errno == ETIME)
        uring->to_submit = 0;
    return done;
}

static void arm(struct receiver *receiver)
{
    struct receive_uring *uring = receiver->uring;
    const unsigned tail = *uring->sq_tail, at = tail & *uring->sq_mask;
    uring->header = (struct msghdr){.msg_namelen = sizeof(struct sockaddr_in6),
                                    .msg_controllen = receiver->way.control ? CONTROL_BYTES : 0};
    uring->entries[at] = (struct io_uring_sqe){
        .opcode = IORING_OP_RECVMSG,
        .flags = IOSQE_BUFFER_SELECT,
        .ioprio = IORING_RECV_MULTISHOT,
        .fd = receiver->fd,
        .addr = (uint64_t)(uintptr_t)&uring->header,
        .len = 1,
    };
    uring->sq_array[at] = at;
    __atomic_store_n(uring->sq_tail, tail + 1, __ATOMIC_RELEASE);
    uring->to_submit++;
}

static void give_buffer(struct receive_uring *uring, unsigned id)
{
    struct io_uring_buf *buffer = &uring->ring->bufs[uring->ring_tail & (BUFFERS - 1)];
    buffer->addr = (uint64_t)(uintptr_t)(uring->buffers + (size_t)id * BUFFER_BYTES);
    buffer->len = BUFFER_BYTES;
    buffer->bid = (uint16_t)id;
    uring->ring_tail++;
}

static void show_buffers(struct receive_uring *uring)
{
    __atomic_store_n(&uring->ring->tail, uring->ring_tail, __ATOMIC_RELEASE);
}

static const char *map_rings(struct receive_uring *uring, const struct io_uring_params *params)
{
    const size_t sq_bytes = params->sq_off.array + params->sq_entries * sizeof(unsigned);
    const size_t cq_bytes = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    uring->rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
    uring->rings = mmap(NULL, uring->rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, uring->fd,
                        IORING_OFF_SQ_RING);
    uring->entries = mmap(NULL, ENTRIES * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_POPULATE, uring->fd, IORING_OFF_SQES);
    if (uring->rings == MAP_FAILED || uring->entries == MAP_FAILED)
        return "the rings of io_uring cannot be mapped";
    char *base = uring->rings;
    uring->sq_tail = (unsigned *)(void *)(base + params->sq_off.tail);
    uring->sq_mask = (unsigned *)(void *)(base + params->sq_off.ring_mask);
    uring->sq_array = (unsigned *)(void *)(base + params->sq_off.array);
    uring->cq_head = (unsigned *)(void *)(base + params->cq_off.head);
    uring->cq_tail = (unsigned *)(void *)(base + params->cq_off.tail);
    uring->cq_mask = (unsigned *)(void *)(base + params->cq_off.ring_mask);
    uring->completions = (struct io_uring_cqe *)(void *)(base + params->cq_off.cqes);
    return NULL;
}

const char *receive_uring_open(struct receiver *receiver)
{
    struct receive_uring *uring = calloc(1, sizeof *uring);
    if (uring == NULL)
        return "memory is short";
    uring->fd = -1;
    receiver->uring = uring;
    struct io_uring_params params = {
        .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        .cq_entries = COMPLETIONS,
    };
    uring->fd = (int)syscall(__NR_io_uring_setup, ENTRIES, &params);
    if (uring->fd < 0)
        return errno == EPERM    ? "kernel.io_uring_disabled forbids io_uring"
               : errno == ENOSYS ? "the kernel has no io_uring"
                                 : "the kernel's io_uring is too old (6.1 is needed)";
    const char *why = map_rings(uring, &params);
    if (why != NULL)
        return why;
    const size_t ring_bytes = BUFFERS * sizeof(struct io_uring_buf);
    uring->ring = aligned_alloc(4096, (ring_bytes + 4095) / 4096 * 4096);
    uring->buffers = aligned_alloc(4096, (size_t)BUFFERS * BUFFER_BYTES);
    if (uring->ring == NULL || uring->buffers == NULL)
        return "memory is short";
    memset(uring->ring, 0, ring_bytes);
    struct io_uring_buf_reg reg = {.ring_addr = (uint64_t)(uintptr_t)uring->ring, .ring_entries = BUFFERS};
    if (syscall(__NR_io_uring_register, uring->fd, IORING_REGISTER_PBUF_RING, &reg, 1) != 0)
        return "the kernel has no rings of buffers";
    for (unsigned i = 0; i < BUFFERS; i++)
        give_buffer(uring, i);
    show_buffers(uring);
    arm(receiver);
    enter(receiver, 0, NULL);
    return NULL;
}

static size_t take_completion(struct receiver *receiver, const struct io_uring_cqe *completion)
{
    struct receive_uring *uring = receiver->uring;
    size_t count = 0;
    if ((completion->flags & IORING_CQE_F_BUFFER) != 0) {
        const unsigned id = completion->flags >> IORING_CQE_BUFFER_SHIFT;
        const unsigned char *buffer = uring->buffers + (size_t)id * BUFFER_BYTES;
        struct io_uring_recvmsg_out out;
        memcpy(&out, buffer, sizeof out);
        const size_t before = sizeof out + uring->header.msg_namelen + uring->header.msg_controllen;
        if (completion->res >= (int)before && out.payloadlen <= BUFFER_BYTES - before) {
            receive_read(receiver, buffer + before, out.payloadlen);
            count = 1;
        }
        give_buffer(uring, id);
    }
    if ((completion->flags & IORING_CQE_F_MORE) == 0)
        arm(receiver); /* it ran out of buffers; the datagrams wait in the socket */
    return count;
}

size_t receive_uring_take(struct receiver *receiver)
{
    struct receive_uring *uring = receiver->uring;
    enter(receiver, 0, NULL);
    size_t count = 0;
    unsigned head = *uring->cq_head;
    const unsigned tail = __atomic_load_n(uring->cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++)
        count += take_completion(receiver, &uring->completions[head & *uring->cq_mask]);
    show_buffers(uring);
    __atomic_store_n(uring->cq_head, head, __ATOMIC_RELEASE);
    return count;
}

void receive_uring_wait(struct receiver *receiver)
{
    struct __kernel_timespec timeout = {.tv_nsec = WAIT_NS};
    enter(receiver, 1, &timeout);
}

void receive_uring_close(struct receiver *receiver)
{
    struct receive_uring *uring = receiver->uring;
    if (uring->fd >= 0)
        close(uring->fd);
    if (uring->rings != NULL && uring->rings != MAP_FAILED)
        munmap(uring->rings, uring->rings_bytes);
    if (uring->entries != NULL && uring->entries != MAP_FAILED)
        munmap(uring->entries, ENTRIES * sizeof(struct io_uring_sqe));
    free(uring->ring);
    free(uring->buffers);
    free(uring);
    receiver->uring = NULL;
}

#else

const char *receive_uring_open(struct receiver *receiver)
{
    (void)receiver;
    return "the kernel's headers have no io_uring that receives again and again";
}

size_t receive_uring_take(struct receiver *receiver)
{
    (void)receiver;
    return 0;
}

void receive_uring_wait(struct receiver *receiver)
{
    (void)receiver;
}

void receive_uring_close(struct receiver *receiver)
{
    (void)receiver;
}

#endif
