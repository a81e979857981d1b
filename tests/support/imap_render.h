/*
 * Writes a parsed IMAP command back the way a client would send it, for the property that
 * parsing and rendering agree: what was rendered parses, and renders to the same bytes again.
 */
#ifndef TESTS_SUPPORT_IMAP_RENDER_H
#define TESTS_SUPPORT_IMAP_RENDER_H

#include "wire/imap_command.h"

/* The whole line with its CRLF. Strings are non-synchronizing literals where they cannot be
   quoted. A streamed literal ends the text at its header. */
void imap_render(struct buffer *out, const struct imap_command *command, bool utf8);
/* What follows a streamed literal: the rest of an APPEND that imap_append_continue read. */
void imap_render_append_rest(struct buffer *out, const struct imap_append *append, bool after_utf8);

#endif
