/*
 * An IMAP user with a cache of its INBOX. After each break it catches up by QRESYNC, and what it has
 * then must be what a fresh look in the same session shows. Between, it idles: a message that was
 * acknowledged while the session idled must be told within a bound of virtual time, once nothing
 * goes wrong any more - to sessions, too, that came through all that went wrong before.
 */
#include "imap_talk.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

enum {
    REST_MS_MAX = 1000,
    PATIENCE_MS_MAX = 2500,
    LONG_PATIENCE_MS = 60000,
    GLANCE_MS = 500,
    TOLD_MS_MAX = 4000
};

/* A cached message. */
struct cached {
    uint32_t uid;
    struct ledger_sight sight;
    bool is_fresh;
};

struct watcher {
    struct imap_talk talk;
    struct run *run;
    struct ledger *ledger;
    unsigned box;
    struct ledger_asked asked;
    /* UID -> struct cached; and what it stands for. */
    struct map *cache;
    uint32_t uidvalidity;
    uint64_t highest_modseq;
    /* Of all below it is known which messages they are. */
    uint32_t uidnext;
    /* A fresh look is under way. */
    bool is_fresh;
    bool has_news;
    /* Since then this session would have been told. */
    int64_t idle_ms;
};

static int64_t now_ms(const struct watcher *watcher) { return sim_world_now_ms(watcher->run->world); }

static void forget(struct watcher *watcher, uint32_t uid) { free(map_remove_id(watcher->cache, uid)); }

static void forget_all(struct watcher *watcher) {
    size_t cursor = 0;
    for (struct cached *c; (c = map_next(watcher->cache, &cursor, NULL));) free(c);
    map_free(&watcher->cache);
}

/* ---- lines ---- */

/* The cache must say the same of what did not change since it was brought up to date. */
static void compare(struct watcher *watcher, const struct cached *cached, const struct ledger_sight *sight) {
    if (sight->modseq > watcher->highest_modseq) return;
    if (!cached)
        ledger_fail(watcher->ledger, CHANGES_ARE_TOLD, "QRESYNC: UID %u of box %u was not told", sight->uid,
                    watcher->box);
    else if (cached->sight.modseq != sight->modseq || cached->sight.flags != sight->flags)
        ledger_fail(watcher->ledger, CHANGES_ARE_TOLD,
                    "QRESYNC: UID %u of box %u has flags %x at modseq %llu, and not %x at %llu", sight->uid,
                    watcher->box, sight->flags, (unsigned long long)sight->modseq, cached->sight.flags,
                    (unsigned long long)cached->sight.modseq);
}

static void remember(struct watcher *watcher, const struct ledger_sight *sight) {
    struct cached *cached = map_get_id(watcher->cache, sight->uid);
    if (watcher->is_fresh) compare(watcher, cached, sight);
    if (!cached) {
        cached = calloc(1, sizeof *cached);
        if (!cached) FATAL("out of memory for a cached message");
        (void)map_put_id(watcher->cache, sight->uid, cached);
    }
    if (sight->number && sight->uid >= watcher->uidnext) watcher->uidnext = sight->uid + 1;
    *cached = (struct cached){sight->uid, *sight, watcher->is_fresh};
}

/* RFC 7162 3.2.10 */
static void take_vanished(struct watcher *watcher, struct slice list) {
    uint32_t uids[IMAP_LISTED_MAX];
    size_t count = imap_take_uids(&list, uids, IMAP_LISTED_MAX);
    for (size_t i = 0; i < count; i++) {
        if (ledger_seen(watcher->ledger, watcher->box, uids[i]))
            ledger_saw_gone(watcher->ledger, watcher->box, uids[i]);
        forget(watcher, uids[i]);
    }
}

/* The number behind "X-Ledger: " in a literal that follows. */
static bool take_header(struct task *t, struct watcher *watcher, struct slice line, uint32_t *number) {
    uint64_t bytes = imap_number_after(line, SLICE("{"));
    if (!bytes) return true;
    struct slice text = talk_bytes(t, &watcher->talk.talk, (size_t)bytes);
    if (!text.ptr) return false;
    *number = (uint32_t)imap_number_after(text, SLICE("X-Ledger: "));
    if (!*number || *number > watcher->ledger->count)
        ledger_fail(watcher->ledger, NOTHING_UNASKED, "IMAP: a header that nobody sent");
    else
        watcher->ledger->entries[*number].is_told[ledger_account(watcher->box)] = true;
    return talk_line(t, &watcher->talk.talk).ptr;
}

