/* SPDX-License-Identifier: MIT */
/*
 * decode.h - weir decode: every record of a capture as a line of JSON
 */
#ifndef WEIR_CLI_DECODE_H
#define WEIR_CLI_DECODE_H

/* argv[0] is the subcommand's name. Returns the exit code. */
int cmd_decode(int argc, char **argv);

#endif
