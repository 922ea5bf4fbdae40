/* SPDX-License-Identifier: MIT */
/*
 * dictionary.c - the different items of a column
 */
#include "dictionary.h"

#include "bit_pack.h"
#include "seeded_hash.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    TABLE_MAX = 1 << 18,     /* places: 1 MiB */
    TABLE_SMALL = 1 << 12,   /* always worth it */
    FREQUENT_SHARE = 256,    /* more often than one item in so many */
    SMALL_ENTRIES = 256,     /* dictionaries of no more stay in order */
    SAMPLE_MAX = 4096,
    FETCH = 64,
    RARE_TIMES = 4,
    SAMPLE_GUESS = 512,
    COUNT_PIECE = 8192,
    TABLE_TURNS = 1024
};

#define NONE UINT32_MAX

void dictionary_done(struct dictionary *dictionary)
{
    free(dictionary->codes);
    free(dictionary->entries);
    free(dictionary->numbers);
    free(dictionary->table);
    free(dictionary->slots);
    free(dictionary->starts);
    *dictionary = (struct dictionary){0};
}

static bool grow(void **array, uint32_t *capacity, uint32_t count, size_t size)
{
    if (count <= *capacity)
        return true;
    uint32_t next = *capacity < 1024 ? 1024 : *capacity;
    while (next < count)
        next = next > UINT32_MAX / 2 ? UINT32_MAX : next * 2;
    void *grown = realloc(*array, next * size);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = next;
    return true;
}

static bool grow_items(struct dictionary *dictionary, uint32_t count)
{
    return grow((void **)&dictionary->codes, &dictionary->item_capacity, count, sizeof *dictionary->codes);
}

static bool grow_table(struct dictionary *dictionary, uint32_t count)
{
    return grow((void **)&dictionary->table, &dictionary->table_capacity, count, sizeof *dictionary->table);
}

static bool grow_entries(struct dictionary *dictionary, uint32_t count)
{
    uint32_t same = dictionary->entry_capacity;
    return grow((void **)&dictionary->numbers, &same, count, sizeof *dictionary->numbers) &&
           grow((void **)&dictionary->entries, &dictionary->entry_capacity, count, sizeof *dictionary->entries);
}

/* ---------------------------------------------------------------------------------------------------- tables */

static double entropy(const uint32_t *counts, uint32_t size, uint32_t total)
{
    double sum = 0;
    for (uint32_t i = 0; i < size; i++) {
        if (counts[i] > 0)
            sum += counts[i] * log2((double)total / counts[i]);
    }
    return sum / total;
}

static void take_entry(struct dictionary *dictionary, uint32_t place, int64_t least, uint32_t step)
{
    dictionary->numbers[dictionary->count] = (uint64_t)least + (uint64_t)place * step;
    dictionary->table[place] = dictionary->count++;
}

/* Turns counts into codes: first the frequent ones, then the others, each ascending. */
static bool number_entries(struct dictionary *dictionary, uint32_t size, uint32_t item_count, int64_t least,
                           uint32_t step)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < size; i++)
        count += dictionary->table[i] > 0;
    if (!grow_entries(dictionary, count))
        return false;
    dictionary->entropy_bits = count <= SMALL_ENTRIES ? entropy(dictionary->table, size, item_count) : 0;
    const uint32_t frequent = count <= SMALL_ENTRIES ? UINT32_MAX - 1 : item_count / FREQUENT_SHARE;
    dictionary->count = 0;
    uint32_t *later = dictionary->entries; /* not needed otherwise here */
    uint32_t later_count = 0;
    for (uint32_t i = 0; i < size; i++) {
        const uint32_t times = dictionary->table[i];
        if (times > frequent)
            take_entry(dictionary, i, least, step);
        else if (times > 0)
            later[later_count++] = i;
    }
    for (uint32_t i = 0; i < later_count; i++)
        take_entry(dictionary, later[i], least, step);
    return true;
}

