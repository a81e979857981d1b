/* The IMAP server as its clients see it: what the transcripts of tests/golden cannot show. */
#include "test.h"

#include "imap_bench.h"
#include "store/segment.h"

/* ---- several sessions ---- */

/* A session on a mailbox, which has an unseen message or not. */
static struct stream *connect_mailbox(struct task *t, struct imap_bench *imap, const char *mailbox,
                                      bool has_unseen) {
    struct stream *client = imap_connect_in(t, imap);
    char text[512];
    (void)snprintf(text, sizeof text,
                   "C: s SELECT %s\nS: * FLAGS <any>\nS: * OK [PERM<any>\nS: * <any> EXISTS\nS: * 0 RECENT\n"
                   "%sS: * OK [UIDVALIDITY <any>\nS: * OK [UIDNEXT <any>\nS: * OK [HIGHESTMODSEQ <any>\n"
                   "S: * OK [MAILBOXID <any>\nS: s OK <any>\n",
                   mailbox, has_unseen ? "S: * OK [UNSEEN <any>\n" : "");
    imap_play(t, &client, text);
    return client;
}

static struct stream *connect_inbox(struct task *t, struct imap_bench *imap, bool has_unseen) {
    return connect_mailbox(t, imap, "INBOX", has_unseen);
}

/* One small message over IMAP. */
static void append_small(struct task *t, struct stream *client, const char *extra) {
    char text[256];
    (void)snprintf(text, sizeof text, "C: ap APPEND INBOX {12+}\nC: Subject: x\nC: \n%sS: ap OK <any>\n",
                   extra);
    imap_play(t, &client, text);
}

static void devices_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    struct stream *phone = connect_inbox(t, &imap, false);
    struct stream *laptop = connect_inbox(t, &imap, false);
    imap_play(t, &phone, "C: i IDLE\nS: + <any>\n");
    bench_deliver(t, bench, SLICE("Subject: new\r\n\r\nHello\r\n"));
    imap_play(t, &phone, "S: * 1 EXISTS\n");
    imap_play(t, &laptop, "C: a NOOP\nS: * 1 EXISTS\nS: a OK <any>\n");
    append_small(t, laptop, "S: * 2 EXISTS\n");
    imap_play(t, &phone, "S: * 2 EXISTS\n");
    imap_play(t, &laptop,
              "C: b STORE 1 +FLAGS (\\Seen Work)\nS: * FLAGS <any>\nS: * OK <any>\n"
              "S: * 1 FETCH (FLAGS (\\Seen Work))\nS: b OK <any>\n");
    imap_play(t, &phone, "S: * FLAGS <any>Work)\nS: * OK <any>\nS: * 1 FETCH (FLAGS (\\Seen Work))\n");
    imap_play(t, &laptop, "C: c UID MOVE 1 Trash\nS: * OK [COPYUID <any>\nS: * 1 EXPUNGE\nS: c OK <any>\n");
    imap_play(
        t, &phone,
        "S: * 1 EXPUNGE\nC: DONE\nC: d FETCH 1:* UID\nS: i OK <any>\nS: * 1 FETCH (UID 2)\nS: d OK <any>\n");
    stream_close(&phone);
    stream_close(&laptop);
    imap_close(t, &imap);
}

static void a_change_by_one_device_is_seen_by_the_others(void **state) { bench_run(devices_body, NULL); }

static void shifting_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    struct stream *first = connect_inbox(t, &imap, false);
    for (int i = 0; i < 3; i++) append_small(t, first, "S: * <any> EXISTS\n");
    struct stream *second = connect_inbox(t, &imap, true);
    imap_play(t, &second, "C: a UID MOVE 2 Trash\nS: * OK <any>\nS: * 2 EXPUNGE\nS: a OK <any>\n");
    /* RFC 9051 7.5.1: numbers may not shift under these three; the message is gone all the same. */
    imap_play(
        t, &first,
        "C: b FETCH 1:3 UID\nS: * 1 FETCH (UID 1)\nS: * 3 FETCH (UID 3)\nS: b OK [EXPUNGEISSUED] <any>\n"
        "C: c SEARCH ALL\nS: * SEARCH 1 3\nS: c OK <any>\n"
        "C: d STORE 3 +FLAGS (\\Seen)\nS: * 3 FETCH (FLAGS (\\Seen))\nS: d OK <any>\n"
        "C: e UID FETCH 3 UID\nS: * 3 FETCH (UID 3)\nS: * 2 EXPUNGE\nS: e OK <any>\n"
        "C: f FETCH 2 UID\nS: * 2 FETCH (UID 3)\nS: f OK <any>\n");
    stream_close(&first);
    stream_close(&second);
    imap_close(t, &imap);
}

