/*
 * What is said between the store role, which decides, and the remote role, which sends.
 *
 * The store asks the remote role to work at a destination (TRANSIT_SESSION). For as long as that question is
 * not answered the remote role is there: it asks for one message after the other (TRANSIT_NEXT, which also
 * says what became of the last), reads their bodies (TRANSIT_BODY) and, when there is nothing more or the
 * destination cannot be reached, ends the session by its answer. At DESTINATION_REPORTS it makes reports
 * instead (TRANSIT_REPORT says them).
 *
 * A store that is new asks a remote role that is not what it still has in hand (TRANSIT_HELLO), so that
 * nobody else is given it: until those are settled they count as under way. Sessions of a remote role that
 * died end with its channel, and what they had in hand is due again.
 */
#ifndef TRANSIT_PROTOCOL_H
#define TRANSIT_PROTOCOL_H

#include "ipc/pack.h"
#include "store/queue_model.h"

/* Questions of the store role. */
enum transit_ask_of_store {
    /* Nothing; answer: transit_in_hand. */
    TRANSIT_HELLO = 1,
    /* transit_session; answer: transit_session_end. */
    TRANSIT_SESSION = 2,
    /* transit_test, of no session; answer: transit_test_result. */
    TRANSIT_TEST = 3,
    /* transit_look, of no session; answer: transit_look_result (transit/sign_protocol.h). */
    TRANSIT_LOOK = 4,
};
/* Questions of the remote role. */
enum transit_ask_of_remote {
    /* transit_next; answer: transit_work. */
    TRANSIT_NEXT = 1,
    /* transit_body; answer: packed bytes, empty: there are none. */
    TRANSIT_BODY = 2,
    /* transit_report; answer: a transit_work. */
    TRANSIT_REPORT = 3,
    /* transit_signers_question; answer: transit_signers (transit/sign_protocol.h). */
    TRANSIT_SIGNERS = 4,
    /* transit_sign; answer: transit_signatures. */
    TRANSIT_SIGN = 5,
    /* A domain in lower case; answer: its sts_policy, or with an empty domain none. */
    TRANSIT_POLICY = 6,
    /* Nothing; answer: the sts_policy that is to be fetched again first, or none. */
    TRANSIT_POLICY_DUE = 7,
    /* An sts_policy to be kept (store/sts_policy.h); answer: nothing. */
    TRANSIT_POLICY_KEEP = 8,
    /* transit_leave, right before the transaction of a message that asks (OUTGOING_ASKS); answer: a bool, it
       may leave. Else the store has dealt with it, and any settlement changes nothing. */
    TRANSIT_LEAVE = 9,
};

/* From here on questions, either way, are those of other rooms on the same channel. */
enum { TRANSIT_OTHERS = 100 };

/* A body whose packed bytes are no more comes with its message. */
enum { TRANSIT_INLINE_BYTES_MAX = 64 * 1024, TRANSIT_BODY_BYTES_MAX = 128 * 1024, TRANSIT_HOSTS_MAX = 16 };

enum transit_tls {
    /* Where it is offered (RFC 7435). */
    TRANSIT_TLS_OFFERED,
    /* Or the message does not go; any certificate. */
    TRANSIT_TLS_REQUIRED,
    /* And the certificate is checked against the host's name. */
    TRANSIT_TLS_VERIFIED,
    /* From the first byte (RFC 8314 3.3), checked. */
    TRANSIT_TLS_IMPLICIT,
    TRANSIT_TLS_NEVER,
};

/* One host of a smarthost route. */
struct transit_host {
    struct slice name; /* or a numeric address, in brackets or not */
    uint16_t port;
    /* Lower is tried first; among equals by weight. */
    uint32_t preference;
    uint32_t weight;
};

/* A smarthost route. */
struct transit_route {
    uint64_t id;
    /* As its owner named it. */
    struct slice name;
    struct transit_host *hosts;
    size_t host_count;
    enum transit_tls tls;
    /* Empty: no AUTH. */
    struct slice user;
    struct slice password;
};

/* Receiving hosts that a route takes instead: the MX's name ends in `suffix`. */
struct transit_mx_route {
    struct slice suffix;
    struct transit_route route;
};

