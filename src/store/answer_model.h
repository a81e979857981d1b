/*
 * What is known of a message that came in, for outreach: what it is, and everything by which it may be an
 * answer to something that was sent. Who takes the message in (edge, remote) makes this of what
 * analyse/classify.h found, before the store has it; inside the commit that stores the message it is looked
 * for whom it concerns (store/answer.h), and that is SQL alone.
 */
#ifndef STORE_ANSWER_MODEL_H
#define STORE_ANSWER_MODEL_H

#include "ipc/pack.h"
#include "store/model.h"

/* Numbers are stored: never change one. */
enum answer_kind {
    ANSWER_REPLY = 0,
    ANSWER_AUTO_REPLY = 1,
    ANSWER_OUT_OF_OFFICE = 2,
    ANSWER_BOUNCE = 3,
    ANSWER_DELAY = 4,
    ANSWER_COMPLAINT = 5,
    ANSWER_RECEIPT = 6,
    ANSWER_OTHER = 7,
    ANSWER_KINDS,
};

struct answer_recipient {
    /* In lower case. */
    struct slice address;
    bool is_hard;
};

/* All limits are in base/limits_campaign.h. */
struct answer_facts {
    enum answer_kind kind;
    /* Of a bounce. */
    bool is_hard;
    struct answer_recipient *recipients;
    size_t recipient_count;
    /* Of an out-of-office: when the person is back; 0: it does not say. */
    int64_t return_ms;
    /* It asks to be left alone. */
    bool is_unsubscribe;
    /* What a person wrote it wants, as analyse has it (enum interest); conditions of steps ask for it. */
    uint32_t interest;
    /* Of the code that said so (CLASSIFIER_VERSION). */
    uint32_t classifier;
    /* Of the author: in lower case; and the organisation's domain, or empty. */
    struct slice from;
    struct slice organisation;
    struct slice subject_base;
    /* What stands behind the "+" of the address it came to, or empty. */
    struct slice token;
    /* Message-IDs that it names, without brackets: In-Reply-To, then References, the newest first, then those
       in its body. */
    struct slice *ids;
    size_t id_count;
    /* So many of them stand in its header. */
    size_t header_id_count;
    /* Addresses that it names, in lower case: in To and Cc, then in its text. */
    struct slice *named;
    size_t named_count;
    /* Its own, without brackets; may be empty. */
    struct slice message_id;
    /* Not an answer: the sender mailbox's owner wrote it by hand, to `recipients`, at this time (0: it does
       not say). */
    bool is_by_hand;
    int64_t date_ms;
    /* JSON: why it was taken for what it is. */
    struct slice evidence;
    /* When its mailbox got it; 0: now. */
    int64_t received_ms;
    /* Where it is, outside of this store: its sender mailbox, folder, and UID; else 0. */
    uint64_t sender;
    struct slice folder;
    uint32_t uidvalidity;
    uint32_t uid;
    /* Of one that lies there: its beginning, as store/body_pack.h packs it, so that it can be judged again;
       or empty. */
    struct slice kept;
};

/* One more entry of that JSON; as it was where there is no room. */
struct slice answer_evidence_add(struct arena *arena, struct slice evidence, struct slice rule,
                                 struct slice saw);

void answer_facts_pack(struct buffer *out, const struct answer_facts *facts);
/* Borrows from `body`. False: it is none, or breaks a limit. */
NODISCARD bool answer_facts_unpack(struct slice body, struct arena *arena, struct answer_facts *facts);

/* How it was found for whom an answer is. Stored. */
enum answer_match {
    MATCH_NONE = 0,
    MATCH_TOKEN = 1,
    MATCH_IN_REPLY_TO = 2,
    MATCH_BODY_ID = 3,
    MATCH_ADDRESS = 4,
    MATCH_COLLEAGUE = 5,
    MATCH_FAILED_RECIPIENT = 6,
    MATCHES,
};

/* What was made of it. Stored. */
enum answer_decision {
    DECISION_NOTHING = 0,
    DECISION_STOPPED = 1,
    DECISION_PAUSED = 2,
    DECISION_PUT_OFF = 3,
    DECISION_BOUNCED = 4,
    DECISION_SUPPRESSED = 5,
    DECISIONS,
};

/* What is known beside the facts when it is decided what follows. */
struct answer_question {
    enum answer_match match;
    /* Whom the message was for. */
    struct slice address;
    /* The campaign stops all of a company when one of it answers. */
    bool stops_company;
    /* A person says what it is. */
    bool is_by_person;
    int64_t now_ms;
};
/* Of a bounce: whether this address is gone. Where it names recipients it must be one of them, as its sender
   wrote it or where it came to: one that a letter was passed on to is somebody else. */
bool answer_is_hard(const struct answer_facts *facts, struct slice address);
/* It names recipients, and not this one. */
bool answer_is_of_others(const struct answer_facts *facts, struct slice address);
/* What would follow. Pure. */
enum answer_decision answer_decide(const struct answer_facts *facts, const struct answer_question *question);

struct outreach_answer {
    uint64_t id;
    int64_t at_ms;
    uint64_t prospect;
    uint64_t campaign;
    uint64_t contact;
    uint64_t sender;
    /* In this store, or 0. */
    uint64_t message;
    enum answer_kind kind;
    enum answer_match match;
    enum answer_decision decision;
    /* ANSWER_KINDS: nobody did. */
    enum answer_kind corrected_kind;
    struct slice corrected_by;
    /* As it was recorded, or corrected since. */
    bool is_unsubscribe;
    uint32_t interest;
    bool is_hard;
    int64_t return_ms;
    /* 0: it was judged before that was recorded; of the four above only the first is known. */
    uint32_t classifier;
    struct slice from;
    struct slice evidence;
    struct slice address;
    struct slice campaign_name;
};

/* What was found when an answer was judged again, and what came of it. */
struct answer_rejudgement {
    uint64_t answer;
    /* Without what says whose it is. */
    struct answer_facts facts;
};
struct answer_rejudged {
    /* ANSWER_KINDS: it was not changed. */
    enum answer_kind kind;
    enum answer_decision decision;
    /* Of its prospect: enum prospect_state. */
    uint32_t state;
};
/* Who it was corrected by, then. */
#define ANSWER_BY_REPLAY SLICE("replay")

/* What it counts as: what it was corrected to, or taken for. */
static inline enum answer_kind answer_kind_now(const struct outreach_answer *answer) {
    return answer->corrected_kind == ANSWER_KINDS ? answer->kind : answer->corrected_kind;
}

const char *answer_kind_word(enum answer_kind kind);
/* ANSWER_KINDS: it is none. */
enum answer_kind answer_kind_read(struct slice word);
const char *answer_match_word(enum answer_match match);
const char *answer_decision_word(enum answer_decision decision);

#endif
