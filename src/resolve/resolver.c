#include "resolve/resolver.h"

#include <stdlib.h>

#include "base/limits.h"
#include "resolve/protocol.h"

struct resolver {
    struct env *env;
    /* One of the three. */
    struct dns *dns;
    struct dns **followed;
    struct channel *channel;
    resolver_notice_fn *notice;
    void *notice_context;
};

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)context;
    handle_close(task_env(t), request->message.handle);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static void take_notice(void *context, const struct ipc_message *message) {
    const struct resolver *resolver = context;
    handle_close(resolver->env, message->handle);
    if (resolver->notice) resolver->notice(resolver->notice_context, message);
}

static const struct channel_handlers handlers = {answer_nothing, take_notice, NULL};

static struct resolver *resolver_new(struct env *env) {
    struct resolver *resolver = calloc(1, sizeof *resolver);
    if (!resolver) FATAL("out of memory for a resolver");
    resolver->env = env;
    return resolver;
}

struct resolver *resolver_new_local(struct dns *dns) {
    struct resolver *resolver = resolver_new(dns->env);
    resolver->dns = dns;
    return resolver;
}

struct resolver *resolver_new_following(struct env *env, struct dns **dns) {
    struct resolver *resolver = resolver_new(env);
    resolver->followed = dns;
    return resolver;
}

struct resolver *resolver_new_remote(struct env *env) {
    struct resolver *resolver = resolver_new(env);
    resolver->channel = channel_new(env, &handlers, resolver);
    return resolver;
}

void resolver_attach(struct resolver *resolver, struct stream *stream) {
    channel_attach(resolver->channel, stream);
}

void resolver_on_notice(struct resolver *resolver, resolver_notice_fn *notice, void *context) {
    resolver->notice = notice;
    resolver->notice_context = context;
}

void resolver_on_lost(struct resolver *resolver, struct waker lost) {
    channel_on_lost(resolver->channel, lost);
}

void resolver_close(struct task *t, struct resolver **resolver) {
    if (!*resolver) return;
    channel_close(t, &(*resolver)->channel);
    free(*resolver);
    *resolver = NULL;
}

static enum dns_result result_of(enum ipc_result result) {
    switch (result) {
    case IPC_TIMEOUT:
        return DNS_TIMEOUT;
    case IPC_CANCELLED:
        return DNS_CANCELLED;
    default:
        return DNS_SERVFAIL;
    }
}

/* No later than the longest that the remote role looks. */
static int64_t deadline_within(struct env *env, int64_t deadline_ms) {
    int64_t latest_ms = env_now_ms(env) + RESOLVE_LOOKUP_MS_MAX;
    return deadline_ms < latest_ms ? deadline_ms : latest_ms;
}

static void ask(struct task *t, struct resolver *resolver, const struct resolve_question *question,
                struct arena *arena, struct dns_answer *answer, int64_t deadline_ms) {
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer reply;
    resolve_question_pack(&body, question);
    struct ipc_message message = {RESOLVE_LOOKUP, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result result = channel_call(t, resolver->channel, &message, &reply, deadline_ms);
    buffer_free(&body);
    *answer = (struct dns_answer){.result = result_of(result)};
    if (result != IPC_OK) return;
    if (!resolve_answer_unpack(buffer_slice(&reply.body), arena, answer))
        *answer = (struct dns_answer){.result = DNS_SERVFAIL};
    handle_close(resolver->env, reply.handle);
    ipc_answer_free(&reply);
}

enum dns_result resolver_lookup(struct task *t, struct resolver *resolver, struct slice name, uint16_t type,
                                struct arena *arena, struct dns_answer *answer, int64_t deadline_ms) {
    deadline_ms = deadline_within(resolver->env, deadline_ms);
    struct dns *dns = resolver->followed ? *resolver->followed : resolver->dns;
    if (dns) return dns_lookup(t, dns, name, type, arena, answer, deadline_ms);
    *answer = (struct dns_answer){.result = DNS_SERVFAIL};
    if (!resolver->channel) return answer->result;
    *answer = (struct dns_answer){.result = DNS_NO_SUCH_NAME};
    if (name.len > DNS_NAME_BYTES_MAX) return answer->result;
    int64_t patience_ms = deadline_ms - env_now_ms(resolver->env);
    struct resolve_question question = {name, type, patience_ms > 0 ? (uint64_t)patience_ms : 0};
    ask(t, resolver, &question, arena, answer, deadline_ms);
    return answer->result;
}

enum ipc_result resolver_call(struct task *t, struct resolver *resolver, const struct ipc_message *message,
                              struct ipc_answer *answer, int64_t deadline_ms) {
    return channel_call(t, resolver->channel, message, answer, deadline_ms);
}

void resolver_callout(struct task *t, struct resolver *resolver, struct slice address, struct arena *arena,
                      struct callout_answer *answer) {
    *answer = (struct callout_answer){.verdict = CALLOUT_UNASKED};
    if (!resolver->channel || address.len > SMTP_ADDRESS_BYTES_MAX) return;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer reply;
    resolve_callout_pack(&body, &(struct resolve_callout){address, RESOLVE_CALLOUT_MS_MAX});
    struct ipc_message message = {RESOLVE_CALLOUT, buffer_slice(&body), HANDLE_NONE};
    int64_t deadline_ms = env_now_ms(resolver->env) + RESOLVE_CALLOUT_MS_MAX;
    enum ipc_result result = channel_call(t, resolver->channel, &message, &reply, deadline_ms);
    buffer_free(&body);
    if (result == IPC_TIMEOUT) answer->verdict = CALLOUT_UNREACHABLE;
    if (result != IPC_OK) return;
    if (!resolve_verdict_unpack(buffer_slice(&reply.body), arena, answer))
        *answer = (struct callout_answer){.verdict = CALLOUT_UNASKED};
    handle_close(resolver->env, reply.handle);
    ipc_answer_free(&reply);
}
