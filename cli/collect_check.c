/* SPDX-License-Identifier: MIT */
/*
 * collect_check.c - looks whether weir collect could begin, without opening or making anything
 */
#define _GNU_SOURCE
#include "collect_check.h"

#include "collect_config.h"
#include "elements_file.h"
#include "metrics_address.h"
#include "output_kind.h"
#include "receive_socket.h"
#include "exit_code.h"
#include "outputs.h"
#include "repeater_target.h"
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct checking {
    const struct collect_options *options;
    unsigned fault_count;
};

__attribute__((format(printf, 2, 3))) static void fault(struct checking *checking, const char *format, ...)
{
    va_list arguments;
    fputs("weir collect: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    checking->fault_count++;
}

static void check_may(struct checking *checking, const char *what, const char *folder, const char *of,
                      enum rights_inside inside)
{
    struct stat is;
    struct sink_error error;
    if (stat(folder, &is) == 0 && !S_ISDIR(is.st_mode))
        errno = ENOTDIR;
    else if (!rights_keeps_files(folder))
        errno = ENOTSUP;
    else if (rights_check_folder(of, what, inside, &error) != 0) {
        fault(checking, "%s", error.text);
        return;
    } else if (faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
        return;
    fault(checking, "%s: %s: %s%s%s", what, of, folder == of ? "" : folder, folder == of ? "" : ": ", strerror(errno));
}

static void go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        strcpy(path, ".");
    else if (slash == path)
        strcpy(path, "/");
    else
        *slash = '\0';
}

/* A folder that is there, or can be made in one that is. */
static void check_folder(struct checking *checking, const char *what, const char *path, enum rights_inside inside)
{
    struct stat is;
    char *above = strdup(path);
    if (path[0] == '\0') {
        fault(checking, "%s: a folder has a name", what);
    } else if (above != NULL && stat(path, &is) == 0) {
        check_may(checking, what, path, path, inside);
    } else if (above != NULL) {
        while (strcmp(above, ".") != 0 && strcmp(above, "/") != 0 && stat(above, &is) != 0 && errno == ENOENT)
            go_up(above);
        check_may(checking, what, above, path, inside);
    }
    free(above);
}

/* The file that an output appends to, or begins in its folder. */
static void check_file(struct checking *checking, const char *output, const char *path)
{
    struct stat is;
    if (strcmp(path, "-") == 0)
        return;
    if (checking->options->rotate_us == 0 && stat(path, &is) == 0) {
        if (S_ISDIR(is.st_mode))
            errno = EISDIR;
        else if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
            return;
        fault(checking, "-o %s: %s", output, strerror(errno));
        return;
    }
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (folder != NULL && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        fault(checking, "-o %s: %s: %s", output, folder, strerror(errno));
    free(folder);
}

static void check_outputs(struct checking *checking)
{
    const struct collect_options *options = checking->options;
    struct sink_error error;
    if (outputs_check(options, &error) != 0)
        fault(checking, "%s", error.text);
    for (size_t i = 0; i < options->output_count; i++) {
        const char *path, *output = options->outputs[i];
        char what[300];
        struct repeater_target target;
        bool usage;
        const enum output_kind kind = output_kind_of(output, &path);
        snprintf(what, sizeof what, "-o %.280s", output);
        if (kind == OUTPUT_STORE)
            check_folder(checking, what, path, RIGHTS_FOLDERS);
        else if (kind == OUTPUT_JSON)
            check_file(checking, output, path);
        else if (kind == OUTPUT_UDP && repeater_target_parse(path, &target, &usage, &error) != 0)
            fault(checking, "%s", error.text);
    }
    if (options->output_count == 0)
        check_file(checking, "TIME.json", "TIME.json");
}

/* A file of elements is read: what it says is as much a setting as the others. */
static void check_elements(struct checking *checking)
{
    struct sink_error error;
    struct weir_decoder *decoder = weir_decoder_create(&checking->options->decoder);
    if (decoder == NULL)
        fault(checking, "not enough memory to start");
    else if (elements_file_load(checking->options->elements, decoder, &error) != 0)
        fault(checking, "%s", error.text);
    weir_decoder_free(decoder);
}

/* On a port that is free: the one asked for may be that of a collector that runs. */
static void check_hosts(struct checking *checking)
{
    const struct collect_options *options = checking->options;
    for (size_t i = 0; i < options->host_count; i++) {
        const struct receive_spec spec = {.host = options->hosts[i], .device = options->device};
        struct receive_address addresses[COLLECT_HOSTS_MAX];
        struct sink_error error;
        const int count = receive_socket_resolve(&spec, addresses, COLLECT_HOSTS_MAX, &error);
        if (count < 0)
            fault(checking, "%s", error.text);
        for (int k = 0; k < count; k++) {
            struct receive_socket taken;
            if (receive_socket_open(&spec, &addresses[k], NULL, NULL, &taken, &error) == 0)
                close(taken.fd);
            else
                fault(checking, "%s", error.text);
        }
    }
}

static void check_metrics(struct checking *checking)
{
    char host[METRICS_HOST_SIZE], port[METRICS_PORT_SIZE];
    const char *text = checking->options->metrics;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found;
    if (text == NULL || metrics_address_parse(text, host, port) != 0 || host[0] == '\0')
        return;
    const int code = getaddrinfo(host, "0", &hints, &found);
    if (code != 0) {
        fault(checking, "--metrics %s: %s", text, code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code));
        return;
    }
    const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0)
        fault(checking, "--metrics %s: %s; 'ip address' shows the addresses of this machine", text, strerror(errno));
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
}

