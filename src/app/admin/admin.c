#include "app/admin/admin_outreach.h"
#include "app/admin/admin_verbs.h"

#include <stdio.h>

#include "base/limits.h"
#include "ipc/pack.h"

enum { ADMIN_ARENA_BYTES = 64 << 20 };

void admin_request_pack(struct buffer *out, const struct admin_request *request) {
    pack_number(out, request->word_count);
    for (size_t i = 0; i < request->word_count; i++) pack_slice(out, request->words[i]);
    pack_slice(out, request->password);
    pack_number(out, request->quota_bytes);
    pack_slice(out, request->details);
}

bool admin_request_unpack(struct slice body, struct admin_request *request) {
    struct unpacker in = unpacker_of(body);
    *request = (struct admin_request){.word_count = unpack_number_max(&in, ADMIN_WORDS_MAX)};
    for (size_t i = 0; i < request->word_count; i++) request->words[i] = unpack_slice(&in);
    request->password = unpack_slice(&in);
    request->quota_bytes = unpack_number(&in);
    request->details = unpack_slice(&in);
    return unpack_is_done(&in);
}

json_t *admin_text(struct slice s) {
    /* Of nothing there may be no pointer, which jansson takes for a mistake. */
    if (s.len == 0) return json_string("");
    json_t *text = json_stringn((const char *)s.ptr, s.len);
    if (text) return text;
    struct buffer ascii = buffer_new(SIZE_MAX / 2);
    for (size_t i = 0; i < s.len; i++) buffer_append_byte(&ascii, s.ptr[i] < 0x80 ? s.ptr[i] : '?');
    text = json_stringn((const char *)ascii.ptr, ascii.len);
    buffer_free(&ascii);
    return text;
}

json_t *admin_error(struct slice line) { return json_pack("{s:o}", "error", admin_text(line)); }

json_t *admin_failure(struct admin *admin, enum store_result result, struct slice subject,
                      const char *not_found, const char *refused) {
    const char *text = "the store failed; see the log";
    const char *code = "failed";
    switch (result) {
    case STORE_NOT_FOUND:
        text = not_found;
        code = "not_found";
        break;
    case STORE_EXISTS:
        text = "is there already";
        code = "exists";
        break;
    case STORE_REFUSED:
        text = refused;
        code = "refused";
        break;
    case STORE_FULL:
        text = "cannot be stored: the disk is full";
        code = "full";
        break;
    case STORE_BUSY:
        text = "cannot be done now: too much work is waiting; try again";
        code = "busy";
        break;
    default:
        break;
    }
    json_t *error = admin_error(arena_printf(admin->arena, "%.*s %s", SLICE_PRINT(subject), text));
    json_object_set_new(error, "code", json_string(code));
    return error;
}

static json_t *done(const char *key, struct slice subject) {
    return json_pack("{s:o}", key, admin_text(subject));
}

#define PASSWORD_UNFIT \
    "the password is longer than 1024 bytes or has characters that none may have (RFC 4013)"

static json_t *account_add(struct admin *admin) {
    struct slice address = admin->request->words[2];
    uint64_t id;
    enum store_result result = engine_account_add(admin->t, admin->engine, address, admin->request->password,
                                                  admin->request->quota_bytes, &id);
    if (result == STORE_OK) return done("added", address);
    return admin_failure(admin, result, address,
                         "belongs to a domain that is not ours; posthaste domain add it first",
                         "is not an address like user@example.test, or " PASSWORD_UNFIT);
}

static json_t *account_password(struct admin *admin) {
    struct slice address = admin->request->words[2];
    enum store_result result =
        engine_account_password(admin->t, admin->engine, address, admin->request->password);
    if (result == STORE_OK) return done("changed", address);
    return admin_failure(admin, result, address, "is not an account", "cannot have this: " PASSWORD_UNFIT);
}

