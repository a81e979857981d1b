/* An IMAP user who only reads: selects a mailbox and fetches texts. */
#include "imap_talk.h"

enum { REST_MS_MAX = 2000, LOOKS_MAX = 3, FETCHED_MAX = 4 };

struct imap_reader {
    struct imap_talk talk;
    struct ledger_asked asked;
    uint32_t last_uid;
};

/* "* 3 FETCH (UID 7 FLAGS () MODSEQ (12) BODY[] {123}": then the text, then ")". A text that comes whole is
   the message, whatever the reply will be: who cannot read on ends the connection. */
static bool take_fetched(struct task *t, void *context, struct slice line) {
    struct imap_reader *reader = context;
    struct ledger *ledger = reader->talk.run->ledger;
    struct ledger_sight sight;
    uint64_t bytes = imap_number_after(line, SLICE("{"));
    if (!imap_take_sight(line, &sight) || !bytes) return true;
    if (sight.uid <= reader->last_uid)
        ledger_fail(ledger, UIDS_RISE, "IMAP: UID %u after UID %u", sight.uid, reader->last_uid);
    reader->last_uid = sight.uid;
    struct slice text = talk_bytes(t, &reader->talk.talk, (size_t)bytes);
    if (!text.ptr) return false;
    sight.number = ledger_recognize(ledger, text);
    ledger_saw(ledger, reader->talk.box, &reader->asked, &sight);
    return talk_line(t, &reader->talk.talk).ptr;
}

static bool look(struct task *t, struct imap_reader *reader) {
    uint32_t uidnext = reader->talk.said.uidnext;
    unsigned first = uidnext > 3 ? (unsigned)run_between(reader->talk.run, 1, uidnext - 1) : 1;
    reader->last_uid = 0;
    reader->asked = ledger_ask(reader->talk.run->ledger, reader->talk.box);
    return imap_talk_command(t, &reader->talk, take_fetched, reader,
                             "UID FETCH %u:%u (UID FLAGS MODSEQ BODY.PEEK[])", first,
                             first + FETCHED_MAX - 1);
}

static void session(struct task *t, struct imap_reader *reader) {
    struct run *run = reader->talk.run;
    uint64_t looks = run_between(run, 1, LOOKS_MAX);
    unsigned box = ledger_inbox(reader->talk.account) + (run_between(run, 0, 3) == 0);
    if (imap_talk_open(t, &reader->talk) &&
        imap_talk_select(t, &reader->talk, box, " (CONDSTORE)", NULL, NULL)) {
        while (looks-- && look(t, reader) && client_rest(t, run, REST_MS_MAX / 4)) continue;
        (void)imap_talk_command(t, &reader->talk, NULL, NULL, "LOGOUT");
    }
    imap_talk_close(&reader->talk);
}

void imap_reader_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct imap_reader reader;
    while (!client->run->is_closing && !ledger_has_failed(client->run->ledger)) {
        imap_talk_init(&reader.talk, client->run, client->number);
        session(t, &reader);
        if (!client_rest(t, client->run, REST_MS_MAX)) break;
    }
    client->run->readers_left--;
}
