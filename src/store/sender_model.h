/*
 * What is known of sender mailboxes: the mailboxes that outreach sends from and watches for answers. One is
 * an account of ours, or an outside one that is reached by SMTP and IMAP. The store keeps them
 * (store/engine_sender.h), the remote role connects (outreach/watch.h). Secrets lie sealed in the database
 * and leave the store only for the remote role.
 */
#ifndef STORE_SENDER_MODEL_H
#define STORE_SENDER_MODEL_H

#include "base/buffer.h"
#include "store/model.h"

/* How a connection is protected. Numbers are stored: never change one. */
enum sender_tls {
    /* From the first byte (RFC 8314 3.3), the certificate is checked. */
    SENDER_TLS_IMPLICIT = 0,
    SENDER_TLS_STARTTLS = 1,
    /* Only to this machine itself. */
    SENDER_TLS_NEVER = 2,
    SENDER_TLS_MODES,
};

/* Numbers are stored. */
enum sender_auth {
    /* Or an app password. */
    SENDER_AUTH_PASSWORD = 0,
    /* `secret` is the refresh token that `provider` gave (RFC 6749 1.5). */
    SENDER_AUTH_OAUTH = 1,
    SENDER_AUTHS,
};

/* One of the two ways to an outside mailbox. */
struct sender_login {
    /* A name or a numeric address; empty: there is no such way. */
    struct slice host;
    uint16_t port;
    enum sender_tls tls;
    struct slice user;
    enum sender_auth auth;
    /* With OAUTH: the name of a sender_provider. */
    struct slice provider;
    /* Empty in lists. */
    struct slice secret;
};

/* Whether it may be used. Numbers are stored. */
enum sender_state {
    SENDER_UNTESTED = 0,
    SENDER_GREEN = 1,
    SENDER_RED = 2,
    SENDER_STATES,
};

/* Who puts a sent message into its folder Sent. Numbers are stored. */
enum sender_copies {
    SENDER_COPIES_UNKNOWN = 0,
    /* The provider does when it takes the message: another copy would be a second one. */
    SENDER_COPIES_PROVIDER = 1,
    /* We do, by APPEND. */
    SENDER_COPIES_OURS = 2,
    SENDER_COPIES_MODES,
};

/* Why a mailbox cannot be used. Numbers are stored; words and advice: outreach/cause.h. */
enum sender_cause {
    SENDER_CAUSE_NONE = 0,
    /* The way there. */
    SENDER_CAUSE_HOST_NOT_FOUND = 1,
    SENDER_CAUSE_HOST_PRIVATE = 2,
    SENDER_CAUSE_CONNECTION_REFUSED = 3,
    /* Nothing answers: most often a firewall. */
    SENDER_CAUSE_NO_ANSWER = 4,
    SENDER_CAUSE_CONNECTION_LOST = 5,
    SENDER_CAUSE_TLS_MISSING = 6,
    SENDER_CAUSE_TLS_FAILED = 7,
    SENDER_CAUSE_CERTIFICATE = 8,
    /* It said something in the clear that must not be there. */
    SENDER_CAUSE_TAMPERED = 9,
    SENDER_CAUSE_WRONG_PROTOCOL = 10,
    /* Logging in. */
    SENDER_CAUSE_PASSWORD = 20,
    SENDER_CAUSE_APP_PASSWORD = 21,
    /* Passwords are of no use here: OAuth. */
    SENDER_CAUSE_OAUTH_NEEDED = 22,
    SENDER_CAUSE_NO_MECHANISM = 23,
    /* invalid_grant: expired, revoked, or the password was changed. */
    SENDER_CAUSE_TOKEN_EXPIRED = 24,
    /* The server does not take a fresh token. */
    SENDER_CAUSE_TOKEN_REFUSED = 25,
    SENDER_CAUSE_OAUTH_CLIENT = 26,
    SENDER_CAUSE_OAUTH_UNREACHABLE = 27,
    /* An administrator of the organisation has to allow it. */
    SENDER_CAUSE_OAUTH_ADMIN = 28,
    SENDER_CAUSE_OAUTH_UNKNOWN = 29,
    /* What the account may. */
    SENDER_CAUSE_IMAP_DISABLED = 40,
    SENDER_CAUSE_SMTP_DISABLED = 41,
    SENDER_CAUSE_NO_IMAP = 42,
    SENDER_CAUSE_IMAP_REFUSED = 43,
    SENDER_CAUSE_SMTP_REFUSED = 44,
    SENDER_CAUSE_SENDER_REFUSED = 45,
    SENDER_CAUSE_RATE = 46,
    SENDER_CAUSE_QUOTA = 47,
    /* What the test found. */
    SENDER_CAUSE_NOT_ARRIVED = 60,
    SENDER_CAUSE_MESSAGE_ID_RENAMED = 61,
    SENDER_CAUSE_NO_SENT_COPY = 62,
    SENDER_CAUSE_SENT_TWICE = 63,
    /* Ours. */
    SENDER_CAUSE_ACCOUNT_GONE = 80,
    SENDER_CAUSE_NO_REMOTE = 81,
    SENDER_CAUSE_SECRET_LOST = 82,
    SENDER_CAUSE_CANCELLED = 83,
    SENDER_CAUSES,
};

