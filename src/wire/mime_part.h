/*
 * What a part's header says of it, read into struct mime_part; the mime parser's other half.
 * Fields that the arena has no room for are left out.
 */
#ifndef WIRE_MIME_PART_H
#define WIRE_MIME_PART_H

#include "wire/mime.h"

/* Fills in the part's media, fields, kind and, `with_envelope`, envelope. A part that `may_nest`
   not becomes an opaque leaf where it would have had children. */
void mime_part_read(struct arena *arena, struct mime_part *part, struct slice header, bool with_envelope,
                    bool may_nest);

/* Makes it an opaque leaf. */
void mime_part_seal(struct mime_part *part);

/* The word that the value of a Content-Transfer-Encoding says (RFC 2045 6.1); empty: none. */
struct slice mime_part_encoding(struct slice value);

/* The boundary of a multipart, or an empty slice where it has none that can be used. */
struct slice mime_part_boundary(const struct mime_part *part);

#endif
