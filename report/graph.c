/* SPDX-License-Identifier: MIT */
/*
 * graph.c - bytes over time, stacked by service, drawn with characters
 *
 * A character cell is cut into eight levels. With colour and UTF-8 a cell shows two of them exactly: a block that
 * fills its lower part in one colour on a ground of another. Without, each service has a character of its own.
 */
#define _GNU_SOURCE
#include "graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"
#include "series.h"

#define ROWS 14
#define LEVELS 8
#define BANDS_MAX 7 /* six services and the others */
#define COLUMNS_MAX 240
#define AXIS_WIDTH 12 /* "  12.50M/s |" */
#define NOTHING (-1)
#define DAY_US ((int64_t)86400 * 1000000)

struct graph {
    const struct services *services;
    struct series *series;
};

/* What is drawn: the plot's columns of time, and how they are cut into bands. */
struct plot {
    const struct series *series;   /* one of the two */
    const struct graph_bins *bins;
    const struct terminal *terminal;
    FILE *out;
    int bands[BANDS_MAX]; /* slot of each, the last may stand for several */
    int band_count;
    int slots[SERIES_SLOTS];
    int slot_count;
    int columns; /* of time */
    int repeat;  /* characters of a column */
    double start_us, column_us;
    double top; /* bytes a second at the upper end */
    double rates[COLUMNS_MAX][BANDS_MAX]; /* bytes a second */
    int levels[COLUMNS_MAX][BANDS_MAX];   /* where each band ends, from below */
};

struct graph *graph_create(const struct services *services)
{
    struct graph *graph = calloc(1, sizeof *graph);
    if (graph == NULL)
        return NULL;
    graph->services = services;
    graph->series = series_create();
    if (graph->series == NULL) {
        free(graph);
        return NULL;
    }
    return graph;
}

void graph_free(struct graph *graph)
{
    if (graph == NULL)
        return;
    series_free(graph->series);
    free(graph);
}

static void add_flow(struct graph *graph, const char *label, const struct flow *flow)
{
    int64_t end_us = flow->ended_us;
    /* An exporter without a clock lives in 1970: what is a day off is not believed. */
    if (end_us < flow->received_us - DAY_US || end_us > flow->received_us + DAY_US)
        end_us = flow->received_us;
    int64_t duration_us = flow_duration_ms(flow) * 1000;
    if (duration_us > DAY_US)
        duration_us = DAY_US;
    series_add(graph->series, label, end_us - duration_us, end_us, (double)flow->bytes);
}

void graph_add(struct graph *graph, const struct connection *connection)
{
    char label[SERVICE_TEXT_SIZE];
    services_label(graph->services, connection, label);
    add_flow(graph, label, &connection->from);
    if (connection->paired)
        add_flow(graph, label, &connection->to);
}

/* ------------------------------------------------------------------------------------------------------- scales */

/* The shortest round duration that is not below this one. */
static double round_duration_us(double duration_us)
{
    static const double steps_s[] = {0.1,  0.2,  0.3,  0.5,  1,    1.5,  2,    3,    4,     5,     6,     8,
                                     10,   12,   15,   20,   30,   40,   60,   90,   120,   180,   240,   300,
                                     360,  480,  600,  720,  900,  1200, 1800, 2400, 3600,  5400,  7200,  10800,
                                     14400, 21600, 28800, 43200};
    for (size_t i = 0; i < sizeof steps_s / sizeof steps_s[0]; i++)
        if (steps_s[i] * 1e6 >= duration_us)
            return steps_s[i] * 1e6;
    return ceil(duration_us / (double)DAY_US) * (double)DAY_US;
}

/* The smallest round number that is not below this one, or by so little that nobody sees it. */
static double round_top(double value, double kilo)
{
    static const double steps[] = {1,  1.5, 2,  2.5, 3,   4,   5,   6,   7,   8,   10,  12,  15,  20,  25,  30,
                                   40, 50,  60, 70,  80,  100, 120, 150, 200, 250, 300, 400, 500, 600, 700, 800};
    double unit = 1;
    while (value / unit > kilo)
        unit *= kilo;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] * unit * 1.005 >= value)
            return steps[i] * unit;
    return kilo * unit;
}

