/* What people, and their machines, send back: by SMTP to our host, tried again until it is taken, or at once
   into the provider's mailbox. When our host has said 250 the answer is accepted; whatever begins after that
   must know of it. */
#include <stdio.h>
#include <stdlib.h>

#include "outreach.h"
#include "talk.h"
#include "wire/date.h"

enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    AGAIN_MS_MAX = 3 * MINUTE_MS,
    TEXT_BYTES_MAX = 16384,
    EARLY_MS_MAX = 3000,
    LATE_MS_MAX = 400,
    AWAY_DAYS_MAX = 20,
};
static const int64_t day_ms = 24LL * HOUR_MS;

/* One answer to one letter. */
struct answer {
    struct outreach *outreach;
    unsigned letter;
    uint64_t number;
    int64_t away_until_wall_ms;
};

static struct outreach_person *person_of(const struct answer *answer) {
    return &answer->outreach->people[answer->outreach->letters[answer->letter].person];
}

/* ---- what it says ---- */

static void write_head(const struct answer *answer, const char *from, const char *subject,
                       struct buffer *out) {
    const struct outreach_letter *letter = &answer->outreach->letters[answer->letter];
    int64_t wall_ms = outreach_wall_ms(answer->outreach);
    buffer_printf(out, "From: %s\r\nTo: %.*s\r\nSubject: %s Question %u for %s\r\nDate: ", from,
                  SLICE_PRINT(outreach_mailbox(answer->outreach)), subject, letter->series,
                  person_of(answer)->address);
    date_write(out, (struct date){.utc_ms = wall_ms});
    buffer_printf(out, "\r\nMessage-ID: <answer-%llu@d%u.test>\r\nMIME-Version: 1.0\r\n",
                  (unsigned long long)answer->number, person_of(answer)->domain);
}

static void write_parent(const struct answer *answer, struct buffer *out) {
    const struct outreach_letter *letter = &answer->outreach->letters[answer->letter];
    buffer_printf(out, "In-Reply-To: %s\r\nReferences: %s\r\n", letter->id, letter->id);
}

static void write_reply(const struct answer *answer, const char *words, struct buffer *out) {
    write_head(answer, person_of(answer)->address, "Re:", out);
    write_parent(answer, out);
    buffer_printf(out, "\r\n%s\r\n", words);
}

static void write_colleague(const struct answer *answer, struct buffer *out) {
    char from[OUTREACH_ADDRESS_BYTES];
    (void)snprintf(from, sizeof from, "office@d%u.test", person_of(answer)->domain);
    write_head(answer, from, "Re:", out);
    buffer_append_text(out, "\r\nI am the one to talk to about this. Please call me.\r\n");
}

static void write_away(const struct answer *answer, struct buffer *out) {
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    struct date_fields back = date_split(answer->away_until_wall_ms);
    write_head(answer, person_of(answer)->address, "Automatic reply:", out);
    write_parent(answer, out);
    buffer_printf(
        out, "Auto-Submitted: auto-replied\r\n\r\nI am out of the office and will be back on %d %s %d.\r\n",
        back.day, months[back.month - 1], back.year);
}

static void write_automatic(const struct answer *answer, struct buffer *out) {
    write_head(answer, person_of(answer)->address, "Re:", out);
    write_parent(answer, out);
    buffer_append_text(out, "Auto-Submitted: auto-replied\r\n\r\nWe have received your message.\r\n");
}

/* RFC 3464 */
static void write_bounce(const struct answer *answer, struct buffer *out) {
    const struct outreach_letter *letter = &answer->outreach->letters[answer->letter];
    const struct outreach_person *person = person_of(answer);
    char from[OUTREACH_ADDRESS_BYTES];
    (void)snprintf(from, sizeof from, "mailer-daemon@d%u.test", person->domain);
    write_head(answer, from, "Undelivered:", out);
    buffer_printf(out,
                  "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
                  "--b\r\n\r\nThere is no such user.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                  "Reporting-MTA: dns; mx.d0.test\r\n\r\nFinal-Recipient: rfc822; %s\r\nAction: failed\r\n"
                  "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: %s\r\n"
                  "To: %s\r\n\r\n--b--\r\n",
                  person->address, letter->id, person->address);
}

static void write_answer(const struct answer *answer, struct buffer *out) {
    switch (person_of(answer)->temper) {
    case TEMPER_UNSUBSCRIBES:
        write_reply(answer, "No thanks. Please remove me from your list.", out);
        return;
    case TEMPER_COLLEAGUE:
        write_colleague(answer, out);
        return;
    case TEMPER_AWAY:
        write_away(answer, out);
        return;
    case TEMPER_AUTOMATIC:
        write_automatic(answer, out);
        return;
    case TEMPER_BOUNCES:
        write_bounce(answer, out);
        return;
    default:
        write_reply(answer, "Hello Ann, thank you. Tell me more, please.", out);
        return;
    }
}

/* ---- sending it ---- */

/* The provider takes it this moment. */
static bool put_answer(const struct answer *answer) {
    struct provider *provider = answer->outreach->provider;
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    write_answer(answer, &text);
    provider_put(provider, person_of(answer)->folder, buffer_slice(&text));
    buffer_free(&text);
    return true;
}

