#include "invariant.h"

const char *invariant_name(enum invariant invariant) {
    static const char *const names[INVARIANTS] = {
        [ACKNOWLEDGED_IS_THERE] = "acknowledged-is-there",
        [NOTHING_TWICE] = "nothing-twice",
        [NOTHING_UNASKED] = "nothing-unasked",
        [TEXT_UNCHANGED] = "text-unchanged",
        [UIDS_RISE] = "uids-rise",
        [MODSEQS_RISE] = "modseqs-rise",
        [SHOWN_STAYS] = "shown-stays",
        [CHANGES_ARE_TOLD] = "changes-are-told",
        [IDLE_IS_TOLD] = "idle-is-told",
        [STORE_VERIFIES] = "store-verifies",
        [ALL_ARE_SERVED] = "all-are-served",
        [CALM_IS_CALM] = "calm-is-calm",
        [REPLIES_ARE_RIGHT] = "replies-are-right",
        [QUEUES_MOVE] = "queues-move",
        [REPORTS_ARE_OWED] = "reports-are-owed",
        [MAIL_IS_SIGNED] = "mail-is-signed",
        [ANSWERS_STOP] = "answers-stop",
        [STEPS_IN_ORDER] = "steps-in-order",
        [PACE_HOLDS] = "pace-holds",
    };
    return names[invariant];
}
