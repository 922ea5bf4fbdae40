/* SPDX-License-Identifier: MIT */
/*
 * json_maker.h - for the tests of the JSON sink: batches made by hand, files in a folder that goes away again
 *
 * The batches have one layout of five fields. The value of each is told by the row's number, so that a row in a file
 * can be known again.
 */
#ifndef JSON_MAKER_H
#define JSON_MAKER_H

/* Include with _GNU_SOURCE defined. */

#include "json_sink.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAKER_ROWS_MAX 1000
#define MAKER_RUNS_MAX 16
#define MAKER_NOTE_BYTES 12

static const struct weir_field maker_fields[] = {
    {.name = "octetDeltaCount", .v9_name = "IN_BYTES", .width_bytes = 4, .kind = WEIR_KIND_U32,
     .type = WEIR_TYPE_UNSIGNED64},
    {.name = "sourceTransportPort", .v9_name = "L4_SRC_PORT", .width_bytes = 2, .kind = WEIR_KIND_U16,
     .type = WEIR_TYPE_UNSIGNED16},
    {.name = "sourceIPv4Address", .v9_name = "IPV4_SRC_ADDR", .width_bytes = 4, .kind = WEIR_KIND_IPV4,
     .type = WEIR_TYPE_IPV4_ADDRESS},
    {.name = "interfaceName", .v9_name = "IF_NAME", .width_bytes = MAKER_NOTE_BYTES, .kind = WEIR_KIND_OCTETS,
     .type = WEIR_TYPE_STRING},
    {.name = "protocolIdentifier", .v9_name = "PROTOCOL", .width_bytes = 0, .kind = WEIR_KIND_NULL,
     .type = WEIR_TYPE_UNSIGNED8},
};

static const struct weir_layout maker_flow_layout = {
    .fields = maker_fields, .field_count = 5, .record_bytes = 22, .version = 9, .slot = 3, .serial = 7};

static const struct weir_layout maker_options_layout = {
    .fields = maker_fields, .field_count = 4, .scope_count = 1, .version = 9, .slot = 0, .serial = 8, .options = true};

struct maker {
    struct weir_batch batch;
    struct weir_run runs[MAKER_RUNS_MAX];
    const void *columns[5];
    uint32_t octets[MAKER_ROWS_MAX];
    uint16_t ports[MAKER_ROWS_MAX];
    uint32_t addresses[MAKER_ROWS_MAX];
    char notes[MAKER_ROWS_MAX][MAKER_NOTE_BYTES];
};

static inline void maker_begin(struct maker *maker, bool options)
{
    memset(maker, 0, sizeof *maker);
    maker->columns[0] = maker->octets;
    maker->columns[1] = maker->ports;
    maker->columns[2] = maker->addresses;
    maker->columns[3] = maker->notes;
    maker->batch = (struct weir_batch){.layout = options ? &maker_options_layout : &maker_flow_layout,
                                       .runs = maker->runs,
                                       .columns = maker->columns};
}

/* Adds a run of rows, numbered from `first` on. */
static inline struct weir_run *maker_run(struct maker *maker, uint64_t datagram, int64_t received_us, uint32_t first,
                                         uint32_t row_count)
{
    struct weir_run *run = &maker->runs[maker->batch.run_count++];

    *run = (struct weir_run){.first_row = maker->batch.row_count,
                             .row_count = row_count,
                             .datagram = datagram,
                             .received_us = received_us,
                             .exporter = {.octets = {192, 0, 2, 1}, .family = 4},
                             .exporter_port = 50000,
                             .template_id = 256,
                             .domain = 11,
                             .export_time_s = 1509225421,
                             .sys_uptime_ms = 5000,
                             .sequence = (uint32_t)datagram,
                             .header_count = (uint16_t)row_count,
                             .version = 9};
    for (uint32_t i = 0; i < row_count; i++) {
        uint32_t row = maker->batch.row_count++;
        maker->octets[row] = first + i;
        maker->ports[row] = (uint16_t)(first + i);
        maker->addresses[row] = 0xc0000200 + ((first + i) & 255);
        memcpy(maker->notes[row], "a\"]}\n\x01{[,\\", 10);
    }
    return run;
}

