/*
 * Internet addresses as they stand in header fields (RFC 5322 3.4, 4.4; RFC 6532 for UTF-8):
 * mailboxes, groups, comments, quoted strings, routes, and what people write instead.
 *
 * The reader yields one entry at a time from a borrowed field value and holds no more than
 * that entry, so a field of any length costs memory for its longest entry only. It never
 * fails: what cannot be an address is yielded as best it can be read. Linear.
 */
#ifndef WIRE_ADDRESS_H
#define WIRE_ADDRESS_H

#include "base/arena.h"
#include "base/buffer.h"

enum address_kind { ADDRESS_MAILBOX, ADDRESS_GROUP_START, ADDRESS_GROUP_END };

struct address {
    enum address_kind kind;
    /* The display name, or the group's name; quoting is off, encoded words are as they were. */
    struct slice name;
    /* The obsolete source route, "@a,@b", mostly empty. */
    struct slice route;
    /* Unquoted. Empty where the field has none. */
    struct slice local;
    struct slice domain;
};

struct address_reader {
    struct slice rest;
    struct buffer name;
    struct buffer spec;
    bool in_group;
};

/* Reads the value of an address field. Release it with address_reader_free. */
struct address_reader address_reader_new(struct slice value);
void address_reader_free(struct address_reader *reader);
/* The next entry, whose slices hold until the next call; false at the end. A group that is
   not closed is closed at the end. */
bool address_next(struct address_reader *reader, struct address *address);

/* The first mailbox of the field, copied into the arena. False: none, or over the budget. */
bool address_first(struct arena *arena, struct slice value, struct address *address);
/* How many mailboxes the field names; stops counting at `max`. */
size_t address_count(struct slice value, size_t max);

/* Appends local@domain, the local part quoted where RFC 5322 3.4.1 asks for it. */
void address_write_spec(struct buffer *out, struct slice local, struct slice domain);

#endif
