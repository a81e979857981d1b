/*
 * How all rooms above ask DNS, whichever role they run in: in the remote role straight from its
 * resolver, elsewhere over a channel to that role. While the remote role is away (it restarts)
 * questions wait for its successor, within their deadline.
 */
#ifndef RESOLVE_RESOLVER_H
#define RESOLVE_RESOLVER_H

#include "io/dns.h"
#include "ipc/channel.h"
#include "resolve/callout.h"

struct resolver;

/* Answers from `dns`, which outlives it. */
struct resolver *resolver_new_local(struct dns *dns);
/* Answers from *dns as it is at each lookup; NULL is DNS_SERVFAIL. `dns` outlives it. */
struct resolver *resolver_new_following(struct env *env, struct dns **dns);
/* Asks the remote role, to which resolver_attach brings streams. */
struct resolver *resolver_new_remote(struct env *env);
/* Takes over a stream to the remote role, or to its successor. */
void resolver_attach(struct resolver *resolver, struct stream *stream);
/* Called each time the stream to the remote role is lost. */
void resolver_on_lost(struct resolver *resolver, struct waker lost);
/* Called for what the remote role tells all (resolve/service.h); does not wait. A resolver of
   resolver_new_remote; `context` outlives it. */
typedef void resolver_notice_fn(void *context, const struct ipc_message *notice);
void resolver_on_notice(struct resolver *resolver, resolver_notice_fn *notice, void *context);
/* Ends it and nulls *resolver; lookups under way end with DNS_SERVFAIL or DNS_CANCELLED. NULL is fine. */
void resolver_close(struct task *t, struct resolver **resolver);

/* As dns_lookup: same results, same arena rules, waits no longer than the deadline and 60 seconds. A
   remote role that dies on the way is DNS_SERVFAIL. */
enum dns_result resolver_lookup(struct task *t, struct resolver *resolver, struct slice name, uint16_t type,
                                struct arena *arena, struct dns_answer *answer, int64_t deadline_ms);

/* channel_call to the remote role, for rooms above that ask it something else; the message's type is theirs
   (resolve/service.h: resolve_service_on_other). A resolver of resolver_new_remote. */
NODISCARD enum ipc_result resolver_call(struct task *t, struct resolver *resolver,
                                        const struct ipc_message *message, struct ipc_answer *answer,
                                        int64_t deadline_ms);

/* Asks the hosts of the address's domain; waits RESOLVE_CALLOUT_MS_MAX at most. Only over a channel to the
   remote role; else, and where that does not answer, it is CALLOUT_UNASKED; CALLOUT_UNREACHABLE when it takes
   too long. */
void resolver_callout(struct task *t, struct resolver *resolver, struct slice address, struct arena *arena,
                      struct callout_answer *answer);

#endif
