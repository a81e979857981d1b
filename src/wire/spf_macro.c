#include "wire/spf_macro.h"

#include "base/limits.h"

/* RFC 7208 7.3. */
enum { NAME_TEXT_BYTES_MAX = 253, NAME_HELD_BYTES = 4 * DNS_NAME_BYTES_MAX };

/* A run of literal bytes, or a macro. */
struct piece {
    struct slice literal;
    /* 0: a literal. In lower case. */
    uint8_t letter;
    bool is_macro;
    bool is_escaped;
    bool is_reversed;
    /* So many at the right; 0: all. */
    size_t parts;
    struct slice delimiters;
};

const char *spf_error_words(enum spf_error error) {
    static const char *const words[SPF_ERRORS] = {
        [SPF_OK] = "nothing is wrong",
        [SPF_END] = "nothing is there",
        [SPF_BYTE] = "a byte that is no visible ASCII character",
        [SPF_MECHANISM] = "there is no such mechanism",
        [SPF_ARGUMENT_MISSING] = "it needs a value",
        [SPF_ARGUMENT_UNWANTED] = "what stands behind its name does not belong there",
        [SPF_DOMAIN_EMPTY] = "no domain is named",
        [SPF_DOMAIN_END] = "the domain does not end in a dot and a top-level label, nor in a macro",
        [SPF_DOMAIN_IS_ADDRESS] = "an address where a domain belongs; addresses go with ip4: and ip6:",
        [SPF_NETWORK] = "no address of this family",
        [SPF_PREFIX_LENGTH] = "no length of a prefix",
        [SPF_MACRO] = "a % that begins no macro; %% stands for a percent sign",
        [SPF_MACRO_LETTER] = "there is no macro with this letter",
        [SPF_MACRO_PLACE] = "a macro that only explanations may have",
        [SPF_MACRO_PARTS] = "a macro that keeps 0 parts",
        [SPF_REDIRECT_TWICE] = "redirect= is there twice",
        [SPF_EXPLANATION_TWICE] = "exp= is there twice",
    };
    return words[error];
}

/* ---- syntax ---- */

static bool is_letter_of(const char *letters, uint8_t letter) { return letter && strchr(letters, letter); }

/* *DIGIT, which may be any number (RFC 7208 7.3: at least 127 must be understood). */
static enum spf_error take_parts(struct slice *rest, size_t *parts) {
    bool is_there = false;
    for (; rest->len && ascii_is_digit(rest->ptr[0]); *rest = slice_skip(*rest, 1)) {
        if (*parts < DNS_NAME_BYTES_MAX) *parts = *parts * 10 + (size_t)(rest->ptr[0] - '0');
        is_there = true;
    }
    return is_there && *parts == 0 ? SPF_MACRO_PARTS : SPF_OK;
}

/* What stands behind "%{": RFC 7208 7.1, macro-expand. */
static enum spf_error take_expand(struct slice *rest, struct piece *piece) {
    struct slice letter = slice_take(rest, 1);
    if (letter.len == 0) return SPF_MACRO;
    piece->letter = ascii_lower(letter.ptr[0]);
    piece->is_escaped = piece->letter != letter.ptr[0];
    if (!is_letter_of("slodiphcrtv", piece->letter)) return SPF_MACRO_LETTER;
    enum spf_error error = take_parts(rest, &piece->parts);
    if (error != SPF_OK) return error;
    piece->is_reversed = slice_take_byte(rest, 'r') || slice_take_byte(rest, 'R');
    size_t len = 0;
    while (len < rest->len && is_letter_of(".-+,/_=", rest->ptr[len])) len++;
    piece->delimiters = slice_take(rest, len);
    return slice_take_byte(rest, '}') ? SPF_OK : SPF_MACRO;
}

static enum spf_error take_macro(struct slice *rest, struct piece *piece) {
    piece->is_macro = true;
    if (slice_take_prefix(rest, SLICE("%{"))) return take_expand(rest, piece);
    if (slice_take_prefix(rest, SLICE("%%")))
        piece->literal = SLICE("%");
    else if (slice_take_prefix(rest, SLICE("%_")))
        piece->literal = SLICE(" ");
    else if (slice_take_prefix(rest, SLICE("%-")))
        piece->literal = SLICE("%20");
    else
        return SPF_MACRO;
    return SPF_OK;
}

/* Of a text that is not empty. */
static enum spf_error take_piece(struct slice *rest, struct piece *piece) {
    *piece = (struct piece){0};
    if (rest->ptr[0] == '%') return take_macro(rest, piece);
    piece->literal = slice_take_until(rest, '%');
    return SPF_OK;
}

