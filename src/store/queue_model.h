/*
 * What the queue speaks of: destinations, and recipients elsewhere that wait for one. The store decides
 * (transit/scheduler.h runs in its role), the remote role sends (transit/courier.h); these structures are
 * what goes between them. As in store/model.h they borrow, and times are UTC milliseconds.
 *
 * A recipient is in one of these states, and every change is one commit:
 *
 *     accepted -> waiting -> (attempt) -> waiting again, later ...
 *                                      -> delivered: gone, or a report is owed first (NOTIFY=SUCCESS)
 *                                      -> failed: gone, or a report is owed first
 *     waiting <-> held, by the owner or by a limit
 *
 * What owes a report waits at DESTINATION_REPORTS until the report is stored, in the same commit in which
 * the recipient goes.
 */
#ifndef STORE_QUEUE_MODEL_H
#define STORE_QUEUE_MODEL_H

#include "store/model.h"
#include "wire/tls_report.h"

/* Numbers are stored: never change one. */
enum queue_stream { QUEUE_PERSONAL = 0, QUEUE_TRANSACTIONAL = 1, QUEUE_BULK = 2, QUEUE_STREAMS };
enum queue_state { QUEUE_WAITING = 0, QUEUE_HELD = 1, QUEUE_REPORTING = 2, QUEUE_STATES };

/* Recipients in each state. */
struct queue_counts {
    int64_t states[QUEUE_STATES];
};

/* What the receiving side, or who signs, needs to know of a message: a set. Stored. */
enum outgoing_property {
    /* It has bytes above 127 (RFC 6152). */
    OUTGOING_8BIT = 1,
    /* Its envelope or header is UTF-8 (RFC 6531). */
    OUTGOING_UTF8 = 2,
    /* RFC 8689 */
    OUTGOING_REQUIRES_TLS = 4,
    /* This server wrote it: a report. */
    OUTGOING_COMPOSED = 8,
    /* It came without a login from a network whose mail is sent on (relay.networks). */
    OUTGOING_TRUSTED = 16,
    /* RFC 8689 3: what others' policies demand is not to keep it. */
    OUTGOING_WAIVES_TLS = 32,
    /* A report about DMARC or TLS: how it goes is not reported (RFC 8460), lest reports breed reports. */
    OUTGOING_REPORT = 64,
    /* It came from a stranger and was looked at (trust/inbound.h), and so was its chain of seals (RFC 8617):
       of these three one, unless DNS did not say. */
    OUTGOING_CHAIN_NONE = 128,
    OUTGOING_CHAIN_PASS = 256,
    OUTGOING_CHAIN_FAIL = 512,
    /* Whether it may leave is asked right before each attempt (store/campaign_leave.h). */
    OUTGOING_ASKS = 1024,
    OUTGOING_PROPERTIES = 2047,
};

/* Where reports are made, and mail for them waits; never in an answer of DNS. */
enum { DESTINATION_REPORTS = 1 };
/* Due at no time. */
#define QUEUE_NEVER INT64_MAX

/* Where mail is sent: a domain by its MX, or a route (all domains that it takes share one). */
struct destination {
    uint64_t id;
    uint64_t route; /* 0: by MX */
    /* Lower case, A-labels; empty with a route. */
    struct slice domain;
    /* When something is to be done here, or QUEUE_NEVER. */
    int64_t due_ms;
    /* So often in a row it could not be reached. */
    uint32_t failures;
    /* Why, the last time, or empty. */
    struct slice reason;
};

/* One message's recipients at one destination become one transaction. */
struct queue_place {
    int64_t due_ms;
    uint64_t message;
};

/* For the scheduler: this message is due at this destination, from now. Message 0: look anew. */
struct queue_news {
    uint64_t destination;
    uint64_t message;
    enum queue_stream stream;
};

/* What became of one recipient in an attempt. Numbers are stored. */
enum queue_outcome {
    QUEUE_DELIVERED = 1,
    /* Try again, at due_ms. */
    QUEUE_DEFERRED = 2,
    QUEUE_FAILED = 3,
    /* Too old; as FAILED, and said so (RFC 3463 4.4.7). */
    QUEUE_EXPIRED = 4,
};

struct outgoing_recipient {
    uint32_t number;
    uint32_t attempts;
    uint32_t notify; /* RFC 3461 4.1, enum smtp_notify; 0: the default */
    struct slice address;
    struct slice original; /* ORCPT, decoded, or empty */
    /* A host that may have taken it already, when the answer to the end of its data was lost: the next
       attempt is there (RFC 1047); or empty. */
    struct slice same_host;
    /* Of the last attempt: "4.7.1", what the host said, which host. */
    enum queue_outcome outcome;
    struct slice status;
    struct slice reply;
    struct slice host;
};

