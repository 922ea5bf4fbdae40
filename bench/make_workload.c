/* SPDX-License-Identifier: MIT */
/*
 * make_workload.c - makes the NetFlow v9 export that Weir is measured with
 *
 * Two templates of 20 fields, as a router of a provider exports them: 55 octets a record for IPv4 and 91 for IPv6. A
 * datagram holds records of one of them, 25 of IPv4 (four datagrams of five) or 15 of IPv6, so 23 on average. Each
 * exporter sends its templates in the first and then every 500th of its datagrams. Few hosts have most of the flows, as
 * it is in life. The same seed makes the same octets on every machine.
 *
 *     datagram  header (20) [template set (88) template set (88)] data set header (4) records padding
 *
 * The datagrams go into a pcap file (Ethernet, IPv4, UDP), or to a collector.
 */
#define _GNU_SOURCE
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
    FIELD_COUNT = 20,
    TEMPLATE_INTERVAL = 500,    /* datagrams of one exporter */
    RECORDS_END_BYTES = 1440,   /* no record goes beyond; the padding may */
    DATAGRAM_BYTES = 2048,
    DATAGRAMS_PER_SECOND = 2000, /* in the times of the capture */
    EXPORTERS_MAX = 65536,
    EXPORTERS_UDP_MAX = 512,    /* each needs a socket of its own */
    FRAME_HEADER_BYTES = 14 + 20 + 8,
};

#define START_S 1700000000u /* the time that the first datagram tells */
#define START_UPTIME_MS 100000000u

/* Field type and length; which is which stands beside the values in put_record(). */
static const uint16_t TEMPLATE_IPV4[FIELD_COUNT][2] = {
    {8, 4},  {12, 4}, {15, 4}, {10, 4}, {14, 4}, {2, 4},  {1, 4},  {22, 4}, {21, 4}, {7, 2},
    {11, 2}, {6, 1},  {4, 1},  {5, 1},  {61, 1}, {16, 4}, {17, 4}, {9, 1},  {13, 1}, {60, 1},
};
static const uint16_t TEMPLATE_IPV6[FIELD_COUNT][2] = {
    {27, 16}, {28, 16}, {62, 16}, {10, 4}, {14, 4}, {2, 4},  {1, 4},  {22, 4}, {21, 4}, {7, 2},
    {11, 2},  {6, 1},   {4, 1},   {5, 1},  {61, 1}, {16, 4}, {17, 4}, {29, 1}, {30, 1}, {60, 1},
};

static const uint16_t SERVER_PORTS[16] = {443, 443, 443, 443, 80,   53,   53,   22,
                                           25,  123, 993, 8080, 3306, 5432, 6881, 51820};

struct workload {
    uint64_t random_state;
    uint32_t exporter_count;
    uint32_t *sequences; /* the next one of each exporter */
    uint64_t flow_count; /* made so far */
};

/* What the command line asks for. */
struct settings {
    const char *capture_path; /* one of these two */
    const char *target;       /* HOST:PORT */
    uint64_t datagram_count;
    uint32_t exporter_count;
    uint64_t seed;
    double rate; /* datagrams a second, 0: as fast as it goes */
};

/* ------------------------------------------------------------------------------------------------- chance */

