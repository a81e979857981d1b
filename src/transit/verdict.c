#include "transit/verdict.h"

#include <stdio.h>

/* ---- status ---- */

/* Subject and detail of an answer without an enhanced code (RFC 3463 3; RFC 5248 for the pairs). RCPT is
   about a mailbox, everything else about the system or what was said. */
struct status_of_code {
    unsigned code;
    const char *otherwise;
    const char *of_recipient;
};

static const struct status_of_code statuses[] = {
    {421, "3.2", "3.2"}, {450, "2.0", "2.0"},   {451, "3.0", "3.0"}, {452, "3.1", "5.3"},
    {454, "7.0", "7.0"}, {455, "5.4", "5.4"},   {500, "5.1", "5.1"}, {501, "5.4", "5.4"},
    {502, "5.1", "5.1"}, {503, "5.1", "5.1"},   {504, "5.4", "5.4"}, {521, "3.2", "3.2"},
    {530, "7.0", "7.0"}, {534, "7.9", "7.9"},   {535, "7.8", "7.8"}, {538, "7.11", "7.11"},
    {550, "7.1", "1.0"}, {551, "1.6", "1.6"},   {552, "3.4", "2.2"}, {553, "1.7", "1.3"},
    {555, "5.4", "5.4"}, {556, "1.10", "1.10"},
};

static const char *status_of_code(unsigned code, enum smtp_client_stage stage) {
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
        if (statuses[i].code == code)
            return stage == SMTP_STAGE_RCPT ? statuses[i].of_recipient : statuses[i].otherwise;
    return "0.0";
}

static unsigned class_of(enum queue_outcome outcome) {
    return outcome == QUEUE_DELIVERED ? 2 : outcome == QUEUE_FAILED ? 5 : 4;
}

static void set_status(struct verdict *verdict, const char *subject_and_detail) {
    (void)snprintf(verdict->status, sizeof verdict->status, "%u.%s", class_of(verdict->outcome),
                   subject_and_detail);
}

/* The class is that of the outcome, which may differ from the host's (a 552 that means "later"). */
static void set_status_of_answer(struct verdict *verdict, const struct smtp_client_outcome *outcome) {
    const struct smtp_enhanced_code *enhanced = &outcome->answer.enhanced;
    if (enhanced->class == 0) {
        set_status(verdict, status_of_code(outcome->answer.code, outcome->stage));
        return;
    }
    (void)snprintf(verdict->status, sizeof verdict->status, "%u.%u.%u", class_of(verdict->outcome),
                   enhanced->subject % 1000, enhanced->detail % 1000);
}

static struct verdict deferred(const char *subject_and_detail, const char *reason) {
    struct verdict verdict = {.outcome = QUEUE_DEFERRED, .reason = reason};
    set_status(&verdict, subject_and_detail);
    return verdict;
}

/* ---- answers ---- */

/* Before MAIL the answer is about us and the host, never about the message. */
static bool is_beginning(enum smtp_client_stage stage) { return stage < SMTP_STAGE_MAIL; }

/* RFC 5321 4.5.3.1.10: 552 to RCPT has meant "too many recipients", which is no failure. With an enhanced
   code it means what that says. */
static bool means_later(const struct smtp_client_outcome *outcome) {
    const struct smtp_enhanced_code *enhanced = &outcome->answer.enhanced;
    if (outcome->answer.code != 552 || outcome->stage != SMTP_STAGE_RCPT) return false;
    return enhanced->class == 0 || (enhanced->subject == 5 && enhanced->detail == 3);
}

/* RFC 5321 4.2.1. What is refused before the message was named says nothing of it: a password that is wrong
   or a RSET that is not understood costs nobody his mail. */
static bool is_for_good(const struct smtp_client_outcome *outcome) {
    if (outcome->answer.code / 100 != 5 || means_later(outcome)) return false;
    return outcome->stage != SMTP_STAGE_AUTH && outcome->stage != SMTP_STAGE_RSET;
}

