/* SPDX-License-Identifier: MIT */
/*
 * state_rows.c - finds in options records what an exporter tells of itself
 *
 * What a record is about is told by the IDs in it, be they scope fields or others: exporters differ in that. A
 * sampling rate is that of the sampler or selector in the record, else of the interface, else of all the exporter
 * does, unless the scope is but a part of it (a line card, a cache, a template). Exporters that have several domains
 * may tell of each in messages of domain 0, with observationDomainId in the record (RFC 7011 section 4.1).
 */
#include "batch.h"
#include "decoder.h"
#include "hash.h"
#include "state.h"

#include <string.h>

enum role {
    ROLE_SAMPLER,
    ROLE_INTERFACE,
    ROLE_APPLICATION,
    ROLE_VRF,
    ROLE_DOMAIN,
    ROLE_METERING, /* processes */
    ROLE_EXPORTING,
    ROLE_PART, /* of the exporter */
    ROLE_INTERVAL,
    ROLE_RANDOM_INTERVAL,
    ROLE_PACKET_INTERVAL,
    ROLE_PACKET_SPACE,
    ROLE_TIME_INTERVAL,
    ROLE_TIME_SPACE,
    ROLE_SIZE,
    ROLE_POPULATION,
    ROLE_PROBABILITY, /* value: one in so many, made when it is read */
    ROLE_ALGORITHM,
    ROLE_SYSTEM_INIT,
    ROLE_TOTAL_FIRST, /* in the order of enum state_total */
    ROLE_TOTAL_LAST = ROLE_TOTAL_FIRST + STATE_TOTALS - 1,
    ROLE_TEXT_FIRST,
    ROLE_SAMPLER_NAME = ROLE_TEXT_FIRST,
    ROLE_INTERFACE_NAME,
    ROLE_INTERFACE_DESCRIPTION,
    ROLE_APPLICATION_NAME,
    ROLE_APPLICATION_DESCRIPTION,
    ROLE_VRF_NAME,
    ROLE_COUNT
};

enum { SCOPE_INTERFACE = 2, SCOPE_TEMPLATE = 5 };

/* Where the columns of each role are; UINT32_MAX: nowhere. */
struct places {
    uint32_t column[ROLE_COUNT];
    bool any;
};

/* One record. */
struct record {
    uint64_t number[ROLE_TEXT_FIRST];
    bool has[ROLE_COUNT];
    struct weir_octets text[ROLE_COUNT - ROLE_TEXT_FIRST];
};

static enum role role_of_iana(uint16_t id)
{
    switch (id) {
    case 48: /* samplerId */
    case 302: /* selectorId */
        return ROLE_SAMPLER;
    case 10: /* ingressInterface */
    case 14: /* egressInterface */
        return ROLE_INTERFACE;
    case 95:
        return ROLE_APPLICATION;
    case 234: /* ingressVRFID */
    case 235: /* egressVRFID */
        return ROLE_VRF;
    case 149: /* observationDomainId */
        return ROLE_DOMAIN;
    case 143: /* meteringProcessId */
        return ROLE_METERING;
    case 144: /* exportingProcessId */
        return ROLE_EXPORTING;
    case 141: /* lineCardId */
    case 145: /* templateId */
        return ROLE_PART;
    case 34:
        return ROLE_INTERVAL;
    case 50:
        return ROLE_RANDOM_INTERVAL;
    case 305:
        return ROLE_PACKET_INTERVAL;
    case 306:
        return ROLE_PACKET_SPACE;
    case 307:
        return ROLE_TIME_INTERVAL;
    case 308:
        return ROLE_TIME_SPACE;
    case 309:
        return ROLE_SIZE;
    case 310:
        return ROLE_POPULATION;
    case 311:
        return ROLE_PROBABILITY;
    case 35: /* samplingAlgorithm */
    case 49: /* samplerMode */
    case 304: /* selectorAlgorithm */
        return ROLE_ALGORITHM;
    case 160:
        return ROLE_SYSTEM_INIT;
    case 40:
    case 41:
    case 42:
        return (enum role)(ROLE_TOTAL_FIRST + STATE_EXPORTED_OCTETS + id - 40);
    case 164:
    case 165:
    case 166:
    case 167:
    case 168:
        return (enum role)(ROLE_TOTAL_FIRST + STATE_IGNORED_PACKETS + id - 164);
    case 84: /* samplerName */
    case 335: /* selectorName */
        return ROLE_SAMPLER_NAME;
    case 82:
        return ROLE_INTERFACE_NAME;
    case 83:
        return ROLE_INTERFACE_DESCRIPTION;
    case 96:
        return ROLE_APPLICATION_NAME;
    case 94:
        return ROLE_APPLICATION_DESCRIPTION;
    case 236:
        return ROLE_VRF_NAME;
    default:
        return ROLE_COUNT;
    }
}

