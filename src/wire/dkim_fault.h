/*
 * What can be wrong with a signature, its key, or the message it stands in (RFC 6376 6.1): one list for
 * DKIM and ARC, with the words that people read.
 */
#ifndef WIRE_DKIM_FAULT_H
#define WIRE_DKIM_FAULT_H

enum dkim_fault {
    DKIM_FAULT_NONE,
    /* The field. */
    DKIM_FAULT_FIELD_TOO_LONG,
    DKIM_FAULT_TAGS,
    DKIM_FAULT_TAG_DOUBLED,
    DKIM_FAULT_TAG_MISSING,
    DKIM_FAULT_VERSION,
    DKIM_FAULT_ALGORITHM,
    DKIM_FAULT_SHA1,
    DKIM_FAULT_FORM,
    DKIM_FAULT_DOMAIN,
    DKIM_FAULT_SELECTOR,
    DKIM_FAULT_IDENTITY,
    DKIM_FAULT_NAMES,
    DKIM_FAULT_FROM_UNSIGNED,
    DKIM_FAULT_QUERY,
    DKIM_FAULT_TIME,
    DKIM_FAULT_BASE64,
    DKIM_FAULT_LENGTH,
    DKIM_FAULT_INSTANCE,
    DKIM_FAULT_CHAIN_STATUS,
    /* The message. */
    DKIM_FAULT_HEADER_TOO_LARGE,
    DKIM_FAULT_HEADER_LINES,
    DKIM_FAULT_FROM_ADDED,
    DKIM_FAULT_SUBJECT_ADDED,
    DKIM_FAULT_TOO_MANY,
    DKIM_FAULT_BODY,
    DKIM_FAULT_SIGNATURE,
    /* The chain (RFC 8617 5.2). */
    DKIM_FAULT_CHAIN_RESULTS,
    DKIM_FAULT_CHAIN_DOUBLED,
    DKIM_FAULT_CHAIN_INCOMPLETE,
    DKIM_FAULT_CHAIN_ORDER,
    DKIM_FAULT_CHAIN_FAILED,
    DKIM_FAULT_CHAIN_SEAL_SIGNED,
    /* Time. */
    DKIM_FAULT_EXPIRED,
    DKIM_FAULT_FUTURE,
    /* The key. */
    DKIM_FAULT_KEY_UNSURE,
    DKIM_FAULT_KEY_NONE,
    DKIM_FAULT_KEY_MALFORMED,
    DKIM_FAULT_KEY_REVOKED,
    DKIM_FAULT_KEY_TYPE,
    DKIM_FAULT_KEY_HASH,
    DKIM_FAULT_KEY_SERVICE,
    DKIM_FAULT_KEY_STRICT,
    DKIM_FAULT_KEY_SHORT,
    DKIM_FAULT_KEY_LONG,
    /* What the stranger used up before it was its turn. */
    DKIM_FAULT_KEY_SPENT,
    DKIM_FAULT_KEY_WORK,
};
enum { DKIM_FAULTS = DKIM_FAULT_KEY_WORK + 1 };

/* What is wrong, in a few words without a full stop; "" for none. */
const char *dkim_fault_words(enum dkim_fault fault);

#endif