/* The host says that it will not, rather than that the message cannot be: so may not the next one. A refused
   recipient is not asked about elsewhere: greylisting and full mailboxes are the same on all hosts of a
   domain. Once the content was sent it is not sent about again. */
static bool may_others_do_better(const struct smtp_client_outcome *outcome) {
    unsigned class = outcome->answer.code / 100;
    switch (outcome->stage) {
    case SMTP_STAGE_AUTH:
        return false;
    case SMTP_STAGE_MAIL:
    case SMTP_STAGE_DATA:
        return class == 4;
    case SMTP_STAGE_RCPT:
        return outcome->answer.code == 421;
    case SMTP_STAGE_CONTENT:
    case SMTP_STAGE_END_OF_DATA:
        return false;
    default:
        return true;
    }
}

static struct verdict of_refusal(const struct smtp_client_outcome *outcome) {
    struct verdict verdict = {.outcome = is_for_good(outcome) ? QUEUE_FAILED : QUEUE_DEFERRED};
    set_status_of_answer(&verdict, outcome);
    verdict.tries_next_host = may_others_do_better(outcome);
    verdict.asks_for_less = outcome->answer.code == 421;
    verdict.is_host_lost =
        verdict.asks_for_less || is_beginning(outcome->stage) || outcome->stage == SMTP_STAGE_RSET;
    return verdict;
}

static struct verdict of_success(const struct smtp_client_outcome *outcome) {
    struct verdict verdict = {.outcome = QUEUE_DELIVERED};
    set_status_of_answer(&verdict, outcome);
    return verdict;
}

/* ---- connections that end ---- */

/* `subject_and_detail` and `reason` are for an end before all was sent. */
static struct verdict of_break(const struct smtp_client_outcome *outcome, const char *subject_and_detail,
                               const char *reason) {
    struct verdict verdict = deferred(subject_and_detail, reason);
    verdict.is_host_lost = true;
    verdict.is_in_doubt = outcome->stage == SMTP_STAGE_END_OF_DATA;
    verdict.tries_next_host = outcome->stage < SMTP_STAGE_CONTENT || outcome->stage == SMTP_STAGE_RSET;
    return verdict;
}

static struct verdict of_loss(const struct smtp_client_outcome *outcome) {
    if (outcome->stage == SMTP_STAGE_END_OF_DATA)
        return of_break(outcome, "4.2",
                        "the connection was lost after the whole message was sent: it may "
                        "have been taken, and may come twice");
    return of_break(outcome, "4.2", "the connection was lost");
}

static struct verdict of_malformed(const struct smtp_client_outcome *outcome) {
    if (outcome->stage == SMTP_STAGE_END_OF_DATA)
        return of_break(outcome, "5.0",
                        "the host's answer to the whole message cannot be understood: it may have "
                        "been taken, and may come twice");
    return of_break(outcome, "5.0", "the host's answer cannot be understood");
}

static struct verdict of_timeout(const struct smtp_client_outcome *outcome) {
    if (outcome->stage == SMTP_STAGE_END_OF_DATA)
        return of_break(outcome, "4.2",
                        "no answer came after the whole message was sent: it may have been "
                        "taken, and may come twice");
    return of_break(outcome, "4.2", "the host did not answer in time");
}

/* We stop: the next host is none of this attempt's business any more. */
static struct verdict of_cancel(const struct smtp_client_outcome *outcome) {
    struct verdict verdict = of_break(outcome, "3.2", "this server was stopped during the attempt");
    verdict.tries_next_host = false;
    return verdict;
}

/* ---- what is not to be had ---- */

static struct verdict unmet(const char *subject_and_detail, const char *reason) {
    struct verdict verdict = {.outcome = QUEUE_FAILED, .reason = reason, .tries_next_host = true};
    set_status(&verdict, subject_and_detail);
    return verdict;
}

