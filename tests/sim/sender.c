/*
 * A sender: gets its messages acknowledged, by port 25 or as a user, at one host or another, whatever
 * happens to the servers. Some messages go to users of several hosts, to each host on its own.
 */
#include "clients.h"

#include "base/encode.h"
#include "talk.h"

enum { CALM_REPLY_MS_MAX = 5000, SESSION_MESSAGES_MAX = 6, REST_MS_MAX = 800 };

struct sender {
    struct run *run;
    struct talk talk;
    unsigned left;
    /* The last message, and the hosts that it was offered to: a bit each. */
    uint32_t number;
    unsigned offered;
    /* Of the session: its host; the account that logged in, or none. */
    struct site *site;
    bool is_user;
    unsigned account;
};

/* RFC 4616 2 */
void client_plain(struct buffer *out, struct slice address) {
    struct buffer plain = buffer_new(400);
    buffer_append_byte(&plain, 0);
    buffer_append(&plain, address);
    buffer_append_byte(&plain, 0);
    buffer_append_text(&plain, LEDGER_PASSWORD);
    base64_encode(out, buffer_slice(&plain));
    buffer_free(&plain);
}

bool client_rest(struct task *t, struct run *run, uint64_t ms_max) {
    return task_sleep(t, (int64_t)run_between(run, 1, ms_max)) == WAIT_OK;
}

static struct slice address_of(const struct sender *sender, unsigned account) {
    return ledger_address(sender->run->ledger->layout, account);
}

static unsigned accounts_of(const struct sender *sender) {
    return ledger_accounts_of(sender->run->ledger->layout, sender->site->number);
}

static bool hello(struct task *t, struct sender *sender) {
    return talk_smtp(t, &sender->talk, "EHLO client.elsewhere.test\r\n") == 250;
}

static bool start_tls(struct task *t, struct sender *sender) {
    return talk_smtp(t, &sender->talk, "STARTTLS\r\n") == 220 && talk_start_tls(t, &sender->talk) &&
           hello(t, sender);
}

static bool log_in(struct task *t, struct sender *sender) {
    struct buffer plain = buffer_new(800);
    client_plain(&plain, address_of(sender, sender->account));
    unsigned code = talk_smtp(t, &sender->talk, "AUTH PLAIN %.*s\r\n", SLICE_PRINT(buffer_slice(&plain)));
    buffer_free(&plain);
    if (code == 535) ledger_fail(sender->run->ledger, REPLIES_ARE_RIGHT, "a right password was refused");
    return code == 235;
}

static unsigned choose_account(const struct sender *sender) {
    struct ledger_layout layout = sender->run->ledger->layout;
    unsigned account = (unsigned)run_between(sender->run, 0, layout.accounts - 1);
    while (ledger_host(layout, account) != sender->site->number) account = (account + 1) % layout.accounts;
    return account;
}

static bool open_session(struct task *t, struct sender *sender) {
    static const enum port_kind user_ports[] = {PORT_SUBMISSION, PORT_SUBMISSIONS};
    struct run *run = sender->run;
    sender->is_user = run_between(run, 0, 2) == 0;
    sender->account = choose_account(sender);
    enum port_kind port = sender->is_user ? user_ports[run_between(run, 0, 1)] : PORT_SMTP;
    bool needs_tls = port == PORT_SUBMISSION || (port == PORT_SMTP && run_between(run, 0, 3) == 0);
    if (!talk_open(t, &sender->talk, sender->site->number, port, port == PORT_SUBMISSIONS)) return false;
    if (talk_smtp_reply(t, &sender->talk) != 220 || !hello(t, sender)) return false;
    if (needs_tls && !start_tls(t, sender)) return false;
    return !sender->is_user || log_in(t, sender);
}

/* RFC 5321 4.5.2 */
static void write_stuffed(struct buffer *out, struct slice message) {
    bool is_line_start = true;
    while (message.len) {
        struct slice line = slice_take_until(&message, '\n');
        if (is_line_start && slice_starts(line, SLICE("."))) buffer_append_byte(out, '.');
        buffer_append(out, line);
        is_line_start = slice_take_byte(&message, '\n');
        if (is_line_start) buffer_append_byte(out, '\n');
    }
    buffer_append_text(out, ".\r\n");
}

/* The content, as DATA or BDAT (RFC 3030 3); the reply to its end. */
static unsigned send_content(struct task *t, struct sender *sender, unsigned recipients) {
    struct ledger *ledger = sender->run->ledger;
    struct slice message = ledger_message(ledger, sender->number);
    struct buffer wire = buffer_new(2 * LEDGER_TEXT_BYTES_MAX);
    bool is_chunk = run_between(sender->run, 0, 3) == 0;
    unsigned code = 354;
    if (is_chunk) {
        buffer_printf(&wire, "BDAT %zu LAST\r\n", message.len);
        buffer_append(&wire, message);
    } else {
        code = talk_smtp(t, &sender->talk, "DATA\r\n");
        write_stuffed(&wire, message);
    }
    if (code == 354) {
        ledger_sent(ledger, sender->number, recipients);
        talk_say(t, &sender->talk, buffer_slice(&wire));
        code = talk_smtp_reply(t, &sender->talk);
    }
    buffer_free(&wire);
    return code;
}

