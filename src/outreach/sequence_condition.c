/* Conditions: whom a step is for (sequence.h). */
#include "outreach/sequence_parts.h"

/* "*" stands for any run of characters. Goes back to the last star only: at worst the product of both
   lengths, which are bounded. */
static bool matches_pattern(struct slice text, struct slice pattern) {
    size_t at = 0;
    size_t of = 0;
    size_t star = SLICE_NOT_FOUND;
    size_t again = 0;
    while (at < text.len) {
        if (of < pattern.len && pattern.ptr[of] == '*') {
            star = of++;
            again = at;
        } else if (of < pattern.len && ascii_lower(pattern.ptr[of]) == ascii_lower(text.ptr[at])) {
            of++;
            at++;
        } else if (star != SLICE_NOT_FOUND) {
            of = star + 1;
            at = ++again;
        } else {
            return false;
        }
    }
    while (of < pattern.len && pattern.ptr[of] == '*') of++;
    return of == pattern.len;
}

static bool matches(const struct sequence_match *match, struct snippet_fields fields) {
    struct slice value = slice_sub(snippet_value(fields, match->field), 0, SNIPPET_VALUE_BYTES_MAX);
    return matches_pattern(value, match->pattern) != match->is_not;
}

static bool is_tri(enum sequence_tri tri, bool is_so) {
    return tri == SEQUENCE_ANY || (tri == SEQUENCE_YES) == is_so;
}

static bool is_class(const struct sequence_condition *condition, struct slice reply_class) {
    for (size_t i = 0; i < condition->reply_class_count; i++)
        if (slice_equal(condition->reply_classes[i], reply_class)) return true;
    return condition->reply_class_count == 0;
}

/* What machines send back says nothing of a person: such a step may still get its turn. */
static bool has_machine_class(const struct sequence_condition *condition) {
    for (size_t i = 0; i < condition->reply_class_count; i++)
        if (sequence_class_is_machine(condition->reply_classes[i])) return true;
    return condition->reply_class_count == 0;
}

static bool is_answered_so(const struct sequence_condition *condition, const struct sequence_facts *facts) {
    if (facts->is_forecast && !facts->has_replied) return has_machine_class(condition);
    return (facts->is_forecast || is_tri(condition->bounced, facts->has_bounced)) &&
           is_class(condition, facts->reply_class);
}

bool sequence_class_is_machine(struct slice reply_class) {
    return slice_equal(reply_class, SLICE("auto_reply")) || slice_equal(reply_class, SLICE("out_of_office"));
}

bool sequence_condition_fits(const struct sequence_condition *condition, struct snippet_fields fields) {
    for (size_t i = 0; i < condition->match_count; i++)
        if (!matches(&condition->matches[i], fields)) return false;
    return true;
}

bool sequence_condition_holds(const struct sequence_condition *condition,
                              const struct sequence_facts *facts) {
    bool holds = is_tri(condition->replied, facts->has_replied) && is_answered_so(condition, facts);
    return holds && sequence_condition_fits(condition, facts->fields);
}

/* ---- which step ---- */

size_t sequence_step_next(const struct sequence *sequence, size_t from, const struct sequence_facts *facts) {
    while (from < sequence->step_count && !sequence_condition_holds(&sequence->steps[from].condition, facts))
        from++;
    return from;
}

size_t sequence_step_answering(const struct sequence *sequence, size_t line, uint32_t sent,
                               const struct sequence_facts *facts) {
    for (size_t i = 0; i < sequence->step_count; i++) {
        const struct sequence_condition *condition = &sequence->steps[i].condition;
        bool is_open = condition->replied == SEQUENCE_YES || i >= line;
        if (is_open && !(sent >> i & 1) && sequence_condition_holds(condition, facts)) return i;
    }
    return sequence->step_count;
}

bool sequence_has_answer_steps(const struct sequence *sequence) {
    for (size_t i = 0; i < sequence->step_count; i++)
        if (sequence->steps[i].condition.replied != SEQUENCE_NO) return true;
    return false;
}

bool sequence_asks_answers(const struct sequence *sequence) {
    for (size_t i = 0; i < sequence->step_count; i++) {
        const struct sequence_condition *condition = &sequence->steps[i].condition;
        if (condition->reply_class_count || condition->bounced != SEQUENCE_ANY) return true;
    }
    return false;
}

/* ---- in words ---- */

static void add(struct buffer *out, size_t begin, const char *words) {
    if (out->len > begin) buffer_append_text(out, ", ");
    buffer_append_text(out, words);
}

static void write_classes(struct buffer *out, const struct sequence_condition *condition) {
    for (size_t i = 0; i < condition->reply_class_count; i++)
        buffer_printf(out, "%s%.*s", i ? " or " : " (", SLICE_PRINT(condition->reply_classes[i]));
    if (condition->reply_class_count) buffer_append_byte(out, ')');
}

static void write_replied(struct buffer *out, size_t begin, const struct sequence_condition *condition) {
    if (condition->replied == SEQUENCE_YES)
        add(out, begin, "who answered");
    else if (condition->replied == SEQUENCE_ANY)
        add(out, begin, condition->reply_class_count ? "from whom came" : "whether they answered or not");
    else if (condition->reply_class_count)
        add(out, begin, "from whom came");
    write_classes(out, condition);
}

void sequence_condition_write(struct buffer *out, const struct sequence_condition *condition) {
    size_t begin = out->len;
    write_replied(out, begin, condition);
    if (condition->bounced == SEQUENCE_YES) add(out, begin, "of whom a letter came back");
    if (condition->bounced == SEQUENCE_NO) add(out, begin, "of whom no letter came back");
    for (size_t i = 0; i < condition->match_count; i++) {
        const struct sequence_match *match = &condition->matches[i];
        add(out, begin, i ? "" : "where ");
        buffer_printf(out, "%.*s is %s%.*s", SLICE_PRINT(match->field), match->is_not ? "not " : "",
                      SLICE_PRINT(match->pattern));
    }
}
