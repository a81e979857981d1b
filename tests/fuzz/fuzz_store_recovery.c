/*
 * A store whose files were damaged: bytes changed, pages zeroed or put in another's place, files cut off.
 * It opens or says no; what is read of it is what was stored or an error; it can be verified and be
 * written to. Never a crash, never a text that nobody sent.
 */
#include "edits.h"
#include "house.h"
#include "io/sim/disk.h"

enum { PAGE_BYTES = 512, TEXTS_MAX = 32, HOW_SHIFT = 6, FILE_MASK = 63 };
enum how { HOW_BYTE, HOW_CUT, HOW_ZERO, HOW_MOVE };

/* Hashes of what is stored; taken once from the undamaged store. */
struct texts {
    uint64_t hashes[TEXTS_MAX];
    size_t count;
};

static uint64_t hash_of(struct slice text) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < text.len; i++) hash = (hash ^ text.ptr[i]) * 1099511628211u;
    return hash;
}

static void note_text(void *context, const struct mailbox *mailbox, const struct entry *entry,
                      enum store_result result, struct slice text) {
    struct texts *texts = context;
    (void)mailbox;
    (void)entry;
    if (result || texts->count == TEXTS_MAX) house_wrong("the undamaged store cannot be read");
    texts->hashes[texts->count++] = hash_of(text);
}

static void check_text(void *context, const struct mailbox *mailbox, const struct entry *entry,
                       enum store_result result, struct slice text) {
    const struct texts *texts = context;
    (void)mailbox;
    if (result) return;
    for (size_t i = 0; i < texts->count; i++)
        if (texts->hashes[i] == hash_of(text)) return;
    house_wrong("UID %u has a text that nobody sent:\n%.*s", entry->uid, SLICE_PRINT(text));
}

static void change(struct sim_inode *inode, const struct edit *edit) {
    struct sim_bytes *seen = &inode->seen;
    if (seen->len == 0) return;
    size_t at = edit->offset % seen->len;
    size_t page = at / PAGE_BYTES * PAGE_BYTES;
    size_t from = (size_t)edit->value * PAGE_BYTES;
    switch ((enum how)(edit->what >> HOW_SHIFT)) {
    case HOW_BYTE:
        seen->ptr[at] = edit->value;
        break;
    case HOW_CUT:
        sim_inode_truncate(inode, at);
        break;
    case HOW_ZERO:
        memset(seen->ptr + page, 0, seen->len - page < PAGE_BYTES ? seen->len - page : PAGE_BYTES);
        break;
    case HOW_MOVE:
        if (from + PAGE_BYTES <= seen->len && page + PAGE_BYTES <= seen->len)
            memmove(seen->ptr + page, seen->ptr + from, PAGE_BYTES);
        break;
    }
}

static void damage(struct house *house, struct slice input) {
    struct edit edit;
    size_t files = 0;
    while (house_file(files)) files++;
    while (edit_take(&input, &edit)) {
        struct sim_inode *inode = sim_path_inode(house->machine, house_file((edit.what & FILE_MASK) % files));
        if (inode && !inode->is_folder) change(inode, &edit);
    }
}

static void ignore_fault(void *context, struct slice line) {
    (void)context;
    (void)line;
}

static void write_to_it(struct task *t, struct house *house) {
    struct flag_change flags = {.mailbox = 1, .operation = FLAGS_ADD, .flags = FLAG_FLAGGED};
    struct uid_range all = {1, UINT32_MAX};
    struct flag_result result;
    struct address_route route;
    uint64_t mailbox = 0;
    flags.uids = (struct uid_ranges){&all, 1};
    flags.unchanged_since = UINT64_MAX;
    (void)engine_address_resolve(house->engine, house->arena, SLICE("ann@example.test"), &route);
    (void)engine_flags(t, house->engine, house->arena, &flags, &result);
    (void)engine_mailbox_create(t, house->engine, house->account, SLICE("new"), SPECIAL_NONE, &mailbox);
    (void)engine_mailbox_delete(t, house->engine, house->account, SLICE("Trash"));
}

struct damaged {
    struct slice input;
    struct texts *texts;
};

static void learn(struct task *t, struct house *house, void *argument) {
    (void)t;
    house_each_message(house, note_text, argument);
}

static void recover(struct task *t, struct house *house, void *argument) {
    struct damaged *damaged = argument;
    struct verify_report report;
    uint64_t freed = 0;
    damage(house, damaged->input);
    if (!house_open(house)) return;
    house_each_message(house, check_text, damaged->texts);
    write_to_it(t, house);
    (void)engine_verify(t, house->engine, ignore_fault, NULL, &report);
    (void)engine_compact(t, house->engine, &freed);
    house_each_message(house, check_text, damaged->texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct texts texts;
    struct damaged damaged = {slice_of(data, size), &texts};
    if (texts.count == 0) house_run(learn, &texts, true);
    house_run(recover, &damaged, false);
    return 0;
}
