/* Sender mailboxes in the data folder: what may be one, that secrets lie sealed and come out only for who
   connects, and what health a look or a test makes of one. */
#include "store_bench.h"

#include "store/engine_sender.h"
#include "store/engine_state.h"
#include "store/feed.h"

static struct sender sender_new(const char *address) {
    return (struct sender){
        .address = slice_from_text(address),
        .smtp = {.host = SLICE("smtp.far.test"),
                 .port = 465,
                 .user = SLICE("u"),
                 .secret = SLICE("smtp secret")},
        .imap = {
            .host = SLICE("imap.far.test"), .port = 993, .user = SLICE("u"), .secret = SLICE("imap secret")}};
}

/* The file that any reader may open. */
static bool is_in_database(struct store_bench *bench, struct slice text) {
    char path[128];
    bool found = false;
    static const char *const names[] = {"store.db", "store.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", bench->folder, names[i]);
        FILE *file = fopen(path, "rb");
        if (!file) continue;
        uint8_t *bytes = malloc(MIB(8));
        assert_non_null(bytes);
        size_t len = fread(bytes, 1, MIB(8), file);
        found = found || slice_find(slice_of(bytes, len), text) != SLICE_NOT_FOUND;
        free(bytes);
        (void)fclose(file);
    }
    return found;
}

static void secret_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    struct sender *listed;
    size_t count;
    struct sender opened;
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_OK);
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_EXISTS);
    assert_int_equal(engine_sender_list(bench->engine, bench->arena, &listed, &count), STORE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(listed[0].smtp.secret.len + listed[0].imap.secret.len, 0);
    assert_int_equal(listed[0].state, SENDER_UNTESTED);
    assert_false(is_in_database(bench, SLICE("smtp secret")));
    assert_true(is_in_database(bench, SLICE("smtp.far.test")));
    bench_reopen(t, bench);
    assert_int_equal(engine_sender_open(t, bench->engine, bench->arena, sender.id, &opened), STORE_OK);
    assert_slice(opened.smtp.secret, "smtp secret");
    assert_slice(opened.imap.secret, "imap secret");
    /* What is not given stays. */
    opened.smtp.secret = SLICE("another");
    opened.imap.secret = SLICE_EMPTY;
    uint64_t version = opened.version;
    assert_int_equal(engine_sender_change(t, bench->engine, &opened), STORE_OK);
    assert_int_equal(engine_sender_open(t, bench->engine, bench->arena, sender.id, &opened), STORE_OK);
    assert_slice(opened.smtp.secret, "another");
    assert_slice(opened.imap.secret, "imap secret");
    assert_int_not_equal(opened.version, version);
    assert_int_equal(engine_sender_remove(t, bench->engine, SLICE("ann@far.test")), STORE_OK);
    assert_int_equal(engine_sender_remove(t, bench->engine, SLICE("ann@far.test")), STORE_NOT_FOUND);
}
static void secrets_lie_sealed(void **state) { bench_run(secret_body, NULL); }

static void check_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    struct slice address;
    assert_null(sender_check(&sender));
    sender.imap.host = SLICE_EMPTY;
    assert_non_null(strstr(sender_check(&sender), "--imap"));
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_REFUSED);
    sender = sender_new("ann@far.test");
    sender.smtp.secret = SLICE("a\r\nb");
    assert_non_null(sender_check(&sender));
    sender = sender_new("ann@far.test");
    sender.smtp.host = SLICE("a b");
    assert_non_null(sender_check(&sender));
    assert_true(sender_address_read(bench->arena,
                                    SLICE("Ann.X@B\xc3\xbc"
                                          "cher.TEST"),
                                    &address));
    assert_slice(address, "ann.x@xn--bcher-kva.test");
    assert_false(sender_address_read(bench->arena, SLICE("ann"), &address));
}
static void what_cannot_be_reached_is_refused(void **state) { bench_run(check_body, NULL); }

/* ---- health ---- */

static void look(struct task *t, struct store_bench *bench, uint64_t id, enum sender_cause cause,
                 bool is_test, enum sender_state state, enum sender_cause shown) {
    struct sender sender;
    bool is_changed;
    struct sender_health health = {.sender = id,
                                   .state = cause ? SENDER_RED : SENDER_GREEN,
                                   .cause = cause,
                                   .is_test = is_test,
                                   .copies = SENDER_COPIES_OURS};
    assert_int_equal(engine_sender_health(t, bench->engine, &health, &is_changed), STORE_OK);
    assert_int_equal(engine_sender_read(bench->engine, bench->arena, id, &sender), STORE_OK);
    assert_int_equal(sender.state, state);
    assert_int_equal(sender.cause, shown);
}

