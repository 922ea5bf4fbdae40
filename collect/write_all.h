/* SPDX-License-Identifier: MIT */
/* write_all.h - all octets to a file, however few write(2) takes at once */
#ifndef WEIR_COLLECT_WRITE_ALL_H
#define WEIR_COLLECT_WRITE_ALL_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -1 with errno: then some of it may be written. */
int write_all(int fd, const uint8_t *data, size_t size_bytes);

#endif
