/* The limits of webhooks, beside base/limits.h. Units are last in the names. */
#ifndef BASE_LIMITS_HOOK_H
#define BASE_LIMITS_HOOK_H

enum {
    /* Webhooks of a store: each has a request under way at most. Their URLs, and which events they want. */
    WEBHOOKS_MAX = 64,
    WEBHOOK_URL_BYTES_MAX = 1024,
    WEBHOOK_KINDS_BYTES_MAX = 1000,
    /* Secrets: those that are made, and what may be read of any (Standard Webhooks, signature scheme). */
    WEBHOOK_SECRET_BYTES = 32,
    WEBHOOK_SECRET_BYTES_MIN = 24,
    WEBHOOK_SECRET_BYTES_MAX = 64,
    /* So long the secret before a rotation signs beside the new one. */
    WEBHOOK_OVERLAP_MS = 24 * 3600 * 1000,

    /* A request, its answer, and how long both may take. */
    HOOK_PAYLOAD_BYTES_MAX = 64 * 1024,
    HOOK_ANSWER_BYTES_MAX = 16 * 1024,
    HOOK_REQUEST_MS_MAX = 20 * 1000,
    /* Where the remote role does not answer; between looks where nothing is known to be due. */
    HOOK_AGAIN_MS = 2 * 1000,
    HOOK_LOOK_MS = 60 * 1000,
    HOOK_RETRY_AFTER_MS_MAX = 24 * 3600 * 1000,

    /* Events that are read in one go, and how many that nobody wants are passed over before that is kept. */
    FEED_EVENTS_MAX = 64,
    FEED_PASSED_MAX = 200,
    FEED_TEXT_BYTES_MAX = 1200,

    /* An event that failed so often is set aside, and others go before it; while so many are aside, none
       does. After so many failures in a row all that waits is tried at once when one succeeds. */
    WEBHOOK_HOLDING_ATTEMPTS = 4,
    WEBHOOK_ASIDE_MAX = 50,
    WEBHOOK_DOWN_FAILURES = 4,
    /* Nothing waits longer for its next attempt. */
    WEBHOOK_PAUSE_MS_MAX = 48 * 3600 * 1000,
    /* Deliveries that are over are kept for so long, and so many of them; shown at once. */
    WEBHOOK_KEPT_DAYS = 30,
    WEBHOOK_KEPT_MAX = 10 * 1000,
    WEBHOOK_SHOWN_MAX = 200,
    WEBHOOK_REASON_BYTES_MAX = 400,
};

#endif