static json_t *account_remove(struct admin *admin) {
    struct slice address = admin->request->words[2];
    enum store_result result = engine_account_remove(admin->t, admin->engine, address);
    if (result == STORE_OK) return done("removed", address);
    return admin_failure(admin, result, address, "is not an account", "is not an address");
}

/* "imap=off": false: it is none of these. */
static bool read_service(struct slice word, struct account_services *services) {
    struct slice name = slice_take_until(&word, '=');
    (void)slice_take_byte(&word, '=');
    bool is_off = slice_equal(word, SLICE("off"));
    if (!is_off && !slice_equal(word, SLICE("on"))) return false;
    if (slice_equal(name, SLICE("imap"))) {
        services->has_imap = true;
        services->is_imap_off = is_off;
        return true;
    }
    services->has_pop3 = true;
    services->is_pop3_off = is_off;
    return slice_equal(name, SLICE("pop3"));
}

static json_t *account_set(struct admin *admin) {
    struct slice address = admin->request->words[2];
    struct account_services services = {0};
    for (size_t i = 3; i < admin->request->word_count; i++)
        if (!read_service(admin->request->words[i], &services))
            return admin_error(arena_printf(admin->arena,
                                            "%.*s is none of imap=on, imap=off, pop3=on, pop3=off",
                                            SLICE_PRINT(admin->request->words[i])));
    enum store_result result = engine_account_switch(admin->t, admin->engine, address, &services);
    if (result == STORE_OK) return done("changed", address);
    return admin_failure(admin, result, address, "is not an account", "is not an address");
}

static json_t *account_list(struct admin *admin) {
    struct account *accounts;
    size_t count;
    enum store_result result = engine_account_list(admin->engine, admin->arena, &accounts, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:I, s:I, s:I, s:b, s:b, s:b}", "address", admin_text(accounts[i].address),
                            "messages", (json_int_t)accounts[i].message_count, "bytes",
                            (json_int_t)accounts[i].used_bytes, "quota_bytes",
                            (json_int_t)accounts[i].quota_bytes, "disabled", accounts[i].is_disabled, "imap",
                            !accounts[i].is_imap_off, "pop3", !accounts[i].is_pop3_off));
    return json_pack("{s:o}", "accounts", list);
}

static json_t *alias_add(struct admin *admin) {
    struct alias alias = {admin->request->words[2], admin->request->words[3]};
    enum store_result result = engine_alias_add(admin->t, admin->engine, &alias);
    if (result == STORE_OK) return done("added", alias.address);
    return admin_failure(admin, result, alias.address,
                         "belongs to a domain that is not ours; posthaste domain add it first",
                         "cannot be an alias for that: both must be addresses (or @domain for a catch-all)");
}

static json_t *alias_remove(struct admin *admin) {
    struct alias alias = {admin->request->words[2],
                          admin->request->word_count > 3 ? admin->request->words[3] : SLICE_EMPTY};
    enum store_result result = engine_alias_remove(admin->t, admin->engine, &alias);
    if (result == STORE_OK) return done("removed", alias.address);
    return admin_failure(admin, result, alias.address, "is not such an alias", "is not an address");
}

static json_t *alias_list(struct admin *admin) {
    struct alias *aliases;
    size_t count;
    enum store_result result = engine_alias_list(admin->engine, admin->arena, &aliases, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:o}", "address", admin_text(aliases[i].address),
                                              "target", admin_text(aliases[i].target)));
    return json_pack("{s:o}", "aliases", list);
}

/* False: the words behind the name are none. */
static bool read_domain_kind(const struct admin_request *request, enum domain_kind *kind) {
    *kind = DOMAIN_LOCAL;
    if (request->word_count == 3) return true;
    *kind = request->word_count == 4 ? DOMAIN_RELAYED : DOMAIN_VERIFIED;
    return slice_equal(request->words[3], SLICE("relay")) &&
           (request->word_count == 4 || slice_equal(request->words[4], SLICE("verify")));
}

