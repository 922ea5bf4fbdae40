/* SPDX-License-Identifier: MIT */
/* exporters.h - weir exporters: who sends flows, and how well */
#ifndef WEIR_CLI_EXPORTERS_H
#define WEIR_CLI_EXPORTERS_H

int cmd_exporters(int argc, char **argv);

#endif
