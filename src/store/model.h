/*
 * What the store speaks of: accounts, mailboxes, messages, deliveries. These structures are
 * the requests and answers of storage, the same inside the store role (store/engine.h) and
 * over ipc (store/client.h). They borrow: slices live as long as the caller's buffer or arena.
 * Times are UTC milliseconds, sizes are bytes, ids are 64-bit and never 0.
 */
#ifndef STORE_MODEL_H
#define STORE_MODEL_H

#include "base/arena.h"
#include "base/slice.h"

struct file;

enum store_result {
    STORE_OK,
    /* No such account, mailbox, message, ... */
    STORE_NOT_FOUND,
    /* The name is taken. */
    STORE_EXISTS,
    /* The account's quota does not allow it. */
    STORE_OVER_QUOTA,
    /* The disk is full: try later, 452 4.3.1. */
    STORE_FULL,
    /* What was asked cannot be (INBOX removed, a bad name, ...). */
    STORE_REFUSED,
    /* Wrong password, unknown user: never told apart. */
    STORE_DENIED,
    /* Too many attempts or too much work waiting: try later. */
    STORE_BUSY,
    /* Reading or writing failed, or stored data is damaged; details are in the log. */
    STORE_FAILED,
    /* The store role went away before it answered: the outcome is not known. Deliveries and
       appends carry an id and can be asked again. */
    STORE_GONE,
};

/* System flags as bits of an entry's flags; keywords of the mailbox use the bits above. */
enum {
    FLAG_SEEN = 1 << 0,
    FLAG_ANSWERED = 1 << 1,
    FLAG_FLAGGED = 1 << 2,
    FLAG_DELETED = 1 << 3,
    FLAG_DRAFT = 1 << 4,
    FLAG_KEYWORD_FIRST_BIT = 8,
    /* Keywords a mailbox can hold; its flags are one signed 64-bit number. */
    KEYWORDS_MAX = 54,
};

enum special_use {
    SPECIAL_NONE,
    SPECIAL_INBOX,
    SPECIAL_DRAFTS,
    SPECIAL_SENT,
    SPECIAL_JUNK,
    SPECIAL_TRASH,
    SPECIAL_ARCHIVE,
};

struct uid_range {
    uint32_t first;
    uint32_t last;
};
struct uid_ranges {
    const struct uid_range *ranges;
    size_t count;
};

/* Where mail for an address goes. */
enum address_kind {
    /* One or more local accounts (an account, its user+detail, an alias, a catch-all). */
    ADDRESS_LOCAL,
    /* The domain is ours, the user is not known. */
    ADDRESS_UNKNOWN_USER,
    /* The domain is not ours. */
    ADDRESS_ELSEWHERE,
    /* The domain is one that we pass mail on for, whoever sends it; its one target is the address itself. */
    ADDRESS_RELAYED,
    /* A rewritten sender of ours (wire/srs.h), for the null sender alone: the targets are where it leads. */
    ADDRESS_RETURNED,
};

enum { ADDRESS_TARGETS_MAX = 100 };

struct address_target {
    uint64_t account;
    /* The account's own address. */
    struct slice address;
    bool is_over_quota;
    /* Not local: an alias may also name addresses elsewhere; then account is 0, and the address is as it was
       written. is_forwarded: an alias leads there. */
    bool is_forwarded;
};

struct address_route {
    enum address_kind kind;
    uint64_t tenant;
    struct address_target *targets;
    size_t target_count;
    /* With ADDRESS_RELAYED: the domain's own hosts are to be asked first. */
    bool is_verified;
    /* Mail to it may answer a campaign: who takes it in is to say what it is (delivery.judged). */
    bool is_judged;
};

struct account {
    uint64_t id;
    uint64_t tenant;
    struct slice address;
    /* 0: no limit. */
    uint64_t quota_bytes;
    uint64_t used_bytes;
    uint64_t message_count;
    int64_t created_ms;
    bool is_disabled;
    /* Switched off by an administrator: who logs in there is told so. */
    bool is_imap_off;
    bool is_pop3_off;
};

/* What an account may use (0: no limit), and uses. */
struct account_usage {
    uint64_t quota_bytes;
    uint64_t used_bytes;
};

