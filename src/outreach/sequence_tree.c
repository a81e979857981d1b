#include "outreach/sequence_tree.h"

#include <stdio.h>

#include "wire/charset.h"
#include "wire/wire_text.h"

enum { WHERE_BYTES_MAX = 200 };

struct tree tree_new(struct arena *arena, struct sequence_faults *faults) {
    return (struct tree){.arena = arena, .faults = faults};
}

/* ---- faults ---- */

/* Words may quote the document. */
static struct slice clean(struct arena *arena, struct slice words) {
    struct buffer cleaned = buffer_new(SEQUENCE_FAULT_WORDS_BYTES_MAX);
    wire_text_clean(&cleaned, words, false);
    struct slice copy = arena_copy(arena, utf8_cut(buffer_slice(&cleaned), cleaned.len));
    buffer_free(&cleaned);
    return copy;
}

static void add_fault(struct tree *tree, struct tree_place place, struct slice where, const char *format,
                      va_list arguments) {
    struct sequence_faults *faults = tree->faults;
    char words[SEQUENCE_FAULT_WORDS_BYTES_MAX];
    if (faults->count == SEQUENCE_FAULTS_MAX) {
        faults->more++;
        return;
    }
    (void)vsnprintf(words, sizeof words, format, arguments);
    faults->items[faults->count++] =
        (struct sequence_fault){place.line, place.column, where, clean(tree->arena, slice_from_text(words))};
}

void tree_fault_at(struct tree *tree, struct tree_place place, struct slice where, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_fault(tree, place, where, format, arguments);
    va_end(arguments);
}

/* "steps[2].delay": from the root down, so the pieces are collected upwards first. */
static struct slice path_of(struct tree *tree, const struct tree_node *node) {
    const struct tree_node *steps[SEQUENCE_DEPTH_MAX + 1];
    size_t count = 0;
    struct buffer path = buffer_new(WHERE_BYTES_MAX);
    for (; node && node->parent && count < SEQUENCE_DEPTH_MAX + 1; node = node->parent) steps[count++] = node;
    while (count-- > 0) {
        const struct tree_node *step = steps[count];
        if (step->parent->kind == TREE_LIST)
            buffer_printf(&path, "[%u]", step->number);
        else
            buffer_printf(&path, "%s%.*s", path.len ? "." : "", SLICE_PRINT(step->key));
    }
    struct slice copy = arena_copy(tree->arena, buffer_slice(&path));
    buffer_free(&path);
    return copy;
}

void tree_fault(struct tree *tree, const struct tree_node *node, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    add_fault(tree, node->place, path_of(tree, node), format, arguments);
    va_end(arguments);
}

/* ---- growing ---- */

bool tree_wants_key(const struct tree *tree) {
    return tree->open && tree->open->kind == TREE_MAP && !tree->has_key;
}

static bool has_room(struct tree *tree, struct tree_place place) {
    if (++tree->value_count <= SEQUENCE_VALUES_MAX) return true;
    tree_fault_at(tree, place, SLICE_EMPTY, "too many values: a sequence has at most %d",
                  SEQUENCE_VALUES_MAX);
    return false;
}

static void link_node(struct tree *tree, struct tree_node *node) {
    struct tree_node *parent = tree->open;
    node->parent = parent;
    if (!parent) {
        tree->root = node;
        return;
    }
    node->number = (unsigned)++parent->count;
    node->key = tree->key;
    node->key_place = tree->key_place;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    tree->has_key = false;
    tree->key = SLICE_EMPTY;
}

static bool take_key(struct tree *tree, struct slice text, struct tree_place place) {
    bool is_plain = text.len > 0 && text.len <= SEQUENCE_KEY_BYTES_MAX;
    for (size_t i = 0; i < text.len; i++) is_plain = is_plain && text.ptr[i] > ' ' && text.ptr[i] < 0x7f;
    if (!is_plain) {
        tree_fault_at(tree, place, SLICE_EMPTY, "a key is one plain word of at most %d characters",
                      SEQUENCE_KEY_BYTES_MAX);
        return false;
    }
    tree->has_key = true;
    tree->key_place = place;
    if (arena_try_copy(tree->arena, text, &tree->key)) return true;
    tree_fault_at(tree, place, SLICE_EMPTY, "the document is too large");
    return false;
}

