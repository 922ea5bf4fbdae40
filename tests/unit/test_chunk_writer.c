/* SPDX-License-Identifier: MIT */
/* test_chunk_writer.c - how a column is encoded, what is told of it, and that it can be read again */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <unistd.h>

#include "chunk_reader.h"
#include "file_writer.h"
#include "page_writer.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { ROWS = 100000, LONG_BYTES = 147000, LONG_ROWS = 100 };

/* One column, written to a file of its own; `chunk` is what the footer had of it. */
struct written {
    char path[64];
    struct chunk chunk;
    struct column_data read;
};

static double bytes_for_ns; /* of columns that are written from here on */

static void read_again(struct written *written, enum store_type type, const char *path)
{
    struct store_error error = {0};
    struct file_reader file;
    struct chunk_reader reader;
    assert_int_equal(chunk_reader_init(&reader), 0);
    if (file_reader_open(&file, path, &error) != 0 ||
        chunk_reader_read(&reader, &file, 0, 1, type, SIZE_MAX, &written->read, &error) != 0)
        fail_msg("%s", error.text);
    file_reader_close(&file);
    chunk_reader_done(&reader);
}

static void write_column(struct written *written, enum store_type type, enum parquet_codec codec,
                         const struct store_values *values)
{
    const struct file_column columns[] = {{.name = "null", .field_id = 1, .type = STORE_U8},
                                          {.name = "column", .field_id = 2, .type = (uint8_t)type}};
    const struct store_values both[] = {{.row_count = values->row_count}, *values};
    struct store_error error = {0};
    struct file_writer writer;
    struct octet_buffer pages = {0};
    uint64_t size_bytes;
    *written = (struct written){.path = "/tmp/weir-chunk-XXXXXX"};
    const int fd = mkstemp(written->path);
    assert_true(fd >= 0);
    close(fd);
    unlink(written->path);
    assert_int_equal(file_writer_init(&writer, codec, 1), 0);
    writer.chunks.bytes_for_ns = bytes_for_ns;
    assert_int_equal(chunk_write(&writer.chunks, 2, type, values, 4, &pages, &written->chunk), 0);
    if (file_writer_begin(&writer, written->path, columns, 2, &error) != 0 ||
        file_writer_row_group(&writer, both, NULL, -1, &error) != 0 ||
        file_writer_finish(&writer, NULL, 0, false, &size_bytes, &error) != 0)
        fail_msg("%s", error.text);
    read_again(written, type, written->path);
    file_writer_done(&writer);
    octet_buffer_done(&pages);
}

static void forget(struct written *written)
{
    chunk_done(&written->chunk);
    column_data_done(&written->read);
    unlink(written->path);
}

static void expect_read(const struct written *written, const void *data, size_t size_bytes)
{
    assert_int_equal(written->read.data.size_bytes, size_bytes);
    if (size_bytes > 0)
        assert_memory_equal(written->read.data.data, data, size_bytes);
}

