/* SPDX-License-Identifier: MIT */
/* terminal.c - what the place that a report is written to can show */
#define _GNU_SOURCE
#include "terminal.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 100
#define WIDTH_MIN 40
#define WIDTH_MAX 240

void terminal_init(struct terminal *terminal, int fd)
{
    const char *columns = getenv("COLUMNS");
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    bool is_terminal = isatty(fd) == 1;
    struct winsize size;

    terminal->width = WIDTH_DEFAULT;
    if (is_terminal && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        terminal->width = size.ws_col;
    else if (columns != NULL && atoi(columns) > 0)
        terminal->width = atoi(columns);
    if (terminal->width < WIDTH_MIN)
        terminal->width = WIDTH_MIN;
    if (terminal->width > WIDTH_MAX)
        terminal->width = WIDTH_MAX;
    terminal->colour = is_terminal && (no_color == NULL || no_color[0] == '\0') &&
                       (term == NULL || strcmp(term, "dumb") != 0);
    terminal->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void terminal_bar(const struct terminal *terminal, double value, double largest, int width, char *text)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    double share = largest > 0 ? value / largest : 0;
    if (!(share > 0))
        share = 0;
    if (share > 1)
        share = 1;
    int parts = (int)(share * width * 8 + 0.5);
    if (parts == 0 && value > 0)
        parts = 1;
    *text = '\0';
    if (!terminal->utf8) {
        int length = (parts + 7) / 8;
        memset(text, '#', (size_t)length);
        text[length] = '\0';
        return;
    }
    for (int i = 0; i < parts / 8; i++)
        text = stpcpy(text, "█");
    strcpy(text, eighths[parts % 8]);
}
