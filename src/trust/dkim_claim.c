#include "trust/dkim_claim.h"

#include "trust/dkim_hash.h"
#include "trust/dkim_public_key.h"
#include "wire/address_split.h"
#include "wire/smtp_address.h"
#include "wire/tag_list.h"

struct dkim_known_key {
    struct dkim_known_key *next;
    struct slice name;
    struct trust_texts texts;
};

enum { NAME_ARENA_BYTES = 4096, NAME_BYTES_MAX = 3 * DNS_NAME_BYTES_MAX };

struct dkim_keys dkim_keys_of(struct trust_lookups *lookups) {
    return (struct dkim_keys){.lookups = lookups};
}

/* ---- where the key is ---- */

static bool is_ascii(struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] >= 0x80) return false;
    return true;
}

/* RFC 8616 4: U-labels are asked for as A-labels. */
static bool append_name(struct buffer *out, struct slice name) {
    struct slice ascii = name;
    struct slice domain;
    struct arena *arena = arena_new(NAME_ARENA_BYTES);
    bool is_good = is_ascii(name) || smtp_domain_parse(arena, name, &domain, &ascii) == SMTP_ADDRESS_OK;
    for (size_t i = 0; is_good && i < ascii.len; i++) buffer_append_byte(out, ascii_lower(ascii.ptr[i]));
    arena_free(&arena);
    return is_good;
}

/* RFC 6376 3.6.2.1. False: DNS can have no such name. */
static bool key_name(const struct dkim_field_tags *tags, struct buffer *out) {
    bool is_good = append_name(out, tags->selector);
    buffer_append_text(out, "._domainkey.");
    return is_good && append_name(out, tags->domain) && !buffer_overflowed(out);
}

/* Answers may have filled the arena: then nothing more is asked. */
static struct dkim_known_key *new_key(struct dkim_keys *keys, struct slice name) {
    struct dkim_known_key *key = arena_try_alloc(keys->lookups->arena, sizeof *key);
    if (!key || !arena_try_copy(keys->lookups->arena, name, &key->name)) return NULL;
    key->next = keys->known;
    keys->known = key;
    return key;
}

static struct trust_texts ask(struct task *t, struct dkim_keys *keys, struct slice name) {
    for (const struct dkim_known_key *known = keys->known; known; known = known->next)
        if (slice_equal(known->name, name)) return known->texts;
    struct dkim_known_key *key = new_key(keys, name);
    if (!key) return (struct trust_texts){.result = DNS_SERVFAIL};
    key->texts = trust_look_up_texts(t, keys->lookups, key->name);
    return key->texts;
}

static struct trust_texts find(struct task *t, struct dkim_keys *keys, const struct dkim_field_tags *tags) {
    struct trust_texts texts = {.result = DNS_NO_SUCH_NAME};
    struct buffer name = buffer_new(NAME_BYTES_MAX);
    if (key_name(tags, &name)) texts = ask(t, keys, buffer_slice(&name));
    buffer_free(&name);
    return texts;
}

/* ---- what was added ---- */

static size_t count_signed(struct slice names, struct slice name) {
    struct tag_words words = tag_words_of(names, ':');
    struct slice found;
    size_t count = 0;
    while (tag_words_next(&words, &found)) count += slice_equal_nocase(found, name);
    return count;
}

static bool has_unsigned(const struct dkim_header *header, struct slice names, struct slice name,
                         size_t most) {
    size_t first;
    size_t count = dkim_header_find(header, name, &first);
    return count > most && count > count_signed(names, name);
}

enum dkim_fault dkim_find_added(const struct dkim_header *header, struct slice names) {
    if (has_unsigned(header, names, SLICE("From"), 0)) return DKIM_FAULT_FROM_ADDED;
    return has_unsigned(header, names, SLICE("Subject"), 1) ? DKIM_FAULT_SUBJECT_ADDED : DKIM_FAULT_NONE;
}

/* ---- what it proves ---- */

/* RFC 6376 3.6.1, t=s. */
static bool is_strictly_within(const struct dkim_field_tags *tags) {
    return tags->identity.len == 0 || slice_equal_nocase(address_split_domain(tags->identity), tags->domain);
}

static enum dkim_fault fits(const struct dkim_public_key *key, const struct dkim_claim *claim,
                            struct trust_lookups *lookups) {
    if (key->work > DKIM_KEY_WORK_MAX - lookups->key_work) return DKIM_FAULT_KEY_WORK;
    lookups->key_work += key->work;
    struct buffer signature = buffer_new(DKIM_SIGNATURE_BYTES_MAX);
    bool is_good = dkim_base64_decode(claim->tags->signature_text, &signature) &&
                   dkim_public_key_fits(key, claim->digest, buffer_slice(&signature));
    buffer_free(&signature);
    return is_good ? DKIM_FAULT_NONE : DKIM_FAULT_SIGNATURE;
}