static struct verdict of_lack(unsigned needs) {
    switch (needs) {
    case SMTP_EXTENSION_8BITMIME: /* RFC 6152 3 */
        return unmet("6.3", "the host takes no 8-bit messages, and this one cannot be converted");
    case SMTP_EXTENSION_SMTPUTF8: /* RFC 6531 3.2 */
        return unmet("6.7", "the host takes no messages with addresses or headers beyond ASCII");
    case SMTP_EXTENSION_SIZE: /* RFC 1870 6.1 */
        return unmet("3.4", "the message is larger than the host takes");
    default: /* RFC 8689 4.2.1 */
        return unmet("7.30", "the message demands TLS all the way, and the host does not promise it");
    }
}

/* Whoever is between us and the host can cause these: they must not cost the message. */
static struct verdict of_policy(const char *subject_and_detail, const char *reason) {
    struct verdict verdict = deferred(subject_and_detail, reason);
    verdict.tries_next_host = true;
    verdict.is_host_lost = true;
    return verdict;
}

struct verdict verdict_of(const struct smtp_client_outcome *outcome) {
    switch (outcome->result) {
    case SMTP_CLIENT_OK:
        return of_success(outcome);
    case SMTP_CLIENT_REFUSED:
        return of_refusal(outcome);
    case SMTP_CLIENT_MALFORMED:
        return of_malformed(outcome);
    case SMTP_CLIENT_LOST:
        return of_loss(outcome);
    case SMTP_CLIENT_TIMED_OUT:
        return of_timeout(outcome);
    case SMTP_CLIENT_CANCELLED:
        return of_cancel(outcome);
    case SMTP_CLIENT_TLS_MISSING:
        return of_policy("7.10", "TLS is required, and the host offers none");
    case SMTP_CLIENT_TLS_FAILED:
        return of_policy("7.5", outcome->tls_fault
                                    ? outcome->tls_fault
                                    : "no TLS connection that is good enough could be made to the host");
    case SMTP_CLIENT_INJECTED:
        return of_policy("7.5", "something was put into the connection before TLS began");
    case SMTP_CLIENT_NO_MECHANISM: {
        struct verdict verdict = of_policy("7.4", "there is no safe way to log in that the host offers");
        verdict.tries_next_host = false;
        return verdict;
    }
    case SMTP_CLIENT_LACKS:
        return of_lack(outcome->needs);
    case SMTP_CLIENT_NO_CONTENT: {
        struct verdict verdict = deferred("3.0", "the stored message could not be read");
        verdict.is_host_lost = true;
        return verdict;
    }
    }
    FATAL("an SMTP result that is none: %d", outcome->result);
}

struct verdict verdict_of_connect(int error) {
    const char *reason = error == -ETIMEDOUT      ? "no connection could be made in time"
                         : error == -ECONNREFUSED ? "the connection was refused"
                         : error == -ENETUNREACH || error == -EHOSTUNREACH ? "there is no way to the host"
                                                                           : "no connection could be made";
    struct verdict verdict = deferred("4.1", reason);
    verdict.tries_next_host = error != -ECANCELED;
    verdict.is_host_lost = true;
    return verdict;
}

struct verdict verdict_of_both(const struct verdict *earlier, const struct verdict *later) {
    if (later->outcome != QUEUE_FAILED || !later->tries_next_host) return *later;
    return earlier->outcome == QUEUE_DEFERRED ? *earlier : *later;
}

void verdict_write_answer(struct buffer *out, const struct smtp_answer *answer) {
    if (answer->code == 0) return;
    buffer_append_number(out, answer->code);
    if (answer->enhanced.class)
        buffer_printf(out, " %u.%u.%u", answer->enhanced.class, answer->enhanced.subject,
                      answer->enhanced.detail);
    if (answer->text.len) buffer_append_byte(out, ' ');
    buffer_append(out, answer->text);
}
