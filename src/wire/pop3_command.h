/*
 * One POP3 command line, without its CRLF, as a typed struct: RFC 1939, CAPA and response
 * limits of RFC 2449, STLS of RFC 2595, AUTH of RFC 5034, UTF8 and LANG of RFC 6856. Strict:
 * control bytes are refused, and 8-bit ones outside USER, PASS and APOP. Whether a command is
 * allowed now is the session's question.
 */
#ifndef WIRE_POP3_COMMAND_H
#define WIRE_POP3_COMMAND_H

#include "base/fatal.h"
#include "base/slice.h"

enum pop3_verb {
    POP3_VERB_UNKNOWN,
    POP3_VERB_USER,
    POP3_VERB_PASS,
    POP3_VERB_APOP,
    POP3_VERB_AUTH,
    POP3_VERB_STAT,
    POP3_VERB_LIST,
    POP3_VERB_RETR,
    POP3_VERB_DELE,
    POP3_VERB_NOOP,
    POP3_VERB_RSET,
    POP3_VERB_TOP,
    POP3_VERB_UIDL,
    POP3_VERB_QUIT,
    POP3_VERB_CAPA,
    POP3_VERB_STLS,
    POP3_VERB_UTF8,
    POP3_VERB_LANG,
};

enum pop3_command_error {
    POP3_COMMAND_OK,
    POP3_COMMAND_UNKNOWN,
    POP3_COMMAND_FOREIGN_BYTES, /* control or 8-bit bytes */
    POP3_COMMAND_ARGUMENT_MISSING,
    POP3_COMMAND_ARGUMENT_UNWANTED,
    POP3_COMMAND_NUMBER_INVALID, /* no decimal number, a message 0, or over 2^32-1 */
};

struct pop3_command {
    enum pop3_verb verb; /* also set on errors where the verb was understood */
    /* LIST and UIDL may come without, RETR, DELE and TOP have it. */
    bool has_message;
    uint32_t message;
    /* TOP: lines of the body. */
    uint32_t line_count;
    /* USER: the name; PASS: the password, spaces and all; APOP: the name; AUTH: the mechanism,
       empty to ask for the list; LANG: the tag, empty to ask for the list. */
    struct slice argument;
    /* APOP: the digest; AUTH: the initial response as sent, for sasl_response_decode. */
    struct slice second;
    bool has_second;
};

/* Reads `line`; the slices of *command point into it. */
NODISCARD enum pop3_command_error pop3_command_parse(struct slice line, struct pop3_command *command);

/* Words for the -ERR reply, without response code. */
struct slice pop3_command_error_text(enum pop3_command_error error);

#endif
