/*
 * Tries a route, for who set it up: looks up each of its hosts, connects, says EHLO, goes over to TLS, logs
 * in, and says QUIT, or sends one small message before that. Each step is told in words, with its time; where
 * one fails, also what to do about it. Runs in the remote role and answers TRANSIT_TEST (transit/protocol.h).
 */
#ifndef TRANSIT_PROBE_H
#define TRANSIT_PROBE_H

#include "io/dns.h"
#include "io/tls.h"
#include "ipc/channel.h"
#include "smtp/smtp_client.h"
#include "transit/protocol.h"

/* How the role reaches others. All of it outlives the answer, but *dns may change at any wait. */
struct probe_world {
    struct env *env;
    struct dns **dns;
    /* Our name, for EHLO. */
    struct slice hello;
    /* Takes any certificate. */
    struct tls_context *tls_any;
    /* Trusts the roots; NULL: there are none. */
    struct tls_context *tls_trusting;
};

/* Answers the request, whose body is a transit_test; an empty answer: it was none. Waits. */
void probe_answer(struct task *t, const struct probe_world *world, struct ipc_request *request);

/* The same without a channel; what it finds is in `arena`. */
struct transit_test_result probe_run(struct task *t, const struct probe_world *world, struct arena *arena,
                                     const struct transit_test *test);

/* ---- probe_words.c: what is said of failures; pure ---- */

struct probe_failure {
    struct slice text;
    struct slice advice;
};

/* One that smtp_client.h reports. `tls` is the route's. */
struct probe_failure probe_explain(struct arena *arena, const struct transit_route *route,
                                   const struct transit_host *host,
                                   const struct smtp_client_outcome *outcome);
struct probe_failure probe_explain_lookup(struct arena *arena, struct slice name, enum dns_result result);
/* `error` is a negated errno. */
struct probe_failure probe_explain_connect(struct arena *arena, const char *address, uint16_t port,
                                           int error);

#endif
