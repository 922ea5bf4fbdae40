/* SPDX-License-Identifier: MIT */
/* test_thrift_writer.c - the compact protocol, octet by octet */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "thrift_writer.h"

static struct octet_buffer to;

static int clear(void **state)
{
    (void)state;
    octet_buffer_done(&to);
    return 0;
}

#define EXPECT(octets)                                                                                          \
    do {                                                                                                        \
        assert_int_equal(to.size_bytes, sizeof(octets) - 1);                                                    \
        assert_memory_equal(to.data, octets, sizeof(octets) - 1);                                               \
    } while (0)

static void numbers(void **state)
{
    (void)state;
    struct thrift_writer writer = thrift_writer_init(&to);
    thrift_bool(&writer, 1, true);
    thrift_bool(&writer, 2, false);
    thrift_i8(&writer, 3, -1);
    thrift_i16(&writer, 4, -1);
    thrift_i32(&writer, 5, 64);
    thrift_i32(&writer, 6, INT32_MIN);
    thrift_i64(&writer, 7, INT64_MAX);
    thrift_end(&writer);
    EXPECT("\x11\x12\x13\xff\x14\x01\x15\x80\x01\x15\xff\xff\xff\xff\x0f"
           "\x16\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00");
}

/* A step of 15 is the longest that stands in the first octet. */
static void steps(void **state)
{
    (void)state;
    struct thrift_writer writer = thrift_writer_init(&to);
    thrift_bool(&writer, 15, true);
    thrift_bool(&writer, 31, true);
    thrift_bool(&writer, 200, true);
    EXPECT("\xf1\x01\x3e\x01\x90\x03");
}

/* IDs of the outer struct go on where they were. */
static void structs(void **state)
{
    (void)state;
    struct thrift_writer writer = thrift_writer_init(&to);
    thrift_struct(&writer, 3);
    thrift_text(&writer, 1, "ab");
    thrift_end(&writer);
    thrift_i8(&writer, 4, 7);
    thrift_end(&writer);
    EXPECT("\x3c\x18\x02" "ab" "\x00\x13\x07\x00");
}

static void lists(void **state)
{
    (void)state;
    struct thrift_writer writer = thrift_writer_init(&to);
    thrift_list(&writer, 1, THRIFT_I32, 14);
    thrift_list(&writer, 2, THRIFT_STRUCT, 15);
    thrift_element_struct(&writer);
    thrift_bool(&writer, 1, true);
    thrift_end(&writer);
    thrift_element_bool(&writer, false);
    thrift_element_i32(&writer, -2);
    thrift_element_i64(&writer, 1);
    thrift_element_binary(&writer, "x", 1);
    thrift_list(&writer, 3, THRIFT_I64, 300);
    EXPECT("\x19\xe5\x19\xfc\x0f\x11\x00\x02\x03\x02\x01x\x19\xf6\xac\x02");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(numbers, clear),
                                       cmocka_unit_test_teardown(steps, clear),
                                       cmocka_unit_test_teardown(structs, clear),
                                       cmocka_unit_test_teardown(lists, clear)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
