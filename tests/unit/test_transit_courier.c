/* The courier between a store and the hosts of a domain: what is tried, settled and said in the end. */
#include "courier_bench.h"
#include "wire/smtp_parameter.h"

static struct bench *run(struct bench *bench) {
    bench_run(bench);
    return bench;
}

static void assert_settled(struct bench *bench, size_t at, enum queue_outcome outcome, const char *status) {
    if (bench->settled_count <= at) fail_msg("%zu settled", bench->settled_count);
    const struct settled *settled = &bench->settled[at];
    if (settled->outcome != outcome || strcmp(settled->status, status) != 0)
        fail_msg("outcome %d, status %s, reply %s\n%s", settled->outcome, settled->status, settled->reply,
                 bench->record);
}

/* ---- a message on its way ---- */

static void a_message_goes_to_the_first_host_and_is_recorded(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].offers = "250-PIPELINING\r\n250-SIZE 100000\r\n";
    (void)bench_add(bench, "Subject: x\r\n\r\n.dot\r\n", 2);
    run(bench);
    assert_int_equal(bench->settled_count, 2);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_settled(bench, 1, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->settled[1].number, 2);
    assert_string_equal(bench->settled[0].reply, "250 2.0.0 taken");
    assert_string_equal(bench->settled[0].host, "mx1.far.test");
    assert_true(bench->settled[0].is_last_with_dsn);
    assert_string_equal(bench->hosts[0].last_content, "Subject: x\n\n..dot\n");
    assert_string_equal(bench->hosts[0].last_mail, "MAIL FROM:<ann@example.test> SIZE=20");
    assert_int_equal(bench->hosts[1].connections, 0);
    assert_int_equal(bench->end.result, TRANSIT_SESSION_DONE);
    assert_non_null(strstr(bench->record, "connect mx1.far.test[11.0.0.1]:25\n"));
    assert_non_null(strstr(bench->record, " greeting: 220 far ESMTP\n"));
    assert_non_null(strstr(bench->record, " end of data: 250 2.0.0 taken\n"));
    bench_free(&bench);
}

/* RFC 5321 4.4: only a message that has arrived says who sent it on. */
static void the_return_path_of_a_copy_that_stayed_here_does_not_leave(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].offers = "250-SIZE 100000\r\n";
    (void)bench_add(bench, "Return-Path:\r\n <ann@example.test>\r\nSubject: x\r\n\r\ntext\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_string_equal(bench->hosts[0].last_content, "Subject: x\n\ntext\n");
    assert_string_equal(bench->hosts[0].last_mail, "MAIL FROM:<ann@example.test> SIZE=20");
    bench_free(&bench);
}

static void what_the_sender_asked_of_reports_is_passed_on(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].offers = "250-DSN\r\n";
    struct far_message *message = bench_add(bench, "x\r\n", 1);
    message->recipients[0].notify = SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE;
    message->recipients[0].original = SLICE("b+c@old.test");
    run(bench);
    assert_string_equal(bench->hosts[0].last_mail, "MAIL FROM:<ann@example.test> ENVID=a+2Bb");
    assert_string_equal(bench->hosts[0].last_rcpt,
                        "RCPT TO:<a@far.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b+2Bc@old.test");
    assert_false(bench->settled[0].is_last_with_dsn);
    bench_free(&bench);
}

static void one_connection_carries_what_is_there_up_to_a_number(void **state) {
    struct bench *bench = bench_new(1);
    for (size_t i = 0; i < 3; i++) (void)bench_add(bench, "x\r\n", 1);
    bench->session.messages_max = 2;
    run(bench);
    assert_int_equal(bench->settled_count, 2);
    assert_int_equal(bench->hosts[0].connections, 1);
    assert_int_equal(bench->hosts[0].taken, 2);
    assert_true(bench->was_last);
    assert_non_null(strstr(bench->record, "reuse mx1.far.test[11.0.0.1]\n"));
    bench_free(&bench);
}

