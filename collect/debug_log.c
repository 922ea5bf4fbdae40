/* SPDX-License-Identifier: MIT */
/*
 * debug_log.c - writes the lines of --debug
 */
#include "debug_log.h"

#include "record_line.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of a datagram's options records of one template so many are shown: one datagram has room for 65,000, each of which
 * may have thousands of fields. */
enum { OPTIONS_SHOWN_MAX = 32 };

struct debug_log {
    FILE *out;
    struct record_line line;
    unsigned version; /* of the datagram under way */
    uint64_t flows_before;
    uint64_t options_before;
};

struct debug_log *debug_log_create(FILE *out)
{
    struct debug_log *log = calloc(1, sizeof *log);
    if (log == NULL)
        return NULL;
    log->out = out;
    record_line_init(&log->line, true);
    return log;
}

void debug_log_free(struct debug_log *log)
{
    if (log == NULL)
        return;
    record_line_done(&log->line);
    free(log);
}

/* NULL: no version that has a name. */
static const char *name_of(unsigned version)
{
    static const char *const names[] = {
        [1] = "NetFlow v1", [5] = "NetFlow v5", [6] = "NetFlow v6", [7] = "NetFlow v7",
        [8] = "NetFlow v8", [9] = "NetFlow v9", [10] = "IPFIX",
    };
    return version < sizeof names / sizeof *names ? names[version] : NULL;
}

void debug_log_received(struct debug_log *log, const struct weir_datagram *datagram, const struct weir_ledger *ledger)
{
    char address[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(&datagram->source, address);
    fprintf(log->out, "Received data from %s, length %zu\n", address, datagram->size_bytes);
    log->version = datagram->size_bytes < 2 ? 0 : (unsigned)datagram->data[0] << 8 | datagram->data[1];
    log->flows_before = ledger->flows;
    log->options_before = ledger->options;
}

void debug_log_processed(struct debug_log *log, const struct weir_ledger *ledger)
{
    fprintf(log->out, "Processed %s datagram with %" PRIu64 " flows", name_of(log->version),
            ledger->flows - log->flows_before);
    if (ledger->options > log->options_before)
        fprintf(log->out, " and %" PRIu64 " options records", ledger->options - log->options_before);
    fprintf(log->out, "; %" PRIu64 " templates known\n", ledger->templates);
}

void debug_log_options(struct debug_log *log, const struct weir_batch *batch)
{
    for (uint32_t i = 0; i < batch->run_count; i++) {
        struct weir_run record = batch->runs[i];
        const uint32_t count = record.row_count;
        const uint32_t shown = count < OPTIONS_SHOWN_MAX ? count : OPTIONS_SHOWN_MAX;
        record.row_count = 1;
        for (uint32_t row = 0; row < shown; row++, record.first_row++) {
            fputs("Options record: ", log->out);
            record_line_print_run(&log->line, batch, &record, log->out);
        }
        if (count > shown)
            fprintf(log->out, "  and %" PRIu32 " more options records of template %u\n", count - shown,
                    record.template_id);
    }
}

static void print_version(struct debug_log *log, const struct weir_event *event)
{
    const char *name = name_of(event->version);
    if (event->reason == WEIR_REASON_VERSION_UNSUPPORTED && name != NULL)
        fprintf(log->out, "  Skipped: this is %s, which is not decoded; set the exporter to NetFlow v9 or IPFIX\n",
                name);
    else if (event->reason == WEIR_REASON_VERSION_UNKNOWN)
        fprintf(log->out, "  Skipped: version %u, which is no NetFlow\n", event->version);
    else
        fprintf(log->out, "  Skipped: %s\n", weir_reason_text(event->reason));
}

static void print_template(struct debug_log *log, const struct weir_event *event, const char *what)
{
    fprintf(log->out, "  %s %u %s: %" PRIu32 " fields, %" PRIu32 " octets a record:",
            event->layout->options ? "Options template" : "Template", event->template_id, what,
            event->layout->field_count, event->layout->record_bytes);
    for (uint32_t i = 0; i < event->layout->field_count; i++)
        fprintf(log->out, " %s", event->layout->fields[i].v9_name);
    fputc('\n', log->out);
}

void debug_log_event(struct debug_log *log, const struct weir_event *event)
{
    switch (event->kind) {
    case WEIR_EVENT_DATAGRAM_REFUSED:
        print_version(log, event);
        break;
    case WEIR_EVENT_SET_SKIPPED:
        fprintf(log->out, "  Skipped set %u: %s\n", event->template_id, weir_reason_text(event->reason));
        break;
    case WEIR_EVENT_SET_WAITING:
        fprintf(log->out, "  Data is waiting for its template %u, domain %" PRIu32 "\n", event->template_id,
                event->domain);
        break;
    case WEIR_EVENT_SET_GIVEN_UP:
        fprintf(log->out, "  Gave up data of template %u, domain %" PRIu32 ": %s\n", event->template_id, event->domain,
                weir_reason_text(event->reason));
        break;
    case WEIR_EVENT_TEMPLATE_LEARNED:
        print_template(log, event, "learned");
        break;
    case WEIR_EVENT_TEMPLATE_CHANGED:
        print_template(log, event, "changed");
        break;
    case WEIR_EVENT_TEMPLATE_SHARED:
        print_template(log, event, "taken over from another port of the exporter");
        break;
    case WEIR_EVENT_TEMPLATE_REFUSED:
        fprintf(log->out, "  Refused template %u: %s\n", event->template_id, weir_reason_text(event->reason));
        break;
    case WEIR_EVENT_TEMPLATE_WITHDRAWN:
        fprintf(log->out, "  Template %u is withdrawn\n", event->template_id);
        break;
    case WEIR_EVENT_TEMPLATE_EXPIRED:
        fprintf(log->out, "  Template %u has gone: it was not sent again\n", event->template_id);
        break;
    case WEIR_EVENT_ELEMENT_REFUSED:
    case WEIR_EVENT_LIST_KEPT_RAW:
        fprintf(log->out, "  In data of template %u: %s\n", event->template_id, weir_reason_text(event->reason));
        break;
    case WEIR_EVENT_STATE_REFUSED:
        fprintf(log->out, "  Options records of template %u: %s\n", event->template_id,
                weir_reason_text(event->reason));
        break;
    case WEIR_EVENT_SEQUENCE_GAP:
        fprintf(log->out, "  Lost before this: %" PRIu32 " datagrams by sequence number\n", event->count);
        break;
    case WEIR_EVENT_EXPORTER_RESTART:
        fputs("  The exporter has started anew\n", log->out);
        break;
    }
}
