/* Mailbox names: UTF-8, "/" between levels. Never paths. Pure. */
#ifndef STORE_MAILBOX_NAME_H
#define STORE_MAILBOX_NAME_H

#include "base/arena.h"

/* The name as it is stored: INBOX, also as the first level, in capitals (RFC 9051 5.1). False: not
   UTF-8, a control character, an empty level, too long or too deep. */
NODISCARD bool mailbox_name_read(struct arena *arena, struct slice text, struct slice *name);
bool mailbox_name_is_inbox(struct slice name);
/* The name is the parent's or below it. */
bool mailbox_name_is_below(struct slice name, struct slice parent);

#endif
