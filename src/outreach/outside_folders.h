/* Which folders an outside mailbox has, and which of them are what. */
#ifndef OUTREACH_OUTSIDE_FOLDERS_H
#define OUTREACH_OUTSIDE_FOLDERS_H

#include "outreach/outside.h"

struct outside_folders {
    struct imap_client_folder *items;
    size_t count;
};

/* LIST. Where the server does not say which are Sent, Junk, Drafts and Trash their usual names do, in several
   languages. What it finds is in `arena`. Waits. */
struct imap_client_outcome outside_list(struct task *t, struct outside *outside, struct arena *arena,
                                        struct outside_folders *folders);
/* The first that is of that use; NULL: there is none. */
const struct imap_client_folder *outside_folder_of(const struct outside_folders *folders, unsigned use);
/* What a folder of that name usually is (the last part of its name counts); 0: nothing known. Pure. */
unsigned outside_use_of_name(struct slice name, char separator);

#endif
