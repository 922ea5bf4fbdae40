/* SPDX-License-Identifier: MIT */
/*
 * doctor_kernel.c - files below /proc
 *
 *     net/snmp    Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors ...
 *                 Udp: 1234 5 0 567 0 ...
 *     net/snmp6   Udp6RcvbufErrors                0
 *     net/udp       sl  local_address rem_address   st tx_queue rx_queue ... drops
 *                  617: 00000000:0807 00000000:0000 07 00000000:00000000 ... 0
 */
#define _GNU_SOURCE
#include "doctor_kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512, LINE_BYTES = 2048 };

static FILE *open_file(const char *proc, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", proc, name);
    return fopen(path, "re");
}

bool doctor_read_number(const char *proc, const char *name, uint64_t *ret_number)
{
    FILE *file = open_file(proc, name);
    const bool good = file != NULL && fscanf(file, "%" SCNu64, ret_number) == 1;
    if (file != NULL)
        fclose(file);
    return good;
}

/* The value under a name, of two lines with as many words: names, and numbers. 0 when it is not there. */
static uint64_t number_under(const char *names, const char *numbers, const char *name)
{
    const size_t length = strlen(name);
    for (;;) {
        names += strspn(names, " \n");
        numbers += strspn(numbers, " \n");
        const size_t name_length = strcspn(names, " \n");
        uint64_t number;
        if (name_length == 0)
            return 0;
        if (name_length == length && memcmp(names, name, length) == 0)
            return sscanf(numbers, "%" SCNu64, &number) == 1 ? number : 0;
        names += name_length;
        numbers += strcspn(numbers, " \n");
    }
}

static bool read_snmp(const char *proc, struct doctor_udp *udp)
{
    char names[LINE_BYTES] = "", numbers[LINE_BYTES];
    bool found = false;
    FILE *file = open_file(proc, "net/snmp");
    while (file != NULL && !found && fgets(numbers, sizeof numbers, file) != NULL) {
        if (strncmp(numbers, "Udp:", 4) != 0)
            continue;
        found = names[0] != '\0';
        if (!found) {
            memcpy(names, numbers, sizeof names);
            continue;
        }
        udp->received += number_under(names, numbers, "InDatagrams");
        udp->buffer_errors += number_under(names, numbers, "RcvbufErrors");
        udp->checksum_errors += number_under(names, numbers, "InCsumErrors");
    }
    if (file != NULL)
        fclose(file);
    return found;
}

static bool read_snmp6(const char *proc, struct doctor_udp *udp)
{
    char line[LINE_BYTES], name[64];
    uint64_t number;
    bool found = false;
    FILE *file = open_file(proc, "net/snmp6");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "%63s %" SCNu64, name, &number) != 2)
            continue;
        uint64_t *to = strcmp(name, "Udp6InDatagrams") == 0     ? &udp->received
                       : strcmp(name, "Udp6RcvbufErrors") == 0 ? &udp->buffer_errors
                       : strcmp(name, "Udp6InCsumErrors") == 0 ? &udp->checksum_errors
                                                               : NULL;
        if (to != NULL) {
            *to += number;
            found = true;
        }
    }
    if (file != NULL)
        fclose(file);
    return found;
}

bool doctor_read_udp(const char *proc, struct doctor_udp *ret_udp)
{
    struct doctor_udp udp = {0};
    const bool four = read_snmp(proc, &udp), six = read_snmp6(proc, &udp);
    *ret_udp = udp;
    return four || six;
}

static bool read_sockets(const char *proc, const char *name, uint16_t wanted, struct doctor_port *port)
{
    char line[LINE_BYTES];
    FILE *file = open_file(proc, name);
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned local_port;
        uint64_t waiting, drops;
        /* drops is the last word */
        const size_t length = strcspn(line, "\n");
        size_t end = length;
        while (end > 0 && line[end - 1] == ' ')
            end--;
        line[end] = '\0';
        const char *last = strrchr(line, ' ');
        if (last == NULL ||
            sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*s %*s %*x:%" SCNx64, &local_port, &waiting) != 2 ||
            sscanf(last, "%" SCNu64, &drops) != 1 || local_port != wanted)
            continue;
        port->sockets++;
        port->drops += drops;
        port->waiting_bytes += waiting;
    }
    fclose(file);
    return true;
}

bool doctor_read_port(const char *proc, uint16_t wanted, struct doctor_port *ret_port)
{
    struct doctor_port port = {0};
    const bool four = read_sockets(proc, "net/udp", wanted, &port), six = read_sockets(proc, "net/udp6", wanted, &port);
    *ret_port = port;
    return four || six;
}
