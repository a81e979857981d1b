#include "outreach/oauth.h"

#include "base/limits_sender.h"
#include "trust/web_fetch.h"

enum { FORM_BYTES_MAX = 64 * 1024, ANSWER_BYTES_MAX = 64 * 1024 };

static void add_pair(struct buffer *form, const char *name, struct slice value) {
    if (form->len) buffer_append_byte(form, '&');
    buffer_append_text(form, name);
    buffer_append_byte(form, '=');
    oauth_form_text(form, value);
}

/* RFC 6749 2.3.1: both in the body, which the large providers want. */
static void add_client(struct buffer *form, const struct sender_provider *provider) {
    add_pair(form, "client_id", provider->client_id);
    if (provider->client_secret.len) add_pair(form, "client_secret", provider->client_secret);
}

static bool ask(struct task *t, const struct outside_world *world, struct arena *arena,
                const struct sender_provider *provider, struct slice form, struct oauth_grant *grant,
                struct outside_trouble *trouble) {
    *trouble =
        (struct outside_trouble){SENDER_CAUSE_OAUTH_UNREACHABLE, SLICE("its token URL is no https URL")};
    if (!oauth_url_is_good(provider->token_url, world->allows_private)) return false;
    int64_t until_ms = env_now_ms(world->env) + OUTREACH_FETCH_MS;
    struct trust_lookups lookups = trust_lookups_of(world->resolver, arena, until_ms, false);
    struct web_world web = {
        .lookups = &lookups, .roots_pem = world->roots_pem, .allows_private = world->allows_private};
    struct fetch_field fields[] = {{SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded")},
                                   {SLICE("Accept"), SLICE("application/json")}};
    struct fetch_request request = {.method = "POST",
                                    .url = provider->token_url,
                                    .fields = fields,
                                    .field_count = 2,
                                    .body = form,
                                    .body_bytes_max = ANSWER_BYTES_MAX};
    struct web_fetched fetched;
    web_ask(t, &web, &request, until_ms, &fetched);
    if (fetched.answer.result == FETCH_OK)
        return oauth_answer_read(arena, fetched.answer.status, fetched.answer.body, grant, trouble);
    trouble->detail = fetched.reason;
    if (fetched.answer.result == FETCH_CANCELLED) trouble->cause = SENDER_CAUSE_CANCELLED;
    return false;
}

static bool ask_and_wipe(struct task *t, const struct outside_world *world, struct arena *arena,
                         const struct sender_provider *provider, struct buffer *form,
                         struct oauth_grant *grant, struct outside_trouble *trouble) {
    bool good = ask(t, world, arena, provider, buffer_slice(form), grant, trouble);
    if (form->ptr) explicit_bzero(form->ptr, form->len);
    buffer_free(form);
    return good;
}

bool oauth_refresh(struct task *t, const struct outside_world *world, struct arena *arena,
                   const struct sender_provider *provider, struct slice refresh_token,
                   struct oauth_grant *grant, struct outside_trouble *trouble) {
    struct buffer form = buffer_new(FORM_BYTES_MAX);
    add_pair(&form, "grant_type", SLICE("refresh_token"));
    add_pair(&form, "refresh_token", refresh_token);
    add_client(&form, provider);
    return ask_and_wipe(t, world, arena, provider, &form, grant, trouble);
}

bool oauth_redeem(struct task *t, const struct outside_world *world, struct arena *arena,
                  const struct sender_provider *provider, struct slice code, struct slice verifier,
                  struct slice redirect_uri, struct oauth_grant *grant, struct outside_trouble *trouble) {
    struct buffer form = buffer_new(FORM_BYTES_MAX);
    add_pair(&form, "grant_type", SLICE("authorization_code"));
    add_pair(&form, "code", code);
    add_pair(&form, "redirect_uri", redirect_uri);
    add_pair(&form, "code_verifier", verifier);
    add_client(&form, provider);
    return ask_and_wipe(t, world, arena, provider, &form, grant, trouble);
}