static void numbers_do_not_shift_under_fetch_store_and_search(void **state) {
    bench_run(shifting_body, NULL);
}

static void silent_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    struct stream *first = connect_inbox(t, &imap, false);
    append_small(t, first, "S: * 1 EXISTS\n");
    struct stream *second = connect_inbox(t, &imap, true);
    imap_play(t, &second, "C: a STORE 1 +FLAGS.SILENT (\\Flagged)\nS: a OK <any>\n");
    imap_play(
        t, &first,
        "C: b STORE 1 +FLAGS.SILENT (\\Seen)\nS: * 1 FETCH (FLAGS (\\Seen \\Flagged))\nS: b OK <any>\n");
    imap_play(
        t, &second,
        "C: c NOOP\nS: * 1 FETCH (FLAGS (\\Seen \\Flagged))\nS: c OK <any>\nC: d NOOP\nS: d OK <any>\n");
    stream_close(&first);
    stream_close(&second);
    imap_close(t, &imap);
}

static void silent_is_silent_about_the_own_change_only(void **state) { bench_run(silent_body, NULL); }

static void deleted_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    struct stream *first = connect_mailbox(t, &imap, "Junk", false);
    struct stream *second = imap_connect_in(t, &imap);
    imap_play(t, &first, "C: i IDLE\nS: + <any>\n");
    imap_play(t, &second, "C: a DELETE Junk\nS: a OK <any>\n");
    imap_play(t, &first, "S: * BYE <any>\nEND\n");
    stream_close(&first);
    stream_close(&second);
    imap_close(t, &imap);
}

static void who_idles_on_a_mailbox_that_is_deleted_is_told_goodbye(void **state) {
    bench_run(deleted_body, NULL);
}

/* ---- large messages ---- */

/* Lines of 78 bytes with their ends, no two alike. */
static struct slice big_message(struct arena *arena, size_t bytes) {
    struct buffer text = buffer_new(bytes + 4096);
    buffer_append_text(&text, "Subject: big\r\n\r\n");
    for (unsigned i = 0; text.len < bytes; i++) buffer_printf(&text, "%010u%066u\r\n", i, i * 2654435761u);
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static void write_all(struct task *t, struct stream *client, struct slice bytes) {
    assert_int_equal(stream_write(t, client, bytes, env_now_ms(task_env(t)) + TEST_PATIENCE_MS), 0);
}

static void append_big(struct task *t, struct stream *client, struct slice message) {
    char command[64];
    (void)snprintf(command, sizeof command, "big APPEND INBOX {%zu+}\r\n", message.len);
    write_all(t, client, slice_from_text(command));
    write_all(t, client, message);
    write_all(t, client, SLICE("\r\n"));
    imap_play(t, &client, "S: big OK [APPENDUID <any>\n");
}

static void read_exactly(struct task *t, struct stream *client, struct buffer *out, size_t len) {
    while (out->len < len) {
        uint8_t *room = buffer_reserve(out, 65536);
        ssize_t got = stream_read(t, client, room, len - out->len < 65536 ? len - out->len : 65536,
                                  env_now_ms(task_env(t)) + TEST_PATIENCE_MS);
        assert_true(got > 0);
        buffer_grew(out, (size_t)got);
    }
}

/* What the mail role's first session holds to be sent. */
static size_t held_bytes(const struct imap_bench *imap) {
    const struct conn *conn = LIST_FIRST(&imap->role.mail_group.conns, struct conn, in_group);
    return conn->out.capacity;
}

#define SELECTED_ONE                                                                            \
    "S: * FLAGS <any>\nS: * OK <any>\nS: * 1 EXISTS\nS: * 0 RECENT\nS: * OK [UNSEEN 1] <any>\n" \
    "S: * OK <any>\nS: * OK <any>\nS: * OK <any>\nS: * OK <any>\n"

static void big_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    struct buffer answer = buffer_new(MIB(64));
    imap_open(t, &imap, bench, 0);
    struct slice message = big_message(bench->arena, MIB(6));
    struct stream *client = imap_connect_in(t, &imap);
    append_big(t, client, message);
    imap_play(t, &client,
              "C: e EXAMINE INBOX\nS: * FLAGS <any>\nS: * OK <any>\nS: * 1 EXISTS\nS: * 0 RECENT\n"
              "S: * OK [UNSEEN 1] <any>\nS: * OK <any>\nS: * OK <any>\nS: * OK <any>\nS: * OK <any>\nS: e OK "
              "<any>\n");
    /* The client does not read: a piece or two are held, not the message. */
    write_all(t, client, SLICE("f FETCH 1:* BODY.PEEK[]\r\n"));
    assert_int_equal(task_sleep(t, 300), WAIT_OK);
    assert_true(held_bytes(&imap) < MIB(1));
    char head[64];
    size_t head_len = (size_t)snprintf(head, sizeof head, "* 1 FETCH (BODY[] {%zu}\r\n", message.len);
    read_exactly(t, client, &answer, head_len + message.len);
    assert_memory_equal(answer.ptr, head, head_len);
    assert_memory_equal(answer.ptr + head_len, message.ptr, message.len);
    imap_play(t, &client, "S: )\nS: f OK <any>\n");
    stream_close(&client);
    buffer_free(&answer);
    imap_close(t, &imap);
}

