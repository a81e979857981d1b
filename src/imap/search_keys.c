/*
 * What each key of a SEARCH program asks of a message (RFC 9051 6.4.4): flags, dates, sizes and
 * sets from the entry, addresses and subject from the stored ENVELOPE, the rest from the text.
 */
#include "base/limits.h"
#include "imap/imap_search.h"
#include "wire/date.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static int64_t day_of(int64_t ms) { return ms / DAY_MS - (ms % DAY_MS < 0); }

static bool flag_holds(const struct imap_search_key *key, const struct entry *entry) {
    return ((entry->flags & key->number) != 0) == key->wanted;
}

static bool keyword_holds(struct search *search, const struct imap_search_key *key,
                          const struct entry *entry) {
    return ((entry->flags & imap_keyword_bit(&search->keywords, key->text)) != 0) == key->wanted;
}

/* RFC 8474 5.3: the id as FETCH shows it. */
static bool id_holds(char letter, uint64_t id, struct slice wanted) {
    uint64_t value = 0;
    if (wanted.len != 17 || wanted.ptr[0] != letter) return false;
    for (size_t i = 1; i < wanted.len; i++) {
        uint8_t c = ascii_lower(wanted.ptr[i]);
        bool is_hex = ascii_is_digit(c) || (c >= 'a' && c <= 'f');
        if (!is_hex) return false;
        value = value << 4 | (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return value == id;
}

static const struct {
    struct slice name;
    enum envelope_field field;
} envelope_names[] = {
    {SLICE_INIT("From"), ENVELOPE_FROM},
    {SLICE_INIT("To"), ENVELOPE_TO},
    {SLICE_INIT("Cc"), ENVELOPE_CC},
    {SLICE_INIT("Bcc"), ENVELOPE_BCC},
    {SLICE_INIT("Subject"), ENVELOPE_SUBJECT},
    {SLICE_INIT("Message-ID"), ENVELOPE_MESSAGE_ID},
    {SLICE_INIT("In-Reply-To"), ENVELOPE_IN_REPLY_TO},
};

/* Fields that the envelope has whole need no message read. An empty needle asks whether there is one. */
static bool header_holds(struct search *search, const struct imap_search_key *key, struct slice needle) {
    for (size_t i = 0; needle.len && i < sizeof envelope_names / sizeof envelope_names[0]; i++)
        if (slice_equal_nocase(envelope_names[i].name, key->header))
            return search_in_envelope(search, envelope_names[i].field, needle);
    return search_in_header(search, key->header, needle);
}

/* RFC 9051 6.4.4: the internal date, without time and zone. */
static bool date_holds(const struct imap_search_key *key, const struct entry *entry) {
    int64_t day = day_of(entry->saved_ms);
    if (key->type == IMAP_SEARCH_BEFORE) return day < key->days;
    if (key->type == IMAP_SEARCH_SINCE) return day >= key->days;
    return day == key->days;
}

/* RFC 9051 6.4.4: the Date field's day as it is written, without time and zone. */
static bool sent_holds(struct search *search, const struct imap_search_key *key) {
    struct date date;
    if (date_parse(search_envelope_text(search, ENVELOPE_DATE), &date) != DATE_OK) return false;
    int64_t day = day_of(date.utc_ms + (int64_t)date.zone_minutes * 60000);
    if (key->type == IMAP_SEARCH_SENTBEFORE) return day < key->days;
    if (key->type == IMAP_SEARCH_SENTSINCE) return day >= key->days;
    return day == key->days;
}

static bool text_holds(struct search *search, const struct imap_search_key *key, struct slice needle) {
    switch (key->type) {
    case IMAP_SEARCH_FROM:
        return search_in_envelope(search, ENVELOPE_FROM, needle);
    case IMAP_SEARCH_TO:
        return search_in_envelope(search, ENVELOPE_TO, needle);
    case IMAP_SEARCH_CC:
        return search_in_envelope(search, ENVELOPE_CC, needle);
    case IMAP_SEARCH_BCC:
        return search_in_envelope(search, ENVELOPE_BCC, needle);
    case IMAP_SEARCH_SUBJECT:
        return search_in_envelope(search, ENVELOPE_SUBJECT, needle);
    case IMAP_SEARCH_BODY:
        return search_in_body(search, needle);
    case IMAP_SEARCH_TEXT:
        return search_in_all(search, needle);
    default:
        return header_holds(search, key, needle);
    }
}

/* RFC 5032: seconds before now. */
static bool age_holds(const struct search *search, const struct imap_search_key *key,
                      const struct entry *entry) {
    int64_t limit_ms = search->now_ms - (int64_t)(key->number > INT32_MAX ? INT32_MAX : key->number) * 1000;
    return key->type == IMAP_SEARCH_YOUNGER ? entry->saved_ms >= limit_ms : entry->saved_ms <= limit_ms;
}

bool search_key_holds(struct search *search, size_t index, const struct entry *entry) {
    const struct imap_search_key *key = &search->program->keys[index];
    switch (key->type) {
    case IMAP_SEARCH_ALL:
    /* docs/decisions/001-no-recent.md: all mail is old. */
    case IMAP_SEARCH_OLD:
        return true;
    case IMAP_SEARCH_NEW:
    case IMAP_SEARCH_RECENT:
    /* RFC 8514: no mailbox here keeps save dates, so these match nothing. */
    case IMAP_SEARCH_SAVEDATESUPPORTED:
    case IMAP_SEARCH_SAVEDBEFORE:
    case IMAP_SEARCH_SAVEDON:
    case IMAP_SEARCH_SAVEDSINCE:
        return false;
    case IMAP_SEARCH_FLAG:
        return flag_holds(key, entry);
    case IMAP_SEARCH_KEYWORD:
        return keyword_holds(search, key, entry);
    case IMAP_SEARCH_BEFORE:
    case IMAP_SEARCH_ON:
    case IMAP_SEARCH_SINCE:
        return date_holds(key, entry);
    case IMAP_SEARCH_SENTBEFORE:
    case IMAP_SEARCH_SENTON:
    case IMAP_SEARCH_SENTSINCE:
        return sent_holds(search, key);
    case IMAP_SEARCH_LARGER:
        return entry->raw_bytes > key->number;
    case IMAP_SEARCH_SMALLER:
        return entry->raw_bytes < key->number;
    case IMAP_SEARCH_OLDER:
    case IMAP_SEARCH_YOUNGER:
        return age_holds(search, key, entry);
    case IMAP_SEARCH_MODSEQ:
        return entry->modseq >= key->number;
    case IMAP_SEARCH_EMAILID:
        return id_holds('M', entry->message, key->text);
    case IMAP_SEARCH_THREADID:
        return id_holds('T', entry->thread, key->text);
    case IMAP_SEARCH_UIDS:
    case IMAP_SEARCH_NUMBERS:
        return imap_sequence_contains(&key->sequence, entry->uid);
    default:
        return text_holds(search, key, search->needles[index]);
    }
}

static bool is_text(enum imap_search_type type) {
    switch (type) {
    case IMAP_SEARCH_BCC:
    case IMAP_SEARCH_BODY:
    case IMAP_SEARCH_CC:
    case IMAP_SEARCH_FROM:
    case IMAP_SEARCH_SUBJECT:
    case IMAP_SEARCH_TEXT:
    case IMAP_SEARCH_TO:
    case IMAP_SEARCH_HEADER:
        return true;
    default:
        return false;
    }
}

unsigned search_key_fields(const struct imap_search_key *key) {
    bool is_sent = key->type == IMAP_SEARCH_SENTBEFORE || key->type == IMAP_SEARCH_SENTON ||
                   key->type == IMAP_SEARCH_SENTSINCE;
    return is_text(key->type) || is_sent || key->type == IMAP_SEARCH_THREADID ? ENTRY_MESSAGE : 0;
}

/* Message numbers become UIDs, for good: the view does not change while the search runs. */
static bool prepare_sequence(struct search *search, struct imap_search_key *key) {
    struct imap_session *session = search->call->session;
    if (key->sequence.saved_result) {
        struct uid_ranges saved;
        if (!imap_call_ranges(search->call, &session->saved, &saved)) return false;
        struct number_range *ranges = arena_try_alloc(search->call->work, (saved.count + 1) * sizeof *ranges);
        if (!ranges) return false;
        for (size_t i = 0; i < saved.count; i++)
            ranges[i] = (struct number_range){saved.ranges[i].first, saved.ranges[i].last};
        key->sequence = (struct imap_sequence){ranges, saved.count, false};
        return true;
    }
    bool is_number = key->type == IMAP_SEARCH_NUMBERS;
    imap_sequence_normalise(&key->sequence,
                            is_number ? uid_set_count(&session->uids) : uid_set_last(&session->uids));
    if (is_number) imap_sequence_to_uids(&key->sequence, &session->uids);
    return true;
}

static bool prepare_needle(struct search *search, size_t index) {
    struct buffer folded = buffer_new(IMAP_COMMAND_BYTES_MAX * 4);
    search_fold(&folded, search->program->keys[index].text);
    bool has_room = arena_try_copy(search->call->work, buffer_slice(&folded), &search->needles[index]);
    buffer_free(&folded);
    return has_room;
}

bool search_keys_prepare(struct search *search) {
    const struct imap_search *program = search->program;
    search->needles = arena_try_alloc(search->call->work, (program->key_count + 1) * sizeof *search->needles);
    bool is_ready = search->needles != NULL;
    for (size_t i = 0; is_ready && i < program->key_count; i++) {
        struct imap_search_key *key = &program->keys[i];
        search->fields |= search_key_fields(key);
        if (key->type == IMAP_SEARCH_UIDS || key->type == IMAP_SEARCH_NUMBERS)
            is_ready = prepare_sequence(search, key);
        else if (is_text(key->type))
            is_ready = prepare_needle(search, i);
    }
    search_text_begin(search, NULL);
    return is_ready;
}
