/*
 * An IMAP user who changes: flags, copies, moves, expunges and appends, in its own INBOX and Work.
 * No one else changes flags there, so the replies say exactly what this user asked for. What it
 * was promised (an OK, COPYUID, APPENDUID, a modseq) goes to the ledger and must hold; what it was
 * not promised may have happened or not.
 */
#include "imap_talk.h"

#include <stdio.h>

#include "base/limits.h"
#include "store/model.h"

enum { REST_MS_MAX = 1500, OPERATIONS_MAX = 6, APPEND_BYTES_MAX = 30000, COPIED_MAX = 8 };

struct changer {
    struct imap_talk talk;
    struct run *run;
    struct ledger *ledger;
    struct ledger_asked asked;
    /* What the mailbox holds, as far as somebody read which messages they are. */
    uint32_t uids[IMAP_LISTED_MAX];
    uint64_t modseqs[IMAP_LISTED_MAX];
    size_t count;
    /* A STORE under way: its UID, and what its flags must be (of the known ones). */
    uint32_t stored_uid;
    unsigned stored_flags;
    unsigned stored_known;
    /* What COPYUID said. */
    uint32_t from[COPIED_MAX];
    uint32_t to[COPIED_MAX];
    size_t copied;
};

/* ---- seeing ---- */

static bool take_listed(struct task *t, void *context, struct slice line) {
    (void)t;
    struct changer *changer = context;
    struct ledger_sight sight;
    if (!imap_take_sight(line, &sight)) return true;
    ledger_saw(changer->ledger, changer->talk.box, &changer->asked, &sight);
    const struct ledger_seen *seen = ledger_seen(changer->ledger, changer->talk.box, sight.uid);
    if (!seen->number || changer->count == IMAP_LISTED_MAX) return true;
    changer->modseqs[changer->count] = sight.modseq;
    changer->uids[changer->count++] = sight.uid;
    return true;
}

static bool list_all(struct task *t, struct changer *changer) {
    changer->count = 0;
    changer->asked = ledger_ask(changer->ledger, changer->talk.box);
    return imap_talk_command(t, &changer->talk, take_listed, changer, "UID FETCH 1:* (FLAGS MODSEQ)");
}

/* "COPYUID 7 1,3 2:3" (RFC 4315 3) */
static void take_copied(struct changer *changer, struct slice line) {
    static const struct slice name = SLICE_INIT("[COPYUID ");
    uint64_t uidvalidity = 0;
    size_t at = slice_find(line, name);
    if (at == SLICE_NOT_FOUND) return;
    struct slice rest = slice_skip(line, at + name.len);
    bool is_good = slice_take_number(&rest, UINT32_MAX, &uidvalidity) && slice_take_byte(&rest, ' ');
    changer->copied = imap_take_uids(&rest, changer->from, COPIED_MAX);
    is_good = is_good && slice_take_byte(&rest, ' ') &&
              imap_take_uids(&rest, changer->to, COPIED_MAX) == changer->copied && changer->copied;
    if (!is_good)
        ledger_fail(changer->ledger, REPLIES_ARE_RIGHT, "IMAP: a strange COPYUID: %.*s", SLICE_PRINT(line));
}

/* Untagged lines of a change. Expunges come without UIDs, and the next list tells them. */
static bool take_changed(struct task *t, void *context, struct slice line) {
    (void)t;
    struct changer *changer = context;
    struct ledger_sight sight;
    take_copied(changer, line);
    if (!imap_take_sight(line, &sight)) return true;
    ledger_saw(changer->ledger, changer->talk.box, &changer->asked, &sight);
    bool is_other = (sight.flags ^ changer->stored_flags) & changer->stored_known;
    if (sight.uid == changer->stored_uid && sight.flags_known && is_other)
        ledger_fail(changer->ledger, CHANGES_ARE_TOLD, "IMAP: UID %u has flags %x after a STORE of %x",
                    sight.uid, sight.flags, changer->stored_flags);
    return true;
}

static void begin(struct changer *changer) {
    changer->asked = ledger_ask(changer->ledger, changer->talk.box);
    changer->stored_uid = 0;
    changer->copied = 0;
}

static uint32_t choose(struct changer *changer) {
    return changer->uids[run_between(changer->run, 0, changer->count - 1)];
}

static struct ledger_seen *seen_of(struct changer *changer, uint32_t uid) {
    return ledger_seen(changer->ledger, changer->talk.box, uid);
}

/* ---- changes: each returns false when the session is over ---- */

/* RFC 9051 6.4.6, RFC 7162 3.1.3 */
static bool store(struct task *t, struct changer *changer, uint32_t uid, const char *sign, unsigned flags) {
    struct buffer list = buffer_new(256);
    bool is_known_modseq = run_between(changer->run, 0, 2) == 0;
    char condition[64] = "";
    begin(changer);
    uint64_t modseq = ledger_seen_modseq(seen_of(changer, uid));
    if (is_known_modseq)
        (void)snprintf(condition, sizeof condition, "(UNCHANGEDSINCE %llu) ", (unsigned long long)modseq);
    changer->stored_uid = uid;
    /* A message that changed meanwhile is left alone, and may be told. */
    changer->stored_known = is_known_modseq ? 0 : sign[0] ? flags : (unsigned)IMAP_FLAGS_ALL;
    changer->stored_flags = sign[0] == '-' ? 0 : flags;
    imap_write_flags(&list, flags);
    bool is_good = imap_talk_command(t, &changer->talk, take_changed, changer, "UID STORE %u %s%sFLAGS %.*s",
                                     uid, condition, sign, SLICE_PRINT(buffer_slice(&list)));
    buffer_free(&list);
    return is_good;
}

