#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/model.h"

enum { LINE_BYTES_MAX = 78 };

struct ledger *ledger_new(uint64_t seed, struct ledger_layout layout) {
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) FATAL("out of memory for a ledger");
    ASSERT(layout.hosts && layout.accounts >= layout.hosts && layout.accounts <= LEDGER_ACCOUNTS_MAX);
    ledger->seed = seed;
    ledger->layout = layout;
    ledger->failure = buffer_new(LEDGER_FAILURE_BYTES_MAX);
    for (size_t i = 0; i < LEDGER_BOXES_MAX; i++) ledger->mailboxes[i].seen = map_new(seed);
    return ledger;
}

void ledger_free(struct ledger **ledger) {
    for (size_t i = 0; i < LEDGER_BOXES_MAX; i++) {
        struct map *seen = (*ledger)->mailboxes[i].seen;
        size_t cursor = 0;
        for (struct ledger_seen *s; (s = map_next(seen, &cursor, NULL));) {
            free(s->states);
            free(s);
        }
        map_free(&(*ledger)->mailboxes[i].seen);
    }
    for (uint32_t i = 1; i <= (*ledger)->count; i++) buffer_free(&(*ledger)->entries[i].text);
    buffer_free(&(*ledger)->failure);
    free(*ledger);
    *ledger = NULL;
}

void ledger_fail(struct ledger *ledger, enum invariant broken, const char *format, ...) {
    if (ledger->failure.len) return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_printf(&ledger->failure, "%s: %s", invariant_name(broken), text);
}

bool ledger_has_failed(const struct ledger *ledger) { return ledger->failure.len > 0; }

unsigned ledger_host(struct ledger_layout layout, unsigned account) {
    return account * layout.hosts / layout.accounts;
}

const char *ledger_domain(unsigned host) {
    static const char *const domains[] = {"one.test", "two.test", "three.test"};
    return domains[host];
}

struct slice ledger_address(struct ledger_layout layout, unsigned account) {
    static const struct slice addresses[][3] = {
        {SLICE_INIT("ann@one.test"), SLICE_INIT("ann@two.test"), SLICE_INIT("ann@three.test")},
        {SLICE_INIT("bob@one.test"), SLICE_INIT("bob@two.test"), SLICE_INIT("bob@three.test")},
        {SLICE_INIT("cleo@one.test"), SLICE_INIT("cleo@two.test"), SLICE_INIT("cleo@three.test")},
        {SLICE_INIT("dan@one.test"), SLICE_INIT("dan@two.test"), SLICE_INIT("dan@three.test")}};
    return addresses[account][ledger_host(layout, account)];
}

unsigned ledger_accounts_of(struct ledger_layout layout, unsigned host) {
    unsigned accounts = 0;
    for (unsigned i = 0; i < layout.accounts; i++)
        if (ledger_host(layout, i) == host) accounts |= 1u << i;
    return accounts;
}

const char *ledger_box_name(unsigned box) {
    static const char *const names[LEDGER_ACCOUNT_BOXES] = {"INBOX", "Work"};
    return names[box % LEDGER_ACCOUNT_BOXES];
}

/* ---- messages ---- */

uint32_t ledger_attempt(struct ledger *ledger, size_t bytes) {
    if (ledger->count + 1 == LEDGER_ENTRIES_MAX) return 0;
    ledger->entries[++ledger->count] = (struct ledger_entry){.bytes = bytes};
    return ledger->count;
}

void ledger_allow(struct ledger *ledger, uint32_t number, unsigned box) {
    ledger->entries[number].allowed[box]++;
    ledger->entries[number].sent |= 1u << box;
}

void ledger_ask_for(struct ledger *ledger, uint32_t number, unsigned recipients) {
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX; i++)
        if (recipients >> i & 1) ledger->entries[number].allowed[ledger_inbox(i)]++;
}

void ledger_sent(struct ledger *ledger, uint32_t number, unsigned recipients) {
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX; i++)
        if (recipients >> i & 1) ledger->entries[number].sent |= 1u << ledger_inbox(i);
}

void ledger_acknowledge(struct ledger *ledger, uint32_t number, unsigned recipients, int64_t now_ms) {
    struct ledger_entry *entry = &ledger->entries[number];
    entry->is_acknowledged = true;
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX; i++) {
        if (!(recipients >> i & 1)) continue;
        entry->acknowledged_ms[i] = now_ms;
        entry->expected[ledger_inbox(i)]++;
    }
}

