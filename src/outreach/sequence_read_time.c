/* What a document says of when: windows, holidays, pace. */
#include <stdlib.h>

#include "outreach/sequence_parts.h"
#include "wire/date.h"
#include "wire/place.h"

enum { DAY_MINUTES = 24 * 60, SECOND_MS = 1000 };

static const char *const weekday_words[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const weekday_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};

/* ---- words ---- */

bool sequence_weekday_read(struct slice word, unsigned *weekday) {
    for (unsigned i = 0; i < 7; i++) {
        *weekday = i;
        if (slice_equal_nocase(word, slice_from_text(weekday_words[i]))) return true;
        if (slice_equal_nocase(word, slice_from_text(weekday_names[i]))) return true;
    }
    return false;
}

const char *sequence_weekday_word(unsigned weekday) { return weekday_words[weekday]; }

bool sequence_time_read(struct slice word, unsigned *minute) {
    uint64_t hours = 0;
    uint64_t minutes = 0;
    if (!slice_take_number(&word, 24, &hours)) return false;
    if (slice_take_byte(&word, ':') && (word.len != 2 || !slice_take_number(&word, 59, &minutes)))
        return false;
    *minute = (unsigned)(hours * 60 + minutes);
    return word.len == 0 && *minute <= DAY_MINUTES;
}

/* ---- days ---- */

static unsigned days_between(unsigned first, unsigned last) {
    unsigned days = 1U << last;
    for (unsigned day = first; day != last; day = (day + 1) % 7) days |= 1U << day;
    return days;
}

/* "Mon", or "Mon-Fri". */
static bool read_days(struct slice word, unsigned *days) {
    unsigned first = 0;
    unsigned last = 0;
    struct slice start = slice_trim(slice_take_until(&word, '-'));
    if (!sequence_weekday_read(start, &first)) return false;
    last = first;
    if (slice_take_byte(&word, '-') && !sequence_weekday_read(slice_trim(word), &last)) return false;
    *days |= days_between(first, last);
    return true;
}

static bool read_day_words(struct slice words, unsigned *days) {
    while (words.len) {
        if (!read_days(slice_trim(slice_take_until(&words, ',')), days)) return false;
        (void)slice_take_byte(&words, ',');
    }
    return *days != 0;
}

static void take_days(struct tree *tree, const struct tree_node *node, void *target) {
    unsigned *days = target;
    *days = 0;
    bool is_good = node->kind == TREE_TEXT && read_day_words(node->text, days);
    if (node->kind == TREE_LIST) {
        is_good = node->count > 0;
        for (const struct tree_node *item = node->first; item; item = item->next)
            is_good = is_good && item->kind == TREE_TEXT && read_days(slice_trim(item->text), days);
    }
    if (!is_good) tree_fault(tree, node, "here belong days: Mon-Fri, or [Mon, Wed, Fri]");
}

/* ---- windows ---- */

static void take_time(struct tree *tree, const struct tree_node *node, void *target) {
    if (node->kind != TREE_TEXT || !sequence_time_read(node->text, target))
        tree_fault(tree, node, "here belongs a time of day: \"9:00\", \"17:30\"");
}

/* The table hands on one target: these find their place in it. */
static void take_range_days(struct tree *tree, const struct tree_node *node, void *target) {
    take_days(tree, node, &((struct delivery_range *)target)->weekdays);
}
static void take_range_from(struct tree *tree, const struct tree_node *node, void *target) {
    take_time(tree, node, &((struct delivery_range *)target)->from_minute);
}
static void take_range_to(struct tree *tree, const struct tree_node *node, void *target) {
    take_time(tree, node, &((struct delivery_range *)target)->to_minute);
}

static const struct tree_key range_keys[] = {
    {"days", take_range_days}, {"from", take_range_from}, {"to", take_range_to}};

static void take_range(struct tree *tree, const struct tree_node *node, struct delivery_window *window) {
    struct delivery_range range = delivery_window_usual().ranges[0];
    (void)tree_take_map(tree, node, range_keys, sizeof range_keys / sizeof range_keys[0], &range);
    if (range.from_minute >= range.to_minute)
        tree_fault(tree, node, "a window ends after it begins, on the same day; over midnight takes two");
    window->ranges[window->range_count++] = range;
}

void sequence_take_windows(struct tree *tree, const struct tree_node *node, void *target) {
    struct delivery_window *window = &((struct sequence *)target)->window;
    if (!tree_is_list(tree, node, DELIVERY_RANGES_MAX)) return;
    window->range_count = 0;
    for (const struct tree_node *item = node->first; item; item = item->next) take_range(tree, item, window);
    if (window->range_count == 0) tree_fault(tree, node, "no window: nothing could ever be sent");
}

void sequence_take_working_days(struct tree *tree, const struct tree_node *node, void *target) {
    take_days(tree, node, &((struct sequence *)target)->window.working_weekdays);
}

void sequence_take_time_zone(struct tree *tree, const struct tree_node *node, void *target) {
    struct sequence *sequence = target;
    if (!tree_line(tree, node, PLACE_ZONE_BYTES_MAX, &sequence->time_zone)) return;
    if (!time_zone_is_known(sequence->time_zone))
        tree_fault(tree, node, "no such time zone; it is written as Europe/Berlin or America/New_York");
}

/* ---- holidays ---- */

static bool take_digits(struct slice *in, size_t digits, int *value) {
    uint64_t number = 0;
    struct slice word = slice_take(in, digits);
    *value = word.len == digits && slice_to_number(word, 9999, &number) ? (int)number : 0;
    return *value > 0;
}

