/*
 * POP3 after login, in a mail role (RFC 1939 5 and 6, the TRANSACTION and UPDATE states). A
 * session sees its INBOX as it was at login, numbered once; what is marked with DELE is removed
 * by QUIT and by nothing else. One session has a mailbox at a time (RFC 1939 8, [IN-USE]).
 *
 * Messages are read in pieces through store/reader.h and written with backpressure. No read
 * spans a wait. A stored body that turns out damaged in the middle of RETR ends the connection,
 * since POP3 has no way to take a begun message back.
 */
#ifndef POP3_SESSION_H
#define POP3_SESSION_H

#include "base/map.h"
#include "io/conn.h"
#include "login/handover.h"
#include "store/client.h"
#include "store/reader.h"

/* What the POP3 sessions of one mail role share. */
struct pop3_server {
    struct env *env;
    struct store_client *store;
    struct reader *reader;
    struct conn_group *group;
    /* Mailbox id: the session that has it. */
    struct map *locks;
};

void pop3_server_init(struct pop3_server *server, struct env *env, struct store_client *store,
                      struct reader *reader, struct conn_group *group);
/* After its group was closed. */
void pop3_server_fini(struct pop3_server *server);

/* Serves a handed-over connection, which it takes over; begins with the answer to the login. */
void pop3_session_start(struct pop3_server *server, struct stream *stream, const struct handover *handover);

#endif