/* One line of `alias list` and `domain list`. */
struct alias {
    struct slice address; /* "user@domain", or "@domain" for a catch-all */
    struct slice target;
};
enum domain_kind {
    DOMAIN_LOCAL,
    /* Whom it does not know it passes on to the domain's own hosts. */
    DOMAIN_RELAYED,
    /* So, but only what these take. */
    DOMAIN_VERIFIED,
};
struct domain {
    uint64_t id;
    uint64_t tenant;
    struct slice name; /* lower case, A-labels */
    uint64_t account_count;
    /* Whom it does not know it passes on to the domain's own hosts. */
    bool is_relay;
    /* With is_relay: recipients are asked for at these hosts before mail is taken. */
    bool is_verified;
};

/* SCRAM (RFC 5802): what a server keeps of a password. hash_bytes is 20 (SHA-1) or 32 (SHA-256). */
struct scram_secret {
    uint8_t salt[16];
    uint32_t iterations;
    uint8_t stored_key[32];
    uint8_t server_key[32];
    uint8_t hash_bytes;
};

struct mailbox {
    uint64_t id;
    uint64_t account;
    struct slice name; /* UTF-8, "/" between levels; INBOX is "INBOX" */
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint64_t highest_modseq;
    uint32_t message_count;
    uint32_t unseen_count;
    uint64_t bytes;
    enum special_use special_use;
    bool is_subscribed;
};

/* What is computed once about a message, by analyse, before it is stored. */
struct message_facts {
    uint64_t raw_bytes;
    struct slice envelope;  /* rendered IMAP ENVELOPE */
    struct slice structure; /* wire/structure encoding */
    struct slice preview;   /* UTF-8 */
    struct slice subject_base;
    int64_t sent_ms; /* Date header, or 0 */
    struct slice message_id;
    struct slice *references; /* In-Reply-To and References, oldest first, bounded */
    size_t reference_count;
    uint32_t kind; /* enum of analyse/kind */
    /* It has bytes above 127. */
    bool is_8bit;
};

/* A body as store/body_pack made it: in memory, or in a spool that the store opened. */
struct body_source {
    struct slice packed;
    uint64_t spool; /* spool id, or 0 */
    /* Of who asks: the spool's file, to hand to a successor of the store that opened it; may be NULL. */
    struct file *file;
    uint64_t spool_bytes;
    uint64_t raw_bytes;
};

/* A recipient elsewhere, for the queue. The address is as its sender wrote it (RFC 5321 2.4). */
struct queue_recipient {
    struct slice address;
    struct slice original; /* ORCPT, decoded, or empty */
    uint32_t notify;       /* RFC 3461 4.1 bits of wire/smtp_command, 0 = default */
    /* An address of ours leads there: the sender is rewritten on the way out (wire/srs.h). */
    bool is_forwarded;
};

/* A message that was accepted by SMTP: for local mailboxes and for the queue, in one commit. */
struct delivery {
    /* Chosen by the caller (store_id_new); asking again with the same id stores nothing twice. */
    uint64_t id;
    uint64_t tenant;
    uint64_t account;         /* whose submission, or 0: from outside, or our own */
    uint32_t stream;          /* enum queue_stream of store/queue_model.h */
    uint32_t properties;      /* a set of enum outgoing_property, without what the facts say */
    struct slice mail_from;   /* empty: the null sender */
    struct slice envelope_id; /* ENVID, or empty */
    uint32_t dsn_return;      /* RET: 0 none, 1 FULL, 2 HDRS */
    int64_t received_ms;
    struct body_source body;
    struct message_facts facts;
    const uint64_t *accounts; /* local recipients, INBOX of each; a repeated one counts once */
    size_t account_count;
    bool is_junk; /* into their Junk mailboxes instead */
    /* What it is, where that was found out (packed: store/answer_model.h), else empty. */
    struct slice judged;
    /* A keyword of each local entry that is not junk, as analyse/category.h judged; or empty. */
    struct slice keyword;
    const struct queue_recipient *queue;
    size_t queue_count;
};

/* An IMAP APPEND, one message of it. */
struct append {
    uint64_t id;
    uint64_t mailbox;
    uint64_t flags; /* system flag bits */
    const struct slice *keywords;
    size_t keyword_count;
    int64_t saved_ms; /* INTERNALDATE */
    struct body_source body;
    struct message_facts facts;
    /* Into a Sent mailbox: whom its owner wrote it to (packed: store/answer_model.h), else empty. */
    struct slice judged;
    /* An import's name for what it reads, of IMPORT_SOURCE_BYTES; or empty. What came under that name to this
       account before does not come again, wherever it went since. */
    struct slice source;
};
struct append_result {
    uint32_t uidvalidity;
    uint32_t first_uid; /* the others follow without a gap */
};

