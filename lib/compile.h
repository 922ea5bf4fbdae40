/* SPDX-License-Identifier: MIT */
/*
 * compile.h - makes the layout of a template
 */
#ifndef WEIR_COMPILE_H
#define WEIR_COMPILE_H

#include "layout.h"

/*
 * Compiles a template into a block of memory. The table gives scratch, and its bounds on memory are
 * kept; the layout is not put into it. NULL with a reason when the template is refused or memory is short.
 */
struct layout *compile(struct layout_table *table, const struct specification *specification,
                       enum weir_reason *ret_reason);

/* The kernel that copies a field of a kind. */
kernel_copy *compile_kernel(enum weir_kind kind, uint32_t wire_bytes);

#endif
