/* The receiving machine: an SMTP server without a store, that tells of every transaction when it began and
   ended, and of every letter what it was. The same talk is the provider's submission. */
#include <stdio.h>
#include <stdlib.h>

#include "outreach.h"
#include "talk.h"

enum {
    LETTER_BYTES_MAX = 65536,
    LISTEN_PAUSE_MS = 1000,
    WATCH_MS = 24 * 3600 * 1000,
    RACE_MS_MAX = 4000,
    DROP_PARTS = 25,
    PATIENCE_MS = 5 * 60 * 1000,
};

struct receiver {
    struct outreach *outreach;
    struct scope scope;
};

struct guest {
    struct receiver *receiver;
    struct stream *stream;
};

/* One connection. */
struct serving {
    struct outreach *outreach;
    struct talk talk;
    /* The provider's: who logged in may ask whether a letter to himself would be taken. */
    bool is_submission;
    int64_t open_ms;
    int64_t let_in_ms;
    /* OUTREACH_VISITS_MAX: none is under way. */
    unsigned visit;
    char mail_from[OUTREACH_ID_BYTES];
    /* As it was at MAIL. */
    struct outreach_visit mail;
    struct buffer text;
};

/* ---- transactions ---- */

static struct outreach_visit *visit_of(struct serving *serving) {
    return serving->visit < OUTREACH_VISITS_MAX ? &serving->outreach->visits[serving->visit] : NULL;
}

static void end_visit(struct serving *serving) {
    struct outreach_visit *visit = visit_of(serving);
    if (!visit) return;
    visit->end_ms = outreach_now_ms(serving->outreach);
    visit->is_over = true;
    serving->visit = OUTREACH_VISITS_MAX;
}

static void begin_visit(struct serving *serving) {
    struct outreach *outreach = serving->outreach;
    ASSERT(outreach->visit_count < OUTREACH_VISITS_MAX);
    serving->visit = outreach->visit_count++;
    struct outreach_visit *visit = &outreach->visits[serving->visit];
    *visit = serving->mail;
    outreach_check_visit(outreach, serving->visit);
}

/* MAIL. The provider knows only at RCPT whether somebody is written to. */
static void mail(struct serving *serving, struct slice path) {
    struct outreach *outreach = serving->outreach;
    end_visit(serving);
    (void)snprintf(serving->mail_from, sizeof serving->mail_from, "%.*s", SLICE_PRINT(path));
    serving->mail = (struct outreach_visit){.person = OUTREACH_PEOPLE_MAX,
                                            .open_ms = serving->open_ms,
                                            .let_in_ms = serving->let_in_ms,
                                            .mail_ms = outreach_now_ms(outreach),
                                            .wall_ms = outreach_wall_ms(outreach)};
    for (unsigned i = 0; serving->is_submission && i < PROVIDER_FOLDERS; i++)
        serving->mail.looked_ms[i] = outreach->provider->boxes[i].looked_ms;
    if (!serving->is_submission) begin_visit(serving);
}

/* ---- a letter ---- */

