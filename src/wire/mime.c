#include "wire/mime.h"

#include <stdlib.h>

#include "base/limits.h"
#include "wire/mime_part.h"

/* A multipart whose closing boundary has not come yet. */
struct open_multipart {
    struct mime_part *part;
    struct slice boundary;
};

struct mime_parser {
    struct arena *arena;
    struct mime_events events;
    struct mime_part *root;
    struct mime_part *part;
    size_t parts;
    struct open_multipart open[MIME_DEPTH_MAX];
    size_t open_count;
    size_t boundary_bytes_max;
    bool in_header;
    /* No boundary is looked for any more: the current part takes the rest. */
    bool sealed;
    struct buffer header;
    /* The start of a line that may be a boundary, while that is open. */
    struct buffer line;
    bool undecided;
    /* The rest of a boundary line is passed over; then `opening` gets a new child. */
    bool skipping;
    struct mime_part *opening;
    uint64_t offset;
    uint64_t line_start;
    /* How long the line break before this line is. */
    size_t newline_len;
    uint64_t lines;
    uint8_t last_byte;
    /* A line break at a body's end, not yet known to belong to it. */
    uint8_t held[2];
    size_t held_len;
};

static struct mime_part *part_add(struct mime_parser *parser, struct mime_part *parent) {
    struct mime_part *part = arena_try_alloc(parser->arena, sizeof *part);
    if (!part) return NULL;
    part->parent = parent;
    part->depth = parent ? parent->depth + 1 : 0;
    part->header_offset = parser->offset;
    if (parent && parent->last_child)
        parent->last_child->next = part;
    else if (parent)
        parent->first_child = part;
    if (parent) parent->last_child = part;
    parser->parts++;
    return part;
}

/* Begins a part at its header, or takes the rest of the message for no part at all. */
static bool part_begin(struct mime_parser *parser, struct mime_part *parent) {
    struct mime_part *part = part_add(parser, parent);
    if (!part) {
        parser->sealed = true;
        return false;
    }
    parser->part = part;
    parser->in_header = true;
    parser->sealed = parser->parts >= MIME_PARTS_MAX;
    buffer_clear(&parser->header);
    return true;
}

struct mime_parser *mime_parser_new(struct arena *arena, struct mime_events events) {
    struct mime_parser *parser = calloc(1, sizeof *parser);
    if (!parser) FATAL("out of memory for a MIME parser");
    parser->arena = arena;
    parser->events = events;
    parser->header = buffer_new(MIME_HEADER_BYTES_MAX);
    parser->line = buffer_new(MIME_BOUNDARY_BYTES_MAX + 4);
    ASSERT(part_begin(parser, NULL));
    parser->root = parser->part;
    return parser;
}

void mime_parser_free(struct mime_parser **parser) {
    if (!*parser) return;
    buffer_free(&(*parser)->header);
    buffer_free(&(*parser)->line);
    free(*parser);
    *parser = NULL;
}

/* The longest boundary counts: how far a line must be seen before it is decided on. */
static void measure_boundaries(struct mime_parser *parser) {
    parser->boundary_bytes_max = 0;
    for (size_t i = 0; i < parser->open_count; i++)
        if (parser->open[i].boundary.len > parser->boundary_bytes_max)
            parser->boundary_bytes_max = parser->open[i].boundary.len;
}

static bool is_embedded_root(const struct mime_part *part) {
    return !part->parent || part->parent->kind == MIME_MESSAGE;
}

/* The header ends at `end`, of which `lines` line breaks have been seen. Goes on with the body, or with the
 * header of the embedded message. */
static void header_end(struct mime_parser *parser, uint64_t end, uint64_t lines) {
    struct mime_part *part = parser->part;
    parser->in_header = false;
    parser->held_len = 0;
    part->header_len = end - part->header_offset;
    part->body_offset = end;
    part->body_lines = lines;
    bool may_nest = part->depth < MIME_DEPTH_MAX && !parser->sealed;
    struct slice header = buffer_slice(&parser->header);
    mime_part_read(parser->arena, part, header, is_embedded_root(part), may_nest);
    if (parser->events.header) parser->events.header(parser->events.context, part, header);
    if (part->kind == MIME_MULTIPART) {
        parser->open[parser->open_count++] = (struct open_multipart){part, mime_part_boundary(part)};
        measure_boundaries(parser);
    } else if (part->kind == MIME_MESSAGE) {
        if (part_begin(parser, part))
            parser->part->header_offset = end;
        else
            mime_part_seal(part);
    }
}

