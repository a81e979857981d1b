/* A whole document: what stands at its top, and the checks that need all of it. */
#include "outreach/sequence_parts.h"

static void take_name(struct tree *tree, const struct tree_node *node, void *target) {
    tree_line(tree, node, SEQUENCE_NAME_BYTES_MAX, &((struct sequence *)target)->name);
}

/* ---- who writes ---- */

static void take_sender_name(struct tree *tree, const struct tree_node *node, void *target) {
    tree_line(tree, node, SEQUENCE_LINE_BYTES_MAX, &((struct sequence_identity *)target)->name);
}
static void take_company(struct tree *tree, const struct tree_node *node, void *target) {
    tree_line(tree, node, SEQUENCE_LINE_BYTES_MAX, &((struct sequence_identity *)target)->company);
}

/* An address over several lines becomes one, with commas. */
static struct slice one_line(struct arena *arena, struct slice text) {
    struct buffer line = buffer_new(2 * SEQUENCE_LINE_BYTES_MAX);
    text = slice_trim(text);
    while (text.len) {
        struct slice piece = slice_trim(slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
        if (piece.len && line.len) buffer_append_text(&line, ", ");
        buffer_append(&line, piece);
    }
    struct slice copy = arena_copy(arena, buffer_slice(&line));
    buffer_free(&line);
    return copy;
}

static void take_address(struct tree *tree, const struct tree_node *node, void *target) {
    struct slice lines = SLICE_EMPTY;
    struct sequence_identity *identity = target;
    if (!tree_lines(tree, node, SEQUENCE_LINE_BYTES_MAX, &lines)) return;
    identity->address = one_line(tree->arena, lines);
    if (slice_find_byte(identity->address, '\t') != SLICE_NOT_FOUND ||
        identity->address.len > SEQUENCE_LINE_BYTES_MAX)
        tree_fault(tree, node, "write the postal address in one line, without tabs");
}

static const struct tree_key sender_keys[] = {
    {"name", take_sender_name}, {"company", take_company}, {"address", take_address}};

static void take_sender(struct tree *tree, const struct tree_node *node, void *target) {
    (void)tree_take_map(tree, node, sender_keys, 3, &((struct sequence *)target)->identity);
}

/* ---- how to say no ---- */

static void take_sentence(struct tree *tree, const struct tree_node *node, void *target) {
    struct slice *sentence = &((struct sequence_opt_out *)target)->sentence;
    if (!tree_line(tree, node, SEQUENCE_LINE_BYTES_MAX, sentence)) return;
    if (slice_find(*sentence, SLICE("{{")) != SLICE_NOT_FOUND)
        tree_fault(tree, node, "this sentence is the same for everybody: no snippets here");
}

static bool is_link(struct slice link) {
    for (size_t i = 0; i < link.len; i++)
        if (link.ptr[i] <= ' ' || link.ptr[i] >= 0x7f || memchr("<>\"'{}", link.ptr[i], 6)) return false;
    return (slice_starts_nocase(link, SLICE("https://")) && link.len > 8) ||
           (slice_starts_nocase(link, SLICE("mailto:")) && slice_find_byte(link, '@') != SLICE_NOT_FOUND);
}

static void take_link(struct tree *tree, const struct tree_node *node, void *target) {
    struct slice *link = &((struct sequence_opt_out *)target)->link;
    if (tree_line(tree, node, SEQUENCE_LINE_BYTES_MAX, link) && !is_link(*link))
        tree_fault(tree, node, "here belongs a link: https://... or mailto:...");
}

static const struct tree_key opt_out_keys[] = {{"sentence", take_sentence}, {"link", take_link}};

static void take_opt_out(struct tree *tree, const struct tree_node *node, void *target) {
    (void)tree_take_map(tree, node, opt_out_keys, 2, &((struct sequence *)target)->opt_out);
}

static void take_footer(struct tree *tree, const struct tree_node *node, void *target) {
    tree_yes_or_no(tree, node, &((struct sequence *)target)->has_footer);
}

static void take_list(struct tree *tree, const struct tree_node *node, void *target) {
    tree_line(tree, node, SEQUENCE_NAME_BYTES_MAX, &((struct sequence *)target)->list);
}

static void take_company_stop(struct tree *tree, const struct tree_node *node, void *target) {
    tree_yes_or_no(tree, node, &((struct sequence *)target)->stops_company);
}

/* ---- further header fields ---- */

/* Those of lists are read so that the reason why they are refused can be told (law.h). */
static bool is_header_name(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '-') return false;
    return slice_starts_nocase(name, SLICE("X-")) || slice_starts_nocase(name, SLICE("List-")) ||
           slice_equal_nocase(name, SLICE("Precedence")) || slice_equal_nocase(name, SLICE("Feedback-ID"));
}

