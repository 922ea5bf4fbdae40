/* SPDX-License-Identifier: MIT */
/*
 * exit_code.h - what the program ends with: 0 done (EXIT_SUCCESS), 1 failed (EXIT_FAILURE), 2 wrong usage
 */
#ifndef WEIR_CLI_EXIT_CODE_H
#define WEIR_CLI_EXIT_CODE_H

#include <stdlib.h>

enum { EXIT_USAGE = 2 };

#endif
