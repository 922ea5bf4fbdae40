/* SPDX-License-Identifier: MIT */
/*
 * lists.h - the lists of records that were walked over, written as text before the records go into a batch
 */
#ifndef WEIR_LISTS_H
#define WEIR_LISTS_H

#include <stdbool.h>
#include <stdint.h>

struct rows;
struct walked;
struct weir_decoder;

/* Where the texts of some records stand until they are in their batch. */
struct lists {
    char *texts;
};

/* 0, or -1 when memory is short. */
int lists_init(struct lists *lists);
void lists_done(struct lists *lists);

/*
 * Writes the lists of the records in decoder->walked, of decoder->rows, as texts; `walked` then says where in these
 * they stand, and has only as many records as fit into `content_max` octets with all that their values hold. False when
 * these are fewer than before.
 */
bool lists_write(struct weir_decoder *decoder, uint32_t content_max);

#endif
