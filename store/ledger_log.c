/* SPDX-License-Identifier: MIT */
/*
 * ledger_log.c - what became of the datagrams, as rows of the store
 */
#include "ledger_log.h"

#include "seeded_hash.h"

#include <stdlib.h>
#include <string.h>

enum { COUNTS = sizeof(struct ledger_counts) / sizeof(uint64_t),
      COLLECTOR_COUNTS = sizeof(struct ledger_collector) / sizeof(uint64_t) };

enum { KNOWN_FIRST = 64 };

/* What a session had counted when it was last looked at. */
struct known {
    struct weir_address address;
    uint16_t port;
    uint32_t domain;
    uint64_t look; /* the last at which it was there */
    struct ledger_counts counts;
};

struct ledger_log {
    struct known *known; /* 216 octets each: side by side, so that none lie unused between them */
    uint32_t known_count, known_room;
    uint32_t *places; /* a hash table of their numbers, half full at the most */
    uint32_t place_count; /* a power of two, or 0 */
    uint64_t seed; /* of the table's hash: peers choose domains, and who forges datagrams addresses too */
    uint64_t look;
    struct ledger_counts told; /* by all rows, of this process's decoder */
    struct ledger_collector collector;
    struct ledger_page carried; /* rows that an earlier process had not told */
    uint64_t commit_next; /* the first that no row has told of; 0: the first of all */
};

/* One look. */
struct look {
    struct ledger_log *log;
    struct ledger_page *page;
    bool peek; /* nothing is noted */
    bool failed;
    struct ledger_counts is, told; /* what all have counted, and what of it rows have told, and tell now */
};

struct ledger_log *ledger_log_create(void)
{
    struct ledger_log *log = calloc(1, sizeof *log);
    if (log != NULL)
        log->seed = random_seed();
    return log;
}

void ledger_log_free(struct ledger_log *log)
{
    if (log == NULL)
        return;
    free(log->known);
    free(log->places);
    free(log->carried.rows);
    free(log);
}

void ledger_page_free(struct ledger_page *page)
{
    if (page == NULL)
        return;
    free(page->rows);
    free(page);
}

static struct ledger_counts counts_of(const struct weir_session_view *view)
{
#define LEDGER_COUNT(id, name, text) .name = view->name,
    struct ledger_counts counts = {LEDGER_SESSION_COLUMNS(LEDGER_COUNT)};
#undef LEDGER_COUNT
    counts.lost -= view->found; /* which rows before tell as lost */
    counts.lost_records -= view->found_records;
    return counts;
}

/* Where the table has the session, or would: a number counted from 1, or 0. */
static uint32_t *place_of(const struct ledger_log *log, const struct weir_address *address, uint16_t port,
                          uint32_t domain)
{
    const uint64_t hash = seeded_mix(seeded_hash(log->seed, address->octets, sizeof address->octets), (uint64_t)domain << 16 | port);
    uint32_t place = (uint32_t)(hash >> 20) & (log->place_count - 1);
    for (;; place = (place + 1) & (log->place_count - 1)) {
        const struct known *known = log->places[place] == 0 ? NULL : &log->known[log->places[place] - 1];
        if (known == NULL || (known->port == port && known->domain == domain &&
                              memcmp(&known->address, address, sizeof *address) == 0))
            return &log->places[place];
    }
}

static void fill_places(struct ledger_log *log)
{
    memset(log->places, 0, log->place_count * sizeof *log->places);
    for (uint32_t i = 0; i < log->known_count; i++) {
        const struct known *known = &log->known[i];
        *place_of(log, &known->address, known->port, known->domain) = i + 1;
    }
}

/* Those that were not there at the last look. */
static void forget_gone(struct ledger_log *log)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < log->known_count; i++) {
        if (log->known[i].look + 1 >= log->look)
            log->known[kept++] = log->known[i];
    }
    log->known_count = kept;
}

/* Room for half as many more. Without memory all stays as it is. */
static void grow(struct ledger_log *log)
{
    const uint32_t room = log->known_room == 0 ? KNOWN_FIRST : log->known_room + log->known_room / 2;
    uint32_t place_count = log->place_count == 0 ? 2 * KNOWN_FIRST : log->place_count;
    while (place_count < 2 * room)
        place_count *= 2;
    struct known *known = realloc(log->known, room * sizeof *known);
    if (known == NULL)
        return;
    log->known = known;
    uint32_t *places = realloc(log->places, place_count * sizeof *places);
    if (places == NULL)
        return;
    log->places = places;
    log->place_count = place_count;
    log->known_room = room;
}

