/* SPDX-License-Identifier: MIT */
/*
 * process_metrics.c - what every program tells Prometheus of itself, from proc(5)
 */
#define _GNU_SOURCE
#include "process_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* When the machine was started, seconds since 1970. */
static bool find_boot_time(uint64_t *ret_s)
{
    char line[256];
    bool found = false;
    FILE *file = fopen("/proc/stat", "re");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = sscanf(line, "btime %" SCNu64, ret_s) == 1;
    if (file != NULL)
        fclose(file);
    return found;
}

/* Fields 22 to 24 of /proc/self/stat; a name with any characters stands in brackets before them. */
static void put_stat(struct metric_text *text)
{
    char line[1024];
    uint64_t start_ticks, virtual_bytes, boot_s;
    int64_t resident_pages;
    FILE *file = fopen("/proc/self/stat", "re");
    const char *rest = file != NULL && fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    if (file != NULL)
        fclose(file);
    if (rest == NULL || sscanf(rest + 1,
                               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d"
                               " %" SCNu64 " %" SCNu64 " %" SCNd64,
                               &start_ticks, &virtual_bytes, &resident_pages) != 3)
        return;
    metric_gauge(text, "process_virtual_memory_bytes", "Virtual memory", virtual_bytes);
    metric_gauge(text, "process_resident_memory_bytes", "Resident memory",
                 (uint64_t)resident_pages * (uint64_t)sysconf(_SC_PAGESIZE));
    if (find_boot_time(&boot_s)) {
        metric_begin(text, "process_start_time_seconds", METRIC_GAUGE, "When the process started, seconds since 1970");
        metric_real(text, "process_start_time_seconds", NULL,
                    (double)boot_s + (double)start_ticks / (double)sysconf(_SC_CLK_TCK));
    }
}

static void put_descriptors(struct metric_text *text)
{
    struct rlimit limit;
    uint64_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    if (folder != NULL) {
        for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
            count += entry->d_name[0] != '.';
        closedir(folder);
        metric_gauge(text, "process_open_fds", "Open file descriptors", count - 1); /* but the one that looked */
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_gauge(text, "process_max_fds", "File descriptors that may be open", limit.rlim_cur);
}

void process_metrics_put(struct metric_text *text)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        metric_begin(text, "process_cpu_seconds_total", METRIC_COUNTER, "Time of processors, of user and system");
        metric_real(text, "process_cpu_seconds_total", NULL,
                    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                        (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6);
    }
    put_stat(text);
    put_descriptors(text);
}
