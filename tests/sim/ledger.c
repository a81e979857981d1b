#include "ledger.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES_MAX = 78, FAILURE_BYTES_MAX = 4096 };

struct ledger *ledger_new(uint64_t seed) {
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (!ledger) FATAL("out of memory for a ledger");
    ledger->seed = seed;
    ledger->failure = buffer_new(FAILURE_BYTES_MAX);
    for (size_t i = 0; i < LEDGER_ACCOUNTS; i++) ledger->mailboxes[i].seen = map_new(seed);
    return ledger;
}

void ledger_free(struct ledger **ledger) {
    for (size_t i = 0; i < LEDGER_ACCOUNTS; i++) {
        struct map *seen = (*ledger)->mailboxes[i].seen;
        size_t cursor = 0;
        for (struct ledger_seen *s; (s = map_next(seen, &cursor, NULL));) free(s);
        map_free(&(*ledger)->mailboxes[i].seen);
    }
    buffer_free(&(*ledger)->failure);
    free(*ledger);
    *ledger = NULL;
}

void ledger_fail(struct ledger *ledger, const char *format, ...) {
    if (ledger->failure.len) return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_append_text(&ledger->failure, text);
}

bool ledger_has_failed(const struct ledger *ledger) { return ledger->failure.len > 0; }

