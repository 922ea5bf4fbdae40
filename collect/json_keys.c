/* SPDX-License-Identifier: MIT */
/* json_keys.c - see json_keys.h */
#include "json_keys.h"

#include <inttypes.h>
#include <stdio.h>

/* Times so late that microseconds would not fit are taken for this one. */
#define SECONDS_MAX (INT64_MAX / 1000000 - 1)

size_t json_time_write(int64_t time_us, char text[JSON_KEY_SIZE])
{
    uint64_t time = time_us < 0 ? 0 : (uint64_t)time_us;
    char digits[20];
    size_t count = 0;
    size_t used = 0;

    do {
        digits[count++] = (char)('0' + time % 10);
        time /= 10;
    } while (time > 0 || count < 7);

    while (count > 0) {
        if (count == 6) {
            text[used++] = '.';
        }
        text[used++] = digits[--count];
    }
    return used;
}

/* The groups of the added number: 9 of one digit, 90 of two, 900 of three. */
static size_t number_write(uint64_t number, char *text)
{
    uint64_t group = 9;
    size_t nines = 0;

    while (number >= group && nines < 17) {
        number -= group;
        group *= 10;
        text[nines++] = '9';
    }
    return nines + (size_t)snprintf(text + nines, 24, "%0*" PRIu64, (int)nines + 1, number);
}

/* The number that digits behind the sixth stand for; false when number_write() never writes such. */
static bool number_read(const char *text, size_t length, uint64_t *ret_number)
{
    uint64_t number = 0;
    uint64_t base = 0;
    uint64_t group = 9;
    size_t nines = 0;

    while (nines < length && text[nines] == '9') {
        base += group;
        group *= 10;
        nines++;
    }
    if (nines > 16 || length != 2 * nines + 1) {
        return false;
    }
    for (size_t i = nines; i < length; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    *ret_number = base + number;
    return true;
}

size_t json_keys_next(struct json_keys *keys, int64_t received_us, char text[JSON_KEY_SIZE])
{
    int64_t time_us = received_us < 0 ? 0 : received_us;
    size_t length = json_time_write(time_us, text);

    if (!keys->any || time_us > keys->latest_us) {
        keys->any = true;
        keys->latest_us = time_us;
        return length;
    }
    return length + number_write(++keys->number, text + length);
}

/* Counts digits from `at` on. */
static size_t digits_at(const char *text, size_t length, size_t at)
{
    size_t count = 0;

    while (at + count < length && text[at + count] >= '0' && text[at + count] <= '9') {
        count++;
    }
    return count;
}

bool json_keys_seen(struct json_keys *keys, const char *text, size_t length)
{
    size_t whole = digits_at(text, length, 0);
    size_t fraction = whole < length && text[whole] == '.' ? digits_at(text, length, whole + 1) : 0;

    if (whole == 0 || (whole < length && (fraction == 0 || whole + 1 + fraction != length))) {
        return false;
    }

    int64_t seconds = 0;
    for (size_t i = 0; i < whole && seconds < SECONDS_MAX; i++) {
        seconds = seconds > SECONDS_MAX / 10 ? SECONDS_MAX : seconds * 10 + (text[i] - '0');
    }
    int64_t microseconds = 0;
    for (size_t i = 0; i < 6; i++) {
        microseconds = microseconds * 10 + (i < fraction ? text[whole + 1 + i] - '0' : 0);
    }
    int64_t time_us = (seconds > SECONDS_MAX ? SECONDS_MAX : seconds) * 1000000 + microseconds;

    if (!keys->any || time_us > keys->latest_us) {
        keys->any = true;
        keys->latest_us = time_us;
    }
    uint64_t number;
    if (fraction > 6 && number_read(text + whole + 7, fraction - 6, &number) && number > keys->number) {
        keys->number = number;
    }
    return true;
}
