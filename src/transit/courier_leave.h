/* A message that may have to stay after all asks the store right before its transaction begins. */
#ifndef TRANSIT_COURIER_LEAVE_H
#define TRANSIT_COURIER_LEAVE_H

#include "transit/courier_state.h"

/* False: it is not to leave now, or nobody says. `is_again`: it was asked before in this attempt. Waits. */
bool courier_may_leave(struct task *t, struct courier_session *session, const struct outgoing *outgoing,
                       bool is_again);

#endif
