/*
 * Header fields that a filter wants in front of a message. A filter reads what strangers wrote, so its
 * fields are made here, not taken over: a name of those that only say something about the message (X-...,
 * Authentication-Results, ...; never one that changes what the message is), a value without a line end of
 * its own, folded anew (RFC 5322 2.2.3), in ASCII, no line too long, so many and no more. Pure.
 */
#ifndef FILTER_ADDED_FIELDS_H
#define FILTER_ADDED_FIELDS_H

#include "base/buffer.h"

struct added_fields {
    /* At most FILTER_FIELDS_BYTES_MAX. */
    struct buffer bytes;
    size_t count;
};

struct added_fields added_fields_new(void);
void added_fields_free(struct added_fields *fields);
/* Adds one, whole; false: its name may not be added, or there are too many. */
bool added_fields_add(struct added_fields *fields, struct slice name, struct slice value);
/* These bytes are such fields, or empty. */
bool added_fields_are_proper(struct slice bytes);

#endif
