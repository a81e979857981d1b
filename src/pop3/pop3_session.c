#include "pop3/pop3_session.h"

#include <stdlib.h>

#include "base/limits.h"
#include "pop3/pop3_line.h"
#include "pop3/pop3_maildrop.h"
#include "pop3/pop3_message_send.h"
#include "pop3/pop3_say.h"
#include "wire/pop3_command.h"

enum { TEXT_BYTES_MAX = 256, FIND_MEMORY_BYTES = 256 * 1024 };

struct pop3_session {
    struct conn conn;
    struct pop3_server *server;
    struct pop3_line line;
    struct pop3_maildrop drop;
    struct login_identity identity;
    uint64_t session;
    unsigned errors;
    unsigned retrieved;
    bool has_lock;
};

typedef void session_handler(struct task *t, struct pop3_session *session,
                             const struct pop3_command *command);

static void say_error(struct pop3_session *session, enum pop3_response_code code, struct slice text) {
    pop3_say_error(&session->conn, code, text);
    if (++session->errors >= POP3_ERRORS_MAX) conn_close(&session->conn);
}

/* "+OK" with two numbers and, where given, a text between them and behind. */
static void say_numbers(struct pop3_session *session, uint64_t first, const char *between, uint64_t second,
                        const char *behind) {
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    buffer_append_number(&text, first);
    buffer_append_text(&text, between);
    buffer_append_number(&text, second);
    buffer_append_text(&text, behind);
    pop3_say_ok(&session->conn, buffer_slice(&text));
    buffer_free(&text);
}

/* The message that the command names, or NULL and the error is said. */
static struct pop3_message *message_of(struct pop3_session *session, const struct pop3_command *command) {
    struct pop3_message *message = pop3_maildrop_get(&session->drop, command->message);
    if (!message) say_error(session, POP3_CODE_NONE, SLICE("No such message"));
    return message;
}

static void on_stat(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    say_numbers(session, pop3_maildrop_left(&session->drop), " ", session->drop.bytes, "");
}

/* What LIST and UIDL say of a message, behind its number. */
typedef void describe_fn(const struct pop3_session *session, const struct pop3_message *message,
                         struct buffer *text);

static void describe_size(const struct pop3_session *session, const struct pop3_message *message,
                          struct buffer *text) {
    buffer_append_number(text, message->bytes);
}

/* RFC 1939 7: unique for ever, since UIDs are never used again under one UIDVALIDITY. */
static void describe_uid(const struct pop3_session *session, const struct pop3_message *message,
                         struct buffer *text) {
    buffer_printf(text, "%08x%08x", session->drop.uidvalidity, message->uid);
}

static void list_all(struct task *t, struct pop3_session *session, describe_fn *describe) {
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    say_numbers(session, pop3_maildrop_left(&session->drop), " messages (", session->drop.bytes, " octets)");
    for (size_t i = 0; i < session->drop.count; i++) {
        const struct pop3_message *message = &session->drop.messages[i];
        if (message->is_deleted) continue;
        buffer_clear(&text);
        buffer_append_number(&text, i + 1);
        buffer_append_byte(&text, ' ');
        describe(session, message, &text);
        pop3_say_line(&session->conn, buffer_slice(&text));
        if (conn_relieve(t, &session->conn)) break;
    }
    pop3_say_end(&session->conn);
    buffer_free(&text);
}

static void list_one(struct pop3_session *session, const struct pop3_command *command,
                     describe_fn *describe) {
    const struct pop3_message *message = message_of(session, command);
    if (!message) return;
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    buffer_append_number(&text, command->message);
    buffer_append_byte(&text, ' ');
    describe(session, message, &text);
    pop3_say_ok(&session->conn, buffer_slice(&text));
    buffer_free(&text);
}

static void list(struct task *t, struct pop3_session *session, const struct pop3_command *command,
                 describe_fn *describe) {
    if (command->has_message)
        list_one(session, command, describe);
    else
        list_all(t, session, describe);
}

static void on_list(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    list(t, session, command, describe_size);
}

static void on_uidl(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    list(t, session, command, describe_uid);
}

