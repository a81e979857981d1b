/* Senders as bytes, between roles and in the database; and the words for their states. */
#include "base/limits_sender.h"
#include "ipc/pack.h"
#include "store/sender_model.h"

const char *sender_state_name(enum sender_state state) {
    static const char *const names[SENDER_STATES] = {"untested", "green", "red"};
    return names[state];
}

const char *sender_tls_name(enum sender_tls tls) {
    static const char *const names[SENDER_TLS_MODES] = {"implicit", "starttls", "never"};
    return names[tls];
}

const char *sender_cause_name(enum sender_cause cause) {
    static const char *const names[SENDER_CAUSES] = {
        [SENDER_CAUSE_NONE] = "none",
        [SENDER_CAUSE_HOST_NOT_FOUND] = "host-not-found",
        [SENDER_CAUSE_HOST_PRIVATE] = "host-private",
        [SENDER_CAUSE_CONNECTION_REFUSED] = "connection-refused",
        [SENDER_CAUSE_NO_ANSWER] = "no-answer",
        [SENDER_CAUSE_CONNECTION_LOST] = "connection-lost",
        [SENDER_CAUSE_TLS_MISSING] = "tls-missing",
        [SENDER_CAUSE_TLS_FAILED] = "tls-failed",
        [SENDER_CAUSE_CERTIFICATE] = "certificate",
        [SENDER_CAUSE_TAMPERED] = "tampered",
        [SENDER_CAUSE_WRONG_PROTOCOL] = "wrong-protocol",
        [SENDER_CAUSE_PASSWORD] = "password",
        [SENDER_CAUSE_APP_PASSWORD] = "app-password",
        [SENDER_CAUSE_OAUTH_NEEDED] = "oauth-needed",
        [SENDER_CAUSE_NO_MECHANISM] = "no-mechanism",
        [SENDER_CAUSE_TOKEN_EXPIRED] = "token-expired",
        [SENDER_CAUSE_TOKEN_REFUSED] = "token-refused",
        [SENDER_CAUSE_OAUTH_CLIENT] = "oauth-client",
        [SENDER_CAUSE_OAUTH_UNREACHABLE] = "oauth-unreachable",
        [SENDER_CAUSE_OAUTH_ADMIN] = "oauth-admin",
        [SENDER_CAUSE_OAUTH_UNKNOWN] = "oauth-unknown",
        [SENDER_CAUSE_IMAP_DISABLED] = "imap-disabled",
        [SENDER_CAUSE_SMTP_DISABLED] = "smtp-disabled",
        [SENDER_CAUSE_NO_IMAP] = "no-imap",
        [SENDER_CAUSE_IMAP_REFUSED] = "imap-refused",
        [SENDER_CAUSE_SMTP_REFUSED] = "smtp-refused",
        [SENDER_CAUSE_SENDER_REFUSED] = "sender-refused",
        [SENDER_CAUSE_RATE] = "rate",
        [SENDER_CAUSE_QUOTA] = "quota",
        [SENDER_CAUSE_NOT_ARRIVED] = "not-arrived",
        [SENDER_CAUSE_MESSAGE_ID_RENAMED] = "message-id-renamed",
        [SENDER_CAUSE_NO_SENT_COPY] = "no-sent-copy",
        [SENDER_CAUSE_SENT_TWICE] = "sent-twice",
        [SENDER_CAUSE_ACCOUNT_GONE] = "account-gone",
        [SENDER_CAUSE_NO_REMOTE] = "no-remote",
        [SENDER_CAUSE_SECRET_LOST] = "secret-lost",
        [SENDER_CAUSE_CANCELLED] = "cancelled",
    };
    return names[cause] ? names[cause] : "unknown";
}

static struct slice unpack_short(struct unpacker *in, size_t max) {
    struct slice text = unpack_slice(in);
    if (text.len > max) in->is_bad = true;
    return in->is_bad ? SLICE_EMPTY : text;
}

void sender_login_pack(struct buffer *out, const struct sender_login *login) {
    pack_slice(out, login->host);
    pack_number(out, login->port);
    pack_number(out, login->tls);
    pack_slice(out, login->user);
    pack_number(out, login->auth);
    pack_slice(out, login->provider);
    pack_slice(out, login->secret);
}

