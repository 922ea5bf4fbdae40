/* SPDX-License-Identifier: MIT */
/*
 * make_workload.c - writes or sends the export that Weir is measured with
 *
 * The datagrams, which workload.c makes, go into a pcap file (Ethernet, IPv4, UDP), or to a collector.
 */
#define _GNU_SOURCE
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EXPORTERS_UDP_MAX = 512, /* each needs a socket of its own */
    FRAME_HEADER_BYTES = 14 + 20 + 8,
};

/* What the command line asks for. */
struct settings {
    const char *capture_path; /* one of these two */
    const char *target;       /* HOST:PORT */
    uint64_t datagram_count;
    uint32_t exporter_count;
    uint64_t seed;
    uint16_t version;
    uint16_t template_count;
    double rate; /* datagrams a second, 0: as fast as it goes */
};

static uint8_t *put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value);
}

/* ------------------------------------------------------------------------------------------------- outputs */

static void put_frame_header(uint8_t frame[FRAME_HEADER_BYTES], uint32_t exporter, uint32_t payload_bytes)
{
    static const uint8_t ETHERNET[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
    memcpy(frame, ETHERNET, sizeof ETHERNET);
    uint8_t *const ip = frame + sizeof ETHERNET;
    uint8_t *at = put16(put16(ip, 0x4500), payload_bytes + 28);
    at = put32(at, 0);
    at = put32(at, 64u << 24 | 17u << 16); /* time to live, UDP, and the checksum, which follows */
    at = put32(at, 0x0a630001 + exporter);
    at = put32(at, 0x0a62ffff);
    uint32_t sum = 0;
    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)ip[i] << 8 | ip[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
    put16(ip + 10, ~(sum + (sum >> 16)));
    at = put16(put16(at, 40000 + exporter % 20000), 2055);
    put16(put16(at, payload_bytes + 8), 0); /* 0: sent without a checksum */
}

static int write_capture(struct workload *workload, const struct settings *settings)
{
    FILE *file = fopen(settings->capture_path, "wb");
    if (file == NULL) {
        fprintf(stderr, "make_workload: cannot create %s: %s\n", settings->capture_path, strerror(errno));
        return -1;
    }
    const uint32_t file_header[6] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1};
    bool good = fwrite(file_header, sizeof file_header, 1, file) == 1;
    for (uint64_t i = 0; i < settings->datagram_count && good; i++) {
        uint8_t frame[FRAME_HEADER_BYTES + WORKLOAD_DATAGRAM_BYTES];
        const uint32_t payload_bytes = (uint32_t)workload_datagram(workload, i, frame + FRAME_HEADER_BYTES);
        const uint32_t frame_bytes = FRAME_HEADER_BYTES + payload_bytes;
        const uint32_t time_s = WORKLOAD_START_S + (uint32_t)(i / WORKLOAD_DATAGRAMS_PER_SECOND);
        const uint32_t time_us = (uint32_t)(i % WORKLOAD_DATAGRAMS_PER_SECOND) *
                             (1000000 / WORKLOAD_DATAGRAMS_PER_SECOND);
        const uint32_t header[4] = {time_s, time_us, frame_bytes, frame_bytes};
        put_frame_header(frame, (uint32_t)(i % settings->exporter_count), payload_bytes);
        good = fwrite(header, sizeof header, 1, file) == 1 && fwrite(frame, frame_bytes, 1, file) == 1;
    }
    if (fclose(file) != 0 || !good) {
        fprintf(stderr, "make_workload: cannot write %s: %s\n", settings->capture_path, strerror(errno));
        return -1;
    }
    return 0;
}