static void on_retr(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    const struct pop3_message *message = message_of(session, command);
    if (!message) return;
    session->retrieved++;
    pop3_message_retrieve(t, &session->conn, session->server->reader, &session->drop, message);
}

static void on_top(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    const struct pop3_message *message = message_of(session, command);
    if (message)
        pop3_message_top(t, &session->conn, session->server->reader, &session->drop, message,
                         command->line_count);
}

static void on_dele(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    struct pop3_message *message = message_of(session, command);
    if (!message) return;
    pop3_maildrop_mark(&session->drop, message);
    pop3_say_ok(&session->conn, SLICE("Marked to be deleted"));
}

static void on_rset(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    pop3_maildrop_unmark_all(&session->drop);
    say_numbers(session, session->drop.count, " messages (", session->drop.bytes, " octets)");
}

static void on_noop(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    pop3_say_ok(&session->conn, SLICE_EMPTY);
}

/* RFC 2449 5. */
static void on_capa(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    static const struct slice lines[] = {SLICE_INIT("TOP"), SLICE_INIT("UIDL"), SLICE_INIT("RESP-CODES"),
                                         SLICE_INIT("PIPELINING"), SLICE_INIT("EXPIRE NEVER")};
    pop3_say_ok(&session->conn, SLICE("Capability list follows"));
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) pop3_say_line(&session->conn, lines[i]);
    pop3_say_end(&session->conn);
}

static void unlock(struct pop3_session *session) {
    if (session->has_lock) (void)map_remove_id(session->server->locks, session->drop.mailbox);
    session->has_lock = false;
}

/* RFC 1939 6: the UPDATE state. All that is marked goes in one commit, or none of it. */
static enum store_result remove_marked(struct task *t, struct pop3_session *session) {
    uint64_t modseq = 0;
    if (session->drop.deleted_count == 0) return STORE_OK;
    struct uid_ranges uids;
    struct uid_range *ranges = pop3_maildrop_marked(&session->drop, &uids.count);
    uids.ranges = ranges;
    enum store_result result =
        store_expunge(t, session->server->store, session->drop.mailbox, uids, false, &modseq);
    free(ranges);
    return result;
}

static void on_quit(struct task *t, struct pop3_session *session, const struct pop3_command *command) {
    enum store_result result = remove_marked(t, session);
    LOG_INFO(session->conn.env->log, "pop3.quit", LOG_ID("session", session->session),
             LOG_NUMBER("retrieved", session->retrieved), LOG_NUMBER("deleted", session->drop.deleted_count),
             LOG_NUMBER("result", result));
    /* The next session of an impatient client may begin as soon as it reads this. */
    unlock(session);
    if (result == STORE_OK)
        pop3_say_ok(&session->conn, SLICE("Goodbye"));
    else
        pop3_say_error(&session->conn, POP3_CODE_SYSTEM_TEMPORARY, SLICE("Some messages were not deleted"));
    conn_close(&session->conn);
}

static const struct session_row {
    enum pop3_verb verb;
    session_handler *handle;
} session_rows[] = {
    {POP3_VERB_STAT, on_stat}, {POP3_VERB_LIST, on_list}, {POP3_VERB_UIDL, on_uidl},
    {POP3_VERB_RETR, on_retr}, {POP3_VERB_TOP, on_top},   {POP3_VERB_DELE, on_dele},
    {POP3_VERB_RSET, on_rset}, {POP3_VERB_NOOP, on_noop}, {POP3_VERB_CAPA, on_capa},
    {POP3_VERB_QUIT, on_quit},
};

static session_handler *handler_of(enum pop3_verb verb) {
    for (size_t i = 0; i < sizeof session_rows / sizeof session_rows[0]; i++)
        if (session_rows[i].verb == verb) return session_rows[i].handle;
    return NULL;
}

static enum frame_state session_frame(void *context, struct slice input, size_t *len) {
    struct pop3_session *session = context;
    return pop3_line_find(&session->line, input, len);
}

