/* SPDX-License-Identifier: MIT */
/*
 * type_information.h - options records by which an exporter tells of its own elements (RFC 5610)
 */
#ifndef WEIR_TYPE_INFORMATION_H
#define WEIR_TYPE_INFORMATION_H

#include "batch.h"

struct weir_decoder;

/* True for the fields of an options template that tells of elements: a number and a name. */
bool type_information_is(const struct weir_field *fields, uint32_t field_count);

/* Takes the rows of such a layout that were appended to a batch just now. */
void type_information_take(struct weir_decoder *decoder, const struct batch *batch, const struct weir_run *run,
                           uint32_t first_row);

#endif
