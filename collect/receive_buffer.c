/* SPDX-License-Identifier: MIT */
/*
 * receive_buffer.c - whether a receive buffer is large enough for what comes
 *
 * The kernel counts for each datagram the memory that it lies in and its own notes of it; for that it doubles what was
 * asked for. One of 700 to 1,460 octets counts as 2,304 on the loopback interface and with usual drivers, one of an
 * interface with longer frames 4,352 and more.
 */
#include "receive_buffer.h"

#include <stdio.h>

enum { NOTES_BYTES = 256, MEMORY_MIN_BYTES = 2048, AROUND_BYTES = 448 };

/* What the kernel counts for a datagram of so many octets. */
static double counted_bytes(double size_bytes)
{
    double memory_bytes = MEMORY_MIN_BYTES;
    while (memory_bytes < size_bytes + AROUND_BYTES && memory_bytes < 65536)
        memory_bytes *= 2;
    return memory_bytes + NOTES_BYTES;
}

static double counted_per_s(double datagrams_per_s, double octets_per_s)
{
    return datagrams_per_s <= 0 ? 0 : datagrams_per_s * counted_bytes(octets_per_s / datagrams_per_s);
}

int receive_buffer_needed(double datagrams_per_s, double octets_per_s)
{
    const double needed_bytes = counted_per_s(datagrams_per_s, octets_per_s) * RECEIVE_PAUSE_MS / 1000 / 2;
    int bytes = 64 << 10;
    while (bytes < needed_bytes && bytes < RECEIVE_BUFFER_MAX_BYTES)
        bytes *= 2;
    return bytes;
}

double receive_buffer_holds_ms(int buffer_bytes, double datagrams_per_s, double octets_per_s)
{
    const double per_s = counted_per_s(datagrams_per_s, octets_per_s);
    return per_s <= 0 ? 1e9 : 2.0 * buffer_bytes / per_s * 1000;
}

bool receive_buffer_advice(const struct receive_socket *socket, double datagrams_per_s, double octets_per_s,
                           char *text, size_t text_bytes)
{
    const double holds_ms = receive_buffer_holds_ms(socket->buffer_bytes, datagrams_per_s, octets_per_s);
    if (holds_ms >= RECEIVE_PAUSE_MS || socket->buffer_bytes >= RECEIVE_BUFFER_MAX_BYTES)
        return false;
    const int needed_bytes = receive_buffer_needed(datagrams_per_s, octets_per_s);
    const bool system_bounds = socket->buffer_bytes < socket->buffer_wanted_bytes;
    char system[80] = "", own[48] = "";
    if (system_bounds)
        snprintf(system, sizeof system, "'sysctl -w net.core.rmem_max=%d'", needed_bytes);
    if (!system_bounds || needed_bytes > socket->buffer_wanted_bytes)
        snprintf(own, sizeof own, "%s--rcvbuf %dK", system_bounds ? " and " : "", needed_bytes >> 10);
    snprintf(text, text_bytes,
             "the receive buffer of %d KB of %s holds %.0f ms of the %.0f datagrams a second that come; %s%s gives it "
             "%d ms or more",
             socket->buffer_bytes >> 10, socket->text, holds_ms, datagrams_per_s, system, own, RECEIVE_PAUSE_MS);
    return true;
}
