/* SPDX-License-Identifier: MIT */
/*
 * flow_form.h - a form of lines as it was read
 */
#ifndef WEIR_QUERY_FLOW_FORM_H
#define WEIR_QUERY_FLOW_FORM_H

#include "flow_list.h"

struct flow_form_piece {
    size_t text_at, text_bytes; /* what stands before the word */
    size_t key;        /* SIZE_MAX: there is no word behind the last text */
    int width;         /* below 0: blanks behind the value */
};

struct flow_form {
    char *text; /* of all pieces, one after the other */
    struct flow_form_piece pieces[FLOW_FORM_MAX + 1];
    size_t piece_count;
    struct flow_key keys[FLOW_FORM_MAX];
    size_t key_count;
};

/* Times are near each other: the seconds' text is made once for each second. Starts as {0}. */
struct clock_text {
    int64_t second;
    bool is_there;
    char text[40];
};

/* A value as people read it. What is not there is a '-', so that lines can be cut into fields. 0, or -1 when memory is
 * short. */
int flow_form_put_value(struct text_buffer *text, const struct query_vector *vector, size_t row,
                        struct clock_text *clock);

#endif
