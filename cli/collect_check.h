/* SPDX-License-Identifier: MIT */
/* collect_check.h - weir collect --check */
#ifndef WEIR_CLI_COLLECT_CHECK_H
#define WEIR_CLI_COLLECT_CHECK_H

#include "collect_options.h"

/* Looks whether outputs, folders and files can be as they are set, without opening or making any; tells all that
 * cannot, or that all is fine. Returns the exit code. */
int collect_check(const struct collect_options *options);

#endif
