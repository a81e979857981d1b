/* A sender in the run of days: submits as a user of one host, or hands over to it from its own network. It
   never sends a message twice: whether one that was not acknowledged came through remains open. */
#include "transit.h"

#include "clients.h"
#include "talk.h"

enum { BURST_MS = 3000, TARGETS_DRAWN_MAX = 4, REST_MS = 10000 };

struct transit_sender {
    struct transit *transit;
    struct talk talk;
    unsigned host;
    unsigned account;
    bool is_user;
};

static bool hello(struct task *t, struct transit_sender *sender) {
    return talk_smtp(t, &sender->talk, "EHLO client.elsewhere.test\r\n") == 250;
}

static bool start_tls(struct task *t, struct transit_sender *sender) {
    return talk_smtp(t, &sender->talk, "STARTTLS\r\n") == 220 && talk_start_tls(t, &sender->talk) &&
           hello(t, sender);
}

static bool log_in(struct task *t, struct transit_sender *sender) {
    struct buffer plain = buffer_new(800);
    client_plain(&plain, transit_address(sender->transit, sender->account));
    unsigned code = talk_smtp(t, &sender->talk, "AUTH PLAIN %.*s\r\n", SLICE_PRINT(buffer_slice(&plain)));
    buffer_free(&plain);
    return code == 235;
}

static bool open_session(struct task *t, struct transit_sender *sender) {
    enum port_kind port = sender->is_user ? PORT_SUBMISSION : PORT_SMTP;
    if (!talk_open(t, &sender->talk, sender->host, port, false)) return false;
    if (talk_smtp_reply(t, &sender->talk) != 220 || !hello(t, sender)) return false;
    return !sender->is_user || (start_tls(t, sender) && log_in(t, sender));
}

/* A user's host is its own; others may bring mail of anybody. */
static void choose_session(struct transit_sender *sender) {
    struct run *run = sender->transit->run;
    struct ledger_layout layout = run->ledger->layout;
    sender->account = (unsigned)run_between(run, 0, layout.accounts - 1);
    sender->is_user = run_between(run, 0, 2) > 0;
    sender->host = sender->is_user ? ledger_host(layout, sender->account)
                                   : (unsigned)run_between(run, 0, layout.hosts - 1);
}

/* Whom the host itself would refuse is not written to there. */
static unsigned choose_target(const struct transit_sender *sender) {
    struct run *run = sender->transit->run;
    unsigned target = (unsigned)run_between(run, 0, run->ledger->layout.accounts - 1);
    if (run_between(run, 0, 3) == 0) target = (unsigned)run_between(run, TARGET_UNKNOWN, TARGETS - 1);
    return target == TARGET_UNKNOWN + sender->host ? TARGET_NO_DOMAIN : target;
}

static unsigned choose_targets(const struct transit_sender *sender) {
    unsigned targets = 0;
    for (uint64_t count = run_between(sender->transit->run, 1, TARGETS_DRAWN_MAX); count--;)
        targets |= 1u << choose_target(sender);
    return targets;
}

static unsigned send_envelope(struct task *t, struct transit_sender *sender, unsigned targets) {
    const struct transit *transit = sender->transit;
    unsigned code = talk_smtp(t, &sender->talk, "MAIL FROM:<%.*s>\r\n",
                              SLICE_PRINT(transit_address(transit, sender->account)));
    for (unsigned i = 0; i < TARGETS && code == 250; i++)
        if (targets >> i & 1)
            code =
                talk_smtp(t, &sender->talk, "RCPT TO:<%.*s>\r\n", SLICE_PRINT(transit_address(transit, i)));
    return code;
}

/* Mostly small; some are too large to go to the remote role with their first word. */
static size_t choose_size(struct run *run) {
    return (size_t)run_between(run, 0, run_between(run, 0, 9) == 0 ? 150000 : 3000);
}

/* RFC 3030 2 */
static unsigned send_content(struct task *t, struct transit_sender *sender, uint32_t number) {
    struct transit *transit = sender->transit;
    struct transit_mail *mail = &transit->mails[number];
    struct slice message = ledger_message(transit->run->ledger, number);
    talk_printf(t, &sender->talk, "BDAT %zu LAST\r\n", message.len);
    mail->is_sent = true;
    mail->sent_ms = transit_now_ms(transit);
    talk_say(t, &sender->talk, message);
    return talk_smtp_reply(t, &sender->talk);
}

static unsigned hosts_of(const struct transit_sender *sender, unsigned targets) {
    unsigned hosts = 1u << sender->host;
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX; i++)
        if (targets >> i & 1) hosts |= 1u << ledger_host(sender->transit->run->ledger->layout, i);
    return hosts;
}

static bool send_one(struct task *t, struct transit_sender *sender) {
    struct transit *transit = sender->transit;
    struct ledger *ledger = transit->run->ledger;
    uint32_t number = ledger_attempt(ledger, choose_size(transit->run));
    unsigned targets = choose_targets(sender);
    ASSERT(number && number < TRANSIT_MAILS_MAX);
    transit->mails[number] =
        (struct transit_mail){.host = sender->host, .sender = sender->account, .targets = targets};
    transit_shake(transit, hosts_of(sender, targets));
    if (!open_session(t, sender)) return false;
    unsigned code = send_envelope(t, sender, targets);
    if (code == 250) code = send_content(t, sender, number);
    transit->mails[number].is_acknowledged = ledger->entries[number].is_acknowledged = code == 250;
    if (code >= 500 && code != 503)
        ledger_fail(ledger, REPLIES_ARE_RIGHT, "message %u was refused with %u", number, code);
    return code == 250 && talk_smtp(t, &sender->talk, "QUIT\r\n") == 221;
}

static bool send_next(struct task *t, struct transit_sender *sender) {
    choose_session(sender);
    bool is_sent = send_one(t, sender);
    talk_close(&sender->talk);
    return is_sent;
}

/* Now and then many come at once. False: the time to send is over. */
static bool rest(struct task *t, const struct transit *transit) {
    struct run *run = transit->run;
    int64_t most_ms = 2 * transit->trouble_ms / (transit->messages + 1);
    if (run_between(run, 0, 1)) most_ms = BURST_MS;
    int64_t until_ms = transit_now_ms(transit) + (int64_t)run_between(run, 1, (uint64_t)most_ms);
    while (!run->is_healed && transit_now_ms(transit) < until_ms)
        if (!client_rest(t, run, REST_MS)) return false;
    return !run->is_healed;
}

static bool await_calm(struct task *t, const struct transit *transit) {
    while (!transit->is_calm && !transit->run->is_closing)
        if (!client_rest(t, transit->run, REST_MS)) return false;
    return transit->is_calm;
}

void transit_sender_main(struct task *t, void *argument) {
    const struct transit_client *client = argument;
    struct transit_sender sender = {.transit = client->transit};
    struct transit *transit = client->transit;
    struct run *run = transit->run;
    for (unsigned i = 0; i < transit->messages && rest(t, transit); i++)
        if (run->is_begun) (void)send_next(t, &sender);
    transit->senders_left--;
    if (!await_calm(t, transit)) return;
    if (!send_next(t, &sender))
        ledger_fail(run->ledger, CALM_IS_CALM, "in calm times host %u did not take a message", sender.host);
    transit->senders_left--;
}
