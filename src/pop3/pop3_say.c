#include "pop3/pop3_say.h"

void pop3_say_ok(struct conn *conn, struct slice text) { pop3_reply_ok(&conn->out, text); }

void pop3_say_error(struct conn *conn, enum pop3_response_code code, struct slice text) {
    pop3_reply_error(&conn->out, code, text);
}

void pop3_say_line(struct conn *conn, struct slice text) { pop3_reply_line(&conn->out, text); }
void pop3_say_end(struct conn *conn) { pop3_reply_end(&conn->out); }
