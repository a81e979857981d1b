/*
 * The parsers behind imap_command's table, one a command, grouped in files by what they are
 * about. Each reads what follows the command's name, from the space on, and says what is wrong
 * through the lexer. Only imap_command*.c include this.
 */
#ifndef WIRE_IMAP_COMMAND_PARTS_H
#define WIRE_IMAP_COMMAND_PARTS_H

#include "wire/imap_command.h"

void imap_command_authenticate(struct imap_lex *lex, struct imap_command *command);
void imap_command_login(struct imap_lex *lex, struct imap_command *command);
void imap_command_enable(struct imap_lex *lex, struct imap_command *command);
void imap_command_id(struct imap_lex *lex, struct imap_command *command);
void imap_command_word(struct imap_lex *lex, struct imap_command *command);

void imap_command_select(struct imap_lex *lex, struct imap_command *command);
void imap_command_create(struct imap_lex *lex, struct imap_command *command);
void imap_command_mailbox(struct imap_lex *lex, struct imap_command *command);
void imap_command_rename(struct imap_lex *lex, struct imap_command *command);
void imap_command_list(struct imap_lex *lex, struct imap_command *command);
void imap_command_lsub(struct imap_lex *lex, struct imap_command *command);
void imap_command_status(struct imap_lex *lex, struct imap_command *command);

/* The messages from here to the end of the piece. */
void imap_command_append_messages(struct imap_lex *lex, struct imap_append *append);
void imap_command_append(struct imap_lex *lex, struct imap_command *command);

void imap_command_expunge(struct imap_lex *lex, struct imap_command *command);
void imap_command_store(struct imap_lex *lex, struct imap_command *command);
void imap_command_copy(struct imap_lex *lex, struct imap_command *command);

void imap_command_search(struct imap_lex *lex, struct imap_command *command);
void imap_command_fetch(struct imap_lex *lex, struct imap_command *command);

#endif
