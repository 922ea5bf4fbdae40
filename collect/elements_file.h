/* SPDX-License-Identifier: MIT */
/*
 * elements_file.h - elements that a user adds, as lines of a CSV file
 *
 *     # what our probe exports
 *     pen,id,name,type
 *     99999,7,clientAddress,ipv4Address
 *
 * The line of titles may be left out; empty lines and those that begin with '#' are. Types are as IANA writes them.
 */
#ifndef WEIR_COLLECT_ELEMENTS_FILE_H
#define WEIR_COLLECT_ELEMENTS_FILE_H

#include "sink.h"

#include <stdio.h>
#include <weir/weir.h>

/* Adds the elements of a file to a decoder. -1, with file and line in `error`, at the first line that is wrong; those
 * before it are added then. */
int elements_file_load(const char *path, struct weir_decoder *decoder, struct sink_error *error);

/* The same from a stream, which stays open; `name` is for messages. */
int elements_file_read(FILE *stream, const char *name, struct weir_decoder *decoder, struct sink_error *error);

#endif
