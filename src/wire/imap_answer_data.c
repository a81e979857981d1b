/* What mailboxes and messages are said to be. */
#include "base/limits_sender.h"
#include "wire/imap_answer_read.h"
#include "wire/imap_date.h"

struct word {
    struct slice name;
    unsigned bits;
};

static unsigned bits_of(const struct word *words, size_t count, struct slice name) {
    for (size_t i = 0; i < count; i++)
        if (slice_equal_nocase(words[i].name, name)) return words[i].bits;
    return 0;
}

/* In a list whose "(" was taken: there is one more. False: its ")" was taken (*is_whole), or it has no end.
 */
static bool has_more(struct slice *rest, bool *is_whole) {
    while (imap_answer_space(rest)) continue;
    *is_whole = slice_take_byte(rest, ')');
    return !*is_whole && rest->len > 0;
}

/* "(\Seen $Junk)": of all its words those that are known. */
static bool take_flags(struct slice *rest, const struct word *words, size_t count, unsigned *bits) {
    bool is_whole = false;
    if (!slice_take_byte(rest, '(')) return false;
    while (has_more(rest, &is_whole)) {
        struct slice word = imap_answer_atom(rest);
        if (word.len == 0) return false;
        *bits |= bits_of(words, count, word);
    }
    return is_whole;
}

/* ---- folders ---- */

