#include "look.h"

#include "base/limits.h"
#include "store/engine.h"
#include "store/reader.h"

enum { ENTRIES_MAX = 4096 };

struct look {
    struct env *env;
    struct site *site;
    struct ledger *ledger;
    struct arena *arena;
    struct reader *reader;
    bool is_deep;
};

static const struct engine_options options = {
    .folder = HOST_FOLDER, .hash_memory_kib = HOST_HASH_MEMORY_KIB, .log_room_bytes = HOST_LOG_ROOM_BYTES};

/* ---- reading ---- */

/* A look beside may meet a disk that fails, or be killed: only the last one must succeed. */
static void cannot(struct look *look, const char *what, unsigned box) {
    if (look->is_deep) ledger_fail(look->ledger, STORE_VERIFIES, "%s of box %u cannot be read", what, box);
}

static uint32_t look_at_text(struct look *look, unsigned box, const struct entry *entry) {
    uint32_t number = 0;
    struct buffer text = buffer_new(LEDGER_TEXT_BYTES_MAX);
    if (reader_body(look->reader, entry->body, 0, UINT64_MAX, &text))
        cannot(look, "a text", box);
    else
        number = ledger_recognize(look->ledger, buffer_slice(&text));
    buffer_free(&text);
    return number;
}

static void check_entry(struct look *look, unsigned box, const struct mailbox *mailbox,
                        const struct entry *entry) {
    const struct ledger_seen *seen = ledger_seen(look->ledger, box, entry->uid);
    struct ledger_asked asked = ledger_ask(look->ledger, box);
    struct ledger_sight sight = {.uid = entry->uid,
                                 .modseq = entry->modseq,
                                 .flags = (unsigned)entry->flags,
                                 .flags_known = FLAG_SEEN | FLAG_ANSWERED | FLAG_FLAGGED | FLAG_DELETED};
    if (entry->uid >= mailbox->uidnext || entry->modseq > mailbox->highest_modseq)
        ledger_fail(look->ledger, UIDS_RISE, "UID %u of box %u is above what its mailbox says", entry->uid,
                    box);
    if (!seen && entry->uid < look->ledger->mailboxes[box].looked_uidnext)
        ledger_fail(look->ledger, UIDS_RISE, "UID %u of box %u is new and below UIDNEXT", entry->uid, box);
    /* A text that was read once need not be read again but at the end. */
    if (look->is_deep || !seen || !seen->number) sight.number = look_at_text(look, box, entry);
    if (sight.number || !look->env->is_dead) ledger_saw(look->ledger, box, &asked, &sight);
}

static void look_at_entries(struct look *look, unsigned box, const struct mailbox *mailbox) {
    struct uid_range all = {1, UINT32_MAX};
    struct entry *entries;
    size_t count = 0;
    if (reader_entries(look->reader, look->arena, mailbox->id, (struct uid_ranges){&all, 1}, 1,
                       ENTRY_FLAGS | ENTRY_MESSAGE, ENTRIES_MAX, &entries, &count)) {
        cannot(look, "the list", box);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (i && entries[i].uid <= entries[i - 1].uid)
            ledger_fail(look->ledger, UIDS_RISE, "UIDs of box %u do not rise", box);
        check_entry(look, box, mailbox, &entries[i]);
    }
    /* Killed on the way: not all texts were read. */
    if (!look->env->is_dead) look->ledger->mailboxes[box].looked_uidnext = mailbox->uidnext;
}

static bool find_mailbox(struct look *look, unsigned box, struct mailbox *mailbox) {
    uint64_t account = look->site->plan->accounts[ledger_account(box)];
    return reader_mailbox_find(look->reader, look->arena, account, slice_from_text(ledger_box_name(box)),
                               mailbox) == STORE_OK;
}

static void look_at_all(struct look *look) {
    unsigned accounts = ledger_accounts_of(look->ledger->layout, look->site->number);
    for (unsigned box = 0; box < ledger_boxes(look->ledger); box++) {
        struct mailbox found;
        if (!(accounts >> ledger_account(box) & 1)) continue;
        if (!find_mailbox(look, box, &found)) {
            cannot(look, "the mailbox", box);
            continue;
        }
        struct ledger_asked asked = ledger_ask(look->ledger, box);
        struct ledger_mailbox said = {.uidvalidity = found.uidvalidity,
                                      .uidnext = found.uidnext,
                                      .highest_modseq = found.highest_modseq};
        ledger_saw_mailbox(look->ledger, box, &asked, &said);
        look_at_entries(look, box, &found);
        arena_reset(look->arena);
    }
}

static void read_through(struct env *env, struct site *site, bool is_deep) {
    struct ledger *ledger = site->run->ledger;
    struct look look = {
        .env = env, .site = site, .ledger = ledger, .arena = arena_new(MIB(64)), .is_deep = is_deep};
    int result = reader_open(env, HOST_FOLDER, &look.reader);
    if (result == 0) look_at_all(&look);
    if (result && is_deep)
        ledger_fail(ledger, STORE_VERIFIES, "the store of host %u cannot be read: %d", site->number, result);
    reader_close(&look.reader);
    arena_free(&look.arena);
}

void look_beside(struct task *t, void *argument) { read_through(task_env(t), argument, false); }

/* ---- at the end ---- */

static void note_fault(void *context, struct slice line) {
    ledger_fail(context, STORE_VERIFIES, "verify: %.*s", SLICE_PRINT(line));
}

void look_at_end(struct task *t, void *argument) {
    struct site *site = argument;
    struct ledger *ledger = site->run->ledger;
    struct engine *engine = NULL;
    struct verify_report report;
    int result = engine_open(task_env(t), &options, &engine);
    if (result) {
        ledger_fail(ledger, STORE_VERIFIES, "the store of host %u cannot be opened at the end: %d",
                    site->number, result);
        return;
    }
    if (engine_verify(t, engine, note_fault, ledger, &report) != STORE_OK)
        ledger_fail(ledger, STORE_VERIFIES, "the store of host %u cannot be verified", site->number);
    read_through(task_env(t), site, true);
    engine_close(t, &engine);
    site->is_looked = true;
}
