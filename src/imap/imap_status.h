/* The STATUS answer (RFC 9051 6.3.11), also of LIST with RETURN (STATUS ...) (RFC 5819). */
#ifndef IMAP_IMAP_STATUS_H
#define IMAP_IMAP_STATUS_H

#include "imap/imap_session.h"

/* `* STATUS name (...)` with the asked items (IMAP_STATUS_ bits). Does not wait. */
void imap_status_write(struct imap_call *call, const struct mailbox *mailbox, uint32_t items);

#endif
