/* SPDX-License-Identifier: MIT */
/*
 * flows.h - weir flows: the flows of a store, one by one
 */
#ifndef WEIR_CLI_FLOWS_H
#define WEIR_CLI_FLOWS_H

int cmd_flows(int argc, char **argv);

#endif