/* SplitMix64: small, fast, and any seed is a good one. */
static uint64_t draw(struct workload *workload)
{
    uint64_t z = workload->random_state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint32_t draw_below(struct workload *workload, uint32_t limit)
{
    return (uint32_t)((draw(workload) >> 32) * limit >> 32);
}

/* Below `limit`, the small ones far more often: a few hosts have most of the traffic. */
static uint32_t draw_skewed(struct workload *workload, uint32_t limit)
{
    const double u = (double)(draw(workload) >> 11) * 0x1p-53;
    return (uint32_t)(limit * u * u * u * u);
}

/* Spreads the n-th host over the address space; the same n is always the same host. */
static uint32_t scatter(uint32_t n)
{
    n = (n ^ n >> 16) * 0x7feb352du;
    n = (n ^ n >> 15) * 0x846ca68bu;
    return n ^ n >> 16;
}

/* ----------------------------------------------------------------------------------------------- datagrams */

static uint8_t *put8(uint8_t *at, uint32_t value)
{
    *at = (uint8_t)value;
    return at + 1;
}

static uint8_t *put16(uint8_t *at, uint32_t value)
{
    return put8(put8(at, value >> 8), value);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
    return put16(put16(at, value >> 16), value);
}

static uint8_t *put_template(uint8_t *at, uint16_t template_id, const uint16_t fields[FIELD_COUNT][2])
{
    at = put16(at, 0);
    at = put16(at, 8 + 4 * FIELD_COUNT);
    at = put16(at, template_id);
    at = put16(at, FIELD_COUNT);
    for (int i = 0; i < FIELD_COUNT; i++)
        at = put16(put16(at, fields[i][0]), fields[i][1]);
    return at;
}

/* Source, destination and next hop of 16 octets each. */
static uint8_t *put_ipv6_addresses(uint8_t *at, uint32_t source, uint32_t destination, uint32_t hop)
{
    const uint32_t hosts[2] = {source, destination};
    for (int i = 0; i < 2; i++) {
        at = put32(put32(at, 0x20010db8), scatter(hosts[i]));
        at = put32(put32(at, 0), hosts[i]);
    }
    return put32(put32(put32(put32(at, 0xfe800000), 0), 0), hop);
}

/* A record in the order of its template. */
static uint8_t *put_record(struct workload *workload, uint8_t *at, bool ipv6, uint32_t uptime_ms)
{
    uint32_t source = scatter(draw_skewed(workload, 200000));
    uint32_t destination = scatter(draw_skewed(workload, 2000000) + 7919);
    uint32_t source_port = 1024 + draw_below(workload, 64000);
    uint32_t destination_port = SERVER_PORTS[draw_below(workload, 16)];
    const bool datagram_service = destination_port == 53 || destination_port == 123 || destination_port == 51820;
    if (draw_below(workload, 2) == 0) { /* half are the answers */
        const uint32_t host = source, port = source_port;
        source = destination;
        source_port = destination_port;
        destination = host;
        destination_port = port;
    }
    const uint32_t packets = 1 + draw_below(workload, 1u << draw_below(workload, 15));
    const uint32_t hop = 1 + draw_below(workload, 8);
    if (ipv6)
        at = put_ipv6_addresses(at, source, destination, hop);
    else
        at = put32(put32(put32(at, 0x0a000000 | (source & 0xffffff)), destination), 0xc0a80000 + hop);
    at = put32(at, 1 + draw_below(workload, 48));                          /* INPUT_SNMP */
    at = put32(at, 1 + draw_below(workload, 48));                          /* OUTPUT_SNMP */
    at = put32(at, packets);                                               /* IN_PKTS */
    at = put32(at, packets * (40 + draw_below(workload, 1460)));           /* IN_BYTES */
    at = put32(at, uptime_ms - draw_below(workload, 60000));               /* FIRST_SWITCHED */
    at = put32(at, uptime_ms);                                             /* LAST_SWITCHED */
    at = put16(put16(at, source_port), destination_port);                  /* L4_SRC_PORT, L4_DST_PORT */
    at = put8(at, datagram_service ? 0 : 0x10 | draw_below(workload, 16)); /* TCP_FLAGS */
    at = put8(at, datagram_service ? 17 : 6);                              /* PROTOCOL */
    at = put8(at, 0);                                                      /* SRC_TOS */
    at = put8(at, draw_below(workload, 2));                                /* DIRECTION */
    at = put32(at, 64512 + draw_skewed(workload, 1000));                   /* SRC_AS */
    at = put32(at, 13335 + draw_skewed(workload, 50000));                  /* DST_AS */
    at = put8(at, ipv6 ? 48 : 24);                                         /* SRC_MASK */
    at = put8(at, ipv6 ? 48 : 16);                                         /* DST_MASK */
    return put8(at, ipv6 ? 6 : 4);                                         /* IP_PROTOCOL_VERSION */
}

/* Makes the datagram of number `number`; the exporters take turns. Returns its length. */
static size_t make_datagram(struct workload *workload, uint64_t number, uint8_t datagram[DATAGRAM_BYTES])
{
    const uint32_t exporter = (uint32_t)(number % workload->exporter_count);
    const uint32_t uptime_ms = START_UPTIME_MS + (uint32_t)(number * 1000 / DATAGRAMS_PER_SECOND);
    uint32_t record_count = 0;

    uint8_t *at = put16(datagram, 9);
    uint8_t *const header_count = at;
    at = put32(at + 2, uptime_ms);
    at = put32(at, START_S + (uint32_t)(number / DATAGRAMS_PER_SECOND));
    at = put32(at, workload->sequences[exporter]++);
    at = put32(at, exporter);
    if (number / workload->exporter_count % TEMPLATE_INTERVAL == 0) {
        at = put_template(at, 256, TEMPLATE_IPV4);
        at = put_template(at, 257, TEMPLATE_IPV6);
        record_count = 2;
    }
    const bool ipv6 = draw_below(workload, 5) == 0;
    const size_t record_bytes = ipv6 ? 91 : 55;
    uint8_t *const set = at;
    at = put16(at, ipv6 ? 257 : 256) + 2;
    while ((size_t)(at - datagram) + record_bytes <= RECORDS_END_BYTES) {
        at = put_record(workload, at, ipv6, uptime_ms);
        record_count++;
        workload->flow_count++;
    }
    while ((at - set) % 4 != 0)
        at = put8(at, 0);
    put16(set + 2, (uint32_t)(at - set));
    put16(header_count, record_count);
    return (size_t)(at - datagram);
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
        uint8_t frame[FRAME_HEADER_BYTES + DATAGRAM_BYTES];
        const uint32_t payload_bytes = (uint32_t)make_datagram(workload, i, frame + FRAME_HEADER_BYTES);
        const uint32_t frame_bytes = FRAME_HEADER_BYTES + payload_bytes;
        const uint32_t time_us = (uint32_t)(i % DATAGRAMS_PER_SECOND) * (1000000 / DATAGRAMS_PER_SECOND);
        const uint32_t header[4] = {START_S + (uint32_t)(i / DATAGRAMS_PER_SECOND), time_us, frame_bytes, frame_bytes};
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
        uint8_t datagram[DATAGRAM_BYTES];
        const size_t size_bytes = make_datagram(workload, i, datagram);
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
    fputs("usage: make_workload (-w FILE.pcap | -u HOST:PORT) [-n DATAGRAMS] [-e EXPORTERS] [-s SEED] [-r RATE]\n\n"
          "Makes NetFlow v9 datagrams to measure a collector with.\n\n"
          "  -w FILE.pcap  write a capture\n"
          "  -u HOST:PORT  send them\n"
          "  -n DATAGRAMS  how many (10000)\n"
          "  -e EXPORTERS  from how many exporters, in turn (4)\n"
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
    while ((option = getopt(argc, argv, "w:u:n:e:s:r:h")) != -1) {
        bool good = true;
        switch (option) {
        case 'w': settings->capture_path = optarg; break;
        case 'u': settings->target = optarg; break;
        case 'n': good = read_number(optarg, 0, UINT64_MAX, &settings->datagram_count); break;
        case 's': good = read_number(optarg, 0, UINT64_MAX, &settings->seed); break;
        case 'e':
            good = read_number(optarg, 1, EXPORTERS_MAX, &number);
            settings->exporter_count = (uint32_t)number;
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
    struct settings settings = {.datagram_count = 10000, .exporter_count = 4, .seed = 1};
    const int stop = read_options(argc, argv, &settings);
    if (stop != 0)
        return stop - 1;
    struct workload workload = {.random_state = settings.seed, .exporter_count = settings.exporter_count};
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
