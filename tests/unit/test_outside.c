/*
 * An outside mailbox at work: sending, the copy in Sent, looking for what was sent, and what is new. Its
 * servers are transcripts behind ports of this machine (C: is the server's line, S: what must be said to it).
 */
#include "test.h"

#include <time.h>

#include "base/limits_sender.h"
#include "outreach/outside_look.h"
#include "outreach/outside_send.h"
#include "task_test.h"
#include "transcript.h"

enum { PORT_FIRST = 42000, PORTS = 4000, TRANSCRIPTS_MAX = 4 };

/* A port, and what happens on each connection to it. */
struct host {
    struct env *env;
    uint16_t port;
    struct listener *listener;
    struct scope scope;
    const char *transcripts[TRANSCRIPTS_MAX];
    size_t count;
    size_t played;
    struct stream *streams[TRANSCRIPTS_MAX];
};

static void play(struct task *t, void *argument) {
    struct host *host = argument;
    size_t at = host->played++;
    transcript_play(t, &host->streams[at], "server", slice_from_text(host->transcripts[at]));
    stream_close(&host->streams[at]);
}

static void accepted(void *context, struct stream *stream) {
    struct host *host = context;
    assert_true(host->count < TRANSCRIPTS_MAX && host->transcripts[host->count] != NULL);
    host->streams[host->count++] = stream;
    assert_true(scope_spawn(&host->scope, play, host));
}

static void host_open(struct host *host, struct env *env, const char *first, const char *second) {
    *host = (struct host){.env = env, .transcripts = {first, second}};
    scope_init(&host->scope, env);
    struct handle handle = HANDLE_NONE;
    int result = -1;
    for (int i = 0; result && i < 50; i++) {
        host->port = (uint16_t)(PORT_FIRST + env_random_below(env, PORTS));
        result = listen_open(env, &(struct listen_request){"127.0.0.1", host->port}, &handle);
    }
    assert_int_equal(result, 0);
    host->listener = listener_adopt(env, handle, accepted, host);
}

static void host_close(struct task *t, struct host *host) {
    listener_close(&host->listener);
    scope_close(t, &host->scope);
}

/* The mailbox, with both hosts. */
struct bench {
    struct outside_world world;
    struct arena *arena;
    struct host smtp;
    struct host imap;
    struct outside *outside;
    struct outside_trouble trouble;
    char taken[256];
    const char *refused;
};

static void bench_open(struct bench *bench, struct env *env, const char *smtp, const char *imap,
                       enum sender_copies copies, const struct sender_folder *folders, size_t folder_count) {
    static const struct sender_provider none = {0};
    *bench = (struct bench){.world = {.env = env, .hello = SLICE("us.test"), .allows_private = true},
                            .arena = arena_new(16 << 20)};
    host_open(&bench->smtp, env, smtp, NULL);
    host_open(&bench->imap, env, imap, NULL);
    struct sender sender = {.id = 7, .address = SLICE("ann@far.test"), .copies = copies};
    sender.smtp = (struct sender_login){.host = SLICE("127.0.0.1"),
                                        .port = bench->smtp.port,
                                        .tls = SENDER_TLS_NEVER,
                                        .user = SLICE("ann"),
                                        .secret = SLICE("pencil")};
    sender.imap = sender.smtp;
    sender.imap.port = bench->imap.port;
    bench->outside = outside_new(&bench->world, &sender, &none, &none, folders, folder_count);
}

static void bench_close(struct task *t, struct bench *bench) {
    outside_free(t, &bench->outside);
    host_close(t, &bench->smtp);
    host_close(t, &bench->imap);
    arena_free(&bench->arena);
}

static const struct outside_message message = {
    .mail_from = SLICE_INIT("ann@far.test"),
    .recipient = SLICE_INIT("ben@near.test"),
    .message_id = SLICE_INIT("<1@far.test>"),
    .content = SLICE_INIT("Message-ID: <1@far.test>\r\n\r\nhi\r\n"),
};

/* ---- sending ---- */

