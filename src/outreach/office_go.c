/* What the remote role asks: the last word before a message leaves, and news of outside mailboxes. */
#include "outreach/office_state.h"
#include "store/answer.h"
#include "store/queue_model.h"
#include "store/schema.h"
#include "wire/smtp_parameter.h"

enum { ANSWER_BYTES = 64 };

/* ---- where a local sender's message goes ---- */

enum address_fault { ADDRESS_GOOD, ADDRESS_UNKNOWN, ADDRESS_UNSURE };

/* It may lead to accounts of ours. */
static enum address_fault address(struct engine *engine, struct arena *arena, struct slice to,
                                  struct delivery *delivery) {
    struct address_route route = {.kind = ADDRESS_UNKNOWN_USER};
    if (engine_address_resolve(engine, arena, to, &route) != STORE_OK) return ADDRESS_UNSURE;
    if (route.kind == ADDRESS_UNKNOWN_USER || route.kind == ADDRESS_RETURNED) return ADDRESS_UNKNOWN;
    size_t most = route.kind == ADDRESS_LOCAL ? route.target_count : 0;
    uint64_t *accounts = ARENA_NEW_ARRAY(arena, uint64_t, most);
    struct queue_recipient *queue = ARENA_NEW_ARRAY(arena, struct queue_recipient, most + 1);
    delivery->account_count = delivery->queue_count = 0;
    for (size_t i = 0; i < most; i++) {
        if (route.targets[i].account)
            accounts[delivery->account_count++] = route.targets[i].account;
        else
            queue[delivery->queue_count++] =
                (struct queue_recipient){.address = route.targets[i].address, .is_forwarded = true};
    }
    if (route.kind != ADDRESS_LOCAL) queue[delivery->queue_count++] = (struct queue_recipient){.address = to};
    delivery->accounts = accounts;
    delivery->queue = queue;
    return ADDRESS_GOOD;
}

/* ---- the word ---- */

struct going {
    struct outreach_office *office;
    struct arena *arena;
    struct outreach_word word;
    struct outreach_message message;
    struct campaign campaign;
    /* NULL: its document cannot be read. */
    struct sequence *sequence;
    struct prospect prospect;
    struct sender sender;
    struct outreach_go go;
};

static bool read_going(struct going *going) {
    struct engine *engine = going->office->options.engine;
    return engine_outreach_message(engine, going->arena, going->word.sent, &going->message) == STORE_OK &&
           engine_campaign_get(engine, going->arena, going->message.campaign, &going->campaign) == STORE_OK &&
           engine_outreach_prospect(engine, going->arena, going->message.prospect, &going->prospect) ==
               STORE_OK &&
           engine_sender_read(engine, going->arena, going->message.sender, &going->sender) == STORE_OK;
}

/* Of those that are for this prospect, or still may be; this one counts as sent. */
static size_t next_step(struct going *going, const struct sequence *sequence) {
    struct engine *engine = going->office->options.engine;
    struct prospect *prospect = &going->prospect;
    return office_step(engine, going->arena, sequence, prospect, going->message.step + 1, true);
}

/* How long after this message the next step is due; what working days and windows make of it is asked again
   then. */
static void plan_next(struct going *going) {
    int64_t now_ms = env_wall_ms(going->office->options.env);
    const struct sequence *sequence = going->sequence;
    struct delivery_zone *zone = NULL;
    going->go.next_delay_ms = -1;
    going->go.day = 0;
    if (!sequence) return;
    zone = office_zone(sequence, &going->prospect);
    size_t next = next_step(going, sequence);
    if (zone && next < sequence->step_count) {
        int64_t due_ms = sequence_due_ms(sequence, next, zone, now_ms);
        going->go.next_delay_ms = due_ms > now_ms && due_ms != DELIVERY_NEVER ? due_ms - now_ms : 0;
    }
    delivery_zone_free(&zone);
    zone = office_sender_zone(&going->sender, sequence);
    if (zone) going->go.day = delivery_day_number(zone, now_ms);
    delivery_zone_free(&zone);
}

