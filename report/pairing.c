/* SPDX-License-Identifier: MIT */
/*
 * pairing.c - from flows to connections
 *
 * Flows that wait lie in a pool of nodes. Each node is in two lists: that of its hash bucket, newest first, and
 * that of all that wait, in order of arrival. Nodes are named by index, so that the pool can grow and move.
 */
#include "pairing.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
/* Clocks of the two directions may differ by this much at either end: an answer takes its time. */
#define SLOP_MS 1000
/* Overlap of which nothing better needs to be awaited. */
#define SCORE_CERTAIN 0.5
/* How many waiting flows of one connection are looked at: keeps an exporter that sends the same tuple without end
 * (tunnels have no ports) from making each search a long one. */
#define CANDIDATES_MAX 256
#define NODES_AT_START 1024u

/* What the two directions of a connection have in common. No padding: compared and hashed as octets. */
struct pair_key {
    uint64_t exporter;
    struct weir_address low;
    struct weir_address high;
    uint16_t low_port;
    uint16_t high_port;
    uint8_t protocol;
    uint8_t zero;
};
_Static_assert(sizeof(struct pair_key) == 8 + 17 + 17 + 2 + 2 + 2, "no padding in pair_key");

enum direction { FROM_LOW, FROM_HIGH, EITHER };

struct node {
    struct flow flow;
    uint64_t hash; /* of the key, which is made anew where hashes agree: it would be a third of the node */
    uint64_t sequence;
    uint32_t bucket_next, bucket_previous;
    uint32_t wait_next, wait_previous;
    uint8_t direction;
};

struct pairing {
    struct pairing_options options;
    struct pairing_counts counts;
    struct node *nodes;
    uint32_t *buckets;
    uint32_t node_capacity, bucket_mask;
    uint32_t free_first, used; /* nodes from `used` on were never used */
    uint32_t waiting;
    uint32_t wait_first, wait_last;
    int64_t newest_us;
    uint64_t seed;
};

/* ------------------------------------------------------------------------------------------------- connections */

uint64_t connection_size_bytes(const struct connection *connection)
{
    return connection->from.bytes;
}

