/*
 * A whole message under DNS of an enemy: the first line of the input is the TXT record at
 * s._domainkey.a.test, the rest is the message. What is found keeps its rules; and a message that we sign
 * passes, whatever it is, until something is added to its body.
 */
#include "dkim_signer.h"
#include "io/sim/sim.h"
#include "sim_zone.h"
#include "trust/arc_check.h"
#include "trust/dkim_check.h"

enum {
    CHECK_MS = 20 * 1000,
    NOW_S = 1600000000,
    MESSAGE_BYTES_MAX = 1 << 20,
    TOLD_MAX = DKIM_SIGNATURES_MAX + 51
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct slice message;
    struct arena *arena;
    struct test_key key;
    bool is_done;
};

/* A key that is the same in every run. */
#define PEM                                                              \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpe3RpYnAwHK8df2g1\n" \
    "-----END PRIVATE KEY-----\n"

static struct dkim_message *read_message(struct slice bytes, size_t piece) {
    struct dkim_message *message = dkim_message_new_to_check();
    while (bytes.len) dkim_message_write(message, slice_take(&bytes, piece));
    dkim_message_end(message);
    return message;
}

/* ---- what is found ---- */

static void check_verdict(const struct dkim_verdict *verdict) {
    bool has_pass = false;
    ASSERT(verdict->count <= DKIM_SIGNATURES_MAX);
    for (size_t i = 0; i < verdict->count; i++) {
        const struct dkim_result *result = &verdict->signatures[i];
        ASSERT(result->result == dkim_result_of(result->fault));
        ASSERT(result->result != TRUST_PASS || (result->domain.len && result->key_bits));
        has_pass |= result->result == TRUST_PASS;
    }
    ASSERT(has_pass == (verdict->result == TRUST_PASS));
    ASSERT(verdict->count || verdict->result == TRUST_NONE || verdict->fault);
}

static void check_chain(const struct arc_verdict *verdict) {
    ASSERT(verdict->count <= ARC_INSTANCES_MAX);
    ASSERT((verdict->result == TRUST_PASS) == (verdict->count > 0 && !verdict->fault));
    ASSERT((verdict->result == TRUST_NONE) == (verdict->count == 0 && !verdict->fault));
}

/* Of the first signature, and of the chain. */
struct found {
    enum trust_result signature;
    enum trust_result chain;
};

static struct found check_all(struct task *t, struct run *run, struct resolver *resolver,
                              struct slice bytes) {
    struct trust_lookups lookups =
        trust_lookups_of(resolver, run->arena, env_now_ms(task_env(t)) + CHECK_MS, true);
    struct dkim_message *message = read_message(bytes, 1 + bytes.len % 100);
    struct dkim_verdict verdict = dkim_check(t, message, NULL, &lookups, NOW_S);
    struct arc_verdict chain = arc_check(t, message, &lookups, NOW_S);
    check_verdict(&verdict);
    check_chain(&chain);
    ASSERT(lookups.told_count <= TOLD_MAX);
    struct found found = {verdict.count ? verdict.signatures[0].result : TRUST_NONE, chain.result};
    dkim_message_free(&message);
    return found;
}

/* ---- what we sign ---- */

static const struct dkim_signer signer = {.domain = SLICE_INIT("ours.test"), .selector = SLICE_INIT("k")};

/* Fields in front of the message, and something behind it. */
static struct found check_with(struct task *t, struct run *run, struct resolver *resolver,
                               struct slice fields, const char *end) {
    struct buffer whole = buffer_new(MESSAGE_BYTES_MAX + MIB(1));
    buffer_append(&whole, fields);
    buffer_append(&whole, run->message);
    buffer_append_text(&whole, end);
    struct found found = check_all(t, run, resolver, buffer_slice(&whole));
    buffer_free(&whole);
    return found;
}

/* Without an empty line, what is added would be one more line of the header. */
static bool has_body(const struct run *run) {
    return slice_find(run->message, SLICE("\r\n\r\n")) != SLICE_NOT_FOUND;
}

static void sign_and_check(struct task *t, struct run *run, struct resolver *resolver) {
    struct buffer field = buffer_new(MIB(1));
    struct dkim_forms forms = {run->message.len & 1 ? DKIM_RELAXED : DKIM_SIMPLE,
                               run->message.len & 2 ? DKIM_RELAXED : DKIM_SIMPLE};
    if (test_sign(&run->key, &forms, signer, run->message, &field) == DKIM_SIGN_OK) {
        ASSERT(check_with(t, run, resolver, buffer_slice(&field), "").signature == TRUST_PASS);
        struct found found = check_with(t, run, resolver, buffer_slice(&field), "\r\nx");
        ASSERT(!has_body(run) || found.signature != TRUST_PASS);
    }
    buffer_free(&field);
}

static void seal_and_check(struct task *t, struct run *run, struct resolver *resolver) {
    struct buffer fields = buffer_new(MIB(1));
    struct arc_sealer sealer = {signer, SLICE("ours.test; none"), ARC_STATUS_NONE};
    if (test_seal(&run->key, sealer, run->message, &fields) == ARC_SEAL_OK) {
        ASSERT(check_with(t, run, resolver, buffer_slice(&fields), "").chain == TRUST_PASS);
        struct found found = check_with(t, run, resolver, buffer_slice(&fields), "\r\nx");
        ASSERT(!has_body(run) || found.chain != TRUST_PASS);
    }
    buffer_free(&fields);
}

static void run_main(struct task *t, void *argument) {
    struct run *run = argument;
    const char *reason;
    struct dns *dns = dns_open(t, &(struct dns_options){0}, &reason);
    struct resolver *resolver = resolver_new_local(dns);
    (void)check_all(t, run, resolver, run->message);
    sign_and_check(t, run, resolver);
    seal_and_check(t, run, resolver);
    resolver_close(t, &resolver);
    dns_close(&dns);
    run->is_done = true;
}

static bool is_done(void *context) { return ((struct run *)context)->is_done; }

static void publish(struct sim_world *world, const struct run *run, struct slice record) {
    struct buffer ours = buffer_new(200);
    buffer_append_text(&ours, "k=ed25519; p=");
    test_key_public(&run->key, false, &ours);
    sim_zone_add(world, "k._domainkey.ours.test", "TXT", buffer_slice(&ours));
    sim_zone_add(world, "s._domainkey.a.test", "TXT", slice_sub(record, 0, 60000));
    buffer_free(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size < MESSAGE_BYTES_MAX ? size : MESSAGE_BYTES_MAX);
    struct run run = {.arena = arena_new(MIB(64)), .key = test_key_of_pem(DKIM_ED25519_SHA256, SLICE(PEM))};
    struct slice record = slice_take_until(&input, '\n');
    run.message = slice_skip(input, 1);
    struct sim_world *world = sim_world_new(1);
    publish(world, &run, record);
    (void)sim_process_start(sim_machine_new(world, "host", "192.0.2.1"), "checker", run_main, &run);
    ASSERT(sim_world_run_until(world, is_done, &run, 100 * (int64_t)CHECK_MS));
    sim_world_free(&world);
    test_key_free(&run.key);
    arena_free(&run.arena);
    return 0;
}
