/* SPDX-License-Identifier: MIT */
/* output_kind.h - what a word behind -o is */
#ifndef WEIR_CLI_OUTPUT_KIND_H
#define WEIR_CLI_OUTPUT_KIND_H

enum output_kind { OUTPUT_NONE, OUTPUT_TEXT, OUTPUT_NULL, OUTPUT_STORE, OUTPUT_JSON, OUTPUT_UDP };

/* The file, folder or target in the word is `*ret_path`, a part of it. */
enum output_kind output_kind_of(const char *output, const char **ret_path);

/* What words there are, for messages. */
#define OUTPUT_KINDS "text, null, store:FOLDER, json:FILE, udp:HOST:PORT, or a name that ends in .json, .ndjson or .gz"

#endif
