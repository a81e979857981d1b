/*
 * OAuth 2 as a client (RFC 6749): a code is traded for a refresh token once (RFC 7636: with the verifier of a
 * challenge), and that for access tokens whenever one is needed. What is wrong is a named cause. Whom to ask,
 * and who we are there, an administrator registered (struct sender_provider).
 */
#ifndef OUTREACH_OAUTH_H
#define OUTREACH_OAUTH_H

#include "outreach/outside.h"

struct oauth_grant {
    struct slice access_token;
    /* How long it holds; 0: it was not said. */
    int64_t lifetime_ms;
    /* Empty: the one that was used stays. */
    struct slice refresh_token;
};

/* RFC 6749 6. What it gives is in `arena`. False: *trouble. Waits. */
NODISCARD bool oauth_refresh(struct task *t, const struct outside_world *world, struct arena *arena,
                             const struct sender_provider *provider, struct slice refresh_token,
                             struct oauth_grant *grant, struct outside_trouble *trouble);
/* RFC 6749 4.1.3, RFC 7636 4.5. */
NODISCARD bool oauth_redeem(struct task *t, const struct outside_world *world, struct arena *arena,
                            const struct sender_provider *provider, struct slice code, struct slice verifier,
                            struct slice redirect_uri, struct oauth_grant *grant,
                            struct outside_trouble *trouble);

/* ---- oauth_text.c; pure ---- */

/* Where the provider is to send the browser: a port of this machine (RFC 8252 7.3). Microsoft takes any port
   of http://localhost, and only that, where the application was registered with it. In `arena`. */
struct slice oauth_redirect_uri(struct arena *arena, const struct sender_provider *provider, uint16_t port);
/* Reads an answer of the token endpoint (RFC 6749 5.1, 5.2). False: *trouble says what is wrong. */
NODISCARD bool oauth_answer_read(struct arena *arena, unsigned status, struct slice body,
                                 struct oauth_grant *grant, struct outside_trouble *trouble);
/* Appends `text` as application/x-www-form-urlencoded has it. */
void oauth_form_text(struct buffer *out, struct slice text);
/* The URL that the owner opens to grant access (RFC 6749 4.1.1, RFC 7636 4.3). */
void oauth_authorize_url(struct buffer *out, const struct sender_provider *provider, struct slice user,
                         struct slice redirect_uri, struct slice state, struct slice challenge);
/* Of a request to the loop-back listener, "GET /?code=...&state=... HTTP/1.1": both, decoded, in `arena`.
   False: it is none, or the provider says no: *error (may be empty), its code and words. */
NODISCARD bool oauth_redirect_read(struct arena *arena, struct slice target, struct slice *code,
                                   struct slice *state, struct slice *error);
/* What a provider's "no" means: that an administrator has to act, or nothing that is known (NONE). */
enum sender_cause oauth_refusal_cause(struct slice error);
/* "google", "microsoft": addresses and scopes. False: no such preset. */
NODISCARD bool oauth_preset_find(struct slice name, struct sender_provider *provider);
/* An URL that tokens may be asked of: https, or with `allows_private` http to this machine. */
bool oauth_url_is_good(struct slice url, bool allows_private);

#endif
