/* TLS reports (RFC 8460 4.4). */
#include <jansson.h>

#include "base/limits.h"
#include "wire/date.h"
#include "wire/feedback.h"
#include "wire/json_depth.h"

enum { WAYS_MAX = 50 };

static struct slice raw_text(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? slice_of(json_string_value(value), json_string_length(value))
                                 : SLICE_EMPTY;
}

static struct slice text(struct arena *arena, const json_t *object, const char *key) {
    return feedback_text(arena, raw_text(object, key));
}

/* Some write numbers as texts. */
static uint64_t number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    uint64_t read = 0;
    if (json_is_integer(value))
        return json_integer_value(value) > 0 ? (uint64_t)json_integer_value(value) : 0;
    return slice_to_number(raw_text(object, key), INT64_MAX / 4, &read) ? read : 0;
}

static void add(uint64_t *sum, uint64_t count) { *sum = *sum > INT64_MAX - count ? INT64_MAX : *sum + count; }

/* ---- parts ---- */

static enum tls_policy_type policy_type_of(struct slice word) {
    for (unsigned type = 0; type < TLS_POLICY_TYPES; type++)
        if (slice_equal_nocase(word, slice_from_text(tls_policy_type_name((enum tls_policy_type)type))))
            return (enum tls_policy_type)type;
    return TLS_POLICY_NONE;
}

/* "success" is no failure. */
static enum tls_result_type result_type_of(struct slice word) {
    for (unsigned type = TLS_RESULT_SUCCESS + 1; type < TLS_RESULT_TYPES; type++)
        if (slice_equal_nocase(word, slice_from_text(tls_result_type_name((enum tls_result_type)type))))
            return (enum tls_result_type)type;
    return (enum tls_result_type)TLS_RESULT_TYPES;
}

static struct feedback_failure failure_of(struct arena *arena, const json_t *json) {
    return (struct feedback_failure){.type = result_type_of(raw_text(json, "result-type")),
                                     .type_text = text(arena, json, "result-type"),
                                     .sender_address = text(arena, json, "sending-mta-ip"),
                                     .host = text(arena, json, "receiving-mx-hostname"),
                                     .host_address = text(arena, json, "receiving-ip"),
                                     .count = number(json, "failed-session-count"),
                                     .reason = text(arena, json, "failure-reason-code"),
                                     .words = text(arena, json, "additional-information")};
}

static bool has_room(const struct feedback *feedback) {
    size_t count = 0;
    for (size_t i = 0; i < feedback->way_count; i++) count += feedback->ways[i].failure_count;
    return count < FEEDBACK_RECORDS_MAX;
}

static void read_failures(struct arena *arena, const json_t *list, struct feedback *feedback,
                          struct feedback_way *way) {
    size_t i;
    json_t *json;
    size_t capacity = 0;
    size_t room = has_room(feedback) ? FEEDBACK_RECORDS_MAX : 0;
    json_array_foreach(list, i, json) {
        struct feedback_failure *failures = NULL;
        if (i < room)
            failures = arena_try_grow(arena, way->failures, way->failure_count, &capacity, sizeof *failures);
        if (!failures) {
            add(&feedback->left_out, number(json, "failed-session-count"));
            continue;
        }
        way->failures = failures;
        way->failures[way->failure_count++] = failure_of(arena, json);
    }
}

static void read_way(struct arena *arena, const json_t *json, struct feedback *feedback,
                     struct feedback_way *way) {
    const json_t *policy = json_object_get(json, "policy");
    const json_t *summary = json_object_get(json, "summary");
    *way = (struct feedback_way){.type = policy_type_of(raw_text(policy, "policy-type")),
                                 .domain = text(arena, policy, "policy-domain"),
                                 .succeeded = number(summary, "total-successful-session-count"),
                                 .failed = number(summary, "total-failure-session-count")};
    add(&feedback->passed, way->succeeded);
    add(&feedback->failed, way->failed);
    if (feedback->domain.len == 0) feedback->domain = way->domain;
    read_failures(arena, json_object_get(json, "failure-details"), feedback, way);
}

static void read_ways(struct arena *arena, const json_t *list, struct feedback *feedback) {
    size_t count = json_array_size(list) < WAYS_MAX ? json_array_size(list) : WAYS_MAX;
    feedback->ways = arena_try_alloc(arena, (count + 1) * sizeof *feedback->ways);
    if (!feedback->ways) return;
    for (size_t i = 0; i < count; i++) {
        read_way(arena, json_array_get(list, i), feedback, &feedback->ways[i]);
        feedback->way_count++;
    }
}

static int64_t time_of(const json_t *range, const char *name) {
    int64_t time_s = date_internet_s(raw_text(range, name));
    return time_s <= FEEDBACK_TIME_S_MAX ? time_s : 0;
}

static enum feedback_result read_report(struct arena *arena, const json_t *json, struct feedback *feedback) {
    const json_t *range = json_object_get(json, "date-range");
    const json_t *policies = json_object_get(json, "policies");
    if (!json_is_array(policies)) return FEEDBACK_FOREIGN;
    *feedback = (struct feedback){.kind = FEEDBACK_TLS,
                                  .organization = text(arena, json, "organization-name"),
                                  .contact = text(arena, json, "contact-info"),
                                  .id = text(arena, json, "report-id"),
                                  .begin_s = time_of(range, "start-datetime"),
                                  .end_s = time_of(range, "end-datetime")};
    read_ways(arena, policies, feedback);
    bool is_whole = feedback->id.len && feedback->domain.len && feedback->end_s > 0;
    return is_whole ? FEEDBACK_OK : FEEDBACK_INCOMPLETE;
}

enum feedback_result tls_feedback_read(struct arena *arena, struct slice json, struct feedback *feedback) {
    *feedback = (struct feedback){0};
    (void)slice_take_prefix(&json, SLICE("\xef\xbb\xbf"));
    if (!json_is_modest(json, FEEDBACK_DEPTH_MAX, FEEDBACK_JSON_VALUES_MAX)) return FEEDBACK_MALFORMED;
    json_t *read = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    if (!read) return FEEDBACK_MALFORMED;
    enum feedback_result result = read_report(arena, read, feedback);
    json_decref(read);
    if (result != FEEDBACK_OK) *feedback = (struct feedback){0};
    return result;
}
