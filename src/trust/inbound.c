#include "trust/inbound.h"

#include <stdlib.h>

#include "wire/address_split.h"
#include "wire/inbound_header.h"
#include "wire/smtp_address.h"

enum asker { ASKER_SPF, ASKER_NAME, ASKERS };

struct inbound_check {
    struct env *env;
    /* Of whoever made it, and of each task that works for it: the last one gives it back. */
    unsigned holders;
    bool is_abandoned;
    struct arena *arena;
    /* Of signatures, chain and policy; and of what is asked about the sender beside them. */
    struct trust_lookups lookups;
    struct trust_lookups sender_lookups;
    struct inbound_question question;
    /* Those that have begun, and what is done. */
    struct task *tasks[ASKERS];
    bool is_begun[ASKERS];
    bool is_done[ASKERS];
    struct gate done;
    struct spf_verdict spf;
    struct iprev iprev;
    struct dkim_message *message;
    struct inbound_header header;
    struct inbound_findings findings;
};

/* ---- its life ---- */

struct inbound_check *inbound_check_new(struct env *env, struct resolver *resolver,
                                        const struct inbound_question *question, bool is_told) {
    struct inbound_check *check = calloc(1, sizeof *check);
    if (!check) FATAL("out of memory for a check");
    check->env = env;
    check->holders = 1;
    /* What one answer takes, for each that asks, comes on top; and what is made of them. */
    check->arena = arena_new((size_t)TRUST_ANSWERS_BYTES_MAX + (ASKERS + 2) * (size_t)TRUST_ANSWER_BYTES_MAX);
    check->lookups = trust_lookups_of(resolver, check->arena, env_now_ms(env) + TRUST_CHECK_MS_MAX, is_told);
    check->sender_lookups = trust_lookups_beside(&check->lookups);
    check->sender_lookups.bytes_max = TRUST_ANSWERS_BYTES_MAX / 2;
    check->question = (struct inbound_question){.address = question->address,
                                                .sender = arena_copy(check->arena, question->sender),
                                                .helo = arena_copy(check->arena, question->helo),
                                                .host = arena_copy(check->arena, question->host)};
    gate_init(&check->done);
    check->message = dkim_message_new_to_check();
    check->header = inbound_header_new(check->question.host);
    return check;
}

static void release(struct inbound_check *check) {
    if (--check->holders) return;
    dkim_message_free(&check->message);
    inbound_header_free(&check->header);
    arena_free(&check->arena);
    free(check);
}

void inbound_check_free(struct inbound_check **check) {
    struct inbound_check *ended = *check;
    if (!ended) return;
    *check = NULL;
    ended->is_abandoned = true;
    for (size_t i = 0; i < ASKERS; i++)
        if (ended->tasks[i]) task_cancel(ended->tasks[i]);
    release(ended);
}

size_t inbound_check_bytes(const struct inbound_check *check) {
    size_t header_bytes = check->header.header_bytes;
    if (header_bytes > DKIM_HEADER_BYTES_MAX) header_bytes = DKIM_HEADER_BYTES_MAX;
    /* The section as it is held, and what its fields are found by. */
    return sizeof *check + 2 * header_bytes + arena_used_bytes(check->arena) + check->header.held.capacity +
           check->header.from.capacity;
}

const struct trust_lookups *inbound_check_lookups(const struct inbound_check *check) {
    return &check->lookups;
}

/* ---- the sender ---- */

static void ask_spf(struct task *t, struct inbound_check *check) {
    struct spf_question question = {.address = check->question.address,
                                    .sender = check->question.sender,
                                    .helo = check->question.helo,
                                    .receiver = check->question.host};
    check->spf = spf_check(t, &check->sender_lookups, &question);
}

static void ask_name(struct task *t, struct inbound_check *check) {
    check->iprev = iprev_check(t, &check->sender_lookups, &check->question.address);
}

static void ask(struct task *t, struct inbound_check *check, enum asker asker) {
    if (asker == ASKER_SPF)
        ask_spf(t, check);
    else
        ask_name(t, check);
    check->is_done[asker] = true;
    gate_open(&check->done);
}

static void run(struct task *t, struct inbound_check *check, enum asker asker) {
    check->tasks[asker] = t;
    if (!check->is_abandoned) ask(t, check, asker);
    check->tasks[asker] = NULL;
    release(check);
}

static void run_spf(struct task *t, void *argument) { run(t, argument, ASKER_SPF); }
static void run_name(struct task *t, void *argument) { run(t, argument, ASKER_NAME); }

void inbound_check_begin(struct inbound_check *check, struct scope *scope) {
    static void (*const runs[ASKERS])(struct task * t, void *argument) = {run_spf, run_name};
    for (size_t i = 0; i < ASKERS; i++) {
        check->is_begun[i] = scope_spawn(scope, runs[i], check);
        check->holders += check->is_begun[i];
    }
}