static struct tree_node *add_node(struct tree *tree, enum tree_kind kind, struct tree_place place) {
    if (!has_room(tree, place)) return NULL;
    struct tree_node *node = arena_try_alloc(tree->arena, sizeof *node);
    if (!node) {
        tree_fault_at(tree, place, SLICE_EMPTY, "the document is too large");
        return NULL;
    }
    node->kind = kind;
    node->place = place;
    link_node(tree, node);
    return node;
}

bool tree_add_text(struct tree *tree, struct slice text, bool is_plain, struct tree_place place) {
    if (tree_wants_key(tree)) return take_key(tree, text, place);
    struct tree_node *node = add_node(tree, TREE_TEXT, place);
    if (!node) return false;
    node->is_plain = is_plain;
    if (arena_try_copy(tree->arena, text, &node->text)) return true;
    tree_fault_at(tree, place, SLICE_EMPTY, "the document is too large");
    return false;
}

bool tree_open(struct tree *tree, enum tree_kind kind, struct tree_place place) {
    if (tree_wants_key(tree)) {
        tree_fault_at(tree, place, SLICE_EMPTY,
                      "a key is a plain word; a text that begins with { or [ belongs in quotes");
        return false;
    }
    if (tree->depth == SEQUENCE_DEPTH_MAX) {
        tree_fault_at(tree, place, SLICE_EMPTY, "values within values, more than %d deep",
                      SEQUENCE_DEPTH_MAX);
        return false;
    }
    struct tree_node *node = add_node(tree, kind, place);
    if (!node) return false;
    tree->open = node;
    tree->depth++;
    return true;
}

void tree_close(struct tree *tree) {
    tree->open = tree->open->parent;
    tree->depth--;
}

/* ---- maps and lists ---- */

static void fault_unknown(struct tree *tree, const struct tree_node *value, const struct tree_key *keys,
                          size_t count) {
    struct buffer known = buffer_new(SEQUENCE_FAULT_WORDS_BYTES_MAX);
    for (size_t i = 0; i < count; i++) buffer_printf(&known, "%s%s", i ? ", " : "", keys[i].name);
    tree_fault_at(tree, value->key_place, path_of(tree, value), "unknown key; here are known: %.*s",
                  SLICE_PRINT(buffer_slice(&known)));
    buffer_free(&known);
}

static void take_value(struct tree *tree, const struct tree_node *value, const struct tree_key *keys,
                       size_t count, void *target, unsigned *seen) {
    size_t i = 0;
    while (i < count && !slice_equal(value->key, slice_from_text(keys[i].name))) i++;
    if (i == count) {
        fault_unknown(tree, value, keys, count);
    } else if (*seen & 1U << i) {
        tree_fault_at(tree, value->key_place, path_of(tree, value), "this key is here twice");
    } else {
        *seen |= 1U << i;
        keys[i].take(tree, value, target);
    }
}

unsigned tree_take_map(struct tree *tree, const struct tree_node *node, const struct tree_key *keys,
                       size_t count, void *target) {
    unsigned seen = 0;
    if (node->kind != TREE_MAP) {
        tree_fault(tree, node, "here belong keys with values: \"%s: ...\"", keys[0].name);
        return 0;
    }
    for (const struct tree_node *value = node->first; value; value = value->next)
        take_value(tree, value, keys, count, target, &seen);
    return seen;
}

bool tree_is_list(struct tree *tree, const struct tree_node *node, size_t count_max) {
    if (node->kind != TREE_LIST)
        tree_fault(tree, node, "here belongs a list: a line with \"- \" for each");
    else if (node->count > count_max)
        tree_fault(tree, node, "%zu are too many, %zu is the most", node->count, count_max);
    else
        return true;
    return false;
}

