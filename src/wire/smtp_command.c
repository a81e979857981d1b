#include "wire/smtp_command.h"

#include "base/limits.h"
#include "wire/wire_text.h"

/* A verb's argument parser; `text` is what stands behind the verb and its space. */
struct reader {
    struct arena *arena;
    const struct smtp_command_options *options;
    struct slice text;
};

/* RFC 5321 4.1.1.1, RFC 2033 4.1. A wrong name is no reason to refuse (4.1.4), so it is only judged. Users'
   programs say what their computer is called, in any script and with blanks. */
static enum smtp_command_error read_hello(struct reader *reader, struct smtp_command *command) {
    struct slice name = reader->text;
    bool has_blank = slice_find_byte(name, ' ') != SLICE_NOT_FOUND;
    if (name.len > SMTP_HELLO_BYTES_MAX || (has_blank && !reader->options->lenient))
        return SMTP_COMMAND_ARGUMENT_INVALID;
    struct slice canonical;
    struct slice canonical_ascii;
    command->hello.name = name;
    if (wire_text_kind(name) != WIRE_TEXT_ASCII) return SMTP_COMMAND_OK;
    command->hello.is_literal = smtp_literal_parse(reader->arena, name, &canonical) == SMTP_ADDRESS_OK;
    command->hello.is_domain =
        smtp_domain_parse(reader->arena, name, &canonical, &canonical_ascii) == SMTP_ADDRESS_OK;
    return SMTP_COMMAND_OK;
}

static enum smtp_command_error error_of_address(enum smtp_address_error error) {
    switch (error) {
    case SMTP_ADDRESS_OK:
        return SMTP_COMMAND_OK;
    case SMTP_ADDRESS_LOCAL_PART_TOO_LONG:
    case SMTP_ADDRESS_DOMAIN_TOO_LONG:
    case SMTP_ADDRESS_TOO_LONG:
        return SMTP_COMMAND_ADDRESS_TOO_LONG;
    case SMTP_ADDRESS_RELAY_FORM:
        return SMTP_COMMAND_ADDRESS_RELAY_FORM;
    case SMTP_ADDRESS_NOT_UTF8:
        return SMTP_COMMAND_EIGHT_BIT;
    case SMTP_ADDRESS_OVER_BUDGET:
        return SMTP_COMMAND_OVER_BUDGET;
    case SMTP_ADDRESS_SYNTAX:
    case SMTP_ADDRESS_DOMAIN_MISSING:
    case SMTP_ADDRESS_DOMAIN_INVALID:
    case SMTP_ADDRESS_LITERAL_INVALID:
        break;
    }
    return SMTP_COMMAND_ADDRESS_INVALID;
}

static enum smtp_command_error error_of_parameter(enum smtp_parameter_error error) {
    switch (error) {
    case SMTP_PARAMETER_OK:
        return SMTP_COMMAND_OK;
    case SMTP_PARAMETER_UNKNOWN:
        return SMTP_COMMAND_PARAMETER_UNKNOWN;
    case SMTP_PARAMETER_DUPLICATE:
        return SMTP_COMMAND_PARAMETER_DUPLICATE;
    case SMTP_PARAMETER_SIZE_INVALID:
        return SMTP_COMMAND_SIZE_INVALID;
    case SMTP_PARAMETER_XTEXT_INVALID:
        return SMTP_COMMAND_XTEXT_INVALID;
    case SMTP_PARAMETER_OVER_BUDGET:
        return SMTP_COMMAND_OVER_BUDGET;
    case SMTP_PARAMETER_INVALID:
        break;
    }
    return SMTP_COMMAND_PARAMETER_INVALID;
}

/* "FROM:" or "TO:", the path, and the space before parameters, if any follow. */
static enum smtp_command_error take_path(struct reader *reader, struct slice keyword,
                                         enum smtp_path_kind kind, struct smtp_address *address) {
    if (!slice_take_prefix_nocase(&reader->text, keyword)) return SMTP_COMMAND_SYNTAX;
    while (reader->options->lenient && slice_take_byte(&reader->text, ' ')) continue;
    if (reader->text.len == 0 || reader->text.ptr[0] != '<') return SMTP_COMMAND_SYNTAX;
    enum smtp_address_error error = smtp_path_take(reader->arena, &reader->text, kind, address);
    if (error) return error_of_address(error);
    if (reader->text.len == 0) return SMTP_COMMAND_OK;
    if (!slice_take_byte(&reader->text, ' ')) return SMTP_COMMAND_SYNTAX;
    while (slice_take_byte(&reader->text, ' ')) continue;
    return SMTP_COMMAND_OK;
}

