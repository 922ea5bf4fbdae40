/* SPDX-License-Identifier: MIT */
/*
 * pcap_file.h - reads NetFlow datagrams from a pcap file, for the examples
 *
 * Only the plainest kind: written on a machine like this one, Ethernet, IPv4 without options, UDP. Programs that are to
 * read any capture take libpcap.
 */
#ifndef EXAMPLES_PCAP_FILE_H
#define EXAMPLES_PCAP_FILE_H

#include <stdio.h>
#include <string.h>
#include <weir/weir.h>

#define MAGIC 0xa1b2c3d4u /* times in microseconds */

enum { PCAP_HEADER_BYTES = 24, PACKET_BYTES_MAX = 65536, HEADERS_BYTES = 14 + 20 + 8, SOURCE_AT = 26, PORT_AT = 34 };

/* Opens a file; NULL when that cannot be, or it is of another kind. */
static inline FILE *pcap_open(const char *path)
{
    uint32_t header[PCAP_HEADER_BYTES / 4];
    FILE *file = fopen(path, "rb");
    if (file != NULL && fread(header, sizeof header, 1, file) == 1 && header[0] == MAGIC)
        return file;
    if (file != NULL)
        fclose(file);
    return NULL;
}

/* Reads the next datagram into `packet`; false at the end. */
static inline bool pcap_next(FILE *file, unsigned char packet[PACKET_BYTES_MAX], struct weir_datagram *ret_datagram)
{
    uint32_t header[4]; /* seconds, microseconds, octets that are there, octets that there were */
    if (fread(header, sizeof header, 1, file) != 1 || header[2] < HEADERS_BYTES || header[2] > PACKET_BYTES_MAX ||
        fread(packet, header[2], 1, file) != 1)
        return false;
    memset(ret_datagram, 0, sizeof *ret_datagram);
    ret_datagram->data = packet + HEADERS_BYTES;
    ret_datagram->size_bytes = header[2] - HEADERS_BYTES;
    ret_datagram->source.family = 4;
    memcpy(ret_datagram->source.octets, packet + SOURCE_AT, 4);
    ret_datagram->source_port = (uint16_t)(packet[PORT_AT] << 8 | packet[PORT_AT + 1]);
    ret_datagram->received_us = (int64_t)header[0] * 1000000 + header[1];
    return true;
}

#endif
