/* Suppression in words, patterns, and as bytes for those who ask the store. */
#include "base/limits.h"
#include "base/pattern.h"
#include "store/contact_address.h"
#include "store/protocol.h"
#include "store/suppression_model.h"
#include "wire/charset.h"
#include "wire/smtp_address.h"

enum { ROW_PACKED_BYTES_MIN = 5 };

static const char *const kind_names[] = {
    [SUPPRESSION_ADDRESS] = "address",
    [SUPPRESSION_DOMAIN] = "domain",
    [SUPPRESSION_PATTERN] = "pattern",
    [SUPPRESSION_HASH] = "erased address",
};
static const char *const reason_names[] = {
    [SUPPRESSION_UNSUBSCRIBED] = "unsubscribed",
    [SUPPRESSION_COMPLAINT] = "complaint",
    [SUPPRESSION_HARD_BOUNCE] = "hard_bounce",
    [SUPPRESSION_MANUAL] = "manual",
    [SUPPRESSION_ERASED] = "erased",
    [SUPPRESSION_IMPORTED] = "imported",
};
#define REASONS (sizeof reason_names / sizeof reason_names[0])

const char *suppression_kind_name(enum suppression_kind kind) {
    return kind >= SUPPRESSION_ADDRESS && kind <= SUPPRESSION_HASH ? kind_names[kind] : "?";
}

const char *suppression_reason_name(enum suppression_reason reason) {
    return reason >= SUPPRESSION_UNSUBSCRIBED && reason < REASONS ? reason_names[reason] : "?";
}

bool suppression_reason_read(struct slice name, enum suppression_reason *reason) {
    for (unsigned i = SUPPRESSION_UNSUBSCRIBED; i < REASONS; i++) {
        if (!slice_equal(name, slice_from_text(reason_names[i]))) continue;
        *reason = (enum suppression_reason)i;
        return true;
    }
    return false;
}

bool suppression_is_wish(enum suppression_reason reason) {
    return reason == SUPPRESSION_UNSUBSCRIBED || reason == SUPPRESSION_COMPLAINT ||
           reason == SUPPRESSION_ERASED;
}

/* ---- what is meant ---- */

static size_t count_stars(struct slice text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == '*';
    return count;
}

/* Beside "*", "@" and "." it must say something. */
static bool says_something(struct slice pattern) {
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.ptr[i] != '*' && pattern.ptr[i] != '@' && pattern.ptr[i] != '.') return true;
    return false;
}

static bool is_ascii(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80) return false;
    return true;
}

/* Addresses have their domains as A-labels: what stands behind the last star becomes that, too. */
static bool domain_part_write(struct arena *arena, struct slice domain, struct buffer *out) {
    size_t star = slice_find_last_byte(domain, '*');
    size_t from = star == SLICE_NOT_FOUND ? 0 : star + 1;
    struct slice name = slice_skip(domain, from);
    struct slice unicode;
    struct slice labels;
    buffer_append(out, slice_sub(domain, 0, from));
    if (is_ascii(domain)) {
        buffer_append(out, name);
        return true;
    }
    if (slice_take_byte(&name, '.')) buffer_append_byte(out, '.');
    if (!is_ascii(slice_sub(domain, 0, from)) ||
        smtp_domain_parse(arena, name, &unicode, &labels) != SMTP_ADDRESS_OK)
        return false;
    buffer_append(out, labels);
    return true;
}

/* As contact_address_read makes addresses: in lower case, whatever the script. */
static bool pattern_write(struct arena *arena, struct slice text, struct buffer *out) {
    size_t at = slice_find_last_byte(text, '@');
    size_t local_bytes = at == SLICE_NOT_FOUND ? text.len : at + 1;
    contact_address_lower(slice_sub(text, 0, local_bytes), out);
    struct buffer domain = buffer_new(2 * (size_t)STORE_ADDRESS_BYTES_MAX);
    contact_address_lower(slice_skip(text, local_bytes), &domain);
    bool is_good = domain_part_write(arena, buffer_slice(&domain), out);
    buffer_free(&domain);
    return is_good && !buffer_overflowed(out);
}

