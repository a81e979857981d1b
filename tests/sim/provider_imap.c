/* One IMAP session at the provider (RFC 3501, RFC 2177, RFC 6154): as much of it as a mailbox is watched by.
 */
#include "base/limits_sender.h"
#include "outreach.h"
#include "provider.h"
#include "talk.h"
#include "wire/imap_date.h"

enum {
    SECOND_MS = 1000,
    SESSION_MS = 7 * 24 * 3600 * SECOND_MS,
    /* A pause that the client waits for, or not any more. */
    SLOW_MS_MAX = 20 * SECOND_MS,
    SILENT_MS_MIN = 10 * SECOND_MS,
    SILENT_MS_MAX = 4 * 60 * SECOND_MS,
    IDLE_CUT_MS_MAX = 4 * 3600 * SECOND_MS,
    OUT_BYTES_MAX = 4 << 20,
    UIDVALIDITY = 7,
};

static const struct {
    struct slice name;
    const char *use;
} folders[PROVIDER_FOLDERS] = {[PROVIDER_INBOX] = {SLICE_INIT("INBOX"), ""},
                               [PROVIDER_SENT] = {SLICE_INIT("Sent"), "\\Sent"},
                               [PROVIDER_JUNK] = {SLICE_INIT("Junk"), "\\Junk"},
                               [PROVIDER_ARCHIVE] = {SLICE_INIT("Archive"), ""}};

struct session {
    struct provider *provider;
    struct talk talk;
    struct buffer out;
    struct provider_box *box;
    /* Of the command at hand; what it is told to the client at its end. */
    struct buffer tag;
    bool is_over;
};

static struct run *run_of(const struct session *session) { return session->provider->outreach->run; }

/* ---- slow, silent, gone ---- */

static bool befalls(const struct session *session, unsigned parts) {
    struct run *run = run_of(session);
    return parts && !run->is_healed && run_between(run, 1, parts) == 1;
}

static bool pause(struct task *t, struct session *session, int64_t least_ms, int64_t most_ms) {
    int64_t ms = (int64_t)run_between(run_of(session), (uint64_t)least_ms, (uint64_t)most_ms);
    return task_sleep(t, ms) == WAIT_OK;
}

/* What it says was so when it was asked, and may come late, or in part. */
static void say_all(struct task *t, struct session *session) {
    const struct provider *provider = session->provider;
    struct slice all = buffer_slice(&session->out);
    if (befalls(session, provider->slow_parts)) (void)pause(t, session, 1, SLOW_MS_MAX);
    if (befalls(session, provider->silent_parts)) (void)pause(t, session, SILENT_MS_MIN, SILENT_MS_MAX);
    bool is_cut = befalls(session, provider->cut_parts);
    if (is_cut) all = slice_sub(all, 0, (size_t)run_between(run_of(session), 0, all.len));
    talk_say(t, &session->talk, all);
    buffer_clear(&session->out);
    session->is_over = session->is_over || is_cut || talk_is_broken(&session->talk);
}

static void end_well(struct session *session, const char *words) {
    buffer_append(&session->out, buffer_slice(&session->tag));
    buffer_printf(&session->out, " OK %s\r\n", words);
}

static void end_badly(struct session *session, const char *words) {
    buffer_append(&session->out, buffer_slice(&session->tag));
    buffer_printf(&session->out, " NO %s\r\n", words);
}

/* ---- words of a command ---- */

/* An atom, or what stands in quotes. */
static struct slice take_word(struct slice *rest) {
    while (slice_take_byte(rest, ' ')) continue;
    if (slice_take_byte(rest, '"')) {
        struct slice word = slice_take_until(rest, '"');
        (void)slice_take_byte(rest, '"');
        return word;
    }
    return slice_take_until(rest, ' ');
}

static struct provider_box *take_box(struct session *session, struct slice *rest) {
    struct slice name = take_word(rest);
    for (unsigned i = 0; i < PROVIDER_FOLDERS; i++)
        if (slice_equal(name, folders[i].name)) return &session->provider->boxes[i];
    return NULL;
}

/* ---- folders ---- */

static void list(struct session *session) {
    for (unsigned i = 0; i < PROVIDER_FOLDERS; i++)
        buffer_printf(&session->out, "* LIST (\\HasNoChildren %s) \"/\" \"%.*s\"\r\n", folders[i].use,
                      SLICE_PRINT(folders[i].name));
    end_well(session, "LIST done");
}

