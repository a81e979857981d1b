/*
 * Transcripts inside unit tests: the language and the player of tests/golden, on a stream that the
 * test has. Include after test.h.
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "player.h"

/* Replays `text` on the stream, which stays the test's (and is closed and nulled where the server ended it).
   `stored`, with its context, may be NULL. */
static inline void transcript_play_stored(struct task *t, struct stream **stream, const char *name,
                                          struct slice text, enum player_mode mode,
                                          size_t (*stored)(struct task *t, void *context), void *context) {
    struct script script;
    struct player player;
    struct player_world world = {.stored = stored, .context = context};
    if (!script_of_text(&script, name, text)) fail_msg("%.*s", SLICE_PRINT(buffer_slice(&script.failure)));
    player_init(&player, &world, &script);
    player.mode = mode;
    player_adopt(&player, 1, *stream);
    if (!player_run(t, &player)) fail_msg("%.*s", SLICE_PRINT(buffer_slice(&player.failure)));
    *stream = player_leave(&player, 1);
    player_free(&player);
    script_free(&script);
}

static inline void transcript_play(struct task *t, struct stream **stream, const char *name,
                                   struct slice text) {
    transcript_play_stored(t, stream, name, text, PLAYER_WHOLE, NULL, NULL);
}

#endif
