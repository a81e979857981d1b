/* Reports to senders (DSN). */
#include "transit/courier_state.h"

void courier_report_run(struct task *t, struct courier_session *session) {
    (void)t;
    courier_session_end(session, TRANSIT_SESSION_UNREACHABLE, SLICE("reports are not made yet"));
}
