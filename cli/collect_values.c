/* SPDX-License-Identifier: MIT */
/*
 * collect_values.c - takes the values of weir collect's options
 */
#include "collect_values.h"

#include "address_list.h"
#include "decoder_options.h"
#include "engine.h"
#include "metrics_address.h"
#include "output_kind.h"
#include "quantity.h"
#include "receive_socket.h"
#include "store_options.h"

#include <string.h>

#define JOURNAL_BYTES_MIN ((uint64_t)2 << 20)
#define JOURNAL_BYTES_MAX ((uint64_t)8 << 30)
enum { DEVICE_NAME_MAX = 15, RECEIVE_BUFFER_MIN_BYTES = 4096, BUSY_POLL_MAX_US = 1000000, CPUS_MAX = 1024 };

static bool is_yes(const char *value)
{
    return strcmp(value, "yes") == 0;
}

/* ------------------------------------------------------------------------------------------------------------ input */

const char *collect_take_port(struct collect_options *options, const char *value)
{
    uint64_t port;
    if (quantity_parse_count(value, &port) != 0 || port > 65535)
        return "not a port between 0 and 65535: ";
    for (size_t i = 0; i < options->port_count; i++) {
        if (options->ports[i] == port && port != 0)
            return NULL; /* named twice: once is enough */
    }
    if (options->port_count == COLLECT_PORTS_MAX)
        return "more than 64 ports, from ";
    options->ports[options->port_count++] = (uint16_t)port;
    return NULL;
}

const char *collect_take_host(struct collect_options *options, const char *value)
{
    for (size_t i = 0; i < options->host_count; i++) {
        if (strcmp(options->hosts[i], value) == 0)
            return NULL;
    }
    if (options->host_count == COLLECT_HOSTS_MAX)
        return "more than 16 addresses, from ";
    options->hosts[options->host_count++] = value;
    return NULL;
}

const char *collect_take_device(struct collect_options *options, const char *value)
{
    if (value[0] == '\0' || strlen(value) > DEVICE_NAME_MAX)
        return "not the name of a network device: ";
    options->device = value;
    return NULL;
}

const char *collect_take_rcvbuf(struct collect_options *options, const char *value)
{
    uint64_t bytes;
    if (quantity_parse_size(value, &bytes) != 0 || bytes < RECEIVE_BUFFER_MIN_BYTES || bytes > RECEIVE_BUFFER_MAX_BYTES)
        return "not a size from 4K to 1G: ";
    options->buffer_bytes = (int)bytes;
    return NULL;
}

const char *collect_take_busy_poll(struct collect_options *options, const char *value)
{
    uint64_t microseconds;
    if (quantity_parse_count(value, &microseconds) != 0 || microseconds == 0 || microseconds > BUSY_POLL_MAX_US)
        return "not a number of microseconds from 1 to 1000000: ";
    options->busy_poll_us = (unsigned)microseconds;
    return NULL;
}

const char *collect_take_read(struct collect_options *options, const char *value)
{
    if (options->file != NULL)
        return "one file can be read at a time, and this is a second one: ";
    options->file = value;
    return NULL;
}

const char *collect_take_allow(struct collect_options *options, const char *value)
{
    struct sink_error error = {0};
    struct address_list *list = address_list_create(&value, 1, &error);
    address_list_free(list);
    if (list == NULL)
        return "no network such as 192.0.2.7, 198.51.100.0/24 or 2001:db8::/32: ";
    if (options->allowed_count == ADDRESS_LIST_MAX)
        return "more than 4096 networks, from ";
    options->allowed[options->allowed_count++] = value;
    return NULL;
}

const char *collect_take_count(struct collect_options *options, const char *value)
{
    uint64_t count;
    if (quantity_parse_count(value, &count) != 0 || count == 0)
        return "not a number of datagrams: ";
    options->datagram_count_max = count;
    return NULL;
}

const char *collect_take_elements(struct collect_options *options, const char *value)
{
    options->elements = value;
    return NULL;
}

const char *collect_take_template_lifetime(struct collect_options *options, const char *value)
{
    return decoder_options_lifetime(&options->decoder, value);
}

const char *collect_take_sampling_rate(struct collect_options *options, const char *value)
{
    return decoder_options_sampling_rate(&options->decoder, value);
}

/* ----------------------------------------------------------------------------------------------------------- output */

