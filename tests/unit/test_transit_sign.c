/* The courier signs before it sends: once for all destinations, or not at all and later. */
#include "courier_bench.h"
#include "transit/dkim_look.h"
#include "transit/signature_book.h"

static const char message_text[] = "From: Ann <Ann@example.test>\r\nSubject: x\r\n\r\ntext\r\n";

static struct bench *signing_bench(const char *content) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].offers = "250-SIZE 1000000\r\n";
    bench_add(bench, content, 1)->account = 9;
    return bench;
}

static void assert_delivered(const struct bench *bench) {
    if (bench->settled_count == 0 || bench->settled[0].outcome != QUEUE_DELIVERED)
        fail_msg("%s\n%s", bench->settled[0].reply, bench->record);
}

static void assert_size_told(const struct bench *bench, size_t host) {
    char size[32];
    (void)snprintf(size, sizeof size, " SIZE=%llu", (unsigned long long)bench->hosts[host].content_bytes);
    if (!strstr(bench->hosts[host].last_mail, size))
        fail_msg("%s, not%s", bench->hosts[host].last_mail, size);
}

static void a_submitted_message_leaves_with_both_signatures(void **state) {
    struct bench *bench = signing_bench(message_text);
    bench_run(bench);
    assert_delivered(bench);
    assert_true(strncmp(bench->hosts[0].last_content, "DKIM-Signature: ", 16) == 0);
    assert_true(bench->hosts[0].content_bytes > 1000);
    assert_size_told(bench, 0);
    assert_string_equal(bench->signed_from, "Ann@example.test");
    assert_int_equal(bench->signers_asked, 1);
    assert_int_equal(bench->sign_asked, 1);
    assert_non_null(strstr(bench->record, " signed by example.test\n"));
    bench_free(&bench);
}

static void what_came_from_outside_is_not_signed_again(void **state) {
    struct bench *bench = signing_bench(message_text);
    bench->messages[0].account = 0;
    bench_run(bench);
    assert_delivered(bench);
    assert_true(strncmp(bench->hosts[0].last_content, "From: ", 6) == 0);
    assert_int_equal(bench->signers_asked, 0);
    bench_free(&bench);
}

static void reports_and_mail_of_trusted_networks_are_signed(void **state) {
    static const unsigned properties[] = {OUTGOING_COMPOSED, OUTGOING_TRUSTED};
    for (size_t i = 0; i < 2; i++) {
        struct bench *bench = signing_bench(message_text);
        bench->messages[0].account = 0;
        bench->messages[0].properties = properties[i];
        bench_run(bench);
        assert_delivered(bench);
        assert_int_equal(bench->sign_asked, 1);
        bench_free(&bench);
    }
}

