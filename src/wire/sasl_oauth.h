/*
 * SASL with OAuth 2 access tokens, as a client: XOAUTH2 (Google's and Microsoft's) and OAUTHBEARER (RFC
 * 7628). A server that refuses a token says why in JSON, and wants an answer to that before it says no.
 */
#ifndef WIRE_SASL_OAUTH_H
#define WIRE_SASL_OAUTH_H

#include "base/buffer.h"

/* Append the first message. The token is a secret: wipe `out`. */
void sasl_xoauth2_write(struct buffer *out, struct slice user, struct slice token);
/* RFC 7628 3.1. `host` and `port` are the server's. */
void sasl_oauthbearer_write(struct buffer *out, struct slice user, struct slice host, unsigned port,
                            struct slice token);
/* User and token can stand in such a message: no control bytes. */
bool sasl_oauth_is_fit(struct slice user, struct slice token);

#endif
