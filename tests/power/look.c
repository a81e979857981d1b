#include "look.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "io/real/loop.h"
#include "store/body_pack.h"
#include "store/engine.h"
#include "store/reader.h"

enum { HEAD_BYTES = 4096, ENTRIES_AT_ONCE = 64, HASH_MEMORY_KIB = 64 };

static const char key_header[] = "X-Power-Key: ";

struct view {
    struct look *look;
    struct env *env;
    struct arena *arena;
    struct engine *engine;
    struct reader *reader;
    struct buffer body;
};

PRINTF_LIKE(2, 3) static void fault(struct look *look, const char *format, ...) {
    size_t used = strlen(look->faults);
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(look->faults + used, look->fault_bytes - used, format, arguments);
    va_end(arguments);
    if (len > 0 && used + (size_t)len + 1 < look->fault_bytes)
        memcpy(look->faults + used + (size_t)len, "\n", 2);
}

static void on_verify_fault(void *context, struct slice line) {
    fault(context, "verify: %.*s", SLICE_PRINT(line));
}

static void on_news(void *context, const struct mailbox_news *news) {
    (void)context;
    (void)news;
}

/* ---- what was asked for and not answered ---- */

/* Calls `see` with each effect under way that is about this. */
#define EACH_UNDER_WAY(ledger, effect)                                            \
    for (size_t i_ = 0; i_ < (ledger)->operation_count; i_++)                     \
        for (const struct effect *effect = (ledger)->operations[i_].effects,      \
                                 *end_ = effect + (ledger)->operations[i_].count; \
             effect < end_; effect++)

static bool is_promise_open(const struct ledger *ledger, enum effect_kind kind, const struct promise *promise,
                            bool by_value) {
    EACH_UNDER_WAY(ledger, effect)
    if (effect->kind == kind && slice_equal(effect->name, promise->name) &&
        (!by_value || slice_equal(effect->value, promise->value)))
        return true;
    return false;
}

static bool is_box_open(const struct ledger *ledger, const struct box *box) {
    EACH_UNDER_WAY(ledger, effect)
    if ((effect->kind == EFFECT_BOX && effect->box == box) ||
        (effect->kind == EFFECT_ACCOUNT && slice_equal(effect->name, box->account)))
        return true;
    return false;
}

/* Whether the item may be absent, may be there, and with these flags. */
static bool may_be_absent(const struct ledger *ledger, const struct box *box, uint32_t key) {
    if (!box->items[key].is_there) return true;
    EACH_UNDER_WAY(ledger, effect)
    if (effect->box == box && effect->key == key && effect->kind == EFFECT_DROP) return true;
    return is_box_open(ledger, box);
}

static bool may_be_there(const struct ledger *ledger, const struct box *box, uint32_t key) {
    if (box->items[key].is_there) return true;
    EACH_UNDER_WAY(ledger, effect)
    if (effect->box == box && effect->key == key && effect->kind == EFFECT_ADD) return true;
    return false;
}

static bool may_have_flags(const struct ledger *ledger, const struct box *box, uint32_t key, uint64_t flags) {
    if (box->items[key].is_there && box->items[key].flags == flags) return true;
    EACH_UNDER_WAY(ledger, effect)
    if (effect->box == box && effect->key == key &&
        (effect->kind == EFFECT_ADD || effect->kind == EFFECT_FLAGS) && effect->numbers[0] == flags)
        return true;
    return false;
}

/* ---- mailboxes ---- */

#define BOX_PRINT(box) SLICE_PRINT((box)->account), SLICE_PRINT((box)->name)

/* The message's bytes below what the server put before them. 0: it is none of ours. */
static uint32_t key_of(struct slice body, size_t *begin) {
    struct slice head = slice_sub(body, 0, HEAD_BYTES);
    uint64_t key = 0;
    *begin = slice_find(head, slice_from_text(key_header));
    if (*begin == SLICE_NOT_FOUND) return 0;
    struct slice rest = slice_skip(body, *begin + sizeof key_header - 1);
    return slice_take_number(&rest, LEDGER_KEYS_MAX - 1, &key) ? (uint32_t)key : 0;
}

