/* The keys of posthaste.conf (app/settings/config.h): a row each, and how their values are read. */
#ifndef APP_CONFIG_KEYS_H
#define APP_CONFIG_KEYS_H

#include "app/settings/config.h"

/* One line being read. */
struct setting {
    struct arena *arena;
    struct config *config;
    struct slice value;
    /* What is wrong with the value, or NULL. */
    const char *fault;
};

/* A key: what it is called, how its value is read. */
struct key {
    struct slice name;
    void (*read)(struct setting *setting, const struct key *key);
    /* Where it goes, and its least and greatest value. */
    size_t offset;
    uint64_t least;
    uint64_t most;
    const char *fault;
};

/* NULL: there is none of that name. */
const struct key *key_find(struct slice name);

#endif
