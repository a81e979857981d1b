/*
 * What an SMTP server says: every reply has a name, and its code (RFC 5321 4.2), enhanced
 * code (RFC 3463, RFC 2034) and words stand in one table. Handlers return a reply; one
 * writer renders it. Words that come from elsewhere are cleaned and folded there, so no
 * text can break the line or begin another reply.
 */
#ifndef WIRE_SMTP_REPLY_H
#define WIRE_SMTP_REPLY_H

#include "base/buffer.h"

struct smtp_reply {
    unsigned code;
    /* "5.5.2", or empty where RFC 2034 4 forbids one (greeting, HELO and EHLO, 334, 354). */
    struct slice enhanced;
    /* One or more lines, with '\n' between them. */
    struct slice text;
    /* The connection ends behind this reply. */
    bool closes;
};

/* X(name, code, enhanced, text, closes) */
#define SMTP_REPLIES(X)                                                                            \
    X(HELP, 214, "2.0.0", "See RFC 5321", false)                                                   \
    X(GOODBYE, 221, "2.0.0", "Goodbye", true)                                                      \
    X(READY_FOR_TLS, 220, "2.0.0", "Ready to start TLS", false)                                    \
    X(AUTHENTICATED, 235, "2.7.0", "Authentication succeeded", false)                              \
    X(OK, 250, "2.0.0", "Ok", false)                                                               \
    X(SENDER_OK, 250, "2.1.0", "Sender ok", false)                                                 \
    X(RECIPIENT_OK, 250, "2.1.5", "Recipient ok", false)                                           \
    X(CHUNK_OK, 250, "2.0.0", "Chunk received", false)                                             \
    X(CANNOT_VERIFY, 252, "2.5.1", "Cannot verify, but will take mail and try", false)             \
    X(SEND_DATA, 354, "", "End data with <CR><LF>.<CR><LF>", false)                                \
    X(SHUTTING_DOWN, 421, "4.3.2", "Shutting down, try again later", true)                         \
    X(TIMED_OUT, 421, "4.4.2", "Timed out waiting for input", true)                                \
    X(TOO_MANY_ERRORS, 421, "4.7.0", "Too many errors", true)                                      \
    X(TOO_MANY_CONNECTIONS, 421, "4.7.0", "Too many connections, try again later", true)           \
    X(INPUT_FLOOD, 421, "4.7.0", "Too much input without a line end", true)                        \
    X(MAILBOX_BUSY, 450, "4.2.1", "Mailbox temporarily unavailable", false)                        \
    X(LOCAL_ERROR, 451, "4.3.0", "Local error, try again later", false)                            \
    X(NO_STORAGE, 452, "4.3.1", "Insufficient storage, try again later", false)                    \
    X(TOO_MANY_RECIPIENTS, 452, "4.5.3", "Too many recipients", false)                             \
    X(AUTH_TEMPORARY, 454, "4.7.0", "Temporary authentication failure", false)                     \
    X(TLS_UNAVAILABLE, 454, "4.7.0", "TLS not available", false)                                   \
    X(COMMAND_UNKNOWN, 500, "5.5.1", "Command not recognized", false)                              \
    X(LINE_TOO_LONG, 500, "5.5.6", "Line too long", false)                                         \
    X(LINE_END_INVALID, 501, "5.5.2", "Lines end with CRLF, with no other CR or LF", false)        \
    X(NUL_IN_COMMAND, 501, "5.5.2", "NUL byte in command", false)                                  \
    X(CONTROL_IN_COMMAND, 501, "5.5.2", "Control character in command", false)                     \
    X(EIGHT_BIT_IN_COMMAND, 501, "5.5.2", "Non-ASCII byte in command", false)                      \
    X(UTF8_NOT_ANNOUNCED, 501, "5.6.7", "Non-ASCII address without SMTPUTF8", false)               \
    X(ARGUMENT_INVALID, 501, "5.5.4", "Invalid argument", false)                                   \
    X(ARGUMENT_MISSING, 501, "5.5.4", "Argument missing", false)                                   \
    X(ARGUMENT_UNWANTED, 501, "5.5.4", "This command takes no argument", false)                    \
    X(MAIL_SYNTAX, 501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]", false)                \
    X(RCPT_SYNTAX, 501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]", false)                  \
    X(SENDER_SYNTAX, 501, "5.1.7", "Invalid sender address", false)                                \
    X(RECIPIENT_SYNTAX, 501, "5.1.3", "Invalid recipient address", false)                          \
    X(SENDER_TOO_LONG, 501, "5.1.7", "Sender address too long", false)                             \
    X(RECIPIENT_TOO_LONG, 501, "5.1.3", "Recipient address too long", false)                       \
    X(PARAMETER_INVALID, 501, "5.5.4", "Invalid parameter value", false)                           \
    X(PARAMETER_DUPLICATE, 501, "5.5.4", "Parameter given twice", false)                           \
    X(SIZE_INVALID, 501, "5.5.4", "Invalid SIZE", false)                                           \
    X(XTEXT_INVALID, 501, "5.5.4", "Invalid xtext", false)                                         \
    X(BDAT_SYNTAX, 501, "5.5.4", "Syntax: BDAT size [LAST]", true)                                 \
    X(AUTH_CANCELLED, 501, "5.7.0", "Authentication cancelled", false)                             \
    X(AUTH_BASE64_INVALID, 501, "5.5.2", "Invalid base64", false)                                  \
    X(AUTH_RESPONSE_INVALID, 501, "5.5.2", "Invalid authentication response", false)               \
    X(AUTH_LINE_TOO_LONG, 500, "5.5.6", "Authentication exchange line too long", false)            \
    X(NOT_IMPLEMENTED, 502, "5.5.1", "Command not implemented", false)                             \
    X(BAD_SEQUENCE, 503, "5.5.1", "Bad sequence of commands", false)                               \
    X(NEED_MAIL, 503, "5.5.1", "MAIL first", false)                                                \
    X(NEED_RCPT, 503, "5.5.1", "RCPT first", false)                                                \
    X(NO_VALID_RECIPIENTS, 554, "5.5.1", "No valid recipients", false)                             \
    X(AUTH_MECHANISM_UNKNOWN, 504, "5.5.4", "Unknown authentication mechanism", false)             \
    X(AUTH_REQUIRED, 530, "5.7.0", "Authentication required", false)                               \
    X(TLS_REQUIRED, 530, "5.7.0", "Issue STARTTLS first", false)                                   \
    X(REQUIRETLS_NEEDS_TLS, 530, "5.7.10", "REQUIRETLS needs TLS", false)                          \
    X(AUTH_FAILED, 535, "5.7.8", "Authentication failed", false)                                   \
    X(AUTH_NEEDS_TLS, 538, "5.7.11", "Encryption required for authentication", false)              \
    X(UNKNOWN_RECIPIENT, 550, "5.1.1", "No such user here", false)                                 \
    X(RELAY_DENIED, 550, "5.7.1", "Relaying denied", false)                                        \
    X(REFUSED_BY_POLICY, 550, "5.7.1", "Refused by policy", false)                                 \
    X(MESSAGE_BARE_LF, 550, "5.5.2", "Bare LF in message: lines end with CRLF", true)              \
    X(MESSAGE_BARE_CR, 550, "5.5.2", "Bare CR in message: lines end with CRLF", true)              \
    X(MESSAGE_NUL, 550, "5.5.2", "NUL byte in message", true)                                      \
    X(MESSAGE_TOO_LARGE, 552, "5.3.4", "Message too large", false)                                 \
    X(MAILBOX_FULL, 552, "5.2.2", "Mailbox full", false)                                           \
    X(SENDER_NOT_YOURS, 553, "5.7.1", "Sender address not owned by the authenticated user", false) \
    X(MAIL_LOOP, 554, "5.4.6", "Mail loop detected", false)                                        \
    X(INPUT_TOO_EARLY, 554, "5.5.1", "Input before its time", true)                                \
    X(FOREIGN_PROTOCOL, 554, "5.5.1", "This is a mail server", true)                               \
    X(PARAMETER_UNKNOWN, 555, "5.5.4", "Parameter not recognized or not implemented", false)

enum smtp_reply_name {
#define X(name, code, enhanced, text, closes) SMTP_REPLY_##name,
    SMTP_REPLIES(X)
#undef X
        SMTP_REPLY_COUNT
};

/* The reply of that name. */
struct smtp_reply smtp_reply_named(enum smtp_reply_name name);
/* The same with other words, which must live as long as the reply. */
struct smtp_reply smtp_reply_with_text(enum smtp_reply_name name, struct slice text);

/* Appends the reply's lines: "250-2.1.0 first", "250 2.1.0 last" (RFC 5321 4.2.1, RFC 2034 4).
   Control and non-ASCII bytes become '?'; with `utf8`, UTF-8 stays (RFC 6531 3.7.4.3). Text
   over SMTP_REPLY_TEXT_BYTES_MAX continues on a further line. */
void smtp_reply_write(struct buffer *out, const struct smtp_reply *reply, bool utf8);

#endif