static bool take_line(struct task *t, void *context, struct slice line) {
    struct watcher *watcher = context;
    struct ledger_sight sight;
    uint64_t number = 0;
    if (slice_take_prefix(&line, SLICE("* VANISHED (EARLIER) ")) ||
        slice_take_prefix(&line, SLICE("* VANISHED "))) {
        take_vanished(watcher, line);
        return true;
    }
    struct slice rest = line;
    bool is_exists = slice_take_prefix(&rest, SLICE("* ")) && slice_take_number(&rest, UINT32_MAX, &number) &&
                     slice_equal(rest, SLICE(" EXISTS"));
    if (is_exists) watcher->has_news = true;
    if (!imap_take_sight(line, &sight)) return true;
    if (!sight.modseq || !sight.flags_known) {
        ledger_fail(watcher->ledger, REPLIES_ARE_RIGHT, "IMAP: with QRESYNC a FETCH without flags or modseq");
        return true;
    }
    if (!take_header(t, watcher, line, &sight.number)) return false;
    ledger_saw(watcher->ledger, watcher->box, &watcher->asked, &sight);
    remember(watcher, &sight);
    return true;
}

static bool ask(struct task *t, struct watcher *watcher, const char *command) {
    watcher->asked = ledger_ask(watcher->ledger, watcher->box);
    return imap_talk_command(t, &watcher->talk, take_line, watcher, "%s", command);
}

/* ---- catching up ---- */

/* RFC 7162 3.2.5: what changed since, or, where nothing is known, nothing. */
static bool select_inbox(struct task *t, struct watcher *watcher) {
    struct buffer parameters = buffer_new(256);
    bool has_cache = watcher->uidvalidity && run_between(watcher->run, 0, 7);
    if (has_cache)
        buffer_printf(&parameters, " (QRESYNC (%u %llu))", watcher->uidvalidity,
                      (unsigned long long)watcher->highest_modseq);
    buffer_append_byte(&parameters, 0);
    if (!has_cache) {
        forget_all(watcher);
        watcher->cache = map_new(watcher->ledger->seed);
        watcher->highest_modseq = 0;
    }
    watcher->asked = ledger_ask(watcher->ledger, watcher->box);
    bool is_good =
        imap_talk_select(t, &watcher->talk, watcher->box, (const char *)parameters.ptr, take_line, watcher);
    if (is_good && has_cache) watcher->highest_modseq = watcher->talk.said.highest_modseq;
    buffer_free(&parameters);
    return is_good;
}

/* A fresh look at all; the cache may hold nothing else. */
static bool look_afresh(struct task *t, struct watcher *watcher) {
    size_t cursor = 0;
    for (struct cached *c; (c = map_next(watcher->cache, &cursor, NULL));) c->is_fresh = false;
    watcher->is_fresh = true;
    bool is_good = ask(t, watcher, "UID FETCH 1:* (FLAGS MODSEQ)");
    watcher->is_fresh = false;
    if (!is_good) return false;
    cursor = 0;
    for (struct cached *c; (c = map_next(watcher->cache, &cursor, NULL));)
        if (!c->is_fresh)
            ledger_fail(watcher->ledger, CHANGES_ARE_TOLD,
                        "QRESYNC: it was not told that UID %u of box %u is gone", c->uid, watcher->box);
    watcher->uidvalidity = watcher->talk.said.uidvalidity;
    watcher->highest_modseq = watcher->talk.said.highest_modseq;
    return true;
}

/* ---- idling ---- */

/* It was deleted before anyone could tell. */
static bool is_doomed(const struct watcher *watcher, uint32_t number) {
    size_t cursor = 0;
    struct map *all = watcher->ledger->mailboxes[watcher->box].seen;
    for (struct ledger_seen *seen; (seen = map_next(all, &cursor, NULL));)
        if (seen->number == number && seen->is_doomed) return true;
    return false;
}

