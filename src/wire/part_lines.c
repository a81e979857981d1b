#include "wire/part_lines.h"

static void begin_header(struct part_lines *p, unsigned depth, bool is_in_digest, bool is_message) {
    p->place = PART_HEADER;
    p->depth = depth;
    p->is_in_digest = is_in_digest;
    p->has_type = false;
    buffer_clear(&p->deciding);
    p->hooks.begin(p->hooks.context, is_message);
}

void part_lines_begin(struct part_lines *p, struct part_lines_hooks hooks) {
    part_lines_free(p);
    *p = (struct part_lines){
        .hooks = hooks,
        .line = buffer_new(MIME_BOUNDARY_BYTES_MAX + 4),
        .boundaries = buffer_new(BINARY_MIME_BOUNDARIES_BYTES_MAX),
        .field = buffer_new(BINARY_MIME_FIELD_BYTES_MAX),
        .deciding = buffer_new(2 * ((size_t)BINARY_MIME_FIELD_BYTES_MAX + 2)),
        .arena = arena_new(BINARY_MIME_ARENA_BYTES_MAX),
    };
    begin_header(p, 0, false, true);
}

void part_lines_free(struct part_lines *p) {
    buffer_free(&p->line);
    buffer_free(&p->boundaries);
    buffer_free(&p->field);
    buffer_free(&p->deciding);
    arena_free(&p->arena);
}

void part_lines_give(struct part_lines *p, struct slice bytes) { byte_sink_write(p->sink, bytes); }

bool part_lines_is_signed(const struct part_lines *p) {
    return p->open_count && p->open[p->open_count - 1].is_signed;
}

/* ---- boundaries ---- */

static struct slice boundary_of(const struct part_lines *p, size_t index) {
    const struct open_multipart *open = &p->open[index];
    return slice_sub(buffer_slice(&p->boundaries), open->boundary_offset, open->boundary_bytes);
}

/* As mime.c reads it: the longest boundary that the line begins with, of equal ones the innermost. */
size_t part_lines_find_boundary(const struct part_lines *p) {
    struct slice line = buffer_slice(&p->line);
    size_t best = SIZE_MAX;
    if (!slice_take_prefix(&line, SLICE("--"))) return best;
    for (size_t i = p->open_count; i-- > 0;) {
        if (best != SIZE_MAX && p->open[i].boundary_bytes <= p->open[best].boundary_bytes) continue;
        if (slice_starts(line, boundary_of(p, i))) best = i;
    }
    return best;
}

/* Leaves `count` multiparts open. */
static void close_multiparts(struct part_lines *p, size_t count) {
    if (count < p->open_count) buffer_truncate(&p->boundaries, p->open[count].boundary_offset);
    p->open_count = count;
    p->boundary_bytes_max = 0;
    for (size_t i = 0; i < count; i++)
        if (p->open[i].boundary_bytes > p->boundary_bytes_max)
            p->boundary_bytes_max = p->open[i].boundary_bytes;
}

/* False: there is no room for one more; then it is not looked into. */
static bool open_multipart(struct part_lines *p, const struct mime_part *part) {
    struct slice boundary = mime_part_boundary(part);
    if (p->open_count == MIME_DEPTH_MAX || boundary.len > p->boundaries.max_bytes - p->boundaries.len)
        return false;
    p->open[p->open_count] = (struct open_multipart){
        .boundary_offset = p->boundaries.len,
        .boundary_bytes = boundary.len,
        .depth = p->depth,
        .is_digest = slice_equal_nocase(part->media.subtype, SLICE("digest")),
        .is_signed = part_lines_is_signed(p) || slice_equal_nocase(part->media.subtype, SLICE("signed")),
    };
    buffer_append(&p->boundaries, boundary);
    close_multiparts(p, p->open_count + 1);
    return true;
}

void part_lines_meet_boundary(struct part_lines *p, size_t index) {
    struct slice line = buffer_slice(&p->line);
    struct open_multipart met = p->open[index];
    p->opens_part = !slice_starts(slice_skip(line, met.boundary_bytes + 2), SLICE("--"));
    close_multiparts(p, p->opens_part ? index + 1 : index);
    p->depth = met.depth + 1;
    p->is_in_digest = met.is_digest;
    p->place = PART_BOUNDARY;
    p->in_line = true;
    p->hooks.boundary(p->hooks.context, p->opens_part);
    part_lines_give(p, line);
}

/* ---- headers ---- */

static void keep_deciding(struct part_lines *p, struct slice field) {
    buffer_append(&p->deciding, field);
    if (field.ptr[field.len - 1] != '\n') buffer_append(&p->deciding, SLICE("\r\n"));
}

/* The first of each counts (mime.h). */
static bool note_field(struct part_lines *p, const struct header_field *field, struct slice text) {
    if (slice_equal_nocase(field->name, SLICE("Content-Type")) && !p->has_type) {
        p->has_type = true;
        keep_deciding(p, text);
    }
    return p->hooks.field(p->hooks.context, field, text.len == p->field.max_bytes);
}

/* The field is at its end, or longer than what is read of one. */
static void judge_field(struct part_lines *p) {
    struct slice text = buffer_slice(&p->field);
    struct slice rest = text;
    struct header_field field;
    p->is_field_judged = true;
    p->is_field_dropped = text.len && header_next(&rest, &field) && !note_field(p, &field, text);
    if (!p->is_field_dropped) part_lines_give(p, text);
    buffer_clear(&p->field);
}

static void end_field(struct part_lines *p) {
    if (!p->is_field_judged) judge_field(p);
    p->is_field_judged = false;
}

