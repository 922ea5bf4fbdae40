/* SPDX-License-Identifier: MIT */
/*
 * fuzz_sinks.c - what is written of hostile datagrams, in all forms, must be read again
 *
 * The input is a stream of stream.h. Its records go into a file of JSON objects and one of lines, into lines of
 * `weir decode`, into flows as the text sink takes them, and what happens into the debug log. All of that must be
 * JSON with no name twice in an object, have as many flows and options records as the ledger, and hold nothing that
 * a terminal obeys. What the collector writes our own reader must take.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "batch_reader.h"
#include "debug_log.h"
#include "from_batch.h"
#include "json_reader.h"
#include "json_sink.h"
#include "record_line.h"
#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A sink, and the file in memory that it writes. */
struct outlet {
    int fd;
    struct sink *sink;
};

/* A stream, and the memory that it writes. */
struct text {
    FILE *stream;
    char *data;
    size_t size_bytes;
};

struct run {
    struct weir_decoder *decoder;
    struct outlet object, lines;
    struct record_line record_line;
    struct text records, log_text;
    struct debug_log *log;
    uint64_t flows_of_batches;
};

struct counts {
    uint64_t flows;
    uint64_t options;
};

static struct outlet outlet_open(bool lines)
{
    struct sink_error error = {""};
    char path[64];
    struct outlet outlet = {.fd = memfd_create("outlet", MFD_CLOEXEC)};
    require(outlet.fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", outlet.fd);
    const struct json_sink_options options = {.path = path, .lines = lines};
    outlet.sink = json_sink_create(&options, &error);
    require(outlet.sink != NULL);
    return outlet;
}

static void outlet_batch(const struct outlet *outlet, const struct weir_batch *batch)
{
    struct sink_error error = {""};
    require(outlet->sink->class->batch(outlet->sink, batch, &error) == 0);
}

static void outlet_datagram(const struct outlet *outlet, const struct weir_datagram *datagram)
{
    struct sink_error error = {""};
    require(outlet->sink->class->datagram(outlet->sink, datagram, &error) == 0);
}

/* All that was written, ended by NUL, for the caller to free. */
static char *outlet_close(struct outlet *outlet, size_t *ret_size)
{
    struct sink_error error = {""};
    require(outlet->sink->class->close(outlet->sink, &error) == 0);
    const off_t size = lseek(outlet->fd, 0, SEEK_END);
    require(size >= 0);
    char *data = malloc((size_t)size + 1);
    require(data != NULL && pread(outlet->fd, data, (size_t)size, 0) == size);
    data[size] = '\0';
    close(outlet->fd);
    *ret_size = (size_t)size;
    return data;
}

/* --------------------------------------------------------------------------------------------------- what comes in */

static void count_flow(void *context, const struct flow *flow, const struct weir_run *from)
{
    (void)from;
    struct run *run = context;
    require(flow->source.family == 4 || flow->source.family == 6);
    require(flow->destination.family == flow->source.family);
    run->flows_of_batches++;
}

static void drain(struct run *run)
{
    for (struct weir_batch *batch; (batch = weir_decoder_next(run->decoder)) != NULL; weir_batch_release(batch)) {
        outlet_batch(&run->object, batch);
        outlet_batch(&run->lines, batch);
        if (batch->layout->core != NULL)
            from_batch_read(batch, count_flow, run);
        if (batch->layout->options)
            debug_log_options(run->log, batch);
        for (uint32_t i = 0; i < batch->run_count; i++)
            require(record_line_print_run(&run->record_line, batch, &batch->runs[i], run->records.stream) == 0);
    }
}

static void take(struct run *run, const struct operation *operation, int64_t now_us)
{
    const struct weir_datagram *datagram = &operation->datagram;
    if (operation->kind == OPERATION_TICK) {
        weir_decoder_tick(run->decoder, now_us);
    } else if (operation->kind == OPERATION_FINISH) {
        weir_decoder_finish(run->decoder);
    } else if (operation->kind == OPERATION_DATAGRAM) {
        debug_log_received(run->log, datagram, weir_decoder_ledger(run->decoder));
        const bool taken = weir_decoder_feed(run->decoder, datagram) == 0;
        weir_decoder_flush(run->decoder);
        drain(run);
        if (!taken)
            return;
        debug_log_processed(run->log, weir_decoder_ledger(run->decoder));
        outlet_datagram(&run->object, datagram);
        outlet_datagram(&run->lines, datagram);
        return;
    }
    weir_decoder_flush(run->decoder);
    drain(run);
}

static void log_event(void *context, const struct weir_event *event)
{
    const struct run *run = context;
    debug_log_event(run->log, event);
}

/* -------------------------------------------------------------------------------------------------- what came out */

static json_t *parse(const char *text, size_t size_bytes)
{
    json_error_t error;
    const size_t how = JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL; /* its integers are signed */
    json_t *value = json_loadb(text, size_bytes, how, &error);
    if (value == NULL)
        fprintf(stderr, "%s at octet %d of: %.*s\n", error.text, error.position, (int)size_bytes, text);
    require(value != NULL && json_is_object(value));
    return value;
}

/* The entries of an object: of the object form arrays of flows, of the line form objects. */
static void count_entries(json_t *object, struct counts *counts)
{
    const char *key;
    json_t *entry;
    json_object_foreach(object, key, entry) {
        json_t *flows = json_is_array(entry) ? entry : json_object_get(entry, "flows");
        require(json_is_array(flows));
        counts->flows += json_array_size(flows);
        counts->options += json_array_size(json_object_get(entry, "options"));
    }
}

/* Calls for each line; each ends. */
static uint64_t for_each_line(const char *text, size_t size_bytes, struct counts *ret_counts)
{
    uint64_t line_count = 0;
    for (const char *end; size_bytes > 0; line_count++) {
        end = memchr(text, '\n', size_bytes);
        require(end != NULL);
        json_t *object = parse(text, (size_t)(end - text));
        if (ret_counts != NULL)
            count_entries(object, ret_counts);
        json_decref(object);
        size_bytes -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    return line_count;
}

static bool ignore_flow(void *context, const struct flow *flow)
{
    (void)context;
    (void)flow;
    return true;
}

static void check_reader(const char *text, size_t size_bytes, uint64_t flows)
{
    struct json_reader_result result;
    if (size_bytes == 0)
        return; /* for a reader that is a file without flows, of which it tells */
    require(json_read_memory(text, size_bytes, ignore_flow, NULL, &result) == 0);
    require(!result.torn && result.entries_skipped == 0 && result.flows + result.flows_skipped == flows);
}

/* No control characters, of ASCII nor those of Unicode behind it, which in UTF-8 are c2 80 to c2 9f. */
static void check_plain(const char *text, size_t size_bytes)
{
    const unsigned char *octets = (const unsigned char *)text;
    for (size_t i = 0; i < size_bytes; i++) {
        require(octets[i] >= ' ' || octets[i] == '\n');
        require(octets[i] != 0x7f && (octets[i] != 0xc2 || (octets[i + 1] & 0xe0) != 0x80)); /* NUL ends the text */
    }
}

static void check_outlets(struct run *run, const struct weir_ledger *ledger)
{
    struct counts of_object = {0}, of_lines = {0};
    size_t object_bytes, lines_bytes;
    char *object = outlet_close(&run->object, &object_bytes), *lines = outlet_close(&run->lines, &lines_bytes);
    json_t *value = parse(object, object_bytes);
    count_entries(value, &of_object);
    json_decref(value);
    for_each_line(lines, lines_bytes, &of_lines);
    require(of_object.flows == ledger->flows && of_object.options == 0);
    require(of_lines.flows == ledger->flows && of_lines.options == ledger->options);
    check_reader(object, object_bytes, ledger->flows);
    check_reader(lines, lines_bytes, ledger->flows);
    check_plain(object, object_bytes);
    check_plain(lines, lines_bytes);
    free(object);
    free(lines);
}

static void check_texts(struct run *run, const struct weir_ledger *ledger)
{
    fclose(run->records.stream);
    fclose(run->log_text.stream);
    require(for_each_line(run->records.data, run->records.size_bytes, NULL) == ledger->flows + ledger->options);
    check_plain(run->records.data, run->records.size_bytes);
    check_plain(run->log_text.data, run->log_text.size_bytes);
    free(run->records.data);
    free(run->log_text.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_options options;
    struct operation operation;
    struct run run = {.object = outlet_open(false), .lines = outlet_open(true)};
    struct stream stream = stream_begin(data, size, &options);
    stream.now_us = 1509225421000000;
    run.records.stream = open_memstream(&run.records.data, &run.records.size_bytes);
    run.log_text.stream = open_memstream(&run.log_text.data, &run.log_text.size_bytes);
    run.log = debug_log_create(run.log_text.stream);
    record_line_init(&run.record_line, size % 2 == 0);
    run.record_line.core = size % 3 != 0;
    options.event = log_event;
    options.context = &run;
    run.decoder = weir_decoder_create(&options);
    require(run.decoder != NULL && run.log != NULL);
    while (stream_next(&stream, &operation))
        take(&run, &operation, stream.now_us);
    weir_decoder_finish(run.decoder);
    drain(&run);
    const struct weir_ledger *ledger = weir_decoder_ledger(run.decoder);
    require(run.flows_of_batches <= ledger->flows);
    debug_log_free(run.log);
    record_line_done(&run.record_line);
    check_outlets(&run, ledger);
    check_texts(&run, ledger);
    weir_decoder_free(run.decoder);
    return 0;
}