/* RFC 9051 7.3.1: "(attributes) separator name", and what extensions add. */
bool imap_answer_list(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    static const struct word attributes[] = {
        {SLICE_INIT("\\Noselect"), IMAP_FOLDER_NOSELECT},
        {SLICE_INIT("\\NonExistent"), IMAP_FOLDER_NOSELECT},
        {SLICE_INIT("\\All"), IMAP_FOLDER_ALL},
        {SLICE_INIT("\\AllMail"), IMAP_FOLDER_ALL},
        {SLICE_INIT("\\Archive"), IMAP_FOLDER_ARCHIVE},
        {SLICE_INIT("\\Drafts"), IMAP_FOLDER_DRAFTS},
        {SLICE_INIT("\\Flagged"), IMAP_FOLDER_FLAGGED},
        {SLICE_INIT("\\Starred"), IMAP_FOLDER_FLAGGED},
        {SLICE_INIT("\\Junk"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("\\Spam"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("\\Sent"), IMAP_FOLDER_SENT},
        {SLICE_INIT("\\Trash"), IMAP_FOLDER_TRASH},
        {SLICE_INIT("\\Important"), IMAP_FOLDER_IMPORTANT},
    };
    struct slice separator;
    bool good =
        take_flags(&rest, attributes, sizeof attributes / sizeof attributes[0], &answer->folder_use) &&
        imap_answer_space(&rest) && imap_answer_string(&rest, arena, &separator) &&
        imap_answer_space(&rest) && imap_answer_string(&rest, arena, &answer->folder);
    if (!good || answer->folder.len == 0 || answer->folder.len > IMAP_MAILBOX_NAME_BYTES_MAX) return false;
    if (separator.len == 1) answer->separator = (char)separator.ptr[0];
    if (slice_equal_nocase(answer->folder, SLICE("INBOX"))) answer->folder_use |= IMAP_FOLDER_INBOX;
    return true;
}

static void keep_status(struct imap_answer *answer, struct slice name, uint64_t value) {
    if (slice_equal_nocase(name, SLICE("HIGHESTMODSEQ"))) {
        answer->items |= IMAP_ITEM_MODSEQ;
        answer->modseq = value;
    }
    if (value > UINT32_MAX) return;
    const struct {
        struct slice name;
        unsigned item;
        uint32_t *place;
    } places[] = {{SLICE("MESSAGES"), IMAP_ITEM_MESSAGES, &answer->messages},
                  {SLICE("UIDNEXT"), IMAP_ITEM_UIDNEXT, &answer->uidnext},
                  {SLICE("UIDVALIDITY"), IMAP_ITEM_UIDVALIDITY, &answer->uidvalidity}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (!slice_equal_nocase(places[i].name, name)) continue;
        answer->items |= places[i].item;
        *places[i].place = (uint32_t)value;
    }
}

/* RFC 9051 7.3.4: "name (ITEM number ...)". */
bool imap_answer_status_of(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    if (!imap_answer_string(&rest, arena, &answer->folder) || !imap_answer_space(&rest)) return false;
    bool is_whole = false;
    if (!slice_take_byte(&rest, '(')) return false;
    while (has_more(&rest, &is_whole)) {
        struct slice name = imap_answer_atom(&rest);
        uint64_t value;
        if (name.len == 0 || !imap_answer_space(&rest)) return false;
        if (slice_take_number(&rest, INT64_MAX, &value))
            keep_status(answer, name, value);
        else if (!imap_answer_skip(&rest))
            return false;
    }
    return is_whole;
}

/* ---- sets of numbers ---- */

/* What is over the maximum is left out. */
static bool add_range(struct arena *arena, struct imap_answer *answer, size_t *capacity,
                      struct number_range range) {
    if (answer->range_count == IMAP_CLIENT_RANGES_MAX) return true;
    struct number_range *ranges =
        arena_try_grow(arena, answer->ranges, answer->range_count, capacity, sizeof *ranges);
    if (!ranges) return false;
    answer->ranges = ranges;
    ranges[answer->range_count++] = range;
    return true;
}

bool imap_answer_search(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    size_t capacity = 0;
    uint64_t number;
    while (slice_take_number(&rest, UINT32_MAX, &number)) {
        struct number_range range = {(uint32_t)number, (uint32_t)number};
        if (!add_range(arena, answer, &capacity, range)) return false;
        if (!imap_answer_space(&rest)) break;
    }
    return true;
}

/* RFC 9051 9, sequence-set, without `*`: "4,7:9". */
static bool take_set(struct slice *rest, struct arena *arena, struct imap_answer *answer) {
    size_t capacity = 0;
    do {
        uint64_t first;
        if (!slice_take_number(rest, UINT32_MAX, &first)) return false;
        uint64_t last = first;
        if (slice_take_byte(rest, ':') && !slice_take_number(rest, UINT32_MAX, &last)) return false;
        struct number_range range = {(uint32_t)(first < last ? first : last),
                                     (uint32_t)(first < last ? last : first)};
        if (!add_range(arena, answer, &capacity, range)) return false;
    } while (slice_take_byte(rest, ','));
    return true;
}

/* RFC 4731 3.1: "(TAG "a1") UID ALL 4,7:9". */
bool imap_answer_esearch(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    if (rest.len && rest.ptr[0] == '(' && !imap_answer_skip(&rest)) return false;
    while (rest.len) {
        if (imap_answer_space(&rest)) continue;
        struct slice name = imap_answer_atom(&rest);
        if (name.len == 0) return false;
        if (slice_equal_nocase(name, SLICE("UID"))) continue;
        if (!imap_answer_space(&rest)) return false;
        if (slice_equal_nocase(name, SLICE("ALL"))) return take_set(&rest, arena, answer);
        if (!imap_answer_skip(&rest)) return false;
    }
    return true;
}

bool imap_answer_vanished(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    (void)slice_take_prefix_nocase(&rest, SLICE("(EARLIER) "));
    return take_set(&rest, arena, answer);
}

/* ---- messages ---- */

static bool take_message_flags(struct slice *rest, struct imap_answer *answer) {
    static const struct word flags[] = {
        {SLICE_INIT("\\Seen"), IMAP_CLIENT_SEEN},       {SLICE_INIT("\\Answered"), IMAP_CLIENT_ANSWERED},
        {SLICE_INIT("\\Flagged"), IMAP_CLIENT_FLAGGED}, {SLICE_INIT("\\Deleted"), IMAP_CLIENT_DELETED},
        {SLICE_INIT("\\Draft"), IMAP_CLIENT_DRAFT},
    };
    answer->items |= IMAP_ITEM_FLAGS;
    return take_flags(rest, flags, sizeof flags / sizeof flags[0], &answer->flags);
}

static bool take_modseq(struct slice *rest, struct imap_answer *answer) {
    answer->items |= IMAP_ITEM_MODSEQ;
    return slice_take_byte(rest, '(') && slice_take_number(rest, INT64_MAX, &answer->modseq) &&
           slice_take_byte(rest, ')');
}

static bool take_date(struct slice *rest, struct imap_answer *answer) {
    struct slice text;
    struct imap_date_time time;
    if (!imap_answer_string(rest, NULL, &text)) return false;
    if (!imap_date_time_take(&text, &time)) return true;
    answer->items |= IMAP_ITEM_INTERNALDATE;
    answer->received_ms = time.utc_ms;
    return true;
}

/* "[HEADER.FIELDS (DATE)]<0> content"; what is in the brackets is what we asked for. */
static bool take_content(struct slice *rest, struct arena *arena, struct imap_answer *answer) {
    (void)slice_take_until(rest, ']');
    if (!slice_take_byte(rest, ']')) return false;
    if (slice_take_byte(rest, '<')) {
        (void)slice_take_until(rest, '>');
        if (!slice_take_byte(rest, '>')) return false;
    }
    answer->items |= IMAP_ITEM_CONTENT;
    return imap_answer_space(rest) && imap_answer_string(rest, arena, &answer->content);
}

static bool take_number_item(struct slice *rest, struct imap_answer *answer, unsigned item) {
    uint64_t value;
    if (!slice_take_number(rest, item == IMAP_ITEM_UID ? UINT32_MAX : INT64_MAX, &value)) return false;
    answer->items |= item;
    if (item == IMAP_ITEM_UID)
        answer->uid = (uint32_t)value;
    else
        answer->bytes = value;
    return true;
}

/* Behind its name. */
static bool take_item(struct slice *rest, struct arena *arena, struct imap_answer *answer,
                      struct slice name) {
    if (rest->len && rest->ptr[0] == '[') return take_content(rest, arena, answer);
    if (!imap_answer_space(rest)) return false;
    if (slice_equal_nocase(name, SLICE("UID"))) return take_number_item(rest, answer, IMAP_ITEM_UID);
    if (slice_equal_nocase(name, SLICE("RFC822.SIZE"))) return take_number_item(rest, answer, IMAP_ITEM_SIZE);
    if (slice_equal_nocase(name, SLICE("FLAGS"))) return take_message_flags(rest, answer);
    if (slice_equal_nocase(name, SLICE("MODSEQ"))) return take_modseq(rest, answer);
    if (slice_equal_nocase(name, SLICE("INTERNALDATE"))) return take_date(rest, answer);
    return imap_answer_skip(rest);
}

/* RFC 9051 7.5.2 */
bool imap_answer_fetch(struct slice rest, struct arena *arena, struct imap_answer *answer) {
    bool is_whole = false;
    if (!slice_take_byte(&rest, '(')) return false;
    while (has_more(&rest, &is_whole)) {
        struct slice name = imap_answer_atom(&rest);
        if (name.len == 0 || !take_item(&rest, arena, answer, name)) return false;
    }
    return is_whole && rest.len == 0;
}