static void note_look(const struct session *session, struct provider_box *box) {
    box->looked_ms = outreach_now_ms(session->provider->outreach);
}

static void status(struct session *session, struct slice rest) {
    struct slice at = rest;
    struct slice name = take_word(&at);
    struct provider_box *box = take_box(session, &rest);
    if (!box) {
        end_badly(session, "no such folder");
        return;
    }
    note_look(session, box);
    buffer_printf(&session->out, "* STATUS \"%.*s\" (MESSAGES %u UIDNEXT %u UIDVALIDITY %d)\r\n",
                  SLICE_PRINT(name), box->count, box->count + 1, UIDVALIDITY);
    end_well(session, "STATUS done");
}

static void examine(struct session *session, struct slice rest) {
    session->box = take_box(session, &rest);
    if (!session->box) {
        end_badly(session, "no such folder");
        return;
    }
    note_look(session, session->box);
    buffer_printf(&session->out,
                  "* FLAGS (\\Seen)\r\n* %u EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY %d] it is\r\n"
                  "* OK [UIDNEXT %u] it is\r\n",
                  session->box->count, UIDVALIDITY, session->box->count + 1);
    end_well(session, "[READ-ONLY] EXAMINE done");
}

/* ---- messages ---- */

static void tell_message(struct session *session, const struct provider_message *message,
                         uint64_t content_bytes) {
    struct slice text = buffer_slice(&message->text);
    struct buffer *out = &session->out;
    buffer_printf(out, "* %u FETCH (UID %u FLAGS () INTERNALDATE ", message->uid, message->uid);
    imap_date_time_render(out, (struct imap_date_time){.utc_ms = message->wall_ms});
    buffer_printf(out, " RFC822.SIZE %zu", text.len);
    if (content_bytes) {
        struct slice part = slice_sub(text, 0, (size_t)content_bytes);
        buffer_printf(out, " BODY[]<0> {%zu}\r\n", part.len);
        buffer_append(out, part);
    }
    buffer_append_text(out, ")\r\n");
}

/* RFC 3501 6.4.8: "*" is the newest, also where it is below the first. */
static void fetch(struct session *session, struct slice rest) {
    static const struct slice partial = SLICE_INIT("BODY.PEEK[]<0.");
    uint64_t first = 0;
    uint64_t last = session->box->count;
    uint64_t content_bytes = 0;
    (void)slice_take_number(&rest, UINT32_MAX, &first);
    (void)slice_take_byte(&rest, ':');
    if (!slice_take_byte(&rest, '*'))
        (void)slice_take_number(&rest, UINT32_MAX, &last);
    else if (first > last)
        first = last;
    size_t at = slice_find(rest, partial);
    if (at != SLICE_NOT_FOUND) {
        rest = slice_skip(rest, at + partial.len);
        (void)slice_take_number(&rest, UINT32_MAX, &content_bytes);
    }
    for (uint32_t i = 0; i < session->box->count; i++) {
        const struct provider_message *message = &session->box->messages[i];
        if (message->uid >= first && message->uid <= last) tell_message(session, message, content_bytes);
    }
    end_well(session, "FETCH done");
}

/* HEADER Message-ID "<id>" */
static void search(struct session *session, struct slice rest) {
    (void)take_word(&rest);
    (void)take_word(&rest);
    struct slice id = take_word(&rest);
    buffer_append_text(&session->out, "* SEARCH");
    for (uint32_t i = 0; i < session->box->count; i++) {
        const struct provider_message *message = &session->box->messages[i];
        struct slice text = buffer_slice(&message->text);
        struct slice head = slice_sub(text, 0, slice_find(text, SLICE("\r\n\r\n")));
        size_t at = slice_find(head, SLICE("\r\nMessage-ID: "));
        bool is_it = at != SLICE_NOT_FOUND && slice_starts(slice_skip(head, at + 14), id);
        if (is_it) buffer_printf(&session->out, " %u", message->uid);
    }
    buffer_append_text(&session->out, "\r\n");
    end_well(session, "SEARCH done");
}

static void uid_command(struct session *session, struct slice rest) {
    struct slice verb = take_word(&rest);
    (void)slice_take_byte(&rest, ' ');
    if (!session->box)
        end_badly(session, "EXAMINE first");
    else if (slice_equal(verb, SLICE("FETCH")))
        fetch(session, rest);
    else
        search(session, rest);
}

