/* SPDX-License-Identifier: MIT */
/*
 * footer_sum.h - the checksum of a footer, for which Parquet has none
 *
 * A footer tells which column is which, where its pages stand and what values are in them: an octet of it that is
 * another one may give other answers, and nobody would notice. A note of the file, FOOTER_SUM_NOTE, has the CRC-32 of
 * all of the footer, with zeros in place of these 8 digits.
 */
#ifndef WEIR_STORE_FOOTER_SUM_H
#define WEIR_STORE_FOOTER_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOOTER_SUM_NOTE "weir.footer"
#define FOOTER_SUM_ZEROS "00000000"

/* Puts the sum in place of the zeros of the note, which is there. */
void footer_sum_put(uint8_t *footer, size_t size_bytes);

/* Whether a footer tells its sum, and has another one. */
bool footer_sum_differs(const uint8_t *footer, size_t size_bytes);

#endif
