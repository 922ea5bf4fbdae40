/* SPDX-License-Identifier: MIT */
/*
 * test_elements_file.c - files of elements, and what is said of those that are wrong
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "elements_file.h"

static int read_octets(struct weir_decoder *decoder, const char *text, size_t size, struct sink_error *error)
{
    FILE *stream = tmpfile();
    assert_int_equal(fwrite(text, 1, size, stream), size);
    rewind(stream);
    const int result = elements_file_read(stream, "mine.csv", decoder, error);
    fclose(stream);
    return result;
}

/* Whether the decoder has the element: it cannot be added again then. */
static bool has(struct weir_decoder *decoder, uint32_t pen, uint16_t id)
{
    return weir_decoder_add_element(decoder, pen, id, "probe", WEIR_TYPE_STRING) == WEIR_ELEMENT_TWICE;
}

static void test_good_files(void **state)
{
    static const char text[] = "# what our probe exports\r\n\n  pen , id, name ,type\r\n"
                               "99999,7,clientAddress,ipv4Address\r\n\t 99999 , 8 ,server_name , string \n"
                               "   # more\n0,1,octets,unsigned64\n4294967292,32767,last,subTemplateMultiList";
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct sink_error error = {0};
    (void)state;
    assert_int_equal(read_octets(decoder, text, strlen(text), &error), 0);
    assert_string_equal(error.text, "");
    assert_true(has(decoder, 99999, 7) && has(decoder, 99999, 8) && has(decoder, 0, 1));
    assert_true(has(decoder, 4294967292, 32767) && !has(decoder, 99999, 9));
    weir_decoder_free(decoder);
    decoder = weir_decoder_create(NULL);
    assert_int_equal(read_octets(decoder, "", 0, &error), 0);
    static const char marked[] = "\xef\xbb\xbfpen,id,name,type\r\n99999,7,a,string\r\n";
    assert_int_equal(read_octets(decoder, marked, sizeof marked - 1, &error), 0);
    assert_true(has(decoder, 99999, 7));
    weir_decoder_free(decoder);
}

static void check_wrong(const char *text, size_t size, const char *said)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct sink_error error = {0};
    assert_int_equal(read_octets(decoder, text, size, &error), -1);
    if (strstr(error.text, said) != error.text)
        fail_msg("said \"%s\" instead of \"%s\"", error.text, said);
    weir_decoder_free(decoder);
}

static void test_wrong_lines_are_named(void **state)
{
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"9,1,a,string\n9,2,b\n", "mine.csv:2: a line has 4 values, pen,id,name,type, and this one has 3"},
        {"9,1,a,string,x\n", "mine.csv:1: a line has 4 values, pen,id,name,type, and this one has 5"},
        {"-1,1,a,string\n", "mine.csv:1: no private enterprise number, 0 to 4294967295: '-1'"},
        {"4294967296,1,a,string\n", "mine.csv:1: no private enterprise number"},
        {"9,65536,a,string\n", "mine.csv:1: no element ID, 0 to 65535: '65536'"},
        {"9,1x,a,string\n", "mine.csv:1: no element ID"},
        {"9,,a,string\n", "mine.csv:1: no element ID, 0 to 65535: ''"},
        {"9,1,a b,string\n", "mine.csv:1: a name has 1 to 64 letters, digits and '_', and this has not: 'a b'"},
        {"9,1,a,strings\n", "mine.csv:1: no type: 'strings'; types are octetArray"},
        {"\n\n9,40000,a,string\n", "mine.csv:3: there is no element with PEN 9 and ID 40000; beside PEN 0"},
        {"29305,1,a,string\n", "mine.csv:1: there is no element with PEN 29305"},
        {"9,1,a,string\n9,1,b,string\n", "mine.csv:2: the element with PEN 9 and ID 1 was named before"},
        {"9,1,a,string\npen,id,name,type\n", "mine.csv:2: no private enterprise number"},
    };
    char longest[2000];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_wrong(wrong[i].text, strlen(wrong[i].text), wrong[i].said);
    memset(longest, '9', sizeof longest);
    check_wrong(longest, sizeof longest, "mine.csv:1: a line has less than 1023 characters");
    check_wrong("9,1,a,string\n9,2,b\0,string\n", 27, "mine.csv:2: this is no text");
    check_wrong("\0", 1, "mine.csv:1: this is no text");
}

static void test_a_file_that_is_not_there(void **state)
{
    struct weir_decoder *decoder = weir_decoder_create(NULL);
    struct sink_error error = {0};
    (void)state;
    assert_int_equal(elements_file_load("/nowhere/elements.csv", decoder, &error), -1);
    assert_string_equal(error.text, "cannot open /nowhere/elements.csv: No such file or directory");
    assert_int_equal(elements_file_load("/", decoder, &error), -1);
    weir_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_files),
        cmocka_unit_test(test_wrong_lines_are_named),
        cmocka_unit_test(test_a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