static struct store_values numbers_of(const void *data, uint32_t width_bytes, uint32_t count)
{
    return (struct store_values){.data = data, .width_bytes = width_bytes, .item_count = count, .row_count = count};
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* ------------------------------------------------------------------------------------------------ which encoding */

static void expect_encoding(const uint64_t *numbers, enum parquet_encoding encoding, bool has_distinct)
{
    static const enum parquet_codec codecs[] = {PARQUET_UNCOMPRESSED, PARQUET_LZ4_RAW, PARQUET_ZSTD};
    for (size_t i = 0; i < 3; i++) {
        const struct store_values values = numbers_of(numbers, 8, ROWS);
        struct written written;
        write_column(&written, STORE_U64, codecs[i], &values);
        if ((written.chunk.encodings & 1u << encoding) == 0)
            fail_msg("codec %d: encodings are %x", (int)codecs[i], written.chunk.encodings);
        assert_int_equal(written.chunk.distinct_count > 0, has_distinct);
        assert_int_equal(written.chunk.dictionary_offset > 0, encoding == PARQUET_RLE_DICTIONARY);
        expect_read(&written, numbers, ROWS * sizeof *numbers);
        forget(&written);
    }
}

static void each_encoding_where_it_is_best(void **state)
{
    (void)state;
    uint64_t *numbers = malloc(ROWS * sizeof *numbers), random = 1;
    for (uint32_t i = 0; i < ROWS; i++)
        numbers[i] = next_random(&random) % 7 * 1000000007;
    expect_encoding(numbers, PARQUET_RLE_DICTIONARY, true);
    for (uint32_t i = 0; i < ROWS; i++)
        numbers[i] = (uint64_t)i * 1000000 + next_random(&random) % 9000;
    expect_encoding(numbers, PARQUET_DELTA_BINARY_PACKED, false);
    for (uint32_t i = 0; i < ROWS; i++)
        numbers[i] = next_random(&random);
    expect_encoding(numbers, PARQUET_PLAIN, false);
    free(numbers);
}

/* In frames of zstd, which compress nothing. */
static bool is_stored(const struct written *written, uint64_t data_bytes)
{
    uint64_t size_bytes = 0;
    for (uint32_t p = 0; p < written->chunk.page_count; p++)
        size_bytes += written->chunk.pages[p].size_bytes;
    assert_int_equal(written->chunk.codec, PARQUET_ZSTD);
    return size_bytes >= data_bytes && size_bytes < data_bytes + data_bytes / 100;
}

static void what_does_not_compress_stays(void **state)
{
    (void)state;
    uint64_t *numbers = malloc(ROWS * sizeof *numbers), random = 1;
    struct written wild, tame;
    for (uint32_t i = 0; i < ROWS; i++)
        numbers[i] = next_random(&random);
    const struct store_values values = numbers_of(numbers, 8, ROWS);
    write_column(&wild, STORE_U64, PARQUET_ZSTD, &values);
    assert_true(is_stored(&wild, ROWS * sizeof *numbers));
    for (uint32_t i = 0; i < ROWS; i++)
        numbers[i] = next_random(&random) % 8 == 0 ? 77 : 78;
    write_column(&tame, STORE_U64, PARQUET_ZSTD, &values);
    assert_int_equal(tame.chunk.codec, PARQUET_ZSTD);
    assert_true(tame.chunk.size_bytes < tame.chunk.uncompressed_bytes);
    forget(&wild);
    forget(&tame);
    free(numbers);
}

/* ----------------------------------------------------------------------------------------------- widths and repeats */

static void narrow_items_are_widened(void **state)
{
    (void)state;
    static const uint8_t u8[] = {0, 255, 128};
    static const int8_t i8[] = {0, -128, 127};
    static const int16_t i16[] = {0, -32768, 32767};
    static const float f32[] = {0, -1.5f, 3e30f};
    static const uint64_t u64_read[] = {0, 255, 128};
    static const int64_t i64_read[] = {0, -128, 127};
    static const int32_t i32_read[] = {0, -32768, 32767};
    static const double f64_read[] = {0, -1.5, (double)3e30f};
    const struct {
        enum store_type type;
        struct store_values values;
        const void *read;
        size_t size_bytes;
    } cases[] = {{STORE_U64, numbers_of(u8, 1, 3), u64_read, sizeof u64_read},
                 {STORE_I64, numbers_of(i8, 1, 3), i64_read, sizeof i64_read},
                 {STORE_I32, numbers_of(i16, 2, 3), i32_read, sizeof i32_read},
                 {STORE_F64, numbers_of(f32, 4, 3), f64_read, sizeof f64_read}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct written written;
        write_column(&written, cases[i].type, PARQUET_ZSTD, &cases[i].values);
        expect_read(&written, cases[i].read, cases[i].size_bytes);
        forget(&written);
    }
}

static void items_of_several_rows(void **state)
{
    (void)state;
    static const uint16_t items[] = {500, 7, 500};
    static const uint32_t repeats[] = {40000, 1, 2};
    const struct store_values values = {.data = items, .width_bytes = 2, .item_count = 3, .repeats = repeats,
                                        .row_count = 40003};
    struct written written;
    write_column(&written, STORE_U16, PARQUET_ZSTD, &values);
    assert_int_equal(written.read.item_count, 40003);
    for (uint32_t i = 0; i < 40003; i++)
        assert_int_equal(((const uint16_t *)(const void *)written.read.data.data)[i], i == 40000 ? 7 : 500);
    assert_int_equal(written.chunk.page_count, 1);
    assert_int_equal(written.chunk.value_count, 40003);
    forget(&written);
}

static void no_items(void **state)
{
    (void)state;
    const struct store_values values = {.row_count = 12};
    struct written written;
    write_column(&written, STORE_STRING, PARQUET_ZSTD, &values);
    assert_true(written.chunk.is_null);
    assert_int_equal(written.chunk.value_count, 12);
    assert_int_equal(written.read.item_count, 0);
    forget(&written);
}

/* -------------------------------------------------------------------------------------------------------- bounds */

static void expect_bounds(enum store_type type, const struct store_values *values, const void *least,
                          const void *greatest, uint8_t size_bytes)
{
    struct written written;
    write_column(&written, type, PARQUET_ZSTD, values);
    assert_true(written.chunk.is_bounded);
    assert_int_equal(written.chunk.least.size_bytes, size_bytes);
    assert_memory_equal(written.chunk.least.octets, least, size_bytes);
    assert_int_equal(written.chunk.greatest.size_bytes, size_bytes);
    assert_memory_equal(written.chunk.greatest.octets, greatest, size_bytes);
    forget(&written);
}

static void bounds_are_ordered_as_the_type(void **state)
{
    (void)state;
    static const uint32_t u32[] = {5, 0x80000000, 7, 3};
    static const int32_t i32[] = {5, INT_MIN, 7, 3};
    static const uint64_t u64[] = {5, UINT64_MAX, 7, 3};
    const struct store_values of_u32 = numbers_of(u32, 4, 4), of_i32 = numbers_of(i32, 4, 4);
    const struct store_values of_u64 = numbers_of(u64, 8, 4);
    expect_bounds(STORE_U32, &of_u32, &u32[3], &u32[1], 4);
    expect_bounds(STORE_I32, &of_i32, &i32[1], &i32[2], 4);
    expect_bounds(STORE_U64, &of_u64, &u64[3], &u64[1], 8);
    static const uint32_t lengths[] = {2, 2, 2};
    const struct store_values texts = {.data = "bbaa\xff\xff", .lengths = lengths, .item_count = 3, .row_count = 3};
    expect_bounds(STORE_STRING, &texts, "aa", "\xff\xff", 2);
}

/* Each page its own; the chunk has all of them. */
static void bounds_of_pages(void **state)
{
    (void)state;
    uint32_t *numbers = malloc(ROWS * sizeof *numbers);
    struct written written;
    for (uint32_t i = 0; i < ROWS; i++)
        numbers[i] = 10 + i * 3;
    const struct store_values values = numbers_of(numbers, 4, ROWS);
    write_column(&written, STORE_U32, PARQUET_ZSTD, &values);
    assert_int_equal(written.chunk.page_count, 4);
    for (uint32_t p = 0; p < 4; p++) {
        const struct chunk_page *page = &written.chunk.pages[p];
        const uint32_t last = p == 3 ? ROWS - 1 : (p + 1) * CHUNK_PAGE_ITEMS - 1;
        assert_int_equal(page->first_row, p * CHUNK_PAGE_ITEMS);
        assert_memory_equal(page->least.octets, &numbers[p * CHUNK_PAGE_ITEMS], 4);
        assert_memory_equal(page->greatest.octets, &numbers[last], 4);
    }
    assert_memory_equal(written.chunk.least.octets, &numbers[0], 4);
    assert_memory_equal(written.chunk.greatest.octets, &numbers[ROWS - 1], 4);
    forget(&written);
    free(numbers);
}

static void bounds_of_pages_beyond_signs(void **state)
{
    (void)state;
    uint64_t *numbers = malloc(ROWS * sizeof *numbers);
    for (uint64_t i = 0; i < ROWS; i++)
        numbers[i] = i < CHUNK_PAGE_ITEMS ? UINT64_MAX - i : i;
    const struct store_values values = numbers_of(numbers, 8, ROWS);
    expect_bounds(STORE_U64, &values, &numbers[CHUNK_PAGE_ITEMS], &numbers[0], 8);
    free(numbers);
}

/* Each octet counts, without a sign, and the first that differs decides. */
static void bounds_of_addresses(void **state)
{
    (void)state;
    for (int octet = 0; octet < 16; octet++) {
        uint8_t items[5][16] = {0};
        for (int i = 0; i < 5; i++)
            memset(items[i] + octet, 0x80, (size_t)(16 - octet));
        items[1][octet] = 0x7f;
        items[3][octet] = 0x81;
        for (int i = octet + 1; i < 16; i++) {
            items[1][i] = 0xff;
            items[3][i] = 0;
        }
        const struct store_values values = numbers_of(items, 16, 5), descending = numbers_of(items[3], 16, 2);
        expect_bounds(STORE_FIXED_16, &values, items[1], items[3], 16);
        expect_bounds(STORE_FIXED_16, &descending, items[4], items[3], 16);
    }
}

/* One item stands for all that are alike next to each other. */
static void runs_of_alike(void **state)
{
    (void)state;
    uint16_t *numbers = malloc(ROWS * sizeof *numbers);
    for (uint32_t runs = 1; runs <= ROWS / 8; runs = runs * 5 + 2) {
        const uint16_t last = (uint16_t)((ROWS - 1) / (ROWS / runs) + 7);
        uint16_t greatest = 0;
        for (uint32_t i = 0; i < ROWS; i++) {
            numbers[i] = (uint16_t)(i / (ROWS / runs) + 7);
            greatest = numbers[i] > greatest ? numbers[i] : greatest;
        }
        const struct store_values values = numbers_of(numbers, 2, ROWS);
        struct written written;
        write_column(&written, STORE_U16, PARQUET_ZSTD, &values);
        assert_int_equal(written.chunk.value_count, ROWS);
        assert_int_equal(written.chunk.page_count, runs < ROWS / 16 ? 1 : 4);
        assert_int_equal(written.chunk.distinct_count, last - 7 + 1);
        assert_memory_equal(written.chunk.greatest.octets, &greatest, sizeof greatest);
        expect_read(&written, numbers, ROWS * sizeof *numbers);
        forget(&written);
    }
    free(numbers);
}

/* What begins and ends in long runs, and has none between, is no column of runs. */
static void runs_at_both_ends_alone(void **state)
{
    (void)state;
    uint32_t *numbers = calloc(ROWS, sizeof *numbers);
    uint64_t random = 1;
    for (uint32_t i = ROWS / 4; i < ROWS / 4 * 3; i++)
        numbers[i] = (uint32_t)next_random(&random);
    const struct store_values values = numbers_of(numbers, 4, ROWS);
    struct written written;
    write_column(&written, STORE_U32, PARQUET_ZSTD, &values);
    assert_int_equal(written.chunk.page_count, 4);
    expect_read(&written, numbers, ROWS * sizeof *numbers);
    forget(&written);
    free(numbers);
}

/* Row groups of one column, one behind the other, each unlike the one before: what is remembered of those must fit the
 * next one or be given up. */
static void row_groups_unlike_those_before(void **state)
{
    (void)state;
    enum { KINDS = 6, GROUPS = 36, ITEMS = 1900 }; /* fewer items than are looked at for runs */
    const struct file_column column = {.name = "column", .field_id = 5, .type = STORE_U32};
    static uint32_t groups[GROUPS][ITEMS];
    char path[] = "/tmp/weir-groups-XXXXXX";
    struct store_error error = {0};
    struct file_writer writer;
    uint64_t size_bytes, random = 1;
    close(mkstemp(path));
    unlink(path);
    assert_int_equal(file_writer_init(&writer, PARQUET_ZSTD, 1), 0);
    assert_int_equal(file_writer_begin(&writer, path, &column, 1, &error), 0);
    for (uint32_t g = 0; g < GROUPS; g++) {
        for (uint32_t i = 0; i < ITEMS; i++) {
            const uint32_t number = (uint32_t)next_random(&random);
            const uint32_t of_kind[KINDS] = {number % 100 == 0 ? number % 5 : 7, 7, number, i * 1000 + number % 900,
                                             number % 300, number % 2};
            groups[g][i] = of_kind[(g + g / KINDS) % KINDS];
        }
        const struct store_values values = numbers_of(groups[g], 4, ITEMS);
        assert_int_equal(file_writer_row_group(&writer, &values, NULL, -1, &error), 0);
    }
    assert_int_equal(file_writer_finish(&writer, NULL, 0, false, &size_bytes, &error), 0);
    struct file_reader file;
    struct chunk_reader reader;
    struct column_data read = {0};
    assert_int_equal(chunk_reader_init(&reader), 0);
    assert_int_equal(file_reader_open(&file, path, &error), 0);
    for (uint32_t g = 0; g < GROUPS; g++) {
        column_data_clear(&read);
        if (chunk_reader_read(&reader, &file, g, 0, STORE_U32, SIZE_MAX, &read, &error) != 0)
            fail_msg("%s", error.text);
        assert_int_equal(read.data.size_bytes, sizeof groups[g]);
        assert_memory_equal(read.data.data, groups[g], sizeof groups[g]);
    }
    column_data_done(&read);
    file_reader_close(&file);
    chunk_reader_done(&reader);
    file_writer_done(&writer);
    unlink(path);
}

/* An eighth less is worth compressing where size counts, and not where time does. */
static void time_is_worth_octets(void **state)
{
    (void)state;
    static const struct {
        double bytes_for_ns;
        bool is_stored;
    } efforts[] = {{0, false}, {CHUNK_BYTES_FOR_NS_FULL, false}, {CHUNK_BYTES_FOR_NS_LIGHT, true}};
    uint64_t *items = malloc(ROWS * 2 * sizeof *items), random = 1;
    for (uint32_t i = 0; i < 2 * ROWS; i++)
        items[i] = next_random(&random) << (i % 2 == 0 ? 16 : 0);
    for (size_t k = 0; k < sizeof efforts / sizeof efforts[0]; k++) {
        const struct store_values values = numbers_of(items, 16, ROWS);
        struct written written;
        bytes_for_ns = efforts[k].bytes_for_ns;
        write_column(&written, STORE_FIXED_16, PARQUET_ZSTD, &values);
        assert_int_equal(is_stored(&written, ROWS * 2 * sizeof *items), efforts[k].is_stored);
        expect_read(&written, items, ROWS * 2 * sizeof *items);
        forget(&written);
    }
    bytes_for_ns = 0;
    free(items);
}

static void no_bounds_of_long_texts_and_floats(void **state)
{
    (void)state;
    static const uint32_t lengths[] = {1, CHUNK_BOUND_BYTES + 1}, short_lengths[] = {1, CHUNK_BOUND_BYTES};
    static const float floats[] = {1, 2};
    struct store_values texts = {.data = "abbbbbbbbbbbbbbbbbb", .lengths = lengths, .item_count = 2, .row_count = 2};
    const struct store_values of_floats = numbers_of(floats, 4, 2);
    struct written written;
    write_column(&written, STORE_STRING, PARQUET_ZSTD, &texts);
    assert_false(written.chunk.is_bounded);
    forget(&written);
    write_column(&written, STORE_F32, PARQUET_ZSTD, &of_floats);
    assert_false(written.chunk.is_bounded);
    forget(&written);
    texts.lengths = short_lengths;
    write_column(&written, STORE_STRING, PARQUET_ZSTD, &texts);
    assert_true(written.chunk.is_bounded);
    forget(&written);
}

/* ------------------------------------------------------------------------------------------------ long items */

/* Lists of a record are up to 147,456 octets of text: 32,768 of them would be more than a page can tell. */
static void expect_long(bool all_different)
{
    uint8_t *data = malloc((size_t)LONG_ROWS * LONG_BYTES);
    uint32_t lengths[LONG_ROWS];
    uint64_t random = 3;
    for (size_t i = 0; i < (size_t)LONG_ROWS * LONG_BYTES; i++)
        data[i] = (uint8_t)next_random(&random);
    for (uint32_t i = 0; i < LONG_ROWS; i++) {
        lengths[i] = LONG_BYTES;
        if (!all_different && i >= 2)
            memcpy(data + (size_t)i * LONG_BYTES, data + (size_t)(i % 2) * LONG_BYTES, LONG_BYTES);
    }
    const struct store_values values = {.data = data, .lengths = lengths, .item_count = LONG_ROWS,
                                        .row_count = LONG_ROWS};
    struct written written;
    write_column(&written, STORE_JSON, PARQUET_ZSTD, &values);
    assert_int_equal(written.chunk.page_count, (LONG_ROWS + 6) / 7); /* 7 of them in 1 MiB */
    for (uint32_t p = 0; p < written.chunk.page_count; p++) {
        assert_int_equal(written.chunk.pages[p].first_row, p * 7);
        assert_true(written.chunk.pages[p].size_bytes < CHUNK_PAGE_BYTES + 1000);
    }
    assert_int_equal(written.chunk.dictionary_offset > 0, !all_different);
    expect_read(&written, data, (size_t)LONG_ROWS * LONG_BYTES);
    forget(&written);
    free(data);
}

static void long_items_have_more_pages(void **state)
{
    (void)state;
    expect_long(true);
    expect_long(false);
}

/* Each comes twice: a dictionary would be half as long, but all of it has to be read. */
static void no_dictionary_is_endless(void **state)
{
    (void)state;
    enum { DIFFERENT = 150 };
    uint8_t *data = malloc((size_t)2 * DIFFERENT * LONG_BYTES);
    uint32_t lengths[2 * DIFFERENT];
    uint64_t random = 3;
    for (size_t i = 0; i < (size_t)DIFFERENT * LONG_BYTES; i++)
        data[i] = (uint8_t)next_random(&random);
    memcpy(data + (size_t)DIFFERENT * LONG_BYTES, data, (size_t)DIFFERENT * LONG_BYTES);
    for (uint32_t i = 0; i < 2 * DIFFERENT; i++)
        lengths[i] = LONG_BYTES;
    const struct store_values values = {.data = data, .lengths = lengths, .item_count = 2 * DIFFERENT,
                                        .row_count = 2 * DIFFERENT};
    struct written written;
    write_column(&written, STORE_OCTETS, PARQUET_UNCOMPRESSED, &values);
    assert_int_equal(written.chunk.dictionary_offset, 0);
    assert_int_equal(written.chunk.distinct_count, 0);
    expect_read(&written, data, (size_t)2 * DIFFERENT * LONG_BYTES);
    forget(&written);
    free(data);
}

/* Whatever looks for matches and whatever does not: zstd has its checksum in each frame (RFC 8878, section 3.1.1.1.1),
 * and one level leaves nothing behind for the next. */
static void pages_have_the_checksum_of_zstd(void **state)
{
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
    const struct page page = {.kind = PARQUET_DATA_PAGE, .encoding = PARQUET_PLAIN, .codec = PARQUET_ZSTD,
                              .value_count = 1000};
    static const int levels[] = {1, PAGE_LEVEL_ENTROPY, 1, PAGE_LEVEL_ENTROPY, 19};
    size_t sizes[5];
    uint8_t body[8000];
    struct page_writer writer;
    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)(i % 1000 * i % 1000 * 7 % 61);
    assert_int_equal(page_writer_init(&writer, 1), 0);
    for (int i = 0; i < 5; i++) {
        struct octet_buffer to = {0};
        writer.level = levels[i];
        assert_true(page_write(&writer, &page, body, sizeof body, &to) > sizeof body);
        const uint8_t *frame = memmem(to.data, to.size_bytes, magic, sizeof magic);
        assert_non_null(frame);
        assert_int_equal(frame[4] >> 2 & 1, 1);
        sizes[i] = to.size_bytes;
        octet_buffer_done(&to);
    }
    assert_int_equal(sizes[0], sizes[2]);
    assert_int_equal(sizes[1], sizes[3]);
    assert_true(sizes[4] <= sizes[0] && sizes[0] < sizes[1] && sizes[1] < sizeof body);
    page_writer_done(&writer);
}

