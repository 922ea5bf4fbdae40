/* SPDX-License-Identifier: MIT */
/*
 * log.c - the messages of a program that runs all the time
 *
 * stderr becomes a stream of our own, as the C library allows (fopencookie(3); stderr is a variable of glibc). So
 * whoever writes to it needs to know nothing, and lines of several threads do not mix.
 */
#define _GNU_SOURCE
#include "log.h"

#include "utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PRIORITY_ERROR = 3, PRIORITY_WARNING, PRIORITY_NOTICE, PRIORITY_INFO };
enum { LINE_SIZE = 4096, KINDS = 256, MINUTE_S = 60 };

/* Lines that differ in their numbers alone. Two whose sums meet in one place share its room: the later one begins
 * anew. */
struct kind {
    uint64_t sum;
    int64_t begin_s; /* of the minute, monotonic */
    uint32_t count, left_out;
    char text[120];  /* how the line that was left out last begins */
};

static struct {
    FILE *before; /* NULL: not opened, or closed */
    FILE *stream; /* stays open: a thread that is stuck may still write to it when the program ends */
    enum log_form form;
    bool limited, to_journal;
    uint64_t left_out; /* of all kinds */
    size_t size;
    char line[LINE_SIZE]; /* under way */
    struct kind kinds[KINDS];
} the_log; /* of who has the mutex: that of the stream is the C library's own affair */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static _Thread_local bool is_error;

/* ---------------------------------------------------------------------------------------------------------- writing */

static void write_all(const char *data, size_t size)
{
    while (size > 0) {
        const ssize_t written = write(STDERR_FILENO, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return; /* where would that be told? */
        data += written;
        size -= (size_t)written;
    }
}

static size_t put_time(char *to, size_t room)
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &utc) == NULL)
        return 0;
    const size_t size = strftime(to, room, "%Y-%m-%dT%H:%M:%S", &utc);
    return size + (size_t)snprintf(to + size, room - size, ".%03ldZ", now.tv_nsec / 1000000);
}

static void write_json(int priority, const char *line, size_t size)
{
    static const char *const names[] = {[PRIORITY_ERROR] = "error", "warning", "notice", "info"};
    char out[LINE_SIZE * 6 + 128];
    const bool is_text = utf8_valid((const uint8_t *)line, size);
    size_t at = (size_t)snprintf(out, sizeof out, "{\"time\":\"");
    at += put_time(out + at, sizeof out - at);
    at += (size_t)snprintf(out + at, sizeof out - at, "\",\"level\":\"%s\",\"message\":\"", names[priority]);
    for (size_t i = 0; i < size; i++) {
        const uint8_t octet = (uint8_t)line[i];
        if (octet == '"' || octet == '\\')
            out[at++] = '\\';
        if (octet < ' ' || octet == 0x7f || (octet > 0x7f && !is_text))
            at += (size_t)snprintf(out + at, sizeof out - at, "\\u%04x", octet);
        else
            out[at++] = line[i];
    }
    at += (size_t)snprintf(out + at, sizeof out - at, "\"}\n");
    write_all(out, at);
}

static void write_line(int priority, const char *line, size_t size)
{
    char out[LINE_SIZE + 8];
    if (the_log.form == LOG_JSON) {
        if (size > 0)
            write_json(priority, line, size);
        return;
    }
    size_t at = the_log.to_journal ? (size_t)snprintf(out, sizeof out, "<%d>", priority) : 0;
    memcpy(out + at, line, size);
    at += size;
    out[at++] = '\n';
    write_all(out, at);
}

/* ----------------------------------------------------------------------------------------------------------- limits */

static int64_t monotonic_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* FNV-1a of all but digits. */
static uint64_t sum_of(const char *line, size_t size)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) {
        if (line[i] < '0' || line[i] > '9')
            sum = (sum ^ (uint8_t)line[i]) * 1099511628211u;
    }
    return sum;
}

