/*
 * SPF checks over DNS in a stranger's hands. The input's lines are the client's address, the sender, the
 * greeting, and then the answers in the order they are asked for, over and over: "!" fails, "-" there is no
 * such name, "0" no record, else records with "|" between them: texts, "preference name", names, or addresses
 * by the first bytes. Whatever is answered, a check ends within its limits and says something printable, and
 * so does an audit.
 */
#include "base/limits.h"
#include "io/sim/sim.h"
#include "trust/spf.h"
#include "trust/spf_audit.h"
#include "wire/wire_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWER_BYTES_MAX = 4096, RECORDS_MAX = 16, RUN_MS = 3600 * 1000 };
/* The first record, ten exchanges of ten terms, the client's names, an explanation. */
enum { CHECK_LOOKUPS_MAX = 1 + 10 * 11 + 11 + 1, AUDIT_LOOKUPS_MAX = 1 + 2 * SPF_AUDIT_TERMS_MAX };

struct hostile {
    struct dns dns;
    struct slice answers;
    struct slice rest;
    struct slice ip;
    struct slice sender;
    struct slice helo;
    size_t asked;
    bool is_done;
};

/* ---- answers ---- */

static struct slice next_line(struct slice *rest) {
    struct slice line = slice_take_until(rest, '\n');
    (void)slice_take_byte(rest, '\n');
    return line;
}

static void append_name(struct buffer *out, struct slice name) {
    size_t begin = out->len;
    while (name.len && out->len - begin < 180) {
        struct slice label = slice_take_until(&name, '.');
        (void)slice_take_byte(&name, '.');
        label = slice_sub(label, 0, DNS_LABEL_BYTES_MAX);
        if (label.len == 0) continue;
        buffer_append_byte(out, (uint8_t)label.len);
        buffer_append(out, label);
    }
    buffer_append_byte(out, 0);
}

static void append_texts(struct buffer *out, struct slice text) {
    do {
        struct slice part = slice_take(&text, 255);
        buffer_append_byte(out, (uint8_t)part.len);
        buffer_append(out, part);
    } while (text.len);
}

static struct slice record_of(struct arena *arena, uint16_t type, struct slice text) {
    struct buffer out = buffer_new(2 * ANSWER_BYTES_MAX);
    size_t address_bytes = type == DNS_A ? 4 : 16;
    uint64_t preference = 0;
    if (type == DNS_TXT) {
        append_texts(&out, text);
    } else if (type == DNS_A || type == DNS_AAAA) {
        buffer_append(&out, slice_sub(text, 0, address_bytes));
        while (out.len < address_bytes) buffer_append_byte(&out, 1);
    } else {
        if (type == DNS_MX) {
            (void)slice_take_number(&text, 255, &preference);
            buffer_append_byte(&out, 0);
            buffer_append_byte(&out, (uint8_t)preference);
        }
        append_name(&out, slice_trim(text));
    }
    struct slice copy = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return copy;
}

static void give_records(struct dns_query *query, struct slice line) {
    struct slice *records = ARENA_NEW_ARRAY(query->arena, struct slice, RECORDS_MAX);
    size_t count = 0;
    do {
        struct slice text = slice_take_until(&line, '|');
        records[count++] = record_of(query->arena, query->type, text);
    } while (slice_take_byte(&line, '|') && count < RECORDS_MAX);
    query->answer->result = DNS_OK;
    query->answer->records = records;
    query->answer->count = count;
}

static void hostile_start(struct dns *dns, struct dns_query *query) {
    struct hostile *hostile = CONTAINER_OF(dns, struct hostile, dns);
    if (hostile->rest.len == 0) hostile->rest = hostile->answers;
    struct slice line = slice_sub(next_line(&hostile->rest), 0, ANSWER_BYTES_MAX);
    *query->answer = (struct dns_answer){.result = DNS_NO_SUCH_NAME};
    hostile->asked++;
    if (slice_equal(line, SLICE("!")))
        query->answer->result = DNS_SERVFAIL;
    else if (slice_equal(line, SLICE("0")))
        query->answer->result = DNS_NO_DATA;
    else if (line.len && !slice_equal(line, SLICE("-")))
        give_records(query, line);
    dns_query_end(query);
}

