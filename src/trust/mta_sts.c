#include "trust/mta_sts.h"

#include "base/limits.h"

enum mta_sts_result mta_sts_look_up(struct task *t, struct trust_lookups *lookups, struct slice domain,
                                    struct slice *id) {
    struct slice name = arena_printf(lookups->arena, "_mta-sts.%.*s", SLICE_PRINT(domain));
    struct trust_texts texts = trust_look_up_texts(t, lookups, name);
    *id = SLICE_EMPTY;
    if (trust_is_unsure(texts.result)) return MTA_STS_UNSURE;
    return mta_sts_record_read(texts.items, texts.count, id) ? MTA_STS_FOUND : MTA_STS_ABSENT;
}

static void fail(struct mta_sts_fetched *fetched, enum tls_result_type failure, struct slice reason) {
    fetched->result = MTA_STS_UNUSABLE;
    fetched->failure = failure;
    fetched->reason = reason;
}

/* RFC 8461 3.3: what others may put on a web server is seldom text. */
static bool is_text(const struct fetch_answer *answer) {
    struct slice type = fetch_answer_field(answer, SLICE("Content-Type"));
    return slice_equal_nocase(slice_trim(slice_take_until(&type, ';')), SLICE("text/plain"));
}

static void judge(struct arena *arena, const struct fetch_answer *answer, struct mta_sts_fetched *fetched) {
    if (answer->status / 100 == 3) {
        fail(fetched, TLS_RESULT_STS_FETCH_ERROR,
             arena_printf(arena, "its web server answers %u: a policy may not be elsewhere", answer->status));
        return;
    }
    if (answer->status != 200) {
        fail(fetched, TLS_RESULT_STS_FETCH_ERROR,
             arena_printf(arena, "its web server answers %u", answer->status));
        return;
    }
    if (!is_text(answer)) {
        fail(fetched, TLS_RESULT_STS_INVALID, SLICE("the policy is not of the type text/plain"));
        return;
    }
    enum mta_sts_fault fault = mta_sts_policy_read(answer->body, &fetched->policy);
    fetched->text = answer->body;
    if (fault != MTA_STS_GOOD)
        fail(fetched, TLS_RESULT_STS_INVALID,
             arena_printf(arena, "the policy is not valid: %s", mta_sts_fault_words(fault)));
}

static enum tls_result_type failure_of(enum fetch_result result) {
    switch (result) {
    case FETCH_UNTRUSTED:
        return TLS_RESULT_STS_WEBPKI_INVALID;
    case FETCH_TOO_LARGE:
        return TLS_RESULT_STS_INVALID;
    default:
        return TLS_RESULT_STS_FETCH_ERROR;
    }
}

void mta_sts_fetch(struct task *t, const struct web_world *world, struct slice domain,
                   struct mta_sts_fetched *fetched) {
    struct arena *arena = world->lookups->arena;
    struct slice host = arena_printf(arena, "mta-sts.%.*s", SLICE_PRINT(domain));
    int64_t deadline_ms = env_now_ms(task_env(t)) + MTA_STS_FETCH_MS;
    struct web_fetched page;
    *fetched = (struct mta_sts_fetched){.result = MTA_STS_FOUND};
    web_fetch(t, world, host, "/.well-known/mta-sts.txt", MTA_STS_POLICY_BYTES_MAX, deadline_ms, &page);
    if (page.answer.result == FETCH_OK)
        judge(arena, &page.answer, fetched);
    else
        fail(fetched, failure_of(page.answer.result), page.reason);
}
