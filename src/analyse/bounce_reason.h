/*
 * Why a message could not be delivered to someone, and whether that is for good: judged by what the refusing
 * host said (in many languages), its codes, and where in the conversation it said so.
 *
 * Hard is only what says that the mailbox or its domain does not exist, and it takes two witnesses: words,
 * and either an enhanced code that means a bad address (X.1.x) or the place, RCPT TO; or a delivery agent
 * that speaks of its own directory. Words alone, words after DATA (where filters speak), and anything
 * temporary are soft, for an address that was given up by mistake is lost. So are policies, blocklists,
 * quotas, suspended mailboxes. docs/classify.md tells more. Pure; linear.
 */
#ifndef ANALYSE_BOUNCE_REASON_H
#define ANALYSE_BOUNCE_REASON_H

#include "base/arena.h"
#include "wire/delivery_report.h"

/* Numbers are stored: new ones go to the end. */
enum bounce_reason {
    BOUNCE_UNDEFINED,
    /* Hard, where it is for good. */
    BOUNCE_USER_UNKNOWN,
    BOUNCE_DOMAIN_UNKNOWN,
    BOUNCE_MOVED,
    BOUNCE_NO_MAIL,
    /* Soft. */
    BOUNCE_MAILBOX_FULL,
    BOUNCE_SUSPENDED,
    BOUNCE_FILTERED,
    BOUNCE_BLOCKED,
    BOUNCE_SPAM,
    BOUNCE_VIRUS,
    BOUNCE_POLICY,
    BOUNCE_UNAUTHENTICATED,
    BOUNCE_RELAYING,
    BOUNCE_SENDER,
    BOUNCE_TOO_LARGE,
    BOUNCE_CONTENT,
    BOUNCE_RATE,
    BOUNCE_NETWORK,
    BOUNCE_EXPIRED,
    BOUNCE_SYSTEM,
};
enum { BOUNCE_REASONS = BOUNCE_SYSTEM + 1 };
/* "user_unknown", ... */
const char *bounce_reason_name(enum bounce_reason reason);

/* Where in the SMTP conversation it was said. */
enum bounce_stage {
    BOUNCE_STAGE_UNKNOWN,
    BOUNCE_STAGE_CONNECT,
    BOUNCE_STAGE_MAIL,
    /* The reporter says that the address was refused, not by which command. */
    BOUNCE_STAGE_RCPT_LIKELY,
    BOUNCE_STAGE_RCPT,
    BOUNCE_STAGE_DATA,
};

struct bounce_words {
    /* Folded (phrase.h), for looking at the place. */
    struct slice folded;
    /* Without addresses, host names and URLs, in which any word could stand. */
    struct slice clean;
    /* The codes in the words, the best of each; class 0, and 0: none. */
    struct delivery_code code;
    uint32_t reply;
};
/* Reads the words of one refusal; both texts are in the arena, or empty where it has no room. */
void bounce_words_read(struct arena *arena, struct slice words, struct bounce_words *read);

enum bounce_stage bounce_stage_of(struct slice folded);

struct bounce_facts {
    struct bounce_words words;
    /* The reporter's own code (Status), class 0: none. */
    struct delivery_code status;
    enum bounce_stage stage;
    /* Of the recipient, and the host that refused; may be empty. */
    struct slice domain;
    struct slice host;
};

struct bounce_verdict {
    enum bounce_reason reason;
    bool is_hard;
    /* What decided: a phrase of ours; empty: the code. */
    struct slice phrase;
};
struct bounce_verdict bounce_judge(const struct bounce_facts *facts);

#endif
