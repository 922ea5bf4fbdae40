/* SPDX-License-Identifier: MIT */
/*
 * message.c - the header of a datagram, and the sets behind it (RFC 3954 section 5, RFC 7011 section 3)
 *
 *     NetFlow v9                                      IPFIX
 *     +---------------+---------------+               +---------------+---------------+
 *     | Version = 9   | Count         |               | Version = 10  | Length        |
 *     +---------------+---------------+               +---------------+---------------+
 *     | sysUpTime, milliseconds       |               | Export time, UNIX seconds     |
 *     +-------------------------------+               +-------------------------------+
 *     | UNIX seconds, time of export  |               | Sequence: data records before |
 *     +-------------------------------+               +-------------------------------+
 *     | Sequence: datagrams before    |               | Observation domain ID         |
 *     +-------------------------------+               +---------------+---------------+
 *     | Source ID = domain            |               | Set ID        | Length        |
 *     +---------------+---------------+               +---------------+---------------+
 *     | Set ID        | Length        |               |  ...                          |
 *     +---------------+---------------+
 *     |  ...                          |               Set IDs: 2 templates, 3 options templates
 *
 *     Set IDs: 0 templates, 1 options templates; in both from 256 up data. A set's length has its header in it.
 *
 * The count of v9 is the number of records, by the RFC those of templates too; exporters disagree (softflowd leaves
 * templates out, others count sets). So the sets decide, and the count is only compared.
 */
#include "decoder.h"
#include "limits.h"

#include <string.h>

enum {
    VERSION_9 = 9,
    VERSION_IPFIX = 10,
    HEADER_9_BYTES = 20,
    HEADER_IPFIX_BYTES = 16,
    SET_HEADER_BYTES = 4,
    SET_TEMPLATE_9 = 0,
    SET_OPTIONS_TEMPLATE_9 = 1,
    SET_TEMPLATE_IPFIX = 2,
    SET_OPTIONS_TEMPLATE_IPFIX = 3,
    SET_DATA_FIRST = 256
};

int message_refuse(struct weir_decoder *decoder, enum weir_reason reason)
{
    account_datagram_refused(decoder);
    decoder->ledger.datagrams_refused++;
    decoder_refuse(decoder, WEIR_EVENT_DATAGRAM_REFUSED, reason, &decoder->message.run, 0);
    return -1 - (int)reason;
}

static struct session *find_session(struct weir_decoder *decoder, const struct weir_run *run)
{
    struct session *session = decoder->message.session;
    if (session == NULL || session->port != run->exporter_port || session->domain != run->domain ||
        memcmp(&session->address, &run->exporter, sizeof run->exporter) != 0)
        session = session_find(&decoder->sessions, &run->exporter, run->exporter_port, run->domain);
    if (session != NULL) {
        __builtin_prefetch(session->templates);
        session->returned = true;
        session_touch(&decoder->sessions, session);
        return session;
    }
    eviction_for_session(decoder, &run->exporter);
    return session_create(&decoder->sessions, &run->exporter, run->exporter_port, run->domain);
}

/* Where missing ones are counted: lost, or found again. */
struct missing {
    uint64_t *lost, *found;
    uint64_t session_lost; /* of this session */
};

/* What came late is not lost. What a decoder before this one counted cannot be taken back here. */
static void take_back(const struct missing *missing, uint32_t count)
{
    const uint64_t here = count < missing->session_lost ? count : missing->session_lost;
    *missing->lost -= here;
    *missing->found += count - here;
}

static void take_verdict(struct weir_decoder *decoder, enum sequence_verdict verdict, uint32_t lost,
                         const struct missing *missing)
{
    struct weir_ledger *ledger = &decoder->ledger;
    switch (verdict) {
    case SEQUENCE_IN_ORDER:
        break;
    case SEQUENCE_GAP:
        *missing->lost += lost;
        decoder_tell(decoder, WEIR_EVENT_SEQUENCE_GAP, &decoder->message.run, 0, NULL, lost);
        break;
    case SEQUENCE_REORDERED:
        take_back(missing, lost);
        ledger->reordered++;
        break;
    case SEQUENCE_LATE:
        ledger->reordered++;
        break;
    case SEQUENCE_DUPLICATE:
        ledger->duplicates++;
        break;
    case SEQUENCE_RESTART:
        ledger->restarts++;
        decoder_tell(decoder, WEIR_EVENT_EXPORTER_RESTART, &decoder->message.run, 0, NULL, 0);
        break;
    }
}

