/* Who is written to, by which series, when: all by the seed. */
#include <stdio.h>

#include "outreach.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    DOMAINS = 6,
    FORTY = 40,
    HARD_MAX = 3,
    NIGHT_FROM = 30,
    NIGHT_TO = 4 * 60,
};
static const int64_t day_ms = 24LL * HOUR_MS;

/* ---- tables ---- */

/* The least that lies between: days may have 23 hours. */
static const struct {
    const char *text;
    int64_t least_ms;
} delays[] = {{"90 minutes", 90LL * MINUTE_MS},   {"20 hours", 20LL * HOUR_MS},
              {"1 day", 23LL * HOUR_MS},          {"2 days", 47LL * HOUR_MS},
              {"3 working days", 71LL * HOUR_MS}, {"6 days", 143LL * HOUR_MS}};
enum { DELAYS = sizeof delays / sizeof delays[0] };

/* From Monday on, a bit a day; minutes of the day. */
static const struct {
    const char *json;
    unsigned days;
    unsigned from;
    unsigned to;
} windows[] = {
    {"", 0x1f, 9 * 60, 17 * 60},
    {"\"windows\":[{\"days\":\"Mon-Sun\",\"from\":\"7:00\",\"to\":\"22:00\"}],", 0x7f, 7 * 60, 22 * 60},
    {"\"windows\":[{\"days\":\"Mon-Sat\",\"from\":\"8:00\",\"to\":\"12:00\"}],", 0x3f, 8 * 60, 12 * 60},
    {"\"windows\":[{\"days\":\"Mon-Sun\",\"from\":\"0:30\",\"to\":\"4:00\"}],", 0x7f, NIGHT_FROM, NIGHT_TO},
};
enum { WINDOWS = sizeof windows / sizeof windows[0] };

/* Where clocks are put forward or back a few days later. */
static const struct {
    int year;
    int month;
    int day;
} beginnings[] = {{2026, 3, 4},   {2026, 3, 24},  {2026, 4, 1},   {2026, 9, 30},
                  {2026, 10, 20}, {2026, 10, 28}, {2026, 12, 21}, {2026, 6, 8}};
enum { BEGINNINGS = sizeof beginnings / sizeof beginnings[0] };

/* How many of a hundred take it so. */
static const unsigned shares[TEMPERS] = {
    [TEMPER_SILENT] = 22, [TEMPER_ANSWERS] = 18,  [TEMPER_RACES] = 30,    [TEMPER_UNSUBSCRIBES] = 5,
    [TEMPER_AWAY] = 6,    [TEMPER_AUTOMATIC] = 4, [TEMPER_COLLEAGUE] = 4, [TEMPER_UNKNOWN] = 3,
    [TEMPER_BOUNCES] = 3, [TEMPER_BUSY] = 5};

/* ---- what they are ---- */

struct slice outreach_mailbox(const struct outreach *outreach) {
    return outreach->is_outside ? SLICE(PROVIDER_ADDRESS) : ledger_address(outreach->run->ledger->layout, 0);
}

int64_t outreach_delay_ms(const struct outreach *outreach, unsigned series, unsigned step) {
    return delays[outreach->series[series].step[step].delay].least_ms;
}

static bool is_inside(unsigned window, unsigned zone, int64_t wall_ms) {
    unsigned weekday = (unsigned)((outreach_zone_day(zone, wall_ms) + 3) % 7);
    unsigned minute = outreach_zone_minute(zone, wall_ms);
    return (windows[window].days >> weekday & 1) && minute >= windows[window].from &&
           minute < windows[window].to;
}

bool outreach_window_is_open(unsigned window, unsigned zone, int64_t wall_ms, int64_t slack_ms) {
    return is_inside(window, zone, wall_ms) || is_inside(window, zone, wall_ms - slack_ms);
}

/* As docs/sequence.md says of a mailbox without settings. */
struct outreach_pace outreach_pace_of(const struct outreach *outreach, unsigned series) {
    static const struct outreach_pace usual = {95, 150, 30, 30};
    return outreach->series[series].pace.gap_max_s ? outreach->series[series].pace : usual;
}

static void write_pace(const struct outreach_pace *pace, struct buffer *out) {
    if (pace->gap_max_s == 0) return;
    buffer_printf(out,
                  "\"pace\":{\"gap\":\"%u-%u seconds\",\"hourly\":%u,\"daily\":%u,"
                  "\"recipient_domain_daily\":%u,\"sending_domain_daily\":100},",
                  pace->gap_min_s, pace->gap_max_s, pace->hourly, pace->daily, pace->daily);
}

void outreach_document(const struct outreach *outreach, unsigned series, struct buffer *out) {
    const struct outreach_series *it = &outreach->series[series];
    buffer_printf(out,
                  "{\"name\":\"series %u\",\"sender\":{\"name\":\"Ann Example\",\"company\":\"One\","
                  "\"address\":\"Street 1, 10115 Town\"},\"opt_out\":{\"sentence\":\"Just say no.\"},"
                  "\"time_zone\":\"%s\",%s",
                  series, outreach_zone_name(outreach->zone), windows[it->window].json);
    write_pace(&it->pace, out);
    buffer_append_text(out, "\"steps\":[");
    for (unsigned i = 0; i < it->steps; i++) {
        if (i == 0)
            buffer_printf(out, "{\"subject\":\"Question %u for {{email}}\",", series);
        else
            buffer_printf(out, ",{\"delay\":\"%s\",", delays[it->step[i].delay].text);
        buffer_printf(out, "\"body\":\"Hello, here is something.\\nMark %u/%u.\\n\"}", series, i);
    }
    buffer_append_text(out, "]}");
}

