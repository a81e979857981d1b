#include "transit/reporting_mail.h"

#include "base/encode.h"
#include "wire/date.h"

enum { LINE_BYTES = 76, BOUNDARY_BYTES = 2 * REPORTING_RANDOM_BYTES + 1, FILE_NAME_BYTES_MAX = 1024 };

static void write_recipients(struct buffer *out, const struct reporting_mail *mail) {
    for (size_t i = 0; i < mail->recipient_count; i++)
        buffer_printf(out, "%s<%.*s>", i ? ",\r\n " : "To: ", SLICE_PRINT(mail->recipients[i]));
    buffer_append_text(out, "\r\n");
}

/* RFC 7489 7.2.1.1, RFC 8460 5.1. */
static struct slice file_name(struct buffer *out, const struct reporting_mail *mail) {
    const struct feedback *f = mail->feedback;
    buffer_printf(out, "%.*s!%.*s!%lld!%lld%s", SLICE_PRINT(mail->hostname), SLICE_PRINT(f->domain),
                  (long long)f->begin_s, (long long)f->end_s,
                  f->kind == FEEDBACK_TLS ? "!001.json.gz" : ".xml.gz");
    return buffer_slice(out);
}

/* RFC 8460 5.3: what a receiver may tell it by. Its way must not hang on what it tells of (RFC 8689 5). */
static void write_tls_fields(struct buffer *out, const struct reporting_mail *mail) {
    if (mail->feedback->kind != FEEDBACK_TLS) return;
    buffer_printf(out, "TLS-Report-Domain: %.*s\r\nTLS-Report-Submitter: %.*s\r\nTLS-Required: No\r\n",
                  SLICE_PRINT(mail->feedback->domain), SLICE_PRINT(mail->hostname));
}

static void write_header(struct buffer *out, const struct reporting_mail *mail, struct slice boundary) {
    const struct feedback *f = mail->feedback;
    bool is_tls = f->kind == FEEDBACK_TLS;
    buffer_printf(out, "Return-Path: <%.*s>\r\nDate: ", SLICE_PRINT(mail->sender));
    date_write(out, (struct date){.utc_ms = mail->now_ms});
    buffer_printf(out, "\r\nFrom: <%.*s>\r\n", SLICE_PRINT(mail->sender));
    write_recipients(out, mail);
    buffer_printf(out, "Subject: Report Domain: %.*s\r\n Submitter: %.*s\r\n Report-ID: <%.*s>\r\n",
                  SLICE_PRINT(f->domain), SLICE_PRINT(mail->hostname), SLICE_PRINT(f->id));
    buffer_printf(out, "Message-ID: <%.*s@%.*s>\r\n", SLICE_PRINT(boundary), SLICE_PRINT(mail->hostname));
    write_tls_fields(out, mail);
    buffer_printf(out,
                  "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: %s;\r\n"
                  " boundary=\"%.*s\"\r\n\r\n",
                  is_tls ? "multipart/report; report-type=\"tlsrpt\"" : "multipart/mixed",
                  SLICE_PRINT(boundary));
}

static void write_words(struct buffer *out, const struct reporting_mail *mail) {
    const struct feedback *f = mail->feedback;
    buffer_printf(out,
                  "This is a report about %s,\r\nmade by a program of %.*s.\r\n\r\nDomain: %.*s\r\nFrom: ",
                  f->kind == FEEDBACK_TLS ? "TLS on the way to your hosts (RFC 8460)"
                                          : "DMARC and mail in the name of your domain (RFC 9990)",
                  SLICE_PRINT(mail->hostname), SLICE_PRINT(f->domain));
    date_write(out, (struct date){.utc_ms = f->begin_s * 1000});
    buffer_append_text(out, "\r\nTo: ");
    date_write(out, (struct date){.utc_ms = f->end_s * 1000});
    buffer_append_text(out, "\r\n");
    if (f->left_out)
        buffer_printf(out, "\r\nThere was too much for one report: %llu %s not told of in detail.\r\n",
                      (unsigned long long)f->left_out,
                      f->kind == FEEDBACK_TLS ? "connections are" : "messages are");
}

static void write_base64(struct buffer *out, struct slice bytes) {
    while (bytes.len) {
        base64_encode(out, slice_take(&bytes, LINE_BYTES / 4 * 3));
        buffer_append_text(out, "\r\n");
    }
}

static void write_parts(struct buffer *out, const struct reporting_mail *mail, struct slice boundary) {
    struct buffer name = buffer_new(FILE_NAME_BYTES_MAX);
    bool is_tls = mail->feedback->kind == FEEDBACK_TLS;
    struct slice file = file_name(&name, mail);
    buffer_printf(out, "--%.*s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n", SLICE_PRINT(boundary));
    write_words(out, mail);
    buffer_printf(out,
                  "--%.*s\r\nContent-Type: application/%s\r\nContent-Transfer-Encoding: base64\r\n"
                  "Content-Disposition: attachment;\r\n filename=\"%.*s\"\r\n\r\n",
                  SLICE_PRINT(boundary), is_tls ? "tlsrpt+gzip" : "gzip", SLICE_PRINT(file));
    write_base64(out, mail->packed);
    buffer_printf(out, "--%.*s--\r\n", SLICE_PRINT(boundary));
    buffer_free(&name);
}

void reporting_mail_write(struct buffer *out, const struct reporting_mail *mail) {
    struct buffer boundary = buffer_new(BOUNDARY_BYTES);
    hex_encode(&boundary, slice_of(mail->random, sizeof mail->random));
    write_header(out, mail, buffer_slice(&boundary));
    write_parts(out, mail, buffer_slice(&boundary));
    buffer_free(&boundary);
}
