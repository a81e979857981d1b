/* Requests of io/fetch.h, by libcurl. */
#ifndef IO_REAL_FETCH_H
#define IO_REAL_FETCH_H

#include <curl/curl.h>

#include "base/buffer.h"
#include "io/fetch.h"

/* One request, from its start until it is ended or stopped. All of libcurl's state is its own: nothing is
   shared with other requests. */
struct fetching {
    struct fetch_transfer *transfer;
    struct work begin;
    struct timer timer;
    CURLM *multi;
    CURL *easy;
    struct curl_slist *fields;
    struct curl_slist *resolve;
    struct curl_slist *connect_to;
    /* The header of the answer: its lines, each with '\n' behind. */
    struct buffer header;
    struct buffer body;
    bool is_too_large;
};

/* fetch_setup.c: all that libcurl is told. False: it does not take it. */
NODISCARD bool fetch_setup(struct fetching *fetching);
/* fetch_answer.c: what came of it, in the transfer's arena. */
void fetch_answer_write(struct fetching *fetching, CURLcode code);

#endif
