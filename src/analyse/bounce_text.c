/* Addresses in the text of a bounce, and the words that go with each; declared in bounce.h. */
#include "analyse/bounce.h"
#include "analyse/phrase.h"
#include "analyse/text_address.h"
#include "base/limits_classify.h"
#include "wire/header.h"

/* ---- where the message that is given back begins ---- */

/* Headings of it; the line is folded. */
static const struct slice headings[] = {
    SLICE_INIT("original message"),     SLICE_INIT("original mail"),
    SLICE_INIT("copy of the m"),        SLICE_INIT("header of the original"),
    SLICE_INIT("unsent message"),       SLICE_INIT("returned message"),
    SLICE_INIT("below this line"),      SLICE_INIT("below the next line"),
    SLICE_INIT("message headers"),      SLICE_INIT("message header"),
    SLICE_INIT("bounced e-mail"),       SLICE_INIT("mensaje original"),
    SLICE_INIT("message d'origine"),    SLICE_INIT("ursprungliche nachricht"),
    SLICE_INIT("oryginalna wiadomosc"), SLICE_INIT("original-nachricht"),
    SLICE_INIT("text of your message"),
};

static bool ends_with_any(struct slice line) {
    return slice_ends_nocase(line, SLICE("follows.")) || slice_ends_nocase(line, SLICE("follows:")) ||
           slice_ends_nocase(line, SLICE("follow.")) || slice_ends_nocase(line, SLICE("following.")) ||
           slice_ends_nocase(line, SLICE("headers:")) || slice_ends_nocase(line, SLICE("message:")) ||
           slice_ends_nocase(line, SLICE("mail:")) || slice_ends_nocase(line, SLICE("header:")) ||
           slice_ends_nocase(line, SLICE("message"));
}

static bool is_heading(struct slice line) {
    /* Shorter than all of them, however it folds. */
    enum { HEADING_BYTES_MIN = 8 };
    if (line.len < HEADING_BYTES_MIN) return false;
    struct buffer folded = buffer_new(BOUNCE_LINE_BYTES_MAX);
    phrase_fold(&folded, slice_sub(line, 0, BOUNCE_LINE_BYTES_MAX / 2));
    struct slice text = slice_trim(buffer_slice(&folded));
    bool is_led = slice_starts(text, SLICE("--"));
    bool is_one = (is_led || ends_with_any(text)) && phrase_any(text, PHRASES(headings));
    buffer_free(&folded);
    return is_one;
}

static bool is_trace(struct slice line) {
    return slice_starts_nocase(line, SLICE("Received:")) || slice_starts_nocase(line, SLICE("Return-Path:"));
}

static struct slice take_line(struct slice *rest) {
    struct slice line = slice_take_until(rest, '\n');
    *rest = slice_skip(*rest, 1);
    return line;
}

static void split_report(struct slice text, struct bounce_text *split) {
    struct slice rest = text;
    *split = (struct bounce_text){.report = text};
    while (rest.len) {
        size_t at = text.len - rest.len;
        struct slice line = take_line(&rest);
        bool is_end = at && (is_trace(line) || is_heading(slice_trim(line)));
        if (!is_end) continue;
        split->report = slice_sub(text, 0, at);
        split->returned = slice_skip(text, at);
        return;
    }
}

/* A line like "Name: value". */
static bool is_field(struct slice line) {
    size_t colon = slice_find_byte(slice_sub(line, 0, BOUNCE_LINE_BYTES_MAX), ':');
    if (colon == SLICE_NOT_FOUND || colon == 0) return false;
    for (size_t i = 0; i < colon; i++)
        if (!ascii_is_alnum(line.ptr[i]) && line.ptr[i] != '-') return false;
    return true;
}

/* Up to the next empty line. */
static struct slice take_block(struct slice *rest) {
    struct slice block = *rest;
    while (rest->len && slice_trim(take_line(rest)).len) continue;
    block.len -= rest->len;
    return block;
}

/* The header of what is given back in the text: the first block of fields that says something. */
static void read_returned(struct arena *arena, struct slice returned, struct letter_original *original) {
    while (returned.len && !original->is_there) {
        struct slice rest = returned;
        if (is_field(take_line(&rest)))
            letter_original_read(arena, take_block(&returned), original);
        else
            returned = rest;
    }
}

/* ---- those that are somebody else ---- */

struct scan {
    struct arena *arena;
    const struct letter *letter;
    struct bounce_text *text;
    size_t capacity;
    /* The segment that lines go to, or SIZE_MAX; what waits for the next one of a transcript. */
    size_t open;
    struct buffer *words;
    struct buffer waiting;
    bool takes_weak;
};

static bool is_address_of(struct slice address, struct slice local, struct slice domain) {
    return local.len && address.len == local.len + domain.len + 1 &&
           slice_equal_nocase(slice_sub(address, 0, local.len), local) && slice_ends_nocase(address, domain);
}

