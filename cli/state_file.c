/* SPDX-License-Identifier: MIT */
/*
 * state_file.c - reads and writes the file in which weir collect keeps templates
 */
#define _GNU_SOURCE
#include "state_file.h"

#include "write_all.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAVE_EACH_US = 60000000, NAME_MAX_BYTES = 200, FILE_MAX_BYTES = 1 << 30 };

static const char root_folder[] = "/var/lib/weir";

/* Makes the folder and those above it. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int result = mkdir(path, 0755);
        *slash = '/';
        if (result != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
            return -1;
    }
    struct stat is;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    if (stat(path, &is) != 0)
        return -1;
    if (!S_ISDIR(is.st_mode)) {
        errno = ENOTDIR;
        return -1;
    }
    return access(path, W_OK | X_OK);
}

/* The usual folder, or NULL with errno. systemd tells a service where to keep its state in STATE_DIRECTORY. */
static char *usual_folder(void)
{
    char *path = NULL;
    const char *told = getenv("STATE_DIRECTORY");
    if (told != NULL && told[0] == '/') {
        path = strndup(told, strcspn(told, ":"));
        if (path == NULL || make_folders(path) == 0)
            return path;
        free(path);
        return NULL;
    }
    if (geteuid() == 0) {
        path = strdup(root_folder);
        if (path == NULL || make_folders(path) == 0)
            return path;
        free(path);
    }
    const char *state_home = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int length;
    if (state_home != NULL && state_home[0] == '/')
        length = asprintf(&path, "%s/weir", state_home);
    else if (home != NULL && home[0] == '/')
        length = asprintf(&path, "%s/.local/state/weir", home);
    else {
        errno = ENOENT;
        return NULL;
    }
    if (length < 0)
        return NULL;
    if (make_folders(path) == 0)
        return path;
    const int fault = errno;
    free(path);
    errno = fault;
    return NULL;
}

/* What makes it too long counts by its sum only. */
void state_file_name(char name[STATE_FILE_NAME_SIZE], const char *const *hosts, size_t host_count,
                     const uint16_t *ports, size_t port_count)
{
    size_t length = (size_t)sprintf(name, "collect");
    uint32_t sum = 2166136261u;
    bool cut = false;
    for (size_t i = 0; i < host_count; i++) {
        cut |= length >= NAME_MAX_BYTES / 2;
        if (length < NAME_MAX_BYTES / 2)
            name[length++] = '-';
        for (const char *p = hosts[i]; *p != '\0'; p++) {
            const bool plain = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');
            sum = (sum ^ (uint8_t)*p) * 16777619u;
            cut |= length >= NAME_MAX_BYTES / 2;
            if (length < NAME_MAX_BYTES / 2)
                name[length++] = plain || *p == '.' || *p == ':' ? *p : '_';
        }
    }
    for (size_t i = 0; i < port_count; i++) {
        sum = (sum ^ ports[i]) * 16777619u;
        cut |= length >= NAME_MAX_BYTES;
        if (length < NAME_MAX_BYTES)
            length += (size_t)sprintf(name + length, "-%u", ports[i]);
    }
    if (cut)
        sprintf(name + length, "-%08x", sum);
}

static void no_folder(const char *path)
{
    fprintf(stderr,
            "weir collect: %s%scannot be used to keep templates from one run to the next: %s; --state DIR names a "
            "folder, --state none keeps nothing\n",
            path == NULL ? "the usual folder " : path, path == NULL ? "" : " ", strerror(errno));
}

int state_file_init(struct state_file *file, const char *option, const char *const *hosts, size_t host_count,
                    const uint16_t *ports, size_t port_count, uint32_t worker, int64_t now_us)
{
    char name[STATE_FILE_NAME_SIZE];
    *file = (struct state_file){.saved_us = now_us};
    if (option != NULL && strcmp(option, "none") == 0)
        return 0;
    for (size_t i = 0; i < port_count; i++) {
        if (ports[i] == 0)
            return 0;
    }
    char *folder = option == NULL ? usual_folder() : option[0] == '\0' ? NULL : strdup(option);
    if (option != NULL && option[0] == '\0')
        errno = ENOENT;
    if (folder == NULL || (option != NULL && make_folders(folder) != 0)) {
        no_folder(option);
        free(folder);
        return option == NULL ? 0 : -1;
    }
    state_file_name(name, hosts, host_count, ports, port_count);
    file->folder = folder;
    if ((worker == 0 ? asprintf(&file->path, "%s/%s.state", folder, name)
                     : asprintf(&file->path, "%s/%s.%" PRIu32 ".state", folder, name, worker)) < 0)
        file->path = NULL;
    if (file->path == NULL || asprintf(&file->path_new, "%s.new", file->path) < 0) {
        state_file_done(file);
        fputs("weir collect: not enough memory\n", stderr);
        return -1;
    }
    return 0;
}

void state_file_done(struct state_file *file)
{
    free(file->path);
    free(file->path_new);
    free(file->folder);
    free(file->data);
    *file = (struct state_file){0};
}

static int grow(struct state_file *file, size_t size_bytes)
{
    if (size_bytes <= file->data_room)
        return 0;
    uint8_t *data = realloc(file->data, size_bytes);
    if (data == NULL)
        return -1;
    file->data = data;
    file->data_room = size_bytes;
    return 0;
}

/* -------------------------------------------------------------------------------------------------- reading */

