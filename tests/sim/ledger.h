/*
 * What was handed to the server and what it answered. An entry is one message that somebody tried
 * to hand over, never repeated: a 250 acknowledges it; whatever else comes, or nothing, leaves it
 * open, and the sender tries again under a new number. A message's text follows from its number.
 *
 * Clients (over POP3, IMAP, and of the store itself) tell what they see in a box, which is one
 * mailbox of one account: which message a UID is, its flags and modseq, what the mailbox promised.
 * All of it must agree, over the whole run. What was learned before a question was asked (`asked`,
 * from ledger_ask) must hold in its answer; others may learn more while it is under way.
 */
#ifndef SIM_LEDGER_H
#define SIM_LEDGER_H

#include "base/buffer.h"
#include "base/map.h"
#include "invariant.h"

enum {
    LEDGER_ACCOUNTS_MAX = 4,
    LEDGER_ACCOUNT_BOXES = 2,
    LEDGER_BOXES_MAX = LEDGER_ACCOUNTS_MAX * LEDGER_ACCOUNT_BOXES,
    LEDGER_ENTRIES_MAX = 4096,
    LEDGER_TEXT_BYTES_MAX = 2 << 20,
    LEDGER_FAILURE_BYTES_MAX = 4096
};
#define LEDGER_PASSWORD "a password of the simulation"

struct ledger_entry {
    size_t bytes;
    /* Once somebody asked for it. */
    struct buffer text;
    bool is_acknowledged;
    /* The boxes for which the end of data was sent, so that it may be there: a bit each. */
    unsigned sent;
    /* By account: when one of its INBOXes was promised it. */
    int64_t acknowledged_ms[LEDGER_ACCOUNTS_MAX];
    /* How often a box may have it (deliveries, appends and copies that were asked for), and must (those
       that were acknowledged). */
    uint8_t allowed[LEDGER_BOXES_MAX];
    uint8_t expected[LEDGER_BOXES_MAX];
    /* An idling session of the account was told of it. */
    bool is_told[LEDGER_ACCOUNTS_MAX];
};

/* What a UID looked like at a modseq. */
struct ledger_state {
    uint64_t modseq;
    unsigned flags;
    unsigned flags_known;
    uint64_t learned;
};

struct ledger_seen {
    uint32_t uid;
    /* 0: nobody read it yet. */
    uint32_t number;
    /* Rising in `learned`. */
    struct ledger_state *states;
    size_t state_count;
    /* Somebody asked to delete it, or it was \Deleted, so that any EXPUNGE takes it; and when it was heard
       that it is gone, or 0. */
    bool is_doomed;
    uint64_t deleted;
    /* The box it was asked to be moved to, + 1, where nobody asked to delete it. */
    unsigned moved_to;
    /* The last look at the whole mailbox showed it. */
    bool is_there;
};

/* What is known of a mailbox. */
struct ledger_mailbox {
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint64_t highest_modseq;
    /* UIDNEXT when all entries were looked at last: what is new since then is not below it. */
    uint32_t looked_uidnext;
    /* UID -> struct ledger_seen. */
    struct map *seen;
};

/* Which hosts there are, and accounts on all of them: evenly, the first host has the first of them. */
struct ledger_layout {
    unsigned hosts;
    unsigned accounts;
};

struct ledger {
    uint64_t seed;
    struct ledger_layout layout;
    struct ledger_entry entries[LEDGER_ENTRIES_MAX];
    uint32_t count;
    /* Facts learned so far. */
    uint64_t facts;
    struct ledger_mailbox mailboxes[LEDGER_BOXES_MAX];
    /* The first thing that was wrong; empty: nothing. */
    struct buffer failure;
};

/* One look at one UID; 0 stands for what was not shown. */
struct ledger_sight {
    uint32_t uid;
    uint32_t number;
    uint64_t modseq;
    /* Of the bits in flags_known (store/model.h). */
    unsigned flags;
    unsigned flags_known;
};

/* What a question's answer must not contradict. */
struct ledger_asked {
    uint64_t facts;
    uint32_t uidnext;
    uint64_t highest_modseq;
};

struct ledger *ledger_new(uint64_t seed, struct ledger_layout layout);
void ledger_free(struct ledger **ledger);

/* Notes what is wrong, "uids-rise: UID 7 ..."; the first one counts. */
void ledger_fail(struct ledger *ledger, enum invariant broken, const char *format, ...) PRINTF_LIKE(3, 4);
bool ledger_has_failed(const struct ledger *ledger);

/* The host of an account; the domain of a host: "one.test"; an address: "ann@one.test". */
unsigned ledger_host(struct ledger_layout layout, unsigned account);
const char *ledger_domain(unsigned host);
struct slice ledger_address(struct ledger_layout layout, unsigned account);
/* The accounts of a host, a bit each. */
unsigned ledger_accounts_of(struct ledger_layout layout, unsigned host);
/* "INBOX" or "Work" */
const char *ledger_box_name(unsigned box);
static inline unsigned ledger_inbox(unsigned account) { return account * LEDGER_ACCOUNT_BOXES; }
static inline unsigned ledger_account(unsigned box) { return box / LEDGER_ACCOUNT_BOXES; }

static inline unsigned ledger_boxes(const struct ledger *ledger) {
    return ledger->layout.accounts * LEDGER_ACCOUNT_BOXES;
}

/* A new message: its number, or 0 when there were too many. */
uint32_t ledger_attempt(struct ledger *ledger, size_t bytes);
/* It is about to be sent, in one transaction, to the INBOX of each account whose bit is set; the end of its
   data is sent; it was acknowledged. Each transaction once. */
void ledger_ask_for(struct ledger *ledger, uint32_t number, unsigned recipients);
void ledger_sent(struct ledger *ledger, uint32_t number, unsigned recipients);
void ledger_acknowledge(struct ledger *ledger, uint32_t number, unsigned recipients, int64_t now_ms);
/* One more may be in the box, whether or not an answer comes: for copies and appends. */
void ledger_allow(struct ledger *ledger, uint32_t number, unsigned box);
/* The message as it is sent, dots not doubled; valid as long as the ledger. */
struct slice ledger_message(struct ledger *ledger, uint32_t number);
/* Which message a stored text is, trace header and all: checked byte by byte. 0, and a failure, when it
   is none of ours or was changed. */
uint32_t ledger_recognize(struct ledger *ledger, struct slice text);

/* Before a question. */
struct ledger_asked ledger_ask(const struct ledger *ledger, unsigned box);
void ledger_saw(struct ledger *ledger, unsigned box, const struct ledger_asked *asked,
                const struct ledger_sight *sight);
/* What was seen under this UID before, or NULL. */
struct ledger_seen *ledger_seen(const struct ledger *ledger, unsigned box, uint32_t uid);
/* The highest modseq it was seen with. */
uint64_t ledger_seen_modseq(const struct ledger_seen *seen);
/* Somebody asks to delete it. */
void ledger_doom(struct ledger_seen *seen);
/* It was heard that the UID is gone. */
void ledger_saw_gone(struct ledger *ledger, unsigned box, uint32_t uid);
/* It said this about itself; 0 where it did not. */
void ledger_saw_mailbox(struct ledger *ledger, unsigned box, const struct ledger_asked *asked,
                        const struct ledger_mailbox *said);
/* Before the last look: nothing is known to be there. */
void ledger_look_anew(struct ledger *ledger);
/* At the end, when every entry of every mailbox was told anew: each acknowledged message is where it
   should be as often as it should be and not more often, and nothing that was shown is gone. */
void ledger_settle(struct ledger *ledger);

#endif