/* Mentioned as whom to ask, more often than not. */
static bool is_contact(struct slice address) {
    struct slice local = slice_take_until(&address, '@');
    return slice_equal_nocase(local, SLICE("postmaster")) ||
           slice_equal_nocase(local, SLICE("mailer-daemon")) || slice_equal_nocase(local, SLICE("abuse"));
}

static bool is_ours(const struct scan *scan, struct slice address) {
    const struct letter *letter = scan->letter;
    return slice_equal_nocase(address, letter->to) ||
           slice_equal_nocase(address, scan->text->original.from) ||
           slice_equal_nocase(address, letter->return_path) ||
           is_address_of(address, letter->from_local, letter->from_domain);
}

/* What may stand right before an address that failed, and before one that is none of them. */
static const struct slice leads[] = {
    SLICE_INIT("recipient"), SLICE_INIT("rcpt to"), SLICE_INIT("address"), SLICE_INIT(" to:"),
    SLICE_INIT(" to <"),     SLICE_INIT(" to "),    SLICE_INIT("user"),    SLICE_INIT("mailbox"),
    SLICE_INIT("inbox"),     SLICE_INIT("full:"),   SLICE_INIT("errors:"), SLICE_INIT("for:"),
    SLICE_INIT("delivered"), SLICE_INIT("an "),     SLICE_INIT("adres"),
};
static const struct slice others[] = {
    SLICE_INIT("from"),         SLICE_INIT("sender"),
    SLICE_INIT("contact"),      SLICE_INIT("assistance"),
    SLICE_INIT("send mail to"), SLICE_INIT("reply-to"),
    SLICE_INIT("write to"),     SLICE_INIT("mail to <postmaster"),
    SLICE_INIT("message-id"),   SLICE_INIT("help"),
    SLICE_INIT("report"),       SLICE_INIT("support"),
};

enum lead {
    LEAD_WEAK,
    LEAD_STRONG,
    /* What the address before it was made of: the one its sender wrote. */
    LEAD_EXPANDED,
    LEAD_OTHER,
};

enum { LEAD_BYTES = 40 };

static enum lead lead_of(struct slice before) {
    struct buffer folded = buffer_new((size_t)LEAD_BYTES * 2 + 8);
    size_t over = before.len > LEAD_BYTES ? before.len - LEAD_BYTES : 0;
    buffer_append_byte(&folded, ' ');
    phrase_fold(&folded, slice_skip(before, over));
    struct slice text = buffer_slice(&folded);
    enum lead lead = LEAD_WEAK;
    bool is_expanded = phrase_find(text, SLICE("expanded from")) != SLICE_NOT_FOUND ||
                       phrase_find(text, SLICE("generated from")) != SLICE_NOT_FOUND;
    if (is_expanded)
        lead = LEAD_EXPANDED;
    else if (phrase_any(text, PHRASES(others)))
        lead = LEAD_OTHER;
    else if (phrase_any(text, PHRASES(leads)) && !slice_equal(slice_trim(text), SLICE("to:")))
        lead = LEAD_STRONG;
    buffer_free(&folded);
    return lead;
}

/* Nothing but marks stands before it. */
static bool begins_line(struct slice before) {
    for (size_t i = 0; i < before.len; i++)
        if (!strchr(" \t\r*<>\"'-[(:", before.ptr[i])) return false;
    return true;
}

/* ---- segments ---- */

static size_t segment_find(const struct bounce_text *text, struct slice address) {
    for (size_t i = 0; i < text->count; i++)
        if (slice_equal_nocase(text->segments[i].address, address)) return i;
    return SIZE_MAX;
}

/* Ends what was collected for the open segment. */
static void keep_words(struct scan *scan) {
    if (scan->open == SIZE_MAX) return;
    struct bounce_segment *segment = &scan->text->segments[scan->open];
    struct slice copy;
    if (arena_try_copy(scan->arena, buffer_slice(scan->words), &copy)) segment->words = copy;
    scan->open = SIZE_MAX;
}

static void open_segment(struct scan *scan, struct slice address) {
    size_t found = segment_find(scan->text, address);
    if (found == scan->open && found != SIZE_MAX) return;
    keep_words(scan);
    buffer_clear(scan->words);
    /* Copied whenever its address comes again: not for ever. */
    if (found != SIZE_MAX && scan->text->segments[found].words.len > BOUNCE_WORDS_BYTES_MAX / 2) return;
    if (found == SIZE_MAX) {
        if (scan->text->count == DELIVERY_REPORT_RECIPIENTS_MAX) return;
        struct bounce_segment *grown = arena_try_grow(scan->arena, scan->text->segments, scan->text->count,
                                                      &scan->capacity, sizeof *grown);
        struct slice copy;
        if (!grown || !arena_try_copy(scan->arena, address, &copy)) return;
        scan->text->segments = grown;
        found = scan->text->count++;
        grown[found] = (struct bounce_segment){.address = copy};
    } else {
        buffer_append(scan->words, scan->text->segments[found].words);
        buffer_append_byte(scan->words, '\n');
    }
    scan->open = found;
}

