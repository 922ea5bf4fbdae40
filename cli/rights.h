/* SPDX-License-Identifier: MIT */
/*
 * rights.h - what a collector gives up as soon as it does not need it any more
 *
 *     rights_take_user()   before anything is opened: with --user, the identity of that user. Of root's capabilities
 *                          those stay that sockets need: ports below 1024, large buffers, devices, raw sockets
 *     ...                  journals and sockets are opened
 *     rights_drop()        all capabilities, for good; nothing that is executed can get any; new files are not for
 *                          others
 *     ...                  outputs are opened, threads started
 *
 * Capabilities belong to threads: no thread may be there before rights_drop().
 */
#ifndef WEIR_CLI_RIGHTS_H
#define WEIR_CLI_RIGHTS_H

#include "sink.h"

#include <stdbool.h>

/*
 * Becomes the user; NULL for `name` changes nothing. Folders that root has by default for state and journal are made
 * for him when they are not there, and told to what looks for them in STATE_DIRECTORY and RUNTIME_DIRECTORY, as systemd
 * does. -1 with `error` filled; with `ret_usage`, when there is no such user, or when only root could do it.
 */
int rights_take_user(const char *name, bool *ret_usage, struct sink_error *error);

/* The same, to look what he may: makes no folders. A process that is not root's stays as it is. -1 with
 * `error` filled. */
int rights_try_user(const char *name, struct sink_error *error);

/* -1 with `error` filled, when not all can be given up. Warns of a process that stays root. */
int rights_drop(void (*warn)(void *context, const char *text), void *context, struct sink_error *error);

/*
 * Whether the folder, or the one that it would be made in, can be written to, and so can what is in it, as far as it is
 * a folder (`inside`, for a store) or a file (for state and journal); others need not be. -1 with `error` filled, which
 * says what helps.
 */
enum rights_inside { RIGHTS_NOTHING, RIGHTS_FOLDERS, RIGHTS_FILES };
int rights_check_folder(const char *folder, const char *what, enum rights_inside inside, struct sink_error *error);

/* Whether files can be kept there by anybody: /proc and /sys are the kernel's own. */
bool rights_keeps_files(const char *folder);

#endif
