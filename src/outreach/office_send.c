/* One message: claimed, composed and sent by the remote role, recorded. And one whose outcome is not known.
 */
#include "base/encode.h"
#include "outreach/office_state.h"
#include "store/answer.h"

enum {
    ID_RANDOM_BYTES = 12,
    FREQUENCY_AGAIN_MS = 24 * 3600 * 1000,
    UNKNOWN_MAX = 16,
    KEEP_AGAIN_MS = 1000,
    KEEP_AGAIN_MS_MAX = 32 * 1000,
    QUESTION_FIND_BYTES = 4096
};

/* ---- claim ---- */

static struct slice message_id_new(struct desk_round *round) {
    uint8_t random[ID_RANDOM_BYTES];
    struct buffer hex = buffer_new(2 * ID_RANDOM_BYTES + 1);
    env_random(round->office->options.env, random, sizeof random);
    hex_encode(&hex, slice_of(random, sizeof random));
    struct slice id = arena_printf(round->arena, "%.*s@%.*s", SLICE_PRINT(buffer_slice(&hex)),
                                   SLICE_PRINT(office_domain_of(round->sender.address)));
    buffer_free(&hex);
    return id;
}

/* What the commit found other than the plan: the plan is made anew, not at once. */
static void was_kept(struct task *t, struct desk_round *round, enum outreach_gate gate) {
    struct prospect_delay delay = {.prospect = round->prospect.id,
                                   .step = round->prospect.step,
                                   .due_ms = round->now_ms + FREQUENCY_AGAIN_MS,
                                   .reason = SLICE("another campaign wrote to this person lately")};
    round->desk->next_ms = round->now_ms + OUTREACH_FLIGHT_LOOK_MS;
    if (gate == GATE_FREQUENCY &&
        engine_outreach_delay(t, round->office->options.engine, &delay, 1) != STORE_OK)
        round->desk->next_ms = round->now_ms + OUTREACH_TROUBLE_MS;
    round->desk->awaits_change = gate == GATE_IN_FLIGHT;
    if (gate == GATE_IN_FLIGHT || gate == GATE_HOURLY || gate == GATE_DAILY || gate == GATE_DOMAIN_DAILY ||
        gate == GATE_SENDER)
        round->desk->next_ms = round->now_ms + OUTREACH_LOOK_MS;
}

/* Bounces come back to this address, and say by it which message they are about. */
static struct slice return_path(struct desk_round *round, uint64_t sent) {
    struct slice address = round->sender.address;
    struct slice domain = office_domain_of(address);
    struct slice local = slice_sub(address, 0, address.len - domain.len - 1);
    struct slice token = engine_answer_token(round->office->options.engine, round->arena, sent);
    /* RFC 5321 4.5.3.1.1: longer ones other hosts need not take. */
    bool is_long = local.len + 1 + token.len > SMTP_LOCAL_PART_USUAL_BYTES_MAX;
    if (!round->sender.account || is_long || slice_find_byte(local, '+') != SLICE_NOT_FOUND) return address;
    return arena_printf(round->arena, "%.*s+%.*s@%.*s", SLICE_PRINT(local), SLICE_PRINT(token),
                        SLICE_PRINT(domain));
}

static struct outreach_job job_of(struct desk_round *round, uint64_t sent, struct slice message_id) {
    const struct prospect *prospect = &round->prospect;
    struct delivery_zone *zone = office_sender_zone(&round->sender, round->sequence);
    struct outreach_job job = {.sent = sent,
                               .sender = round->sender.id,
                               .account = round->sender.account,
                               .document = round->campaign.document,
                               .step = prospect->step,
                               .version = round->version,
                               .from_address = round->sender.address,
                               .from_name = round->sender.name,
                               .to_address = prospect->address,
                               .mail_from = return_path(round, sent),
                               .fields = prospect->fields,
                               .message_id = message_id,
                               .date_ms = round->now_ms,
                               .zone_minutes = zone ? delivery_zone_minutes(zone, round->now_ms) : 0,
                               .thread_subject = prospect->thread_subject,
                               .references =
                                   office_references(round->office->options.engine, round->arena, prospect)};
    delivery_zone_free(&zone);
    return job;
}

/* ---- what came of it ---- */

