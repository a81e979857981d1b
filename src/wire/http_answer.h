/*
 * An HTTP/1.1 response as a client reads it (RFC 9112 4 and 6), in any pieces: its status, and its body
 * by Content-Length, in chunks, or up to the end of the connection. Interim responses (RFC 9110 15.2) are
 * passed over. As strict as wire/http_request.h, and for the same reason. Bounded, linear.
 */
#ifndef WIRE_HTTP_ANSWER_H
#define WIRE_HTTP_ANSWER_H

#include "wire/http_chunked.h"
#include "wire/http_request.h"

enum http_answer_status {
    HTTP_ANSWER_MORE,
    HTTP_ANSWER_WHOLE,
    /* Not HTTP/1, or cut off. */
    HTTP_ANSWER_BAD,
    /* The body is longer than its maximum. */
    HTTP_ANSWER_TOO_LARGE,
};

enum http_answer_body { HTTP_BODY_COUNTED, HTTP_BODY_CHUNKED, HTTP_BODY_TO_THE_END };

struct http_answer {
    /* Of the final response: 200 and the like. */
    unsigned status;
    struct buffer body;

    /* Private. */
    struct http_frame frame;
    struct buffer head;
    bool has_head;
    unsigned interim_count;
    enum http_answer_body delimited;
    uint64_t left;
    struct http_chunked chunked;
};

void http_answer_begin(struct http_answer *answer, size_t body_bytes_max);
void http_answer_free(struct http_answer *answer);
/* Reads on. What comes behind a whole response is not looked at. */
enum http_answer_status http_answer_feed(struct http_answer *answer, struct slice bytes);
/* The connection has ended: never HTTP_ANSWER_MORE. */
enum http_answer_status http_answer_end(struct http_answer *answer);

#endif
