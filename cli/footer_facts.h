/* SPDX-License-Identifier: MIT */
/*
 * footer_facts.h - the facts of flow_facts.h, from the statistics of row groups
 */
#ifndef WEIR_CLI_FOOTER_FACTS_H
#define WEIR_CLI_FOOTER_FACTS_H

#include "file_reader.h"
#include "flow_facts.h"
#include "flow_source.h"

/* Of no flows. */
void footer_facts_init(struct flow_facts *facts);

/* Adds the flows of a file. */
void footer_facts_add(struct flow_facts *facts, const struct file_reader *file, const struct flow_span *span);

/* Adds those of `other`. */
void footer_facts_join(struct flow_facts *facts, const struct flow_facts *other);

#endif