static const struct {
    enum outreach_result result;
    int64_t again_ms;
} results[OUTREACH_ENDS] = {
    [OUTREACH_END_SENT] = {OUTREACH_SENT, 0},
    [OUTREACH_END_REFUSED] = {OUTREACH_REFUSED, 0},
    [OUTREACH_END_PUT_OFF] = {OUTREACH_PUT_OFF, OUTREACH_AGAIN_MS},
    [OUTREACH_END_UNKNOWN] = {OUTREACH_UNKNOWN, 0},
    [OUTREACH_END_NOT_SENT] = {OUTREACH_NOT_SENT, 0},
    [OUTREACH_END_BLOCKED] = {OUTREACH_BLOCKED, 0},
};

/* Until the store may be able to write again: longer each time. False: it is over. */
static bool wait_to_keep(struct task *t, int64_t *pause_ms) {
    if (task_sleep(t, *pause_ms) != WAIT_OK) return false;
    *pause_ms = *pause_ms * 2 < KEEP_AGAIN_MS_MAX ? *pause_ms * 2 : KEEP_AGAIN_MS_MAX;
    return true;
}

/* The remote role went away, or said nothing in time: it depends on how far it was. */
static void lost(struct task *t, struct desk_round *round, uint64_t sent) {
    round->desk->next_ms = env_wall_ms(round->office->options.env) + OUTREACH_FLIGHT_LOOK_MS;
    int64_t pause_ms = KEEP_AGAIN_MS;
    for (;;) {
        enum store_result result =
            task_is_cancelled(t) ? STORE_OK : engine_outreach_lost(t, round->office->options.engine, sent);
        if (result == STORE_OK || result == STORE_NOT_FOUND || !wait_to_keep(t, &pause_ms)) return;
    }
}

static void record(struct task *t, struct desk_round *round, uint64_t sent,
                   const struct outreach_report *report) {
    struct env *env = round->office->options.env;
    round->desk->next_ms = 0;
    LOG_INFO(env->log, "outreach.message", LOG_ID("sent", sent), LOG_TEXT("to", round->prospect.address),
             LOG_NUMBER("step", round->prospect.step + 1), LOG_NUMBER("end", report->end),
             LOG_TEXT("detail", report->detail));
    if (report->end == OUTREACH_END_QUEUED) round->desk->awaits_change = true;
    if (report->end == OUTREACH_END_QUEUED) return;
    if (report->end == OUTREACH_END_CANCELLED) {
        /* The commit that kept it back may be one that failed: then it is still to be given up. */
        lost(t, round, sent);
        return;
    }
    struct outreach_outcome outcome = {.sent = sent,
                                       .result = results[report->end].result,
                                       .due_ms = env_wall_ms(env) + results[report->end].again_ms,
                                       .detail = report->detail};
    /* Sooner where the mailbox's health changes; others who are due go before this one. */
    if (outcome.result == OUTREACH_NOT_SENT) round->desk->next_ms = outcome.due_ms + OUTREACH_TROUBLE_MS;
    /* What came of it is known here alone until the store can write it down again. */
    int64_t pause_ms = KEEP_AGAIN_MS;
    while (engine_outreach_outcome(t, round->office->options.engine, &outcome) != STORE_OK)
        if (!wait_to_keep(t, &pause_ms)) return;
}