/* Blocks of any number and size; and whatever octet of what is stored becomes another one, zstd tells. */
static void stored_pages_are_frames_of_zstd(void **state)
{
    static const size_t sizes[] = {0, 1, ZSTD_BLOCKSIZE_MAX - 1, ZSTD_BLOCKSIZE_MAX, ZSTD_BLOCKSIZE_MAX + 1, 3 * ZSTD_BLOCKSIZE_MAX};
    const struct page page = {.kind = PARQUET_DATA_PAGE, .encoding = PARQUET_PLAIN, .codec = PARQUET_ZSTD, .value_count = 1};
    static uint8_t body[3 * ZSTD_BLOCKSIZE_MAX], again[sizeof body];
    uint64_t random = 4;
    struct page_writer writer;
    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)next_random(&random);
    assert_int_equal(page_writer_init(&writer, 1), 0);
    writer.level = PAGE_LEVEL_STORED;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct octet_buffer to = {0};
        const size_t header_bytes = page_write(&writer, &page, body, sizes[i], &to) - sizes[i];
        uint8_t *frame = to.data + header_bytes;
        const size_t frame_bytes = to.size_bytes - header_bytes;
        assert_int_equal(ZSTD_decompress(again, sizeof again, frame, frame_bytes), sizes[i]);
        assert_memory_equal(again, body, sizes[i]);
        frame[frame_bytes - 1 - sizes[i] / 2] ^= 0x10;
        assert_true(ZSTD_isError(ZSTD_decompress(again, sizeof again, frame, frame_bytes)));
        octet_buffer_done(&to);
    }
    page_writer_done(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_encoding_where_it_is_best), cmocka_unit_test(what_does_not_compress_stays),
        cmocka_unit_test(narrow_items_are_widened),       cmocka_unit_test(items_of_several_rows),
        cmocka_unit_test(no_items),                       cmocka_unit_test(bounds_are_ordered_as_the_type),
        cmocka_unit_test(bounds_of_pages),                cmocka_unit_test(bounds_of_pages_beyond_signs),
        cmocka_unit_test(no_bounds_of_long_texts_and_floats), cmocka_unit_test(bounds_of_addresses),
        cmocka_unit_test(time_is_worth_octets), cmocka_unit_test(row_groups_unlike_those_before),
        cmocka_unit_test(runs_of_alike),                  cmocka_unit_test(runs_at_both_ends_alone),
        cmocka_unit_test(long_items_have_more_pages),     cmocka_unit_test(no_dictionary_is_endless),
        cmocka_unit_test(pages_have_the_checksum_of_zstd), cmocka_unit_test(stored_pages_are_frames_of_zstd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
