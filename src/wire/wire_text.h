/*
 * What line protocols ask of text: is it free of control bytes, is it ASCII, is it UTF-8,
 * and how is a stranger's text made fit for our own lines. Pure and linear.
 */
#ifndef WIRE_WIRE_TEXT_H
#define WIRE_WIRE_TEXT_H

#include "base/buffer.h"

/* The gravest thing in a text, from harmless to hostile. */
enum wire_text_kind {
    WIRE_TEXT_ASCII,
    WIRE_TEXT_UTF8,
    WIRE_TEXT_EIGHT_BIT, /* bytes over 127 that are not UTF-8 (RFC 3629) */
    WIRE_TEXT_CONTROL,   /* bytes under 32, or 127 */
    WIRE_TEXT_NUL,
};

enum wire_text_kind wire_text_kind(struct slice text);
/* No byte beyond ASCII, and no NUL (RFC 2045 2.7). */
bool wire_text_is_7bit(struct slice text);

/* Appends `text` with each control byte (C0, DEL, C1) and each byte that is not UTF-8 as '?'.
   With `ascii_only`, all beyond ASCII is '?' too. The result has no CR, LF or NUL. */
void wire_text_clean(struct buffer *out, struct slice text, bool ascii_only);

#endif
