/* SPDX-License-Identifier: MIT */
/*
 * decoder_options.h - what the command line says of decoding, the same for all commands that decode
 */
#ifndef WEIR_CLI_DECODER_OPTIONS_H
#define WEIR_CLI_DECODER_OPTIONS_H

#include <weir/weir.h>

/* Take the value of --template-lifetime, and of --sampling-rate. NULL, or what is wrong with it: the begin of a
 * sentence that the value ends. `options` is then untouched. */
const char *decoder_options_lifetime(struct weir_options *options, const char *value);
const char *decoder_options_sampling_rate(struct weir_options *options, const char *value);

#endif