static uint64_t add_saturated(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

uint64_t connection_packets(const struct connection *connection)
{
    return add_saturated(connection->from.packets, connection->paired ? connection->to.packets : 0);
}

uint64_t connection_bytes(const struct connection *connection)
{
    return add_saturated(connection->from.bytes, connection->paired ? connection->to.bytes : 0);
}

int64_t connection_duration_ms(const struct connection *connection)
{
    return flow_duration_ms(&connection->from);
}

/* Whether `a` is shown as the side that sent: it sent more, or began. */
static bool goes_first(const struct node *a, const struct node *b)
{
    if (a->flow.bytes != b->flow.bytes)
        return a->flow.bytes > b->flow.bytes;
    if (flow_is_icmp(&a->flow) && a->direction != b->direction)
        return a->direction == FROM_LOW; /* the one that asks */
    if (a->flow.clock == b->flow.clock && a->flow.first_ms != b->flow.first_ms) {
        if (a->flow.clock == FLOW_CLOCK_UPTIME)
            return (int32_t)((uint32_t)a->flow.first_ms - (uint32_t)b->flow.first_ms) < 0;
        return a->flow.first_ms < b->flow.first_ms;
    }
    return a->sequence < b->sequence;
}

static void tell_alone(struct pairing *pairing, const struct flow *flow, uint64_t sequence)
{
    struct connection connection = {.from = *flow, .time_us = flow->received_us, .sequence = sequence};
    pairing->counts.flows_alone++;
    pairing->options.found(pairing->options.context, &connection);
}

static void tell_pair(struct pairing *pairing, const struct node *a, const struct node *b)
{
    const struct node *later = a->sequence > b->sequence ? a : b;
    bool a_first = goes_first(a, b);
    struct connection connection = {
        .from = a_first ? a->flow : b->flow,
        .to = a_first ? b->flow : a->flow,
        .paired = true,
        .time_us = later->flow.received_us,
        .sequence = later->sequence,
    };
    pairing->counts.flows_paired += 2;
    pairing->options.found(pairing->options.context, &connection);
}

/* ------------------------------------------------------------------------------------------------------- keys */

/* The ICMP types that ask and the ones that answer. */
static const uint8_t icmp_pairs[][2] = {{8, 0}, {13, 14}, {15, 16}, {17, 18}, {10, 9}, {42, 43}};
static const uint8_t icmp6_pairs[][2] = {{128, 129}, {133, 134}, {135, 136}, {139, 140}, {144, 145}, {160, 161}};

/* Finds the pair of types that a flow's type belongs to. Returns -1 when there is none: a report of an error has no
 * other side. */
static int icmp_pair_find(const struct flow *flow, uint8_t *ret_asks, bool *ret_is_ask)
{
    bool six = flow->protocol == PROTOCOL_ICMP6;
    const uint8_t(*pairs)[2] = six ? icmp6_pairs : icmp_pairs;
    size_t count = six ? sizeof icmp6_pairs / 2 : sizeof icmp_pairs / 2;
    for (size_t i = 0; i < count; i++) {
        if (flow->icmp_type == pairs[i][0] || flow->icmp_type == pairs[i][1]) {
            *ret_asks = pairs[i][0];
            *ret_is_ask = flow->icmp_type == pairs[i][0];
            return 0;
        }
    }
    return -1;
}

/* Fills in the key; returns -1 when the flow can have no other side. For ICMP, low is the side that asks. */
static int key_init(struct pair_key *key, const struct flow *flow, uint8_t *ret_direction)
{
    bool low_is_source;
    memset(key, 0, sizeof *key);
    key->exporter = flow->exporter;
    key->protocol = flow->protocol;
    if (flow_is_icmp(flow) && flow->has_icmp) {
        uint8_t asks = 0;
        if (icmp_pair_find(flow, &asks, &low_is_source) != 0)
            return -1;
        key->low_port = asks;
        key->high_port = UINT16_MAX; /* apart from ICMP without types */
        *ret_direction = low_is_source ? FROM_LOW : FROM_HIGH;
    } else {
        bool ports = !flow_is_icmp(flow);
        int order = address_compare(&flow->source, &flow->destination);
        if (order == 0 && ports)
            order = (int)flow->source_port - (int)flow->destination_port;
        low_is_source = order <= 0;
        if (ports) {
            key->low_port = low_is_source ? flow->source_port : flow->destination_port;
            key->high_port = low_is_source ? flow->destination_port : flow->source_port;
        }
        *ret_direction = order < 0 ? FROM_LOW : order > 0 ? FROM_HIGH : EITHER;
    }
    key->low = low_is_source ? flow->source : flow->destination;
    key->high = low_is_source ? flow->destination : flow->source;
    return 0;
}

/* How well the times of two flows fit: what they share of what they span, 0 when they are apart, 1 when equal. */
static double overlap_score(const struct flow *a, const struct flow *b)
{
    int64_t a_length = flow_duration_ms(a);
    int64_t b_length = flow_duration_ms(b);
    double apart; /* from the start of a to the start of b */

    if (a->clock == FLOW_CLOCK_UPTIME && b->clock == FLOW_CLOCK_UPTIME)
        apart = (double)(int32_t)((uint32_t)b->first_ms - (uint32_t)a->first_ms);
    else if (a->clock == FLOW_CLOCK_ABSOLUTE && b->clock == FLOW_CLOCK_ABSOLUTE)
        apart = (double)b->first_ms - (double)a->first_ms;
    else /* no clock in common: both ended when they were received, for all we know */
        apart = ((double)b->received_us - (double)a->received_us) / 1000 - (double)(b_length - a_length);

    double a_end = (double)a_length + SLOP_MS;
    double b_start = apart - SLOP_MS;
    double b_end = apart + (double)b_length + SLOP_MS;
    double shared = (a_end < b_end ? a_end : b_end) - (b_start > -SLOP_MS ? b_start : -SLOP_MS);
    if (shared <= 0)
        return 0;
    return shared / ((double)a_length + (double)b_length + 4.0 * SLOP_MS - shared);
}

/* ------------------------------------------------------------------------------------------------- the pool */

struct pairing *pairing_create(const struct pairing_options *options)
{
    struct pairing *pairing = calloc(1, sizeof *pairing);
    if (pairing == NULL)
        return NULL;
    pairing->options = *options;
    if (pairing->options.flows_max == 0)
        pairing->options.flows_max = 1;
    if (pairing->options.flows_max > 1u << 26)
        pairing->options.flows_max = 1u << 26;
    pairing->free_first = pairing->wait_first = pairing->wait_last = NONE;
    pairing->newest_us = INT64_MIN;
    pairing->seed = hash_seed();
    return pairing;
}

void pairing_free(struct pairing *pairing)
{
    if (pairing == NULL)
        return;
    free(pairing->nodes);
    free(pairing->buckets);
    free(pairing);
}

const struct pairing_counts *pairing_counts(const struct pairing *pairing)
{
    return &pairing->counts;
}

int64_t pairing_settled_us(const struct pairing *pairing)
{
    if (pairing->wait_first == NONE)
        return pairing->newest_us;
    int64_t oldest_us = pairing->nodes[pairing->wait_first].flow.received_us;
    return oldest_us < pairing->newest_us ? oldest_us : pairing->newest_us;
}

static void bucket_link(struct pairing *pairing, uint32_t index)
{
    struct node *node = &pairing->nodes[index];
    uint32_t *bucket = &pairing->buckets[node->hash & pairing->bucket_mask];
    node->bucket_previous = NONE;
    node->bucket_next = *bucket;
    if (*bucket != NONE)
        pairing->nodes[*bucket].bucket_previous = index;
    *bucket = index;
}

static int pool_grow(struct pairing *pairing)
{
    uint32_t capacity = pairing->node_capacity == 0 ? NODES_AT_START : pairing->node_capacity * 2;
    struct node *nodes = realloc(pairing->nodes, capacity * sizeof *nodes);
    if (nodes == NULL)
        return -1;
    pairing->nodes = nodes;
    uint32_t *buckets = malloc(capacity * sizeof *buckets);
    if (buckets == NULL)
        return -1;
    memset(buckets, 0xff, capacity * sizeof *buckets); /* NONE */
    free(pairing->buckets);
    pairing->buckets = buckets;
    pairing->bucket_mask = capacity - 1;
    pairing->node_capacity = capacity;
    for (uint32_t i = pairing->wait_first; i != NONE; i = nodes[i].wait_next)
        bucket_link(pairing, i);
    return 0;
}

static uint32_t node_take(struct pairing *pairing)
{
    uint32_t index = pairing->free_first;
    if (index != NONE) {
        pairing->free_first = pairing->nodes[index].wait_next;
        return index;
    }
    if (pairing->used == pairing->node_capacity && pool_grow(pairing) != 0)
        return NONE;
    return pairing->used++;
}

static void node_unlink(struct pairing *pairing, uint32_t index)
{
    struct node *nodes = pairing->nodes;
    struct node *node = &nodes[index];

    if (node->bucket_previous != NONE)
        nodes[node->bucket_previous].bucket_next = node->bucket_next;
    else
        pairing->buckets[node->hash & pairing->bucket_mask] = node->bucket_next;
    if (node->bucket_next != NONE)
        nodes[node->bucket_next].bucket_previous = node->bucket_previous;

    if (node->wait_previous != NONE)
        nodes[node->wait_previous].wait_next = node->wait_next;
    else
        pairing->wait_first = node->wait_next;
    if (node->wait_next != NONE)
        nodes[node->wait_next].wait_previous = node->wait_previous;
    else
        pairing->wait_last = node->wait_previous;

    node->wait_next = pairing->free_first;
    pairing->free_first = index;
    pairing->waiting--;
}

static int node_wait(struct pairing *pairing, const struct node *node)
{
    uint32_t index = node_take(pairing);
    if (index == NONE)
        return -1;
    struct node *place = &pairing->nodes[index];
    *place = *node;
    bucket_link(pairing, index);
    place->wait_next = NONE;
    place->wait_previous = pairing->wait_last;
    if (pairing->wait_last != NONE)
        pairing->nodes[pairing->wait_last].wait_next = index;
    else
        pairing->wait_first = index;
    pairing->wait_last = index;
    pairing->waiting++;
    return 0;
}

/* -------------------------------------------------------------------------------------------------- matching */

/* The waiting flow that fits best, the one that came first among equals; `self` is left out. */
static uint32_t find_best(const struct pairing *pairing, const struct node *node, uint32_t self, double *ret_score)
{
    struct pair_key key;
    uint8_t direction;
    uint32_t best = NONE;
    double best_score = 0;
    int looked_at = 0;

    if (pairing->buckets == NULL || key_init(&key, &node->flow, &direction) != 0)
        return NONE;
    uint32_t i = pairing->buckets[node->hash & pairing->bucket_mask];
    for (; i != NONE && looked_at < CANDIDATES_MAX; i = pairing->nodes[i].bucket_next) {
        const struct node *other = &pairing->nodes[i];
        struct pair_key other_key;
        if (other->hash != node->hash || key_init(&other_key, &other->flow, &direction) != 0)
            continue;
        if (memcmp(&other_key, &key, sizeof key) != 0)
            continue;
        looked_at++;
        if (i == self || (other->direction == node->direction && node->direction != EITHER))
            continue;
        double score = overlap_score(&node->flow, &other->flow);
        if (score > 0 && score >= best_score) {
            best = i;
            best_score = score;
        }
    }
    *ret_score = best_score;
    return best;
}

/* The flow's time is over: it takes the best partner that does not do better itself, or stays alone. */
static void give_up(struct pairing *pairing, uint32_t index)
{
    for (;;) {
        struct node node = pairing->nodes[index];
        double score;
        uint32_t partner = find_best(pairing, &node, index, &score);
        if (partner == NONE) {
            node_unlink(pairing, index);
            tell_alone(pairing, &node.flow, node.sequence);
            return;
        }
        struct node other = pairing->nodes[partner];
        double other_score;
        uint32_t rival = find_best(pairing, &other, partner, &other_score);
        if (rival == NONE || rival == index || other_score <= score) {
            node_unlink(pairing, index);
            node_unlink(pairing, partner);
            tell_pair(pairing, &node, &other);
            return;
        }
        struct node better = pairing->nodes[rival];
        node_unlink(pairing, partner);
        node_unlink(pairing, rival);
        tell_pair(pairing, &other, &better);
    }
}

int pairing_add(struct pairing *pairing, const struct flow *flow)
{
    struct node node = {.flow = *flow, .sequence = pairing->counts.flows++};
    struct pair_key key;

    pairing_advance(pairing, flow->received_us);
    if (key_init(&key, flow, &node.direction) != 0) {
        tell_alone(pairing, flow, node.sequence);
        return 0;
    }
    node.hash = hash_bytes(&key, sizeof key, pairing->seed);

    double score;
    uint32_t partner = find_best(pairing, &node, NONE, &score);
    if (partner != NONE && score >= SCORE_CERTAIN) {
        struct node other = pairing->nodes[partner];
        node_unlink(pairing, partner);
        tell_pair(pairing, &node, &other);
        return 0;
    }
    if (pairing->waiting >= pairing->options.flows_max) {
        pairing->counts.flows_crowded++;
        give_up(pairing, pairing->wait_first);
    }
    if (node_wait(pairing, &node) != 0) {
        tell_alone(pairing, flow, node.sequence);
        return -1;
    }
    return 0;
}

void pairing_advance(struct pairing *pairing, int64_t now_us)
{
    if (now_us > pairing->newest_us)
        pairing->newest_us = now_us;
    while (pairing->wait_first != NONE) {
        int64_t received_us = pairing->nodes[pairing->wait_first].flow.received_us;
        if (received_us >= pairing->newest_us || pairing->newest_us - received_us <= pairing->options.horizon_us)
            break;
        give_up(pairing, pairing->wait_first);
    }
}

void pairing_finish(struct pairing *pairing)
{
    while (pairing->wait_first != NONE)
        give_up(pairing, pairing->wait_first);
}
