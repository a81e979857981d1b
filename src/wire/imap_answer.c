#include "wire/imap_answer.h"

#include "base/limits_sender.h"
#include "wire/imap_answer_read.h"

/* ---- whole answers ---- */

/* RFC 9051 4.3: "{n}" at the end of a line, or "{n+}", which a server must not send, and some do. */
static bool ends_in_literal(struct slice line, uint64_t *bytes) {
    size_t open = slice_find_last_byte(line, '{');
    if (open == SLICE_NOT_FOUND || line.ptr[line.len - 1] != '}') return false;
    struct slice inside = slice_sub(line, open + 1, line.len - open - 2);
    if (!slice_take_number(&inside, UINT32_MAX, bytes)) return false;
    (void)slice_take_byte(&inside, '+');
    return inside.len == 0;
}

static bool is_status_word(struct slice word) {
    static const struct slice words[] = {SLICE_INIT("OK"), SLICE_INIT("NO"), SLICE_INIT("BAD"),
                                         SLICE_INIT("BYE"), SLICE_INIT("PREAUTH")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (slice_equal_nocase(word, words[i])) return true;
    return false;
}

/* What is said to people has no literals, however it ends. */
static bool is_for_people(struct slice line) {
    struct slice tag = slice_take_until(&line, ' ');
    (void)slice_take_byte(&line, ' ');
    return slice_equal(tag, SLICE("+")) || is_status_word(slice_take_until(&line, ' '));
}

/* The longest header of a literal: "{4294967295+}". */
enum { LITERAL_HEADER_BYTES = 13 };

static bool is_going_on(const struct imap_answer_frame *frame, struct slice line, uint64_t *bytes) {
    if (frame->floor == 0 && is_for_people(slice_sub(line, 0, LITERAL_HEADER_BYTES + IMAP_TAG_BYTES_MAX)))
        return false;
    struct slice fresh = slice_skip(line, frame->floor);
    size_t back = fresh.len < LITERAL_HEADER_BYTES ? fresh.len : LITERAL_HEADER_BYTES;
    return back > 2 && ends_in_literal(slice_skip(fresh, fresh.len - back), bytes);
}

enum imap_answer_frame_state imap_answer_frame(struct imap_answer_frame *frame, struct slice input,
                                               size_t bytes_max, size_t *len) {
    while (frame->at < input.len) {
        size_t end = slice_find_byte(slice_skip(input, frame->at), '\n');
        if (end == SLICE_NOT_FOUND) {
            frame->at = input.len;
            break;
        }
        end += frame->at;
        uint64_t literal = 0;
        struct slice line = slice_sub(input, 0, end);
        if (line.len > frame->floor && line.ptr[line.len - 1] == '\r') line.len--;
        if (!is_going_on(frame, line, &literal)) {
            *len = end + 1;
            return *len > bytes_max ? IMAP_ANSWER_FRAME_TOO_LONG : IMAP_ANSWER_FRAME_WHOLE;
        }
        if (literal > bytes_max || end + 1 + literal > bytes_max) return IMAP_ANSWER_FRAME_TOO_LONG;
        frame->at = frame->floor = end + 1 + (size_t)literal;
    }
    return input.len > bytes_max ? IMAP_ANSWER_FRAME_TOO_LONG : IMAP_ANSWER_FRAME_MORE;
}

/* ---- values ---- */

static bool ends_atom(uint8_t c) {
    return c == ' ' || c == '(' || c == ')' || c == '[' || c == ']' || c == '"' || c == '{' || c == '\r' ||
           c == '\n';
}

struct slice imap_answer_atom(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && !ends_atom(rest->ptr[len])) len++;
    return slice_take(rest, len);
}

static bool take_quoted(struct slice *rest, struct arena *arena, struct slice *text) {
    size_t len = 0;
    size_t escapes = 0;
    while (len < rest->len && rest->ptr[len] != '"') {
        escapes += rest->ptr[len] == '\\';
        len += rest->ptr[len] == '\\' ? 2 : 1;
    }
    if (len >= rest->len) return false;
    struct slice raw = slice_take(rest, len);
    *rest = slice_skip(*rest, 1);
    *text = raw;
    if (escapes == 0 || !arena) return true;
    uint8_t *copy = arena_try_alloc(arena, raw.len);
    if (!copy) return false;
    size_t copied = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.ptr[i] == '\\' && i + 1 < raw.len) i++;
        copy[copied++] = raw.ptr[i];
    }
    *text = slice_of(copy, copied);
    return true;
}

