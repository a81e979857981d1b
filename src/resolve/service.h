/* The remote role's side of resolve/resolver.h: answers the questions of other roles. */
#ifndef RESOLVE_SERVICE_H
#define RESOLVE_SERVICE_H

#include "io/dns.h"
#include "ipc/channel.h"
#include "resolve/callout.h"

struct resolve_service;

/* Answers from *dns as it is at each question, so that a reload can put another resolver there; NULL
   is answered with DNS_SERVFAIL. `dns` outlives the service. */
struct resolve_service *resolve_service_new(struct env *env, struct dns **dns);
/* Answers requests of types from RESOLVE_OTHERS (resolve/protocol.h) on: as struct channel_handlers' request.
 */
typedef void resolve_other_fn(struct task *t, void *context, struct ipc_request *request);
/* Without this they are answered with nothing. `context` outlives the service. */
void resolve_service_on_other(struct resolve_service *service, resolve_other_fn *other, void *context);
/* Who makes callouts, until the deadline; without one all are answered CALLOUT_UNREACHABLE. */
typedef void resolve_caller(struct task *t, void *context, struct slice address, struct arena *arena,
                            struct callout_answer *answer, int64_t deadline_ms);
void resolve_service_set_caller(struct resolve_service *service, resolve_caller *caller, void *context);
/* A notice to all roles that ask, and to each that comes later; the one before it holds no more. Nothing is
   told before the first. Does not wait. */
void resolve_service_tell(struct resolve_service *service, uint32_t type, struct slice body);
/* Serves one more role; ends by itself when that goes away. Takes the stream over. */
void resolve_service_attach(struct resolve_service *service, struct stream *stream);
/* Cancels all lookups under way, waits for their end, and nulls *service. NULL is fine. */
void resolve_service_free(struct task *t, struct resolve_service **service);

#endif
