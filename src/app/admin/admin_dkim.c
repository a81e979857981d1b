/* domain dkim: the keys that a domain's mail is signed with (store/dkim_keys.h). */
#include "app/admin/admin_verbs.h"
#include "base/limits.h"
#include "store/engine_dkim.h"
#include "transit/key_watch.h"

static struct slice domain_of(const struct admin *admin) { return admin->request->words[3]; }

static json_t *failed(struct admin *admin, enum store_result result) {
    if (result == STORE_EXISTS)
        return admin_error(SLICE("the next keys wait to be published already; publish their records, then: "
                                 "posthaste domain dkim rotate DOMAIN --now"));
    return admin_failure(admin, result, domain_of(admin), "is not one of our domains",
                         "has keys that signed mail of the last week, whose records must stay until it has "
                         "arrived; domain dkim list says until when. --force replaces them now");
}

/* ---- what there is ---- */

static json_t *key_of(const struct admin *admin, const struct dkim_key *key) {
    struct slice name = arena_printf(admin->arena, "%.*s._domainkey.%.*s", SLICE_PRINT(key->selector),
                                     SLICE_PRINT(domain_of(admin)));
    json_t *told = json_pack("{s:o, s:o, s:s, s:s, s:I, s:I}", "selector", admin_text(key->selector), "name",
                             admin_text(name), "algorithm", dkim_algorithm_word(key->algorithm), "state",
                             dkim_key_state_word(key->state), "created_ms", (json_int_t)key->created_ms,
                             "since_ms", (json_int_t)key->since_ms);
    if (key->until_ms) json_object_set_new(told, "until_ms", json_integer(key->until_ms));
    if (key->state != DKIM_KEY_GONE) json_object_set_new(told, "record", admin_text(key->record));
    return told;
}

static json_t *list_keys(struct admin *admin) {
    struct dkim_key *keys = NULL;
    size_t count;
    enum store_result result =
        engine_dkim_list(admin->t, admin->engine, admin->arena, domain_of(admin), &keys, &count);
    if (result != STORE_OK) return failed(admin, result);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, key_of(admin, &keys[i]));
    return json_pack("{s:o, s:o}", "domain", admin_text(domain_of(admin)), "keys", list);
}

/* ---- rotation ---- */

static json_t *rotate(struct admin *admin, bool is_forced) {
    enum store_result result = engine_dkim_rotate(admin->t, admin->engine, domain_of(admin), is_forced);
    return result == STORE_OK ? list_keys(admin) : failed(admin, result);
}

static const char *look_word(enum transit_look_result result) {
    static const char *const words[TRANSIT_LOOK_RESULTS] = {"seen", "other", "missing", "unknown"};
    return words[result];
}

static json_t *look(struct admin *admin) {
    struct dkim_waiting *waiting = NULL;
    size_t count = 0;
    struct channel *remote = admin->context->remote;
    if (!remote) return admin_error(SLICE("no server runs on this folder: start it, for only it asks DNS"));
    enum store_result result = engine_dkim_waiting(admin->engine, admin->arena, domain_of(admin), 0,
                                                   DKIM_DOMAIN_KEYS_MAX, &waiting, &count);
    if (result != STORE_OK) return failed(admin, result);
    if (count == 0)
        return admin_error(
            SLICE("no key waits to be published; posthaste domain dkim rotate DOMAIN makes the "
                  "next ones"));
    json_t *looks = json_array();
    for (size_t i = 0; i < count; i++) {
        enum transit_look_result seen = key_watch_look(admin->t, remote, admin->engine, &waiting[i]);
        json_array_append_new(
            looks, json_pack("{s:o, s:s}", "name", admin_text(waiting[i].name), "result", look_word(seen)));
    }
    json_t *answer = list_keys(admin);
    json_object_set_new(answer, "looks", looks);
    return answer;
}

json_t *admin_domain_dkim(struct admin *admin) {
    const struct admin_request *request = admin->request;
    struct slice how = request->word_count > 4 ? request->words[4] : SLICE_EMPTY;
    if (slice_equal(request->words[2], SLICE("list")) && how.len == 0) return list_keys(admin);
    if (slice_equal(request->words[2], SLICE("rotate"))) {
        if (slice_equal(how, SLICE("now"))) return look(admin);
        if (how.len == 0 || slice_equal(how, SLICE("force"))) return rotate(admin, how.len > 0);
    }
    return admin_error(SLICE("this server does not know that command; is it older than this program?"));
}
