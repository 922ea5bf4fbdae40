/* SPDX-License-Identifier: MIT */
/*
 * filter_rows.c - a filter asked of the rows of batches, one by one
 *
 * Plain, and made apart from filter_sql.c: what the two answer is compared by tests.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "filter_ast.h"

/* A source in the batch at hand. */
struct bound {
    const uint8_t *data; /* NULL: absent, or a constant, or of the run */
    uint32_t width_bytes;
    uint8_t kind;        /* enum weir_kind */
    uint8_t time;        /* enum weir_type of a field that is a time and not a core column, else 0 */
    bool constant;
    uint32_t value;
};

struct filter_rows {
    const struct filter *filter;
    const struct weir_batch *batch;
    uint32_t run; /* the one that the last row was of */
    struct bound *bounds; /* by source */
};

/* One value, taken out of a row. */
struct cell {
    bool present;
    uint64_t u;
    int64_t i;
    double real;
    struct weir_address address;
    struct weir_octets octets;
};

struct filter_rows *filter_rows_create(const struct filter *filter)
{
    struct filter_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL)
        return NULL;
    rows->filter = filter;
    rows->bounds = calloc(filter->source_count + 1, sizeof *rows->bounds);
    if (rows->bounds == NULL) {
        free(rows);
        return NULL;
    }
    return rows;
}

void filter_rows_free(struct filter_rows *rows)
{
    if (rows == NULL)
        return;
    free(rows->bounds);
    free(rows);
}

/* --------------------------------------------------------------------------------------------- sources in a batch */

static struct bound bind_core(const struct weir_batch *batch, int16_t core)
{
    struct bound bound = {0};
    if (batch->layout->core == NULL)
        return bound;
    const struct weir_core_column *column = &batch->layout->core[core];
    if (column->how == WEIR_CORE_CONSTANT) {
        bound.constant = true;
        bound.value = column->value;
        bound.kind = WEIR_KIND_U32;
    } else if (column->how != WEIR_CORE_ABSENT) {
        bound.data = batch->columns[column->column];
        bound.width_bytes = column->width_bytes;
        bound.kind = column->kind;
    }
    return bound;
}

static struct bound bind_field(const struct weir_batch *batch, const char *name)
{
    struct bound bound = {0};
    for (uint32_t i = 0; i < batch->layout->field_count; i++) {
        const struct weir_field *field = &batch->layout->fields[i];
        if (strcasecmp(field->name, name) != 0) /* as DuckDB has it */
            continue;
        bound.data = batch->columns[i];
        bound.width_bytes = field->width_bytes;
        bound.kind = field->kind;
        if (field->type >= WEIR_TYPE_DATE_TIME_SECONDS && field->type <= WEIR_TYPE_DATE_TIME_NANOSECONDS)
            bound.time = field->type;
        break;
    }
    return bound;
}

void filter_rows_batch(struct filter_rows *rows, const struct weir_batch *batch)
{
    rows->batch = batch;
    rows->run = 0;
    for (uint32_t i = 0; i < rows->filter->source_count; i++) {
        const struct filter_source *source = &rows->filter->sources[i];
        rows->bounds[i] = source->run != FILTER_RUN_NONE ? (struct bound){0}
                          : source->core >= 0            ? bind_core(batch, source->core)
                                                         : bind_field(batch, source->name);
    }
}

/* ---------------------------------------------------------------------------------------------------------- cells */

static struct cell number_cell(uint64_t number)
{
    return (struct cell){.present = true, .u = number, .i = number <= INT64_MAX ? (int64_t)number : INT64_MAX,
                         .real = (double)number};
}

static struct cell signed_cell(int64_t number)
{
    return (struct cell){.present = true, .u = number >= 0 ? (uint64_t)number : 0, .i = number, .real = (double)number};
}

/* An IPv4 address that stands as ::ffff:a.b.c.d is one of IPv4. */
static void set_address(struct cell *cell, const uint8_t octets[16], uint8_t family)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    cell->address = (struct weir_address){.family = family};
    if (family == 6 && memcmp(octets, mapped, sizeof mapped) == 0) {
        cell->address.family = 4;
        memcpy(cell->address.octets, octets + 12, 4);
    } else {
        memcpy(cell->address.octets, octets, family == 4 ? 4 : 16);
    }
}

