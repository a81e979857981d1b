/*
 * APPEND, one message or many (RFC 3502). A piece of the command ends at its end or at the
 * header of a literal that the caller streams; so the loop here runs over the messages of one
 * piece, and imap_append_continue starts it again behind the streamed literal.
 */
#include "wire/imap_command_parts.h"

/* RFC 6855 4: UTF8 SP "(" literal8 ")" */
static void take_data(struct imap_lex *lex, struct imap_append_message *message) {
    message->utf8 = imap_lex_try_word(lex, SLICE("UTF8"));
    if (message->utf8) {
        imap_lex_space(lex);
        imap_lex_expect(lex, '(');
    }
    message->literal = imap_lex_literal(lex);
    if (message->utf8 && !message->literal.streamed) imap_lex_expect(lex, ')');
}

static void take_message(struct imap_lex *lex, struct imap_append_message *message) {
    if (imap_lex_peek(lex) == '(') {
        message->flags = imap_lex_flag_list(lex);
        imap_lex_space(lex);
    }
    message->has_date = imap_lex_peek(lex) == '"';
    if (message->has_date) {
        message->date = imap_lex_date_time(lex);
        imap_lex_space(lex);
    }
    take_data(lex, message);
}

static struct imap_append_message *message_add(struct imap_lex *lex, struct imap_append *append) {
    struct imap_append_message *message = imap_lex_alloc(lex, sizeof *message);
    if (!message) return NULL;
    if (append->last)
        append->last->next = message;
    else
        append->first = message;
    append->last = message;
    return message;
}

void imap_command_append_messages(struct imap_lex *lex, struct imap_append *append) {
    while (imap_lex_try(lex, ' ')) {
        struct imap_append_message *message = message_add(lex, append);
        if (message) take_message(lex, message);
        if (message && message->literal.streamed) return;
    }
    imap_lex_end(lex);
    append->complete = !imap_lex_failed(lex);
}

void imap_command_append(struct imap_lex *lex, struct imap_command *command) {
    imap_lex_space(lex);
    command->append.mailbox = imap_lex_mailbox(lex);
    imap_command_append_messages(lex, &command->append);
    if (!command->append.first) imap_lex_fail(lex, IMAP_PARSE_SYNTAX, "no message", SLICE_EMPTY);
}
