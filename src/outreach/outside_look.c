#include "outreach/outside_look.h"

#include <assert.h>

#include "base/limits_sender.h"
#include "outreach/outside_folders.h"

static const int64_t day_ms = 24LL * 3600 * 1000;

/* A look at work. */
struct look {
    struct outside *outside;
    struct arena *arena;
    outside_news_fn *take;
    void *context;
    struct outside_trouble *trouble;
    /* The mailbox was never looked at before: what is there is old. */
    bool is_first;
    /* Of the folder at hand. */
    const struct imap_client_folder *folder;
    struct sender_folder *place;
    /* INBOX, and since when nothing is known of it. */
    const struct imap_client_folder *inbox;
    int64_t inbox_ms;
    uint32_t uidvalidity;
    uint32_t uidnext;
    uint32_t messages;
    uint32_t uids[OUTREACH_LOOK_MESSAGES];
    size_t uid_count;
    uint32_t last_listed;
    bool was_refused;
    /* Asked once: when the oldest thread that is open began. */
    bool is_since_known;
    int64_t open_since_ms;
};

static bool fail(struct task *t, struct look *look, const struct imap_client_outcome *outcome) {
    *look->trouble = outside_trouble_of_imap(look->arena, outcome, look->outside->sender.imap.auth);
    outside_disconnect_imap(t, look->outside);
    return false;
}

/* ---- which folders ---- */

static bool is_looked_at(const struct imap_client_folder *folder) {
    return !(folder->use &
             (IMAP_FOLDER_NOSELECT | IMAP_FOLDER_FLAGGED | IMAP_FOLDER_DRAFTS | IMAP_FOLDER_IMPORTANT));
}

static bool is_listed(const struct outside_folders *folders, struct slice name) {
    for (size_t i = 0; i < folders->count; i++)
        if (slice_equal(folders->items[i].name, name)) return true;
    return false;
}

/* Folders that are gone, or have another name now, make room for others. */
static void forget_gone(struct outside *outside, const struct outside_folders *folders) {
    size_t kept = 0;
    for (size_t i = 0; i < outside->folder_count; i++)
        if (is_listed(folders, outside->folders[i].name)) outside->folders[kept++] = outside->folders[i];
    if (kept != outside->folder_count) outside->has_moved = true;
    outside->folder_count = kept;
}

/* There is room: no more are listed than there are places, and what is not listed was forgotten. */
static struct sender_folder *place_of(struct outside *outside, struct slice name, bool *is_new) {
    *is_new = false;
    for (size_t i = 0; i < outside->folder_count; i++)
        if (slice_equal(outside->folders[i].name, name)) return &outside->folders[i];
    assert(outside->folder_count < OUTREACH_FOLDERS_MAX);
    *is_new = true;
    struct sender_folder *place = &outside->folders[outside->folder_count++];
    *place = (struct sender_folder){.name = arena_copy(outside->arena, name)};
    return place;
}

/* ---- what is new in one ---- */

/* Which there are, without their contents: those that are too old for a fresh folder are passed over. */
static bool list_message(struct task *t, void *context, const struct imap_client_message *message) {
    (void)t;
    struct look *look = context;
    if (look->uid_count == OUTREACH_LOOK_MESSAGES) return false;
    look->last_listed = message->uid;
    if (message->received_ms >= look->place->since_ms) look->uids[look->uid_count++] = message->uid;
    return true;
}

static bool take_message(struct task *t, void *context, const struct imap_client_message *message) {
    struct look *look = context;
    struct outside_news news = {.sender = look->outside->sender.id,
                                .folder = look->folder->name,
                                .folder_use = look->folder->use,
                                .uidvalidity = look->uidvalidity,
                                .uid = message->uid,
                                .flags = message->flags,
                                .received_ms = look->place->since_ms ? message->received_ms : 0,
                                .bytes = message->bytes,
                                .content = message->content};
    look->was_refused = !look->take(t, look->context, &news);
    if (!look->was_refused) look->place->uidnext = message->uid + 1;
    return !look->was_refused;
}

