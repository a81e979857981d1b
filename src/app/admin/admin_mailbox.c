/* The verbs of sender mailboxes (app/admin/admin.h): "outreach mailbox add|list|show|set|test|remove". No
   answer has a secret. */
#include "app/admin/admin_outreach.h"
#include "app/admin/mailbox_details.h"
#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/mailbox_desk.h"
#include "outreach/office.h"
#include "store/engine_sender.h"

enum { LINE_BYTES_MAX = 4096, NEXT_TOKEN_MS = 1000 };

static struct slice name_of(const struct admin *admin) { return admin->request->words[3]; }

static json_t *failed(struct admin *admin, enum store_result result, const char *refused) {
    if (result == STORE_OVER_QUOTA)
        return admin_error(SLICE("there are 1000 mailboxes, which is as many as can be"));
    return admin_failure(admin, result, name_of(admin),
                         "is not a mailbox of outreach; posthaste outreach mailbox list shows them", refused);
}

/* ---- what is there ---- */

static json_t *login_of(const struct sender_login *login) {
    return json_pack("{s:o, s:I, s:s, s:o, s:s, s:o}", "host", admin_text(login->host), "port",
                     (json_int_t)login->port, "tls", sender_tls_name(login->tls), "user",
                     admin_text(login->user), "auth", login->auth == SENDER_AUTH_OAUTH ? "oauth" : "password",
                     "provider", admin_text(login->provider));
}

static json_t *limits_of(const struct sender_limits *limits) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "gap_min_s",
                     (json_int_t)(limits->gap_min_ms / 1000), "gap_max_s",
                     (json_int_t)(limits->gap_max_ms / 1000), "hourly", (json_int_t)limits->hourly_max,
                     "daily", (json_int_t)limits->daily_max, "ramp_start", (json_int_t)limits->ramp_start,
                     "ramp_step", (json_int_t)limits->ramp_step, "override_by",
                     admin_text(limits->override_by), "time_zone", admin_text(limits->time_zone));
}

static const char *copies_name(enum sender_copies copies) {
    return copies == SENDER_COPIES_PROVIDER ? "provider" : copies == SENDER_COPIES_OURS ? "ours" : "unknown";
}

json_t *admin_copies_json(const struct sender_copy_state *state) {
    if (state->waiting == 0 && state->lost == 0) return json_null();
    return json_pack("{s:I, s:I, s:s, s:s, s:s, s:o}", "waiting", (json_int_t)state->waiting, "given_up",
                     (json_int_t)state->lost, "cause", sender_cause_name(state->cause), "words",
                     state->cause == SENDER_CAUSE_NONE ? "" : cause_words(state->cause), "advice",
                     cause_advice(state->cause), "detail", admin_text(state->detail));
}

static json_t *copies_of(struct admin *admin, const struct sender *sender) {
    struct sender_copy_state state;
    if (sender->account || engine_copy_state(admin->engine, admin->arena, sender->id, 0, &state) != STORE_OK)
        return json_null();
    return admin_copies_json(&state);
}

static json_t *mailbox_of(struct admin *admin, const struct sender *sender) {
    json_t *told =
        json_pack("{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:s, s:b, s:b, s:o}", "address",
                  admin_text(sender->address), "name", admin_text(sender->name), "kind",
                  sender->account ? "local" : "outside", "state", sender_state_name(sender->state), "cause",
                  sender_cause_name(sender->cause), "words", cause_words(sender->cause), "advice",
                  cause_advice(sender->cause), "detail", admin_text(sender->detail), "checked_ms",
                  (json_int_t)sender->checked_ms, "tested_ms", (json_int_t)sender->tested_ms, "sent_copies",
                  copies_name(sender->copies), "plus_addressing", sender->has_plus, "renaming_accepted",
                  sender->is_renaming_accepted, "limits", limits_of(&sender->limits));
    json_object_set_new(told, "not_in_sent", copies_of(admin, sender));
    if (sender->account) return told;
    json_object_set_new(told, "smtp", login_of(&sender->smtp));
    json_object_set_new(told, "imap", login_of(&sender->imap));
    return told;
}

json_t *admin_mailboxes_json(struct admin *admin) {
    struct sender *senders;
    size_t count;
    if (engine_sender_list(admin->engine, admin->arena, &senders, &count) != STORE_OK) return NULL;
    json_t *listed = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(listed, mailbox_of(admin, &senders[i]));
    return listed;
}

