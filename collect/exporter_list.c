/* SPDX-License-Identifier: MIT */
/*
 * exporter_list.c - the exporters of a running engine, by address and domain
 */
#define _GNU_SOURCE
#include "exporter_list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MS = 1000, ROOM_FIRST = 64 };
#define FRESH_US 1000000

struct rows {
    struct exporter_row *rows;
    size_t count, room;
    bool short_of_memory;
};

/* Of one worker: a row for each session, and what exporters tell of their sampling, which is a row's without its
 * counts. */
struct part {
    struct rows sessions, samplings;
    struct exporter_row rest;
};

struct exporter_watch {
    struct engine *engine;
    pthread_mutex_t mutex;
    struct part parts[ENGINE_WORKERS_MAX];
    struct exporter_list list;
    size_t room;
    int64_t taken_us; /* monotonic; 0: not yet */
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --------------------------------------------------------------------------------------------- on the lane's thread */

static struct exporter_row *add(struct rows *rows)
{
    if (rows->count == rows->room) {
        const size_t room = rows->room == 0 ? ROOM_FIRST : rows->room * 2;
        struct exporter_row *grown = realloc(rows->rows, room * sizeof *grown);
        if (grown == NULL) {
            rows->short_of_memory = true;
            return NULL;
        }
        rows->rows = grown;
        rows->room = room;
    }
    return &rows->rows[rows->count++];
}

static uint64_t less(uint64_t count, uint64_t taken_off)
{
    return count > taken_off ? count - taken_off : 0;
}

static void fill(struct exporter_row *row, const struct weir_session_view *session)
{
    *row = (struct exporter_row){
        .address = session->address,
        .domain = session->domain,
        .version = session->version,
        .sessions = 1,
        .sampling_rate = session->header_sampling_rate,
        .first_us = session->first_us,
        .last_us = session->last_us,
        .exported_us = session->exported_us,
        .template_oldest_us = session->template_oldest_us,
#define FILL(name) .name = session->name,
        EXPORTER_COUNTS(FILL)
#undef FILL
    };
    row->lost = less(row->lost, session->found);
    row->lost_records = less(row->lost_records, session->found_records);
}

static void add_session(void *context, const struct weir_session_view *session)
{
    struct exporter_row *row = add(context);
    if (row != NULL)
        fill(row, session);
}

static void take_largest_rate(void *context, const struct weir_fact *fact)
{
    uint32_t *rate = context;
    if (fact->kind == WEIR_FACT_SAMPLER && fact->sampling_rate > *rate)
        *rate = fact->sampling_rate;
}

static void add_sampling(void *context, const struct weir_exporter_view *exporter)
{
    uint32_t rate = exporter->sampling_rate;
    if (rate == 0)
        weir_exporter_facts(exporter, take_largest_rate, &rate);
    struct exporter_row *row = rate == 0 ? NULL : add(context);
    if (row != NULL)
        *row = (struct exporter_row){.address = exporter->address, .domain = exporter->domain, .sampling_rate = rate};
}

static void look(void *context, struct collector *collector)
{
    struct part *part = context;
    struct weir_session_view rest;
    part->sessions.count = part->samplings.count = 0;
    weir_decoder_sessions(collector->decoder, add_session, &part->sessions);
    weir_decoder_exporters(collector->decoder, add_sampling, &part->samplings);
    weir_decoder_remainder(collector->decoder, &rest);
    fill(&part->rest, &rest);
}

/* --------------------------------------------------------------------------------------------------------- one list */

static int by_address(const struct exporter_row *a, const struct exporter_row *b)
{
    if (a->address.family != b->address.family)
        return a->address.family < b->address.family ? -1 : 1;
    return memcmp(a->address.octets, b->address.octets, sizeof a->address.octets);
}

static int by_key(const void *a, const void *b)
{
    const struct exporter_row *left = a, *right = b;
    const int order = by_address(left, right);
    return order != 0 ? order : (left->domain > right->domain) - (left->domain < right->domain);
}

static int by_datagrams(const void *a, const void *b)
{
    const struct exporter_row *left = a, *right = b;
    if (left->datagrams != right->datagrams)
        return left->datagrams > right->datagrams ? -1 : 1;
    return by_key(a, b);
}

static void sum_up(struct exporter_row *to, const struct exporter_row *from)
{
    to->sessions += from->sessions;
#define SUM(name) to->name += from->name;
    EXPORTER_COUNTS(SUM)
#undef SUM
    if (from->first_us != 0 && (to->first_us == 0 || from->first_us < to->first_us))
        to->first_us = from->first_us;
    if (from->template_oldest_us != 0 &&
        (to->template_oldest_us == 0 || from->template_oldest_us < to->template_oldest_us))
        to->template_oldest_us = from->template_oldest_us;
    if (from->sampling_rate > to->sampling_rate)
        to->sampling_rate = from->sampling_rate;
    if (from->last_us > to->last_us) {
        to->last_us = from->last_us;
        to->exported_us = from->exported_us;
        to->version = from->version;
    }
}

/* Rows of one address and domain become one. */
static void merge(struct exporter_list *list)
{
    size_t count = 0;
    if (list->count > 0)
        qsort(list->rows, list->count, sizeof *list->rows, by_key);
    for (size_t i = 0; i < list->count; i++) {
        if (count > 0 && by_key(&list->rows[count - 1], &list->rows[i]) == 0)
            sum_up(&list->rows[count - 1], &list->rows[i]);
        else
            list->rows[count++] = list->rows[i];
    }
    list->count = count;
}

/* The first row that is not before this key. */
static size_t find(const struct exporter_list *list, const struct exporter_row *key)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (by_key(&list->rows[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What was told for domain 0 serves all domains of the address that have nothing of their own. */
static void put_sampling(struct exporter_list *list, const struct rows *samplings, bool of_all)
{
    for (size_t i = 0; i < samplings->count; i++) {
        const struct exporter_row *told = &samplings->rows[i];
        size_t at = find(list, told);
        if (!of_all && at < list->count && by_key(&list->rows[at], told) == 0)
            list->rows[at].sampling_rate = told->sampling_rate;
        for (; of_all && told->domain == 0 && at < list->count && by_address(&list->rows[at], told) == 0; at++) {
            if (list->rows[at].sampling_rate == 0)
                list->rows[at].sampling_rate = told->sampling_rate;
        }
    }
}

static int put_together(struct exporter_watch *watch, uint32_t worker_count)
{
    size_t count = 0;
    for (uint32_t i = 0; i < worker_count; i++)
        count += watch->parts[i].sessions.count;
    if (count > watch->room) {
        struct exporter_row *grown = realloc(watch->list.rows, count * sizeof *grown);
        if (grown == NULL)
            return -1;
        watch->list.rows = grown;
        watch->room = count;
    }
    watch->list.count = 0;
    watch->list.rest = (struct exporter_row){0};
    for (uint32_t i = 0; i < worker_count; i++) {
        const struct part *part = &watch->parts[i];
        if (part->sessions.count > 0)
            memcpy(watch->list.rows + watch->list.count, part->sessions.rows,
                   part->sessions.count * sizeof *part->sessions.rows);
        watch->list.count += part->sessions.count;
        sum_up(&watch->list.rest, &part->rest);
    }
    merge(&watch->list);
    for (uint32_t i = 0; i < 2 * worker_count; i++)
        put_sampling(&watch->list, &watch->parts[i % worker_count].samplings, i >= worker_count);
    if (watch->list.count > 0)
        qsort(watch->list.rows, watch->list.count, sizeof *watch->list.rows, by_datagrams);
    return 0;
}

static int refresh(struct exporter_watch *watch)
{
    const uint32_t worker_count = engine_worker_count(watch->engine);
    watch->list.silent_workers = 0;
    for (uint32_t i = 0; i < worker_count; i++) {
        struct part *part = &watch->parts[i];
        watch->list.silent_workers += !engine_call(watch->engine, i, look, part, ANSWER_MS);
        if (part->sessions.short_of_memory || part->samplings.short_of_memory) {
            part->sessions.short_of_memory = part->samplings.short_of_memory = false;
            return -1;
        }
    }
    return put_together(watch, worker_count);
}

/* ----------------------------------------------------------------------------------------------------- from outside */

struct exporter_watch *exporter_watch_create(struct engine *engine)
{
    struct exporter_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    watch->engine = engine;
    pthread_mutex_init(&watch->mutex, NULL);
    return watch;
}

void exporter_watch_free(struct exporter_watch *watch)
{
    if (watch == NULL)
        return;
    for (uint32_t i = 0; i < ENGINE_WORKERS_MAX; i++) {
        free(watch->parts[i].sessions.rows);
        free(watch->parts[i].samplings.rows);
    }
    free(watch->list.rows);
    pthread_mutex_destroy(&watch->mutex);
    free(watch);
}

const struct exporter_list *exporter_watch_take(struct exporter_watch *watch)
{
    pthread_mutex_lock(&watch->mutex);
    const int64_t now_us = clock_us(CLOCK_MONOTONIC);
    if (watch->taken_us != 0 && now_us - watch->taken_us < FRESH_US)
        return &watch->list;
    if (refresh(watch) != 0) {
        pthread_mutex_unlock(&watch->mutex);
        return NULL;
    }
    watch->taken_us = clock_us(CLOCK_MONOTONIC);
    watch->list.taken_us = clock_us(CLOCK_REALTIME);
    return &watch->list;
}

void exporter_watch_give(struct exporter_watch *watch)
{
    pthread_mutex_unlock(&watch->mutex);
}

static double share(uint64_t lost, uint64_t came)
{
    return lost == 0 ? 0 : (double)lost / ((double)lost + (double)came);
}

/* Versions count either datagrams or records. */
double exporter_row_loss(const struct exporter_row *row)
{
    const double datagrams = share(row->lost, row->datagrams);
    const double records = share(row->lost_records, row->flows + row->options);
    return datagrams > records ? datagrams : records;
}

double exporter_row_flow_rate(const struct exporter_row *row)
{
    const int64_t duration_us = row->last_us - row->first_us;
    return duration_us < 1000000 ? (double)row->flows : (double)row->flows * 1e6 / (double)duration_us;
}
