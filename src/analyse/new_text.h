/*
 * What somebody wrote anew: the text without what it quotes and without signatures. Known are lines that
 * begin with
 * ">", "On ... wrote:" in many languages and broken over lines, "-----Original Message-----", the block of
 * fields that Outlook puts above a quoted message, "-- ", and what telephones write below; in HTML the
 * elements that mail programs put quotes into. Answers between or below quotes are kept. What is doubtful is
 * kept.
 *
 * UTF-8 in, UTF-8 out. Pure; linear.
 */
#ifndef ANALYSE_NEW_TEXT_H
#define ANALYSE_NEW_TEXT_H

#include "base/buffer.h"

/* Appends the new part of a plain text; stops where `out` is full. */
void new_text_append(struct buffer *out, struct slice text);
/* The same of HTML, as plain text. */
void new_text_append_html(struct buffer *out, struct slice html);

/* Whether a text forwards a message: the heading that mail programs write above it. */
bool new_text_forwards(struct slice text);

#endif