struct transit_session {
    uint64_t session;
    uint64_t destination;
    /* Empty for routes and reports. */
    struct slice domain;
    /* With a route id of 0: by the domain's MX, */
    struct transit_route route;
    /* unless one of these takes the MX. */
    struct transit_mx_route *mx_routes;
    size_t mx_route_count;
    /* After how many messages the connection is given up. */
    uint32_t messages_max;
};

enum transit_session_result {
    /* There was nothing more to do, or messages_max. */
    TRANSIT_SESSION_DONE,
    /* No host of the destination can be reached now, or each refuses to talk: `reason`. */
    TRANSIT_SESSION_UNREACHABLE,
    /* It was reached, and asks for less: 421, or too many connections. */
    TRANSIT_SESSION_SLOW_DOWN,
};

struct transit_session_end {
    enum transit_session_result result;
    struct slice reason;
};

struct transit_next {
    uint64_t session;
    /* What became of the last one; message 0: there was none. due_ms of deferred recipients is 0: the store
       decides. */
    struct settlement settlement;
    /* The destination cannot be used now: nothing more is wanted. */
    bool is_last;
};

/* Message 0: nothing more; end the session. */
struct transit_work {
    struct outgoing outgoing;
    enum report_kind report_kind;
    /* The packed body, where it is no more than TRANSIT_INLINE_BYTES_MAX; else it is asked for. */
    struct slice body;
};

struct transit_body {
    uint64_t session;
    uint64_t message;
    uint64_t offset;
};

struct transit_leave {
    uint64_t session;
    uint64_t message;
    /* Asked before in this attempt: nothing of that is left at the host before. */
    bool is_again;
};

struct transit_report {
    uint64_t session;
    struct report_done done;
};

struct transit_in_hand {
    /* Of sessions that are under way: destination and message, or 0. */
    struct {
        uint64_t session;
        uint64_t destination;
        uint64_t message;
    } * items;
    size_t count;
};

/* A route is tried, host by host. */
struct transit_test {
    struct transit_route route;
    /* One small message goes from here to there; or, where `recipient` is empty, none. */
    struct slice mail_from;
    struct slice recipient;
};

/* What was done at one host, in words. */
struct transit_test_step {
    bool is_good;
    int64_t took_ms;
    /* Clean text, '\n' between lines. */
    struct slice text;
    /* Where it is not good: what to do about it. */
    struct slice advice;
};

struct transit_test_result {
    struct transit_test_step *steps;
    size_t step_count;
    /* Every host was found good. */
    bool is_good;
};

/* Each pair packs and unpacks one of them; what is unpacked borrows from the bytes and the arena, and is
   checked against its ranges: unpack_is_done says whether all was well. */
void transit_session_pack(struct buffer *out, const struct transit_session *session);
void transit_session_unpack(struct unpacker *in, struct arena *arena, struct transit_session *session);
void transit_session_end_pack(struct buffer *out, const struct transit_session_end *end);
void transit_session_end_unpack(struct unpacker *in, struct transit_session_end *end);
void transit_next_pack(struct buffer *out, const struct transit_next *next);
void transit_next_unpack(struct unpacker *in, struct arena *arena, struct transit_next *next);
void transit_work_pack(struct buffer *out, const struct transit_work *work);
void transit_work_unpack(struct unpacker *in, struct arena *arena, struct transit_work *work);
void transit_body_pack(struct buffer *out, const struct transit_body *body);
void transit_body_unpack(struct unpacker *in, struct transit_body *body);
void transit_leave_pack(struct buffer *out, const struct transit_leave *leave);
void transit_leave_unpack(struct unpacker *in, struct transit_leave *leave);
void transit_report_pack(struct buffer *out, const struct transit_report *report);
void transit_report_unpack(struct unpacker *in, struct arena *arena, struct transit_report *report);
void transit_policy_pack(struct buffer *out, const struct sts_policy *policy);
void transit_policy_unpack(struct unpacker *in, struct sts_policy *policy);
void transit_in_hand_pack(struct buffer *out, const struct transit_in_hand *in_hand);
void transit_in_hand_unpack(struct unpacker *in, struct arena *arena, struct transit_in_hand *in_hand);
void transit_test_pack(struct buffer *out, const struct transit_test *test);
void transit_test_unpack(struct unpacker *in, struct arena *arena, struct transit_test *test);
void transit_test_result_pack(struct buffer *out, const struct transit_test_result *result);
void transit_test_result_unpack(struct unpacker *in, struct arena *arena, struct transit_test_result *result);

#endif