static json_t *domain_add(struct admin *admin) {
    struct slice name = admin->request->words[2];
    enum domain_kind kind;
    if (!read_domain_kind(admin->request, &kind))
        return admin_error(SLICE("a domain can be added as \"relay\", or \"relay\" and \"verify\", only"));
    enum store_result result = engine_domain_add(admin->t, admin->engine, name, kind);
    if (result == STORE_OK) return done("added", name);
    return admin_failure(admin, result, name, "", "is not a domain name");
}

static json_t *domain_remove(struct admin *admin) {
    struct slice name = admin->request->words[2];
    enum store_result result = engine_domain_remove(admin->t, admin->engine, name);
    if (result == STORE_OK) return done("removed", name);
    return admin_failure(admin, result, name, "is not one of our domains",
                         "still has accounts or aliases; remove them first");
}

static json_t *domain_list(struct admin *admin) {
    struct domain *domains;
    size_t count;
    enum store_result result = engine_domain_list(admin->engine, admin->arena, &domains, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:I, s:b, s:b}", "name", admin_text(domains[i].name),
                                              "accounts", (json_int_t)domains[i].account_count, "relay",
                                              domains[i].is_relay, "verify", domains[i].is_verified));
    return json_pack("{s:o}", "domains", list);
}

static json_t *report_of(const struct role_report *report) {
    json_t *missing = json_array();
    if (!report->walls.own_user) json_array_append_new(missing, json_string("own user"));
    if (!report->walls.no_new_privileges) json_array_append_new(missing, json_string("no new privileges"));
    if (!report->walls.seccomp) json_array_append_new(missing, json_string("seccomp"));
    if (!report->walls.landlock) json_array_append_new(missing, json_string("Landlock"));
    return json_pack("{s:s, s:I, s:I, s:I, s:o}", "kind", role_kind_name(report->kind), "index",
                     (json_int_t)report->index, "pid", (json_int_t)report->pid, "restarts",
                     (json_int_t)report->restarts, "missing_walls", missing);
}

static json_t *roles_of(const struct admin_roles *roles) {
    json_t *list = json_array();
    for (size_t i = 0; roles && i < roles->count; i++)
        json_array_append_new(list, report_of(&roles->reports[i]));
    return list;
}

static json_t *status(struct admin *admin) {
    struct store_status status;
    enum store_result result = engine_status(admin->engine, &status);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the status"), "", "");
    const struct admin_roles *roles = admin->context->roles;
    return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "version",
                     POSTHASTE_VERSION, "running", roles != NULL, "domains", (json_int_t)status.domains,
                     "accounts", (json_int_t)status.accounts, "messages", (json_int_t)status.messages,
                     "mail_bytes", (json_int_t)status.mail_bytes, "stored_bytes",
                     (json_int_t)status.body_bytes, "live_bytes", (json_int_t)status.live_bytes, "dead_bytes",
                     (json_int_t)(status.body_bytes - status.live_bytes), "segments",
                     (json_int_t)status.segments, "queue_waiting", (json_int_t)status.queue_waiting,
                     "queue_held", (json_int_t)status.queue_held, "free_bytes", (json_int_t)status.free_bytes,
                     "roles", roles_of(roles), "certificate", admin_certificate_state(admin));
}

/* Logins for one attempt each, for posthaste health: only a running server has a use for them. */
static json_t *health(struct admin *admin) {
    struct store_status status;
    if (!admin->context->roles) return admin_error(SLICE("no server runs on this folder"));
    enum store_result result = engine_status(admin->engine, &status);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the status"), "", "");
    json_t *logins = json_array();
    for (size_t i = 0; i < ADMIN_HEALTH_LOGINS; i++) {
        struct slice user;
        struct slice password;
        engine_grant(admin->engine, admin->arena, &user, &password);
        json_array_append_new(
            logins, json_pack("{s:o, s:o}", "user", admin_text(user), "password", admin_text(password)));
    }
    return json_pack("{s:o, s:I}", "logins", logins, "free_bytes", (json_int_t)status.free_bytes);
}

