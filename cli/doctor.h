/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - weir doctor: what is wrong with this machine, or with the store, and what to do
 */
#ifndef WEIR_CLI_DOCTOR_H
#define WEIR_CLI_DOCTOR_H

/* argv[0] is the subcommand's name. Returns the exit code: 1 where something is bad. */
int cmd_doctor(int argc, char **argv);

#endif