/* RFC 6531 3.4: a non-ASCII address, or source route, needs the parameter. */
static enum smtp_command_error check_utf8(const struct smtp_address *address, bool announced) {
    bool needed = address->is_utf8 || wire_text_kind(address->route) != WIRE_TEXT_ASCII;
    return needed && !announced ? SMTP_COMMAND_UTF8_NOT_ANNOUNCED : SMTP_COMMAND_OK;
}

/* RFC 5321 4.1.1.2 */
static enum smtp_command_error read_mail(struct reader *reader, struct smtp_command *command) {
    struct smtp_mail *mail = &command->mail;
    enum smtp_command_error error = take_path(reader, SLICE("FROM:"), SMTP_PATH_REVERSE, &mail->sender);
    if (error) return error;
    error = error_of_parameter(smtp_mail_parameters_parse(reader->arena, reader->text,
                                                          reader->options->extensions, &mail->parameters));
    return error ? error : check_utf8(&mail->sender, mail->parameters.smtputf8);
}

/* RFC 5321 4.1.1.3 */
static enum smtp_command_error read_rcpt(struct reader *reader, struct smtp_command *command) {
    struct smtp_rcpt *rcpt = &command->rcpt;
    enum smtp_command_error error = take_path(reader, SLICE("TO:"), SMTP_PATH_FORWARD, &rcpt->recipient);
    if (error) return error;
    error = check_utf8(&rcpt->recipient, reader->options->transaction_utf8);
    if (error) return error;
    return error_of_parameter(
        smtp_rcpt_parameters_parse(reader->arena, reader->text, reader->options->extensions,
                                   reader->options->transaction_utf8, &rcpt->parameters));
}

/* RFC 3030 2: chunk-size, and LAST. */
static enum smtp_command_error read_bdat(struct reader *reader, struct smtp_command *command) {
    struct slice text = reader->text;
    if (!slice_take_number(&text, INT64_MAX, &command->bdat.size_bytes)) return SMTP_COMMAND_BDAT_INVALID;
    command->bdat.last = slice_equal_nocase(text, SLICE(" LAST"));
    return command->bdat.last || text.len == 0 ? SMTP_COMMAND_OK : SMTP_COMMAND_BDAT_INVALID;
}

static bool is_base64(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alnum(text.ptr[i]) && text.ptr[i] != '+' && text.ptr[i] != '/' && text.ptr[i] != '=')
            return false;
    return text.len > 0;
}

/* RFC 4954 4 */
static enum smtp_command_error read_auth(struct reader *reader, struct smtp_command *command) {
    struct slice text = reader->text;
    command->auth.mechanism = slice_take_until(&text, ' ');
    command->auth.has_initial = slice_take_byte(&text, ' ');
    command->auth.initial = text;
    bool good = !command->auth.has_initial || is_base64(text);
    return good ? SMTP_COMMAND_OK : SMTP_COMMAND_ARGUMENT_INVALID;
}

static enum smtp_command_error read_text(struct reader *reader, struct smtp_command *command) {
    command->argument = reader->text;
    return SMTP_COMMAND_OK;
}

/* RFC 6531 3.7.4.2: VRFY and EXPN may hold UTF-8 with the parameter behind the argument. */
static enum smtp_command_error read_lookup(struct reader *reader, struct smtp_command *command) {
    command->argument = reader->text;
    bool announced = (reader->options->extensions & SMTP_EXTENSION_SMTPUTF8) &&
                     slice_ends_nocase(reader->text, SLICE(" SMTPUTF8"));
    if (announced) command->argument.len -= strlen(" SMTPUTF8");
    bool ascii = wire_text_kind(command->argument) == WIRE_TEXT_ASCII;
    return ascii || announced ? SMTP_COMMAND_OK : SMTP_COMMAND_EIGHT_BIT;
}

enum argument_rule { ARGUMENT_NONE, ARGUMENT_OPTIONAL, ARGUMENT_REQUIRED };

struct row {
    struct slice name;
    enum smtp_verb verb;
    enum argument_rule rule;
    bool may_hold_utf8; /* the reader looks further */
    enum smtp_command_error (*read)(struct reader *reader, struct smtp_command *command);
};