struct faults {
    struct admin *admin;
    json_t *list;
};

static void note_fault(void *context, struct slice line) {
    struct faults *faults = context;
    if (json_array_size(faults->list) < 1000) json_array_append_new(faults->list, admin_text(line));
    const struct admin_context *admin = faults->admin->context;
    if (admin->progress) admin->progress(admin->context, line);
}

static json_t *verify(struct admin *admin) {
    struct faults faults = {admin, json_array()};
    struct verify_report report;
    enum store_result result = engine_verify(admin->t, admin->engine, note_fault, &faults, &report);
    if (result != STORE_OK) {
        json_decref(faults.list);
        return admin_failure(admin, result, SLICE("the check"), "", "");
    }
    return json_pack("{s:b, s:I, s:I, s:I, s:o}", "clean", report.faults == 0, "messages",
                     (json_int_t)report.messages, "bodies", (json_int_t)report.bodies, "faults",
                     (json_int_t)report.faults, "lines", faults.list);
}

static void note_progress(void *context, struct slice line) {
    const struct admin_context *admin = ((struct admin *)context)->context;
    if (admin->progress) admin->progress(admin->context, line);
}

static json_t *compact(struct admin *admin) {
    struct compact_report report;
    struct store_status status;
    enum store_result result = engine_compact(admin->t, admin->engine, note_progress, admin, &report);
    if (result == STORE_OK) result = engine_status(admin->engine, &status);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("compacting"), "", "");
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "freed_bytes", (json_int_t)report.freed_bytes,
                     "moved_bytes", (json_int_t)report.moved_bytes, "segments_removed",
                     (json_int_t)report.segments, "stored_bytes", (json_int_t)status.body_bytes, "live_bytes",
                     (json_int_t)status.live_bytes);
}

struct verb {
    struct slice noun;
    struct slice verb;
    size_t least_words;
    size_t most_words;
    json_t *(*run)(struct admin *admin);
};

