/* SPDX-License-Identifier: MIT */
/*
 * wire_view.h - a cursor over a captured packet
 *
 * A packet in a capture has two lengths: what it had on the wire, and what of it was captured. Octets that were
 * never sent make a packet malformed; octets that were sent but not captured make it cut short. The view keeps
 * both lengths while the headers are taken off it from the front, and remembers which of the two ran out.
 */
#ifndef WEIR_COLLECT_WIRE_VIEW_H
#define WEIR_COLLECT_WIRE_VIEW_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* What a packet of a capture turned out to be. X(NAME, text for people). */
#define PACKET_VERDICTS(X)                                             \
    X(DATAGRAM, "datagrams")                                           \
    X(FRAGMENT, "fragments that did not complete a datagram")          \
    X(OTHER_PORT, "datagrams to other ports")                          \
    X(NOT_UDP, "packets of other protocols than UDP")                  \
    X(NOT_IP, "packets that are not IP")                               \
    X(CUT_SHORT, "packets cut short by the snap length of the capture") \
    X(MALFORMED, "malformed packets")

enum packet_verdict {
#define PACKET_VERDICT_ENUM(name, text) PACKET_##name,
    PACKET_VERDICTS(PACKET_VERDICT_ENUM)
#undef PACKET_VERDICT_ENUM
    PACKET_VERDICT_COUNT
};

/* What is left of a packet. captured_bytes is never above length_bytes. */
struct wire_view {
    const uint8_t *data;
    size_t captured_bytes;
    size_t length_bytes;         /* on the wire */
    enum packet_verdict verdict; /* why the last wire_take() failed; starts as PACKET_DATAGRAM */
};

/* Takes `size_bytes` off the front and returns where they begin, or NULL with the verdict set. */
static inline const uint8_t *wire_take(struct wire_view *view, size_t size_bytes)
{
    const uint8_t *taken = view->data;

    assert(view->captured_bytes <= view->length_bytes);
    if (size_bytes > view->captured_bytes) {
        view->verdict = size_bytes > view->length_bytes ? PACKET_MALFORMED : PACKET_CUT_SHORT;
        return NULL;
    }
    view->data += size_bytes;
    view->captured_bytes -= size_bytes;
    view->length_bytes -= size_bytes;
    return taken;
}

/* Forgets what lies behind the first `length_bytes` octets: padding, trailers. */
static inline void wire_shorten(struct wire_view *view, size_t length_bytes)
{
    assert(length_bytes <= view->length_bytes);
    view->length_bytes = length_bytes;
    if (view->captured_bytes > length_bytes) {
        view->captured_bytes = length_bytes;
    }
}

static inline uint16_t wire_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t wire_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

#endif