/* Frames of 128 KiB, which the store is asked for one after the other. */
static void a_large_body_is_fetched_in_pieces(void **state) {
    enum { LINES = 20000, LINE = 72 };
    struct bench *bench = bench_new(1);
    char *content = malloc(LINES * LINE + 1);
    assert_non_null(content);
    uint32_t random = 1;
    for (size_t i = 0; i < LINES * LINE; i++) {
        random = random * 1103515245u + 12345u;
        content[i] = i % LINE == LINE - 2   ? '\r'
                     : i % LINE == LINE - 1 ? '\n'
                                            : (char)('0' + (random >> 16) % 64);
    }
    content[LINES * LINE] = 0;
    struct far_message *message = bench_add(bench, content, 1);
    message->is_inline = false;
    assert_true(message->packed.len > 3 * (size_t)TRANSIT_BODY_BYTES_MAX);
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[0].content_bytes, LINES * LINE);
    free(content);
    bench_free(&bench);
}

static void a_body_that_is_damaged_waits_and_is_not_sent(void **state) {
    for (size_t how = 0; how < 2; how++) {
        struct bench *bench = bench_new(1);
        struct far_message *message = bench_add(bench, "Subject: x\r\n\r\ntext\r\n", 1);
        message->packed.ptr[how == 0 ? 12 : message->packed.len - 2] ^= 0x55;
        run(bench);
        assert_settled(bench, 0, QUEUE_DEFERRED, "4.3.0");
        assert_non_null(strstr(bench->settled[0].reply, "the stored message could not be read"));
        assert_int_equal(bench->hosts[0].taken, 0);
        assert_int_equal(bench->hosts[1].connections, 0);
        bench_free(&bench);
    }
}

/* ---- every answer at every verb ---- */

struct cell {
    enum verb verb;
    const char *says;
    /* With a second host that is good; and without one. */
    bool asks_second;
    enum queue_outcome alone;
    bool is_in_doubt;
};

#define W QUEUE_DEFERRED
#define F QUEUE_FAILED
#define D QUEUE_DELIVERED

static const struct cell cells[] = {
    {V_GREETING, "220 hello", false, D, false},
    {V_GREETING, "421 busy", true, W, false},
    {V_GREETING, "450 not now", true, W, false},
    {V_GREETING, "554 never", true, F, false},
    {V_GREETING, "hello there", true, W, false},
    {V_GREETING, CLOSE, true, W, false},
    {V_GREETING, SILENCE, true, W, false},
    {V_EHLO, "250 hello", false, D, false},
    {V_EHLO, "421 busy", true, W, false},
    {V_EHLO, "451 not now", true, W, false},
    {V_EHLO, "550 never", true, F, false},
    {V_EHLO, "what?", true, W, false},
    {V_EHLO, CLOSE, true, W, false},
    {V_EHLO, SILENCE, true, W, false},
    {V_MAIL, "250 ok", false, D, false},
    {V_MAIL, "421 busy", true, W, false},
    {V_MAIL, "451 not now", true, W, false},
    {V_MAIL, "550 never", false, F, false},
    {V_MAIL, "what?", true, W, false},
    {V_MAIL, CLOSE, true, W, false},
    {V_MAIL, SILENCE, true, W, false},
    {V_RCPT, "251 will forward", false, D, false},
    {V_RCPT, "421 busy", true, W, false},
    {V_RCPT, "450 greylisted", false, W, false},
    {V_RCPT, "550 nobody", false, F, false},
    {V_RCPT, "what?", true, W, false},
    {V_RCPT, CLOSE, true, W, false},
    {V_RCPT, SILENCE, true, W, false},
    {V_DATA, "421 busy", true, W, false},
    {V_DATA, "451 not now", true, W, false},
    {V_DATA, "554 never", false, F, false},
    {V_DATA, "250 ok", true, W, false},
    {V_DATA, "what?", true, W, false},
    {V_DATA, CLOSE, true, W, false},
    {V_DATA, SILENCE, true, W, false},
    {V_END, "250 taken", false, D, false},
    {V_END, "421 busy", false, W, false},
    {V_END, "452 full", false, W, false},
    {V_END, "554 spam", false, F, false},
    {V_END, "what?", false, W, true},
    {V_END, CLOSE, false, W, true},
    {V_END, SILENCE, false, W, true},
};

