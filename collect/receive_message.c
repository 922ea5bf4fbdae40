/* SPDX-License-Identifier: MIT */
/*
 * receive_message.c - what recvmsg() tells beside a datagram
 *
 * Control data, cmsg(3), is a row of
 *
 *     +--------+-------+------+-----------------+---------+
 *     | length | level | type | length - header | padding |     length: size_t; the others: int
 *     +--------+-------+------+-----------------+---------+
 *
 * The macros of cmsg(3) trust the lengths, more or less depending on the C library, so it is walked by hand.
 */
#define _GNU_SOURCE
#include "receive_message.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADER_BYTES = CMSG_LEN(0), NS_PER_S = 1000000000 };

/* Of <asm/socket.h>; SO_TIMESTAMPNS is one of both, by the size of time_t. On 64 bit the values are alike. */
enum { STAMP_OLD = 35, STAMP_NEW = 64 };

static int64_t stamp_ns(const uint8_t *data, size_t length, bool new_form)
{
    int64_t seconds, nanoseconds;
    if (new_form || sizeof(struct timespec) == 16) {
        if (length < 16)
            return 0;
        memcpy(&seconds, data, sizeof seconds);
        memcpy(&nanoseconds, data + 8, sizeof nanoseconds);
    } else {
        int32_t words[2];
        if (length < sizeof words)
            return 0;
        memcpy(words, data, sizeof words);
        seconds = words[0];
        nanoseconds = words[1];
    }
    if (seconds < 0 || seconds >= INT64_MAX / NS_PER_S || nanoseconds < 0 || nanoseconds >= NS_PER_S)
        return 0;
    return seconds * NS_PER_S + nanoseconds;
}

static void take(const struct cmsghdr *head, const uint8_t *data, size_t length, struct receive_control *control)
{
    if (head->cmsg_level != SOL_SOCKET)
        return;
    if ((head->cmsg_type == STAMP_OLD || head->cmsg_type == STAMP_NEW) && control->received_ns == 0) {
        control->received_ns = stamp_ns(data, length, head->cmsg_type == STAMP_NEW);
    } else if (head->cmsg_type == SO_RXQ_OVFL && !control->has_dropped && length >= sizeof control->dropped) {
        memcpy(&control->dropped, data, sizeof control->dropped);
        control->has_dropped = true;
    }
}

struct receive_control receive_control_parse(const void *control, size_t control_bytes)
{
    struct receive_control told = {0};
    const uint8_t *at = control;
    size_t left = control == NULL ? 0 : control_bytes;
    while (left >= HEADER_BYTES) {
        struct cmsghdr head;
        memcpy(&head, at, sizeof head);
        if (head.cmsg_len < HEADER_BYTES || head.cmsg_len > left)
            break;
        take(&head, at + HEADER_BYTES, head.cmsg_len - HEADER_BYTES, &told);
        const size_t step = CMSG_ALIGN(head.cmsg_len); /* no overflow: it is at most `left`, which is memory */
        if (step >= left)
            break;
        at += step;
        left -= step;
    }
    return told;
}

int receive_source_parse(const void *name, size_t name_bytes, struct weir_address *ret_address, uint16_t *ret_port)
{
    sa_family_t family;
    if (name_bytes < offsetof(struct sockaddr, sa_family) + sizeof family)
        return -1;
    memcpy(&family, (const uint8_t *)name + offsetof(struct sockaddr, sa_family), sizeof family);
    struct weir_address address = {0};
    if (family == AF_INET && name_bytes >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in four;
        memcpy(&four, name, sizeof four);
        address.family = 4;
        memcpy(address.octets, &four.sin_addr, 4);
        *ret_port = ntohs(four.sin_port);
    } else if (family == AF_INET6 && name_bytes >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 six;
        memcpy(&six, name, sizeof six);
        const bool mapped = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
        address.family = mapped ? 4 : 6;
        memcpy(address.octets, six.sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
        *ret_port = ntohs(six.sin6_port);
    } else {
        return -1;
    }
    *ret_address = address;
    return 0;
}