static enum role role_of(const struct weir_field *field)
{
    /* RFC 3954 has five scope types; exporters that need others write the numbers of elements there. */
    if (field->pen == WEIR_PEN_IANA || (field->pen == WEIR_PEN_V9_SCOPE && field->id > SCOPE_TEMPLATE))
        return role_of_iana(field->id);
    if (field->pen == WEIR_PEN_V9_SCOPE && field->id >= SCOPE_INTERFACE)
        return field->id == SCOPE_INTERFACE ? ROLE_INTERFACE : ROLE_PART;
    return ROLE_COUNT;
}

static struct places find_places(const struct weir_layout *layout)
{
    struct places places = {.any = false};
    for (int i = 0; i < ROLE_COUNT; i++)
        places.column[i] = UINT32_MAX;
    for (uint32_t i = 0; i < layout->field_count; i++) {
        const enum role role = role_of(&layout->fields[i]);
        if (role == ROLE_COUNT || places.column[role] != UINT32_MAX)
            continue;
        places.column[role] = i;
        places.any = places.any || role != ROLE_DOMAIN; /* which tells nothing by itself */
    }
    return places;
}

static struct weir_octets octets_of(const struct weir_field *field, const uint8_t *value)
{
    if (field->kind == WEIR_KIND_VARIABLE) {
        struct weir_octets octets;
        memcpy(&octets, value, sizeof octets);
        return octets;
    }
    return (struct weir_octets){value, field->kind == WEIR_KIND_OCTETS ? field->width_bytes : 0};
}

/* Integers, and octets that are IDs, the first the highest, as applicationId is. */
static bool read_number(const struct weir_field *field, const uint8_t *value, uint64_t *ret_number)
{
    uint16_t u16;
    uint32_t u32;
    switch (field->kind) {
    case WEIR_KIND_U8:
        *ret_number = *value;
        return true;
    case WEIR_KIND_U16:
        memcpy(&u16, value, sizeof u16);
        *ret_number = u16;
        return true;
    case WEIR_KIND_U32:
        memcpy(&u32, value, sizeof u32);
        *ret_number = u32;
        return true;
    case WEIR_KIND_U64:
        memcpy(ret_number, value, sizeof *ret_number);
        return true;
    default:
        break;
    }
    const struct weir_octets octets = octets_of(field, value);
    if (octets.size_bytes == 0 || octets.size_bytes > 8)
        return false;
    *ret_number = 0;
    for (size_t i = 0; i < octets.size_bytes; i++)
        *ret_number = *ret_number << 8 | octets.data[i];
    return true;
}

static bool read_probability(const struct weir_field *field, const uint8_t *value, uint64_t *ret_one_in)
{
    double probability = 0;
    if (field->kind == WEIR_KIND_F64) {
        memcpy(&probability, value, sizeof probability);
    } else if (field->kind == WEIR_KIND_F32) {
        float single;
        memcpy(&single, value, sizeof single);
        probability = (double)single;
    }
    if (!(probability > 1.0 / UINT32_MAX && probability <= 1.0))
        return false;
    *ret_one_in = (uint64_t)(1.0 / probability + 0.5);
    return true;
}

/* Up to the first NUL: short texts are filled up with them. */
static bool read_text(const struct weir_field *field, const uint8_t *value, struct weir_octets *ret_text)
{
    struct weir_octets text = octets_of(field, value);
    const uint8_t *end = text.size_bytes == 0 ? NULL : memchr(text.data, 0, text.size_bytes);
    if (end != NULL)
        text.size_bytes = (size_t)(end - text.data);
    *ret_text = text;
    return text.size_bytes > 0;
}