static void append(struct task *t, struct session *session, struct slice rest) {
    uint64_t len = 0;
    struct provider_box *box = take_box(session, &rest);
    (void)slice_take_until(&rest, '{');
    (void)slice_take_byte(&rest, '{');
    if (!box || !slice_take_number(&rest, OUT_BYTES_MAX, &len)) {
        end_badly(session, "what");
        return;
    }
    talk_printf(t, &session->talk, "+ go on\r\n");
    struct slice text = talk_bytes(t, &session->talk, (size_t)len);
    if (talk_is_broken(&session->talk)) return;
    provider_put(session->provider, (enum provider_folder)(box - session->provider->boxes), text);
    (void)talk_line(t, &session->talk);
    end_well(session, "APPEND done");
}

/* ---- IDLE ---- */

/* Until the client says something, or there is news. False: the line breaks before. */
static bool wait_in_idle(struct task *t, struct session *session, const struct provider_idler *idler,
                         int64_t cut_ms) {
    while (!idler->is_news) {
        if (talk_wait_or_wake(t, &session->talk, cut_ms)) return true;
        bool is_over = talk_is_broken(&session->talk) || env_now_ms(task_env(t)) >= cut_ms;
        if (is_over || task_is_cancelled(t)) return false;
    }
    return true;
}

static void idle(struct task *t, struct session *session) {
    struct provider *provider = session->provider;
    struct provider_idler idler = {.task = t};
    int64_t cut_ms = env_now_ms(task_env(t)) + SESSION_MS;
    if (befalls(session, provider->cut_parts / 8))
        cut_ms = env_now_ms(task_env(t)) + (int64_t)run_between(run_of(session), 1, IDLE_CUT_MS_MAX);
    talk_printf(t, &session->talk, "+ idling\r\n");
    list_append(&provider->idlers, &idler.link);
    bool is_kept = !talk_is_broken(&session->talk) && wait_in_idle(t, session, &idler, cut_ms);
    list_remove(&idler.link);
    session->is_over = !is_kept;
    if (!is_kept) return;
    if (idler.is_news && session->box) buffer_printf(&session->out, "* %u EXISTS\r\n", session->box->count);
    say_all(t, session);
    (void)(talk_wait(t, &session->talk, env_now_ms(task_env(t)) + SESSION_MS) &&
           talk_line(t, &session->talk).len);
    end_well(session, "IDLE done");
}

/* ---- commands ---- */

static void serve_command(struct task *t, struct session *session, struct slice line) {
    struct slice rest = line;
    buffer_clear(&session->tag);
    buffer_append(&session->tag, take_word(&rest));
    struct slice verb = take_word(&rest);
    if (slice_equal(verb, SLICE("LIST")))
        list(session);
    else if (slice_equal(verb, SLICE("STATUS")))
        status(session, rest);
    else if (slice_equal(verb, SLICE("EXAMINE")))
        examine(session, rest);
    else if (slice_equal(verb, SLICE("UID")))
        uid_command(session, rest);
    else if (slice_equal(verb, SLICE("APPEND")))
        append(t, session, rest);
    else if (slice_equal(verb, SLICE("IDLE")))
        idle(t, session);
    else if (slice_equal(verb, SLICE("LOGOUT")))
        end_well(session, "bye");
    else
        end_well(session, "[CAPABILITY IMAP4rev1 IDLE SPECIAL-USE] done");
    session->is_over = session->is_over || slice_equal(verb, SLICE("LOGOUT"));
}

void provider_serve_imap(struct task *t, struct provider *provider, struct stream *stream) {
    struct session session = {.provider = provider,
                              .talk = {.stream = stream, .in = buffer_new(TALK_BYTES_MAX)},
                              .out = buffer_new(OUT_BYTES_MAX),
                              .tag = buffer_new(OUT_BYTES_MAX)};
    talk_printf(t, &session.talk, "* OK [CAPABILITY IMAP4rev1 IDLE SPECIAL-USE] the provider\r\n");
    while (!session.is_over && talk_wait(t, &session.talk, env_now_ms(task_env(t)) + SESSION_MS)) {
        serve_command(t, &session, talk_line(t, &session.talk));
        say_all(t, &session);
    }
    talk_close(&session.talk);
    buffer_free(&session.out);
    buffer_free(&session.tag);
}
