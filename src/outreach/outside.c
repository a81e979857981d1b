#include "outreach/outside.h"

#include <stdlib.h>

#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/oauth.h"

enum { ARENA_BYTES = 8 << 20, TOKEN_MARGIN_MS = 60 * 1000, TOKEN_UNSAID_MS = 10 * 60 * 1000 };

/* ---- its life ---- */

static struct sender_login copy_login(struct arena *arena, const struct sender_login *login) {
    return (struct sender_login){.host = arena_copy(arena, login->host),
                                 .port = login->port,
                                 .tls = login->tls,
                                 .user = arena_copy(arena, login->user),
                                 .auth = login->auth,
                                 .provider = arena_copy(arena, login->provider),
                                 .secret = arena_copy(arena, login->secret)};
}

static struct sender_provider copy_provider(struct arena *arena, const struct sender_provider *provider) {
    return (struct sender_provider){.name = arena_copy(arena, provider->name),
                                    .authorize_url = arena_copy(arena, provider->authorize_url),
                                    .token_url = arena_copy(arena, provider->token_url),
                                    .scope = arena_copy(arena, provider->scope),
                                    .client_id = arena_copy(arena, provider->client_id),
                                    .client_secret = arena_copy(arena, provider->client_secret),
                                    .has_secret = provider->has_secret};
}

struct outside *outside_new(const struct outside_world *world, const struct sender *sender,
                            const struct sender_provider *smtp_provider,
                            const struct sender_provider *imap_provider, const struct sender_folder *folders,
                            size_t folder_count) {
    struct outside *outside = calloc(1, sizeof *outside);
    if (!outside) FATAL("out of memory for a mailbox");
    struct arena *arena = arena_new(ARENA_BYTES);
    outside->world = world;
    outside->arena = arena;
    outside->sender = *sender;
    outside->sender.address = arena_copy(arena, sender->address);
    outside->sender.name = arena_copy(arena, sender->name);
    outside->sender.detail = SLICE_EMPTY;
    outside->sender.limits.override_by = SLICE_EMPTY;
    outside->sender.smtp = copy_login(arena, &sender->smtp);
    outside->sender.imap = copy_login(arena, &sender->imap);
    outside->smtp_provider = copy_provider(arena, smtp_provider);
    outside->imap_provider = copy_provider(arena, imap_provider);
    outside->folders = ARENA_NEW_ARRAY(arena, struct sender_folder, OUTREACH_FOLDERS_MAX);
    outside->folder_count = folder_count < OUTREACH_FOLDERS_MAX ? folder_count : OUTREACH_FOLDERS_MAX;
    for (size_t i = 0; i < outside->folder_count; i++) {
        outside->folders[i] = folders[i];
        outside->folders[i].name = arena_copy(arena, folders[i].name);
    }
    for (size_t i = 0; i < 2; i++) {
        outside->access[i] = buffer_new(OUTREACH_SECRET_BYTES_MAX);
        outside->refresh[i] = buffer_new(OUTREACH_SECRET_BYTES_MAX);
    }
    return outside;
}

static void wipe(struct buffer *secret) {
    if (secret->ptr) explicit_bzero(secret->ptr, secret->capacity);
    buffer_free(secret);
}

void outside_free(struct task *t, struct outside **outside) {
    struct outside *freed = *outside;
    *outside = NULL;
    if (!freed) return;
    imap_client_free(t, &freed->imap);
    for (size_t i = 0; i < 2; i++) {
        wipe(&freed->access[i]);
        wipe(&freed->refresh[i]);
    }
    arena_free(&freed->arena);
    free(freed);
}

/* ---- what to log in with ---- */

/* A new refresh token holds from now on: the old one may be of no use any more (RFC 6749 6). It takes the
   place of the one before: with some providers there is another each hour. */
static void keep_refresh_token(struct outside *outside, const struct sender_provider *provider,
                               unsigned place, struct slice token) {
    if (token.len == 0) return;
    struct buffer *kept = &outside->refresh[place];
    buffer_clear(kept);
    buffer_append(kept, token);
    outside->fresh_token = buffer_slice(kept);
    outside->fresh_provider = provider->name;
    struct sender_login *logins[] = {&outside->sender.smtp, &outside->sender.imap};
    for (size_t i = 0; i < 2; i++)
        if (logins[i]->auth == SENDER_AUTH_OAUTH && slice_equal(logins[i]->provider, provider->name))
            logins[i]->secret = outside->fresh_token;
}

/* One grant for both ways is asked for once. */
static unsigned place_of(const struct outside *outside, bool is_imap) {
    const struct sender_login *smtp = &outside->sender.smtp;
    const struct sender_login *imap = &outside->sender.imap;
    bool is_same = smtp->auth == SENDER_AUTH_OAUTH && slice_equal(smtp->provider, imap->provider) &&
                   slice_equal(smtp->secret, imap->secret);
    return is_imap && !is_same;
}