static void choose_columns(struct plot *plot)
{
    const struct series *series = plot->series;
    int room = plot->terminal->width - AXIS_WIDTH - 1;
    if (room > COLUMNS_MAX)
        room = COLUMNS_MAX;
    double span_us = (double)(series->last_us - series->first_us);
    plot->column_us = round_duration_us(span_us / room);
    for (;;) { /* starting on a round time may take one column more */
        plot->start_us = floor((double)series->first_us / plot->column_us) * plot->column_us;
        plot->columns = (int)(((double)series->last_us - plot->start_us) / plot->column_us) + 1;
        if (plot->columns <= room)
            break;
        plot->column_us = round_duration_us(plot->column_us * 1.01);
    }
    plot->repeat = room / plot->columns;
    if (plot->repeat > 8)
        plot->repeat = 8;
}

/* A column is as many whole steps as it takes. */
static void choose_columns_of_bins(struct plot *plot)
{
    const struct graph_bins *bins = plot->bins;
    int room = plot->terminal->width - AXIS_WIDTH - 1;
    if (room > COLUMNS_MAX)
        room = COLUMNS_MAX;
    const size_t steps = (bins->count + (size_t)room - 1) / (size_t)room;
    plot->column_us = (double)bins->step_us * (double)steps;
    plot->columns = (int)((bins->count + steps - 1) / steps);
    plot->repeat = room / plot->columns;
    if (plot->repeat > 8)
        plot->repeat = 8;
}

static double band_rate_of_bins(const struct plot *plot, int band, int column)
{
    const struct graph_bins *bins = plot->bins;
    const size_t steps = (size_t)(plot->column_us / (double)bins->step_us + 0.5), first = (size_t)column * steps;
    double sum = 0;
    for (size_t step = first; step < first + steps && step < bins->count; step++)
        sum += bins->amounts[(size_t)plot->bands[band] * bins->count + step];
    return sum / (plot->column_us / 1e6);
}

static double band_rate(const struct plot *plot, int band, int column)
{
    if (plot->bins != NULL)
        return band_rate_of_bins(plot, band, column);
    double from_us = plot->start_us + column * plot->column_us, to_us = from_us + plot->column_us;
    double sum = 0;
    if (band < BANDS_MAX - 1)
        sum = series_sum(plot->series, plot->bands[band], from_us, to_us);
    else { /* all others, and what never had a slot */
        for (int s = BANDS_MAX - 1; s < plot->slot_count; s++)
            sum += series_sum(plot->series, plot->slots[s], from_us, to_us);
        sum += series_sum(plot->series, SERIES_SLOTS - 1, from_us, to_us);
    }
    return sum / (plot->column_us / 1e6);
}

/* The others are the last band, the colour of which is theirs. */
static void choose_bands_of_bins(struct plot *plot)
{
    for (int band = 0; band < BANDS_MAX; band++)
        plot->bands[band] = band + 1 < (int)plot->bins->band_count ? band : NOTHING;
    plot->bands[BANDS_MAX - 1] = (int)plot->bins->band_count - 1;
    plot->band_count = BANDS_MAX;
}

static void choose_bands(struct plot *plot)
{
    plot->slot_count = series_top(plot->series, plot->slots);
    for (int i = 0; i < plot->slot_count && i < BANDS_MAX - 1; i++)
        plot->bands[plot->band_count++] = plot->slots[i];
    /* The last band is always there; it is empty where there are few services. */
    while (plot->band_count < BANDS_MAX - 1)
        plot->bands[plot->band_count++] = NOTHING;
    plot->bands[plot->band_count++] = SERIES_SLOTS - 1;
}

