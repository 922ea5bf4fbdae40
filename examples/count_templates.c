/* SPDX-License-Identifier: MIT */
/*
 * count_templates.c - tells which templates a capture has, and what the decoder made of its datagrams
 *
 *     count_templates FILE.pcap          cc count_templates.c $(pkg-config --cflags --libs weir)
 */
#include "pcap_file.h"

/* Called for whatever is worth a line: here, templates that came or could not be taken. */
static void tell(void *context, const struct weir_event *event)
{
    unsigned *template_count = context;
    char address[WEIR_ADDRESS_TEXT_SIZE];
    weir_address_text(&event->exporter, address);
    switch (event->kind) {
    case WEIR_EVENT_TEMPLATE_LEARNED:
    case WEIR_EVENT_TEMPLATE_CHANGED:
        ++*template_count;
        printf("%s, domain %u: template %u, %u fields\n", address, event->domain, event->template_id,
               event->layout->field_count);
        break;
    case WEIR_EVENT_TEMPLATE_REFUSED:
        printf("%s, domain %u: template %u refused: %s\n", address, event->domain, event->template_id,
               weir_reason_text(event->reason));
        break;
    default:
        break;
    }
}

int main(int argc, char **argv)
{
    static unsigned char packet[PACKET_BYTES_MAX];
    unsigned template_count = 0;
    struct weir_options options;
    struct weir_datagram datagram;
    struct weir_batch *batch;
    weir_options_init(&options);
    options.event = tell;
    options.context = &template_count;
    FILE *file = argc == 2 ? pcap_open(argv[1]) : NULL;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    if (file == NULL || decoder == NULL) {
        fputs("usage: count_templates FILE.pcap\n", stderr);
        return 1;
    }
    while (pcap_next(file, packet, &datagram)) {
        weir_decoder_feed(decoder, &datagram);
        while ((batch = weir_decoder_next(decoder)) != NULL)
            weir_batch_release(batch);
    }
    const struct weir_ledger *ledger = weir_decoder_ledger(decoder);
    printf("%u templates; %llu datagrams, %llu flows, %llu options records, %llu sets that wait for a template\n",
           template_count, (unsigned long long)ledger->datagrams, (unsigned long long)ledger->flows,
           (unsigned long long)ledger->options, (unsigned long long)ledger->sets_waiting);
    weir_decoder_free(decoder);
    fclose(file);
    return 0;
}
