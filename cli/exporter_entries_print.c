/* SPDX-License-Identifier: MIT */
/*
 * exporter_entries_print.c - exporters as a table for people, as JSON, as CSV
 */
#define _GNU_SOURCE
#include "exporter_entries.h"

#include "format.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CELL_SIZE = 80 };

static const char *const trouble_words[EXPORTER_TROUBLE_COUNT] = {
    [EXPORTER_LOSS] = "loss",     [EXPORTER_REFUSED] = "refused", [EXPORTER_SKIPPED] = "skipped",
    [EXPORTER_WAITING] = "waiting", [EXPORTER_CLOCK] = "clock",     [EXPORTER_SILENT] = "silent",
    [EXPORTER_TEMPLATE] = "template",
};

enum form { FORM_TEXT, FORM_NUMBER, FORM_COUNT, FORM_TIME, FORM_AGE, FORM_SKEW, FORM_RATE, FORM_PERCENT, FORM_TROUBLE };

/* The columns: of JSON and CSV by their name, of the table by their title; NULL: not in it. */
static const struct column {
    const char *name, *title;
    enum form form;
    size_t offset;
    int decimals; /* of JSON and CSV */
} columns[] = {
#define OF(member) offsetof(struct exporter_entry, member)
    {"collector", NULL, FORM_TEXT, OF(collector), 0},
    {"exporter", "exporter", FORM_TEXT, OF(exporter), 0},
    {"domain", "domain", FORM_NUMBER, OF(domain), 0},
    {"version", "version", FORM_NUMBER, OF(version), 0},
    {"last_seen", "last seen", FORM_TIME, OF(last_seen_s), 3},
    {"datagrams", "datagrams", FORM_COUNT, OF(datagrams), 0},
    {"flows", "flows", FORM_COUNT, OF(flows), 0},
    {"flows_per_second", "flows/s", FORM_RATE, OF(flows_per_s), 3},
    {"loss_percent", "loss", FORM_PERCENT, OF(loss_percent), 3},
    {"refused", "refused", FORM_COUNT, OF(refused), 0},
    {"sets_skipped", "skipped", FORM_COUNT, OF(skipped), 0},
    {"templates", "templates", FORM_COUNT, OF(templates), 0},
    {"sampling_rate", "sampling", FORM_COUNT, OF(sampling_rate), 0},
    {"clock_skew_seconds", "clock", FORM_SKEW, OF(clock_skew_s), 0},
    {"sets_waiting", "waiting", FORM_COUNT, OF(waiting), 0},
    {"oldest_template_seconds", "oldest", FORM_AGE, OF(oldest_template_s), 0},
    {"trouble", "trouble", FORM_TROUBLE, OF(trouble), 0},
#undef OF
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

static double number_of(const struct exporter_entry *entry, const struct column *column)
{
    return *(const double *)((const char *)entry + column->offset);
}

static const char *trouble_text(const struct exporter_entry *entry, char text[CELL_SIZE])
{
    text[0] = '\0';
    for (int i = 0; i < EXPORTER_TROUBLE_COUNT; i++) {
        if ((entry->trouble >> i & 1) != 0)
            snprintf(text + strlen(text), CELL_SIZE - strlen(text), "%s%s", text[0] == '\0' ? "" : " ",
                     trouble_words[i]);
    }
    return text;
}

/* ----------------------------------------------------------------------------------------------------- for programs */

static void put_number(const struct exporter_entry *entry, const struct column *column, const char *unknown)
{
    const double number = number_of(entry, column);
    if (isfinite(number))
        printf("%.*f", column->decimals, fabs(number) < 0.0005 || (column->decimals == 0 &&
                                                                   fabs(number) < 0.5) ? 0 : number);
    else
        fputs(unknown, stdout);
}

static void print_json(const struct exporter_entries *entries)
{
    char text[CELL_SIZE];
    for (size_t i = 0; i < entries->count; i++) {
        const struct exporter_entry *entry = &entries->entries[i];
        for (size_t k = 0; k < COLUMN_COUNT; k++) {
            printf("%s\"%s\":", k > 0 ? "," : i > 0 ? ",\n{" : "[\n{", columns[k].name);
            if (columns[k].form == FORM_TEXT)
                printf("\"%s\"", (const char *)entry + columns[k].offset);
            else if (columns[k].form == FORM_TROUBLE)
                printf("\"%s\"", trouble_text(entry, text));
            else
                put_number(entry, &columns[k], "null");
        }
        putchar('}');
    }
    puts(entries->count > 0 ? "\n]" : "[]");
}

static void print_csv(const struct exporter_entries *entries)
{
    char text[CELL_SIZE];
    for (size_t k = 0; k < COLUMN_COUNT; k++)
        printf("%s%s", k > 0 ? "," : "", columns[k].name);
    putchar('\n');
    for (size_t i = 0; i < entries->count; i++) {
        const struct exporter_entry *entry = &entries->entries[i];
        for (size_t k = 0; k < COLUMN_COUNT; k++) {
            if (k > 0)
                putchar(',');
            if (columns[k].form == FORM_TEXT)
                fputs((const char *)entry + columns[k].offset, stdout);
            else if (columns[k].form == FORM_TROUBLE)
                fputs(trouble_text(entry, text), stdout);
            else
                put_number(entry, &columns[k], "");
        }
        putchar('\n');
    }
}

/* ------------------------------------------------------------------------------------------------------- for people */

static void format_span(double seconds, const char *sign, char text[CELL_SIZE])
{
    static const struct {
        double least, unit;
        const char *name;
    } units[] = {{172800, 86400, "d"}, {7200, 3600, "h"}, {120, 60, "min"}, {0, 1, "s"}};
    size_t i = 0;
    while (seconds < units[i].least)
        i++;
    snprintf(text, CELL_SIZE, "%s%.0f %s", sign, seconds / units[i].unit, units[i].name);
}

static void format_cell(const struct exporter_entry *entry, const struct column *column, char text[CELL_SIZE])
{
    const double number = column->form == FORM_TEXT || column->form == FORM_TROUBLE ? 0 : number_of(entry, column);
    char part[FORMAT_TEXT_SIZE];
    if (!isfinite(number) || fabs(number) > 1e18)
        snprintf(text, CELL_SIZE, "-");
    else if (column->form == FORM_TEXT)
        snprintf(text, CELL_SIZE, "%s", (const char *)entry + column->offset);
    else if (column->form == FORM_TROUBLE)
        trouble_text(entry, text);
    else if (column->form == FORM_NUMBER)
        snprintf(text, CELL_SIZE, "%.0f", number);
    else if (column->form == FORM_COUNT)
        snprintf(text, CELL_SIZE, "%s", format_count((uint64_t)fmax(number, 0), part));
    else if (column->form == FORM_TIME)
        snprintf(text, CELL_SIZE, "%s", fabs(number) < 1e11 ? format_time((int64_t)(number * 1e6), part) : "-");
    else if (column->form == FORM_PERCENT)
        snprintf(text, CELL_SIZE, number > 0 && number < 0.01 ? "<0.01%%" : "%.2f%%", number);
    else if (column->form == FORM_RATE)
        snprintf(text, CELL_SIZE, "%.1f", number);
    else if (column->form == FORM_SKEW && fabs(number) < 2)
        snprintf(text, CELL_SIZE, "0 s"); /* headers tell whole seconds */
    else
        format_span(fabs(number), column->form == FORM_AGE ? "" : number < 0 ? "-" : "+", text);
}

static void put_cells(const int widths[COLUMN_COUNT], const struct exporter_entry *entry)
{
    char text[CELL_SIZE];
    bool is_first = true;
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        const bool is_left = columns[k].form == FORM_TEXT;
        if (columns[k].title == NULL)
            continue;
        if (entry == NULL)
            snprintf(text, sizeof text, "%s", columns[k].title);
        else
            format_cell(entry, &columns[k], text);
        if (text[0] == '\0')
            continue; /* no trouble, which is the last */
        const int width = columns[k].form == FORM_TROUBLE ? 0 : is_left ? -widths[k] : widths[k];
        printf("%s%*s", is_first ? "" : "  ", width, text);
        is_first = false;
    }
    putchar('\n');
}