static void a_large_message_flows_both_ways_in_bounded_memory(void **state) { bench_run(big_body, NULL); }

/* All that comes until the connection ends. */
static void read_to_end(struct task *t, struct stream *client, struct buffer *out) {
    for (;;) {
        uint8_t *room = buffer_reserve(out, 65536);
        ssize_t got = stream_read(t, client, room, 65536, env_now_ms(task_env(t)) + TEST_PATIENCE_MS);
        if (got <= 0) return;
        buffer_grew(out, (size_t)got);
    }
}

/* The first body that was stored has left the store. */
static bool body_is_gone(struct store_bench *bench, uint64_t body) {
    struct buffer text = buffer_new(16);
    bool is_gone = reader_body(bench->reader, body, 0, 1, &text) == STORE_NOT_FOUND;
    buffer_free(&text);
    return is_gone;
}

static struct entry first_entry(struct store_bench *bench) {
    struct uid_range all = {1, UINT32_MAX};
    struct entry *entries;
    size_t count = 0;
    assert_int_equal(reader_entries(bench->reader, bench->arena, bench->inbox, (struct uid_ranges){&all, 1},
                                    1, ENTRY_PLACE, 1, &entries, &count),
                     STORE_OK);
    assert_int_equal(count, 1);
    return entries[0];
}

typedef void hurt_fn(struct task *t, struct store_bench *bench, struct imap_bench *imap);

/* While a session fetches a large message something happens to it. What came is the message's own, and where
   there is no more of it the connection ends. */
static void fetch_what_is_hurt(struct task *t, struct store_bench *bench, hurt_fn *hurt, hurt_fn *then) {
    struct imap_bench imap;
    struct buffer answer = buffer_new(MIB(64));
    imap_open(t, &imap, bench, 0);
    struct slice message = big_message(bench->arena, MIB(6));
    struct stream *reading = imap_connect_in(t, &imap);
    append_big(t, reading, message);
    imap_play(t, &reading, "C: s SELECT INBOX\n" SELECTED_ONE "S: s OK <any>\n");
    write_all(t, reading, SLICE("f FETCH 1 BODY.PEEK[]\r\n"));
    char head[64];
    size_t head_len = (size_t)snprintf(head, sizeof head, "* 1 FETCH (BODY[] {%zu}\r\n", message.len);
    read_exactly(t, reading, &answer, head_len);
    hurt(t, bench, &imap);
    read_to_end(t, reading, &answer);
    assert_memory_equal(answer.ptr, head, head_len);
    assert_true(answer.len - head_len < message.len);
    assert_memory_equal(answer.ptr + head_len, message.ptr, answer.len - head_len);
    stream_close(&reading);
    buffer_free(&answer);
    then(t, bench, &imap);
    imap_close(t, &imap);
}

