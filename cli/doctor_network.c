/* SPDX-License-Identifier: MIT */
/*
 * doctor_network.c - weir doctor: receive buffers, what was dropped, ports, and whether something comes
 */
#define _GNU_SOURCE
#include "doctor_findings.h"
#include "doctor_kernel.h"
#include "port_owner.h"
#include "receive_socket.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void doctor_check_buffer(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    uint64_t most;
    if (!doctor_read_number(settings->proc, "sys/net/core/rmem_max", &most)) {
        doctor_add(findings, "rmem_max", DOCTOR_WARN, "how large receive buffers may be is not told here, as in some "
                   "containers");
        doctor_advise(findings, "Look at 'sysctl net.core.rmem_max' of the machine itself: it should be %d or more.",
                      RECEIVE_BUFFER_DEFAULT_BYTES);
        return;
    }
    if (most >= RECEIVE_BUFFER_DEFAULT_BYTES) {
        doctor_add(findings, "rmem_max", DOCTOR_OK, "receive buffers may have %" PRIu64 " MB (net.core.rmem_max)",
                   most >> 20);
        return;
    }
    doctor_add(findings, "rmem_max", DOCTOR_WARN,
               "receive buffers of programs without CAP_NET_ADMIN may have %" PRIu64 " KB (net.core.rmem_max), and "
               "weir collect asks for "
               "%d MB: bursts that do not fit are lost",
               most >> 10, RECEIVE_BUFFER_DEFAULT_BYTES >> 20);
    doctor_advise(findings, "Set it: sysctl -w net.core.rmem_max=%d, and the same line in a file in /etc/sysctl.d.",
                  RECEIVE_BUFFER_DEFAULT_BYTES);
}

void doctor_check_drops(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    struct doctor_udp udp;
    if (!doctor_read_udp(settings->proc, &udp)) {
        doctor_add(findings, "udp", DOCTOR_WARN, "what was dropped of UDP is not told here (%s/net/snmp)",
                   settings->proc);
        doctor_advise(findings, "Look at 'nstat -az UdpRcvbufErrors' on the machine itself.");
        return;
    }
    if (udp.buffer_errors > 0) {
        doctor_add(findings, "udp", DOCTOR_WARN,
                   "%" PRIu64 " datagrams were dropped since the machine was started, of some program, as its "
                   "receive buffer was "
                   "full; %" PRIu64 " were received",
                   udp.buffer_errors, udp.received);
        doctor_advise(findings, "If 'nstat UdpRcvbufErrors' still grows, see which socket loses them: 'ss -uamp', "
                      "the number behind d.");
    } else
        doctor_add(findings, "udp", DOCTOR_OK, "no datagram was dropped for a full receive buffer, of %" PRIu64 " "
                   "that came",
                   udp.received);
    if (udp.checksum_errors > 0) {
        doctor_add(findings, "udp_checksums", DOCTOR_WARN, "%" PRIu64 " datagrams had a wrong checksum",
                   udp.checksum_errors);
        doctor_advise(findings, "Something on the way damages them: a cable, a network card, or whoever rewrites "
                      "addresses.");
    }
}

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Listens, and counts. */
static void listen_on(int fd, uint16_t port, int64_t duration_us, struct doctor_findings *findings)
{
    uint64_t count = 0, octets = 0;
    const int64_t until_us = monotonic_us() + duration_us;
    for (int64_t left_us; (left_us = until_us - monotonic_us()) > 0;) {
        struct pollfd waits = {.fd = fd, .events = POLLIN};
        uint8_t octet;
        if (poll(&waits, 1, (int)(left_us / 1000) + 1) <= 0)
            continue;
        const ssize_t length = recv(fd, &octet, 1, MSG_DONTWAIT | MSG_TRUNC);
        count += length >= 0;
        octets += length > 0 ? (uint64_t)length : 0;
    }
    if (count > 0) {
        doctor_add(findings, "arrival", DOCTOR_OK, "%" PRIu64 " datagrams with %" PRIu64 " octets came on port %u in "
                   "%" PRId64 " s", count,
                   octets, port, duration_us / 1000000);
        return;
    }
    doctor_add(findings, "arrival", DOCTOR_BAD, "nothing came on port %u in %" PRId64 " s", port,
               duration_us / 1000000);
    doctor_advise(findings, "See with 'tcpdump -ni any udp port %u' whether it reaches the machine: if so, the "
                  "firewall drops it; if not, "
                            "the exporter does not send it here.",
                  port);
}

/* A socket on all addresses; -1 with errno. */
static int bind_port(uint16_t port)
{
    const int off = 0;
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    int result = -1;
    if (fd >= 0 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0)
        result = bind(fd, (const struct sockaddr *)&six, sizeof six);
    else {
        if (fd >= 0)
            close(fd);
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        result = fd < 0 ? -1 : bind(fd, (const struct sockaddr *)&four, sizeof four);
    }
    if (result == 0)
        return fd;
    const int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return -1;
}

static void check_free_port(const struct doctor_settings *settings, uint16_t port, struct doctor_findings *findings)
{
    const int fd = bind_port(port);
    if (fd < 0) {
        doctor_add(findings, "port", DOCTOR_BAD, "port %u cannot be listened on: %s", port, strerror(errno));
        doctor_advise(findings, errno == EACCES ? "Ports below 1024 need root or CAP_NET_BIND_SERVICE; name another "
                      "one with -p."
                                                : "Find who has it with 'ss -ulpn', or name another one with -p.");
        return;
    }
    doctor_add(findings, "port", DOCTOR_OK, "port %u is free: nobody listens on it now", port);
    if (settings->listen_us > 0)
        listen_on(fd, port, settings->listen_us, findings);
    close(fd);
}

static void check_taken_port(uint16_t port, const struct doctor_port *sockets, struct doctor_findings *findings)
{
    char owner[PORT_OWNER_TEXT_BYTES];
    if (port_owner(port, owner) == 0)
        doctor_add(findings, "port", DOCTOR_OK, "port %u is listened on, by a process that only root sees", port);
    else if (strncmp(owner, "weir,", 5) == 0)
        doctor_add(findings, "port", DOCTOR_OK, "port %u is listened on by %s", port, owner);
    else {
        doctor_add(findings, "port", DOCTOR_BAD, "port %u is taken by %s", port, owner);
        doctor_advise(findings, "End that, or choose another port with weir collect -p, and have exporters send "
                      "there.");
    }
    if (sockets->drops > 0) {
        doctor_add(findings, "port_drops", DOCTOR_BAD,
                   "%" PRIu64 " datagrams were dropped on port %u since it was opened, as the receive buffer was full",
                   sockets->drops,
                   port);
        doctor_advise(findings, "Give it more room (--rcvbuf, net.core.rmem_max), or more threads (--workers).");
    } else
        doctor_add(findings, "port_drops", DOCTOR_OK, "nothing was dropped on port %u, and %" PRIu64 " KB wait to be "
                   "taken", port,
                   sockets->waiting_bytes >> 10);
}

void doctor_check_ports(const struct doctor_settings *settings, struct doctor_findings *findings)
{
    for (size_t i = 0; i < settings->port_count; i++) {
        struct doctor_port port;
        if (doctor_read_port(settings->proc, settings->ports[i], &port) && port.sockets > 0)
            check_taken_port(settings->ports[i], &port, findings);
        else
            check_free_port(settings, settings->ports[i], findings);
    }
}