/* A message, and those of its recipients that an attempt or a report is about. */
struct outgoing {
    uint64_t message;
    uint64_t tenant;
    uint64_t account; /* whose submission, or 0 */
    enum queue_stream stream;
    unsigned properties;
    /* These recipients are where an address of ours leads: the sender is to be rewritten (wire/srs.h). */
    bool is_forwarded;
    struct slice mail_from; /* empty: the null sender */
    struct slice envelope_id;
    uint32_t dsn_return;
    int64_t received_ms;
    uint64_t raw_bytes;
    uint64_t packed_bytes;
    struct outgoing_recipient *recipients;
    size_t recipient_count;
};

struct settled_recipient {
    uint32_t number;
    enum queue_outcome outcome;
    int64_t due_ms; /* with QUEUE_DEFERRED */
    /* "2.1.5" */
    struct slice status;
    /* Clean text, '\n' between lines. */
    struct slice reply;
    struct slice host;
    /* The next attempt is at this host only; else empty. */
    struct slice same_host;
    /* The host took it and offers no DSN: RFC 3461 4.2 has us say "relayed" where NOTIFY=SUCCESS. */
    bool is_last_with_dsn;
    /* Of a message that asks: the store had said in this attempt that it may leave. */
    bool was_let_go;
};

/* How a connection was secured, for reports of that (RFC 8460): one, or one that did not come about for want
   of security; also a policy that could not be had. */
struct tls_result {
    enum tls_policy_type policy;
    enum tls_result_type result;
    /* Of an MTA-STS policy its id, else empty. */
    struct slice policy_id;
    /* Empty: it is about none. */
    struct slice host;
    /* Of what failed: the address that the connection left from, and the host's; empty: there was none. */
    struct slice sender_address;
    struct slice host_address;
};

/* What a domain's MTA-STS policy said when it was fetched (RFC 8461). */
struct sts_policy {
    /* In lower case. */
    struct slice domain;
    /* Of the record that told of it. */
    struct slice id;
    /* As it was served. */
    struct slice text;
    int64_t fetched_ms;
    int64_t expires_ms;
    /* When it was last fetched, or was to be. */
    int64_t tried_ms;
};

/* How one attempt ended, for all that it was about; one commit. */
struct settlement {
    uint64_t message;
    uint64_t destination;
    const struct settled_recipient *recipients;
    size_t recipient_count;
    /* For the flight recorder: when it began, how long it took, and what was said
       (transit/protocol.h); cut to FLIGHT_RECORD_BYTES_MAX. */
    int64_t began_ms;
    struct slice record;
    /* Of the connections that were made for it, and those that were not. */
    const struct tls_result *tls;
    size_t tls_count;
};

/* What happened to a message, as the flight recorder keeps it. Numbers are stored. */
enum flight_kind {
    /* It was accepted for others: message_id, mail_from, account, bytes, the first recipients and how many.
     */
    FLIGHT_ACCEPTED = 1,
    /* An attempt: destination, domain, began_ms, record, and what became of its recipients. */
    FLIGHT_ATTEMPT = 2,
    /* By the owner: recipients. */
    FLIGHT_HELD = 3,
    FLIGHT_RELEASED = 4,
    FLIGHT_REMOVED = 5,
    /* A report about its recipients was stored: `report` is its id, 0: nobody could be told. */
    FLIGHT_REPORTED = 6,
    FLIGHT_DELAY_REPORTED = 7,
    FLIGHT_RETRIED = 8,
    FLIGHT_STREAM_CHANGED = 9,
    /* Held when it was accepted: its account is over its limit of recipients (store/sending_limit.h). */
    FLIGHT_OVER_LIMIT = 10,
    /* The account was told that it is held, by `report`; 0: it could not be. */
    FLIGHT_HELD_REPORTED = 11,
    FLIGHT_KINDS,
};

struct flight_recipient {
    uint32_t number;
    struct slice address;
    /* Of an attempt: */
    enum queue_outcome outcome;
    int64_t due_ms; /* with QUEUE_DEFERRED */
    struct slice status;
    struct slice reply;
    struct slice host;
};

struct flight {
    enum flight_kind kind;
    uint64_t message;
    int64_t at_ms;
    struct slice message_id;
    struct slice mail_from;
    uint64_t account;
    uint64_t raw_bytes;
    uint64_t destination;
    /* Empty: a route, or the reports. */
    struct slice domain;
    int64_t began_ms;
    /* As transit/protocol.h has it. */
    struct slice record;
    uint64_t report;
    /* All that it is about; not all of them need stand below. */
    uint64_t recipient_total;
    struct flight_recipient *recipients;
    size_t recipient_count;
};

/* REPORT_HELD: to the account itself, whose limit holds the message. */
enum report_kind { REPORT_OUTCOME, REPORT_DELAY, REPORT_HELD, REPORT_KINDS };

/* A report that was made, or that none is to be made; one commit. */
struct report_done {
    enum report_kind kind;
    uint64_t message;
    const uint32_t *numbers;
    size_t number_count;
    /* From the null sender, to the message's sender; its accounts and queue are found by the store. NULL:
       nobody is told. */
    const struct delivery *report;
};

#endif
