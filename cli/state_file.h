/* SPDX-License-Identifier: MIT */
/*
 * state_file.h - the file in which weir collect keeps templates from one run to the next
 *
 * In a folder of its own, named by the address and ports that are listened on. It is written as a whole beside the old
 * one, which it then replaces, so that there is a whole one at any time.
 */
#ifndef WEIR_CLI_STATE_FILE_H
#define WEIR_CLI_STATE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <weir/weir.h>

/* "collect-2055-9995"; with addresses in front of the ports. */
enum { STATE_FILE_NAME_SIZE = 264 };
void state_file_name(char name[STATE_FILE_NAME_SIZE], const char *const *hosts, size_t host_count,
                     const uint16_t *ports, size_t port_count);

struct state_file {
    char *path;      /* NULL: nothing is kept */
    char *path_new;  /* where it is written */
    char *folder;
    uint8_t *data;   /* room to save to, kept */
    size_t data_room;
    int64_t saved_us;
    bool told; /* that it could not be written */
};

/*
 * Finds where the file is and makes the folder. `option` is a folder, "none", or NULL for the usual one:
 * $STATE_DIRECTORY, /var/lib/weir for root, else $XDG_STATE_HOME/weir or ~/.local/state/weir. A port 0, which is
 * another one next time, has no file.
 * -1 when a folder that was asked for cannot be used; that was told. Each worker has a file of its own: NAME.state,
 * NAME.1.state ...
 */
int state_file_init(struct state_file *file, const char *option, const char *const *hosts, size_t host_count,
                    const uint16_t *ports, size_t port_count, uint32_t worker, int64_t now_us);

/* Takes what was saved, if there is something. What cannot be taken is told and moved aside. */
void state_file_load(struct state_file *file, struct weir_decoder *decoder);

/* Takes of it what belongs to the addresses that are wanted, beside what was taken before from files of other
 * workers. */
void state_file_load_where(struct state_file *file, struct weir_decoder *decoder,
                           bool (*want)(void *context, const struct weir_address *address), void *context);

/* Whether there is one. */
bool state_file_is_there(const struct state_file *file);

/* Removes it: what it had is in others now. */
void state_file_remove(const struct state_file *file);

/* Writes it, once a minute or at once. What goes wrong is told once. */
void state_file_tick(struct state_file *file, const struct weir_decoder *decoder, int64_t now_us);
void state_file_save(struct state_file *file, const struct weir_decoder *decoder);

void state_file_done(struct state_file *file);

#endif