static void health_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_OK);
    uint64_t id = sender.id;
    /* That it can be reached is no test. */
    look(t, bench, id, SENDER_CAUSE_NONE, false, SENDER_UNTESTED, SENDER_CAUSE_NONE);
    look(t, bench, id, SENDER_CAUSE_NONE, true, SENDER_GREEN, SENDER_CAUSE_NONE);
    look(t, bench, id, SENDER_CAUSE_PASSWORD, false, SENDER_RED, SENDER_CAUSE_PASSWORD);
    look(t, bench, id, SENDER_CAUSE_NONE, false, SENDER_GREEN, SENDER_CAUSE_NONE);
    /* What only a test finds, only a test finds mended. */
    look(t, bench, id, SENDER_CAUSE_MESSAGE_ID_RENAMED, true, SENDER_RED, SENDER_CAUSE_MESSAGE_ID_RENAMED);
    look(t, bench, id, SENDER_CAUSE_PASSWORD, false, SENDER_RED, SENDER_CAUSE_PASSWORD);
    look(t, bench, id, SENDER_CAUSE_NONE, false, SENDER_RED, SENDER_CAUSE_MESSAGE_ID_RENAMED);
    look(t, bench, id, SENDER_CAUSE_NONE, true, SENDER_GREEN, SENDER_CAUSE_NONE);
    /* Another way is another mailbox. */
    assert_int_equal(engine_sender_read(bench->engine, bench->arena, id, &sender), STORE_OK);
    sender.imap.port = 143;
    assert_int_equal(engine_sender_change(t, bench->engine, &sender), STORE_OK);
    look(t, bench, id, SENDER_CAUSE_NONE, false, SENDER_UNTESTED, SENDER_CAUSE_NONE);
    bool is_changed;
    struct sender_health gone = {.sender = id + 1};
    assert_int_equal(engine_sender_health(t, bench->engine, &gone, &is_changed), STORE_NOT_FOUND);
}
static void health_is_what_looks_and_tests_found(void **state) { bench_run(health_body, NULL); }

static void news_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    struct feed_event *events;
    size_t count = 0;
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_OK);
    look(t, bench, sender.id, SENDER_CAUSE_PASSWORD, true, SENDER_RED, SENDER_CAUSE_PASSWORD);
    look(t, bench, sender.id, SENDER_CAUSE_PASSWORD, true, SENDER_RED, SENDER_CAUSE_PASSWORD);
    look(t, bench, sender.id, SENDER_CAUSE_NONE, true, SENDER_GREEN, SENDER_CAUSE_NONE);
    assert_int_equal(engine_feed_read(bench->engine, bench->arena, 0, 10, &events, &count), STORE_OK);
    assert_int_equal(count, 2);
    assert_string_equal(events[0].type, "outreach.mailbox.red");
    assert_string_equal(events[1].type, "outreach.mailbox.green");
    assert_string_equal(events[0].members[0].name, "mailbox");
    assert_slice(events[0].members[0].text, "ann@far.test");
}
static void a_change_of_health_is_news_once(void **state) { bench_run(news_body, NULL); }

/* ---- folders and tokens ---- */

static void folder_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    struct sender_folder *folders;
    size_t count;
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_OK);
    struct sender_folder looked[] = {{SLICE("INBOX"), 1, 5, 0, 0}, {SLICE("Junk"), 2, 1, 9, 0}};
    assert_int_equal(engine_sender_looked(t, bench->engine, sender.id, looked, 2), STORE_OK);
    looked[0].uidnext = 8;
    assert_int_equal(engine_sender_looked(t, bench->engine, sender.id, looked, 1), STORE_OK);
    assert_int_equal(engine_sender_folders(bench->engine, bench->arena, sender.id, &folders, &count),
                     STORE_OK);
    /* One that is not there any more is forgotten: only so many can be kept. */
    assert_int_equal(count, 1);
    assert_int_equal(folders[0].uidnext, 8);
    looked[0].modseq = 9;
    assert_int_equal(engine_sender_looked(t, bench->engine, sender.id, looked, 2), STORE_OK);
    assert_int_equal(engine_sender_folders(bench->engine, bench->arena, sender.id, &folders, &count),
                     STORE_OK);
    assert_int_equal(count, 2);
    assert_int_equal(folders[0].modseq, 9);
    assert_int_equal(engine_sender_looked(t, bench->engine, sender.id + 1, looked, 1), STORE_NOT_FOUND);
}