static void measure(struct plot *plot)
{
    double(*rates)[BANDS_MAX] = plot->rates;
    double highest = 0;
    for (int c = 0; c < plot->columns; c++) {
        double sum = 0;
        for (int b = 0; b < BANDS_MAX; b++) {
            rates[c][b] = plot->bands[b] == NOTHING ? 0 : band_rate(plot, b, c);
            sum += rates[c][b];
        }
        highest = sum > highest ? sum : highest;
    }
    plot->top = round_top(highest, plot->bins == NULL ? 1024 : 1000);
    for (int c = 0; c < plot->columns; c++) {
        double sum = 0;
        for (int b = 0; b < BANDS_MAX; b++) {
            sum += rates[c][b];
            plot->levels[c][b] = (int)(sum / plot->top * (ROWS * LEVELS) + 0.5);
            if (plot->levels[c][b] == 0 && sum > 0)
                plot->levels[c][b] = 1;
            if (plot->levels[c][b] > ROWS * LEVELS)
                plot->levels[c][b] = ROWS * LEVELS;
        }
    }
}

/* ------------------------------------------------------------------------------------------------------ drawing */

static const int palette[BANDS_MAX] = {39, 208, 77, 199, 220, 51, 245}; /* of 256 colours */
static const char *const fills_utf8[BANDS_MAX] = {"█", "░", "▒", "o", "+", "x", "·"};
static const char *const fills_ascii[BANDS_MAX] = {"#", "=", "o", "+", ":", "x", "."};

static const char *fill_of(const struct plot *plot, int band)
{
    if (plot->terminal->colour && plot->terminal->utf8)
        return "█";
    return plot->terminal->utf8 ? fills_utf8[band] : fills_ascii[band];
}

/* A run of levels within a cell that show the same. */
struct run {
    int band;
    int length;
};

/* Cuts a cell into runs from below. Returns how many. */
static int cell_runs(const struct plot *plot, int column, int row, struct run runs[LEVELS])
{
    int count = 0;
    for (int level = row * LEVELS; level < (row + 1) * LEVELS; level++) {
        int band = 0;
        while (band < BANDS_MAX && plot->levels[column][band] <= level)
            band++;
        if (band == BANDS_MAX)
            band = NOTHING;
        if (count > 0 && runs[count - 1].band == band)
            runs[count - 1].length++;
        else
            runs[count++] = (struct run){band, 1};
    }
    return count;
}

/* The smallest run goes to its larger neighbour. */
static int merge_smallest(struct run *runs, int count)
{
    int smallest = 0;
    for (int i = 1; i < count; i++)
        if (runs[i].length < runs[smallest].length)
            smallest = i;
    int left = smallest > 0 ? runs[smallest - 1].length : -1;
    int right = smallest + 1 < count ? runs[smallest + 1].length : -1;
    runs[left >= right ? smallest - 1 : smallest + 1].length += runs[smallest].length;
    memmove(&runs[smallest], &runs[smallest + 1], (size_t)(count - smallest - 1) * sizeof *runs);
    return count - 1;
}

static void draw_cell_coloured(const struct plot *plot, int column, int row)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    struct run runs[LEVELS];
    int count = cell_runs(plot, column, row, runs);
    while (count > 2)
        count = merge_smallest(runs, count);
    if (runs[0].band == NOTHING) {
        fprintf(plot->out, "%*s", plot->repeat, "");
        return;
    }
    fprintf(plot->out, "\033[38;5;%dm", palette[runs[0].band]);
    if (count == 2 && runs[1].band != NOTHING)
        fprintf(plot->out, "\033[48;5;%dm", palette[runs[1].band]);
    for (int i = 0; i < plot->repeat; i++)
        fputs(blocks[runs[0].length], plot->out);
    fputs("\033[0m", plot->out);
}

