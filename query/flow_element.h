/* SPDX-License-Identifier: MIT */
/*
 * flow_element.h - an element as a column of flows, wherever files have its values
 *
 * A file has the values of an element in a column of its own or, where a core column is that field unchanged, there
 * alone: octetTotalCount in `bytes`, from one exporter, and in octetTotalCount, from another that tells octetDeltaCount
 * too. Which one it is the metadata of row groups tells. Times that are stored as numbers become times.
 */
#ifndef WEIR_QUERY_FLOW_ELEMENT_H
#define WEIR_QUERY_FLOW_ELEMENT_H

#include "flow_source.h"

/* An expression for the values of `name`, of this type. *ret_by_place: the flows have to be those of
 * stored.flow_files(). Puts statements to the connection. 0, or -1. */
int flow_element_put(struct text_buffer *sql, const struct flow_source *source, const char *name,
                     enum filter_type type, bool *ret_by_place);

#endif
