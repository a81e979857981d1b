/* More limits of certificates by ACME (RFC 8555), beside those of base/limits.h. */
#ifndef BASE_LIMITS_ACME_H
#define BASE_LIMITS_ACME_H

enum {
    /* Orders of one run, each without the optional name that the last one failed at. */
    ACME_ORDERS_MAX = 20,
    /* How often the CA is asked when it would have a certificate renewed (RFC 9773 4.3), at most and at
       least. */
    ACME_WINDOW_LOOK_MS_MIN = 3600 * 1000,
    ACME_WINDOW_LOOK_MS = 24 * 3600 * 1000,
};

#endif
