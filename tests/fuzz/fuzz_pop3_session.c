/* POP3 over the real sessions and store, in each state. Only QUIT removes messages (RFC 1939 6). */
#include "session.h"

#define PASS "USER ann@example.test\r\nPASS secret\r\n\1"

static const struct session_state states[] = {
    {HOUSE_POP3, "", "+OK"},
    {HOUSE_POP3, "USER ann@example.test\r\n\1", "+OK"},
    {HOUSE_POP3, "AUTH PLAIN\r\n\1", "+"},
    {HOUSE_POP3, PASS, "+OK"},
    {HOUSE_POP3, PASS "DELE 1\r\nDELE 3\r\n\1", "+OK"},
};

enum { STATUS_LINE_BYTES_MAX = 512 };

static bool is_status(struct slice line) {
    return slice_starts(line, SLICE("+OK")) || slice_starts(line, SLICE("-ERR")) ||
           slice_starts(line, SLICE("+ "));
}

/* RFC 1939 3: a status line, or the lines of a multi-line reply up to the one with a dot. */
static const char *check_line(struct slice line, bool *is_in_reply) {
    if (!*is_in_reply && is_status(line)) {
        for (size_t i = 0; i < line.len; i++)
            if (line.ptr[i] < ' ') return "a control character";
        return line.len + 2 > STATUS_LINE_BYTES_MAX ? "a status line is too long" : NULL;
    }
    bool is_end = slice_equal(line, SLICE("."));
    if (!is_end && slice_starts(line, SLICE(".")) && !slice_starts(line, SLICE("..")))
        return "an unstuffed dot";
    *is_in_reply = !is_end;
    return NULL;
}

static const char *check_replies(struct slice heard) {
    bool is_in_reply = false;
    while (heard.len) {
        size_t end = slice_find_crlf(heard);
        if (end == SLICE_NOT_FOUND) return "a line without an end";
        const char *wrong = check_line(slice_sub(heard, 0, end), &is_in_reply);
        if (wrong) return wrong;
        heard = slice_skip(heard, end + 2);
    }
    return is_in_reply ? "a multi-line reply without its end" : NULL;
}

static const char *check_counts(const struct session_state *state, const struct client *client, size_t new,
                                size_t gone) {
    struct slice said = buffer_slice(&client->said);
    (void)state;
    if (new) return "POP3 adds nothing";
    if (gone && !session_count_nocase(said, SLICE("QUIT"))) return "without QUIT";
    return gone > session_count_nocase(said, SLICE("DELE")) ? "more than were marked" : NULL;
}

static const struct session_kind kind = {states,
                                         sizeof states / sizeof states[0],
                                         SLICE_INIT("Begin TLS negotiation\r\n"),
                                         check_replies,
                                         NULL,
                                         check_counts};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    session_fuzz(&kind, slice_of(data, size));
    return 0;
}
