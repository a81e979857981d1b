/*
 * A golden transcript, read: what clients say and what the server must answer, as a list of steps.
 * The language is described in README.md of this folder. A script borrows nothing: all it holds
 * lives in its arena. Lines that cannot be read end the program's run of that script with a
 * message that names file and line; a script is a test's own text, not input.
 */
#ifndef GOLDEN_SCRIPT_H
#define GOLDEN_SCRIPT_H

#include "base/arena.h"
#include "base/buffer.h"

enum { SCRIPT_CONNECTIONS = 10, SCRIPT_SETTINGS_MAX = 16, SCRIPT_STEPS_MAX = 20000 };

enum script_kind {
    /* `text` goes out on the connection. */
    SCRIPT_SAY,
    /* `number` lines come, each like the pattern `text`. */
    SCRIPT_EXPECT,
    /* Lines come up to one like `text`. */
    SCRIPT_EXPECT_UNTIL,
    /* The server ends the connection, and says nothing more. */
    SCRIPT_END,
    /* A new connection to the port `text`. */
    SCRIPT_OPEN,
    /* The client's TLS handshake. */
    SCRIPT_TLS,
    /* The client's side of DEFLATE begins. */
    SCRIPT_DEFLATE,
    /* The client drops the connection. */
    SCRIPT_CUT,
    /* `number` milliseconds pass, and nothing may be said on the connection. */
    SCRIPT_WAIT,
    /* The server's wall clock jumps by `number` seconds, two's complement. */
    SCRIPT_CLOCK,
    /* So many messages lie in all mailboxes. */
    SCRIPT_STORED,
};

struct script_step {
    enum script_kind kind;
    unsigned connection;
    struct slice text;
    uint64_t number;
    const char *file;
    unsigned line;
    /* It came with PLAY: sent whole in every replay, and never cut. */
    bool is_part;
};

/* WITH name value: how the server is set up. */
struct script_setting {
    struct slice name;
    struct slice value;
};

struct script {
    struct arena *arena;
    struct script_step *steps;
    size_t step_count;
    struct script_setting settings[SCRIPT_SETTINGS_MAX];
    size_t setting_count;
    /* What is wrong with it; empty: nothing. */
    struct buffer failure;
};

/* Reads `folder`/`name`, or the text. script_free in any case. False: see script->failure. */
NODISCARD bool script_load(struct script *script, const char *folder, const char *name);
NODISCARD bool script_of_text(struct script *script, const char *name, struct slice text);
void script_free(struct script *script);
/* The setting's value, or empty. */
struct slice script_setting(const struct script *script, const char *name);

#endif
