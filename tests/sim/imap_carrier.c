/*
 * Somebody who moves house: reads messages of an account on one host by IMAP and appends them to an
 * account on another, whichever of the two hosts is in trouble meanwhile.
 */
#include "imap_talk.h"

#include <stdio.h>

enum { REST_MS_MAX = 2500, CARRIED_MAX = 3, CARRIED_BYTES_MAX = 40000 };

struct carrier {
    struct run *run;
    struct ledger *ledger;
    struct imap_talk from;
    struct imap_talk to;
    struct ledger_asked asked;
    uint32_t uids[IMAP_LISTED_MAX];
    size_t count;
    /* What was fetched last; 0: nothing. */
    uint32_t number;
    struct buffer text;
};

/* Small ones only. */
static bool take_size(struct task *t, void *context, struct slice line) {
    (void)t;
    struct carrier *carrier = context;
    struct ledger_sight sight;
    if (!imap_take_sight(line, &sight)) return true;
    if (imap_number_after(line, SLICE("RFC822.SIZE ")) <= CARRIED_BYTES_MAX &&
        carrier->count < IMAP_LISTED_MAX)
        carrier->uids[carrier->count++] = sight.uid;
    return true;
}

static bool take_text(struct task *t, void *context, struct slice line) {
    struct carrier *carrier = context;
    struct ledger_sight sight;
    uint64_t bytes = imap_number_after(line, SLICE("{"));
    if (!imap_take_sight(line, &sight) || !bytes) return true;
    struct slice text = talk_bytes(t, &carrier->from.talk, (size_t)bytes);
    if (!text.ptr) return false;
    buffer_clear(&carrier->text);
    buffer_append(&carrier->text, text);
    sight.number = carrier->number = ledger_recognize(carrier->ledger, text);
    if (sight.number) ledger_saw(carrier->ledger, carrier->from.box, &carrier->asked, &sight);
    return talk_line(t, &carrier->from.talk).ptr;
}

static bool fetch(struct task *t, struct carrier *carrier) {
    uint32_t uid = carrier->uids[run_between(carrier->run, 0, carrier->count - 1)];
    carrier->number = 0;
    carrier->asked = ledger_ask(carrier->ledger, carrier->from.box);
    return imap_talk_command(t, &carrier->from, take_text, carrier, "UID FETCH %u (UID BODY.PEEK[])", uid);
}

static bool carry(struct task *t, struct carrier *carrier) {
    if (!fetch(t, carrier)) return false;
    if (!carrier->number) return true;
    struct imap_append append = {.box = ledger_inbox(carrier->to.account) +
                                        (unsigned)run_between(carrier->run, 0, 1),
                                 .number = carrier->number,
                                 .text = buffer_slice(&carrier->text)};
    return imap_talk_append(t, &carrier->to, NULL, NULL, &append);
}

static bool open_both(struct task *t, struct carrier *carrier) {
    unsigned box = ledger_inbox(carrier->from.account);
    return imap_talk_open(t, &carrier->from) && imap_talk_open(t, &carrier->to) &&
           imap_talk_select(t, &carrier->from, box, " (CONDSTORE)", NULL, NULL) &&
           imap_talk_command(t, &carrier->from, take_size, carrier, "UID FETCH 1:* (UID RFC822.SIZE)");
}

static void session(struct task *t, struct carrier *carrier) {
    uint64_t wanted = run_between(carrier->run, 1, CARRIED_MAX);
    carrier->count = 0;
    if (open_both(t, carrier)) {
        while (carrier->count && wanted-- && !carrier->run->is_paused && carry(t, carrier)) continue;
        (void)imap_talk_command(t, &carrier->from, NULL, NULL, "LOGOUT");
        (void)imap_talk_command(t, &carrier->to, NULL, NULL, "LOGOUT");
    }
    imap_talk_close(&carrier->from);
    imap_talk_close(&carrier->to);
}

/* Two accounts, on two hosts. */
static void choose(struct carrier *carrier) {
    struct ledger_layout layout = carrier->ledger->layout;
    unsigned from = (unsigned)run_between(carrier->run, 0, layout.accounts - 1);
    unsigned to = (unsigned)run_between(carrier->run, 0, layout.accounts - 1);
    while (ledger_host(layout, to) == ledger_host(layout, from)) to = (to + 1) % layout.accounts;
    imap_talk_init(&carrier->from, carrier->run, from);
    imap_talk_init(&carrier->to, carrier->run, to);
}

void imap_carrier_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct carrier carrier = {
        .run = client->run, .ledger = client->run->ledger, .text = buffer_new(LEDGER_TEXT_BYTES_MAX)};
    while (!client->run->is_closing && !ledger_has_failed(client->run->ledger)) {
        choose(&carrier);
        if (!client->run->is_paused) session(t, &carrier);
        if (!client_rest(t, client->run, REST_MS_MAX)) break;
    }
    buffer_free(&carrier.text);
    client->run->readers_left--;
}
