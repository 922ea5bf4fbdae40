/* SPDX-License-Identifier: MIT */
/*
 * fuzz_structured.c - lists within records
 *
 * The input is one octet, the kind of the list, then the length of a template set (2 octets) with its octets, then
 * those of the list. It is decoded as a field of variable length, and as one of fixed length where that can be.
 * What comes out must be JSON text.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ELEMENT_BASIC_LIST = 291, HEADER_BYTES = 16, TEMPLATE_ID = 65000, DEPTH_MAX = 64 };

/* ------------------------------------------------------------------------------------- a reader of JSON text */

struct reader {
    const char *at, *end;
};

static char peek(const struct reader *reader)
{
    require(reader->at < reader->end);
    return *reader->at;
}

static void expect(struct reader *reader, const char *text)
{
    const size_t length = strlen(text);
    require((size_t)(reader->end - reader->at) >= length && memcmp(reader->at, text, length) == 0);
    reader->at += length;
}

static void read_string(struct reader *reader)
{
    expect(reader, "\"");
    while (peek(reader) != '"') {
        require((unsigned char)*reader->at >= 0x20);
        reader->at += *reader->at == '\\' ? 2 : 1;
    }
    reader->at++;
}

static void read_value(struct reader *reader, int depth);

static void read_members(struct reader *reader, char close, int depth)
{
    reader->at++;
    for (bool first = true; peek(reader) != close; first = false) {
        if (!first)
            expect(reader, ",");
        if (close == '}') {
            read_string(reader);
            expect(reader, ":");
        }
        read_value(reader, depth + 1);
    }
    reader->at++;
}

static void read_value(struct reader *reader, int depth)
{
    require(depth < DEPTH_MAX);
    switch (peek(reader)) {
    case '{':
        read_members(reader, '}', depth);
        break;
    case '[':
        read_members(reader, ']', depth);
        break;
    case '"':
        read_string(reader);
        break;
    case 't':
        expect(reader, "true");
        break;
    case 'f':
        expect(reader, "false");
        break;
    case 'n':
        expect(reader, "null");
        break;
    default:
        require(strchr("-0123456789", *reader->at) != NULL);
        while (reader->at < reader->end && strchr("-+.eE0123456789", *reader->at) != NULL)
            reader->at++;
    }
}

/* ---------------------------------------------------------------------------------------------------- datagrams */

struct maker {
    uint8_t *data;
    size_t size;
};

static void put(struct maker *to, const uint8_t *data, size_t size)
{
    if (size > 0)
        memcpy(to->data + to->size, data, size);
    to->size += size;
}

static void put_u16(struct maker *to, size_t value)
{
    put(to, (const uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static void put_set(struct maker *to, uint16_t id, const uint8_t *head, size_t head_bytes, const uint8_t *data,
                    size_t size)
{
    put_u16(to, id);
    put_u16(to, 4 + head_bytes + size);
    put(to, head, head_bytes);
    put(to, data, size);
}

static void drain(struct weir_decoder *decoder)
{
    for (struct weir_batch *batch; (batch = weir_decoder_next(decoder)) != NULL; weir_batch_release(batch)) {
        for (uint32_t i = 0; i < batch->layout->field_count; i++) {
            size_t record_bytes = 0;
            for (uint32_t row = 0; batch->layout->fields[i].kind == WEIR_KIND_JSON && row < batch->row_count; row++) {
                const struct weir_octets *value = (const struct weir_octets *)batch->columns[i] + row;
                struct reader reader = {(const char *)value->data, (const char *)value->data + value->size_bytes};
                read_value(&reader, 0);
                require(reader.at == reader.end);
                record_bytes = value->size_bytes > record_bytes ? value->size_bytes : record_bytes;
            }
            require(record_bytes <= WEIR_RECORD_LISTS_SIZE);
        }
    }
}

static void feed(struct weir_decoder *decoder, struct maker *made)
{
    uint8_t *copy = malloc(made->size); /* of just this size, for the sanitizer */
    require(copy != NULL);
    made->data[1] = 10;
    made->data[2] = (uint8_t)(made->size >> 8);
    made->data[3] = (uint8_t)made->size;
    memcpy(copy, made->data, made->size);
    const struct weir_datagram datagram = {.data = copy, .size_bytes = made->size, .received_us = 1};
    weir_decoder_feed(decoder, &datagram);
    weir_decoder_flush(decoder);
    drain(decoder);
    free(copy);
    memset(made->data, 0, HEADER_BYTES);
    made->size = HEADER_BYTES;
}

static void decode(uint8_t kind, const uint8_t *templates, size_t templates_bytes, const uint8_t *list,
                   size_t list_bytes)
{
    const uint16_t element = (uint16_t)(ELEMENT_BASIC_LIST + kind % 3);
    struct weir_options options;
    weir_options_init(&options);
    options.templates_max = 100;
    options.batch_count = 3;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    struct maker made = {calloc(1, 65535), HEADER_BYTES};
    require(decoder != NULL && made.data != NULL);
    put_set(&made, 2, NULL, 0, templates, templates_bytes);
    feed(decoder, &made);
    for (int fixed = 0; fixed < 2; fixed++) {
        const size_t length = fixed ? list_bytes : 65535;
        const uint8_t specifier[] = {TEMPLATE_ID >> 8,        TEMPLATE_ID & 255, 0, 1, (uint8_t)(element >> 8),
                                     (uint8_t)element, (uint8_t)(length >> 8), (uint8_t)length};
        put_set(&made, 2, specifier, sizeof specifier, NULL, 0);
        feed(decoder, &made);
        const uint8_t front[] = {255, (uint8_t)(list_bytes >> 8), (uint8_t)list_bytes};
        put_set(&made, TEMPLATE_ID, front, fixed ? 0 : sizeof front, list, list_bytes);
        feed(decoder, &made);
    }
    weir_decoder_finish(decoder);
    drain(decoder);
    free(made.data);
    weir_decoder_free(decoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > 60000)
        return 0;
    size_t templates_bytes = (size_t)data[1] << 8 | data[2];
    if (templates_bytes > size - 3)
        templates_bytes = size - 3;
    decode(data[0], data + 3, templates_bytes, data + 3 + templates_bytes, size - 3 - templates_bytes);
    return 0;
}