/* An access token that is good for a while yet. */
static bool find_token(struct task *t, struct outside *outside, struct arena *arena, bool is_imap,
                       struct outside_trouble *trouble) {
    struct env *env = outside->world->env;
    unsigned place = place_of(outside, is_imap);
    struct buffer *access = &outside->access[place];
    const struct sender_login *login = is_imap ? &outside->sender.imap : &outside->sender.smtp;
    const struct sender_provider *provider = is_imap ? &outside->imap_provider : &outside->smtp_provider;
    struct oauth_grant grant;
    if (access->len && env_now_ms(env) < outside->access_until_ms[place]) return true;
    *trouble = (struct outside_trouble){SENDER_CAUSE_OAUTH_UNKNOWN, SLICE_EMPTY};
    if (provider->name.len == 0) return false;
    buffer_clear(access);
    if (!oauth_refresh(t, outside->world, arena, provider, login->secret, &grant, trouble)) return false;
    int64_t lifetime_ms = grant.lifetime_ms ? grant.lifetime_ms : TOKEN_UNSAID_MS;
    buffer_append(access, grant.access_token);
    outside->access_until_ms[place] =
        env_now_ms(env) +
        (lifetime_ms > 2 * TOKEN_MARGIN_MS ? lifetime_ms - TOKEN_MARGIN_MS : lifetime_ms / 2);
    keep_refresh_token(outside, provider, place, grant.refresh_token);
    if (outside->fresh_token.len && outside->keep_token) outside->keep_token(t, outside->context);
    return true;
}

static struct slice token_of(const struct outside *outside, bool is_imap) {
    return buffer_slice(&outside->access[place_of(outside, is_imap)]);
}

static void forget_token(struct outside *outside, bool is_imap) {
    buffer_clear(&outside->access[place_of(outside, is_imap)]);
}

/* ---- IMAP ---- */

static enum imap_client_tls imap_tls(enum sender_tls tls) {
    return tls == SENDER_TLS_IMPLICIT   ? IMAP_CLIENT_TLS_IMPLICIT
           : tls == SENDER_TLS_STARTTLS ? IMAP_CLIENT_TLS_REQUIRED
                                        : IMAP_CLIENT_TLS_NEVER;
}

/* Only to this machine itself, and where that may be. */
static bool may_go_in_clear(const struct outside_world *world, const struct sender_login *login,
                            const struct stream *stream) {
    return login->tls == SENDER_TLS_NEVER && world->allows_private && stream->peer.is_loopback;
}

static bool has_roots(const struct outside_world *world, const struct sender_login *login,
                      struct outside_trouble *trouble) {
    *trouble = (struct outside_trouble){
        SENDER_CAUSE_CERTIFICATE,
        SLICE("there are no certificate authorities here to check it by: install the "
              "package ca-certificates, or name a file with outbound.trusted_roots")};
    return login->tls == SENDER_TLS_NEVER || world->tls_trusting;
}

struct imap_client *outside_begin_imap(struct task *t, const struct outside_world *world, struct arena *arena,
                                       const struct sender_login *login, struct outside_trouble *trouble) {
    struct stream *stream;
    if (!has_roots(world, login, trouble)) return NULL;
    if (!outside_connect(t, world, arena, login->host, login->port, &stream, trouble)) return NULL;
    struct imap_client_options options = {.tls = imap_tls(login->tls),
                                          .tls_context = world->tls_trusting,
                                          .tls_name = arena_text(arena, login->host),
                                          .logs_in_without_tls = may_go_in_clear(world, login, stream)};
    struct imap_client *client = imap_client_new(world->env, &stream, &options);
    struct imap_client_outcome outcome = imap_client_begin(t, client, arena);
    if (outcome.result == IMAP_CLIENT_OK) return client;
    *trouble = outside_trouble_of_imap(arena, &outcome, login->auth);
    imap_client_free(t, &client);
    return NULL;
}

/* A token that was at hand may have been withdrawn: then a fresh one is tried, once. */
static bool log_in_imap(struct task *t, struct outside *outside, struct arena *arena,
                        struct imap_client *client, struct outside_trouble *trouble) {
    const struct sender_login *login = &outside->sender.imap;
    bool is_oauth = login->auth == SENDER_AUTH_OAUTH;
    bool was_at_hand = is_oauth && token_of(outside, true).len > 0;
    for (;;) {
        if (is_oauth && !find_token(t, outside, arena, true, trouble)) return false;
        struct imap_client_login with = {.user = login->user,
                                         .secret = is_oauth ? token_of(outside, true) : login->secret,
                                         .is_oauth = is_oauth};
        struct imap_client_outcome outcome = imap_client_log_in(t, client, arena, &with);
        if (outcome.result == IMAP_CLIENT_OK) return true;
        forget_token(outside, true);
        *trouble = outside_trouble_of_imap(arena, &outcome, login->auth);
        if (!was_at_hand || outcome.result != IMAP_CLIENT_REFUSED || !imap_client_is_usable(client))
            return false;
        was_at_hand = false;
    }
}

