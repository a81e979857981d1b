#include "wire/address.h"

#include "wire/header.h"

/* What has been read of one entry that is not in angle brackets. */
struct item {
    struct slice comment;
    /* Where in `spec` the local part ends; SIZE_MAX where no @ was seen. */
    size_t at;
    size_t words;
    bool any;
};

struct address_reader address_reader_new(struct slice value) {
    return (struct address_reader){
        .rest = value, .name = buffer_new(value.len + 16), .spec = buffer_new(value.len + 16)};
}

void address_reader_free(struct address_reader *reader) {
    buffer_free(&reader->name);
    buffer_free(&reader->spec);
}

static bool is_special(uint8_t c) { return c <= ' ' || memchr("()<>,;:@\"", c, 9) || c == 0x7f; }

static struct slice take_atom(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && !is_special(rest->ptr[len])) len++;
    return slice_take(rest, len);
}

static bool at_special(struct slice rest, const char *set) {
    return rest.len && rest.ptr[0] && strchr(set, rest.ptr[0]);
}

/* RFC 5322 3.4.1: a domain literal, blanks taken out. */
static void take_literal(struct slice *rest, struct buffer *out) {
    struct slice literal = slice_take_until(rest, ']');
    if (slice_take_byte(rest, ']')) literal.len++;
    for (size_t i = 0; i < literal.len; i++)
        if (literal.ptr[i] > ' ') buffer_append_byte(out, literal.ptr[i]);
}

/* One word, quoted string or stray byte; `out` gets what it says. */
static void take_word(struct slice *rest, struct buffer *out) {
    struct slice atom = {0};
    if (rest->ptr[0] == '"')
        header_take_quoted(rest, out);
    else if ((atom = take_atom(rest)).len)
        buffer_append(out, atom);
    else
        buffer_append(out, slice_take(rest, 1));
}