/*
 * Counts, in the table, how often each number of steps comes, which stay in `codes`. Small tables are four in turn: a
 * place that comes again at once would wait for what was written there.
 */
static bool count_steps(struct dictionary *dictionary, const struct store_values *values, bool is_signed, int64_t least,
                        uint32_t step, uint32_t size)
{
    uint32_t more[3][TABLE_TURNS];
    uint32_t *table = dictionary->table;
    if (size <= TABLE_TURNS)
        memset(more, 0, sizeof more);
    for (uint32_t first = 0; first < values->item_count; first += COUNT_PIECE) {
        const uint32_t left = values->item_count - first, count = left < COUNT_PIECE ? left : COUNT_PIECE;
        uint32_t *codes = dictionary->codes + first, i = 0;
        if (!values_steps(values, is_signed, least, step, first, count, codes))
            return false;
        for (; size <= TABLE_TURNS && i + 4 <= count; i += 4) {
            table[codes[i]]++;
            more[0][codes[i + 1]]++;
            more[1][codes[i + 2]]++;
            more[2][codes[i + 3]]++;
        }
        for (; i < count; i++)
            table[codes[i]]++;
    }
    for (uint32_t k = 0; k < size && size <= TABLE_TURNS; k++)
        table[k] += more[0][k] + more[1][k] + more[2][k];
    return true;
}

static bool is_multiple(const struct store_values *values, int64_t least, uint32_t step)
{
    int64_t some[64];
    const uint32_t count = values->item_count < 64 ? values->item_count : 64;
    values_widen(values, true, 0, count, some);
    for (uint32_t i = 0; i < count; i++) {
        if (((uint64_t)some[i] - (uint64_t)least) % step != 0)
            return false;
    }
    return true;
}

enum dictionary_result dictionary_count(struct dictionary *dictionary, const struct store_values *values,
                                        bool is_signed, bool is_time, int64_t least, int64_t greatest)
{
    const uint64_t range = (uint64_t)greatest - (uint64_t)least;
    const uint64_t places = values->item_count < TABLE_SMALL ? TABLE_SMALL : values->item_count;
    const uint64_t size_max = places < TABLE_MAX ? places : TABLE_MAX;
    uint32_t step = 1;
    if (is_time && is_multiple(values, least, 1000000))
        step = 1000000;
    else if (is_time && is_multiple(values, least, 1000))
        step = 1000;
    if (range / step >= size_max)
        return DICTIONARY_NOT;
    const uint32_t size = (uint32_t)(range / step) + 1;
    if (!grow_items(dictionary, values->item_count) || !grow_table(dictionary, size))
        return DICTIONARY_MEMORY;
    memset(dictionary->table, 0, size * sizeof *dictionary->table);
    if (!count_steps(dictionary, values, is_signed, least, step, size))
        return DICTIONARY_NOT;
    if (!number_entries(dictionary, size, values->item_count, least, step))
        return DICTIONARY_MEMORY;
    dictionary->from_table = dictionary->has_places = true;
    return DICTIONARY_MADE;
}

const uint32_t *dictionary_codes(const struct dictionary *dictionary, uint32_t first, uint32_t count,
                                 struct octet_buffer *room)
{
    const uint32_t *places = dictionary->codes + first, *table = dictionary->table;
    if (!dictionary->has_places)
        return places;
    octet_buffer_clear(room);
    uint32_t *codes = (uint32_t *)(void *)octet_buffer_room(room, count * sizeof *codes);
    for (uint32_t i = 0; i < count && codes != NULL; i++)
        codes[i] = table[places[i]];
    return codes;
}

/* ---------------------------------------------------------------------------------------------------- hashes */

/* One item: where it is and how long. */
struct item {
    const uint8_t *data;
    uint32_t size_bytes;
};

static inline struct item item_at(const struct store_values *values, const uint32_t *starts, uint32_t i)
{
    if (values->lengths == NULL)
        return (struct item){(const uint8_t *)values->data + (size_t)i * values->width_bytes, values->width_bytes};
    return (struct item){(const uint8_t *)values->data + starts[i], values->lengths[i]};
}