static const struct row rows[] = {
    {SLICE_INIT("EHLO"), SMTP_VERB_EHLO, ARGUMENT_REQUIRED, false, read_hello},
    {SLICE_INIT("HELO"), SMTP_VERB_HELO, ARGUMENT_REQUIRED, false, read_hello},
    {SLICE_INIT("LHLO"), SMTP_VERB_LHLO, ARGUMENT_REQUIRED, false, read_hello},
    {SLICE_INIT("MAIL"), SMTP_VERB_MAIL, ARGUMENT_REQUIRED, true, read_mail},
    {SLICE_INIT("RCPT"), SMTP_VERB_RCPT, ARGUMENT_REQUIRED, true, read_rcpt},
    {SLICE_INIT("DATA"), SMTP_VERB_DATA, ARGUMENT_NONE, false, read_text},
    {SLICE_INIT("BDAT"), SMTP_VERB_BDAT, ARGUMENT_REQUIRED, false, read_bdat},
    {SLICE_INIT("RSET"), SMTP_VERB_RSET, ARGUMENT_NONE, false, read_text},
    {SLICE_INIT("NOOP"), SMTP_VERB_NOOP, ARGUMENT_OPTIONAL, false, read_text},
    {SLICE_INIT("QUIT"), SMTP_VERB_QUIT, ARGUMENT_NONE, false, read_text},
    {SLICE_INIT("VRFY"), SMTP_VERB_VRFY, ARGUMENT_REQUIRED, true, read_lookup},
    {SLICE_INIT("EXPN"), SMTP_VERB_EXPN, ARGUMENT_REQUIRED, true, read_lookup},
    {SLICE_INIT("HELP"), SMTP_VERB_HELP, ARGUMENT_OPTIONAL, false, read_text},
    {SLICE_INIT("STARTTLS"), SMTP_VERB_STARTTLS, ARGUMENT_NONE, false, read_text},
    {SLICE_INIT("AUTH"), SMTP_VERB_AUTH, ARGUMENT_REQUIRED, false, read_auth},
    {SLICE_INIT("ETRN"), SMTP_VERB_ETRN, ARGUMENT_REQUIRED, false, read_text},
    {SLICE_INIT("TURN"), SMTP_VERB_TURN, ARGUMENT_NONE, false, read_text},
};

static const struct row *row_find(struct slice verb) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (slice_equal_nocase(rows[i].name, verb)) return &rows[i];
    return NULL;
}

/* A browser made to speak to us: its next lines would be an attacker's (RFC 9110 9.1, RFC 9113 3.4). */
static bool is_http_method(struct slice verb) {
    static const struct slice methods[] = {SLICE_INIT("GET"),   SLICE_INIT("POST"),    SLICE_INIT("PUT"),
                                           SLICE_INIT("HEAD"),  SLICE_INIT("DELETE"),  SLICE_INIT("PATCH"),
                                           SLICE_INIT("TRACE"), SLICE_INIT("CONNECT"), SLICE_INIT("OPTIONS"),
                                           SLICE_INIT("PRI")};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (slice_equal(verb, methods[i])) return true;
    return false;
}

static enum smtp_command_error error_of_kind(enum wire_text_kind kind, bool utf8_allowed) {
    if (kind == WIRE_TEXT_NUL) return SMTP_COMMAND_NUL;
    if (kind == WIRE_TEXT_CONTROL) return SMTP_COMMAND_CONTROL;
    if (kind == WIRE_TEXT_EIGHT_BIT || (kind == WIRE_TEXT_UTF8 && !utf8_allowed))
        return SMTP_COMMAND_EIGHT_BIT;
    return SMTP_COMMAND_OK;
}

/* RFC 5321 4.1.1: white space before the line end is to be tolerated. */
static struct slice without_trailing_space(struct slice line) {
    while (line.len && (line.ptr[line.len - 1] == ' ' || line.ptr[line.len - 1] == '\t')) line.len--;
    return line;
}

static enum smtp_command_error check_argument(const struct row *row, struct slice text) {
    if (row->rule == ARGUMENT_NONE && text.len) return SMTP_COMMAND_ARGUMENT_UNWANTED;
    if (row->rule == ARGUMENT_REQUIRED && text.len == 0)
        return row->verb == SMTP_VERB_BDAT ? SMTP_COMMAND_BDAT_INVALID : SMTP_COMMAND_ARGUMENT_MISSING;
    return SMTP_COMMAND_OK;
}

static enum smtp_command_error parse_row(const struct row *row, struct reader *reader,
                                         enum wire_text_kind kind, struct smtp_command *command) {
    if (row) command->verb = row->verb;
    bool is_any_name = row && row->read == read_hello && reader->options->lenient;
    if (is_any_name && (kind == WIRE_TEXT_UTF8 || kind == WIRE_TEXT_EIGHT_BIT)) kind = WIRE_TEXT_ASCII;
    enum smtp_command_error error = error_of_kind(kind, row && row->may_hold_utf8);
    /* Whatever a BDAT line got wrong, its chunk would be read as commands. */
    if (error) return command->verb == SMTP_VERB_BDAT ? SMTP_COMMAND_BDAT_INVALID : error;
    if (!row) return SMTP_COMMAND_UNKNOWN;
    error = check_argument(row, reader->text);
    return error ? error : row->read(reader, command);
}