/* The value of a field of the header, unfolded. */
static void read_field(struct slice head, const char *name, struct buffer *value) {
    struct slice rest = head;
    size_t at = slice_find(rest, slice_from_text(name));
    buffer_clear(value);
    if (at == SLICE_NOT_FOUND) return;
    rest = slice_skip(rest, at + strlen(name));
    do {
        size_t end = slice_find_crlf(rest);
        buffer_append(value, slice_sub(rest, 0, end));
        rest = end == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(rest, end + 2);
    } while (rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t'));
}

static bool read_mark(struct slice text, unsigned *series, unsigned *step) {
    static const struct slice mark = SLICE_INIT("\r\nMark ");
    uint64_t number = 0;
    size_t at = slice_find(text, mark);
    if (at == SLICE_NOT_FOUND) return false;
    struct slice rest = slice_skip(text, at + mark.len);
    if (!slice_take_number(&rest, OUTREACH_SERIES_MAX - 1, &number) || !slice_take_byte(&rest, '/'))
        return false;
    *series = (unsigned)number;
    if (!slice_take_number(&rest, OUTREACH_STEPS_MAX - 1, &number)) return false;
    *step = (unsigned)number;
    return true;
}

static void check_thread(struct outreach *outreach, const struct outreach_letter *letter, struct slice head) {
    struct buffer parent = buffer_new(LETTER_BYTES_MAX);
    struct buffer references = buffer_new(LETTER_BYTES_MAX);
    read_field(head, "\r\nIn-Reply-To: ", &parent);
    read_field(head, "\r\nReferences: ", &references);
    for (unsigned i = 0; i < outreach->letter_count; i++) {
        const struct outreach_letter *before = &outreach->letters[i];
        struct slice id = slice_from_text(before->id);
        if (before->person != letter->person || before->series != letter->series ||
            before->step >= letter->step)
            continue;
        bool is_parent = before->step + 1 == letter->step;
        if (slice_find(buffer_slice(&references), id) == SLICE_NOT_FOUND ||
            (is_parent && !slice_equal(buffer_slice(&parent), id)))
            ledger_fail(outreach->run->ledger, STEPS_IN_ORDER,
                        "step %u of series %u for person %u is in no thread with step %u", letter->step,
                        letter->series, letter->person, before->step);
    }
    buffer_free(&parent);
    buffer_free(&references);
}

/* False: it is none of outreach's. */
static void take_letter(struct serving *serving) {
    struct outreach *outreach = serving->outreach;
    struct outreach_visit *visit = visit_of(serving);
    struct slice text = buffer_slice(&serving->text);
    struct buffer id = buffer_new(LETTER_BYTES_MAX);
    struct outreach_letter letter = {.person = visit->person,
                                     .visit = serving->visit,
                                     .mail_ms = visit->mail_ms,
                                     .end_ms = outreach_now_ms(outreach),
                                     .wall_ms = visit->wall_ms};
    ASSERT(outreach->letter_count < OUTREACH_LETTERS_MAX);
    if (!read_mark(text, &letter.series, &letter.step)) {
        ledger_fail(outreach->run->ledger, NOTHING_UNASKED, "person %u got something that is no letter",
                    visit->person);
        buffer_free(&id);
        return;
    }
    struct slice head = slice_sub(text, 0, slice_find(text, SLICE("\r\n\r\n")));
    read_field(head, "\r\nMessage-ID: ", &id);
    (void)snprintf(letter.id, sizeof letter.id, "%.*s", SLICE_PRINT(buffer_slice(&id)));
    (void)snprintf(letter.mail_from, sizeof letter.mail_from, "%s", serving->mail_from);
    buffer_free(&id);
    check_thread(outreach, &letter, head);
    visit->has_letter = true;
    outreach->letters[outreach->letter_count++] = letter;
    outreach->people[letter.person].letters++;
    outreach_check_letter(outreach, outreach->letter_count - 1);
    outreach_got(outreach, &outreach->letters[outreach->letter_count - 1]);
}

/* ---- commands ---- */

static bool say(struct task *t, struct serving *serving, const char *reply) {
    talk_printf(t, &serving->talk, "%s\r\n", reply);
    return !talk_is_broken(&serving->talk);
}

static struct slice path_of(struct slice line) {
    size_t from = slice_find(line, SLICE("<"));
    if (from == SLICE_NOT_FOUND) return SLICE_EMPTY;
    struct slice rest = slice_skip(line, from + 1);
    return slice_sub(rest, 0, slice_find(rest, SLICE(">")));
}

static bool recipient(struct task *t, struct serving *serving, struct slice address) {
    struct outreach *outreach = serving->outreach;
    if (serving->is_submission && slice_equal(address, SLICE(PROVIDER_ADDRESS)))
        return say(t, serving, "250 2.1.5 that would be fine");
    if (serving->is_submission && serving->mail.mail_ms) begin_visit(serving);
    struct outreach_visit *visit = visit_of(serving);
    if (!visit) return say(t, serving, "503 5.5.1 MAIL first");
    for (unsigned i = 0; i < outreach->people_count; i++)
        if (slice_equal(address, slice_from_text(outreach->people[i].address))) visit->person = i;
    if (visit->person == OUTREACH_PEOPLE_MAX) {
        ledger_fail(outreach->run->ledger, NOTHING_UNASKED, "a letter for %.*s", SLICE_PRINT(address));
        return false;
    }
    struct outreach_person *person = &outreach->people[visit->person];
    visit->is_refused = true;
    if (person->temper == TEMPER_UNKNOWN) {
        person->is_suppressed = true;
        if (!person->stopped_ms) person->stopped_ms = outreach_now_ms(outreach);
        return say(t, serving, "550 5.1.1 no such user");
    }
    if (person->temper == TEMPER_BUSY && person->busy_left) {
        person->busy_left--;
        return say(t, serving, "451 4.2.1 come back later");
    }
    visit->is_refused = false;
    return say(t, serving, "250 2.1.5 fine");
}

static bool read_content(struct task *t, struct serving *serving) {
    buffer_clear(&serving->text);
    buffer_append_text(&serving->text, "\r\n");
    for (;;) {
        struct slice line = talk_line(t, &serving->talk);
        if (talk_is_broken(&serving->talk)) return false;
        if (slice_equal(line, SLICE("."))) return true;
        if (slice_starts(line, SLICE("."))) line = slice_skip(line, 1);
        buffer_append(&serving->text, line);
        buffer_append_text(&serving->text, "\r\n");
    }
}

static void accept(struct serving *serving) {
    take_letter(serving);
    struct slice text = slice_skip(buffer_slice(&serving->text), 2);
    if (serving->is_submission) provider_accepted(serving->outreach->provider, text);
}

/* The line breaks when all was said; the letter is taken or not. */
static bool drops(struct serving *serving) {
    struct outreach *outreach = serving->outreach;
    bool may = !outreach->run->is_healed && (outreach->faults & 1);
    if (!may || run_between(outreach->run, 0, DROP_PARTS - 1)) return false;
    if (run_between(outreach->run, 0, 1)) accept(serving);
    outreach_happened(outreach, 0);
    return true;
}

static bool data(struct task *t, struct serving *serving) {
    struct outreach_visit *visit = visit_of(serving);
    if (!visit || visit->is_refused || visit->person == OUTREACH_PEOPLE_MAX)
        return say(t, serving, "503 5.5.1 RCPT first");
    if (!say(t, serving, "354 go ahead") || !read_content(t, serving)) return false;
    if (drops(serving)) return false;
    accept(serving);
    visit->is_taken = true;
    bool is_said = say(t, serving, "250 2.0.0 taken");
    end_visit(serving);
    return is_said;
}

static bool hello(struct task *t, struct serving *serving) {
    return say(t, serving,
               serving->is_submission
                   ? "250-mail.two.test\r\n250-AUTH PLAIN\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME"
                   : "250-mx.d0.test\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME");
}

/* From now on the client looks into the mailbox, and then decides: the moment to answer. */
static bool let_in(struct task *t, struct serving *serving) {
    struct outreach *outreach = serving->outreach;
    serving->let_in_ms = outreach_now_ms(outreach);
    (void)outreach_race(outreach);
    return say(t, serving, "235 2.7.0 welcome");
}

static bool serve_command(struct task *t, struct serving *serving, struct slice line) {
    struct slice verb = slice_sub(line, 0, 4);
    if (slice_equal_nocase(verb, SLICE("EHLO"))) return hello(t, serving);
    if (serving->is_submission && slice_equal_nocase(verb, SLICE("AUTH"))) return let_in(t, serving);
    if (slice_equal_nocase(verb, SLICE("MAIL"))) {
        mail(serving, path_of(line));
        return say(t, serving, "250 2.1.0 fine");
    }
    if (slice_equal_nocase(verb, SLICE("RCPT"))) return recipient(t, serving, path_of(line));
    if (slice_equal_nocase(verb, SLICE("DATA"))) return data(t, serving);
    if (slice_equal_nocase(verb, SLICE("RSET"))) {
        end_visit(serving);
        return say(t, serving, "250 2.0.0 fine");
    }
    if (slice_equal_nocase(verb, SLICE("QUIT"))) {
        (void)say(t, serving, "221 2.0.0 bye");
        return false;
    }
    return say(t, serving, "502 5.5.2 what");
}

static void serve(struct task *t, struct serving *serving) {
    struct outreach *outreach = serving->outreach;
    outreach_shake(outreach);
    if (outreach_race(outreach) &&
        task_sleep(t, (int64_t)run_between(outreach->run, 1, RACE_MS_MAX)) != WAIT_OK)
        return;
    if (!say(t, serving, "220 mx.d0.test ESMTP")) return;
    for (;;) {
        /* The client may look into a slow mailbox meanwhile. */
        if (serving->is_submission)
            (void)talk_wait(t, &serving->talk, outreach_now_ms(outreach) + PATIENCE_MS);
        struct slice line = talk_line(t, &serving->talk);
        if (talk_is_broken(&serving->talk) || !serve_command(t, serving, line)) return;
    }
}

void outreach_receive(struct task *t, struct outreach *outreach, struct stream *stream, bool is_submission) {
    struct serving serving = {.outreach = outreach,
                              .talk = {.stream = stream, .in = buffer_new(TALK_BYTES_MAX)},
                              .is_submission = is_submission,
                              .open_ms = outreach_now_ms(outreach),
                              .visit = OUTREACH_VISITS_MAX,
                              .text = buffer_new(LETTER_BYTES_MAX)};
    serve(t, &serving);
    end_visit(&serving);
    talk_close(&serving.talk);
    buffer_free(&serving.text);
}

static void guest_main(struct task *t, void *argument) {
    struct guest guest = *(struct guest *)argument;
    free(argument);
    outreach_receive(t, guest.receiver->outreach, guest.stream, false);
}

static void accepted(void *context, struct stream *stream) {
    struct receiver *receiver = context;
    struct guest *guest = calloc(1, sizeof *guest);
    if (!guest) FATAL("out of memory for a guest");
    *guest = (struct guest){receiver, stream};
    if (scope_spawn(&receiver->scope, guest_main, guest)) return;
    stream_close(&guest->stream);
    free(guest);
}

void outreach_receiver_main(struct task *t, void *argument) {
    struct receiver receiver = {.outreach = argument};
    struct listen_request request = {"0.0.0.0", ports[PORT_SMTP].number};
    struct handle handle;
    scope_init(&receiver.scope, task_env(t));
    while (listen_open(task_env(t), &request, &handle))
        if (task_sleep(t, LISTEN_PAUSE_MS) != WAIT_OK) return;
    struct listener *listener = listener_adopt(task_env(t), handle, accepted, &receiver);
    while (!receiver.outreach->run->is_closing && task_sleep(t, WATCH_MS) == WAIT_OK) continue;
    listener_close(&listener);
    scope_close(t, &receiver.scope);
}
