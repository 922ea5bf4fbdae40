/* SPDX-License-Identifier: MIT */
/*
 * graph_command.h - weir graph: the traffic of a store over time
 */
#ifndef WEIR_CLI_GRAPH_COMMAND_H
#define WEIR_CLI_GRAPH_COMMAND_H

int cmd_graph(int argc, char **argv);

#endif