void sender_login_unpack(struct unpacker *in, struct sender_login *login) {
    login->host = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    login->port = (uint16_t)unpack_number_max(in, UINT16_MAX);
    login->tls = (enum sender_tls)unpack_number_max(in, SENDER_TLS_MODES - 1);
    login->user = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    login->auth = (enum sender_auth)unpack_number_max(in, SENDER_AUTHS - 1);
    login->provider = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    login->secret = unpack_short(in, OUTREACH_SECRET_BYTES_MAX);
}

static void pack_limits(struct buffer *out, const struct sender_limits *limits) {
    pack_number(out, (uint64_t)limits->gap_min_ms);
    pack_number(out, (uint64_t)limits->gap_max_ms);
    pack_number(out, limits->hourly_max);
    pack_number(out, limits->daily_max);
    pack_number(out, limits->ramp_start);
    pack_number(out, limits->ramp_step);
    pack_slice(out, limits->override_by);
    pack_number(out, (uint64_t)limits->override_ms);
    pack_slice(out, limits->time_zone);
}

static void unpack_limits(struct unpacker *in, struct sender_limits *limits) {
    limits->gap_min_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    limits->gap_max_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    limits->hourly_max = (uint32_t)unpack_number_max(in, UINT32_MAX);
    limits->daily_max = (uint32_t)unpack_number_max(in, UINT32_MAX);
    limits->ramp_start = (uint32_t)unpack_number_max(in, UINT32_MAX);
    limits->ramp_step = (uint32_t)unpack_number_max(in, UINT32_MAX);
    limits->override_by = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    limits->override_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    limits->time_zone = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
}

void sender_pack(struct buffer *out, const struct sender *sender) {
    pack_number(out, sender->id);
    pack_slice(out, sender->address);
    pack_slice(out, sender->name);
    pack_number(out, sender->account);
    sender_login_pack(out, &sender->smtp);
    sender_login_pack(out, &sender->imap);
    pack_number(out, sender->copies);
    pack_bool(out, sender->has_plus);
    pack_bool(out, sender->is_renaming_accepted);
    pack_bool(out, sender->has_passed);
    pack_number(out, sender->test_cause);
    pack_number(out, sender->state);
    pack_number(out, sender->cause);
    pack_slice(out, sender->detail);
    pack_number(out, (uint64_t)sender->checked_ms);
    pack_number(out, (uint64_t)sender->tested_ms);
    pack_number(out, (uint64_t)sender->added_ms);
    pack_number(out, sender->version);
    pack_limits(out, &sender->limits);
}

void sender_unpack(struct unpacker *in, struct sender *sender) {
    *sender = (struct sender){.id = unpack_number(in)};
    sender->address = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    sender->name = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    sender->account = unpack_number(in);
    sender_login_unpack(in, &sender->smtp);
    sender_login_unpack(in, &sender->imap);
    sender->copies = (enum sender_copies)unpack_number_max(in, SENDER_COPIES_MODES - 1);
    sender->has_plus = unpack_bool(in);
    sender->is_renaming_accepted = unpack_bool(in);
    sender->has_passed = unpack_bool(in);
    sender->test_cause = (enum sender_cause)unpack_number_max(in, SENDER_CAUSES - 1);
    sender->state = (enum sender_state)unpack_number_max(in, SENDER_STATES - 1);
    sender->cause = (enum sender_cause)unpack_number_max(in, SENDER_CAUSES - 1);
    sender->detail = unpack_short(in, 4 * SENDER_DETAIL_BYTES_MAX);
    sender->checked_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    sender->tested_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    sender->added_ms = (int64_t)unpack_number_max(in, INT64_MAX);
    sender->version = unpack_number(in);
    unpack_limits(in, &sender->limits);
}

void sender_provider_pack(struct buffer *out, const struct sender_provider *provider) {
    pack_slice(out, provider->name);
    pack_slice(out, provider->authorize_url);
    pack_slice(out, provider->token_url);
    pack_slice(out, provider->scope);
    pack_slice(out, provider->client_id);
    pack_slice(out, provider->client_secret);
    pack_bool(out, provider->has_secret);
}

void sender_provider_unpack(struct unpacker *in, struct sender_provider *provider) {
    provider->name = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    provider->authorize_url = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    provider->token_url = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    provider->scope = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    provider->client_id = unpack_short(in, OUTREACH_SETTING_BYTES_MAX);
    provider->client_secret = unpack_short(in, OUTREACH_SECRET_BYTES_MAX);
    provider->has_secret = unpack_bool(in);
}
