/* SPDX-License-Identifier: MIT */
/*
 * lifetime.h - templates that are not sent again go (RFC 7011 section 8.4)
 *
 * Whether a template's time is over is looked at when data is to be decoded with it, which costs a comparison, and
 * for those that no data comes for, seldom, all at once.
 */
#ifndef WEIR_LIFETIME_H
#define WEIR_LIFETIME_H

#include "session.h"

#include <weir/weir.h>

/* When a template was seen that does not age. */
#define LIFETIME_ENDLESS_US (INT64_MAX / 2)

struct lifetime {
    int64_t length_us;  /* INT64_MAX when templates do not age at all */
    int64_t sweep_at_us; /* the next time to look at all; INT64_MIN at first */
};

void lifetime_init(struct lifetime *lifetime, int64_t length_us);

static inline bool lifetime_is_over(const struct lifetime *lifetime, const struct template_entry *entry, int64_t now_us)
{
    return now_us - entry->seen_us > lifetime->length_us;
}

/* Ends a template whose time is over; one that was taken over stays when it is still what would be taken over. */
void lifetime_end(struct weir_decoder *decoder, struct session *session, struct template_entry *entry);

/* Looks at all templates when it is time to. No rows may be under way. */
void lifetime_tick(struct weir_decoder *decoder);

/* Goes on where another decoder stood: it would have looked at all at this time, or INT64_MIN. */
void lifetime_go_on(struct lifetime *lifetime, int64_t now_us, int64_t sweep_at_us);

/* The clock was set back. */
void lifetime_rewind(struct lifetime *lifetime);

#endif