static uint32_t read_message(struct view *view, const struct box *box, const struct entry *entry) {
    size_t begin = 0;
    buffer_clear(&view->body);
    enum store_result result = reader_body(view->reader, entry->body, 0, entry->raw_bytes, &view->body);
    struct slice body = buffer_slice(&view->body);
    uint32_t key = key_of(body, &begin);
    if (result != STORE_OK || body.len != entry->raw_bytes || key == 0) {
        fault(view->look, "%.*s %.*s: UID %u cannot be read", BOX_PRINT(box), entry->uid);
        return 0;
    }
    if (!slice_equal(slice_skip(body, begin), view->look->ledger->sent[key]))
        fault(view->look, "%.*s %.*s: UID %u has not the bytes of message %u", BOX_PRINT(box), entry->uid,
              key);
    return key;
}

static void check_entry(struct view *view, const struct box *box, const struct entry *entry, uint32_t key) {
    const struct ledger *ledger = view->look->ledger;
    const struct item *item = &box->items[key];
    struct look *look = view->look;
    if (!may_be_there(ledger, box, key))
        fault(look, "%.*s %.*s: message %u is there and should not be", BOX_PRINT(box), key);
    else if (!may_have_flags(ledger, box, key, entry->flags))
        fault(look, "%.*s %.*s: message %u has flags %llx, promised %llx", BOX_PRINT(box), key,
              (unsigned long long)entry->flags, (unsigned long long)item->flags);
    if (item->is_there && item->uid && item->uid != entry->uid)
        fault(look, "%.*s %.*s: message %u has UID %u, had %u", BOX_PRINT(box), key, entry->uid, item->uid);
    if (item->is_there && entry->modseq < item->modseq)
        fault(look, "%.*s %.*s: message %u: its modseq went back", BOX_PRINT(box), key);
    uint32_t before = entry->uid < LEDGER_UIDS_MAX ? box->uid_keys[entry->uid] : 0;
    if (before && before != key)
        fault(look, "%.*s %.*s: UID %u was message %u, is %u", BOX_PRINT(box), entry->uid, before, key);
}

static void check_entries(struct view *view, const struct box *box, uint64_t mailbox) {
    struct uid_range all = {1, UINT32_MAX};
    struct entry *entries = NULL;
    size_t count = 0;
    uint8_t *seen = calloc(LEDGER_KEYS_MAX, 1);
    uint32_t from = 1;
    if (!seen) FATAL("out of memory");
    do {
        if (reader_entries(view->reader, view->arena, mailbox, (struct uid_ranges){&all, 1}, from,
                           ENTRY_FLAGS | ENTRY_MESSAGE, ENTRIES_AT_ONCE, &entries, &count) != STORE_OK)
            fault(view->look, "%.*s %.*s: its entries cannot be read", BOX_PRINT(box));
        for (size_t i = 0; i < count; i++) {
            uint32_t key = read_message(view, box, &entries[i]);
            if (key && seen[key]++)
                fault(view->look, "%.*s %.*s: message %u is there twice", BOX_PRINT(box), key);
            if (key) check_entry(view, box, &entries[i], key);
            from = entries[i].uid + 1;
        }
    } while (count == ENTRIES_AT_ONCE);
    for (uint32_t key = 1; key <= view->look->ledger->last_key; key++)
        if (!seen[key] && !may_be_absent(view->look->ledger, box, key))
            fault(view->look, "%.*s %.*s: message %u is lost", BOX_PRINT(box), key);
    free(seen);
}

static void check_box(struct view *view, const struct box *box) {
    struct look *look = view->look;
    struct account account;
    struct mailbox mailbox;
    bool is_open = is_box_open(look->ledger, box);
    enum store_result result = engine_account_find(view->engine, view->arena, box->account, &account);
    if (result == STORE_OK)
        result = reader_mailbox_find(view->reader, view->arena, account.id, box->name, &mailbox);
    if (result == STORE_NOT_FOUND && (!box->is_there || is_open)) return;
    if (result == STORE_NOT_FOUND) {
        fault(look, "%.*s %.*s: the mailbox is lost", BOX_PRINT(box));
    } else if (result != STORE_OK) {
        fault(look, "%.*s %.*s: cannot be read", BOX_PRINT(box));
    } else if (!box->is_there && !is_open) {
        fault(look, "%.*s %.*s: is there and should not be", BOX_PRINT(box));
    } else {
        if (box->uidvalidity && mailbox.uidvalidity != box->uidvalidity)
            fault(look, "%.*s %.*s: UIDVALIDITY changed", BOX_PRINT(box));
        if (mailbox.uidnext < box->uidnext || mailbox.highest_modseq < box->modseq)
            fault(look, "%.*s %.*s: UIDNEXT or HIGHESTMODSEQ went back", BOX_PRINT(box));
        check_entries(view, box, mailbox.id);
    }
}