bool outside_connect_imap(struct task *t, struct outside *outside, struct arena *arena,
                          struct outside_trouble *trouble) {
    if (outside->imap) {
        struct imap_client_outcome outcome = imap_client_noop(t, outside->imap, arena);
        if (outcome.result == IMAP_CLIENT_OK) return true;
        imap_client_free(t, &outside->imap);
    }
    *trouble = (struct outside_trouble){SENDER_CAUSE_NO_IMAP, SLICE_EMPTY};
    if (outside->sender.imap.host.len == 0) return false;
    struct imap_client *client = outside_begin_imap(t, outside->world, arena, &outside->sender.imap, trouble);
    if (!client) return false;
    if (!log_in_imap(t, outside, arena, client, trouble)) {
        imap_client_free(t, &client);
        return false;
    }
    outside->imap = client;
    return true;
}

void outside_disconnect_imap(struct task *t, struct outside *outside) { imap_client_free(t, &outside->imap); }

/* ---- SMTP ---- */

static enum smtp_client_tls smtp_tls(enum sender_tls tls) {
    return tls == SENDER_TLS_IMPLICIT   ? SMTP_CLIENT_TLS_IMPLICIT
           : tls == SENDER_TLS_STARTTLS ? SMTP_CLIENT_TLS_REQUIRED
                                        : SMTP_CLIENT_TLS_NEVER;
}

struct smtp_client *outside_begin_smtp(struct task *t, const struct outside_world *world, struct arena *arena,
                                       const struct sender_login *login, struct outside_trouble *trouble) {
    struct stream *stream;
    if (!has_roots(world, login, trouble)) return NULL;
    if (!outside_connect(t, world, arena, login->host, login->port, &stream, trouble)) return NULL;
    struct smtp_client_options options = {.hello = world->hello,
                                          .times = {IMAP_CLIENT_GREETING_MS, IMAP_CLIENT_COMMAND_MS,
                                                    IMAP_CLIENT_TLS_MS, IMAP_CLIENT_COMMAND_MS,
                                                    IMAP_CLIENT_COMMAND_MS, 5 * IMAP_CLIENT_COMMAND_MS},
                                          .tls = smtp_tls(login->tls),
                                          .tls_context = world->tls_trusting,
                                          .tls_name = arena_text(arena, login->host),
                                          .logs_in_without_tls = may_go_in_clear(world, login, stream)};
    struct smtp_client *client = smtp_client_new(world->env, &stream, &options);
    struct smtp_client_outcome outcome = smtp_client_begin(t, client, arena);
    if (outcome.result == SMTP_CLIENT_OK) return client;
    *trouble = outside_trouble_of_smtp(arena, &outcome, login->auth);
    smtp_client_free(t, &client);
    return NULL;
}

static bool log_in_smtp(struct task *t, struct outside *outside, struct arena *arena,
                        struct smtp_client *client, struct outside_trouble *trouble) {
    const struct sender_login *login = &outside->sender.smtp;
    bool is_oauth = login->auth == SENDER_AUTH_OAUTH;
    bool was_at_hand = is_oauth && token_of(outside, false).len > 0;
    for (;;) {
        if (is_oauth && !find_token(t, outside, arena, false, trouble)) return false;
        struct smtp_client_outcome outcome =
            is_oauth ? smtp_client_log_in_token(t, client, arena, login->user, token_of(outside, false))
                     : smtp_client_log_in(t, client, arena, login->user, login->secret);
        if (outcome.result == SMTP_CLIENT_OK) return true;
        forget_token(outside, false);
        *trouble = outside_trouble_of_smtp(arena, &outcome, login->auth);
        if (!was_at_hand || outcome.result != SMTP_CLIENT_REFUSED || !smtp_client_is_usable(client))
            return false;
        was_at_hand = false;
    }
}

bool outside_connect_smtp(struct task *t, struct outside *outside, struct arena *arena,
                          struct smtp_client **client, struct outside_trouble *trouble) {
    *client = outside_begin_smtp(t, outside->world, arena, &outside->sender.smtp, trouble);
    if (!*client) return false;
    if (log_in_smtp(t, outside, arena, *client, trouble)) return true;
    smtp_client_free(t, client);
    return false;
}