static json_t *list(struct admin *admin) {
    json_t *listed = admin_mailboxes_json(admin);
    return listed ? json_pack("{s:o}", "mailboxes", listed)
                  : admin_failure(admin, STORE_FAILED, SLICE("the list"), "", "");
}

/* False: *answer says why not. */
static bool find(struct admin *admin, struct sender *sender, json_t **answer) {
    struct slice address;
    enum store_result result = STORE_NOT_FOUND;
    if (sender_address_read(admin->arena, name_of(admin), &address))
        result = engine_sender_find(admin->engine, admin->arena, address, sender);
    if (result == STORE_OK) return true;
    *answer = failed(admin, result, "");
    return false;
}

static json_t *show(struct admin *admin) {
    struct sender sender;
    json_t *answer;
    return find(admin, &sender, &answer) ? json_pack("{s:o}", "mailbox", mailbox_of(admin, &sender)) : answer;
}

static json_t *remove_one(struct admin *admin) {
    struct sender sender;
    json_t *answer;
    if (!find(admin, &sender, &answer)) return answer;
    enum store_result result = engine_sender_remove(admin->t, admin->engine, sender.address);
    if (result != STORE_OK) return failed(admin, result, "");
    if (admin->context->mailboxes) mailbox_desk_changed(admin->context->mailboxes);
    return json_pack("{s:o}", "removed", admin_text(sender.address));
}

/* ---- a test ---- */

/* The line is also what --json does not have: it goes to who waits, at once. */
static void show_step(void *context, const struct mailbox_step *step) {
    const struct admin *admin = context;
    struct buffer line = buffer_new(LINE_BYTES_MAX);
    buffer_printf(&line, "%-4s %6lld ms  %.*s", step->is_good ? "ok" : "FAIL", (long long)step->took_ms,
                  SLICE_PRINT(step->text));
    if (step->advice.len) buffer_printf(&line, "\n                %.*s", SLICE_PRINT(step->advice));
    if (admin->context->progress) admin->context->progress(admin->context->context, buffer_slice(&line));
    buffer_free(&line);
}

static json_t *steps_of(const struct mailbox_finding *finding) {
    json_t *steps = json_array();
    for (size_t i = 0; i < finding->step_count; i++) {
        const struct mailbox_step *step = &finding->steps[i];
        json_t *told = json_pack("{s:b, s:I, s:o}", "good", step->is_good, "ms", (json_int_t)step->took_ms,
                                 "text", admin_text(step->text));
        if (step->advice.len) json_object_set_new(told, "advice", admin_text(step->advice));
        json_array_append_new(steps, told);
    }
    return steps;
}

/* False: *answer says why it could not be tried. */
static bool run_job(struct admin *admin, const struct sender *sender, struct mailbox_finding *finding,
                    json_t **answer) {
    struct mailbox_job job = {.sender = *sender};
    const char *line = "the remote role went away during the test; try again";
    if (!admin->context->mailboxes) {
        *answer = admin_error(SLICE("no server runs on this folder: start it, for only it may connect"));
        return false;
    }
    switch (mailbox_desk_run(admin->t, admin->context->mailboxes, admin->arena, &job, show_step, admin,
                             finding)) {
    case MAILBOX_DESK_DONE:
        return true;
    case MAILBOX_DESK_TIMEOUT:
        line = "the test took too long and was given up";
        break;
    case MAILBOX_DESK_GONE:
        break;
    }
    *answer = admin_error(slice_from_text(line));
    return false;
}

static json_t *tested(struct admin *admin, const struct sender *of, const struct mailbox_finding *finding) {
    struct sender sender;
    bool is_changed;
    struct mailbox_desk *desk = admin->context->mailboxes;
    struct sender_health health = {.sender = of->id,
                                   .state = finding->state,
                                   .cause = finding->cause,
                                   .detail = finding->detail,
                                   .is_test = true,
                                   .copies = finding->copies,
                                   .has_plus = finding->has_plus};
    /* Local ones are tested without a server, too. */
    enum store_result result = desk ? mailbox_desk_keep(admin->t, desk, of, finding)
                                    : engine_sender_health(admin->t, admin->engine, &health, &is_changed);
    if (result == STORE_OK) result = engine_sender_read(admin->engine, admin->arena, of->id, &sender);
    if (result != STORE_OK) return failed(admin, result, "");
    return json_pack("{s:b, s:o, s:o}", "works", finding->state == SENDER_GREEN, "mailbox",
                     mailbox_of(admin, &sender), "steps", steps_of(finding));
}

