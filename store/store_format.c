/* SPDX-License-Identifier: MIT */
/* store_format.c - of which format a store is, and each of its files */
#define _GNU_SOURCE
#include "store_format.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NOTE_NAME_MAX = 32 };

static const char marker_text[] = STORE_FORMAT "\n";

static int marker_path(const char *folder, char path[PATH_MAX], struct store_error *error)
{
    if (snprintf(path, PATH_MAX, "%s/.format", folder) < PATH_MAX)
        return 0;
    return store_error_set(error, "the name of the store %.64s... is too long", folder);
}

/* 1 where it was read, 0 where there is none, -1. */
static int read_marker(const char *folder, const char *path, struct store_error *error)
{
    char text[FILE_FORMAT_SIZE] = "";
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : store_error_system(error, "cannot open %s", path);
    const ssize_t got = read(fd, text, sizeof text - 1);
    const int number = errno;
    close(fd);
    errno = number;
    if (got < 0)
        return store_error_system(error, "cannot read %s", path);
    text[strcspn(text, "\n")] = '\0';
    if (strcmp(text, STORE_FORMAT) == 0)
        return 1;
    if (text[0] == '\0' || text[strspn(text, "0123456789")] != '\0')
        return store_error_set(error,
                               "%s does not tell the format of the store; this version of Weir writes '" STORE_FORMAT
                                      "' there", path);
    store_error_set(error, "the store %.256s is of format %s, which a later version of Weir made; this one knows "
                           "" STORE_FORMAT
                           ": use that version, or another folder", folder, text);
    error->number = ENOTSUP;
    return -1;
}

int store_format_check(const char *folder, struct store_error *error)
{
    char path[PATH_MAX];
    return marker_path(folder, path, error) != 0 || read_marker(folder, path, error) < 0 ? -1 : 0;
}

/* Made beside it and renamed: nobody reads half of it. Two that do so at once write the same. */
void store_format_mark(const char *folder)
{
    char path[PATH_MAX], temporary[PATH_MAX + 32];
    struct store_error error;
    if (marker_path(folder, path, &error) != 0 || read_marker(folder, path, &error) != 0)
        return;
    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    const int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return;
    const ssize_t written = write(fd, marker_text, sizeof marker_text - 1);
    close(fd);
    if (written != (ssize_t)sizeof marker_text - 1 || rename(temporary, path) != 0)
        unlink(temporary);
}

/* ------------------------------------------------------------------------------------------------------------ files */

/* Texts stand behind their length: the key, then the value, with the octet of a field before each. The notes come
 * behind all that is told of columns, where texts of others are, so the last place counts. */
const uint8_t *file_note_find(const uint8_t *tail, size_t size_bytes, const char *name)
{
    char key[NOTE_NAME_MAX + 3];
    const uint8_t *found = NULL, *end = tail + size_bytes;
    assert(strlen(name) <= NOTE_NAME_MAX);
    const size_t key_bytes = (size_t)snprintf(key, sizeof key, "%c%s\x18", (int)strlen(name), name);
    for (const uint8_t *at = tail; (at = memmem(at, (size_t)(end - at), key, key_bytes)) != NULL; at += key_bytes)
        found = at + key_bytes;
    return found == NULL || found == end || *found > end - found - 1 || *found > 127 ? NULL : found;
}

bool file_format_find(const uint8_t *tail, size_t size_bytes, char format[FILE_FORMAT_SIZE])
{
    const uint8_t *found = file_note_find(tail, size_bytes, "weir.format");
    if (found == NULL)
        return false;
    const size_t length = *found < FILE_FORMAT_SIZE - 1 ? *found : FILE_FORMAT_SIZE - 1;
    for (size_t i = 0; i < length; i++)
        format[i] = found[1 + i] >= ' ' && found[1 + i] < 127 ? (char)found[1 + i] : '?';
    format[length] = '\0';
    return true;
}

int file_format_unknown(const char *path, const char *format, struct store_error *error)
{
    store_error_set(error, "%s is of format %s, which a later version of Weir wrote; this one knows " FILE_FORMAT
                           ": use that version for it", path, format);
    error->number = ENOTSUP;
    return -1;
}
