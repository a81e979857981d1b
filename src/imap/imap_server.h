/*
 * The IMAP server after login, in the mail role (RFC 3501, with the extensions it announces).
 * One imap_server for the role; each session that an edge handed over runs on its own conn in
 * the role's conn_group. The store is asked for every change; reading is done here.
 */
#ifndef IMAP_IMAP_SERVER_H
#define IMAP_IMAP_SERVER_H

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "intake/intake.h"
#include "io/conn.h"
#include "login/login.h"
#include "store/body_ahead.h"
#include "store/client.h"
#include "store/reader.h"

/* Zero means the default of base/limits.h. */
struct imap_settings {
    size_t account_connections_max;
    /* From this machine: webmail, migration, tests. */
    size_t account_connections_loopback_max;
    uint64_t message_bytes_max;
};

struct imap_server {
    /* Filled in by the caller; they outlive the server. Settings may change between sessions. */
    struct env *env;
    struct store_client *store;
    struct reader *reader;
    struct intake_pool *intake;
    struct conn_group *group;
    /* NULL: nothing is unpacked ahead. */
    struct body_ahead *ahead;
    struct imap_settings settings;
    /* Private: struct imap_view by mailbox, struct imap_account by account. */
    struct map *views;
    struct map *accounts;
    /* Messages that are too damaged to be sent to their end, the next in the place of the oldest; cut_count
     * were there in all. */
    uint64_t cut[IMAP_CUT_MESSAGES_MAX];
    size_t cut_count;
    /* Sessions with COMPRESS. */
    size_t compressed_count;
    /* Views without sessions, the one left last at the end, and what they hold. */
    struct list views_kept;
    size_t views_kept_count;
    size_t views_kept_bytes;
};

/* Prepares the private parts. */
void imap_server_init(struct imap_server *server);
/* After the last session has ended (conn_group_close). */
void imap_server_free(struct imap_server *server);
/* Serves a session that logged in elsewhere; owns the stream. Answers the tag of the hand-over. Does not
   wait, and keeps nothing of `handover`. */
void imap_session_start(struct imap_server *server, struct stream *stream, const struct handover *handover);
/* A mailbox changed: wakes the sessions that idle on it. On the loop; does not wait. */
void imap_server_news(struct imap_server *server, const struct mailbox_news *news);
/* News may have been lost: wakes all that idle. */
void imap_server_catch_up(struct imap_server *server);

#endif