static void add_line(struct scan *scan, struct slice line) {
    struct buffer *to = scan->open == SIZE_MAX ? &scan->waiting : scan->words;
    buffer_append(to, slice_sub(line, 0, to->max_bytes - to->len));
    if (to->len < to->max_bytes) buffer_append_byte(to, '\n');
}

/* "550 5.1.1 <a@b>... User unknown": a transcript's line that says all of one address, after what led to it.
 */
static bool is_conclusion(struct slice line) {
    line = slice_trim(line);
    bool has_code = line.len > 4 && (line.ptr[0] == '4' || line.ptr[0] == '5') &&
                    ascii_is_digit(line.ptr[1]) && ascii_is_digit(line.ptr[2]) && line.ptr[3] == ' ';
    return has_code && slice_find(line, SLICE("...")) != SLICE_NOT_FOUND;
}

static void conclude(struct scan *scan, struct slice address, struct slice line) {
    bool is_open =
        scan->open != SIZE_MAX && slice_equal_nocase(scan->text->segments[scan->open].address, address);
    if (is_open) {
        add_line(scan, line);
        return;
    }
    open_segment(scan, address);
    if (scan->open == SIZE_MAX) return;
    buffer_append(scan->words, buffer_slice(&scan->waiting));
    add_line(scan, line);
    keep_words(scan);
    buffer_clear(&scan->waiting);
}

/* The open segment is about this address, as its sender wrote it. */
static void rename_open(struct scan *scan, struct slice address) {
    struct slice copy;
    if (scan->open == SIZE_MAX || segment_find(scan->text, address) != SIZE_MAX) return;
    if (arena_try_copy(scan->arena, address, &copy)) scan->text->segments[scan->open].address = copy;
}

/* The address in a line that failed, by its place. */
static struct slice failed_address(struct scan *scan, struct slice line) {
    size_t from = 0;
    size_t looked_at = 0;
    while (looked_at++ < BOUNCE_LINE_ADDRESSES_MAX) {
        size_t at = slice_find_byte(slice_skip(line, from), '@');
        if (at == SLICE_NOT_FOUND) break;
        at += from;
        size_t start = at;
        struct slice address = text_address_around(line, at, &start);
        from = at + 1;
        if (address.len == 0 || is_ours(scan, address)) continue;
        struct slice before = slice_sub(line, 0, start);
        enum lead lead = begins_line(before) ? LEAD_STRONG : lead_of(before);
        if (lead == LEAD_EXPANDED) rename_open(scan, address);
        bool is_weak = lead == LEAD_WEAK && (scan->takes_weak || is_conclusion(line)) && !is_contact(address);
        if (lead == LEAD_STRONG || is_weak) return address;
    }
    return SLICE_EMPTY;
}

static void scan_text(struct scan *scan, struct slice text) {
    while (text.len) {
        struct slice line = take_line(&text);
        struct slice address = failed_address(scan, slice_sub(line, 0, BOUNCE_LINE_BYTES_MAX * 4));
        if (address.len && is_conclusion(line)) {
            conclude(scan, address, line);
            continue;
        }
        if (address.len) {
            open_segment(scan, address);
            buffer_clear(&scan->waiting);
        }
        add_line(scan, line);
    }
    keep_words(scan);
}

/* X-Failed-Recipients: a list. */
static void add_failed(struct scan *scan) {
    struct slice rest = scan->letter->failed;
    while (rest.len) {
        struct slice item = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        if (slice_find_byte(item, '@') == SLICE_NOT_FOUND || item.len > LETTER_ADDRESS_BYTES_MAX) continue;
        if (segment_find(scan->text, item) == SIZE_MAX) {
            open_segment(scan, item);
            keep_words(scan);
        }
    }
}

static void scan_in(struct scan *scan, struct slice text, bool takes_weak) {
    scan->takes_weak = takes_weak;
    scan->open = SIZE_MAX;
    buffer_clear(&scan->waiting);
    scan_text(scan, text);
}

void bounce_text_read(struct arena *arena, const struct letter *letter, struct bounce_text *text) {
    split_report(letter->text, text);
    text->original = letter->original;
    if (!text->original.is_there) read_returned(arena, text->returned, &text->original);
    struct buffer words = buffer_new(BOUNCE_WORDS_BYTES_MAX);
    struct scan scan = {.arena = arena,
                        .letter = letter,
                        .text = text,
                        .open = SIZE_MAX,
                        .words = &words,
                        .waiting = buffer_new(BOUNCE_WORDS_BYTES_MAX)};
    scan_in(&scan, text->report, false);
    if (text->count == 0 && letter->failed.len == 0) scan_in(&scan, text->report, true);
    if (text->count == 0 && letter->failed.len == 0) scan_in(&scan, text->returned, false);
    add_failed(&scan);
    buffer_free(&words);
    buffer_free(&scan.waiting);
}

struct slice bounce_text_words(const struct bounce_text *text, struct slice address) {
    size_t found = segment_find(text, address);
    return found == SIZE_MAX ? SLICE_EMPTY : text->segments[found].words;
}
