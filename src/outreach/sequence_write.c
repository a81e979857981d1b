/* The normal form of a sequence: JSON, in which a campaign keeps it. */
#include <jansson.h>

#include "outreach/sequence_parts.h"
#include "wire/date.h"

enum { TEXT_BYTES_MAX = 100, DAY_MS = 24 * 3600 * 1000 };

static json_t *text_json(struct slice text) {
    json_t *json = json_stringn((const char *)text.ptr, text.len);
    if (!json) FATAL("no JSON of a text");
    return json;
}

static void set(json_t *object, const char *key, json_t *value) {
    if (json_object_set_new(object, key, value)) FATAL("out of memory");
}

static void set_text(json_t *object, const char *key, struct slice text) {
    if (text.len) set(object, key, text_json(text));
}

static void append(json_t *array, json_t *value) {
    if (json_array_append_new(array, value)) FATAL("out of memory");
}

static void set_number(json_t *object, const char *key, unsigned number, unsigned usual) {
    if (number != usual) set(object, key, json_integer(number));
}

/* ---- when ---- */

static json_t *days_json(unsigned days) {
    json_t *list = json_array();
    for (unsigned day = 0; day < 7; day++)
        if (days & 1U << day) append(list, json_string(sequence_weekday_word(day)));
    return list;
}

static json_t *time_json(unsigned minute) { return json_sprintf("%02u:%02u", minute / 60, minute % 60); }

static json_t *windows_json(const struct delivery_window *window) {
    json_t *list = json_array();
    for (size_t i = 0; i < window->range_count; i++) {
        json_t *range = json_object();
        set(range, "days", days_json(window->ranges[i].weekdays));
        set(range, "from", time_json(window->ranges[i].from_minute));
        set(range, "to", time_json(window->ranges[i].to_minute));
        append(list, range);
    }
    return list;
}

static json_t *holidays_json(const struct delivery_window *window) {
    json_t *list = json_array();
    for (size_t i = 0; i < window->holiday_count; i++) {
        struct date_fields day = date_split((int64_t)window->holidays[i] * DAY_MS);
        append(list, json_sprintf("%04d-%02d-%02d", day.year, day.month, day.day));
    }
    return list;
}

static void set_window(json_t *object, const struct delivery_window *window) {
    set(object, "windows", windows_json(window));
    set(object, "working_days", days_json(window->working_weekdays));
    if (window->holiday_count) set(object, "holidays", holidays_json(window));
}

static void set_pace(json_t *object, const struct pacer_limits *pace) {
    json_t *json = json_object();
    int64_t unit_ms = pace->gap_min_ms % 1000 || pace->gap_max_ms % 1000 ? 1 : 1000;
    if (pace->gap_max_ms != PACER_GAP_UNSAID)
        set(json, "gap",
            json_sprintf("%lld-%lld %sseconds", (long long)pace->gap_min_ms / unit_ms,
                         (long long)pace->gap_max_ms / unit_ms, unit_ms == 1 ? "milli" : ""));
    set_number(json, "hourly", pace->hourly_max, PACER_UNSAID);
    set_number(json, "daily", pace->daily_max, PACER_UNSAID);
    set_number(json, "recipient_domain_daily", pace->recipient_domain_daily_max, PACER_UNSAID);
    set_number(json, "sending_domain_daily", pace->sending_domain_daily_max, PACER_UNSAID);
    if (pace->ramp_start) {
        json_t *ramp = json_object();
        set(ramp, "start", json_integer(pace->ramp_start));
        set(ramp, "step", json_integer(pace->ramp_step));
        set(json, "ramp", ramp);
    }
    if (json_object_size(json))
        set(object, "pace", json);
    else
        json_decref(json);
}

/* ---- steps ---- */

static const char *tri_word(enum sequence_tri tri) {
    static const char *const words[] = {"no", "yes", "any"};
    return words[tri];
}

static json_t *matches_json(const struct sequence_condition *condition) {
    json_t *list = json_array();
    for (size_t i = 0; i < condition->match_count; i++) {
        json_t *match = json_object();
        set_text(match, "name", condition->matches[i].field);
        set_text(match, condition->matches[i].is_not ? "is_not" : "is", condition->matches[i].pattern);
        append(list, match);
    }
    return list;
}

