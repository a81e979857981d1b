/*
 * APPEND and MULTIAPPEND (RFC 9051 6.3.12, RFC 3502, RFC 3516 4.4, RFC 4315 3, RFC 7889 5, RFC 6855 4). The
 * message flows from the connection into intake a piece at a time, made canonical on the way; the
 * store is asked once, when the last message of the command is whole. Whatever breaks off before
 * leaves nothing behind.
 *
 * What can be refused is refused before the client sends it: the answer then comes in place of
 * the `+`. A literal that comes unasked is left out by the frame, so the session stays in step.
 */
#include "base/limits.h"
#include "imap/imap_commands.h"
#include "intake/judge.h"
#include "wire/binary_mime.h"
#include "wire/canonical_lines.h"

/* Of one message: 50 addresses at most. */
enum { APPEND_JUDGED_BYTES_MAX = 64 * 1024, APPEND_JUDGED_ARENA_BYTES = 192 * 1024 };

/* One message on its way in. */
struct message {
    struct intake *intake;
    struct canonical_lines lines;
    /* Of a literal8 (RFC 3516 4.4): what makes lines of it; or NULL. */
    struct binary_mime *binary;
    struct buffer piece;
    enum intake_result result;
    bool has_nul;
};

struct append_run {
    struct imap_call *call;
    struct mailbox mailbox;
    struct append *appends;
    struct intake **intakes;
    size_t count;
    /* Pieces of the command behind streamed literals. */
    struct arena *pieces;
    /* Whom messages are to. */
    struct arena *judged;
};

static struct imap_answer answer_of_intake(enum intake_result result) {
    switch (result) {
    case INTAKE_TOO_BIG:
        return ANSWER_NO("TOOBIG", "The message is too large");
    case INTAKE_BUSY:
    case INTAKE_FULL:
        return ANSWER_NO("UNAVAILABLE", "There is no room now, try again later");
    case INTAKE_FAILED:
        return ANSWER_NO("UNAVAILABLE", "Not possible now, try again later");
    default:
        return ANSWER_OK("");
    }
}

static void make_lines(struct message *message, struct slice piece) {
    struct byte_sink sink = byte_sink_of_buffer(&message->piece);
    if (message->binary) {
        binary_mime_write(message->binary, piece, sink);
        message->has_nul = binary_mime_has_nul(message->binary);
        return;
    }
    message->has_nul = message->has_nul || slice_find_byte(piece, 0) != SLICE_NOT_FOUND;
    canonical_lines_write(&message->lines, piece, sink);
}

static void finish_lines(struct message *message) {
    struct byte_sink sink = byte_sink_of_buffer(&message->piece);
    buffer_clear(&message->piece);
    if (message->binary)
        binary_mime_finish(message->binary, sink);
    else
        canonical_lines_finish(&message->lines, sink);
    binary_mime_free(&message->binary);
}

static void feed(struct task *t, struct message *message, struct slice bytes) {
    while (bytes.len && message->result == INTAKE_OK) {
        struct slice piece = slice_take(&bytes, IMAP_APPEND_PIECE_BYTES);
        buffer_clear(&message->piece);
        make_lines(message, piece);
        message->result = intake_feed(t, message->intake, buffer_slice(&message->piece));
    }
}

/* Reads the streamed literal off the connection; what cannot be used any more is read all the same, so
   that the session stays in step. False: the connection ended before. */
static bool stream_literal(struct task *t, struct imap_call *call, struct message *message, uint64_t len) {
    struct conn *conn = &call->session->conn;
    while (len) {
        struct slice there =
            slice_sub(conn_input(conn), 0, len < IMAP_APPEND_PIECE_BYTES ? len : IMAP_APPEND_PIECE_BYTES);
        if (there.len == 0) {
            if (conn_fill(t, conn) <= 0) return false;
            continue;
        }
        feed(t, message, there);
        conn_consume(conn, there.len);
        len -= there.len;
    }
    return true;
}

