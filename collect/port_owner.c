/* SPDX-License-Identifier: MIT */
/*
 * port_owner.c - who has a UDP port: the numbers of its sockets stand in /proc/net/udp and udp6
 *
 *       sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ...
 *      617: 00000000:0807 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 61442 ...
 *
 * and the descriptors of processes, in /proc/PID/fd, are links that name them: "socket:[61442]".
 */
#define _GNU_SOURCE
#include "port_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INODES_MAX = 64, LINE_BYTES = 512 };

struct inodes {
    unsigned long numbers[INODES_MAX];
    size_t count;
};

static void read_inodes(const char *path, uint16_t port, struct inodes *inodes)
{
    FILE *file = fopen(path, "re");
    char line[LINE_BYTES];
    while (file != NULL && fgets(line, sizeof line, file) != NULL && inodes->count < INODES_MAX) {
        unsigned local_port;
        unsigned long inode;
        if (sscanf(line, " %*u: %*[0-9A-F]:%x %*s %*s %*s %*s %*s %*u %*u %lu", &local_port, &inode) == 2 &&
            local_port == port)
            inodes->numbers[inodes->count++] = inode;
    }
    if (file != NULL)
        fclose(file);
}

static bool is_one_of(const struct inodes *inodes, const char *link)
{
    unsigned long inode;
    if (sscanf(link, "socket:[%lu]", &inode) != 1)
        return false;
    for (size_t i = 0; i < inodes->count; i++) {
        if (inodes->numbers[i] == inode)
            return true;
    }
    return false;
}

static bool has_one_of(int proc, const char *process, const struct inodes *inodes)
{
    char path[64], link[64];
    snprintf(path, sizeof path, "%.20s/fd", process);
    const int folder = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *files = folder < 0 ? NULL : fdopendir(folder);
    if (files == NULL) {
        if (folder >= 0)
            close(folder);
        return false;
    }
    bool found = false;
    for (const struct dirent *entry; !found && (entry = readdir(files)) != NULL;) {
        const ssize_t length = readlinkat(folder, entry->d_name, link, sizeof link - 1);
        link[length > 0 ? length : 0] = '\0';
        found = is_one_of(inodes, link);
    }
    closedir(files);
    return found;
}

/* A process calls itself what it likes. */
static void read_name(int proc, const char *process, char name[32])
{
    char path[64];
    snprintf(path, sizeof path, "%.20s/comm", process);
    const int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd < 0 ? 0 : read(fd, name, 31);
    if (fd >= 0)
        close(fd);
    name[length > 0 ? length : 0] = '\0';
    name[strcspn(name, "\n")] = '\0';
    for (char *p = name; *p != '\0'; p++)
        *p = isprint((unsigned char)*p) ? *p : '?';
}

pid_t port_owner(uint16_t port, char text[PORT_OWNER_TEXT_BYTES])
{
    struct inodes inodes = {.count = 0};
    text[0] = '\0';
    read_inodes("/proc/net/udp", port, &inodes);
    read_inodes("/proc/net/udp6", port, &inodes);
    DIR *processes = inodes.count > 0 ? opendir("/proc") : NULL;
    if (processes == NULL)
        return 0;
    const int proc = dirfd(processes);
    pid_t found = 0;
    for (const struct dirent *entry; found == 0 && (entry = readdir(processes)) != NULL;) {
        if (!isdigit((unsigned char)entry->d_name[0]) || !has_one_of(proc, entry->d_name, &inodes))
            continue;
        char name[32];
        read_name(proc, entry->d_name, name);
        found = (pid_t)strtol(entry->d_name, NULL, 10);
        snprintf(text, PORT_OWNER_TEXT_BYTES, "%s, process %d", name, (int)found);
    }
    closedir(processes);
    return found;
}
