/* SPDX-License-Identifier: MIT */
/*
 * control_server.c - a socket beside the journal, where a running collector tells of its exporters
 */
#define _GNU_SOURCE
#include "control_server.h"

#include "control_place.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_SIZE = 64, REQUEST_MS = 2000, ANSWER_MS = 10000, BACKLOG = 8 };

struct control_server {
    char *path;
    dev_t device; /* of the socket: another process may have put its own in that place */
    ino_t inode;
    int fd, stop_fd;
    struct engine *engine;
    struct exporter_watch *exporters;
    pthread_t thread;
};

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---------------------------------------------------------------------------------------------------------- answers */

static void put_head(struct control_server *server, FILE *out)
{
    struct engine_counts counts;
    engine_counts(server->engine, &counts);
    fprintf(out, "{\"weir\":\"%s\",\"protocol\":%d,\"process\":%d,\"now_us\":%" PRId64, weir_version(),
            CONTROL_PROTOCOL, (int)getpid(), clock_us(CLOCK_REALTIME));
    fprintf(out, ",\"received\":%" PRIu64 ",\"recovered\":%" PRIu64 ",\"dropped_kernel\":%" PRIu64
                 ",\"dropped_journal\":%" PRIu64, counts.receiver.received, counts.recovered,
            counts.receiver.dropped_kernel, counts.receiver.dropped_journal);
    fprintf(out, ",\"waiting\":%" PRIu64 ",\"held\":%" PRIu64 ",\"cut_off\":%" PRIu64 ",\"datagrams_decoded\":%" PRIu64
                 ",\"datagrams_refused\":%" PRIu64 ",\"not_allowed\":%" PRIu64 ",\"flows\":%" PRIu64 "}\n",
            counts.waiting, counts.held, counts.cut_off, counts.ledger.datagrams_decoded, counts.ledger.datagrams_refused, counts.refused, counts.ledger.flows);
}

