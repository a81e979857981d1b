/*
 * outreach replay: every answer that was kept, judged again by the classifier as it is now. Runs in this
 * process: the store does not parse, and is asked only, an answer a commit, where --apply makes a difference
 * take effect. One page of answers is in memory, whatever their number.
 */
#include <inttypes.h>
#include <stdio.h>

#include "analyse/classify.h"
#include "app/cli/door_task.h"
#include "app/command/command_outreach.h"
#include "app/outreach/replay.h"
#include "app/settings/move_words.h"
#include "base/limits_campaign.h"
#include "intake/judge.h"
#include "store/campaign_model.h"
#include "store/reader_answers.h"
#include "wire/date.h"

enum { PAGE_BYTES = 16 << 20, DAY_MS = 24 * 3600 * 1000 };

struct replay {
    struct cli *cli;
    struct door_task *door;
    struct task *t;
    struct answer_query query;
    /* For one answer. */
    struct arena *arena;
    uint64_t told_ms;
    uint64_t total;
    uint64_t seen;
    uint64_t judged;
    uint64_t differing;
    uint64_t applied;
    uint64_t by_person;
    uint64_t gone;
    uint64_t not_kept;
    uint64_t damaged;
    uint64_t changes[ANSWER_KINDS][ANSWER_KINDS];
};

/* ---- a difference ---- */

static void print_words(struct replay *replay, const struct replay_difference *difference,
                        const struct answer_rejudged *done) {
    const struct outreach_answer *was = difference->was;
    struct date_fields day = date_split(was->at_ms);
    struct slice before = replay_words_before(replay->arena, difference);
    struct slice after = replay_words_after(replay->arena, difference);
    struct slice old = replay_words_evidence(replay->arena, was->evidence);
    struct slice evidence = replay_words_evidence(replay->arena, difference->now->evidence);
    (void)printf("%016" PRIx64 " %04d-%02d-%02d  %.*s in %.*s, from %.*s\n", was->id, day.year, day.month,
                 day.day, SLICE_PRINT(was->address), SLICE_PRINT(was->campaign_name), SLICE_PRINT(was->from));
    (void)printf("    was %.*s: %.*s\n", SLICE_PRINT(before), SLICE_PRINT(old));
    (void)printf("    now %.*s: %.*s\n", SLICE_PRINT(after), SLICE_PRINT(evidence));
    if (done)
        (void)printf("    done: %s is now %s\n", arena_text(replay->arena, was->address),
                     prospect_state_word((enum prospect_state)done->state));
    else
        (void)printf("    would follow: %s\n", replay_words_effect(difference));
}

static void print_json(struct replay *replay, const struct replay_difference *difference,
                       const struct answer_rejudged *done) {
    json_t *json = replay_json(replay->arena, difference);
    json_object_set_new(json, "applied", json_boolean(done != NULL));
    if (done)
        json_object_set_new(json, "state",
                            json_string(prospect_state_word((enum prospect_state)done->state)));
    (void)printf("%s\n", replay->differing > 1 ? "," : "");
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    json_decref(json);
}

/* False: the store did not take it, for no reason of the answer's. */
static bool apply(struct replay *replay, const struct outreach_answer *was, const struct answer_facts *now,
                  struct answer_rejudged *done) {
    struct answer_rejudgement asked = {was->id, *now};
    enum store_result result = store_answer_rejudge(replay->t, replay->door->door->store, &asked, done);
    if (result == STORE_REFUSED || result == STORE_NOT_FOUND) {
        done->kind = ANSWER_KINDS;
        return true;
    }
    if (result != STORE_OK) replay->door->stopped = "the store did not take a change; run it again";
    return result == STORE_OK;
}

static void differs(struct replay *replay, const struct replay_difference *difference) {
    struct answer_rejudged done = {.kind = ANSWER_KINDS};
    bool is_applying = replay->cli->campaign.is_applying;
    if (is_applying && !apply(replay, difference->was, difference->now, &done)) return;
    bool is_done = done.kind != ANSWER_KINDS;
    replay->differing++;
    replay->applied += is_done;
    replay->changes[answer_kind_now(difference->was)][difference->now->kind]++;
    if (replay->cli->is_json)
        print_json(replay, difference, is_done ? &done : NULL);
    else
        print_words(replay, difference, is_done ? &done : NULL);
}

/* ---- an answer ---- */

static bool is_by_person(const struct outreach_answer *was) {
    return was->corrected_kind != ANSWER_KINDS && !slice_equal(was->corrected_by, ANSWER_BY_REPLAY);
}

static bool read_message(struct replay *replay, const struct outreach_answer *was, struct buffer *message) {
    switch (reader_answer_message(replay->door->door->reader, was, message)) {
    case STORE_OK:
        return true;
    case STORE_NOT_FOUND:
        replay->gone += was->message != 0;
        replay->not_kept += was->message == 0;
        return false;
    default:
        replay->damaged++;
        return false;
    }
}

static void judge_again(struct replay *replay, const struct outreach_answer *was) {
    struct answer_facts now;
    struct replay_difference difference;
    struct buffer message = buffer_new(JUDGE_BYTES_MAX);
    if (is_by_person(was)) {
        replay->by_person++;
    } else if (read_message(replay, was, &message)) {
        replay->judged++;
        judge_message(replay->arena, buffer_slice(&message), SLICE_EMPTY, &now);
        if (replay_differs(was, &now, &difference)) differs(replay, &difference);
    }
    buffer_free(&message);
}