static void draw_cell_plain(const struct plot *plot, int column, int row)
{
    struct run runs[LEVELS];
    int count = cell_runs(plot, column, row, runs);
    int largest = 0;
    for (int i = 1; i < count; i++)
        if (runs[i].length > runs[largest].length)
            largest = i;
    int band = runs[largest].band;
    if (band == NOTHING && row == 0)
        band = runs[0].band; /* little traffic is not none */
    bool coloured = band != NOTHING && plot->terminal->colour;
    if (coloured)
        fprintf(plot->out, "\033[38;5;%dm", palette[band]);
    for (int i = 0; i < plot->repeat; i++)
        fputs(band == NOTHING ? " " : fill_of(plot, band), plot->out);
    if (coloured)
        fputs("\033[0m", plot->out);
}

static const char *size_text(const struct plot *plot, double amount, char text[FORMAT_TEXT_SIZE])
{
    if (plot->bins == NULL)
        return format_size(amount < 1.8e19 ? (uint64_t)(amount + 0.5) : UINT64_MAX, text);
    return format_amount(amount, text);
}

static void draw_rows(const struct plot *plot)
{
    char size[FORMAT_TEXT_SIZE], label[FORMAT_TEXT_SIZE + 2];
    for (int row = ROWS - 1; row >= 0; row--) {
        int tick = (row + 1) % (ROWS / 2) == 0 || row + 1 == ROWS;
        label[0] = '\0';
        if (tick)
            snprintf(label, sizeof label, "%s/s", size_text(plot, plot->top * (row + 1) / ROWS, size));
        fprintf(plot->out, "%*s %s", AXIS_WIDTH - 2, label,
                plot->terminal->utf8 ? (tick ? "┤" : "│") : (tick ? "+" : "|"));
        for (int column = 0; column < plot->columns; column++) {
            if (plot->terminal->colour && plot->terminal->utf8)
                draw_cell_coloured(plot, column, row);
            else
                draw_cell_plain(plot, column, row);
        }
        fputc('\n', plot->out);
    }
}

/* When a column begins. */
static time_t second_of(const struct plot *plot, int column)
{
    if (plot->bins == NULL)
        return (time_t)((plot->start_us + column * plot->column_us) / 1e6);
    const size_t steps = (size_t)(plot->column_us / (double)plot->bins->step_us + 0.5);
    return (time_t)(plot->bins->moments[(size_t)column * steps] / 1000000);
}

static void draw_time_axis(const struct plot *plot)
{
    double span_us = plot->column_us * plot->columns;
    const char *form = span_us > 2.0 * (double)DAY_US ? "%m-%d %H:%M" : plot->column_us < 30e6 ? "%H:%M:%S" : "%H:%M";
    int label_width = span_us > 2.0 * (double)DAY_US ? 11 : plot->column_us < 30e6 ? 8 : 5;
    int width = plot->columns * plot->repeat;
    int every = (label_width + 6 + plot->repeat - 1) / plot->repeat; /* columns from label to label */
    char labels[COLUMNS_MAX + 32];

    memset(labels, ' ', sizeof labels);
    fprintf(plot->out, "%*s%s", AXIS_WIDTH - 1, "0 ", plot->terminal->utf8 ? "┼" : "+");
    for (int i = 0; i < width; i++) {
        bool tick = i % (every * plot->repeat) == 0;
        fputs(plot->terminal->utf8 ? (tick ? "┬" : "─") : (tick ? "+" : "-"), plot->out);
        if (!tick || (i + label_width > width + 6 && i > 0))
            continue;
        time_t when = second_of(plot, i / plot->repeat);
        struct tm local;
        char text[32];
        if (localtime_r(&when, &local) != NULL && strftime(text, sizeof text, form, &local) > 0)
            memcpy(labels + i, text, strlen(text));
    }
    int length = (int)sizeof labels;
    while (length > 0 && labels[length - 1] == ' ')
        length--;
    fprintf(plot->out, "\n%*s%.*s\n", AXIS_WIDTH, "", length, labels);
}