static struct cell run_cell(const struct weir_run *run, enum filter_run_field field)
{
    struct cell cell = {0};
    switch (field) {
    case FILTER_RUN_RECEIVED: return signed_cell(run->received_us);
    case FILTER_RUN_EXPORTER:
        cell.present = run->exporter.family != 0;
        if (cell.present)
            set_address(&cell, run->exporter.octets, run->exporter.family);
        return cell;
    case FILTER_RUN_EXPORTER_PORT: return number_cell(run->exporter_port);
    case FILTER_RUN_DOMAIN: return number_cell(run->domain);
    case FILTER_RUN_VERSION: return number_cell(run->version);
    case FILTER_RUN_TEMPLATE_ID: return number_cell(run->template_id);
    case FILTER_RUN_EXPORT_TIME:
        return signed_cell((int64_t)run->export_time_s * 1000000 + run->export_time_ns / 1000);
    case FILTER_RUN_UPTIME:
        if (run->version != 10)
            return number_cell(run->sys_uptime_ms);
        break;
    case FILTER_RUN_NONE: break;
    }
    return cell;
}

/* A time of a field in microseconds (nanoseconds, where its type is that) since 1970. */
static struct cell time_cell(uint64_t value, enum weir_type type)
{
    const uint64_t ntp_to_unix_s = 2208988800u; /* from 1900 to 1970 */
    const uint64_t unit = type == WEIR_TYPE_DATE_TIME_NANOSECONDS ? 1000000000 : 1000000;
    if (type == WEIR_TYPE_DATE_TIME_SECONDS)
        return value <= UINT32_MAX ? number_cell(value * 1000000) : (struct cell){0};
    if (type == WEIR_TYPE_DATE_TIME_MILLISECONDS)
        return value <= INT64_MAX / 1000 ? number_cell(value * 1000) : (struct cell){0};
    if (value >> 32 < ntp_to_unix_s)
        return (struct cell){0};
    return number_cell(((value >> 32) - ntp_to_unix_s) * unit + (((value & UINT32_MAX) * unit) >> 32));
}

static struct cell octets_cell(const uint8_t *data, size_t size_bytes)
{
    return (struct cell){.present = true, .octets = {data, size_bytes}};
}

static struct cell data_cell(const struct bound *bound, uint32_t row)
{
    const uint8_t *at = bound->data + (size_t)row * bound->width_bytes;
    struct cell cell = {.present = true};
    union {
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
        struct weir_octets octets;
    } value = {0};
    if (bound->width_bytes <= sizeof value)
        memcpy(&value, at, bound->width_bytes);
    switch ((enum weir_kind)bound->kind) {
    case WEIR_KIND_U8: return number_cell(*at);
    case WEIR_KIND_U16: return number_cell(value.u16);
    case WEIR_KIND_U32: return number_cell(value.u32);
    case WEIR_KIND_U64: return number_cell(value.u64);
    case WEIR_KIND_I8: return signed_cell((int8_t)*at);
    case WEIR_KIND_I16: return signed_cell(value.i16);
    case WEIR_KIND_I32: return signed_cell(value.i32);
    case WEIR_KIND_I64: return signed_cell(value.i64);
    case WEIR_KIND_F32: cell.real = (double)value.f32; return cell;
    case WEIR_KIND_F64: cell.real = value.f64; return cell;
    case WEIR_KIND_BOOL:
        cell.u = *at == 1;
        cell.present = *at == 1 || *at == 2;
        return cell;
    case WEIR_KIND_IPV4: {
        const uint8_t octets[4] = {(uint8_t)(value.u32 >> 24), (uint8_t)(value.u32 >> 16), (uint8_t)(value.u32 >> 8),
                                   (uint8_t)value.u32};
        cell.address.family = 4;
        memcpy(cell.address.octets, octets, 4);
        return cell;
    }
    case WEIR_KIND_IPV6: set_address(&cell, at, 6); return cell;
    case WEIR_KIND_MAC:
    case WEIR_KIND_OCTETS: return octets_cell(at, bound->width_bytes);
    case WEIR_KIND_VARIABLE:
    case WEIR_KIND_JSON: return octets_cell(value.octets.data, value.octets.size_bytes);
    case WEIR_KIND_NULL: break;
    }
    return (struct cell){0};
}

/* Whether a column of this kind can be what the source says: a field whose length does not fit its type is octets. */
static bool kind_fits(uint8_t kind, const struct filter_source *source)
{
    switch (filter_class_of(source)) {
    case FILTER_CLASS_U: return kind <= WEIR_KIND_U64 || kind == WEIR_KIND_BOOL;
    case FILTER_CLASS_I: return kind <= WEIR_KIND_I64;
    case FILTER_CLASS_REAL: return kind == WEIR_KIND_F32 || kind == WEIR_KIND_F64;
    case FILTER_CLASS_ADDRESS: return kind == WEIR_KIND_IPV4 || kind == WEIR_KIND_IPV6;
    case FILTER_CLASS_OCTETS: return kind >= WEIR_KIND_MAC;
    }
    return false;
}

