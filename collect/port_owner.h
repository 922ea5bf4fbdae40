/* SPDX-License-Identifier: MIT */
/*
 * port_owner.h - who has a UDP port of this machine
 */
#ifndef WEIR_COLLECT_PORT_OWNER_H
#define WEIR_COLLECT_PORT_OWNER_H

#include <stdint.h>
#include <sys/types.h>

enum { PORT_OWNER_TEXT_BYTES = 80 };

/*
 * Finds a process that has a socket on the port, on whatever address; where there are several, one of them. Returns
 * its number and writes "softflowd, process 4711". 0, and an empty text, when nobody has it, or it is somebody else's
 * process, whose files only root sees. It looks through /proc, which takes milliseconds.
 */
pid_t port_owner(uint16_t port, char text[PORT_OWNER_TEXT_BYTES]);

#endif
