/* The IMAP server as its clients see it: golden transcripts, and what they cannot show. */
#include "test.h"

#include "imap_bench.h"

struct golden {
    const char *name;
    enum transcript_mode mode;
    bool with_mail;
};

static void play_file(struct task *t, struct stream *client, const char *name, enum transcript_mode mode) {
    struct buffer text = buffer_new(MIB(2));
    transcript_play(t, client, name, transcript_load(GOLDEN_FOLDER, name, &text), mode);
    buffer_free(&text);
}

static void golden_body(struct task *t, struct store_bench *bench) {
    const struct golden *golden = bench->extra;
    struct imap_bench imap;
    imap_open(t, &imap, bench, 0);
    if (golden->with_mail) {
        struct stream *client = imap_connect_in(t, &imap);
        play_file(t, client, "imap/setup.txt", TRANSCRIPT_WHOLE);
        stream_close(&client);
    }
    struct stream *client = golden->with_mail ? imap_connect_in(t, &imap) : imap_connect(&imap);
    play_file(t, client, golden->name, golden->mode);
    stream_close(&client);
    imap_close(t, &imap);
}

static void play_golden(const char *name, bool with_mail) {
    for (int mode = 0; mode < TRANSCRIPT_MODES; mode++) {
        struct golden golden = {name, (enum transcript_mode)mode, with_mail};
        bench_run(golden_body, &golden);
    }
}

/* What is tested before login. */
static void a_stranger_can_log_in_and_little_else(void **state) { play_golden("imap/login.txt", false); }
/* Each of these begins logged in, with the three messages of setup.txt in INBOX. */
static void select_tells_the_state_of_a_mailbox(void **state) { play_golden("imap/select.txt", true); }
static void fetch_shows_what_was_asked(void **state) { play_golden("imap/fetch.txt", true); }
static void store_changes_flags(void **state) { play_golden("imap/store.txt", true); }
static void search_finds(void **state) { play_golden("imap/search.txt", true); }
static void mailboxes_come_and_go(void **state) { play_golden("imap/mailbox.txt", true); }
static void list_shows_mailboxes(void **state) { play_golden("imap/list.txt", true); }
static void copy_and_move_say_where(void **state) { play_golden("imap/copy.txt", true); }
static void append_takes_messages(void **state) { play_golden("imap/append.txt", true); }
static void idle_and_any_state(void **state) { play_golden("imap/any.txt", true); }
static void clients_get_what_they_need(void **state) { play_golden("imap/clients.txt", true); }
static void wrong_commands_are_refused_politely(void **state) { play_golden("imap/errors.txt", true); }
static void condstore_tells_what_changed(void **state) { play_golden("imap/condstore.txt", true); }

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_can_log_in_and_little_else),
        cmocka_unit_test(select_tells_the_state_of_a_mailbox),
        cmocka_unit_test(fetch_shows_what_was_asked),
        cmocka_unit_test(store_changes_flags),
        cmocka_unit_test(search_finds),
        cmocka_unit_test(mailboxes_come_and_go),
        cmocka_unit_test(list_shows_mailboxes),
        cmocka_unit_test(copy_and_move_say_where),
        cmocka_unit_test(append_takes_messages),
        cmocka_unit_test(idle_and_any_state),
        cmocka_unit_test(clients_get_what_they_need),
        cmocka_unit_test(wrong_commands_are_refused_politely),
        cmocka_unit_test(condstore_tells_what_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