enum flag_operation { FLAGS_SET, FLAGS_ADD, FLAGS_REMOVE };

struct flag_change {
    uint64_t mailbox;
    struct uid_ranges uids;
    enum flag_operation operation;
    uint64_t flags;
    const struct slice *keywords;
    size_t keyword_count;
    /* Only entries whose modseq is not above this change (RFC 7162); UINT64_MAX: all. */
    uint64_t unchanged_since;
};
struct flag_result {
    /* The mailbox's; where something changed, that of this change. */
    uint64_t modseq;
    bool is_changed;
    /* Entries left alone because of unchanged_since, in the caller's arena. */
    struct uid_ranges unchanged;
    /* More keywords than a mailbox can hold: the rest was left out. */
    bool keywords_full;
};

struct copy_request {
    uint64_t from_mailbox;
    uint64_t to_mailbox;
    struct uid_ranges uids;
    /* MOVE: the source entries go in the same commit. */
    bool is_move;
};
struct copy_result {
    uint32_t uidvalidity;
    /* What was there to copy, in order; its UIDs in the target are first_uid, first_uid+1, ... */
    struct uid_ranges copied;
    uint32_t first_uid;
};

/* Where a packed body lies: place is the offset of its record. */
struct body_place {
    uint64_t segment;
    uint64_t place;
    uint64_t stored_bytes;
    uint64_t raw_bytes;
};

/* A message of a mailbox, as reading gives it. Fields that were not asked for are empty. */
struct entry {
    uint32_t uid;
    uint64_t flags;
    uint64_t modseq;
    uint64_t message;
    int64_t saved_ms;
    uint64_t raw_bytes;
    /* With ENTRY_MESSAGE or ENTRY_PLACE: */
    uint64_t body;
    /* With ENTRY_PLACE: where the body was when this was read. */
    struct body_place place;
    /* With ENTRY_MESSAGE: */
    uint64_t thread;
    int64_t sent_ms;
    struct slice envelope;
    struct slice structure;
    struct slice preview;
    struct slice subject_base;
};
/* The UID, flags and modseq always come; with ENTRY_FLAGS, or any other, what stands beside them. */
enum { ENTRY_ONLY_FLAGS = 0, ENTRY_FLAGS = 1, ENTRY_MESSAGE = 2, ENTRY_PLACE = 4 };

/* What happened to an entry since a modseq. */
enum change_kind { CHANGE_FLAGS, CHANGE_EXPUNGED };
struct change {
    uint64_t modseq;
    uint32_t uid;
    enum change_kind kind;
};

/* Something was committed to a mailbox; sent to every mail role. */
struct mailbox_news {
    uint64_t account;
    uint64_t mailbox;
    uint64_t highest_modseq;
    bool is_deleted;
};

/* Recipients elsewhere that one account may have in any hour and any day; 0: no limit. */
struct sending_limits {
    uint64_t recipients_per_hour;
    uint64_t recipients_per_day;
};

/* For `posthaste status`. */
/* Ids that stand for no account: logins of posthaste health (store/grant.h) have them. The database's ids
   are below. */
#define ACCOUNT_PROBE_FIRST (UINT64_MAX - 255)
static inline bool account_is_probe(uint64_t id) { return id >= ACCOUNT_PROBE_FIRST; }

struct store_status {
    uint64_t accounts;
    uint64_t domains;
    uint64_t messages;
    uint64_t body_bytes; /* as written, compressed */
    uint64_t live_bytes; /* of them: of messages that are still there */
    uint64_t mail_bytes; /* as read */
    uint64_t segments;
    /* Recipients elsewhere: that wait, that are held, of which a report is to be made. */
    uint64_t queue_waiting;
    uint64_t queue_held;
    uint64_t queue_reporting;
    uint64_t commits;   /* since start */
    uint64_t committed; /* operations in them */
    uint64_t waiting;   /* operations that wait for the next batch */
    int64_t free_bytes; /* of the file system */
};

#endif