/* Ends the current part and those around it, up to but not including `last`. They end at `end`,
   of which `lines` line breaks have been seen; where that is inside of a header (its empty line
   may be the line break of the boundary), at the header's end. */
static void parts_end(struct mime_parser *parser, const struct mime_part *last, uint64_t end,
                      uint64_t lines) {
    while (parser->in_header)
        header_end(parser, end > parser->part->header_offset ? end : parser->part->header_offset, lines);
    for (struct mime_part *part = parser->part; part != last; part = part->parent) {
        if (end <= part->body_offset) {
            end = part->body_offset;
            lines = part->body_lines;
        }
        part->body_len = end - part->body_offset;
        part->body_lines = lines - part->body_lines;
    }
}

static void body_event(struct mime_parser *parser, struct slice bytes) {
    if (bytes.len) parser->events.body(parser->events.context, parser->part, bytes);
}

static void release_held(struct mime_parser *parser) {
    if (parser->held_len) body_event(parser, slice_of(parser->held, parser->held_len));
    parser->held_len = 0;
}

/* The line break at the end of the bytes waits until it is known whether a boundary follows. */
static void emit_body(struct mime_parser *parser, struct slice bytes) {
    if (!parser->events.body || parser->part->kind != MIME_LEAF || bytes.len == 0) return;
    bool completes =
        bytes.len == 1 && bytes.ptr[0] == '\n' && parser->held_len == 1 && parser->held[0] == '\r';
    if (completes) {
        parser->held[parser->held_len++] = '\n';
        return;
    }
    release_held(parser);
    size_t tail = bytes.ptr[bytes.len - 1] == '\n' || bytes.ptr[bytes.len - 1] == '\r';
    if (bytes.len > 1 && bytes.ptr[bytes.len - 1] == '\n' && bytes.ptr[bytes.len - 2] == '\r') tail = 2;
    body_event(parser, slice_sub(bytes, 0, bytes.len - tail));
    parser->held_len = tail;
    if (tail) memcpy(parser->held, bytes.ptr + bytes.len - tail, tail);
}

static void lines_ended(struct mime_parser *parser, uint64_t lines, bool after_return) {
    parser->lines += lines;
    parser->newline_len = 1 + after_return;
    parser->line_start = parser->offset;
}

/* Keeps header bytes; those past the maximum are not seen. */
static void keep_header(struct mime_parser *parser, struct slice bytes) {
    buffer_append(&parser->header, slice_sub(bytes, 0, parser->header.max_bytes - parser->header.len));
}

/* Takes bytes of one line, or of a body `lines` whole ones, as content of the current part. */
static void consume(struct mime_parser *parser, struct slice bytes, uint64_t lines) {
    if (parser->in_header)
        keep_header(parser, bytes);
    else
        emit_body(parser, bytes);
    parser->offset += bytes.len;
    uint8_t last = bytes.ptr[bytes.len - 1];
    uint8_t before = bytes.len > 1 ? bytes.ptr[bytes.len - 2] : parser->last_byte;
    parser->last_byte = last;
    if (last != '\n') return;
    uint64_t line_len = parser->offset - parser->line_start;
    bool after_return = line_len > 1 && before == '\r';
    lines_ended(parser, lines, after_return);
    if (parser->in_header && line_len == 1u + after_return) header_end(parser, parser->offset, parser->lines);
}

/* RFC 2046 5.1.1: the line begins with "--" and the boundary. The longest that fits is meant
   (one may begin with another), of equal ones the innermost. SIZE_MAX: none. */
static size_t find_boundary(const struct mime_parser *parser, struct slice line) {
    size_t best = SIZE_MAX;
    if (!slice_take_prefix(&line, SLICE("--"))) return best;
    for (size_t i = parser->open_count; i-- > 0;) {
        struct slice boundary = parser->open[i].boundary;
        if (best != SIZE_MAX && boundary.len <= parser->open[best].boundary.len) continue;
        if (slice_starts(line, boundary)) best = i;
    }
    return best;
}

/* A boundary of the multipart at `index`: all parts inside of it end before the line break. */
static void meet_boundary(struct mime_parser *parser, size_t index, struct slice line) {
    struct open_multipart met = parser->open[index];
    uint64_t end = parser->line_start - parser->newline_len;
    uint64_t lines = parser->lines - (parser->newline_len > 0);
    parts_end(parser, met.part, end, lines);
    parser->held_len = 0;
    bool closes = slice_starts(slice_skip(line, met.boundary.len + 2), SLICE("--"));
    parser->open_count = closes ? index : index + 1;
    measure_boundaries(parser);
    parser->part = met.part;
    parser->opening = closes ? NULL : met.part;
    parser->skipping = true;
}