static bool send_answer(struct task *t, const struct answer *answer, struct talk *talk) {
    const struct outreach_letter *letter = &answer->outreach->letters[answer->letter];
    bool is_bounce = person_of(answer)->temper == TEMPER_BOUNCES;
    struct slice to = is_bounce ? slice_from_text(letter->mail_from) : outreach_mailbox(answer->outreach);
    const char *from = is_bounce ? "" : person_of(answer)->address;
    *talk = (struct talk){0};
    if (answer->outreach->is_outside) return put_answer(answer);
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    bool is_begun = talk_open(t, talk, 0, PORT_SMTP, false) && talk_smtp_reply(t, talk) == 220 &&
                    talk_smtp(t, talk, "EHLO mx.d0.test\r\n") == 250 &&
                    talk_smtp(t, talk, "MAIL FROM:<%s>\r\n", from) == 250 &&
                    talk_smtp(t, talk, "RCPT TO:<%.*s>\r\n", SLICE_PRINT(to)) == 250 &&
                    talk_smtp(t, talk, "DATA\r\n") == 354;
    if (is_begun) {
        write_answer(answer, &text);
        talk_say(t, talk, buffer_slice(&text));
    }
    buffer_free(&text);
    return is_begun && talk_smtp(t, talk, ".\r\n") == 250;
}

static unsigned series_before(const struct answer *answer) {
    const struct outreach *outreach = answer->outreach;
    unsigned series = 0;
    for (unsigned i = 0; i < outreach->letter_count; i++)
        if (outreach->letters[i].person == outreach->letters[answer->letter].person)
            series |= 1u << outreach->letters[i].series;
    return series;
}

static void was_taken(const struct answer *answer) {
    struct outreach *outreach = answer->outreach;
    struct outreach_person *person = person_of(answer);
    if (person->temper == TEMPER_AUTOMATIC) return;
    if (person->temper == TEMPER_AWAY) {
        person->away_ms = outreach_now_ms(outreach);
        person->away_series = outreach->letters[answer->letter].series;
        person->away_until_wall_ms = answer->away_until_wall_ms;
        return;
    }
    person->stopped_ms = outreach_now_ms(outreach);
    person->stopped_series = series_before(answer);
    person->is_suppressed = person->temper == TEMPER_UNSUBSCRIBES || person->temper == TEMPER_BOUNCES;
}

static void answer_main(struct task *t, void *argument) {
    struct answer *answer = argument;
    struct outreach *outreach = answer->outreach;
    bool is_taken = false;
    int64_t days = (int64_t)run_between(outreach->run, 1, AWAY_DAYS_MAX);
    answer->away_until_wall_ms = outreach_wall_ms(outreach) + days * day_ms;
    while (!is_taken && !outreach->run->is_closing) {
        struct talk talk;
        is_taken = send_answer(t, answer, &talk);
        if (is_taken) was_taken(answer);
        talk_close(&talk);
        if (!is_taken && task_sleep(t, (int64_t)run_between(outreach->run, 1, AGAIN_MS_MAX)) != WAIT_OK)
            break;
    }
    free(answer);
}

static void begin(void *context) {
    struct answer *answer = context;
    (void)sim_process_start(answer->outreach->receiver, "answer", answer_main, answer);
}

static void answer_in(struct outreach *outreach, unsigned letter, int64_t delay_ms) {
    static const int64_t least_ms = 1;
    struct answer *answer = calloc(1, sizeof *answer);
    if (!answer) FATAL("out of memory for an answer");
    *answer = (struct answer){outreach, letter, sim_world_random(outreach->run->world, UINT64_MAX), 0};
    outreach->people[outreach->letters[letter].person].is_answering = true;
    sim_world_after(outreach->run->world, delay_ms > least_ms ? delay_ms : least_ms, begin, answer);
}

/* ---- when ---- */

static bool is_moved(const struct outreach_person *person) {
    return !person->is_answering && !person->stopped_ms && person->letters >= person->answers_letter;
}

/* Around the moment at which the next step is due; the others wait until they see it come. */
static void race_by_time(struct outreach *outreach, const struct outreach_letter *letter, unsigned number) {
    if (letter->step + 1 >= outreach->series[letter->series].steps || run_between(outreach->run, 0, 1))
        return;
    int64_t delay_ms = outreach_delay_ms(outreach, letter->series, letter->step + 1);
    if (delay_ms % day_ms == 23 * (int64_t)HOUR_MS) delay_ms += HOUR_MS;
    int64_t at_ms = delay_ms + LATE_MS_MAX - (int64_t)run_between(outreach->run, 0, EARLY_MS_MAX);
    if (run_between(outreach->run, 0, 1)) at_ms = delay_ms + (int64_t)run_between(outreach->run, 0, 60) - 30;
    answer_in(outreach, number, at_ms);
}

void outreach_got(struct outreach *outreach, const struct outreach_letter *letter) {
    struct outreach_person *person = &outreach->people[letter->person];
    unsigned number = (unsigned)(letter - outreach->letters);
    if (person->temper == TEMPER_SILENT || person->temper == TEMPER_BUSY || !is_moved(person)) return;
    if (person->temper == TEMPER_RACES)
        race_by_time(outreach, letter, number);
    else
        answer_in(outreach, number, person->answers_after_ms);
}

/* His newest letter was so long ago that the one which comes in now may be the next. */
static bool may_be_next(const struct outreach *outreach, const struct outreach_letter *letter) {
    if (letter->step + 1 >= outreach->series[letter->series].steps) return false;
    return outreach_now_ms(outreach) - letter->end_ms >=
           outreach_delay_ms(outreach, letter->series, letter->step + 1);
}

bool outreach_race(struct outreach *outreach) {
    bool is_begun = false;
    for (unsigned i = 0; i < outreach->letter_count; i++) {
        const struct outreach_letter *letter = &outreach->letters[i];
        const struct outreach_person *person = &outreach->people[letter->person];
        if (person->temper != TEMPER_RACES || !is_moved(person) || !may_be_next(outreach, letter)) continue;
        answer_in(outreach, i, (int64_t)run_between(outreach->run, 0, 1500));
        is_begun = true;
    }
    return is_begun;
}
