/* SPDX-License-Identifier: MIT */
/*
 * sql_shell.h - the shell of weir sql
 */
#ifndef WEIR_CLI_SQL_SHELL_H
#define WEIR_CLI_SQL_SHELL_H

#include "sql_run.h"

/* Reads statements from the terminal and runs them until the input ends. Returns the program's exit code. */
int sql_shell(struct sql_run *run);

#endif
