/* SPDX-License-Identifier: MIT */
/*
 * text_sink.c - connection lines on a terminal, as they arrive
 *
 *     batch → from_batch → pairing → lines that wait for names, in order → output
 */
#define _GNU_SOURCE
#include "text_sink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "from_batch.h"
#include "names.h"
#include "pairing.h"
#include "services.h"

#define HORIZON_US ((int64_t)2 * 1000000)
#define WAITING_MAX (1u << 17) /* flows without their other side */
#define LINES_MAX 1024u        /* that wait for names; beyond, the oldest goes out with addresses */
#define NAMES_WAIT_MS 500
#define NAMES_KEPT 16384u
#define NOTES_MAX 64u /* exporters and rates that are told; beyond, nobody would read them */

struct noted {
    struct weir_address exporter;
    uint32_t sampling_rate;
};

struct waiting_line {
    struct connection connection;
    int64_t since_ms;
};

struct text_sink {
    struct sink sink; /* first */
    struct text_sink_options options;
    FILE *out;
    struct services *services;
    struct names *names; /* NULL without DNS */
    struct pairing *pairing;
    struct noted noted[NOTES_MAX];
    uint32_t noted_count;
    struct waiting_line *lines; /* a ring of LINES_MAX */
    uint32_t first, count;
    bool out_of_memory;
    int write_errno; /* of the first write that failed */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct text_sink *self_of(struct sink *sink)
{
    return (struct text_sink *)sink;
}

static void print_first(struct text_sink *self)
{
    const struct connection *connection = &self->lines[self->first].connection;
    const char *from = NULL, *to = NULL;
    if (self->names != NULL) {
        from = names_get(self->names, &connection->from.source);
        to = names_get(self->names, &connection->from.destination);
    }
    errno = 0;
    format_line(self->out, connection, self->services, from, to);
    if (ferror(self->out) && self->write_errno == 0)
        self->write_errno = errno != 0 ? errno : EIO;
    self->first = (self->first + 1) % LINES_MAX;
    self->count--;
}

static bool waits_for_names(const struct text_sink *self, const struct waiting_line *line)
{
    return self->names != NULL && (names_pending(self->names, &line->connection.from.source) ||
                                   names_pending(self->names, &line->connection.from.destination));
}

/* Prints the lines whose names are there, or are not worth waiting for any longer. None overtakes another. */
static void print_ready(struct text_sink *self)
{
    if (self->names != NULL && self->count > 0)
        names_process(self->names);
    int64_t now = self->count > 0 ? now_ms() : 0;
    while (self->count > 0 && self->write_errno == 0) {
        const struct waiting_line *line = &self->lines[self->first];
        if (waits_for_names(self, line) && now - line->since_ms < NAMES_WAIT_MS)
            break;
        print_first(self);
    }
}

static void on_connection(void *context, const struct connection *connection)
{
    struct text_sink *self = context;
    const uint64_t min_bytes = self->options.min_size_bytes;
    if (min_bytes > 0 && connection_size_bytes(connection) <= min_bytes)
        return;
    if (self->names != NULL) {
        names_request(self->names, &connection->from.source);
        names_request(self->names, &connection->from.destination);
    }
    if (self->count == LINES_MAX)
        print_first(self);
    uint32_t place = (self->first + self->count++) % LINES_MAX;
    self->lines[place] = (struct waiting_line){*connection, now_ms()};
}

static void note_sampling(struct text_sink *self, const struct weir_address *exporter, uint32_t sampling_rate)
{
    char text[256], address[WEIR_ADDRESS_TEXT_SIZE];
    for (uint32_t i = self->noted_count; i-- > 0;) {
        if (self->noted[i].sampling_rate == sampling_rate && address_equal(&self->noted[i].exporter, exporter))
            return;
    }
    if (self->noted_count == NOTES_MAX || self->options.note == NULL)
        return;
    self->noted[self->noted_count++] = (struct noted){*exporter, sampling_rate};
    weir_address_text(exporter, address);
    snprintf(text, sizeof text,
             "%s looks at one packet in %" PRIu32 ", so its sizes are multiplied by that; "
             "--raw-sizes shows what it counted",
             address, sampling_rate);
    self->options.note(self->options.context, text);
}

static void on_flow(void *context, const struct flow *counted, const struct weir_run *run)
{
    struct text_sink *self = context;
    struct flow flow = *counted;
    if (!self->options.raw_sizes && flow_scale(&flow))
        note_sampling(self, &run->exporter, counted->sampling_rate);
    if (pairing_add(self->pairing, &flow) != 0)
        self->out_of_memory = true;
}

/* Sends out what is printed, and tells what went wrong since the last time. */
static int settle(struct text_sink *self, struct sink_error *error)
{
    print_ready(self);
    errno = 0;
    if (fflush(self->out) != 0 && self->write_errno == 0)
        self->write_errno = errno != 0 ? errno : EIO;
    if (self->write_errno == 0 && !self->out_of_memory)
        return 0;
    if (self->out_of_memory)
        snprintf(error->text, sizeof error->text, "out of memory for lines of text; give the machine more");
    else if (self->write_errno == EPIPE)
        snprintf(error->text, sizeof error->text, "nobody reads the lines of text any more");
    else
        snprintf(error->text, sizeof error->text, "cannot write lines of text: %s", strerror(self->write_errno));
    return -1;
}

static int text_batch(struct sink *sink, const struct weir_batch *batch, struct sink_error *error)
{
    struct text_sink *self = self_of(sink);
    from_batch_read(batch, on_flow, self);
    print_ready(self);
    return self->write_errno == 0 && !self->out_of_memory ? 0 : settle(self, error);
}

static int text_datagram(struct sink *sink, const struct weir_datagram *datagram, struct sink_error *error)
{
    struct text_sink *self = self_of(sink);
    pairing_advance(self->pairing, datagram->received_us);
    return settle(self, error);
}

static int text_tick(struct sink *sink, int64_t now_us, struct sink_error *error)
{
    struct text_sink *self = self_of(sink);
    pairing_advance(self->pairing, now_us);
    return settle(self, error);
}

static void text_free(struct text_sink *self)
{
    services_free(self->services);
    names_free(self->names);
    pairing_free(self->pairing);
    free(self->lines);
    free(self);
}

static int text_close(struct sink *sink, struct sink_error *error)
{
    struct text_sink *self = self_of(sink);
    pairing_finish(self->pairing);
    if (self->names != NULL && self->count > 0 && self->write_errno == 0) {
        names_wait(self->names, NAMES_WAIT_MS);
        while (self->count > 0 && self->write_errno == 0)
            print_first(self);
    }
    int status = settle(self, error);
    text_free(self);
    return status;
}

static const struct sink_class text_class = {
    .name = "text",
    .per_datagram = true,
    .batch = text_batch,
    .datagram = text_datagram,
    .tick = text_tick,
    .close = text_close,
};

struct sink *text_sink_create(const struct text_sink_options *options, struct sink_error *error)
{
    struct text_sink *self = calloc(1, sizeof *self);
    if (self != NULL) {
        struct pairing_options pairing = {
            .horizon_us = HORIZON_US, .flows_max = WAITING_MAX, .found = on_connection, .context = self};
        struct names_options names = {.budget_ms = 2000, .kept_max = NAMES_KEPT};
        self->sink.class = &text_class;
        self->options = *options;
        self->out = options->out;
        self->services = services_create();
        self->pairing = pairing_create(&pairing);
        self->lines = malloc(LINES_MAX * sizeof *self->lines);
        self->names = options->resolve_names ? names_create(&names) : NULL; /* without names there are addresses */
        if (self->services != NULL && self->pairing != NULL && self->lines != NULL)
            return &self->sink;
        text_free(self);
    }
    snprintf(error->text, sizeof error->text, "out of memory for lines of text; give the machine more");
    return NULL;
}