static void run(struct task *t, struct desk_round *round, uint64_t sent, struct slice message_id) {
    struct outreach_office *office = round->office;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    struct outreach_report report;
    struct outreach_job job = job_of(round, sent, message_id);
    outreach_job_pack(&body, &job);
    struct ipc_message question = {OUTREACH_SEND, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result result = channel_call(t, office->options.remote, &question, &answer,
                                          env_now_ms(office->options.env) + OUTREACH_SEND_MS_MAX);
    buffer_free(&body);
    if (result != IPC_OK) {
        lost(t, round, sent);
        return;
    }
    handle_close(office->options.env, answer.handle);
    if (outreach_report_unpack(buffer_slice(&answer.body), &report))
        record(t, round, sent, &report);
    else
        lost(t, round, sent);
    ipc_answer_free(&answer);
}

void office_send(struct task *t, struct desk_round *round) {
    uint64_t sent = 0;
    enum outreach_gate gate = GATE_OPEN;
    struct slice message_id = message_id_new(round);
    struct outreach_claim claim = {.prospect = round->prospect.id,
                                   .step = round->prospect.step,
                                   .version = round->version,
                                   .message_id = message_id,
                                   .from_domain = round->cap_domain,
                                   .is_for_replied = round->prospect.has_replied,
                                   .limits = round->limits};
    enum store_result result = engine_outreach_claim(t, round->office->options.engine, &claim, &sent, &gate);
    if (result != STORE_OK) return;
    if (gate != GATE_OPEN)
        was_kept(t, round, gate);
    else
        run(t, round, sent, message_id);
}

/* ---- unknown outcomes ---- */

static enum outreach_found find(struct task *t, struct desk_round *round,
                                const struct outreach_message *message) {
    struct outreach_office *office = round->office;
    struct buffer body = buffer_new(QUESTION_FIND_BYTES);
    struct ipc_answer answer;
    pack_number(&body, round->sender.id);
    pack_slice(&body, message->message_id);
    struct ipc_message question = {OUTREACH_FIND, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result result = channel_call(t, office->options.remote, &question, &answer,
                                          env_now_ms(office->options.env) + OUTREACH_SEND_MS_MAX);
    buffer_free(&body);
    if (result != IPC_OK) return OUTREACH_NOT_LOOKED;
    handle_close(office->options.env, answer.handle);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    enum outreach_found found = (enum outreach_found)unpack_number_max(&in, OUTREACH_NOT_LOOKED);
    if (!unpack_is_done(&in)) found = OUTREACH_NOT_LOOKED;
    ipc_answer_free(&answer);
    return found;
}

/* That it is nowhere is believed only when it still is some time after that was seen first: a provider may
   need a moment to store its copy, and after the network was gone for a while even to take the message. */
static bool is_missing(struct desk_round *round, const struct outreach_message *message) {
    struct desk *desk = round->desk;
    struct env *env = round->office->options.env;
    int64_t now_ms = env_now_ms(env);
    if (IS_PLANTED(env, PLANTED_ABSENCE_IS_PROOF)) return true;
    if (desk->missed != message->id) {
        desk->missed = message->id;
        desk->missed_ms = now_ms;
    }
    return now_ms - desk->missed_ms >= OUTREACH_FIND_AFTER_MS;
}

/* False: it is still not known. */
static bool resolve(struct task *t, struct desk_round *round, const struct outreach_message *message) {
    enum outreach_found found = find(t, round, message);
    struct outreach_outcome outcome = {.sent = message->id, .due_ms = round->now_ms};
    if (found == OUTREACH_NOT_LOOKED) return false;
    if (found == OUTREACH_NOT_FOUND && !is_missing(round, message)) return false;
    outcome.result = found == OUTREACH_FOUND ? OUTREACH_SENT : OUTREACH_NOT_SENT;
    outcome.detail = found == OUTREACH_FOUND ? SLICE("it was found in the mailbox")
                                             : SLICE("it was looked for, and had not left");
    return engine_outreach_outcome(t, round->office->options.engine, &outcome) == STORE_OK;
}

/* Soon at first, then less and less often: it may be nowhere to be found, and a person has to say. */
static void wait_to_find(struct desk_round *round) {
    int64_t pause_ms = 2 * round->desk->find_pause_ms;
    if (pause_ms < OUTREACH_UNKNOWN_LOOK_MS) pause_ms = OUTREACH_UNKNOWN_LOOK_MS;
    if (pause_ms > OUTREACH_UNKNOWN_LOOK_MS_MAX) pause_ms = OUTREACH_UNKNOWN_LOOK_MS_MAX;
    round->desk->find_pause_ms = pause_ms;
    round->desk->next_ms = round->now_ms + pause_ms;
}

bool office_resolve(struct task *t, struct desk_round *round) {
    struct outreach_message *messages = ARENA_NEW_ARRAY(round->arena, struct outreach_message, UNKNOWN_MAX);
    size_t count = 0;
    enum store_result result = engine_outreach_unknown(round->office->options.engine, round->arena,
                                                       round->sender.id, messages, UNKNOWN_MAX, &count);
    if (result != STORE_OK) return false;
    for (size_t i = 0; i < count; i++) {
        if (resolve(t, round, &messages[i])) continue;
        wait_to_find(round);
        return false;
    }
    round->desk->find_pause_ms = 0;
    return true;
}