/* How many were left out of a kind whose minute is over. */
static void tell_left_out(struct kind *kind)
{
    char text[256];
    if (kind->left_out == 0)
        return;
    const int size = snprintf(text, sizeof text, "weir: %" PRIu32 " more lines like this were left out: %s",
                              kind->left_out, kind->text);
    the_log.left_out -= kind->left_out;
    kind->left_out = 0;
    write_line(PRIORITY_WARNING, text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1);
}

static void tell_all_left_out(bool at_once)
{
    const int64_t now_s = the_log.left_out == 0 ? 0 : monotonic_s();
    for (size_t i = 0; i < KINDS && the_log.left_out > 0; i++) {
        if (at_once || now_s - the_log.kinds[i].begin_s >= MINUTE_S)
            tell_left_out(&the_log.kinds[i]);
    }
}

static bool is_too_much(const char *line, size_t size)
{
    const uint64_t sum = sum_of(line, size);
    const int64_t now_s = monotonic_s();
    struct kind *kind = &the_log.kinds[sum % KINDS];
    if (kind->sum != sum || kind->count == 0 || now_s - kind->begin_s >= MINUTE_S) {
        tell_left_out(kind);
        *kind = (struct kind){.sum = sum, .begin_s = now_s};
    }
    if (kind->count < LOG_EACH_MINUTE) {
        kind->count++;
        return false;
    }
    snprintf(kind->text, sizeof kind->text, "%.*s", (int)size, line);
    kind->left_out++;
    the_log.left_out++;
    return true;
}

/* ----------------------------------------------------------------------------------------------------------- stream */

static bool begins_with(const char *line, size_t size, const char *begin)
{
    return size >= strlen(begin) && memcmp(line, begin, strlen(begin)) == 0;
}

static int priority_of(const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    if (is_error)
        return PRIORITY_ERROR;
    if (begins_with(line, size, "Note: "))
        return PRIORITY_NOTICE;
    /* "weir: 3 datagrams, ..." is the summary */
    return begins_with(line, size, "weir ") && colon != NULL ? PRIORITY_WARNING : PRIORITY_INFO;
}

static void take_line(const char *line, size_t size)
{
    const int priority = priority_of(line, size);
    const bool may_repeat = priority == PRIORITY_ERROR || priority == PRIORITY_INFO;
    tell_all_left_out(false);
    if (may_repeat || !the_log.limited || !is_too_much(line, size))
        write_line(priority, line, size);
}

static ssize_t take(void *context, const char *data, size_t size)
{
    (void)context;
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n' || the_log.size == LINE_SIZE) {
            take_line(the_log.line, the_log.size);
            the_log.size = 0;
        }
        if (data[i] != '\n')
            the_log.line[the_log.size++] = data[i];
    }
    pthread_mutex_unlock(&mutex);
    return (ssize_t)size;
}

/* $JOURNAL_STREAM names what stderr was when the journal opened it, as device and inode. */
static bool goes_to_journal(void)
{
    const char *told = getenv("JOURNAL_STREAM");
    struct stat is;
    char text[64];
    if (told == NULL || fstat(STDERR_FILENO, &is) != 0)
        return false;
    snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)is.st_dev, (uintmax_t)is.st_ino);
    return strcmp(told, text) == 0;
}

void log_open(enum log_form form, bool limited)
{
    FILE *stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = take});
    if (stream == NULL)
        return;
    setvbuf(stream, NULL, _IOLBF, LINE_SIZE);
    the_log.form = form;
    the_log.limited = limited;
    the_log.to_journal = form == LOG_TEXT && goes_to_journal();
    the_log.before = stderr;
    the_log.stream = stderr = stream;
}

void log_close(void)
{
    if (the_log.before == NULL)
        return;
    fflush(the_log.stream);
    pthread_mutex_lock(&mutex);
    if (the_log.size > 0)
        take_line(the_log.line, the_log.size);
    the_log.size = 0;
    tell_all_left_out(true);
    stderr = the_log.before;
    the_log.before = NULL;
    pthread_mutex_unlock(&mutex);
}

void log_error(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    flockfile(stderr);
    fflush(stderr);
    is_error = true;
    vfprintf(stderr, format, values);
    fflush(stderr);
    is_error = false;
    funlockfile(stderr);
    va_end(values);
}
