/*
 * The ledger: what the clients were promised up to a place in the log, and what they had asked for and
 * not heard of. It is read from their marks. A mark is lines of fields between tabs:
 *
 *   sent KEY            the rest of the mark, behind its first line, is the message's bytes
 *   begin OP            asked for, with the lines of what it changes below it
 *   end OP yes|no       answered: all of it is promised, or none of it happened
 *   fact                shown by the server, with the lines of what was shown below it
 *
 * and the lines below: `store`, `file NAME BYTES`, `account ADDRESS 1|0`, `alias ADDRESS TARGET 1|0`,
 * `password ADDRESS PASSWORD`, `box ADDRESS NAME 1|0`, `add ADDRESS NAME KEY FLAGS`, `flags ADDRESS NAME KEY
 * FLAGS`, `drop ADDRESS NAME KEY`; of facts `uid ADDRESS NAME KEY UID MODSEQ` and `state ADDRESS NAME
 * UIDVALIDITY UIDNEXT MODSEQ`. FLAGS are bits of store/model.h as a number.
 */
#ifndef POWER_LEDGER_H
#define POWER_LEDGER_H

#include "base/slice.h"

enum {
    LEDGER_KEYS_MAX = 8192,
    LEDGER_UIDS_MAX = 16384,
    LEDGER_BOXES_MAX = 4096,
    LEDGER_NAMES_MAX = 1024,
    LEDGER_FILES_MAX = 8
};

enum effect_kind {
    EFFECT_STORE,
    EFFECT_FILE,
    EFFECT_ACCOUNT,
    EFFECT_ALIAS,
    EFFECT_PASSWORD,
    EFFECT_BOX,
    EFFECT_ADD,
    EFFECT_FLAGS,
    EFFECT_DROP,
    EFFECT_UID,
    EFFECT_STATE,
};

/* A message in a mailbox, as promised. */
struct item {
    bool is_there;
    uint64_t flags;
    uint32_t uid;
    uint64_t modseq;
};

struct box {
    struct slice account;
    struct slice name;
    bool is_there;
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint64_t modseq;
    struct item *items; /* LEDGER_KEYS_MAX, by key */
    uint16_t *uid_keys; /* LEDGER_UIDS_MAX, by UID: which message it was shown to be */
};

struct effect {
    enum effect_kind kind;
    struct box *box;
    /* Account, alias or file. */
    struct slice name;
    /* Target or password. */
    struct slice value;
    uint32_t key;
    uint64_t numbers[3];
};

struct operation {
    uint64_t id;
    struct effect *effects;
    size_t count;
};

/* An account with its password, or an alias with its target. */
struct promise {
    struct slice name;
    struct slice value;
    bool is_there;
};

struct ledger {
    bool has_store;
    /* Files beside the store, with their sizes. */
    struct effect files[LEDGER_FILES_MAX];
    size_t file_count;
    struct promise accounts[LEDGER_NAMES_MAX];
    size_t account_count;
    struct promise aliases[LEDGER_NAMES_MAX];
    size_t alias_count;
    struct box boxes[LEDGER_BOXES_MAX];
    size_t box_count;
    struct slice sent[LEDGER_KEYS_MAX];
    uint32_t last_key;
    struct operation *operations;
    size_t operation_count;
    uint64_t promised; /* ends and facts so far */
};

/* Takes a mark; its bytes must stay. Ends the process where it is none. */
void ledger_take(struct ledger *ledger, struct slice mark);

#endif
