#include "resolve/service.h"

#include <stdlib.h>

#include "base/limits.h"
#include "resolve/protocol.h"

enum { CALLOUT_ARENA_BYTES = 4 << 20 };

struct resolve_service {
    struct env *env;
    struct dns **dns;
    resolve_caller *caller;
    void *caller_context;
    struct list askers;
    struct scope scope;
    /* What is told to all; type 0: nothing yet. */
    uint32_t told_type;
    struct buffer told;
    resolve_other_fn *other;
    void *other_context;
};

/* One role that asks. */
struct asker {
    struct list link;
    struct resolve_service *service;
    struct channel *channel;
    size_t lookups;
    size_t callouts;
    bool is_ending;
};

static void answer_question(struct task *t, struct asker *asker, const struct resolve_question *question,
                            struct ipc_request *request) {
    struct dns *dns = *asker->service->dns;
    struct arena *arena = arena_new(RESOLVE_ANSWER_BYTES_MAX);
    struct dns_answer answer = {.result = DNS_SERVFAIL};
    int64_t deadline_ms = env_now_ms(asker->service->env) + (int64_t)question->patience_ms;
    if (dns && asker->lookups <= RESOLVE_LOOKUPS_MAX)
        (void)dns_lookup(t, dns, question->name, question->type, arena, &answer, deadline_ms);
    struct buffer body = buffer_new(RESOLVE_ANSWER_BYTES_MAX);
    resolve_answer_pack(&body, &answer);
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
    arena_free(&arena);
}

static void look_up(struct task *t, struct asker *asker, struct ipc_request *request) {
    struct resolve_question question;
    if (!resolve_question_unpack(request->message.body, &question)) {
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
        return;
    }
    asker->lookups++;
    answer_question(t, asker, &question, request);
    asker->lookups--;
}

static void call_out(struct task *t, struct asker *asker, struct ipc_request *request) {
    struct resolve_service *service = asker->service;
    struct resolve_callout question;
    struct callout_answer answer = {.verdict = CALLOUT_UNASKED};
    struct arena *arena = arena_new(CALLOUT_ARENA_BYTES);
    asker->callouts++;
    if (resolve_callout_unpack(request->message.body, &question) && service->caller &&
        asker->callouts <= RESOLVE_CALLOUTS_MAX)
        service->caller(t, service->caller_context, question.address, arena, &answer,
                        env_now_ms(service->env) + (int64_t)question.patience_ms);
    asker->callouts--;
    struct buffer body = buffer_new(RESOLVE_ANSWER_BYTES_MAX);
    resolve_verdict_pack(&body, &answer);
    channel_reply(request, buffer_slice(&body), HANDLE_NONE);
    buffer_free(&body);
    arena_free(&arena);
}

static void request_came(struct task *t, void *context, struct ipc_request *request) {
    struct asker *asker = context;
    if (request->message.type >= RESOLVE_OTHERS && asker->service->other) {
        asker->service->other(t, asker->service->other_context, request);
        return;
    }
    handle_close(asker->service->env, request->message.handle);
    if (request->message.type == RESOLVE_LOOKUP)
        look_up(t, asker, request);
    else if (request->message.type == RESOLVE_CALLOUT)
        call_out(t, asker, request);
    else
        channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static void asker_end(struct task *t, void *argument) {
    struct asker *asker = argument;
    asker->is_ending = true;
    list_remove(&asker->link);
    channel_close(t, &asker->channel);
    free(asker);
}

/* Its successor comes with a stream of its own. While the service ends, that ends it; and closing the
   channel says once more that the peer is gone. */
static void asker_gone(void *context) {
    struct asker *asker = context;
    if (asker->is_ending) return;
    asker->is_ending = true;
    (void)scope_spawn(&asker->service->scope, asker_end, asker);
}

static const struct channel_handlers handlers = {request_came, NULL, asker_gone};

struct resolve_service *resolve_service_new(struct env *env, struct dns **dns) {
    struct resolve_service *service = calloc(1, sizeof *service);
    if (!service) FATAL("out of memory for the DNS service");
    service->env = env;
    service->dns = dns;
    service->told = buffer_new(IPC_FRAME_BYTES_MAX);
    list_init(&service->askers);
    scope_init(&service->scope, env);
    return service;
}

void resolve_service_on_other(struct resolve_service *service, resolve_other_fn *other, void *context) {
    service->other = other;
    service->other_context = context;
}

void resolve_service_set_caller(struct resolve_service *service, resolve_caller *caller, void *context) {
    service->caller = caller;
    service->caller_context = context;
}

static void tell(struct asker *asker) {
    const struct resolve_service *service = asker->service;
    struct ipc_message notice = {service->told_type, buffer_slice(&service->told), HANDLE_NONE};
    channel_notify(asker->channel, &notice);
}

void resolve_service_attach(struct resolve_service *service, struct stream *stream) {
    struct asker *asker = calloc(1, sizeof *asker);
    if (!asker) FATAL("out of memory for a role that asks DNS");
    asker->service = service;
    asker->channel = channel_new(service->env, &handlers, asker);
    list_append(&service->askers, &asker->link);
    channel_attach(asker->channel, stream);
    if (service->told_type) tell(asker);
}

void resolve_service_tell(struct resolve_service *service, uint32_t type, struct slice body) {
    service->told_type = type;
    buffer_clear(&service->told);
    buffer_append(&service->told, body);
    LIST_EACH(&service->askers, asker, struct asker, link) if (!asker->is_ending) tell(asker);
}

void resolve_service_free(struct task *t, struct resolve_service **service) {
    if (!*service) return;
    /* First those who are ending already; the rest here. */
    scope_close(t, &(*service)->scope);
    while (!list_empty(&(*service)->askers))
        asker_end(t, LIST_FIRST(&(*service)->askers, struct asker, link));
    buffer_free(&(*service)->told);
    free(*service);
    *service = NULL;
}