static void run_cell(const struct cell *cell, size_t number, bool has_second) {
    struct bench *bench = bench_new(number + 1);
    bench->hosts[0].says[cell->verb] = cell->says;
    if (!has_second) {
        sim_dns_forget(bench->world, "far.test");
        add_mx(bench->world, "far.test", 10, "mx1.far.test");
    }
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    bool asks_second = has_second && cell->asks_second;
    enum queue_outcome wanted = asks_second ? QUEUE_DELIVERED : cell->alone;
    const struct settled *settled = &bench->settled[0];
    if (bench->settled_count != 1 || settled->outcome != wanted ||
        bench->hosts[1].connections != (size_t)asks_second ||
        strcmp(settled->same_host, cell->is_in_doubt ? "mx1.far.test" : "") != 0)
        fail_msg("verb %d '%s', second host %d: %zu settled, outcome %d (%s), second asked %zu, same host "
                 "'%s'\n%s",
                 cell->verb, cell->says, has_second, bench->settled_count, settled->outcome, settled->reply,
                 bench->hosts[1].connections, settled->same_host, bench->record);
    bench_free(&bench);
}

static void every_answer_at_every_verb_leads_where_it_must(void **state) {
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        run_cell(&cells[i], i, true);
        run_cell(&cells[i], i, false);
    }
}

static void a_message_fails_only_where_all_hosts_refuse_for_good(void **state) {
    static const struct {
        const char *second;
        enum queue_outcome outcome;
    } rows[] = {{"554 never, too", QUEUE_FAILED}, {"421 busy", QUEUE_DEFERRED}, {SILENCE, QUEUE_DEFERRED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench *bench = bench_new(i + 1);
        bench->hosts[0].says[V_GREETING] = "554 never";
        bench->hosts[1].says[V_GREETING] = rows[i].second;
        (void)bench_add(bench, "x\r\n", 1);
        run(bench);
        assert_int_equal(bench->settled[0].outcome, rows[i].outcome);
        assert_int_equal(bench->hosts[1].connections, 1);
        assert_int_not_equal(bench->end.result, TRANSIT_SESSION_DONE);
        bench_free(&bench);
    }
}

static void recipients_of_one_message_part_ways(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].says[V_RCPT] = "550 5.1.1 nobody";
    (void)bench_add(bench, "x\r\n", 2);
    run(bench);
    assert_settled(bench, 0, QUEUE_FAILED, "5.1.1");
    assert_settled(bench, 1, QUEUE_FAILED, "5.1.1");
    assert_string_equal(bench->settled[0].reply, "550 5.1.1 nobody");
    assert_string_equal(bench->settled[0].host, "mx1.far.test");
    bench_free(&bench);
}

/* ---- hosts that are not there ---- */

static void an_absent_host_is_passed_over_and_not_tried_again(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].is_absent = true;
    (void)bench_add(bench, "x\r\n", 1);
    (void)bench_add(bench, "y\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_settled(bench, 1, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[1].connections, 1);
    assert_null(strstr(bench->record, "mx1"));
    assert_int_equal(bench->end.result, TRANSIT_SESSION_DONE);
    bench_free(&bench);
}

static void without_any_host_one_message_waits_and_the_session_says_why(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].is_absent = bench->hosts[1].is_absent = true;
    (void)bench_add(bench, "x\r\n", 1);
    (void)bench_add(bench, "y\r\n", 1);
    run(bench);
    assert_int_equal(bench->settled_count, 1);
    assert_settled(bench, 0, QUEUE_DEFERRED, "4.4.1");
    assert_string_equal(bench->settled[0].host, "");
    assert_true(bench->was_last);
    assert_int_equal(bench->end.result, TRANSIT_SESSION_UNREACHABLE);
    assert_string_equal(bench->reason, "mx2.far.test[11.0.0.2]: the connection was refused");
    bench_free(&bench);
}

static void a_host_that_wants_less_ends_the_session_so(void **state) {
    struct bench *bench = bench_new(1);
    sim_dns_forget(bench->world, "far.test");
    add_mx(bench->world, "far.test", 10, "mx1.far.test");
    bench->hosts[0].says[V_GREETING] = "421 4.7.0 too many connections";
    (void)bench_add(bench, "x\r\n", 1);
    (void)bench_add(bench, "y\r\n", 1);
    run(bench);
    assert_int_equal(bench->settled_count, 1);
    assert_settled(bench, 0, QUEUE_DEFERRED, "4.7.0");
    assert_int_equal(bench->end.result, TRANSIT_SESSION_SLOW_DOWN);
    assert_string_equal(bench->reason, "421 4.7.0 too many connections");
    bench_free(&bench);
}