/* What can be said against a message before it is there. */
static struct imap_answer check_message(struct append_run *run, const struct imap_append_message *message) {
    const struct imap_session *session = run->call->session;
    if (run->count == IMAP_APPEND_MESSAGES_MAX) return ANSWER_NO("LIMIT", "Too many messages at once");
    if (message->literal.bytes > session->server->settings.message_bytes_max)
        return ANSWER_NO("TOOBIG", "The message is too large");
    if (message->utf8 && !imap_is_utf8(session)) return ANSWER_BAD("Enable UTF8=ACCEPT first");
    /* RFC 3502 6.3.11: an empty message cancels. */
    if (message->literal.bytes == 0) return ANSWER_NO("CANNOT", "An empty message");
    return ANSWER_OK("");
}

static void begin_streaming(struct imap_call *call, const struct imap_literal *literal) {
    imap_frame_stream(&call->session->input.frame);
    if (!literal->nonsync) imap_reply_continue(call->out, SLICE("OK"));
}

static void describe(struct append_run *run, const struct imap_append_message *message,
                     struct append *append) {
    struct imap_server *server = run->call->session->server;
    append->id = store_client_new_id(server->store);
    append->mailbox = run->mailbox.id;
    append->flags = message->flags.system;
    append->keywords = message->flags.keywords;
    append->keyword_count = message->flags.keyword_count;
    append->saved_ms = message->has_date ? message->date.utc_ms : env_wall_ms(server->env);
}

/* What is put into Sent was written by hand: who sends campaigns from this mailbox wants to know to whom. */
static void judge(struct append_run *run, const struct intake *intake, struct append *append) {
    struct answer_facts facts;
    if (run->mailbox.special_use != SPECIAL_SENT) return;
    struct buffer judged = buffer_new(APPEND_JUDGED_BYTES_MAX);
    judge_written(run->judged, intake_analysis(intake), &facts);
    answer_facts_pack(&judged, &facts);
    if (!buffer_overflowed(&judged)) append->judged = arena_copy(run->judged, buffer_slice(&judged));
    buffer_free(&judged);
}

/* Takes in one message. An answer that is not OK ends the command. */
static struct imap_answer take_message(struct task *t, struct append_run *run,
                                       const struct imap_append_message *asked) {
    struct imap_call *call = run->call;
    struct imap_answer answer = check_message(run, asked);
    if (answer.status != IMAP_REPLY_OK) return answer;
    struct message message = {.lines = canonical_lines_new(),
                              .piece = buffer_new(4 * IMAP_APPEND_PIECE_BYTES)};
    /* Canonical lines, and base64, can make it longer than it came. */
    uint64_t bytes_max = 2 * call->session->server->settings.message_bytes_max;
    message.result = intake_begin(call->session->server->intake, bytes_max, &message.intake);
    if (message.result != INTAKE_OK) return answer_of_intake(message.result);
    if (run->mailbox.special_use == SPECIAL_SENT) intake_addressees(message.intake);
    struct append *append = &run->appends[run->count];
    run->intakes[run->count++] = message.intake;
    bool is_alive = true;
    /* RFC 6855 4 has a literal8 too, for lines in UTF-8. */
    if (asked->literal.binary && !asked->utf8) message.binary = binary_mime_new();
    if (asked->literal.streamed) {
        begin_streaming(call, &asked->literal);
        is_alive = stream_literal(t, call, &message, asked->literal.bytes);
    } else {
        feed(t, &message, asked->literal.data);
    }
    finish_lines(&message);
    if (is_alive && message.result == INTAKE_OK)
        message.result = intake_feed(t, message.intake, buffer_slice(&message.piece));
    if (is_alive && message.result == INTAKE_OK)
        message.result = intake_finish(t, message.intake, &append->body, &append->facts);
    describe(run, asked, append);
    if (is_alive && message.result == INTAKE_OK) judge(run, message.intake, append);
    buffer_free(&message.piece);
    if (!is_alive) return ANSWER_NONE;
    /* RFC 9051 6.3.12: no NUL in a message. */
    return message.has_nul ? ANSWER_NO("CANNOT", "The message has NUL bytes")
                           : answer_of_intake(message.result);
}

