/* The store role's side of ACME: when a certificate is ordered, for which names, what is signed and for whom,
   and what is kept; with a remote role that the test plays. */
#include "store_bench.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sqlite3.h>

#include "acme/key.h"
#include "acme/office.h"
#include "acme/protocol.h"
#include "base/encode.h"
#include "certificate.h"
#include "io/stream.h"
#include "store/kept.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum play {
    PLAY_ISSUES,
    PLAY_FAILS,
    /* At the last optional name, `refusals` times; then it issues. */
    PLAY_REFUSES,
    PLAY_TELLS_CONTACT,
    PLAY_PLANS_FOREIGN_NAME,
    PLAY_SAYS_ISSUED_WITHOUT_PLAN,
    PLAY_ISSUES_FOR_OTHER_KEY,
};

struct scene {
    struct env_ops ops;
    const struct env_ops *real;
    int64_t ahead_ms;
    unsigned clock_reads;
    struct store_bench *bench;
    struct acme_office *office;
    struct channel *near;
    struct channel *far;
    enum play play;
    /* Of the last job. */
    struct acme_job job;
    struct buffer job_bytes;
    struct acme_plan plan;
    /* What the CA says of it. */
    struct acme_window window;
    unsigned refusals;
    unsigned jobs;
    unsigned installs;
    const char *install_fault;
    struct buffer chain;
    struct buffer key;
};

/* ---- a clock that jumps ---- */

static struct scene *scene_of(struct env *env) {
    return (struct scene *)((uintptr_t)env->ops - offsetof(struct scene, ops));
}

static int64_t jumping_wall_ms(struct env *env) {
    struct scene *scene = scene_of(env);
    scene->clock_reads++;
    return scene->real->wall_ms(env) + scene->ahead_ms;
}

static int64_t now_ms(struct scene *scene) { return env_wall_ms(scene->bench->env); }

/* ---- the remote role ---- */

static void ask(struct task *t, struct scene *scene, uint32_t type, struct slice body,
                struct ipc_answer *answer) {
    struct ipc_message question = {type, body, HANDLE_NONE};
    int64_t until_ms = env_now_ms(scene->bench->env) + TEST_PATIENCE_MS;
    assert_int_equal(channel_call(t, scene->far, &question, answer, until_ms), IPC_OK);
}

static struct acme_plan plan(struct task *t, struct scene *scene, const struct slice *names, size_t count) {
    struct acme_findings findings = {.name_count = count};
    struct buffer body = buffer_new(1 << 16);
    struct acme_plan made;
    struct ipc_answer answer;
    for (size_t i = 0; i < count; i++) findings.names[i] = names[i];
    if (scene->job.certificate.len) findings.window = scene->window;
    acme_findings_pack(&body, &findings);
    ask(t, scene, ACME_PLAN, buffer_slice(&body), &answer);
    assert_true(acme_plan_unpack(buffer_slice(&answer.body), &made));
    ipc_answer_free(&answer);
    buffer_free(&body);
    return made;
}

static struct acme_plan plan_all(struct task *t, struct scene *scene) {
    struct slice names[ACME_NAMES_MAX];
    for (size_t i = 0; i < scene->job.name_count; i++) names[i] = scene->job.names[i].name;
    return plan(t, scene, names, scene->job.name_count);
}

/* The JWS, or nothing. */
static struct buffer sign_to(struct task *t, struct scene *scene, enum acme_paper_kind kind,
                             const char *nonce, const char *url) {
    struct acme_paper paper = {kind, slice_from_text(nonce), slice_from_text(url)};
    struct buffer body = buffer_new(1 << 16);
    struct buffer jws = buffer_new(1 << 18);
    struct ipc_answer answer;
    acme_paper_pack(&body, &paper);
    ask(t, scene, ACME_SIGN, buffer_slice(&body), &answer);
    buffer_append(&jws, buffer_slice(&answer.body));
    ipc_answer_free(&answer);
    buffer_free(&body);
    return jws;
}

