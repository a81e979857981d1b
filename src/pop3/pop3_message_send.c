#include "pop3/pop3_message_send.h"

#include "base/limits.h"
#include "pop3/pop3_say.h"

enum { ENTRY_MEMORY_BYTES = 16 * 1024 * 1024, PIECE_BYTES = BODY_FRAME_BYTES };

/* A message on its way out. */
struct sending {
    struct conn *conn;
    struct reader *reader;
    struct entry entry;
    uint64_t offset;
    struct buffer piece;
};

/* Where the body lies; it may have been expunged by another device meanwhile. */
static enum store_result find_body(struct reader *reader, const struct pop3_maildrop *drop, uint32_t uid,
                                   struct sending *sending) {
    struct arena *arena = arena_new(ENTRY_MEMORY_BYTES);
    struct uid_range range = {uid, uid};
    struct entry *entries = NULL;
    size_t count = 0;
    enum store_result result = reader_entries(reader, arena, drop->mailbox, (struct uid_ranges){&range, 1},
                                              uid, ENTRY_FLAGS | ENTRY_PLACE, 1, &entries, &count);
    if (result == STORE_OK && count == 0) result = STORE_NOT_FOUND;
    if (result == STORE_OK) {
        sending->entry = entries[0];
    }
    arena_free(&arena);
    return result;
}

/* A NUL is never sent raw: Outlook stops there. Its place stays, so that sizes and parts do. */
static void replace_nuls(struct buffer *piece) {
    uint8_t *end = piece->ptr + piece->len;
    for (uint8_t *at = piece->ptr; at < end && (at = memchr(at, 0, (size_t)(end - at))); at++) *at = 0x80;
}

/* The next piece; an empty one is the end. */
static enum store_result read_piece(struct sending *sending) {
    buffer_clear(&sending->piece);
    if (sending->offset >= sending->entry.raw_bytes) return STORE_OK;
    enum store_result result =
        reader_entry_body(sending->reader, &sending->entry, sending->offset, PIECE_BYTES, &sending->piece);
    if (result) return result;
    if (sending->piece.len == 0) return STORE_FAILED;
    replace_nuls(&sending->piece);
    sending->offset += sending->piece.len;
    return STORE_OK;
}

static void say_failure(struct conn *conn, enum store_result result) {
    if (result == STORE_NOT_FOUND)
        pop3_say_error(conn, POP3_CODE_NONE, SLICE("The message is gone"));
    else
        pop3_say_error(conn, POP3_CODE_SYSTEM_PERMANENT, SLICE("The message cannot be read"));
}

/* Finds the message and reads its first piece, so that most errors can still be told. */
static enum store_result sending_begin(struct sending *sending, const struct pop3_maildrop *drop,
                                       const struct pop3_message *message) {
    enum store_result result = find_body(sending->reader, drop, message->uid, sending);
    if (result == STORE_OK) result = read_piece(sending);
    if (result == STORE_OK) return STORE_OK;
    if (result != STORE_NOT_FOUND)
        LOG_ERROR(sending->conn->env->log, "pop3.unreadable", LOG_ID("mailbox", drop->mailbox),
                  LOG_NUMBER("uid", message->uid));
    say_failure(sending->conn, result);
    buffer_free(&sending->piece);
    return result;
}

/* Sends what is buffered when it is much, and reads on. False: no more, or the connection is ending. */
static bool sending_next(struct task *t, struct sending *sending) {
    if (conn_relieve(t, sending->conn)) return false;
    if (read_piece(sending)) {
        conn_abort(sending->conn);
        return false;
    }
    return sending->piece.len > 0;
}

static struct sending sending_new(struct conn *conn, struct reader *reader) {
    return (struct sending){.conn = conn, .reader = reader, .piece = buffer_new(PIECE_BYTES)};
}

void pop3_message_retrieve(struct task *t, struct conn *conn, struct reader *reader,
                           const struct pop3_maildrop *drop, const struct pop3_message *message) {
    struct sending sending = sending_new(conn, reader);
    if (sending_begin(&sending, drop, message)) return;
    struct byte_sink sink = byte_sink_of_buffer(&conn->out);
    struct smtp_data_writer writer = smtp_data_writer_new();
    struct buffer text = buffer_new(64);
    buffer_append_number(&text, message->bytes);
    buffer_append_text(&text, " octets");
    pop3_say_ok(conn, buffer_slice(&text));
    buffer_free(&text);
    bool has_more = sending.piece.len > 0;
    while (has_more) {
        smtp_data_write(&writer, buffer_slice(&sending.piece), sink);
        has_more = sending_next(t, &sending);
    }
    smtp_data_finish(&writer, sink);
    if (conn->is_closing) conn_abort(conn);
    buffer_free(&sending.piece);
}

void pop3_message_top(struct task *t, struct conn *conn, struct reader *reader,
                      const struct pop3_maildrop *drop, const struct pop3_message *message,
                      uint32_t line_count) {
    struct sending sending = sending_new(conn, reader);
    if (sending_begin(&sending, drop, message)) return;
    struct byte_sink sink = byte_sink_of_buffer(&conn->out);
    struct pop3_top top = pop3_top_new(line_count);
    pop3_say_ok(conn, SLICE("Top of message follows"));
    bool has_more = sending.piece.len > 0;
    while (has_more) {
        pop3_top_write(&top, buffer_slice(&sending.piece), sink);
        has_more = !top.is_full && sending_next(t, &sending);
    }
    pop3_top_finish(&top, sink);
    if (conn->is_closing) conn_abort(conn);
    buffer_free(&sending.piece);
}
