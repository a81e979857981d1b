/*
 * IMAP over the real sessions and store, in each state. A message that is new came as a literal, whole.
 */
#include "session.h"

#define LOGIN "l LOGIN ann@example.test secret\r\n\1"
#define SELECT LOGIN "s SELECT INBOX\r\n\1"

static const struct session_state states[] = {
    {HOUSE_IMAP, "", "* OK "},
    {HOUSE_IMAP, "p AUTHENTICATE PLAIN\r\n\1", "+ "},
    {HOUSE_IMAP, LOGIN, "l OK "},
    {HOUSE_IMAP, SELECT, "s OK "},
    {HOUSE_IMAP, LOGIN "x EXAMINE INBOX\r\n\1", "x OK "},
    {HOUSE_IMAP, SELECT "a APPEND Drafts (\\Draft) {20}\r\n\1", "+ "},
    {HOUSE_IMAP, SELECT "i IDLE\r\n\1", "+ "},
    {HOUSE_IMAP, LOGIN "e ENABLE QRESYNC\r\ns SELECT INBOX\r\n\1", "s OK "},
};

/* One response, literals included; RFC 9051 9 has what begins one. */
struct response {
    struct slice rest;
    const char *wrong;
    int depth;
    bool is_data;
};

/* The bytes of a literal whose header ends the line, or SLICE_NOT_FOUND: there is none. */
static size_t literal_bytes(struct slice line) {
    size_t open = slice_find_last_byte(line, '{');
    uint64_t bytes = 0;
    if (line.len < 3 || line.ptr[line.len - 1] != '}' || open == SLICE_NOT_FOUND) return SLICE_NOT_FOUND;
    if (!slice_to_number(slice_sub(line, open + 1, line.len - open - 2), UINT32_MAX, &bytes))
        return SLICE_NOT_FOUND;
    return (size_t)bytes;
}

/* Strings closed, parentheses in pairs, no control characters. */
static void check_piece(struct response *response, struct slice line) {
    bool is_quoted = false;
    for (size_t i = 0; i < line.len; i++) {
        uint8_t c = line.ptr[i];
        if (c < ' ' || c == 0x7f) response->wrong = "a control character";
        if (!response->is_data) continue;
        if (is_quoted && c == '\\')
            i++;
        else if (c == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted)
            response->depth += (c == '(') - (c == ')');
        if (response->depth < 0) response->wrong = "a parenthesis too many";
    }
    if (is_quoted) response->wrong = "a string without an end";
}

/* Text for people is free; data has a grammar. */
static bool is_data(struct slice line) {
    static const struct slice words[] = {SLICE_INIT("LIST "),  SLICE_INIT("LSUB "), SLICE_INIT("STATUS "),
                                         SLICE_INIT("FLAGS "), SLICE_INIT("ID "),   SLICE_INIT("NAMESPACE ")};
    if (!slice_take_prefix(&line, SLICE("* "))) return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_starts(line, words[i])) return true;
    return line.len && ascii_is_digit(line.ptr[0]);
}

static void take_response(struct response *response) {
    response->is_data = is_data(slice_sub(response->rest, 0, 64));
    response->depth = 0;
    while (!response->wrong) {
        size_t end = slice_find_crlf(response->rest);
        if (end == SLICE_NOT_FOUND) {
            response->wrong = "a line without an end";
            return;
        }
        struct slice line = slice_sub(response->rest, 0, end);
        size_t literal = response->is_data ? literal_bytes(line) : SLICE_NOT_FOUND;
        check_piece(response, line);
        response->rest = slice_skip(response->rest, end + 2);
        if (literal == SLICE_NOT_FOUND) break;
        if (literal > response->rest.len) response->wrong = "a literal without its end";
        response->rest = slice_skip(response->rest, literal);
    }
    if (response->depth) response->wrong = "a parenthesis without its end";
}

/* "* ", "+ ", or a tag (what the client said, so anything a tag can be) and a status. */
static const char *check_start(struct slice line) {
    if (slice_starts(line, SLICE("* ")) || slice_starts(line, SLICE("+ "))) return NULL;
    struct slice tag = slice_take_until(&line, ' ');
    if (tag.len == 0) return "no tag";
    bool has_status = slice_starts(line, SLICE(" OK ")) || slice_starts(line, SLICE(" NO ")) ||
                      slice_starts(line, SLICE(" BAD "));
    return has_status ? NULL : "no status";
}

/* Up to the reply behind which all is compressed. */
static struct slice heard_as_text(struct slice heard) {
    struct slice begins = SLICE(" OK DEFLATE active\r\n");
    size_t at = slice_find(heard, begins);
    return at == SLICE_NOT_FOUND ? heard : slice_sub(heard, 0, at + begins.len);
}

static const char *check_replies(struct slice heard) {
    struct response response = {.rest = heard_as_text(heard)};
    while (response.rest.len && !response.wrong) {
        response.wrong = check_start(response.rest);
        if (!response.wrong) take_response(&response);
    }
    return response.wrong;
}

/* The text ends the first literal of that many bytes, line ends aside. What becomes of a literal8 is
   fuzz_binary_mime's, and what was said compressed cannot be looked for. */
static bool is_said_otherwise(const struct client *client) {
    struct slice heard = buffer_slice(&client->heard);
    return session_count(buffer_slice(&client->said), SLICE("~{")) || heard_as_text(heard).len < heard.len;
}

static const char *check_new(const struct session_state *state, const struct client *client,
                             struct slice text) {
    if (is_said_otherwise(client)) return NULL;
    struct buffer said = buffer_new(CLIENT_HEARD_BYTES_MAX);
    struct buffer plain = buffer_new(2 * HOUSE_MESSAGE_BYTES_MAX);
    (void)state;
    session_plain_lines(&said, buffer_slice(&client->said));
    session_plain_lines(&plain, slice_sub(text, 0, text.len));
    size_t at = slice_find(buffer_slice(&said), buffer_slice(&plain));
    bool is_sent = at != SLICE_NOT_FOUND;
    buffer_free(&said);
    buffer_free(&plain);
    return is_sent ? NULL : "what was stored was not sent so";
}

/* Each APPEND answers once, for one message or several; copies are not new. */
static const char *check_counts(const struct session_state *state, const struct client *client, size_t new,
                                size_t gone) {
    struct slice said = buffer_slice(&client->said);
    bool may_remove =
        session_count_nocase(said, SLICE("EXPUNGE")) || session_count_nocase(said, SLICE("CLOSE")) ||
        session_count_nocase(said, SLICE("MOVE")) || session_count_nocase(said, SLICE("RENAME"));
    (void)state;
    if (is_said_otherwise(client)) return NULL;
    if (gone && !may_remove) return "nobody asked for that";
    if (new &&session_count(buffer_slice(&client->heard), SLICE("[APPENDUID ")) == 0)
        return "appended without an acknowledgement";
    return NULL;
}

static const struct session_kind kind = {states,
                                         sizeof states / sizeof states[0],
                                         SLICE_INIT("Begin TLS negotiation\r\n"),
                                         check_replies,
                                         check_new,
                                         check_counts};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    session_fuzz(&kind, slice_of(data, size));
    return 0;
}