static bool fetch(struct task *t, struct look *look, uint32_t first, uint32_t last, uint32_t content_bytes,
                  imap_client_message_fn *take) {
    struct imap_client_fetch wanted = {
        .first = first, .last = last, .content_bytes = content_bytes, .take = take, .context = look};
    struct imap_client_outcome outcome = imap_client_fetch(t, look->outside->imap, look->arena, &wanted);
    return outcome.result == IMAP_CLIENT_OK || fail(t, look, &outcome);
}

/* Up to which UID is listed in one go, so that a folder of any size is listed once and not anew for every
   hundred of its messages; 0: all that there are. */
static uint32_t list_end(const struct look *look) {
    uint32_t first = look->place->uidnext;
    if (look->messages <= OUTREACH_LIST_MESSAGES || first >= look->uidnext) return 0;
    uint64_t span = (uint64_t)(look->uidnext - first) * OUTREACH_LIST_MESSAGES / look->messages;
    if (span < OUTREACH_LIST_MESSAGES) span = OUTREACH_LIST_MESSAGES;
    uint64_t last = first + span - 1;
    return last + 1 >= look->uidnext ? 0 : (uint32_t)last;
}

/* Some at a time, and each by itself: one of them may take a while to be taken. */
static bool take_all(struct task *t, struct look *look) {
    bool is_over = false;
    while (!is_over) {
        uint32_t last = list_end(look);
        look->uid_count = 0;
        look->last_listed = 0;
        if (!fetch(t, look, look->place->uidnext, last, 0, list_message)) return false;
        for (size_t i = 0; i < look->uid_count && !look->was_refused; i++)
            if (!fetch(t, look, look->uids[i], look->uids[i], OUTREACH_LOOK_BYTES_MAX, take_message))
                return false;
        if (look->was_refused) {
            *look->trouble = (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
            return false;
        }
        /* One that vanished meanwhile was not taken. */
        if (look->last_listed >= look->place->uidnext) look->place->uidnext = look->last_listed + 1;
        bool is_whole = look->uid_count < OUTREACH_LOOK_MESSAGES;
        if (last && is_whole && look->place->uidnext <= last) look->place->uidnext = last + 1;
        is_over = last == 0 && look->last_listed == 0;
    }
    return true;
}

/* False: nobody can say now what may have been missed. */
static bool ask_since(struct task *t, struct look *look) {
    struct outside *outside = look->outside;
    if (look->is_since_known || look->is_first || !outside->open_since) return true;
    look->is_since_known = outside->open_since(t, outside->context, &look->open_since_ms);
    return look->is_since_known;
}

/* Where to begin in a folder that is known under another UIDVALIDITY, or not at all: whatever may answer a
   thread that is open, however long nobody looked. */
static bool begin_anew(struct task *t, struct look *look, const struct imap_client_status *status) {
    int64_t now_ms = env_wall_ms(look->outside->world->env);
    int64_t since_ms = now_ms - OUTREACH_ANEW_DAYS * day_ms;
    if (!ask_since(t, look)) {
        *look->trouble = (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
        return false;
    }
    if (look->open_since_ms && look->open_since_ms < since_ms) since_ms = look->open_since_ms;
    if (since_ms < now_ms - OUTREACH_ANEW_DAYS_MAX * day_ms)
        since_ms = now_ms - OUTREACH_ANEW_DAYS_MAX * day_ms;
    /* The provider's clock may be another one. */
    since_ms -= day_ms;
    look->place->uidvalidity = status->uidvalidity;
    look->place->uidnext = look->is_first ? status->uidnext : 1;
    look->place->since_ms = since_ms;
    return true;
}

static bool look_into(struct task *t, struct look *look, bool is_new) {
    struct imap_client *imap = look->outside->imap;
    struct imap_client_status status;
    /* What is selected is not to be asked for its STATUS (RFC 9051 6.3.11); INBOX often is. */
    bool is_inbox = look->folder->use & IMAP_FOLDER_INBOX;
    struct imap_client_outcome outcome =
        is_inbox ? imap_client_select(t, imap, look->arena, look->folder->name, false, &status)
                 : imap_client_status(t, imap, look->arena, look->folder->name, &status);
    /* One that was removed this moment, or may not be read, keeps nobody from the others. */
    if (outcome.result == IMAP_CLIENT_REFUSED && !is_inbox && imap_client_is_usable(imap)) return true;
    if (outcome.result != IMAP_CLIENT_OK) return fail(t, look, &outcome);
    if ((is_new || status.uidvalidity != look->place->uidvalidity) && !begin_anew(t, look, &status))
        return false;
    if (look->place->uidnext == 0) look->place->uidnext = 1;
    look->uidvalidity = status.uidvalidity;
    look->uidnext = status.uidnext;
    look->messages = status.messages;
    look->place->modseq = status.modseq;
    bool is_same = status.messages == 0 || (status.uidnext && look->place->uidnext >= status.uidnext);
    if (is_same) {
        look->place->since_ms = 0;
        return true;
    }
    if (!is_inbox) {
        outcome = imap_client_select(t, imap, look->arena, look->folder->name, false, &status);
        if (outcome.result != IMAP_CLIENT_OK) return fail(t, look, &outcome);
        if (status.uidvalidity != look->uidvalidity) return true;
    }
    if (!take_all(t, look)) return false;
    look->place->since_ms = 0;
    if (status.uidnext > look->place->uidnext) look->place->uidnext = status.uidnext;
    return true;
}

/* As far as it gets is remembered, and whether that is farther than before. */
static bool look_farther(struct task *t, struct look *look, bool is_new) {
    struct sender_folder before = *look->place;
    bool good = look_into(t, look, is_new);
    const struct sender_folder *now = look->place;
    bool is_same = !is_new && before.uidvalidity == now->uidvalidity && before.uidnext == now->uidnext &&
                   before.modseq == now->modseq;
    if (!is_same) look->outside->has_moved = true;
    return good;
}

/* ---- all of them ---- */

static int64_t now_ms(const struct look *look) { return env_now_ms(look->outside->world->env); }

static bool look_at(struct task *t, struct look *look, const struct imap_client_folder *folder) {
    bool is_new;
    look->folder = folder;
    look->place = place_of(look->outside, folder->name, &is_new);
    if (folder->use & IMAP_FOLDER_INBOX) {
        look->inbox = folder;
        look->inbox_ms = now_ms(look);
    }
    return look_farther(t, look, is_new);
}

static bool look_at_all(struct task *t, struct look *look) {
    struct outside_folders folders;
    struct imap_client_outcome outcome = outside_list(t, look->outside, look->arena, &folders);
    if (outcome.result != IMAP_CLIENT_OK) return fail(t, look, &outcome);
    forget_gone(look->outside, &folders);
    for (size_t i = 0; i < folders.count; i++)
        if (is_looked_at(&folders.items[i]) && !look_at(t, look, &folders.items[i])) return false;
    return true;
}

static struct look look_of(struct outside *outside, struct arena *arena, outside_news_fn *take, void *context,
                           struct outside_trouble *trouble) {
    return (struct look){.outside = outside,
                         .arena = arena,
                         .take = take,
                         .context = context,
                         .trouble = trouble,
                         .is_first = outside->folder_count == 0};
}

bool outside_look(struct task *t, struct outside *outside, struct arena *arena, outside_news_fn *take,
                  void *context, struct outside_trouble *trouble) {
    struct look look = look_of(outside, arena, take, context, trouble);
    return outside_connect_imap(t, outside, arena, trouble) && look_at_all(t, &look);
}

bool outside_look_freshly(struct task *t, struct outside *outside, struct arena *arena, outside_news_fn *take,
                          void *context, struct outside_trouble *trouble) {
    struct look look = look_of(outside, arena, take, context, trouble);
    if (!outside_connect_imap(t, outside, arena, trouble) || !look_at_all(t, &look)) return false;
    for (unsigned i = 0; look.inbox; i++) {
        if (now_ms(&look) - look.inbox_ms <= OUTREACH_LOOK_FRESH_MS) return true;
        *trouble = (struct outside_trouble){SENDER_CAUSE_NONE, SLICE_EMPTY};
        if (i == OUTREACH_LOOKS_AGAIN || !look_at(t, &look, look.inbox)) return false;
    }
    return true;
}
