/*
 * Writes what an IMAP server says (RFC 9051 7): status lines, untagged lines, continuations, and
 * the parts they are made of. Whatever the texts, a line stays one line: control bytes become
 * `?`. A buffer that overflows says so itself; nothing here can fail otherwise.
 */
#ifndef WIRE_IMAP_REPLY_H
#define WIRE_IMAP_REPLY_H

#include "wire/imap_command.h"

enum imap_reply_status { IMAP_REPLY_OK, IMAP_REPLY_NO, IMAP_REPLY_BAD };

/* `tag OK [code] text`. An empty tag is `*`. `code` goes without brackets and may be empty; `text`
   may not, because clients expect some behind every code. */
void imap_reply_tagged(struct buffer *out, struct slice tag, enum imap_reply_status status, struct slice code,
                       struct slice text);
/* `* OK [code] text` */
void imap_reply_status(struct buffer *out, enum imap_reply_status status, struct slice code,
                       struct slice text);
/* `* BYE text` */
void imap_reply_bye(struct buffer *out, struct slice text);
/* The answer to a command that could not be parsed. */
void imap_reply_parse_error(struct buffer *out, const struct imap_command *command);
/* `* line` */
void imap_reply_untagged(struct buffer *out, struct slice line);
/* `* number word`, as EXISTS and EXPUNGE have it. */
void imap_reply_number(struct buffer *out, uint64_t number, struct slice word);
/* `* number FETCH (`; the items and `)` follow. */
void imap_reply_fetch_begin(struct buffer *out, uint32_t number);
/* `+ text`, always with the space; `text` may be empty. */
void imap_reply_continue(struct buffer *out, struct slice text);

/* 1:3,5,9:12; ranges are written as they are, in this order. At least one. */
void imap_reply_ranges(struct buffer *out, const struct number_range *ranges, size_t count);
/* A set's members, as ranges. Not empty. */
void imap_reply_uid_set(struct buffer *out, const struct uid_set *set);
/* `* VANISHED uids` or `* VANISHED (EARLIER) uids` (RFC 7162 3.2.10); no line for no UID. */
void imap_reply_vanished(struct buffer *out, const struct number_range *uids, size_t count, bool earlier);
/* COPYUID validity from to (RFC 4315 3), without brackets. */
void imap_reply_copyuid(struct buffer *out, uint32_t uid_validity, const struct number_range *from,
                        size_t from_count, const struct number_range *to, size_t to_count);
/* APPENDUID validity uids (RFC 4315 3, RFC 3502 5), without brackets. */
void imap_reply_appenduid(struct buffer *out, uint32_t uid_validity, const struct number_range *uids,
                          size_t count);

/* (\Seen $Junk) */
void imap_reply_flags(struct buffer *out, const struct imap_flags *flags);
/* The words of these bits, in the table's order, with spaces between. */
void imap_reply_words(struct buffer *out, const struct imap_word *words, uint32_t bits);
/* A mailbox's name (UTF-8), quoted: as modified UTF-7, or as it is where UTF8=ACCEPT is enabled.
   A literal only where a name cannot be quoted. */
void imap_reply_mailbox(struct buffer *out, struct slice name, bool utf8);
/* What a FETCH section is called in the answer: BODY[1.HEADER.FIELDS (From)]<0>. */
void imap_reply_section(struct buffer *out, const struct imap_section *section);

/* A capability and when it is advertised: all of `needs` and none of `unless` are set. */
struct imap_capability {
    struct slice name;
    uint32_t needs;
    uint32_t unless;
};
/* CAPABILITY IMAP4rev1 ...: of the rows, those that the state's bits allow. For the untagged line
   and for the response code alike. */
void imap_reply_capabilities(struct buffer *out, const struct imap_capability *rows, size_t count,
                             uint32_t state);

#endif
