#include "imap_talk.h"

#include <stdio.h>

#include "store/model.h"

enum { ANSWER_BYTES_MAX = 8192 };

static const struct slice flag_names[IMAP_FLAGS] = {SLICE_INIT("\\Seen"),    SLICE_INIT("\\Answered"),
                                                    SLICE_INIT("\\Flagged"), SLICE_INIT("\\Deleted"),
                                                    SLICE_INIT("\\Draft"),   SLICE_INIT("$Sim")};

void imap_talk_init(struct imap_talk *talk, struct run *run, unsigned account) {
    *talk = (struct imap_talk){.run = run, .account = account, .answer = buffer_new(ANSWER_BYTES_MAX)};
}

void imap_talk_close(struct imap_talk *talk) {
    talk_close(&talk->talk);
    buffer_free(&talk->answer);
}

/* ---- lines ---- */

uint64_t imap_number_after(struct slice line, struct slice name) {
    uint64_t number = 0;
    size_t at = slice_find(line, name);
    if (at == SLICE_NOT_FOUND) return 0;
    struct slice rest = slice_skip(line, at + name.len);
    (void)slice_take_number(&rest, UINT64_MAX, &number);
    return number;
}

static unsigned take_flags(struct slice list) {
    unsigned flags = 0;
    while (list.len) {
        struct slice word = slice_take_until(&list, ' ');
        (void)slice_take_byte(&list, ' ');
        for (unsigned i = 0; i < IMAP_FLAGS; i++)
            if (slice_equal_nocase(word, flag_names[i])) flags |= 1u << i;
    }
    return flags;
}

bool imap_take_sight(struct slice line, struct ledger_sight *sight) {
    *sight = (struct ledger_sight){0};
    if (slice_find(line, SLICE(" FETCH (")) == SLICE_NOT_FOUND) return false;
    sight->uid = (uint32_t)imap_number_after(line, SLICE("UID "));
    sight->modseq = imap_number_after(line, SLICE("MODSEQ ("));
    size_t at = slice_find(line, SLICE("FLAGS ("));
    if (at != SLICE_NOT_FOUND) {
        struct slice rest = slice_skip(line, at + 7);
        sight->flags = take_flags(slice_take_until(&rest, ')'));
        sight->flags_known = IMAP_FLAGS_ALL;
    }
    return sight->uid;
}

void imap_write_flags(struct buffer *out, unsigned flags) {
    bool is_first = true;
    buffer_append_byte(out, '(');
    for (unsigned i = 0; i < IMAP_FLAGS; i++) {
        if (!(flags & 1u << i)) continue;
        if (!is_first) buffer_append_byte(out, ' ');
        buffer_append(out, flag_names[i]);
        is_first = false;
    }
    buffer_append_byte(out, ')');
}

size_t imap_take_uids(struct slice *text, uint32_t *uids, size_t max) {
    size_t count = 0;
    do {
        uint64_t first = 0;
        uint64_t last = 0;
        if (!slice_take_number(text, UINT32_MAX, &first)) break;
        if (!slice_take_byte(text, ':') || !slice_take_number(text, UINT32_MAX, &last)) last = first;
        for (; first <= last && count < max; first++) uids[count++] = (uint32_t)first;
    } while (slice_take_byte(text, ','));
    return count;
}

/* ---- commands ---- */

bool imap_talk_finish(struct task *t, struct imap_talk *talk, imap_line_fn *take, void *context,
                      const char *what) {
    char tag[16];
    int len = snprintf(tag, sizeof tag, "a%u ", talk->tag);
    for (;;) {
        struct slice line = talk_line(t, &talk->talk);
        if (!line.ptr) return false;
        if (slice_take_prefix(&line, slice_of(tag, (size_t)len))) {
            buffer_clear(&talk->answer);
            buffer_append(&talk->answer, line);
            if (slice_starts(line, SLICE("BAD")))
                ledger_fail(talk->run->ledger, REPLIES_ARE_RIGHT, "IMAP: BAD to %s", what);
            return slice_starts(line, SLICE("OK"));
        }
        if (slice_starts(line, SLICE("* BYE"))) return false;
        if (take && !take(t, context, line)) return false;
    }
}

bool imap_talk_command(struct task *t, struct imap_talk *talk, imap_line_fn *take, void *context,
                       const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ASSERT(len >= 0 && (size_t)len < sizeof text);
    talk_printf(t, &talk->talk, "a%u %s\r\n", ++talk->tag, text);
    return imap_talk_finish(t, talk, take, context, text);
}