static void a_connection_that_ended_between_messages_is_made_again(void **state) {
    static const char *const ends[] = {CLOSE, "421 4.4.2 too long idle"};
    for (size_t i = 0; i < 2; i++) {
        struct bench *bench = bench_new(i + 1);
        bench->hosts[0].good_messages = 1;
        bench->hosts[0].says[V_MAIL] = ends[i];
        (void)bench_add(bench, "x\r\n", 1);
        (void)bench_add(bench, "y\r\n", 1);
        run(bench);
        assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
        assert_settled(bench, 1, QUEUE_DELIVERED, "2.0.0");
        assert_int_equal(bench->hosts[0].connections, 2);
        assert_int_equal(bench->hosts[1].connections, 0);
        bench_free(&bench);
    }
}

/* ---- what is not known to have been taken ---- */

static void a_message_that_may_have_been_taken_goes_to_that_host_only(void **state) {
    struct bench *bench = bench_new(1);
    struct far_message *message = bench_add(bench, "x\r\n", 2);
    message->recipients[0].same_host = SLICE("mx2.far.test");
    message->recipients[0].attempts = 1;
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_settled(bench, 1, QUEUE_DELIVERED, "2.0.0");
    assert_string_equal(bench->settled[0].host, "mx2.far.test");
    assert_string_equal(bench->settled[1].host, "mx1.far.test");
    bench_free(&bench);
}

static void it_waits_for_that_host(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[1].is_absent = true;
    struct far_message *message = bench_add(bench, "x\r\n", 1);
    message->recipients[0].same_host = SLICE("mx2.far.test");
    message->recipients[0].attempts = 1;
    (void)bench_add(bench, "y\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DEFERRED, "4.4.1");
    assert_string_equal(bench->settled[0].same_host, "mx2.far.test");
    assert_settled(bench, 1, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[0].connections, 1);
    bench_free(&bench);
}

static void but_not_for_ever_nor_for_one_that_is_no_longer_there(void **state) {
    static const struct {
        const char *host;
        uint32_t attempts;
    } rows[] = {{"mx2.far.test", TRANSIT_SAME_HOST_ATTEMPTS_MAX}, {"mx9.far.test", 1}};
    for (size_t i = 0; i < 2; i++) {
        struct bench *bench = bench_new(1);
        bench->hosts[1].is_absent = true;
        struct far_message *message = bench_add(bench, "x\r\n", 1);
        message->recipients[0].same_host = slice_from_text(rows[i].host);
        message->recipients[0].attempts = rows[i].attempts;
        run(bench);
        assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
        assert_string_equal(bench->settled[0].host, "mx1.far.test");
        bench_free(&bench);
    }
}

/* ---- TLS ---- */

static void tls_is_used_where_it_is_offered(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].offers = "250-STARTTLS\r\n";
    /* What the host says to STARTTLS is no TLS: the handshake fails, and the next connection does without. */
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[0].connections, 2);
    assert_non_null(strstr(bench->record, "TLS failed; once more without\n"));
    bench_free(&bench);
}

static void a_message_that_demands_tls_fails_where_none_is_promised(void **state) {
    struct bench *bench = bench_new(1);
    bench_add(bench, "x\r\n", 1)->properties = OUTGOING_REQUIRES_TLS;
    (void)bench_add(bench, "y\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_FAILED, "5.7.10");
    assert_settled(bench, 1, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[1].connections, 0);
    assert_string_equal(bench->settled[1].host, "mx1.far.test");
    bench_free(&bench);
}

/* ---- 8-bit messages ---- */

static void a_host_without_8bitmime_gets_it_in_7_bits(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].offers = "250-SIZE\r\n";
    bench_add(bench,
              "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: 8bit\r\n\r\nGr\xc3\xbc\xc3\x9f"
              "e\r\n",
              1)
        ->properties = OUTGOING_8BIT;
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_non_null(strstr(bench->hosts[0].last_content, "\nGr=C3=BC=C3=9Fe\n"));
    assert_null(strstr(bench->hosts[0].last_mail, "8BITMIME"));
    char size[32];
    (void)snprintf(size, sizeof size, " SIZE=%llu", (unsigned long long)bench->hosts[0].content_bytes);
    assert_non_null(strstr(bench->hosts[0].last_mail, size));
    bench_free(&bench);
}