/* Reads the command on behind a streamed literal. */
static struct imap_answer read_on(struct task *t, struct append_run *run,
                                  const struct imap_append_message *previous) {
    struct imap_session *session = run->call->session;
    struct buffer rest = buffer_new(2 * IMAP_COMMAND_BYTES_MAX);
    struct imap_answer answer = ANSWER_NONE;
    if (imap_input_continue(t, &session->conn, &session->input, &rest) == 0) {
        enum imap_frame_event event = session->input.result.event;
        bool is_whole = event == IMAP_FRAME_COMMAND || event == IMAP_FRAME_LITERAL;
        if (!is_whole)
            answer = ANSWER_NO("TOOBIG", "The message, or the command, is too large");
        else if (imap_append_continue(buffer_slice(&rest), run->pieces, previous, run->call->command))
            answer = ANSWER_BAD("Cannot parse what follows the message");
        else
            answer = ANSWER_OK("");
    }
    buffer_free(&rest);
    return answer;
}

/* After an error: a command whose end is still to come is read to it, and not run. */
static bool skip_rest(struct task *t, struct append_run *run) {
    struct imap_session *session = run->call->session;
    struct buffer rest = buffer_new(2 * IMAP_COMMAND_BYTES_MAX);
    bool is_alive = imap_input_continue(t, &session->conn, &session->input, &rest) == 0;
    buffer_free(&rest);
    return is_alive;
}

static struct imap_answer take_messages(struct task *t, struct append_run *run) {
    struct imap_append *append = &run->call->command->append;
    for (;;) {
        const struct imap_append_message *message = append->first;
        for (; message; message = message->next) {
            bool was_streamed = message->literal.streamed;
            size_t before = run->count;
            struct imap_answer answer = take_message(t, run, message);
            if (answer.is_none) return answer;
            if (answer.status == IMAP_REPLY_OK) continue;
            /* Its literal was read, so the frame waits for the rest of the command. */
            bool was_read = was_streamed && run->count > before;
            return !was_read || skip_rest(t, run) ? answer : ANSWER_NONE;
        }
        if (append->complete) return ANSWER_OK("");
        struct imap_answer answer = read_on(t, run, append->last);
        if (answer.is_none || answer.status != IMAP_REPLY_OK) return answer;
    }
}

static struct imap_answer commit(struct task *t, struct append_run *run) {
    struct imap_session *session = run->call->session;
    struct append_result stored;
    enum store_result result = store_append(t, session->server->store, run->appends, run->count, &stored);
    if (result != STORE_OK) return imap_answer_of_target(result);
    session->appended_count += run->count;
    struct buffer text = buffer_new(128);
    struct number_range uids = {stored.first_uid, (uint32_t)(stored.first_uid + run->count - 1)};
    imap_reply_appenduid(&text, stored.uidvalidity, &uids, 1);
    struct slice code = arena_copy(run->call->work, buffer_slice(&text));
    buffer_free(&text);
    return (struct imap_answer){IMAP_REPLY_OK, false, code, SLICE("Appended")};
}

struct imap_answer imap_run_append(struct task *t, struct imap_call *call) {
    struct append_run run = {.call = call};
    enum store_result found = imap_call_mailbox(call, call->command->append.mailbox, &run.mailbox);
    if (found != STORE_OK) return imap_answer_of_target(found);
    run.appends = ARENA_NEW_ARRAY(call->work, struct append, IMAP_APPEND_MESSAGES_MAX);
    run.intakes = ARENA_NEW_ARRAY(call->work, struct intake *, IMAP_APPEND_MESSAGES_MAX);
    run.pieces = arena_new(IMAP_COMMAND_ARENA_BYTES_MAX * 2);
    run.judged = arena_new((size_t)IMAP_APPEND_MESSAGES_MAX * APPEND_JUDGED_ARENA_BYTES);
    struct imap_answer answer = take_messages(t, &run);
    if (!answer.is_none && answer.status == IMAP_REPLY_OK) answer = commit(t, &run);
    for (size_t i = 0; i < run.count; i++) intake_free(&run.intakes[i]);
    arena_free(&run.judged);
    arena_free(&run.pieces);
    return answer;
}