/* One datagram of flows, the way the collector does it. */
static inline int maker_datagram(struct sink *sink, uint64_t datagram, int64_t received_us, uint32_t first,
                                 uint32_t row_count, struct sink_error *error)
{
    static struct maker maker;
    const struct weir_datagram told = {.received_us = received_us};

    maker_begin(&maker, false);
    maker_run(&maker, datagram, received_us, first, row_count);
    if (row_count > 0 && sink->class->batch(sink, &maker.batch, error) < 0) {
        return -1;
    }
    return sink->class->datagram(sink, &told, error);
}

/* ------------------------------------------------------------------------------------------------------ files */

static char maker_folder[64];

static inline const char *maker_path(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", maker_folder, name);
    return path;
}

static inline int maker_setup(void **state)
{
    (void)state;
    strcpy(maker_folder, "/tmp/weir-json-XXXXXX");
    return mkdtemp(maker_folder) == NULL ? -1 : 0;
}

static inline int maker_teardown(void **state)
{
    DIR *folder = opendir(maker_folder);
    struct dirent *entry;

    (void)state;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        unlink(maker_path(entry->d_name));
    }
    closedir(folder);
    return rmdir(maker_folder);
}

static inline void file_put(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* The whole of a file, with a NUL behind it. The caller frees it. */
static inline char *file_get(const char *path, size_t *ret_length)
{
    struct stat status;
    FILE *file = fopen(path, "rb");

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    char *bytes = calloc(1, (size_t)status.st_size + 1);
    assert_non_null(bytes);
    *ret_length = fread(bytes, 1, (size_t)status.st_size, file);
    assert_int_equal(*ret_length, status.st_size);
    fclose(file);
    return bytes;
}

/* The file as one JSON object, none of whose keys comes twice. */
static inline json_t *file_object(const char *path)
{
    json_error_t fault;
    json_t *object = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);

    if (object == NULL) {
        fail_msg("%s: %s (line %d, octet %d)", path, fault.text, fault.line, fault.position);
    }
    assert_true(json_is_object(object));
    return object;
}

/* ------------------------------------------------------------------------------------------------------- sinks */

static char warning[512];
static unsigned warning_count;

static inline void take_warning(void *context, const char *text)
{
    (void)context;
    snprintf(warning, sizeof warning, "%s", text);
    warning_count++;
}

static inline struct sink *sink_try(const char *path, struct sink_error *error)
{
    const struct json_sink_options options = {.path = path, .warn = take_warning};

    warning[0] = '\0';
    warning_count = 0;
    return json_sink_create(&options, error);
}

static inline struct sink *sink_open(const char *path)
{
    struct sink_error error = {.text = ""};
    struct sink *sink = sink_try(path, &error);

    if (sink == NULL) {
        fail_msg("%s", error.text);
    }
    return sink;
}

static inline void sink_close(struct sink *sink)
{
    struct sink_error error = {.text = ""};

    if (sink->class->close(sink, &error) < 0) {
        fail_msg("%s", error.text);
    }
}

/* ------------------------------------------------------------------------------------- the object form's entries */

#define START_US 1509225421123456

/* The flows under the n-th key of the file. */
static inline json_t *entry_at(json_t *object, size_t n)
{
    void *place = json_object_iter(object);

    while (n-- > 0) {
        place = json_object_iter_next(object, place);
    }
    return json_object_iter_value(place);
}

static inline json_int_t octets_at(json_t *object, size_t entry, size_t row)
{
    return json_integer_value(json_object_get(json_array_get(entry_at(object, entry), row), "IN_BYTES"));
}

static inline void write_datagrams(struct sink *sink, uint32_t first, uint32_t count)
{
    struct sink_error error = {.text = ""};

    for (uint32_t i = first; i < first + count; i++) {
        if (maker_datagram(sink, i, START_US + i, i * 10, 1 + i % 3, &error) < 0) {
            fail_msg("%s", error.text);
        }
    }
}

/* The file holds the entries that write_datagrams() made from 0 on, and no others. */
static inline void check_entries(const char *path, size_t count)
{
    json_t *object = file_object(path);
    void *place = json_object_iter(object);

    assert_int_equal(json_object_size(object), count);
    for (size_t i = 0; i < count; i++, place = json_object_iter_next(object, place)) {
        json_t *flows = json_object_iter_value(place);
        assert_int_equal(json_array_size(flows), 1 + i % 3);
        for (size_t row = 0; row < 1 + i % 3; row++) {
            json_t *octets = json_object_get(json_array_get(flows, row), "IN_BYTES");
            assert_int_equal(json_integer_value(octets), i * 10 + row);
        }
    }
    json_decref(object);
}

#endif