static enum outreach_gate refuse_unknown(struct task *t, struct going *going) {
    struct outreach_outcome outcome = {.sent = going->word.sent,
                                       .result = OUTREACH_REFUSED,
                                       .detail = SLICE("5.1.1 there is no such user here")};
    (void)engine_outreach_outcome(t, going->office->options.engine, &outcome);
    return GATE_PROSPECT;
}

/* A message's id is that of its row: nobody else's. */
static bool complete(struct going *going, enum address_fault *fault) {
    struct delivery *delivery = &going->word.delivery;
    bool is_local = going->sender.account != 0;
    *fault = ADDRESS_GOOD;
    if (is_local != (delivery->id != 0)) return false;
    if (!is_local) return true;
    delivery->id = going->word.sent;
    delivery->tenant = TENANT_DEFAULT;
    delivery->account = going->sender.account;
    delivery->stream = QUEUE_PERSONAL;
    delivery->judged = SLICE_EMPTY;
    delivery->received_ms = env_wall_ms(going->office->options.env);
    going->go.delivery = delivery;
    *fault = address(going->office->options.engine, going->arena, going->prospect.address, delivery);
    /* To one other host: asked about until it is begun there. */
    bool is_one = delivery->queue_count == 1 && !delivery->queue[0].is_forwarded && !delivery->account_count;
    delivery->properties = is_one ? OUTGOING_ASKS : 0;
    return true;
}

/* An outside mailbox may be so slow that the window has closed since the letter was claimed; a local one's is
   asked when it begins (office_leave.c). */
static bool is_window_open(const struct going *going) {
    int64_t now_ms = env_wall_ms(going->office->options.env);
    if (going->sender.account || !going->sequence) return true;
    struct delivery_zone *zone = office_zone(going->sequence, &going->prospect);
    bool is_open = !zone || delivery_window_is_open(&going->sequence->window, zone, now_ms);
    delivery_zone_free(&zone);
    return is_open;
}

static enum outreach_gate give_word(struct task *t, struct going *going) {
    enum outreach_gate gate = GATE_PROSPECT;
    enum address_fault fault;
    struct sequence_faults faults;
    if (!read_going(going) || !complete(going, &fault)) return gate;
    going->sequence = sequence_read(going->arena, going->campaign.document, &faults);
    if (!is_window_open(going)) return GATE_WINDOW;
    if (fault == ADDRESS_UNKNOWN) return refuse_unknown(t, going);
    if (fault == ADDRESS_UNSURE) return GATE_SENDER;
    going->go.sent = going->word.sent;
    going->go.subject = going->word.subject;
    going->go.subject_base = going->word.subject_base;
    going->go.organisation = going->word.organisation;
    if (going->sender.copies != SENDER_COPIES_PROVIDER) going->go.copy = going->word.content;
    going->go.frequency_ms = OUTREACH_FREQUENCY_MS;
    plan_next(going);
    enum store_result result = engine_outreach_go(t, going->office->options.engine, &going->go, &gate);
    return result == STORE_OK ? gate : GATE_SENDER;
}

bool office_answer_go(struct task *t, struct outreach_office *office, struct ipc_request *request,
                      struct arena *arena) {
    struct going *going = ARENA_NEW(arena, struct going);
    struct buffer out = buffer_new(ANSWER_BYTES);
    enum outreach_gate gate = GATE_PROSPECT;
    going->office = office;
    going->arena = arena;
    if (outreach_word_unpack(request->message.body, arena, &going->word)) gate = give_word(t, going);
    pack_number(&out, gate);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    return true;
}

/* ---- news ---- */

bool office_answer_news(struct task *t, struct outreach_office *office, struct ipc_request *request,
                        struct arena *arena) {
    struct answer_facts facts;
    struct sender_folder folder;
    struct buffer out = buffer_new(ANSWER_BYTES);
    bool is_kept = outreach_answer_unpack(request->message.body, arena, &facts, &folder) &&
                   engine_outreach_answer(t, office->options.engine, &facts, &folder) == STORE_OK;
    pack_bool(&out, is_kept);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
    return true;
}
