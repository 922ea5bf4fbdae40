/* SPDX-License-Identifier: MIT */
/*
 * flow_form.h - a form of lines as it was read
 */
#ifndef WEIR_QUERY_FLOW_FORM_H
#define WEIR_QUERY_FLOW_FORM_H

#include "flow_list.h"

struct flow_form_piece {
    size_t text_bytes; /* of what stands before the word */
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

#endif