static struct buffer sign(struct task *t, struct scene *scene, enum acme_paper_kind kind, const char *nonce) {
    return sign_to(t, scene, kind, nonce, "https://ca.test/x");
}

/* What stands behind `"key":"`, up to the next quote. */
static struct slice member(struct slice json, const char *key) {
    struct slice rest = slice_skip(json, slice_find(json, slice_from_text(key)) + strlen(key));
    return slice_take_until(&rest, '"');
}

static struct buffer decoded(struct slice text) {
    struct buffer padded = buffer_new(1 << 18);
    struct buffer out = buffer_new(1 << 18);
    for (size_t i = 0; i < text.len; i++)
        buffer_append_byte(&padded, text.ptr[i] == '-' ? '+' : text.ptr[i] == '_' ? '/' : text.ptr[i]);
    while (padded.len % 4) buffer_append_byte(&padded, '=');
    assert_true(base64_decode(&out, buffer_slice(&padded)));
    buffer_free(&padded);
    return out;
}

static EVP_PKEY *key_of(const char *pem) {
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

/* Ninety days, for what the request asks; signed by the key of the tests. */
static void issue(struct scene *scene, struct slice csr, struct buffer *pem) {
    const uint8_t *at = csr.ptr;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)csr.len);
    assert_non_null(request);
    EVP_PKEY *signer = key_of(test_key);
    X509 *certificate = X509_new();
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    (void)X509_set_version(certificate, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 7);
    (void)ASN1_TIME_set(X509_getm_notBefore(certificate), now_ms(scene) / 1000);
    (void)ASN1_TIME_set(X509_getm_notAfter(certificate), now_ms(scene) / 1000 + 90 * 86400);
    (void)X509_set_pubkey(certificate,
                          scene->play == PLAY_ISSUES_FOR_OTHER_KEY ? signer : X509_REQ_get0_pubkey(request));
    (void)X509_add_ext(certificate, sk_X509_EXTENSION_value(extensions, 0), -1);
    ASN1_OCTET_STRING *authority = ASN1_OCTET_STRING_new();
    AUTHORITY_KEYID *key_id = AUTHORITY_KEYID_new();
    (void)ASN1_OCTET_STRING_set(authority, (const uint8_t *)"CA", 2);
    key_id->keyid = authority;
    (void)X509_add1_ext_i2d(certificate, NID_authority_key_identifier, key_id, 0, 0);
    AUTHORITY_KEYID_free(key_id);
    assert_true(X509_sign(certificate, signer, EVP_sha256()) > 0);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    (void)PEM_write_bio_X509(bio, certificate);
    long len = BIO_get_mem_data(bio, &text);
    buffer_append(pem, slice_of(text, (size_t)len));
    BIO_free(bio);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_free(certificate);
    EVP_PKEY_free(signer);
    X509_REQ_free(request);
}

static void finalize(struct task *t, struct scene *scene, struct buffer *pem) {
    struct buffer jws = sign(t, scene, ACME_PAPER_FINALIZE, "nonce");
    assert_true(jws.len > 0);
    struct buffer payload = decoded(member(buffer_slice(&jws), "\"payload\":\""));
    struct buffer csr = decoded(member(buffer_slice(&payload), "\"csr\":\""));
    issue(scene, buffer_slice(&csr), pem);
    buffer_free(&csr);
    buffer_free(&payload);
    buffer_free(&jws);
}

/* The CA gives the account that it made; once. */
static void tell_account(struct task *t, struct scene *scene, bool is_new) {
    struct buffer body = buffer_new(1 << 10);
    struct ipc_answer answer;
    pack_slice(&body, SLICE("https://ca.test/account/1"));
    pack_bool(&body, is_new);
    ask(t, scene, ACME_ACCOUNT, buffer_slice(&body), &answer);
    struct unpacker in = unpacker_of(buffer_slice(&answer.body));
    scene->plan.tells_contact = unpack_bool(&in);
    ipc_answer_free(&answer);
    buffer_free(&body);
}