/* Numbers of the run before say something for a while only. */
static void resume(const struct weir_decoder *decoder, struct session *session)
{
    const int64_t silent_us = decoder->now_us - session->heard_us;
    if (session->resumed && (silent_us < 0 || silent_us > LIMIT_RESUME_US)) {
        session->sequence = (struct sequence){0};
        session->records = (struct record_sequence){0};
        session->resumed = false;
    }
    session->heard_us = decoder->now_us;
}

/* A leap since the run before: what happened while nobody listened cannot be told. */
static enum sequence_verdict resumed_verdict(struct session *session, enum sequence_verdict verdict)
{
    const bool resumed = session->resumed;
    session->resumed = false;
    return resumed && verdict == SEQUENCE_RESTART ? SEQUENCE_IN_ORDER : verdict;
}

/* NetFlow v9 counts datagrams: what is missing is known from the header. */
static void check_datagrams(struct weir_decoder *decoder)
{
    const struct weir_run *run = &decoder->message.run;
    uint32_t lost = 0;
    const enum sequence_verdict verdict = sequence_check(&decoder->message.session->sequence, run->sequence,
                                                         run->sys_uptime_ms, run->export_time_s, LIMIT_SEQUENCE_GAP,
                                                         &lost);
    struct weir_ledger *ledger = &decoder->ledger;
    const uint64_t since = ledger->lost - decoder->book.mark.lost;
    const struct missing missing = {&ledger->lost, &ledger->found, decoder->message.session->account.lost + since};
    take_verdict(decoder, resumed_verdict(decoder->message.session, verdict), lost, &missing);
}

/* IPFIX, v5 and v7 count records: those of this datagram have to be known as well, so it is checked at its end. */
static void check_records(struct weir_decoder *decoder)
{
    const struct message *message = &decoder->message;
    const struct record_count count = {message->data_count, message->flow_count, message->count_known};
    uint32_t lost = 0;
    const enum sequence_verdict verdict =
        record_sequence_check(&message->session->records, message->run.sequence, &count, LIMIT_SEQUENCE_GAP_RECORDS,
                              &lost);
    struct weir_ledger *ledger = &decoder->ledger;
    const uint64_t since = ledger->lost_records - decoder->book.mark.lost_records;
    const struct missing missing = {
        &ledger->lost_records, &ledger->found_records, message->session->account.lost_records + since};
    take_verdict(decoder, resumed_verdict(message->session, verdict), lost, &missing);
}

int message_start(struct weir_decoder *decoder)
{
    struct message *message = &decoder->message;
    message->session = find_session(decoder, &message->run);
    if (message->session == NULL)
        return message_refuse(decoder, WEIR_REASON_MEMORY);
    decoder->ledger.sessions = decoder->sessions.count;
    resume(decoder, message->session);
    account_datagram(decoder);
    message->record_count = 0;
    message->data_count = 0;
    message->flow_count = 0;
    message->count_known = true;
    message->active = true;
    decoder->ledger.datagrams_decoded++;
    return 0;
}

static int begin_9(struct weir_decoder *decoder)
{
    struct message *message = &decoder->message;
    struct weir_run *run = &message->run;
    if (wire_left(&message->wire) < HEADER_9_BYTES - 2)
        return message_refuse(decoder, WEIR_REASON_HEADER_SHORT);
    run->header_count = wire_u16(&message->wire);
    run->sys_uptime_ms = wire_u32(&message->wire);
    run->export_time_s = wire_u32(&message->wire);
    run->sequence = wire_u32(&message->wire);
    run->domain = wire_u32(&message->wire);
    const int result = message_start(decoder);
    if (result == 0)
        check_datagrams(decoder);
    return result;
}

static int begin_ipfix(struct weir_decoder *decoder)
{
    struct message *message = &decoder->message;
    struct wire *wire = &message->wire;
    struct weir_run *run = &message->run;
    if (wire_left(wire) < HEADER_IPFIX_BYTES - 2)
        return message_refuse(decoder, WEIR_REASON_HEADER_SHORT);
    const uint8_t *begin = wire->at - 2;
    const uint16_t length = wire_u16(wire);
    run->export_time_s = wire_u32(wire);
    run->sequence = wire_u32(wire);
    run->domain = wire_u32(wire);
    if (length < HEADER_IPFIX_BYTES)
        return message_refuse(decoder, WEIR_REASON_MESSAGE_LENGTH);
    const int result = message_start(decoder);
    if (result != 0)
        return result;
    /* What is behind the message's end is none of it; what is missing of it was cut off on the way. */
    if (begin + length <= wire->end) {
        wire->end = begin + length;
    } else {
        message->count_known = false;
        decoder_refuse(decoder, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_MESSAGE_OVERRUN, run, 0);
    }
    return 0;
}

