/*
 * Plays a script against a server: connects, says, compares. It runs as one task and waits only
 * for what the script waits for. The first thing that is not as written ends the play with a
 * message in `failure`. At the end all its connections are closed.
 */
#ifndef GOLDEN_PLAYER_H
#define GOLDEN_PLAYER_H

#include "base/map.h"
#include "io/stream.h"
#include "script.h"

enum player_mode {
    /* What stands together goes in one write. */
    PLAYER_WHOLE,
    /* Each byte goes alone, and the server has time to look at it. */
    PLAYER_BYTES,
};

/* Where to play. */
struct player_world {
    /* A connection to the port of that name; 0, or a negated errno. */
    int (*connect)(struct task *t, void *context, struct slice port, struct stream **stream);
    /* How many messages are stored. NULL: nobody knows. */
    size_t (*stored)(struct task *t, void *context);
    /* Moves the server's wall clock. NULL: it cannot be. */
    void (*jump_clock)(void *context, int64_t by_ms);
    /* Called after each step. May be NULL. */
    void (*observe)(void *context);
    void *context;
    struct tls_context *tls;
};

struct player_connection {
    struct stream *stream;
    struct buffer to_send;
    struct buffer received;
};

struct player {
    struct player_world world;
    const struct script *script;
    enum player_mode mode;
    /* After so many bytes the connection that sends is dropped, and the play is over. SIZE_MAX: never. */
    size_t cut;
    /* The server has time to look at what came before the cut. */
    bool is_slow_cut;
    /* What the server says goes to stdout as well. */
    bool is_shown;

    size_t sent;
    bool is_over;
    struct player_connection connections[SCRIPT_CONNECTIONS];
    /* What <any:name> met: values in the arena. */
    struct map *captures;
    struct arena *arena;
    struct buffer failure;
};

void player_init(struct player *player, const struct player_world *world, const struct script *script);
/* Gives the player a connection that is open already; it owns it until player_leave. */
void player_adopt(struct player *player, unsigned connection, struct stream *stream);
struct stream *player_leave(struct player *player, unsigned connection);
/* False: see failure. */
NODISCARD bool player_run(struct task *t, struct player *player);
void player_free(struct player *player);

#endif