/* Room for one more; false without memory. */
static bool make_room(struct ledger_log *log)
{
    if (log->known_count < log->known_room)
        return true;
    forget_gone(log);
    if (log->known_count >= log->known_room / 4 * 3)
        grow(log);
    if (log->known_room > 0)
        fill_places(log);
    return log->known_count < log->known_room;
}

static void add_counts(struct ledger_counts *sum, const struct ledger_counts *more)
{
    uint64_t to[COUNTS], from[COUNTS];
    memcpy(to, sum, sizeof to);
    memcpy(from, more, sizeof from);
    for (size_t i = 0; i < COUNTS; i++)
        to[i] += from[i];
    memcpy(sum, to, sizeof to);
}

/* What was counted since; false when that is nothing. */
static bool difference(const struct ledger_counts *now, const struct ledger_counts *before,
                       struct ledger_counts *ret_counts)
{
    uint64_t after[COUNTS], earlier[COUNTS], news[COUNTS];
    bool any = false;
    memcpy(after, now, sizeof after);
    memcpy(earlier, before, sizeof earlier);
    for (size_t i = 0; i < COUNTS; i++) {
        /* What comes late takes back what had been counted as lost: the row then has less than nothing. */
        news[i] = after[i] - earlier[i];
        any |= news[i] != 0;
    }
    memcpy(ret_counts, news, sizeof news);
    return any;
}

static void add_row(struct look *look, const struct ledger_row *row)
{
    struct ledger_page *page = look->page;
    if (page->row_count == page->row_capacity) {
        const uint32_t capacity = page->row_capacity == 0 ? 16 : page->row_capacity * 2;
        struct ledger_row *rows = realloc(page->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            look->failed = true;
            return;
        }
        page->rows = rows;
        page->row_capacity = capacity;
    }
    page->rows[page->row_count++] = *row;
}

/* As it was at the last look; NULL where it was not there. */
static const struct known *find_known(const struct ledger_log *log, const struct weir_session_view *view)
{
    const uint32_t number = log->place_count == 0 ? 0 : *place_of(log, &view->address, view->port, view->domain);
    return number == 0 ? NULL : &log->known[number - 1];
}

/* What is new of a session, as a row where that is anything. */
static void tell_session(struct look *look, const struct ledger_counts *now, const struct ledger_counts *before,
                         struct ledger_row *row)
{
    if (!look->failed && difference(now, before, &row->counts))
        add_row(look, row);
    if (look->failed)
        return;
    add_counts(&look->is, now);
    add_counts(&look->told, &row->counts);
}

static void peek_session(struct look *look, const struct weir_session_view *view)
{
    static const struct known unknown;
    const struct known *known = find_known(look->log, view);
    const struct ledger_counts now = counts_of(view);
    struct ledger_row row = {.exporter = view->address, .port = view->port, .domain = view->domain, .version = view->version};
    if (known == NULL || now.datagrams < known->counts.datagrams)
        known = &unknown;
    tell_session(look, &now, &known->counts, &row);
}

static void take_session(void *context, const struct weir_session_view *view)
{
    struct look *look = context;
    struct ledger_log *log = look->log;
    if (look->peek) {
        peek_session(look, view);
        return;
    }
    if (!make_room(log)) {
        look->failed = true;
        return;
    }
    uint32_t *place = place_of(log, &view->address, view->port, view->domain);
    if (*place == 0) {
        *place = ++log->known_count;
        log->known[*place - 1] = (struct known){.address = view->address, .port = view->port, .domain = view->domain};
    }
    struct known *known = &log->known[*place - 1];
    known->look = log->look;
    const struct ledger_counts now = counts_of(view);
    struct ledger_row row = {.time_us = look->page->time_us, .exporter = view->address, .port = view->port,
                             .domain = view->domain, .version = view->version};
    if (now.datagrams < known->counts.datagrams)
        known->counts = (struct ledger_counts){0}; /* given up, and there again */
    tell_session(look, &now, &known->counts, &row);
    if (!look->failed)
        known->counts = now;
}

