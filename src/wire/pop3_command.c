#include "wire/pop3_command.h"

#include "wire/wire_text.h"

/* RFC 1939 5: messages count from 1. */
static enum pop3_command_error take_number(struct slice *text, uint64_t least, uint32_t *number) {
    uint64_t value = 0;
    if (!slice_take_number(text, UINT32_MAX, &value) || value < least) return POP3_COMMAND_NUMBER_INVALID;
    *number = (uint32_t)value;
    return POP3_COMMAND_OK;
}

static enum pop3_command_error read_nothing(struct slice text, struct pop3_command *command) {
    return POP3_COMMAND_OK;
}

static enum pop3_command_error read_message(struct slice text, struct pop3_command *command) {
    if (text.len == 0) return POP3_COMMAND_OK;
    enum pop3_command_error error = take_number(&text, 1, &command->message);
    if (error) return error;
    command->has_message = true;
    return text.len ? POP3_COMMAND_NUMBER_INVALID : POP3_COMMAND_OK;
}

/* RFC 1939 7: TOP msg n, n not negative. */
static enum pop3_command_error read_top(struct slice text, struct pop3_command *command) {
    enum pop3_command_error error = take_number(&text, 1, &command->message);
    if (error) return error;
    command->has_message = true;
    if (text.len == 0) return POP3_COMMAND_ARGUMENT_MISSING;
    if (!slice_take_byte(&text, ' ')) return POP3_COMMAND_NUMBER_INVALID;
    while (slice_take_byte(&text, ' ')) continue;
    error = take_number(&text, 0, &command->line_count);
    if (error) return error;
    return text.len ? POP3_COMMAND_NUMBER_INVALID : POP3_COMMAND_OK;
}

/* RFC 1939 7: a password may hold spaces, so all of the line is the argument. */
static enum pop3_command_error read_text(struct slice text, struct pop3_command *command) {
    command->argument = text;
    return POP3_COMMAND_OK;
}

static enum pop3_command_error read_words(struct slice text, struct pop3_command *command) {
    command->argument = slice_take_until(&text, ' ');
    command->has_second = slice_take_byte(&text, ' ');
    command->second = text;
    return POP3_COMMAND_OK;
}

/* RFC 1939 7: the digest stands behind the last space. */
static enum pop3_command_error read_apop(struct slice text, struct pop3_command *command) {
    size_t space = slice_find_last_byte(text, ' ');
    if (space == SLICE_NOT_FOUND || space == 0 || space + 1 == text.len) return POP3_COMMAND_ARGUMENT_MISSING;
    command->argument = slice_sub(text, 0, space);
    command->second = slice_skip(text, space + 1);
    command->has_second = true;
    return POP3_COMMAND_OK;
}

enum argument_rule { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED };

struct row {
    struct slice name;
    enum pop3_verb verb;
    enum argument_rule rule;
    bool holds_text; /* a name or password: 8-bit bytes are its own business (RFC 6856 2.2) */
    enum pop3_command_error (*read)(struct slice text, struct pop3_command *command);
};

static const struct row rows[] = {
    {SLICE_INIT("USER"), POP3_VERB_USER, ARGUMENT_REQUIRED, true, read_text},
    {SLICE_INIT("PASS"), POP3_VERB_PASS, ARGUMENT_REQUIRED, true, read_text},
    {SLICE_INIT("APOP"), POP3_VERB_APOP, ARGUMENT_REQUIRED, true, read_apop},
    {SLICE_INIT("AUTH"), POP3_VERB_AUTH, ARGUMENT_OPTIONAL, false, read_words},
    {SLICE_INIT("STAT"), POP3_VERB_STAT, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("LIST"), POP3_VERB_LIST, ARGUMENT_OPTIONAL, false, read_message},
    {SLICE_INIT("RETR"), POP3_VERB_RETR, ARGUMENT_REQUIRED, false, read_message},
    {SLICE_INIT("DELE"), POP3_VERB_DELE, ARGUMENT_REQUIRED, false, read_message},
    {SLICE_INIT("NOOP"), POP3_VERB_NOOP, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("RSET"), POP3_VERB_RSET, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("TOP"), POP3_VERB_TOP, ARGUMENT_REQUIRED, false, read_top},
    {SLICE_INIT("UIDL"), POP3_VERB_UIDL, ARGUMENT_OPTIONAL, false, read_message},
    {SLICE_INIT("QUIT"), POP3_VERB_QUIT, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("CAPA"), POP3_VERB_CAPA, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("STLS"), POP3_VERB_STLS, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("UTF8"), POP3_VERB_UTF8, ARGUMENT_NONE, false, read_nothing},
    {SLICE_INIT("LANG"), POP3_VERB_LANG, ARGUMENT_OPTIONAL, false, read_text},
};

static const struct row *row_find(struct slice verb) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_equal_nocase(rows[i].name, verb)) return &rows[i];
    return NULL;
}

/* Trailing spaces are a password's own, and nobody else's. */
static struct slice without_trailing_spaces(struct slice text) {
    while (text.len && text.ptr[text.len - 1] == ' ') text.len--;
    return text;
}

static enum pop3_command_error check_argument(const struct row *row, struct slice text) {
    if (row->rule == ARGUMENT_NONE && text.len) return POP3_COMMAND_ARGUMENT_UNWANTED;
    if (row->rule == ARGUMENT_REQUIRED && text.len == 0) return POP3_COMMAND_ARGUMENT_MISSING;
    return POP3_COMMAND_OK;
}

enum pop3_command_error pop3_command_parse(struct slice line, struct pop3_command *command) {
    *command = (struct pop3_command){.verb = POP3_VERB_UNKNOWN};
    enum wire_text_kind kind = wire_text_kind(line);
    struct slice text = line;
    const struct row *row = row_find(slice_take_until(&text, ' '));
    if (row) command->verb = row->verb;
    if (kind > (row && row->holds_text ? WIRE_TEXT_EIGHT_BIT : WIRE_TEXT_ASCII))
        return POP3_COMMAND_FOREIGN_BYTES;
    if (!row) return POP3_COMMAND_UNKNOWN;
    (void)slice_take_byte(&text, ' ');
    if (row->verb != POP3_VERB_PASS) text = without_trailing_spaces(text);
    enum pop3_command_error error = check_argument(row, text);
    return error ? error : row->read(text, command);
}

struct slice pop3_command_error_text(enum pop3_command_error error) {
    static const struct slice texts[] = {
        [POP3_COMMAND_OK] = SLICE_INIT("Ok"),
        [POP3_COMMAND_UNKNOWN] = SLICE_INIT("Unknown command"),
        [POP3_COMMAND_FOREIGN_BYTES] = SLICE_INIT("Control or non-ASCII bytes in command"),
        [POP3_COMMAND_ARGUMENT_MISSING] = SLICE_INIT("Argument missing"),
        [POP3_COMMAND_ARGUMENT_UNWANTED] = SLICE_INIT("This command takes no argument"),
        [POP3_COMMAND_NUMBER_INVALID] = SLICE_INIT("Invalid number"),
    };
    ASSERT(error < sizeof texts / sizeof texts[0]);
    return texts[error];
}
