/* A letter as bytes: RFC 5322 fields, RFC 2045 bodies. */
#include <openssl/evp.h>

#include "base/encode.h"
#include "outreach/compose_parts.h"
#include "wire/date.h"
#include "wire/encoded_word_write.h"
#include "wire/quoted_printable.h"

enum { TEXT_LINE_BYTES = 78, BOUNDARY_BYTES = 12 };

/* ---- the header ---- */

static void write_mailbox(struct buffer *out, const char *field, struct slice name, struct slice address) {
    size_t before = out->len;
    buffer_printf(out, "%s: ", field);
    if (name.len) {
        encoded_word_write_name(out, out->len - before, name);
        /* RFC 5322 2.2.3: a fold, so that no line grows too long. */
        buffer_append_text(out, out->len - before + address.len > TEXT_LINE_BYTES - 3 ? "\r\n " : " ");
    }
    buffer_printf(out, "<%.*s>\r\n", SLICE_PRINT(address));
}

static void write_text(struct buffer *out, struct slice name, struct slice value) {
    buffer_printf(out, "%.*s: ", SLICE_PRINT(name));
    encoded_word_write(out, name.len + 2, value);
    buffer_append_text(out, "\r\n");
}

/* RFC 5322 3.6.4: all that went before, where there are too many the first and the newest. */
static void write_references(struct buffer *out, const struct compose_request *request) {
    size_t count = request->reference_count;
    if (count == 0) return;
    buffer_printf(out, "In-Reply-To: <%.*s>\r\nReferences:", SLICE_PRINT(request->references[count - 1]));
    size_t from = count > COMPOSE_REFERENCES_MAX ? count - COMPOSE_REFERENCES_MAX + 1 : 0;
    if (from) buffer_printf(out, " <%.*s>\r\n", SLICE_PRINT(request->references[0]));
    for (size_t i = from; i < count; i++)
        buffer_printf(out, " <%.*s>\r\n", SLICE_PRINT(request->references[i]));
}

static void write_header(struct buffer *out, const struct letter *letter) {
    const struct compose_request *request = letter->request;
    buffer_append_text(out, "Date: ");
    date_write(out, (struct date){request->date_ms, request->zone_minutes});
    buffer_append_text(out, "\r\n");
    write_mailbox(out, "From", letter->from_name, letter->from);
    write_mailbox(out, "To", letter->to_name, letter->to);
    if (letter->reply_to.len) write_mailbox(out, "Reply-To", SLICE_EMPTY, letter->reply_to);
    write_text(out, SLICE("Subject"), letter->subject);
    buffer_printf(out, "Message-ID: <%.*s>\r\n", SLICE_PRINT(request->message_id));
    if (request->sequence->steps[request->step].is_same_thread) write_references(out, request);
    for (size_t i = 0; i < request->sequence->header_count; i++)
        write_text(out, request->sequence->headers[i].name, request->sequence->headers[i].value);
    buffer_append_text(out, "MIME-Version: 1.0\r\n");
}

/* ---- the body ---- */

/* ASCII in lines that RFC 5322 2.1.1 likes: as people's programs send it. */
static bool is_simple(struct slice text) {
    size_t column = 0;
    for (size_t i = 0; i < text.len; i++) {
        column = text.ptr[i] == '\n' ? 0 : column + 1;
        if (column > TEXT_LINE_BYTES || text.ptr[i] >= 0x80) return false;
    }
    return true;
}

static void write_lines(struct buffer *out, struct slice text) {
    while (text.len) {
        buffer_append(out, slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
        buffer_append_text(out, "\r\n");
    }
}

static void write_part(struct buffer *out, const char *type, struct slice text) {
    bool is_7bit = is_simple(text);
    buffer_printf(out, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n", type,
                  is_7bit ? "7bit" : "quoted-printable");
    if (is_7bit)
        write_lines(out, text);
    else
        quoted_printable_text(out, text);
}

/* The same for the same message, and nothing that a text could hold by chance. */
static void make_boundary(struct buffer *boundary, struct slice message_id) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (!EVP_Digest(message_id.ptr, message_id.len, digest, NULL, EVP_sha256(), NULL)) FATAL("no SHA-256");
    buffer_append_text(boundary, "=_");
    hex_encode(boundary, slice_of(digest, BOUNDARY_BYTES));
}

static void write_both(struct buffer *out, const struct letter *letter) {
    struct buffer boundary = buffer_new(2 * BOUNDARY_BYTES + 2);
    make_boundary(&boundary, letter->request->message_id);
    struct slice line = buffer_slice(&boundary);
    buffer_printf(out, "Content-Type: multipart/alternative; boundary=\"%.*s\"\r\n\r\n--%.*s\r\n",
                  SLICE_PRINT(line), SLICE_PRINT(line));
    write_part(out, "plain", letter->body);
    buffer_printf(out, "--%.*s\r\n", SLICE_PRINT(line));
    write_part(out, "html", letter->html);
    buffer_printf(out, "--%.*s--\r\n", SLICE_PRINT(line));
    buffer_free(&boundary);
}

void letter_write(struct buffer *out, const struct letter *letter) {
    write_header(out, letter);
    if (letter->html.len)
        write_both(out, letter);
    else
        write_part(out, "plain", letter->body);
}
