/* Running a session: its commands through the table, the sync point behind them, its beginning and end. */
#include <stdlib.h>

#include "base/limits.h"
#include "imap/imap_capability.h"
#include "imap/imap_commands.h"
#include "imap/imap_sync.h"

/* ---- running a command ---- */

static struct imap_answer check_need(const struct imap_session *session, const struct imap_row *row) {
    if (!row) return ANSWER_BAD("This command is not supported");
    if (row->need != IMAP_NEED_NOTHING && !session->view) return ANSWER_BAD("Select a mailbox first");
    if (row->need == IMAP_NEED_WRITABLE && session->is_read_only)
        return ANSWER_NO("NOPERM", "The mailbox is open read-only");
    return ANSWER_OK("");
}

static enum imap_sync_kind sync_of(const struct imap_row *row, const struct imap_command *command) {
    bool is_shifted = row->sync == IMAP_SYNC_WITHOUT_EXPUNGE && command->uid;
    return is_shifted ? IMAP_SYNC_ALL : row->sync;
}

static struct imap_answer run_row(struct task *t, struct imap_call *call) {
    const struct imap_row *row = imap_row_find(call->command->kind);
    struct imap_answer answer = check_need(call->session, row);
    if (answer.status != IMAP_REPLY_OK) return answer;
    answer = row->run(t, call);
    enum imap_sync_kind sync = sync_of(row, call->command);
    if (sync != IMAP_SYNC_NONE && !call->session->conn.is_closing) imap_sync(t, call, sync == IMAP_SYNC_ALL);
    return answer;
}

/* Endless nonsense is no mail client. */
static void count_error(struct imap_session *session, bool is_error) {
    session->errors_in_row = is_error ? (uint8_t)(session->errors_in_row + 1) : 0;
    if (session->errors_in_row < IMAP_ERRORS_MAX) return;
    imap_reply_bye(&session->conn.out, SLICE("Too many errors"));
    conn_close(&session->conn);
}

static void run_parsed(struct task *t, struct imap_session *session, struct imap_command *command) {
    struct arena *work = arena_new(session->server->env->budgets->imap_work_bytes);
    struct imap_call call = {.session = session, .command = command, .work = work, .out = &session->conn.out};
    session->command_count++;
    struct imap_answer answer = run_row(t, &call);
    if (!answer.is_none) imap_reply_tagged(call.out, command->tag, answer.status, answer.code, answer.text);
    count_error(session, !answer.is_none && answer.status == IMAP_REPLY_BAD);
    arena_free(&work);
}

static void run_bytes(struct task *t, struct imap_session *session, struct slice bytes) {
    struct arena *arena = arena_new(IMAP_COMMAND_ARENA_BYTES_MAX);
    struct imap_command command;
    enum imap_parse_error error = imap_command_parse(bytes, arena, imap_is_utf8(session), &command);
    bool is_cut = session->input.result.event == IMAP_FRAME_LITERAL;
    if (error == IMAP_PARSE_OK && is_cut && command.kind != IMAP_COMMAND_APPEND) {
        imap_reply_tagged(&session->conn.out, command.tag, IMAP_REPLY_BAD, SLICE("TOOBIG"),
                          SLICE("This literal is too large"));
    } else if (error == IMAP_PARSE_OK) {
        run_parsed(t, session, &command);
    } else {
        imap_reply_parse_error(&session->conn.out, &command);
        count_error(session, true);
    }
    arena_free(&arena);
}

static void end_idle(struct imap_session *session, struct slice line) {
    struct slice tag = slice_from_text(session->tag);
    session->is_idling = false;
    conn_set_idle_ms(&session->conn, IMAP_SESSION_IDLE_MS);
    conn_set_silent(&session->conn, false);
    /* RFC 2177 3 */
    if (imap_line_is_done(line))
        imap_reply_tagged(&session->conn.out, tag, IMAP_REPLY_OK, SLICE_EMPTY, SLICE("IDLE ended"));
    else
        imap_reply_tagged(&session->conn.out, tag, IMAP_REPLY_BAD, SLICE_EMPTY, SLICE("Expected DONE"));
    imap_session_set_tag(session, SLICE_EMPTY);
}

static void refuse(struct imap_session *session, struct slice bytes, struct slice text) {
    imap_reply_tagged(&session->conn.out, imap_input_tag(bytes), IMAP_REPLY_BAD, SLICE("TOOBIG"), text);
}

static void session_command(struct task *t, void *context, struct slice bytes) {
    struct imap_session *session = context;
    switch (session->input.result.event) {
    case IMAP_FRAME_CONTINUE:
        imap_reply_continue(&session->conn.out, SLICE("OK"));
        return;
    case IMAP_FRAME_LITERAL_REFUSED:
        refuse(session, bytes, SLICE("The literal is too large"));
        return;
    case IMAP_FRAME_TOO_LONG:
        refuse(session, bytes, SLICE("The command is too long"));
        return;
    case IMAP_FRAME_COMMAND:
    case IMAP_FRAME_LITERAL:
        if (session->is_idling)
            end_idle(session, bytes);
        else
            run_bytes(t, session, bytes);
        return;
    default:
        return;
    }
}