uint32_t ledger_attempt(struct ledger *ledger, unsigned recipients, size_t bytes) {
    if (ledger->count + 1 == LEDGER_ENTRIES_MAX) return 0;
    ledger->entries[++ledger->count] = (struct ledger_entry){.recipients = recipients, .bytes = bytes};
    return ledger->count;
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

void ledger_write_message(const struct ledger *ledger, uint32_t number, struct buffer *out) {
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

/* The number behind the first X-Ledger field, and where the message itself begins. */
static uint32_t find_number(struct slice text, struct slice *message) {
    static const struct slice field = SLICE_INIT("\r\nX-Ledger: ");
    uint64_t number = 0;
    size_t at = slice_find(text, field);
    if (at == SLICE_NOT_FOUND) return 0;
    *message = slice_skip(text, at + 2);
    struct slice rest = slice_skip(text, at + field.len);
    if (!slice_take_number(&rest, UINT32_MAX, &number)) return 0;
    return (uint32_t)number;
}

uint32_t ledger_recognize(struct ledger *ledger, struct slice text) {
    struct slice message;
    uint32_t number = find_number(text, &message);
    if (number == 0 || number > ledger->count) {
        ledger_fail(ledger, "a message of %zu bytes that nobody sent: '%.*s'", text.len,
                    SLICE_PRINT(slice_sub(text, 0, 200)));
        return 0;
    }
    struct buffer sent = buffer_new(LEDGER_TEXT_BYTES_MAX);
    ledger_write_message(ledger, number, &sent);
    bool is_same = slice_equal(buffer_slice(&sent), message);
    if (!is_same) {
        size_t at = 0;
        while (at < sent.len && at < message.len && sent.ptr[at] == message.ptr[at]) at++;
        ledger_fail(ledger,
                    "message %u was changed: %zu bytes were sent, %zu are there, other from %zu on: '%.*s'",
                    number, sent.len, message.len, at, SLICE_PRINT(slice_sub(message, at, 60)));
    }
    buffer_free(&sent);
    return is_same ? number : 0;
}

struct slice ledger_address(unsigned account) {
    static const struct slice addresses[LEDGER_ACCOUNTS] = {
        SLICE_INIT("ann@example.test"), SLICE_INIT("bob@example.test"), SLICE_INIT("cleo@example.test")};
    return addresses[account];
}

static void saw_again(struct ledger *ledger, unsigned account, struct ledger_seen *seen, uint32_t number,
                      uint64_t modseq) {
    if (seen->number != number)
        ledger_fail(ledger, "UID %u of account %u was message %u and is now %u", seen->uid, account,
                    seen->number, number);
    if (modseq && modseq < seen->modseq)
        ledger_fail(ledger, "the modseq of UID %u of account %u went back from %llu to %llu", seen->uid,
                    account, (unsigned long long)seen->modseq, (unsigned long long)modseq);
    if (modseq) seen->modseq = modseq;
}

void ledger_saw(struct ledger *ledger, unsigned account, uint32_t uid, uint32_t number, uint64_t modseq) {
    struct ledger_mailbox *mailbox = &ledger->mailboxes[account];
    struct ledger_seen *seen = map_get_id(mailbox->seen, uid);
    if (number == 0) return;
    if (seen) {
        saw_again(ledger, account, seen, number, modseq);
        seen->is_there = true;
        return;
    }
    const struct ledger_entry *entry = &ledger->entries[number];
    if (!(entry->recipients & 1u << account))
        ledger_fail(ledger, "account %u got message %u, which was not for it", account, number);
    if (!entry->is_sent) ledger_fail(ledger, "message %u is there before it was sent to its end", number);
    seen = calloc(1, sizeof *seen);
    if (!seen) FATAL("out of memory for a UID");
    *seen = (struct ledger_seen){.uid = uid, .number = number, .modseq = modseq, .is_there = true};
    (void)map_put_id(mailbox->seen, uid, seen);
}

struct ledger_seen *ledger_seen(const struct ledger *ledger, unsigned account, uint32_t uid) {
    return map_get_id(ledger->mailboxes[account].seen, uid);
}

void ledger_saw_mailbox(struct ledger *ledger, unsigned account, uint32_t uidvalidity, uint32_t uidnext,
                        uint64_t highest_modseq) {
    struct ledger_mailbox *mailbox = &ledger->mailboxes[account];
    if (mailbox->uidvalidity && uidvalidity != mailbox->uidvalidity)
        ledger_fail(ledger, "the UIDVALIDITY of account %u changed", account);
    if (uidnext && uidnext < mailbox->uidnext)
        ledger_fail(ledger, "UIDNEXT of account %u went back from %u to %u", account, mailbox->uidnext,
                    uidnext);
    if (highest_modseq && highest_modseq < mailbox->highest_modseq)
        ledger_fail(ledger, "HIGHESTMODSEQ of account %u went back", account);
    mailbox->uidvalidity = uidvalidity;
    if (uidnext) mailbox->uidnext = uidnext;
    if (highest_modseq) mailbox->highest_modseq = highest_modseq;
}

void ledger_look_anew(struct ledger *ledger) {
    for (size_t i = 0; i < LEDGER_ACCOUNTS; i++) {
        size_t cursor = 0;
        struct map *all = ledger->mailboxes[i].seen;
        for (struct ledger_seen *seen; (seen = map_next(all, &cursor, NULL));) seen->is_there = false;
    }
}

static void settle_seen(struct ledger *ledger, unsigned account, uint8_t *times) {
    size_t cursor = 0;
    struct map *all = ledger->mailboxes[account].seen;
    for (struct ledger_seen *seen; (seen = map_next(all, &cursor, NULL));) {
        if (times[seen->number]++)
            ledger_fail(ledger, "account %u has message %u twice", account, seen->number);
        if (!seen->is_there && !seen->is_doomed)
            ledger_fail(ledger, "UID %u of account %u (message %u) was shown and is gone", seen->uid, account,
                        seen->number);
    }
}

void ledger_settle(struct ledger *ledger) {
    for (unsigned account = 0; account < LEDGER_ACCOUNTS; account++) {
        uint8_t times[LEDGER_ENTRIES_MAX] = {0};
        settle_seen(ledger, account, times);
        for (uint32_t number = 1; number <= ledger->count; number++) {
            const struct ledger_entry *entry = &ledger->entries[number];
            bool is_due = entry->is_acknowledged && entry->recipients & 1u << account;
            if (is_due && !times[number])
                ledger_fail(ledger, "message %u was acknowledged and account %u does not have it", number,
                            account);
        }
    }
}