/* Only a whole test finds it, and finds it mended: not the watcher, which only logs in and looks. */
static inline bool sender_cause_is_of_test(enum sender_cause cause) {
    return cause == SENDER_CAUSE_SMTP_REFUSED || cause == SENDER_CAUSE_SENDER_REFUSED ||
           (cause >= SENDER_CAUSE_NOT_ARRIVED && cause < SENDER_CAUSE_ACCOUNT_GONE);
}

/* How fast it sends (outreach/pacer.h). Zero: the default. */
struct sender_limits {
    int64_t gap_min_ms;
    int64_t gap_max_ms;
    uint32_t hourly_max;
    uint32_t daily_max;
    uint32_t ramp_start;
    uint32_t ramp_step;
    /* Who raised daily_max over the maximum for all, and when; empty: nobody. */
    struct slice override_by;
    int64_t override_ms;
    /* Where its day begins and ends, whatever its campaigns say; empty: the first of them says. */
    struct slice time_zone;
};

struct sender {
    uint64_t id;
    /* As contacts have it (lower case, A-label). */
    struct slice address;
    /* Of the person, for From; may be empty. */
    struct slice name;
    /* Of our own; 0: an outside one. */
    uint64_t account;
    struct sender_login smtp;
    struct sender_login imap;
    enum sender_copies copies;
    /* Who checks it again, may write to address+TAG. */
    bool has_plus;
    /* Messages arrive with another Message-ID than they were sent with, and its owner knows. */
    bool is_renaming_accepted;
    /* A whole test went well since its ways were last changed; and what the last one found wrong that only
       another test can find mended. */
    bool has_passed;
    enum sender_cause test_cause;
    enum sender_state state;
    enum sender_cause cause;
    /* What the server said, clean; may be empty. */
    struct slice detail;
    int64_t checked_ms;
    int64_t tested_ms;
    int64_t added_ms;
    /* Another one each time that an administrator changed it. */
    uint64_t version;
    struct sender_limits limits;
};

/* What a look or a test found. */
struct sender_health {
    uint64_t sender;
    enum sender_state state;
    enum sender_cause cause;
    struct slice detail;
    /* It was a whole test: these count, too. */
    bool is_test;
    enum sender_copies copies;
    bool has_plus;
};

/* A folder of an outside mailbox: as far as it was looked at. */
struct sender_folder {
    /* As the server writes it (modified UTF-7, or UTF-8). */
    struct slice name;
    uint32_t uidvalidity;
    /* The first UID that was not looked at. */
    uint32_t uidnext;
    /* 0: the server keeps none (RFC 7162). */
    uint64_t modseq;
    /* While it is read from its beginning: what came before that is passed over. Not stored. */
    int64_t since_ms;
};

/* Whom OAuth 2 tokens come from, and who we are there (RFC 6749 2.2): made by `outreach oauth add`. */
struct sender_provider {
    struct slice name;
    struct slice authorize_url;
    struct slice token_url;
    /* What is asked for, separated by blanks. */
    struct slice scope;
    struct slice client_id;
    /* Empty in lists, and where the provider gives none. */
    struct slice client_secret;
    bool has_secret;
};

/* "green"; "password", "imap-disabled": stable, for JSON. Static. */
const char *sender_state_name(enum sender_state state);
const char *sender_tls_name(enum sender_tls tls);
const char *sender_cause_name(enum sender_cause cause);

/* sender_pack.c: a sender and its secrets between roles. */
void sender_pack(struct buffer *out, const struct sender *sender);
struct unpacker;
/* Borrows. What is none makes `in` bad. */
void sender_unpack(struct unpacker *in, struct sender *sender);
void sender_login_pack(struct buffer *out, const struct sender_login *login);
void sender_login_unpack(struct unpacker *in, struct sender_login *login);
void sender_provider_pack(struct buffer *out, const struct sender_provider *provider);
void sender_provider_unpack(struct unpacker *in, struct sender_provider *provider);

#endif
