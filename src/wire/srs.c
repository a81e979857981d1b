#include "wire/srs.h"

#include "base/limits.h"
#include "wire/scram_secret.h"

enum { HASH_CHARS = 8, DAY_CHARS = 2, DAYS = 1024, DAY_MS = 24 * 3600 * 1000, HMAC_BYTES = 32 };

/* RFC 4648 6, in lower case. */
static const char base32[33] = "abcdefghijklmnopqrstuvwxyz234567";

static void write_lower(struct buffer *out, struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) buffer_append_byte(out, ascii_lower(bytes.ptr[i]));
}

/* Of `signed_part`, which says of itself what it is. */
static void make_hash(const struct srs *srs, struct slice signed_part, char hash[HASH_CHARS]) {
    uint8_t mac[HMAC_BYTES];
    struct buffer lower = buffer_new(SMTP_ADDRESS_BYTES_MAX);
    write_lower(&lower, signed_part);
    scram_hmac(SCRAM_HASH_SHA_256, srs->secret, buffer_slice(&lower), mac);
    buffer_free(&lower);
    uint64_t bits = 0;
    for (int i = 0; i < 5; i++) bits = bits << 8 | mac[i];
    for (int i = HASH_CHARS - 1; i >= 0; i--, bits >>= 5) hash[i] = base32[bits & 31];
}

static bool hash_is_right(const struct srs *srs, struct slice hash, struct slice signed_part) {
    char right[HASH_CHARS];
    if (hash.len != HASH_CHARS || signed_part.len > SMTP_ADDRESS_BYTES_MAX) return false;
    make_hash(srs, signed_part, right);
    unsigned difference = 0;
    for (size_t i = 0; i < HASH_CHARS; i++)
        difference |= (unsigned)(uint8_t)right[i] ^ ascii_lower(hash.ptr[i]);
    return difference == 0;
}

static unsigned day_of(int64_t wall_ms) { return (unsigned)(wall_ms / DAY_MS % DAYS + DAYS) % DAYS; }

static bool read_day(struct slice text, unsigned *day) {
    *day = 0;
    for (size_t i = 0; i < text.len; i++) {
        size_t value = slice_find_byte(slice_of(base32, 32), ascii_lower(text.ptr[i]));
        if (value == SLICE_NOT_FOUND) return false;
        *day = *day << 5 | (unsigned)value;
    }
    return text.len == DAY_CHARS;
}

/* The part up to the next "=", and behind it. */
static bool take_field(struct slice *rest, struct slice *field) {
    *field = slice_take_until(rest, '=');
    return slice_take_byte(rest, '=') && field->len > 0;
}

/* "SRS0" and a separator, of which others have three. */
static bool starts_as(struct slice local, struct slice kind) {
    if (!slice_take_prefix_nocase(&local, kind) || local.len < 2) return false;
    return local.ptr[0] == '=' || local.ptr[0] == '+' || local.ptr[0] == '-';
}

/* What stands behind the hash; its first byte, which is left out of the address, says what is signed. */
static void write_signed(struct buffer *out, struct slice local, struct slice domain, unsigned day) {
    struct slice rest = slice_skip(local, 5);
    struct slice hash;
    struct slice first;
    if (starts_as(local, SLICE("SRS1")) && take_field(&rest, &hash) && take_field(&rest, &first) &&
        rest.len) {
        buffer_append_byte(out, '1');
        buffer_append(out, first);
        buffer_append_byte(out, '=');
        buffer_append(out, rest);
    } else if (starts_as(local, SLICE("SRS0"))) {
        buffer_append_byte(out, '1');
        buffer_append(out, domain);
        buffer_append_byte(out, '=');
        buffer_append(out, slice_skip(local, 4));
    } else {
        buffer_printf(out, "0%c%c=", base32[day >> 5], base32[day & 31]);
        buffer_append(out, domain);
        buffer_append_byte(out, '=');
        buffer_append(out, local);
    }
}

enum srs_result srs_encode(const struct srs *srs, struct slice local, struct slice domain, struct slice ours,
                           struct buffer *out) {
    char hash[HASH_CHARS];
    struct buffer part = buffer_new(SMTP_PATH_BYTES_MAX);
    write_signed(&part, local, domain, day_of(srs->wall_ms));
    size_t len = sizeof "SRS0==@" - 1 + HASH_CHARS + part.len - 1 + ours.len;
    bool fits = !buffer_overflowed(&part) && len <= SMTP_PATH_BYTES_MAX;
    if (fits) {
        make_hash(srs, buffer_slice(&part), hash);
        buffer_printf(out, "SRS%c=%.*s=", part.ptr[0], HASH_CHARS, hash);
        buffer_append(out, slice_skip(buffer_slice(&part), 1));
        buffer_append_byte(out, '@');
        buffer_append(out, ours);
    }
    buffer_free(&part);
    return fits ? SRS_OK : SRS_UNFIT;
}

/* `rest`: behind "SRS0=". */
static enum srs_result decode_original(const struct srs *srs, struct slice rest, struct buffer *out) {
    struct slice day_text;
    struct slice domain;
    unsigned day;
    if (!take_field(&rest, &day_text) || !take_field(&rest, &domain) || rest.len == 0 ||
        !read_day(day_text, &day))
        return SRS_FORGED;
    if ((day_of(srs->wall_ms) + DAYS - day) % DAYS > SRS_VALID_DAYS) return SRS_EXPIRED;
    buffer_append(out, rest);
    buffer_append_byte(out, '@');
    buffer_append(out, domain);
    return SRS_OK;
}

static enum srs_result decode_first_host(struct slice rest, struct buffer *out) {
    struct slice first;
    if (!take_field(&rest, &first) || rest.len == 0) return SRS_FORGED;
    buffer_append_text(out, "SRS0");
    buffer_append(out, rest);
    buffer_append_byte(out, '@');
    buffer_append(out, first);
    return SRS_OK;
}

/* "0" or "1", and what stands behind the hash. */
static bool is_signed(const struct srs *srs, uint8_t kind, struct slice hash, struct slice rest) {
    struct buffer part = buffer_new(SMTP_ADDRESS_BYTES_MAX);
    buffer_append_byte(&part, kind);
    buffer_append(&part, rest);
    bool is_right = !buffer_overflowed(&part) && hash_is_right(srs, hash, buffer_slice(&part));
    buffer_free(&part);
    return is_right;
}

enum srs_result srs_decode(const struct srs *srs, struct slice local, struct buffer *out) {
    struct slice hash;
    bool is_first = slice_starts_nocase(local, SLICE("SRS0="));
    if (!is_first && !slice_starts_nocase(local, SLICE("SRS1="))) return SRS_NONE;
    struct slice rest = slice_skip(local, 5);
    if (!take_field(&rest, &hash) || !is_signed(srs, local.ptr[3], hash, rest)) return SRS_FORGED;
    return is_first ? decode_original(srs, rest, out) : decode_first_host(rest, out);
}
