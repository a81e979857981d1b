/*
 * Keys for the JSON API (docs/api.md): who holds one's token may ask what its scope allows. The token is
 * random, shown once, and kept only as its SHA-256: 256 random bits need no slow hash. Its first letters are
 * kept to tell keys apart.
 */
#ifndef STORE_API_KEY_H
#define STORE_API_KEY_H

#include "store/engine.h"

enum api_scope {
    /* Looks only. */
    API_SCOPE_READ = 1,
    /* Contacts, campaigns, mail in the queue. */
    API_SCOPE_WRITE,
    /* All that the command line may: accounts, domains, routes. */
    API_SCOPE_ADMIN,
};

enum { API_TOKEN_BYTES = 3 + 43, API_KEY_HINT_BYTES = 8, API_KEY_NAME_BYTES_MAX = 64, API_KEYS_MAX = 1000 };

struct api_key {
    uint64_t id;
    uint64_t tenant;
    struct slice name;
    /* How its token begins. */
    struct slice hint;
    enum api_scope scope;
    int64_t created_ms;
    /* To the hour; 0: never. */
    int64_t used_ms;
};

/* "read", "write", "admin"; false: no scope has that word. */
const char *api_scope_word(enum api_scope scope);
NODISCARD bool api_scope_of(struct slice word, enum api_scope *scope);

/* Makes a key; its token is in `token` and nowhere else. STORE_EXISTS: the name is taken; STORE_REFUSED: no
   name of 1 to API_KEY_NAME_BYTES_MAX printable characters without blanks; STORE_OVER_QUOTA: API_KEYS_MAX. */
enum store_result engine_api_key_add(struct task *t, struct engine *engine, struct slice name,
                                     enum api_scope scope, uint8_t token[API_TOKEN_BYTES]);
/* STORE_NOT_FOUND. From then on its token opens nothing. */
enum store_result engine_api_key_remove(struct task *t, struct engine *engine, struct slice name);
/* In the order of their names. Reads, does not wait. */
enum store_result engine_api_key_list(struct engine *engine, struct arena *arena, struct api_key **keys,
                                      size_t *count);
/* Whose token this is; STORE_DENIED: nobody's. Waits only where it is written down that it was used. */
enum store_result engine_api_key_check(struct task *t, struct engine *engine, struct arena *arena,
                                       struct slice token, struct api_key *key);

/* The table, for a migration. */
#define API_KEY_TABLES                                                           \
    "CREATE TABLE api_key (id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL,"     \
    " name TEXT NOT NULL UNIQUE, hint TEXT NOT NULL, hash BLOB NOT NULL UNIQUE," \
    " scope INTEGER NOT NULL, created_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL) STRICT;"

#endif
