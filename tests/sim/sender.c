/* A sender: gets its messages acknowledged, by port 25 or as a user, whatever happens to the server. */
#include "clients.h"

#include "base/encode.h"
#include "talk.h"

enum {
    SENDER_MESSAGES = 10,
    CALM_MESSAGES = 3,
    CALM_REPLY_MS_MAX = 5000,
    SESSION_MESSAGES_MAX = 6,
    REST_MS_MAX = 800
};

struct sender {
    struct run *run;
    struct talk talk;
    unsigned left;
    /* Of the session: the account that logged in, or none. */
    bool is_user;
    unsigned account;
};

/* RFC 4616 2 */
void client_plain(struct buffer *out, unsigned account) {
    struct buffer plain = buffer_new(400);
    buffer_append_byte(&plain, 0);
    buffer_append(&plain, ledger_address(account));
    buffer_append_byte(&plain, 0);
    buffer_append_text(&plain, LEDGER_PASSWORD);
    base64_encode(out, buffer_slice(&plain));
    buffer_free(&plain);
}

bool client_rest(struct task *t, struct run *run, uint64_t ms_max) {
    return task_sleep(t, (int64_t)run_between(run, 1, ms_max)) == WAIT_OK;
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
    client_plain(&plain, sender->account);
    unsigned code = talk_smtp(t, &sender->talk, "AUTH PLAIN %.*s\r\n", SLICE_PRINT(buffer_slice(&plain)));
    buffer_free(&plain);
    if (code == 535) ledger_fail(sender->run->ledger, "a right password was refused");
    return code == 235;
}

static bool open_session(struct task *t, struct sender *sender) {
    static const enum port_kind user_ports[] = {PORT_SUBMISSION, PORT_SUBMISSIONS};
    struct run *run = sender->run;
    sender->is_user = run_between(run, 0, 2) == 0;
    sender->account = (unsigned)run_between(run, 0, LEDGER_ACCOUNTS - 1);
    enum port_kind port = sender->is_user ? user_ports[run_between(run, 0, 1)] : PORT_SMTP;
    bool needs_tls = port == PORT_SUBMISSION || (port == PORT_SMTP && run_between(run, 0, 3) == 0);
    if (!talk_open(t, &sender->talk, port, port == PORT_SUBMISSIONS)) return false;
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
static unsigned send_content(struct task *t, struct sender *sender, uint32_t number) {
    struct ledger *ledger = sender->run->ledger;
    struct slice message = ledger_message(ledger, number);
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
        ledger->entries[number].is_sent = true;
        talk_say(t, &sender->talk, buffer_slice(&wire));
        code = talk_smtp_reply(t, &sender->talk);
    }
    buffer_free(&wire);
    return code;
}

static unsigned send_envelope(struct task *t, struct sender *sender, unsigned recipients) {
    struct slice from = sender->is_user ? ledger_address(sender->account) : SLICE("sender@elsewhere.test");
    unsigned code = talk_smtp(t, &sender->talk, "MAIL FROM:<%.*s>\r\n", SLICE_PRINT(from));
    for (unsigned i = 0; i < LEDGER_ACCOUNTS && code == 250; i++)
        if (recipients & 1u << i)
            code = talk_smtp(t, &sender->talk, "RCPT TO:<%.*s>\r\n", SLICE_PRINT(ledger_address(i)));
    return code;
}

/* Mostly small; one in twelve is too large to be held in memory. */
static size_t choose_size(struct run *run) {
    uint64_t kind = run_between(run, 0, 11);
    return (size_t)run_between(run, 0, kind == 0 ? 600000 : kind < 3 ? 60000 : 4000);
}

/* False: the session is over. */
static bool send_one(struct task *t, struct sender *sender) {
    struct run *run = sender->run;
    unsigned recipients = (unsigned)run_between(run, 1, (1 << LEDGER_ACCOUNTS) - 1);
    uint32_t number = ledger_attempt(run->ledger, recipients, choose_size(run));
    if (number == 0) {
        ledger_fail(run->ledger, "too many attempts to send: the server does not serve");
        return false;
    }
    unsigned code = send_envelope(t, sender, recipients);
    if (code == 250) code = send_content(t, sender, number);
    if (code == 250) {
        ledger_acknowledge(run->ledger, number, sim_world_now_ms(run->world));
        sender->left--;
        return true;
    }
    if (code >= 500 && code != 503) ledger_fail(run->ledger, "message %u was refused with %u", number, code);
    return code && code != 421 && talk_smtp(t, &sender->talk, "RSET\r\n") == 250;
}

static void session(struct task *t, struct sender *sender) {
    uint64_t count = run_between(sender->run, 1, SESSION_MESSAGES_MAX);
    bool is_calm = sender->run->is_calm;
    if (open_session(t, sender)) {
        while (count-- && sender->left && !sender->run->is_paused && send_one(t, sender)) continue;
        (void)talk_smtp(t, &sender->talk, "QUIT\r\n");
    }
    if (is_calm && (talk_is_broken(&sender->talk) || sender->talk.slowest_ms > CALM_REPLY_MS_MAX))
        ledger_fail(sender->run->ledger, "in calm times a sender waited %lld ms%s",
                    (long long)sender->talk.slowest_ms,
                    talk_is_broken(&sender->talk) ? " and lost its connection" : "");
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
    send_all(t, &sender, SENDER_MESSAGES);
    while (!client->run->is_calm)
        if (!client_rest(t, client->run, REST_MS_MAX)) return;
    send_all(t, &sender, CALM_MESSAGES);
}
