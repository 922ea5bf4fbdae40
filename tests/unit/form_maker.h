/* SPDX-License-Identifier: MIT */
/*
 * form_maker.h - layouts for tests that are told by the fields they have, and batches of them
 */
#ifndef FORM_MAKER_H
#define FORM_MAKER_H

#include <stdlib.h>
#include <string.h>
#include <weir/weir.h>

enum { FORM_FIELDS_MAX = 8, FORM_ROWS_MAX = 64 };

/* A batch of one run, whose columns are the test's. */
struct made_form {
    struct weir_field fields[FORM_FIELDS_MAX];
    const void *columns[FORM_FIELDS_MAX];
    struct weir_layout layout;
    struct weir_run run;
    struct weir_batch batch;
};

static inline void form_init(struct made_form *form, uint64_t serial)
{
    memset(form, 0, sizeof *form);
    form->layout = (struct weir_layout){.fields = form->fields, .version = 9, .options = true,
                                        .slot = (uint32_t)serial, .serial = serial};
    form->run = (struct weir_run){.received_us = 1700000000000000, .exporter = {.octets = {192, 0, 2, 1}, .family = 4},
                                  .exporter_port = 2055, .template_id = 256, .domain = 7, .export_time_s = 1700000000,
                                  .sys_uptime_ms = 99, .version = 9};
    form->batch = (struct weir_batch){.layout = &form->layout, .runs = &form->run, .columns = form->columns,
                                      .run_count = 1};
}

/* A field that no element is known of. */
static inline void form_field(struct made_form *form, const char *name, enum weir_kind kind, uint32_t width_bytes,
                              const void *column)
{
    const uint32_t i = form->layout.field_count++;
    form->fields[i] = (struct weir_field){.name = name, .v9_name = name, .pen = 9, .id = (uint16_t)(i + 1),
                                          .kind = (uint8_t)kind,
                                          .type = WEIR_TYPE_OCTET_ARRAY, .width_bytes = width_bytes};
    form->columns[i] = column;
}

static inline const struct weir_batch *form_batch(struct made_form *form, uint32_t rows)
{
    form->run.row_count = form->batch.row_count = rows;
    return &form->batch;
}

#endif
