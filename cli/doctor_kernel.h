/* SPDX-License-Identifier: MIT */
/*
 * doctor_kernel.h - what the kernel tells of UDP, out of a folder /proc
 */
#ifndef WEIR_CLI_DOCTOR_KERNEL_H
#define WEIR_CLI_DOCTOR_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* A file with one number. False where there is none. */
bool doctor_read_number(const char *proc, const char *name, uint64_t *ret_number);

/* Counts since the system was started, of all programs, IPv4 and IPv6 together. */
struct doctor_udp {
    uint64_t received;
    uint64_t buffer_errors;   /* dropped as a receive buffer was full */
    uint64_t checksum_errors; /* dropped as their checksum was wrong */
};

/* From net/snmp and net/snmp6. False where neither tells. */
bool doctor_read_udp(const char *proc, struct doctor_udp *ret_udp);

struct doctor_port {
    uint32_t sockets;
    uint64_t drops;        /* since they were opened */
    uint64_t waiting_bytes; /* received and not taken yet */
};

/* Sockets on a port, from net/udp and net/udp6. False where neither can be read. */
bool doctor_read_port(const char *proc, uint16_t port, struct doctor_port *ret_port);

#endif
