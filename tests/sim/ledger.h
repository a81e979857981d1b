/*
 * What was handed to the server and what it answered. An entry is one attempt to deliver one
 * message, never repeated: a 250 acknowledges it; whatever else comes, or nothing, leaves it open,
 * and the message is tried again under a new number. A message's text follows from its number.
 *
 * Readers (over POP3, IMAP, and of the store itself) tell what they see: which message a UID of an
 * account is, and what a mailbox promised. All of it must agree, over the whole run.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "base/buffer.h"
#include "base/map.h"

enum { LEDGER_ACCOUNTS = 3, LEDGER_ENTRIES_MAX = 4096, LEDGER_TEXT_BYTES_MAX = 2 << 20 };
#define LEDGER_PASSWORD "a password of the simulation"

struct ledger_entry {
    /* Bit i: account i is a recipient. */
    unsigned recipients;
    size_t bytes;
    bool is_acknowledged;
    /* The end of data was sent, so it may be there. */
    bool is_sent;
};

/* What is known of an account's INBOX. */
struct ledger_mailbox {
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint64_t highest_modseq;
    /* UIDNEXT when all entries were looked at last: what is new since then is not below it. */
    uint32_t looked_uidnext;
    /* UID -> struct ledger_seen. */
    struct map *seen;
};

struct ledger_seen {
    uint32_t uid;
    uint32_t number;
    uint64_t modseq;
    /* A reader asked to delete it; and was told that it is done. */
    bool is_doomed;
    bool is_deleted;
    /* The last look at the whole mailbox showed it. */
    bool is_there;
};

struct ledger {
    uint64_t seed;
    struct ledger_entry entries[LEDGER_ENTRIES_MAX];
    uint32_t count;
    struct ledger_mailbox mailboxes[LEDGER_ACCOUNTS];
    /* The first thing that was wrong; empty: nothing. */
    struct buffer failure;
};

struct ledger *ledger_new(uint64_t seed);
void ledger_free(struct ledger **ledger);

/* Notes what is wrong; the first one counts. */
void ledger_fail(struct ledger *ledger, const char *format, ...) PRINTF_LIKE(2, 3);
bool ledger_has_failed(const struct ledger *ledger);

/* A new attempt: its number, or 0 when there were too many. */
uint32_t ledger_attempt(struct ledger *ledger, unsigned recipients, size_t bytes);
/* The message as it is sent, dots not doubled. */
void ledger_write_message(const struct ledger *ledger, uint32_t number, struct buffer *out);
/* Which message a stored text is, trace header and all: checked byte by byte. 0, and a failure, when it
   is none of ours or was changed. */
uint32_t ledger_recognize(struct ledger *ledger, struct slice text);
/* "user1@example.test" */
struct slice ledger_address(unsigned account);

/* An account's INBOX shows this message under this UID; modseq 0 where it is not shown. */
void ledger_saw(struct ledger *ledger, unsigned account, uint32_t uid, uint32_t number, uint64_t modseq);
/* What was seen under this UID before, or NULL. */
struct ledger_seen *ledger_seen(const struct ledger *ledger, unsigned account, uint32_t uid);
/* It said this about itself; 0 where it did not. */
void ledger_saw_mailbox(struct ledger *ledger, unsigned account, uint32_t uidvalidity, uint32_t uidnext,
                        uint64_t highest_modseq);
/* Before the last look: nothing is known to be there. */
void ledger_look_anew(struct ledger *ledger);
/* At the end, when every entry of every INBOX was told anew: each acknowledged message is there once for
   each recipient, any other at most once, and nothing that was shown is gone. */
void ledger_settle(struct ledger *ledger);

#endif
