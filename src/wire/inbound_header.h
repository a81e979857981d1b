/*
 * The header section of a message from a stranger, on its way in: whatever says that this host found
 * something out about the message, before this host did, is taken out (RFC 8601 5: Authentication-Results
 * with our name, X-Posthaste-Junk and -Filter), and the values of its From fields are kept for those who ask
 * whose name it bears. All else goes through byte for byte, in pieces of any size.
 *
 * Lines end in CRLF. What is held at any time is one field name, or one Authentication-Results field up to
 * AUTH_RESULTS_HELD_BYTES_MAX; of one that is longer, its beginning decides. Pure and linear.
 */
#ifndef WIRE_INBOUND_HEADER_H
#define WIRE_INBOUND_HEADER_H

#include "base/buffer.h"
#include "base/limits.h"

enum inbound_field {
    /* Its name is not yet whole. */
    INBOUND_NAME,
    INBOUND_PASS,
    INBOUND_FROM,
    INBOUND_DROP,
    /* Authentication-Results, undecided. */
    INBOUND_HELD,
};

struct inbound_header {
    /* Ours; outlives it. */
    struct slice host;
    enum inbound_field field;
    bool is_line_start;
    /* The empty line came: the rest is no header. */
    bool is_body;
    /* What is not decided yet. */
    struct buffer held;
    /* The values of all From fields, each with a NUL behind it. */
    struct buffer from;
    size_t from_count;
    /* Of the header section, up to its empty line. */
    size_t header_bytes;
    /* TRUST_FROM_BYTES_MAX was not enough for them. */
    bool is_from_cut;
    /* Fields that were taken out. */
    size_t dropped_count;
};

struct inbound_header inbound_header_new(struct slice host);
void inbound_header_free(struct inbound_header *header);
/* Takes bytes, appends what goes on. At most AUTH_RESULTS_HELD_BYTES_MAX more come out than went in. */
void inbound_header_write(struct inbound_header *header, struct slice bytes, struct buffer *out);
/* The end of the message: appends what is still held. */
void inbound_header_finish(struct inbound_header *header, struct buffer *out);

#endif
