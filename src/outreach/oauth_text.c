/* What is said to OAuth providers and what they say. Pure. */
#include <jansson.h>

#include "base/limits_sender.h"
#include "outreach/oauth.h"
#include "wire/json_depth.h"
#include "wire/wire_text.h"

/* ---- the token endpoint ---- */

static struct slice text_of(const json_t *object, const char *key) {
    const json_t *text = json_object_get(object, key);
    return slice_of(json_string_value(text), json_string_length(text));
}

static struct slice clean(struct arena *arena, struct slice text) {
    struct buffer out = buffer_new(4 * SENDER_DETAIL_BYTES_MAX);
    wire_text_clean(&out, slice_sub(text, 0, SENDER_DETAIL_BYTES_MAX), false);
    struct slice copy = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return copy;
}

static bool has(struct slice text, struct slice part) { return slice_find(text, part) != SLICE_NOT_FOUND; }

/* RFC 6749 5.2; and what tells that an administrator has to act: Google's admin_policy_enforced, Microsoft's
   AADSTS65001 (no consent), 90094 and 90095 (only an administrator may consent), 50105 (not assigned). */
static bool is_admins(struct slice words) {
    static const struct slice admin[] = {SLICE_INIT("AADSTS65001"), SLICE_INIT("AADSTS90094"),
                                         SLICE_INIT("AADSTS90095"), SLICE_INIT("AADSTS50105"),
                                         SLICE_INIT("admin_policy_enforced")};
    for (size_t i = 0; i < sizeof admin / sizeof admin[0]; i++)
        if (has(words, admin[i])) return true;
    return false;
}

enum sender_cause oauth_refusal_cause(struct slice error) {
    bool is = is_admins(error) || has(error, SLICE("consent_required")) || has(error, SLICE("AADSTS90008"));
    return is ? SENDER_CAUSE_OAUTH_ADMIN : SENDER_CAUSE_NONE;
}

static enum sender_cause cause_of(struct slice error, struct slice words) {
    if (is_admins(words) || is_admins(error)) return SENDER_CAUSE_OAUTH_ADMIN;
    if (slice_equal(error, SLICE("invalid_grant"))) return SENDER_CAUSE_TOKEN_EXPIRED;
    if (slice_equal(error, SLICE("invalid_client")) || slice_equal(error, SLICE("unauthorized_client")))
        return SENDER_CAUSE_OAUTH_CLIENT;
    if (slice_equal(error, SLICE("consent_required"))) return SENDER_CAUSE_OAUTH_ADMIN;
    if (slice_equal(error, SLICE("interaction_required"))) return SENDER_CAUSE_TOKEN_EXPIRED;
    return SENDER_CAUSE_OAUTH_UNREACHABLE;
}

static void read_error(struct arena *arena, unsigned status, const json_t *answer,
                       struct outside_trouble *trouble) {
    struct slice error = text_of(answer, "error");
    struct slice words = text_of(answer, "error_description");
    trouble->cause = cause_of(error, words);
    if (error.len == 0)
        trouble->detail = arena_printf(arena, "its token URL answers with status %u", status);
    else
        trouble->detail = clean(arena, arena_printf(arena, "%.*s%s%.*s", SLICE_PRINT(error),
                                                    words.len ? ": " : "", SLICE_PRINT(words)));
}

static bool read_grant(struct arena *arena, const json_t *answer, struct oauth_grant *grant) {
    struct slice access = text_of(answer, "access_token");
    struct slice refresh = text_of(answer, "refresh_token");
    json_int_t seconds = json_integer_value(json_object_get(answer, "expires_in"));
    if (access.len == 0 || access.len > OUTREACH_SECRET_BYTES_MAX) return false;
    *grant = (struct oauth_grant){.access_token = arena_copy(arena, access)};
    if (seconds > 0 && seconds < INT32_MAX) grant->lifetime_ms = seconds * 1000;
    if (refresh.len <= OUTREACH_SECRET_BYTES_MAX) grant->refresh_token = arena_copy(arena, refresh);
    return true;
}

bool oauth_answer_read(struct arena *arena, unsigned status, struct slice body, struct oauth_grant *grant,
                       struct outside_trouble *trouble) {
    json_t *answer = json_is_shallow(body, OUTREACH_JSON_DEPTH_MAX)
                         ? json_loadb((const char *)body.ptr, body.len, 0, NULL)
                         : NULL;
    *trouble = (struct outside_trouble){SENDER_CAUSE_OAUTH_UNREACHABLE,
                                        SLICE("its token URL answers what is no token")};
    bool good = status == 200 && read_grant(arena, answer, grant);
    if (status != 200) read_error(arena, status, answer, trouble);
    json_decref(answer);
    return good;
}

/* ---- texts in URLs ---- */

void oauth_form_text(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
            buffer_append_byte(out, c);
        else
            buffer_printf(out, "%%%02X", c);
    }
}

