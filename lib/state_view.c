/* SPDX-License-Identifier: MIT */
/*
 * state_view.c - shows users what exporters have told of themselves
 */
#include "decoder.h"
#include "state.h"

static struct weir_fact fact_of(const struct state_entry *entry)
{
    return (struct weir_fact){
        .kind = entry->kind,
        .id = entry->id,
        .name = entry->text,
        .description = entry->text + entry->name_bytes + 1,
        .sampling_rate = entry->rate,
        .sampling_algorithm = entry->algorithm,
    };
}

static const struct state_entry *find(const struct weir_decoder *decoder, const struct weir_address *address,
                                      uint32_t domain, enum weir_fact_kind kind, uint64_t id)
{
    const struct state *state = state_find(decoder, address, domain);
    return state == NULL || (unsigned)kind >= WEIR_FACT_COUNT ? NULL : state_entry(state, (uint8_t)kind, id);
}

bool weir_decoder_fact(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain,
                       enum weir_fact_kind kind, uint64_t id, struct weir_fact *ret_fact)
{
    const struct state_entry *entry = find(decoder, address, domain, kind, id);
    if (entry == NULL)
        return false;
    *ret_fact = fact_of(entry);
    return true;
}

static const char *name(const struct state_entry *entry)
{
    return entry == NULL || entry->name_bytes == 0 ? NULL : entry->text;
}

const char *weir_decoder_interface_name(const struct weir_decoder *decoder, const struct weir_address *address,
                                        uint32_t domain, uint32_t index)
{
    return name(find(decoder, address, domain, WEIR_FACT_INTERFACE, index));
}

const char *weir_decoder_application_name(const struct weir_decoder *decoder, const struct weir_address *address,
                                          uint32_t domain, uint64_t id)
{
    return name(find(decoder, address, domain, WEIR_FACT_APPLICATION, id));
}

const char *weir_decoder_vrf_name(const struct weir_decoder *decoder, const struct weir_address *address,
                                  uint32_t domain, uint32_t id)
{
    return name(find(decoder, address, domain, WEIR_FACT_VRF, id));
}

static struct weir_exporter_view view_of(const struct state *state)
{
    const uint64_t *totals = state->totals;
    return (struct weir_exporter_view){
        .address = state->peer->address,
        .domain = state->domain,
        .sampling_rate = state_sampling_of_all(state),
        .system_init_ms = state_system_init_ms(state),
        .exported_octets = totals[STATE_EXPORTED_OCTETS],
        .exported_messages = totals[STATE_EXPORTED_MESSAGES],
        .exported_flows = totals[STATE_EXPORTED_FLOWS],
        .ignored_packets = totals[STATE_IGNORED_PACKETS],
        .ignored_octets = totals[STATE_IGNORED_OCTETS],
        .not_sent_flows = totals[STATE_NOT_SENT_FLOWS],
        .not_sent_packets = totals[STATE_NOT_SENT_PACKETS],
        .not_sent_octets = totals[STATE_NOT_SENT_OCTETS],
        .handle = state,
    };
}

bool weir_decoder_exporter(const struct weir_decoder *decoder, const struct weir_address *address, uint32_t domain,
                           struct weir_exporter_view *ret_exporter)
{
    const struct state *state = state_find(decoder, address, domain);
    if (state == NULL)
        return false;
    *ret_exporter = view_of(state);
    return true;
}

void weir_decoder_exporters(const struct weir_decoder *decoder,
                            void (*each)(void *context, const struct weir_exporter_view *exporter), void *context)
{
    for (const struct state *state = decoder->states.newest; state != NULL; state = state->older) {
        const struct weir_exporter_view view = view_of(state);
        each(context, &view);
    }
}

void weir_exporter_facts(const struct weir_exporter_view *exporter,
                         void (*each)(void *context, const struct weir_fact *fact), void *context)
{
    const struct state *state = exporter->handle;
    for (const struct state_entry *entry = state->newest; entry != NULL; entry = entry->older) {
        const struct weir_fact fact = fact_of(entry);
        if (entry->kind < WEIR_FACT_COUNT)
            each(context, &fact);
    }
}
