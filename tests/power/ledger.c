#include "ledger.h"

#include <stdlib.h>

#include "base/fatal.h"

/* ---- finding ---- */

static struct promise *promise_of(struct promise *list, size_t *count, struct slice name, struct slice value,
                                  bool by_value) {
    for (size_t i = 0; i < *count; i++)
        if (slice_equal(list[i].name, name) && (!by_value || slice_equal(list[i].value, value)))
            return &list[i];
    if (*count == LEDGER_NAMES_MAX) FATAL("too many names in the ledger");
    list[*count] = (struct promise){.name = name, .value = value};
    return &list[(*count)++];
}

/* Memory that was not touched yet costs nothing. */
static void box_clear(struct box *box) {
    free(box->items);
    free(box->uid_keys);
    box->items = calloc(LEDGER_KEYS_MAX, sizeof *box->items);
    box->uid_keys = calloc(LEDGER_UIDS_MAX, sizeof *box->uid_keys);
    if (!box->items || !box->uid_keys) FATAL("out of memory");
}

static struct box *box_of(struct ledger *ledger, struct slice account, struct slice name) {
    for (size_t i = 0; i < ledger->box_count; i++)
        if (slice_equal(ledger->boxes[i].account, account) && slice_equal(ledger->boxes[i].name, name))
            return &ledger->boxes[i];
    if (ledger->box_count == LEDGER_BOXES_MAX) FATAL("too many mailboxes in the ledger");
    struct box *box = &ledger->boxes[ledger->box_count++];
    *box = (struct box){.account = account, .name = name};
    box_clear(box);
    return box;
}

/* ---- lines ---- */

static struct slice take_field(struct slice *line) {
    struct slice field = slice_take_until(line, '\t');
    (void)slice_take_byte(line, '\t');
    return field;
}

static uint64_t take_value(struct slice *line, uint64_t max) {
    struct slice field = take_field(line);
    uint64_t number = 0;
    if (!slice_to_number(field, max, &number)) FATAL("no number: '%.*s'", SLICE_PRINT(field));
    return number;
}

static struct slice take_line(struct slice *mark) {
    struct slice line = slice_take_until(mark, '\n');
    (void)slice_take_byte(mark, '\n');
    return line;
}

static const struct {
    const char *word;
    enum effect_kind kind;
    /* After account and name: a key, so many numbers. */
    bool has_key;
    unsigned numbers;
} words[] = {
    {"box", EFFECT_BOX, false, 1},  {"add", EFFECT_ADD, true, 1}, {"flags", EFFECT_FLAGS, true, 1},
    {"drop", EFFECT_DROP, true, 0}, {"uid", EFFECT_UID, true, 2}, {"state", EFFECT_STATE, false, 3},
};

static struct effect read_box_effect(struct ledger *ledger, struct slice word, struct slice *line) {
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!slice_equal(word, slice_from_text(words[i].word))) continue;
        struct slice account = take_field(line);
        struct effect effect = {.kind = words[i].kind, .box = box_of(ledger, account, take_field(line))};
        if (words[i].has_key) effect.key = (uint32_t)take_value(line, LEDGER_KEYS_MAX - 1);
        for (unsigned j = 0; j < words[i].numbers; j++) effect.numbers[j] = take_value(line, INT64_MAX);
        return effect;
    }
    FATAL("no word of the ledger: '%.*s'", SLICE_PRINT(word));
}

static struct effect read_effect(struct ledger *ledger, struct slice line) {
    struct slice word = take_field(&line);
    if (slice_equal(word, SLICE("store"))) return (struct effect){.kind = EFFECT_STORE};
    struct effect effect = {0};
    if (slice_equal(word, SLICE("file")))
        effect.kind = EFFECT_FILE;
    else if (slice_equal(word, SLICE("account")))
        effect.kind = EFFECT_ACCOUNT;
    else if (slice_equal(word, SLICE("alias")))
        effect.kind = EFFECT_ALIAS;
    else if (slice_equal(word, SLICE("password")))
        effect.kind = EFFECT_PASSWORD;
    else
        return read_box_effect(ledger, word, &line);
    effect.name = take_field(&line);
    if (effect.kind == EFFECT_ALIAS || effect.kind == EFFECT_PASSWORD) effect.value = take_field(&line);
    if (effect.kind != EFFECT_PASSWORD) effect.numbers[0] = take_value(&line, INT64_MAX);
    return effect;
}

/* ---- what is promised ---- */

static void promise_account(struct ledger *ledger, const struct effect *effect) {
    struct promise *account =
        promise_of(ledger->accounts, &ledger->account_count, effect->name, SLICE_EMPTY, false);
    if (effect->kind == EFFECT_PASSWORD)
        account->value = effect->value;
    else
        account->is_there = effect->numbers[0] != 0;
    if (account->is_there) return;
    for (size_t i = 0; i < ledger->box_count; i++)
        if (slice_equal(ledger->boxes[i].account, effect->name)) ledger->boxes[i].is_there = false;
}

