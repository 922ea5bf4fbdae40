/* SPDX-License-Identifier: MIT */
/*
 * fuzz_address_list.c - lines that are to be networks; those that are taken have their own first address in them
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address_list.h"
#include "require.h"

enum { LINES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of just its size, for the sanitizer. */
static char *copy_line(const uint8_t *data, size_t size)
{
    char *line = malloc(size + 1);
    require(line != NULL);
    memcpy(line, data, size);
    line[size] = '\0';
    return line;
}

static void check(const struct address_list *list, const char *entry)
{
    char host[INET6_ADDRSTRLEN] = "";
    struct weir_address address = {.family = 4};
    strncat(host, entry, strcspn(entry, "/") < sizeof host - 1 ? strcspn(entry, "/") : sizeof host - 1);
    if (inet_pton(AF_INET, host, address.octets) != 1) {
        address.family = 6;
        require(inet_pton(AF_INET6, host, address.octets) == 1);
        static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
        if (memcmp(address.octets, mapped, sizeof mapped) == 0)
            return; /* it may be one of IPv4 */
    }
    require(address_list_has(list, &address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *lines[LINES_MAX] = {NULL};
    size_t count = 0;
    while (size > 0 && count < LINES_MAX) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t length = end == NULL ? size : (size_t)(end - data);
        lines[count++] = copy_line(data, length);
        data += end == NULL ? size : length + 1;
        size -= end == NULL ? size : length + 1;
    }
    struct sink_error error = {0};
    struct address_list *list = address_list_create((const char *const *)lines, count, &error);
    require((list == NULL) == (error.text[0] != '\0'));
    for (size_t i = 0; i < count && list != NULL; i++)
        check(list, lines[i]);
    address_list_free(list);
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    return 0;
}
