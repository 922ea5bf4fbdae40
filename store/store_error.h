/* SPDX-License-Identifier: MIT */
/*
 * store_error.h - what went wrong, for people
 */
#ifndef WEIR_STORE_STORE_ERROR_H
#define WEIR_STORE_STORE_ERROR_H

/* A sentence: "cannot write /var/lib/weir/...: No space left on device". */
struct store_error {
    char text[512];
    int number; /* errno, or 0 */
};

/* Fills `error` from a format and returns -1. store_error_system() adds ": " and what errno means. */
__attribute__((format(printf, 2, 3))) int store_error_set(struct store_error *error, const char *format, ...);
__attribute__((format(printf, 2, 3))) int store_error_system(struct store_error *error, const char *format, ...);

#endif