static inline uint64_t item_hash(uint64_t seed, struct item item)
{
    if (item.size_bytes > 8)
        return seeded_hash(seed, item.data, item.size_bytes);
    uint64_t word = 0;
    memcpy(&word, item.data, item.size_bytes);
    return seeded_mix(seed ^ item.size_bytes, word ^ seed);
}

static inline bool item_equal(struct item a, struct item b)
{
    if (a.size_bytes == 16 && b.size_bytes == 16) {
        uint64_t left[2], right[2];
        memcpy(left, a.data, sizeof left);
        memcpy(right, b.data, sizeof right);
        return left[0] == right[0] && left[1] == right[1];
    }
    return a.size_bytes == b.size_bytes && memcmp(a.data, b.data, a.size_bytes) == 0;
}

static bool find_starts(struct dictionary *dictionary, const struct store_values *values)
{
    uint32_t *starts = realloc(dictionary->starts, ((size_t)values->item_count + 1) * sizeof *starts);
    if (starts == NULL)
        return false;
    dictionary->starts = starts;
    uint32_t at = 0;
    for (uint32_t i = 0; i < values->item_count; i++) {
        starts[i] = at;
        at += values->lengths[i];
    }
    return true;
}

/* What tells most others apart, beside the code: a short number, or half of a hash. */
struct dictionary_slot {
    uint32_t tag, code;
};

/* Slots are looked for by the other half of the hash. */
static inline uint64_t number_hash(uint64_t seed, uint64_t number)
{
    return seeded_mix(seed, number ^ seed);
}

/* Twice the size; the places are found anew. */
static bool grow_slots(struct dictionary *dictionary, uint32_t *size)
{
    const uint32_t mask = *size * 2 - 1;
    if (!grow((void **)&dictionary->slots, &dictionary->slot_capacity, *size * 2, sizeof *dictionary->slots))
        return false;
    struct dictionary_slot *slots = dictionary->slots;
    memset(slots, 0xff, ((size_t)mask + 1) * sizeof *slots);
    for (uint32_t code = 0; code < dictionary->count; code++) {
        const uint64_t hash = number_hash(dictionary->seed, dictionary->numbers[code]);
        uint32_t place = (uint32_t)hash & mask;
        while (slots[place].code != NONE)
            place = (place + 1) & mask;
        slots[place] = (struct dictionary_slot){.tag = (uint32_t)(hash >> 32), .code = code};
    }
    *size *= 2;
    return true;
}

/* Growing tables is half the work, so they begin with a guess, from a sample, of how many entries there will be. */
static bool begin_hashes(struct dictionary *dictionary, const struct store_values *values, uint32_t *size)
{
    const double guess = dictionary_sample(values, SAMPLE_GUESS) * values->item_count / 2;
    *size = 512;
    while (*size < guess && *size < 1u << 30)
        *size *= 2;
    dictionary->count = 0;
    dictionary->from_table = dictionary->has_places = false;
    dictionary->entropy_bits = 0;
    if (dictionary->seed == 0)
        dictionary->seed = random_seed();
    return grow_items(dictionary, values->item_count) && grow_slots(dictionary, size);
}

/* A new entry, which item i is the first to have; its slot is free. `number` is the item's, or its hash. */
static enum dictionary_result add_entry(struct dictionary *dictionary, uint32_t place, uint32_t tag, uint64_t number,
                                        uint32_t i, uint32_t count_max, uint32_t *size)
{
    if (dictionary->count == count_max)
        return DICTIONARY_NOT;
    if (!grow_entries(dictionary, dictionary->count + 1))
        return DICTIONARY_MEMORY;
    dictionary->slots[place] = (struct dictionary_slot){.tag = tag, .code = dictionary->count};
    dictionary->numbers[dictionary->count] = number;
    dictionary->entries[dictionary->count] = i;
    dictionary->codes[i] = dictionary->count++;
    return dictionary->count <= *size / 2 || grow_slots(dictionary, size) ? DICTIONARY_MADE : DICTIONARY_MEMORY;
}