static unsigned send_envelope(struct task *t, struct sender *sender, unsigned recipients) {
    struct slice from =
        sender->is_user ? address_of(sender, sender->account) : SLICE("sender@elsewhere.test");
    unsigned code = talk_smtp(t, &sender->talk, "MAIL FROM:<%.*s>\r\n", SLICE_PRINT(from));
    for (unsigned i = 0; i < LEDGER_ACCOUNTS_MAX && code == 250; i++)
        if (recipients & 1u << i)
            code = talk_smtp(t, &sender->talk, "RCPT TO:<%.*s>\r\n", SLICE_PRINT(address_of(sender, i)));
    return code;
}

/* Mostly small; one in twelve is too large to be held in memory. */
static size_t choose_size(struct run *run) {
    uint64_t kind = run_between(run, 0, 11);
    return (size_t)run_between(run, 0, kind == 0 ? 600000 : kind < 3 ? 60000 : 4000);
}

/* A new message, or the last one, for this host's users too. False: there are too many. */
static bool choose_message(struct sender *sender) {
    struct run *run = sender->run;
    unsigned here = 1u << sender->site->number;
    if (sender->number && !(sender->offered & here) && run_between(run, 0, 1)) {
        sender->offered |= here;
        return true;
    }
    sender->number = ledger_attempt(run->ledger, choose_size(run));
    sender->offered = here;
    if (!sender->number)
        ledger_fail(run->ledger, ALL_ARE_SERVED, "too many attempts to send: the server does not serve");
    return sender->number;
}

/* Some of the host's users, at least one. */
static unsigned choose_recipients(const struct sender *sender) {
    unsigned all = accounts_of(sender);
    unsigned chosen = (unsigned)run_between(sender->run, 1, (1 << LEDGER_ACCOUNTS_MAX) - 1) & all;
    return chosen ? chosen : all;
}

/* False: the session is over. */
static bool send_one(struct task *t, struct sender *sender) {
    struct run *run = sender->run;
    unsigned recipients = choose_recipients(sender);
    if (!choose_message(sender)) return false;
    ledger_ask_for(run->ledger, sender->number, recipients);
    unsigned code = send_envelope(t, sender, recipients);
    if (code == 250) code = send_content(t, sender, recipients);
    if (code == 250) {
        ledger_acknowledge(run->ledger, sender->number, recipients, sim_world_now_ms(run->world));
        sender->left--;
        return true;
    }
    if (code >= 500 && code != 503)
        ledger_fail(run->ledger, REPLIES_ARE_RIGHT, "message %u was refused with %u", sender->number, code);
    return code && code != 421 && talk_smtp(t, &sender->talk, "RSET\r\n") == 250;
}

static void check_calm(struct sender *sender) {
    const struct talk *talk = &sender->talk;
    if (!talk_is_broken(talk) && talk->slowest_ms <= CALM_REPLY_MS_MAX) return;
    ledger_fail(sender->run->ledger, CALM_IS_CALM, "in calm times a sender waited %lld ms at host %u%s",
                (long long)talk->slowest_ms, sender->site->number,
                talk_is_broken(talk) ? " and lost its connection" : "");
}

static void session(struct task *t, struct sender *sender) {
    uint64_t count = run_between(sender->run, 1, SESSION_MESSAGES_MAX);
    sender->site = run_site(sender->run);
    bool is_calm = site_is_calm(sender->site);
    if (open_session(t, sender)) {
        while (count-- && sender->left && !sender->run->is_paused && send_one(t, sender)) continue;
        (void)talk_smtp(t, &sender->talk, "QUIT\r\n");
    }
    if (is_calm) check_calm(sender);
    talk_close(&sender->talk);
}

static void send_all(struct task *t, struct sender *sender, unsigned count) {
    struct run *run = sender->run;
    sender->left = count;
    while (sender->left && !ledger_has_failed(run->ledger) && client_rest(t, run, REST_MS_MAX))
        if (!run->is_paused) session(t, sender);
    run->senders_left--;
}

void sender_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct sender sender = {.run = client->run};
    send_all(t, &sender, sender.run->scenario->messages);
    while (!client->run->is_calm)
        if (!client_rest(t, client->run, REST_MS_MAX)) return;
    send_all(t, &sender, sender.run->scenario->calm_messages);
}
