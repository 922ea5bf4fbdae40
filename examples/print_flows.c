/* SPDX-License-Identifier: MIT */
/*
 * print_flows.c - receives NetFlow on a UDP port and prints every field of every record
 *
 *     print_flows PORT [DATAGRAMS]       cc print_flows.c $(pkg-config --cflags --libs weir)
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <weir/weir.h>

static void print_row(const struct weir_batch *batch, uint32_t row)
{
    static char text[WEIR_VALUE_JSON_SIZE(65536)]; /* no value is longer, lists aside, which are text already */
    for (uint32_t i = 0; i < batch->layout->field_count; i++) {
        const struct weir_field *field = &batch->layout->fields[i];
        const char *column = batch->columns[i];
        const void *value = column == NULL ? NULL : column + (size_t)row * field->width_bytes;
        const size_t length = weir_value_json(field, value, text);
        printf("%s%s=%.*s", i == 0 ? "" : " ", field->name, (int)length, text);
    }
    putchar('\n');
}

static void print_all(struct weir_decoder *decoder)
{
    struct weir_batch *batch;
    weir_decoder_flush(decoder); /* what is there now, however little it is */
    while ((batch = weir_decoder_next(decoder)) != NULL) {
        for (uint32_t row = 0; row < batch->row_count; row++)
            print_row(batch, row);
        weir_batch_release(batch);
    }
    fflush(stdout);
}

/* A socket that receives on this port of any IPv4 address, or -1. */
static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    static uint8_t octets[65536];
    const int fd = argc < 2 ? -1 : listen_on((uint16_t)atoi(argv[1]));
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    if (fd < 0 || decoder == NULL) {
        fputs("usage: print_flows PORT [DATAGRAMS], a port that is free\n", stderr);
        return 1;
    }
    for (long left = argc < 3 ? -1 : atol(argv[2]); left != 0; left--) {
        struct sockaddr_in from = {0};
        socklen_t from_bytes = sizeof from;
        const ssize_t size = recvfrom(fd, octets, sizeof octets, 0, (struct sockaddr *)&from, &from_bytes);
        struct timeval now;
        if (size < 0)
            break;
        gettimeofday(&now, NULL);
        struct weir_datagram datagram = {.data = octets, .size_bytes = (size_t)size, .source.family = 4};
        memcpy(datagram.source.octets, &from.sin_addr, 4);
        datagram.source_port = ntohs(from.sin_port);
        datagram.received_us = (int64_t)now.tv_sec * 1000000 + now.tv_usec;
        weir_decoder_feed(decoder, &datagram);
        print_all(decoder);
    }
    weir_decoder_free(decoder);
    return 0;
}
