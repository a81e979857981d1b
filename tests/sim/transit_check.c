/* What was found in the INBOXes, against what was asked for and what happened to the hosts. */
#include "transit.h"

enum {
    /* What may make a second attempt right comes so long before the first copy is there or after it. */
    BEFORE_MS = 5 * 1000,
    AFTER_MS = 60 * 1000,
};

/* ---- what is found ---- */

static void add(struct transit_times *times, int64_t at_ms) {
    ASSERT(times->count < TRANSIT_TIMES_MAX);
    unsigned at = times->count++;
    for (; at && times->at_ms[at - 1] > at_ms; at--) times->at_ms[at] = times->at_ms[at - 1];
    times->at_ms[at] = at_ms;
}

/* What stands behind a name in a line of its own, to the line's end; empty: nothing more. */
static struct slice take_field(struct slice *text, struct slice name) {
    size_t at = slice_find(*text, name);
    if (at == SLICE_NOT_FOUND) return *text = SLICE_EMPTY;
    *text = slice_skip(*text, at + name.len);
    return slice_sub(*text, 0, slice_find_crlf(*text));
}

/* RFC 3464 2.3: the address of each recipient comes before what became of it. */
static void found_recipients(struct transit *transit, struct transit_mail *mail, struct slice text,
                             int64_t at_ms) {
    struct ledger *ledger = transit->run->ledger;
    for (;;) {
        struct slice address = take_field(&text, SLICE("\r\nFinal-Recipient: rfc822;"));
        if (text.len == 0) return;
        struct slice action = take_field(&text, SLICE("\r\nAction: "));
        unsigned target = transit_target(transit, address);
        if (target == TARGETS || !(mail->targets >> target & 1))
            ledger_fail(ledger, REPORTS_ARE_OWED, "a report is about %.*s, which was not a recipient",
                        SLICE_PRINT(address));
        else if (slice_equal(action, SLICE("failed")))
            add(&mail->failed[target], at_ms);
        else if (slice_equal(action, SLICE("delayed")))
            add(&mail->delayed[target], at_ms);
        else
            ledger_fail(ledger, REPORTS_ARE_OWED, "a report of %.*s says: %.*s", SLICE_PRINT(address),
                        SLICE_PRINT(action));
    }
}

static void found_report(struct transit *transit, unsigned account, struct slice text, int64_t at_ms) {
    struct ledger *ledger = transit->run->ledger;
    struct slice rest = text;
    uint64_t number = 0;
    struct slice digits = take_field(&rest, SLICE("\r\nX-Ledger: "));
    if (!slice_to_number(digits, ledger->count, &number) || number == 0)
        ledger_fail(ledger, REPORTS_ARE_OWED, "a report is about no message of ours");
    else if (transit->mails[number].sender != account)
        ledger_fail(ledger, REPORTS_ARE_OWED, "account %u got a report on message %u of account %u", account,
                    (unsigned)number, transit->mails[number].sender);
    else
        found_recipients(transit, &transit->mails[number], text, at_ms);
}

/* From one host to another, for a user of the first. */
static bool must_be_signed(const struct transit *transit, const struct transit_mail *mail, unsigned account) {
    struct ledger_layout layout = transit->run->ledger->layout;
    return ledger_host(layout, mail->sender) == mail->host && ledger_host(layout, account) != mail->host;
}

/* Both stand before what was sent. */
static bool is_signed(struct slice text) {
    static const struct slice field = SLICE_INIT("DKIM-Signature: v=1; a=");
    struct slice head = slice_sub(text, 0, slice_find(text, SLICE("\r\nX-Ledger: ")));
    size_t at = slice_find(head, field);
    return at != SLICE_NOT_FOUND && slice_find(slice_skip(head, at + 1), field) != SLICE_NOT_FOUND;
}

void transit_found(struct transit *transit, unsigned account, struct slice text, int64_t at_ms) {
    struct ledger *ledger = transit->run->ledger;
    size_t end = slice_find(text, SLICE("\r\n\r\n"));
    if (slice_find(slice_sub(text, 0, end), SLICE("multipart/report")) != SLICE_NOT_FOUND) {
        found_report(transit, account, text, at_ms);
        return;
    }
    uint32_t number = ledger_recognize(ledger, text);
    if (number == 0) return;
    if (must_be_signed(transit, &transit->mails[number], account) && !is_signed(text))
        ledger_fail(ledger, MAIL_IS_SIGNED, "account %u got message %u without its signatures", account,
                    number);
    if (transit->mails[number].targets >> account & 1)
        add(&transit->mails[number].copies[account], at_ms);
    else
        ledger_fail(ledger, NOTHING_UNASKED, "account %u got message %u, which was not for it", account,
                    number);
}

/* ---- what is allowed ---- */

static bool is_of(const struct transit_event *event, unsigned hosts, int64_t from_ms, int64_t to_ms) {
    return event->hosts & hosts && event->from_ms <= to_ms && event->to_ms >= from_ms;
}

/* Where a disk was full at the time, what became of the message may have been recorded no sooner than it was
   not. */
static int64_t in_hand_until_ms(const struct transit *transit, unsigned hosts, int64_t at_ms) {
    int64_t until_ms = at_ms + AFTER_MS;
    for (size_t i = 0; i < transit->event_count; i++) {
        const struct transit_event *event = &transit->events[i];
        bool is_longer = event->is_disk && is_of(event, hosts, at_ms - BEFORE_MS, until_ms);
        if (is_longer && event->to_ms + AFTER_MS > until_ms) until_ms = event->to_ms + AFTER_MS;
    }
    return until_ms;
}

/* SMTP itself leaves open whether what was stored at that time was (RFC 1047): its host or the one that sent
   it lost connections or processes then. */