static void play_issue(struct task *t, struct scene *scene, struct acme_outcome *outcome,
                       struct buffer *pem) {
    /* Before there is a plan nothing is signed. */
    struct buffer early = sign(t, scene, ACME_PAPER_ORDER, "nonce");
    assert_int_equal(early.len, 0);
    buffer_free(&early);
    scene->plan = plan_all(t, scene);
    outcome->result = scene->plan.is_due ? ACME_ISSUED : ACME_NOT_DUE;
    if (!scene->plan.is_due) return;
    if (scene->play == PLAY_REFUSES && scene->refusals) {
        scene->refusals--;
        outcome->result = ACME_NAME_FAILED;
        outcome->words = SLICE("the CA could not check it");
        outcome->name = scene->job.names[scene->job.name_count - 1].name;
        return;
    }
    struct buffer bad = sign(t, scene, ACME_PAPER_ORDER, "no\"nonce");
    assert_int_equal(bad.len, 0);
    buffer_free(&bad);
    if (scene->job.account.len == 0) tell_account(t, scene, true);
    finalize(t, scene, pem);
    outcome->chain = buffer_slice(pem);
}

static void play_failure(struct acme_outcome *outcome) {
    *outcome = (struct acme_outcome){.result = ACME_FAILED,
                                     .words = SLICE("it does not work"),
                                     .advice = SLICE("mend it"),
                                     .retry_after_ms = 2 * DAY_MS};
}

static bool is_signed(struct task *t, struct scene *scene, enum acme_paper_kind kind, const char *url,
                      struct buffer *payload) {
    struct buffer jws = sign_to(t, scene, kind, "nonce", url);
    bool is = jws.len > 0;
    if (is) *payload = decoded(member(buffer_slice(&jws), "\"payload\":\""));
    buffer_free(&jws);
    return is;
}

/* While an order is under way: the remote role tells the contact. */
static void tell_contact(struct task *t, struct scene *scene) {
    struct buffer payload = buffer_new(1);
    struct ipc_answer answer;
    assert_false(is_signed(t, scene, ACME_PAPER_CONTACT, "https://ca.test/other", &payload));
    assert_false(is_signed(t, scene, ACME_PAPER_ORDER, "https://ca.test/order", &payload));
    assert_true(is_signed(t, scene, ACME_PAPER_CONTACT, "https://ca.test/account/1", &payload));
    assert_slice(buffer_slice(&payload), "{\"contact\":[\"mailto:new@example.org\"]}");
    buffer_free(&payload);
    ask(t, scene, ACME_CONTACT, SLICE_EMPTY, &answer);
    ipc_answer_free(&answer);
    assert_false(is_signed(t, scene, ACME_PAPER_CONTACT, "https://ca.test/account/1", &payload));
}

static void play_contact(struct task *t, struct scene *scene, struct acme_outcome *outcome) {
    outcome->result = ACME_NOT_DUE;
    scene->plan = plan_all(t, scene);
    if (scene->plan.tells_contact) tell_contact(t, scene);
}

static void far_requested(struct task *t, void *context, struct ipc_request *request) {
    struct scene *scene = context;
    struct acme_outcome outcome = {.result = ACME_ISSUED};
    struct buffer out = buffer_new(1 << 18);
    struct buffer pem = buffer_new(1 << 16);
    const struct slice foreign = SLICE("other.test");
    assert_int_equal(request->message.type, ACME_RUN);
    buffer_clear(&scene->job_bytes);
    buffer_append(&scene->job_bytes, request->message.body);
    assert_true(acme_job_unpack(buffer_slice(&scene->job_bytes), &scene->job));
    scene->jobs++;
    if (scene->play == PLAY_ISSUES || scene->play == PLAY_REFUSES || scene->play == PLAY_ISSUES_FOR_OTHER_KEY)
        play_issue(t, scene, &outcome, &pem);
    else if (scene->play == PLAY_PLANS_FOREIGN_NAME)
        assert_false(plan(t, scene, &foreign, 1).is_due);
    else if (scene->play == PLAY_TELLS_CONTACT)
        play_contact(t, scene, &outcome);
    else if (scene->play != PLAY_SAYS_ISSUED_WITHOUT_PLAN)
        play_failure(&outcome);
    acme_outcome_pack(&out, &outcome);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&pem);
    buffer_free(&out);
}
static const struct channel_handlers far_handlers = {far_requested, NULL, NULL};

