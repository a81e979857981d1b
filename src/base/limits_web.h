/* Limits of what web servers of ours take (base/limits.h has all others). */
#ifndef BASE_LIMITS_WEB_H
#define BASE_LIMITS_WEB_H

enum {
    /* The body of a request to the API. */
    API_BODY_BYTES_MAX = 1024 * 1024,
};

#endif