/* ---- texts ---- */

bool tree_is_nothing(const struct tree_node *node) {
    return node->kind == TREE_TEXT && node->is_plain &&
           (node->text.len == 0 || slice_equal(node->text, SLICE("~")) ||
            slice_equal_nocase(node->text, SLICE("null")));
}

static bool is_text(struct tree *tree, const struct tree_node *node, size_t bytes_max) {
    if (node->kind != TREE_TEXT)
        tree_fault(tree, node,
                   node->kind == TREE_MAP ? "here belongs a text; one that begins with { belongs in quotes"
                                          : "here belongs a text, not a list");
    else if (tree_is_nothing(node) || slice_trim(node->text).len == 0)
        tree_fault(tree, node, "this is empty");
    else if (node->text.len > bytes_max)
        tree_fault(tree, node, "%zu bytes are too long, %zu is the most", node->text.len, bytes_max);
    else
        return true;
    return false;
}

static bool has_control(struct slice text, bool allows_lines) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool is_space = allows_lines && (c == '\n' || c == '\t');
        /* C1 controls are two bytes of UTF-8. */
        if (c == 0xc2 && i + 1 < text.len && text.ptr[i + 1] < 0xa0) return true;
        if ((c < ' ' && !is_space) || c == 0x7f) return true;
    }
    return false;
}

bool tree_line(struct tree *tree, const struct tree_node *node, size_t bytes_max, struct slice *line) {
    if (!is_text(tree, node, bytes_max)) return false;
    *line = slice_trim(node->text);
    if (!has_control(*line, false)) return true;
    tree_fault(tree, node, "here belongs one line, without control characters");
    return false;
}

/* CRLF and CR are line ends of other systems; blanks at the end of the whole say nothing. */
static struct slice lines_of(struct arena *arena, struct slice text) {
    uint8_t *lines = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_cr = text.ptr[i] == '\r';
        if (is_cr && i + 1 < text.len && text.ptr[i + 1] == '\n') continue;
        lines[len++] = is_cr ? '\n' : text.ptr[i];
    }
    while (len && (lines[len - 1] == '\n' || lines[len - 1] == ' ')) len--;
    lines[len++] = '\n';
    return slice_of(lines, len);
}

bool tree_lines(struct tree *tree, const struct tree_node *node, size_t bytes_max, struct slice *lines) {
    if (!is_text(tree, node, SEQUENCE_DOCUMENT_BYTES_MAX)) return false;
    *lines = lines_of(tree->arena, node->text);
    if (lines->len > bytes_max)
        tree_fault(tree, node, "%zu bytes are too long, %zu is the most", lines->len, bytes_max);
    else if (has_control(*lines, true))
        tree_fault(tree, node, "a control character is in this text; take it out");
    else
        return true;
    return false;
}

bool tree_number(struct tree *tree, const struct tree_node *node, unsigned min, unsigned max,
                 unsigned *number) {
    uint64_t value = 0;
    if (node->kind == TREE_TEXT && slice_to_number(node->text, max, &value) && value >= min) {
        *number = (unsigned)value;
        return true;
    }
    tree_fault(tree, node, "here belongs a number from %u to %u", min, max);
    return false;
}

bool tree_yes_or_no(struct tree *tree, const struct tree_node *node, bool *yes) {
    static const struct slice words[] = {SLICE_INIT("yes"), SLICE_INIT("true"),  SLICE_INIT("on"),
                                         SLICE_INIT("no"),  SLICE_INIT("false"), SLICE_INIT("off")};
    for (size_t i = 0; node->kind == TREE_TEXT && i < sizeof words / sizeof words[0]; i++)
        if (slice_equal_nocase(node->text, words[i])) {
            *yes = i < 3;
            return true;
        }
    tree_fault(tree, node, "here belongs yes or no");
    return false;
}