/* By going there, as the threads that receive will; this one comes back. */
static void check_cpus(struct checking *checking)
{
    cpu_set_t before;
    if (sched_getaffinity(0, sizeof before, &before) != 0)
        return;
    for (size_t i = 0; i < checking->options->cpu_count; i++) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)checking->options->cpus[i], &one);
        if (sched_setaffinity(0, sizeof one, &one) != 0)
            fault(checking, "--cpu %d: %s; 'nproc --all' tells how many processors there are, from 0 on",
                  checking->options->cpus[i], strerror(errno));
    }
    sched_setaffinity(0, sizeof before, &before);
}

/* From here on folders are looked at as that user sees them. */
static void check_user(struct checking *checking)
{
    struct sink_error error;
    if (rights_try_user(checking->options->user, &error) != 0)
        fault(checking, "%s", error.text);
}

static void check_input(struct checking *checking)
{
    const struct collect_options *options = checking->options;
    if (options->file != NULL && strcmp(options->file, "-") != 0 &&
        faccessat(AT_FDCWD, options->file, R_OK, AT_EACCESS) != 0)
        fault(checking, "cannot read %s: %s", options->file, strerror(errno));
    if (options->elements != NULL)
        check_elements(checking);
    if (options->device != NULL && if_nametoindex(options->device) == 0)
        fault(checking, "--device: there is no network device %s", options->device);
    if (options->state != NULL && strcmp(options->state, "none") != 0)
        check_folder(checking, "--state", options->state, RIGHTS_FILES);
    if (options->journal != NULL && strcmp(options->journal, "none") != 0)
        check_folder(checking, "--journal", options->journal, RIGHTS_FILES);
}

int collect_check(const struct collect_options *options)
{
    struct checking checking = {.options = options};
    check_hosts(&checking);
    check_metrics(&checking);
    check_cpus(&checking);
    check_user(&checking);
    check_input(&checking);
    check_outputs(&checking);
    if (checking.fault_count > 0)
        return EXIT_FAILURE;
    const char *path = options->config == NULL ? NULL : options->config->path;
    printf("%s is fine\n", path == NULL ? "The command line" : path);
    return EXIT_SUCCESS;
}