static void tell_progress(struct replay *replay) {
    if (move_is_time_to_tell(replay->door->env, &replay->told_ms))
        (void)fprintf(stderr, "%" PRIu64 " of %" PRIu64 " answers\n", replay->seen, replay->total);
}

/* ---- all of them ---- */

static bool read_all(struct replay *replay) {
    struct reader *reader = replay->door->door->reader;
    struct arena *page = arena_new(PAGE_BYTES);
    size_t count = 1;
    while (count && !replay->door->stopped) {
        struct outreach_answer *answers;
        arena_reset(page);
        if (reader_answers(reader, page, &replay->query, &answers, &count) != STORE_OK)
            replay->door->stopped = "the answers cannot be read";
        for (size_t i = 0; i < count && !replay->door->stopped; i++) {
            arena_reset(replay->arena);
            replay->seen++;
            judge_again(replay, &answers[i]);
            replay->query.after = answers[i].id;
            tell_progress(replay);
            if (task_yield(replay->t) != WAIT_OK) replay->door->stopped = "it was broken off";
        }
    }
    arena_free(&page);
    return !replay->door->stopped;
}

/* ---- the end ---- */

static void print_count(uint64_t count, const char *words) {
    if (count) (void)printf("  %" PRIu64 " %s\n", count, words);
}

static void print_summary(const struct replay *replay) {
    (void)printf("%" PRIu64 " answers judged again by classifier %d: %" PRIu64 " differ", replay->judged,
                 CLASSIFIER_VERSION, replay->differing);
    if (replay->cli->campaign.is_applying)
        (void)printf(", %" PRIu64 " were changed\n", replay->applied);
    else
        (void)printf("%s\n", replay->differing ? "; nothing was changed, --apply makes it so" : "");
    for (int from = 0; from < ANSWER_KINDS; from++)
        for (int to = 0; to < ANSWER_KINDS; to++)
            if (replay->changes[from][to])
                (void)printf("  %" PRIu64 " %s -> %s\n", replay->changes[from][to],
                             answer_kind_word((enum answer_kind)from),
                             answer_kind_word((enum answer_kind)to));
    print_count(replay->by_person, "corrected by a person: left as they are");
    print_count(replay->gone, "not judged again: the message was deleted");
    print_count(replay->not_kept, "not judged again: its text was not kept");
    print_count(replay->damaged, "not judged again: what was kept cannot be read; posthaste verify");
}

static void print_summary_json(const struct replay *replay) {
    json_t *json =
        json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "classifier", CLASSIFIER_VERSION, "judged",
                  (json_int_t)replay->judged, "differing", (json_int_t)replay->differing, "applied",
                  (json_int_t)replay->applied, "corrected_by_person", (json_int_t)replay->by_person,
                  "message_deleted", (json_int_t)replay->gone, "text_not_kept", (json_int_t)replay->not_kept,
                  "damaged", (json_int_t)replay->damaged);
    (void)printf("\n],\n\"summary\":");
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)printf("}\n");
    json_decref(json);
}

static bool find_campaign(struct replay *replay) {
    const char *name = replay->cli->campaign.name;
    if (!name) return true;
    enum store_result result =
        reader_campaign_find(replay->door->door->reader, slice_from_text(name), &replay->query.campaign);
    if (result == STORE_OK) return true;
    replay->door->stopped = result == STORE_NOT_FOUND
                                ? "there is no such campaign; posthaste outreach status shows them"
                                : "the campaigns cannot be read";
    return false;
}

static void work(struct task *t, struct door_task *door) {
    struct replay *replay = door->context;
    replay->t = t;
    replay->door = door;
    if (!find_campaign(replay)) return;
    (void)reader_answers_count(door->door->reader, &replay->query, &replay->total);
    if (replay->cli->is_json) (void)printf("{\"differences\":[");
    if (!read_all(replay) && !replay->cli->is_json) return;
    if (replay->cli->is_json)
        print_summary_json(replay);
    else
        print_summary(replay);
}

/* "2026-11-01", UTC. */
static bool read_day(const char *text, int64_t *at_ms) {
    struct slice moment = slice_from_text(text);
    int year = 0;
    int month = 0;
    int day = 0;
    if (moment.len != 10 || sscanf(text, "%4d-%2d-%2d", &year, &month, &day) != 3) return false;
    if (month < 1 || month > 12 || day < 1 || day > 31) return false;
    *at_ms = date_days(year, month, day) * (int64_t)DAY_MS;
    struct date_fields back = date_split(*at_ms);
    return back.year == year && back.month == month && back.day == day;
}

int command_outreach_replay(struct cli *cli) {
    struct replay replay = {.cli = cli};
    if (cli->word_count != 1) return cli_misuse(cli, "outreach replay takes options alone");
    if (cli->campaign.since && !read_day(cli->campaign.since, &replay.query.since_ms))
        return cli_misuse(cli, "--since %s: write a day, such as 2026-11-01", cli->campaign.since);
    replay.arena = arena_new(JUDGE_ARENA_BYTES);
    int status = door_task_run(cli, "replay", work, &replay);
    arena_free(&replay.arena);
    return status;
}
