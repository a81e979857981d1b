/*
 * Mail that brings a report of others about our domains (RFC 9990, RFC 8460): it is known by its recipient
 * and by a part that is packed XML or JSON, read here, where strangers' bytes can do the least harm, and kept
 * by the store. Whatever is wrong with it, the mail itself is taken as any other. One is read at a time, and
 * in small pieces, so that no other session waits.
 */
#include "base/limits.h"
#include "filter/body_pieces.h"
#include "smtp/smtp_reception.h"
#include "wire/archive.h"
#include "wire/transfer.h"

enum { XML_PIECE_BYTES = 256 * 1024, WAIT_MS = 30 * 1000 };

/* ---- whether it is one ---- */

static size_t report_addresses(const struct smtp_session *session) {
    const struct smtp_address_list *addresses = &session->transaction->addresses;
    size_t count = 0;
    for (size_t i = 0; i < addresses->count; i++)
        count += feedback_address_is_meant(session->server->settings.feedback.addresses, addresses->items[i]);
    return count;
}

static const struct mime_part *part_of(const struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    bool is_for_us = session->server->settings.feedback.is_read && session->kind == SMTP_PORT_MX &&
                     !session->is_logged_in && report_addresses(session);
    if (!is_for_us) return NULL;
    const struct analysis *analysis = intake_analysis(transaction->reception->intake);
    return analysis && analysis->root ? feedback_part(analysis->root) : NULL;
}

/* ---- its bytes ---- */

/* The part's body, decoded. False: it is too long, or cannot be read. */
static bool read_part(struct task *t, const struct body_source *body, const struct mime_part *part,
                      struct buffer *packed) {
    struct transfer_decoder decoder = transfer_decoder_new(transfer_encoding_of(part->encoding));
    struct body_pieces *pieces = body_pieces_open(body->packed, body->file, body->spool_bytes);
    struct buffer raw = buffer_new(BODY_FRAME_BYTES);
    uint64_t offset = 0;
    uint64_t end = part->body_offset + part->body_len;
    enum body_pieces_status status = BODY_PIECES_DAMAGED;
    while (pieces && offset < end && !buffer_overflowed(packed) &&
           (status = body_pieces_next(pieces, &raw)) == BODY_PIECES_MORE) {
        uint64_t skipped = part->body_offset > offset ? part->body_offset - offset : 0;
        if (skipped < raw.len)
            transfer_decode(&decoder,
                            slice_sub(buffer_slice(&raw), (size_t)skipped, (size_t)(end - offset - skipped)),
                            packed);
        offset += raw.len;
        if (task_yield(t) != WAIT_OK) break;
    }
    transfer_finish(&decoder, packed);
    transfer_decoder_free(&decoder);
    buffer_free(&raw);
    body_pieces_free(&pieces);
    return offset >= end && !buffer_overflowed(packed);
}

static const char *unpack(struct task *t, struct slice packed, struct buffer *document) {
    struct archive *archive = archive_open(packed);
    enum archive_status status = ARCHIVE_MORE;
    while ((status = archive_next(archive, document)) == ARCHIVE_MORE && task_yield(t) == WAIT_OK) {
    }
    archive_free(&archive);
    if (status == ARCHIVE_TOO_LONG) return "it is too long, unpacked";
    return status == ARCHIVE_END ? NULL : "it cannot be unpacked";
}

/* Pieces grow with what was read, so that the longest token costs no more than it is long. */
static enum feedback_result read_xml(struct task *t, struct arena *arena, struct slice document,
                                     struct feedback *feedback) {
    struct dmarc_reader *reader = dmarc_reader_new(arena);
    size_t seen = 0;
    while (document.len) {
        size_t len = seen / 2 > XML_PIECE_BYTES ? seen / 2 : XML_PIECE_BYTES;
        struct slice piece = slice_take(&document, len);
        seen += piece.len;
        if (!dmarc_reader_feed(reader, piece) || task_yield(t) != WAIT_OK) break;
    }
    return dmarc_reader_finish(&reader, feedback);
}

static const char *read_document(struct task *t, struct arena *arena, struct slice document,
                                 struct feedback *feedback) {
    enum feedback_result result = feedback_kind_of(document) == FEEDBACK_DMARC
                                      ? read_xml(t, arena, document, feedback)
                                      : feedback_read(arena, document, feedback);
    return result == FEEDBACK_OK ? NULL : feedback_result_name(result);
}

/* NULL: it was read; else why not. */
static const char *read_report(struct task *t, const struct body_source *body, const struct mime_part *part,
                               struct arena *arena, struct feedback *feedback) {
    struct buffer packed = buffer_new(FEEDBACK_PACKED_BYTES_MAX);
    struct buffer document = buffer_new(FEEDBACK_BYTES_MAX);
    const char *fault = "it is too long";
    if (part->body_len <= 2 * (uint64_t)FEEDBACK_PACKED_BYTES_MAX && read_part(t, body, part, &packed))
        fault = unpack(t, buffer_slice(&packed), &document);
    buffer_free(&packed);
    if (!fault) fault = read_document(t, arena, buffer_slice(&document), feedback);
    buffer_free(&document);
    return fault;
}

