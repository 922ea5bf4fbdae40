/* SPDX-License-Identifier: MIT */
/*
 * window.c - finds which fields of a layout are copied together, and picks the kernels for that
 */
#include "window.h"

#include "layout.h"

#include <stdlib.h>
#include <string.h>

enum { SHUFFLE_ZERO = 0x80 };

const struct window_kernels *window_kernels_pick(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        return window_kernels_avx2();
#endif
    return NULL;
}

/* Octets of the field's slot in a window, or 0: octets are not turned round, and no shuffle fills up with a sign. */
static uint32_t slot_bytes(const struct weir_field *field)
{
    switch (field->kind) {
    case WEIR_KIND_I32:
    case WEIR_KIND_I64:
        if (field->wire_bytes != field->width_bytes)
            return 0;
        break;
    case WEIR_KIND_NULL:
    case WEIR_KIND_IPV6:
    case WEIR_KIND_MAC:
    case WEIR_KIND_OCTETS:
    case WEIR_KIND_VARIABLE:
        return 0;
    default:
        break;
    }
    return field->width_bytes <= 4 ? 4 : 8;
}

/* Fixed octets of a segment. */
static uint32_t segment_bytes(const struct layout *layout, uint32_t segment)
{
    return segment < layout->view.variable_count ? layout->variable[segment].segment_bytes : layout->last_segment_bytes;
}

/* The fields that begin with step `first` and fit into one window with it. Returns how many there are. */
static uint32_t find_fields(const struct layout *layout, const struct step *plan, uint32_t first, uint32_t slot,
                            uint32_t ret_steps[WINDOW_FIELDS])
{
    const struct step *from = &plan[first];
    uint32_t count = 0;
    for (uint32_t i = first; i < layout->step_count && count < WINDOW_BYTES / slot; i++) {
        const struct step *step = &plan[i];
        if (step->segment != from->segment || step->offset + step->wire_bytes > from->offset + WINDOW_BYTES)
            break;
        if (!step->in_window && slot_bytes(&layout->view.fields[step->column]) == slot)
            ret_steps[count++] = i;
    }
    return count;
}

static void put_field(struct window *window, uint32_t slot, uint32_t place, struct step *step)
{
    const uint32_t from = step->offset - window->offset;
    uint8_t *shuffle = window->shuffle + (size_t)place * slot;
    for (uint32_t i = 0; i < step->wire_bytes; i++)
        shuffle[i] = (uint8_t)(from + step->wire_bytes - 1 - i);
    window->width_bytes[place] = (uint8_t)step->width_bytes;
    window->column[place] = step->column;
    step->in_window = true;
}

static bool make_window(const struct layout *layout, struct step *plan, uint32_t first, struct window *ret_window)
{
    uint32_t steps[WINDOW_FIELDS];
    const uint32_t slot = slot_bytes(&layout->view.fields[plan[first].column]);
    const uint32_t size_bytes = segment_bytes(layout, plan[first].segment);
    if (plan[first].in_window || slot == 0 || size_bytes < WINDOW_BYTES)
        return false;
    const uint32_t count = find_fields(layout, plan, first, slot, steps);
    if (count < 2)
        return false;
    const uint32_t last_offset = size_bytes - WINDOW_BYTES;
    *ret_window = (struct window){
        .offset = (uint16_t)(plan[first].offset < last_offset ? plan[first].offset : last_offset),
        .segment = plan[first].segment,
    };
    memset(ret_window->shuffle, SHUFFLE_ZERO, sizeof ret_window->shuffle);
    /* where there are fewer fields than places the last one is copied twice, which is cheaper than to ask */
    for (uint32_t i = 0; i < WINDOW_BYTES / slot; i++)
        put_field(ret_window, slot, i, &plan[steps[i < count ? i : count - 1]]);
    return true;
}

/* The steps of windows behind the others; else the order stays, so that records are read from front to back. */
static int compare_steps(const void *a, const void *b)
{
    const struct step *left = a, *right = b;
    if (left->in_window != right->in_window)
        return left->in_window ? 1 : -1;
    return (left->column > right->column) - (left->column < right->column);
}

uint32_t window_plan(const struct layout *layout, struct step *plan, struct window *windows, uint32_t *ret_rest_count)
{
    uint32_t count = 0, rest_count = 0;
    for (uint32_t i = 0; i < layout->step_count; i++)
        count += make_window(layout, plan, i, &windows[count]);
    for (uint32_t i = 0; i < layout->step_count; i++)
        rest_count += !plan[i].in_window;
    qsort(plan, layout->step_count, sizeof *plan, compare_steps);
    *ret_rest_count = rest_count;
    return count;
}