static enum dkim_fault try_key(const struct dkim_key_record *record, const struct dkim_claim *claim,
                               struct trust_lookups *lookups, unsigned *bits) {
    struct dkim_public_key key;
    enum dkim_fault fault = dkim_public_key_open(record, &key);
    *bits = key.bits;
    if (fault) return fault;
    fault = fits(&key, claim, lookups);
    dkim_public_key_close(&key);
    return fault;
}

static struct dkim_proof try_record(struct slice text, const struct dkim_claim *claim,
                                    struct trust_lookups *lookups) {
    struct dkim_key_record record;
    struct dkim_proof proof = {.fault = dkim_key_read(text, &record)};
    proof.is_testing = record.is_testing;
    proof.is_strict = record.is_strict;
    if (proof.fault) return proof;
    bool is_type = (claim->tags->algorithm == DKIM_ED25519_SHA256) == (record.type == DKIM_KEY_ED25519);
    if (!is_type)
        proof.fault = DKIM_FAULT_KEY_TYPE;
    else if (record.is_strict && !is_strictly_within(claim->tags))
        proof.fault = DKIM_FAULT_KEY_STRICT;
    else
        proof.fault = try_key(&record, claim, lookups, &proof.key_bits);
    return proof;
}

/* RFC 6376 6.1.2: of several records any may be the key. One that proves nothing says more than one that
   cannot be read, which may be no key at all. */
static struct dkim_proof try_records(const struct trust_texts *texts, const struct dkim_claim *claim,
                                     struct trust_lookups *lookups) {
    struct dkim_proof best = {.fault = DKIM_FAULT_KEY_MALFORMED};
    for (size_t i = 0, tried = 0; i < texts->count && tried < DKIM_KEYS_MAX; i++) {
        struct dkim_proof proof = try_record(texts->items[i], claim, lookups);
        if (proof.fault != DKIM_FAULT_KEY_MALFORMED) tried++;
        if (proof.fault == DKIM_FAULT_NONE) return proof;
        if (best.fault == DKIM_FAULT_KEY_MALFORMED) best = proof;
    }
    return best;
}

struct dkim_proof dkim_prove(struct task *t, struct dkim_keys *keys, const struct dkim_claim *claim) {
    struct trust_texts texts = find(t, keys, claim->tags);
    if (trust_is_unsure(texts.result))
        return (struct dkim_proof){.fault = keys->lookups->is_spent ? DKIM_FAULT_KEY_SPENT
                                                                    : DKIM_FAULT_KEY_UNSURE};
    if (texts.result != DNS_OK) return (struct dkim_proof){.fault = DKIM_FAULT_KEY_NONE};
    struct dkim_proof proof = try_records(&texts, claim, keys->lookups);
    proof.is_secure = texts.is_secure;
    /* Each is some work: others have their turn. */
    (void)!task_yield(t);
    return proof;
}

/* ---- a whole field ---- */

static enum dkim_fault fault_of_time(const struct dkim_field_tags *tags, int64_t now_s) {
    if (tags->expires_at_s && tags->expires_at_s + DKIM_CLOCK_SKEW_S < now_s) return DKIM_FAULT_EXPIRED;
    return tags->signed_at_s > now_s + DKIM_CLOCK_SKEW_S ? DKIM_FAULT_FUTURE : DKIM_FAULT_NONE;
}

static bool body_is_unchanged(const struct dkim_message *message, const struct dkim_field_tags *tags) {
    const uint8_t *hash = dkim_message_body_hash(message, tags->body_form);
    return hash && memcmp(hash, tags->body_hash, DKIM_DIGEST_BYTES) == 0;
}

/* RFC 6376 3.7. */
static void hash_fields(const struct dkim_header *header, const struct dkim_header_field *field,
                        const struct dkim_field_tags *tags, uint8_t digest[DKIM_DIGEST_BYTES]) {
    struct dkim_hash hash = dkim_hash_new();
    struct byte_sink sink = dkim_hash_sink(&hash);
    dkim_header_form(header, tags->header_form, tags->names, field, sink);
    dkim_field_form(tags->header_form, field->whole, tags->signature_text, sink);
    dkim_hash_end(&hash, digest);
}

struct dkim_proof dkim_check_field(struct task *t, const struct dkim_message *message,
                                   const struct dkim_header_field *field, const struct dkim_field_tags *tags,
                                   struct dkim_keys *keys, int64_t now_s) {
    uint8_t digest[DKIM_DIGEST_BYTES];
    enum dkim_fault fault = fault_of_time(tags, now_s);
    if (!fault && !body_is_unchanged(message, tags)) fault = DKIM_FAULT_BODY;
    if (fault) return (struct dkim_proof){.fault = fault};
    hash_fields(dkim_message_header(message), field, tags, digest);
    return dkim_prove(t, keys, &(struct dkim_claim){tags, digest});
}
