/*
 * One message of a sequence, for one prospect: the text with its snippets, in a whole RFC 5322 message as a
 * person's mail program would write it. Plain text, and where the step has one a simple HTML twin beside it
 * (multipart/alternative). Nothing counts opens, nothing says List-: it is a letter.
 *
 * The same request always gives the same bytes: Message-ID, date and boundary come from outside, so that a
 * message whose outcome is unknown can be looked for and never has to be composed differently. Lines end in
 * CRLF, none has more than 998 bytes, all is ASCII. Whatever a contact's fields hold, no field of the header
 * can be ended or added by it. Pure.
 */
#ifndef OUTREACH_COMPOSE_H
#define OUTREACH_COMPOSE_H

#include "outreach/sequence.h"

struct compose_request {
    const struct sequence *sequence;
    /* From 0. */
    size_t step;
    size_t version;
    /* The contact's fields; "email" is added from to_address, "sender_name", "sender_company",
       "sender_address" and "opt_out" from the sequence. */
    struct snippet_fields fields;
    /* The sender mailbox. from_name empty: the sequence's name of the sender. */
    struct slice from_address;
    struct slice from_name;
    struct slice to_address;
    /* Empty: the fields first_name and last_name, or none. */
    struct slice to_name;
    /* Where answers go, if not to from_address. */
    struct slice reply_to;
    /* Without angle brackets. */
    struct slice message_id;
    int64_t date_ms;
    /* East of UTC, as the Date field has it. */
    int zone_minutes;
    /* Of a step in the same thread: the subject of the thread's first message as it was sent, and the
       Message-IDs of what went before in it, oldest first, without angle brackets. */
    struct slice thread_subject;
    const struct slice *references;
    size_t reference_count;
};

enum compose_result {
    COMPOSE_OK,
    /* Snippets of `missing` have no value and no fallback, or one that cannot stand in a message: this
       contact gets nothing, visibly. */
    COMPOSE_BLOCKED,
    /* `words` say what: an address or Message-ID that is none, no subject, a thread without its beginning. */
    COMPOSE_REFUSED,
    COMPOSE_TOO_LONG,
};

struct composed {
    /* For preview and records, UTF-8: what the prospect reads. Body lines end in LF; html may be empty. */
    struct slice subject;
    struct slice body;
    struct slice html;
    /* The message as it is sent. */
    struct slice message;
    struct snippet_missing missing;
    /* For people, where it is not COMPOSE_OK. */
    struct slice words;
};

/* Composes it in `arena`, which needs COMPOSE_ARENA_BYTES. Errors as above; *composed then has only `missing`
   and `words`. */
enum { COMPOSE_ARENA_BYTES = 4 * COMPOSE_MESSAGE_BYTES_MAX };
NODISCARD enum compose_result compose_message(struct arena *arena, const struct compose_request *request,
                                              struct composed *composed);

#endif