/* What a band is called, and comes to; NULL where there is none. */
static const char *band_label(const struct plot *plot, int band, double *ret_total)
{
    double total = 0;
    if (plot->bands[band] == NOTHING)
        return NULL;
    if (plot->bins != NULL) {
        for (size_t step = 0; step < plot->bins->count; step++)
            total += plot->bins->amounts[(size_t)plot->bands[band] * plot->bins->count + step];
        *ret_total = total;
        return plot->bins->labels[plot->bands[band]];
    }
    total = plot->series->slots[plot->bands[band]].total;
    for (int s = BANDS_MAX - 1; band == BANDS_MAX - 1 && s < plot->slot_count; s++)
        total += plot->series->slots[plot->slots[s]].total;
    *ret_total = total;
    return band == BANDS_MAX - 1 ? "other" : plot->series->slots[plot->bands[band]].label;
}

static void draw_legend(const struct plot *plot)
{
    char size[FORMAT_TEXT_SIZE];
    int line = AXIS_WIDTH;

    fprintf(plot->out, "\n%*s", AXIS_WIDTH, "");
    for (int b = 0; b < BANDS_MAX; b++) {
        double total = 0;
        const char *label = band_label(plot, b, &total);
        if (label == NULL || !(total > 0))
            continue;
        size_text(plot, total, size);
        int width = (int)(strlen(label) + strlen(size)) + 6;
        if (line + width > plot->terminal->width && line > AXIS_WIDTH) {
            fprintf(plot->out, "\n%*s", AXIS_WIDTH, "");
            line = AXIS_WIDTH;
        }
        if (plot->terminal->colour)
            fprintf(plot->out, "\033[38;5;%dm%s\033[0m %s %s   ", palette[b], fill_of(plot, b), label, size);
        else
            fprintf(plot->out, "%s %s %s   ", fill_of(plot, b), label, size);
        line += width;
    }
    fputc('\n', plot->out);
}

static void draw(struct plot *plot, const char *title, int64_t first_us, int64_t last_us)
{
    char first[FORMAT_TEXT_SIZE], last[FORMAT_TEXT_SIZE];
    measure(plot);
    fprintf(plot->out, "%s%s%s\n%s to %s, a column is ", plot->terminal->colour ? "\033[1m" : "", title,
            plot->terminal->colour ? "\033[0m" : "", format_time(first_us, first), format_time(last_us, last));
    double column_s = plot->column_us / 1e6;
    if (column_s < 60)
        fprintf(plot->out, "%g s\n\n", column_s);
    else if (column_s < 3600)
        fprintf(plot->out, "%g min\n\n", column_s / 60);
    else
        fprintf(plot->out, "%g h\n\n", column_s / 3600);
    draw_rows(plot);
    draw_time_axis(plot);
    draw_legend(plot);
}

void graph_print(const struct graph *graph, FILE *out, const struct terminal *terminal)
{
    if (!graph->series->any) {
        fputs("No flows, nothing to draw.\n", out);
        return;
    }
    struct plot *plot = calloc(1, sizeof *plot);
    if (plot == NULL)
        return;
    plot->series = graph->series;
    plot->terminal = terminal;
    plot->out = out;
    choose_bands(plot);
    choose_columns(plot);
    draw(plot, "Bytes per second by service", graph->series->first_us, graph->series->last_us);
    free(plot);
}

void graph_bins_print(const struct graph_bins *bins, FILE *out, const struct terminal *terminal)
{
    if (bins->count == 0) {
        fputs("No flows, nothing to draw.\n", out);
        return;
    }
    struct plot *plot = calloc(1, sizeof *plot);
    if (plot == NULL)
        return;
    plot->bins = bins;
    plot->terminal = terminal;
    plot->out = out;
    choose_bands_of_bins(plot);
    choose_columns_of_bins(plot);
    draw(plot, bins->title, bins->moments[0], bins->moments[bins->count]);
    free(plot);
}