/* macro-literal: visible characters (RFC 7208 7.1). */
static bool is_visible(struct slice literal, bool has_spaces) {
    for (size_t i = 0; i < literal.len; i++)
        if (literal.ptr[i] <= ' ' || literal.ptr[i] > '~')
            if (literal.ptr[i] != ' ' || !has_spaces) return false;
    return true;
}

/* Checks the whole text, and gives its last piece. */
static enum spf_error check_pieces(struct slice text, bool is_explanation, struct piece *last) {
    *last = (struct piece){0};
    while (text.len) {
        enum spf_error error = take_piece(&text, last);
        if (error != SPF_OK) return error;
        if (!last->is_macro && !is_visible(last->literal, is_explanation)) return SPF_BYTE;
    }
    return SPF_OK;
}

/* RFC 7208 7.2: c, r and t are for explanations. */
static bool has_letter(struct slice text, const char *letters) {
    struct piece piece;
    while (text.len && take_piece(&text, &piece) == SPF_OK)
        if (is_letter_of(letters, piece.letter)) return true;
    return false;
}

/* RFC 7208 7.1, toplabel: letters, digits and hyphens, not all digits, no hyphen at either end. */
static bool is_top_label(struct slice label) {
    bool is_number = true;
    if (label.len == 0 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') return false;
    for (size_t i = 0; i < label.len; i++) {
        if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-') return false;
        if (!ascii_is_digit(label.ptr[i])) is_number = false;
    }
    return !is_number;
}

/* A domain-spec ends in a macro, or in "." toplabel [ "." ]. */
static bool ends_well(const struct piece *last) {
    struct slice end = last->literal;
    if (last->is_macro) return true;
    if (end.len && end.ptr[end.len - 1] == '.') end.len--;
    size_t dot = slice_find_last_byte(end, '.');
    return dot != SLICE_NOT_FOUND && is_top_label(slice_skip(end, dot + 1));
}

enum spf_error spf_domain_check(struct slice text) {
    struct piece last;
    struct dns_address address;
    enum spf_error error = check_pieces(text, false, &last);
    if (text.len == 0) return SPF_DOMAIN_EMPTY;
    if (error != SPF_OK) return error;
    if (has_letter(text, "crt")) return SPF_MACRO_PLACE;
    if (dns_address_parse(text, &address)) return SPF_DOMAIN_IS_ADDRESS;
    return ends_well(&last) ? SPF_OK : SPF_DOMAIN_END;
}

enum spf_error spf_macro_string_check(struct slice text) {
    struct piece last;
    enum spf_error error = check_pieces(text, false, &last);
    return error == SPF_OK && has_letter(text, "crt") ? SPF_MACRO_PLACE : error;
}

enum spf_error spf_explanation_check(struct slice text) {
    struct piece last;
    return check_pieces(text, true, &last);
}

bool spf_macro_has_p(struct slice text) { return has_letter(text, "p"); }

/* ---- expansion ---- */

/* RFC 7208 7.2: dotted quads, or the 32 nibbles, whose letters nobody tells apart in DNS. */
static void append_dotted(const struct dns_address *address, struct buffer *out) {
    if (address->len == 4) {
        dns_address_text(address, out);
        return;
    }
    for (size_t i = 0; i < address->len; i++)
        buffer_printf(out, "%s%X.%X", i ? "." : "", address->bytes[i] >> 4, address->bytes[i] & 15);
}

static struct slice value_of(uint8_t letter, const struct spf_values *values, struct buffer *scratch) {
    buffer_clear(scratch);
    switch (letter) {
    case 's':
        return values->sender;
    case 'l':
        return values->local_part;
    case 'o':
        return values->sender_domain;
    case 'd':
        return values->domain;
    case 'h':
        return values->helo;
    case 'p':
        return values->client_name;
    case 'r':
        return values->receiver;
    case 'v':
        return values->address.len == 4 ? SLICE("in-addr") : SLICE("ip6");
    case 'i':
        append_dotted(&values->address, scratch);
        break;
    case 'c':
        dns_address_text(&values->address, scratch);
        break;
    default:
        buffer_printf(scratch, "%lld", (long long)values->now_s);
    }
    return buffer_slice(scratch);
}

/* RFC 7208 7.3: all but the unreserved characters of RFC 3986 2.3. */
static void append_escaped(struct buffer *out, struct slice part) {
    for (size_t i = 0; i < part.len; i++) {
        uint8_t byte = part.ptr[i];
        if (ascii_is_alnum(byte) || is_letter_of("-._~", byte))
            buffer_append_byte(out, byte);
        else
            buffer_printf(out, "%%%02X", byte);
    }
}

static void append_part(struct buffer *out, struct slice part, const struct piece *piece) {
    if (piece->is_escaped)
        append_escaped(out, part);
    else
        buffer_append(out, part);
}

static bool is_delimiter(const struct piece *piece, uint8_t byte) {
    if (piece->delimiters.len == 0) return byte == '.';
    return slice_find_byte(piece->delimiters, byte) != SLICE_NOT_FOUND;
}

static struct slice right_parts(struct slice value, const struct piece *piece) {
    size_t from = value.len;
    size_t found = 0;
    if (piece->parts == 0) return value;
    while (from > 0) {
        if (is_delimiter(piece, value.ptr[from - 1]) && ++found == piece->parts) break;
        from--;
    }
    return slice_skip(value, from);
}

static struct slice left_parts(struct slice value, const struct piece *piece) {
    size_t len = 0;
    size_t found = 0;
    if (piece->parts == 0) return value;
    while (len < value.len) {
        if (is_delimiter(piece, value.ptr[len]) && ++found == piece->parts) break;
        len++;
    }
    return slice_sub(value, 0, len);
}

static void append_forward(struct buffer *out, struct slice value, const struct piece *piece) {
    size_t from = 0;
    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && !is_delimiter(piece, value.ptr[i])) continue;
        append_part(out, slice_sub(value, from, i - from), piece);
        if (i < value.len) buffer_append_byte(out, '.');
        from = i + 1;
    }
}