static void near_requested(struct task *t, void *context, struct ipc_request *request) {
    struct scene *scene = context;
    if (!acme_office_answer(t, scene->office, request)) channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}
static const struct channel_handlers near_handlers = {near_requested, NULL, NULL};

/* ---- the supervisor ---- */

static bool install(struct task *t, void *context, struct slice chain, struct slice key,
                    const char **reason) {
    (void)t;
    struct scene *scene = context;
    *reason = scene->install_fault;
    if (scene->install_fault) return false;
    scene->installs++;
    buffer_clear(&scene->chain);
    buffer_append(&scene->chain, chain);
    buffer_clear(&scene->key);
    buffer_append(&scene->key, key);
    return true;
}

/* ---- the scene ---- */

static const struct acme_office_settings settings = {.is_enabled = true,
                                                     .directory = SLICE_INIT("https://ca.test/dir"),
                                                     .terms_agreed = true,
                                                     .hostname = SLICE_INIT("MX.example.org")};

static void scene_open(struct store_bench *bench, struct scene *scene) {
    struct handle pair[2];
    *scene = (struct scene){.ops = *bench->env->ops, .real = bench->env->ops, .bench = bench};
    scene->ops.wall_ms = jumping_wall_ms;
    bench->env->ops = &scene->ops;
    scene->chain = buffer_new(1 << 18);
    scene->key = buffer_new(1 << 16);
    scene->job_bytes = buffer_new(1 << 18);
    scene->near = channel_new(bench->env, &near_handlers, scene);
    scene->far = channel_new(bench->env, &far_handlers, scene);
    assert_int_equal(stream_pair(bench->env, pair), 0);
    channel_attach(scene->near, stream_adopt(bench->env, pair[0]));
    channel_attach(scene->far, stream_adopt(bench->env, pair[1]));
    struct acme_office_options options = {.env = bench->env,
                                          .engine = bench->engine,
                                          .remote = scene->near,
                                          .install = install,
                                          .context = scene};
    scene->office = acme_office_new(&options, &settings);
}

static void scene_close(struct task *t, struct scene *scene) {
    acme_office_free(t, &scene->office);
    channel_close(t, &scene->near);
    channel_close(t, &scene->far);
    buffer_free(&scene->chain);
    buffer_free(&scene->key);
    buffer_free(&scene->job_bytes);
    scene->bench->env->ops = scene->real;
}

static struct acme_state *state_of(struct scene *scene) {
    struct acme_state *state = ARENA_NEW(scene->bench->arena, struct acme_state);
    assert_int_equal(acme_office_state(scene->bench->engine, scene->bench->arena, state), STORE_OK);
    return state;
}

/* The first order is the office's own. */
static void begin(struct task *t, struct scene *scene) {
    acme_office_begin(scene->office);
    while (!state_of(scene)->failures && !state_of(scene)->leaf.name_count)
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
}

/* ---- tests ---- */

