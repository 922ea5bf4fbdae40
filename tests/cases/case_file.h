/* SPDX-License-Identifier: MIT */
/*
 * case_file.h - a test case as it stands in its file; README.md tells the form
 */
#ifndef TESTS_CASE_FILE_H
#define TESTS_CASE_FILE_H

#include <weir/weir.h>

enum action_kind { ACTION_DATAGRAM, ACTION_TICK, ACTION_FINISH };

/* What is done to the decoder, in order. */
struct action {
    enum action_kind kind;
    struct weir_datagram datagram; /* data is owned by the case */
    int64_t now_us;                /* of a tick */
};

struct expected_count {
    char *name;
    uint64_t value;
};

/* An element that the user adds. */
struct added_element {
    uint32_t pen;
    uint16_t id;
    char *name;
    enum weir_type type;
};

/* A record in text, see case_run.c. Of an expected one `core` may be NULL. */
struct record_text {
    char *text;
    char *core;
};

struct case_file {
    char *title; /* the file's first comment */
    struct weir_options options;
    struct action *actions;
    size_t action_count;
    struct added_element *elements;
    size_t element_count;
    struct record_text *records;
    size_t record_count;
    struct expected_count *counts;
    size_t count_count;
};

/* Reads a case. Returns -1 after a message on standard error when the file is not in the form. */
int case_read(struct case_file *ret_case, const char *path);
void case_done(struct case_file *test_case);

#endif