/* Hosts of relay.networks may only pass on what strangers write, in anybody's name. */
static void what_trusted_networks_pass_on_is_not_signed(void **state) {
    static const struct {
        const char *header;
        bool is_signed;
    } rows[] = {
        {"", true},
        {"Received: from app ([11.7.0.9])\r\n\tby mail.example.test; now\r\n", true},
        {"Received: by app (Postfix, from userid 0) id 1\r\n", true},
        {"Received: from app (localhost [127.0.0.1]) by app\r\n"
         "Received: from pc ([IPv6:fd00::7]) by exchange (10.0.0.1)\r\n",
         true},
        {"Received: from app ([11.7.0.9]) by us\r\nReceived: from mx.evil.test (mx.evil.test\r\n [8.8.8.8])"
         " by gate (10.0.0.1)\r\n",
         false},
        {"Received: from x(127.0.0.1)by ([IPv6:2600::1]) by gate\r\n", false},
        {"received : from somewhere by gate\r\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char content[1000];
        (void)snprintf(content, sizeof content, "%s%s", rows[i].header, message_text);
        struct bench *bench = signing_bench(content);
        bench->settings.relay_networks = SLICE("11.7.0.0/16");
        bench->messages[0].account = 0;
        bench->messages[0].properties = OUTGOING_TRUSTED;
        bench_run(bench);
        assert_delivered(bench);
        if ((bench->sign_asked == 1) != rows[i].is_signed) fail_msg("row %zu: %s", i, bench->record);
        if (!rows[i].is_signed)
            assert_non_null(strstr(bench->record, "not signed: it came to relay.networks from another host"));
        bench_free(&bench);
    }
}

static void where_no_domain_of_ours_sends_it_it_goes_as_it_is(void **state) {
    struct bench *bench = signing_bench(message_text);
    bench->signs_nothing = true;
    bench_run(bench);
    assert_delivered(bench);
    assert_true(strncmp(bench->hosts[0].last_content, "From: ", 6) == 0);
    assert_size_told(bench, 0);
    assert_int_equal(bench->sign_asked, 0);
    assert_non_null(strstr(bench->record, " not signed: no domain of ours sends it\n"));
    bench_free(&bench);
}

static void what_cannot_be_signed_by_anybody_goes_as_it_is(void **state) {
    struct bench *bench = signing_bench("Subject: nobody wrote this\r\n\r\ntext\r\n");
    bench_run(bench);
    assert_delivered(bench);
    assert_string_equal(bench->signed_from, "");
    assert_true(strncmp(bench->hosts[0].last_content, "Subject: ", 9) == 0);
    assert_non_null(strstr(bench->record, " not signed: it has no From, or more than one\n"));
    bench_free(&bench);
}

static void a_message_that_cannot_be_signed_now_waits(void **state) {
    for (size_t how = 0; how < 3; how++) {
        struct bench *bench = signing_bench(message_text);
        if (how == 0) bench->signers_result = TRANSIT_SIGN_LATER;
        if (how == 1) bench->sign_results[0] = TRANSIT_SIGN_LATER;
        if (how == 2)
            for (size_t i = 0; i < 4; i++) bench->sign_results[i] = TRANSIT_SIGN_AGAIN;
        bench_run(bench);
        assert_int_equal(bench->settled_count, 1);
        assert_int_equal(bench->settled[0].outcome, QUEUE_DEFERRED);
        assert_string_equal(bench->settled[0].status, "4.3.0");
        assert_non_null(strstr(bench->settled[0].reply, "could not be signed now"));
        assert_int_equal(bench->hosts[0].connections + bench->hosts[1].connections, 0);
        assert_int_equal(bench->end.result, TRANSIT_SESSION_DONE);
        bench_free(&bench);
    }
}

static void keys_that_were_rotated_meanwhile_are_asked_for_again(void **state) {
    struct bench *bench = signing_bench(message_text);
    bench->sign_results[0] = TRANSIT_SIGN_AGAIN;
    bench_run(bench);
    assert_delivered(bench);
    assert_int_equal(bench->signers_asked, 2);
    assert_int_equal(bench->sign_asked, 2);
    bench_free(&bench);
}

static void two_sessions_body(struct task *t, struct bench *bench) {
    for (size_t i = 0; i < 2; i++) {
        bench->given = 0;
        assert_int_equal(store_session(t, bench), IPC_OK);
    }
}

static void a_message_is_signed_once_for_all_its_destinations(void **state) {
    struct bench *bench = signing_bench(message_text);
    bench->body = two_sessions_body;
    bench_run(bench);
    assert_int_equal(bench->hosts[0].taken, 2);
    assert_int_equal(bench->signers_asked, 1);
    assert_int_equal(bench->sign_asked, 1);
    assert_size_told(bench, 0);
    bench_free(&bench);
}

static void what_is_sent_in_7_bits_is_signed_as_it_is_sent(void **state) {
    struct bench *bench = signing_bench("From: ann@example.test\r\nMIME-Version: 1.0\r\n"
                                        "Content-Type: text/plain; charset=utf-8\r\n"
                                        "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f"
                                        "e\r\n");
    bench->messages[0].properties = OUTGOING_8BIT;
    bench_run(bench);
    assert_delivered(bench);
    assert_int_equal(bench->sign_asked, 2);
    assert_true(strncmp(bench->hosts[0].last_content, "DKIM-Signature: ", 16) == 0);
    assert_size_told(bench, 0);
    assert_non_null(strstr(bench->record, "converted to 7-bit\n"));
    bench_free(&bench);
}

static void a_7_bit_message_that_cannot_be_signed_now_waits(void **state) {
    struct bench *bench = signing_bench("From: ann@example.test\r\nMIME-Version: 1.0\r\n"
                                        "Content-Type: text/plain; charset=utf-8\r\n"
                                        "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f"
                                        "e\r\n");
    bench->messages[0].properties = OUTGOING_8BIT;
    bench->sign_results[1] = bench->sign_results[2] = TRANSIT_SIGN_LATER;
    bench_run(bench);
    assert_int_equal(bench->settled[0].outcome, QUEUE_DEFERRED);
    assert_string_equal(bench->settled[0].status, "4.3.0");
    assert_int_equal(bench->hosts[0].taken + bench->hosts[1].taken, 0);
    bench_free(&bench);
}

/* ---- what cannot be read ---- */

/* In several frames, none of which comes with the message. */
static struct bench *large_bench(void) {
    static const char head[] = "From: ann@example.test\r\nMIME-Version: 1.0\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Transfer-Encoding: 8bit\r\n\r\n";
    struct buffer text = buffer_new(MIB(1));
    buffer_append_text(&text, head);
    for (unsigned i = 0, random = 1; i < 20000; i++) {
        random = random * 1103515245 + 12345;
        buffer_printf(&text,
                      "Gr\xc3\xbc\xc3\x9f"
                      "e %u\r\n",
                      random);
    }
    buffer_append_byte(&text, 0);
    struct bench *bench = signing_bench((const char *)text.ptr);
    bench->messages[0].properties = OUTGOING_8BIT;
    bench->messages[0].is_inline = false;
    buffer_free(&text);
    return bench;
}

/* Whenever that is, it is no reason to send the message back. */
static void a_body_that_cannot_be_read_now_waits(void **state) {
    struct bench *bench = large_bench();
    bench_run(bench);
    assert_delivered(bench);
    assert_non_null(strstr(bench->record, "converted to 7-bit\n"));
    size_t all = bench->bodies_asked;
    assert_true(all > 4);
    bench_free(&bench);
    for (size_t bodies = 1; bodies < all; bodies++) {
        bench = large_bench();
        bench->bodies_max = bodies;
        bench_run(bench);
        assert_true(bench->settled_count > 0);
        if (bench->settled[0].outcome != QUEUE_DEFERRED)
            fail_msg("after %zu of %zu: %s", bodies, all, bench->settled[0].reply);
        assert_string_equal(bench->settled[0].status, "4.3.0");
        bench_free(&bench);
    }
}

/* ---- mail that is passed on is sealed ---- */

#define FOUND "Authentication-Results: mail.example.test;\r\n\tspf=pass smtp.mailfrom=x@far.test\r\n"

static struct bench *sealing_bench(const char *content) {
    struct bench *bench = signing_bench(content);
    bench->settings.seals_forwarded = true;
    bench->messages[0].account = 0;
    bench->messages[0].is_forwarded = true;
    bench->messages[0].properties = OUTGOING_CHAIN_NONE;
    return bench;
}

static void what_is_passed_on_leaves_with_a_seal(void **state) {
    struct bench *bench = sealing_bench("Received: from x\r\n" FOUND "From: x@far.test\r\n\r\ntext\r\n");
    bench_run(bench);
    assert_delivered(bench);
    const char *content = bench->hosts[0].last_content;
    assert_true(strncmp(content, "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=example.test; s=r1;", 59) == 0);
    const char *results = strstr(content, "ARC-Authentication-Results: i=1;\n mail.example.test;\n\t"
                                          "spf=pass smtp.mailfrom=x@far.test\nReceived: from x\n");
    assert_non_null(results);
    assert_non_null(strstr(content, "ARC-Message-Signature: i=1; a=rsa-sha256;"));
    assert_null(strstr(content, "DKIM-Signature:"));
    assert_size_told(bench, 0);
    assert_true(bench->is_seal_asked);
    assert_int_equal(bench->signers_asked, 1);
    assert_int_equal(bench->sign_asked, 2);
    assert_non_null(strstr(bench->record, " sealed by example.test (ARC 1)\n"));
    bench_free(&bench);
}

static void a_chain_is_gone_on_with_as_it_was_found(void **state) {
    static const char chain[] = "ARC-Seal: i=1; a=rsa-sha256; cv=none; d=a.test; s=s; b=AAAA\r\n"
                                "ARC-Message-Signature: i=1; a=rsa-sha256; d=a.test; s=s; h=From; bh="
                                "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n"
                                "ARC-Authentication-Results: i=1; a.test; none\r\n";
    static const struct {
        unsigned properties;
        const char *cv;
    } rows[] = {{OUTGOING_CHAIN_PASS, "i=2; a=rsa-sha256; cv=pass;"},
                {OUTGOING_CHAIN_FAIL, "i=2; a=rsa-sha256; cv=fail;"}};
    for (size_t i = 0; i < 2; i++) {
        char content[1000];
        (void)snprintf(content, sizeof content, FOUND "%sFrom: x@far.test\r\n\r\ntext\r\n", chain);
        struct bench *bench = sealing_bench(content);
        bench->messages[0].properties = rows[i].properties;
        bench_run(bench);
        assert_delivered(bench);
        assert_non_null(strstr(bench->hosts[0].last_content, rows[i].cv));
        bench_free(&bench);
    }
}

static void what_nobody_looked_at_is_not_sealed(void **state) {
    for (size_t how = 0; how < 6; how++) {
        struct bench *bench =
            sealing_bench(how == 3   ? message_text
                          : how == 4 ? "Authentication-Results: x.test; none\r\nFrom: a@x.test\r\n\r\n"
                                     : FOUND "From: x@far.test\r\n\r\ntext\r\n");
        if (how == 0) bench->settings.seals_forwarded = false;
        if (how == 1) bench->messages[0].is_forwarded = false;
        if (how == 2) bench->messages[0].properties = 0;
        if (how == 5) bench->signs_nothing = true;
        bench_run(bench);
        assert_delivered(bench);
        assert_null(strstr(bench->hosts[0].last_content, "ARC-Seal"));
        assert_int_equal(bench->signers_asked, how >= 3);
        if (how == 3 || how == 4)
            assert_non_null(
                strstr(bench->record, " not sealed: what was found when it came is not in front"));
        if (how == 5) assert_non_null(strstr(bench->record, " not sealed: there is no domain of ours"));
        bench_free(&bench);
    }
}

static void what_cannot_be_sealed_now_waits(void **state) {
    for (size_t how = 0; how < 3; how++) {
        struct bench *bench = sealing_bench(FOUND "From: x@far.test\r\n\r\ntext\r\n");
        if (how == 0) bench->signers_result = TRANSIT_SIGN_LATER;
        if (how > 0) bench->sign_results[how - 1] = TRANSIT_SIGN_LATER;
        bench_run(bench);
        assert_int_equal(bench->settled[0].outcome, QUEUE_DEFERRED);
        assert_string_equal(bench->settled[0].status, "4.3.0");
        bench_free(&bench);
    }
    struct bench *bench = sealing_bench(FOUND "From: x@far.test\r\n\r\ntext\r\n");
    bench->sign_results[1] = TRANSIT_SIGN_AGAIN;
    bench_run(bench);
    assert_delivered(bench);
    assert_int_equal(bench->signers_asked, 2);
    bench_free(&bench);
}

/* ---- a store that goes away in the middle ---- */

static void session_main(struct task *t, void *argument) { (void)store_session(t, argument); }

static void never_signed(struct task *t, void *context, struct ipc_request *request) {
    struct bench *bench = context;
    if (request->message.type != TRANSIT_SIGN) {
        store_requested(t, context, request);
        return;
    }
    bench->sign_asked++;
    (void)!task_sleep(t, 24 * 3600 * 1000);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

static const struct channel_handlers lost_handlers = {never_signed, NULL, NULL};

static void lost_body(struct task *t, struct bench *bench) {
    struct scope scope;
    scope_init(&scope, bench->env);
    channel_close(t, &bench->store);
    bench->store = channel_new(bench->env, &lost_handlers, bench);
    store_attach(bench);
    store_hello(t, bench);
    assert_true(scope_spawn(&scope, session_main, bench));
    while (bench->sign_asked == 0) assert_int_equal(task_sleep(t, 100), WAIT_OK);
    bench->sign_asked = 0;
    channel_close(t, &bench->store);
    assert_int_equal(task_sleep(t, 20 * 1000), WAIT_OK);
    assert_int_equal(bench->hosts[0].connections, 0);
    bench->store = channel_new(bench->env, &store_handlers, bench);
    store_attach(bench);
    store_hello(t, bench);
    while (bench->settled_count == 0) assert_int_equal(task_sleep(t, 100), WAIT_OK);
    scope_close(t, &scope);
}

static void a_store_that_begins_anew_delays_a_message(void **state) {
    struct bench *bench = signing_bench(message_text);
    bench->body = lost_body;
    bench_run(bench);
    assert_delivered(bench);
    assert_int_equal(bench->sign_asked, 1);
    assert_true(strncmp(bench->hosts[0].last_content, "DKIM-Signature: ", 16) == 0);
    bench_free(&bench);
}

/* ---- the book of signatures ---- */

struct reader {
    struct signature_book *book;
    struct slice fields;
    enum signature_found found;
    bool is_done;
    struct arena *arena;
};

static void read_book(struct task *t, void *argument) {
    struct reader *reader = argument;
    reader->found = signature_book_take(t, reader->book, (struct signature_of){1, false, false},
                                        reader->arena, &reader->fields);
    reader->is_done = true;
}

static void book_body(struct task *t, struct bench *bench) {
    struct signature_book *book = signature_book_new(bench->env);
    struct arena *arena = arena_new(MIB(1));
    struct slice fields;
    struct scope scope;
    struct signature_of of = {1, false, false};
    struct signature_of seven = {1, true, false};
    struct reader reader = {.book = book, .arena = arena};
    scope_init(&scope, bench->env);
    assert_int_equal(signature_book_take(t, book, of, arena, &fields), SIGNATURE_MISSING);
    assert_int_equal(signature_book_take(t, book, seven, arena, &fields), SIGNATURE_MISSING);
    /* Who comes second waits; when the first gives up, it is his turn. */
    assert_true(scope_spawn(&scope, read_book, &reader));
    assert_int_equal(task_sleep(t, 1000), WAIT_OK);
    assert_false(reader.is_done);
    signature_book_give_up(book, of);
    assert_int_equal(task_sleep(t, 10), WAIT_OK);
    assert_true(reader.is_done && reader.found == SIGNATURE_MISSING);
    reader.is_done = false;
    assert_true(scope_spawn(&scope, read_book, &reader));
    assert_int_equal(task_sleep(t, 10), WAIT_OK);
    signature_book_put(book, of, SLICE("fields"));
    assert_int_equal(task_sleep(t, 10), WAIT_OK);
    assert_true(reader.is_done && reader.found == SIGNATURE_KNOWN);
    assert_slice(reader.fields, "fields");
    signature_book_put(book, seven, SLICE("others"));
    assert_int_equal(signature_book_take(t, book, seven, arena, &fields), SIGNATURE_KNOWN);
    assert_slice(fields, "others");
    /* Not for ever, and not too many. */
    assert_int_equal(task_sleep(t, TRANSIT_SIGNED_KEPT_MS), WAIT_OK);
    assert_int_equal(signature_book_take(t, book, of, arena, &fields), SIGNATURE_MISSING);
    signature_book_put(book, of, SLICE("x"));
    for (uint64_t i = 0; i < TRANSIT_SIGNED_KEPT_MAX; i++) {
        struct signature_of other = {i + 10, false, false};
        assert_int_equal(signature_book_take(t, book, other, arena, &fields), SIGNATURE_MISSING);
        signature_book_put(book, other, SLICE("x"));
    }
    assert_int_equal(signature_book_take(t, book, of, arena, &fields), SIGNATURE_MISSING);
    signature_book_give_up(book, of);
    scope_close(t, &scope);
    signature_book_free(&book);
    arena_free(&arena);
}

static void signatures_are_remembered_for_a_while(void **state) {
    struct bench *bench = bench_new(1);
    bench->body = book_body;
    bench_run(bench);
    bench_free(&bench);
}

/* ---- records ---- */

static void a_record_is_the_same_by_its_key(void **state) {
    struct slice ours = SLICE("v=DKIM1; k=rsa; p=TUlJQ0lqQU5CZ2s=");
    static const struct {
        const char *found;
        bool is_same;
    } rows[] = {
        {"v=DKIM1; k=rsa; p=TUlJQ0lqQU5CZ2s=", true},
        {"v=DKIM1;p=TUlJQ0lq QU5C\tZ2s=;", true},
        {"k=rsa; t=y; n=ours; p=TUlJQ0lqQU5CZ2s=", true},
        {"v=DKIM1; k=ed25519; p=TUlJQ0lqQU5CZ2s=", false},
        {"v=DKIM1; k=rsa; p=TUlJQ0lqQU5CZ2t=", false},
        {"v=DKIM1; k=rsa; p=", false},
        {"v=DKIM1; k=rsa", false},
        {"v=spf1 -all", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (dkim_look_is_same(slice_from_text(rows[i].found), ours) != rows[i].is_same)
            fail_msg("%s", rows[i].found);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_submitted_message_leaves_with_both_signatures),
        cmocka_unit_test(what_came_from_outside_is_not_signed_again),
        cmocka_unit_test(reports_and_mail_of_trusted_networks_are_signed),
        cmocka_unit_test(what_trusted_networks_pass_on_is_not_signed),
        cmocka_unit_test(where_no_domain_of_ours_sends_it_it_goes_as_it_is),
        cmocka_unit_test(what_cannot_be_signed_by_anybody_goes_as_it_is),
        cmocka_unit_test(a_message_that_cannot_be_signed_now_waits),
        cmocka_unit_test(keys_that_were_rotated_meanwhile_are_asked_for_again),
        cmocka_unit_test(a_message_is_signed_once_for_all_its_destinations),
        cmocka_unit_test(what_is_sent_in_7_bits_is_signed_as_it_is_sent),
        cmocka_unit_test(a_7_bit_message_that_cannot_be_signed_now_waits),
        cmocka_unit_test(a_body_that_cannot_be_read_now_waits),
        cmocka_unit_test(what_is_passed_on_leaves_with_a_seal),
        cmocka_unit_test(a_chain_is_gone_on_with_as_it_was_found),
        cmocka_unit_test(what_nobody_looked_at_is_not_sealed),
        cmocka_unit_test(what_cannot_be_sealed_now_waits),
        cmocka_unit_test(a_store_that_begins_anew_delays_a_message),
        cmocka_unit_test(signatures_are_remembered_for_a_while),
        cmocka_unit_test(a_record_is_the_same_by_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