static void promise_uid(struct box *box, const struct effect *effect) {
    uint64_t uid = effect->numbers[0];
    if (uid >= LEDGER_UIDS_MAX) FATAL("a UID too high for the ledger");
    box->items[effect->key].uid = (uint32_t)uid;
    if (effect->numbers[1] > box->items[effect->key].modseq)
        box->items[effect->key].modseq = effect->numbers[1];
    box->uid_keys[uid] = (uint16_t)effect->key;
    if (uid >= box->uidnext) box->uidnext = (uint32_t)uid + 1;
    if (effect->numbers[1] > box->modseq) box->modseq = effect->numbers[1];
}

static void promise_state(struct box *box, const struct effect *effect) {
    box->uidvalidity = (uint32_t)effect->numbers[0];
    if (effect->numbers[1] > box->uidnext) box->uidnext = (uint32_t)effect->numbers[1];
    if (effect->numbers[2] > box->modseq) box->modseq = effect->numbers[2];
}

/* What a new mailbox of an old name was before does not bind it. */
static void promise_box(struct box *box, bool is_there) {
    if (box->is_there != is_there) {
        box_clear(box);
        box->uidvalidity = box->uidnext = 0;
        box->modseq = 0;
    }
    box->is_there = is_there;
}

static void promise(struct ledger *ledger, const struct effect *effect) {
    struct item *item = effect->box ? &effect->box->items[effect->key] : NULL;
    switch (effect->kind) {
    case EFFECT_STORE:
        ledger->has_store = true;
        return;
    case EFFECT_FILE:
        if (ledger->file_count == LEDGER_FILES_MAX) FATAL("too many files in the ledger");
        ledger->files[ledger->file_count++] = *effect;
        return;
    case EFFECT_ACCOUNT:
    case EFFECT_PASSWORD:
        promise_account(ledger, effect);
        return;
    case EFFECT_ALIAS:
        promise_of(ledger->aliases, &ledger->alias_count, effect->name, effect->value, true)->is_there =
            effect->numbers[0] != 0;
        return;
    case EFFECT_BOX:
        promise_box(effect->box, effect->numbers[0] != 0);
        return;
    case EFFECT_ADD:
        /* Who looked may have seen its UID before its sender was answered. */
        item->is_there = true;
        item->flags = effect->numbers[0];
        return;
    case EFFECT_FLAGS:
        item->flags = effect->numbers[0];
        return;
    case EFFECT_DROP:
        *item = (struct item){0};
        return;
    case EFFECT_UID:
        promise_uid(effect->box, effect);
        return;
    case EFFECT_STATE:
        promise_state(effect->box, effect);
        return;
    }
}

/* ---- marks ---- */

static void take_begin(struct ledger *ledger, uint64_t id, struct slice lines) {
    struct operation operation = {.id = id};
    while (lines.len) {
        operation.effects = realloc(operation.effects, (operation.count + 1) * sizeof *operation.effects);
        if (!operation.effects) FATAL("out of memory");
        operation.effects[operation.count++] = read_effect(ledger, take_line(&lines));
    }
    size_t bytes = (ledger->operation_count + 1) * sizeof *ledger->operations;
    ledger->operations = realloc(ledger->operations, bytes);
    if (!ledger->operations) FATAL("out of memory");
    ledger->operations[ledger->operation_count++] = operation;
}

static void take_end(struct ledger *ledger, uint64_t id, bool is_done) {
    for (size_t i = 0; i < ledger->operation_count; i++) {
        struct operation operation = ledger->operations[i];
        if (operation.id != id) continue;
        for (size_t j = 0; is_done && j < operation.count; j++) promise(ledger, &operation.effects[j]);
        free(operation.effects);
        ledger->operations[i] = ledger->operations[--ledger->operation_count];
        ledger->promised++;
        return;
    }
    FATAL("operation %llu ends and did not begin", (unsigned long long)id);
}

static void take_fact(struct ledger *ledger, struct slice lines) {
    while (lines.len) {
        struct effect effect = read_effect(ledger, take_line(&lines));
        promise(ledger, &effect);
    }
    ledger->promised++;
}

static void take_sent(struct ledger *ledger, uint32_t key, struct slice message) {
    ledger->sent[key] = message;
    if (key > ledger->last_key) ledger->last_key = key;
}

void ledger_take(struct ledger *ledger, struct slice mark) {
    struct slice line = take_line(&mark);
    struct slice word = take_field(&line);
    if (slice_equal(word, SLICE("sent")))
        take_sent(ledger, (uint32_t)take_value(&line, LEDGER_KEYS_MAX - 1), mark);
    else if (slice_equal(word, SLICE("fact")))
        take_fact(ledger, mark);
    else if (slice_equal(word, SLICE("begin")))
        take_begin(ledger, take_value(&line, UINT64_MAX), mark);
    else if (slice_equal(word, SLICE("end"))) {
        uint64_t id = take_value(&line, UINT64_MAX);
        take_end(ledger, id, slice_equal(line, SLICE("yes")));
    } else
        FATAL("no mark: '%.*s'", SLICE_PRINT(word));
}
