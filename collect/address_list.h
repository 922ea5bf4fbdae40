/* SPDX-License-Identifier: MIT */
/*
 * address_list.h - networks, and whether an address is in one of them
 *
 * Entries are an address, or one with the length of its network behind it: 192.0.2.7, 198.51.100.0/24, 2001:db8::/32. The
 * octets behind that length have to be 0: 192.0.2.7/24 is a mistake more often than not. Networks of IPv4 as IPv6 writes
 * them, ::ffff:192.0.2.0/120, are those of IPv4.
 */
#ifndef WEIR_COLLECT_ADDRESS_LIST_H
#define WEIR_COLLECT_ADDRESS_LIST_H

#include "sink.h"

#include <stdbool.h>
#include <stddef.h>
#include <weir/weir.h>

enum { ADDRESS_LIST_MAX = 4096, ADDRESS_LIST_ENTRY_BYTES = 49 /* of the longest entry, without the NUL */ };

struct address_list;

/* From entries, up to ADDRESS_LIST_MAX. NULL with `error` filled, which names the entry that is none. */
struct address_list *address_list_create(const char *const *entries, size_t count, struct sink_error *error);

/* One more who has it, and is to free it: the last one does. From any thread. Returns the list. */
struct address_list *address_list_hold(struct address_list *list);

/* NULL is fine. */
void address_list_free(struct address_list *list);

/* In about 20 ns with 4,096 entries; from any thread. An address of no family is in no list. */
bool address_list_has(const struct address_list *list, const struct weir_address *address);

#endif
