/* SPDX-License-Identifier: MIT */
/*
 * decode.c - measures how fast libweir decodes a capture to columns
 *
 * The datagrams are loaded into memory first, so that nothing but decoding is measured: weir_decoder_feed(),
 * weir_decoder_next() until it returns NULL, weir_batch_release(). A round passes over all of them as often as fits
 * into its time, with one decoder that is warm. Time is that of the CPU, so that a busy machine counts less against the
 * library. The median of the rounds is printed.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS_MAX = 1000, PASSES_MAX = 1000000 };

struct datagrams {
    struct weir_datagram *list;
    size_t count, capacity;
    uint64_t bytes;
};

/* What the command line asks for. */
struct settings {
    const char *path;
    long round_count;
    long pass_count; /* of a round; 0: as many as its time holds */
    double round_s;
    bool fields_only;
};

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static int append(struct datagrams *datagrams, const struct weir_datagram *datagram)
{
    if (datagrams->count == datagrams->capacity) {
        const size_t capacity = datagrams->capacity == 0 ? 1024 : datagrams->capacity * 2;
        struct weir_datagram *list = realloc(datagrams->list, capacity * sizeof *list);
        if (list == NULL)
            return -1;
        datagrams->list = list;
        datagrams->capacity = capacity;
    }
    uint8_t *data = malloc(datagram->size_bytes + 1);
    if (data == NULL)
        return -1;
    memcpy(data, datagram->data, datagram->size_bytes);
    datagrams->list[datagrams->count] = *datagram;
    datagrams->list[datagrams->count++].data = data;
    datagrams->bytes += datagram->size_bytes;
    return 0;
}

static int load(struct datagrams *datagrams, const char *path)
{
    struct sink_error error = {0};
    struct weir_datagram datagram;
    struct capture *capture = capture_open(path, NULL, 0, &error);
    int got = -1;
    if (capture != NULL) {
        while ((got = capture_next(capture, &datagram, NULL, &error)) == 1) {
            if (append(datagrams, &datagram) != 0) {
                fprintf(stderr, "decode: no memory for the datagrams of %s\n", path);
                break;
            }
        }
        capture_close(capture);
    }
    if (got < 0)
        fprintf(stderr, "decode: %s\n", error.text);
    if (got == 0 && datagrams->count == 0) {
        fprintf(stderr, "decode: %s holds no datagram\n", path);
        got = -1;
    }
    return got == 0 ? 0 : -1;
}

static void pass(struct weir_decoder *decoder, const struct datagrams *datagrams)
{
    struct weir_batch *batch;
    for (size_t i = 0; i < datagrams->count; i++) {
        weir_decoder_feed(decoder, &datagrams->list[i]);
        while ((batch = weir_decoder_next(decoder)) != NULL)
            weir_batch_release(batch);
    }
}

/* Flows per second of CPU. */
static double measure_round(struct weir_decoder *decoder, const struct datagrams *datagrams,
                            const struct settings *settings)
{
    const uint64_t flows_before = weir_decoder_ledger(decoder)->flows;
    const double start_s = cpu_s();
    double took_s = 0;
    long passes = 0;
    do {
        pass(decoder, datagrams);
        took_s = cpu_s() - start_s;
    } while (settings->pass_count > 0 ? ++passes < settings->pass_count : took_s < settings->round_s);
    return (double)(weir_decoder_ledger(decoder)->flows - flows_before) / took_s;
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static int measure(const struct datagrams *datagrams, const struct settings *settings)
{
    double speeds[ROUNDS_MAX];
    struct weir_options options;
    weir_options_init(&options);
    options.core = !settings->fields_only;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    if (decoder == NULL) {
        fputs("decode: no memory for a decoder\n", stderr);
        return 1;
    }
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    if (settings->pass_count == 0)
        pass(decoder, datagrams); /* templates are learned, memory is touched */
    for (long i = 0; i < settings->round_count; i++)
        speeds[i] = measure_round(decoder, datagrams, settings);
    qsort(speeds, (size_t)settings->round_count, sizeof *speeds, compare);
    const double median = speeds[settings->round_count / 2];
    const double bytes_per_flow = ledger->flows == 0 ? 0 : (double)ledger->bytes / (double)ledger->flows;
    printf("%.2f M flows/s, %.2f ns/flow, %.0f MB/s (median of %ld; %.2f to %.2f M flows/s)\n", median * 1e-6,
           1e9 / median, median * bytes_per_flow * 1e-6, settings->round_count, speeds[0] * 1e-6,
           speeds[settings->round_count - 1] * 1e-6);
    printf("%zu datagrams, %llu octets, decoded %.1f times; %llu flows; %llu datagrams refused, %llu sets skipped, "
           "%llu waiting\n",
           datagrams->count, (unsigned long long)datagrams->bytes, (double)ledger->datagrams / (double)datagrams->count,
           (unsigned long long)ledger->flows, (unsigned long long)ledger->datagrams_refused,
           (unsigned long long)ledger->sets_skipped, (unsigned long long)ledger->sets_waiting);
    weir_decoder_free(decoder);
    return 0;
}

static int print_usage(FILE *file, int code)
{
    fputs("usage: decode [-f] [-r ROUNDS] [-t SECONDS | -p PASSES] FILE\n\n"
          "Decodes the datagrams of a capture to columns, from memory, and prints how fast that went.\n\n"
          "  -f          fields only, no core columns\n"
          "  -r ROUNDS   how many rounds (7)\n"
          "  -t SECONDS  CPU time of a round (1)\n"
          "  -p PASSES   passes over the capture in a round, and none to get warm: to count instructions\n",
          file);
    return code;
}

static bool read_options(int argc, char **argv, struct settings *settings)
{
    int option;
    while ((option = getopt(argc, argv, "fr:t:p:")) != -1) {
        switch (option) {
        case 'f': settings->fields_only = true; break;
        case 'r': settings->round_count = strtol(optarg, NULL, 10); break;
        case 't': settings->round_s = strtod(optarg, NULL); break;
        case 'p': settings->pass_count = strtol(optarg, NULL, 10); break;
        default: return false;
        }
    }
    if (optind + 1 != argc)
        return false;
    settings->path = argv[optind];
    return settings->round_count >= 1 && settings->round_count <= ROUNDS_MAX && settings->round_s >= 0 &&
           settings->round_s <= 3600 && settings->pass_count >= 0 && settings->pass_count <= PASSES_MAX;
}

int main(int argc, char **argv)
{
    struct settings settings = {.round_count = 7, .round_s = 1};
    struct datagrams datagrams = {0};
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
        return print_usage(stdout, 0);
    if (!read_options(argc, argv, &settings))
        return print_usage(stderr, 2);
    const int result = load(&datagrams, settings.path) == 0 ? measure(&datagrams, &settings) : 1;
    for (size_t i = 0; i < datagrams.count; i++)
        free((void *)(uintptr_t)datagrams.list[i].data);
    free(datagrams.list);
    return result;
}
