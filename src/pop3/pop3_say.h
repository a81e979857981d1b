/* Replies of wire/pop3_reply.h, written to a connection. */
#ifndef POP3_SAY_H
#define POP3_SAY_H

#include "io/conn.h"
#include "wire/pop3_command.h"
#include "wire/pop3_reply.h"

void pop3_say_ok(struct conn *conn, struct slice text);
void pop3_say_error(struct conn *conn, enum pop3_response_code code, struct slice text);
void pop3_say_line(struct conn *conn, struct slice text);
void pop3_say_end(struct conn *conn);
/* Why a command that was understood is not run here: it is not offered at all, or `otherwise`. */
struct slice pop3_refusal_text(enum pop3_verb verb, struct slice otherwise);

#endif
