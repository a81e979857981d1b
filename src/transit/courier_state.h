/*
 * What a courier holds, for the files that make it up: courier.c (the channel, all sessions),
 * courier_session.c (one session: message after message), courier_attempt.c (one message to one host after
 * the other), courier_connect.c (a connection), courier_tls.c (how it has to be secured), courier_sts.c
 * (policies of domains for that), courier_body.c (the message's bytes), courier_sign.c (its signatures),
 * courier_report.c (reports instead of sending), courier_callout.c (only asking).
 */
#ifndef TRANSIT_COURIER_STATE_H
#define TRANSIT_COURIER_STATE_H

#include "base/limits.h"
#include "ipc/channel.h"
#include "store/body_pack.h"
#include "store/id.h"
#include "transit/courier.h"
#include "transit/exchange.h"
#include "transit/record.h"
#include "transit/signature_book.h"
#include "transit/verdict.h"
#include "trust/dane.h"

struct sts_cache;
struct sts_now;

struct courier {
    struct env *env;
    struct dns **dns;
    struct courier_settings settings;
    /* Holds the texts of the settings. */
    struct arena *settings_arena;
    struct channel *channel;
    courier_other_fn *other;
    void *other_context;
    struct list sessions;
    size_t session_count;
    struct body_unpacker *unpacker;
    struct signature_book *signatures;
    /* Of new ids. */
    struct id_source ids;
    /* Any certificate will do; only good ones do (NULL: there is nothing to check them by). */
    struct tls_context *tls;
    struct tls_context *tls_checked;
    /* What those are checked by; its own copy. */
    struct slice roots_pem;
    struct arena *roots_arena;
    struct sts_cache *sts;
    /* The present store has been told what is in hand; opened when it is, and when a session ends. */
    bool is_told;
    struct gate changed;
    /* Say the last of sessions that were cancelled. */
    struct scope last_words;
    bool is_closing;
    /* One run at a time. */
    bool is_reporting;
};

enum courier_wish {
    COURIER_WISH_NONE,
    /* TLS all the way, or not at all. */
    COURIER_WISH_STRICT,
    /* Whatever policies demand: rather without than not at all. */
    COURIER_WISH_WAIVED,
};

struct courier_session {
    struct courier *courier;
    struct list link;
    struct task *task;
    /* As long as the session. */
    struct arena *arena;
    struct transit_session order;
    struct courier_settings settings;
    struct smtp_client_times times;
    /* Its hosts: found with the first message; which of them are of no use to it. */
    struct exchange exchange;
    bool is_found;
    bool is_down[TRANSIT_ADDRESSES_MAX];
    /* What DNS says of their certificates, and the domain's policy (courier_tls.h); NULL: not asked yet. */
    const struct dane *danes[TRANSIT_ADDRESSES_MAX];
    struct sts_now *sts;
    /* The connection, or NULL; to which address; messages it has carried. */
    struct smtp_client *client;
    size_t at;
    uint32_t carried;
    /* What the sender of the message under way says of TLS (RFC 8689), and that of the one that the
       connection was made for. */
    enum courier_wish wish;
    enum courier_wish client_wish;
    /* Under way, or 0. */
    uint64_t message;
    uint32_t messages;
    /* As long as the message under way: what the store gave, and what is made of it. */
    struct ipc_answer given;
    struct arena *message_arena;
    struct record record;
    /* Where the connection leaves from; or empty. */
    char local_address[STREAM_ADDRESS_BYTES];
    struct tls_result tls_results[TLS_RESULTS_MAX];
    size_t tls_result_count;
    /* How it ends. */
    bool is_over;
    struct transit_session_end end;
};

/* courier.c: asks the store. With `is_kept` it is asked again of its successor, until the deadline; false:
   there is no answer, and none in *answer. */
bool courier_ask(struct task *t, struct courier *courier, uint32_t type, struct slice body, bool is_kept,
                 int64_t deadline_ms, struct ipc_answer *answer);

void courier_settings_copy(struct courier_settings *copy, const struct courier_settings *settings,
                           struct arena *arena);

/* courier_session.c */
void courier_session_run(struct task *t, struct courier_session *session);
/* Asks the store for work. With `is_kept` it is asked until somebody answers, be it that the session is
   cancelled. False: there is none. */
bool courier_session_ask(struct task *t, struct courier_session *session, uint32_t type,
                         struct slice question, bool is_kept, struct transit_work *work);
/* Asks for the first message, or says what became of the last one and asks for the next. False: there is
   none. */
bool courier_session_next(struct task *t, struct courier_session *session,
                          const struct settlement *settlement, struct transit_work *work);
/* Nothing more can be done here; the first reason stands. `reason` lives as long as the session. */
void courier_session_end(struct courier_session *session, enum transit_session_result result,
                         struct slice reason);

/* courier_attempt.c: what became of each recipient; in the message's arena. */
void courier_attempt(struct task *t, struct courier_session *session, const struct transit_work *work,
                     struct settlement *settlement);

/* courier_connect.c: a connection to that address that is ready for a message. False: *verdict says why
   not, and `words` what was said, in the message's arena. */
bool courier_connect(struct task *t, struct courier_session *session, size_t at, struct verdict *verdict,
                     struct slice *words);
void courier_disconnect(struct task *t, struct courier_session *session);
/* What we say of the host: "mx.example.com[192.0.2.1]: the connection was lost", or its own words. */
struct slice courier_words(struct courier_session *session, size_t at, const struct verdict *verdict,
                           const struct smtp_answer *answer);
const struct exchange_address *courier_address(const struct courier_session *session, size_t at);

/* courier_reporting.c: reports to others, as the store orders; answers it. */
void courier_reporting_run(struct task *t, struct courier *courier, struct ipc_request *request);

/* courier_report.c */
void courier_report_run(struct task *t, struct courier_session *session);

#endif