static bool take_literal(struct slice *rest, struct slice *text) {
    uint64_t bytes;
    struct slice after = *rest;
    if (!slice_take_number(&after, UINT32_MAX, &bytes)) return false;
    (void)slice_take_byte(&after, '+');
    if (!slice_take_byte(&after, '}')) return false;
    (void)slice_take_byte(&after, '\r');
    if (!slice_take_byte(&after, '\n') || after.len < bytes) return false;
    *text = slice_take(&after, (size_t)bytes);
    *rest = after;
    return true;
}

bool imap_answer_string(struct slice *rest, struct arena *arena, struct slice *text) {
    struct slice after = *rest;
    if (slice_take_byte(&after, '"')) {
        if (!take_quoted(&after, arena, text)) return false;
        *rest = after;
        return true;
    }
    (void)slice_take_byte(&after, '~');
    if (slice_take_byte(&after, '{')) {
        if (!take_literal(&after, text)) return false;
        *rest = after;
        return true;
    }
    *text = imap_answer_atom(rest);
    bool is_nil = slice_equal_nocase(*text, SLICE("NIL"));
    bool is_there = text->len > 0;
    if (is_nil) *text = SLICE_EMPTY;
    return is_there;
}

/* Of an atom that is no list, "BODY[HEADER]" and the like count as one. */
bool imap_answer_skip(struct slice *rest) {
    unsigned depth = 0;
    do {
        struct slice text;
        if (slice_take_byte(rest, '(')) {
            if (++depth > IMAP_NESTING_MAX) return false;
        } else if (slice_take_byte(rest, ')')) {
            if (depth-- == 0) return false;
        } else if (slice_take_byte(rest, '[') || slice_take_byte(rest, ']')) {
            continue;
        } else if (!imap_answer_string(rest, NULL, &text)) {
            return false;
        }
        while (depth && slice_take_byte(rest, ' ')) continue;
    } while (depth && rest->len);
    return depth == 0;
}

/* ---- words for bits ---- */

struct word {
    struct slice name;
    unsigned bits;
};

static unsigned bits_of(const struct word *words, size_t count, struct slice name) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(words[i].name, name)) return words[i].bits;
    return 0;
}

unsigned imap_capabilities_parse(struct slice words) {
    static const struct word known[] = {
        {SLICE_INIT("IMAP4rev1"), IMAP_CAN_IMAP4REV1},
        {SLICE_INIT("IMAP4rev2"), IMAP_CAN_IMAP4REV2},
        {SLICE_INIT("STARTTLS"), IMAP_CAN_STARTTLS},
        {SLICE_INIT("LOGINDISABLED"), IMAP_CAN_LOGINDISABLED},
        {SLICE_INIT("SASL-IR"), IMAP_CAN_SASL_IR},
        {SLICE_INIT("AUTH=SCRAM-SHA-256"), IMAP_CAN_SCRAM_SHA_256},
        {SLICE_INIT("AUTH=PLAIN"), IMAP_CAN_PLAIN},
        {SLICE_INIT("AUTH=LOGIN"), IMAP_CAN_LOGIN},
        {SLICE_INIT("AUTH=XOAUTH2"), IMAP_CAN_XOAUTH2},
        {SLICE_INIT("AUTH=OAUTHBEARER"), IMAP_CAN_OAUTHBEARER},
        {SLICE_INIT("IDLE"), IMAP_CAN_IDLE},
        {SLICE_INIT("CONDSTORE"), IMAP_CAN_CONDSTORE},
        {SLICE_INIT("QRESYNC"), IMAP_CAN_QRESYNC | IMAP_CAN_CONDSTORE},
        {SLICE_INIT("ENABLE"), IMAP_CAN_ENABLE},
        {SLICE_INIT("SPECIAL-USE"), IMAP_CAN_SPECIAL_USE},
        {SLICE_INIT("UIDPLUS"), IMAP_CAN_UIDPLUS},
        {SLICE_INIT("ESEARCH"), IMAP_CAN_ESEARCH},
        {SLICE_INIT("X-GM-EXT-1"), IMAP_CAN_GMAIL},
    };
    unsigned found = 0;
    while (words.len) {
        struct slice word = slice_take_until(&words, ' ');
        (void)slice_take_byte(&words, ' ');
        found |= bits_of(known, sizeof known / sizeof known[0], slice_trim(word));
    }
    return found;
}

