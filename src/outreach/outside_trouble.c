/* What the clients' outcomes mean for a mailbox. Pure but for the arena. */
#include "outreach/cause.h"
#include "outreach/outside.h"

static struct slice fault_text(struct arena *arena, const char *fault) {
    return fault ? arena_copy(arena, slice_from_text(fault)) : SLICE_EMPTY;
}

static enum sender_cause cause_of_refused_imap(const struct imap_client_outcome *outcome,
                                               enum sender_auth auth) {
    if (cause_is_imap_disabled(outcome->text)) return SENDER_CAUSE_IMAP_DISABLED;
    if (outcome->code == IMAP_CODE_OVERQUOTA) return SENDER_CAUSE_QUOTA;
    if (outcome->code == IMAP_CODE_LIMIT) return SENDER_CAUSE_RATE;
    if (outcome->stage == IMAP_STAGE_LOGIN && outcome->code != IMAP_CODE_UNAVAILABLE)
        return cause_of_login(outcome->text, auth, true);
    return SENDER_CAUSE_IMAP_REFUSED;
}

struct outside_trouble outside_trouble_of_imap(struct arena *arena, const struct imap_client_outcome *outcome,
                                               enum sender_auth auth) {
    struct outside_trouble trouble = {.detail = outcome->text};
    switch (outcome->result) {
    case IMAP_CLIENT_OK:
        return (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
    case IMAP_CLIENT_REFUSED:
        trouble.cause = cause_of_refused_imap(outcome, auth);
        break;
    case IMAP_CLIENT_MALFORMED:
        trouble.cause = SENDER_CAUSE_WRONG_PROTOCOL;
        break;
    case IMAP_CLIENT_LOST:
        trouble.cause =
            cause_is_imap_disabled(outcome->text) ? SENDER_CAUSE_IMAP_DISABLED : SENDER_CAUSE_CONNECTION_LOST;
        break;
    case IMAP_CLIENT_TIMED_OUT:
        trouble.cause = SENDER_CAUSE_NO_ANSWER;
        break;
    case IMAP_CLIENT_CANCELLED:
    case IMAP_CLIENT_NO_CONTENT:
        trouble.cause = SENDER_CAUSE_CANCELLED;
        break;
    case IMAP_CLIENT_TLS_MISSING:
        trouble.cause = SENDER_CAUSE_TLS_MISSING;
        break;
    case IMAP_CLIENT_TLS_FAILED:
        trouble.cause = outcome->tls_fault ? SENDER_CAUSE_CERTIFICATE : SENDER_CAUSE_TLS_FAILED;
        trouble.detail = fault_text(arena, outcome->tls_fault);
        break;
    case IMAP_CLIENT_INJECTED:
        trouble.cause = SENDER_CAUSE_TAMPERED;
        break;
    case IMAP_CLIENT_NO_MECHANISM:
        trouble.cause = SENDER_CAUSE_NO_MECHANISM;
        break;
    }
    bool has_stage = trouble.detail.len == 0 && outcome->stage != IMAP_STAGE_GREETING;
    if (has_stage)
        trouble.detail = arena_printf(arena, "IMAP, at %s", imap_client_stage_name(outcome->stage));
    return trouble;
}

static struct slice answer_text(struct arena *arena, const struct smtp_answer *answer) {
    if (answer->code == 0) return SLICE_EMPTY;
    struct slice line = arena_printf(arena, "%u %.*s", answer->code, SLICE_PRINT(answer->text));
    uint8_t *bytes = (uint8_t *)(uintptr_t)line.ptr;
    for (size_t i = 0; i < line.len; i++)
        if (bytes[i] == '\n') bytes[i] = ' ';
    return line;
}

static enum sender_cause cause_of_refused_smtp(const struct smtp_client_outcome *outcome,
                                               enum sender_auth auth) {
    if (outcome->stage == SMTP_STAGE_AUTH && outcome->answer.code / 100 == 5)
        return cause_of_login(outcome->answer.text, auth, false);
    return cause_of_refusal(outcome->answer.code, outcome->answer.text);
}

struct outside_trouble outside_trouble_of_smtp(struct arena *arena, const struct smtp_client_outcome *outcome,
                                               enum sender_auth auth) {
    struct outside_trouble trouble = {.detail = answer_text(arena, &outcome->answer)};
    switch (outcome->result) {
    case SMTP_CLIENT_OK:
        return (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
    case SMTP_CLIENT_REFUSED:
        trouble.cause = cause_of_refused_smtp(outcome, auth);
        break;
    case SMTP_CLIENT_MALFORMED:
        trouble.cause = SENDER_CAUSE_WRONG_PROTOCOL;
        break;
    case SMTP_CLIENT_LOST:
        trouble.cause = SENDER_CAUSE_CONNECTION_LOST;
        break;
    case SMTP_CLIENT_TIMED_OUT:
        trouble.cause = SENDER_CAUSE_NO_ANSWER;
        break;
    case SMTP_CLIENT_CANCELLED:
    case SMTP_CLIENT_NO_CONTENT:
        trouble.cause = SENDER_CAUSE_CANCELLED;
        break;
    case SMTP_CLIENT_TLS_MISSING:
        trouble.cause = SENDER_CAUSE_TLS_MISSING;
        break;
    case SMTP_CLIENT_TLS_FAILED:
        trouble.cause = outcome->tls_fault ? SENDER_CAUSE_CERTIFICATE : SENDER_CAUSE_TLS_FAILED;
        trouble.detail = fault_text(arena, outcome->tls_fault);
        break;
    case SMTP_CLIENT_INJECTED:
        trouble.cause = SENDER_CAUSE_TAMPERED;
        break;
    case SMTP_CLIENT_NO_MECHANISM:
        trouble.cause = SENDER_CAUSE_NO_MECHANISM;
        break;
    case SMTP_CLIENT_LACKS:
        trouble.cause = SENDER_CAUSE_SMTP_REFUSED;
        break;
    }
    if (trouble.detail.len == 0)
        trouble.detail = arena_printf(arena, "SMTP, at %s", smtp_client_stage_name(outcome->stage));
    return trouble;
}
