#include "wire/dkim_field.h"

#include "base/encode.h"
#include "wire/address_split.h"
#include "wire/tag_list.h"

enum { TIME_S_MAX_DIGITS = 12 };

/* One of these reads a tag; `tag` is NULL where there is none. */
typedef enum dkim_fault read_tag(const struct tag *tag, struct dkim_field_tags *tags);

struct reader {
    const char *name;
    read_tag *read;
    /* By enum dkim_field_kind. */
    bool is_in[3];
};

const char *dkim_algorithm_word(enum dkim_algorithm algorithm) {
    return algorithm == DKIM_ED25519_SHA256 ? "ed25519-sha256" : "rsa-sha256";
}

/* ---- names and numbers ---- */

static bool is_label_byte(uint8_t c) { return ascii_is_alnum(c) || c == '-' || c == '_' || c >= 0x80; }

bool dkim_is_name(struct slice name) {
    if (name.len == 0 || name.len > DNS_NAME_BYTES_MAX) return false;
    bool was_dot = true;
    for (size_t i = 0; i < name.len; i++) {
        bool is_dot = name.ptr[i] == '.';
        if (is_dot ? was_dot : !is_label_byte(name.ptr[i])) return false;
        was_dot = is_dot;
    }
    return !was_dot;
}

bool dkim_is_within(struct slice name, struct slice domain) {
    if (!slice_ends_nocase(name, domain)) return false;
    return name.len == domain.len || name.ptr[name.len - domain.len - 1] == '.';
}

bool dkim_base64_decode(struct slice text, struct buffer *out) {
    struct buffer compact = buffer_new(text.len);
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(" \t\r\n", text.ptr[i], 4)) buffer_append_byte(&compact, text.ptr[i]);
    size_t before = out->len;
    bool is_good = compact.len && base64_decode(out, buffer_slice(&compact)) && !buffer_overflowed(out);
    if (!is_good) buffer_truncate(out, before);
    buffer_free(&compact);
    return is_good;
}

/* ---- tags ---- */

/* RFC 6376 3.5: its absence is an error, too. */
static enum dkim_fault read_version(const struct tag *tag, struct dkim_field_tags *tags) {
    (void)tags;
    if (!tag) return DKIM_FAULT_TAG_MISSING;
    return slice_equal(tag->value, SLICE("1")) ? DKIM_FAULT_NONE : DKIM_FAULT_VERSION;
}

static enum dkim_fault read_algorithm(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag) return DKIM_FAULT_TAG_MISSING;
    if (slice_equal(tag->value, SLICE("rsa-sha256")))
        tags->algorithm = DKIM_RSA_SHA256;
    else if (slice_equal(tag->value, SLICE("ed25519-sha256")))
        tags->algorithm = DKIM_ED25519_SHA256;
    else
        return slice_equal(tag->value, SLICE("rsa-sha1")) ? DKIM_FAULT_SHA1 : DKIM_FAULT_ALGORITHM;
    return DKIM_FAULT_NONE;
}

static bool read_form(struct slice word, enum dkim_form *form) {
    *form = slice_equal(word, SLICE("relaxed")) ? DKIM_RELAXED : DKIM_SIMPLE;
    return *form == DKIM_RELAXED || slice_equal(word, SLICE("simple"));
}

/* RFC 6376 3.5. ARC has no default of its own; who leaves c= out there means the form of seals (RFC
   8617 4.1.3), as the public validation suite has it. */
static enum dkim_form form_unsaid(enum dkim_field_kind kind) {
    return kind == DKIM_SIGNATURE_FIELD ? DKIM_SIMPLE : DKIM_RELAXED;
}

/* RFC 6376 3.5: "relaxed" is "relaxed/simple". */
static enum dkim_fault read_forms(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag) return DKIM_FAULT_NONE;
    struct slice body = tag->value;
    struct slice header = slice_take_until(&body, '/');
    if (!read_form(header, &tags->header_form)) return DKIM_FAULT_FORM;
    tags->body_form = DKIM_SIMPLE;
    if (!slice_take_byte(&body, '/')) return DKIM_FAULT_NONE;
    return read_form(body, &tags->body_form) ? DKIM_FAULT_NONE : DKIM_FAULT_FORM;
}

static enum dkim_fault read_domain(const struct tag *tag, struct dkim_field_tags *tags) {
    (void)tags;
    if (!tag || tag->value.len == 0) return DKIM_FAULT_TAG_MISSING;
    return dkim_is_name(tag->value) ? DKIM_FAULT_NONE : DKIM_FAULT_DOMAIN;
}

