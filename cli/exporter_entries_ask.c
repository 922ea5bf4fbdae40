/* SPDX-License-Identifier: MIT */
/*
 * exporter_entries_ask.c - exporters from a running collector, by its socket (control_server.h)
 *
 * Who answers is not trusted more than any input: what it sends is bounded in size and time, and checked.
 */
#define _GNU_SOURCE
#include "exporter_entries.h"

#include "control_place.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_S = 20, PIECE_BYTES = 65536, ANSWER_MAX_BYTES = 128 << 20 };

struct answer {
    char *data;
    size_t size_bytes, room_bytes;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int make_room(struct answer *answer)
{
    if (answer->room_bytes - answer->size_bytes > PIECE_BYTES)
        return 0;
    if (answer->size_bytes > ANSWER_MAX_BYTES) {
        errno = EMSGSIZE;
        return -1;
    }
    const size_t room = answer->room_bytes * 2 + 2 * PIECE_BYTES;
    char *grown = realloc(answer->data, room);
    if (grown == NULL)
        return -1;
    answer->data = grown;
    answer->room_bytes = room;
    return 0;
}

static int read_answer(int fd, struct answer *answer)
{
    const int64_t until_ms = monotonic_ms() + ANSWER_S * 1000;
    for (;;) {
        struct pollfd poll_for = {.fd = fd, .events = POLLIN};
        const int64_t left_ms = until_ms - monotonic_ms();
        const int count = left_ms <= 0 ? 0 : poll(&poll_for, 1, (int)left_ms);
        if (count == 0)
            errno = ETIMEDOUT;
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0 || make_room(answer) != 0)
            return -1;
        const ssize_t more = recv(fd, answer->data + answer->size_bytes, PIECE_BYTES, 0);
        if (more == 0)
            return 0;
        if (more < 0 && errno != EINTR)
            return -1;
        answer->size_bytes += more < 0 ? 0 : (size_t)more;
    }
}

static int talk(const char *path, struct answer *answer)
{
    static const char request[] = "exporters\n";
    struct sockaddr_un address;
    if (control_place_address(path, &address) != 0)
        return -1;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)&address, sizeof address);
    if (result == 0 && send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        result = -1;
    if (result == 0)
        result = read_answer(fd, answer);
    const int number = errno;
    if (fd >= 0)
        close(fd);
    errno = number;
    return result;
}

/* ---------------------------------------------------------------------------------------------------------- reading */

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* A time in seconds; 0 stands for none. */
static double seconds_of(const json_t *object, const char *key)
{
    const double time_us = number_of(object, key);
    return time_us > 0 ? time_us * 1e-6 : NAN;
}

static double unless_0(double number)
{
    return number > 0 ? number : NAN;
}

static void fill(struct exporter_entry *entry, const json_t *object, double now_s)
{
    const double first_s = seconds_of(object, "first_us"), last_s = seconds_of(object, "last_us");
    const double flows = number_of(object, "flows"), span_s = last_s - first_s;
    entry->domain = number_of(object, "domain");
    entry->version = unless_0(number_of(object, "version"));
    entry->unheard = number_of(object, "version") == 0;
    entry->last_seen_s = last_s;
    entry->datagrams = number_of(object, "datagrams");
    entry->flows = flows;
    entry->flows_per_s = span_s >= 1 ? flows / span_s : NAN;
    entry->loss_percent =
        exporter_entries_loss(entry->datagrams, number_of(object, "lost"), flows + number_of(object, "options"),
                              number_of(object, "lost_records"));
    entry->refused = number_of(object, "datagrams_refused");
    entry->skipped = number_of(object, "sets_skipped") + number_of(object, "sets_given_up");
    entry->templates = number_of(object, "templates");
    entry->sampling_rate = unless_0(number_of(object, "sampling_rate"));
    entry->clock_skew_s = seconds_of(object, "exported_us") - last_s;
    entry->waiting = number_of(object, "sets_waiting");
    entry->oldest_template_s = now_s - seconds_of(object, "template_oldest_us");
}

static int add_row(struct exporter_entries *entries, const json_t *object, const char *path, double now_s)
{
    struct exporter_entry entry = {.trouble = 0};
    const char *exporter = json_string_value(json_object_get(object, "exporter"));
    const char *name = strrchr(path, '/');
    if (exporter == NULL)
        return 0;
    exporter_entries_text(entry.collector, sizeof entry.collector, name == NULL ? path : name + 1);
    char *end = strstr(entry.collector, ".sock");
    if (end != NULL && end > entry.collector)
        *end = '\0';
    exporter_entries_text(entry.exporter, sizeof entry.exporter, exporter);
    fill(&entry, object, now_s);
    return exporter_entries_add(entries, &entry, now_s);
}

static void tell_account(const json_t *head, char account[EXPORTER_TEXT_SIZE])
{
    const struct exporter_account is = {.received = number_of(head, "received"),
                                        .dropped_kernel = number_of(head, "dropped_kernel"),
                                        .dropped_journal = number_of(head, "dropped_journal"),
                                        .refused = number_of(head, "datagrams_refused"),
                                        .not_allowed = number_of(head, "not_allowed"),
                                        .cut_off = number_of(head, "cut_off")};
    exporter_entries_account(&is, account);
}

/* That it has more of them than it tells one by one. */
static void tell_left_out(const json_t *end, char account[EXPORTER_TEXT_SIZE])
{
    const double left_out = number_of(end, "left_out");
    const size_t length = strlen(account);
    if (left_out > 0)
        snprintf(account + length, EXPORTER_TEXT_SIZE - length, "; %.0f more exporters are not shown", left_out);
}

/* Line by line; what has no end was cut off. */
static int take_lines(struct exporter_entries *entries, char *text, const char *path, char account[EXPORTER_TEXT_SIZE],
                      char error[EXPORTER_TEXT_SIZE])
{
    double now_s = NAN;
    bool has_end = false;
    int result = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && result == 0; line = strtok_r(NULL, "\n", &rest)) {
        json_t *object = json_loads(line, 0, NULL);
        if (isnan(now_s)) {
            now_s = seconds_of(object, "now_us");
            tell_account(object, account);
            if (number_of(object, "protocol") != 1 || isnan(now_s))
                result = -1;
        } else if (json_object_get(object, "end") != NULL) {
            has_end = true;
            tell_left_out(object, account);
        } else if (object == NULL || add_row(entries, object, path, now_s) != 0) {
            result = -1;
        }
        json_decref(object);
    }
    if (result == 0 && has_end)
        return 0;
    snprintf(error, EXPORTER_TEXT_SIZE, "what answers at %.300s is no collector of this version", path);
    return -1;
}

int exporter_entries_ask(struct exporter_entries *entries, const char *path, char ret_account[EXPORTER_TEXT_SIZE],
                         char error[EXPORTER_TEXT_SIZE])
{
    struct answer answer = {0};
    ret_account[0] = '\0';
    int result = talk(path, &answer);
    if (result != 0) {
        result = errno == ECONNREFUSED ? 1 : -1;
        snprintf(error, EXPORTER_TEXT_SIZE, "cannot ask the collector at %.300s: %s", path,
                 result == 1 ? "it has ended" : strerror(errno));
    } else if (answer.size_bytes == 0 || memchr(answer.data, '\0', answer.size_bytes) != NULL) {
        snprintf(error, EXPORTER_TEXT_SIZE, "what answers at %.300s is no collector of this version", path);
        result = -1;
    } else {
        answer.data[answer.size_bytes] = '\0'; /* there is room for a piece more */
        result = take_lines(entries, answer.data, path, ret_account, error);
    }
    free(answer.data);
    return result;
}