/* False: it did not come in time. */
static bool await(struct task *t, struct inbound_check *check, enum asker asker, int64_t deadline_ms) {
    if (!check->is_begun[asker]) ask(t, check, asker);
    while (!check->is_done[asker])
        if (gate_wait(t, &check->done, deadline_ms) != WAIT_OK) return false;
    return true;
}

/* ---- content ---- */

void inbound_check_hash(struct inbound_check *check, struct slice bytes) {
    dkim_message_write(check->message, bytes);
}

void inbound_check_pass(struct inbound_check *check, struct slice bytes, struct buffer *out) {
    inbound_header_write(&check->header, bytes, out);
}

void inbound_check_write(struct inbound_check *check, struct slice bytes, struct buffer *out) {
    inbound_check_hash(check, bytes);
    inbound_check_pass(check, bytes, out);
}

/* ---- the verdict ---- */

/* RFC 8616 4: domains in signatures may be written with U-labels. Empty: it is no domain. */
static struct slice ascii_of(struct inbound_check *check, struct slice domain) {
    struct slice unicode;
    struct slice ascii;
    enum smtp_address_error error = smtp_domain_parse(check->arena, domain, &unicode, &ascii);
    return error == SMTP_ADDRESS_OK ? ascii : SLICE_EMPTY;
}

/* What a stranger's own records used up was his to spend: it makes no result unsure that could save him. Of
   signatures dkim_check says so itself. */
static enum trust_result without_excuse(const struct inbound_check *check, enum trust_result result) {
    return check->sender_lookups.is_spent && result == TRUST_TEMPERROR ? TRUST_PERMERROR : result;
}

/* Whatever was asked before: from now on there is so much time and memory for answers. */
static void set_aside(struct inbound_check *check, int64_t ms) {
    struct trust_lookups *lookups = &check->lookups;
    int64_t end_ms = env_now_ms(check->env) + ms;
    if (lookups->deadline_ms < end_ms) lookups->deadline_ms = end_ms;
    lookups->bytes_max = arena_used_bytes(check->arena) + TRUST_ANSWERS_BYTES_MAX / 4;
    lookups->is_spent = false;
}

static void check_dmarc(struct task *t, struct inbound_check *check) {
    struct inbound_findings *findings = &check->findings;
    const struct dkim_verdict *dkim = &findings->dkim;
    struct dmarc_identifier signatures[DKIM_SIGNATURES_MAX];
    struct dmarc_question question = {.author = &findings->author, .signatures = signatures};
    question.spf = (struct dmarc_identifier){.result = without_excuse(check, findings->spf.result),
                                             .domain = ascii_of(check, findings->spf.domain)};
    for (size_t i = 0; i < dkim->count && i < DKIM_SIGNATURES_MAX; i++)
        signatures[question.signature_count++] = (struct dmarc_identifier){
            .result = dkim->signatures[i].result, .domain = ascii_of(check, dkim->signatures[i].domain)};
    set_aside(check, TRUST_POLICY_MS_MAX);
    findings->dmarc = dmarc_check(t, &check->lookups, &question);
}

static struct spf_verdict spf_given_up(const struct inbound_check *check) {
    struct slice sender = check->question.sender;
    struct slice domain = address_split_domain(sender);
    return (struct spf_verdict){.result = TRUST_TEMPERROR,
                                .identity = sender.len ? SPF_IDENTITY_MAILFROM : SPF_IDENTITY_HELO,
                                .domain = domain.len ? domain : check->question.helo,
                                .sender = sender,
                                .reason = SLICE("DNS did not answer in time")};
}

static void end_begins(struct inbound_check *check) {
    set_aside(check, TRUST_CHECK_END_MS_MAX);
    check->sender_lookups.deadline_ms = check->lookups.deadline_ms;
}

/* The findings are copies: a task that is late still writes its own. */
static void settle_sender(struct task *t, struct inbound_check *check) {
    bool is_there = await(t, check, ASKER_SPF, check->sender_lookups.deadline_ms);
    check->findings.spf = is_there ? check->spf : spf_given_up(check);
}

/* Nothing hangs on it, so nobody waits for it for long. */
static void settle_name(struct task *t, struct inbound_check *check) {
    bool is_there = await(t, check, ASKER_NAME, env_now_ms(check->env) + TRUST_NAME_MS_MAX);
    check->findings.iprev = is_there ? check->iprev : (struct iprev){.result = TRUST_TEMPERROR};
}

const struct inbound_findings *inbound_check_finish(struct task *t, struct inbound_check *check,
                                                    struct buffer *out, int64_t now_s) {
    struct inbound_findings *findings = &check->findings;
    end_begins(check);
    inbound_header_finish(&check->header, out);
    dkim_message_end(check->message);
    findings->taken_out_count = check->header.dropped_count;
    findings->author =
        author_read(check->arena, buffer_slice(&check->header.from), check->header.is_from_cut);
    findings->dkim = dkim_check(t, check->message, &findings->author, &check->lookups, now_s);
    findings->arc = arc_check(t, check->message, &check->lookups, now_s);
    settle_sender(t, check);
    check_dmarc(t, check);
    settle_name(t, check);
    return findings;
}
