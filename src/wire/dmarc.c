#include "wire/dmarc.h"
#include "wire/address_split.h"

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t'; }

static struct slice trim_blanks(struct slice s) {
    while (s.len && is_blank(s.ptr[0])) s = slice_skip(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1])) s.len--;
    return s;
}

const char *dmarc_policy_word(enum dmarc_policy policy) {
    static const char *const words[] = {"", "none", "quarantine", "reject"};
    return words[policy];
}

/* ---- reading ---- */

struct reading {
    struct dmarc_record *record;
    /* Or NULL. */
    struct dmarc_faults *faults;
    /* A bit a row of `tags`: it was there. */
    unsigned seen;
};

static void note(const struct reading *reading, enum dmarc_fault_kind kind, struct slice tag,
                 struct slice value) {
    if (!reading->faults || reading->faults->count == DMARC_FAULTS_KEPT) return;
    reading->faults->items[reading->faults->count++] = (struct dmarc_fault){kind, tag, value};
}

/* The place of the value in a list of single words, or the list's length. */
static size_t place_of(struct slice value, const char *const *words, size_t count) {
    size_t at = 0;
    while (at < count && !slice_equal_nocase(value, slice_from_text(words[at]))) at++;
    return at;
}

static bool read_policy(struct slice value, enum dmarc_policy *policy) {
    static const char *const words[] = {"none", "quarantine", "reject"};
    size_t place = place_of(value, words, 3);
    if (place == 3) return false;
    *policy = (enum dmarc_policy)(DMARC_NONE + place);
    return true;
}

/* False, and unchanged: it is neither `no` nor `yes`. */
static bool read_flag(struct slice value, const char *no, const char *yes, bool *flag) {
    bool is_yes = slice_equal_nocase(value, slice_from_text(yes));
    if (!is_yes && !slice_equal_nocase(value, slice_from_text(no))) return false;
    *flag = is_yes;
    return true;
}

static bool read_p(struct dmarc_record *record, struct slice value) {
    return read_policy(value, &record->policy);
}
static bool read_sp(struct dmarc_record *record, struct slice value) {
    return read_policy(value, &record->subdomain_policy);
}
static bool read_np(struct dmarc_record *record, struct slice value) {
    return read_policy(value, &record->absent_policy);
}
static bool read_adkim(struct dmarc_record *record, struct slice value) {
    return read_flag(value, "r", "s", &record->is_dkim_strict);
}
static bool read_aspf(struct dmarc_record *record, struct slice value) {
    return read_flag(value, "r", "s", &record->is_spf_strict);
}
static bool read_t(struct dmarc_record *record, struct slice value) {
    return read_flag(value, "n", "y", &record->is_test);
}

static bool read_psd(struct dmarc_record *record, struct slice value) {
    static const char *const words[] = {"u", "y", "n"};
    size_t place = place_of(value, words, 3);
    if (place == 3) return false;
    record->psd = (enum dmarc_psd)(DMARC_PSD_UNSAID + place);
    return true;
}

/* Values between colons: RFC 9989 4.7 allows more of them than its ABNF. */
static bool read_fo(struct dmarc_record *record, struct slice value) {
    static const char *const words[] = {"0", "1", "d", "s"};
    unsigned options = 0;
    while (value.len) {
        size_t place = place_of(trim_blanks(slice_take_until(&value, ':')), words, 4);
        if (place == 4) return false;
        options |= 1u << place;
        (void)slice_take_byte(&value, ':');
    }
    if (options) record->failure_options = options;
    return options != 0;
}

static bool read_rua(struct dmarc_record *record, struct slice value) {
    record->aggregate_uris = value;
    return true;
}
static bool read_ruf(struct dmarc_record *record, struct slice value) {
    record->failure_uris = value;
    return true;
}

enum tag_kind { TAG_PLAIN, TAG_POLICY, TAG_URIS };
static const struct tag {
    const char *name;
    bool (*read)(struct dmarc_record *record, struct slice value);
    enum tag_kind kind;
    const char *values;
} tags[] = {
    {"p", read_p, TAG_POLICY, "none, quarantine, reject"},
    {"sp", read_sp, TAG_POLICY, "none, quarantine, reject"},
    {"np", read_np, TAG_POLICY, "none, quarantine, reject"},
    {"adkim", read_adkim, TAG_PLAIN, "r, s"},
    {"aspf", read_aspf, TAG_PLAIN, "r, s"},
    {"psd", read_psd, TAG_PLAIN, "y, n, u"},
    {"t", read_t, TAG_PLAIN, "y, n"},
    {"fo", read_fo, TAG_PLAIN, "0, 1, d, s, with colons between"},
    {"rua", read_rua, TAG_URIS, "URIs, like mailto:reports@example.com, with commas between"},
    {"ruf", read_ruf, TAG_URIS, "URIs, like mailto:reports@example.com, with commas between"},
};
enum { TAGS = sizeof tags / sizeof tags[0] };