/* "2026-12-25" as days since 1970. */
static bool read_date(struct slice in, int32_t *day) {
    int year = 0;
    int month = 0;
    int day_of_month = 0;
    bool is_date = take_digits(&in, 4, &year) && slice_take_byte(&in, '-') && take_digits(&in, 2, &month) &&
                   slice_take_byte(&in, '-') && take_digits(&in, 2, &day_of_month) && in.len == 0;
    if (!is_date || month > 12 || year < 1970) return false;
    int64_t days = date_days(year, month, day_of_month);
    struct date_fields back = date_split(days * DAY_MINUTES * 60 * SECOND_MS);
    *day = (int32_t)days;
    return back.month == month && back.day == day_of_month;
}

static int compare_days(const void *a, const void *b) {
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

void sequence_take_holidays(struct tree *tree, const struct tree_node *node, void *target) {
    struct delivery_window *window = &((struct sequence *)target)->window;
    if (!tree_is_list(tree, node, SEQUENCE_HOLIDAYS_MAX)) return;
    int32_t *days = ARENA_NEW_ARRAY(tree->arena, int32_t, node->count + 1);
    size_t count = 0;
    for (const struct tree_node *item = node->first; item; item = item->next) {
        if (item->kind == TREE_TEXT && read_date(item->text, &days[count]))
            count++;
        else
            tree_fault(tree, item, "here belongs a date: 2026-12-25");
    }
    qsort(days, count, sizeof days[0], compare_days);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || days[kept - 1] != days[i]) days[kept++] = days[i];
    window->holidays = days;
    window->holiday_count = kept;
}

/* ---- pace ---- */

static bool read_gap_unit(struct slice word, int64_t *unit_ms) {
    word = slice_trim(word);
    if (word.len && ascii_lower(word.ptr[word.len - 1]) == 's') word.len--;
    static const struct {
        struct slice word;
        int64_t ms;
    } units[] = {{SLICE_INIT("second"), SECOND_MS},
                 {SLICE_INIT("minute"), 60 * SECOND_MS},
                 {SLICE_INIT("millisecond"), 1}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        *unit_ms = units[i].ms;
        if (slice_equal_nocase(word, units[i].word)) return true;
    }
    return false;
}

/* "95-150 seconds", "2 minutes". */
static bool read_gap(struct slice text, struct pacer_limits *pace) {
    uint64_t least = 0;
    uint64_t most = 0;
    int64_t unit_ms = 0;
    text = slice_trim(text);
    if (!slice_take_number(&text, PACER_GAP_LONGEST_MS / SECOND_MS, &least)) return false;
    most = least;
    struct slice rest = slice_trim(text);
    if (slice_take_byte(&rest, '-')) {
        rest = slice_trim(rest);
        if (!slice_take_number(&rest, PACER_GAP_LONGEST_MS / SECOND_MS, &most)) return false;
    }
    if (!read_gap_unit(rest, &unit_ms)) return false;
    pace->gap_min_ms = (int64_t)least * unit_ms;
    pace->gap_max_ms = (int64_t)most * unit_ms;
    return least <= most && pace->gap_max_ms <= PACER_GAP_LONGEST_MS;
}

static void take_gap(struct tree *tree, const struct tree_node *node, void *target) {
    if (node->kind != TREE_TEXT || !read_gap(node->text, target))
        tree_fault(tree, node, "here belongs the time between two messages: 95-150 seconds, or 3-5 minutes");
}

static void take_cap(struct tree *tree, const struct tree_node *node, unsigned *cap) {
    tree_number(tree, node, 1, PACER_DAILY_OVERRIDE_MAX, cap);
}
static void take_hourly(struct tree *tree, const struct tree_node *node, void *target) {
    take_cap(tree, node, &((struct pacer_limits *)target)->hourly_max);
}
static void take_daily(struct tree *tree, const struct tree_node *node, void *target) {
    take_cap(tree, node, &((struct pacer_limits *)target)->daily_max);
}
static void take_recipient_domain(struct tree *tree, const struct tree_node *node, void *target) {
    take_cap(tree, node, &((struct pacer_limits *)target)->recipient_domain_daily_max);
}
static void take_sending_domain(struct tree *tree, const struct tree_node *node, void *target) {
    take_cap(tree, node, &((struct pacer_limits *)target)->sending_domain_daily_max);
}

static void take_ramp_start(struct tree *tree, const struct tree_node *node, void *target) {
    take_cap(tree, node, &((struct pacer_limits *)target)->ramp_start);
}
static void take_ramp_step(struct tree *tree, const struct tree_node *node, void *target) {
    tree_number(tree, node, 1, PACER_RAMP_STEP_MAX, &((struct pacer_limits *)target)->ramp_step);
}

static const struct tree_key ramp_keys[] = {{"start", take_ramp_start}, {"step", take_ramp_step}};

static void take_ramp(struct tree *tree, const struct tree_node *node, void *target) {
    if (tree_take_map(tree, node, ramp_keys, 2, target) != 3 && node->kind == TREE_MAP)
        tree_fault(tree, node, "a ramp has a start and a step: messages on the first day, and more each day");
}

static const struct tree_key pace_keys[] = {
    {"gap", take_gap},
    {"hourly", take_hourly},
    {"daily", take_daily},
    {"recipient_domain_daily", take_recipient_domain},
    {"sending_domain_daily", take_sending_domain},
    {"ramp", take_ramp},
};

void sequence_take_pace(struct tree *tree, const struct tree_node *node, void *target) {
    struct pacer_limits *pace = &((struct sequence *)target)->pace;
    (void)tree_take_map(tree, node, pace_keys, sizeof pace_keys / sizeof pace_keys[0], pace);
}