static void renewal_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    assert_int_equal(scene.jobs, 0);
    begin(t, &scene);
    assert_int_equal(scene.installs, 1);
    assert_slice(scene.job.names[0].name, "mx.example.org");
    assert_true(scene.job.name_count == 4 && scene.job.names[1].is_optional);
    assert_slice(scene.job.names[1].name, "mta-sts.example.org");
    struct acme_state *state = state_of(&scene);
    int64_t life_ms = state->leaf.not_after_ms - state->leaf.not_before_ms;
    assert_true(state->renew_ms <= state->leaf.not_before_ms + life_ms / 3 * 2 &&
                state->renew_ms > state->leaf.not_before_ms + life_ms / 2);
    assert_true(state->key.len == 0 && state->chain.len == 0 && state->account_key.len > 0);
    assert_true(slice_starts(buffer_slice(&scene.key), SLICE("-----BEGIN PRIVATE KEY-----")));
    /* Not before its time, then. */
    scene.ahead_ms = 50 * DAY_MS;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    scene.ahead_ms = 61 * DAY_MS;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_int_equal(scene.installs, 2);
    assert_true(state_of(&scene)->leaf.not_after_ms > state->leaf.not_after_ms);
    assert_true(slice_equal(state_of(&scene)->account_key, state->account_key));
    scene_close(t, &scene);
}

static void names_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    begin(t, &scene);
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    assert_int_equal(engine_domain_add(t, bench->engine, SLICE("new.test"), DOMAIN_LOCAL), STORE_OK);
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_true(acme_leaf_has(&state_of(&scene)->leaf, SLICE("autodiscover.new.test")));
    struct acme_office_settings own = settings;
    own.names = SLICE("a.test, B.test,a.test");
    own.is_installed = true;
    acme_office_set(scene.office, &own);
    assert_int_equal(acme_office_order(t, scene.office, true), ACME_ORDER_DONE);
    assert_true(scene.job.name_count == 2 && !scene.job.names[1].is_optional);
    assert_slice(scene.job.names[1].name, "b.test");
    scene_close(t, &scene);
}

static void failure_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    scene.play = PLAY_FAILS;
    begin(t, &scene);
    struct acme_state *state = state_of(&scene);
    assert_int_equal(state->failures, 1);
    assert_slice(state->words, "it does not work");
    assert_slice(state->advice, "mend it");
    /* What the CA asks for, and no sooner. */
    assert_true(state->next_ms - now_ms(&scene) > 2 * DAY_MS - 60000);
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_FAILED);
    scene.play = PLAY_ISSUES;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_true(state_of(&scene)->failures == 0 && state_of(&scene)->words.len == 0);
    scene_close(t, &scene);
}

static void pause_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    int64_t last_ms = 0;
    scene_open(bench, &scene);
    scene.play = PLAY_PLANS_FOREIGN_NAME;
    begin(t, &scene);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_FAILED);
        int64_t pause_ms = state_of(&scene)->next_ms - now_ms(&scene);
        assert_true(pause_ms > last_ms || pause_ms >= ACME_AGAIN_MS_MAX - 60000);
        assert_true(pause_ms <= ACME_AGAIN_MS_MAX * (int64_t)6 / 5);
        last_ms = pause_ms * 5 / 6;
    }
    scene_close(t, &scene);
}

static void left_out_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    scene.play = PLAY_REFUSES;
    scene.refusals = 2;
    begin(t, &scene);
    /* At once, and nothing has failed. */
    struct acme_state *state = state_of(&scene);
    assert_true(scene.jobs == 3 && scene.installs == 1 && state->failures == 0);
    assert_slice(state->left_out[0].name, "autodiscover.example.org");
    assert_slice(state->left_out[1].name, "autoconfig.example.org");
    assert_int_equal(scene.job.name_count, 2);
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    assert_int_equal(scene.job.name_count, 2);
    /* Its time is over: it is tried again. */
    scene.ahead_ms = 8 * DAY_MS;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_int_equal(scene.job.name_count, 4);
    scene_close(t, &scene);
}

