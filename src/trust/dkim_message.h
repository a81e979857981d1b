/*
 * A message that passes by once, for whoever checks or makes its signatures (DKIM and ARC): its header
 * section is held, of its body the hashes that are wanted are made, each once however many signatures ask for
 * it.
 *
 *     struct dkim_message *message = dkim_message_new_to_check();
 *     dkim_message_write(message, piece);            all of it, piece by piece, lines with CRLF
 *     dkim_message_end(message);
 *     ... dkim_check(t, message, ...), arc_check(t, message, ...) ...
 *     dkim_message_free(&message);
 *
 * Memory: the header section, DKIM_HEADER_BYTES_MAX at most, and DKIM_FIELDS_MAX fields of it.
 */
#ifndef TRUST_DKIM_MESSAGE_H
#define TRUST_DKIM_MESSAGE_H

#include "trust/dkim_header.h"

struct dkim_message;

/* The body is hashed in the forms that the message's signatures name. */
struct dkim_message *dkim_message_new_to_check(void);
/* The body is hashed in this form. */
struct dkim_message *dkim_message_new_to_sign(enum dkim_form body_form);
/* Nulls *message. NULL is fine. */
void dkim_message_free(struct dkim_message **message);

/* The next bytes, from the first header field on, then the empty line and the body. */
void dkim_message_write(struct dkim_message *message, struct slice bytes);
/* Call it once. What stands below needs it. */
void dkim_message_end(struct dkim_message *message);

/* DKIM_FAULT_NONE, DKIM_FAULT_HEADER_TOO_LARGE or DKIM_FAULT_HEADER_LINES: then the header is empty. */
enum dkim_fault dkim_message_fault(const struct dkim_message *message);
const struct dkim_header *dkim_message_header(const struct dkim_message *message);
/* NULL: no signature wanted this form. */
const uint8_t *dkim_message_body_hash(const struct dkim_message *message, enum dkim_form form);

#endif