/* A local mailbox has no way that could fail but its account. */
static void test_local(struct admin *admin, const struct sender *sender, struct mailbox_finding *finding) {
    struct account account;
    enum store_result result = engine_account_find(admin->engine, admin->arena, sender->address, &account);
    bool good = result == STORE_OK && !account.is_disabled;
    struct mailbox_step *step = ARENA_NEW(admin->arena, struct mailbox_step);
    *step = (struct mailbox_step){
        .is_good = good,
        .text = good ? SLICE("the account is there; its answers are seen in the moment they are delivered")
                     : SLICE("the account is not there, or disabled")};
    *finding = (struct mailbox_finding){.state = good ? SENDER_GREEN : SENDER_RED,
                                        .cause = good ? SENDER_CAUSE_NONE : SENDER_CAUSE_ACCOUNT_GONE,
                                        .copies = SENDER_COPIES_OURS,
                                        .has_plus = true,
                                        .steps = step,
                                        .step_count = 1};
    show_step(admin, step);
}

/* A refresh token that serves once may have been used by the watcher in the same moment: then the store has
   the next one soon. */
static bool has_next_token(struct admin *admin, struct sender *sender,
                           const struct mailbox_finding *finding) {
    struct sender now;
    if (finding->cause != SENDER_CAUSE_TOKEN_EXPIRED || finding->fresh_token.len) return false;
    if (task_sleep(admin->t, NEXT_TOKEN_MS) != WAIT_OK ||
        engine_sender_open(admin->t, admin->engine, admin->arena, sender->id, &now) != STORE_OK)
        return false;
    bool has_next = !slice_equal(now.smtp.secret, sender->smtp.secret) ||
                    !slice_equal(now.imap.secret, sender->imap.secret);
    if (has_next) *sender = now;
    return has_next;
}

static json_t *test_sender(struct admin *admin, uint64_t id) {
    struct sender sender;
    struct mailbox_finding finding;
    json_t *answer;
    enum store_result result = engine_sender_open(admin->t, admin->engine, admin->arena, id, &sender);
    if (result == STORE_FAILED)
        return admin_error(arena_printf(admin->arena, "%s. %s", cause_words(SENDER_CAUSE_SECRET_LOST),
                                        cause_advice(SENDER_CAUSE_SECRET_LOST)));
    if (result != STORE_OK) return failed(admin, result, "");
    if (sender.account) {
        test_local(admin, &sender, &finding);
    } else if (!run_job(admin, &sender, &finding, &answer) ||
               (has_next_token(admin, &sender, &finding) && !run_job(admin, &sender, &finding, &answer))) {
        return answer;
    }
    return tested(admin, &sender, &finding);
}

static json_t *test(struct admin *admin) {
    struct sender sender;
    json_t *answer;
    return find(admin, &sender, &answer) ? test_sender(admin, sender.id) : answer;
}

/* ---- adding ---- */

static void apply_login(struct sender_login *login, const struct sender_login *given, bool has_host,
                        bool has_user, bool has_secret) {
    if (has_host) {
        login->host = given->host;
        login->port = given->port;
        login->tls = given->tls;
    }
    if (has_user) login->user = given->user;
    if (!has_secret) return;
    login->secret = given->secret;
    login->auth = SENDER_AUTH_PASSWORD;
    login->provider = SLICE_EMPTY;
}

static void apply_limits(struct sender *sender, const struct mailbox_details *details) {
    const struct sender_limits *given = &details->sender.limits;
    struct sender_limits *limits = &sender->limits;
    if (details->given & MAILBOX_GIVEN_GAP) {
        limits->gap_min_ms = given->gap_min_ms;
        limits->gap_max_ms = given->gap_max_ms;
    }
    if (details->given & MAILBOX_GIVEN_HOURLY) limits->hourly_max = given->hourly_max;
    if (details->given & MAILBOX_GIVEN_DAILY) limits->daily_max = given->daily_max;
    if (details->given & MAILBOX_GIVEN_RAMP) {
        limits->ramp_start = given->ramp_start;
        limits->ramp_step = given->ramp_step;
    }
    if (details->given & MAILBOX_GIVEN_OVERRIDE) limits->override_by = given->override_by;
    if (details->given & MAILBOX_GIVEN_ZONE) limits->time_zone = given->time_zone;
}

