/*
 * The table of commands, and the way from bytes to a row: tag, an optional UID, a name.
 */
#include "wire/imap_command.h"

#include "wire/imap_command_parts.h"

enum form { FORM_PLAIN, FORM_PLAIN_OR_UID };

struct row {
    struct slice name;
    enum imap_command_kind kind;
    /* NULL: nothing follows the name. */
    void (*parse)(struct imap_lex *lex, struct imap_command *command);
    enum form form;
};

static const struct row rows[] = {
    {SLICE_INIT("CAPABILITY"), IMAP_COMMAND_CAPABILITY, NULL, FORM_PLAIN},
    {SLICE_INIT("NOOP"), IMAP_COMMAND_NOOP, NULL, FORM_PLAIN},
    {SLICE_INIT("LOGOUT"), IMAP_COMMAND_LOGOUT, NULL, FORM_PLAIN},
    {SLICE_INIT("STARTTLS"), IMAP_COMMAND_STARTTLS, NULL, FORM_PLAIN},
    {SLICE_INIT("AUTHENTICATE"), IMAP_COMMAND_AUTHENTICATE, imap_command_authenticate, FORM_PLAIN},
    {SLICE_INIT("LOGIN"), IMAP_COMMAND_LOGIN, imap_command_login, FORM_PLAIN},
    {SLICE_INIT("ENABLE"), IMAP_COMMAND_ENABLE, imap_command_enable, FORM_PLAIN},
    {SLICE_INIT("ID"), IMAP_COMMAND_ID, imap_command_id, FORM_PLAIN},
    {SLICE_INIT("COMPRESS"), IMAP_COMMAND_COMPRESS, imap_command_word, FORM_PLAIN},
    {SLICE_INIT("SELECT"), IMAP_COMMAND_SELECT, imap_command_select, FORM_PLAIN},
    {SLICE_INIT("EXAMINE"), IMAP_COMMAND_EXAMINE, imap_command_select, FORM_PLAIN},
    {SLICE_INIT("CREATE"), IMAP_COMMAND_CREATE, imap_command_create, FORM_PLAIN},
    {SLICE_INIT("DELETE"), IMAP_COMMAND_DELETE, imap_command_mailbox, FORM_PLAIN},
    {SLICE_INIT("RENAME"), IMAP_COMMAND_RENAME, imap_command_rename, FORM_PLAIN},
    {SLICE_INIT("SUBSCRIBE"), IMAP_COMMAND_SUBSCRIBE, imap_command_mailbox, FORM_PLAIN},
    {SLICE_INIT("UNSUBSCRIBE"), IMAP_COMMAND_UNSUBSCRIBE, imap_command_mailbox, FORM_PLAIN},
    {SLICE_INIT("LIST"), IMAP_COMMAND_LIST, imap_command_list, FORM_PLAIN},
    {SLICE_INIT("LSUB"), IMAP_COMMAND_LSUB, imap_command_lsub, FORM_PLAIN},
    {SLICE_INIT("NAMESPACE"), IMAP_COMMAND_NAMESPACE, NULL, FORM_PLAIN},
    {SLICE_INIT("STATUS"), IMAP_COMMAND_STATUS, imap_command_status, FORM_PLAIN},
    {SLICE_INIT("APPEND"), IMAP_COMMAND_APPEND, imap_command_append, FORM_PLAIN},
    {SLICE_INIT("IDLE"), IMAP_COMMAND_IDLE, NULL, FORM_PLAIN},
    {SLICE_INIT("GETQUOTA"), IMAP_COMMAND_GETQUOTA, imap_command_word, FORM_PLAIN},
    {SLICE_INIT("GETQUOTAROOT"), IMAP_COMMAND_GETQUOTAROOT, imap_command_mailbox, FORM_PLAIN},
    {SLICE_INIT("CHECK"), IMAP_COMMAND_CHECK, NULL, FORM_PLAIN},
    {SLICE_INIT("CLOSE"), IMAP_COMMAND_CLOSE, NULL, FORM_PLAIN},
    {SLICE_INIT("UNSELECT"), IMAP_COMMAND_UNSELECT, NULL, FORM_PLAIN},
    {SLICE_INIT("EXPUNGE"), IMAP_COMMAND_EXPUNGE, imap_command_expunge, FORM_PLAIN_OR_UID},
    {SLICE_INIT("SEARCH"), IMAP_COMMAND_SEARCH, imap_command_search, FORM_PLAIN_OR_UID},
    {SLICE_INIT("FETCH"), IMAP_COMMAND_FETCH, imap_command_fetch, FORM_PLAIN_OR_UID},
    {SLICE_INIT("STORE"), IMAP_COMMAND_STORE, imap_command_store, FORM_PLAIN_OR_UID},
    {SLICE_INIT("COPY"), IMAP_COMMAND_COPY, imap_command_copy, FORM_PLAIN_OR_UID},
    {SLICE_INIT("MOVE"), IMAP_COMMAND_MOVE, imap_command_copy, FORM_PLAIN_OR_UID},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const struct row *row_find(struct slice name) {
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (slice_equal_nocase(rows[i].name, name)) return &rows[i];
    return NULL;
}

struct slice imap_command_name(enum imap_command_kind kind) {
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].kind == kind) return rows[i].name;
    return SLICE_EMPTY;
}

