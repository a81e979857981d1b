/*
 * Message identifiers as they stand in Message-ID, In-Reply-To and References (RFC 5322
 * 3.6.4). Yields what stands between the angle brackets; of a value without any bracket, its
 * first word, for the senders that forget them. Pure, linear.
 */
#ifndef WIRE_MESSAGE_ID_H
#define WIRE_MESSAGE_ID_H

#include "base/slice.h"

/* Takes the next identifier, without brackets, off the front. False: there is none. */
bool message_id_next(struct slice *rest, struct slice *id);
/* The first identifier of a value, or an empty slice. */
struct slice message_id_first(struct slice value);

#endif