static void session_command(struct task *t, void *context, struct slice bytes) {
    struct pop3_session *session = context;
    if (pop3_line_refuse(&session->line, &session->conn)) return;
    struct pop3_command command;
    enum pop3_command_error error = pop3_command_parse(pop3_line_text(bytes), &command);
    session_handler *handle = handler_of(command.verb);
    if (error)
        say_error(session, POP3_CODE_NONE, pop3_command_error_text(error));
    else if (!handle)
        say_error(session, POP3_CODE_NONE, pop3_refusal_text(command.verb, SLICE("Not after login")));
    else
        handle(t, session, &command);
}

/* The INBOX, its lock, and what is in it. */
static enum store_result session_open(struct task *t, struct pop3_session *session) {
    struct pop3_server *server = session->server;
    struct arena *arena = arena_new(FIND_MEMORY_BYTES);
    struct mailbox mailbox = {0};
    enum store_result result =
        reader_mailbox_find(server->reader, arena, session->identity.account, SLICE("INBOX"), &mailbox);
    arena_free(&arena);
    if (result) return result;
    if (map_get_id(server->locks, mailbox.id)) return STORE_EXISTS;
    session->drop.mailbox = mailbox.id;
    session->drop.uidvalidity = mailbox.uidvalidity;
    (void)map_put_id(server->locks, mailbox.id, session);
    session->has_lock = true;
    return pop3_maildrop_load(t, &session->drop, server->reader);
}

/* The answer to PASS or AUTH, which the edge left to us. */
static void session_first(struct task *t, void *context) {
    struct pop3_session *session = context;
    enum store_result result = session_open(t, session);
    LOG_INFO(session->conn.env->log, "pop3.login", LOG_ID("session", session->session),
             LOG_CSTR("account", session->identity.address), LOG_NUMBER("messages", session->drop.count),
             LOG_NUMBER("result", result));
    if (result == STORE_OK) {
        say_numbers(session, session->drop.count, " messages (", session->drop.bytes, " octets)");
        return;
    }
    if (result == STORE_EXISTS)
        pop3_say_error(&session->conn, POP3_CODE_IN_USE, SLICE("Another session has the mailbox"));
    else
        pop3_say_error(&session->conn, POP3_CODE_SYSTEM_TEMPORARY, SLICE("The mailbox cannot be read now"));
    conn_close(&session->conn);
}

/* RFC 1939 3: the autologout deletes nothing, and says nothing. */
static void session_expired(struct task *t, void *context) {
    struct pop3_session *session = context;
    LOG_INFO(session->conn.env->log, "pop3.expired", LOG_ID("session", session->session));
}

static void session_closed(void *context) {
    struct pop3_session *session = context;
    unlock(session);
    pop3_maildrop_free(&session->drop);
    free(session);
}

static const struct session_ops session_operations = {
    .frame = session_frame, .command = session_command, .expired = session_expired, .closed = session_closed};

void pop3_server_init(struct pop3_server *server, struct env *env, struct store_client *store,
                      struct reader *reader, struct conn_group *group) {
    *server = (struct pop3_server){.env = env, .store = store, .reader = reader, .group = group};
    server->locks = map_new(env_random_u64(env));
}

void pop3_server_fini(struct pop3_server *server) { map_free(&server->locks); }

void pop3_session_start(struct pop3_server *server, struct stream *stream, const struct handover *handover) {
    struct pop3_session *session = calloc(1, sizeof *session);
    if (!session) FATAL("out of memory for a session");
    /* Room for what was pipelined behind the login as well. */
    size_t input_bytes_max = POP3_COMMAND_BYTES_MAX + handover->input.len;
    conn_init(&session->conn, stream, &session_operations, session, server->group, input_bytes_max);
    conn_count(&session->conn, METRIC_PROTOCOL_POP3);
    session->server = server;
    session->identity = handover->identity;
    session->session = handover->session;
    session->line = pop3_line_new(POP3_COMMAND_BYTES_MAX);
    conn_set_idle_ms(&session->conn, POP3_IDLE_MS);
    conn_push_input(&session->conn, handover->input);
    conn_start(&session->conn, session_first);
}
