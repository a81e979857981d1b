/* Which events a webhook wants: types, separated by commas; "outreach.*" is all below, "*" all there are.
 * Pure.
 */
#ifndef HOOK_KINDS_H
#define HOOK_KINDS_H

#include "base/fatal.h"
#include "base/slice.h"

bool hook_kinds_match(struct slice kinds, struct slice type);
/* Each of them is a type that there is (as of feed_type_at), or takes one. False: *wrong is the first that
   is, or takes, none; it borrows from `kinds`. At most WEBHOOK_KINDS_BYTES_MAX: longer is wrong as a whole.
 */
NODISCARD bool hook_kinds_check(struct slice kinds, const char *(*type_at)(size_t index),
                                struct slice *wrong);

#endif