int message_begin(struct weir_decoder *decoder, const struct weir_datagram *datagram)
{
    struct message *message = &decoder->message;
    message->wire = wire_init(datagram->data, datagram->size_bytes);
    message->reliable = datagram->reliable;
    message->run = (struct weir_run){
        .datagram = decoder->ledger.datagrams,
        .received_us = datagram->received_us,
        .exporter = datagram->source,
        .exporter_port = datagram->source_port,
    };
    message->size_bytes = datagram->size_bytes;
    message->run.version = wire_u16(&message->wire);
    if (message->wire.error)
        return message_refuse(decoder, WEIR_REASON_HEADER_SHORT);
    switch (message->run.version) {
    case VERSION_9:
        return begin_9(decoder);
    case VERSION_IPFIX:
        return begin_ipfix(decoder);
    case 1:
        return fixed_begin(decoder, FIXED_1);
    case 5:
        return fixed_begin(decoder, FIXED_5);
    case 7:
        return fixed_begin(decoder, FIXED_7);
    case 6:
    case 8:
        return message_refuse(decoder, WEIR_REASON_VERSION_UNSUPPORTED);
    default:
        return message_refuse(decoder, WEIR_REASON_VERSION_UNKNOWN);
    }
}

/* The rest of the datagram cannot be read any further, as one set in the ledger. */
static void skip_rest(struct weir_decoder *decoder, enum weir_reason reason, uint16_t id)
{
    struct message *message = &decoder->message;
    decoder->ledger.sets++;
    decoder->ledger.sets_skipped++;
    decoder_refuse(decoder, WEIR_EVENT_SET_SKIPPED, reason, &message->run, id);
    message->count_known = false;
    message->wire.at = message->wire.end;
}

/* Some exporters fill their datagrams with zeros behind the last set. */
static bool is_zero(const struct wire *wire)
{
    for (const uint8_t *p = wire->at; p < wire->end; p++) {
        if (*p != 0)
            return false;
    }
    return true;
}

static void take_set(struct weir_decoder *decoder, uint16_t id, struct wire set)
{
    struct message *message = &decoder->message;
    const bool ipfix = message->run.version == VERSION_IPFIX;
    decoder->ledger.sets++;
    if (id == (ipfix ? SET_TEMPLATE_IPFIX : SET_TEMPLATE_9)) {
        decoder->ledger.sets_template++;
        template_set_take(decoder, set, false);
    } else if (id == (ipfix ? SET_OPTIONS_TEMPLATE_IPFIX : SET_OPTIONS_TEMPLATE_9)) {
        decoder->ledger.sets_template++;
        template_set_take(decoder, set, true);
    } else if (id >= SET_DATA_FIRST) {
        data_set_take(decoder, set, id);
    } else {
        decoder->ledger.sets_skipped++;
        message->count_known = false;
        decoder_refuse(decoder, WEIR_EVENT_SET_SKIPPED, WEIR_REASON_SET_RESERVED, &message->run, id);
    }
}

static bool end(struct weir_decoder *decoder)
{
    struct message *message = &decoder->message;
    if (!message->active)
        return false;
    message->active = false;
    if (message->data_count > 0 && message->session->returned)
        session_prove_useful(&decoder->sessions, message->session);
    if (message->run.version == VERSION_9) {
        if (message->count_known && message->record_count != message->run.header_count)
            decoder->ledger.count_mismatches++;
    } else if (message->run.version != 1) {
        check_records(decoder);
    }
    return false;
}

bool message_step(struct weir_decoder *decoder)
{
    struct message *message = &decoder->message;
    struct wire *wire = &message->wire;
    if (!message->active || wire_left(wire) < SET_HEADER_BYTES)
        return end(decoder);
    const struct wire rest = *wire;
    const uint16_t id = wire_u16(wire), length = wire_u16(wire);
    if (length < SET_HEADER_BYTES) {
        if (is_zero(&rest))
            return end(decoder);
        skip_rest(decoder, WEIR_REASON_SET_LENGTH_SHORT, id);
        return true;
    }
    const size_t size_bytes = length - (size_t)SET_HEADER_BYTES;
    if (size_bytes > wire_left(wire)) {
        skip_rest(decoder, WEIR_REASON_SET_OVERRUN, id);
        return true;
    }
    const struct wire set = wire_init(wire->at, size_bytes);
    wire->at += size_bytes;
    take_set(decoder, id, set);
    return true;
}
