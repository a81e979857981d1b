/*
 * HTML to plain text for previews and search, not for showing: tags go, the insides of script,
 * style, head's title and comments go, character references are resolved, block elements and
 * <br> become line breaks, and white space is collapsed. UTF-8 in, UTF-8 out; one pass without
 * a stack, so any nesting is the same to it. What is not closed reaches to the end.
 */
#ifndef WIRE_HTML_TEXT_H
#define WIRE_HTML_TEXT_H

#include "base/buffer.h"

/* Appends the text. Stops where `out` is full. */
void html_text_append(struct buffer *out, struct slice html);

#endif