/* ---- files, accounts and aliases ---- */

static void check_files(struct view *view) {
    const struct ledger *ledger = view->look->ledger;
    for (size_t i = 0; i < ledger->file_count; i++) {
        const struct effect *promise = &ledger->files[i];
        struct slice path =
            arena_printf(view->arena, "%s/%.*s", view->look->folder, SLICE_PRINT(promise->name));
        struct file *file = NULL;
        int64_t size = file_open(view->env, arena_text(view->arena, path), FILE_READ, &file);
        if (size == 0) size = file_size(file);
        file_close(&file);
        if (size != (int64_t)promise->numbers[0])
            fault(view->look, "file %.*s is lost", SLICE_PRINT(promise->name));
    }
}

static void check_password(struct task *t, struct view *view, const struct promise *account) {
    const struct ledger *ledger = view->look->ledger;
    struct account found;
    if (!view->look->checks_passwords || !account->value.len) return;
    if (engine_password_check(t, view->engine, view->arena, account->name, account->value, &found) ==
        STORE_OK)
        return;
    EACH_UNDER_WAY(ledger, effect)
    if (effect->kind == EFFECT_PASSWORD && slice_equal(effect->name, account->name) &&
        engine_password_check(t, view->engine, view->arena, account->name, effect->value, &found) == STORE_OK)
        return;
    fault(view->look, "%.*s: its password is not the promised one", SLICE_PRINT(account->name));
}

static void check_accounts(struct task *t, struct view *view) {
    const struct ledger *ledger = view->look->ledger;
    for (size_t i = 0; i < ledger->account_count; i++) {
        const struct promise *promise = &ledger->accounts[i];
        struct account account;
        enum store_result result = engine_account_find(view->engine, view->arena, promise->name, &account);
        if (is_promise_open(ledger, EFFECT_ACCOUNT, promise, false)) continue;
        if ((result == STORE_OK) != promise->is_there)
            fault(view->look, "account %.*s is %s", SLICE_PRINT(promise->name),
                  promise->is_there ? "lost" : "there again");
        else if (promise->is_there)
            check_password(t, view, promise);
    }
}

static bool has_alias(struct view *view, const struct promise *promise) {
    struct alias *aliases = NULL;
    size_t count = 0;
    if (engine_alias_list(view->engine, view->arena, &aliases, &count) != STORE_OK)
        fault(view->look, "aliases cannot be read");
    for (size_t i = 0; i < count; i++)
        if (slice_equal(aliases[i].address, promise->name) && slice_equal(aliases[i].target, promise->value))
            return true;
    return false;
}

static void check_aliases(struct view *view) {
    const struct ledger *ledger = view->look->ledger;
    for (size_t i = 0; i < ledger->alias_count; i++) {
        const struct promise *promise = &ledger->aliases[i];
        if (!is_promise_open(ledger, EFFECT_ALIAS, promise, true) &&
            has_alias(view, promise) != promise->is_there)
            fault(view->look, "alias %.*s is %s", SLICE_PRINT(promise->name),
                  promise->is_there ? "lost" : "there again");
    }
}

/* ---- it goes on ---- */

static struct delivery make_delivery(struct view *view, const uint64_t *account, struct buffer *packed) {
    struct slice raw = SLICE("Subject: after the power cut\r\n\r\nStill here.\r\n");
    struct id_source ids = {.node = 2};
    struct body_packer *packer = body_packer_new(NULL);
    body_packer_feed(packer, raw, packed);
    struct delivery delivery = {.id = store_id_new(&ids, view->env),
                                .tenant = 1,
                                .mail_from = SLICE("after@outside.test"),
                                .received_ms = env_wall_ms(view->env),
                                .accounts = account,
                                .account_count = 1};
    delivery.body.raw_bytes = body_packer_finish(packer, packed);
    delivery.body.packed = buffer_slice(packed);
    delivery.facts.raw_bytes = raw.len;
    delivery.facts.envelope = SLICE("envelope");
    delivery.facts.structure = SLICE("structure");
    body_packer_free(&packer);
    return delivery;
}