static enum dkim_fault read_selector(const struct tag *tag, struct dkim_field_tags *tags) {
    (void)tags;
    if (!tag || tag->value.len == 0) return DKIM_FAULT_TAG_MISSING;
    return dkim_is_name(tag->value) ? DKIM_FAULT_NONE : DKIM_FAULT_SELECTOR;
}

/* RFC 6376 3.5: the domain of i= is d= or below it. */
static enum dkim_fault read_identity(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag) return DKIM_FAULT_NONE;
    tags->identity = tag->value;
    struct slice local;
    struct slice domain;
    bool is_within = address_split(tag->value, &local, &domain) && dkim_is_within(domain, tags->domain);
    return is_within ? DKIM_FAULT_NONE : DKIM_FAULT_IDENTITY;
}

/* RFC 5322 3.6.8: a field name has no blanks, controls or colons. */
static bool is_field_name(struct slice name) {
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f) return false;
    return true;
}

static bool names_are_good(struct slice names) {
    struct tag_words words = tag_words_of(names, ':');
    struct slice name;
    size_t count = 0;
    while (tag_words_next(&words, &name))
        if (!is_field_name(name) || ++count > DKIM_NAMES_MAX) return false;
    return true;
}

/* RFC 6376 5.4: From is always signed. */
static enum dkim_fault read_names(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag || tag->value.len == 0) return DKIM_FAULT_TAG_MISSING;
    tags->names = tag->value;
    if (!names_are_good(tag->value)) return DKIM_FAULT_NAMES;
    return tag_words_have(tag->value, ':', SLICE("from")) ? DKIM_FAULT_NONE : DKIM_FAULT_FROM_UNSIGNED;
}

/* RFC 8617 4.1.2 asks for no From. */
static enum dkim_fault read_arc_names(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag) return DKIM_FAULT_TAG_MISSING;
    tags->names = tag->value;
    return names_are_good(tag->value) ? DKIM_FAULT_NONE : DKIM_FAULT_NAMES;
}

/* RFC 8617 4.1.3: a seal covers ARC's own fields, and has no h=. */
static enum dkim_fault read_no_names(const struct tag *tag, struct dkim_field_tags *tags) {
    (void)tags;
    return tag ? DKIM_FAULT_NAMES : DKIM_FAULT_NONE;
}

static enum dkim_fault read_query(const struct tag *tag, struct dkim_field_tags *tags) {
    (void)tags;
    bool is_known = !tag || tag_words_have(tag->value, ':', SLICE("dns/txt"));
    return is_known ? DKIM_FAULT_NONE : DKIM_FAULT_QUERY;
}

static bool read_time(const struct tag *tag, int64_t *seconds) {
    uint64_t number;
    if (tag->value.len > TIME_S_MAX_DIGITS || !slice_to_number(tag->value, INT64_MAX, &number)) return false;
    *seconds = (int64_t)number;
    return true;
}

static enum dkim_fault read_signed_at(const struct tag *tag, struct dkim_field_tags *tags) {
    return !tag || read_time(tag, &tags->signed_at_s) ? DKIM_FAULT_NONE : DKIM_FAULT_TIME;
}

/* RFC 6376 3.5: x= is later than t=. */
static enum dkim_fault read_expires_at(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag) return DKIM_FAULT_NONE;
    bool is_good = read_time(tag, &tags->expires_at_s) && tags->expires_at_s > tags->signed_at_s;
    return is_good ? DKIM_FAULT_NONE : DKIM_FAULT_TIME;
}

static enum dkim_fault read_body_hash(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag || tag->value.len == 0) return DKIM_FAULT_TAG_MISSING;
    struct buffer hash = buffer_new(DKIM_DIGEST_BYTES);
    bool is_good = dkim_base64_decode(tag->value, &hash) && hash.len == DKIM_DIGEST_BYTES;
    if (is_good) memcpy(tags->body_hash, hash.ptr, DKIM_DIGEST_BYTES);
    buffer_free(&hash);
    return is_good ? DKIM_FAULT_NONE : DKIM_FAULT_BASE64;
}

static enum dkim_fault read_signature(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag || tag->value.len == 0) return DKIM_FAULT_TAG_MISSING;
    tags->signature_text = tag->raw_value;
    struct buffer bytes = buffer_new(DKIM_SIGNATURE_BYTES_MAX);
    bool is_good = dkim_base64_decode(tag->value, &bytes);
    buffer_free(&bytes);
    return is_good ? DKIM_FAULT_NONE : DKIM_FAULT_BASE64;
}

static enum dkim_fault read_instance(const struct tag *tag, struct dkim_field_tags *tags) {
    uint64_t number;
    if (!tag) return DKIM_FAULT_TAG_MISSING;
    if (!slice_to_number(tag->value, ARC_INSTANCES_MAX, &number) || number == 0) return DKIM_FAULT_INSTANCE;
    tags->instance = (unsigned)number;
    return DKIM_FAULT_NONE;
}