/* ---- the conn's other callbacks ---- */

static enum frame_state session_frame(void *context, struct slice input, size_t *len) {
    struct imap_session *session = context;
    return imap_input_look(&session->input, input, len);
}

/* News while idling. */
static void session_posted(struct task *t, void *context) {
    struct imap_session *session = context;
    if (!session->is_idling || !session->view) return;
    struct arena *work = arena_new(session->server->env->budgets->imap_work_bytes);
    struct imap_command idle = {.kind = IMAP_COMMAND_IDLE};
    struct imap_call call = {.session = session, .command = &idle, .work = work, .out = &session->conn.out};
    imap_sync(t, &call, true);
    arena_free(&work);
}

static void session_expired(struct task *t, void *context) {
    (void)t;
    struct imap_session *session = context;
    imap_reply_bye(&session->conn.out, SLICE("Autologout after a long silence"));
}

static struct imap_account *account_of(struct imap_server *server, uint64_t id) {
    struct imap_account *account = map_get_id(server->accounts, id);
    if (account) return account;
    account = calloc(1, sizeof *account);
    if (!account) FATAL("out of memory for an account");
    (void)map_put_id(server->accounts, id, account);
    return account;
}

static void account_leave(struct imap_server *server, uint64_t id) {
    struct imap_account *account = map_get_id(server->accounts, id);
    if (--account->sessions) return;
    free(map_remove_id(server->accounts, id));
}

static void session_closed(void *context) {
    struct imap_session *session = context;
    imap_session_unselect(session);
    if (session->is_compressed) session->server->compressed_count--;
    account_leave(session->server, session->account);
    LOG_INFO(session->server->env->log, "imap.logout", LOG_ID("session", session->id),
             LOG_CSTR("account", session->address), LOG_NUMBER("commands", session->command_count),
             LOG_NUMBER("fetched", session->fetched_count), LOG_NUMBER("appended", session->appended_count));
    free(session->tag);
    free(session->address);
    free(session);
}

static const struct session_ops ops = {.frame = session_frame,
                                       .command = session_command,
                                       .posted = session_posted,
                                       .expired = session_expired,
                                       .closed = session_closed};

/* ---- the beginning ---- */

static void greet(struct task *t, void *context) {
    (void)t;
    struct imap_session *session = context;
    struct slice tag = slice_from_text(session->tag);
    if (session->is_refused) {
        imap_reply_tagged(&session->conn.out, tag, IMAP_REPLY_NO, SLICE("LIMIT"),
                          SLICE("The account has too many connections"));
        imap_reply_bye(&session->conn.out, SLICE("Too many connections"));
        conn_close(&session->conn);
        return;
    }
    struct buffer code = buffer_new(KIB(4));
    imap_capability_write(&code, IMAP_STATE_LOGGED_IN | IMAP_STATE_PRIVATE, SLICE_EMPTY);
    imap_reply_tagged(&session->conn.out, tag, IMAP_REPLY_OK, buffer_slice(&code), SLICE("Logged in"));
    buffer_free(&code);
    imap_session_set_tag(session, SLICE_EMPTY);
}

static struct imap_session *session_new(struct imap_server *server, const struct handover *handover) {
    struct imap_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for a session");
    session->server = server;
    session->account = handover->identity.account;
    session->tenant = handover->identity.tenant;
    session->id = handover->session;
    session->is_tls = handover->is_tls;
    session->address = strdup(handover->identity.address);
    if (!session->address) FATAL("out of memory for a session");
    imap_session_set_tag(session, slice_from_text(handover->tag));
    session->input = imap_input_new((struct imap_frame_limits){
        IMAP_COMMAND_BYTES_MAX, IMAP_LITERAL_COLLECTED_BYTES_MAX, server->settings.message_bytes_max});
    list_init(&session->in_view);
    return session;
}

static bool is_one_too_many(struct imap_session *session, const struct peer *peer) {
    const struct imap_settings *settings = &session->server->settings;
    struct imap_account *account = account_of(session->server, session->account);
    return ++account->sessions > (peer->is_loopback ? settings->account_connections_loopback_max
                                                    : settings->account_connections_max);
}

void imap_session_start(struct imap_server *server, struct stream *stream, const struct handover *handover) {
    struct imap_session *session = session_new(server, handover);
    session->is_refused = is_one_too_many(session, &handover->peer);
    LOG_INFO(server->env->log, "imap.login", LOG_ID("session", session->id),
             LOG_CSTR("account", session->address), LOG_CSTR("address", handover->peer.address),
             LOG_CSTR("mechanism", handover->mechanism), LOG_CSTR("security", handover->security));
    conn_init(&session->conn, stream, &ops, session, server->group, IMAP_COMMAND_BYTES_MAX);
    conn_count(&session->conn, METRIC_PROTOCOL_IMAP);
    conn_set_idle_ms(&session->conn, IMAP_SESSION_IDLE_MS);
    conn_set_step_ms(&session->conn, IMAP_STEP_MS);
    conn_push_input(&session->conn, handover->input);
    conn_start(&session->conn, greet);
}