static void put_row(const struct exporter_row *row, FILE *out)
{
    char address[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(&row->address, address);
    fprintf(out, "{\"exporter\":\"%s\",\"domain\":%" PRIu32 ",\"version\":%u,\"sessions\":%" PRIu32
                 ",\"sampling_rate\":%" PRIu32, address, row->domain, row->version, row->sessions, row->sampling_rate);
    fprintf(out, ",\"first_us\":%" PRId64 ",\"last_us\":%" PRId64 ",\"exported_us\":%" PRId64
                 ",\"template_oldest_us\":%" PRId64, row->first_us, row->last_us, row->exported_us,
            row->template_oldest_us);
#define PUT(name) fprintf(out, ",\"" #name "\":%" PRIu64, row->name);
    EXPORTER_COUNTS(PUT)
#undef PUT
    fputs("}\n", out);
}

static void put_exporters(struct control_server *server, FILE *out, size_t *ret_count, size_t *ret_left_out)
{
    const struct exporter_list *list = exporter_watch_take(server->exporters);
    if (list == NULL)
        return;
    *ret_count = list->count < CONTROL_ROWS_MAX ? list->count : CONTROL_ROWS_MAX;
    *ret_left_out = list->count - *ret_count;
    for (size_t i = 0; i < *ret_count; i++)
        put_row(&list->rows[i], out);
    exporter_watch_give(server->exporters);
}

/* NULL without memory. */
static char *make_answer(struct control_server *server, const char *request, size_t *ret_size)
{
    char *text = NULL;
    size_t count = 0, left_out = 0;
    FILE *out = open_memstream(&text, ret_size);
    const bool wants_exporters = strcmp(request, "exporters") == 0;
    if (out == NULL)
        return NULL;
    if (wants_exporters || strcmp(request, "account") == 0) {
        put_head(server, out);
        if (wants_exporters)
            put_exporters(server, out, &count, &left_out);
        fprintf(out, "{\"end\":%zu,\"left_out\":%zu}\n", count, left_out);
    } else {
        fputs("{\"error\":\"what can be asked is exporters and account\"}\n", out);
    }
    const bool whole = !ferror(out);
    if (fclose(out) == 0 && whole)
        return text;
    free(text);
    return NULL;
}

/* --------------------------------------------------------------------------------------------------------- a client */

/* Whether the client can go on before its time is over, and it is not the end. */
static bool wait_for(const struct control_server *server, int client, short events, int64_t until_us)
{
    struct pollfd polls[] = {{.fd = client, .events = events}, {.fd = server->stop_fd, .events = POLLIN}};
    int64_t left_us;
    while ((left_us = until_us - clock_us(CLOCK_MONOTONIC)) > 0) {
        const int count = poll(polls, 2, (int)(left_us / 1000) + 1);
        if (count < 0 && errno == EINTR)
            continue;
        return count > 0 && polls[1].revents == 0;
    }
    return false;
}

static bool read_request(const struct control_server *server, int client, char request[REQUEST_SIZE])
{
    const int64_t until_us = clock_us(CLOCK_MONOTONIC) + REQUEST_MS * 1000;
    size_t size = 0;
    while (size < REQUEST_SIZE - 1 && wait_for(server, client, POLLIN, until_us)) {
        const ssize_t more = recv(client, request + size, REQUEST_SIZE - 1 - size, MSG_DONTWAIT);
        if (more < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (more <= 0)
            return false;
        size += (size_t)more;
        char *end = memchr(request, '\n', size);
        if (end != NULL) {
            *end = '\0';
            return true;
        }
    }
    return false;
}

static void write_answer(const struct control_server *server, int client, const char *text, size_t size)
{
    const int64_t until_us = clock_us(CLOCK_MONOTONIC) + ANSWER_MS * 1000;
    while (size > 0 && wait_for(server, client, POLLOUT, until_us)) {
        const ssize_t sent = send(client, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return;
        if (sent > 0) {
            text += sent;
            size -= (size_t)sent;
        }
    }
}

static void serve(struct control_server *server, int client)
{
    char request[REQUEST_SIZE];
    size_t size;
    char *answer = read_request(server, client, request) ? make_answer(server, request, &size) : NULL;
    if (answer != NULL)
        write_answer(server, client, answer, size);
    free(answer);
}

static void *run(void *context)
{
    struct control_server *server = context;
    struct pollfd polls[] = {{.fd = server->fd, .events = POLLIN}, {.fd = server->stop_fd, .events = POLLIN}};
    const struct timespec a_while = {.tv_nsec = 100000000};
    while (polls[1].revents == 0) {
        if (poll(polls, 2, -1) < 0 || (polls[0].revents & POLLIN) == 0)
            continue;
        const int client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            serve(server, client);
            close(client);
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            nanosleep(&a_while, NULL); /* no descriptor is left: it will not be better at once */
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------------------- opening and ending */

/* Whether somebody listens there. */
static bool is_used(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const bool used = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
                                  errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return used;
}

/* Made under another name and renamed, so that what is there under its own can be used, and takes the place of a stale
 * one. */
static int open_socket(struct control_server *server, const char **ret_what)
{
    struct sockaddr_un address, making;
    struct stat is;
    char *path = NULL;
    *ret_what = "open";
    if (asprintf(&path, "%s.new", server->path) < 0) /* one name: what a kill leaves there the next start takes away */
        return -1;
    int result = control_place_address(server->path, &address);
    if (result == 0)
        result = control_place_address(path, &making);
    if (result == 0 && is_used(&address)) {
        errno = EADDRINUSE;
        result = -1;
    }
    if (result == 0 && (server->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
        result = -1;
    if (result == 0) {
        unlink(path);
        /* the file has the mode of its socket: there is no instant at which others may use it */
        if (fchmod(server->fd, 0600) != 0 || bind(server->fd, (const struct sockaddr *)&making, sizeof making) != 0 ||
            listen(server->fd, BACKLOG) != 0 || stat(path, &is) != 0 ||
            rename(path, server->path) != 0) {
            const int number = errno;
            unlink(path);
            errno = number;
            result = -1;
        } else {
            server->device = is.st_dev;
            server->inode = is.st_ino;
        }
    }
    free(path);
    return result;
}

static int start_thread(struct control_server *server)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* sandbox.h */
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
    const int number = pthread_create(&server->thread, NULL, run, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return number == 0 ? 0 : -1;
}

static void close_all(struct control_server *server)
{
    struct stat is;
    if (server->inode != 0 && lstat(server->path, &is) == 0 && is.st_dev == server->device &&
        is.st_ino == server->inode)
        unlink(server->path);
    if (server->fd >= 0)
        close(server->fd);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    free(server->path);
    free(server);
}

struct control_server *control_server_start(const char *path, struct engine *engine, struct exporter_watch *exporters,
                                            struct sink_error *error)
{
    struct control_server *server = calloc(1, sizeof *server);
    const char *what = "start";
    if (server != NULL) {
        *server = (struct control_server){.path = strdup(path), .fd = -1, .stop_fd = eventfd(0, EFD_CLOEXEC),
                                          .engine = engine, .exporters = exporters};
        if (server->path != NULL && server->stop_fd >= 0 && open_socket(server, &what) == 0 &&
            start_thread(server) == 0)
            return server;
    }
    const int number = errno;
    snprintf(error->text, sizeof error->text, "cannot %s %.300s: %s", what, path, strerror(number));
    if (server != NULL)
        close_all(server);
    return NULL;
}

void control_server_free(struct control_server *server)
{
    if (server == NULL)
        return;
    eventfd_write(server->stop_fd, 1);
    pthread_join(server->thread, NULL);
    close_all(server);
}