static void read_record(const struct weir_batch *batch, const struct places *places, uint32_t row,
                        struct record *ret_record)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const uint32_t column = places->column[role];
        ret_record->has[role] = false;
        if (column == UINT32_MAX || batch->columns[column] == NULL)
            continue;
        const struct weir_field *field = &batch->layout->fields[column];
        const uint8_t *value = (const uint8_t *)batch->columns[column] + (size_t)row * field->width_bytes;
        if (role >= ROLE_TEXT_FIRST)
            ret_record->has[role] = read_text(field, value, &ret_record->text[role - ROLE_TEXT_FIRST]);
        else if (role == ROLE_PROBABILITY)
            ret_record->has[role] = read_probability(field, value, &ret_record->number[role]);
        else
            ret_record->has[role] = read_number(field, value, &ret_record->number[role]);
    }
}

/* `part` of `whole` packets were looked at; 0 where that says nothing. */
static uint32_t one_in(uint64_t whole, uint64_t part)
{
    if (part == 0 || whole < part || whole > UINT32_MAX * UINT64_C(2))
        return 0;
    const uint64_t rate = (whole + part / 2) / part;
    return rate > UINT32_MAX ? 0 : (uint32_t)rate;
}

static uint32_t rate_of(const struct record *record)
{
    const uint64_t *number = record->number;
    const bool *has = record->has;
    if (has[ROLE_INTERVAL] && number[ROLE_INTERVAL] != 0)
        return one_in(number[ROLE_INTERVAL], 1);
    if (has[ROLE_RANDOM_INTERVAL] && number[ROLE_RANDOM_INTERVAL] != 0)
        return one_in(number[ROLE_RANDOM_INTERVAL], 1);
    if (has[ROLE_PACKET_INTERVAL] && has[ROLE_PACKET_SPACE])
        return one_in(number[ROLE_PACKET_INTERVAL] + number[ROLE_PACKET_SPACE], number[ROLE_PACKET_INTERVAL]);
    if (has[ROLE_SIZE] && has[ROLE_POPULATION])
        return one_in(number[ROLE_POPULATION], number[ROLE_SIZE]);
    if (has[ROLE_PROBABILITY])
        return one_in(number[ROLE_PROBABILITY], 1);
    if (has[ROLE_TIME_INTERVAL] && has[ROLE_TIME_SPACE])
        return one_in(number[ROLE_TIME_INTERVAL] + number[ROLE_TIME_SPACE], number[ROLE_TIME_INTERVAL]);
    return 0;
}

/* What an exporter lost since it told last; a total that went down began anew. */
static uint64_t more_since(uint64_t before, uint64_t now)
{
    return now >= before ? now - before : now;
}

/* Under which ID a total of losses is remembered; `element` is that of the total. Each process has its own (RFC 7011
 * sections 4.2 and 4.3), and those of both kinds may have the same number. With the domain, as what domain 0 has is
 * found in all others. */
static uint64_t loss_id(const struct state *state, const struct record *record, uint16_t element)
{
    uint64_t kind = 0, process = 0;
    if (record->has[ROLE_EXPORTING]) {
        kind = 144;
        process = record->number[ROLE_EXPORTING];
    } else if (record->has[ROLE_METERING]) {
        kind = 143;
        process = record->number[ROLE_METERING];
    }
    return hash_mix(hash_mix(state->domain, process), kind << 16 | element);
}

/* Counts what was lost since this total was told last. False when there is no room to remember it. */
static bool take_loss(struct weir_decoder *decoder, struct state *state, uint64_t id, uint64_t total, uint64_t *count)
{
    const struct state_entry *before = state_entry(state, STATE_PROCESS, id);
    const struct state_told told = {.kind = STATE_PROCESS, .id = id, .totals = {total}};
    if (before != NULL)
        *count += more_since(before->totals[0], total);
    return state_put(&decoder->states, state, &told) != NULL;
}

static bool take_process(struct weir_decoder *decoder, struct state *state, const struct record *record)
{
    const enum role flows = ROLE_TOTAL_FIRST + STATE_NOT_SENT_FLOWS, packets = ROLE_TOTAL_FIRST + STATE_IGNORED_PACKETS;
    bool fits = true;
    for (int i = 0; i < STATE_TOTALS; i++) {
        if (record->has[ROLE_TOTAL_FIRST + i])
            state->totals[i] = record->number[ROLE_TOTAL_FIRST + i];
    }
    if (record->has[flows])
        fits = take_loss(decoder, state, loss_id(state, record, 166), record->number[flows],
                         &decoder->ledger.reported_flows);
    if (record->has[packets])
        fits &= take_loss(decoder, state, loss_id(state, record, 164), record->number[packets],
                          &decoder->ledger.reported_packets);
    return fits;
}

