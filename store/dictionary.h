/* SPDX-License-Identifier: MIT */
/*
 * dictionary.h - the different items of a column, and for each item which one it is
 *
 * Numbers that lie close together are counted in a table with a place for each; others, and octets, are looked for in a
 * hash table. A dictionary from a table is in ascending order, but that the most frequent numbers stand first: their
 * indices are small, which what packs them afterwards makes use of.
 */
#ifndef WEIR_STORE_DICTIONARY_H
#define WEIR_STORE_DICTIONARY_H

#include "octet_buffer.h"
#include "values.h"

struct dictionary {
    uint32_t *codes;   /* of each item: index of its entry; with has_places where the table has that index */
    uint32_t *entries; /* of each entry: an item that has it; of a table's unused */
    uint64_t *numbers; /* of each entry, where it came from a table; else what is looked for */
    uint32_t *table;
    struct dictionary_slot *slots; /* of a hash table of numbers */
    uint32_t *starts; /* of variable items: where each begins, in octets */
    uint32_t count;   /* entries */
    uint32_t item_capacity, table_capacity, slot_capacity, entry_capacity;
    bool from_table, has_places;
    uint64_t seed; /* of the hash, which peers do not know; 0: none yet */
    double entropy_bits; /* of an item, from a table; else 0 */
};

/* A dictionary of zeros is empty. */
void dictionary_done(struct dictionary *dictionary);

enum dictionary_result { DICTIONARY_MADE, DICTIONARY_NOT, DICTIONARY_MEMORY };

/* From numbers between `least` and `greatest`. NOT: they lie too far apart. `is_time`: they may all be whole
 * milliseconds or seconds. */
enum dictionary_result dictionary_count(struct dictionary *dictionary, const struct store_values *values,
                                        bool is_signed, bool is_time, int64_t least, int64_t greatest);

/* The codes of items from `first` on; where they are not there yet they are made in `room`. NULL without memory. */
const uint32_t *dictionary_codes(const struct dictionary *dictionary, uint32_t first, uint32_t count,
                                 struct octet_buffer *room);

/* From any items. NOT: there are more than `count_max` different ones, or they are 4 GiB or more. */
enum dictionary_result dictionary_hash(struct dictionary *dictionary, const struct store_values *values,
                                       uint32_t count_max);

/* The same from numbers, which is faster. */
enum dictionary_result dictionary_hash_numbers(struct dictionary *dictionary, const struct store_values *values,
                                               uint32_t count_max);

/* Numbers a dictionary of hashed numbers anew: the more frequent ones first, those about as frequent ascending. What
 * compresses indices and entries gains by it. 0, or -1 without memory. */
int dictionary_order(struct dictionary *dictionary, const struct store_values *values, bool is_signed);

/* How many of `sample` items, spread over all of them, are different, as a share of them. `sample` is at most 4096. */
double dictionary_sample(const struct store_values *values, uint32_t sample);

#endif
