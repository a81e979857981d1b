/* What of a message itself receivers look at: its header's form, its size, how one unsubscribes (RFC
   5322 3.6, RFC 8058). Pure and linear. */
#ifndef TRUST_PREFLIGHT_MESSAGE_H
#define TRUST_PREFLIGHT_MESSAGE_H

#include "base/slice.h"

/* Fields that may be there once (RFC 5322 3.6). */
enum preflight_field {
    PREFLIGHT_FROM,
    PREFLIGHT_DATE,
    PREFLIGHT_MESSAGE_ID,
    PREFLIGHT_SUBJECT,
    PREFLIGHT_TO,
    PREFLIGHT_CC,
    PREFLIGHT_REPLY_TO,
    PREFLIGHT_SENDER,
    PREFLIGHT_REFERENCES,
    PREFLIGHT_IN_REPLY_TO,
    PREFLIGHT_FIELDS,
};
const char *preflight_field_name(enum preflight_field field);

struct preflight_message {
    uint64_t bytes;
    uint64_t header_bytes;
    /* How often each is there. */
    unsigned counts[PREFLIGHT_FIELDS];
    /* Mailboxes in From. */
    size_t author_count;
    bool has_author_group;
    bool is_date_bad;
    bool is_message_id_bad;
    /* A name in From is written as an address, and another one's. */
    bool has_false_name;
    /* "Re:" or "Fwd:", and no message that it could be about. */
    bool has_false_reply;
    bool has_unsubscribe_https;
    bool has_unsubscribe;
    bool has_one_click;
    bool has_list_id;
    /* RFC 5322 2.1.1, 2.2; 8-bit bytes in the header without SMTPUTF8 (RFC 6532). */
    bool has_long_lines;
    bool has_bare_ends;
    bool has_8bit_header;
};

/* Takes a whole message, lines with CRLF or LF; one with both kinds has bare ends. */
struct preflight_message preflight_message_read(struct slice message);

#endif
