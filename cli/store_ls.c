/* SPDX-License-Identifier: MIT */
/*
 * store_ls.c - weir store ls: what there is in a store
 */
#define _GNU_SOURCE
#include "exit_code.h"
#include "file_reader.h"
#include "plural.h"
#include "segment_list.h"
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What is told of an hour, or of all. */
struct line {
    uint64_t files, rows, bytes;
    int64_t first_s, last_s;
    uint32_t writers[64]; /* some of them: enough to count a few */
    uint32_t writer_count;
    unsigned tier_least, tier_greatest;
};

static int failed(const struct store_error *error)
{
    fprintf(stderr, "weir store: %s\n", error->text);
    return EXIT_FAILURE;
}

static void add_writer(struct line *line, uint32_t writer)
{
    for (uint32_t i = 0; i < line->writer_count; i++) {
        if (line->writers[i] == writer)
            return;
    }
    if (line->writer_count < sizeof line->writers / sizeof line->writers[0])
        line->writers[line->writer_count++] = writer;
}

static void add(struct line *line, const struct segment_file *file, uint64_t rows)
{
    const struct segment_name *name = &file->name;
    if (line->files == 0)
        *line = (struct line){.first_s = name->first_s, .last_s = name->last_s, .tier_least = name->tier,
                              .tier_greatest = name->tier};
    line->files++;
    line->rows += rows;
    line->bytes += file->size_bytes;
    line->first_s = name->first_s < line->first_s ? name->first_s : line->first_s;
    line->last_s = name->last_s > line->last_s ? name->last_s : line->last_s;
    line->tier_least = name->tier < line->tier_least ? name->tier : line->tier_least;
    line->tier_greatest = name->tier > line->tier_greatest ? name->tier : line->tier_greatest;
    add_writer(line, name->writer);
}

static void format_time(int64_t time_s, char text[32])
{
    const time_t time = (time_t)time_s;
    struct tm parts;
    if (gmtime_r(&time, &parts) == NULL || strftime(text, 32, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        text[0] = '\0';
}

static void print_line(const char *title, const struct line *line)
{
    char first[32], last[32], tiers[32];
    format_time(line->first_s, first);
    format_time(line->last_s, last);
    if (line->tier_least == line->tier_greatest)
        snprintf(tiers, sizeof tiers, "%u", line->tier_least);
    else
        snprintf(tiers, sizeof tiers, "%u-%u", line->tier_least, line->tier_greatest);
    printf("%-13s %6" PRIu64 " %13" PRIu64 " %15" PRIu64 "  %-19s  %-19s %8u %6s\n", title, line->files, line->rows,
           line->bytes, first, last, line->writer_count, tiers);
}

static void print_hour(int64_t hour_s, const struct line *line)
{
    char text[32];
    format_time(hour_s, text);
    text[13] = '\0'; /* the date and the hour */
    print_line(text, line);
}

/* How many rows a file has; what cannot be read has none, and is told. */
static uint64_t count_rows(const char *path, bool *damaged)
{
    struct file_reader file;
    struct store_error error;
    if (file_reader_open(&file, path, &error) != 0) {
        fprintf(stderr, "weir store: %s\n", error.text);
        *damaged = true;
        return 0;
    }
    const uint64_t rows = file.row_count;
    file_reader_close(&file);
    return rows;
}

static void print_table(const struct segment_files *files, bool *damaged)
{
    struct line hour = {0}, all = {0};
    printf("%-13s %6s %13s %15s  %-19s  %-19s %8s %6s\n", "date, hour", "files", "flows", "bytes", "from (UTC)",
           "to (UTC)", "writers", "tiers");
    for (uint32_t i = 0; i < files->count; i++) {
        const struct segment_file *file = &files->files[i];
        const uint64_t rows = count_rows(file->path, damaged);
        add(&hour, file, rows);
        add(&all, file, rows);
        if (i + 1 == files->count || files->files[i + 1].hour_s != file->hour_s) {
            print_hour(file->hour_s, &hour);
            hour.files = 0;
        }
    }
    if (all.files > 0)
        print_line("all", &all);
}

static uint64_t total_bytes(const struct segment_files *files)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < files->count; i++)
        bytes += files->files[i].size_bytes;
    return bytes;
}

static int list_table(const struct store_settings *settings)
{
    bool damaged = false;
    for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++) {
        struct segment_list list = {0};
        struct store_error error;
        if (segment_list_read(&list, settings->folder, (enum segment_kind)kind, NULL, NULL, NULL, &error) != 0) {
            segment_list_done(&list);
            return failed(&error);
        }
        if (kind == SEGMENT_FLOWS)
            print_table(&list.current, &damaged);
        else if (list.current.count > 0)
            printf("%s: %u file%s, %" PRIu64 " bytes\n", segment_kind_name((enum segment_kind)kind), list.current.count,
                   plural(list.current.count), total_bytes(&list.current));
        if (list.obsolete.count > 0)
            printf("%s, merged and to be removed: %u file%s, %" PRIu64 " bytes\n",
                   segment_kind_name((enum segment_kind)kind), list.obsolete.count, plural(list.obsolete.count),
                   total_bytes(&list.obsolete));
        segment_list_done(&list);
    }
    return damaged ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int list_files(const struct store_settings *settings)
{
    const struct segment_window window = {.hour_from_s = INT64_MIN, .from_s = settings->from_us / 1000000,
                                          .to_s = settings->to_us / 1000000 + (settings->to_us % 1000000 != 0)};
    struct segment_list list = {0};
    struct store_error error;
    const int result = segment_list_read(&list, settings->folder, (enum segment_kind)settings->kind,
                                         settings->has_window ? &window : NULL, NULL, NULL, &error);
    for (uint32_t i = 0; i < list.current.count && result == 0; i++)
        puts(list.current.files[i].path);
    segment_list_done(&list);
    return result == 0 ? EXIT_SUCCESS : failed(&error);
}

int store_ls(const struct store_settings *settings)
{
    const int code = settings->files ? list_files(settings) : list_table(settings);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("weir store: cannot write to standard output");
    return EXIT_FAILURE;
}
