/* SPDX-License-Identifier: MIT */
/*
 * taught.c - elements that a decoder was taught
 */
#include "taught.h"

#include "hash.h"
#include "limits.h"

#include <stdlib.h>
#include <string.h>

enum { PLACES_FIRST = 64 };

void taught_done(struct taught *taught)
{
    for (struct taught_element *element = taught->all, *next; element != NULL; element = next) {
        next = element->next;
        free(element);
    }
    free(taught->places);
    *taught = (struct taught){0};
}

static struct taught_element **find_place(const struct taught *taught, uint32_t pen, uint16_t id)
{
    uint64_t place = hash_mix(taught->seed ^ pen, id);
    struct taught_element **at;
    while (at = &taught->places[place++ & (taught->place_count - 1)],
           *at != NULL && !((*at)->element.pen == pen && (*at)->element.id == id))
        continue;
    return at;
}

const struct weir_element *taught_find(const struct taught *taught, uint32_t pen, uint16_t id)
{
    if (taught->place_count == 0)
        return NULL;
    const struct taught_element *found = *find_place(taught, pen, id);
    return found == NULL || found->number >= taught_element_count(taught) ? NULL : &found->element;
}

void taught_hide(struct taught *taught, uint32_t shown_count)
{
    const uint32_t all = taught->user_count + taught->exporter_count;
    taught->hidden_count = shown_count < all ? all - shown_count : 0;
}

bool taught_is_hidden(const struct taught *taught, const struct weir_element *element)
{
    if (taught->hidden_count == 0 || element == NULL)
        return false;
    const struct taught_element *found = *find_place(taught, element->pen, element->id);
    return found != NULL && &found->element == element && found->number >= taught_element_count(taught);
}

const struct weir_element *taught_or_registered(const struct taught *taught, uint32_t pen, uint16_t id)
{
    const struct weir_element *element = taught_find(taught, pen, id);
    return element != NULL ? element : weir_element_find(pen, id);
}

/* Keeps half of the places free. */
static int grow(struct taught *taught)
{
    if (taught->taken_count < taught->place_count / 2)
        return 0;
    struct taught grown = *taught;
    grown.place_count = taught->place_count == 0 ? PLACES_FIRST : taught->place_count * 2;
    grown.places = calloc(grown.place_count, sizeof *grown.places);
    if (grown.places == NULL)
        return -1;
    for (uint32_t i = 0; i < taught->place_count; i++) {
        struct taught_element *element = taught->places[i];
        if (element != NULL)
            *find_place(&grown, element->element.pen, element->element.id) = element;
    }
    free(taught->places);
    *taught = grown;
    return 0;
}

static struct taught_element *copy(const struct weir_element *element, size_t name_bytes, bool by_user)
{
    struct taught_element *made = malloc(sizeof *made + name_bytes + 1);
    if (made == NULL)
        return NULL;
    made->next = NULL;
    made->element = *element;
    made->element.name = made->name;
    made->by_user = by_user;
    memcpy(made->name, element->name, name_bytes);
    made->name[name_bytes] = '\0';
    return made;
}

static void append(struct taught *taught, struct taught_element *element)
{
    if (taught->newest != NULL)
        taught->newest->next = element;
    else
        taught->all = element;
    taught->newest = element;
}

enum taught_result taught_add(struct taught *taught, const struct weir_element *element, size_t name_bytes,
                              bool by_user)
{
    uint32_t *count = by_user ? &taught->user_count : &taught->exporter_count;
    if (grow(taught) != 0)
        return TAUGHT_MEMORY;
    struct taught_element **place = find_place(taught, element->pen, element->id);
    if (*place != NULL && ((*place)->by_user || !by_user))
        return TAUGHT_KNOWN;
    if (*count >= (by_user ? LIMIT_ELEMENTS_ADDED : LIMIT_ELEMENTS_LEARNED))
        return TAUGHT_FULL;
    struct taught_element *made = copy(element, name_bytes, by_user);
    if (made == NULL)
        return TAUGHT_MEMORY;
    made->number = taught_element_count(taught);
    taught->taken_count += *place == NULL; /* an exporter's, which stays for the layouts that have it */
    *place = made;
    append(taught, made);
    ++*count;
    return TAUGHT;
}

void taught_forget_learned(struct taught *taught)
{
    const struct taught before = *taught;
    taught->all = taught->newest = NULL;
    taught->taken_count = taught->exporter_count = 0;
    if (taught->place_count > 0)
        memset(taught->places, 0, taught->place_count * sizeof *taught->places);
    for (struct taught_element *element = before.all, *next; element != NULL; element = next) {
        next = element->next;
        if (!element->by_user) {
            free(element);
            continue;
        }
        element->next = NULL;
        element->number = taught->taken_count;
        append(taught, element);
        *find_place(taught, element->element.pen, element->element.id) = element;
        taught->taken_count++;
    }
}