static uint64_t next(uint64_t *state) {
    *state += 0x9e3779b97f4a7c15u;
    uint64_t x = (*state ^ *state >> 30) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 27;
}

/* Lines that begin with dots now and then, and do not compress to nothing. */
static void write_line(struct buffer *out, uint64_t *state) {
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz .,0123456789ABCDEFGHIJKLMNOPQRSTUVWXY";
    size_t len = next(state) % LINE_BYTES_MAX;
    uint8_t *line = buffer_reserve(out, len + 2);
    ASSERT(line);
    uint64_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0) bits = next(state);
        line[i] = (uint8_t)alphabet[bits >> (i % 8 * 6) & 63];
    }
    if (len && next(state) % 16 == 0) line[0] = '.';
    line[len] = '\r';
    line[len + 1] = '\n';
    buffer_grew(out, len + 2);
}

static void write_message(const struct ledger *ledger, uint32_t number, struct buffer *out) {
    uint64_t state = ledger->seed * 0x100000001b3u + number;
    size_t start = out->len;
    buffer_printf(out, "X-Ledger: %u\r\n", number);
    buffer_append_text(out, "From: Sender <sender@elsewhere.test>\r\n");
    buffer_append_text(out, "To: undisclosed-recipients:;\r\n");
    buffer_append_text(out, "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n");
    buffer_printf(out, "Message-ID: <%u.%llu@elsewhere.test>\r\n", number, (unsigned long long)ledger->seed);
    buffer_printf(out, "Subject: number %u\r\n\r\n", number);
    while (out->len - start < ledger->entries[number].bytes) write_line(out, &state);
}

struct slice ledger_message(struct ledger *ledger, uint32_t number) {
    struct ledger_entry *entry = &ledger->entries[number];
    if (!entry->text.len) {
        entry->text = buffer_new(LEDGER_TEXT_BYTES_MAX);
        write_message(ledger, number, &entry->text);
    }
    return buffer_slice(&entry->text);
}

/* The number behind the first X-Ledger field, and where the message itself begins. */
static uint32_t find_number(struct slice text, struct slice *message) {
    static const struct slice field = SLICE_INIT("X-Ledger: ");
    uint64_t number = 0;
    size_t at = slice_find(text, field);
    if (at == SLICE_NOT_FOUND) return 0;
    *message = slice_skip(text, at);
    struct slice rest = slice_skip(text, at + field.len);
    if (!slice_take_number(&rest, UINT32_MAX, &number)) return 0;
    return (uint32_t)number;
}

static void tell_change(struct ledger *ledger, uint32_t number, struct slice sent, struct slice there) {
    size_t at = 0;
    while (at < sent.len && at < there.len && sent.ptr[at] == there.ptr[at]) at++;
    ledger_fail(ledger, TEXT_UNCHANGED,
                "message %u was changed: %zu bytes were sent, %zu are there, other from %zu on: '%.*s'",
                number, sent.len, there.len, at, SLICE_PRINT(slice_sub(there, at, 60)));
}

uint32_t ledger_recognize(struct ledger *ledger, struct slice text) {
    struct slice message;
    uint32_t number = find_number(text, &message);
    if (number == 0 || number > ledger->count) {
        ledger_fail(ledger, NOTHING_UNASKED, "a message of %zu bytes that nobody sent: '%.*s'", text.len,
                    SLICE_PRINT(slice_sub(text, 0, 200)));
        return 0;
    }
    struct slice sent = ledger_message(ledger, number);
    bool is_same = slice_equal(sent, message);
    if (!is_same) tell_change(ledger, number, sent, message);
    return is_same ? number : 0;
}

/* ---- UIDs ---- */

struct ledger_asked ledger_ask(const struct ledger *ledger, unsigned box) {
    const struct ledger_mailbox *mailbox = &ledger->mailboxes[box];
    return (struct ledger_asked){ledger->facts, mailbox->uidnext, mailbox->highest_modseq};
}

