/*
 * What the store role and the remote role say to each other about sender mailboxes, as bytes. The store holds
 * the settings and the sealed secrets, and decides which mailboxes there are; the remote role connects.
 */
#ifndef OUTREACH_MAILBOX_PROTOCOL_H
#define OUTREACH_MAILBOX_PROTOCOL_H

#include "ipc/pack.h"
#include "outreach/outside_look.h"
#include "store/sender_model.h"

enum outreach_mailbox_message {
    /* To the remote role: a struct mailbox_job; answer, when all is over: a struct mailbox_finding. */
    OUTREACH_MAILBOX_SETUP = 300,
    /* To the remote role: a code of an authorization (struct mailbox_code); answer: struct mailbox_grant. */
    OUTREACH_MAILBOX_REDEEM,
    /* To the remote role: something about senders changed: it asks for the list. Answer: nothing. */
    OUTREACH_MAILBOX_CHANGED,
    /* To the store: the outside senders there are; answer: a count, then ids and numbers of their versions.
     */
    OUTREACH_MAILBOX_LIST,
    /* To the store: an id; answer: a struct mailbox_brief, or nothing. */
    OUTREACH_MAILBOX_BRIEF,
    /* To the store: a struct sender_health. Answer: nothing. */
    OUTREACH_MAILBOX_HEALTH,
    /* To the store: id, folders as far as they were looked at. Answer: a bool, it is kept. */
    OUTREACH_MAILBOX_LOOKED,
    /* To the store: a struct outside_news. Answer: a bool, it is kept. */
    OUTREACH_MAILBOX_NEWS,
    /* To the store: id, provider, refresh token. Answer: a bool, it is kept. */
    OUTREACH_MAILBOX_TOKEN,
    /* To the store, while a job runs: its number, a struct mailbox_step. Answer: nothing. */
    OUTREACH_MAILBOX_STEP,
    /* To the store: an id; answer: a letter of this sender that is to be in Sent and is not known to be
       there, as Message-ID (without brackets) and content, or nothing. */
    OUTREACH_MAILBOX_COPY,
    /* To the store: that a letter is in Sent, or why it could not be put there (struct mailbox_copied).
       Answer: a bool, it is kept. */
    OUTREACH_MAILBOX_COPIED,
    /* To the store: an id; answer: when the oldest thread of this sender's began that is open still, or 0. */
    OUTREACH_MAILBOX_SINCE,
    OUTREACH_MAILBOX_END,
};

/* Finds settings, tests a mailbox, or both. */
struct mailbox_job {
    uint64_t number;
    /* Ways whose host is empty are to be found from the address. */
    struct sender sender;
    struct sender_provider smtp_provider;
    struct sender_provider imap_provider;
};

/* One thing that was done, and how it went. */
struct mailbox_step {
    bool is_good;
    int64_t took_ms;
    struct slice text;
    struct slice advice;
};
enum { MAILBOX_STEPS_MAX = 64 };

/* What came of a job. */
struct mailbox_finding {
    /* The ways as they were found. */
    struct sender_login smtp;
    struct sender_login imap;
    enum sender_state state;
    enum sender_cause cause;
    struct slice detail;
    enum sender_copies copies;
    bool has_plus;
    bool has_idle;
    bool is_renaming;
    struct slice fresh_token;
    const struct mailbox_step *steps;
    size_t step_count;
};

struct mailbox_code {
    struct sender_provider provider;
    struct slice code;
    /* RFC 7636 4.5 */
    struct slice verifier;
    struct slice redirect_uri;
};
struct mailbox_grant {
    enum sender_cause cause;
    struct slice detail;
    struct slice refresh_token;
};

/* What came of putting a copy into Sent; cause NONE: it is there. */
struct mailbox_copied {
    /* Without brackets. */
    struct slice message_id;
    enum sender_cause cause;
    struct slice detail;
};

struct mailbox_brief {
    struct sender sender;
    struct sender_provider smtp_provider;
    struct sender_provider imap_provider;
    const struct sender_folder *folders;
    size_t folder_count;
};

void mailbox_job_pack(struct buffer *out, const struct mailbox_job *job);
/* These borrow from `body`; what has no room there is in `arena`. False: it is none. */
NODISCARD bool mailbox_job_unpack(struct slice body, struct mailbox_job *job);
void mailbox_step_pack(struct buffer *out, const struct mailbox_step *step);
void mailbox_step_unpack(struct unpacker *in, struct mailbox_step *step);
void mailbox_finding_pack(struct buffer *out, const struct mailbox_finding *finding);
NODISCARD bool mailbox_finding_unpack(struct slice body, struct arena *arena,
                                      struct mailbox_finding *finding);
void mailbox_code_pack(struct buffer *out, const struct mailbox_code *code);
NODISCARD bool mailbox_code_unpack(struct slice body, struct mailbox_code *code);
void mailbox_grant_pack(struct buffer *out, const struct mailbox_grant *grant);
NODISCARD bool mailbox_grant_unpack(struct slice body, struct mailbox_grant *grant);
void mailbox_brief_pack(struct buffer *out, const struct mailbox_brief *brief);
NODISCARD bool mailbox_brief_unpack(struct slice body, struct arena *arena, struct mailbox_brief *brief);
void mailbox_folders_pack(struct buffer *out, const struct sender_folder *folders, size_t count);
NODISCARD bool mailbox_folders_unpack(struct unpacker *in, struct arena *arena,
                                      struct sender_folder **folders, size_t *count);
void mailbox_news_pack(struct buffer *out, const struct outside_news *news);
NODISCARD bool mailbox_news_unpack(struct slice body, struct outside_news *news);
void mailbox_health_pack(struct buffer *out, const struct sender_health *health);
NODISCARD bool mailbox_health_unpack(struct slice body, struct sender_health *health);
void mailbox_copied_pack(struct buffer *out, const struct mailbox_copied *copied);
NODISCARD bool mailbox_copied_unpack(struct slice body, struct mailbox_copied *copied);

#endif
