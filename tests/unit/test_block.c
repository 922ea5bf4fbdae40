/* SPDX-License-Identifier: MIT */
/*
 * test_block.c - blocks are given away whole and in parts, and no octet to two at a time
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "block.h"

enum { BLOCKS = 3, BLOCK_BYTES = 1 << 14, PIECES_MAX = BLOCKS * BLOCK_PARTS };

static void test_whole_and_parts(void **state)
{
    struct block_pool pool;
    struct block_piece pieces[PIECES_MAX], piece;
    (void)state;
    assert_int_equal(block_pool_init(&pool, BLOCKS, BLOCK_BYTES), 0);
    for (int i = 0; i < BLOCKS; i++)
        assert_true(block_take_whole(&pool, &pieces[i]));
    assert_false(block_take_whole(&pool, &piece));
    assert_false(block_take_part(&pool, &piece));
    for (int i = 0; i < BLOCKS; i++)
        block_give_back(&pool, &pieces[i]);
    for (int i = 0; i < PIECES_MAX; i++)
        assert_true(block_take_part(&pool, &pieces[i]));
    assert_false(block_take_part(&pool, &piece));
    /* A block is whole again when its last part is back, and not before. */
    for (int i = 0; i < BLOCK_PARTS; i++) {
        assert_false(block_take_whole(&pool, &piece));
        block_give_back(&pool, &pieces[BLOCK_PARTS + i]);
    }
    assert_true(block_take_whole(&pool, &piece));
    assert_int_equal(piece.block, pieces[BLOCK_PARTS].block);
    block_pool_done(&pool);
}

/* What came back last goes first. */
static void test_last_back_is_first(void **state)
{
    struct block_pool pool;
    struct block_piece first, second, third, again;
    (void)state;
    assert_int_equal(block_pool_init(&pool, BLOCKS, BLOCK_BYTES), 0);
    assert_true(block_take_part(&pool, &first) && block_take_part(&pool, &second) && block_take_whole(&pool, &third));
    assert_int_equal(first.block, second.block);
    assert_int_not_equal(first.block, third.block);
    block_give_back(&pool, &second);
    assert_true(block_take_part(&pool, &again));
    assert_ptr_equal(again.memory, second.memory);
    block_give_back(&pool, &third);
    assert_true(block_take_whole(&pool, &again));
    assert_ptr_equal(again.memory, third.memory);
    block_pool_done(&pool);
}

static void check_all(const struct block_piece *pieces, const uint8_t *marks, int count)
{
    for (int i = 0; i < count; i++) {
        assert_int_equal((uintptr_t)pieces[i].memory % BLOCK_ALIGNMENT, 0);
        for (size_t k = 0; k < pieces[i].size_bytes; k += 61)
            assert_int_equal(pieces[i].memory[k], marks[i]);
        assert_int_equal(pieces[i].memory[pieces[i].size_bytes - 1], marks[i]);
    }
}

/* Takes and gives back at random; every piece keeps what was written to all of it. */
static void test_no_octet_twice(void **state)
{
    struct block_pool pool;
    struct block_piece pieces[PIECES_MAX];
    uint8_t marks[PIECES_MAX];
    uint32_t random = 1;
    int count = 0;
    (void)state;
    assert_int_equal(block_pool_init(&pool, BLOCKS, BLOCK_BYTES), 0);
    for (int i = 0; i < 5000; i++) {
        random = random * 1664525 + 1013904223;
        const uint32_t what = random >> 24;
        if (what < 120 && count > 0) {
            const int which = (int)(random >> 8) % count;
            block_give_back(&pool, &pieces[which]);
            pieces[which] = pieces[--count];
            marks[which] = marks[count];
        } else if (what < 150 ? block_take_whole(&pool, &pieces[count]) : block_take_part(&pool, &pieces[count])) {
            marks[count] = (uint8_t)i;
            memset(pieces[count].memory, marks[count], pieces[count].size_bytes);
            count++;
        }
        check_all(pieces, marks, count);
    }
    while (count > 0)
        block_give_back(&pool, &pieces[--count]);
    for (int i = 0; i < BLOCKS; i++)
        assert_true(block_take_whole(&pool, &pieces[i]));
    block_pool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_and_parts),
        cmocka_unit_test(test_last_back_is_first),
        cmocka_unit_test(test_no_octet_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