static size_t tag_find(struct slice name) {
    size_t at = 0;
    while (at < TAGS && !slice_equal_nocase(name, slice_from_text(tags[at].name))) at++;
    return at;
}

static bool is_removed(struct slice name) {
    static const char *const names[] = {"pct", "rf", "ri"};
    return place_of(name, names, 3) < 3;
}

/* RFC 9989 4.8: printing characters without the semicolon. */
static bool is_value(struct slice value) {
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e) return false;
    return value.len > 0;
}

static void read_known(struct reading *reading, size_t at, struct slice name, struct slice value) {
    const struct tag *tag = &tags[at];
    if (reading->seen & 1u << at) {
        note(reading, DMARC_FAULT_DUPLICATE, name, value);
        return;
    }
    reading->seen |= 1u << at;
    if (is_value(value) && tag->read(reading->record, value)) return;
    note(reading, DMARC_FAULT_VALUE, name, value);
    if (tag->kind == TAG_POLICY) reading->record->is_policy_invalid = true;
}

static void read_tag(struct reading *reading, struct slice tag) {
    struct slice value = tag;
    struct slice name = trim_blanks(slice_take_until(&value, '='));
    if (!slice_take_byte(&value, '=') || name.len == 0) {
        note(reading, DMARC_FAULT_SYNTAX, name, SLICE_EMPTY);
        return;
    }
    value = trim_blanks(value);
    size_t at = tag_find(name);
    if (at < TAGS)
        read_known(reading, at, name, value);
    else
        note(reading, is_removed(name) ? DMARC_FAULT_REMOVED : DMARC_FAULT_UNKNOWN, name, value);
}

/* RFC 9989 4.8, dmarc-version: it comes first, in exactly this case. */
static bool take_version(struct slice *rest) {
    struct slice value = trim_blanks(slice_take_until(rest, ';'));
    struct slice name = trim_blanks(slice_take_until(&value, '='));
    return slice_take_byte(&value, '=') && slice_equal_nocase(name, SLICE("v")) &&
           slice_equal(trim_blanks(value), SLICE("DMARC1"));
}

/* ---- what is wrong besides ---- */

static void review_uris(const struct reading *reading, struct slice name, struct slice list) {
    while (list.len) {
        struct slice text = trim_blanks(slice_take_until(&list, ','));
        (void)slice_take_byte(&list, ',');
        struct slice one = text;
        struct dmarc_uri uri;
        if (!dmarc_uri_next(&one, &uri) || uri.address.len == 0)
            note(reading, DMARC_FAULT_URI, name, text);
        else if (uri.text.len < text.len)
            note(reading, DMARC_FAULT_URI_SIZE, name, text);
    }
}

static void review(const struct reading *reading) {
    const struct dmarc_record *record = reading->record;
    review_uris(reading, SLICE("rua"), record->aggregate_uris);
    review_uris(reading, SLICE("ruf"), record->failure_uris);
    if (!(reading->seen & 1u << tag_find(SLICE("p"))))
        note(reading, DMARC_FAULT_NO_POLICY, SLICE("p"), SLICE_EMPTY);
    if (record->aggregate_uris.len == 0) note(reading, DMARC_FAULT_NO_REPORTS, SLICE("rua"), SLICE_EMPTY);
    if (reading->seen & 1u << tag_find(SLICE("fo")) && record->failure_uris.len == 0)
        note(reading, DMARC_FAULT_USELESS, SLICE("fo"), SLICE_EMPTY);
}

bool dmarc_record_parse(struct slice text, struct dmarc_record *record, struct dmarc_faults *faults) {
    if (faults) faults->count = 0;
    *record = (struct dmarc_record){.failure_options = DMARC_REPORT_ALL_FAILED};
    if (!take_version(&text)) return false;
    struct reading reading = {.record = record, .faults = faults};
    while (slice_take_byte(&text, ';')) {
        struct slice tag = trim_blanks(slice_take_until(&text, ';'));
        if (tag.len) read_tag(&reading, tag);
    }
    if (faults) review(&reading);
    return true;
}

