/* SPDX-License-Identifier: MIT */
/*
 * control_place.h - where the sockets of running collectors are
 */
#ifndef WEIR_CLI_CONTROL_PLACE_H
#define WEIR_CLI_CONTROL_PLACE_H

#include <stddef.h>
#include <sys/un.h>

enum { CONTROL_PLACES_MAX = 64 };

/* The address of a socket at a path: 0, or -1 with errno where the path is too long for one. */
int control_place_address(const char *path, struct sockaddr_un *ret_address);

/* The paths of what is named NAME.sock in the folders where collectors have their journals unless told otherwise, in
 * order; each to be freed. Returns how many, CONTROL_PLACES_MAX at the most. */
size_t control_place_find(char *ret_paths[CONTROL_PLACES_MAX]);

#endif