static void what_is_signed_is_not_rewritten_but_taken_to_a_host_that_has_8bitmime(void **state) {
    for (size_t how = 0; how < 2; how++) {
        struct bench *bench = bench_new(1);
        if (how) bench->hosts[1].offers = "250-8BITMIME\r\n";
        bench_add(bench,
                  "DKIM-Signature: v=1; a=x; b=y; d=example.test; s=z; h=from; bh=q\r\n"
                  "Subject: x\r\n\r\nGr\xc3\xbc\r\n",
                  1)
            ->properties = OUTGOING_8BIT;
        run(bench);
        assert_settled(bench, 0, how ? QUEUE_DELIVERED : QUEUE_FAILED, how ? "2.0.0" : "5.6.3");
        assert_int_equal(bench->hosts[0].taken, 0);
        assert_int_equal(bench->hosts[1].taken, how);
        bench_free(&bench);
    }
}

/* ---- routes ---- */

static struct transit_host relay = {.name = {(const uint8_t *)"relay.test", 10}, .port = 25};

static void take_route(struct bench *bench, enum transit_tls tls, bool has_login) {
    bench->session.domain = SLICE_EMPTY;
    bench->session.route =
        (struct transit_route){.id = 3, .name = SLICE("relay"), .hosts = &relay, .host_count = 1, .tls = tls};
    if (!has_login) return;
    bench->session.route.user = SLICE("user");
    bench->session.route.password = SLICE("pencil");
}

static void a_route_takes_everything(void **state) {
    struct bench *bench = bench_new(1);
    take_route(bench, TRANSIT_TLS_NEVER, false);
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[2].taken, 1);
    bench_free(&bench);
}

static void a_route_that_fails_is_never_gone_around(void **state) {
    static const enum transit_tls policies[] = {TRANSIT_TLS_REQUIRED, TRANSIT_TLS_IMPLICIT,
                                                TRANSIT_TLS_OFFERED};
    for (size_t i = 0; i < 3; i++) {
        struct bench *bench = bench_new(1);
        /* No TLS there; and no password in the clear. */
        take_route(bench, policies[i], true);
        bench->hosts[2].offers = "250-AUTH PLAIN\r\n";
        (void)bench_add(bench, "x\r\n", 1);
        (void)bench_add(bench, "y\r\n", 1);
        run(bench);
        assert_int_equal(bench->settled_count, 1);
        assert_int_equal(bench->settled[0].outcome, QUEUE_DEFERRED);
        assert_int_equal(bench->end.result, TRANSIT_SESSION_UNREACHABLE);
        assert_int_equal(bench->hosts[0].connections + bench->hosts[1].connections, 0);
        assert_null(strstr(bench->record, "pencil"));
        bench_free(&bench);
    }
}

static void hosts_by_mx_can_have_a_route_of_their_own(void **state) {
    struct bench *bench = bench_new(1);
    struct transit_mx_route route = {
        .suffix = SLICE("far.test"),
        .route = {.id = 9, .hosts = &relay, .host_count = 1, .tls = TRANSIT_TLS_NEVER}};
    bench->session.mx_routes = &route;
    bench->session.mx_route_count = 1;
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DELIVERED, "2.0.0");
    assert_int_equal(bench->hosts[2].taken, 1);
    assert_int_equal(bench->hosts[0].connections, 0);
    bench_free(&bench);
}

static void connections_come_from_where_they_are_told_to(void **state) {
    struct bench *bench = bench_new(1);
    sim_machine_add_address(bench->ours, "11.0.1.2");
    bench->settings.source_ipv4 = SLICE("11.0.1.2");
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    assert_string_equal(bench->hosts[0].came_from, "11.0.1.2");
    bench_free(&bench);
}

/* ---- DNS ---- */