/* Simulation, power seed 169: another session expunges it. */
static void expunge_it(struct task *t, struct store_bench *bench, struct imap_bench *imap) {
    struct stream *other = imap_connect_in(t, imap);
    uint64_t body = first_entry(bench).body;
    imap_play(t, &other, "C: s SELECT INBOX\n" SELECTED_ONE "S: s OK <any>\n");
    imap_play(t, &other,
              "C: d STORE 1 +FLAGS.SILENT (\\Deleted)\nS: d OK <any>\n"
              "C: x EXPUNGE\nS: * 1 EXPUNGE\nS: x OK <any>\n");
    while (!body_is_gone(bench, body)) assert_int_equal(task_sleep(t, 20), WAIT_OK);
    stream_close(&other);
}

static void find_nothing(struct task *t, struct store_bench *bench, struct imap_bench *imap) {
    struct entry *entries = NULL;
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 0);
}

static void expunged_body(struct task *t, struct store_bench *bench) {
    fetch_what_is_hurt(t, bench, expunge_it, find_nothing);
}

static void a_message_expunged_while_it_is_fetched_is_never_filled_up(void **state) {
    bench_run(expunged_body, NULL);
}

/* Simulation, hosts seed 7443: the disk does not give all of it. */
static void damage_it(struct task *t, struct store_bench *bench, struct imap_bench *imap) {
    struct body_place place = first_entry(bench).place;
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    assert_int_equal(segment_path(bench->folder, place.segment, path, sizeof path), 0);
    assert_int_equal(file_open(bench->env, path, FILE_WRITE, &file), 0);
    assert_int_equal(file_write(file, SLICE("damage"), place.place + place.stored_bytes * 3 / 4), 0);
    file_close(&file);
}

/* Who comes again gets past it, to what came after it. */
static void read_what_lies_behind(struct task *t, struct store_bench *bench, struct imap_bench *imap) {
    struct stream *client = imap_connect_in(t, imap);
    imap_play(t, &client, "C: a APPEND INBOX {3+}\nC: new\nS: a OK [APPENDUID <any> 2] <any>\n");
    imap_play(t, &client,
              "C: s SELECT INBOX\n"
              "S: * FLAGS <any>\nS: * OK <any>\nS: * 2 EXISTS\n"
              "S: * 0 RECENT\nS: * OK [UNSEEN 1] <any>\nS: * OK <any>\nS: * OK <any>\nS: * OK <any>\nS: * OK "
              "<any>\nS: s OK <any>\n");
    imap_play(t, &client,
              "C: f UID FETCH 1:* BODY.PEEK[]\nS: * 1 FETCH (UID 1 BODY[] NIL)\n"
              "S: * 2 FETCH (UID 2 BODY[] {5}\nS: new\nS: )\nS: f NO [SERVERBUG] <any>\n");
    /* What of it can be read is there. */
    imap_play(t, &client,
              "C: p FETCH 1 BODY.PEEK[]<0.7>\nS: * 1 FETCH (BODY[]<0> {7}\nS: Subject)\nS: p OK <any>\n");
    stream_close(&client);
}

static void damaged_body(struct task *t, struct store_bench *bench) {
    fetch_what_is_hurt(t, bench, damage_it, read_what_lies_behind);
}

static void a_message_that_cannot_be_read_to_its_end_is_never_filled_up(void **state) {
    bench_run(damaged_body, NULL);
}

static void too_big_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    imap.server.settings.message_bytes_max = 100000;
    struct slice message = big_message(bench->arena, 150000);
    struct stream *client = imap_connect_in(t, &imap);
    /* RFC 7888 4: what comes unasked is read and dropped; the session goes on. */
    write_all(t, client, SLICE("a APPEND INBOX {150000+}\r\n"));
    write_all(t, client, slice_sub(message, 0, 150000));
    write_all(t, client, SLICE("\r\n"));
    imap_play(t, &client, "S: a BAD [TOOBIG] <any>\nC: b NOOP\nS: b OK <any>\n");
    imap_play(t, &client, "C: c APPEND INBOX {150000}\nS: c NO [TOOBIG] <any>\nC: d NOOP\nS: d OK <any>\n");
    stream_close(&client);
    imap_close(t, &imap);
}

static void a_message_over_the_limit_is_refused_and_the_session_goes_on(void **state) {
    bench_run(too_big_body, NULL);
}

