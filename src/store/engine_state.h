/* What an open engine holds, for the files of this folder that make up the engine. */
#ifndef STORE_ENGINE_STATE_H
#define STORE_ENGINE_STATE_H

#include "store/body_read.h"
#include "store/commit.h"
#include "store/dkim_room.h"
#include "store/grant.h"
#include "store/password.h"
#include "store/route_cache.h"
#include "store/route_move.h"
#include "store/spool.h"
#include "store/upkeep.h"

struct engine {
    struct env *env;
    char *folder;
    struct file *lock;
    /* Reads on the loop. */
    struct db *db;
    struct body_writer bodies;
    struct commit_queue queue;
    struct password_room passwords;
    struct dkim_room dkim;
    struct spools spools;
    struct grants grants;
    struct route_cache routes;
    /* What leaves is read on the loop, too. */
    struct body_reader outgoing;
    /* All messages below were told of a delay, or nobody wants to know. */
    uint64_t delayed_from;
    /* For rewritten senders; made of the store's secret. */
    uint8_t srs_secret[PASSWORD_KEY_BYTES];
    /* There are campaigns: who takes mail in is to say what it is (store/answer.h). */
    bool judges_answers;
    /* For what reads everything: opened when it is needed. */
    struct lane *scan_lane;
    bool is_scanning;
    struct gate scan_ended;
    struct upkeep upkeep;
    struct route_mover mover;
    /* Called on the loop when a segment's file was removed; may be NULL. */
    void (*on_segment_gone)(void *context, uint64_t segment);
};

#endif