static void boundary_line_ended(struct mime_parser *parser) {
    parser->skipping = false;
    if (parser->opening) (void)part_begin(parser, parser->opening);
    parser->opening = NULL;
}

/* Passes over bytes of a boundary's line. */
static void skip(struct mime_parser *parser, struct slice bytes) {
    if (bytes.len == 0) return;
    parser->offset += bytes.len;
    uint8_t before = bytes.len > 1 ? bytes.ptr[bytes.len - 2] : parser->last_byte;
    parser->last_byte = bytes.ptr[bytes.len - 1];
    if (parser->last_byte != '\n') return;
    lines_ended(parser, 1, before == '\r');
    boundary_line_ended(parser);
}

/* Enough of the line has been seen, or it is at its end. */
static void decide(struct mime_parser *parser) {
    parser->undecided = false;
    struct slice line = buffer_slice(&parser->line);
    size_t index = find_boundary(parser, line);
    if (index == SIZE_MAX) {
        consume(parser, line, 1);
    } else {
        meet_boundary(parser, index, line);
        skip(parser, line);
    }
}

/* Collects bytes of a line that may be a boundary. Returns how many it took. */
static size_t collect(struct mime_parser *parser, struct slice bytes) {
    size_t wanted = parser->boundary_bytes_max + 4 - parser->line.len;
    struct slice taken = slice_sub(bytes, 0, wanted);
    size_t newline = slice_find_byte(taken, '\n');
    if (newline != SLICE_NOT_FOUND) taken.len = newline + 1;
    buffer_append(&parser->line, taken);
    struct slice line = buffer_slice(&parser->line);
    bool hopeless = line.len > 1 && line.ptr[1] != '-';
    if (newline != SLICE_NOT_FOUND || taken.len == wanted || hopeless) decide(parser);
    return taken.len;
}

/* How much to take at once: of a body all whole lines up to the next that may be a boundary, else
   one line; where that is not whole, what is there of it. */
static size_t measure_lines(const struct mime_parser *parser, struct slice chunk, uint64_t *lines) {
    bool is_body = !parser->in_header && !parser->skipping;
    bool may_meet_boundary = parser->open_count && !parser->sealed;
    size_t len = 0;
    *lines = 0;
    do {
        size_t newline = slice_find_byte(slice_skip(chunk, len), '\n');
        if (newline == SLICE_NOT_FOUND) return len ? len : chunk.len;
        len += newline + 1;
        ++*lines;
    } while (is_body && len < chunk.len && !(may_meet_boundary && chunk.ptr[len] == '-'));
    return len;
}

void mime_parser_feed(struct mime_parser *parser, struct slice chunk) {
    while (chunk.len) {
        bool at_start = parser->offset == parser->line_start && !parser->skipping && !parser->undecided;
        if (at_start && chunk.ptr[0] == '-' && parser->open_count && !parser->sealed) {
            parser->undecided = true;
            buffer_clear(&parser->line);
        }
        if (parser->undecided) {
            chunk = slice_skip(chunk, collect(parser, chunk));
            continue;
        }
        uint64_t lines;
        struct slice run = slice_take(&chunk, measure_lines(parser, chunk, &lines));
        if (parser->skipping)
            skip(parser, run);
        else
            consume(parser, run, lines);
    }
}

struct mime_part *mime_parser_finish(struct mime_parser *parser) {
    if (parser->undecided) decide(parser);
    if (parser->skipping) boundary_line_ended(parser);
    parts_end(parser, NULL, parser->offset, parser->lines);
    if (parser->events.body && parser->part->kind == MIME_LEAF) release_held(parser);
    return parser->root;
}

struct mime_part *mime_parse(struct arena *arena, struct slice message) {
    struct mime_parser *parser = mime_parser_new(arena, (struct mime_events){0});
    mime_parser_feed(parser, message);
    struct mime_part *root = mime_parser_finish(parser);
    mime_parser_free(&parser);
    return root;
}

struct mime_part *mime_part_next(const struct mime_part *root, const struct mime_part *part) {
    if (part->first_child) return part->first_child;
    while (part != root && !part->next) part = part->parent;
    return part == root ? NULL : part->next;
}