/* With another password it is the same mailbox; with another account UIDs mean something else, whatever their
   UIDVALIDITY. */
static void other_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    struct sender_folder *folders;
    size_t count;
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_OK);
    struct sender_folder looked = {SLICE("INBOX"), 1, 5, 0, 0};
    assert_int_equal(engine_sender_looked(t, bench->engine, sender.id, &looked, 1), STORE_OK);
    sender.imap.secret = SLICE("another");
    assert_int_equal(engine_sender_change(t, bench->engine, &sender), STORE_OK);
    assert_int_equal(engine_sender_folders(bench->engine, bench->arena, sender.id, &folders, &count),
                     STORE_OK);
    assert_true(count == 1 && folders[0].uidvalidity == 1 && folders[0].uidnext == 5);
    sender.imap.user = SLICE("somebody else");
    assert_int_equal(engine_sender_change(t, bench->engine, &sender), STORE_OK);
    assert_int_equal(engine_sender_folders(bench->engine, bench->arena, sender.id, &folders, &count),
                     STORE_OK);
    assert_true(count == 1 && folders[0].uidvalidity == 0);
}
static void another_accounts_folders_are_others(void **state) { bench_run(other_body, NULL); }

static void it_is_kept_how_far_folders_were_looked_at(void **state) { bench_run(folder_body, NULL); }

static void token_body(struct task *t, struct store_bench *bench) {
    struct sender sender = sender_new("ann@far.test");
    struct sender_provider provider = {.name = SLICE("google"),
                                       .authorize_url = SLICE("https://a.test/"),
                                       .token_url = SLICE("https://t.test/"),
                                       .client_id = SLICE("id"),
                                       .client_secret = SLICE("client secret")};
    struct sender_provider *listed;
    struct sender_provider opened;
    size_t count;
    assert_int_equal(engine_provider_add(t, bench->engine, &provider), STORE_OK);
    assert_int_equal(engine_provider_add(t, bench->engine, &provider), STORE_EXISTS);
    assert_int_equal(engine_provider_list(bench->engine, bench->arena, &listed, &count), STORE_OK);
    assert_true(count == 1 && listed[0].has_secret && listed[0].client_secret.len == 0);
    assert_int_equal(engine_provider_open(t, bench->engine, bench->arena, SLICE("google"), &opened),
                     STORE_OK);
    assert_slice(opened.client_secret, "client secret");
    sender.imap.auth = SENDER_AUTH_OAUTH;
    sender.imap.provider = SLICE("google");
    assert_int_equal(engine_sender_add(t, bench->engine, &sender), STORE_OK);
    assert_int_equal(engine_provider_remove(t, bench->engine, SLICE("google")), STORE_REFUSED);
    assert_int_equal(engine_sender_token(t, bench->engine, sender.id, SLICE("google"), SLICE("fresh"), false),
                     STORE_OK);
    assert_int_equal(engine_sender_open(t, bench->engine, bench->arena, sender.id, &sender), STORE_OK);
    assert_slice(sender.imap.secret, "fresh");
    assert_slice(sender.smtp.secret, "smtp secret");
    assert_int_equal(engine_sender_remove(t, bench->engine, sender.address), STORE_OK);
    assert_int_equal(engine_provider_remove(t, bench->engine, SLICE("google")), STORE_OK);
    assert_int_equal(engine_provider_remove(t, bench->engine, SLICE("google")), STORE_NOT_FOUND);
}
static void a_new_refresh_token_takes_the_old_ones_place(void **state) { bench_run(token_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_lie_sealed),
        cmocka_unit_test(what_cannot_be_reached_is_refused),
        cmocka_unit_test(health_is_what_looks_and_tests_found),
        cmocka_unit_test(another_accounts_folders_are_others),
        cmocka_unit_test(a_change_of_health_is_news_once),
        cmocka_unit_test(it_is_kept_how_far_folders_were_looked_at),
        cmocka_unit_test(a_new_refresh_token_takes_the_old_ones_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