static void take_remainder(struct look *look, struct weir_decoder *decoder)
{
    struct weir_session_view view;
    struct ledger_row row = {.time_us = look->page->time_us};
    weir_decoder_remainder(decoder, &view);
    const struct ledger_counts remainder = counts_of(&view);
    /* What is there in all, without what was told and is told now: refused from addresses without a session, and counted by
     * sessions between the last look at them and their end. */
    add_counts(&look->is, &remainder);
    add_counts(&look->told, &look->log->told);
    if (!look->failed && difference(&look->is, &look->told, &row.counts))
        add_row(look, &row);
    if (!look->peek)
        look->log->told = look->failed ? look->told : look->is;
}

/* What an earlier process has left is told first. */
static void take_carried(struct look *look)
{
    struct ledger_page *carried = &look->log->carried;
    for (uint32_t i = 0; i < carried->row_count; i++) {
        struct ledger_row row = carried->rows[i];
        row.time_us = look->page->time_us;
        add_row(look, &row);
    }
    if (!look->peek && !look->failed)
        carried->row_count = 0;
}

static void take_collector(struct look *look, const struct commit_told *told, const struct ledger_collector *counts)
{
    struct ledger_collector now = *counts, *collector = &now;
    now.rows_stored = told->rows;
    struct ledger_page *page = look->page;
    if (look->log->commit_next == 0)
        look->log->commit_next = told->first;
#define LEDGER_DIFFERENCE(id, name, text)                                                                       \
    page->collector.name = collector->name - look->log->collector.name;                                         \
    page->has_collector |= page->collector.name != 0;
    LEDGER_COLLECTOR_COLUMNS(LEDGER_DIFFERENCE)
#undef LEDGER_DIFFERENCE
    if (!page->has_collector)
        return;
    look->log->collector = *collector;
    page->commit_first = look->log->commit_next;
    page->commit_last = told->last;
    look->log->commit_next = told->last + 1;
}

struct ledger_page *ledger_log_take(struct ledger_log *log, struct weir_decoder *decoder,
                                    const struct commit_told *told,
                                    const struct ledger_collector *collector, int64_t now_us)
{
    struct look look = {.log = log, .page = calloc(1, sizeof *look.page)};
    if (look.page == NULL)
        return NULL;
    look.page->time_us = now_us;
    log->look++;
    take_carried(&look);
    weir_decoder_sessions(decoder, take_session, &look);
    take_remainder(&look, decoder);
    take_collector(&look, told, collector);
    if (look.page->row_count > 0 || look.page->has_collector)
        return look.page;
    ledger_page_free(look.page);
    return NULL;
}

/* ------------------------------------------------------------------------------------------- for the next process */

/* In the machine's own form; a program of another build has another size of rows. */
struct saved_rows {
    char magic[8];
    uint32_t row_bytes, row_count;
    uint64_t dropped_kernel, dropped_journal; /* that were told */
    uint64_t not_allowed, cut_off; /* that were not */
};

static const char saved_magic[] = "weirrow3";

void ledger_log_dropped(struct ledger_log *log, uint64_t kernel, uint64_t journal)
{
    log->collector.dropped_kernel = kernel;
    log->collector.dropped_journal = journal;
}

size_t ledger_log_save(struct ledger_log *log, struct weir_decoder *decoder, const struct ledger_collector *collector,
                       uint8_t *data, size_t room_bytes)
{
    struct ledger_page page = {0};
    struct look look = {.log = log, .page = &page, .peek = true};
    take_carried(&look);
    weir_decoder_sessions(decoder, take_session, &look);
    take_remainder(&look, decoder);
    struct saved_rows header = {.row_bytes = sizeof(struct ledger_row), .row_count = page.row_count,
                                .dropped_kernel = log->collector.dropped_kernel,
                                .dropped_journal = log->collector.dropped_journal,
                                .not_allowed = collector->not_allowed - log->collector.not_allowed,
                                .cut_off = collector->cut_off - log->collector.cut_off};
    memcpy(header.magic, saved_magic, sizeof header.magic);
    const size_t rows_bytes = page.row_count * sizeof *page.rows, size_bytes = sizeof header + rows_bytes;
    if (!look.failed && size_bytes <= room_bytes) {
        memcpy(data, &header, sizeof header);
        if (rows_bytes > 0)
            memcpy(data + sizeof header, page.rows, rows_bytes);
    }
    free(page.rows);
    return look.failed ? 0 : size_bytes;
}

