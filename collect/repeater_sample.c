/* SPDX-License-Identifier: MIT */
/*
 * repeater_sample.c - counts by exporter, and a walk over the sets of a datagram
 *
 * Both tables are hashed, with four places for each hash: a new entry takes the place of the one that came first.
 */
#include "repeater_sample.h"

#include <stdlib.h>
#include <string.h>

enum { EXPORTER_BUCKETS = 4096, OPTIONS_BUCKETS = 16384, WAYS = 4, SET_HEADER_BYTES = 4 };

struct exporter {
    struct weir_address address;
    uint16_t port;
    uint32_t count; /* since the last one that went on */
};

struct exporter_bucket {
    struct exporter ways[WAYS];
    uint32_t used, next;
};

/* Options templates, as hashes of exporter, domain and ID; 0 is none. One that is taken for another costs a datagram.
   */
struct options_bucket {
    uint64_t ways[WAYS];
    uint32_t next;
};

struct repeater_sample {
    uint32_t one_in;
    uint64_t seed;
    struct exporter_bucket exporters[EXPORTER_BUCKETS];
    struct options_bucket options[OPTIONS_BUCKETS];
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ b) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
    return x ^ x >> 29;
}

static uint64_t hash_exporter(const struct repeater_sample *sample, const struct weir_datagram *datagram)
{
    uint64_t halves[2];
    memcpy(halves, datagram->source.octets, sizeof halves);
    uint64_t hash = mix(sample->seed, halves[0]);
    hash = mix(hash, halves[1]);
    return mix(hash, (uint64_t)datagram->source.family << 16 | datagram->source_port);
}

struct repeater_sample *repeater_sample_create(uint32_t one_in, uint64_t seed)
{
    struct repeater_sample *sample = calloc(1, sizeof *sample);
    if (sample != NULL) {
        sample->one_in = one_in;
        sample->seed = seed;
    }
    return sample;
}

void repeater_sample_free(struct repeater_sample *sample)
{
    free(sample);
}

static bool is_of(const struct exporter *exporter, const struct weir_datagram *datagram)
{
    return exporter->port == datagram->source_port && exporter->address.family == datagram->source.family &&
           memcmp(exporter->address.octets, datagram->source.octets, sizeof exporter->address.octets) == 0;
}

/* One that takes a place goes on with the count that it finds there: many made-up exporters do not get more through
 * than one would. */
static struct exporter *find_exporter(struct repeater_sample *sample, const struct weir_datagram *datagram,
                                      uint64_t hash)
{
    struct exporter_bucket *bucket = &sample->exporters[hash % EXPORTER_BUCKETS];
    for (uint32_t i = 0; i < bucket->used; i++) {
        if (is_of(&bucket->ways[i], datagram))
            return &bucket->ways[i];
    }
    const uint32_t place = bucket->used < WAYS ? bucket->used++ : bucket->next++ % WAYS;
    bucket->ways[place].address = datagram->source;
    bucket->ways[place].port = datagram->source_port;
    return &bucket->ways[place];
}

static uint64_t *find_options(struct repeater_sample *sample, uint64_t key)
{
    struct options_bucket *bucket = &sample->options[key % OPTIONS_BUCKETS];
    for (uint32_t i = 0; i < WAYS; i++) {
        if (bucket->ways[i] == key)
            return &bucket->ways[i];
    }
    return NULL;
}

static void add_options(struct repeater_sample *sample, uint64_t key)
{
    struct options_bucket *bucket = &sample->options[key % OPTIONS_BUCKETS];
    if (find_options(sample, key) == NULL)
        bucket->ways[bucket->next++ % WAYS] = key;
}

static uint64_t options_key(uint64_t session, uint16_t id)
{
    const uint64_t key = mix(session, id);
    return key == 0 ? 1 : key;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

/* The length of `count` field specifiers, or more than `room` where they do not fit: those of IPFIX are longer when an
 * enterprise number follows. */
static size_t fields_bytes(const uint8_t *at, size_t room, size_t count, bool ipfix)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (length + 4 > room)
            return room + 1;
        length += ipfix && (at[length] & 0x80) != 0 ? 8 : 4;
    }
    return length;
}

/* How long a template record is; more than `room`, which is 4 at least, where it does not fit. */
static size_t record_bytes(const uint8_t *at, size_t room, bool options, bool ipfix)
{
    const size_t header = options ? 6 : 4;
    if (ipfix && get16(at + 2) == 0)
        return 4; /* a withdrawal */
    if (room < header)
        return room + 1;
    if (options && !ipfix)
        return header + get16(at + 2) + get16(at + 4); /* lengths of scope and options, in octets */
    return header + fields_bytes(at + header, room - header, get16(at + 2), ipfix);
}

/* Remembers the options templates of a set, and forgets those whose IDs became templates of data. */
static void learn(struct repeater_sample *sample, uint64_t session, const uint8_t *at, size_t room, bool options,
                  bool ipfix)
{
    while (room >= 4) {
        const uint16_t id = get16(at);
        const size_t length = record_bytes(at, room, options, ipfix);
        if (id < 256 || length > room)
            return; /* padding, or nothing that makes sense */
        const uint64_t key = options_key(session, id);
        const bool withdrawn = ipfix && get16(at + 2) == 0;
        uint64_t *known = find_options(sample, key);
        if (options && !withdrawn)
            add_options(sample, key);
        else if (known != NULL)
            *known = 0;
        at += length;
        room -= length;
    }
}

/* Whether a set is there without which others could not be read. */
static bool walk(struct repeater_sample *sample, const struct weir_datagram *datagram, uint64_t exporter)
{
    const uint8_t *at = datagram->data;
    size_t left = datagram->size_bytes;
    if (left < 20)
        return false; /* of IPFIX: a header and one set's header are as long as a header of v9 */
    const uint16_t version = get16(at);
    if (version != 9 && version != 10)
        return false;
    const bool ipfix = version == 10;
    const size_t header = ipfix ? 16 : 20, domain_at = ipfix ? 12 : 16;
    const uint64_t session = mix(exporter, (uint64_t)version << 32 | (uint64_t)get16(at + domain_at) << 16 |
                                               get16(at + domain_at + 2));
    bool needed = false;
    at += header;
    left -= header;
    while (left >= SET_HEADER_BYTES) {
        const uint16_t id = get16(at);
        const size_t length = get16(at + 2);
        if (length < SET_HEADER_BYTES || length > left)
            break;
        if (id == (ipfix ? 2 : 0) || id == (ipfix ? 3 : 1)) {
            learn(sample, session, at + SET_HEADER_BYTES, length - SET_HEADER_BYTES, id == (ipfix ? 3 : 1), ipfix);
            needed = true;
        } else if (id >= 256 && find_options(sample, options_key(session, id)) != NULL) {
            needed = true;
        }
        at += length;
        left -= length;
    }
    return needed;
}

bool repeater_sample_takes(struct repeater_sample *sample, const struct weir_datagram *datagram, bool *ret_needed)
{
    *ret_needed = false;
    if (sample->one_in <= 1)
        return true;
    const uint64_t hash = hash_exporter(sample, datagram);
    struct exporter *exporter = find_exporter(sample, datagram, hash);
    *ret_needed = walk(sample, datagram, hash);
    const bool turn = exporter->count == 0;
    exporter->count = (exporter->count + 1) % sample->one_in;
    return turn || *ret_needed;
}