static void quota_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 1000);
    struct stream *client = imap_connect_in(t, &imap);
    struct slice message = big_message(bench->arena, 5000);
    char command[64];
    (void)snprintf(command, sizeof command, "a APPEND INBOX {%zu+}\r\n", message.len);
    write_all(t, client, slice_from_text(command));
    write_all(t, client, message);
    write_all(t, client, SLICE("\r\n"));
    imap_play(t, &client,
              "S: a NO [OVERQUOTA] <any>\nC: b STATUS INBOX (MESSAGES)\nS: * STATUS \"INBOX\" (MESSAGES "
              "0)\nS: b OK <any>\n");
    stream_close(&client);
    imap_close(t, &imap);
}

static void an_append_over_quota_is_refused(void **state) { bench_run(quota_body, NULL); }

static const char cut_command[] =
    "a APPEND INBOX {12+}\r\nSubject: 1\r\n (\\Seen) {14+}\r\nSubject: two\r\n\r\n";

static void cut_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    struct entry *entries = NULL;
    imap_open(t, &imap, bench, 0);
    for (size_t len = 1; len < sizeof cut_command - 2; len++) {
        struct stream *client = imap_connect_in(t, &imap);
        write_all(t, client, slice_of(cut_command, len));
        assert_int_equal(task_sleep(t, 1), WAIT_OK);
        stream_close(&client);
    }
    assert_int_equal(task_sleep(t, 50), WAIT_OK);
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 0);
    struct stream *client = imap_connect_in(t, &imap);
    write_all(t, client, slice_from_text(cut_command));
    imap_play(t, &client, "S: a OK [APPENDUID <any> 1:2] <any>\n");
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 2);
    stream_close(&client);
    imap_close(t, &imap);
}

static void an_append_cut_anywhere_leaves_nothing(void **state) { bench_run(cut_body, NULL); }

static void canonical_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    struct buffer raw = buffer_new(4096);
    struct entry *entries = NULL;
    imap_open(t, &imap, bench, 0);
    struct stream *client = imap_connect_in(t, &imap);
    write_all(t, client, SLICE("a APPEND INBOX {20+}\r\nA: b\n\nx\ry\n.\r\n.\nend.\r\n"));
    imap_play(t, &client, "S: a OK <any>\n");
    write_all(t, client, SLICE("b APPEND INBOX {6+}\r\nA: \0\r\n\r\n"));
    imap_play(t, &client, "S: b NO [CANNOT] <any>\n");
    assert_int_equal(bench_entries(bench, bench->inbox, &entries), 1);
    assert_int_equal(reader_body(bench->reader, entries[0].body, 0, 4096, &raw), STORE_OK);
    assert_slice(buffer_slice(&raw), "A: b\r\n\r\nx\r\ny\r\n.\r\n.\r\nend.\r\n");
    buffer_free(&raw);
    stream_close(&client);
    imap_close(t, &imap);
}

static void appended_bytes_become_canonical(void **state) { bench_run(canonical_body, NULL); }

/* ---- connections ---- */

static void plain_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    imap.role.login.plaintext = PLAINTEXT_NEVER;
    struct stream *client = imap_connect(&imap);
    /* RFC 9051 6.2.1: what is sent in the clear behind STARTTLS is never run. */
    imap_play(t, &client,
              "S: * OK [CAPABILITY <any> STARTTLS LOGINDISABLED] <any>\n"
              "C: a LOGIN ann@example.org secret\nS: a NO [PRIVACYREQUIRED] <any>\n"
              "C: b AUTHENTICATE PLAIN AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ=\nS: b NO [PRIVACYREQUIRED] <any>\n"
              "C: c STARTTLS\nC: d NOOP\nS: c OK <any>\n");
    assert_int_equal(tls_connect(t, &client, imap.role.client_tls, env_now_ms(bench->env) + TEST_PATIENCE_MS),
                     0);
    imap_play(
        t, &client,
        "C: e CAPABILITY\nS: * CAPABILITY <any> AUTH=LOGIN\nS: e OK <any>\nC: f STARTTLS\nS: f BAD <any>\n"
        "C: g LOGIN ann@example.org secret\nC: h NOOP\nS: g OK [CAPABILITY <any>\nS: h OK <any>\n"
        "C: i LOGOUT\nS: * BYE <any>\nS: i OK <any>\nEND\n");
    assert_true(imap.role.last_handover.is_tls);
    stream_close(&client);
    imap_close(t, &imap);
}