static bool change_flags(struct task *t, struct changer *changer) {
    static const char *const signs[] = {"+", "-", ""};
    unsigned flags = (unsigned)run_between(changer->run, 0, IMAP_FLAGS_ALL) & ~(unsigned)FLAG_DELETED;
    if (!flags) flags = FLAG_SEEN;
    return store(t, changer, choose(changer), signs[run_between(changer->run, 0, 2)], flags);
}

/* Marks for deletion; may be taken back by a STORE that sets flags anew. */
static bool mark(struct task *t, struct changer *changer) {
    uint32_t uid = choose(changer);
    ledger_doom(seen_of(changer, uid));
    return store(t, changer, uid, "+", FLAG_DELETED);
}

/* RFC 9051 6.4.3 */
static bool expunge_all(struct task *t, struct changer *changer) {
    begin(changer);
    return imap_talk_command(t, &changer->talk, take_changed, changer, "EXPUNGE") && list_all(t, changer) &&
           changer->count;
}

/* RFC 9051 6.4.9: with both OK it is gone. */
static bool expunge_one(struct task *t, struct changer *changer) {
    uint32_t uid = choose(changer);
    ledger_doom(seen_of(changer, uid));
    if (!store(t, changer, uid, "+", FLAG_DELETED)) return false;
    bool is_marked = slice_find(buffer_slice(&changer->talk.answer), SLICE("[MODIFIED")) == SLICE_NOT_FOUND;
    begin(changer);
    if (!imap_talk_command(t, &changer->talk, take_changed, changer, "UID EXPUNGE %u", uid)) return false;
    if (is_marked) ledger_saw_gone(changer->ledger, changer->talk.box, uid);
    return list_all(t, changer) && changer->count;
}

/* What the OK to a COPY or MOVE promised. A copy has the flags of its original, \Deleted too. */
static void note_copied(struct changer *changer, unsigned box, uint32_t number, bool is_doomed) {
    for (size_t i = 0; i < changer->copied; i++) {
        struct ledger_sight sight = {.uid = changer->to[i], .number = number};
        ledger_saw(changer->ledger, box, &changer->asked, &sight);
        if (is_doomed) ledger_doom(ledger_seen(changer->ledger, box, sight.uid));
        changer->ledger->entries[number].expected[box]++;
    }
}

static unsigned choose_box(struct changer *changer) {
    return ledger_inbox(changer->talk.account) + (unsigned)run_between(changer->run, 0, 1);
}

/* RFC 9051 6.4.7 */
static bool copy(struct task *t, struct changer *changer) {
    uint32_t uid = choose(changer);
    unsigned box = choose_box(changer);
    uint32_t number = seen_of(changer, uid)->number;
    bool is_doomed = seen_of(changer, uid)->is_doomed;
    ledger_allow(changer->ledger, number, box);
    begin(changer);
    if (!imap_talk_command(t, &changer->talk, take_changed, changer, "UID COPY %u %s", uid,
                           ledger_box_name(box)))
        return false;
    take_copied(changer, buffer_slice(&changer->talk.answer));
    note_copied(changer, box, number, is_doomed);
    return true;
}

/* RFC 9051 6.4.8 */
static bool move(struct task *t, struct changer *changer) {
    uint32_t uid = choose(changer);
    unsigned box = changer->talk.box ^ 1;
    struct ledger_seen *seen = seen_of(changer, uid);
    ledger_allow(changer->ledger, seen->number, box);
    bool was_doomed = seen->is_doomed;
    if (!was_doomed) seen->moved_to = box + 1;
    seen->is_doomed = true;
    begin(changer);
    if (!imap_talk_command(t, &changer->talk, take_changed, changer, "UID MOVE %u %s", uid,
                           ledger_box_name(box)))
        return false;
    note_copied(changer, box, seen->number, was_doomed);
    if (changer->copied) ledger_saw_gone(changer->ledger, changer->talk.box, uid);
    return list_all(t, changer) && changer->count;
}

static bool append(struct task *t, struct changer *changer) {
    struct imap_append append = {.box = choose_box(changer)};
    append.number = ledger_attempt(changer->ledger, (size_t)run_between(changer->run, 0, APPEND_BYTES_MAX));
    if (!append.number) return false;
    append.text = ledger_message(changer->ledger, append.number);
    begin(changer);
    return imap_talk_append(t, &changer->talk, take_changed, changer, &append);
}

static bool change(struct task *t, struct changer *changer) {
    static bool (*const kinds[])(struct task * t, struct changer * changer) = {
        append, change_flags, change_flags, mark, expunge_all, expunge_one, copy, move};
    uint64_t kind = run_between(changer->run, 0, sizeof kinds / sizeof kinds[0] - 1);
    return changer->count ? kinds[kind](t, changer) : append(t, changer);
}

static void session(struct task *t, struct changer *changer) {
    uint64_t operations = run_between(changer->run, 1, OPERATIONS_MAX);
    if (imap_talk_open(t, &changer->talk) &&
        imap_talk_select(t, &changer->talk, choose_box(changer), " (CONDSTORE)", NULL, NULL) &&
        list_all(t, changer)) {
        while (operations-- && !changer->run->is_paused && change(t, changer)) continue;
        (void)imap_talk_command(t, &changer->talk, NULL, NULL, "LOGOUT");
    }
    imap_talk_close(&changer->talk);
}

void imap_changer_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct changer changer = {.run = client->run, .ledger = client->run->ledger};
    while (!client->run->is_closing && !ledger_has_failed(client->run->ledger)) {
        imap_talk_init(&changer.talk, client->run, client->number);
        if (!client->run->is_paused) session(t, &changer);
        if (!client_rest(t, client->run, REST_MS_MAX)) break;
    }
    client->run->readers_left--;
}