/* Puts what is told of a thing with an ID. False when there is no room. */
static bool take_thing(struct weir_decoder *decoder, struct state *state, const struct record *record,
                       enum weir_fact_kind kind, enum role id, enum role name, enum role description, uint32_t rate)
{
    struct state_told told = {.kind = (uint8_t)kind, .id = record->number[id], .rate = rate};
    if (record->has[name]) {
        told.name = record->text[name - ROLE_TEXT_FIRST].data;
        told.name_bytes = record->text[name - ROLE_TEXT_FIRST].size_bytes;
    }
    if (description != ROLE_COUNT && record->has[description]) {
        told.description = record->text[description - ROLE_TEXT_FIRST].data;
        told.description_bytes = record->text[description - ROLE_TEXT_FIRST].size_bytes;
    }
    if (rate != 0 && record->has[ROLE_ALGORITHM])
        told.algorithm = (uint16_t)record->number[ROLE_ALGORITHM];
    if (told.rate == 0 && told.name_bytes == 0 && told.description_bytes == 0)
        return true;
    return state_put(&decoder->states, state, &told) != NULL;
}

static bool take_record(struct weir_decoder *decoder, struct state *state, const struct record *record)
{
    const bool *has = record->has;
    const uint32_t rate = rate_of(record);
    bool fits = take_process(decoder, state, record);
    if (has[ROLE_SYSTEM_INIT])
        state->system_init_ms = record->number[ROLE_SYSTEM_INIT];
    if (rate != 0 && !has[ROLE_SAMPLER] && !has[ROLE_INTERFACE] && !has[ROLE_PART])
        state->rate_of_all = rate;
    if (has[ROLE_SAMPLER])
        fits &= take_thing(decoder, state, record, WEIR_FACT_SAMPLER, ROLE_SAMPLER, ROLE_SAMPLER_NAME, ROLE_COUNT,
                           rate);
    if (has[ROLE_INTERFACE])
        fits &= take_thing(decoder, state, record, WEIR_FACT_INTERFACE, ROLE_INTERFACE, ROLE_INTERFACE_NAME,
                           ROLE_INTERFACE_DESCRIPTION, has[ROLE_SAMPLER] ? 0 : rate);
    if (has[ROLE_APPLICATION])
        fits &= take_thing(decoder, state, record, WEIR_FACT_APPLICATION, ROLE_APPLICATION, ROLE_APPLICATION_NAME,
                           ROLE_APPLICATION_DESCRIPTION, 0);
    if (has[ROLE_VRF])
        fits &= take_thing(decoder, state, record, WEIR_FACT_VRF, ROLE_VRF, ROLE_VRF_NAME, ROLE_COUNT, 0);
    return fits;
}

/* Which domain the record tells of: 0 is none in particular (RFC 7012, observationDomainId), so that of the message. */
static uint32_t domain_of(const struct record *record, const struct weir_run *run)
{
    const uint64_t domain = record->has[ROLE_DOMAIN] ? record->number[ROLE_DOMAIN] : 0;
    return domain == 0 || domain > UINT32_MAX ? run->domain : (uint32_t)domain;
}

void state_take_rows(struct weir_decoder *decoder, const struct batch *batch, const struct weir_run *run,
                     uint32_t first_row, uint32_t row_count)
{
    const struct places places = find_places(&batch->layout->view);
    if (!places.any)
        return;
    struct state *state = NULL;
    bool fits = true;
    for (uint32_t row = first_row; row < first_row + row_count; row++) {
        struct record record;
        read_record(&batch->view, &places, row, &record);
        const uint32_t domain = domain_of(&record, run);
        if (state == NULL || state->domain != domain)
            state = state_get(&decoder->states, &run->exporter, domain);
        fits = state != NULL && take_record(decoder, state, &record) && fits;
        if (state == NULL)
            break; /* nor for most of the others; to look for it row by row would take too long */
        state->told_us = decoder->now_us;
    }
    if (!fits)
        decoder_refuse(decoder, WEIR_EVENT_STATE_REFUSED, WEIR_REASON_STATE_FULL, run, run->template_id);
}
