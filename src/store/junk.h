/* Where a delivery goes that a content filter took for junk: the account's Junk mailbox (RFC 6154 2), or its
   INBOX where there is none; with the keyword $Junk (RFC 9051 2.3.2) either way. */
#ifndef STORE_JUNK_H
#define STORE_JUNK_H

#include "store/inbox.h"
#include "store/model.h"

void junk_add(struct commit *commit, struct inbox *inbox, const struct delivery *delivery);

#endif
