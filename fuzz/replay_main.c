/* SPDX-License-Identifier: MIT */
/*
 * replay_main.c - gives a fuzz target the files of folders, without a fuzzer: its corpus as an ordinary test
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned file_count;

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        return -1;
    }
    const long end = ftell(file);
    const size_t size = end < 0 ? 0 : (size_t)end;
    uint8_t *data = malloc(size + (size == 0));
    rewind(file);
    if (end < 0 || data == NULL || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        return -1;
    }
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last one named is the one that failed */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    file_count++;
    return 0;
}

static int replay_folder(const char *path)
{
    struct dirent **entries;
    const int entry_count = scandir(path, &entries, NULL, alphasort);
    int result = 0;
    if (entry_count < 0)
        return replay_file(path);
    for (int i = 0; i < entry_count; i++) {
        char *file = NULL;
        if (asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
            abort();
        if (entries[i]->d_name[0] != '.')
            result |= replay_file(file);
        free(file);
        free(entries[i]);
    }
    free(entries);
    return result;
}

int main(int argument_count, char **arguments)
{
    int result = 0;
    for (int i = 1; i < argument_count; i++)
        result |= replay_folder(arguments[i]);
    if (file_count == 0) {
        fprintf(stderr, "no file to replay; usage: %s FOLDER|FILE...\n", arguments[0]);
        return 1;
    }
    printf("%u inputs replayed\n", file_count);
    return result == 0 ? 0 : 1;
}
