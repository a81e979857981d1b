#include "imap/imap_view.h"

#include <stdlib.h>

#include "base/limits.h"

static void unkeep(struct imap_server *server, struct imap_view *view) {
    list_remove(&view->in_kept);
    server->views_kept_count--;
    server->views_kept_bytes -= view->kept_bytes;
    view->kept_bytes = 0;
}

void imap_view_forget(struct imap_server *server, struct imap_view *view) {
    if (!list_empty(&view->sessions)) return;
    if (view->kept_bytes) unkeep(server, view);
    (void)map_remove_id(server->views, view->mailbox);
    uid_set_free(&view->uids);
    free(view);
}

static void forget_oldest(struct imap_server *server) {
    imap_view_forget(server, LIST_FIRST(&server->views_kept, struct imap_view, in_kept));
}

void imap_view_forget_kept(struct imap_server *server) {
    while (!list_empty(&server->views_kept)) forget_oldest(server);
}

static void keep(struct imap_server *server, struct imap_view *view) {
    view->kept_bytes = sizeof *view + uid_set_bytes(&view->uids);
    list_append(&server->views_kept, &view->in_kept);
    server->views_kept_count++;
    server->views_kept_bytes += view->kept_bytes;
    while (server->views_kept_count > IMAP_VIEWS_KEPT_MAX ||
           server->views_kept_bytes > IMAP_VIEWS_KEPT_BYTES_MAX)
        forget_oldest(server);
}

struct imap_view *imap_view_join(struct imap_server *server, uint64_t mailbox, struct list *session) {
    struct imap_view *view = map_get_id(server->views, mailbox);
    if (!view) {
        view = calloc(1, sizeof *view);
        if (!view) FATAL("out of memory for a view");
        view->mailbox = mailbox;
        list_init(&view->sessions);
        list_init(&view->in_kept);
        (void)map_put_id(server->views, mailbox, view);
    }
    if (list_empty(&view->sessions) && view->kept_bytes) unkeep(server, view);
    list_append(&view->sessions, session);
    return view;
}

void imap_view_leave(struct imap_server *server, struct imap_view **view, struct list *session) {
    struct imap_view *left = *view;
    *view = NULL;
    list_remove(session);
    if (!list_empty(&left->sessions)) return;
    if (left->is_loaded)
        keep(server, left);
    else
        imap_view_forget(server, left);
}

enum store_result imap_changes_next(struct imap_changes *walk) {
    walk->count = 0;
    if (walk->is_at_end) return STORE_OK;
    arena_reset(walk->arena);
    enum store_result result = reader_changes(walk->reader, walk->arena, walk->mailbox, walk->modseq,
                                              IMAP_BATCH_CHANGES, &walk->changes, &walk->count);
    if (result != STORE_OK) return result;
    walk->is_at_end = walk->count < IMAP_BATCH_CHANGES;
    if (walk->is_at_end) return STORE_OK;
    /* The last modseq of a full batch may go on behind it: the next batch has it whole. */
    uint64_t last = walk->changes[walk->count - 1].modseq;
    if (walk->changes[0].modseq == last) return STORE_REFUSED;
    walk->modseq = last - 1;
    return STORE_OK;
}

/* Takes out what was expunged since. */
static enum store_result read_expunges(struct imap_view *view, struct reader *reader, struct arena *arena) {
    struct imap_changes walk = {reader, arena, view->mailbox, view->modseq, NULL, 0, false};
    for (;;) {
        enum store_result result = imap_changes_next(&walk);
        if (result != STORE_OK || walk.count == 0) return result;
        for (size_t i = 0; i < walk.count; i++) {
            uint32_t uid = walk.changes[i].uid;
            if (walk.changes[i].kind == CHANGE_EXPUNGED)
                (void)uid_set_remove(&view->uids, (struct number_range){uid, uid});
        }
    }
}

static enum store_result load(struct imap_view *view, struct reader *reader) {
    uid_set_free(&view->uids);
    return reader_uids(reader, view->mailbox, &view->uids);
}

static enum store_result advance(struct imap_view *view, struct reader *reader, struct arena *arena) {
    enum store_result result = view->is_loaded ? read_expunges(view, reader, arena) : STORE_REFUSED;
    if (result == STORE_REFUSED) return load(view, reader);
    if (result != STORE_OK) return result;
    return reader_uids(reader, view->mailbox, &view->uids);
}

/* The one commit that the view has not seen changed flags. */
static bool lacks_only(const struct imap_view *view, const struct mailbox *mailbox, uint64_t flags_modseq) {
    return view->is_loaded && mailbox->highest_modseq == flags_modseq && view->modseq + 1 == flags_modseq;
}

enum store_result imap_view_refresh(struct imap_view *view, struct reader *reader, uint64_t flags_modseq) {
    struct arena *arena = arena_new(MIB(1));
    struct mailbox mailbox;
    enum store_result result = reader_mailbox_get(reader, arena, view->mailbox, &mailbox);
    if (result == STORE_OK && lacks_only(view, &mailbox, flags_modseq)) view->modseq = flags_modseq;
    bool is_behind = !view->is_loaded || mailbox.highest_modseq != view->modseq;
    if (result == STORE_NOT_FOUND) view->is_loaded = false;
    if (result == STORE_OK && is_behind) {
        result = advance(view, reader, arena);
        view->is_loaded = result == STORE_OK;
        if (result == STORE_OK) view->modseq = mailbox.highest_modseq;
    }
    if (result == STORE_OK) {
        uint32_t next = uid_set_last(&view->uids) + 1;
        view->uidvalidity = mailbox.uidvalidity;
        view->uidnext = mailbox.uidnext > next ? mailbox.uidnext : next;
        view->unseen_count = mailbox.unseen_count;
    }
    arena_free(&arena);
    return result;
}

uint32_t imap_view_first_unseen(struct imap_view *view, struct reader *reader, const struct uid_set *uids) {
    if (!view->unseen_count || uid_set_count(uids) > IMAP_UNSEEN_MESSAGES_MAX) return 0;
    if (view->first_unseen_modseq != view->modseq) {
        if (reader_first_unseen(reader, view->mailbox, &view->first_unseen_uid) != STORE_OK) return 0;
        view->first_unseen_modseq = view->modseq;
    }
    return uid_set_rank(uids, view->first_unseen_uid);
}

struct uid_set_difference uid_set_difference_start(const struct uid_set *from,
                                                   const struct uid_set *without) {
    struct uid_set_difference walk = {.from = from, .without = without};
    walk.has_left = uid_set_next(from, &walk.from_cursor, &walk.left);
    walk.has_hole = uid_set_next(without, &walk.without_cursor, &walk.hole);
    return walk;
}

/* Cuts the front off what is left of the current range, up to and with `last`. */
static void cut(struct uid_set_difference *walk, uint32_t last) {
    if (last >= walk->left.last)
        walk->has_left = uid_set_next(walk->from, &walk->from_cursor, &walk->left);
    else
        walk->left.first = last + 1;
}

bool uid_set_difference_next(struct uid_set_difference *walk, struct number_range *range) {
    while (walk->has_left) {
        while (walk->has_hole && walk->hole.last < walk->left.first)
            walk->has_hole = uid_set_next(walk->without, &walk->without_cursor, &walk->hole);
        bool is_whole = !walk->has_hole || walk->hole.first > walk->left.last;
        if (!is_whole && walk->hole.first <= walk->left.first) {
            cut(walk, walk->hole.last);
            continue;
        }
        *range = (struct number_range){walk->left.first, is_whole ? walk->left.last : walk->hole.first - 1};
        cut(walk, range->last);
        return true;
    }
    return false;
}
