/*
 * What the store role and the remote role say to each other to get a certificate (RFC 8555), as bytes.
 * The store says when, for which names and for which CA, holds all keys, and writes and signs each
 * request; the remote role connects, reads what the CA answers, and hands edges what strangers are to be
 * shown. So whoever captures the remote role can have nothing signed but what an order consists of.
 */
#ifndef ACME_PROTOCOL_H
#define ACME_PROTOCOL_H

#include "ipc/pack.h"
#include "wire/acme.h"

enum acme_message {
    /* To the remote role: a struct acme_job; answer, when all is over: a struct acme_outcome. */
    ACME_RUN = 200,
    /* To the store, while that runs: a struct acme_findings; answer: a struct acme_plan. */
    ACME_PLAN,
    /* To the store: a struct acme_paper; answer: the JWS to be sent, or nothing. */
    ACME_SIGN,
    /* To the store: the URL that the CA knows our account by, or an empty one: it knows none; and whether it
       was made just now, with the contact. Answer: a bool, whether it is to be told the contact. */
    ACME_ACCOUNT,
    /* To the store: the CA took the contact. Answer: nothing. */
    ACME_CONTACT,
    /* A notice of the remote role to those that ask it DNS: a count, then as many struct acme_challenge that
       hold from now on, instead of those before. */
    ACME_CHALLENGES,
};

/* A name that is wanted on the certificate. */
struct acme_name {
    struct slice name;
    /* Only where DNS leads it to this host; else it has to be on it. */
    bool is_optional;
    /* It is on the one that is there, and stays unless DNS says that it leads elsewhere. */
    bool is_held;
};

struct acme_job {
    struct slice directory;
    enum acme_challenge_kind challenge;
    bool terms_agreed;
    /* Or empty: the CA is not known to know us. */
    struct slice account;
    struct slice thumbprint;
    /* RFC 9773 4.1: the CA is to be asked when that certificate is to be renewed; or empty. */
    struct slice certificate;
    struct acme_name names[ACME_NAMES_MAX];
    size_t name_count;
};

/* What is known before anything is planned. */
struct acme_findings {
    /* The names that lead here. */
    struct slice names[ACME_NAMES_MAX];
    size_t name_count;
    /* When the CA would have the certificate renewed; where it did not say, all are 0. */
    struct acme_window window;
    /* It is not to be asked for that again so soon. */
    uint64_t window_again_ms;
};
struct acme_plan {
    /* A certificate is to be ordered for those names. */
    bool is_due;
    /* It comes instead of one of that CA. */
    bool replaces;
    /* The CA is to be told another contact. */
    bool tells_contact;
};

enum acme_result {
    ACME_ISSUED,
    /* The plan did not ask for one. */
    ACME_NOT_DUE,
    ACME_FAILED,
    /* The CA could not see that `name` is ours. */
    ACME_NAME_FAILED,
};
enum { ACME_RESULTS = ACME_NAME_FAILED + 1 };

struct acme_outcome {
    enum acme_result result;
    /* As the CA gave it. */
    struct slice chain;
    struct slice name;
    /* What went wrong, and what to do, for people. */
    struct slice words;
    struct slice advice;
    /* The CA asks not to be asked again for so long; 0: it said nothing. */
    uint64_t retry_after_ms;
};

/* What is asked of the CA: each has its own payload, which the store writes. */
enum acme_paper_kind {
    /* RFC 8555 6.3: POST-as-GET. */
    ACME_PAPER_LOOK,
    ACME_PAPER_ACCOUNT,
    ACME_PAPER_ORDER,
    /* RFC 9773 5: an order that says which certificate it comes instead of. */
    ACME_PAPER_REPLACEMENT,
    /* RFC 8555 7.3.2 */
    ACME_PAPER_CONTACT,
    /* RFC 8555 7.5.1 */
    ACME_PAPER_ANSWER,
    ACME_PAPER_FINALIZE,
};
enum { ACME_PAPERS = ACME_PAPER_FINALIZE + 1 };
struct acme_paper {
    enum acme_paper_kind kind;
    struct slice nonce;
    struct slice url;
};

struct acme_challenge {
    enum acme_challenge_kind kind;
    struct slice name;
    struct slice token;
    /* RFC 8555 8.1 */
    struct slice key_authorization;
};

void acme_job_pack(struct buffer *out, const struct acme_job *job);
/* These borrow from `body`. False: it is none. */
NODISCARD bool acme_job_unpack(struct slice body, struct acme_job *job);
void acme_outcome_pack(struct buffer *out, const struct acme_outcome *outcome);
NODISCARD bool acme_outcome_unpack(struct slice body, struct acme_outcome *outcome);
void acme_findings_pack(struct buffer *out, const struct acme_findings *findings);
NODISCARD bool acme_findings_unpack(struct slice body, struct acme_findings *findings);
void acme_plan_pack(struct buffer *out, const struct acme_plan *plan);
NODISCARD bool acme_plan_unpack(struct slice body, struct acme_plan *plan);
void acme_paper_pack(struct buffer *out, const struct acme_paper *paper);
NODISCARD bool acme_paper_unpack(struct slice body, struct acme_paper *paper);
void acme_challenges_pack(struct buffer *out, const struct acme_challenge *challenges, size_t count);
NODISCARD bool acme_challenges_unpack(struct slice body,
                                      struct acme_challenge challenges[ACME_CHALLENGES_MAX], size_t *count);

#endif