static void passwords_need_tls_and_starttls_forgets_all(void **state) { bench_run(plain_body, NULL); }

static void limit_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    imap.server.settings.account_connections_max = 2;
    imap.server.settings.account_connections_loopback_max = 2;
    struct stream *first = imap_connect_in(t, &imap);
    struct stream *second = imap_connect_in(t, &imap);
    struct stream *third = imap_connect(&imap);
    imap_play(
        t, &third,
        "S: * OK <any>\nC: a LOGIN ann@example.org secret\nS: a NO [LIMIT] <any>\nS: * BYE <any>\nEND\n");
    stream_close(&third);
    imap_play(t, &first, "C: a LOGOUT\nS: * BYE <any>\nS: a OK <any>\nEND\n");
    third = imap_connect_in(t, &imap);
    stream_close(&first);
    stream_close(&second);
    stream_close(&third);
    imap_close(t, &imap);
}

static void connections_of_an_account_are_limited(void **state) { bench_run(limit_body, NULL); }

/* What it was not told it would never hear of: without an OK it comes back, and asks again. */
static void untold_body(struct task *t, struct store_bench *bench) {
    struct budgets squeezed = budgets_default;
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    bench_deliver(t, bench, SLICE("Subject: new\r\n\r\nHello\r\n"));
    struct stream *client = imap_connect_in(t, &imap);
    squeezed.imap_batch_bytes = 0;
    bench->env->budgets = &squeezed;
    imap_play(t, &client,
              "C: a ENABLE QRESYNC\nS~ a OK <any>\n"
              "C: b SELECT INBOX\nS~ * OK [UIDVALIDITY <any:validity>] <any>\nS~ b OK <any>\n"
              "C: c SELECT INBOX (QRESYNC (${validity} 1))\nS~ * BYE <any>\n");
    bench->env->budgets = &budgets_default;
    transcript_play(t, &client, "after BYE", SLICE("END\n"));
    stream_close(&client);
    imap_close(t, &imap);
}

static void who_cannot_be_told_of_changes_is_not_told_ok(void **state) { bench_run(untold_body, NULL); }

static void nonsense_body(struct task *t, struct store_bench *bench) {
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    struct stream *client = imap_connect(&imap);
    imap_play(t, &client, "S: * OK <any>\n");
    for (int i = 1; i < IMAP_LOGIN_ERRORS_MAX; i++)
        imap_play(t, &client, "C: GET / HTTP/1.0\nS: GET BAD <any>\n");
    imap_play(t, &client, "C: GET / HTTP/1.0\nS: GET BAD <any>\nS: * BYE <any>\nEND\n");
    stream_close(&client);
    imap_close(t, &imap);
}

static void a_stranger_who_talks_nonsense_is_shown_the_door(void **state) { bench_run(nonsense_body, NULL); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_by_one_device_is_seen_by_the_others),
        cmocka_unit_test(numbers_do_not_shift_under_fetch_store_and_search),
        cmocka_unit_test(silent_is_silent_about_the_own_change_only),
        cmocka_unit_test(who_idles_on_a_mailbox_that_is_deleted_is_told_goodbye),
        cmocka_unit_test(a_large_message_flows_both_ways_in_bounded_memory),
        cmocka_unit_test(a_message_expunged_while_it_is_fetched_is_never_filled_up),
        cmocka_unit_test(a_message_that_cannot_be_read_to_its_end_is_never_filled_up),
        cmocka_unit_test(a_message_over_the_limit_is_refused_and_the_session_goes_on),
        cmocka_unit_test(an_append_over_quota_is_refused),
        cmocka_unit_test(an_append_cut_anywhere_leaves_nothing),
        cmocka_unit_test(appended_bytes_become_canonical),
        cmocka_unit_test(passwords_need_tls_and_starttls_forgets_all),
        cmocka_unit_test(connections_of_an_account_are_limited),
        cmocka_unit_test(who_cannot_be_told_of_changes_is_not_told_ok),
        cmocka_unit_test(a_stranger_who_talks_nonsense_is_shown_the_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
