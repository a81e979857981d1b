/*
 * A document in YAML, by the events of libyaml: no document is built there, so that nothing grows but the
 * tree, which is bounded. Anchors, aliases and tags are refused: no text needs them, and they can make much
 * of little.
 */
#include <yaml.h>

#include "outreach/sequence_tree.h"

struct yaml_reader {
    struct tree *tree;
    struct slice document;
    yaml_parser_t parser;
    unsigned documents;
    bool is_over;
};

static struct tree_place place_of(yaml_mark_t mark) {
    return (struct tree_place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static unsigned line_at(struct slice document, size_t offset) {
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < document.len; i++) line += document.ptr[i] == '\n';
    return line;
}

/* What usually is behind an error of libyaml's. */
static const char *advice_for(const char *problem) {
    if (strstr(problem, "mapping values are not allowed"))
        return ": a text with \": \" in it belongs in quotes, or behind | as a block";
    if (strstr(problem, "cannot start any token"))
        return ": indent with spaces, not tabs, and quote texts that begin with @, ` or %";
    if (strstr(problem, "block mapping")) return ": look at the indentation of this line and the one before";
    if (strstr(problem, "quoted scalar")) return ": a closing quote is missing";
    return "";
}

static bool fault_of_parser(struct yaml_reader *reader) {
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "it cannot be read";
    struct tree_place place = place_of(parser->problem_mark);
    if (parser->error == YAML_READER_ERROR)
        place = (struct tree_place){line_at(reader->document, parser->problem_offset), 0};
    if (parser->error == YAML_READER_ERROR)
        problem = "a byte that is not UTF-8, or a control character: save the file as UTF-8";
    tree_fault_at(reader->tree, place, SLICE_EMPTY, "%s%s", problem, advice_for(problem));
    return false;
}

static bool refuse(struct yaml_reader *reader, const yaml_event_t *event, const char *words) {
    tree_fault_at(reader->tree, place_of(event->start_mark), SLICE_EMPTY, "%s", words);
    return false;
}

static const char anchor_words[] = "anchors (&) are not read; a text that begins with & belongs in quotes";
static const char tag_words[] = "tags (!) are not read; a text that begins with ! belongs in quotes";

static bool on_scalar(struct yaml_reader *reader, const yaml_event_t *event) {
    if (event->data.scalar.anchor) return refuse(reader, event, anchor_words);
    if (event->data.scalar.tag) return refuse(reader, event, tag_words);
    return tree_add_text(reader->tree, slice_of(event->data.scalar.value, event->data.scalar.length),
                         event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE, place_of(event->start_mark));
}

static bool on_list(struct yaml_reader *reader, const yaml_event_t *event) {
    if (event->data.sequence_start.anchor) return refuse(reader, event, anchor_words);
    if (event->data.sequence_start.tag) return refuse(reader, event, tag_words);
    return tree_open(reader->tree, TREE_LIST, place_of(event->start_mark));
}

static bool on_map(struct yaml_reader *reader, const yaml_event_t *event) {
    if (event->data.mapping_start.anchor) return refuse(reader, event, anchor_words);
    if (event->data.mapping_start.tag) return refuse(reader, event, tag_words);
    /* "{{first_name}}, ..." without quotes is a map whose key is a map to YAML. */
    if (event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE && tree_wants_key(reader->tree))
        return refuse(reader, event, "a text that begins with {{ belongs in quotes: \"{{first_name}}, ...\"");
    return tree_open(reader->tree, TREE_MAP, place_of(event->start_mark));
}

static bool on_document(struct yaml_reader *reader, const yaml_event_t *event) {
    if (++reader->documents > 1)
        return refuse(reader, event, "a file holds one sequence; a second begins here behind ---");
    return true;
}

static bool on_event(struct yaml_reader *reader, const yaml_event_t *event) {
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return on_document(reader, event);
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_SEQUENCE_START_EVENT:
        return on_list(reader, event);
    case YAML_MAPPING_START_EVENT:
        return on_map(reader, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        tree_close(reader->tree);
        return true;
    case YAML_ALIAS_EVENT:
        return refuse(reader, event, "aliases (*) are not read; a text that begins with * belongs in quotes");
    case YAML_STREAM_END_EVENT:
        reader->is_over = true;
        return true;
    default:
        return true;
    }
}

static bool read_events(struct yaml_reader *reader) {
    while (!reader->is_over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) return fault_of_parser(reader);
        bool goes_on = on_event(reader, &event);
        yaml_event_delete(&event);
        if (!goes_on) return false;
    }
    return true;
}

/* What YAML takes for the end of a line. */
static bool ends_line(struct slice before) {
    static const struct slice ends[] = {SLICE_INIT("\n"), SLICE_INIT("\r"), SLICE_INIT("\xc2\x85"),
                                        SLICE_INIT("\xe2\x80\xa8"), SLICE_INIT("\xe2\x80\xa9")};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (slice_ends_nocase(before, ends[i])) return true;
    return before.len == 0;
}

/* libyaml compares each such line with all before: many would cost their square. */
static bool has_tag_lines(struct tree *tree, struct slice document) {
    for (size_t at = 0; at < document.len; at++) {
        size_t found = slice_find(slice_skip(document, at), SLICE("%TAG"));
        if (found == SLICE_NOT_FOUND) return false;
        at += found;
        if (!ends_line(slice_sub(document, 0, at))) continue;
        tree_fault_at(tree, (struct tree_place){line_at(document, at), 1}, SLICE_EMPTY,
                      "%%TAG is not read; take the line out");
        return true;
    }
    return false;
}

bool tree_read_yaml(struct tree *tree, struct slice document) {
    struct yaml_reader reader = {.tree = tree, .document = document};
    if (has_tag_lines(tree, document)) return false;
    if (!yaml_parser_initialize(&reader.parser)) FATAL("out of memory");
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, document.ptr, document.len);
    bool is_read = read_events(&reader);
    yaml_parser_delete(&reader.parser);
    return is_read;
}