static const struct verb verbs[] = {
    {SLICE_INIT("account"), SLICE_INIT("add"), 3, 3, account_add},
    {SLICE_INIT("account"), SLICE_INIT("list"), 2, 2, account_list},
    {SLICE_INIT("account"), SLICE_INIT("password"), 3, 3, account_password},
    {SLICE_INIT("account"), SLICE_INIT("remove"), 3, 3, account_remove},
    {SLICE_INIT("alias"), SLICE_INIT("add"), 4, 4, alias_add},
    {SLICE_INIT("account"), SLICE_INIT("set"), 4, 5, account_set},
    {SLICE_INIT("alias"), SLICE_INIT("list"), 2, 2, alias_list},
    {SLICE_INIT("alias"), SLICE_INIT("remove"), 3, 4, alias_remove},
    {SLICE_INIT("api"), SLICE_INIT("add"), 4, 4, admin_api_add},
    {SLICE_INIT("api"), SLICE_INIT("list"), 2, 2, admin_api_list},
    {SLICE_INIT("api"), SLICE_INIT("remove"), 3, 3, admin_api_remove},
    {SLICE_INIT("certificate"), SLICE_INIT("order"), 2, 2, admin_certificate_order},
    {SLICE_INIT("certificate"), SLICE_INIT("renew"), 2, 2, admin_certificate_order},
    {SLICE_INIT("certificate"), SLICE_INIT("status"), 2, 2, admin_certificate_status},
    {SLICE_INIT("compact"), SLICE_INIT(""), 1, 1, compact},
    {SLICE_INIT("contact"), SLICE_INIT("erase"), 3, 3, admin_contact_erase},
    {SLICE_INIT("contact"), SLICE_INIT("export"), 3, 3, admin_contact_export},
    {SLICE_INIT("contact"), SLICE_INIT("imports"), 2, 2, admin_contact_imports},
    {SLICE_INIT("contact"), SLICE_INIT("list"), 2, 6, admin_contact_list},
    {SLICE_INIT("contact"), SLICE_INIT("remove"), 3, 3, admin_contact_remove},
    {SLICE_INIT("contact"), SLICE_INIT("set"), 2, 2, admin_contact_set},
    {SLICE_INIT("contact"), SLICE_INIT("show"), 3, 3, admin_contact_show},
    {SLICE_INIT("contact"), SLICE_INIT("undo"), 3, 3, admin_contact_undo},
    {SLICE_INIT("domain"), SLICE_INIT("add"), 3, 5, domain_add},
    {SLICE_INIT("domain"), SLICE_INIT("facts"), 3, 3, admin_domain_facts},
    {SLICE_INIT("domain"), SLICE_INIT("dkim"), 4, 5, admin_domain_dkim},
    {SLICE_INIT("domain"), SLICE_INIT("list"), 2, 2, domain_list},
    {SLICE_INIT("domain"), SLICE_INIT("remove"), 3, 3, domain_remove},
    {SLICE_INIT("health"), SLICE_INIT(""), 1, 1, health},
    {SLICE_INIT("outreach"), SLICE_INIT("add"), 4, 5, admin_campaign_add},
    {SLICE_INIT("outreach"), SLICE_INIT("answers"), 2, 3, admin_outreach_answers},
    {SLICE_INIT("outreach"), SLICE_INIT("correct"), 4, 4, admin_outreach_correct},
    {SLICE_INIT("outreach"), SLICE_INIT("create"), 3, 3, admin_campaign_create},
    {SLICE_INIT("outreach"), SLICE_INIT("events"), 2, 4, admin_outreach_events},
    {SLICE_INIT("outreach"), SLICE_INIT("pause"), 3, 3, admin_campaign_order},
    {SLICE_INIT("outreach"), SLICE_INIT("prospects"), 3, 4, admin_outreach_prospects},
    {SLICE_INIT("outreach"), SLICE_INIT("resume"), 3, 3, admin_campaign_order},
    {SLICE_INIT("outreach"), SLICE_INIT("settle"), 4, 4, admin_outreach_settle},
    {SLICE_INIT("outreach"), SLICE_INIT("start"), 3, 3, admin_campaign_order},
    {SLICE_INIT("outreach"), SLICE_INIT("stats"), 3, 3, admin_outreach_stats},
    {SLICE_INIT("outreach"), SLICE_INIT("status"), 2, 3, admin_outreach_status},
    {SLICE_INIT("outreach"), SLICE_INIT("stop"), 3, 3, admin_campaign_order},
    {SLICE_INIT("outreach"), SLICE_INIT("why"), 3, 3, admin_outreach_why},
    {SLICE_INIT("outreach"), SLICE_INIT("mailbox"), 3, 4, admin_outreach_mailbox},
    {SLICE_INIT("outreach"), SLICE_INIT("oauth"), 3, 4, admin_outreach_oauth},
    {SLICE_INIT("queue"), SLICE_INIT("body"), 4, 4, admin_queue_body},
    {SLICE_INIT("queue"), SLICE_INIT("bounce"), 3, 4, admin_queue_order},
    {SLICE_INIT("queue"), SLICE_INIT("hold"), 3, 4, admin_queue_order},
    {SLICE_INIT("queue"), SLICE_INIT("list"), 2, 6, admin_queue_list},
    {SLICE_INIT("queue"), SLICE_INIT("release"), 3, 4, admin_queue_order},
    {SLICE_INIT("queue"), SLICE_INIT("remove"), 3, 4, admin_queue_order},
    {SLICE_INIT("queue"), SLICE_INIT("retry"), 3, 4, admin_queue_order},
    {SLICE_INIT("queue"), SLICE_INIT("show"), 3, 3, admin_queue_show},
    {SLICE_INIT("queue"), SLICE_INIT("stream"), 4, 4, admin_queue_order},
    {SLICE_INIT("reports"), SLICE_INIT("list"), 4, 4, admin_reports_list},
    {SLICE_INIT("reports"), SLICE_INIT("send"), 2, 2, admin_reports_send},
    {SLICE_INIT("reports"), SLICE_INIT("show"), 3, 3, admin_reports_show},
    {SLICE_INIT("reports"), SLICE_INIT("summary"), 4, 4, admin_reports_summary},
    {SLICE_INIT("route"), SLICE_INIT("add"), 3, 3, admin_route_add},
    {SLICE_INIT("route"), SLICE_INIT("disable"), 3, 3, admin_route_enable},
    {SLICE_INIT("route"), SLICE_INIT("enable"), 3, 3, admin_route_enable},
    {SLICE_INIT("route"), SLICE_INIT("list"), 2, 2, admin_route_list},
    {SLICE_INIT("route"), SLICE_INIT("password"), 3, 3, admin_route_password},
    {SLICE_INIT("route"), SLICE_INIT("remove"), 3, 3, admin_route_remove},
    {SLICE_INIT("route"), SLICE_INIT("show"), 3, 3, admin_route_show},
    {SLICE_INIT("route"), SLICE_INIT("test"), 3, 3, admin_route_test},
    {SLICE_INIT("status"), SLICE_INIT(""), 1, 1, status},
    {SLICE_INIT("suppression"), SLICE_INIT("add"), 3, 3, admin_suppression_add},
    {SLICE_INIT("suppression"), SLICE_INIT("check"), 3, 3, admin_suppression_check},
    {SLICE_INIT("suppression"), SLICE_INIT("remove"), 3, 4, admin_suppression_remove},
    {SLICE_INIT("trace"), SLICE_INIT(""), 2, 2, admin_trace},
    {SLICE_INIT("verify"), SLICE_INIT(""), 1, 1, verify},
    {SLICE_INIT("webhook"), SLICE_INIT("add"), 4, 4, admin_webhook_add},
    {SLICE_INIT("webhook"), SLICE_INIT("deliveries"), 3, 4, admin_webhook_deliveries},
    {SLICE_INIT("webhook"), SLICE_INIT("disable"), 3, 3, admin_webhook_disable},
    {SLICE_INIT("webhook"), SLICE_INIT("enable"), 3, 3, admin_webhook_enable},
    {SLICE_INIT("webhook"), SLICE_INIT("list"), 2, 2, admin_webhook_list},
    {SLICE_INIT("webhook"), SLICE_INIT("remove"), 3, 3, admin_webhook_remove},
    {SLICE_INIT("webhook"), SLICE_INIT("replay"), 5, 5, admin_webhook_replay},
    {SLICE_INIT("webhook"), SLICE_INIT("rotate"), 3, 4, admin_webhook_rotate},
    {SLICE_INIT("webhook"), SLICE_INIT("test"), 3, 3, admin_webhook_test},
    {SLICE_INIT("webhook"), SLICE_INIT("types"), 2, 2, admin_webhook_types},
};

static const struct verb *verb_find(const struct admin_request *request) {
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        const struct verb *verb = &verbs[i];
        if (request->word_count < verb->least_words || request->word_count > verb->most_words) continue;
        if (!slice_equal(request->words[0], verb->noun)) continue;
        if (verb->verb.len && !slice_equal(request->words[1], verb->verb)) continue;
        return verb;
    }
    return NULL;
}

json_t *admin_execute(struct task *t, const struct admin_context *context,
                      const struct admin_request *request) {
    const struct verb *verb = verb_find(request);
    if (!verb)
        return admin_error(SLICE("this server does not know that command; is it older than this program?"));
    struct admin admin = {t, context, request, context->engine, arena_new(ADMIN_ARENA_BYTES)};
    json_t *answer = verb->run(&admin);
    arena_free(&admin.arena);
    if (!answer) FATAL("out of memory for an answer");
    return answer;
}
