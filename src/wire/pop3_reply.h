/*
 * What a POP3 server says (RFC 1939 3, RFC 2449 8): one status line, and behind some of them
 * lines up to a dot, in which leading dots are doubled. Any bytes may be given as content;
 * they go out as canonical lines (smtp_data.h).
 */
#ifndef WIRE_POP3_REPLY_H
#define WIRE_POP3_REPLY_H

#include "wire/smtp_data.h"

/* RFC 2449 8, RFC 3206 and RFC 6856 3.1: why a request failed, for the client to act on. */
enum pop3_response_code {
    POP3_CODE_NONE,
    POP3_CODE_IN_USE,
    POP3_CODE_LOGIN_DELAY,
    POP3_CODE_SYSTEM_TEMPORARY,
    POP3_CODE_SYSTEM_PERMANENT,
    POP3_CODE_AUTH,
    POP3_CODE_UTF8,
};

/* Appends "+OK text". `text` is cleaned: it cannot end the line. */
void pop3_reply_ok(struct buffer *out, struct slice text);
/* Appends "-ERR [CODE] text". */
void pop3_reply_error(struct buffer *out, enum pop3_response_code code, struct slice text);
/* Appends "+ base64" (RFC 5034 4): a SASL challenge, which is given unencoded. */
void pop3_reply_challenge(struct buffer *out, struct slice challenge);
/* Appends one line of a multi-line answer (LIST, UIDL, CAPA), cleaned and stuffed. */
void pop3_reply_line(struct buffer *out, struct slice text);
/* Appends the line that ends a multi-line answer. */
void pop3_reply_end(struct buffer *out);

/* The content of TOP: the header, the blank line, and so many lines of the body. For RETR
   there is smtp_data_writer. */
struct pop3_top {
    /* Nothing more of the message is needed. */
    bool is_full;
    /* Private. */
    struct smtp_data_writer writer;
    struct canonical_lines lines;
    uint64_t lines_left;
    bool in_body;
    bool in_line;
};

struct pop3_top pop3_top_new(uint32_t body_line_count);
void pop3_top_write(struct pop3_top *top, struct slice message, struct byte_sink sink);
/* Adds the blank line if the message had none (Outlook waits for it), and the final dot. */
void pop3_top_finish(struct pop3_top *top, struct byte_sink sink);

#endif