static void distrust_body(struct task *t, struct store_bench *bench) {
    static const enum play plays[] = {PLAY_SAYS_ISSUED_WITHOUT_PLAN, PLAY_PLANS_FOREIGN_NAME,
                                      PLAY_ISSUES_FOR_OTHER_KEY};
    struct scene scene;
    scene_open(bench, &scene);
    scene.play = PLAY_FAILS;
    begin(t, &scene);
    for (size_t i = 0; i < COUNT(plays); i++) {
        scene.play = plays[i];
        assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_FAILED);
    }
    assert_int_equal(scene.installs, 0);
    /* While nothing is under way nothing is signed. */
    struct buffer jws = sign(t, &scene, ACME_PAPER_ORDER, "nonce");
    assert_int_equal(jws.len, 0);
    buffer_free(&jws);
    scene_close(t, &scene);
}

/* A name that all fail at is no optional one, and the CA's wish for time is heeded. */
static void refused_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    scene.play = PLAY_REFUSES;
    scene.refusals = 1000;
    begin(t, &scene);
    struct acme_state *state = state_of(&scene);
    assert_true(scene.jobs == 4 && state->failures == 1 && scene.installs == 0);
    assert_int_equal(state->left_out_count, 3);
    scene_close(t, &scene);
}

/* ---- keys ---- */

static struct slice kept_of(struct scene *scene) {
    struct slice kept = SLICE_EMPTY;
    assert_int_equal(engine_kept(scene->bench->engine, scene->bench->arena, SLICE("acme"), &kept), STORE_OK);
    return kept;
}

/* Roles that may read the database must find no key in it. */
static void sealed_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    scene.install_fault = "the disk is full";
    begin(t, &scene);
    assert_true(state_of(&scene)->key.len && state_of(&scene)->account_key.len);
    assert_int_equal(slice_find(kept_of(&scene), SLICE("PRIVATE KEY")), SLICE_NOT_FOUND);
    scene.install_fault = NULL;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    /* Nothing is due: there is no key that nobody needs for weeks. */
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    assert_int_equal(state_of(&scene)->key.len, 0);
    assert_int_equal(slice_find(kept_of(&scene), SLICE("PRIVATE KEY")), SLICE_NOT_FOUND);
    scene_close(t, &scene);
}

/* What a release of before kept. */
static void keep_old(struct task *t, struct store_bench *bench, struct slice key) {
    struct buffer json = buffer_new(1 << 16);
    struct acme_state *state = ARENA_NEW(bench->arena, struct acme_state);
    *state = (struct acme_state){.directory = settings.directory,
                                 .account = SLICE("https://ca.test/account/1"),
                                 .old_account_key = key,
                                 .old_key = key,
                                 .next_ms = env_wall_ms(bench->env) + DAY_MS};
    acme_state_write(&json, state);
    assert_int_not_equal(slice_find(buffer_slice(&json), SLICE("PRIVATE KEY")), SLICE_NOT_FOUND);
    assert_int_equal(engine_keep(t, bench->engine, SLICE("acme"), buffer_slice(&json)), STORE_OK);
    buffer_free(&json);
}

static void old_keys_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    struct acme_office_settings off = settings;
    struct acme_point point;
    struct buffer pem = buffer_new(1024);
    struct buffer thumbprint = buffer_new(128);
    assert_true(acme_key_make(&pem) && acme_key_point(buffer_slice(&pem), &point));
    acme_thumbprint(&thumbprint, &point);
    keep_old(t, bench, buffer_slice(&pem));
    scene_open(bench, &scene);
    off.is_enabled = false;
    acme_office_set(scene.office, &off);
    /* Also where nothing is enabled any more. */
    while (slice_find(kept_of(&scene), SLICE("PRIVATE KEY")) != SLICE_NOT_FOUND)
        assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_int_equal(state_of(&scene)->key.len, 0);
    acme_office_set(scene.office, &settings);
    acme_office_begin(scene.office);
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_true(slice_equal(scene.job.thumbprint, buffer_slice(&thumbprint)));
    assert_slice(scene.job.account, "https://ca.test/account/1");
    scene_close(t, &scene);
    buffer_free(&thumbprint);
    buffer_free(&pem);
}

