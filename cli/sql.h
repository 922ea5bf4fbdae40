/* SPDX-License-Identifier: MIT */
/*
 * sql.h - weir sql: SQL over a store, a statement or a shell
 */
#ifndef WEIR_CLI_SQL_H
#define WEIR_CLI_SQL_H

int cmd_sql(int argc, char **argv);

#endif