static bool is_ambiguous(const struct transit *transit, unsigned hosts, int64_t at_ms, int64_t again_ms) {
    int64_t until_ms = in_hand_until_ms(transit, hosts, at_ms);
    if (until_ms > again_ms) until_ms = again_ms;
    for (size_t i = 0; i < transit->event_count; i++) {
        const struct transit_event *event = &transit->events[i];
        if (!event->is_disk && is_of(event, hosts, at_ms - BEFORE_MS, until_ms)) return true;
    }
    return false;
}

/* Each after the first has a reason; between users of one host there is none. */
static void check_once(const struct transit *transit, uint32_t number, const char *what,
                       const struct transit_times *times, unsigned from, unsigned to) {
    unsigned hosts = 1u << from | 1u << to;
    for (unsigned i = 1; i < times->count; i++) {
        if (from != to && is_ambiguous(transit, hosts, times->at_ms[i - 1], times->at_ms[i])) continue;
        ledger_fail(transit->run->ledger, NOTHING_TWICE,
                    "%s message %u from host %u to %u came %u times, at %lld and %lld, without a reason",
                    what, number, from, to, times->count, (long long)times->at_ms[i - 1],
                    (long long)times->at_ms[i]);
    }
}

static bool is_old(const struct transit *transit, const struct transit_mail *mail, int64_t at_ms) {
    return at_ms >= mail->sent_ms + transit_lifetime_ms(transit);
}

static unsigned host_of(const struct transit *transit, unsigned account) {
    return ledger_host(transit->run->ledger->layout, account);
}

/* A failure of one who can be reached is told of only when the message was too old; and then it was not
   delivered, as far as anybody could know. */
static void check_bounced(const struct transit *transit, uint32_t number, unsigned account) {
    const struct transit_mail *mail = &transit->mails[number];
    const struct transit_times *failed = &mail->failed[account];
    const struct transit_times *copies = &mail->copies[account];
    unsigned to = host_of(transit, account);
    if (failed->count == 0) return;
    if (to == mail->host || !is_old(transit, mail, failed->at_ms[0]))
        ledger_fail(transit->run->ledger, REPORTS_ARE_OWED,
                    "message %u for account %u was returned at %lld, and nothing was wrong", number, account,
                    (long long)failed->at_ms[0]);
    unsigned hosts = 1u << mail->host | 1u << to;
    if (copies->count && !is_ambiguous(transit, hosts, copies->at_ms[copies->count - 1], INT64_MAX))
        ledger_fail(transit->run->ledger, REPORTS_ARE_OWED,
                    "message %u for account %u was delivered at %lld, and returned", number, account,
                    (long long)copies->at_ms[copies->count - 1]);
}

static void check_account(const struct transit *transit, uint32_t number, unsigned account) {
    const struct transit_mail *mail = &transit->mails[number];
    const struct transit_times *copies = &mail->copies[account];
    check_bounced(transit, number, account);
    check_once(transit, number, "", copies, mail->host, host_of(transit, account));
    if (mail->is_acknowledged && copies->count == 0 && mail->failed[account].count == 0)
        ledger_fail(
            transit->run->ledger, ACKNOWLEDGED_IS_THERE,
            "message %u was acknowledged by host %u, and account %u neither has it nor was it returned",
            number, mail->host, account);
    if (!mail->is_sent && copies->count)
        ledger_fail(transit->run->ledger, NOTHING_UNASKED, "message %u came before it was sent to its end",
                    number);
}

static void check_impossible(const struct transit *transit, uint32_t number, unsigned target) {
    const struct transit_mail *mail = &transit->mails[number];
    const struct transit_times *failed = &mail->failed[target];
    if (mail->is_acknowledged && failed->count == 0)
        ledger_fail(transit->run->ledger, REPORTS_ARE_OWED,
                    "message %u of account %u for %.*s was acknowledged by host %u, and never returned",
                    number, mail->sender, SLICE_PRINT(transit_address(transit, target)), mail->host);
    if (target == TARGET_DEAD && failed->count && !is_old(transit, mail, failed->at_ms[0]))
        ledger_fail(transit->run->ledger, REPORTS_ARE_OWED, "message %u expired too early, at %lld", number,
                    (long long)failed->at_ms[0]);
}

static void check_delayed(const struct transit *transit, uint32_t number, unsigned target) {
    const struct transit_mail *mail = &transit->mails[number];
    const struct transit_times *delayed = &mail->delayed[target];
    int64_t warning_ms = (int64_t)transit->warning_hours * 3600 * 1000;
    if (delayed->count && (warning_ms == 0 || delayed->at_ms[0] < mail->sent_ms + warning_ms))
        ledger_fail(transit->run->ledger, REPORTS_ARE_OWED, "message %u was told to be late at %lld", number,
                    (long long)delayed->at_ms[0]);
}

static void settle_target(const struct transit *transit, uint32_t number, unsigned target) {
    const struct transit_mail *mail = &transit->mails[number];
    unsigned back = host_of(transit, mail->sender);
    if (target < TARGET_UNKNOWN)
        check_account(transit, number, target);
    else
        check_impossible(transit, number, target);
    check_delayed(transit, number, target);
    check_once(transit, number, "the report on", &mail->failed[target], mail->host, back);
    check_once(transit, number, "the report of a delay of", &mail->delayed[target], mail->host, back);
}

void transit_settle(struct transit *transit) {
    for (uint32_t i = 1; i <= transit->run->ledger->count; i++)
        for (unsigned target = 0; target < TARGETS; target++)
            if (transit->mails[i].targets >> target & 1) settle_target(transit, i, target);
}
