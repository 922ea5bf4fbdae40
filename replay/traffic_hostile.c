/* SPDX-License-Identifier: MIT */
/*
 * traffic_hostile.c - datagrams that nobody honest sends
 */
#include "traffic_hostile.h"

#include "octets.h"

enum {
    GARBAGE_BYTES = 1400,
    FLOOD_TEMPLATES = 15, /* of a datagram */
    FLOOD_FIELDS = 20,
    UPTIME_MS = 86400000,
};

static uint8_t *put_random(struct chance *chance, uint8_t *at, size_t size_bytes)
{
    for (size_t i = 0; i < size_bytes; i++)
        *at++ = (uint8_t)chance_draw(chance);
    return at;
}

/* Of a version that there is not. */
static uint8_t *put_garbage(struct chance *chance, uint8_t *octets)
{
    uint8_t *const end = put_random(chance, octets, chance_below(chance, GARBAGE_BYTES));
    octets[0] |= 0x80;
    return end;
}

static uint8_t *put_cut_header(struct chance *chance, uint8_t *octets)
{
    static const uint8_t versions[] = {1, 5, 7, 9, 10};
    put_random(chance, octets, 15);
    octets_put16(octets, versions[chance_below(chance, sizeof versions)]);
    return octets + chance_below(chance, 16);
}

static uint8_t *put_header_9(int64_t now_us, uint32_t sequence, uint32_t domain, uint8_t *octets)
{
    uint8_t *at = octets_put16(octets_put16(octets, 9), 1);
    at = octets_put32(octets_put32(at, UPTIME_MS), (uint32_t)(now_us / 1000000));
    return octets_put32(octets_put32(at, sequence), domain);
}

/* A set of data that is longer than its datagram, or shorter than its own header. */
static uint8_t *put_wrong_set(struct hostile *hostile, struct chance *chance, int64_t now_us, uint8_t *octets)
{
    uint8_t *at = put_header_9(now_us, hostile->sequence++, HOSTILE_DOMAIN, octets);
    at = octets_put16(at, 256 + chance_below(chance, 1000));
    at = octets_put16(at, chance_below(chance, 2) == 0 ? chance_below(chance, 4) : 2000 + chance_below(chance, 60000));
    return put_random(chance, at, chance_below(chance, 1000));
}

/* IPFIX that tells a wrong length, with a set of a number that nothing uses. */
static uint8_t *put_wrong_message(struct chance *chance, int64_t now_us, uint8_t *octets)
{
    const bool too_short = chance_below(chance, 2) == 0;
    const uint32_t length = too_short ? chance_below(chance, 16) : 2000 + chance_below(chance, 60000);
    uint8_t *at = octets_put16(octets_put16(octets, 10), length);
    at = octets_put32(at, (uint32_t)(now_us / 1000000));
    at = octets_put32(octets_put32(at, 0), HOSTILE_DOMAIN);
    at = octets_put16(octets_put16(at, 4 + chance_below(chance, 252)), 104);
    return put_random(chance, at, 100);
}

/* Version 5 that tells of records which are not there. */
static uint8_t *put_empty_5(struct chance *chance, int64_t now_us, uint8_t *octets)
{
    uint8_t *at = octets_put16(octets_put16(octets, 5), 1 + chance_below(chance, 65535));
    at = octets_put32(octets_put32(at, UPTIME_MS), (uint32_t)(now_us / 1000000));
    at = octets_put32(octets_put32(at, 0), 0);
    at = octets_put16(octets_put16(at, 0xffff), 0);
    return put_random(chance, at, chance_below(chance, 48));
}

/* Fields whose lengths go up and down with the template's number, so that no two templates of a flood are the same. */
static uint8_t *put_flood_template(struct hostile *hostile, struct chance *chance, uint8_t *at)
{
    at = octets_put16(octets_put16(at, 256 + hostile->templates++ % 65280), FLOOD_FIELDS);
    for (int i = 0; i < FLOOD_FIELDS; i++)
        at = octets_put16(octets_put16(at, 1 + chance_below(chance, 400)), 1 + chance_below(chance, 64));
    return at;
}

static uint8_t *put_flood(struct hostile *hostile, struct chance *chance, int64_t now_us, uint8_t *octets)
{
    uint8_t *const set = put_header_9(now_us, hostile->sequence++, HOSTILE_DOMAIN, octets);
    uint8_t *at = set + 4;
    for (int i = 0; i < FLOOD_TEMPLATES; i++)
        at = put_flood_template(hostile, chance, at);
    octets_put16(octets_put16(set, 0), (uint32_t)(at - set));
    return at;
}

/* Each of a domain that has not been before, with one template. */
static uint8_t *put_new_domain(struct hostile *hostile, struct chance *chance, int64_t now_us, uint8_t *octets)
{
    const uint32_t domain = HOSTILE_DOMAIN + ++hostile->domains;
    uint8_t *const set = put_header_9(now_us, (uint32_t)chance_draw(chance), domain, octets);
    uint8_t *const at = put_flood_template(hostile, chance, set + 4);
    octets_put16(octets_put16(set, 0), (uint32_t)(at - set));
    return at;
}

/* A template that has more fields than its set, or a record longer than any datagram. */
static uint8_t *put_lying_template(struct hostile *hostile, struct chance *chance, int64_t now_us, uint8_t *octets)
{
    const bool long_record = chance_below(chance, 2) == 0;
    uint8_t *const set = put_header_9(now_us, hostile->sequence++, HOSTILE_DOMAIN, octets);
    uint8_t *at = octets_put16(octets_put16(set + 4, 256 + chance_below(chance, 1000)), long_record ? 2 : 65535);
    for (int i = 0; i < 2; i++)
        at = octets_put16(octets_put16(at, 1 + chance_below(chance, 400)), 60000);
    octets_put16(octets_put16(set, 0), (uint32_t)(at - set));
    return at;
}

size_t hostile_write(struct hostile *hostile, struct chance *chance, int64_t now_us, uint8_t *octets)
{
    uint8_t *end = octets;
    switch (hostile->count++ % 8) {
    case 0: end = put_garbage(chance, octets); break;
    case 1: end = put_cut_header(chance, octets); break;
    case 2: end = put_wrong_set(hostile, chance, now_us, octets); break;
    case 3: end = put_wrong_message(chance, now_us, octets); break;
    case 4: end = put_empty_5(chance, now_us, octets); break;
    case 5: end = put_flood(hostile, chance, now_us, octets); break;
    case 6: end = put_new_domain(hostile, chance, now_us, octets); break;
    default: end = put_lying_template(hostile, chance, now_us, octets); break;
    }
    return (size_t)(end - octets);
}