static void append_backward(struct buffer *out, struct slice value, const struct piece *piece) {
    size_t to = value.len;
    for (size_t i = value.len + 1; i > 0; i--) {
        if (i > 1 && !is_delimiter(piece, value.ptr[i - 2])) continue;
        append_part(out, slice_sub(value, i - 1, to - (i - 1)), piece);
        if (i > 1) {
            buffer_append_byte(out, '.');
            to = i - 2;
        }
    }
}

/* RFC 7208 7.3: split, turned round, cut to the parts at the right, and joined with dots. Those at the right
   are, before it is turned, those at the left. */
static void append_value(struct buffer *out, struct slice value, const struct piece *piece) {
    if (piece->is_reversed)
        append_backward(out, left_parts(value, piece), piece);
    else
        append_forward(out, right_parts(value, piece), piece);
}

static void append_piece(struct buffer *out, const struct piece *piece, const struct spf_values *values,
                         struct buffer *scratch) {
    if (piece->letter == 0)
        buffer_append(out, piece->literal);
    else
        append_value(out, value_of(piece->letter, values, scratch), piece);
}

/* Only the right end counts: what is left of it is let go as it comes. */
static void let_go(struct buffer *out) {
    if (out->len > NAME_HELD_BYTES) buffer_consume(out, out->len - DNS_NAME_BYTES_MAX);
}

/* RFC 7208 7.3: labels go from the left until the rest fits. */
static void cut_labels(struct buffer *out) {
    if (out->len <= NAME_TEXT_BYTES_MAX) return;
    buffer_consume(out, out->len - NAME_TEXT_BYTES_MAX - 1);
    size_t dot = slice_find_byte(buffer_slice(out), '.');
    buffer_consume(out, dot == SLICE_NOT_FOUND ? out->len : dot + 1);
}

void spf_expand_name(struct slice text, const struct spf_values *values, struct buffer *out) {
    struct buffer expanded = buffer_new(SIZE_MAX);
    struct buffer scratch = buffer_new(DNS_NAME_BYTES_MAX);
    struct piece piece;
    while (text.len && take_piece(&text, &piece) == SPF_OK) {
        append_piece(&expanded, &piece, values, &scratch);
        let_go(&expanded);
    }
    if (expanded.len && expanded.ptr[expanded.len - 1] == '.') buffer_truncate(&expanded, expanded.len - 1);
    cut_labels(&expanded);
    buffer_append(out, buffer_slice(&expanded));
    buffer_free(&expanded);
    buffer_free(&scratch);
}

void spf_expand_text(struct slice text, const struct spf_values *values, struct buffer *out) {
    struct buffer scratch = buffer_new(DNS_NAME_BYTES_MAX);
    struct piece piece;
    while (text.len && !buffer_overflowed(out) && take_piece(&text, &piece) == SPF_OK)
        append_piece(out, &piece, values, &scratch);
    buffer_free(&scratch);
}