static struct ledger_seen *seen_of(struct ledger *ledger, unsigned box, uint32_t uid) {
    struct map *all = ledger->mailboxes[box].seen;
    struct ledger_seen *seen = map_get_id(all, uid);
    if (seen) return seen;
    seen = calloc(1, sizeof *seen);
    if (!seen) FATAL("out of memory for a UID");
    seen->uid = uid;
    (void)map_put_id(all, uid, seen);
    return seen;
}

void ledger_doom(struct ledger_seen *seen) {
    seen->is_doomed = true;
    seen->moved_to = 0;
}

static void saw_number(struct ledger *ledger, unsigned box, struct ledger_seen *seen, uint32_t number) {
    const struct ledger_entry *entry = &ledger->entries[number];
    if (seen->number && seen->number != number)
        ledger_fail(ledger, UIDS_RISE, "UID %u of box %u was message %u and is now %u", seen->uid, box,
                    seen->number, number);
    if (!entry->allowed[box])
        ledger_fail(ledger, NOTHING_UNASKED, "box %u got message %u, which was not for it", box, number);
    if (!(entry->sent >> box & 1))
        ledger_fail(ledger, NOTHING_UNASKED, "message %u is in box %u before it was sent to its end", number,
                    box);
    seen->number = number;
}

static void state_add(struct ledger_seen *seen, const struct ledger_state *state) {
    struct ledger_state *grown = realloc(seen->states, (seen->state_count + 1) * sizeof *grown);
    if (!grown) FATAL("out of memory for a state");
    seen->states = grown;
    grown[seen->state_count++] = *state;
}

/* A modseq does not go back, and stands for the same flags whoever looks. */
static void saw_state(struct ledger *ledger, unsigned box, const struct ledger_asked *asked,
                      struct ledger_seen *seen, const struct ledger_sight *sight) {
    struct ledger_state fresh = {sight->modseq, sight->flags & sight->flags_known, sight->flags_known,
                                 ++ledger->facts};
    for (size_t i = 0; i < seen->state_count; i++) {
        struct ledger_state *state = &seen->states[i];
        if (state->learned <= asked->facts && state->modseq > sight->modseq)
            ledger_fail(ledger, MODSEQS_RISE, "the modseq of UID %u of box %u went back from %llu to %llu",
                        seen->uid, box, (unsigned long long)state->modseq, (unsigned long long)sight->modseq);
        if (state->modseq != sight->modseq) continue;
        unsigned both = state->flags_known & fresh.flags_known;
        if ((state->flags ^ fresh.flags) & both)
            ledger_fail(ledger, MODSEQS_RISE, "UID %u of box %u has flags %x and %x at modseq %llu",
                        seen->uid, box, state->flags, fresh.flags, (unsigned long long)sight->modseq);
        state->flags |= fresh.flags;
        state->flags_known |= fresh.flags_known;
        return;
    }
    state_add(seen, &fresh);
}

void ledger_saw(struct ledger *ledger, unsigned box, const struct ledger_asked *asked,
                const struct ledger_sight *sight) {
    struct ledger_seen *seen = seen_of(ledger, box, sight->uid);
    seen->is_there = true;
    if (seen->deleted && seen->deleted <= asked->facts)
        ledger_fail(ledger, SHOWN_STAYS, "UID %u of box %u was deleted and is there again", sight->uid, box);
    if (sight->flags & FLAG_DELETED) ledger_doom(seen);
    if (sight->number) saw_number(ledger, box, seen, sight->number);
    if (sight->modseq) saw_state(ledger, box, asked, seen, sight);
}

struct ledger_seen *ledger_seen(const struct ledger *ledger, unsigned box, uint32_t uid) {
    return map_get_id(ledger->mailboxes[box].seen, uid);
}

uint64_t ledger_seen_modseq(const struct ledger_seen *seen) {
    uint64_t highest = 0;
    for (size_t i = 0; i < seen->state_count; i++)
        if (seen->states[i].modseq > highest) highest = seen->states[i].modseq;
    return highest;
}

void ledger_saw_gone(struct ledger *ledger, unsigned box, uint32_t uid) {
    struct ledger_seen *seen = seen_of(ledger, box, uid);
    if (!seen->is_doomed)
        ledger_fail(ledger, SHOWN_STAYS, "UID %u of box %u is said to be gone, and nobody asked for it", uid,
                    box);
    if (!seen->deleted) seen->deleted = ++ledger->facts;
}

