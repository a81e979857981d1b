#include "transit/explain.h"

#include "base/limits.h"
#include "transit/explain_table.h"

/* A question made ready to be compared. */
struct clue {
    unsigned class;
    /* "7.26" */
    struct slice status;
    struct slice host;
    /* In lower case, runs of blanks and line breaks as one blank. */
    struct slice text;
    uint8_t bytes[EXPLAIN_TEXT_BYTES_MAX];
};

static bool is_blank(uint8_t c) { return c <= ' ' || c == 0x7f; }

static void read_text(struct clue *clue, struct slice reply) {
    size_t len = 0;
    bool after_blank = true;
    for (size_t i = 0; i < reply.len && len < sizeof clue->bytes; i++) {
        uint8_t c = is_blank(reply.ptr[i]) ? ' ' : ascii_lower(reply.ptr[i]);
        if (c != ' ' || !after_blank) clue->bytes[len++] = c;
        after_blank = c == ' ';
    }
    clue->text = slice_of(clue->bytes, len);
}

/* "5.7.26" at the front (RFC 3463 2). */
static bool take_status(struct clue *clue, struct slice *text) {
    struct slice rest = *text;
    uint64_t class;
    uint64_t number;
    if (!slice_take_number(&rest, 5, &class) || !slice_take_byte(&rest, '.')) return false;
    struct slice status = rest;
    if (!slice_take_number(&rest, 999, &number) || !slice_take_byte(&rest, '.') ||
        !slice_take_number(&rest, 999, &number))
        return false;
    clue->class = (unsigned)class;
    clue->status = slice_sub(status, 0, (size_t)(rest.ptr - status.ptr));
    *text = rest;
    return true;
}

/* "550 5.1.1 ...", "550-5.1.1 ...", "550 ...": what a reply may begin with. */
static void read_codes(struct clue *clue) {
    struct slice rest = clue->text;
    uint64_t code;
    if (!slice_take_number(&rest, 599, &code) || code < 400) return;
    clue->class = (unsigned)(code / 100);
    if (slice_take_byte(&rest, '-') || slice_take_byte(&rest, ' ')) (void)take_status(clue, &rest);
}

static void read_question(struct clue *clue, const struct explain_question *question) {
    struct slice status = slice_trim(question->status);
    struct slice host = question->host;
    clue->class = 0;
    clue->status = SLICE_EMPTY;
    read_text(clue, question->reply);
    read_codes(clue);
    (void)take_status(clue, &status);
    /* "mx.example.net[192.0.2.1]", "mx.example.net." */
    host = slice_take_until(&host, '[');
    host = slice_trim(slice_sub(host, 0, SMTP_DOMAIN_BYTES_MAX));
    if (host.len && host.ptr[host.len - 1] == '.') host.len--;
    clue->host = host;
}

static bool is_below(struct slice host, struct slice domain) {
    if (!slice_ends_nocase(host, domain)) return false;
    return host.len == domain.len || host.ptr[host.len - domain.len - 1] == '.';
}

static bool host_fits(struct slice host, const char *names) {
    struct slice rest = slice_from_text(names);
    if (!rest.len) return !host.len;
    while (rest.len) {
        if (is_below(host, slice_take_until(&rest, ' '))) return true;
        (void)slice_take_byte(&rest, ' ');
    }
    return false;
}

static bool has(const struct clue *clue, const char *text) {
    return slice_find(clue->text, slice_from_text(text)) != SLICE_NOT_FOUND;
}

static bool sign_fits(const struct explain_sign *sign, const struct clue *clue) {
    if (sign->class && sign->class != clue->class) return false;
    if (sign->status && !slice_equal(clue->status, slice_from_text(sign->status))) return false;
    if (sign->host && !host_fits(clue->host, sign->host)) return false;
    return (!sign->text || has(clue, sign->text)) && (!sign->also || has(clue, sign->also));
}

static const struct explanation *look_up(const struct clue *clue) {
    for (size_t i = 0; i < explain_sign_count; i++)
        if (sign_fits(&explain_signs[i], clue)) return &explain_words[explain_signs[i].refusal];
    return &explain_words[clue->class == 5 ? REFUSAL_REFUSED : REFUSAL_DEFERRED];
}

const struct explanation *explain(const struct explain_question *question) {
    struct clue clue;
    read_question(&clue, question);
    const struct explanation *found = look_up(&clue);
    /* That it took too long explains less than what stood in the way, where that is known. */
    if (question->is_expired && found == &explain_words[REFUSAL_DEFERRED])
        return &explain_words[REFUSAL_EXPIRED];
    return found;
}

const char *explain_whose_name(enum explain_whose whose) {
    static const char *const names[] = {"sender", "recipient", "our setup", "their setup", "temporary"};
    return names[whose];
}

const struct explanation *explain_at(size_t index) { return index < REFUSALS ? &explain_words[index] : NULL; }