static int digit_of(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    uint8_t low = ascii_lower(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static struct slice decode(struct arena *arena, struct slice text) {
    uint8_t *copy = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_escape = text.ptr[i] == '%' && i + 2 < text.len && digit_of(text.ptr[i + 1]) >= 0 &&
                         digit_of(text.ptr[i + 2]) >= 0;
        if (is_escape) {
            copy[len++] = (uint8_t)(digit_of(text.ptr[i + 1]) * 16 + digit_of(text.ptr[i + 2]));
            i += 2;
        } else {
            copy[len++] = text.ptr[i] == '+' ? ' ' : text.ptr[i];
        }
    }
    return slice_of(copy, len);
}

static void add_query(struct buffer *out, const char *name, struct slice value) {
    bool is_first = slice_find_byte(buffer_slice(out), '?') == SLICE_NOT_FOUND;
    buffer_append_byte(out, is_first ? '?' : '&');
    buffer_append_text(out, name);
    buffer_append_byte(out, '=');
    oauth_form_text(out, value);
}

static bool is_microsoft(const struct sender_provider *provider) {
    return has(provider->authorize_url, SLICE("//login.microsoftonline."));
}

struct slice oauth_redirect_uri(struct arena *arena, const struct sender_provider *provider, uint16_t port) {
    return arena_printf(arena, is_microsoft(provider) ? "http://localhost:%u" : "http://127.0.0.1:%u/", port);
}

/* `access_type` and `prompt`: without them Google gives no refresh token. Microsoft would ask for an
   administrator's consent again although he has given it. */
void oauth_authorize_url(struct buffer *out, const struct sender_provider *provider, struct slice user,
                         struct slice redirect_uri, struct slice state, struct slice challenge) {
    buffer_append(out, provider->authorize_url);
    add_query(out, "response_type", SLICE("code"));
    add_query(out, "client_id", provider->client_id);
    add_query(out, "redirect_uri", redirect_uri);
    add_query(out, "scope", provider->scope);
    add_query(out, "state", state);
    add_query(out, "code_challenge", challenge);
    add_query(out, "code_challenge_method", SLICE("S256"));
    add_query(out, "login_hint", user);
    if (is_microsoft(provider)) return;
    add_query(out, "access_type", SLICE("offline"));
    add_query(out, "prompt", SLICE("consent"));
}

bool oauth_redirect_read(struct arena *arena, struct slice target, struct slice *code, struct slice *state,
                         struct slice *error) {
    struct slice words = SLICE_EMPTY;
    *code = *state = *error = SLICE_EMPTY;
    (void)slice_take_until(&target, '?');
    if (!slice_take_byte(&target, '?')) return false;
    while (target.len) {
        struct slice pair = slice_take_until(&target, '&');
        (void)slice_take_byte(&target, '&');
        struct slice name = slice_take_until(&pair, '=');
        (void)slice_take_byte(&pair, '=');
        if (slice_equal(name, SLICE("code"))) *code = decode(arena, pair);
        if (slice_equal(name, SLICE("state"))) *state = decode(arena, pair);
        if (slice_equal(name, SLICE("error"))) *error = clean(arena, decode(arena, pair));
        if (slice_equal(name, SLICE("error_description"))) words = clean(arena, decode(arena, pair));
    }
    if (error->len && words.len)
        *error = arena_printf(arena, "%.*s: %.*s", SLICE_PRINT(*error), SLICE_PRINT(words));
    return code->len && state->len && error->len == 0;
}

bool oauth_url_is_good(struct slice url, bool allows_private) {
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= 0x20 || url.ptr[i] >= 0x7f) return false;
    if (url.len == 0 || url.len > OUTREACH_SETTING_BYTES_MAX) return false;
    if (slice_starts_nocase(url, SLICE("https://"))) return true;
    return allows_private && (slice_starts_nocase(url, SLICE("http://127.0.0.1:")) ||
                              slice_starts_nocase(url, SLICE("http://[::1]:")));
}

/* ---- providers ---- */

bool oauth_preset_find(struct slice name, struct sender_provider *provider) {
    static const struct sender_provider presets[] = {
        {.name = SLICE_INIT("google"),
         .authorize_url = SLICE_INIT("https://accounts.google.com/o/oauth2/v2/auth"),
         .token_url = SLICE_INIT("https://oauth2.googleapis.com/token"),
         .scope = SLICE_INIT("https://mail.google.com/")},
        {.name = SLICE_INIT("microsoft"),
         .authorize_url = SLICE_INIT("https://login.microsoftonline.com/common/oauth2/v2.0/authorize"),
         .token_url = SLICE_INIT("https://login.microsoftonline.com/common/oauth2/v2.0/token"),
         .scope = SLICE_INIT("https://outlook.office.com/IMAP.AccessAsUser.All "
                             "https://outlook.office.com/SMTP.Send offline_access")},
    };
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (!slice_equal(presets[i].name, name)) continue;
        *provider = presets[i];
        return true;
    }
    return false;
}