static bool pattern_read(struct arena *arena, struct slice text, struct slice *value) {
    if (text.len > STORE_ADDRESS_BYTES_MAX || count_stars(text) > SUPPRESSION_STARS_MAX) return false;
    if (!says_something(text) || !utf8_valid(text)) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] == 0x7f) return false;
    struct buffer out = buffer_new(STORE_ADDRESS_BYTES_MAX);
    bool is_good = pattern_write(arena, text, &out) && arena_try_copy(arena, buffer_slice(&out), value);
    buffer_free(&out);
    return is_good;
}

static bool domain_read(struct arena *arena, struct slice text, struct slice *value) {
    struct slice unicode;
    (void)slice_take_byte(&text, '@');
    return slice_find_byte(text, '.') != SLICE_NOT_FOUND &&
           smtp_domain_parse(arena, text, &unicode, value) == SMTP_ADDRESS_OK;
}

bool suppression_read(struct arena *arena, struct slice text, struct suppression *suppression) {
    struct slice domain;
    struct slice written;
    text = slice_trim(text);
    if (count_stars(text)) {
        suppression->kind = SUPPRESSION_PATTERN;
        return pattern_read(arena, text, &suppression->value);
    }
    size_t at = slice_find_byte(text, '@');
    if (at == SLICE_NOT_FOUND || at == 0) {
        suppression->kind = SUPPRESSION_DOMAIN;
        return domain_read(arena, text, &suppression->value);
    }
    suppression->kind = SUPPRESSION_ADDRESS;
    return contact_address_read(arena, text, &suppression->value, &domain, &written) == CONTACT_ADDRESS_OK;
}

bool suppression_pattern_fits(struct slice pattern, struct slice address) {
    return pattern_fits(pattern, address);
}

/* ---- as bytes ---- */

void suppression_pack(struct buffer *out, const struct suppression *suppression) {
    pack_number(out, suppression->kind);
    pack_number(out, suppression->reason);
    pack_slice(out, suppression->value);
    pack_slice(out, suppression->detail);
    pack_time(out, suppression->at_ms);
}

void suppression_unpack(struct unpacker *in, struct suppression *suppression) {
    suppression->kind = (enum suppression_kind)unpack_number_max(in, SUPPRESSION_HASH);
    suppression->reason = (enum suppression_reason)unpack_number_max(in, REASONS - 1);
    suppression->value = unpack_slice(in);
    suppression->detail = unpack_slice(in);
    suppression->at_ms = unpack_time(in);
}

void suppression_batch_pack(struct buffer *out, const struct suppression_batch *batch) {
    pack_number(out, batch->tenant);
    pack_number(out, batch->count);
    for (size_t i = 0; i < batch->count; i++) suppression_pack(out, &batch->rows[i]);
}

void suppression_batch_unpack(struct unpacker *in, struct arena *arena, struct suppression_batch *batch) {
    uint64_t count = 0;
    batch->tenant = unpack_number(in);
    struct suppression *rows = unpack_array(in, arena, &count, ROW_PACKED_BYTES_MIN, sizeof *rows);
    for (uint64_t i = 0; i < count; i++) suppression_unpack(in, &rows[i]);
    batch->rows = rows;
    batch->count = count;
}

void suppression_query_pack(struct buffer *out, const struct suppression_query *query) {
    pack_number(out, query->tenant);
    pack_number(out, query->after_kind);
    pack_slice(out, query->after);
    pack_number(out, query->max);
}

void suppression_query_unpack(struct unpacker *in, struct suppression_query *query) {
    query->tenant = unpack_number(in);
    query->after_kind = (enum suppression_kind)unpack_number_max(in, SUPPRESSION_HASH);
    query->after = unpack_slice(in);
    query->max = unpack_number_max(in, SUPPRESSION_PAGE_ROWS);
}