static void print_table(const struct exporter_entries *entries)
{
    int widths[COLUMN_COUNT];
    char text[CELL_SIZE];
    bool several = false;
    for (size_t k = 0; k < COLUMN_COUNT; k++) {
        widths[k] = columns[k].title == NULL ? 0 : (int)strlen(columns[k].title);
        for (size_t i = 0; i < entries->count; i++) {
            format_cell(&entries->entries[i], &columns[k], text);
            widths[k] = (int)strlen(text) > widths[k] ? (int)strlen(text) : widths[k];
            several |= strcmp(entries->entries[i].collector, entries->entries[0].collector) != 0;
        }
    }
    for (size_t i = 0; i < entries->count; i++) {
        const bool begins = i == 0 || strcmp(entries->entries[i].collector, entries->entries[i - 1].collector) != 0;
        if (begins && several)
            printf("%s%s\n", i > 0 ? "\n" : "", entries->entries[i].collector);
        if (begins)
            put_cells(widths, NULL);
        put_cells(widths, &entries->entries[i]);
    }
}

static int by_interest(const void *a, const void *b)
{
    const struct exporter_entry *left = a, *right = b;
    int order = strcmp(left->collector, right->collector);
    if (order == 0)
        order = (left->trouble == 0) - (right->trouble == 0);
    if (order == 0)
        order = (left->datagrams < right->datagrams) - (left->datagrams > right->datagrams);
    if (order == 0)
        order = strcmp(left->exporter, right->exporter);
    return order != 0 ? order : (left->domain > right->domain) - (left->domain < right->domain);
}

int exporter_entries_print(struct exporter_entries *entries, enum exporter_format format)
{
    if (entries->count > 0)
        qsort(entries->entries, entries->count, sizeof *entries->entries, by_interest);
    if (format == EXPORTERS_JSON)
        print_json(entries);
    else if (format == EXPORTERS_CSV)
        print_csv(entries);
    else
        print_table(entries);
    errno = 0;
    return fflush(stdout) != 0 || ferror(stdout) ? -1 : 0;
}
