/*
 * What another SMTP server says, read by a client: incremental, one reply at a time, bounded
 * in line length, lines and bytes, so that no server can hold us or fill us. The text comes
 * out clean: no control bytes, valid UTF-8, lines joined with '\n', enhanced codes taken off.
 * After an error the connection is of no more use; there is no way to know where a reply ends.
 */
#ifndef WIRE_SMTP_REPLY_PARSER_H
#define WIRE_SMTP_REPLY_PARSER_H

#include "base/buffer.h"

enum smtp_reply_parse_status {
    SMTP_REPLY_PARSE_MORE, /* all input was taken, the reply goes on */
    SMTP_REPLY_PARSE_COMPLETE,
    SMTP_REPLY_PARSE_MALFORMED,     /* no code, or codes that differ between lines (RFC 5321 4.2.1) */
    SMTP_REPLY_PARSE_LINE_TOO_LONG, /* over SMTP_REPLY_LINE_BYTES_MAX */
    SMTP_REPLY_PARSE_TOO_LONG,      /* over SMTP_REPLY_LINES_MAX or SMTP_REPLY_BYTES_MAX */
};

/* RFC 3463 2. All zero: there was none that fits the reply's class. */
struct smtp_enhanced_code {
    unsigned class;
    unsigned subject;
    unsigned detail;
};

struct smtp_reply_parser {
    /* Valid when the status is COMPLETE. */
    unsigned code;
    struct smtp_enhanced_code enhanced;
    struct buffer text;
    /* Private. */
    struct buffer line;
    unsigned line_count;
};

struct smtp_reply_parser smtp_reply_parser_new(void);
void smtp_reply_parser_free(struct smtp_reply_parser *parser);
/* Makes it ready for the next reply. */
void smtp_reply_parser_reset(struct smtp_reply_parser *parser);

/* Takes input up to the end of one reply and says in *consumed how much that was: whatever
   is behind belongs to the next reply. A line may end with a bare LF. */
NODISCARD enum smtp_reply_parse_status smtp_reply_parse(struct smtp_reply_parser *parser, struct slice input,
                                                        size_t *consumed);

#endif