static void check_told(struct watcher *watcher) {
    unsigned account = ledger_account(watcher->box);
    if (!watcher->run->healed_ms) return;
    for (uint32_t number = 1; number <= watcher->ledger->count; number++) {
        const struct ledger_entry *entry = &watcher->ledger->entries[number];
        int64_t from_ms = entry->acknowledged_ms[account];
        if (!entry->expected[watcher->box] || entry->is_told[account] || from_ms < watcher->idle_ms) continue;
        if (from_ms < watcher->run->healed_ms) from_ms = watcher->run->healed_ms;
        if (now_ms(watcher) < from_ms + TOLD_MS_MAX || is_doomed(watcher, number)) continue;
        ledger_fail(
            watcher->ledger, IDLE_IS_TOLD,
            "message %u was acknowledged %lld ms ago, and account %u, who idles for %lld ms, was not told",
            number, (long long)(now_ms(watcher) - entry->acknowledged_ms[account]), account,
            (long long)(now_ms(watcher) - watcher->idle_ms));
    }
}

/* Waits in IDLE until there is news, or for a while; sees the lines that come. False: it is over. */
static bool idle_on(struct task *t, struct watcher *watcher, int64_t until_ms) {
    while (!watcher->has_news && now_ms(watcher) < until_ms && !watcher->run->is_closing) {
        if (!talk_wait(t, &watcher->talk.talk, now_ms(watcher) + GLANCE_MS)) {
            if (talk_is_broken(&watcher->talk.talk)) return false;
            check_told(watcher);
            continue;
        }
        struct slice line = talk_line(t, &watcher->talk.talk);
        if (!line.ptr || slice_starts(line, SLICE("* BYE")) || !take_line(t, watcher, line)) return false;
    }
    return true;
}

/* RFC 2177 */
static bool idle(struct task *t, struct watcher *watcher) {
    /* Each new IDLE looks anew by itself: only who stays in one is in need of being told. */
    bool is_patient = run_between(watcher->run, 0, 2);
    int64_t until_ms =
        now_ms(watcher) +
        (is_patient ? LONG_PATIENCE_MS : (int64_t)run_between(watcher->run, 1, PATIENCE_MS_MAX));
    watcher->asked = ledger_ask(watcher->ledger, watcher->box);
    talk_printf(t, &watcher->talk.talk, "a%u IDLE\r\n", ++watcher->talk.tag);
    for (;;) {
        struct slice line = talk_line(t, &watcher->talk.talk);
        if (!line.ptr || slice_starts(line, SLICE("* BYE"))) return false;
        if (slice_starts(line, SLICE("+"))) break;
        if (!take_line(t, watcher, line)) return false;
    }
    if (!idle_on(t, watcher, until_ms)) return false;
    talk_say(t, &watcher->talk.talk, SLICE("DONE\r\n"));
    return imap_talk_finish(t, &watcher->talk, take_line, watcher, "IDLE");
}

/* Which messages are new: a FETCH of all that came. */
static bool read_news(struct task *t, struct watcher *watcher) {
    char command[128];
    watcher->has_news = false;
    (void)snprintf(command, sizeof command,
                   "UID FETCH %u:* (UID FLAGS MODSEQ BODY.PEEK[HEADER.FIELDS (X-Ledger)])", watcher->uidnext);
    return ask(t, watcher, command);
}

static void watch(struct task *t, struct watcher *watcher) {
    watcher->has_news = true;
    watcher->idle_ms = now_ms(watcher);
    while (!watcher->run->is_closing && !ledger_has_failed(watcher->ledger)) {
        if (watcher->has_news && !read_news(t, watcher)) return;
        if (run_between(watcher->run, 0, 15) == 0 && !watcher->run->is_healed) break;
        if (!idle(t, watcher)) return;
    }
    (void)imap_talk_command(t, &watcher->talk, take_line, watcher, "LOGOUT");
}

static void session(struct task *t, struct watcher *watcher) {
    if (imap_talk_open(t, &watcher->talk) &&
        imap_talk_command(t, &watcher->talk, NULL, NULL, "ENABLE QRESYNC") && select_inbox(t, watcher) &&
        look_afresh(t, watcher))
        watch(t, watcher);
    imap_talk_close(&watcher->talk);
}

void imap_watcher_main(struct task *t, void *argument) {
    struct client *client = argument;
    struct watcher watcher = {.run = client->run,
                              .ledger = client->run->ledger,
                              .box = ledger_inbox(client->number),
                              .uidnext = 1,
                              .cache = map_new(client->run->ledger->seed)};
    while (!client->run->is_closing && !ledger_has_failed(client->run->ledger)) {
        imap_talk_init(&watcher.talk, client->run, client->number);
        session(t, &watcher);
        if (!client_rest(t, client->run, REST_MS_MAX)) break;
    }
    forget_all(&watcher);
    client->run->readers_left--;
}
