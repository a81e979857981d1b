/* Policies of other domains (RFC 8461): the remote role finds them, the store keeps them. */
#include "base/limits.h"
#include "store/sts_policy.h"
#include "transit/scheduler_state.h"

enum { ANSWER_BYTES = 16 };

static void reply_policy(struct ipc_request *request, const struct sts_policy *policy) {
    struct buffer out = buffer_new(IPC_FRAME_BYTES_MAX);
    transit_policy_pack(&out, policy);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

static void answer(struct scheduler *scheduler, struct ipc_request *request, struct arena *arena) {
    struct sts_policy policy = {0};
    struct unpacker in = unpacker_of(request->message.body);
    int64_t now_ms = env_wall_ms(scheduler->env);
    enum store_result result = STORE_NOT_FOUND;
    if (request->message.type == TRANSIT_POLICY_DUE) {
        result =
            engine_sts_policy_due(scheduler->engine, arena, now_ms, now_ms - MTA_STS_REFRESH_MS, &policy);
    } else {
        struct slice domain = unpack_slice(&in);
        if (unpack_is_done(&in)) result = engine_sts_policy(scheduler->engine, arena, domain, &policy);
    }
    if (result != STORE_OK) policy = (struct sts_policy){0};
    reply_policy(request, &policy);
}

static bool is_sound(const struct sts_policy *policy) {
    return policy->domain.len > 0 && policy->domain.len <= DNS_NAME_BYTES_MAX &&
           policy->id.len <= MTA_STS_ID_BYTES_MAX && policy->text.len <= MTA_STS_POLICY_BYTES_MAX;
}

static void keep(struct task *t, struct scheduler *scheduler, struct ipc_request *request) {
    struct sts_policy policy;
    struct unpacker in = unpacker_of(request->message.body);
    struct buffer out = buffer_new(ANSWER_BYTES);
    enum store_result result = STORE_REFUSED;
    transit_policy_unpack(&in, &policy);
    if (unpack_is_done(&in) && is_sound(&policy))
        result = engine_sts_policy_keep(t, scheduler->engine, &policy);
    if (result == STORE_OVER_QUOTA)
        LOG_WARN(scheduler->env->log, "transit.policies_full", LOG_TEXT("domain", policy.domain));
    /* Of what is over the quota there is nothing to be tried again. */
    pack_bool(&out, result == STORE_OK || result == STORE_OVER_QUOTA);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}

bool dispatch_policy(struct task *t, struct scheduler *scheduler, struct ipc_request *request,
                     struct arena *arena) {
    switch (request->message.type) {
    case TRANSIT_POLICY:
    case TRANSIT_POLICY_DUE:
        answer(scheduler, request, arena);
        return true;
    case TRANSIT_POLICY_KEEP:
        keep(t, scheduler, request);
        return true;
    default:
        return false;
    }
}