/* RFC 4959 */
static bool authenticate(struct task *t, struct imap_talk *talk) {
    struct buffer plain = buffer_new(1000);
    client_plain(&plain, ledger_address(talk->run->ledger->layout, talk->account));
    bool is_good =
        imap_talk_command(t, talk, NULL, NULL, "AUTHENTICATE PLAIN %.*s", SLICE_PRINT(buffer_slice(&plain)));
    buffer_free(&plain);
    return is_good;
}

bool imap_talk_open(struct task *t, struct imap_talk *talk) {
    bool is_tls = run_between(talk->run, 0, 1);
    unsigned host = ledger_host(talk->run->ledger->layout, talk->account);
    if (!talk_open(t, &talk->talk, host, is_tls ? PORT_IMAPS : PORT_IMAP, is_tls)) return false;
    if (!slice_starts(talk_line(t, &talk->talk), SLICE("* OK"))) return false;
    if (!is_tls && !(imap_talk_command(t, talk, NULL, NULL, "STARTTLS") && talk_start_tls(t, &talk->talk)))
        return false;
    return authenticate(t, talk);
}

/* ---- appending ---- */

static uint64_t appended_uid(const struct imap_talk *talk) {
    uint64_t uid = 0;
    struct slice rest = buffer_slice(&talk->answer);
    size_t at = slice_find(rest, SLICE("[APPENDUID "));
    if (at == SLICE_NOT_FOUND) return 0;
    rest = slice_skip(rest, at + 11);
    (void)slice_take_until(&rest, ' ');
    (void)slice_take_byte(&rest, ' ');
    (void)slice_take_number(&rest, UINT32_MAX, &uid);
    return uid;
}

static void note_appended(struct imap_talk *talk, const struct imap_append *append,
                          const struct ledger_asked *asked) {
    struct ledger *ledger = talk->run->ledger;
    struct ledger_sight sight = {.uid = (uint32_t)appended_uid(talk), .number = append->number};
    if (!sight.uid) {
        ledger_fail(ledger, REPLIES_ARE_RIGHT, "IMAP: no APPENDUID");
        return;
    }
    ledger->entries[append->number].expected[append->box]++;
    ledger_saw(ledger, append->box, asked, &sight);
}

/* RFC 9051 6.3.12, RFC 7888 */
bool imap_talk_append(struct task *t, struct imap_talk *talk, imap_line_fn *take, void *context,
                      const struct imap_append *append) {
    struct ledger_asked asked = ledger_ask(talk->run->ledger, append->box);
    ledger_allow(talk->run->ledger, append->number, append->box);
    talk_printf(t, &talk->talk, "a%u APPEND %s {%zu+}\r\n", ++talk->tag, ledger_box_name(append->box),
                append->text.len);
    talk_say(t, &talk->talk, append->text);
    talk_say(t, &talk->talk, SLICE("\r\n"));
    bool is_good = imap_talk_finish(t, talk, take, context, "APPEND");
    if (is_good) note_appended(talk, append, &asked);
    return is_good;
}

/* ---- a mailbox ---- */

struct selecting {
    struct imap_talk *talk;
    imap_line_fn *take;
    void *context;
};

/* RFC 9051 6.3.2, RFC 7162 3.1.2.1 */
static bool take_selected(struct task *t, void *context, struct slice line) {
    struct selecting *selecting = context;
    struct ledger_mailbox *said = &selecting->talk->said;
    uint64_t uidvalidity = imap_number_after(line, SLICE("[UIDVALIDITY "));
    uint64_t uidnext = imap_number_after(line, SLICE("[UIDNEXT "));
    uint64_t modseq = imap_number_after(line, SLICE("[HIGHESTMODSEQ "));
    if (uidvalidity) said->uidvalidity = (uint32_t)uidvalidity;
    if (uidnext) said->uidnext = (uint32_t)uidnext;
    if (modseq) said->highest_modseq = modseq;
    return !selecting->take || selecting->take(t, selecting->context, line);
}

bool imap_talk_select(struct task *t, struct imap_talk *talk, unsigned box, const char *parameters,
                      imap_line_fn *take, void *context) {
    struct ledger *ledger = talk->run->ledger;
    struct ledger_asked asked = ledger_ask(ledger, box);
    struct selecting selecting = {talk, take, context};
    talk->box = box;
    talk->said = (struct ledger_mailbox){0};
    if (!imap_talk_command(t, talk, take_selected, &selecting, "SELECT %s%s", ledger_box_name(box),
                           parameters))
        return false;
    if (!talk->said.uidvalidity || !talk->said.uidnext || !talk->said.highest_modseq)
        ledger_fail(ledger, REPLIES_ARE_RIGHT, "IMAP: SELECT of box %u does not say all", box);
    ledger_saw_mailbox(ledger, box, &asked, &talk->said);
    return true;
}
