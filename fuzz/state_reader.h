/* SPDX-License-Identifier: MIT */
/*
 * state_reader.h - reads all that exporters told of themselves, and asks for each of it again as a caller would
 */
#ifndef FUZZ_STATE_READER_H
#define FUZZ_STATE_READER_H

#include "batch_reader.h"

struct state_reader {
    const struct weir_decoder *decoder;
    const struct weir_exporter_view *exporter;
    uint64_t sum;
};

static inline void check_name(const char *found, const char *name)
{
    require(found == NULL ? name[0] == '\0' : strcmp(found, name) == 0);
}

static inline void read_fact(void *context, const struct weir_fact *fact)
{
    struct state_reader *reader = context;
    const struct weir_address *address = &reader->exporter->address;
    const uint32_t domain = reader->exporter->domain;
    const struct weir_decoder *decoder = reader->decoder;
    struct weir_fact again;
    require(fact->kind < WEIR_FACT_COUNT && strlen(fact->name) <= 255 && strlen(fact->description) <= 255);
    require(weir_decoder_fact(decoder, address, domain, fact->kind, fact->id, &again));
    require(again.kind == fact->kind && again.id == fact->id && strcmp(again.name, fact->name) == 0);
    if (fact->kind == WEIR_FACT_INTERFACE && fact->id <= UINT32_MAX)
        check_name(weir_decoder_interface_name(decoder, address, domain, (uint32_t)fact->id), fact->name);
    if (fact->kind == WEIR_FACT_APPLICATION)
        check_name(weir_decoder_application_name(decoder, address, domain, fact->id), fact->name);
    if (fact->kind == WEIR_FACT_VRF && fact->id <= UINT32_MAX)
        check_name(weir_decoder_vrf_name(decoder, address, domain, (uint32_t)fact->id), fact->name);
    uint64_t sum = sum_octets(fact->kind, &fact->id, sizeof fact->id);
    sum = sum_octets(sum, fact->name, strlen(fact->name) + 1);
    sum = sum_octets(sum, fact->description, strlen(fact->description) + 1);
    reader->sum += sum * 31 + fact->sampling_rate + fact->sampling_algorithm; /* in whatever order they come */
}

static inline void read_exporter(void *context, const struct weir_exporter_view *exporter)
{
    struct state_reader *reader = context;
    struct weir_exporter_view again;
    require(weir_decoder_exporter(reader->decoder, &exporter->address, exporter->domain, &again));
    require(again.domain == exporter->domain && again.handle == exporter->handle);
    const uint64_t numbers[] = {exporter->domain, exporter->sampling_rate, exporter->system_init_ms,
        exporter->exported_octets, exporter->exported_messages, exporter->exported_flows, exporter->ignored_packets,
        exporter->ignored_octets, exporter->not_sent_flows, exporter->not_sent_packets, exporter->not_sent_octets};
    reader->sum += sum_octets(sum_octets(0, exporter->address.octets, 16), numbers, sizeof numbers);
    reader->exporter = exporter;
    weir_exporter_facts(exporter, read_fact, reader);
}

/* The same for decoders that were told the same. */
static inline uint64_t state_sum(const struct weir_decoder *decoder)
{
    struct state_reader reader = {.decoder = decoder};
    weir_decoder_exporters(decoder, read_exporter, &reader);
    return reader.sum;
}

#endif
