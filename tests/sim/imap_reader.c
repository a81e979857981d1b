/* An IMAP user: selects INBOX and fetches; UIDNEXT and HIGHESTMODSEQ may never go back. */
#include "clients.h"

#include <stdio.h>

#include "talk.h"

enum { REST_MS_MAX = 2000, LOOKS_MAX = 3, FETCHED_MAX = 4 };

struct fetched {
    uint32_t uid;
    uint64_t modseq;
    struct buffer text;
};

struct imap_reader {
    struct run *run;
    unsigned account;
    struct talk talk;
    unsigned tag;
    /* Of the mailbox as this session sees it. */
    uint32_t uidnext;
    uint64_t highest_modseq;
    uint32_t last_uid;
    /* What a FETCH brought: it counts once the FETCH is OK. While others expunge, texts may come damaged,
       and the reply is NO. */
    struct fetched fetched[FETCHED_MAX];
    size_t fetched_count;
};

/* Handles one untagged line. False: the connection broke within. */
typedef bool untagged_fn(struct task *t, struct imap_reader *reader, struct slice line);

/* Says a command, gives each untagged line to `take`; true at its OK. */
static bool command(struct task *t, struct imap_reader *reader, const char *text, untagged_fn *take) {
    char tag[16];
    int len = snprintf(tag, sizeof tag, "a%u ", ++reader->tag);
    talk_printf(t, &reader->talk, "%s%s\r\n", tag, text);
    for (;;) {
        struct slice line = talk_line(t, &reader->talk);
        if (!line.ptr) return false;
        if (slice_take_prefix(&line, slice_of(tag, (size_t)len))) {
            if (slice_starts(line, SLICE("BAD"))) ledger_fail(reader->run->ledger, "IMAP: BAD to %s", text);
            return slice_starts(line, SLICE("OK"));
        }
        if (slice_starts(line, SLICE("* BYE"))) return false;
        if (take && !take(t, reader, line)) return false;
    }
}

static bool log_in(struct task *t, struct imap_reader *reader) {
    bool is_tls = run_between(reader->run, 0, 1);
    struct buffer text = buffer_new(1000);
    bool is_good = talk_open(t, &reader->talk, is_tls ? PORT_IMAPS : PORT_IMAP, is_tls) &&
                   slice_starts(talk_line(t, &reader->talk), SLICE("* OK"));
    if (is_good && !is_tls)
        is_good = command(t, reader, "STARTTLS", NULL) && talk_start_tls(t, &reader->talk);
    if (is_good) {
        buffer_append_text(&text, "AUTHENTICATE PLAIN ");
        client_plain(&text, reader->account);
        buffer_append_byte(&text, 0);
        is_good = command(t, reader, (const char *)text.ptr, NULL);
    }
    buffer_free(&text);
    return is_good;
}

/* The number behind `name`, or 0. */
static uint64_t number_after(struct slice line, struct slice name) {
    uint64_t number = 0;
    size_t at = slice_find(line, name);
    if (at == SLICE_NOT_FOUND) return 0;
    struct slice rest = slice_skip(line, at + name.len);
    (void)slice_take_number(&rest, UINT64_MAX, &number);
    return number;
}

/* RFC 9051 6.3.2, RFC 7162 3.1.2.1 */
static bool take_selected(struct task *t, struct imap_reader *reader, struct slice line) {
    uint64_t uidvalidity = number_after(line, SLICE("[UIDVALIDITY "));
    uint64_t uidnext = number_after(line, SLICE("[UIDNEXT "));
    uint64_t modseq = number_after(line, SLICE("[HIGHESTMODSEQ "));
    if (uidvalidity) ledger_saw_mailbox(reader->run->ledger, reader->account, (uint32_t)uidvalidity, 0, 0);
    if (uidnext) reader->uidnext = (uint32_t)uidnext;
    if (modseq) reader->highest_modseq = modseq;
    return true;
}