/* The command's row, after tag and UID; failed where there is none. */
static const struct row *take_row(struct imap_lex *lex, struct imap_command *command) {
    struct slice name = imap_lex_atom(lex);
    command->uid = slice_equal_nocase(name, SLICE("UID"));
    if (command->uid) {
        imap_lex_space(lex);
        name = imap_lex_atom(lex);
    }
    const struct row *row = row_find(name);
    if (row && (!command->uid || row->form == FORM_PLAIN_OR_UID)) return row;
    imap_lex_fail(lex, IMAP_PARSE_UNKNOWN_COMMAND, "unknown command", name);
    return NULL;
}

static void parse_command(struct imap_lex *lex, struct imap_command *command) {
    command->tag = imap_lex_tag(lex);
    imap_lex_space(lex);
    const struct row *row = take_row(lex, command);
    if (!row) return;
    command->kind = row->kind;
    lex->name = row->name;
    if (row->parse) row->parse(lex, command);
    imap_lex_end(lex);
}

static enum imap_parse_error report(const struct imap_lex *lex, struct imap_command *command) {
    command->error = lex->error;
    memcpy(command->error_text, lex->error_text, sizeof command->error_text);
    return lex->error;
}

/* A lexer over the arena's own copy of the bytes. */
static struct imap_lex lex_over_copy(struct slice bytes, struct arena *arena, bool utf8) {
    struct slice copy = SLICE_EMPTY;
    bool copied = arena_try_copy(arena, bytes, &copy);
    struct imap_lex lex = imap_lex_new(copy, arena, utf8);
    if (!copied) imap_lex_fail(&lex, IMAP_PARSE_TOO_BIG, "the command is too large", SLICE_EMPTY);
    return lex;
}

/* Some clients end a line with blanks. Where there is a literal they may be its last bytes, and stay. */
static struct slice without_trailing_space(struct slice bytes) {
    size_t len = bytes.len;
    if (slice_find_byte(bytes, '{') != SLICE_NOT_FOUND) return bytes;
    while (len && (bytes.ptr[len - 1] == '\r' || bytes.ptr[len - 1] == '\n')) len--;
    while (len && bytes.ptr[len - 1] == ' ') len--;
    return slice_sub(bytes, 0, len);
}

enum imap_parse_error imap_command_parse(struct slice bytes, struct arena *arena, bool utf8,
                                         struct imap_command *command) {
    *command = (struct imap_command){0};
    struct imap_lex lex = lex_over_copy(without_trailing_space(bytes), arena, utf8);
    parse_command(&lex, command);
    return report(&lex, command);
}

enum imap_parse_error imap_append_continue(struct slice bytes, struct arena *arena,
                                           const struct imap_append_message *previous,
                                           struct imap_command *command) {
    struct imap_lex lex = lex_over_copy(bytes, arena, false);
    lex.name = imap_command_name(IMAP_COMMAND_APPEND);
    command->append = (struct imap_append){.mailbox = command->append.mailbox};
    if (previous->utf8) imap_lex_expect(&lex, ')');
    imap_command_append_messages(&lex, &command->append);
    return report(&lex, command);
}

bool imap_line_is_done(struct slice line) { return slice_equal_nocase(slice_trim(line), SLICE("DONE")); }
