/*
 * An HTTP request to another host, and its answer: libcurl on the loop; in the simulator it is cut at the
 * answer. It asks nobody where a name leads: who calls has looked that up (trust/web_fetch.h does) and says
 * the addresses, which is also who decides whether an address may be connected to. Redirects are answers like
 * others and are not followed. No file is opened, no proxy is used, nothing of the environment counts, no
 * cookie or connection is kept. TLS 1.2 at least, and a certificate for the URL's host that leads to the
 * caller's roots, always.
 */
#ifndef IO_FETCH_H
#define IO_FETCH_H

#include "base/arena.h"
#include "io/task.h"

struct fetch_field {
    struct slice name;
    struct slice value;
};

/* All of it outlives the call, and stays as it is while that waits. */
struct fetch_request {
    /* "GET", "HEAD", "POST": a token, NUL-terminated. */
    const char *method;
    /* Absolute, "https://" or "http://", in ASCII; no user, at most FETCH_URL_BYTES_MAX. */
    struct slice url;
    /* Beside Host, User-Agent and Content-Length, at most FETCH_FIELDS_MAX. */
    const struct fetch_field *fields;
    size_t field_count;
    /* Sent where it is not empty or the method is POST. */
    struct slice body;
    /* Where the URL's host is: numeric, NUL-terminated, the first FETCH_ADDRESSES_MAX of them; tried until
       one takes the connection. */
    const char *const *addresses;
    size_t address_count;
    /* Connect to this port instead of the URL's, which stays what is asked for; 0: the URL's. For tests. */
    uint16_t port;
    /* Certificates (PEM, one after the other) that the host's must lead to. Empty: no https. */
    struct slice roots_pem;
    /* A longer body is FETCH_TOO_LARGE. */
    size_t body_bytes_max;
};

enum fetch_result {
    /* There is an answer, whatever its status. */
    FETCH_OK,
    /* The request is none: no URL, no address, fields that cannot be sent. */
    FETCH_BAD_REQUEST,
    /* No address took the connection. */
    FETCH_UNREACHABLE,
    /* The certificate is not acceptable: `fault`. */
    FETCH_UNTRUSTED,
    /* TLS could not be agreed on. */
    FETCH_TLS_FAILED,
    /* The answer is not HTTP, or broke off. */
    FETCH_BROKEN,
    /* The body is longer than its maximum, or the header than FETCH_HEADER_BYTES_MAX. */
    FETCH_TOO_LARGE,
    FETCH_TIMEOUT,
    FETCH_CANCELLED,
};
enum { FETCH_RESULTS = FETCH_CANCELLED + 1 };

struct fetch_answer {
    enum fetch_result result;
    /* 200 and the like, with FETCH_TOO_LARGE, too, where the head came; 0 where nothing was answered. */
    unsigned status;
    /* In the order they came, at most FETCH_FIELDS_MAX. */
    const struct fetch_field *fields;
    size_t field_count;
    struct slice body;
    /* With UNTRUSTED: what is wrong with the certificate, a static text; else NULL. */
    const char *fault;
};

/* Asks, and waits for the whole answer until the (monotonic) deadline. Returns answer->result. The answer is
   in `arena`; where it does not fit its budget that is FETCH_TOO_LARGE. */
enum fetch_result fetch_run(struct task *t, const struct fetch_request *request, struct arena *arena,
                            struct fetch_answer *answer, int64_t deadline_ms);
/* The first field of that name, whatever its case; empty: there is none. */
struct slice fetch_answer_field(const struct fetch_answer *answer, struct slice name);
/* "unreachable", "untrusted", ...: for logs. */
const char *fetch_result_name(enum fetch_result result);

/* For backends: a request under way; lives in fetch_run. */
struct fetch_transfer {
    struct env *env;
    const struct fetch_request *request;
    struct arena *arena;
    struct fetch_answer *answer;
    int64_t deadline_ms;
    struct task *waiter;
    bool is_done;
    /* The backend's own. */
    void *pending;
};
/* For backends: *transfer->answer is written. */
void fetch_end(struct fetch_transfer *transfer);

#endif
