/* The verbs of OAuth providers (app/admin/admin.h): "outreach oauth add|list|show|remove". No answer has a
 * secret.
 */
#include "app/admin/admin_verbs.h"
#include "base/limits_sender.h"
#include "ipc/pack.h"
#include "outreach/oauth.h"
#include "store/engine_sender.h"

static struct slice name_of(const struct admin *admin) { return admin->request->words[3]; }

static json_t *failed(struct admin *admin, enum store_result result) {
    if (result == STORE_OVER_QUOTA)
        return admin_error(SLICE("there are 50 OAuth providers, which is as many as can be"));
    return admin_failure(admin, result, name_of(admin),
                         "is not an OAuth provider; posthaste outreach oauth list shows them",
                         "is used by a mailbox; remove that first");
}

static json_t *provider_of(const struct sender_provider *provider) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "name", admin_text(provider->name), "client_id",
                     admin_text(provider->client_id), "authorize_url", admin_text(provider->authorize_url),
                     "token_url", admin_text(provider->token_url), "scope", admin_text(provider->scope),
                     "has_secret", provider->has_secret);
}

static json_t *list(struct admin *admin) {
    struct sender_provider *providers;
    size_t count;
    enum store_result result = engine_provider_list(admin->engine, admin->arena, &providers, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *listed = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(listed, provider_of(&providers[i]));
    return json_pack("{s:o}", "providers", listed);
}

static json_t *show(struct admin *admin) {
    struct sender_provider *providers;
    size_t count;
    enum store_result result = engine_provider_list(admin->engine, admin->arena, &providers, &count);
    for (size_t i = 0; result == STORE_OK && i < count; i++)
        if (slice_equal(providers[i].name, name_of(admin)))
            return json_pack("{s:o}", "provider", provider_of(&providers[i]));
    return failed(admin, result == STORE_OK ? STORE_NOT_FOUND : result);
}

static bool is_name(struct slice name) {
    if (name.len == 0 || name.len > 64) return false;
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && slice_find_byte(SLICE("-_."), name.ptr[i]) == SLICE_NOT_FOUND)
            return false;
    return true;
}

static json_t *add(struct admin *admin) {
    struct unpacker in = unpacker_of(admin->request->details);
    struct sender_provider provider = {0};
    sender_provider_unpack(&in, &provider);
    if (!unpack_is_done(&in))
        return admin_error(SLICE("this server does not understand that; is it of another version?"));
    provider.name = name_of(admin);
    provider.client_secret = admin->request->password;
    if (!is_name(provider.name)) return admin_error(SLICE("a name has letters, digits, - _ . and no more"));
    if (provider.client_id.len == 0) return admin_error(SLICE("the client id is missing"));
    /* What may be asked in the clear is decided where it is asked (outbound.allow_private). */
    if (!oauth_url_is_good(provider.authorize_url, true) || !oauth_url_is_good(provider.token_url, true))
        return admin_error(SLICE("the URLs of an OAuth provider begin with https://"));
    enum store_result result = engine_provider_add(admin->t, admin->engine, &provider);
    return result == STORE_OK ? json_pack("{s:o}", "added", admin_text(provider.name))
                              : failed(admin, result);
}

static json_t *remove_one(struct admin *admin) {
    enum store_result result = engine_provider_remove(admin->t, admin->engine, name_of(admin));
    return result == STORE_OK ? json_pack("{s:o}", "removed", admin_text(name_of(admin)))
                              : failed(admin, result);
}

json_t *admin_outreach_oauth(struct admin *admin) {
    static const struct {
        struct slice verb;
        size_t words;
        json_t *(*run)(struct admin *admin);
    } verbs[] = {{SLICE_INIT("add"), 4, add},
                 {SLICE_INIT("list"), 3, list},
                 {SLICE_INIT("show"), 4, show},
                 {SLICE_INIT("remove"), 4, remove_one}};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_equal(admin->request->words[2], verbs[i].verb) &&
            admin->request->word_count == verbs[i].words)
            return verbs[i].run(admin);
    return admin_error(SLICE("this server does not know that command; is it older than this program?"));
}