static bool is_ascii(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x7f) return false;
    return true;
}

static bool has_header(const struct sequence *sequence, struct slice name) {
    for (size_t i = 0; i < sequence->header_count; i++)
        if (slice_equal_nocase(sequence->headers[i].name, name)) return true;
    return false;
}

static void take_header(struct tree *tree, const struct tree_node *node, struct sequence *sequence) {
    struct sequence_header *header = &sequence->headers[sequence->header_count];
    header->name = node->key;
    if (!tree_line(tree, node, SEQUENCE_LINE_BYTES_MAX, &header->value)) return;
    if (!is_header_name(header->name))
        tree_fault(tree, node, "only fields whose name begins with X- can be added");
    else if (has_header(sequence, header->name))
        tree_fault(tree, node, "this field is here twice");
    else if (!is_ascii(header->value))
        tree_fault(tree, node, "a field that is added has ASCII characters only");
    else
        sequence->header_count++;
}

static void take_headers(struct tree *tree, const struct tree_node *node, void *target) {
    if (node->kind != TREE_MAP || node->count > SEQUENCE_HEADERS_MAX) {
        tree_fault(tree, node, "here belong at most %d fields: \"X-Name: value\"", SEQUENCE_HEADERS_MAX);
        return;
    }
    for (const struct tree_node *value = node->first; value; value = value->next)
        take_header(tree, value, target);
}

/* ---- all of it ---- */

static const struct tree_key sequence_keys[] = {
    {"name", take_name},
    {"steps", sequence_take_steps},
    {"sender", take_sender},
    {"opt_out", take_opt_out},
    {"footer", take_footer},
    {"time_zone", sequence_take_time_zone},
    {"windows", sequence_take_windows},
    {"working_days", sequence_take_working_days},
    {"holidays", sequence_take_holidays},
    {"pace", sequence_take_pace},
    {"headers", take_headers},
    {"list", take_list},
    {"company_stop", take_company_stop},
};
enum { SEQUENCE_NAME_BIT = 1, SEQUENCE_STEPS_BIT = 2 };

static struct sequence *sequence_new(struct arena *arena) {
    struct sequence *sequence = ARENA_NEW(arena, struct sequence);
    sequence->has_footer = true;
    sequence->window = delivery_window_usual();
    sequence->time_zone = SLICE("UTC");
    sequence->pace = pacer_limits_none();
    return sequence;
}

static void check_whole(struct tree *tree, const struct sequence *sequence, unsigned seen) {
    if (!(seen & SEQUENCE_NAME_BIT)) tree_fault(tree, tree->root, "name is missing: \"name: Spring 2026\"");
    if (!(seen & SEQUENCE_STEPS_BIT))
        tree_fault(tree, tree->root, "steps is missing: the list of what is sent");
    struct buffer normal = buffer_new(SEQUENCE_DOCUMENT_BYTES_MAX);
    if (tree->faults->count == 0) sequence_write(&normal, sequence);
    if (buffer_overflowed(&normal))
        tree_fault(tree, tree->root, "all of it together is too long; shorten its texts");
    buffer_free(&normal);
}

static bool read_tree(struct tree *tree, struct slice document) {
    (void)slice_take_prefix(&document, SLICE("\xef\xbb\xbf"));
    if (document.len > SEQUENCE_DOCUMENT_BYTES_MAX) {
        tree_fault_at(tree, (struct tree_place){0, 0}, SLICE_EMPTY, "a sequence has at most %d bytes",
                      SEQUENCE_DOCUMENT_BYTES_MAX);
        return false;
    }
    bool is_json = slice_starts(slice_trim(document), SLICE("{"));
    if (!(is_json ? tree_read_json(tree, document) : tree_read_yaml(tree, document))) return false;
    if (!tree->root)
        tree_fault_at(tree, (struct tree_place){1, 1}, SLICE_EMPTY,
                      "there is nothing in it; docs/sequence.md has one to begin with");
    return tree->root != NULL;
}

struct sequence *sequence_read(struct arena *arena, struct slice document, struct sequence_faults *faults) {
    *faults = (struct sequence_faults){.count = 0};
    struct tree tree = tree_new(arena, faults);
    if (!read_tree(&tree, document)) return NULL;
    struct sequence *sequence = sequence_new(arena);
    unsigned seen = tree_take_map(&tree, tree.root, sequence_keys,
                                  sizeof sequence_keys / sizeof sequence_keys[0], sequence);
    if (tree.root->kind == TREE_MAP) check_whole(&tree, sequence, seen);
    return faults->count == 0 ? sequence : NULL;
}