static void add_to_field(struct part_lines *p, struct slice bytes) {
    if (!p->is_field_judged) {
        buffer_append(&p->field, slice_take(&bytes, p->field.max_bytes - p->field.len));
        if (bytes.len) judge_field(p);
    }
    if (bytes.len && !p->is_field_dropped) part_lines_give(p, bytes);
}

bool part_lines_is_composite(const struct mime_part *part) {
    return part->kind != MIME_LEAF || mime_part_is_type(part, "message");
}

static void read_part(struct part_lines *p, struct mime_part *part) {
    static const struct mime_part digest = {.kind = MIME_MULTIPART,
                                            .media = {.subtype = SLICE_INIT("digest")}};
    struct mime_part parent = digest;
    arena_reset(p->arena);
    if (p->is_in_digest) part->parent = &parent;
    mime_part_read(p->arena, part, buffer_slice(&p->deciding), false, true);
    part->parent = NULL;
}

/* The header is whole, its empty line apart: `part` is what it says. */
static void end_header(struct part_lines *p, struct mime_part *part) {
    end_field(p);
    read_part(p, part);
    p->hooks.header(p->hooks.context, part, p->has_type);
}

static void begin_body(struct part_lines *p) {
    struct mime_part part = {0};
    end_header(p, &part);
    part_lines_give(p, SLICE("\r\n"));
    p->place = PART_LINES;
    bool may_nest = p->depth < MIME_DEPTH_MAX;
    bool is_opened = part.kind == MIME_MULTIPART && may_nest && open_multipart(p, &part);
    bool is_message = part.kind == MIME_MESSAGE && may_nest;
    p->hooks.body(p->hooks.context, &part, is_opened || is_message);
    if (is_message) begin_header(p, p->depth + 1, false, true);
}

/* ---- lines ---- */

/* Bytes of one line that is no boundary's. */
static void take_content(struct part_lines *p, struct slice bytes, bool is_line_start) {
    if (p->place == PART_LINES) p->hooks.content(p->hooks.context, bytes);
    if (p->place == PART_BOUNDARY) part_lines_give(p, bytes);
    if (p->place != PART_HEADER) return;
    /* RFC 5322 2.2.3: a line that begins with a blank goes on with the field. */
    if (is_line_start && bytes.ptr[0] != ' ' && bytes.ptr[0] != '\t') end_field(p);
    add_to_field(p, bytes);
}

/* Enough of the line has been seen, or it is at its end. */
static void decide_line(struct part_lines *p) {
    p->is_collecting = false;
    size_t index = part_lines_find_boundary(p);
    if (index == SIZE_MAX) {
        take_content(p, buffer_slice(&p->line), true);
        return;
    }
    struct mime_part unused = {0};
    if (p->place == PART_HEADER) end_header(p, &unused);
    part_lines_meet_boundary(p, index);
}

bool part_lines_is_decided(const struct part_lines *p) {
    bool is_hopeless = p->line.len > 1 && p->line.ptr[1] != '-';
    return is_hopeless || p->line.len == p->boundary_bytes_max + 4;
}

void part_lines_collect(struct part_lines *p, struct slice *bytes) {
    buffer_append(&p->line, slice_take(bytes, p->boundary_bytes_max + 4 - p->line.len));
}

static void take_in_line(struct part_lines *p, struct slice bytes) {
    bool is_line_start = !p->in_line;
    p->has_nul = p->has_nul || slice_find_byte(bytes, 0) != SLICE_NOT_FOUND;
    p->in_line = true;
    if (is_line_start && bytes.ptr[0] == '-' && p->open_count) {
        p->is_collecting = true;
        buffer_clear(&p->line);
    }
    if (p->is_collecting) {
        part_lines_collect(p, &bytes);
        if (part_lines_is_decided(p)) decide_line(p);
        is_line_start = false;
    }
    if (bytes.len) take_content(p, bytes, is_line_start);
}

/* Behind a boundary's line. */
static void begin_part(struct part_lines *p) {
    part_lines_give(p, SLICE("\r\n"));
    p->place = PART_LINES;
    if (p->opens_part) begin_header(p, p->depth, p->is_in_digest, false);
}

static void end_line(struct part_lines *p) {
    bool is_empty = !p->in_line;
    p->in_line = false;
    if (p->is_collecting) decide_line(p);
    p->in_line = false;
    if (p->place == PART_BOUNDARY)
        begin_part(p);
    else if (p->place == PART_LINES)
        p->hooks.line_end(p->hooks.context);
    else if (is_empty)
        begin_body(p);
    else
        add_to_field(p, SLICE("\r\n"));
}

size_t part_lines_run(struct slice bytes) {
    size_t len = 0;
    while (len < bytes.len && bytes.ptr[len] != '\r' && bytes.ptr[len] != '\n') len++;
    return len;
}

void part_lines_take(struct part_lines *p, struct slice *input) {
    if (p->after_cr) {
        p->after_cr = false;
        (void)slice_take_byte(input, '\n');
        end_line(p);
        return;
    }
    struct slice run = slice_take(input, part_lines_run(*input));
    if (run.len)
        take_in_line(p, run);
    else if (slice_take_byte(input, '\r'))
        p->after_cr = true;
    else if (slice_take_byte(input, '\n'))
        end_line(p);
}

void part_lines_finish(struct part_lines *p) {
    if (p->after_cr || p->in_line) end_line(p);
    struct mime_part unused = {0};
    if (p->place == PART_HEADER) end_header(p, &unused);
}
