/* SPDX-License-Identifier: MIT */
/*
 * core_decode.h - for tests of core columns: a template and a record as octets, through a decoder
 *
 *     core_decode(9, "8:4 12:4 22:4", "c0000201 c0000202 00000064");
 *     core_number(WEIR_CORE_TIME_START)
 *
 * A template is a list of ID:LENGTH, or PEN/ID:LENGTH. The record is hex; blanks between octets do not count; several
 * records stand behind each other. The header's fields are those of `core_header`.
 */
#ifndef CORE_DECODE_H
#define CORE_DECODE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <weir/weir.h>

/* What the next datagrams say of themselves. */
struct core_header {
    uint32_t export_time_s, export_time_ns, uptime_ms;
    uint16_t sampling;
    uint32_t domain;
};

static struct core_header core_header;
static struct weir_options core_options;
static struct weir_decoder *core_decoder;
static struct weir_batch *core_batch;

static uint8_t core_octets[2048];
static size_t core_size;

static inline void core_put(uint64_t value, int bytes)
{
    while (bytes-- > 0)
        core_octets[core_size++] = (uint8_t)(value >> (8 * bytes));
}

static inline void core_put_hex(const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned octet;
        if (*text == ' ')
            continue;
        assert_int_equal(sscanf(text++, "%2x", &octet), 1);
        core_put(octet, 1);
    }
}

/* Returns how many fields there are. */
static inline int core_put_fields(const char *text)
{
    int count = 0;
    for (char *end; *text != '\0'; text = *end == ' ' ? end + 1 : end, count++) {
        unsigned long pen = 0, id = strtoul(text, &end, 10);
        if (*end == '/') {
            pen = id;
            id = strtoul(end + 1, &end, 10);
        }
        assert_int_equal(*end, ':');
        core_put(pen != 0 ? id | 0x8000 : id, 2);
        core_put(strtoul(end + 1, &end, 10), 2);
        if (pen != 0)
            core_put(pen, 4);
    }
    return count;
}

static inline void core_patch(size_t at, size_t value)
{
    core_octets[at] = (uint8_t)(value >> 8);
    core_octets[at + 1] = (uint8_t)value;
}

static inline void core_put_header(int version, int count)
{
    core_size = 0;
    core_put((uint64_t)version, 2);
    core_put((uint64_t)count, 2); /* of IPFIX the length, filled in later */
    if (version < 10)
        core_put(core_header.uptime_ms, 4);
    core_put(core_header.export_time_s, 4);
    if (version < 9)
        core_put(core_header.export_time_ns, 4);
    if (version > 1)
        core_put(1, 4);
    if (version == 5) {
        core_put(core_header.domain, 2);
        core_put(core_header.sampling, 2);
    } else if (version > 1) {
        core_put(core_header.domain, 4);
    }
}

static inline void core_done(void)
{
    if (core_batch != NULL)
        weir_batch_release(core_batch);
    weir_decoder_free(core_decoder);
    core_batch = NULL;
    core_decoder = NULL;
}

static inline void core_feed(int version)
{
    if (version == 10)
        core_patch(2, core_size);
    struct weir_datagram datagram = {.data = core_octets, .size_bytes = core_size, .source_port = 2055};
    datagram.source.family = 4;
    if (core_batch != NULL)
        weir_batch_release(core_batch);
    core_batch = NULL;
    assert_int_equal(weir_decoder_feed(core_decoder, &datagram), 0);
    weir_decoder_flush(core_decoder);
    for (struct weir_batch *batch; (batch = weir_decoder_next(core_decoder)) != NULL;) {
        if (batch->layout->options || core_batch != NULL)
            weir_batch_release(batch);
        else
            core_batch = batch;
    }
}

/* To a decoder that is there already, or to a new one. `scope_count` 0: no options template. */
static inline void core_continue(int version, int scope_count, const char *fields, const char *record)
{
    const int id = scope_count > 0 ? 300 : 299;
    if (core_decoder == NULL) {
        core_decoder = weir_decoder_create(&core_options);
        assert_non_null(core_decoder);
    }
    core_put_header(version, 2);
    const size_t set = core_size;
    core_put((version == 9 ? 0u : 2u) + (scope_count > 0 ? 1u : 0u), 2);
    core_put(0, 2);
    core_put((unsigned)id, 2);
    core_put(0, 2);
    const size_t count_at = core_size - 2;
    if (scope_count > 0)
        core_put((unsigned)scope_count * (version == 9 ? 4u : 1u), 2);
    const size_t fields_at = core_size;
    const int count = core_put_fields(fields);
    if (scope_count > 0 && version == 9) {
        core_patch(count_at, (size_t)scope_count * 4);
        core_patch(count_at + 2, core_size - fields_at - (size_t)scope_count * 4);
    } else {
        core_patch(count_at, (size_t)count);
    }
    core_patch(set + 2, core_size - set);
    const size_t data = core_size;
    core_put((unsigned)id, 2);
    core_put(0, 2);
    core_put_hex(record);
    core_patch(data + 2, core_size - data);
    core_feed(version);
}

static inline void core_decode(int version, const char *fields, const char *record)
{
    core_done();
    core_continue(version, 0, fields, record);
    assert_non_null(core_batch);
}

static inline void core_decode_fixed(int version, int count, const char *records)
{
    core_done();
    core_decoder = weir_decoder_create(&core_options);
    core_put_header(version, count);
    core_put_hex(records);
    core_feed(version);
    assert_non_null(core_batch);
}

static inline const struct weir_core_column *core_of(enum weir_core core)
{
    assert_non_null(core_batch);
    assert_non_null(core_batch->layout->core);
    return &core_batch->layout->core[core];
}

static inline const void *core_value(enum weir_core core, uint32_t row)
{
    const struct weir_core_column *column = core_of(core);
    assert_true(column->how == WEIR_CORE_FIELD || column->how == WEIR_CORE_COMPUTED);
    assert_true(row < core_batch->row_count);
    return (const uint8_t *)core_batch->columns[column->column] + (size_t)row * column->width_bytes;
}

static inline int64_t core_number_at(enum weir_core core, uint32_t row)
{
    if (core_of(core)->how == WEIR_CORE_CONSTANT)
        return core_of(core)->value;
    const void *value = core_value(core, row);
    switch (core_of(core)->kind) {
    case WEIR_KIND_U8: return *(const uint8_t *)value;
    case WEIR_KIND_U16: return *(const uint16_t *)value;
    case WEIR_KIND_U32:
    case WEIR_KIND_IPV4: return *(const uint32_t *)value;
    case WEIR_KIND_U64:
    case WEIR_KIND_I64: return *(const int64_t *)value;
    default: fail_msg("%s is no number", weir_core_name(core)); return -1;
    }
}

static inline int64_t core_number(enum weir_core core)
{
    return core_number_at(core, 0);
}

static inline int core_setup(void **state)
{
    (void)state;
    weir_options_init(&core_options);
    core_options.core = true;
    core_options.batch_count = 4;
    core_header = (struct core_header){.export_time_s = 1600000000, .uptime_ms = 100000};
    return 0;
}

static inline int core_teardown(void **state)
{
    (void)state;
    core_done();
    return 0;
}

#endif
