/*
 * What load or input can use up: how much a role gives to each kind of work, all of that kind together or
 * each piece of it, before it says "later", waits, or uses the disk. There is one set of them, made of
 * base/limits.h; the simulator squeezes them, at any moment, to see that what meets their end does so
 * politely and loses nothing. Whoever needs one reads it when it is needed.
 */
#ifndef BASE_BUDGETS_H
#define BASE_BUDGETS_H

#include <stddef.h>

struct budgets {
    /* Messages on their way in, all together; of one, what is held before it goes to a spool file. */
    size_t intake_bytes;
    size_t message_memory_bytes;
    /* One transaction's addresses. */
    size_t smtp_transaction_bytes;
    /* What an IMAP command needs beside its own text, and a batch of entries. */
    size_t imap_work_bytes;
    size_t imap_batch_bytes;
    /* Replies that a connection holds before they are sent; input taken before others have their turn. */
    size_t conn_output_bytes;
    size_t conn_turn_bytes;
    /* Between roles: unsent bytes at which callers wait and nothing new is begun, and at which the other side
       is cut off; what it may have under way; input taken before others have their turn. */
    size_t ipc_backlog_bytes;
    size_t ipc_unread_bytes;
    size_t ipc_requests;
    size_t ipc_request_bytes;
    size_t ipc_request_handles;
    size_t ipc_turn_bytes;
    /* The store: spool files of one role, hashes that wait, one commit; by how much the database's log grows
       between two checkpoints. */
    size_t store_peer_spools;
    size_t store_hashes;
    size_t store_batch_operations;
    size_t store_batch_bytes;
    size_t store_log_bytes;
};

extern const struct budgets budgets_default;

#endif
