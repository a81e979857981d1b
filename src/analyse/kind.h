/*
 * What sort of message it is, as far as header and structure tell: written by a person, an
 * automatic answer (RFC 3834 and the older X- fields), a bounce (RFC 3464), a complaint (RFC
 * 5965), or mail to many. Basic: no text is read. Pure.
 */
#ifndef ANALYSE_KIND_H
#define ANALYSE_KIND_H

#include "wire/mime.h"

enum kind {
    KIND_PERSONAL,
    KIND_AUTO_REPLY,
    KIND_BOUNCE,
    KIND_COMPLAINT,
    KIND_BULK,
};

/* By the root's header, when it is known. */
enum kind kind_of_header(const struct mime_part *root, struct slice header);
/* By the finished tree: reports that the header does not announce. `so_far` otherwise. */
enum kind kind_of_structure(const struct mime_part *root, enum kind so_far);

/* "personal", "auto-reply", "bounce", "complaint", "bulk". */
const char *kind_name(enum kind kind);

#endif