static void apply(struct sender *sender, const struct mailbox_details *details) {
    unsigned given = details->given;
    if (given & MAILBOX_GIVEN_NAME) sender->name = details->sender.name;
    if (given & MAILBOX_GIVEN_RENAMING) sender->is_renaming_accepted = details->sender.is_renaming_accepted;
    apply_login(&sender->smtp, &details->sender.smtp, given & MAILBOX_GIVEN_SMTP,
                given & MAILBOX_GIVEN_SMTP_USER, given & MAILBOX_GIVEN_PASSWORD);
    apply_login(&sender->imap, &details->sender.imap, given & MAILBOX_GIVEN_IMAP,
                given & MAILBOX_GIVEN_IMAP_USER,
                given & (MAILBOX_GIVEN_PASSWORD | MAILBOX_GIVEN_IMAP_PASSWORD));
    apply_limits(sender, details);
}

/* Faster than what is good for all only with somebody's name to it. */
static json_t *check_pace(const struct sender *sender, const struct mailbox_details *details) {
    const unsigned paces = MAILBOX_GIVEN_GAP | MAILBOX_GIVEN_DAILY | MAILBOX_GIVEN_RAMP;
    struct pacer_limits limits = outreach_own_limits(sender);
    if (!(details->given & paces)) return NULL;
    enum pacer_limits_fault fault = pacer_limits_check(&limits, details->given & MAILBOX_GIVEN_OVERRIDE);
    if (fault == PACER_LIMITS_NEED_OVERRIDE)
        return admin_error(
            SLICE("more than 100 a day from one mailbox, or gaps under 95 seconds, hurt how its mail is "
                  "delivered; to do it all the same, say who decides that: --override NAME (it is logged)"));
    return fault ? admin_error(slice_from_text(pacer_limits_fault_words(fault))) : NULL;
}

/* The code for a refresh token, for both ways. NULL: it is done; else why not. */
static json_t *redeem(struct admin *admin, const struct mailbox_details *details, struct sender *sender) {
    struct mailbox_code code = {
        .code = details->code, .verifier = details->verifier, .redirect_uri = details->redirect_uri};
    struct mailbox_grant grant;
    if (!(details->given & MAILBOX_GIVEN_OAUTH)) return NULL;
    if (!admin->context->mailboxes)
        return admin_error(SLICE("no server runs on this folder: start it, for only it may connect"));
    if (engine_provider_open(admin->t, admin->engine, admin->arena, details->provider, &code.provider) !=
        STORE_OK)
        return admin_error(arena_printf(admin->arena, "%.*s: %s", SLICE_PRINT(details->provider),
                                        cause_words(SENDER_CAUSE_OAUTH_UNKNOWN)));
    if (mailbox_desk_redeem(admin->t, admin->context->mailboxes, admin->arena, &code, &grant) !=
        MAILBOX_DESK_DONE)
        return admin_error(SLICE("the remote role did not answer; try again"));
    if (grant.cause != SENDER_CAUSE_NONE)
        return admin_error(arena_printf(admin->arena, "%s%s%.*s. %s", cause_words(grant.cause),
                                        grant.detail.len ? ": " : "", SLICE_PRINT(grant.detail),
                                        cause_advice(grant.cause)));
    struct sender_login *logins[] = {&sender->smtp, &sender->imap};
    for (size_t i = 0; i < 2; i++) {
        logins[i]->auth = SENDER_AUTH_OAUTH;
        logins[i]->provider = details->provider;
        logins[i]->secret = grant.refresh_token;
    }
    return NULL;
}

static json_t *add_local(struct admin *admin, struct sender *sender, uint64_t account) {
    struct mailbox_finding finding;
    sender->account = account;
    enum store_result result = engine_sender_add(admin->t, admin->engine, sender);
    if (result != STORE_OK) return failed(admin, result, "cannot be a mailbox of outreach");
    test_local(admin, sender, &finding);
    return tested(admin, sender, &finding);
}