/* ---- status lines ---- */

static const struct word codes[] = {
    {SLICE_INIT("ALERT"), IMAP_CODE_ALERT},
    {SLICE_INIT("CAPABILITY"), IMAP_CODE_CAPABILITY},
    {SLICE_INIT("UIDVALIDITY"), IMAP_CODE_UIDVALIDITY},
    {SLICE_INIT("UIDNEXT"), IMAP_CODE_UIDNEXT},
    {SLICE_INIT("HIGHESTMODSEQ"), IMAP_CODE_HIGHESTMODSEQ},
    {SLICE_INIT("NOMODSEQ"), IMAP_CODE_NOMODSEQ},
    {SLICE_INIT("APPENDUID"), IMAP_CODE_APPENDUID},
    {SLICE_INIT("TRYCREATE"), IMAP_CODE_TRYCREATE},
    {SLICE_INIT("READ-ONLY"), IMAP_CODE_READ_ONLY},
    {SLICE_INIT("READ-WRITE"), IMAP_CODE_READ_WRITE},
    {SLICE_INIT("AUTHENTICATIONFAILED"), IMAP_CODE_AUTHENTICATIONFAILED},
    {SLICE_INIT("AUTHORIZATIONFAILED"), IMAP_CODE_AUTHORIZATIONFAILED},
    {SLICE_INIT("EXPIRED"), IMAP_CODE_EXPIRED},
    {SLICE_INIT("PRIVACYREQUIRED"), IMAP_CODE_PRIVACYREQUIRED},
    {SLICE_INIT("CONTACTADMIN"), IMAP_CODE_CONTACTADMIN},
    {SLICE_INIT("UNAVAILABLE"), IMAP_CODE_UNAVAILABLE},
    {SLICE_INIT("NOPERM"), IMAP_CODE_NOPERM},
    {SLICE_INIT("INUSE"), IMAP_CODE_INUSE},
    {SLICE_INIT("LIMIT"), IMAP_CODE_LIMIT},
    {SLICE_INIT("OVERQUOTA"), IMAP_CODE_OVERQUOTA},
    {SLICE_INIT("NONEXISTENT"), IMAP_CODE_NONEXISTENT},
};

static uint64_t number_of(struct slice text) {
    uint64_t value = 0;
    return slice_take_number(&text, INT64_MAX, &value) ? value : 0;
}

/* RFC 9051 7.1: "[CODE arguments] text". */
static void read_code(struct slice *rest, struct imap_answer *answer) {
    struct slice after = *rest;
    if (!slice_take_byte(&after, '[')) return;
    struct slice inside = slice_take_until(&after, ']');
    if (!slice_take_byte(&after, ']')) return;
    *rest = after;
    (void)slice_take_byte(rest, ' ');
    struct slice name = slice_take_until(&inside, ' ');
    (void)slice_take_byte(&inside, ' ');
    unsigned code = bits_of(codes, sizeof codes / sizeof codes[0], name);
    answer->code = code ? (enum imap_code)code : IMAP_CODE_OTHER;
    if (answer->code == IMAP_CODE_CAPABILITY) answer->capabilities = imap_capabilities_parse(inside);
    /* RFC 4315 3: the folder's UIDVALIDITY, then the UID. */
    if (answer->code == IMAP_CODE_APPENDUID) (void)slice_take_until(&inside, ' ');
    answer->number = number_of(slice_trim(inside));
}

