/*
 * What a check of a message says, in the words of Authentication-Results (RFC 8601 2.7), which all
 * methods share. Each method's header says which of them it uses, and when.
 */
#ifndef TRUST_VERDICT_H
#define TRUST_VERDICT_H

#include "base/slice.h"

/* Numbers are those of protocols. */
enum trust_result {
    TRUST_NONE,
    TRUST_PASS,
    TRUST_FAIL,
    TRUST_SOFTFAIL,
    TRUST_NEUTRAL,
    TRUST_POLICY,
    /* Not known now; asked again later it may be. */
    TRUST_TEMPERROR,
    TRUST_PERMERROR,
};
enum { TRUST_RESULTS = TRUST_PERMERROR + 1 };

/* "none", "pass", ... */
const char *trust_result_word(enum trust_result result);

#endif
