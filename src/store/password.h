/*
 * Passwords: argon2id hashes and SCRAM secrets, made and checked in a lane of two threads so
 * that memory is bounded (two hashes at a time) and nothing else waits for them. What was right
 * is remembered for some minutes under a keyed hash, never as it was typed; the generation of an
 * account's credential, part of the key, rises with each change, so a changed password takes
 * effect at once. An unknown user costs what a known one costs.
 *
 * A password is prepared by SASLprep (RFC 4013) before it is hashed or compared, as SCRAM's
 * clients do (RFC 5802 2.2); a hash that was made of the bytes as typed stays good.
 *
 * SCRAM secrets are PBKDF2 with PASSWORD_SCRAM_ITERATIONS: RFC 7677 4 asks for 4,096 or more;
 * each login of a phone repeats the work, so not many more.
 */
#ifndef STORE_PASSWORD_H
#define STORE_PASSWORD_H

#include "base/map.h"
#include "io/lane.h"
#include "store/model.h"
#include "store/password_hash.h"

enum {
    PASSWORD_SCRAM_ITERATIONS = 15000,
    PASSWORD_KEY_BYTES = 32,
    PASSWORD_MEMORY_KIB_DEFAULT = 19 * 1024,
};

struct password_room {
    struct env *env;
    struct lane *lane;
    uint32_t memory_kib;
    unsigned waiting;
    /* Of this process only. */
    uint8_t key[PASSWORD_KEY_BYTES];
    struct map *logins;
    /* Of this store: what unknown users are told comes from it. */
    uint8_t secret[PASSWORD_KEY_BYTES];
    char unknown_hash[PASSWORD_HASH_TEXT_BYTES];
};

/* Everything that is kept of a password. */
struct password_secrets {
    char hash[PASSWORD_HASH_TEXT_BYTES];
    struct scram_secret sha1;
    struct scram_secret sha256;
};

void password_room_open(struct password_room *room, struct env *env, uint32_t memory_kib,
                        const uint8_t secret[PASSWORD_KEY_BYTES]);
void password_room_close(struct password_room *room);

/* Makes hash and secrets. STORE_OK; STORE_BUSY; STORE_REFUSED: empty, too long, not UTF-8, or with
   characters that RFC 4013 2.3 prohibits. */
enum store_result password_make(struct task *t, struct password_room *room, struct slice password,
                                struct password_secrets *secrets);
/* Checks a password against a hash; an empty hash is an unknown user. STORE_OK, STORE_DENIED or
   STORE_BUSY. `name` (user and credential generation) is what a remembered login is found by. */
enum store_result password_check(struct task *t, struct password_room *room, struct slice name,
                                 struct slice password, struct slice hash);
/* A made-up secret for an unknown user, always the same one for a name. */
void password_scram_unknown(const struct password_room *room, struct slice user, uint8_t hash_bytes,
                            struct scram_secret *secret);

#endif
