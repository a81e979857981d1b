/*
 * The clients: each runs as a process on a machine of its own and survives whatever happens to the
 * server. Senders get a number of messages acknowledged, and some more in calm times; readers look, and
 * change what they read, until the run closes. Their state is theirs alone, what they learn goes to the
 * ledger.
 */
#ifndef SIM_CLIENTS_H
#define SIM_CLIENTS_H

#include "run.h"

struct client {
    struct run *run;
    unsigned number;
};

/* SMTP, to port 25 or as a user's submission, with and without TLS. */
void sender_main(struct task *t, void *client);
/* POP3 and IMAP of account `number`. */
void pop3_reader_main(struct task *t, void *client);
void imap_reader_main(struct task *t, void *client);
void imap_changer_main(struct task *t, void *client);
void imap_watcher_main(struct task *t, void *client);
/* IMAP of two accounts on two hosts. */
void imap_carrier_main(struct task *t, void *client);

/* AUTH PLAIN's initial response of an account (RFC 4616), in base64. */
void client_plain(struct buffer *out, struct slice address);
/* Waits a moment; false: the process is to end. */
bool client_rest(struct task *t, struct run *run, uint64_t ms_max);

#endif
