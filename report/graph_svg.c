/* SPDX-License-Identifier: MIT */
/* graph_svg.c - amounts over time as a picture: stacked areas, one for each band */
#define _GNU_SOURCE
#include "graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format.h"

enum { WIDTH = 960, HEIGHT = 420, LEFT = 80, RIGHT = 20, TOP = 50, BOTTOM = 90, TICKS_Y = 4, TICKS_X = 8 };

static const char *const colours[GRAPH_BINS_BANDS_MAX] = {"#0093c7", "#f08020", "#4caf50", "#d6409f",
                                                          "#d9b400", "#18a999", "#8f8f8f"};

/* Labels come from the network: what XML, or a reader of it, takes for more than text is replaced. */
static void print_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '<' || c == '>' || c == '&' || c == '"' || c == '\'')
            fprintf(out, "&#%d;", c);
        else
            fputc(c >= ' ' && c <= '~' ? c : '?', out);
    }
}

static double amount_at(const struct graph_bins *bins, size_t band, size_t step)
{
    return bins->amounts[band * bins->count + step] / ((double)bins->step_us / 1e6);
}

/* The least of 1, 2, 2.5, 5 times a power that is not below. */
static double round_up(double value)
{
    static const double steps[] = {1, 2, 2.5, 4, 5, 8, 10, 20, 25, 40, 50, 80, 100, 200, 250, 400, 500, 800};
    double unit = 1;
    while (value / unit > 1000)
        unit *= 1000;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (steps[i] * unit >= value)
            return steps[i] * unit;
    }
    return 1000 * unit;
}

static double highest(const struct graph_bins *bins)
{
    double most = 0;
    for (size_t step = 0; step < bins->count; step++) {
        double sum = 0;
        for (size_t band = 0; band < bins->band_count; band++)
            sum += amount_at(bins, band, step);
        most = sum > most ? sum : most;
    }
    return most;
}

static double x_of(const struct graph_bins *bins, size_t step)
{
    return LEFT + (double)(WIDTH - LEFT - RIGHT) * (double)step / (double)bins->count;
}

static double y_of(double amount, double top)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (top > 0 ? amount / top : 0);
}

/* A step is as wide as it is long: the edge goes along the tops of all, and back along those of the bands below. */
static void print_band(FILE *out, const struct graph_bins *bins, size_t band, double *below, double top, int colour)
{
    fprintf(out, "<path fill=\"%s\" d=\"", colours[colour]);
    for (size_t step = 0; step < bins->count; step++) {
        const double y = y_of(below[step] + amount_at(bins, band, step), top);
        fprintf(out, "%c%.1f %.1fH%.1f", step == 0 ? 'M' : 'L', x_of(bins, step), y, x_of(bins, step + 1));
    }
    for (size_t step = bins->count; step-- > 0;) {
        fprintf(out, "L%.1f %.1fH%.1f", x_of(bins, step + 1), y_of(below[step], top), x_of(bins, step));
        below[step] += amount_at(bins, band, step);
    }
    fputs("Z\"/>\n", out);
}

static void print_axes(FILE *out, const struct graph_bins *bins, double top)
{
    char text[FORMAT_TEXT_SIZE];
    const double span_s = (double)bins->step_us / 1e6 * (double)bins->count;
    const char *form = span_s > 2 * 86400 ? "%m-%d %H:%M" : span_s < 600 ? "%H:%M:%S" : "%H:%M";
    for (int tick = 0; tick <= TICKS_Y; tick++) {
        const double amount = top * tick / TICKS_Y, y = y_of(amount, top);
        format_amount(amount, text);
        fprintf(out, "<path stroke=\"#8888\" d=\"M%d %.1fH%d\"/>"
                     "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s/s</text>\n",
                LEFT, y, WIDTH - RIGHT, LEFT - 6, y + 4, text);
    }
    const size_t every = bins->count / TICKS_X + 1;
    for (size_t step = 0; step < bins->count; step += every) {
        const time_t when = (time_t)(bins->moments[step] / 1000000);
        struct tm local;
        char label[32];
        if (localtime_r(&when, &local) == NULL || strftime(label, sizeof label, form, &local) == 0)
            continue;
        fprintf(out, "<path stroke=\"#888\" d=\"M%.1f %dv5\"/>"
                     "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                x_of(bins, step), HEIGHT - BOTTOM, x_of(bins, step), HEIGHT - BOTTOM + 18, label);
    }
}

static void print_legend(FILE *out, const struct graph_bins *bins)
{
    char text[FORMAT_TEXT_SIZE];
    const int per_row = 4, wide = (WIDTH - LEFT - RIGHT) / per_row;
    int place = 0;
    for (size_t band = 0; band < bins->band_count; band++) {
        const int colour = band + 1 == bins->band_count ? GRAPH_BINS_BANDS_MAX - 1 : (int)band;
        double total = 0;
        for (size_t step = 0; step < bins->count; step++)
            total += bins->amounts[band * bins->count + step];
        if (!(total > 0))
            continue;
        format_amount(total, text);
        const int x = LEFT + place % per_row * wide, y = HEIGHT - BOTTOM + 44 + place / per_row * 20;
        fprintf(out, "<rect x=\"%d\" y=\"%d\" width=\"12\" height=\"12\" fill=\"%s\"/><text x=\"%d\" y=\"%d\">", x,
                y - 10, colours[colour], x + 18, y);
        print_text(out, bins->labels[band]);
        fprintf(out, " %s</text>\n", text);
        place++;
    }
}

void graph_bins_print_svg(const struct graph_bins *bins, FILE *out)
{
    char first[FORMAT_TEXT_SIZE], last[FORMAT_TEXT_SIZE];
    double *below = calloc(bins->count + 1, sizeof *below);
    if (below == NULL)
        return;
    fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
                 "font-size=\"12\" fill=\"currentColor\">\n<text x=\"%d\" y=\"20\" font-size=\"15\">",
            WIDTH, HEIGHT, LEFT);
    print_text(out, bins->title);
    fprintf(out, "</text>\n<text x=\"%d\" y=\"38\">", LEFT);
    if (bins->count > 0)
        fprintf(out, "%s to %s, steps of %g s", format_time(bins->moments[0], first),
                format_time(bins->moments[bins->count], last), (double)bins->step_us / 1e6);
    else
        fputs("No flows, nothing to draw.", out);
    fputs("</text>\n", out);
    if (bins->count > 0) {
        const double top = round_up(highest(bins));
        for (size_t band = 0; band < bins->band_count; band++)
            print_band(out, bins, band, below, top,
                       band + 1 == bins->band_count ? GRAPH_BINS_BANDS_MAX - 1 : (int)band);
        print_axes(out, bins, top);
        print_legend(out, bins);
    }
    fputs("</svg>\n", out);
    free(below);
}
