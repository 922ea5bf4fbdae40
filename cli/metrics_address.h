/* SPDX-License-Identifier: MIT */
/* metrics_address.h - "[ADDRESS:]PORT", as --metrics has it; an IPv6 address stands in brackets */
#ifndef WEIR_CLI_METRICS_ADDRESS_H
#define WEIR_CLI_METRICS_ADDRESS_H

enum { METRICS_HOST_SIZE = 256, METRICS_PORT_SIZE = 8 };

/* The host is "" where there is none. 0, or -1 when the text is none such. */
int metrics_address_parse(const char *text, char ret_host[METRICS_HOST_SIZE], char ret_port[METRICS_PORT_SIZE]);

#endif
