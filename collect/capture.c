/* SPDX-License-Identifier: MIT */
/*
 * capture.c - reads export datagrams from a capture file
 *
 * libpcap reads the file formats, packet.c takes the packets apart, reassembly.c joins fragments; here they are
 * tied together, packets are counted, and what went wrong is told in words.
 */
#define _GNU_SOURCE

#include "capture.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "linklayer.h"

/* Times behind it are nonsense, and would overflow where microseconds are added. */
#define YEAR_10000_S INT64_C(253402300800)

struct capture {
    pcap_t *pcap;
    struct reassembly *reassembly;
    char *name;
    uint64_t total_bytes; /* 0 when not known */
    int link_type;
    bool all_ports;
    bool ended;
    uint64_t ports[65536 / 64]; /* a bit for each that is wanted */
    struct capture_counts counts;
};

__attribute__((format(printf, 2, 3))) static void say(struct sink_error *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
}

/* Looks at the first octet only, since no more can be put back into a pipe. Neither pcap nor pcapng begins with one
 * of these. Returns whether libpcap may have the stream. */
static bool look_inside(FILE *stream, const char *name, struct sink_error *error)
{
    int first = getc(stream);
    const char *packer = first == 0x1f ? "gzip" : first == 0x28 ? "zstd" : first == 0xfd ? "xz" : NULL;

    if (first == EOF && ferror(stream)) {
        say(error, "cannot read %s: %s", name, strerror(errno));
        return false;
    }
    if (first == EOF) {
        say(error, "%s is empty: a capture has a header even when it holds no packet", name);
        return false;
    }
    if (packer != NULL) {
        say(error, "%s is %s-compressed; unpack it on the way: %s -dc %s | weir ... -", name, packer, packer,
            stream == stdin ? "FILE" : name);
        return false;
    }
    ungetc(first, stream);
    return true;
}

static bool check_link_type(const struct capture *capture, struct sink_error *error)
{
    const char *name = pcap_datalink_val_to_name(capture->link_type);
    const char *description = pcap_datalink_val_to_description(capture->link_type);

    if (linklayer_known(capture->link_type)) {
        return true;
    }
    say(error,
        "%s was captured on a link of type %s (number %d%s%s), which is not understood; " LINKLAYER_NAMES
        " are. Capture on another interface, or with tcpdump -i any",
        capture->name, name == NULL ? "unknown" : name, capture->link_type, description == NULL ? "" : ": ",
        description == NULL ? "" : description);
    return false;
}

static void choose_ports(struct capture *capture, const uint16_t *ports, size_t port_count)
{
    capture->all_ports = port_count == 0;
    for (size_t i = 0; i < port_count; i++) {
        capture->ports[ports[i] / 64] |= UINT64_C(1) << ports[i] % 64;
    }
}

static bool is_wanted(const struct capture *capture, uint16_t port)
{
    return capture->all_ports || (capture->ports[port / 64] >> port % 64 & 1) != 0;
}

static void find_size(struct capture *capture, FILE *stream)
{
    struct stat status;
    int descriptor = fileno(stream);

    if (descriptor >= 0 && fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
        capture->total_bytes = (uint64_t)status.st_size;
    }
}

static void close_stream(FILE *stream)
{
    if (stream != stdin) {
        fclose(stream);
    }
}

struct capture *capture_open_stream(FILE *stream, const char *name, const uint16_t *ports, size_t port_count,
                                    struct sink_error *error)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    struct capture *capture = calloc(1, sizeof(*capture));

    if (capture != NULL) {
        capture->name = strdup(name);
        capture->reassembly = reassembly_create();
    }
    if (capture == NULL || capture->name == NULL || capture->reassembly == NULL) {
        say(error, "not enough memory to read %s", name);
        close_stream(stream);
        capture_close(capture);
        return NULL;
    }
    if (!look_inside(stream, name, error)) {
        close_stream(stream);
        capture_close(capture);
        return NULL;
    }
    find_size(capture, stream);
    capture->pcap = pcap_fopen_offline(stream, reason);
    if (capture->pcap == NULL) {
        say(error, "%s is not a capture of the kind that tcpdump -w and dumpcap write, pcap or pcapng (%s)", name,
            reason);
        close_stream(stream);
        capture_close(capture);
        return NULL;
    }
    capture->link_type = pcap_datalink(capture->pcap);
    choose_ports(capture, ports, port_count);
    if (!check_link_type(capture, error)) {
        capture_close(capture);
        return NULL;
    }
    return capture;
}

const char *capture_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