static bool read_status_line(struct slice rest, struct imap_answer *answer) {
    static const struct word words[] = {
        {SLICE_INIT("OK"), IMAP_STATUS_OK + 1},           {SLICE_INIT("NO"), IMAP_STATUS_NO + 1},
        {SLICE_INIT("BAD"), IMAP_STATUS_BAD + 1},         {SLICE_INIT("BYE"), IMAP_STATUS_BYE + 1},
        {SLICE_INIT("PREAUTH"), IMAP_STATUS_PREAUTH + 1},
    };
    unsigned status = bits_of(words, sizeof words / sizeof words[0], slice_take_until(&rest, ' '));
    if (status == 0) return false;
    answer->status = (enum imap_answer_status)(status - 1);
    (void)slice_take_byte(&rest, ' ');
    read_code(&rest, answer);
    answer->text = rest;
    return true;
}

/* ---- untagged answers ---- */

static bool read_capability(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    (void)arena;
    answer->capabilities = imap_capabilities_parse(rest);
    return true;
}

static bool read_named(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    static const struct {
        struct slice name;
        enum imap_answer_kind kind;
        bool (*read)(struct slice rest, struct arena *arena, struct imap_answer *answer);
    } kinds[] = {
        {SLICE_INIT("CAPABILITY"), IMAP_ANSWER_CAPABILITY, read_capability},
        {SLICE_INIT("ENABLED"), IMAP_ANSWER_ENABLED, read_capability},
        {SLICE_INIT("LIST"), IMAP_ANSWER_LIST, imap_answer_list},
        {SLICE_INIT("STATUS"), IMAP_ANSWER_STATUS, imap_answer_status_of},
        {SLICE_INIT("SEARCH"), IMAP_ANSWER_SEARCH, imap_answer_search},
        {SLICE_INIT("ESEARCH"), IMAP_ANSWER_SEARCH, imap_answer_esearch},
        {SLICE_INIT("VANISHED"), IMAP_ANSWER_VANISHED, imap_answer_vanished},
    };
    struct slice name = slice_take_until(&rest, ' ');
    (void)slice_take_byte(&rest, ' ');
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (!slice_equal_nocase(kinds[i].name, name)) continue;
        answer->kind = kinds[i].kind;
        return kinds[i].read(rest, arena, answer);
    }
    return true;
}

/* "12 EXISTS", "3 EXPUNGE", "7 FETCH (...)". */
static bool read_numbered(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    if (!slice_take_number(&rest, UINT32_MAX, &answer->number)) return false;
    if (!slice_take_byte(&rest, ' ')) return false;
    struct slice name = imap_answer_atom(&rest);
    if (slice_equal_nocase(name, SLICE("EXISTS"))) answer->kind = IMAP_ANSWER_EXISTS;
    if (slice_equal_nocase(name, SLICE("EXPUNGE"))) answer->kind = IMAP_ANSWER_EXPUNGE;
    if (!slice_equal_nocase(name, SLICE("FETCH"))) return true;
    answer->kind = IMAP_ANSWER_FETCH;
    return imap_answer_space(&rest) && imap_answer_fetch(rest, arena, answer);
}

static bool read_untagged(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    struct slice line = rest;
    if (is_status_word(slice_take_until(&line, ' '))) {
        answer->kind = IMAP_ANSWER_STATUS_LINE;
        return read_status_line(rest, answer);
    }
    if (rest.len && ascii_is_digit(rest.ptr[0])) return read_numbered(rest, arena, answer);
    return read_named(rest, arena, answer);
}

bool imap_answer_parse(struct slice bytes, struct arena *arena, struct imap_answer *answer) {
    struct slice rest = bytes;
    *answer = (struct imap_answer){.kind = IMAP_ANSWER_OTHER};
    if (rest.len && rest.ptr[rest.len - 1] == '\n') rest.len--;
    if (rest.len && rest.ptr[rest.len - 1] == '\r') rest.len--;
    if (slice_take_prefix(&rest, SLICE("* "))) return read_untagged(rest, arena, answer);
    if (slice_take_byte(&rest, '+')) {
        answer->kind = IMAP_ANSWER_CONTINUE;
        (void)slice_take_byte(&rest, ' ');
        answer->text = rest;
        return true;
    }
    answer->tag = slice_take_until(&rest, ' ');
    answer->kind = IMAP_ANSWER_TAGGED;
    return answer->tag.len && answer->tag.len <= IMAP_TAG_BYTES_MAX && slice_take_byte(&rest, ' ') &&
           read_status_line(rest, answer);
}