/* "* 3 FETCH (UID 7 MODSEQ (12) BODY[] {123}": then the text, then ")". */
static bool take_fetched(struct task *t, struct imap_reader *reader, struct slice line) {
    struct ledger *ledger = reader->run->ledger;
    uint32_t uid = (uint32_t)number_after(line, SLICE("UID "));
    uint64_t modseq = number_after(line, SLICE("MODSEQ ("));
    uint64_t bytes = number_after(line, SLICE("{"));
    if (slice_find(line, SLICE(" FETCH ")) == SLICE_NOT_FOUND || !uid || !bytes) return true;
    if (uid <= reader->last_uid) ledger_fail(ledger, "IMAP: UID %u after UID %u", uid, reader->last_uid);
    reader->last_uid = uid;
    struct slice text = talk_bytes(t, &reader->talk, (size_t)bytes);
    if (!text.ptr) return false;
    if (reader->fetched_count < FETCHED_MAX) {
        struct fetched *fetched = &reader->fetched[reader->fetched_count++];
        *fetched = (struct fetched){uid, modseq, buffer_new(LEDGER_TEXT_BYTES_MAX)};
        buffer_append(&fetched->text, text);
    }
    return talk_line(t, &reader->talk).ptr;
}

static void judge_fetched(struct imap_reader *reader, bool is_good) {
    struct ledger *ledger = reader->run->ledger;
    for (size_t i = 0; i < reader->fetched_count; i++) {
        struct fetched *fetched = &reader->fetched[i];
        if (is_good)
            ledger_saw(ledger, reader->account, fetched->uid,
                       ledger_recognize(ledger, buffer_slice(&fetched->text)), fetched->modseq);
        buffer_free(&fetched->text);
    }
    reader->fetched_count = 0;
}

static bool look(struct task *t, struct imap_reader *reader) {
    char text[64];
    uint64_t first = reader->uidnext > 3 ? run_between(reader->run, 1, reader->uidnext - 1) : 1;
    (void)snprintf(text, sizeof text, "UID FETCH %u:%u (UID MODSEQ BODY.PEEK[])", (unsigned)first,
                   (unsigned)first + FETCHED_MAX - 1);
    reader->last_uid = 0;
    bool is_good = command(t, reader, text, take_fetched);
    judge_fetched(reader, is_good);
    return is_good;
}

/* What was known before the question may not be contradicted; others may learn more before the answer. */
static bool select_inbox(struct task *t, struct imap_reader *reader) {
    struct ledger *ledger = reader->run->ledger;
    struct ledger_mailbox known = ledger->mailboxes[reader->account];
    if (!command(t, reader, "SELECT INBOX (CONDSTORE)", take_selected)) return false;
    if (reader->uidnext < known.uidnext || reader->highest_modseq < known.highest_modseq)
        ledger_fail(ledger, "IMAP: UIDNEXT %u of account %u was %u before, HIGHESTMODSEQ %llu was %llu",
                    reader->uidnext, reader->account, known.uidnext,
                    (unsigned long long)reader->highest_modseq, (unsigned long long)known.highest_modseq);
    return true;
}

static void session(struct task *t, struct imap_reader *reader) {
    uint64_t looks = run_between(reader->run, 1, LOOKS_MAX);
    if (log_in(t, reader) && select_inbox(t, reader)) {
        while (looks-- && look(t, reader) && client_rest(t, reader->run, REST_MS_MAX / 4)) continue;
        (void)command(t, reader, "LOGOUT", NULL);
    }
    talk_close(&reader->talk);
}

void imap_reader_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct imap_reader reader = {.run = client->run, .account = client->number};
    while (!client->run->is_closing && !ledger_has_failed(client->run->ledger)) {
        session(t, &reader);
        if (!client_rest(t, client->run, REST_MS_MAX)) break;
    }
    client->run->readers_left--;
}
