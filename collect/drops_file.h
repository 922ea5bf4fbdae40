/* SPDX-License-Identifier: MIT */
/*
 * drops_file.h - up to where drops of sockets that outlive the process are told, in a file beside the journal
 *
 * The journal knows that after a kill. One whose datagrams are all kept is removed, and leaves this file instead: the next
 * process then tells of what was dropped between the two, and nothing twice. In the machine's own form, PATH.drops.
 */
#ifndef WEIR_COLLECT_DROPS_FILE_H
#define WEIR_COLLECT_DROPS_FILE_H

#include "journal.h"

/* What is noted of sockets; sums are told by who writes this. -1 with errno, and then there is no file. */
int drops_file_write(const char *path, const struct journal_drops *drops);

/* Takes it, with sums of 0, and removes the file. False where there is none that is whole. */
bool drops_file_take(const char *path, struct journal_drops *ret_drops);

#endif