static enum dkim_fault read_status(const struct tag *tag, struct dkim_field_tags *tags) {
    if (!tag) return DKIM_FAULT_TAG_MISSING;
    if (slice_equal_nocase(tag->value, SLICE("none")))
        tags->status = ARC_STATUS_NONE;
    else if (slice_equal_nocase(tag->value, SLICE("pass")))
        tags->status = ARC_STATUS_PASS;
    else if (slice_equal_nocase(tag->value, SLICE("fail")))
        tags->status = ARC_STATUS_FAIL;
    else
        return DKIM_FAULT_CHAIN_STATUS;
    return DKIM_FAULT_NONE;
}

static enum dkim_fault read_length(const struct tag *tag, struct dkim_field_tags *tags) {
    (void)tags;
    return tag ? DKIM_FAULT_LENGTH : DKIM_FAULT_NONE;
}

/* In this order: some look at what others have read. l= is last, see the header. */
static const struct reader readers[] = {
    {"i", read_instance, {false, true, true}},   {"v", read_version, {true, false, false}},
    {"a", read_algorithm, {true, true, true}},   {"d", read_domain, {true, true, true}},
    {"s", read_selector, {true, true, true}},    {"i", read_identity, {true, false, false}},
    {"cv", read_status, {false, false, true}},   {"c", read_forms, {true, true, false}},
    {"q", read_query, {true, true, false}},      {"h", read_names, {true, false, false}},
    {"h", read_arc_names, {false, true, false}}, {"h", read_no_names, {false, false, true}},
    {"t", read_signed_at, {true, true, true}},   {"x", read_expires_at, {true, true, false}},
    {"bh", read_body_hash, {true, true, false}}, {"b", read_signature, {true, true, true}},
    {"l", read_length, {true, true, false}},
};

/* ---- the field ---- */

static enum dkim_fault fault_of_list(enum tag_list_result result) {
    if (result == TAG_LIST_OK) return DKIM_FAULT_NONE;
    if (result == TAG_LIST_DOUBLED) return DKIM_FAULT_TAG_DOUBLED;
    return result == TAG_LIST_TOO_MANY ? DKIM_FAULT_FIELD_TOO_LONG : DKIM_FAULT_TAGS;
}

static struct slice value_of(const struct tag_list *list, struct slice name) {
    const struct tag *tag = tag_list_find(list, name);
    return tag ? tag->value : SLICE_EMPTY;
}

/* What a result is named by is there even if the rest is wrong. */
static void read_titles(const struct tag_list *list, struct dkim_field_tags *tags) {
    tags->algorithm_word = value_of(list, SLICE("a"));
    tags->domain = value_of(list, SLICE("d"));
    tags->selector = value_of(list, SLICE("s"));
}

enum dkim_fault dkim_field_read(enum dkim_field_kind kind, struct slice value, struct dkim_field_tags *tags) {
    struct tag_list list;
    *tags = (struct dkim_field_tags){.header_form = form_unsaid(kind), .body_form = form_unsaid(kind)};
    if (value.len > DKIM_SIGNATURE_FIELD_BYTES_MAX) return DKIM_FAULT_FIELD_TOO_LONG;
    enum dkim_fault fault = fault_of_list(tag_list_read(value, &list));
    if (fault) return fault;
    read_titles(&list, tags);
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (!readers[i].is_in[kind]) continue;
        fault = readers[i].read(tag_list_find(&list, slice_from_text(readers[i].name)), tags);
        if (fault) return fault;
    }
    return DKIM_FAULT_NONE;
}

enum dkim_form dkim_field_body_form(enum dkim_field_kind kind, struct slice value) {
    struct tag_list list;
    struct dkim_field_tags tags = {.body_form = form_unsaid(kind)};
    bool is_good = value.len <= DKIM_SIGNATURE_FIELD_BYTES_MAX && tag_list_read(value, &list) == TAG_LIST_OK;
    if (is_good) (void)read_forms(tag_list_find(&list, SLICE("c")), &tags);
    return tags.body_form;
}

void dkim_field_form(enum dkim_form form, struct slice field, struct slice signature_text,
                     struct byte_sink sink) {
    struct buffer unsigned_field = buffer_new(field.len);
    size_t before = (size_t)(signature_text.ptr - field.ptr);
    ASSERT(signature_text.ptr >= field.ptr && before + signature_text.len <= field.len);
    buffer_append(&unsigned_field, slice_sub(field, 0, before));
    buffer_append(&unsigned_field, slice_skip(field, before + signature_text.len));
    dkim_form_field(form, buffer_slice(&unsigned_field), sink);
    buffer_free(&unsigned_field);
}
