/*
 * IMAP before login, in the edge role (RFC 9051 3.1, 6.1, 6.2): the greeting, CAPABILITY, ID, NOOP,
 * LOGOUT, STARTTLS, LOGIN and AUTHENTICATE. A session that logs in is handed over, with what the
 * client sent behind the command, to the mail role of its account, which answers the tag.
 * Passwords are taken only where nobody else can read them.
 */
#ifndef IMAP_IMAP_LOGIN_H
#define IMAP_IMAP_LOGIN_H

#include "login/login.h"

/* Serves a new connection, which it takes over. `implicit_tls`: TLS begins at once (RFC 8314 3.2). Does
   not wait. */
void imap_login_start(struct login_context *context, struct stream *stream, bool implicit_tls);

#endif