/* ---- a store that cannot ---- */

static void run_script(struct scene *scene, const char *script) {
    char path[128];
    sqlite3 *handle = NULL;
    (void)snprintf(path, sizeof path, "%s/store.db", scene->bench->folder);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    (void)sqlite3_busy_timeout(handle, 5000);
    assert_int_equal(sqlite3_exec(handle, script, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(handle);
}

/* A look costs some readings of the clock: hundreds are a loop. */
enum { READINGS_MAX = 100 };

static void unreadable_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    begin(t, &scene);
    struct acme_state *before = state_of(&scene);
    run_script(&scene, "ALTER TABLE setting RENAME TO setting_away");
    assert_int_equal(acme_office_order(t, scene.office, true), ACME_ORDER_FAILED);
    scene.clock_reads = 0;
    assert_int_equal(task_sleep(t, 200), WAIT_OK);
    assert_true(scene.clock_reads < READINGS_MAX && scene.jobs == 1);
    run_script(&scene, "ALTER TABLE setting_away RENAME TO setting");
    struct acme_state *after = state_of(&scene);
    assert_true(slice_equal(before->account_key, after->account_key) &&
                slice_equal(before->account, after->account) && after->leaf.name_count == 4);
    assert_int_equal(acme_office_order(t, scene.office, true), ACME_ORDER_DONE);
    assert_true(slice_equal(before->account_key, state_of(&scene)->account_key));
    scene_close(t, &scene);
}

static void unwritable_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    run_script(&scene, "CREATE TRIGGER full BEFORE INSERT ON setting WHEN NEW.name = 'acme' BEGIN"
                       " SELECT RAISE(ABORT, 'full'); END");
    acme_office_begin(scene.office);
    assert_int_equal(task_sleep(t, 50), WAIT_OK);
    scene.clock_reads = 0;
    assert_int_equal(task_sleep(t, 200), WAIT_OK);
    assert_true(scene.clock_reads < READINGS_MAX && scene.jobs == 0);
    run_script(&scene, "DROP TRIGGER full");
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    scene_close(t, &scene);
}

/* ---- what the CA is told, and says ---- */

static void contact_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    struct acme_office_settings other = settings;
    scene_open(bench, &scene);
    begin(t, &scene);
    assert_false(scene.plan.tells_contact);
    other.email = SLICE("new@example.org");
    other.is_installed = true;
    scene.play = PLAY_TELLS_CONTACT;
    acme_office_set(scene.office, &other);
    /* The change alone has it looked at. */
    while (!slice_equal(state_of(&scene)->contact, other.email)) assert_int_equal(task_sleep(t, 5), WAIT_OK);
    assert_true(scene.plan.tells_contact && !scene.plan.is_due);
    scene.play = PLAY_ISSUES;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    assert_false(scene.plan.tells_contact);
    scene_close(t, &scene);
}

/* RFC 9773 4.2: a time within what the CA suggests, be it earlier or later than our own. */
static void window_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    begin(t, &scene);
    assert_int_equal(scene.job.certificate.len, 0);
    scene.ahead_ms = DAY_MS;
    scene.window = (struct acme_window){now_ms(&scene) + 2 * DAY_MS, now_ms(&scene) + 3 * DAY_MS};
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    assert_slice(scene.job.certificate, "Q0E.Bw");
    struct acme_state *state = state_of(&scene);
    assert_true(state->renew_ms >= scene.window.start_ms && state->renew_ms < scene.window.end_ms);
    /* Not asked again so soon, and the same time stands. */
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_NOT_DUE);
    assert_int_equal(scene.job.certificate.len, 0);
    assert_int_equal(state_of(&scene)->renew_ms, state->renew_ms);
    scene.ahead_ms = 5 * DAY_MS;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_true(scene.plan.replaces);
    scene_close(t, &scene);
}

