/*
 * The store for a command that moves mail: a store client and a reader, whether a server runs or
 * not. With one, its control socket takes one end of a local pair (CONTROL_STORE). With none, a
 * child process becomes the folder's owner, takes the lock and serves the same pair, while this
 * one keeps the rights of whoever called it and can read and write their files. When this process
 * ends, in whatever way, the child finishes its commits and ends too.
 */
#ifndef APP_STORE_DOOR_H
#define APP_STORE_DOOR_H

#include "ipc/channel.h"
#include "store/client.h"
#include "store/reader.h"

struct store_door {
    const char *folder;
    /* Before the loop runs. */
    struct handle control;
    struct handle served;
    struct handle leash;
    int child;
    /* After store_door_open. */
    struct channel *channel;
    struct store_client *store;
    struct reader *reader;
};

/* Finds the server, or starts the child. Blocks; before there is any loop. False after one line on stderr. */
NODISCARD bool store_door_prepare(struct store_door *door, const char *folder);
/* Connects. NULL, or why not, for a person. */
NODISCARD const char *store_door_open(struct task *t, struct store_door *door);
void store_door_close(struct task *t, struct store_door *door);
/* After the loop: waits for the child. */
void store_door_end(struct store_door *door);

/* The account that mail for an address goes to. NULL and *account; or why not. */
NODISCARD const char *store_door_account(struct task *t, struct store_door *door, struct slice address,
                                         uint64_t *account);

#endif