static struct cell cell_of(const struct filter_rows *rows, uint32_t index, uint32_t row)
{
    const struct filter_source *source = &rows->filter->sources[index];
    const struct bound *bound = &rows->bounds[index];
    if (source->run != FILTER_RUN_NONE)
        return run_cell(&rows->batch->runs[rows->run], (enum filter_run_field)source->run);
    if (bound->constant)
        return number_cell(bound->value);
    if (bound->data == NULL || !kind_fits(bound->kind, source))
        return (struct cell){0};
    struct cell cell = data_cell(bound, row);
    if (bound->time != 0 && cell.present)
        cell = time_cell(cell.u, (enum weir_type)bound->time);
    if (source->type == FILTER_TEXT) /* as weir_value_json() shows strings */
        while (cell.octets.size_bytes > 0 && cell.octets.data[cell.octets.size_bytes - 1] == 0)
            cell.octets.size_bytes--;
    return cell;
}

/* ------------------------------------------------------------------------------------------------------ comparison */

/* Octets in the order of a dictionary. Below, at or above 0. */
static int compare_octets(const struct weir_octets *a, const uint8_t *b, size_t b_bytes)
{
    const size_t shorter = a->size_bytes < b_bytes ? a->size_bytes : b_bytes;
    const int order = shorter > 0 ? memcmp(a->data, b, shorter) : 0;
    return order != 0 ? order : (a->size_bytes > b_bytes) - (a->size_bytes < b_bytes);
}

/* Whether a cell lies below (-1), in (0) or above (1) a value; 2 where they cannot be compared. */
static int place(const struct filter *filter, const struct cell *cell, enum filter_class class,
                 const struct filter_value *value)
{
    switch (class) {
    case FILTER_CLASS_U: return cell->u < value->as.u.low ? -1 : cell->u > value->as.u.high;
    case FILTER_CLASS_I: return cell->i < value->as.i.low ? -1 : cell->i > value->as.i.high;
    case FILTER_CLASS_REAL: return cell->real < value->as.real.low ? -1 : cell->real > value->as.real.high;
    case FILTER_CLASS_ADDRESS:
        if (cell->address.family != value->as.address.family)
            return 2;
        return memcmp(cell->address.octets, value->as.address.low, 16) < 0    ? -1
               : memcmp(cell->address.octets, value->as.address.high, 16) > 0 ? 1
                                                                              : 0;
    case FILTER_CLASS_OCTETS:
        if (compare_octets(&cell->octets, filter->octets + value->as.octets.low, value->as.octets.low_bytes) < 0)
            return -1;
        return compare_octets(&cell->octets, filter->octets + value->as.octets.high, value->as.octets.high_bytes) > 0;
    }
    return 2;
}

static bool compares(enum filter_compare compare, int where)
{
    switch (compare) {
    case FILTER_EQ:
    case FILTER_NE: return where == 0; /* of NE the caller makes the opposite */
    case FILTER_LT: return where == -1;
    case FILTER_LE: return where == -1 || where == 0;
    case FILTER_GT: return where == 1;
    case FILTER_GE: return where == 0 || where == 1;
    }
    return false;
}

/* Whether an application ID is this engine and number. */
static bool is_application(const struct weir_octets *octets, const struct filter_value *value)
{
    uint64_t number = 0;
    if (octets->size_bytes < 2 || octets->size_bytes > 9 || octets->data[0] != value->as.u.low)
        return false;
    for (size_t i = 1; i < octets->size_bytes; i++)
        number = number << 8 | octets->data[i];
    return number == value->as.u.high;
}

static bool matches_any(const struct filter *filter, const struct filter_term *term, const struct cell *cell,
                        enum filter_class class)
{
    for (uint32_t i = 0; i < term->value_count; i++) {
        const struct filter_value *value = &filter->values[term->first_value + i];
        const bool matches = term->kind == FILTER_TERM_APPLICATION
                                 ? is_application(&cell->octets, value)
                                 : compares((enum filter_compare)term->compare, place(filter, cell, class, value));
        if (matches)
            return true;
    }
    return false;
}

/* Terms that compare the sources as they are. */
static bool values_match(const struct filter_rows *rows, const struct filter_term *term, uint32_t row)
{
    unsigned present = 0, matching = 0;
    for (unsigned i = 0; i < term->source_count; i++) {
        const enum filter_class class = filter_class_of(&rows->filter->sources[term->sources[i]]);
        struct cell cell = cell_of(rows, term->sources[i], row);
        if (term->flows && !cell.present)
            cell = number_cell(1);
        if (class == FILTER_CLASS_REAL && isnan(cell.real))
            cell.present = false;
        present += cell.present;
        matching += cell.present && matches_any(rows->filter, term, &cell, class);
    }
    const unsigned needed = term->all ? term->source_count : 1;
    return term->compare == FILTER_NE ? present >= needed && matching == 0 : matching >= needed;
}

