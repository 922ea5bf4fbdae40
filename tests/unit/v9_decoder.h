/* SPDX-License-Identifier: MIT */
/*
 * v9_decoder.h - a decoder whose events are noted, and datagrams of NetFlow v9 for it
 *
 * To be included behind cmocka.h.
 */
#ifndef TESTS_V9_DECODER_H
#define TESTS_V9_DECODER_H

#include "v9_maker.h"

static struct v9_maker maker;
static struct event_log event_log;

static inline struct weir_decoder *create(uint32_t sessions_max)
{
    struct weir_options options;
    weir_options_init(&options);
    options.sessions_max = sessions_max;
    options.event = log_event;
    options.context = &event_log;
    event_log.count = 0;
    maker.sequence = 0;
    struct weir_decoder *decoder = weir_decoder_create(&options);
    assert_non_null(decoder);
    return decoder;
}

static inline void check_event(unsigned i, enum weir_event_kind kind, enum weir_reason reason, uint16_t template_id)
{
    assert_true(i < event_log.count);
    assert_int_equal(event_log.events[i].kind, kind);
    assert_int_equal(event_log.events[i].reason, reason);
    assert_int_equal(event_log.events[i].template_id, template_id);
}

#endif
