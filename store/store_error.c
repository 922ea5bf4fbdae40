/* SPDX-License-Identifier: MIT */
/*
 * store_error.c - what went wrong, for people
 */
#define _GNU_SOURCE
#include "store_error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int store_error_set(struct store_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->number = 0;
    return -1;
}

int store_error_system(struct store_error *error, const char *format, ...)
{
    const int number = errno;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    const size_t length = strlen(error->text);
    snprintf(error->text + length, sizeof error->text - length, ": %s", strerrordesc_np(number));
    error->number = number;
    return -1;
}