/* Turns numbers into hashes, and asks for their slots before they are needed: those of a large table are far away. */
static void fetch_slots(const struct dictionary *dictionary, const uint64_t *numbers, uint32_t count, uint32_t size,
                        uint64_t *ret_hashes)
{
    for (uint32_t i = 0; i < count; i++) {
        ret_hashes[i] = number_hash(dictionary->seed, numbers[i]);
        __builtin_prefetch(&dictionary->slots[(uint32_t)ret_hashes[i] & (size - 1)]);
    }
}

enum dictionary_result dictionary_hash_numbers(struct dictionary *dictionary, const struct store_values *values,
                                               uint32_t count_max)
{
    int64_t numbers[FETCH];
    uint64_t hashes[FETCH];
    uint32_t size;
    if (!begin_hashes(dictionary, values, &size))
        return DICTIONARY_MEMORY;
    for (uint32_t i = 0; i < values->item_count; i++) {
        const uint32_t left = values->item_count - i, ahead = left < FETCH ? left : FETCH;
        if (i % FETCH == 0) {
            values_widen(values, false, i, ahead, numbers);
            fetch_slots(dictionary, (const uint64_t *)numbers, ahead, size, hashes);
        }
        const uint64_t number = (uint64_t)numbers[i % FETCH], hash = hashes[i % FETCH];
        const uint32_t tag = (uint32_t)(hash >> 32);
        uint32_t place = (uint32_t)hash & (size - 1), code;
        while ((code = dictionary->slots[place].code) != NONE &&
               (dictionary->slots[place].tag != tag || dictionary->numbers[code] != number))
            place = (place + 1) & (size - 1);
        dictionary->codes[i] = code;
        if (code != NONE)
            continue;
        const enum dictionary_result result = add_entry(dictionary, place, tag, number, i, count_max, &size);
        if (result != DICTIONARY_MADE)
            return result;
    }
    return DICTIONARY_MADE;
}

/* Octets of variable items; starts of more could not be told. */
static bool is_too_long(const struct store_values *values)
{
    uint64_t size_bytes = 0;
    for (uint32_t i = 0; i < values->item_count && values->lengths != NULL; i++)
        size_bytes += values->lengths[i];
    return size_bytes > UINT32_MAX;
}

enum dictionary_result dictionary_hash(struct dictionary *dictionary, const struct store_values *values,
                                       uint32_t count_max)
{
    uint64_t numbers[FETCH], hashes[FETCH];
    uint32_t size;
    if (is_too_long(values))
        return DICTIONARY_NOT;
    if ((values->lengths != NULL && !find_starts(dictionary, values)) || !begin_hashes(dictionary, values, &size))
        return DICTIONARY_MEMORY;
    for (uint32_t i = 0; i < values->item_count; i++) {
        const uint32_t left = values->item_count - i, ahead = left < FETCH ? left : FETCH;
        for (uint32_t k = 0; k < ahead && i % FETCH == 0; k++)
            numbers[k] = item_hash(dictionary->seed, item_at(values, dictionary->starts, i + k));
        if (i % FETCH == 0)
            fetch_slots(dictionary, numbers, ahead, size, hashes);
        const struct item item = item_at(values, dictionary->starts, i);
        const uint64_t number = numbers[i % FETCH], hash = hashes[i % FETCH];
        const uint32_t tag = (uint32_t)(hash >> 32);
        uint32_t place = (uint32_t)hash & (size - 1), code;
        while ((code = dictionary->slots[place].code) != NONE &&
               (dictionary->slots[place].tag != tag || dictionary->numbers[code] != number ||
                !item_equal(item, item_at(values, dictionary->starts, dictionary->entries[code]))))
            place = (place + 1) & (size - 1);
        dictionary->codes[i] = code;
        if (code != NONE)
            continue;
        const enum dictionary_result result = add_entry(dictionary, place, tag, number, i, count_max, &size);
        if (result != DICTIONARY_MADE)
            return result;
    }
    return DICTIONARY_MADE;
}