static bool is_family(const struct ledger_row *row)
{
    return row->exporter.family == 0 || row->exporter.family == 4 || row->exporter.family == 6;
}

bool ledger_log_load(struct ledger_log *log, const uint8_t *data, size_t size_bytes)
{
    struct saved_rows header;
    struct look look = {.log = log, .page = &log->carried};
    if (size_bytes < sizeof header)
        return false;
    memcpy(&header, data, sizeof header);
    if (memcmp(header.magic, saved_magic, sizeof header.magic) != 0 || header.row_bytes != sizeof(struct ledger_row) ||
        (size_bytes - sizeof header) / sizeof(struct ledger_row) != header.row_count ||
        (size_bytes - sizeof header) % sizeof(struct ledger_row) != 0)
        return false;
    const uint32_t before = log->carried.row_count;
    for (uint32_t i = 0; i < header.row_count && !look.failed; i++) {
        struct ledger_row row;
        memcpy(&row, data + sizeof header + (size_t)i * sizeof row, sizeof row);
        if (is_family(&row))
            add_row(&look, &row);
        else
            look.failed = true;
    }
    if (look.failed) {
        log->carried.row_count = before;
        return false;
    }
    ledger_log_dropped(log, header.dropped_kernel, header.dropped_journal);
    log->collector.not_allowed -= header.not_allowed; /* below 0: the next difference has them */
    log->collector.cut_off -= header.cut_off;
    return true;
}

/* ---------------------------------------------------------------------------------------------------------- writing */

enum { COMMIT_COLUMNS = 2, COLUMN_COUNT = STORE_COLUMN_RUN_COUNT + COUNTS + COLLECTOR_COUNTS + COMMIT_COLUMNS };

static void make_columns(struct file_column *columns)
{
    uint32_t count = 0;
    for (; count < STORE_COLUMN_RUN_COUNT; count++) {
        const struct store_column *column = store_column((enum store_column_index)count);
        columns[count] = (struct file_column){.name = column->name, .field_id = column->field_id, .type = column->type};
    }
#define LEDGER_COLUMN(id, column, text) \
    columns[count++] = (struct file_column){.name = #column, .field_id = id, .type = STORE_I64};
    LEDGER_SESSION_COLUMNS(LEDGER_COLUMN)
    LEDGER_COLLECTOR_COLUMNS(LEDGER_COLUMN)
    LEDGER_COMMIT_COLUMNS(LEDGER_COLUMN)
#undef LEDGER_COLUMN
}

/* Memory for the columns of a row group. */
struct arrays {
    int64_t *received;
    uint32_t *ipv4, *domain;
    uint8_t *ipv6;
    uint16_t *port;
    uint8_t *version;
    uint64_t *counts; /* one column after the other */
};

static void free_arrays(struct arrays *arrays)
{
    free(arrays->received);
    free(arrays->ipv4);
    free(arrays->domain);
    free(arrays->ipv6);
    free(arrays->port);
    free(arrays->version);
    free(arrays->counts);
}

static bool allocate_arrays(struct arrays *arrays, uint32_t count)
{
    *arrays = (struct arrays){
        .received = calloc(count, sizeof *arrays->received), .ipv4 = calloc(count, sizeof *arrays->ipv4),
        .domain = calloc(count, sizeof *arrays->domain),     .ipv6 = calloc(count, 16),
        .port = calloc(count, sizeof *arrays->port),         .version = calloc(count, sizeof *arrays->version),
        .counts = calloc((size_t)count * COUNTS, sizeof *arrays->counts)};
    return arrays->received != NULL && arrays->ipv4 != NULL && arrays->domain != NULL && arrays->ipv6 != NULL &&
           arrays->port != NULL && arrays->version != NULL && arrays->counts != NULL;
}

static void fill_arrays(struct arrays *arrays, const struct ledger_page *page, uint8_t family, uint32_t count)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < page->row_count; i++) {
        const struct ledger_row *row = &page->rows[i];
        const uint8_t *p = row->exporter.octets;
        uint64_t counts[COUNTS];
        if (row->exporter.family != family)
            continue;
        memcpy(counts, &row->counts, sizeof counts);
        arrays->received[at] = row->time_us;
        arrays->ipv4[at] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        memcpy(arrays->ipv6 + (size_t)at * 16, p, 16);
        arrays->domain[at] = row->domain;
        arrays->port[at] = row->port;
        arrays->version[at] = (uint8_t)row->version;
        for (size_t k = 0; k < COUNTS; k++)
            arrays->counts[k * count + at] = counts[k];
        at++;
    }
}

