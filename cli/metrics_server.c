/* SPDX-License-Identifier: MIT */
/*
 * metrics_server.c - HTTP for who watches a collector
 */
#define _GNU_SOURCE
#include "metrics_server.h"

#include "metrics_address.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 16, IDLE_S = 5, CONNECTION_BYTES = 16384, BACKLOG = 16, LINE_SIZE = 128 };

struct metrics_server {
    int fd; /* -1: none, or the daemon's */
    struct MHD_Daemon *daemon;
    struct metrics *metrics;
    char url[METRICS_HOST_SIZE + 32];
};

/* ---------------------------------------------------------------------------------------------------------- address */

static int listen_on(const struct addrinfo *address)
{
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* connections of a process before may be about */
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int number = errno;
    close(fd);
    errno = number;
    return -1;
}

static void note_url(struct metrics_server *server)
{
    struct sockaddr_storage is;
    socklen_t size = sizeof is;
    char host[METRICS_HOST_SIZE] = "?", port[METRICS_PORT_SIZE] = "?";
    if (getsockname(server->fd, (struct sockaddr *)&is, &size) == 0)
        getnameinfo((const struct sockaddr *)&is, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(server->url, sizeof server->url, strchr(host,
                                                     ':') != NULL ? "http://[%s]:%s/metrics" : "http://%s:%s/metrics",
             host, port);
}

struct metrics_server *metrics_server_open(const char *address, struct sink_error *error)
{
    char host[METRICS_HOST_SIZE], port[METRICS_PORT_SIZE];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (metrics_address_parse(address, host, port) != 0) {
        snprintf(error->text, sizeof error->text, "--metrics %.200s is not [ADDRESS:]PORT", address);
        return NULL;
    }
    const int fault = getaddrinfo(host[0] == '\0' ? "127.0.0.1" : host, port, &hints, &found);
    struct metrics_server *server = fault == 0 ? calloc(1, sizeof *server) : NULL;
    if (server == NULL) {
        snprintf(error->text, sizeof error->text, "--metrics %.200s: %s", address,
                 fault == 0 ? strerror(ENOMEM) : gai_strerror(fault));
        if (fault == 0)
            freeaddrinfo(found);
        return NULL;
    }
    server->fd = listen_on(found);
    const int number = errno;
    freeaddrinfo(found);
    if (server->fd < 0) {
        snprintf(error->text, sizeof error->text, "cannot serve metrics on %.200s: %s", address, strerror(number));
        free(server);
        return NULL;
    }
    note_url(server);
    return server;
}

const char *metrics_server_url(const struct metrics_server *server)
{
    return server->url;
}

/* ---------------------------------------------------------------------------------------------------------- answers */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              struct MHD_Response *response)
{
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_line(struct MHD_Connection *connection, unsigned status, char *line)
{
    return answer(connection, status, "text/plain; charset=utf-8",
                  MHD_create_response_from_buffer(strlen(line), line, MHD_RESPMEM_MUST_COPY));
}

static enum MHD_Result answer_metrics(struct metrics_server *server, struct MHD_Connection *connection)
{
    size_t size_bytes;
    char *text = metrics_text(server->metrics, &size_bytes);
    if (text == NULL)
        return answer_line(connection, MHD_HTTP_SERVICE_UNAVAILABLE, (char[]){"not enough memory\n"});
    struct MHD_Response *response = MHD_create_response_from_buffer(size_bytes, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(text);
    return answer(connection, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", response);
}

/* Called with the head, and again behind it or with the first of a body, which is not read and ends the connection. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload_data, size_t *upload_size, void **request)
{
    struct metrics_server *server = context;
    char line[LINE_SIZE];
    bool well;
    (void)version, (void)upload_data;
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_line(connection, MHD_HTTP_METHOD_NOT_ALLOWED, (char[]){"GET and HEAD only\n"});
    if (*request == NULL) {
        *request = server;
        return MHD_YES;
    }
    if (*upload_size > 0)
        return MHD_NO;
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(server, connection);
    if (strcmp(url, "/healthz") == 0)
        well = metrics_is_alive(server->metrics, line, sizeof line);
    else if (strcmp(url, "/readyz") == 0)
        well = metrics_is_ready(server->metrics, line, sizeof line);
    else
        return answer_line(connection, MHD_HTTP_NOT_FOUND, (char[]){"there is /metrics, /healthz and /readyz\n"});
    return answer_line(connection, well ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, line);
}

/* What others send wrong is no news. */
static void say_nothing(void *context, const char *format, va_list values)
{
    (void)context, (void)format, (void)values;
}

int metrics_server_start(struct metrics_server *server, struct metrics *metrics, struct sink_error *error)
{
    sigset_t all, before;
    server->metrics = metrics;
    sigfillset(&all);
    sigdelset(&all, SIGSYS); /* sandbox.h */
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the main thread */
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, NULL, NULL, handle, server,
        MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_LISTEN_SOCKET, server->fd,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (server->daemon == NULL) {
        snprintf(error->text, sizeof error->text, "cannot start to serve metrics on %s", server->url);
        return -1;
    }
    server->fd = -1;
    return 0;
}

void metrics_server_free(struct metrics_server *server)
{
    if (server == NULL)
        return;
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon); /* closes the socket */
    if (server->fd >= 0)
        close(server->fd);
    free(server);
}
