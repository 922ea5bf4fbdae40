/* SPDX-License-Identifier: MIT */
/*
 * top.h - weir top: what most of the traffic of a store is
 */
#ifndef WEIR_CLI_TOP_H
#define WEIR_CLI_TOP_H

int cmd_top(int argc, char **argv);

#endif