static void set_condition(json_t *object, const struct sequence_condition *condition) {
    json_t *json = json_object();
    if (condition->replied != SEQUENCE_NO) set(json, "replied", json_string(tri_word(condition->replied)));
    if (condition->reply_class_count) {
        json_t *classes = json_array();
        for (size_t i = 0; i < condition->reply_class_count; i++)
            append(classes, text_json(condition->reply_classes[i]));
        set(json, "reply_class", classes);
    }
    if (condition->bounced != SEQUENCE_ANY) set(json, "bounced", json_string(tri_word(condition->bounced)));
    if (condition->match_count) set(json, "fields", matches_json(condition));
    if (json_object_size(json))
        set(object, "condition", json);
    else
        json_decref(json);
}

static void set_texts(json_t *object, const struct sequence_version *version) {
    set_text(object, "subject", version->subject);
    set_text(object, "body", version->body);
    set_text(object, "html", version->html);
}

static json_t *versions_json(const struct sequence_step *step) {
    json_t *list = json_array();
    for (size_t i = 0; i < step->version_count; i++) {
        json_t *version = json_object();
        set_text(version, "name", step->versions[i].name);
        set(version, "weight", json_integer(step->versions[i].weight));
        set_texts(version, &step->versions[i]);
        append(list, version);
    }
    return list;
}

static bool is_plain_step(const struct sequence_step *step) {
    return step->version_count == 1 && step->versions[0].weight == 1 &&
           slice_equal(step->versions[0].name, SLICE("A"));
}

static json_t *step_json(const struct sequence_step *step) {
    json_t *json = json_object();
    set(json, "delay", json_sprintf("%u %ss", step->delay.count, delivery_unit_word(step->delay.unit)));
    set_condition(json, &step->condition);
    set(json, "thread", json_string(step->is_same_thread ? "same" : "new"));
    if (is_plain_step(step))
        set_texts(json, &step->versions[0]);
    else
        set(json, "versions", versions_json(step));
    return json;
}

/* ---- all of it ---- */

static void set_people(json_t *object, const struct sequence *sequence) {
    json_t *sender = json_object();
    set_text(sender, "name", sequence->identity.name);
    set_text(sender, "company", sequence->identity.company);
    set_text(sender, "address", sequence->identity.address);
    set(object, "sender", sender);
    json_t *opt_out = json_object();
    set_text(opt_out, "sentence", sequence->opt_out.sentence);
    set_text(opt_out, "link", sequence->opt_out.link);
    set(object, "opt_out", opt_out);
    if (!sequence->has_footer) set(object, "footer", json_false());
}

static void set_headers(json_t *object, const struct sequence *sequence) {
    char name[SEQUENCE_KEY_BYTES_MAX + 1];
    json_t *headers = json_object();
    for (size_t i = 0; i < sequence->header_count; i++) {
        const struct sequence_header *header = &sequence->headers[i];
        memcpy(name, header->name.ptr, header->name.len);
        name[header->name.len] = '\0';
        set(headers, name, text_json(header->value));
    }
    if (sequence->header_count)
        set(object, "headers", headers);
    else
        json_decref(headers);
}

void sequence_write(struct buffer *out, const struct sequence *sequence) {
    json_t *json = json_object();
    set_text(json, "name", sequence->name);
    set_people(json, sequence);
    set_text(json, "time_zone", sequence->time_zone);
    set_window(json, &sequence->window);
    set_pace(json, &sequence->pace);
    set_headers(json, sequence);
    set_text(json, "list", sequence->list);
    if (sequence->stops_company) set(json, "company_stop", json_true());
    json_t *steps = json_array();
    for (size_t i = 0; i < sequence->step_count; i++) append(steps, step_json(&sequence->steps[i]));
    set(json, "steps", steps);
    char *text = json_dumps(json, JSON_COMPACT);
    if (!text) FATAL("out of memory");
    buffer_append_text(out, text);
    free(text);
    json_decref(json);
}
