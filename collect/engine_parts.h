/* SPDX-License-Identifier: MIT */
/* engine_parts.h - what an engine is made of, for engine.c, engine_running.c and engine_end.c */
#ifndef WEIR_COLLECT_ENGINE_PARTS_H
#define WEIR_COLLECT_ENGINE_PARTS_H

#include "engine.h"

#include "snapshot_file.h"

struct worker {
    struct engine *engine;
    uint32_t index;
    struct journal *journal;
    struct collector collector;
    struct snapshot_file snapshot;
    char *drops_path; /* or NULL */
    struct receiver *_Atomic receiver; /* the lane looks at it as well, */
    struct lane *_Atomic lane;         /* and at itself */
    bool resumed;
    bool told;          /* that no snapshot could be written */
    uint64_t recovered;
    struct receiver_counts before; /* drops that the journal tells of */
    uint64_t left;      /* datagrams that are not committed, after the end */
    bool keep;          /* the next process needs the journal */
};

struct side {
    char name[64];
    struct collector collector;
    struct side_lane *lane;
    bool told;  /* of its failure */
    bool stuck; /* its thread uses what is its own for ever */
};

struct engine {
    struct engine_options options;
    struct worker workers[ENGINE_WORKERS_MAX];
    uint32_t worker_count; /* whose journals are open */
    struct side sides[JOURNAL_READERS_MAX];
    size_t side_count;
    bool ended;
    bool stuck; /* a lane's thread uses what is its own for ever */
};

#endif
