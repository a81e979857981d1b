/* A POP3 user: lists, retrieves, now and then deletes; what QUIT confirmed may never come back. */
#include "clients.h"

#include "talk.h"

enum {
    REST_MS_MAX = 2000,
    LISTED_MAX = 1000,
    RETRIEVED_MAX = 4,
    ONE_DELETED_IN = 4,
};

struct pop3_reader {
    struct run *run;
    unsigned account;
    struct talk talk;
    uint32_t uids[LISTED_MAX];
    size_t count;
    struct ledger_asked asked;
    /* What this session asked to delete. */
    struct ledger_seen *doomed[RETRIEVED_MAX];
    size_t doomed_count;
};

static bool is_ok(struct task *t, struct pop3_reader *reader) {
    return slice_starts(talk_line(t, &reader->talk), SLICE("+OK"));
}

static bool log_in(struct task *t, struct pop3_reader *reader) {
    bool is_tls = run_between(reader->run, 0, 1);
    struct talk *talk = &reader->talk;
    struct ledger_layout layout = reader->run->ledger->layout;
    if (!talk_open(t, talk, ledger_host(layout, reader->account), is_tls ? PORT_POP3S : PORT_POP3, is_tls) ||
        !is_ok(t, reader))
        return false;
    if (!is_tls) {
        talk_say(t, talk, SLICE("STLS\r\n"));
        if (!is_ok(t, reader) || !talk_start_tls(t, talk)) return false;
    }
    talk_printf(t, talk, "USER %.*s\r\n", SLICE_PRINT(ledger_address(layout, reader->account)));
    if (!is_ok(t, reader)) return false;
    talk_printf(t, talk, "PASS %s\r\n", LEDGER_PASSWORD);
    return is_ok(t, reader);
}

static uint32_t hex(struct slice digits) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.ptr[i];
        value = value << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return value;
}

/* "3 0000000100000007": the unique id is UIDVALIDITY and UID. */
static void take_listed(struct pop3_reader *reader, struct slice line) {
    uint64_t number = 0;
    bool is_good = slice_take_number(&line, UINT32_MAX, &number) && slice_take_byte(&line, ' ') &&
                   line.len == 16 && number == reader->count + 1;
    uint32_t uid = hex(slice_skip(line, 8));
    if (!is_good || reader->count == LISTED_MAX ||
        (reader->count && uid <= reader->uids[reader->count - 1])) {
        ledger_fail(reader->run->ledger, REPLIES_ARE_RIGHT, "POP3: a strange line %.*s of UIDL",
                    SLICE_PRINT(line));
        return;
    }
    struct ledger_mailbox said = {.uidvalidity = hex(slice_sub(line, 0, 8))};
    ledger_saw_mailbox(reader->run->ledger, ledger_inbox(reader->account), &reader->asked, &said);
    reader->uids[reader->count++] = uid;
}

/* RFC 1939 7 */
static bool list_all(struct task *t, struct pop3_reader *reader) {
    reader->count = 0;
    reader->asked = ledger_ask(reader->run->ledger, ledger_inbox(reader->account));
    talk_say(t, &reader->talk, SLICE("UIDL\r\n"));
    if (!is_ok(t, reader)) return false;
    for (;;) {
        struct slice line = talk_line(t, &reader->talk);
        if (!line.ptr) return false;
        if (slice_equal(line, SLICE("."))) return true;
        take_listed(reader, line);
    }
}

static bool read_lines(struct task *t, struct pop3_reader *reader, struct buffer *text) {
    for (;;) {
        struct slice line = talk_line(t, &reader->talk);
        if (!line.ptr) return false;
        if (slice_equal(line, SLICE("."))) return true;
        if (slice_starts(line, SLICE("."))) line = slice_skip(line, 1);
        buffer_append(text, line);
        buffer_append_text(text, "\r\n");
    }
}

/* Reads one, and now and then asks to delete it. */
static bool retrieve(struct task *t, struct pop3_reader *reader, size_t index) {
    struct ledger *ledger = reader->run->ledger;
    struct buffer text = buffer_new(LEDGER_TEXT_BYTES_MAX);
    struct ledger_asked asked = ledger_ask(ledger, ledger_inbox(reader->account));
    talk_printf(t, &reader->talk, "RETR %zu\r\n", index + 1);
    bool is_whole = is_ok(t, reader) && read_lines(t, reader, &text);
    if (is_whole) {
        struct ledger_sight sight = {.uid = reader->uids[index],
                                     .number = ledger_recognize(ledger, buffer_slice(&text))};
        ledger_saw(ledger, ledger_inbox(reader->account), &asked, &sight);
    }
    buffer_free(&text);
    if (!is_whole || ledger_has_failed(ledger)) return false;
    if (run_between(reader->run, 1, ONE_DELETED_IN) > 1) return true;
    talk_printf(t, &reader->talk, "DELE %zu\r\n", index + 1);
    if (!is_ok(t, reader)) return false;
    reader->doomed[reader->doomed_count++] =
        ledger_seen(ledger, ledger_inbox(reader->account), reader->uids[index]);
    return true;
}

/* RFC 1939 6: only QUIT deletes; without its answer nobody knows whether it did. */
static void quit(struct task *t, struct pop3_reader *reader) {
    for (size_t i = 0; i < reader->doomed_count; i++) ledger_doom(reader->doomed[i]);
    talk_say(t, &reader->talk, SLICE("QUIT\r\n"));
    if (!is_ok(t, reader)) return;
    for (size_t i = 0; i < reader->doomed_count; i++)
        ledger_saw_gone(reader->run->ledger, ledger_inbox(reader->account), reader->doomed[i]->uid);
}

static void session(struct task *t, struct pop3_reader *reader) {
    reader->doomed_count = 0;
    if (log_in(t, reader) && list_all(t, reader)) {
        uint64_t wanted = reader->count ? run_between(reader->run, 1, RETRIEVED_MAX) : 0;
        bool goes_on = true;
        size_t from = reader->count ? (size_t)run_between(reader->run, 0, reader->count - 1) : 0;
        for (size_t i = from; goes_on && wanted-- && i < reader->count; i++) goes_on = retrieve(t, reader, i);
        if (goes_on) quit(t, reader);
    }
    talk_close(&reader->talk);
}

void pop3_reader_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct pop3_reader reader = {.run = client->run, .account = client->number};
    while (!client->run->is_closing && !ledger_has_failed(client->run->ledger)) {
        session(t, &reader);
        if (!client_rest(t, client->run, REST_MS_MAX)) break;
    }
    client->run->readers_left--;
}