/* The file's octets in file->data. -1 with errno. */
static int read_file(struct state_file *file, size_t *ret_size)
{
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -1;
    struct stat is;
    size_t size_bytes = 0;
    int result = fstat(fd, &is);
    if (result == 0 && (!S_ISREG(is.st_mode) || is.st_size > FILE_MAX_BYTES)) {
        errno = S_ISREG(is.st_mode) ? EFBIG : EINVAL;
        result = -1;
    }
    if (result == 0)
        result = grow(file, (size_t)is.st_size + 1);
    while (result == 0 && size_bytes < (size_t)is.st_size) {
        const ssize_t got = read(fd, file->data + size_bytes, (size_t)is.st_size - size_bytes);
        if (got == 0)
            break;
        if (got > 0)
            size_bytes += (size_t)got;
        else if (errno != EINTR)
            result = -1;
    }
    const int fault = errno;
    close(fd);
    errno = fault;
    *ret_size = size_bytes;
    return result;
}

static void move_aside(struct state_file *file, const char *why, const char *suffix)
{
    char *aside = NULL;
    const bool moved = asprintf(&aside, "%s.%s", file->path, suffix) >= 0 && rename(file->path, aside) == 0;
    if (moved)
        fprintf(stderr, "weir collect: %s cannot be used: %s; it is now %s, and templates are waited for anew\n",
                file->path, why, aside);
    else
        fprintf(stderr, "weir collect: %s cannot be used: %s; templates are waited for anew\n", file->path, why);
    free(aside);
}

/* The octets in file->data; false when there are none. */
static bool read_or_move(struct state_file *file, size_t *ret_size)
{
    if (file->path == NULL)
        return false;
    if (read_file(file, ret_size) == 0)
        return true;
    if (errno != ENOENT)
        move_aside(file, strerror(errno), "damaged");
    return false;
}

static void tell_fault(struct state_file *file, enum weir_saved fault)
{
    if (fault == WEIR_SAVED_MEMORY)
        fprintf(stderr, "weir collect: %s is not used: %s; templates are waited for anew\n", file->path,
                weir_saved_text(fault));
    else if (fault != WEIR_SAVED_OK)
        move_aside(file, weir_saved_text(fault), fault == WEIR_SAVED_NEWER ? "newer" : "damaged");
}

void state_file_load(struct state_file *file, struct weir_decoder *decoder)
{
    size_t size_bytes = 0;
    if (read_or_move(file, &size_bytes))
        tell_fault(file, weir_decoder_load(decoder, file->data, size_bytes));
}

/* By way of another decoder, which leaves out the data that waited: it may have been decoded since the file was
 * written. */
void state_file_load_where(struct state_file *file, struct weir_decoder *decoder,
                           bool (*want)(void *context, const struct weir_address *address), void *context)
{
    size_t size_bytes = 0;
    if (!read_or_move(file, &size_bytes))
        return;
    struct weir_decoder *other = weir_decoder_create(NULL);
    enum weir_saved fault = other == NULL ? WEIR_SAVED_MEMORY : weir_decoder_load(other, file->data, size_bytes);
    if (fault == WEIR_SAVED_OK) {
        size_bytes = weir_decoder_save(other, NULL, 0);
        fault = grow(file, size_bytes) != 0 ? WEIR_SAVED_MEMORY : WEIR_SAVED_OK;
    }
    if (fault == WEIR_SAVED_OK) {
        weir_decoder_save(other, file->data, size_bytes);
        fault = weir_decoder_load_where(decoder, file->data, size_bytes, want, context);
        weir_decoder_pause(decoder);
    }
    weir_decoder_free(other);
    tell_fault(file, fault);
}

bool state_file_is_there(const struct state_file *file)
{
    return file->path != NULL && access(file->path, F_OK) == 0;
}

void state_file_remove(const struct state_file *file)
{
    if (file->path != NULL)
        unlink(file->path);
}

/* -------------------------------------------------------------------------------------------------- writing */

/* So that the new name outlives a loss of power; not all file systems can do that. */
static void sync_folder(const char *folder)
{
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static int replace_file(const struct state_file *file, size_t size_bytes)
{
    const int fd = open(file->path_new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    int result = write_all(fd, file->data, size_bytes);
    if (result == 0)
        result = fsync(fd);
    int fault = errno;
    if (close(fd) != 0 && result == 0) {
        result = -1;
        fault = errno;
    }
    if (result == 0 && (result = rename(file->path_new, file->path)) != 0)
        fault = errno;
    if (result != 0)
        unlink(file->path_new);
    else
        sync_folder(file->folder);
    errno = fault;
    return result;
}

void state_file_save(struct state_file *file, const struct weir_decoder *decoder)
{
    if (file->path == NULL)
        return;
    const size_t size_bytes = weir_decoder_save(decoder, NULL, 0);
    int result = grow(file, size_bytes);
    if (result == 0) {
        weir_decoder_save(decoder, file->data, size_bytes);
        result = replace_file(file, size_bytes);
    }
    if (result != 0 && !file->told)
        fprintf(stderr, "weir collect: cannot keep templates in %s: %s; the next run will wait for them anew\n",
                file->path, strerror(errno));
    file->told = result != 0;
}

void state_file_tick(struct state_file *file, const struct weir_decoder *decoder, int64_t now_us)
{
    if (now_us - file->saved_us < SAVE_EACH_US && now_us >= file->saved_us)
        return;
    file->saved_us = now_us;
    state_file_save(file, decoder);
}
