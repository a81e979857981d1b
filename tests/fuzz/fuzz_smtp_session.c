/*
 * SMTP over the real session, intake and store: from other hosts and submission, in each state.
 * Acknowledged is what is stored, and what came with DATA from another host is stored as it was sent.
 */
#include "session.h"

#define MX_MAIL "EHLO client.example.test\r\n\1MAIL FROM:<bob@example.net>\r\n"
#define MX_RCPT MX_MAIL "RCPT TO:<ann@example.test>\r\n"
#define AUTH "EHLO client\r\n\1AUTH PLAIN AGFubkBleGFtcGxlLnRlc3QAc2VjcmV0\r\n\1"

static const struct session_state states[] = {
    {HOUSE_MX, "", "220 "},
    {HOUSE_MX, "EHLO client.example.test\r\n\1", "250 "},
    {HOUSE_MX, MX_RCPT "\1", "250 "},
    {HOUSE_MX, MX_RCPT "DATA\r\n\1", "354 "},
    {HOUSE_MX, MX_RCPT "BDAT 12\r\nSubject: x\r\n\1", "250 "},
    {HOUSE_SUBMISSION, "", "220 "},
    {HOUSE_SUBMISSION, "EHLO client\r\n\1AUTH PLAIN\r\n\1", "334 "},
    {HOUSE_SUBMISSION, AUTH, "235 "},
    {HOUSE_SUBMISSION, AUTH "MAIL FROM:<ann@example.test>\r\nRCPT TO:<ann@example.test>\r\nDATA\r\n\1",
     "354 "},
};

enum { REPLY_LINE_BYTES_MAX = 512 };

/* RFC 5321 4.2: three digits, and what may stand behind them. */
static const char *check_line(struct slice line, bool *is_last) {
    if (line.len < 4 || line.ptr[0] < '2' || line.ptr[0] > '5' || !ascii_is_digit(line.ptr[1]) ||
        !ascii_is_digit(line.ptr[2]))
        return "no code";
    if (line.ptr[3] != ' ' && line.ptr[3] != '-') return "no space behind the code";
    /* RFC 5321 4.5.3.1.5 */
    if (line.len + 2 > REPLY_LINE_BYTES_MAX) return "a line is too long";
    for (size_t i = 0; i < line.len; i++)
        if (line.ptr[i] < ' ' && line.ptr[i] != '\t') return "a control character";
    *is_last = line.ptr[3] == ' ';
    return NULL;
}

static const char *check_replies(struct slice heard) {
    struct slice code = SLICE_EMPTY;
    while (heard.len) {
        size_t end = slice_find_crlf(heard);
        if (end == SLICE_NOT_FOUND) return "a line without an end";
        struct slice line = slice_sub(heard, 0, end);
        bool is_last = false;
        const char *wrong = check_line(line, &is_last);
        if (wrong) return wrong;
        if (code.len && !slice_equal(code, slice_sub(line, 0, 3))) return "one reply has two codes";
        code = is_last ? SLICE_EMPTY : slice_sub(line, 0, 3);
        heard = slice_skip(heard, end + 2);
    }
    return code.len ? "a reply without its last line" : NULL;
}

/* RFC 5321 4.5.2: without the dots that lines of content begin with; line ends are LF. */
static void unstuff(struct buffer *out, struct slice said) {
    struct buffer plain = buffer_new(CLIENT_HEARD_BYTES_MAX);
    session_plain_lines(&plain, said);
    struct slice rest = buffer_slice(&plain);
    while (rest.len) {
        struct slice line = slice_take_until(&rest, '\n');
        if (line.len > 1) (void)slice_take_byte(&line, '.');
        buffer_append(out, line);
        if (slice_take_byte(&rest, '\n')) buffer_append_byte(out, '\n');
    }
    buffer_free(&plain);
}

/* Whole, and with its end: a line that is one dot. */
static bool was_sent(const struct client *client, struct slice content) {
    struct buffer said = buffer_new(CLIENT_HEARD_BYTES_MAX);
    struct buffer wanted = buffer_new(2 * HOUSE_MESSAGE_BYTES_MAX);
    unstuff(&said, buffer_slice(&client->said));
    buffer_append_byte(&wanted, '\n');
    session_plain_lines(&wanted, content);
    buffer_append_text(&wanted, ".\n");
    bool is_there = slice_find(buffer_slice(&said), buffer_slice(&wanted)) != SLICE_NOT_FOUND;
    buffer_free(&wanted);
    buffer_free(&said);
    return is_there;
}

/* Our trace header is three fields at most; the content begins behind it, at some line. */
static const char *check_new(const struct session_state *state, const struct client *client,
                             struct slice text) {
    bool has_chunks = session_count_nocase(buffer_slice(&client->said), SLICE("BDAT")) > 0;
    if (state->port != HOUSE_MX || has_chunks) return NULL;
    size_t received = slice_find(text, SLICE("Received: from "));
    if (received == SLICE_NOT_FOUND) return "without a Received line";
    for (struct slice rest = slice_skip(text, received);;) {
        size_t end = slice_find_crlf(rest);
        if (end == SLICE_NOT_FOUND) return "what was delivered was not sent so";
        rest = slice_skip(rest, end + 2);
        if (was_sent(client, rest)) return NULL;
        if (rest.len && rest.ptr[0] != '\t' && rest.ptr[0] != ' ')
            return "what was delivered was not sent so";
    }
}

static const char *check_counts(const struct session_state *state, const struct client *client, size_t new,
                                size_t gone) {
    (void)state;
    size_t accepted = session_count(buffer_slice(&client->heard), SLICE("250 2.0.0 Ok: accepted as "));
    if (gone) return "SMTP removes nothing";
    /* Others than ann may get it, too. */
    return new > accepted ? "more than were acknowledged" : NULL;
}

static const struct session_kind kind = {states,
                                         sizeof states / sizeof states[0],
                                         SLICE_INIT("220 2.0.0 Ready to start TLS\r\n"),
                                         check_replies,
                                         check_new,
                                         check_counts};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    session_fuzz(&kind, slice_of(data, size));
    return 0;
}
