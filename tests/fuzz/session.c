#include "session.h"

#include <stdio.h>

struct run {
    const struct session_kind *kind;
    const struct session_state *state;
    struct slice bytes;
    uint8_t cuts;
    struct client client;
    size_t new_count;
    size_t inbox_count;
};

/* What a person needs to see first. */
static void print_talk(const struct run *run) {
    (void)fprintf(stderr, "said:\n%.*s\nheard:\n%.*s\n", SLICE_PRINT(buffer_slice(&run->client.said)),
                  SLICE_PRINT(buffer_slice(&run->client.heard)));
}

#define WRONG(run, ...)           \
    do {                          \
        print_talk(run);          \
        house_wrong(__VA_ARGS__); \
    } while (0)

size_t session_count(struct slice whole, struct slice part) {
    size_t count = 0;
    for (size_t at; (at = slice_find(whole, part)) != SLICE_NOT_FOUND; count++)
        whole = slice_skip(whole, at + part.len);
    return count;
}

size_t session_count_nocase(struct slice whole, struct slice part) {
    size_t count = 0;
    while (whole.len >= part.len) {
        bool is_here = slice_starts_nocase(whole, part);
        count += is_here;
        whole = slice_skip(whole, is_here ? part.len : 1);
    }
    return count;
}

void session_plain_lines(struct buffer *out, struct slice bytes) {
    while (bytes.len) {
        buffer_append(out, slice_take_until(&bytes, '\r'));
        if (slice_take_byte(&bytes, '\r') && !slice_starts(bytes, SLICE("\n"))) buffer_append_byte(out, '\n');
    }
}

/* The beginning of the last line. */
static bool has_reached(const struct run *run) {
    struct slice heard = buffer_slice(&run->client.heard);
    if (heard.len > 1) heard.len -= 2;
    size_t before = slice_find_last_byte(heard, '\n');
    if (before != SLICE_NOT_FOUND) heard = slice_skip(heard, before + 1);
    return slice_starts(heard, slice_from_text(run->state->reached));
}

static void look_at_message(void *context, const struct mailbox *mailbox, const struct entry *entry,
                            enum store_result result, struct slice text) {
    struct run *run = context;
    bool is_inbox = mailbox->special_use == SPECIAL_INBOX;
    if (result) WRONG(run, "the text of UID %u cannot be read", entry->uid);
    if (text.len != entry->raw_bytes) WRONG(run, "the text of UID %u has not its length", entry->uid);
    run->inbox_count += is_inbox && entry->uid <= HOUSE_MESSAGES;
    /* Copies of what was there before are the same body. */
    if (entry->message <= house_last_message()) return;
    run->new_count++;
    const char *wrong = run->kind->check_new ? run->kind->check_new(run->state, &run->client, text) : NULL;
    if (wrong) WRONG(run, "there is a message, %s:\n%.*s", wrong, SLICE_PRINT(text));
}

/* Behind the reply that begins TLS there are the server's records, which are no replies. */
static struct slice heard_in_clear(const struct run *run) {
    struct slice heard = buffer_slice(&run->client.heard);
    size_t at = slice_find(heard, run->kind->tls_begins);
    return at == SLICE_NOT_FOUND ? heard : slice_sub(heard, 0, at + run->kind->tls_begins.len);
}

static void check(struct task *t, struct house *house, struct run *run) {
    const char *wrong = run->kind->check_replies(heard_in_clear(run));
    if (wrong) WRONG(run, "a reply is malformed: %s", wrong);
    house_settle(t, house);
    if (house->news_count == 0) return;
    house_each_message(house, look_at_message, run);
    wrong = run->kind->check_counts ? run->kind->check_counts(run->state, &run->client, run->new_count,
                                                              HOUSE_MESSAGES - run->inbox_count)
                                    : NULL;
    if (wrong)
        WRONG(run, "%zu messages new, %zu gone: %s", run->new_count, HOUSE_MESSAGES - run->inbox_count,
              wrong);
    house_verify(t, house);
}

static void talk(struct task *t, struct house *house, void *argument) {
    struct run *run = argument;
    client_open(t, &run->client, house_connect(house, run->state->port));
    client_say_all(t, &run->client, slice_from_text(run->state->beginning), 0);
    if (!has_reached(run)) WRONG(run, "the state \"%s\" is not reached", run->state->reached);
    client_say_all(t, &run->client, run->bytes, run->cuts);
    if (run->cuts & 1) run->client.stream->ops->shutdown(run->client.stream);
    client_wait_long(t);
    /* The other end goes before the look, so that nothing more happens. */
    scope_close(t, &run->client.scope);
    stream_close(&run->client.stream);
    check(t, house, run);
    client_close(t, &run->client);
}

void session_fuzz(const struct session_kind *kind, struct slice input) {
    if (input.len < 2) return;
    struct run run = {.kind = kind,
                      .state = &kind->states[(uint8_t)(input.ptr[0] - '0') % kind->count],
                      .cuts = input.ptr[1],
                      .bytes = slice_skip(input, 2)};
    house_run(talk, &run, true);
}
