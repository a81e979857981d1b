/*
 * POP3 before login, in an edge role (RFC 1939 4, the AUTHORIZATION state): greeting, CAPA, STLS,
 * USER and PASS, AUTH, QUIT. After a login the connection is handed to the account's mail role,
 * which says the +OK; nothing of the mailbox is known here.
 */
#ifndef POP3_LOGIN_H
#define POP3_LOGIN_H

#include "login/login.h"

/* Serves a new connection, which it takes over. `implicit_tls`: TLS begins at once (RFC 8314 3.2). */
void pop3_login_start(struct login_context *context, struct stream *stream, bool implicit_tls);

#endif
