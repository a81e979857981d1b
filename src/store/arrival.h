/* Where a message of ours lies: for who asks what became of one that came in. */
#ifndef STORE_ARRIVAL_H
#define STORE_ARRIVAL_H

#include "store/engine.h"

struct arrival_place {
    struct slice address; /* of the account */
    struct slice mailbox;
    uint32_t uid;
    int64_t saved_ms;
};

struct arrival {
    uint64_t message;
    int64_t received_ms;
    uint64_t raw_bytes;
    /* At most ARRIVAL_PLACES_MAX; none: it was expunged everywhere, or only passed through. */
    struct arrival_place *places;
    size_t place_count;
};

/* The newest message with this Message-ID (in brackets or not), or the one with this id in hexadecimal. Reads
   all of the tables, in the scan lane. STORE_NOT_FOUND; STORE_BUSY while another scan runs. Waits. */
enum store_result engine_arrival_find(struct task *t, struct engine *engine, struct arena *arena,
                                      struct slice text, struct arrival *arrival);

#endif