static void hostile_stop(struct dns *dns, struct dns_query *query) {
    (void)dns;
    (void)query;
}

static void hostile_close(struct dns *dns) { (void)dns; }

static const struct dns_ops hostile_ops = {hostile_start, hostile_stop, hostile_close};

/* ---- what is asked ---- */

static bool is_printable(struct slice text) { return wire_text_kind(text) == WIRE_TEXT_ASCII; }

static void check(struct task *t, struct hostile *hostile, struct trust_lookups *lookups) {
    struct spf_question question = {.sender = hostile->sender, .helo = hostile->helo};
    if (!dns_address_parse(hostile->ip, &question.address))
        question.address = (struct dns_address){.bytes = {192, 0, 2, 1}, .len = 4};
    struct spf_verdict verdict = spf_check(t, lookups, &question);
    ASSERT(verdict.result <= TRUST_PERMERROR && verdict.result != TRUST_POLICY);
    ASSERT(verdict.reason.len > 0 && is_printable(verdict.reason) && is_printable(verdict.explanation));
    ASSERT(verdict.explanation.len <= SPF_EXPLANATION_BYTES_MAX);
    ASSERT(verdict.explanation.len == 0 || verdict.result == TRUST_FAIL);
    ASSERT(verdict.asking_terms <= SPF_ASKING_TERMS_MAX && verdict.void_lookups <= SPF_VOID_LOOKUPS_MAX);
    ASSERT(hostile->asked <= CHECK_LOOKUPS_MAX);
}

static void audit(struct task *t, struct hostile *hostile, struct trust_lookups *lookups) {
    struct spf_audit found = spf_audit(t, lookups, SLICE("example.test"));
    ASSERT(found.note_count <= SPF_AUDIT_NOTES_MAX && found.asking_terms <= SPF_AUDIT_TERMS_MAX);
    for (size_t i = 0; i < found.note_count; i++)
        ASSERT(found.notes[i].words.len > 0 && is_printable(found.notes[i].words));
    ASSERT(hostile->asked <= AUDIT_LOOKUPS_MAX);
}

static void run_one(struct task *t, struct hostile *hostile,
                    void (*ask)(struct task *t, struct hostile *hostile, struct trust_lookups *lookups)) {
    struct arena *arena = arena_new(MIB(64));
    struct resolver *resolver = resolver_new_local(&hostile->dns);
    struct trust_lookups lookups = trust_lookups_of(resolver, arena, env_now_ms(task_env(t)) + 20000, true);
    hostile->rest = hostile->answers;
    hostile->asked = 0;
    ask(t, hostile, &lookups);
    resolver_close(t, &resolver);
    arena_free(&arena);
}

static void run_main(struct task *t, void *argument) {
    struct hostile *hostile = argument;
    hostile->dns = (struct dns){&hostile_ops, task_env(t)};
    run_one(t, hostile, check);
    run_one(t, hostile, audit);
    hostile->is_done = true;
}

static bool is_done(void *context) { return ((struct hostile *)context)->is_done; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct hostile hostile = {.answers = slice_of(data, size)};
    hostile.ip = next_line(&hostile.answers);
    hostile.sender = slice_sub(next_line(&hostile.answers), 0, SMTP_ADDRESS_BYTES_MAX);
    hostile.helo = slice_sub(next_line(&hostile.answers), 0, SMTP_HELLO_BYTES_MAX);
    struct sim_world *world = sim_world_new(1);
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.250"), "checker", run_main, &hostile);
    ASSERT(sim_world_run_until(world, is_done, &hostile, RUN_MS));
    sim_world_free(&world);
    return 0;
}
