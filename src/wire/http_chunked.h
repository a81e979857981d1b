/*
 * The chunked coding of a request body (RFC 9112 7.1), read as it comes. Extensions and trailer
 * fields are passed over, within their limits. Sizes are hexadecimal digits and nothing else, line
 * ends are CRLF and nothing else: another reader on the way must not see other chunks. Pure.
 */
#ifndef WIRE_HTTP_CHUNKED_H
#define WIRE_HTTP_CHUNKED_H

#include "wire/byte_sink.h"

enum http_chunked_status {
    HTTP_CHUNKED_MORE,
    /* The body and its trailer are over. */
    HTTP_CHUNKED_END,
    /* Not the chunked coding; nothing behind can be trusted. */
    HTTP_CHUNKED_BAD,
    /* More than body_bytes_max. */
    HTTP_CHUNKED_TOO_LARGE,
};

struct http_chunked {
    int state;
    /* Of the chunk: digits seen, and bytes still to come. */
    unsigned digits;
    uint64_t left;
    uint64_t body_bytes;
    uint64_t body_bytes_max;
    /* Of extensions, and of the trailer. */
    size_t extension_bytes;
    size_t trailer_bytes;
    size_t line_bytes;
};

struct http_chunked http_chunked_new(uint64_t body_bytes_max);
/* Reads on; the content goes to `sink`. *consumed counts what was used: all of the input at
   HTTP_CHUNKED_MORE, up to the end of the body at HTTP_CHUNKED_END. */
enum http_chunked_status http_chunked_read(struct http_chunked *reader, struct slice input,
                                           struct byte_sink sink, size_t *consumed);

#endif
