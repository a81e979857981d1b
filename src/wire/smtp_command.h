/*
 * One SMTP command line, without its CRLF, as a typed struct (RFC 5321 4.1 and the extensions
 * named in smtp_parameter.h). Strict: a control byte, a byte that is not UTF-8, or UTF-8 where
 * SMTPUTF8 was not said is refused before anything is understood. Whether a command is allowed
 * now is the session's question. Every error has its reply.
 */
#ifndef WIRE_SMTP_COMMAND_H
#define WIRE_SMTP_COMMAND_H

#include "wire/smtp_address.h"
#include "wire/smtp_parameter.h"
#include "wire/smtp_reply.h"

enum smtp_verb {
    SMTP_VERB_UNKNOWN,
    SMTP_VERB_EHLO,
    SMTP_VERB_HELO,
    SMTP_VERB_LHLO,
    SMTP_VERB_MAIL,
    SMTP_VERB_RCPT,
    SMTP_VERB_DATA,
    SMTP_VERB_BDAT,
    SMTP_VERB_RSET,
    SMTP_VERB_NOOP,
    SMTP_VERB_QUIT,
    SMTP_VERB_VRFY,
    SMTP_VERB_EXPN,
    SMTP_VERB_HELP,
    SMTP_VERB_STARTTLS,
    SMTP_VERB_AUTH,
    SMTP_VERB_ETRN,
    SMTP_VERB_TURN,
};

enum smtp_command_error {
    SMTP_COMMAND_OK,
    SMTP_COMMAND_UNKNOWN,
    SMTP_COMMAND_FOREIGN_PROTOCOL, /* an HTTP request: close */
    SMTP_COMMAND_NUL,
    SMTP_COMMAND_CONTROL,   /* CR, LF, TAB and the like inside the line */
    SMTP_COMMAND_EIGHT_BIT, /* not UTF-8, or not where UTF-8 may stand */
    SMTP_COMMAND_UTF8_NOT_ANNOUNCED,
    SMTP_COMMAND_ARGUMENT_INVALID,
    SMTP_COMMAND_ARGUMENT_MISSING,
    SMTP_COMMAND_ARGUMENT_UNWANTED,
    SMTP_COMMAND_SYNTAX, /* MAIL and RCPT: no FROM:, no path, or no space behind it */
    SMTP_COMMAND_ADDRESS_INVALID,
    SMTP_COMMAND_ADDRESS_TOO_LONG,
    SMTP_COMMAND_ADDRESS_RELAY_FORM,
    SMTP_COMMAND_PARAMETER_UNKNOWN,
    SMTP_COMMAND_PARAMETER_INVALID,
    SMTP_COMMAND_PARAMETER_DUPLICATE,
    SMTP_COMMAND_SIZE_INVALID,
    SMTP_COMMAND_XTEXT_INVALID,
    SMTP_COMMAND_BDAT_INVALID, /* how much follows is unknown: close */
    SMTP_COMMAND_OVER_BUDGET,
};

struct smtp_command_options {
    /* Submission: spaces behind "MAIL FROM:" and "RCPT TO:" (Outlook). */
    bool lenient;
    /* The transaction's MAIL said SMTPUTF8: its RCPT may hold UTF-8 (RFC 6531 3.4). */
    bool transaction_utf8;
    /* Set of enum smtp_extension: what was advertised. */
    unsigned extensions;
};

struct smtp_hello {
    /* As sent; printable ASCII without spaces. Clients say all sorts of things here. */
    struct slice name;
    bool is_domain;  /* a host name by RFC 5321 4.1.2 */
    bool is_literal; /* a valid address literal */
};

struct smtp_mail {
    struct smtp_address sender;
    struct smtp_mail_parameters parameters;
};

struct smtp_rcpt {
    struct smtp_address recipient;
    struct smtp_rcpt_parameters parameters;
};

struct smtp_bdat {
    uint64_t size_bytes;
    bool last;
};

struct smtp_auth {
    struct slice mechanism;
    /* Base64 as sent, "=" for an empty one: for sasl_response_decode. */
    bool has_initial;
    struct slice initial;
};

struct smtp_command {
    enum smtp_verb verb; /* also set on most errors, where the verb was understood */
    union {
        struct smtp_hello hello; /* EHLO HELO LHLO */
        struct smtp_mail mail;
        struct smtp_rcpt rcpt;
        struct smtp_bdat bdat;
        struct smtp_auth auth;
        struct slice argument; /* NOOP VRFY EXPN HELP ETRN: as sent, may be empty */
    };
};

/* Reads `line`. All slices of *command live in `arena`, which takes some three times the line.
   Errors: each of enum smtp_command_error but OK. */
NODISCARD enum smtp_command_error smtp_command_parse(struct arena *arena, struct slice line,
                                                     const struct smtp_command_options *options,
                                                     struct smtp_command *command);

/* The reply to a line that was refused; `verb` as smtp_command_parse set it. */
enum smtp_reply_name smtp_command_error_reply(enum smtp_command_error error, enum smtp_verb verb);

#endif