enum smtp_command_error smtp_command_parse(struct arena *arena, struct slice line,
                                           const struct smtp_command_options *options,
                                           struct smtp_command *command) {
    *command = (struct smtp_command){.verb = SMTP_VERB_UNKNOWN};
    struct reader reader = {.arena = arena, .options = options};
    if (!arena_try_copy(arena, without_trailing_space(line), &reader.text)) return SMTP_COMMAND_OVER_BUDGET;
    enum wire_text_kind kind = wire_text_kind(reader.text);
    struct slice verb = slice_take_until(&reader.text, ' ');
    while (slice_take_byte(&reader.text, ' ')) continue;
    if (is_http_method(verb)) return SMTP_COMMAND_FOREIGN_PROTOCOL;
    return parse_row(row_find(verb), &reader, kind, command);
}

/* Where MAIL and RCPT have words of their own, the rest share the third column. */
static const enum smtp_reply_name error_replies[][3] = {
#define ALIKE(name) \
    { SMTP_REPLY_##name, SMTP_REPLY_##name, SMTP_REPLY_##name }
    [SMTP_COMMAND_OK] = ALIKE(OK),
    [SMTP_COMMAND_UNKNOWN] = ALIKE(COMMAND_UNKNOWN),
    [SMTP_COMMAND_FOREIGN_PROTOCOL] = ALIKE(FOREIGN_PROTOCOL),
    [SMTP_COMMAND_NUL] = ALIKE(NUL_IN_COMMAND),
    [SMTP_COMMAND_CONTROL] = ALIKE(CONTROL_IN_COMMAND),
    [SMTP_COMMAND_EIGHT_BIT] = ALIKE(EIGHT_BIT_IN_COMMAND),
    [SMTP_COMMAND_UTF8_NOT_ANNOUNCED] = ALIKE(UTF8_NOT_ANNOUNCED),
    [SMTP_COMMAND_ARGUMENT_INVALID] = ALIKE(ARGUMENT_INVALID),
    [SMTP_COMMAND_ARGUMENT_MISSING] = {SMTP_REPLY_MAIL_SYNTAX, SMTP_REPLY_RCPT_SYNTAX,
                                       SMTP_REPLY_ARGUMENT_MISSING},
    [SMTP_COMMAND_ARGUMENT_UNWANTED] = ALIKE(ARGUMENT_UNWANTED),
    [SMTP_COMMAND_SYNTAX] = {SMTP_REPLY_MAIL_SYNTAX, SMTP_REPLY_RCPT_SYNTAX, SMTP_REPLY_ARGUMENT_INVALID},
    [SMTP_COMMAND_ADDRESS_INVALID] = {SMTP_REPLY_SENDER_SYNTAX, SMTP_REPLY_RECIPIENT_SYNTAX,
                                      SMTP_REPLY_ARGUMENT_INVALID},
    [SMTP_COMMAND_ADDRESS_TOO_LONG] = {SMTP_REPLY_SENDER_TOO_LONG, SMTP_REPLY_RECIPIENT_TOO_LONG,
                                       SMTP_REPLY_ARGUMENT_INVALID},
    [SMTP_COMMAND_ADDRESS_RELAY_FORM] = {SMTP_REPLY_SENDER_SYNTAX, SMTP_REPLY_RELAY_DENIED,
                                         SMTP_REPLY_ARGUMENT_INVALID},
    [SMTP_COMMAND_PARAMETER_UNKNOWN] = ALIKE(PARAMETER_UNKNOWN),
    [SMTP_COMMAND_PARAMETER_INVALID] = ALIKE(PARAMETER_INVALID),
    [SMTP_COMMAND_PARAMETER_DUPLICATE] = ALIKE(PARAMETER_DUPLICATE),
    [SMTP_COMMAND_SIZE_INVALID] = ALIKE(SIZE_INVALID),
    [SMTP_COMMAND_XTEXT_INVALID] = ALIKE(XTEXT_INVALID),
    [SMTP_COMMAND_BDAT_INVALID] = ALIKE(BDAT_SYNTAX),
    [SMTP_COMMAND_OVER_BUDGET] = ALIKE(LOCAL_ERROR),
#undef ALIKE
};

enum smtp_reply_name smtp_command_error_reply(enum smtp_command_error error, enum smtp_verb verb) {
    ASSERT(error < sizeof error_replies / sizeof error_replies[0]);
    size_t column = verb == SMTP_VERB_MAIL ? 0 : verb == SMTP_VERB_RCPT ? 1 : 2;
    return error_replies[error][column];
}
