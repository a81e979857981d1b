#include "trust/dkim_compose.h"

#include <stdio.h>

#include "base/encode.h"
#include "trust/dkim_hash.h"
#include "wire/address_split.h"

enum { COLUMNS = 76, WORD_BYTES_MAX = 1024 };

/* ---- writing ---- */

struct dkim_writer dkim_writer_new(struct buffer *out, const char *field_name) {
    buffer_printf(out, "%s:", field_name);
    return (struct dkim_writer){out, out->len};
}

static void write_part(struct dkim_writer *writer, struct slice part) {
    buffer_append(writer->out, part);
    writer->column += part.len;
}

static void fold(struct dkim_writer *writer) {
    buffer_append(writer->out, SLICE("\r\n "));
    writer->column = 1;
}

static void write_word(struct dkim_writer *writer, struct slice word) {
    if (writer->column + 1 + word.len > COLUMNS)
        fold(writer);
    else
        write_part(writer, SLICE(" "));
    write_part(writer, word);
}

void dkim_write_tag(struct dkim_writer *writer, const char *format, ...) {
    char word[WORD_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(word, sizeof word, format, arguments);
    va_end(arguments);
    ASSERT(len >= 0 && (size_t)len < sizeof word);
    write_word(writer, slice_of(word, (size_t)len));
}

void dkim_write_names(struct dkim_writer *writer, struct slice names) {
    write_word(writer, SLICE("h="));
    while (names.len) {
        struct slice name = slice_take_until(&names, ':');
        bool is_last = !slice_take_byte(&names, ':');
        if (writer->column + name.len + 1 > COLUMNS) fold(writer);
        write_part(writer, name);
        write_part(writer, is_last ? SLICE(";") : SLICE(":"));
    }
}

void dkim_write_signature_start(struct dkim_writer *writer) {
    fold(writer);
    write_part(writer, SLICE("b="));
}

/* ---- what is covered ---- */

struct covered {
    const char *name;
    /* RFC 6376 5.4.2: listed once more than it is there. */
    bool is_oversigned;
};

static const struct covered covered[] = {
    {"From", true},
    {"Subject", true},
    {"Date", true},
    {"To", true},
    {"Cc", true},
    {"Reply-To", true},
    {"Message-ID", true},
    {"In-Reply-To", true},
    {"References", true},
    {"MIME-Version", true},
    {"Content-Type", true},
    {"Content-Transfer-Encoding", true},
    {"Content-Disposition", true},
    {"List-Unsubscribe", true},
    {"List-Unsubscribe-Post", true},
    {"Sender", false},
    {"List-Id", false},
    {"List-Help", false},
    {"List-Post", false},
    {"List-Owner", false},
    {"List-Subscribe", false},
    {"List-Archive", false},
    {"Feedback-ID", false},
    {"Auto-Submitted", false},
    {"Resent-Date", false},
    {"Resent-From", false},
    {"Resent-Sender", false},
    {"Resent-To", false},
    {"Resent-Cc", false},
    {"Resent-Message-ID", false},
};

static void append_name(struct buffer *out, const char *name, size_t times) {
    for (size_t i = 0; i < times; i++) buffer_printf(out, "%s%s", out->len ? ":" : "", name);
}

static size_t count_of(const struct dkim_header *header, const char *name) {
    size_t first;
    return dkim_header_find(header, slice_from_text(name), &first);
}

bool dkim_covered_names(const struct dkim_header *header, enum dkim_coverage coverage, struct buffer *out) {
    size_t listed = 0;
    for (size_t i = 0; i < sizeof covered / sizeof covered[0]; i++) {
        bool is_once_more = coverage == DKIM_COVER_OVERSIGNED && covered[i].is_oversigned;
        size_t times = count_of(header, covered[i].name) + is_once_more;
        listed += times;
        if (listed > DKIM_SIGNED_FIELDS_MAX) return false;
        append_name(out, covered[i].name, times);
    }
    if (coverage == DKIM_COVER_OVERSIGNED) return true;
    size_t signatures = count_of(header, "DKIM-Signature");
    if (listed + signatures > DKIM_SIGNED_FIELDS_MAX) return false;
    append_name(out, "DKIM-Signature", signatures);
    return true;
}

/* ---- checks, and the digest ---- */

static bool is_ascii_name(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] >= 0x80) return false;
    return dkim_is_name(name);
}

/* RFC 6376 3.5, i=: what is written is not quoted, so it may not need it. */
static bool is_plain_identity(struct slice identity, struct slice domain) {
    struct slice local;
    struct slice behind;
    if (!address_split(identity, &local, &behind) || identity.len > SMTP_ADDRESS_BYTES_MAX) return false;
    for (size_t i = 0; i < identity.len; i++)
        if (identity.ptr[i] <= ' ' || identity.ptr[i] >= 0x7f ||
            memchr(";=\\\"(),:<>[]", identity.ptr[i], 12))
            return false;
    return dkim_is_within(behind, domain);
}

enum dkim_sign_result dkim_signer_check(const struct dkim_signer *signer) {
    bool is_good = is_ascii_name(signer->domain) && is_ascii_name(signer->selector) &&
                   (signer->identity.len == 0 || is_plain_identity(signer->identity, signer->domain));
    return is_good ? DKIM_SIGN_OK : DKIM_SIGN_BAD_SIGNER;
}

enum dkim_sign_result dkim_signing_check(const struct dkim_signing *signing) {
    const struct dkim_message *message = dkim_signing_message(signing);
    enum dkim_fault fault = dkim_message_fault(message);
    if (fault) return fault == DKIM_FAULT_HEADER_LINES ? DKIM_SIGN_BAD_LINES : DKIM_SIGN_TOO_LARGE;
    return count_of(dkim_message_header(message), "From") == 1 ? DKIM_SIGN_OK : DKIM_SIGN_NOT_ONE_FROM;
}

void dkim_draft_hash(struct dkim_draft *draft, const struct dkim_header *header, enum dkim_form form,
                     struct slice names) {
    struct dkim_hash hash = dkim_hash_new();
    struct byte_sink sink = dkim_hash_sink(&hash);
    dkim_header_form(header, form, names, NULL, sink);
    dkim_form_field(form, draft->field, sink);
    dkim_hash_end(&hash, draft->digest);
}

static size_t last_column(struct slice field) {
    size_t newline = slice_find_last_byte(field, '\n');
    return newline == SLICE_NOT_FOUND ? field.len : field.len - newline - 1;
}

bool dkim_draft_finish(const struct dkim_draft *draft, struct slice signature, struct buffer *out) {
    if (signature.len == 0 || signature.len > DKIM_SIGNATURE_BYTES_MAX) return false;
    struct buffer text = buffer_new((size_t)2 * DKIM_SIGNATURE_BYTES_MAX);
    base64_encode(&text, signature);
    struct slice rest = buffer_slice(&text);
    buffer_append(out, draft->field);
    struct dkim_writer writer = {out, last_column(draft->field)};
    while (rest.len) {
        if (writer.column >= COLUMNS) fold(&writer);
        write_part(&writer, slice_take(&rest, COLUMNS - writer.column));
    }
    buffer_append(out, SLICE("\r\n"));
    buffer_free(&text);
    return true;
}