static const struct box *inbox_of(const struct ledger *ledger, struct slice account) {
    for (size_t i = 0; i < ledger->box_count; i++)
        if (slice_equal(ledger->boxes[i].account, account) &&
            slice_equal(ledger->boxes[i].name, SLICE("INBOX")))
            return &ledger->boxes[i];
    return NULL;
}

/* The UID of what comes now must be above all that were shown. */
static void deliver_to(struct task *t, struct view *view, const struct account *account) {
    const struct box *box = inbox_of(view->look->ledger, account->address);
    struct buffer packed = buffer_new(MIB(1));
    struct mailbox before;
    struct mailbox after;
    struct delivery delivery = make_delivery(view, &account->id, &packed);
    enum store_result result =
        reader_mailbox_find(view->reader, view->arena, account->id, SLICE("INBOX"), &before);
    if (result == STORE_OK) result = engine_deliver(t, view->engine, &delivery);
    buffer_free(&packed);
    if (result == STORE_OK)
        result = reader_mailbox_find(view->reader, view->arena, account->id, SLICE("INBOX"), &after);
    if (result != STORE_OK || after.message_count != before.message_count + 1)
        fault(view->look, "a delivery after the cut fails (%d)", (int)result);
    else if (box && box->is_there && after.uidnext <= box->uidnext)
        fault(view->look, "a delivery after the cut got a UID that was given before");
}

static void check_delivery(struct task *t, struct view *view) {
    struct account *accounts = NULL;
    size_t count = 0;
    if (engine_account_list(view->engine, view->arena, &accounts, &count) != STORE_OK)
        fault(view->look, "accounts cannot be listed");
    else if (count)
        deliver_to(t, view, &accounts[0]);
}

/* ---- all of it ---- */

static void check_all(struct task *t, struct view *view) {
    struct verify_report report;
    enum store_result result = engine_verify(t, view->engine, on_verify_fault, view->look, &report);
    if (result != STORE_OK) fault(view->look, "verify ends with %d", (int)result);
    check_files(view);
    check_accounts(t, view);
    check_aliases(view);
    for (size_t i = 0; i < view->look->ledger->box_count; i++) check_box(view, &view->look->ledger->boxes[i]);
    check_delivery(t, view);
}

static void look_main(struct task *t, void *argument) {
    struct view *view = argument;
    struct engine_options options = {
        .folder = view->look->folder, .node = 1, .on_news = on_news, .hash_memory_kib = HASH_MEMORY_KIB};
    int error = engine_open(view->env, &options, &view->engine);
    if (error == 0 && (error = reader_open(view->env, view->look->folder, &view->reader)))
        fault(view->look, "the reader does not open it: %s", strerror(-error));
    else if (error == 0)
        check_all(t, view);
    else if (error != -ENOENT || view->look->ledger->has_store)
        fault(view->look, "the store does not open: %s", strerror(-error));
    if (view->reader) reader_close(&view->reader);
    engine_close(t, &view->engine);
    real_env_stop(view->env);
}

static void write_line(void *context, struct slice line) {
    (void)context;
    (void)fprintf(stderr, "%.*s\n", SLICE_PRINT(line));
}
static int64_t no_clock(void *context) { return (void)context, 0; }

void look_run(struct look *look) {
    struct log log = {write_line, no_clock, NULL, "look", LOG_LEVEL_WARN};
    struct view view = {.look = look, .env = real_env_new(&log), .arena = arena_new(MIB(1024))};
    view.body = buffer_new(STORE_BODY_BYTES_MAX);
    struct scope scope;
    scope_init(&scope, view.env);
    if (!scope_spawn(&scope, look_main, &view)) FATAL("the look does not start");
    real_env_run(view.env);
    real_env_free(&view.env);
    buffer_free(&view.body);
    arena_free(&view.arena);
}