void ledger_saw_mailbox(struct ledger *ledger, unsigned box, const struct ledger_asked *asked,
                        const struct ledger_mailbox *said) {
    struct ledger_mailbox *mailbox = &ledger->mailboxes[box];
    if (mailbox->uidvalidity && said->uidvalidity != mailbox->uidvalidity)
        ledger_fail(ledger, UIDS_RISE, "the UIDVALIDITY of box %u changed", box);
    if (said->uidnext && said->uidnext < asked->uidnext)
        ledger_fail(ledger, UIDS_RISE, "UIDNEXT of box %u went back from %u to %u", box, asked->uidnext,
                    said->uidnext);
    if (said->highest_modseq && said->highest_modseq < asked->highest_modseq)
        ledger_fail(ledger, MODSEQS_RISE, "HIGHESTMODSEQ of box %u went back from %llu to %llu", box,
                    (unsigned long long)asked->highest_modseq, (unsigned long long)said->highest_modseq);
    mailbox->uidvalidity = said->uidvalidity;
    if (said->uidnext > mailbox->uidnext) mailbox->uidnext = said->uidnext;
    if (said->highest_modseq > mailbox->highest_modseq) mailbox->highest_modseq = said->highest_modseq;
}

/* ---- at the end ---- */

void ledger_look_anew(struct ledger *ledger) {
    for (size_t i = 0; i < ledger_boxes(ledger); i++) {
        size_t cursor = 0;
        struct map *all = ledger->mailboxes[i].seen;
        for (struct ledger_seen *seen; (seen = map_next(all, &cursor, NULL));) seen->is_there = false;
    }
}

/* How many UIDs of each box each message had, over all the run. */
typedef uint8_t ledger_times[LEDGER_BOXES_MAX][LEDGER_ENTRIES_MAX];

static void settle_seen(struct ledger *ledger, unsigned box, ledger_times *times) {
    size_t cursor = 0;
    struct map *all = ledger->mailboxes[box].seen;
    for (struct ledger_seen *seen; (seen = map_next(all, &cursor, NULL));) {
        if (seen->is_there && seen->deleted)
            ledger_fail(ledger, SHOWN_STAYS, "UID %u of box %u was deleted and is there", seen->uid, box);
        if (!seen->is_there && !seen->is_doomed)
            ledger_fail(ledger, SHOWN_STAYS, "UID %u of box %u (message %u) was shown and is gone", seen->uid,
                        box, seen->number);
        (*times)[box][seen->number]++;
    }
}

/* RFC 6851 3.3: what a MOVE took away is at its target. */
static void settle_moved(struct ledger *ledger, unsigned box, ledger_times *times) {
    size_t cursor = 0;
    struct map *all = ledger->mailboxes[box].seen;
    for (struct ledger_seen *seen; (seen = map_next(all, &cursor, NULL));) {
        bool is_moved = seen->moved_to && !seen->is_there && seen->number;
        if (is_moved && !(*times)[seen->moved_to - 1][seen->number])
            ledger_fail(ledger, ACKNOWLEDGED_IS_THERE,
                        "UID %u of box %u (message %u) was moved away and is nowhere", seen->uid, box,
                        seen->number);
    }
}

static void settle_entry(struct ledger *ledger, unsigned box, uint32_t number, unsigned times) {
    const struct ledger_entry *entry = &ledger->entries[number];
    if (times < entry->expected[box])
        ledger_fail(ledger, ACKNOWLEDGED_IS_THERE,
                    "message %u was acknowledged %u times and box %u had it %u times", number,
                    entry->expected[box], box, times);
    if (times > entry->allowed[box])
        ledger_fail(ledger, NOTHING_TWICE, "message %u was asked for %u times and box %u had it %u times",
                    number, entry->allowed[box], box, times);
}

void ledger_settle(struct ledger *ledger) {
    ledger_times *times = calloc(1, sizeof *times);
    if (!times) FATAL("out of memory to settle");
    for (unsigned box = 0; box < ledger_boxes(ledger); box++) settle_seen(ledger, box, times);
    for (unsigned box = 0; box < ledger_boxes(ledger); box++) settle_moved(ledger, box, times);
    for (unsigned box = 0; box < ledger_boxes(ledger); box++)
        for (uint32_t number = 1; number <= ledger->count; number++)
            settle_entry(ledger, box, number, (*times)[box][number]);
    free(times);
}
