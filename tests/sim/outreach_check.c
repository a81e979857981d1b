/* What must hold of campaigns, by the receiving machine's log and what our host said it has taken. */
#include "outreach.h"

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    /* Between the store's word, or what it recorded, and what the other machine sees. */
    SLACK_MS = MINUTE_MS,
    /* The longest that the end of a transaction is waited for. */
    DOUBT_MS = 20 * MINUTE_MS,
};
static const int64_t day_ms = 24LL * HOUR_MS;

static struct ledger *ledger_of(const struct outreach *outreach) { return outreach->run->ledger; }

/* ---- one at a time, with gaps ---- */

static bool has_jumped(const struct outreach *outreach, int64_t from_ms, int64_t to_ms) {
    for (unsigned i = 0; i < outreach->jump_count; i++)
        if (outreach->jumps[i].at_ms >= from_ms && outreach->jumps[i].at_ms <= to_ms) return true;
    return false;
}

static int64_t gap_min_ms(const struct outreach *outreach) {
    int64_t least_s = outreach_pace_of(outreach, 0).gap_min_s;
    for (unsigned i = 1; i < outreach->series_count; i++) {
        int64_t gap_s = outreach_pace_of(outreach, i).gap_min_s;
        if (gap_s < least_s) least_s = gap_s;
    }
    return least_s * SECOND_MS;
}

/* A provider that took nothing was written nothing: whether it hung up, or said no while the mailbox itself
   turned red, nobody got a letter. */
static bool counts(const struct outreach *outreach, const struct outreach_visit *visit) {
    return !outreach->is_outside || visit->has_letter;
}

void outreach_check_visit(struct outreach *outreach, unsigned number) {
    const struct outreach_visit *visit = &outreach->visits[number];
    unsigned last = number;
    while (last && !counts(outreach, &outreach->visits[last - 1])) last--;
    if (last == 0) return;
    const struct outreach_visit *before = &outreach->visits[last - 1];
    for (unsigned i = 0; i < number; i++)
        if (!outreach->visits[i].is_over)
            ledger_fail(ledger_of(outreach), PACE_HOLDS, "transaction %u began at %lld before %u had ended",
                        number, (long long)visit->mail_ms, i);
    if (has_jumped(outreach, before->mail_ms, visit->mail_ms)) return;
    int64_t gap_ms = visit->mail_ms - before->mail_ms;
    if (gap_ms + outreach->way_ms < gap_min_ms(outreach))
        ledger_fail(ledger_of(outreach), PACE_HOLDS,
                    "transaction %u began at %lld, %lld ms after the one before it", number,
                    (long long)visit->mail_ms, (long long)gap_ms);
}

/* ---- a letter's pace ---- */

static void check_gap(const struct outreach *outreach, unsigned number) {
    const struct outreach_letter *letter = &outreach->letters[number];
    if (number == 0) return;
    const struct outreach_letter *before = &outreach->letters[number - 1];
    if (has_jumped(outreach, before->mail_ms, letter->mail_ms)) return;
    int64_t least_ms = (int64_t)outreach_pace_of(outreach, letter->series).gap_min_s * SECOND_MS;
    if (letter->mail_ms - before->mail_ms + outreach->way_ms < least_ms)
        ledger_fail(ledger_of(outreach), PACE_HOLDS,
                    "letter %u of series %u came %lld ms after the one before", number, letter->series,
                    (long long)(letter->mail_ms - before->mail_ms));
}

static void check_caps(const struct outreach *outreach, unsigned number) {
    const struct outreach_letter *letter = &outreach->letters[number];
    struct outreach_pace pace = outreach_pace_of(outreach, letter->series);
    int64_t today = outreach_zone_day(outreach->zone, letter->wall_ms);
    /* A moment after midnight it may be of the day before. */
    bool is_sure = today == outreach_zone_day(outreach->zone, letter->wall_ms - SLACK_MS);
    unsigned hour = 0;
    unsigned day = 0;
    for (unsigned i = 0; i < number; i++) {
        int64_t wall_ms = outreach->letters[i].wall_ms;
        hour += wall_ms > letter->wall_ms - HOUR_MS + SLACK_MS && wall_ms <= letter->wall_ms;
        day += outreach_zone_day(outreach->zone, wall_ms) == today && wall_ms <= letter->wall_ms;
    }
    if (hour >= pace.hourly)
        ledger_fail(ledger_of(outreach), PACE_HOLDS,
                    "letter %u (series %u, person %u) is number %u of its hour, where %u may leave", number,
                    letter->series, letter->person, hour + 1, pace.hourly);
    if (is_sure && day >= pace.daily)
        ledger_fail(
            ledger_of(outreach), PACE_HOLDS,
            "letter %u (series %u, person %u) at %lld is number %u of its day in %s, where %u may leave",
            number, letter->series, letter->person, (long long)letter->mail_ms, day + 1,
            outreach_zone_name(outreach->zone), pace.daily);
}

