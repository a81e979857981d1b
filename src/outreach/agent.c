#include "outreach/agent.h"

#include <jansson.h>
#include <stdlib.h>

#include "analyse/analysis.h"
#include "base/limits_campaign.h"
#include "intake/facts.h"
#include "intake/judge.h"
#include "outreach/agent_run.h"
#include "store/body_pack.h"
#include "store/queue_model.h"
#include "trust/organisation.h"
#include "wire/address_split.h"

enum {
    RUN_BYTES = COMPOSE_ARENA_BYTES + (32 << 20),
    PACKED_BYTES_MAX = 4 << 20,
    STORE_MS = 60 * 1000,
    REPORT_BYTES = 4096
};

bool agent_ends(struct agent_run *run, enum outreach_end end, struct slice detail) {
    run->report = (struct outreach_report){end, detail};
    return false;
}

/* ---- composing ---- */

static struct snippet_fields fields_of(struct agent_run *run, json_t *object) {
    struct snippet_field *items = ARENA_NEW_ARRAY(run->arena, struct snippet_field, SNIPPET_FIELDS_MAX);
    struct snippet_fields fields = {items, 0};
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value) {
        if (!json_is_string(value) || fields.count == SNIPPET_FIELDS_MAX) continue;
        items[fields.count++] = (struct snippet_field){
            slice_from_text(name), slice_of(json_string_value(value), json_string_length(value))};
    }
    return fields;
}

static size_t references_of(struct agent_run *run, struct slice **references) {
    struct slice rest = run->job.references;
    size_t count = 0;
    *references = ARENA_NEW_ARRAY(run->arena, struct slice, COMPOSE_REFERENCES_MAX);
    while (rest.len) {
        struct slice id = slice_take_until(&rest, ' ');
        (void)slice_take_byte(&rest, ' ');
        if (id.len == 0) continue;
        /* The first of a thread and the newest are worth most. */
        if (count == COMPOSE_REFERENCES_MAX) {
            memmove(&(*references)[1], &(*references)[2], (count - 2) * sizeof id);
            count--;
        }
        (*references)[count++] = id;
    }
    return count;
}

static struct slice missing_names(struct agent_run *run) {
    const struct snippet_missing *missing = &run->composed.missing;
    struct buffer words = buffer_new(OUTREACH_DETAIL_BYTES_MAX);
    buffer_append_text(&words, "no value and no fallback for");
    for (size_t i = 0; i < missing->count; i++)
        buffer_printf(&words, "%s {{%.*s}}", i ? "," : "", SLICE_PRINT(missing->names[i]));
    struct slice copy = arena_copy(run->arena, buffer_slice(&words));
    buffer_free(&words);
    return copy;
}

static bool compose_with(struct agent_run *run, json_t *fields) {
    struct sequence_faults faults;
    struct slice *references;
    const struct outreach_job *job = &run->job;
    struct sequence *sequence = sequence_read(run->arena, job->document, &faults);
    if (!sequence || job->step >= sequence->step_count)
        return agent_ends(run, OUTREACH_END_BLOCKED, SLICE("the campaign's sequence cannot be read"));
    struct compose_request request = {.sequence = sequence,
                                      .step = job->step,
                                      .version = job->version,
                                      .fields = fields_of(run, fields),
                                      .from_address = job->from_address,
                                      .from_name = job->from_name,
                                      .to_address = job->to_address,
                                      .message_id = job->message_id,
                                      .date_ms = job->date_ms,
                                      .zone_minutes = (int)job->zone_minutes,
                                      .thread_subject = job->thread_subject};
    request.reference_count = references_of(run, &references);
    request.references = references;
    switch (compose_message(run->arena, &request, &run->composed)) {
    case COMPOSE_OK:
        return true;
    case COMPOSE_BLOCKED:
        return agent_ends(run, OUTREACH_END_BLOCKED, missing_names(run));
    case COMPOSE_REFUSED:
        return agent_ends(run, OUTREACH_END_BLOCKED, run->composed.words);
    case COMPOSE_TOO_LONG:
        break;
    }
    return agent_ends(run, OUTREACH_END_BLOCKED, SLICE("the message is too long"));
}

static bool compose(struct agent_run *run) {
    json_t *fields = json_loadb((const char *)run->job.fields.ptr, run->job.fields.len, 0, NULL);
    bool is_done = compose_with(run, fields);
    json_decref(fields);
    return is_done;
}

/* ---- the store's word ---- */

static void pack_body(struct agent_run *run, struct delivery *delivery, const struct analysis *analysis) {
    struct body_packer *packer = body_packer_new(NULL);
    body_packer_feed(packer, run->composed.message, &run->packed);
    delivery->body.raw_bytes = body_packer_finish(packer, &run->packed);
    delivery->body.packed = buffer_slice(&run->packed);
    body_packer_free(&packer);
    delivery->id = run->job.sent;
    delivery->mail_from = run->job.mail_from;
    delivery->received_ms = run->job.date_ms;
    delivery->facts = facts_of_analysis(run->arena, analysis);
}

static struct outreach_word word_of(struct agent_run *run, const struct analysis *analysis) {
    struct outreach_word word = {.sent = run->job.sent,
                                 .subject = run->composed.subject,
                                 .subject_base = arena_copy(run->arena, analysis->subject_base),
                                 .organisation =
                                     organisation_of(run->arena, address_split_domain(run->job.to_address))};
    if (run->job.account)
        pack_body(run, &word.delivery, analysis);
    else if (run->composed.message.len <= OUTREACH_COPY_BYTES_MAX)
        word.content = run->composed.message;
    return word;
}