#define SMTP_IN                                                                                              \
    "C: 220 far.test\nS: EHLO us.test\nC: 250-far.test\nC: 250 AUTH PLAIN\nS: AUTH PLAIN AGFubgBwZW5jaWw=\n" \
    "C: 235 in\nS: MAIL FROM:<ann@far.test>\nC: 250 ok\nS: RCPT TO:<ben@near.test>\n"
#define SMTP_DATA "C: 250 ok\nS: DATA\nC: 354 go\nS: Message-ID: <1@far.test>\nS: \nS: hi\nS: .\n"
#define SMTP_QUIT "S: QUIT\nC: 221 bye\n"

static void send_body(struct task *t, struct env *env) {
    static const struct {
        const char *transcript;
        enum outside_outcome outcome;
        enum sender_cause cause;
        unsigned code;
    } cases[] = {
        {SMTP_IN SMTP_DATA "C: 250 taken\n" SMTP_QUIT, OUTSIDE_SENT, SENDER_CAUSE_NONE, 250},
        {SMTP_IN "C: 550 5.1.1 no such user\n" SMTP_QUIT, OUTSIDE_REFUSED, SENDER_CAUSE_NONE, 550},
        {SMTP_IN "C: 451 4.7.1 greylisted\n" SMTP_QUIT, OUTSIDE_LATER, SENDER_CAUSE_NONE, 451},
        {SMTP_IN "C: 550 5.4.5 Daily user sending limit exceeded\n" SMTP_QUIT, OUTSIDE_LATER,
         SENDER_CAUSE_RATE, 550},
        {SMTP_IN SMTP_DATA "C: 554 5.7.1 looks like spam\n" SMTP_QUIT, OUTSIDE_REFUSED, SENDER_CAUSE_NONE,
         554},
        /* Behind the end of the message: whoever sends it again may send it twice. */
        {SMTP_IN SMTP_DATA, OUTSIDE_UNKNOWN, SENDER_CAUSE_NONE, 0},
        {SMTP_IN, OUTSIDE_LATER, SENDER_CAUSE_CONNECTION_LOST, 0},
        {"C: 220 far.test\nS: EHLO us.test\nC: 250-far.test\nC: 250 AUTH PLAIN\n"
         "S: AUTH PLAIN AGFubgBwZW5jaWw=\nC: 535 5.7.8 bad\n" SMTP_QUIT,
         OUTSIDE_LATER, SENDER_CAUSE_PASSWORD, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        bench_open(&bench, env, cases[i].transcript, NULL, SENDER_COPIES_OURS, NULL, 0);
        struct outside_sent sent = outside_send(t, bench.outside, bench.arena, &message);
        assert_int_equal(sent.outcome, cases[i].outcome);
        assert_int_equal(sent.trouble.cause, cases[i].cause);
        assert_int_equal(sent.code, cases[i].code);
        bench_close(t, &bench);
    }
}
static void what_became_of_a_message_is_never_guessed(void **state) { task_test_run(send_body); }

/* ---- the word before ---- */

struct asked {
    unsigned times;
    bool says;
};

static bool is_asked(struct task *t, void *context) {
    struct asked *asked = context;
    assert_int_equal(task_yield(t), WAIT_OK);
    asked->times++;
    return asked->says;
}

/* The server has let us in, and heard of no message. */
static void held_body(struct task *t, struct env *env) {
    static const char in_and_out[] = "C: 220 far.test\nS: EHLO us.test\nC: 250-far.test\nC: 250 AUTH PLAIN\n"
                                     "S: AUTH PLAIN AGFubgBwZW5jaWw=\nC: 235 in\n" SMTP_QUIT;
    struct bench bench;
    struct asked asked = {0, false};
    struct outside_message held = message;
    held.may_leave = is_asked;
    held.context = &asked;
    bench_open(&bench, env, in_and_out, NULL, SENDER_COPIES_OURS, NULL, 0);
    struct outside_sent sent = outside_send(t, bench.outside, bench.arena, &held);
    assert_int_equal(sent.outcome, OUTSIDE_HELD);
    assert_int_equal(asked.times, 1);
    bench_close(t, &bench);
    asked = (struct asked){0, true};
    bench_open(&bench, env, SMTP_IN SMTP_DATA "C: 250 taken\n" SMTP_QUIT, NULL, SENDER_COPIES_OURS, NULL, 0);
    sent = outside_send(t, bench.outside, bench.arena, &held);
    assert_int_equal(sent.outcome, OUTSIDE_SENT);
    assert_int_equal(asked.times, 1);
    bench_close(t, &bench);
}

static void the_word_is_asked_when_the_server_waits_for_the_message(void **state) {
    task_test_run(held_body);
}

/* ---- the copy, and looking for it ---- */

#define IMAP_IN                                              \
    "C: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\n" \
    "S: p1 AUTHENTICATE PLAIN AGFubgBwZW5jaWw=\nC: p1 OK [CAPABILITY IMAP4rev1] in\n"
#define FOLDERS                                                                                           \
    "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: * LIST (\\Sent) \"/\" Sent\nC: * LIST () \"/\" " \
    "Leads\n"                                                                                             \
    "C: p2 OK done\n"
#define SEARCH(tag, found)                                                                               \
    "S: " tag " UID SEARCH HEADER \"Message-ID\" \"<1@far.test>\"\nC: * SEARCH" found "\nC: " tag " OK " \
    "done\n"
#define LOGOUT(tag) "S: " tag " LOGOUT\nC: * BYE bye\nC: " tag " OK done\n"
#define EXAMINE(tag, name, count) \
    "S: " tag " EXAMINE \"" name "\"\nC: * " count " EXISTS\nC: " tag " OK done\n"

static void copy_body(struct task *t, struct env *env) {
    static const struct {
        enum sender_copies copies;
        const char *transcript;
        bool good;
    } cases[] = {
        {SENDER_COPIES_OURS,
         IMAP_IN FOLDERS EXAMINE("p3", "Sent", "2")
             SEARCH("p4", "") "S: p5 APPEND \"Sent\" (\\Seen) {32}\nC: + go\nS: Message-ID: <1@far.test>\nS: "
                              "\nS: hi\nS: \nC: p5 OK done\n" LOGOUT("p6"),
         true},
        /* It was appended, and the answer got lost: not again. */
        {SENDER_COPIES_OURS, IMAP_IN FOLDERS EXAMINE("p3", "Sent", "2") SEARCH("p4", " 9") LOGOUT("p5"),
         true},
        {SENDER_COPIES_PROVIDER, IMAP_IN FOLDERS EXAMINE("p3", "Sent", "0") LOGOUT("p4"), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        bench_open(&bench, env, NULL, cases[i].transcript, cases[i].copies, NULL, 0);
        assert_int_equal(outside_keep_copy(t, bench.outside, bench.arena, &message, &bench.trouble),
                         cases[i].good);
        bench_close(t, &bench);
    }
}
static void a_copy_is_in_sent_exactly_once(void **state) { task_test_run(copy_body); }

static void find_body(struct task *t, struct env *env) {
    static const struct {
        enum sender_copies copies;
        const char *transcript;
        enum outside_found found;
    } cases[] = {
        {SENDER_COPIES_PROVIDER, IMAP_IN FOLDERS EXAMINE("p3", "Sent", "2") SEARCH("p4", " 9") LOGOUT("p5"),
         OUTSIDE_FOUND},
        {SENDER_COPIES_PROVIDER,
         IMAP_IN FOLDERS EXAMINE("p3", "Sent", "2") SEARCH("p4", "") EXAMINE("p5", "INBOX", "0")
             EXAMINE("p6", "Leads", "1") SEARCH("p7", "") LOGOUT("p8"),
         OUTSIDE_NOT_FOUND},
        /* Where only we put copies there, none of them says nothing. */
        {SENDER_COPIES_OURS,
         IMAP_IN FOLDERS EXAMINE("p3", "Sent", "0") EXAMINE("p4", "INBOX", "0") EXAMINE("p5", "Leads", "0")
             LOGOUT("p6"),
         OUTSIDE_FIND_FAILED},
        /* One folder that cannot be looked at: nobody knows. */
        {SENDER_COPIES_PROVIDER,
         IMAP_IN FOLDERS EXAMINE("p3", "Sent", "2") SEARCH("p4", "")
             EXAMINE("p5", "INBOX", "0") "S: p6 EXAMINE \"Leads\"\nC: p6 NO not now\n" LOGOUT("p7"),
         OUTSIDE_FIND_FAILED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        bench_open(&bench, env, NULL, cases[i].transcript, cases[i].copies, NULL, 0);
        assert_int_equal(outside_find(t, bench.outside, bench.arena, message.message_id, &bench.trouble),
                         cases[i].found);
        bench_close(t, &bench);
    }
}

/* Its copy may be there, under another name. */
static void renamed_body(struct task *t, struct env *env) {
    struct bench bench;
    bench_open(&bench, env, NULL,
               IMAP_IN
               "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: p2 OK done\n" EXAMINE("p3", "INBOX", "0")
                   LOGOUT("p4"),
               SENDER_COPIES_PROVIDER, NULL, 0);
    bench.outside->sender.is_renaming_accepted = true;
    assert_int_equal(outside_find(t, bench.outside, bench.arena, message.message_id, &bench.trouble),
                     OUTSIDE_FIND_FAILED);
    assert_int_equal(bench.trouble.cause, SENDER_CAUSE_NO_SENT_COPY);
    bench_close(t, &bench);
}
static void who_renames_messages_cannot_tell_that_one_did_not_leave(void **state) {
    task_test_run(renamed_body);
}

static void what_is_unknown_is_found_by_looking_everywhere(void **state) { task_test_run(find_body); }

/* ---- what is new ---- */

static bool take(struct task *t, void *context, const struct outside_news *news) {
    (void)t;
    struct bench *bench = context;
    size_t len = strlen(bench->taken);
    if (bench->refused && slice_equal(news->content, slice_from_text(bench->refused))) return false;
    (void)snprintf(bench->taken + len, sizeof bench->taken - len, "%.*s/%u:%.*s;", SLICE_PRINT(news->folder),
                   news->uid, SLICE_PRINT(news->content));
    return true;
}

#define STATE(uidvalidity, uidnext) \
    "C: * OK [UIDVALIDITY " uidvalidity "] x\nC: * OK [UIDNEXT " uidnext "] x\n"
#define STATUS_OF(tag, name, messages, uidnext)                                        \
    "S: " tag " STATUS \"" name "\" (MESSAGES UIDNEXT UIDVALIDITY)\nC: * STATUS " name \
    " (MESSAGES " messages " UIDNEXT " uidnext " UIDVALIDITY 1)\nC: " tag " OK done\n"
#define TWO_FOLDERS                                                                        \
    "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: * LIST (\\Drafts) \"/\" Drafts\n" \
    "C: * LIST () \"/\" Leads\nC: p2 OK done\n"
#define LISTED(tag, first) "S: " tag " UID FETCH " first ":* (UID FLAGS INTERNALDATE RFC822.SIZE)\n"
#define PEEKED(tag, uid) \
    "S: " tag " UID FETCH " uid ":" uid " (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]<0.262144>)\n"

#define WINDOW(tag, uids) "S: " tag " UID FETCH " uids " (UID FLAGS INTERNALDATE RFC822.SIZE)\n"
#define OLD_MESSAGE(uid) \
    "C: * 1 FETCH (UID " uid " RFC822.SIZE 1 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\n"
#define NEW_MESSAGE(uid) \
    "C: * 9 FETCH (UID " uid " RFC822.SIZE 1 INTERNALDATE \"17-Jul-2096 02:44:25 -0700\")\n"

static void first_look_body(struct task *t, struct env *env) {
    struct bench bench;
    bench_open(&bench, env, NULL,
               IMAP_IN TWO_FOLDERS "S: p3 EXAMINE \"INBOX\"\nC: * 9 EXISTS\n" STATE(
                   "1", "10") "C: p3 OK done\n" STATUS_OF("p4", "Leads", "3", "4") LOGOUT("p5"),
               SENDER_COPIES_OURS, NULL, 0);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_string_equal(bench.taken, "");
    assert_int_equal(bench.outside->folder_count, 2);
    assert_int_equal(bench.outside->folders[0].uidnext, 10);
    assert_int_equal(bench.outside->folders[1].uidnext, 4);
    bench_close(t, &bench);
}
static void what_was_there_before_is_not_new(void **state) { task_test_run(first_look_body); }

static void news_body(struct task *t, struct env *env) {
    static const struct sender_folder known[] = {{SLICE_INIT("INBOX"), 1, 10, 0, 0},
                                                 {SLICE_INIT("Leads"), 1, 4, 0, 0}};
    struct bench bench;
    bench_open(
        &bench, env, NULL,
        IMAP_IN TWO_FOLDERS
        "S: p3 EXAMINE \"INBOX\"\nC: * 11 EXISTS\n" STATE("1", "13") "C: p3 OK done\n" LISTED(
            "p4", "10") "C: * 10 FETCH (UID 10 RFC822.SIZE 1)\nC: * 11 FETCH (UID 12 RFC822.SIZE 1)\n"
                        "C: p4 OK done\n" PEEKED(
                            "p5", "10") "C: * 10 FETCH (UID 10 RFC822.SIZE 1 BODY[]<0> \"a\")\nC: p5 OK "
                                        "done\n" PEEKED("p6",
                                                        "12") "C: * 11 FETCH (UID 12 RFC822.SIZE 1 BODY[]<0> "
                                                              "\"b\")\nC: p6 OK done\n" LOGOUT("p7"),
        SENDER_COPIES_OURS, known, 2);
    /* The second is not taken now: the look ends, and the next one begins with it. */
    bench.refused = "b";
    assert_false(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_int_equal(bench.trouble.cause, SENDER_CAUSE_NONE);
    assert_string_equal(bench.taken, "INBOX/10:a;");
    assert_int_equal(bench.outside->folders[0].uidnext, 11);
    assert_int_equal(bench.outside->folders[1].uidnext, 4);
    bench_close(t, &bench);
}
static void news_are_taken_one_by_one_and_none_is_passed_over(void **state) { task_test_run(news_body); }

/* ---- which folders ---- */

#define INBOX_OLD(tag) "S: " tag " EXAMINE \"INBOX\"\nC: * 9 EXISTS\n" STATE("1", "10") "C: " tag " OK done\n"

/* What a filter archives is in no other. */
static void archive_body(struct task *t, struct env *env) {
    static const struct sender_folder known[] = {{SLICE_INIT("INBOX"), 1, 10, 0, 0},
                                                 {SLICE_INIT("Everything"), 1, 4, 0, 0}};
    static const char transcript[] = IMAP_IN
        "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: * LIST (\\All) \"/\" Everything\n"
        "C: * LIST (\\Flagged) \"/\" Starred\nC: p2 OK done\n" INBOX_OLD("p3")
            STATUS_OF("p4", "Everything", "3", "5") "S: p5 EXAMINE \"Everything\"\nC: * 3 EXISTS\n" STATE(
                "1", "5") "C: p5 OK done\n" LISTED("p6", "4") "C: * 3 FETCH (UID 4 RFC822.SIZE 1)\nC: p6 OK "
                                                              "done\n" PEEKED(
                                                                  "p7",
                                                                  "4") "C: * 3 FETCH (UID 4 RFC822.SIZE 1 "
                                                                       "BODY[]<0> \"a\")\nC: p7 OK "
                                                                       "done\n" LISTED(
                                                                           "p8", "5") "C: p8 OK "
                                                                                      "done\n" LOGOUT("p9");
    struct bench bench;
    bench_open(&bench, env, NULL, transcript, SENDER_COPIES_OURS, known, 2);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_string_equal(bench.taken, "Everything/4:a;");
    bench_close(t, &bench);
}
static void what_is_archived_is_looked_at_too(void **state) { task_test_run(archive_body); }

/* Nobody knows what is in those that are not looked at: it is said, and nothing leaves. */
static void many_body(struct task *t, struct env *env) {
    struct bench bench;
    struct buffer text = buffer_new(MIB(1));
    buffer_append_text(&text, IMAP_IN "S: p2 LIST \"\" \"*\"\n");
    for (int i = 0; i < OUTREACH_FOLDERS_MAX + 5; i++)
        buffer_printf(&text, "C: * LIST () \"/\" folder%d\n", i);
    buffer_append_text(&text, "C: * LIST () \"/\" INBOX\nC: p2 OK done\n" LOGOUT("p3"));
    buffer_append_byte(&text, '\0');
    bench_open(&bench, env, NULL, (const char *)text.ptr, SENDER_COPIES_OURS, NULL, 0);
    assert_false(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_int_equal(bench.trouble.cause, SENDER_CAUSE_IMAP_REFUSED);
    assert_true(slice_find(bench.trouble.detail, SLICE("500")) != SLICE_NOT_FOUND);
    bench_close(t, &bench);
    buffer_free(&text);
}
static void more_folders_than_can_be_watched_are_told_of(void **state) { task_test_run(many_body); }

/* A folder that went makes room for one that came. */
static void turnover_body(struct task *t, struct env *env) {
    struct sender_folder *known = calloc(OUTREACH_FOLDERS_MAX, sizeof *known);
    struct arena *arena = arena_new(MIB(1));
    struct bench bench;
    assert_non_null(known);
    for (unsigned i = 0; i < OUTREACH_FOLDERS_MAX; i++)
        known[i] = (struct sender_folder){arena_printf(arena, "old%u", i), 1, 10, 0, 0};
    bench_open(&bench, env, NULL,
               IMAP_IN
               "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: p2 OK done\n"
               "S: p3 EXAMINE \"INBOX\"\nC: * 0 EXISTS\n" STATE("1", "10") "C: p3 OK done\n" LOGOUT("p4"),
               SENDER_COPIES_OURS, known, OUTREACH_FOLDERS_MAX);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_int_equal(bench.outside->folder_count, 1);
    assert_slice(bench.outside->folders[0].name, "INBOX");
    bench_close(t, &bench);
    arena_free(&arena);
    free(known);
}
static void a_folder_that_went_makes_room(void **state) { task_test_run(turnover_body); }

/* Its UIDs mean something else now (RFC 9051 2.3.1.1): what came lately is looked at again. */
static void anew_body(struct task *t, struct env *env) {
    static const struct sender_folder known[] = {{SLICE_INIT("INBOX"), 99, 500, 0, 0}};
    struct bench bench;
    bench_open(
        &bench, env, NULL,
        IMAP_IN
        "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: p2 OK done\n"
        "S: p3 EXAMINE \"INBOX\"\nC: * 2 EXISTS\n" STATE("1", "3") "C: p3 OK done\n" LISTED(
            "p4",
            "1") "C: * 1 FETCH (UID 1 RFC822.SIZE 1 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\n"
                 "C: * 2 FETCH (UID 2 RFC822.SIZE 1 INTERNALDATE \"17-Jul-2096 02:44:25 -0700\")\nC: p4 OK "
                 "done\n" PEEKED("p5", "2") "C: * 2 FETCH (UID 2 RFC822.SIZE 1 BODY[]<0> \"b\")\nC: p5 OK "
                                            "done\n" LISTED("p6", "3") "C: * 2 FETCH (UID 2 RFC822.SIZE "
                                                                       "1)\nC: p6 OK done\n" LOGOUT("p7"),
        SENDER_COPIES_OURS, known, 1);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_string_equal(bench.taken, "INBOX/2:b;");
    assert_int_equal(bench.outside->folders[0].uidvalidity, 1);
    assert_int_equal(bench.outside->folders[0].uidnext, 3);
    bench_close(t, &bench);
}
static void a_folder_under_another_uidvalidity_is_read_anew(void **state) { task_test_run(anew_body); }

enum { DAYS_MS = 24 * 3600 * 1000, OPEN_DAYS = 30 };

/* Whoever knows it says so once it is asked again. */
static bool open_since(struct task *t, void *context, int64_t *since_ms) {
    int *asked = context;
    *since_ms = env_wall_ms(task_env(t)) - (int64_t)OPEN_DAYS * DAYS_MS;
    return (*asked)++ > 0;
}

static void write_date(struct env *env, int days_ago, char text[40]) {
    time_t at = (time_t)(env_wall_ms(env) / 1000 - (int64_t)days_ago * 24 * 3600);
    struct tm day;
    (void)gmtime_r(&at, &day);
    (void)strftime(text, 40, "%d-%b-%Y %H:%M:%S +0000", &day);
}

#define LISTED_AT(uid) "C: * " uid " FETCH (UID " uid " RFC822.SIZE 1 INTERNALDATE \"%s\")\n"
#define ANEW                                                                                              \
    IMAP_IN "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: p2 OK done\n"                            \
            "S: p3 EXAMINE \"INBOX\"\nC: * 3 EXISTS\n" STATE(                                             \
                "1", "4") "C: p3 OK done\n"                                                               \
                          "S: p4 NOOP\nC: p4 OK done\n"                                                   \
                          "S: p5 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: p5 OK done\n"              \
                          "S: p6 EXAMINE \"INBOX\"\nC: * 3 EXISTS\n" STATE(                               \
                              "1", "4") "C: p6 OK done\n" LISTED("p7", "1") LISTED_AT("1") LISTED_AT("2") \
                              LISTED_AT("3") "C: p7 OK done\n"

/* As long as a thread is open its answers count, however long nobody looked; and while nobody can say since
   when, nothing is passed over. */
static void anew_open_body(struct task *t, struct env *env) {
    static const struct sender_folder known[] = {{SLICE_INIT("INBOX"), 99, 500, 0, 0}};
    struct bench bench;
    char days[3][40];
    static char transcript[4096];
    int asked = 0;
    write_date(env, OPEN_DAYS + 10, days[0]);
    write_date(env, OPEN_DAYS - 10, days[1]);
    write_date(env, 1, days[2]);
    (void)snprintf(
        transcript, sizeof transcript,
        ANEW PEEKED("p8", "2") "C: * 2 FETCH (UID 2 RFC822.SIZE 1 BODY[]<0> \"b\")\nC: p8 OK "
                               "done\n" PEEKED(
                                   "p9", "3") "C: * 3 FETCH (UID 3 RFC822.SIZE 1 BODY[]<0> \"c\")\nC: "
                                              "p9 OK done\n" LISTED("p10",
                                                                    "4") "C: p10 OK done\n" LOGOUT("p11"),
        days[0], days[1], days[2]);
    bench_open(&bench, env, NULL, transcript, SENDER_COPIES_OURS, known, 1);
    bench.outside->open_since = open_since;
    bench.outside->context = &asked;
    assert_false(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_int_equal(bench.trouble.cause, SENDER_CAUSE_NONE);
    assert_int_equal(bench.outside->folders[0].uidvalidity, 99);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_string_equal(bench.taken, "INBOX/2:b;INBOX/3:c;");
    assert_int_equal(bench.outside->folders[0].uidnext, 4);
    bench_close(t, &bench);
}
static void a_folder_is_read_anew_since_the_oldest_open_thread(void **state) {
    task_test_run(anew_open_body);
}

/* One that comes with many messages, as after a rename, is listed once, some at a time. */
static void huge_body(struct task *t, struct env *env) {
    static const struct sender_folder known[] = {{SLICE_INIT("INBOX"), 1, 10, 0, 0}};
    struct bench bench;
    bench_open(
        &bench, env, NULL,
        IMAP_IN
        "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: * LIST () \"/\" Old\nC: p2 OK done\n"
        "S: p3 EXAMINE \"INBOX\"\nC: * 0 EXISTS\n" STATE("1", "10") "C: p3 OK done\n" STATUS_OF(
            "p4", "Old", "3000",
            "3001") "S: p5 EXAMINE \"Old\"\nC: * 3000 EXISTS\n" STATE("1",
                                                                      "3001") "C: p5 OK done\n" WINDOW("p6",
                                                                                                       "1:"
                                                                                                       "1000")
            OLD_MESSAGE("1") "C: p6 OK done\n" WINDOW("p7", "1001:2000") "C: p7 OK done\n" WINDOW("p8",
                                                                                                  "2001:*")
                NEW_MESSAGE("3000") "C: p8 OK done\n" PEEKED(
                    "p9", "3000") "C: * 9 FETCH (UID 3000 RFC822.SIZE 1 BODY[]<0> \"b\")\n"
                                  "C: p9 OK done\n" WINDOW("p10", "3001:*") "C: p10 OK done\n" LOGOUT("p11"),
        SENDER_COPIES_OURS, known, 1);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_string_equal(bench.taken, "Old/3000:b;");
    assert_int_equal(bench.outside->folders[1].uidnext, 3001);
    bench_close(t, &bench);
}
static void a_huge_folder_is_listed_once(void **state) { task_test_run(huge_body); }

static void gone_body(struct task *t, struct env *env) {
    static const struct sender_folder known[] = {{SLICE_INIT("INBOX"), 1, 10, 0, 0},
                                                 {SLICE_INIT("Leads"), 1, 4, 0, 0}};
    struct bench bench;
    bench_open(&bench, env, NULL,
               IMAP_IN
               "S: p2 LIST \"\" \"*\"\nC: * LIST () \"/\" INBOX\nC: p2 OK done\n"
               "S: p3 EXAMINE \"INBOX\"\nC: * 9 EXISTS\n" STATE("1", "10") "C: p3 OK done\n" LOGOUT("p4"),
               SENDER_COPIES_OURS, known, 2);
    assert_true(outside_look(t, bench.outside, bench.arena, take, &bench, &bench.trouble));
    assert_int_equal(bench.outside->folder_count, 1);
    assert_true(bench.outside->has_moved);
    bench_close(t, &bench);
}
static void a_folder_that_is_gone_is_forgotten(void **state) { task_test_run(gone_body); }

/* ---- the way there ---- */

static void private_body(struct task *t, struct env *env) {
    struct bench bench;
    bench_open(&bench, env, NULL, NULL, SENDER_COPIES_OURS, NULL, 0);
    static const char *const hosts[] = {"127.0.0.1",        "10.1.2.3",  "169.254.169.254", "::1",
                                        "::ffff:127.0.0.1", "localhost", "fe80::1"};
    bench.world.allows_private = false;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct stream *stream;
        assert_false(outside_connect(t, &bench.world, bench.arena, slice_from_text(hosts[i]), bench.imap.port,
                                     &stream, &bench.trouble));
        assert_int_equal(bench.trouble.cause, SENDER_CAUSE_HOST_PRIVATE);
    }
    assert_int_equal(bench.imap.count, 0);
    bench_close(t, &bench);
}
static void a_host_that_leads_inside_is_not_connected_to(void **state) { task_test_run(private_body); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_became_of_a_message_is_never_guessed),
        cmocka_unit_test(the_word_is_asked_when_the_server_waits_for_the_message),
        cmocka_unit_test(a_copy_is_in_sent_exactly_once),
        cmocka_unit_test(what_is_unknown_is_found_by_looking_everywhere),
        cmocka_unit_test(who_renames_messages_cannot_tell_that_one_did_not_leave),
        cmocka_unit_test(what_was_there_before_is_not_new),
        cmocka_unit_test(news_are_taken_one_by_one_and_none_is_passed_over),
        cmocka_unit_test(what_is_archived_is_looked_at_too),
        cmocka_unit_test(more_folders_than_can_be_watched_are_told_of),
        cmocka_unit_test(a_folder_that_went_makes_room),
        cmocka_unit_test(a_folder_under_another_uidvalidity_is_read_anew),
        cmocka_unit_test(a_folder_is_read_anew_since_the_oldest_open_thread),
        cmocka_unit_test(a_huge_folder_is_listed_once),
        cmocka_unit_test(a_folder_that_is_gone_is_forgotten),
        cmocka_unit_test(a_host_that_leads_inside_is_not_connected_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
