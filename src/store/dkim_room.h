/*
 * Where keys are made, kept ready and used: a lane with a thread for each processor, the folder's seal
 * (store/dkim_seal.h), and the keys of domains that sent lately, read and parsed once. What is ready is
 * dropped when the directory or any key changes.
 */
#ifndef STORE_DKIM_ROOM_H
#define STORE_DKIM_ROOM_H

#include <openssl/types.h>

#include "base/map.h"
#include "io/lane.h"
#include "store/dkim_seal.h"
#include "store/dkim_table.h"

struct dkim_room {
    struct env *env;
    const char *folder;
    unsigned threads;
    /* PKCS#8: for tests, instead of new RSA keys; or empty. */
    struct slice rsa_key;
    /* Opened with the first work. */
    struct lane *lane;
    struct dkim_seal seal;
    bool is_opening;
    struct gate opened;
    /* One task at a time makes a domain's first keys. */
    bool is_making;
    struct gate made;
    /* struct dkim_ready, by domain, as of so many changes of the directory. */
    struct map *ready;
    uint64_t changes;
};

/* The keys that a domain signs with; without any, it signs nothing. */
struct dkim_ready {
    size_t count;
    struct {
        uint64_t key;
        enum dkim_algorithm algorithm;
        const char *selector;
        EVP_PKEY *private;
    } keys[DKIM_ALGORITHMS];
};

/* `threads` 0: two. `folder` outlives it. */
void dkim_room_open(struct dkim_room *room, struct env *env, const char *folder, unsigned threads,
                    struct slice rsa_key);
void dkim_room_close(struct dkim_room *room);

/* Opens the folder's seal, if it is not open. STORE_FAILED: it cannot be; STORE_GONE: cancelled. Waits. */
enum store_result dkim_room_open_seal(struct task *t, struct dkim_room *room);

/* Makes a key of each algorithm for its place, in `arena`. STORE_FAILED: the seal cannot be opened, or
   libcrypto cannot. */
enum store_result dkim_room_make(struct task *t, struct dkim_room *room, struct arena *arena,
                                 struct slice domain, const unsigned places[DKIM_ALGORITHMS],
                                 struct dkim_fresh fresh[DKIM_ALGORITHMS]);

/* What is ready of the domain after so many changes, or NULL. Until the next wait. */
const struct dkim_ready *dkim_room_find(struct dkim_room *room, uint64_t changes, struct slice domain);
/* Parses the keys of the rows that sign, which were read after so many changes. A key that cannot be read is
   left out, and told of in the log. */
enum store_result dkim_room_load(struct task *t, struct dkim_room *room, uint64_t changes,
                                 struct slice domain, const struct dkim_row *rows, size_t count);

/* Seals a secret of another kind under its name, and opens it again, in `arena`. False: the seal cannot be
   opened, or it was sealed for another name (logged). Wait. */
NODISCARD bool dkim_room_seal(struct task *t, struct dkim_room *room, struct arena *arena, struct slice name,
                              struct slice secret, struct slice *sealed);
NODISCARD bool dkim_room_unseal(struct task *t, struct dkim_room *room, struct arena *arena,
                                struct slice name, struct slice sealed, struct slice *secret);

struct dkim_work {
    enum dkim_algorithm algorithm;
    /* The work's own reference. */
    EVP_PKEY *private;
    uint8_t digest[DKIM_DIGEST_BYTES];
    struct buffer signature;
    bool is_signed;
};
/* Signs them, in one go. */
void dkim_room_sign(struct task *t, struct dkim_room *room, struct dkim_work *works, size_t count);

#endif