static void check_window(const struct outreach *outreach, const struct outreach_letter *letter) {
    unsigned window = outreach->series[letter->series].window;
    unsigned zone = outreach->people[letter->person].zone;
    if (has_jumped(outreach, letter->mail_ms - SLACK_MS, letter->mail_ms)) return;
    if (!outreach_window_is_open(window, zone, letter->wall_ms, SLACK_MS))
        ledger_fail(ledger_of(outreach), PACE_HOLDS,
                    "step %u of series %u reached person %u at minute %u of his day, out of its window",
                    letter->step, letter->series, letter->person,
                    outreach_zone_minute(zone, letter->wall_ms));
}

/* ---- a letter's place among the others ---- */

static const struct outreach_letter *step_of(const struct outreach *outreach, unsigned series,
                                             unsigned person, unsigned step) {
    for (unsigned i = 0; i < outreach->letter_count; i++) {
        const struct outreach_letter *letter = &outreach->letters[i];
        if (letter->series == series && letter->person == person && letter->step == step) return letter;
    }
    return NULL;
}

static void check_order(const struct outreach *outreach, const struct outreach_letter *letter) {
    const struct outreach_letter *first = step_of(outreach, letter->series, letter->person, letter->step);
    const struct outreach_letter *before =
        letter->step ? step_of(outreach, letter->series, letter->person, letter->step - 1) : NULL;
    if (first != letter)
        ledger_fail(ledger_of(outreach), STEPS_IN_ORDER,
                    "person %u got step %u of series %u twice, at %lld and %lld", letter->person,
                    letter->step, letter->series, (long long)first->mail_ms, (long long)letter->mail_ms);
    if (!before || has_jumped(outreach, before->mail_ms, letter->mail_ms)) return;
    int64_t apart_ms = letter->mail_ms - before->mail_ms;
    /* It is counted from the word that it may leave where nobody heard what became of it. */
    if (apart_ms + SECOND_MS < outreach_delay_ms(outreach, letter->series, letter->step))
        ledger_fail(ledger_of(outreach), PACE_HOLDS,
                    "person %u got step %u of series %u %lld ms after the one before", letter->person,
                    letter->step, letter->series, (long long)apart_ms);
}

/* Outside: what lay in a folder when it was looked into is known, however long ago that is; and the look is
   one of this very connection. */
static bool is_known(const struct outreach *outreach, const struct outreach_letter *letter,
                     int64_t since_ms) {
    if (!since_ms) return false;
    enum provider_folder folder = outreach->people[letter->person].folder;
    bool is_long_ago = since_ms + outreach->way_ms + outreach->hearing_ms < letter->mail_ms;
    if (is_long_ago && folder == PROVIDER_INBOX) return true;
    return outreach->is_outside && since_ms < outreach->visits[letter->visit].looked_ms[folder];
}

static void check_look(const struct outreach *outreach, const struct outreach_letter *letter) {
    const struct outreach_visit *visit = &outreach->visits[letter->visit];
    for (unsigned i = 0; outreach->is_outside && i < PROVIDER_FOLDERS; i++)
        if (visit->looked_ms[i] < visit->let_in_ms)
            ledger_fail(ledger_of(outreach), ANSWERS_STOP,
                        "step %u of series %u for person %u left at %lld without a look into folder %u",
                        letter->step, letter->series, letter->person, (long long)letter->mail_ms, i);
}

static void check_stop(const struct outreach *outreach, const struct outreach_letter *letter) {
    const struct outreach_person *person = &outreach->people[letter->person];
    bool is_stopped = is_known(outreach, letter, person->stopped_ms);
    bool is_of_it = person->is_suppressed || (person->stopped_series >> letter->series & 1);
    if (is_stopped && is_of_it)
        ledger_fail(ledger_of(outreach), ANSWERS_STOP,
                    "step %u of series %u for person %u began at %lld; his answer was accepted at %lld",
                    letter->step, letter->series, letter->person, (long long)letter->mail_ms,
                    (long long)person->stopped_ms);
    bool is_away = is_known(outreach, letter, person->away_ms) && person->away_series == letter->series &&
                   letter->wall_ms < person->away_until_wall_ms - 2 * day_ms;
    if (is_away && !has_jumped(outreach, person->away_ms, letter->mail_ms))
        ledger_fail(ledger_of(outreach), ANSWERS_STOP,
                    "person %u is away, and got step %u of series %u at %lld", letter->person, letter->step,
                    letter->series, (long long)letter->mail_ms);
}

