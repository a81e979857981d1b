/*
 * One SPF record for a name, made of what is there already and what this host needs: a name with two records
 * has none (RFC 7208 4.5). Pure.
 */
#ifndef TRUST_SPF_MERGE_H
#define TRUST_SPF_MERGE_H

#include "base/arena.h"

/*
 * Merges `records`, all of which are SPF records (wire/spf.h: spf_is_record), with `ours`. Ours come first,
 * for then mail from here needs no lookups; what is there already, or within a network that is, is not added
 * again. The `all` is the first that is there (one that lets everybody send becomes ~all), else that of ours
 * unless there is a redirect, of which the first stays and others become includes (RFC 7208 6.1). What no
 * record needs twice is there once. In `arena`. False: more than SPF_MERGE_TERMS_MAX terms, or longer than
 * TRUST_TXT_BYTES_MAX, or bytes that are no printable ASCII.
 */
NODISCARD bool spf_merge(struct arena *arena, const struct slice *records, size_t count, struct slice ours,
                         struct slice *merged);

#endif