/* A connected socket to HOST:PORT, or -1 after telling why. */
static int connect_to(const char *target)
{
    char host[256];
    const char *colon = strrchr(target, ':');
    if (colon == NULL || colon == target || (size_t)(colon - target) >= sizeof host) {
        fprintf(stderr, "make_workload: '%s' is not HOST:PORT\n", target);
        return -1;
    }
    const bool bracketed = target[0] == '[' && colon[-1] == ']'; /* [2001:db8::1]:2055 */
    const int length = (int)(colon - target) - (bracketed ? 2 : 0);
    snprintf(host, sizeof host, "%.*s", length, target + (bracketed ? 1 : 0));
    const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    const int code = getaddrinfo(host, colon + 1, &hints, &found);
    if (code != 0) {
        fprintf(stderr, "make_workload: cannot find %s: %s\n", target, gai_strerror(code));
        return -1;
    }
    const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    const bool good = fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    if (good)
        return fd;
    fprintf(stderr, "make_workload: cannot reach %s: %s\n", target, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Sends all datagrams, each exporter from a port of its own. */
static int send_from(const int *fds, struct workload *workload, const struct settings *settings)
{
    const double start_s = now_s();
    uint64_t refused_count = 0;
    for (uint64_t i = 0; i < settings->datagram_count; i++) {
        uint8_t datagram[WORKLOAD_DATAGRAM_BYTES];
        const size_t size_bytes = workload_datagram(workload, i, datagram);
        if (send(fds[i % settings->exporter_count], datagram, size_bytes, 0) < 0) {
            /* a collector that is not there yet answers so; the datagram is gone as it is on a real line */
            if (errno != ECONNREFUSED && errno != ENOBUFS) {
                fprintf(stderr, "make_workload: cannot send to %s: %s\n", settings->target, strerror(errno));
                return -1;
            }
            refused_count++;
        }
        while (settings->rate > 0 && (double)(i + 1) > settings->rate * (now_s() - start_s))
            usleep(50);
    }
    if (refused_count > 0)
        fprintf(stderr, "make_workload: %llu datagrams were refused\n", (unsigned long long)refused_count);
    return 0;
}

static int send_all(struct workload *workload, const struct settings *settings)
{
    int fds[EXPORTERS_UDP_MAX];
    uint32_t open_count = 0;
    while (open_count < settings->exporter_count && (fds[open_count] = connect_to(settings->target)) >= 0)
        open_count++;
    const int result = open_count == settings->exporter_count ? send_from(fds, workload, settings) : -1;
    while (open_count > 0)
        close(fds[--open_count]);
    return result;
}

/* -------------------------------------------------------------------------------------------- command line */

static void print_usage(FILE *file)
{
    fputs("usage: make_workload (-w FILE.pcap | -u HOST:PORT) [-v VERSION] [-n DATAGRAMS] [-e EXPORTERS]\n"
          "                     [-t TEMPLATES] [-s SEED] [-r RATE]\n\n"
          "Makes NetFlow datagrams to measure a collector with.\n\n"
          "  -w FILE.pcap  write a capture\n"
          "  -u HOST:PORT  send them\n"
          "  -v VERSION    5, 9, or 10 for IPFIX with strings of variable length (9)\n"
          "  -n DATAGRAMS  how many (10000)\n"
          "  -e EXPORTERS  from how many exporters, in turn (4)\n"
          "  -t TEMPLATES  of version 9: so many that take turns (two, of IPv4 and IPv6)\n"
          "  -s SEED       another seed makes other flows (1)\n"
          "  -r RATE       with -u: datagrams a second (as fast as it goes)\n",
          file);
}

static bool read_number(const char *text, uint64_t low, uint64_t high, uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number < low || number > high)
        return false;
    *ret_number = number;
    return true;
}

/* Returns 0 to go on, else what main() returns, plus 1. */
static int read_options(int argc, char **argv, struct settings *settings)
{
    uint64_t number = 0;
    int option;
    while ((option = getopt(argc, argv, "w:u:v:n:e:t:s:r:h")) != -1) {
        bool good = true;
        switch (option) {
        case 'w': settings->capture_path = optarg; break;
        case 'u': settings->target = optarg; break;
        case 'n': good = read_number(optarg, 0, UINT64_MAX, &settings->datagram_count); break;
        case 's': good = read_number(optarg, 0, UINT64_MAX, &settings->seed); break;
        case 'e':
            good = read_number(optarg, 1, WORKLOAD_EXPORTERS_MAX, &number);
            settings->exporter_count = (uint32_t)number;
            break;
        case 'v':
            good = read_number(optarg, 5, 10, &number) && (number == 5 || number >= 9);
            settings->version = (uint16_t)number;
            break;
        case 't':
            good = read_number(optarg, 1, WORKLOAD_TEMPLATES_MAX, &number);
            settings->template_count = (uint16_t)number;
            break;
        case 'r':
            good = read_number(optarg, 1, UINT32_MAX, &number);
            settings->rate = (double)number;
            break;
        case 'h': print_usage(stdout); return 1;
        default: print_usage(stderr); return 3;
        }
        if (!good) {
            fprintf(stderr, "make_workload: -%c %s: no number that fits\n", option, optarg);
            return 3;
        }
    }
    if (optind != argc || (settings->capture_path == NULL) == (settings->target == NULL)) {
        print_usage(stderr);
        return 3;
    }
    if (settings->target != NULL && settings->exporter_count > EXPORTERS_UDP_MAX) {
        fprintf(stderr, "make_workload: at most %d exporters with -u\n", EXPORTERS_UDP_MAX);
        return 3;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct settings settings = {.datagram_count = 10000, .exporter_count = 4, .seed = 1, .version = 9};
    const int stop = read_options(argc, argv, &settings);
    if (stop != 0)
        return stop - 1;
    struct workload workload = {
        .random_state = settings.seed,
        .exporter_count = settings.exporter_count,
        .version = settings.version,
        .template_count = settings.template_count,
    };
    workload.sequences = calloc(settings.exporter_count, sizeof *workload.sequences);
    if (workload.sequences == NULL) {
        fputs("make_workload: out of memory\n", stderr);
        return 1;
    }
    const int result = settings.target != NULL ? send_all(&workload, &settings) : write_capture(&workload, &settings);
    free(workload.sequences);
    if (result != 0)
        return 1;
    printf("%llu datagrams, %llu flows\n", (unsigned long long)settings.datagram_count,
           (unsigned long long)workload.flow_count);
    return 0;
}
