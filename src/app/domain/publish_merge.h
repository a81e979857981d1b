/* What is in DNS already becomes part of what is to be published: posthaste domain dns --merge. */
#ifndef APP_PUBLISH_MERGE_H
#define APP_PUBLISH_MERGE_H

#include "trust/lookup.h"
#include "trust/publish.h"

/* SPF rows become what is there and ours in one; other TXT and CAA records of a name of ours become rows that
   are kept. *rows is replaced, in the lookups' arena. False: DNS did not say what is there; *name is the one.
   Waits. */
NODISCARD bool publish_merge(struct task *t, struct trust_lookups *lookups, struct publish_rows *rows,
                             struct slice *name);

#endif
