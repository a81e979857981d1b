/* RETR and TOP: a stored message to the connection, piece by piece. */
#ifndef POP3_MESSAGE_SEND_H
#define POP3_MESSAGE_SEND_H

#include "io/conn.h"
#include "pop3/pop3_maildrop.h"

/* Answers RETR (RFC 1939 5). */
void pop3_message_retrieve(struct task *t, struct conn *conn, struct reader *reader,
                           const struct pop3_maildrop *drop, const struct pop3_message *message);
/* Answers TOP (RFC 1939 7): the header, a blank line always, and so many lines of the body. */
void pop3_message_top(struct task *t, struct conn *conn, struct reader *reader,
                      const struct pop3_maildrop *drop, const struct pop3_message *message,
                      uint32_t line_count);

#endif
