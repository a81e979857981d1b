/* The verbs of reports (app/admin/admin.h): words are "reports", the verb, a domain or "", and days or an id.
 */
#include "app/admin/admin_verbs.h"
#include "app/admin/report_summary.h"
#include "app/admin/report_words.h"
#include "base/limits.h"
#include "store/feedback.h"
#include "store/id.h"
#include "transit/reporting.h"

enum { DAY_MS = 24 * 3600 * 1000, SUMMARY_BYTES_MAX = 32 << 20, SUMMARY_STEP = 16 };

/* ---- which are meant ---- */

struct selection {
    struct slice domain;
    uint64_t days;
};

static bool read_selection(const struct admin *admin, struct selection *selection) {
    const struct admin_request *request = admin->request;
    *selection = (struct selection){.domain = request->words[2]};
    return slice_to_number(request->words[3], FEEDBACK_KEPT_DAYS, &selection->days) && selection->days > 0;
}

static enum store_result find(struct admin *admin, struct selection selection, size_t max,
                              struct feedback_entry **entries, size_t *count) {
    int64_t since_ms = env_wall_ms(task_env(admin->t)) - (int64_t)selection.days * DAY_MS;
    return engine_feedback_list(admin->engine, admin->arena, selection.domain, since_ms, max, entries, count);
}

static json_t *bad_days(void) { return admin_error(SLICE("days are a number from 1 to 400")); }

/* ---- list ---- */

static const char *trust_word(enum feedback_trust trust) {
    static const char *const words[FEEDBACK_TRUSTS] = {"unchecked", "vouched", "unvouched"};
    return words[trust];
}

static json_t *entry_json(struct admin *admin, const struct feedback_entry *entry) {
    struct slice id = arena_printf(admin->arena, "%016llx", (unsigned long long)entry->id);
    return json_pack("{s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:I, s:I}", "id", admin_text(id),
                     "received_ms", (json_int_t)entry->received_ms, "kind", feedback_kind_name(entry->kind),
                     "domain", admin_text(entry->domain), "organization", admin_text(entry->organization),
                     "report", admin_text(entry->report), "author", admin_text(entry->author), "trust",
                     trust_word(entry->trust), "begin_ms", (json_int_t)(entry->begin_s * 1000), "end_ms",
                     (json_int_t)(entry->end_s * 1000), "passed", (json_int_t)entry->passed, "failed",
                     (json_int_t)entry->failed);
}

json_t *admin_reports_list(struct admin *admin) {
    struct selection selection;
    struct feedback_entry *entries;
    size_t count;
    if (!read_selection(admin, &selection)) return bad_days();
    enum store_result result = find(admin, selection, FEEDBACK_LIST_MAX, &entries, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) json_array_append_new(list, entry_json(admin, &entries[i]));
    return json_pack("{s:I, s:b, s:o}", "days", (json_int_t)selection.days, "has_more",
                     count == FEEDBACK_LIST_MAX, "reports", list);
}

/* ---- show ---- */

static json_t *auths_json(const struct feedback_record *record) {
    json_t *list = json_array();
    for (size_t i = 0; i < record->auth_count; i++) {
        const struct feedback_auth *auth = &record->auths[i];
        json_array_append_new(list, json_pack("{s:s, s:o, s:o, s:o, s:o}", "method",
                                              auth->is_spf ? "spf" : "dkim", "domain",
                                              admin_text(auth->domain), auth->is_spf ? "scope" : "selector",
                                              admin_text(auth->selector), "result", admin_text(auth->result),
                                              "words", admin_text(auth->words)));
    }
    return list;
}

static json_t *record_json(const struct feedback *feedback, const struct feedback_record *record) {
    enum report_trouble trouble = report_trouble_of(feedback, record);
    return json_pack(
        "{s:o, s:I, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "source", admin_text(record->source),
        "count", (json_int_t)record->count, "disposition", dmarc_policy_word(record->disposition), "dkim",
        record->is_dkim_aligned, "spf", record->is_spf_aligned, "reason", admin_text(record->reason),
        "comment", admin_text(record->comment), "header_from", admin_text(record->header_from),
        "envelope_from", admin_text(record->envelope_from), "envelope_to", admin_text(record->envelope_to),
        "text", report_trouble_text(trouble), "auth_results", auths_json(record));
}

static json_t *failure_json(const struct feedback_failure *failure) {
    return json_pack("{s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "type", admin_text(failure->type_text),
                     "count", (json_int_t)failure->count, "sender", admin_text(failure->sender_address),
                     "host", admin_text(failure->host), "address", admin_text(failure->host_address),
                     "reason", admin_text(failure->reason), "words", admin_text(failure->words), "text",
                     report_tls_text(failure->type), "advice", report_tls_advice(failure->type));
}

static json_t *way_json(const struct feedback_way *way) {
    json_t *list = json_array();
    for (size_t i = 0; i < way->failure_count; i++)
        json_array_append_new(list, failure_json(&way->failures[i]));
    return json_pack("{s:s, s:o, s:I, s:I, s:o}", "policy", tls_policy_type_name(way->type), "domain",
                     admin_text(way->domain), "succeeded", (json_int_t)way->succeeded, "failed",
                     (json_int_t)way->failed, "failures", list);
}

