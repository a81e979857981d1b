/* TLS reports (RFC 8460 4.4). */
#include <jansson.h>

#include "base/limits.h"
#include "wire/date.h"
#include "wire/feedback.h"

enum { WAYS_MAX = 50, ZONE_DIGITS = 2 };

/* jansson reads nested values by recursion, on a small stack, and takes two hundred bytes for a value of
   three: brackets and commas are counted first. */
static bool is_modest(struct slice json) {
    unsigned depth = 0;
    size_t values = 0;
    bool is_text = false;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.ptr[i];
        if (is_text && c == '\\') i++;
        if (c == '"') is_text = !is_text;
        if (is_text) continue;
        if ((c == '{' || c == '[' || c == ',') && ++values > FEEDBACK_JSON_VALUES_MAX) return false;
        if ((c == '{' || c == '[') && ++depth > FEEDBACK_DEPTH_MAX) return false;
        if ((c == '}' || c == ']') && depth > 0) depth--;
    }
    return true;
}

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

/* ---- times ---- */

static bool take_digits(struct slice *in, size_t digits, int *value) {
    uint64_t read = 0;
    if (!slice_to_number(slice_sub(*in, 0, digits), 9999, &read) || in->len < digits) return false;
    *in = slice_skip(*in, digits);
    *value = (int)read;
    return true;
}

/* "+01:00", "Z" or nothing, in seconds. */
static int zone_of(struct slice in) {
    int hours = 0;
    int minutes = 0;
    bool is_west = slice_take_byte(&in, '-');
    if (!is_west && !slice_take_byte(&in, '+')) return 0;
    if (!take_digits(&in, ZONE_DIGITS, &hours)) return 0;
    (void)slice_take_byte(&in, ':');
    (void)take_digits(&in, ZONE_DIGITS, &minutes);
    int seconds = (hours * 60 + minutes) * 60;
    return is_west ? -seconds : seconds;
}

/* RFC 3339 5.6: "2016-04-01T00:00:00Z". 0: it is none. */
static int64_t time_of(struct slice in) {
    struct date_fields at = {0};
    bool is_date = take_digits(&in, 4, &at.year) && slice_take_byte(&in, '-') &&
                   take_digits(&in, 2, &at.month) && slice_take_byte(&in, '-') &&
                   take_digits(&in, 2, &at.day);
    if (!is_date || at.month < 1 || at.month > 12 || at.day < 1 || at.day > 31) return 0;
    if (slice_take_prefix_nocase(&in, SLICE("t")) || slice_take_byte(&in, ' '))
        (void)(take_digits(&in, 2, &at.hour) && slice_take_byte(&in, ':') &&
               take_digits(&in, 2, &at.minute) && slice_take_byte(&in, ':') &&
               take_digits(&in, 2, &at.second));
    if (slice_take_byte(&in, '.'))
        while (in.len && ascii_is_digit(in.ptr[0])) in = slice_skip(in, 1);
    int64_t day_s = (at.hour * 60 + at.minute) * 60 + at.second;
    return date_days(at.year, at.month, at.day) * 86400 + day_s - zone_of(in);
}

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

static enum feedback_result read_report(struct arena *arena, const json_t *json, struct feedback *feedback) {
    const json_t *range = json_object_get(json, "date-range");
    const json_t *policies = json_object_get(json, "policies");
    if (!json_is_array(policies)) return FEEDBACK_FOREIGN;
    *feedback = (struct feedback){.kind = FEEDBACK_TLS,
                                  .organization = text(arena, json, "organization-name"),
                                  .contact = text(arena, json, "contact-info"),
                                  .id = text(arena, json, "report-id"),
                                  .begin_s = time_of(raw_text(range, "start-datetime")),
                                  .end_s = time_of(raw_text(range, "end-datetime"))};
    read_ways(arena, policies, feedback);
    bool is_whole = feedback->id.len && feedback->domain.len && feedback->end_s > 0;
    return is_whole ? FEEDBACK_OK : FEEDBACK_INCOMPLETE;
}

enum feedback_result tls_feedback_read(struct arena *arena, struct slice json, struct feedback *feedback) {
    *feedback = (struct feedback){0};
    (void)slice_take_prefix(&json, SLICE("\xef\xbb\xbf"));
    if (!is_modest(json)) return FEEDBACK_MALFORMED;
    json_t *read = json_loadb((const char *)json.ptr, json.len, 0, NULL);
    if (!read) return FEEDBACK_MALFORMED;
    enum feedback_result result = read_report(arena, read, feedback);
    json_decref(read);
    if (result != FEEDBACK_OK) *feedback = (struct feedback){0};
    return result;
}