FILE *capture_open_file(const char *path, struct sink_error *error)
{
    struct stat status;
    FILE *stream;

    if (strcmp(path, "-") == 0) {
        if (isatty(STDIN_FILENO)) {
            say(error, "standard input is a terminal; pipe a capture into it, as in: tcpdump -w - udp | weir ... -");
            return NULL;
        }
        return stdin;
    }
    stream = fopen(path, "rbe");
    if (stream == NULL) {
        say(error, "cannot open %s: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        say(error, "%s is a folder; name a capture file in it", path);
        fclose(stream);
        return NULL;
    }
    return stream;
}

struct capture *capture_open(const char *path, const uint16_t *ports, size_t port_count, struct sink_error *error)
{
    FILE *stream = capture_open_file(path, error);

    return stream == NULL ? NULL : capture_open_stream(stream, capture_file_name(path), ports, port_count, error);
}

/* pcap's seconds are unsigned 32 bits in the file, which some versions of libpcap hand out as signed ones. */
static int64_t time_us(const struct pcap_pkthdr *header)
{
    int64_t seconds = header->ts.tv_sec;
    int64_t microseconds = header->ts.tv_usec;

    if (seconds < 0 && seconds >= INT32_MIN) {
        seconds += INT64_C(1) << 32;
    }
    if (seconds < 0 || seconds >= YEAR_10000_S || microseconds < 0 || microseconds > UINT32_MAX) {
        return 0;
    }
    return seconds * 1000000 + microseconds;
}

/* Whether a signal ended the reading; errno alone may be an old one's. */
static bool was_interrupted(const struct capture *capture)
{
    return errno == EINTR && strstr(pcap_geterr(capture->pcap), "error reading") != NULL;
}

/* Tells why libpcap could not read the packet behind the `packets` ones before. */
static void tell_failure(const struct capture *capture, struct sink_error *error)
{
    const char *reason = pcap_geterr(capture->pcap);
    uint64_t count = capture->counts.packets;
    const char *what = "is damaged in";
    char kept[64] = "no packet was read";

    if (count > 0) {
        snprintf(kept, sizeof(kept), "the %" PRIu64 " before it %s read", count, count == 1 ? "was" : "were");
    }
    if (strstr(reason, "different from the") != NULL) {
        say(error,
            "%s holds interfaces of different kinds, of which only the first one's are read: after packet %" PRIu64
            " comes another (%s); capture each interface into a file of its own",
            capture->name, count, reason);
        return;
    }
    if (strstr(reason, "truncated") != NULL) {
        what = "is cut off in";
    } else if (strstr(reason, "error reading") != NULL) {
        what = "cannot be read at";
    }
    say(error, "%s %s packet %" PRIu64 "; %s (%s)", capture->name, what, count + 1, kept, reason);
}

static enum packet_verdict take_packet(struct capture *capture, const struct pcap_pkthdr *header, const uint8_t *data,
                                       struct packet *packet)
{
    enum packet_verdict verdict = packet_parse(capture->link_type, data, header->caplen, header->len, packet);

    if (verdict == PACKET_FRAGMENT) {
        const uint8_t *whole;
        size_t size_bytes;
        uint8_t next_header;

        if (reassembly_add(capture->reassembly, packet, time_us(header), &whole, &size_bytes, &next_header)) {
            verdict = packet_parse_whole(next_header, whole, size_bytes, packet);
        }
        capture->counts.reassembly = *reassembly_counts(capture->reassembly);
    }
    /* A cut packet to a port that nobody asked for is no cause for worry. */
    if (packet->has_ports && !is_wanted(capture, packet->destination_port)) {
        verdict = PACKET_OTHER_PORT;
    }
    capture->counts.packets++;
    capture->counts.buckets[verdict]++;
    return verdict;
}

int capture_next(struct capture *capture, struct weir_datagram *ret_datagram, uint16_t *ret_destination_port,
                 struct sink_error *error)
{
    struct pcap_pkthdr *header;
    const uint8_t *data;
    struct packet packet;
    int got = 0;

    errno = 0;
    while (!capture->ended && (got = pcap_next_ex(capture->pcap, &header, &data)) == 1) {
        if (take_packet(capture, header, data, &packet) != PACKET_DATAGRAM) {
            continue;
        }
        ret_datagram->data = packet.data;
        ret_datagram->size_bytes = packet.size_bytes;
        ret_datagram->source = packet.source;
        ret_datagram->source_port = packet.source_port;
        ret_datagram->received_us = time_us(header);
        ret_datagram->reliable = false;
        if (ret_destination_port != NULL) {
            *ret_destination_port = packet.destination_port;
        }
        return 1;
    }
    if (capture->ended) {
        return 0;
    }
    capture->ended = true;
    reassembly_finish(capture->reassembly);
    capture->counts.reassembly = *reassembly_counts(capture->reassembly);
    if (got == PCAP_ERROR && !was_interrupted(capture)) {
        tell_failure(capture, error);
        return -1;
    }
    return 0;
}

const struct capture_counts *capture_counts(const struct capture *capture)
{
    return &capture->counts;
}

bool capture_progress(const struct capture *capture, uint64_t *ret_done_bytes, uint64_t *ret_total_bytes)
{
    off_t done = capture->total_bytes == 0 ? -1 : ftello(pcap_file(capture->pcap));

    if (done < 0) {
        return false;
    }
    *ret_done_bytes = (uint64_t)done;
    *ret_total_bytes = capture->total_bytes;
    return true;
}

void capture_close(struct capture *capture)
{
    if (capture == NULL) {
        return;
    }
    if (capture->pcap != NULL) {
        pcap_close(capture->pcap);
    }
    reassembly_free(capture->reassembly);
    free(capture->name);
    free(capture);
}