static void a_domain_that_does_not_exist_fails_each_message(void **state) {
    struct bench *bench = bench_new(1);
    bench->session.domain = SLICE("nowhere.test");
    (void)bench_add(bench, "x\r\n", 1);
    (void)bench_add(bench, "y\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_FAILED, "5.1.2");
    assert_settled(bench, 1, QUEUE_FAILED, "5.1.2");
    assert_string_equal(bench->settled[0].host, "");
    assert_int_equal(bench->end.result, TRANSIT_SESSION_DONE);
    bench_free(&bench);
}

static void without_an_answer_of_dns_mail_waits(void **state) {
    struct bench *bench = bench_new(1);
    sim_dns_fail(bench->world, "far.test", DNS_SERVFAIL);
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    assert_settled(bench, 0, QUEUE_DEFERRED, "4.4.3");
    assert_int_equal(bench->end.result, TRANSIT_SESSION_UNREACHABLE);
    bench_free(&bench);
}

/* ---- reports ---- */

static void fail_recipient(struct outgoing_recipient *recipient) {
    recipient->outcome = QUEUE_FAILED;
    recipient->status = SLICE("5.1.1");
    recipient->reply = SLICE("550 5.1.1 nobody");
    recipient->host = SLICE("mx1.far.test");
}

static bool report_has(const struct bench *bench, const char *text) {
    return slice_find(buffer_slice(&bench->report), slice_from_text(text)) != SLICE_NOT_FOUND;
}

static void at_the_place_of_reports_they_are_made_and_stored(void **state) {
    for (size_t how = 0; how < 2; how++) {
        struct bench *bench = bench_new(1);
        bench->session.destination = DESTINATION_REPORTS;
        struct far_message *message = bench_add(bench, "Subject: lost one\r\n\r\ntext\r\n", 2);
        message->is_inline = how == 0;
        fail_recipient(&message->recipients[0]);
        fail_recipient(&message->recipients[1]);
        run(bench);
        assert_int_equal(bench->report_message, 1);
        assert_int_equal(bench->report_numbers, 2);
        assert_true(bench->report_id != 0);
        assert_true(report_has(bench, "\r\nFinal-Recipient: rfc822;a@far.test\r\n"));
        assert_true(report_has(bench, "\r\nDiagnostic-Code: smtp; 550 5.1.1 nobody\r\n"));
        assert_true(report_has(bench, "\r\nSubject: lost one\r\n"));
        assert_int_equal(bench->settled_count, 0);
        assert_int_equal(bench->hosts[0].connections, 0);
        assert_int_equal(bench->end.result, TRANSIT_SESSION_DONE);
        bench_free(&bench);
    }
}

static void a_report_is_made_though_the_message_cannot_be_read(void **state) {
    struct bench *bench = bench_new(1);
    bench->session.destination = DESTINATION_REPORTS;
    struct far_message *message = bench_add(bench, "Subject: lost one\r\n\r\ntext\r\n", 1);
    message->packed.ptr[message->packed.len - 2] ^= 0x55;
    fail_recipient(&message->recipients[0]);
    run(bench);
    assert_true(report_has(bench, "\r\nFinal-Recipient: rfc822;a@far.test\r\n"));
    assert_false(report_has(bench, "lost one"));
    bench_free(&bench);
}

static void who_asked_for_no_report_gets_none(void **state) {
    struct bench *bench = bench_new(1);
    bench->session.destination = DESTINATION_REPORTS;
    struct far_message *message = bench_add(bench, "x\r\n", 1);
    fail_recipient(&message->recipients[0]);
    message->recipients[0].notify = SMTP_NOTIFY_NEVER;
    run(bench);
    assert_int_equal(bench->report_numbers, 1);
    assert_int_equal(bench->report.len, 0);
    bench_free(&bench);
}

/* ---- callouts ---- */

static struct callout_answer call_out(struct task *t, struct bench *bench, const char *address) {
    struct callout_answer answer;
    courier_callout(t, bench->courier, slice_from_text(address), bench->arena, &answer,
                    env_now_ms(bench->env) + RESOLVE_CALLOUT_MS_MAX);
    return answer;
}

/* What the first host says to RCPT, and what comes of it. */
static const struct callout_row {
    const char *says;
    enum callout_verdict verdict;
} callout_rows[] = {
    {"250 2.1.5 ok", CALLOUT_TAKEN},
    {"550 5.1.1 who is that?", CALLOUT_REFUSED},
    {"550 no such user", CALLOUT_REFUSED},
    {"550 5.2.1 closed", CALLOUT_REFUSED},
    {"550 5.7.1 you are on a list", CALLOUT_UNCLEAR},
    {"552 5.2.2 full", CALLOUT_UNCLEAR},
    {"554 no", CALLOUT_UNCLEAR},
    {"450 4.7.1 greylisted", CALLOUT_UNCLEAR},
    {CLOSE, CALLOUT_UNCLEAR},
    {SILENCE, CALLOUT_UNCLEAR},
};

static void callout_body(struct task *t, struct bench *bench) {
    for (size_t i = 0; i < sizeof callout_rows / sizeof callout_rows[0]; i++) {
        bench->hosts[0].says[V_RCPT] = callout_rows[i].says;
        assert_int_equal(call_out(t, bench, "a@far.test").verdict, callout_rows[i].verdict);
    }
    assert_string_equal(bench->hosts[0].last_mail, "MAIL FROM:<>");
    assert_string_equal(bench->hosts[0].last_rcpt, "RCPT TO:<a@far.test>");
    assert_int_equal(bench->hosts[0].taken, 0);
    assert_int_equal(bench->hosts[1].connections, 0);
    bench->hosts[0].says[V_RCPT] = "550 5.1.1 who is that?";
    assert_slice(call_out(t, bench, "a@far.test").words, "who is that?");
}

static void run_callouts(struct bench *bench, void (*body)(struct task *t, struct bench *bench)) {
    bench->arena = arena_new(MIB(64));
    bench->body = body;
    run(bench);
    arena_free(&bench->arena);
    bench_free(&bench);
}

static void the_first_host_that_answers_says_whether_there_is_such_an_address(void **state) {
    run_callouts(bench_new(1), callout_body);
}

static void next_host_body(struct task *t, struct bench *bench) {
    assert_int_equal(call_out(t, bench, "a@far.test").verdict, CALLOUT_REFUSED);
    assert_int_equal(call_out(t, bench, "a@nowhere.test").verdict, CALLOUT_UNREACHABLE);
    assert_int_equal(call_out(t, bench, "nobody").verdict, CALLOUT_UNASKED);
}

static void where_a_host_is_down_the_next_is_asked(void **state) {
    struct bench *bench = bench_new(1);
    bench->hosts[0].is_absent = true;
    bench->hosts[1].says[V_RCPT] = "550 5.1.1 who is that?";
    run_callouts(bench, next_host_body);
}

static void second_mx_body(struct task *t, struct bench *bench) {
    int64_t before_ms = env_now_ms(bench->env);
    assert_int_equal(call_out(t, bench, "a@far.test").verdict, CALLOUT_UNREACHABLE);
    assert_true(env_now_ms(bench->env) - before_ms <= 2 * RESOLVE_CALLOUT_MS_MAX);
    assert_int_equal(bench->hosts[1].connections, 0);
}

static void a_second_mx_asks_nobody_behind_itself(void **state) {
    struct bench *bench = bench_new(1);
    bench->settings.own_addresses = SLICE("11.0.0.2");
    bench->hosts[0].is_absent = true;
    run_callouts(bench, second_mx_body);
}

/* ---- stores that go away, and the end ---- */

static void session_main(struct task *t, void *argument) {
    struct bench *bench = argument;
    (void)store_session(t, bench);
}

static bool has_content(void *context) {
    struct bench *bench = context;
    return bench->hosts[0].taken == 1;
}

/* The store is lost while the host thinks about the message; its successor hears what became of it. */
static void store_lost_body(struct task *t, struct bench *bench) {
    struct scope scope;
    scope_init(&scope, bench->env);
    assert_true(scope_spawn(&scope, session_main, bench));
    while (!has_content(bench)) assert_int_equal(task_sleep(t, 100), WAIT_OK);
    channel_close(t, &bench->store);
    assert_int_equal(bench->settled_count, 0);
    assert_int_equal(task_sleep(t, 15 * 60 * 1000), WAIT_OK);
    bench->store = channel_new(bench->env, &store_handlers, bench);
    store_attach(bench);
    store_hello(t, bench);
    while (bench->settled_count == 0) assert_int_equal(task_sleep(t, 100), WAIT_OK);
    scope_close(t, &scope);
}

static void what_became_of_it_is_told_to_the_next_store(void **state) {
    struct bench *bench = bench_new(1);
    bench->body = store_lost_body;
    bench->hosts[0].says[V_END] = SILENCE;
    (void)bench_add(bench, "x\r\n", 1);
    run(bench);
    assert_int_equal(bench->in_hand.count, 1);
    assert_int_equal(bench->in_hand_message, 1);
    assert_int_equal(bench->settled_count, 1);
    assert_settled(bench, 0, QUEUE_DEFERRED, "4.4.2");
    assert_string_equal(bench->settled[0].same_host, "mx1.far.test");
    bench_free(&bench);
}

static void stop_body(struct task *t, struct bench *bench) {
    struct scope scope;
    scope_init(&scope, bench->env);
    assert_true(scope_spawn(&scope, session_main, bench));
    while (bench->hosts[0].connections == 0) assert_int_equal(task_sleep(t, 100), WAIT_OK);
    assert_int_equal(task_sleep(t, 1000), WAIT_OK);
    int64_t before_ms = env_now_ms(bench->env);
    courier_free(t, &bench->courier);
    assert_true(env_now_ms(bench->env) - before_ms <= TRANSIT_STOP_MS);
    assert_int_equal(bench->settled_count, 1);
    scope_close(t, &scope);
}

static void at_the_end_what_is_under_way_is_settled(void **state) {
    static const struct {
        enum verb verb;
        const char *same_host;
    } rows[] = {{V_GREETING, ""}, {V_MAIL, ""}, {V_END, "mx1.far.test"}};
    for (size_t i = 0; i < 3; i++) {
        struct bench *bench = bench_new(1);
        bench->body = stop_body;
        bench->hosts[0].says[rows[i].verb] = SILENCE;
        (void)bench_add(bench, "x\r\n", 1);
        run(bench);
        assert_settled(bench, 0, QUEUE_DEFERRED, "4.3.2");
        assert_string_equal(bench->settled[0].same_host, rows[i].same_host);
        assert_true(bench->was_last);
        assert_int_equal(bench->hosts[1].connections, 0);
        bench_free(&bench);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_goes_to_the_first_host_and_is_recorded),
        cmocka_unit_test(the_return_path_of_a_copy_that_stayed_here_does_not_leave),
        cmocka_unit_test(what_the_sender_asked_of_reports_is_passed_on),
        cmocka_unit_test(one_connection_carries_what_is_there_up_to_a_number),
        cmocka_unit_test(a_large_body_is_fetched_in_pieces),
        cmocka_unit_test(a_body_that_is_damaged_waits_and_is_not_sent),
        cmocka_unit_test(every_answer_at_every_verb_leads_where_it_must),
        cmocka_unit_test(a_message_fails_only_where_all_hosts_refuse_for_good),
        cmocka_unit_test(recipients_of_one_message_part_ways),
        cmocka_unit_test(an_absent_host_is_passed_over_and_not_tried_again),
        cmocka_unit_test(without_any_host_one_message_waits_and_the_session_says_why),
        cmocka_unit_test(a_host_that_wants_less_ends_the_session_so),
        cmocka_unit_test(a_connection_that_ended_between_messages_is_made_again),
        cmocka_unit_test(a_message_that_may_have_been_taken_goes_to_that_host_only),
        cmocka_unit_test(it_waits_for_that_host),
        cmocka_unit_test(but_not_for_ever_nor_for_one_that_is_no_longer_there),
        cmocka_unit_test(tls_is_used_where_it_is_offered),
        cmocka_unit_test(a_message_that_demands_tls_fails_where_none_is_promised),
        cmocka_unit_test(a_host_without_8bitmime_gets_it_in_7_bits),
        cmocka_unit_test(what_is_signed_is_not_rewritten_but_taken_to_a_host_that_has_8bitmime),
        cmocka_unit_test(a_route_takes_everything),
        cmocka_unit_test(a_route_that_fails_is_never_gone_around),
        cmocka_unit_test(hosts_by_mx_can_have_a_route_of_their_own),
        cmocka_unit_test(connections_come_from_where_they_are_told_to),
        cmocka_unit_test(a_domain_that_does_not_exist_fails_each_message),
        cmocka_unit_test(without_an_answer_of_dns_mail_waits),
        cmocka_unit_test(at_the_place_of_reports_they_are_made_and_stored),
        cmocka_unit_test(a_report_is_made_though_the_message_cannot_be_read),
        cmocka_unit_test(who_asked_for_no_report_gets_none),
        cmocka_unit_test(the_first_host_that_answers_says_whether_there_is_such_an_address),
        cmocka_unit_test(where_a_host_is_down_the_next_is_asked),
        cmocka_unit_test(a_second_mx_asks_nobody_behind_itself),
        cmocka_unit_test(what_became_of_it_is_told_to_the_next_store),
        cmocka_unit_test(at_the_end_what_is_under_way_is_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
