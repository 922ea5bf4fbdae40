/* SPDX-License-Identifier: MIT */
/*
 * cut.h - files that get their names together
 *
 * Where rows must not be stored twice after a kill, all files of one cut are written first, under names that tell the
 * cut and what they are to be called:
 *
 *     DIR/.writing/WRITER-cCUT~flows~date=2026-11-25~hour=13~NAME.parquet
 *
 * Then whoever has the datagrams notes that the cut is kept, and only then the files get their names. After a kill,
 * those of cuts that were noted get theirs at the next start, and the others are removed.
 */
#ifndef WEIR_STORE_CUT_H
#define WEIR_STORE_CUT_H

#include "store_error.h"

#include <stdbool.h>
#include <stdint.h>

enum { CUT_NAME_SIZE = 256 };

/* The name within DIR/.writing of what is to become DIR/PATH. False when it is too long. */
bool cut_name_format(uint32_t writer, uint64_t cut, const char *path, char name[CUT_NAME_SIZE]);

/* Back: false when the name is none of a cut. `ret_path` is where it is to be, below DIR. */
bool cut_name_parse(const char *name, uint32_t *ret_writer, uint64_t *ret_cut, char ret_path[CUT_NAME_SIZE]);

/* Gives a file its name; with `sync`, for good. 0 too where it has had it already. */
int cut_publish(const char *folder, const char *name, bool sync, struct store_error *error);

/* Gives names to the files of a writer's cuts up to this one, in the order of their commits, and removes all else that
 * the writer had under way. */
int cut_recover(const char *folder, uint32_t writer, uint64_t cut, bool sync, struct store_error *error);

#endif