/* ---- keeping it ---- */

static struct slice lower_of(struct arena *arena, struct slice text) {
    uint8_t *lower = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) lower[i] = ascii_lower(text.ptr[i]);
    return slice_of(lower, text.len);
}

static enum store_result keep(struct task *t, struct smtp_session *session, const struct feedback *feedback) {
    const struct smtp_reception *reception = session->transaction->reception;
    struct arena *arena = arena_new(4 * (size_t)FEEDBACK_PIECE_BYTES);
    struct buffer details = buffer_new(FEEDBACK_STORED_BYTES_MAX);
    feedback_pack(&details, feedback);
    struct slice author = intake_analysis(reception->intake)->from.domain;
    struct feedback_entry entry = {.received_ms = reception->received_ms,
                                   .kind = feedback->kind,
                                   .domain = lower_of(arena, feedback->domain),
                                   .organization = feedback->organization,
                                   .report = feedback->id,
                                   .author = lower_of(arena, feedback_text(arena, author)),
                                   .trust = reception->author_trust,
                                   .begin_s = feedback->begin_s,
                                   .end_s = feedback->end_s,
                                   .passed = feedback->passed,
                                   .failed = feedback->failed,
                                   .details = buffer_slice(&details)};
    enum store_result result =
        buffer_overflowed(&details) ? STORE_REFUSED : store_feedback_keep(t, session->server->store, &entry);
    buffer_free(&details);
    arena_free(&arena);
    return result;
}

static const char *fault_of(enum store_result result) {
    switch (result) {
    case STORE_OK:
    case STORE_EXISTS:
        return NULL;
    case STORE_NOT_FOUND:
        return "it is about no domain of ours";
    case STORE_OVER_QUOTA:
        return "there are as many today as are kept";
    default:
        return "it cannot be stored";
    }
}

static void log_report(const struct smtp_session *session, const struct feedback *feedback,
                       enum store_result result) {
    LOG_INFO(session->conn.env->log, "feedback.read", LOG_ID("id", session->transaction->reception->id),
             LOG_CSTR("kind", feedback_kind_name(feedback->kind)), LOG_TEXT("domain", feedback->domain),
             LOG_TEXT("of", feedback->organization), LOG_TEXT("report", feedback->id),
             LOG_NUMBER("passed", feedback->passed), LOG_NUMBER("failed", feedback->failed),
             LOG_CSTR("result", result == STORE_EXISTS ? "known" : "kept"));
}

static const char *read_and_keep(struct task *t, struct smtp_session *session,
                                 const struct delivery *delivery, const struct mime_part *part) {
    struct arena *arena = arena_new(FEEDBACK_ARENA_BYTES_MAX);
    struct feedback feedback;
    const char *fault = read_report(t, &delivery->body, part, arena, &feedback);
    if (!fault) {
        session->transaction->reception->is_feedback = true;
        enum store_result result = keep(t, session, &feedback);
        fault = fault_of(result);
        if (!fault) log_report(session, &feedback, result);
    }
    arena_free(&arena);
    return fault;
}

/* False: it does not come to it. */
static bool enter(struct task *t, struct smtp_server *server) {
    int64_t until_ms = env_now_ms(task_env(t)) + WAIT_MS;
    while (server->is_reading_feedback)
        if (gate_wait(t, &server->feedback_read, until_ms) != WAIT_OK) return false;
    server->is_reading_feedback = true;
    return true;
}

static void leave(struct smtp_server *server) {
    server->is_reading_feedback = false;
    gate_open_one(&server->feedback_read);
}

/* All of it is for addresses of reports, and nobody else misses it. */
static bool may_drop(const struct smtp_session *session) {
    const struct smtp_transaction *transaction = session->transaction;
    return session->server->settings.feedback.drops_mail && transaction->queue.count == 0 &&
           transaction->reception->author_trust != FEEDBACK_UNVOUCHED &&
           report_addresses(session) == transaction->recipient_count;
}

void smtp_feedback_read(struct task *t, struct smtp_session *session, const struct delivery *delivery) {
    struct smtp_reception *reception = session->transaction->reception;
    const struct mime_part *part = part_of(session);
    if (!part || !enter(t, session->server)) return;
    const char *fault = read_and_keep(t, session, delivery, part);
    leave(session->server);
    if (!fault)
        reception->is_dropped = may_drop(session);
    else
        LOG_WARN(session->conn.env->log, "feedback.not_kept", LOG_ID("id", reception->id),
                 LOG_TEXT("from", session->transaction->mail_from), LOG_CSTR("reason", fault),
                 LOG_CSTR("next", "the mail itself is taken as any other"));
}