/* Drops control bytes that no rule takes, so that a reader always moves on. */
static bool skip_control(struct slice *rest) {
    if (rest->len == 0 || (rest->ptr[0] > ' ' && rest->ptr[0] != 0x7f)) return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

/* RFC 5322 3.4.1, 4.4: local part, @, domain, with comments and blanks anywhere; up to `stops`. */
static size_t take_spec(struct slice *rest, struct buffer *spec, const char *stops) {
    size_t at = SIZE_MAX;
    for (header_skip_cfws(rest, NULL); rest->len && !at_special(*rest, stops); header_skip_cfws(rest, NULL)) {
        if (skip_control(rest)) continue;
        if (rest->ptr[0] == '@') at = spec->len;
        if (rest->ptr[0] == '[' && at != SIZE_MAX)
            take_literal(rest, spec);
        else
            take_word(rest, spec);
    }
    return at;
}

static void split_spec(struct slice spec, size_t at, struct address *address) {
    address->local = slice_sub(spec, 0, at);
    if (at != SIZE_MAX) address->domain = slice_skip(spec, at + 1);
}

/* RFC 5322 4.4: "<@a,@b:" before the address. */
static struct slice take_route(struct slice *rest) {
    struct slice ahead = *rest;
    header_skip_cfws(&ahead, NULL);
    if (!at_special(ahead, "@,")) return SLICE_EMPTY;
    size_t end = 0;
    while (end < ahead.len && ahead.ptr[end] != ':' && ahead.ptr[end] != '>' && ahead.ptr[end] != '"') end++;
    if (end == ahead.len || ahead.ptr[end] != ':') return SLICE_EMPTY;
    *rest = slice_skip(ahead, end + 1);
    return slice_trim(slice_sub(ahead, 0, end));
}

/* To the end of the entry: what follows the closing bracket says nothing. */
static void skip_to_separator(struct slice *rest, struct slice *comment) {
    for (header_skip_cfws(rest, comment); rest->len && !at_special(*rest, ",;");
         header_skip_cfws(rest, comment)) {
        if (rest->ptr[0] == '"')
            header_take_quoted(rest, &(struct buffer){.max_bytes = 0});
        else
            *rest = slice_skip(*rest, 1);
    }
    (void)slice_take_byte(rest, ',');
}

static void read_angle(struct address_reader *reader, struct item *item, struct address *address) {
    *address = (struct address){.name = slice_trim(buffer_slice(&reader->name))};
    reader->rest = slice_skip(reader->rest, 1);
    address->route = take_route(&reader->rest);
    buffer_clear(&reader->spec);
    size_t at = take_spec(&reader->rest, &reader->spec, ">,;<");
    (void)slice_take_byte(&reader->rest, '>');
    split_spec(buffer_slice(&reader->spec), at, address);
    skip_to_separator(&reader->rest, &item->comment);
    if (address->name.len == 0) address->name = slice_trim(item->comment);
}

/* RFC 5322 4.4, RFC 822: an address without brackets, its name perhaps in a comment after it. */
static void finish_bare(struct address_reader *reader, const struct item *item, struct address *address) {
    *address = (struct address){.kind = ADDRESS_MAILBOX};
    bool is_phrase = item->at == SIZE_MAX && item->words > 1;
    if (is_phrase) {
        address->name = slice_trim(buffer_slice(&reader->name));
        return;
    }
    split_spec(buffer_slice(&reader->spec), item->at, address);
    address->name = slice_trim(item->comment);
}

static void take_phrase_word(struct address_reader *reader, struct item *item, bool spaced) {
    size_t before = reader->spec.len;
    uint8_t first = reader->rest.ptr[0];
    if (first == '@') item->at = before;
    if (first == '[' && item->at != SIZE_MAX)
        take_literal(&reader->rest, &reader->spec);
    else
        take_word(&reader->rest, &reader->spec);
    if (spaced || item->words == 0) {
        item->words++;
        if (reader->name.len) buffer_append_byte(&reader->name, ' ');
    }
    buffer_append(&reader->name, slice_skip(buffer_slice(&reader->spec), before));
    item->any = true;
}

/* RFC 5322 3.4: the colon ends a group's name. It stays a byte of the word where no group can begin. */
static bool starts_group(const struct address_reader *reader, const struct item *item) {
    return reader->rest.ptr[0] == ':' && !reader->in_group && item->any && item->at == SIZE_MAX;
}

enum item_end { ITEM_MORE, ITEM_DONE, ITEM_BARE, ITEM_EMPTY };

static enum item_end end_group(struct address_reader *reader, struct address *address) {
    reader->in_group = false;
    *address = (struct address){.kind = ADDRESS_GROUP_END};
    return ITEM_DONE;
}

static enum item_end begin_group(struct address_reader *reader, struct address *address) {
    reader->rest = slice_skip(reader->rest, 1);
    reader->in_group = true;
    *address = (struct address){.kind = ADDRESS_GROUP_START, .name = slice_trim(buffer_slice(&reader->name))};
    return ITEM_DONE;
}

/* One step through an entry: a separator, a bracket, or a word of it. */
static enum item_end item_step(struct address_reader *reader, struct item *item, struct address *address) {
    size_t before = reader->rest.len;
    header_skip_cfws(&reader->rest, &item->comment);
    bool spaced = reader->rest.len != before;
    if (reader->rest.len == 0) return item->any ? ITEM_BARE : ITEM_EMPTY;
    uint8_t c = reader->rest.ptr[0];
    if (c == ';' && reader->in_group && !item->any) {
        reader->rest = slice_skip(reader->rest, 1);
        return end_group(reader, address);
    }
    if (c == ';' && reader->in_group) return ITEM_BARE;
    if (c == ',' || c == ';') {
        reader->rest = slice_skip(reader->rest, 1);
        return item->any ? ITEM_BARE : ITEM_MORE;
    }
    if (c == '<') {
        read_angle(reader, item, address);
        return ITEM_DONE;
    }
    if (starts_group(reader, item)) return begin_group(reader, address);
    if (!skip_control(&reader->rest)) take_phrase_word(reader, item, spaced);
    return ITEM_MORE;
}

bool address_next(struct address_reader *reader, struct address *address) {
    buffer_clear(&reader->name);
    buffer_clear(&reader->spec);
    struct item item = {.at = SIZE_MAX};
    enum item_end end;
    do {
        end = item_step(reader, &item, address);
    } while (end == ITEM_MORE);
    if (end == ITEM_BARE) finish_bare(reader, &item, address);
    if (end == ITEM_EMPTY && reader->in_group) end = end_group(reader, address);
    return end != ITEM_EMPTY;
}

static bool copy_address(struct arena *arena, const struct address *from, struct address *to) {
    *to = *from;
    return arena_try_copy(arena, from->name, &to->name) && arena_try_copy(arena, from->route, &to->route) &&
           arena_try_copy(arena, from->local, &to->local) && arena_try_copy(arena, from->domain, &to->domain);
}

bool address_first(struct arena *arena, struct slice value, struct address *address) {
    struct address_reader reader = address_reader_new(value);
    struct address entry;
    bool found = false;
    while (!found && address_next(&reader, &entry)) found = entry.kind == ADDRESS_MAILBOX;
    if (found) found = copy_address(arena, &entry, address);
    address_reader_free(&reader);
    return found;
}

size_t address_count(struct slice value, size_t max) {
    struct address_reader reader = address_reader_new(value);
    struct address entry;
    size_t count = 0;
    while (count < max && address_next(&reader, &entry)) count += entry.kind == ADDRESS_MAILBOX;
    address_reader_free(&reader);
    return count;
}

/* RFC 5322 3.2.3: dot-atom text needs no quotes; UTF-8 is atext by RFC 6532 3.2. */
static bool is_dot_atom(struct slice local) {
    if (local.len == 0 || local.ptr[0] == '.' || local.ptr[local.len - 1] == '.') return false;
    for (size_t i = 0; i < local.len; i++) {
        uint8_t c = local.ptr[i];
        if (is_special(c) || c == '\\' || c == '[' || c == ']') return false;
        if (c == '.' && local.ptr[i - 1] == '.') return false;
    }
    return true;
}

void address_write_spec(struct buffer *out, struct slice local, struct slice domain) {
    if (is_dot_atom(local)) {
        buffer_append(out, local);
    } else {
        buffer_append_byte(out, '"');
        for (size_t i = 0; i < local.len; i++) {
            if (local.ptr[i] == '"' || local.ptr[i] == '\\') buffer_append_byte(out, '\\');
            if (local.ptr[i] && local.ptr[i] != '\r' && local.ptr[i] != '\n')
                buffer_append_byte(out, local.ptr[i]);
        }
        buffer_append_byte(out, '"');
    }
    if (domain.len == 0) return;
    buffer_append_byte(out, '@');
    buffer_append(out, domain);
}