/* One entry while they are put in order. */
struct ranked {
    uint64_t number;
    uint32_t code, times;
};
static_assert(sizeof(struct ranked) == 2 * sizeof(struct dictionary_slot),
              "entries are put in order where the slots are");

/* The rank of an entry that comes so often: by the power of two. Those that are rare are alike, since entries in order
 * take less than what shorter indices would gain. */
static uint8_t rank_of(uint32_t times)
{
    return (uint8_t)(times < RARE_TIMES ? 32 : 32 - bit_width(times));
}

/* By an octet of the number, or for `octet` 8 by how often it comes; ascending, and those that are alike stay as they
 * are. */
static void sort_by_octet(const struct ranked *from, struct ranked *to, uint32_t count, unsigned octet)
{
    uint32_t ends[256] = {0}, end = 0;
#define KEY(entry) (octet < 8 ? (uint8_t)((entry).number >> (8 * octet)) : rank_of((entry).times))
    for (uint32_t i = 0; i < count; i++)
        ends[KEY(from[i])]++;
    for (int key = 0; key < 256; key++) {
        const uint32_t begin = end;
        end += ends[key];
        ends[key] = begin;
    }
    for (uint32_t i = 0; i < count; i++)
        to[ends[KEY(from[i])]++] = from[i];
#undef KEY
}

int dictionary_order(struct dictionary *dictionary, const struct store_values *values, bool is_signed)
{
    const uint32_t count = dictionary->count;
    /* slots are not needed otherwise from here on */
    if (!grow((void **)&dictionary->slots, &dictionary->slot_capacity, 4 * count, sizeof *dictionary->slots))
        return -1;
    struct ranked *from = (struct ranked *)(void *)dictionary->slots, *to = from + count;
    uint64_t any = 0;
    for (uint32_t k = 0; k < count; k++) {
        int64_t number;
        values_widen(values, is_signed, dictionary->entries[k], 1, &number);
        from[k] = (struct ranked){.number = (uint64_t)number, .code = k};
        any |= from[k].number ^ from[0].number;
    }
    for (uint32_t i = 0; i < values->item_count; i++)
        from[dictionary->codes[i]].times++;
    for (unsigned octet = 0; octet <= 8; octet++) {
        if (octet < 8 && (any >> (8 * octet) & 0xff) == 0)
            continue;
        sort_by_octet(from, to, count, octet);
        struct ranked *other = from;
        from = to;
        to = other;
    }
    uint32_t *ranks = dictionary->entries; /* not needed otherwise from here on */
    for (uint32_t k = 0; k < count; k++) {
        dictionary->numbers[k] = from[k].number;
        ranks[from[k].code] = k;
    }
    for (uint32_t i = 0; i < values->item_count; i++)
        dictionary->codes[i] = ranks[dictionary->codes[i]];
    dictionary->from_table = true;
    return 0;
}

double dictionary_sample(const struct store_values *values, uint32_t sample)
{
    uint32_t seen[2 * SAMPLE_MAX];
    uint32_t different = 0;
    if (sample > SAMPLE_MAX)
        sample = SAMPLE_MAX;
    if (values->item_count == 0 || sample == 0 || values->lengths != NULL)
        return 0;
    if (sample > values->item_count)
        sample = values->item_count;
    const uint32_t apart = values->item_count / sample;
    memset(seen, 0xff, sizeof seen);
    for (uint32_t i = 0; i < sample; i++) {
        const struct item item = item_at(values, NULL, i * apart);
        uint32_t place = (uint32_t)(item_hash(1, item) >> 32) % (2 * SAMPLE_MAX);
        while (seen[place] != NONE && !item_equal(item, item_at(values, NULL, seen[place])))
            place = (place + 1) % (2 * SAMPLE_MAX);
        different += seen[place] == NONE;
        seen[place] = i * apart;
    }
    return (double)different / sample;
}