const char *collect_take_output(struct collect_options *options, const char *value)
{
    const char *path;
    if (output_kind_of(value, &path) == OUTPUT_NONE)
        return "no output, which is " OUTPUT_KINDS ": ";
    if (options->output_count == COLLECT_OUTPUTS_MAX)
        return "more than 8 outputs, from ";
    options->outputs[options->output_count++] = value;
    return NULL;
}

const char *collect_take_json_lines(struct collect_options *options, const char *value)
{
    options->json_lines = is_yes(value);
    return NULL;
}

const char *collect_take_rotate(struct collect_options *options, const char *value)
{
    return quantity_parse_duration(value, &options->rotate_us) == 0
           ? NULL : "not a duration such as 90s, 5m, 1h or 1d: ";
}

const char *collect_take_min_size(struct collect_options *options, const char *value)
{
    return quantity_parse_size(value, &options->text_min_bytes) == 0 ? NULL : "not a size such as 500, 10K or 1M: ";
}

const char *collect_take_raw_sizes(struct collect_options *options, const char *value)
{
    options->text_raw_sizes = is_yes(value);
    return NULL;
}

const char *collect_take_no_dns(struct collect_options *options, const char *value)
{
    options->names = is_yes(value);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------------------ store */

const char *collect_take_commit(struct collect_options *options, const char *value)
{
    return store_options_commit(&options->store, value);
}

const char *collect_take_segment_size(struct collect_options *options, const char *value)
{
    return store_options_segment_size(&options->store, value);
}

const char *collect_take_compression(struct collect_options *options, const char *value)
{
    return store_options_compression(&options->store, value);
}

const char *collect_take_effort(struct collect_options *options, const char *value)
{
    return store_options_effort(&options->store, value);
}

const char *collect_take_fsync(struct collect_options *options, const char *value)
{
    return store_options_sync(&options->store, value);
}

const char *collect_take_keep_days(struct collect_options *options, const char *value)
{
    return store_options_keep_days(&options->store, value);
}

const char *collect_take_keep_bytes(struct collect_options *options, const char *value)
{
    return store_options_keep_bytes(&options->store, value);
}

const char *collect_take_no_merge(struct collect_options *options, const char *value)
{
    options->store.merge = is_yes(value);
    return NULL;
}

/* -------------------------------------------------------------------------------------------------------- otherwise */

const char *collect_take_state(struct collect_options *options, const char *value)
{
    options->state = value;
    return NULL;
}

const char *collect_take_workers(struct collect_options *options, const char *value)
{
    return store_options_workers(&options->store, value);
}

const char *collect_take_cpu(struct collect_options *options, const char *value)
{
    uint64_t number;
    if (quantity_parse_count(value, &number) != 0 || number >= CPUS_MAX)
        return "not the number of a processor from 0 to 1023: ";
    if (options->cpu_count == ENGINE_WORKERS_MAX)
        return "more than 64 processors, from ";
    options->cpus[options->cpu_count++] = (int)number;
    return NULL;
}

const char *collect_take_journal(struct collect_options *options, const char *value)
{
    options->journal = value;
    return NULL;
}

const char *collect_take_journal_size(struct collect_options *options, const char *value)
{
    uint64_t bytes;
    if (quantity_parse_size(value, &bytes) != 0 || bytes < JOURNAL_BYTES_MIN || bytes > JOURNAL_BYTES_MAX)
        return "not a size from 2M to 8G: ";
    options->journal_bytes = bytes;
    return NULL;
}

const char *collect_take_user(struct collect_options *options, const char *value)
{
    if (value[0] == '\0')
        return "the name of a user is missing";
    options->user = value;
    return NULL;
}

const char *collect_take_metrics(struct collect_options *options, const char *value)
{
    char host[METRICS_HOST_SIZE], port[METRICS_PORT_SIZE];
    if (metrics_address_parse(value, host, port) != 0)
        return "not [ADDRESS:]PORT, as 9105, 192.0.2.1:9105 or [::1]:9105: ";
    options->metrics = value;
    return NULL;
}

const char *collect_take_log(struct collect_options *options, const char *value)
{
    const bool is_json = strcmp(value, "json") == 0;
    if (!is_json && strcmp(value, "text") != 0)
        return "not text or json: ";
    options->log = is_json ? LOG_JSON : LOG_TEXT;
    return NULL;
}

const char *collect_take_no_sandbox(struct collect_options *options, const char *value)
{
    options->sandbox = is_yes(value);
    return NULL;
}

const char *collect_take_debug(struct collect_options *options, const char *value)
{
    options->debug = is_yes(value);
    return NULL;
}