void outreach_check_letter(struct outreach *outreach, unsigned number) {
    const struct outreach_letter *letter = &outreach->letters[number];
    if (!(outreach->people[letter->person].series >> letter->series & 1))
        ledger_fail(ledger_of(outreach), NOTHING_UNASKED, "person %u got a letter of series %u",
                    letter->person, letter->series);
    check_order(outreach, letter);
    check_look(outreach, letter);
    check_stop(outreach, letter);
    check_gap(outreach, number);
    check_caps(outreach, number);
    check_window(outreach, letter);
}

/* ---- what was lost ---- */

static bool has_happened(const struct outreach *outreach, int64_t wall_ms) {
    for (unsigned i = 0; i < outreach->event_count; i++)
        if (outreach->events[i].from_wall_ms <= wall_ms + DOUBT_MS &&
            outreach->events[i].to_wall_ms >= wall_ms - SECOND_MS)
            return true;
    return false;
}

static unsigned person_of(const struct outreach *outreach, struct slice address) {
    unsigned person = 0;
    while (person < outreach->people_count &&
           !slice_equal(address, slice_from_text(outreach->people[person].address)))
        person++;
    return person;
}

static bool has_come(const struct outreach *outreach, struct slice id) {
    for (unsigned i = 0; i < outreach->letter_count; i++) {
        struct slice own = slice_from_text(outreach->letters[i].id);
        if (own.len > 2 && slice_equal(slice_sub(own, 1, own.len - 2), id)) return true;
    }
    return false;
}

/* What did not come was lost, and then something happened that may lose it. */
void outreach_check_sent(struct outreach *outreach, struct slice address, struct slice id, unsigned step,
                         int64_t wall_ms, uint64_t campaign) {
    unsigned person = person_of(outreach, address);
    unsigned series = 0;
    while (series < outreach->series_count && outreach->series[series].id != campaign) series++;
    if (has_come(outreach, id) || person == outreach->people_count || series == outreach->series_count)
        return;
    /* What a provider said it has is with it, and what was found in Sent it had taken. */
    if (!outreach->is_outside && has_happened(outreach, wall_ms))
        outreach->lost[series][person] |= 1u << step;
    else
        ledger_fail(ledger_of(outreach), STEPS_IN_ORDER,
                    "step %u of series %u counts as sent to person %u at %lld, and never came", step, series,
                    person, (long long)wall_ms);
}

/* ---- all of it ---- */

/* As long as he may still get letters of this series. */
static bool is_expected(const struct outreach *outreach, unsigned series, unsigned person) {
    const struct outreach_person *it = &outreach->people[person];
    if (!(it->series >> series & 1) || it->is_suppressed) return false;
    return !(it->stopped_ms && (it->stopped_series >> series & 1));
}

/* A first letter of another series that was on its way when he answered is taken back with it. */
static bool is_owed(const struct outreach *outreach, unsigned series, unsigned person) {
    bool is_answered = outreach->people[person].stopped_ms != 0;
    return is_expected(outreach, series, person) && (!is_answered || step_of(outreach, series, person, 0));
}

static bool was_lost(const struct outreach *outreach, unsigned series, unsigned person, unsigned step) {
    return outreach->lost[series][person] >> step & 1;
}

/* Nobody who is to get all of them waits for the last one. */
bool outreach_is_complete(struct outreach *outreach) {
    for (unsigned series = 0; series < outreach->series_count; series++)
        for (unsigned person = 0; person < outreach->people_count; person++)
            if (is_expected(outreach, series, person) &&
                !step_of(outreach, series, person, outreach->series[series].steps - 1))
                return false;
    return true;
}

/* All up to the newest, or to the last where nothing stopped it. */
static void check_steps(const struct outreach *outreach, unsigned series, unsigned person) {
    unsigned steps = outreach->series[series].steps;
    while (steps && !step_of(outreach, series, person, steps - 1)) steps--;
    if (is_owed(outreach, series, person)) steps = outreach->series[series].steps;
    for (unsigned step = 0; step < steps; step++)
        if (!step_of(outreach, series, person, step) && !was_lost(outreach, series, person, step))
            ledger_fail(ledger_of(outreach), STEPS_IN_ORDER,
                        "person %u (temper %d) never got step %u of series %u", person,
                        (int)outreach->people[person].temper, step, series);
}

void outreach_check_all(struct outreach *outreach) {
    if (outreach->is_stuck) return;
    for (unsigned series = 0; series < outreach->series_count; series++)
        for (unsigned person = 0; person < outreach->people_count; person++)
            check_steps(outreach, series, person);
}
