#include "pop3/pop3_say.h"

void pop3_say_ok(struct conn *conn, struct slice text) { pop3_reply_ok(&conn->out, text); }

void pop3_say_error(struct conn *conn, enum pop3_response_code code, struct slice text) {
    pop3_reply_error(&conn->out, code, text);
}

void pop3_say_line(struct conn *conn, struct slice text) { pop3_reply_line(&conn->out, text); }
void pop3_say_end(struct conn *conn) { pop3_reply_end(&conn->out); }

/* RFC 1939 7, RFC 6856: the secret that APOP needs is not kept; UTF8 and LANG are in no CAPA. */
struct slice pop3_refusal_text(enum pop3_verb verb, struct slice otherwise) {
    bool is_offered = verb != POP3_VERB_APOP && verb != POP3_VERB_UTF8 && verb != POP3_VERB_LANG;
    return is_offered ? otherwise : SLICE("This command is not offered");
}
