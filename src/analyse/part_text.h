/*
 * The text of one leaf part as UTF-8, decoded while its bytes flow by: transfer encoding and
 * charset undone, HTML not yet (see html_text.h). Pure; holds a few KiB.
 */
#ifndef ANALYSE_PART_TEXT_H
#define ANALYSE_PART_TEXT_H

#include "base/buffer.h"
#include "wire/mime.h"

struct part_text;

/* Whether there is text to be had of the part: text of some kind, and no attachment. */
bool part_text_wanted(const struct mime_part *part);

struct part_text *part_text_new(const struct mime_part *part);
void part_text_free(struct part_text **text);
/* Appends what the encoded bytes say; stops where `out` is full. */
void part_text_feed(struct part_text *text, struct slice encoded, struct buffer *out);
void part_text_finish(struct part_text *text, struct buffer *out);

#endif
