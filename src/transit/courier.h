/*
 * The remote role's side of sending: keeps the sessions that the store asks for (transit/protocol.h), finds
 * the hosts of a destination, speaks SMTP to them (smtp/smtp_client.h), and says what became of each
 * recipient. It decides nothing that lasts: when and whether again is the store's.
 */
#ifndef TRANSIT_COURIER_H
#define TRANSIT_COURIER_H

#include "io/dns.h"
#include "io/tls.h"
#include "resolve/callout.h"

struct courier;

/* May be changed by a reload; new sessions have the new ones. */
struct courier_settings {
    /* For EHLO and in reports. */
    struct slice hostname;
    /* The port of hosts found by MX: 25, but for tests. */
    uint16_t port;
    /* MX that lead to loopback, private or our own addresses may be used: for tests and private networks. */
    bool allows_private;
    /* Address to connect from, or empty. */
    struct slice source_ipv4;
    struct slice source_ipv6;
    /* Addresses and networks where this host itself takes mail at `port` (wire/network_list.h), so that it
       does not send its own mail to itself. */
    struct slice own_addresses;
    /* Certificates (PEM, one after the other) that those of hosts must lead to where a route has them
       checked; as they were in courier_new. Empty: no such route can be used. */
    struct slice tls_roots_pem;
    /* The port of web servers that serve policies (RFC 8461); 0: 443. For tests. */
    uint16_t https_port;
    /* How long a message is tried, for reports; 0: the default. */
    int64_t lifetime_ms;
    /* Which reports are sent to others (transit/reporting.h), and whom they come from; empty: the postmaster
       of our first domain. */
    bool reports_dmarc;
    bool reports_tls;
    struct slice report_sender;
    /* Networks whose mail is sent on (relay.networks): what began there is signed. */
    struct slice relay_networks;
    /* Mail that is passed on for our addresses is sealed (ARC, RFC 8617). */
    bool seals_forwarded;
    /* The node bits of the ids of reports (store/id.h). */
    uint32_t node;
};

/* `dns` as of resolve/service.h: *dns at each lookup. Both outlive it. */
struct courier *courier_new(struct env *env, struct dns **dns, const struct courier_settings *settings);
void courier_set(struct courier *courier, const struct courier_settings *settings);
struct channel;
struct ipc_request;
/* To the store role, for other questions than ours; as long as the courier is there. */
struct channel *courier_channel(const struct courier *courier);
/* Who answers the store's questions of types from TRANSIT_OTHERS (transit/protocol.h) on, as struct
   channel_handlers' request. `context` outlives the courier. */
typedef void courier_other_fn(struct task *t, void *context, struct ipc_request *request);
void courier_on_other(struct courier *courier, courier_other_fn *other, void *context);
/* A stream to the store role, at start and again after it was restarted: sessions under way go on. */
void courier_attach(struct courier *courier, struct stream *stream);
/* Asks the hosts of the address's domain, found by its MX (no route is looked at), whether they take mail for
   it: MAIL FROM:<>, RCPT TO, and no message. Those behind ourselves are not asked. Waits, hardly longer than
   the deadline. */
void courier_callout(struct task *t, struct courier *courier, struct slice address, struct arena *arena,
                     struct callout_answer *answer, int64_t deadline_ms);
/* Ends all sessions: what is under way is given up where that is clean, and settled. Waits. */
void courier_free(struct task *t, struct courier **courier);

#endif