/* What has hosts is kept whatever the test says: its owner mends it, and it is watched until it is good. */
static json_t *add_outside(struct admin *admin, struct sender *sender) {
    struct mailbox_finding finding;
    json_t *answer;
    if (sender->smtp.user.len == 0) sender->smtp.user = sender->smtp.host.len ? sender->address : SLICE_EMPTY;
    if (sender->imap.user.len == 0) sender->imap.user = sender->imap.host.len ? sender->address : SLICE_EMPTY;
    if (!run_job(admin, sender, &finding, &answer)) return answer;
    sender->smtp = finding.smtp;
    sender->imap = finding.imap;
    if (finding.smtp.host.len == 0 || finding.imap.host.len == 0) {
        enum sender_cause cause = finding.cause;
        return json_pack("{s:b, s:b, s:o, s:s, s:o}", "works", false, "saved", false, "address",
                         admin_text(sender->address), "cause", sender_cause_name(cause), "steps",
                         steps_of(&finding));
    }
    enum store_result result = engine_sender_add(admin->t, admin->engine, sender);
    if (result == STORE_REFUSED) return admin_error(slice_from_text(sender_check(sender)));
    if (result != STORE_OK) return failed(admin, result, "");
    answer = tested(admin, sender, &finding);
    json_object_set_new(answer, "saved", json_true());
    return answer;
}

static json_t *add(struct admin *admin) {
    struct mailbox_details details;
    struct sender sender = {0};
    struct account account;
    if (!mailbox_details_unpack(admin->request->details, &details))
        return admin_error(SLICE("this server does not understand that mailbox; is it of another version?"));
    if (!sender_address_read(admin->arena, name_of(admin), &sender.address))
        return admin_error(arena_printf(admin->arena, "%.*s is no address", SLICE_PRINT(name_of(admin))));
    struct sender there;
    if (engine_sender_find(admin->engine, admin->arena, sender.address, &there) == STORE_OK)
        return failed(admin, STORE_EXISTS, "");
    apply(&sender, &details);
    json_t *fault = check_pace(&sender, &details);
    if (fault) return fault;
    bool is_outside = details.given & (MAILBOX_GIVEN_WAYS | MAILBOX_GIVEN_OUTSIDE);
    if (!is_outside && engine_account_find(admin->engine, admin->arena, sender.address, &account) == STORE_OK)
        return add_local(admin, &sender, account.id);
    fault = redeem(admin, &details, &sender);
    if (fault) return fault;
    if (sender.smtp.secret.len == 0)
        return admin_error(arena_printf(admin->arena,
                                        "%.*s is not an account here; of an outside mailbox the password "
                                        "(--password-stdin) or --oauth is needed",
                                        SLICE_PRINT(sender.address)));
    return add_outside(admin, &sender);
}

static json_t *set(struct admin *admin) {
    struct mailbox_details details;
    struct sender sender;
    json_t *answer;
    if (!mailbox_details_unpack(admin->request->details, &details))
        return admin_error(SLICE("this server does not understand that mailbox; is it of another version?"));
    if (!find(admin, &sender, &answer)) return answer;
    apply(&sender, &details);
    json_t *fault = check_pace(&sender, &details);
    if (!fault) fault = redeem(admin, &details, &sender);
    if (fault) return fault;
    enum store_result result = engine_sender_change(admin->t, admin->engine, &sender);
    if (result == STORE_REFUSED) {
        const char *line = sender_check(&sender);
        return admin_error(slice_from_text(line ? line : "it cannot be changed to that"));
    }
    if (result != STORE_OK) return failed(admin, result, "");
    /* The watcher hears of it after the test: a refresh token that changes with each use serves one at a
     * time. */
    bool has_way = details.given & (MAILBOX_GIVEN_WAYS | MAILBOX_GIVEN_RENAMING);
    answer = has_way && admin->context->mailboxes ? test_sender(admin, sender.id) : show(admin);
    if (admin->context->mailboxes) mailbox_desk_changed(admin->context->mailboxes);
    return answer;
}

json_t *admin_outreach_mailbox(struct admin *admin) {
    static const struct {
        struct slice verb;
        size_t words;
        json_t *(*run)(struct admin *admin);
    } verbs[] = {{SLICE_INIT("add"), 4, add},   {SLICE_INIT("list"), 3, list},
                 {SLICE_INIT("show"), 4, show}, {SLICE_INIT("set"), 4, set},
                 {SLICE_INIT("test"), 4, test}, {SLICE_INIT("remove"), 4, remove_one}};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (slice_equal(admin->request->words[2], verbs[i].verb) &&
            admin->request->word_count == verbs[i].words)
            return verbs[i].run(admin);
    return admin_error(SLICE("this server does not know that command; is it older than this program?"));
}