bool dmarc_record_mend(struct dmarc_record *record) {
    if (record->policy != DMARC_NO_POLICY && !record->is_policy_invalid) return true;
    struct slice uris = record->aggregate_uris;
    struct dmarc_uri uri;
    if (!dmarc_uri_next(&uris, &uri)) return false;
    record->policy = DMARC_NONE;
    record->subdomain_policy = DMARC_NO_POLICY;
    record->absent_policy = DMARC_NO_POLICY;
    return true;
}

/* ---- words ---- */

static void write_assignment(struct buffer *out, const struct dmarc_fault *fault) {
    buffer_append(out, fault->tag);
    buffer_append_byte(out, '=');
    buffer_append(out, fault->value);
}

static void write_value_fault(struct buffer *out, const struct dmarc_fault *fault) {
    write_assignment(out, fault);
    buffer_append_text(out, " is none of ");
    buffer_append_text(out, tags[tag_find(fault->tag)].values);
}

/* What stands behind the tag and its value. */
static const char *const fault_words[DMARC_FAULTS] = {
    [DMARC_FAULT_NO_POLICY] = "p is missing: receivers take it for p=none, older ones ignore the record",
    [DMARC_FAULT_URI] = " is nowhere that reports can be sent to; write mailto:ADDRESS",
    [DMARC_FAULT_NO_REPORTS] = "rua is missing: no receiver reports who sends under this name",
    [DMARC_FAULT_DUPLICATE] = " is there a second time; the first one counts",
    [DMARC_FAULT_REMOVED] = " means nothing any more (RFC 9989 has no such tag)",
    [DMARC_FAULT_URI_SIZE] = ": a size behind an address means nothing any more",
    [DMARC_FAULT_UNKNOWN] = " is no tag of DMARC",
    [DMARC_FAULT_SYNTAX] = " is not TAG=VALUE",
    [DMARC_FAULT_USELESS] = "fo says when to send failure reports, and without ruf nobody gets any",
};

static bool is_about_value(enum dmarc_fault_kind kind) {
    return kind != DMARC_FAULT_NO_POLICY && kind != DMARC_FAULT_NO_REPORTS && kind != DMARC_FAULT_USELESS;
}

void dmarc_fault_write(struct buffer *out, const struct dmarc_fault *fault) {
    if (fault->kind == DMARC_FAULT_VALUE) {
        write_value_fault(out, fault);
        return;
    }
    if (fault->kind == DMARC_FAULT_SYNTAX)
        buffer_append(out, fault->tag);
    else if (is_about_value(fault->kind))
        write_assignment(out, fault);
    buffer_append_text(out, fault_words[fault->kind]);
}

/* ---- URIs ---- */

/* RFC 3986 3.1 */
static bool take_scheme(struct slice *rest, struct slice *scheme) {
    *scheme = slice_take_until(rest, ':');
    for (size_t i = 0; i < scheme->len; i++) {
        uint8_t c = scheme->ptr[i];
        if (!(ascii_is_alpha(c) || (i && (ascii_is_digit(c) || c == '+' || c == '-' || c == '.'))))
            return false;
    }
    return scheme->len > 0 && slice_take_byte(rest, ':');
}

static bool is_uri_byte(uint8_t c) { return ascii_is_alnum(c) || (c && strchr("-._~:/?#[]@$&'()*+;=%", c)); }

/* RFC 7489 6.2: "!" and a size, for which RFC 9989 has no use. */
static struct slice without_size(struct slice text) { return slice_sub(text, 0, slice_find_byte(text, '!')); }

/* RFC 6068 2 */
static void read_mailto(struct slice rest, struct dmarc_uri *uri) {
    struct slice address = slice_take_until(&rest, '?');
    struct slice local;
    struct slice domain;
    if (!address_split(address, &local, &domain) || local.len == 0 || domain.len == 0) return;
    uri->address = address;
    uri->host = domain;
}

static bool read_uri(struct slice text, struct dmarc_uri *uri) {
    struct slice rest = text;
    struct slice scheme;
    *uri = (struct dmarc_uri){.text = text};
    if (!take_scheme(&rest, &scheme) || rest.len == 0) return false;
    for (size_t i = 0; i < rest.len; i++)
        if (!is_uri_byte(rest.ptr[i])) return false;
    if (!slice_equal_nocase(scheme, SLICE("mailto"))) return true;
    read_mailto(rest, uri);
    return uri->address.len > 0;
}

bool dmarc_uri_next(struct slice *list, struct dmarc_uri *uri) {
    while (list->len) {
        struct slice text = trim_blanks(slice_take_until(list, ','));
        (void)slice_take_byte(list, ',');
        if (read_uri(trim_blanks(without_size(text)), uri)) return true;
    }
    return false;
}