static json_t *policy_json(const struct feedback_policy *policy) {
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:b}", "domain", admin_text(policy->domain), "p",
                     dmarc_policy_word(policy->policy), "sp", dmarc_policy_word(policy->subdomain_policy),
                     "np", dmarc_policy_word(policy->absent_policy), "adkim",
                     policy->is_dkim_strict ? "s" : "r", "aspf", policy->is_spf_strict ? "s" : "r", "testing",
                     policy->is_test);
}

static json_t *report_json(struct admin *admin, const struct feedback_entry *entry,
                           const struct feedback *feedback) {
    json_t *report = entry_json(admin, entry);
    json_t *list = json_array();
    json_object_set_new(report, "contact", admin_text(feedback->contact));
    json_object_set_new(report, "left_out", json_integer((json_int_t)feedback->left_out));
    if (feedback->kind == FEEDBACK_DMARC)
        json_object_set_new(report, "policy", policy_json(&feedback->policy));
    for (size_t i = 0; i < feedback->record_count; i++)
        json_array_append_new(list, record_json(feedback, &feedback->records[i]));
    for (size_t i = 0; i < feedback->way_count; i++)
        json_array_append_new(list, way_json(&feedback->ways[i]));
    json_object_set_new(report, feedback->kind == FEEDBACK_DMARC ? "records" : "policies", list);
    return report;
}

json_t *admin_reports_show(struct admin *admin) {
    struct slice word = admin->request->words[2];
    struct feedback_entry entry;
    struct feedback feedback;
    uint64_t id = 0;
    enum store_result result = STORE_NOT_FOUND;
    if (id_read(word, &id)) result = engine_feedback_find(admin->engine, admin->arena, id, &entry);
    if (result == STORE_OK && !feedback_unpack(entry.details, admin->arena, &feedback)) result = STORE_FAILED;
    if (result != STORE_OK)
        return admin_failure(admin, result, word, "is no report; posthaste reports list shows their ids", "");
    return json_pack("{s:o}", "report", report_json(admin, &entry, &feedback));
}

/* ---- send ---- */

/* What was seen until now, also of the day that is not over. */
json_t *admin_reports_send(struct admin *admin) {
    struct reporting_result result = {0};
    if (!admin->context->remote)
        return admin_error(SLICE("no server runs on this folder: start it, for only it may connect"));
    int64_t today = env_wall_ms(task_env(admin->t)) / DAY_MS;
    if (scheduler_report(admin->t, admin->context->remote, today, &result) != IPC_OK)
        return admin_error(SLICE("the remote role went away meanwhile; ask again"));
    if (result.is_busy) return admin_error(SLICE("reports are being sent just now; ask again"));
    return json_pack("{s:I, s:I, s:I, s:I}", "sent", (json_int_t)result.sent, "unwanted",
                     (json_int_t)result.unwanted, "put_off", (json_int_t)result.put_off, "left_out",
                     (json_int_t)result.left_out);
}

/* ---- summary ---- */

/* Each report's details live no longer than they are looked at. */
static bool add_report(struct admin *admin, struct report_summary *summary, uint64_t id) {
    struct arena *arena = arena_new(FEEDBACK_ARENA_BYTES_MAX);
    struct feedback_entry entry;
    struct feedback feedback;
    bool is_read = engine_feedback_find(admin->engine, arena, id, &entry) == STORE_OK &&
                   feedback_unpack(entry.details, arena, &feedback);
    /* The latest tells the policy: one of days to come is none. */
    if (is_read && feedback.end_s > (entry.received_ms + DAY_MS) / 1000) feedback.end_s = 0;
    if (is_read) report_summary_add(summary, &feedback);
    arena_free(&arena);
    return is_read;
}

static json_t *summarize(struct admin *admin, struct selection selection,
                         const struct feedback_entry *entries, size_t count) {
    struct arena *arena = arena_new(SUMMARY_BYTES_MAX);
    struct report_summary *summary = report_summary_new(arena, env_random_u64(task_env(admin->t)));
    uint64_t added = 0;
    uint64_t unvouched = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].trust == FEEDBACK_UNVOUCHED)
            unvouched++;
        else
            added += add_report(admin, summary, entries[i].id);
        if (i % SUMMARY_STEP == 0 && task_yield(admin->t) != WAIT_OK) break;
    }
    json_t *answer = json_pack("{s:I, s:I, s:I, s:b, s:o}", "days", (json_int_t)selection.days, "reports",
                               (json_int_t)added, "unvouched", (json_int_t)unvouched, "has_more",
                               count == FEEDBACK_SUMMARY_MAX, "domains", report_summary_json(summary));
    report_summary_free(&summary);
    arena_free(&arena);
    return answer;
}

json_t *admin_reports_summary(struct admin *admin) {
    struct selection selection;
    struct feedback_entry *entries;
    size_t count;
    if (!read_selection(admin, &selection)) return bad_days();
    enum store_result result = find(admin, selection, FEEDBACK_SUMMARY_MAX, &entries, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the summary"), "", "");
    return summarize(admin, selection, entries, count);
}
