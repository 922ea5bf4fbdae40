/* SPDX-License-Identifier: MIT */
/* store_recent.c - the newest files of a store */
#include "store_recent.h"

#include "segment_list.h"

int store_recent_find(struct store_recent *recent, const char *folder, enum segment_kind kind, int64_t back_s)
{
    struct segment_list list = {0};
    struct store_error error;
    int64_t newest_s = INT64_MIN;
    if (segment_list_read(&list, folder, kind, NULL, NULL, NULL, &error) == 0) {
        for (uint32_t i = 0; i < list.current.count; i++)
            newest_s = list.current.files[i].hour_s > newest_s ? list.current.files[i].hour_s : newest_s;
    }
    segment_list_done(&list);
    if (newest_s == INT64_MIN)
        return 0;
    const struct segment_window window = {.from_s = INT64_MIN, .to_s = INT64_MAX, .hour_from_s = newest_s - back_s};
    if (store_files_find(&recent->files, folder, segment_kind_name(kind), &window) != 0)
        return -1;
    return store_footers_read(&recent->footers, &recent->files, NULL, NULL, 0);
}

void store_recent_done(struct store_recent *recent)
{
    store_footers_done(&recent->footers);
    store_files_done(&recent->files);
}