/* It is not ordered again, which CAs count. */
static void not_installed_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    scene_open(bench, &scene);
    scene.install_fault = "the disk is full";
    begin(t, &scene);
    struct acme_state *state = state_of(&scene);
    assert_true(state->failures == 1 && state->chain.len && state->key.len);
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_FAILED);
    scene.install_fault = NULL;
    assert_int_equal(acme_office_order(t, scene.office, false), ACME_ORDER_DONE);
    assert_true(scene.jobs == 1 && scene.installs == 1);
    assert_true(slice_starts(buffer_slice(&scene.key), SLICE("-----BEGIN PRIVATE KEY-----")));
    scene_close(t, &scene);
}

static void off_body(struct task *t, struct store_bench *bench) {
    struct scene scene;
    struct acme_office_settings off = settings;
    scene_open(bench, &scene);
    off.is_enabled = false;
    acme_office_set(scene.office, &off);
    acme_office_begin(scene.office);
    assert_int_equal(acme_office_order(t, scene.office, true), ACME_ORDER_OFF);
    assert_int_equal(task_sleep(t, 20), WAIT_OK);
    assert_true(scene.jobs == 0 && state_of(&scene)->account_key.len == 0);
    scene_close(t, &scene);
}

static void with_domain(struct task *t, struct store_bench *bench) {
    bench_add_account(t, bench, 0);
    ((void (*)(struct task *, struct store_bench *))(uintptr_t)bench->extra)(t, bench);
}

#define TEST(name, body)                                   \
    static void name(void **state) {                       \
        (void)state;                                       \
        bench_run(with_domain, (void *)(uintptr_t)(body)); \
    }
TEST(a_certificate_is_renewed_at_two_thirds_of_its_life, renewal_body)
TEST(new_names_make_a_new_certificate, names_body)
TEST(a_failure_is_kept_and_the_ca_is_waited_for, failure_body)
TEST(pauses_grow_up_to_a_day, pause_body)
TEST(an_optional_name_that_fails_is_left_out_for_a_week, left_out_body)
TEST(where_the_hosts_own_name_is_refused_too_it_waits, refused_body)
TEST(keys_are_sealed_and_made_when_they_are_needed, sealed_body)
TEST(keys_of_older_folders_are_sealed, old_keys_body)
TEST(a_store_that_cannot_be_read_is_waited_for, unreadable_body)
TEST(a_store_that_cannot_keep_anything_is_waited_for, unwritable_body)
TEST(another_contact_is_told_the_ca, contact_body)
TEST(the_ca_may_choose_when_it_is_renewed, window_body)
TEST(a_remote_role_that_lies_gets_nothing, distrust_body)
TEST(what_could_not_be_installed_is_kept_and_installed_later, not_installed_body)
TEST(without_being_enabled_nothing_is_done, off_body)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_renewed_at_two_thirds_of_its_life),
        cmocka_unit_test(new_names_make_a_new_certificate),
        cmocka_unit_test(a_failure_is_kept_and_the_ca_is_waited_for),
        cmocka_unit_test(pauses_grow_up_to_a_day),
        cmocka_unit_test(an_optional_name_that_fails_is_left_out_for_a_week),
        cmocka_unit_test(where_the_hosts_own_name_is_refused_too_it_waits),
        cmocka_unit_test(keys_are_sealed_and_made_when_they_are_needed),
        cmocka_unit_test(keys_of_older_folders_are_sealed),
        cmocka_unit_test(a_store_that_cannot_be_read_is_waited_for),
        cmocka_unit_test(a_store_that_cannot_keep_anything_is_waited_for),
        cmocka_unit_test(another_contact_is_told_the_ca),
        cmocka_unit_test(the_ca_may_choose_when_it_is_renewed),
        cmocka_unit_test(a_remote_role_that_lies_gets_nothing),
        cmocka_unit_test(what_could_not_be_installed_is_kept_and_installed_later),
        cmocka_unit_test(without_being_enabled_nothing_is_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
