/* SPDX-License-Identifier: MIT */
/*
 * type_information.h - options records by which an exporter tells of its own elements (RFC 5610)
 */
#ifndef WEIR_TYPE_INFORMATION_H
#define WEIR_TYPE_INFORMATION_H

#include "batch.h"

#include <stdbool.h>
#include <stdint.h>

struct weir_decoder;

/* True for the fields of an options template that tells of elements: a number and a name. */
bool type_information_is(const struct weir_field *fields, uint32_t field_count);

/* Takes the rows of such a layout that were appended to a batch just now. */
void type_information_take(struct weir_decoder *decoder, const struct batch *batch, const struct weir_run *run,
                           uint32_t first_row);

/* False for name spaces that stand for something else than an enterprise. */
bool type_information_is_enterprise(uint64_t pen);

/* The registries of RFC 5610 sections 3.5 and 3.6: the word of a number, "" where there is none; and back, from a word
 * that came from here. */
const char *type_information_semantics(uint64_t number);
const char *type_information_units(uint64_t number);
uint8_t type_information_semantics_number(const char *word);
uint8_t type_information_units_number(const char *word);

#endif
