/* Copying and moving entries, inside a commit. */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "store/mailbox.h"

/* Copies or moves between two loaded mailboxes (the same one is given twice as one pointer), and
   saves them. The copied UIDs go to `arena`. STORE_OK, STORE_OVER_QUOTA, STORE_FAILED (no room). */
enum store_result copy_entries(struct commit *commit, struct mailbox_state *from, struct mailbox_state *to,
                               struct uid_ranges uids, bool is_move, struct arena *arena,
                               struct copy_result *result);

#endif