static void set_values(struct store_values *values, const void *data, uint32_t width_bytes, uint32_t count)
{
    values->data = data;
    values->width_bytes = width_bytes;
    values->item_count = count;
}

/* Rows of exporters of one family: a row group. */
static int write_family(const struct ledger_page *page, uint8_t family, struct file_writer *writer,
                        struct store_error *error)
{
    struct store_values values[COLUMN_COUNT] = {0};
    struct arrays arrays;
    uint32_t count = 0;
    for (uint32_t i = 0; i < page->row_count; i++)
        count += page->rows[i].exporter.family == family;
    if (count == 0)
        return 0;
    int result = -1;
    if (allocate_arrays(&arrays, count)) {
        fill_arrays(&arrays, page, family, count);
        for (uint32_t i = 0; i < COLUMN_COUNT; i++)
            values[i].row_count = count;
        set_values(&values[STORE_COLUMN_RECEIVED], arrays.received, sizeof *arrays.received, count);
        if (family == 4)
            set_values(&values[STORE_COLUMN_EXPORTER_IPV4], arrays.ipv4, sizeof *arrays.ipv4, count);
        if (family == 6)
            set_values(&values[STORE_COLUMN_EXPORTER_IPV6], arrays.ipv6, 16, count);
        if (family != 0) {
            set_values(&values[STORE_COLUMN_EXPORTER_PORT], arrays.port, sizeof *arrays.port, count);
            set_values(&values[STORE_COLUMN_DOMAIN], arrays.domain, sizeof *arrays.domain, count);
            set_values(&values[STORE_COLUMN_VERSION], arrays.version, sizeof *arrays.version, count);
        }
        for (uint32_t k = 0; k < COUNTS; k++)
            set_values(&values[STORE_COLUMN_RUN_COUNT + k], arrays.counts + (size_t)k * count, sizeof(uint64_t), count);
        result = file_writer_row_group(writer, values, NULL, -1, error);
    } else {
        store_error_set(error, "not enough memory to write the ledger");
    }
    free_arrays(&arrays);
    return result;
}

static int write_collector(const struct ledger_page *page, struct file_writer *writer, struct store_error *error)
{
    struct store_values values[COLUMN_COUNT] = {0};
    uint64_t counts[COLLECTOR_COUNTS];
    if (!page->has_collector)
        return 0;
    memcpy(counts, &page->collector, sizeof counts);
    for (uint32_t i = 0; i < COLUMN_COUNT; i++)
        values[i].row_count = 1;
    set_values(&values[STORE_COLUMN_RECEIVED], &page->time_us, sizeof page->time_us, 1);
    for (uint32_t k = 0; k < COLLECTOR_COUNTS; k++)
        set_values(&values[STORE_COLUMN_RUN_COUNT + COUNTS + k], &counts[k], sizeof counts[k], 1);
    if (page->commit_last >= page->commit_first) {
        set_values(&values[COLUMN_COUNT - 2], &page->commit_first, sizeof page->commit_first, 1);
        set_values(&values[COLUMN_COUNT - 1], &page->commit_last, sizeof page->commit_last, 1);
    }
    return file_writer_row_group(writer, values, NULL, -1, error);
}

int ledger_page_write(const struct ledger_page *page, struct file_writer *writer, const char *path,
                      const struct file_note *notes, uint32_t note_count, bool sync, uint64_t *ret_bytes,
                      struct store_error *error)
{
    struct file_column columns[COLUMN_COUNT];
    make_columns(columns);
    int result = file_writer_begin(writer, path, columns, COLUMN_COUNT, error);
    if (result != 0)
        return -1;
    static const uint8_t families[] = {4, 6, 0};
    for (size_t i = 0; i < sizeof families && result == 0; i++)
        result = write_family(page, families[i], writer, error);
    if (result == 0)
        result = write_collector(page, writer, error);
    if (result == 0)
        return file_writer_finish(writer, notes, note_count, sync, ret_bytes, error);
    file_writer_abandon(writer);
    return -1;
}
