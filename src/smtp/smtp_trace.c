/* What a server writes in front of a message, and the loops that such lines tell of. */
#include <stdio.h>

#include "smtp/smtp_reception.h"
#include "wire/date.h"
#include "wire/header.h"

/* RFC 5321 4.1.3 */
static void write_literal(struct buffer *out, const char *address) {
    bool is_v6 = slice_find_byte(slice_from_text(address), ':') != SLICE_NOT_FOUND;
    buffer_append_text(out, is_v6 ? "[IPv6:" : "[");
    buffer_append_text(out, address);
    buffer_append_text(out, "]");
}

/* "from mail.example ([192.0.2.1])": what it calls itself, where that can stand here, and what it is. */
static void write_from(struct buffer *out, const struct smtp_session *session) {
    buffer_append_text(out, "Received: from ");
    buffer_append(out, session->is_helo_name ? smtp_session_helo(session) : SLICE("unknown"));
    if (*session->peer.address) {
        buffer_append_text(out, " (");
        write_literal(out, session->peer.address);
        buffer_append_text(out, ")");
    }
    buffer_append_text(out, "\r\n");
}

/* RFC 3848, RFC 6531 4.3 */
static void write_protocol(struct buffer *out, const struct smtp_session *session) {
    const char *base = session->transaction->is_utf8 ? "UTF8SMTP" : session->is_extended ? "ESMTP" : "SMTP";
    buffer_append_text(out, base);
    /* Plain SMTP knows neither. */
    if (!session->is_extended) return;
    if (session->is_tls) buffer_append_text(out, "S");
    if (session->is_logged_in) buffer_append_text(out, "A");
}

static void write_received(struct buffer *out, const struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    write_from(out, session);
    buffer_append_text(out, "\tby ");
    buffer_append_text(out, session->server->login->hostname);
    buffer_append_text(out, " with ");
    write_protocol(out, session);
    buffer_append_text(out, " id ");
    buffer_append_id(out, transaction->reception->id);
    buffer_append_text(out, "\r\n");
    if (session->is_tls && *session->security) buffer_printf(out, "\t(%s)\r\n", session->security);
    buffer_append_text(out, "\t");
    /* RFC 5321 7.2: more than one would tell them of each other. */
    if (transaction->recipient_count == 1) {
        buffer_append_text(out, "for <");
        buffer_append(out, transaction->first_recipient);
        buffer_append_text(out, ">");
    }
    buffer_append_text(out, "; ");
    date_write(out, (struct date){.utc_ms = transaction->reception->received_ms});
    buffer_append_text(out, "\r\n");
}

static bool is_forwarded(const struct smtp_transaction *transaction) {
    for (size_t i = 0; i < transaction->queue.count; i++)
        if (transaction->queue.items[i].is_forwarded) return true;
    return false;
}

/* Also what is forwarded has it: a circle through another host ends when it comes round for the first time.
 */
static bool has_delivered_to(const struct smtp_transaction *transaction) {
    return transaction->recipient_count == 1 &&
           (transaction->accounts.count > 0 || is_forwarded(transaction));
}

void smtp_trace_write(struct buffer *out, const struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    /* RFC 5321 4.4: only final delivery says so. */
    if (transaction->accounts.count) {
        buffer_append_text(out, "Return-Path: <");
        buffer_append(out, transaction->mail_from);
        buffer_append_text(out, ">\r\n");
    }
    if (has_delivered_to(transaction)) {
        buffer_append_text(out, "Delivered-To: ");
        buffer_append(out, transaction->first_recipient);
        buffer_append_text(out, "\r\n");
    }
    write_received(out, session);
}

void smtp_trace_complete(struct buffer *out, const struct smtp_session *session, struct slice header) {
    const struct smtp_reception *reception = session->transaction->reception;
    struct slice value;
    /* RFC 6409 8.1 */
    if (!header_find(header, SLICE("Date"), &value)) {
        buffer_append_text(out, "Date: ");
        date_write(out, (struct date){.utc_ms = reception->received_ms});
        buffer_append_text(out, "\r\n");
    }
    /* RFC 6409 8.2 */
    if (!header_find(header, SLICE("Message-ID"), &value))
        buffer_printf(out, "Message-ID: <%016llx@%s>\r\n", (unsigned long long)reception->id,
                      session->server->login->hostname);
}

bool smtp_trace_is_loop(const struct smtp_session *session, const struct analysis *analysis) {
    const struct smtp_transaction *transaction = session->transaction;
    /* The one on top is ours. */
    if (analysis->received_count > SMTP_RECEIVED_MAX + 1u) return true;
    if (!has_delivered_to(transaction)) return false;
    for (size_t i = 1; i < analysis->delivered_to.count; i++)
        if (slice_equal_nocase(slice_trim(analysis->delivered_to.items[i]), transaction->first_recipient))
            return true;
    return false;
}