static bool flags_match(const struct filter_rows *rows, const struct filter_term *term, uint32_t row)
{
    const struct cell cell = cell_of(rows, term->sources[0], row);
    const uint64_t mask = rows->filter->values[term->first_value].as.u.low;
    return cell.present && (term->kind == FILTER_TERM_FLAGS_ALL ? (cell.u & mask) == mask : (cell.u & mask) != 0);
}

/* From one time to another; false where one is not known. DuckDB takes the ends of the range of time for infinity. */
static bool difference(const struct cell *start, const struct cell *end, double *ret_us)
{
    const bool finite = start->i < INT64_MAX && start->i > -INT64_MAX && end->i < INT64_MAX && end->i > -INT64_MAX;
    *ret_us = (double)end->i - (double)start->i;
    return start->present && end->present && finite;
}

static bool computed_match(const struct filter_rows *rows, const struct filter_term *term, uint32_t row)
{
    struct cell cells[FILTER_SIDES] = {0};
    double us = 0;
    for (unsigned i = 0; i < term->source_count; i++)
        cells[i] = cell_of(rows, term->sources[i], row);
    struct cell result = {.present = true};
    if (term->kind == FILTER_TERM_DURATION) {
        result.present = difference(&cells[0], &cells[1], &result.real);
    } else if (term->kind == FILTER_TERM_RATE) {
        result.present = difference(&cells[1], &cells[2], &us) && cells[0].present;
        result.real = us > 0 ? cells[0].real * (term->factor * 1e6) / us : 0;
    } else {
        result.present = cells[0].present && cells[1].present;
        result.real = cells[1].real > 0 ? cells[0].real / cells[1].real : 0;
    }
    if (!result.present)
        return false;
    return matches_any(rows->filter, term, &result, FILTER_CLASS_REAL) != (term->compare == FILTER_NE);
}

/* ---------------------------------------------------------------------------------------------------------- nodes */

static bool protocol_fits(const struct filter_rows *rows, enum filter_protocols protocols, uint32_t row)
{
    if (protocols == FILTER_PROTOCOLS_ALL)
        return true;
    for (uint32_t i = 0; i < rows->filter->source_count; i++) {
        if (rows->filter->sources[i].core != WEIR_CORE_PROTOCOL)
            continue;
        const struct cell cell = cell_of(rows, i, row);
        return cell.present && (protocols == FILTER_PROTOCOLS_TCP ? cell.u == 6 : cell.u == 1 || cell.u == 58);
    }
    return false;
}

static bool term_matches(const struct filter_rows *rows, const struct filter_term *term, uint32_t row)
{
    if (!protocol_fits(rows, (enum filter_protocols)term->protocols, row))
        return false;
    switch ((enum filter_term_kind)term->kind) {
    case FILTER_TERM_ANY: return true;
    case FILTER_TERM_VALUE:
    case FILTER_TERM_APPLICATION: return values_match(rows, term, row);
    case FILTER_TERM_FLAGS_ALL:
    case FILTER_TERM_FLAGS_ANY: return flags_match(rows, term, row);
    case FILTER_TERM_DURATION:
    case FILTER_TERM_RATE:
    case FILTER_TERM_RATIO: return computed_match(rows, term, row);
    }
    return false;
}

/* As deep as FILTER_DEPTH_MAX allows. */
static bool node_matches(const struct filter_rows *rows, uint32_t index, uint32_t row)
{
    const struct filter_node *node = &rows->filter->nodes[index];
    if (node->kind == FILTER_NODE_TERM)
        return term_matches(rows, &rows->filter->terms[node->first], row);
    if (node->kind == FILTER_NODE_NOT)
        return !node_matches(rows, node->first, row);
    for (uint32_t child = node->first; child != FILTER_NONE; child = rows->filter->nodes[child].next) {
        if (node_matches(rows, child, row) != (node->kind == FILTER_NODE_AND))
            return node->kind == FILTER_NODE_OR;
    }
    return node->kind == FILTER_NODE_AND;
}

bool filter_rows_match(struct filter_rows *rows, uint32_t row)
{
    const struct weir_batch *batch = rows->batch;
    if (rows->filter->root == FILTER_NONE)
        return true;
    if (row < batch->runs[rows->run].first_row)
        rows->run = 0;
    while (rows->run + 1 < batch->run_count && row >= batch->runs[rows->run + 1].first_row)
        rows->run++;
    return node_matches(rows, rows->filter->root, row);
}