/* Where nobody says: a local sender's may be in the queue; an outside one's did not go. */
static bool is_not_told(struct agent_run *run) {
    return agent_ends(run, run->job.account ? OUTREACH_END_UNKNOWN : OUTREACH_END_NOT_SENT,
                      SLICE("the store did not answer"));
}

bool agent_may_leave(struct task *t, void *context) {
    struct agent_run *run = context;
    struct analyser *analyser = analysis_new(run->arena);
    analysis_feed(analyser, run->composed.message);
    struct outreach_word word = word_of(run, analysis_finish(analyser));
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    outreach_word_pack(&body, &word);
    analysis_free(&analyser);
    struct ipc_message question = {OUTREACH_GO, buffer_slice(&body), HANDLE_NONE};
    struct ipc_answer answer;
    struct env *env = run->agent->options.env;
    enum ipc_result asked =
        channel_call(t, run->agent->options.store, &question, &answer, env_now_ms(env) + STORE_MS);
    buffer_free(&body);
    if (asked != IPC_OK) return is_not_told(run);
    handle_close(env, answer.handle);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    uint64_t gate = unpack_number_max(&in, OUTREACH_GATES - 1);
    bool is_open = unpack_is_done(&in) && gate == GATE_OPEN;
    ipc_answer_free(&answer);
    if (is_open) return true;
    return agent_ends(run, OUTREACH_END_CANCELLED,
                      slice_from_text(outreach_gate_word((enum outreach_gate)gate)));
}

/* ---- requests ---- */

static void run_job(struct agent_run *run) {
    if (!compose(run)) return;
    if (run->job.account == 0)
        agent_send_outside(run);
    else if (agent_may_leave(run->t, run))
        (void)agent_ends(run, OUTREACH_END_QUEUED, SLICE_EMPTY);
}

static void answer_send(struct task *t, struct outreach_agent *agent, struct ipc_request *request) {
    struct agent_run run = {
        .t = t, .agent = agent, .arena = arena_new(RUN_BYTES), .packed = buffer_new(PACKED_BYTES_MAX)};
    struct buffer out = buffer_new(REPORT_BYTES);
    if (outreach_job_unpack(request->message.body, &run.job))
        run_job(&run);
    else
        (void)agent_ends(&run, OUTREACH_END_BLOCKED,
                         SLICE("the remote role does not understand the message"));
    outreach_report_pack(&out, &run.report);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    buffer_free(&run.packed);
    arena_free(&run.arena);
}

static void answer_find(struct task *t, struct outreach_agent *agent, struct ipc_request *request) {
    struct arena *arena = arena_new(RUN_BYTES);
    struct buffer out = buffer_new(REPORT_BYTES);
    pack_number(&out, agent_find(t, agent, arena, request->message.body));
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    arena_free(&arena);
}

bool outreach_agent_answer(struct task *t, struct outreach_agent *agent, struct ipc_request *request) {
    switch (request->message.type) {
    case OUTREACH_SEND:
        answer_send(t, agent, request);
        return true;
    case OUTREACH_FIND:
        answer_find(t, agent, request);
        return true;
    default:
        return false;
    }
}

/* ---- news of outside mailboxes ---- */

static bool tell_store(struct task *t, struct outreach_agent *agent, const struct answer_facts *facts,
                       const struct sender_folder *folder) {
    struct env *env = agent->options.env;
    struct buffer body = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    outreach_answer_pack(&body, facts, folder);
    struct ipc_message question = {OUTREACH_ANSWER, buffer_slice(&body), HANDLE_NONE};
    enum ipc_result asked =
        channel_call(t, agent->options.store, &question, &answer, env_now_ms(env) + STORE_MS);
    buffer_free(&body);
    if (asked != IPC_OK) return false;
    handle_close(env, answer.handle);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    bool is_kept = unpack_bool(&in) && unpack_is_done(&in);
    ipc_answer_free(&answer);
    return is_kept;
}

/* With its beginning, packed: it lies elsewhere, and may have to be judged again. */
static void judge_answer(struct arena *arena, struct slice message, struct answer_facts *facts) {
    struct buffer packed = buffer_new(ANSWER_PACKED_BYTES_MAX);
    struct body_packer *packer = body_packer_new(NULL);
    judge_message(arena, message, SLICE_EMPTY, facts);
    body_packer_feed(packer, slice_sub(message, 0, ANSWER_KEPT_BYTES_MAX), &packed);
    (void)body_packer_finish(packer, &packed);
    body_packer_free(&packer);
    if (!buffer_overflowed(&packed)) facts->kept = arena_copy(arena, buffer_slice(&packed));
    buffer_free(&packed);
}

bool outreach_agent_take(struct task *t, void *context, const struct outside_news *news) {
    struct outreach_agent *agent = context;
    struct arena *arena = arena_new(RUN_BYTES);
    struct answer_facts facts;
    if (news->folder_use & IMAP_FOLDER_SENT)
        judge_by_hand(arena, news->content, &facts);
    else
        judge_answer(arena, news->content, &facts);
    facts.sender = news->sender;
    facts.folder = slice_sub(news->folder, 0, ANSWER_TEXT_BYTES_MAX);
    facts.uidvalidity = news->uidvalidity;
    facts.uid = news->uid;
    facts.received_ms = news->received_ms;
    struct sender_folder folder = {
        .name = news->folder, .uidvalidity = news->uidvalidity, .uidnext = news->uid + 1};
    bool is_kept = tell_store(t, agent, &facts, &folder);
    arena_free(&arena);
    return is_kept;
}

struct outreach_agent *outreach_agent_new(const struct outreach_agent_options *options) {
    struct outreach_agent *agent = calloc(1, sizeof *agent);
    if (!agent) FATAL("out of memory for outreach");
    agent->options = *options;
    return agent;
}

void outreach_agent_free(struct outreach_agent **agent) {
    free(*agent);
    *agent = NULL;
}
