/* A message by an outside mailbox: looked at before, sent by its own hosts, and looked for where nobody
 * knows. */
#include "outreach/agent_run.h"
#include "outreach/watch.h"

/* ---- outside mailboxes ---- */

static struct slice trouble_words(struct agent_run *run, const char *what,
                                  const struct outside_trouble *trouble) {
    return arena_printf(run->arena, "%s: %s (%.*s)", what, sender_cause_name(trouble->cause),
                        SLICE_PRINT(slice_sub(trouble->detail, 0, OUTREACH_DETAIL_BYTES_MAX / 2)));
}

static struct slice why_not(struct agent_run *run, const struct outside_sent *sent) {
    return sent->trouble.cause == SENDER_CAUSE_NONE ? SLICE("what is new in the mailbox could not be taken")
                                                    : trouble_words(run, "not sent", &sent->trouble);
}

static struct slice answer_words(struct agent_run *run, const struct outside_sent *sent) {
    return arena_printf(run->arena, "%u %.*s", sent->code,
                        SLICE_PRINT(slice_sub(sent->words, 0, OUTREACH_DETAIL_BYTES_MAX / 2)));
}

void agent_send_outside(struct agent_run *run) {
    struct outside_sent sent = {.outcome = OUTSIDE_UNKNOWN};
    struct outside_message message = {
        .mail_from = run->job.from_address,
        .recipient = run->job.to_address,
        .message_id = arena_printf(run->arena, "<%.*s>", SLICE_PRINT(run->job.message_id)),
        .content = run->composed.message,
        .may_leave = agent_may_leave,
        .context = run};
    if (!*run->agent->options.watch) {
        (void)agent_ends(run, OUTREACH_END_NOT_SENT, SLICE("outside mailboxes are not watched"));
        return;
    }
    enum watch_result result =
        watch_send(run->t, *run->agent->options.watch, run->job.sender, run->arena, &message, &sent);
    if (result == WATCH_UNKNOWN) {
        (void)agent_ends(run, OUTREACH_END_NOT_SENT, SLICE("the sender mailbox is not there any more"));
        return;
    }
    switch (sent.outcome) {
    case OUTSIDE_HELD:
        return;
    case OUTSIDE_SENT:
        (void)agent_ends(run, OUTREACH_END_SENT, SLICE_EMPTY);
        return;
    case OUTSIDE_REFUSED:
        /* Only what says that the mailbox or the domain is not there kills an address. */
        (void)agent_ends(run, outside_is_gone(&sent) ? OUTREACH_END_REFUSED : OUTREACH_END_PUT_OFF,
                         answer_words(run, &sent));
        return;
    case OUTSIDE_LATER:
        if (sent.trouble.cause != SENDER_CAUSE_NONE || sent.code == 0)
            (void)agent_ends(run, OUTREACH_END_NOT_SENT, why_not(run, &sent));
        else
            (void)agent_ends(run, OUTREACH_END_PUT_OFF, answer_words(run, &sent));
        return;
    case OUTSIDE_CANCELLED:
        (void)agent_ends(run, OUTREACH_END_NOT_SENT, SLICE("nobody could work at the mailbox"));
        return;
    default:
        (void)agent_ends(run,
                         IS_PLANTED(run->agent->options.env, PLANTED_LOST_IS_UNSENT) ? OUTREACH_END_NOT_SENT
                                                                                     : OUTREACH_END_UNKNOWN,
                         SLICE("the connection was lost after the message"));
    }
}

enum outreach_found agent_find(struct task *t, struct outreach_agent *agent, struct arena *arena,
                               struct slice body) {
    struct unpacker in = unpacker_of(body);
    uint64_t sender = unpack_number(&in);
    struct slice id = unpack_slice(&in);
    struct outside_trouble trouble = {0};
    enum outside_found found = OUTSIDE_FIND_FAILED;
    if (!unpack_is_done(&in) || !*agent->options.watch) return OUTREACH_NOT_LOOKED;
    struct slice name = arena_printf(arena, "<%.*s>", SLICE_PRINT(id));
    enum watch_result result = watch_find(t, *agent->options.watch, sender, arena, name, &found, &trouble);
    if (result != WATCH_OK || found == OUTSIDE_FIND_FAILED) return OUTREACH_NOT_LOOKED;
    return found == OUTSIDE_FOUND ? OUTREACH_FOUND : OUTREACH_NOT_FOUND;
}