/* ---- drawing ---- */

static unsigned draw(struct outreach *outreach, unsigned least, unsigned most) {
    return (unsigned)run_between(outreach->run, least, most);
}

static void draw_series(struct outreach *outreach, unsigned number) {
    struct outreach_series *series = &outreach->series[number];
    series->steps = draw(outreach, 2, OUTREACH_STEPS_MAX);
    for (unsigned i = 1; i < series->steps; i++) series->step[i].delay = draw(outreach, 0, DELAYS - 1);
    series->window = draw(outreach, 0, WINDOWS - 1);
    if (draw(outreach, 0, 1)) {
        unsigned gap_s = draw(outreach, 95, 400);
        series->pace = (struct outreach_pace){gap_s, gap_s + draw(outreach, 0, 200), draw(outreach, 2, 8),
                                              draw(outreach, 4, 12)};
    }
    series->start_ms = outreach_now_ms(outreach);
    if (number)
        series->start_ms += (int64_t)run_between(outreach->run, 0, (uint64_t)(outreach->trouble_ms * 3 / 4));
}

static enum outreach_temper draw_temper(struct outreach *outreach, unsigned *hard) {
    unsigned at = draw(outreach, 0, 99);
    enum outreach_temper temper = TEMPER_SILENT;
    while (at >= shares[temper]) at -= shares[temper++];
    /* Five of the last hundred would pause all of it. */
    bool is_hard = temper == TEMPER_UNKNOWN || temper == TEMPER_BOUNCES;
    return is_hard && ++*hard > HARD_MAX ? TEMPER_SILENT : temper;
}

static void draw_person(struct outreach *outreach, unsigned number, unsigned *hard) {
    struct outreach_person *person = &outreach->people[number];
    person->domain = draw(outreach, 0, DOMAINS - 1);
    (void)snprintf(person->address, sizeof person->address, "p%u@d%u.test", number, person->domain);
    person->zone = draw(outreach, 0, 2) ? draw(outreach, 0, OUTREACH_ZONES - 1) : outreach->zone;
    person->temper = draw_temper(outreach, hard);
    person->series = 1u << draw(outreach, 0, outreach->series_count - 1);
    if (draw(outreach, 0, 4) == 0) person->series |= 1u << draw(outreach, 0, outreach->series_count - 1);
    person->answers_letter = draw(outreach, 0, 2) ? 1 : 2;
    person->answers_after_ms = (int64_t)run_between(outreach->run, MINUTE_MS, 3 * (uint64_t)day_ms);
    if (draw(outreach, 0, 2) == 0) person->answers_after_ms = (int64_t)run_between(outreach->run, 1, 5000);
    person->busy_left = draw(outreach, 1, 2);
    if (outreach->is_outside && draw(outreach, 0, 3) == 0)
        person->folder = draw(outreach, 0, 1) ? PROVIDER_JUNK : PROVIDER_ARCHIVE;
}

void outreach_draw(struct outreach *outreach) {
    unsigned hard = 0;
    unsigned at = draw(outreach, 0, BEGINNINGS - 1);
    int64_t begin_ms = outreach_date_ms(beginnings[at].year, beginnings[at].month, beginnings[at].day);
    begin_ms += (int64_t)run_between(outreach->run, 0, (uint64_t)day_ms);
    outreach_jump_clock(outreach, begin_ms - outreach_wall_ms(outreach));
    outreach->jump_count = 0;
    outreach->zone = draw(outreach, 0, OUTREACH_ZONES - 1);
    outreach->series_count = outreach->is_year ? OUTREACH_SERIES_MAX : draw(outreach, 1, 3);
    outreach->people_count = outreach->is_year ? OUTREACH_PEOPLE_MAX : draw(outreach, 5, 12);
    for (unsigned i = 0; i < outreach->series_count; i++) draw_series(outreach, i);
    for (unsigned i = 0; i < outreach->people_count; i++) draw_person(outreach, i, &hard);
}

/* All defaults, one letter each. */
void outreach_draw_forty(struct outreach *outreach) {
    int64_t begin_ms = outreach_date_ms(2026, 3, 2) + 8 * (int64_t)HOUR_MS;
    outreach_jump_clock(outreach, begin_ms - outreach_wall_ms(outreach));
    outreach->jump_count = 0;
    outreach->zone = 1;
    outreach->series_count = 1;
    outreach->series[0] = (struct outreach_series){.steps = 1, .start_ms = outreach_now_ms(outreach)};
    outreach->people_count = FORTY;
    for (unsigned i = 0; i < FORTY; i++) {
        struct outreach_person *person = &outreach->people[i];
        *person = (struct outreach_person){.domain = i % DOMAINS, .zone = 1, .series = 1};
        (void)snprintf(person->address, sizeof person->address, "p%u@d%u.test", i, person->domain);
    }
}
