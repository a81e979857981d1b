/* The two tables of explain.h: what tells a refusal (signs), and what is said about it (words). */
#ifndef TRANSIT_EXPLAIN_TABLE_H
#define TRANSIT_EXPLAIN_TABLE_H

#include "transit/explain.h"

enum explain_refusal {
    /* Found by ourselves. */
    REFUSAL_NO_SUCH_DOMAIN,
    REFUSAL_NULL_MX,
    REFUSAL_DNS_FAILED,
    REFUSAL_NO_ROUTE,
    REFUSAL_CONNECTION_REFUSED,
    REFUSAL_CONNECTION_TIMED_OUT,
    REFUSAL_CONNECTION_LOST,
    REFUSAL_LOOP_TO_SELF,
    REFUSAL_TLS_FAILED,
    REFUSAL_UTF8_UNSUPPORTED,
    REFUSAL_CONVERSION_FORBIDDEN,
    REFUSAL_EXPIRED,
    /* Large providers. */
    REFUSAL_GMAIL_UNAUTHENTICATED,
    REFUSAL_GMAIL_PTR,
    REFUSAL_GMAIL_REPUTATION,
    REFUSAL_GMAIL_SPAM,
    REFUSAL_GMAIL_RATE,
    REFUSAL_GMAIL_RECIPIENT_RATE,
    REFUSAL_GMAIL_TLS,
    REFUSAL_GMAIL_ATTACHMENT,
    REFUSAL_MICROSOFT_BLOCK_LIST,
    REFUSAL_MICROSOFT_BANNED,
    REFUSAL_MICROSOFT_RATE,
    REFUSAL_MICROSOFT_UNAUTHENTICATED,
    REFUSAL_MICROSOFT_RECIPIENT,
    REFUSAL_MICROSOFT_RESTRICTED,
    REFUSAL_YAHOO_DEFERRED,
    REFUSAL_YAHOO_POLICY,
    REFUSAL_YAHOO_UNAUTHENTICATED,
    REFUSAL_ICLOUD_POLICY,
    REFUSAL_ICLOUD_RATE,
    REFUSAL_GMX_BLOCK_LIST,
    REFUSAL_GMX_PTR,
    REFUSAL_GMX_POLICY,
    REFUSAL_TONLINE_REPUTATION,
    /* Block lists. */
    REFUSAL_LIST_BROKEN,
    REFUSAL_SPAMHAUS_DOMAIN,
    REFUSAL_SPAMHAUS,
    REFUSAL_BARRACUDA,
    REFUSAL_SPAMCOP,
    REFUSAL_PROOFPOINT,
    REFUSAL_CLOUDMARK,
    REFUSAL_BLOCK_LIST,
    /* What everybody says. */
    REFUSAL_GREYLISTED,
    REFUSAL_DMARC,
    REFUSAL_SPF,
    REFUSAL_DKIM,
    REFUSAL_PTR,
    REFUSAL_HELO,
    REFUSAL_SENDER_DOMAIN,
    REFUSAL_SENDER_VERIFY,
    REFUSAL_TLS_REQUIRED,
    REFUSAL_LOGIN_FAILED,
    REFUSAL_RELAY_DENIED,
    REFUSAL_VIRUS,
    REFUSAL_ATTACHMENT,
    REFUSAL_SPAM,
    REFUSAL_MAILBOX_FULL,
    REFUSAL_SYSTEM_FULL,
    REFUSAL_DISABLED,
    REFUSAL_MOVED,
    REFUSAL_USER_UNKNOWN,
    REFUSAL_RECIPIENT_UNVERIFIED,
    REFUSAL_TOO_BIG,
    REFUSAL_TOO_MANY_RECIPIENTS,
    REFUSAL_RATE,
    REFUSAL_LOOP,
    REFUSAL_RESTRICTED,
    REFUSAL_MALFORMED,
    REFUSAL_BUSY,
    REFUSAL_POLICY,
    REFUSAL_REFUSED,
    REFUSAL_DEFERRED,
    REFUSALS,
};

/* A row fits when all that it names is so. */
struct explain_sign {
    enum explain_refusal refusal;
    /* The host's name is one of these or below one, a blank between them; EXPLAIN_NOBODY: no host. */
    const char *host;
    /* The class of the status: 4 or 5; 0: either. */
    unsigned class;
    /* Subject and detail of the status, "7.26". */
    const char *status;
    /* Both are in the text, in lower case. */
    const char *text;
    const char *also;
};

#define EXPLAIN_NOBODY ""

extern const struct explain_sign explain_signs[];
extern const size_t explain_sign_count;
extern const struct explanation explain_words[REFUSALS];

#endif
