/* Reports as bytes, and back. What is stored may be damaged, and is checked as what a role says. */
#include "store/feedback_model.h"

#include "base/limits.h"
#include "store/protocol.h"

enum { RECORD_PACKED_BYTES_MIN = 8, FAILURE_PACKED_BYTES_MIN = 8, WAY_PACKED_BYTES_MIN = 5 };

/* ---- records ---- */

static void auth_pack(struct buffer *out, const struct feedback_auth *auth) {
    pack_bool(out, auth->is_spf);
    pack_slice(out, auth->domain);
    pack_slice(out, auth->selector);
    pack_slice(out, auth->result);
    pack_slice(out, auth->words);
}

void feedback_record_pack(struct buffer *out, const struct feedback_record *record) {
    pack_slice(out, record->source);
    pack_number(out, record->disposition);
    pack_bool(out, record->is_dkim_aligned);
    pack_bool(out, record->is_spf_aligned);
    pack_slice(out, record->reason);
    pack_slice(out, record->comment);
    pack_slice(out, record->header_from);
    pack_slice(out, record->envelope_from);
    pack_slice(out, record->envelope_to);
    pack_number(out, record->auth_count);
    for (size_t i = 0; i < record->auth_count; i++) auth_pack(out, &record->auths[i]);
}

static struct feedback_auth auth_unpack(struct unpacker *in) {
    struct feedback_auth auth = {.is_spf = unpack_bool(in)};
    auth.domain = unpack_slice(in);
    auth.selector = unpack_slice(in);
    auth.result = unpack_slice(in);
    auth.words = unpack_slice(in);
    return auth;
}

void feedback_record_unpack(struct unpacker *in, struct arena *arena, struct feedback_record *record) {
    *record = (struct feedback_record){.source = unpack_slice(in)};
    record->disposition = (enum dmarc_policy)unpack_number_max(in, DMARC_REJECT);
    record->is_dkim_aligned = unpack_bool(in);
    record->is_spf_aligned = unpack_bool(in);
    record->reason = unpack_slice(in);
    record->comment = unpack_slice(in);
    record->header_from = unpack_slice(in);
    record->envelope_from = unpack_slice(in);
    record->envelope_to = unpack_slice(in);
    uint64_t count = unpack_number_max(in, FEEDBACK_RESULTS_MAX);
    if (count) record->auths = arena_try_alloc(arena, count * sizeof *record->auths);
    if (count && !record->auths) in->is_bad = true;
    if (in->is_bad) return;
    for (size_t i = 0; i < count; i++) record->auths[i] = auth_unpack(in);
    record->auth_count = count;
}

/* ---- ways ---- */

static void failure_pack(struct buffer *out, const struct feedback_failure *failure) {
    pack_number(out, failure->type);
    pack_slice(out, failure->type_text);
    pack_slice(out, failure->sender_address);
    pack_slice(out, failure->host);
    pack_slice(out, failure->host_address);
    pack_number(out, failure->count);
    pack_slice(out, failure->reason);
    pack_slice(out, failure->words);
}

static struct feedback_failure failure_unpack(struct unpacker *in) {
    struct feedback_failure failure = {.type = (enum tls_result_type)unpack_number_max(in, TLS_RESULT_TYPES)};
    failure.type_text = unpack_slice(in);
    failure.sender_address = unpack_slice(in);
    failure.host = unpack_slice(in);
    failure.host_address = unpack_slice(in);
    failure.count = unpack_number(in);
    failure.reason = unpack_slice(in);
    failure.words = unpack_slice(in);
    return failure;
}

static void way_pack(struct buffer *out, const struct feedback_way *way) {
    pack_number(out, way->type);
    pack_slice(out, way->domain);
    pack_number(out, way->succeeded);
    pack_number(out, way->failed);
    pack_number(out, way->failure_count);
    for (size_t i = 0; i < way->failure_count; i++) failure_pack(out, &way->failures[i]);
}

static void way_unpack(struct unpacker *in, struct arena *arena, struct feedback_way *way) {
    way->type = (enum tls_policy_type)unpack_number_max(in, TLS_POLICY_TYPES - 1);
    way->domain = unpack_slice(in);
    way->succeeded = unpack_number(in);
    way->failed = unpack_number(in);
    uint64_t count = 0;
    way->failures = unpack_array(in, arena, &count, FAILURE_PACKED_BYTES_MIN, sizeof *way->failures);
    for (uint64_t i = 0; i < count; i++) way->failures[i] = failure_unpack(in);
    way->failure_count = count;
}

/* ---- all of it ---- */

static void head_pack(struct buffer *out, const struct feedback *f) {
    pack_number(out, f->kind);
    pack_slice(out, f->organization);
    pack_slice(out, f->contact);
    pack_slice(out, f->id);
    pack_slice(out, f->domain);
    pack_time(out, f->begin_s);
    pack_time(out, f->end_s);
    pack_number(out, f->passed);
    pack_number(out, f->failed);
    pack_slice(out, f->policy.domain);
    pack_number(out, f->policy.policy);
    pack_number(out, f->policy.subdomain_policy);
    pack_number(out, f->policy.absent_policy);
    pack_bool(out, f->policy.is_dkim_strict);
    pack_bool(out, f->policy.is_spf_strict);
    pack_bool(out, f->policy.is_test);
}

static void head_unpack(struct unpacker *in, struct feedback *f) {
    *f = (struct feedback){.kind = (enum feedback_kind)unpack_number_max(in, FEEDBACK_KINDS - 1)};
    f->organization = unpack_slice(in);
    f->contact = unpack_slice(in);
    f->id = unpack_slice(in);
    f->domain = unpack_slice(in);
    f->begin_s = unpack_time(in);
    f->end_s = unpack_time(in);
    f->passed = unpack_number(in);
    f->failed = unpack_number(in);
    f->policy.domain = unpack_slice(in);
    f->policy.policy = (enum dmarc_policy)unpack_number_max(in, DMARC_REJECT);
    f->policy.subdomain_policy = (enum dmarc_policy)unpack_number_max(in, DMARC_REJECT);
    f->policy.absent_policy = (enum dmarc_policy)unpack_number_max(in, DMARC_REJECT);
    f->policy.is_dkim_strict = unpack_bool(in);
    f->policy.is_spf_strict = unpack_bool(in);
    f->policy.is_test = unpack_bool(in);
}

/* Of records and ways, in this order, those that fit. */
struct packed_list {
    struct buffer bytes;
    uint64_t count;
    uint64_t left_out;
};

static void list_add(struct packed_list *list, const struct buffer *one, uint64_t count, size_t room) {
    if (buffer_overflowed(one) || one->len > room - list->bytes.len) {
        list->left_out += count;
        return;
    }
    buffer_append(&list->bytes, buffer_slice(one));
    list->count++;
}

static void list_write(struct buffer *out, const struct packed_list *list) {
    pack_number(out, list->count);
    buffer_append(out, buffer_slice(&list->bytes));
}

void feedback_pack(struct buffer *out, const struct feedback *f) {
    struct buffer one = buffer_new(FEEDBACK_STORED_BYTES_MAX);
    struct packed_list records = {.bytes = buffer_new(FEEDBACK_STORED_BYTES_MAX)};
    struct packed_list ways = {.bytes = buffer_new(FEEDBACK_STORED_BYTES_MAX)};
    head_pack(out, f);
    size_t spare = 64;
    size_t room = out->max_bytes - out->len > spare ? out->max_bytes - out->len - spare : 0;
    for (size_t i = 0; i < f->way_count; i++) {
        buffer_clear(&one);
        way_pack(&one, &f->ways[i]);
        list_add(&ways, &one, f->ways[i].failed, room);
    }
    room -= ways.bytes.len;
    for (size_t i = 0; i < f->record_count; i++) {
        buffer_clear(&one);
        pack_number(&one, f->records[i].count);
        feedback_record_pack(&one, &f->records[i]);
        list_add(&records, &one, f->records[i].count, room);
    }
    pack_number(out, f->left_out + ways.left_out + records.left_out);
    list_write(out, &ways);
    list_write(out, &records);
    buffer_free(&one);
    buffer_free(&records.bytes);
    buffer_free(&ways.bytes);
}

bool feedback_unpack(struct slice details, struct arena *arena, struct feedback *f) {
    struct unpacker in = unpacker_of(details);
    uint64_t count = 0;
    head_unpack(&in, f);
    f->left_out = unpack_number(&in);
    f->ways = unpack_array(&in, arena, &count, WAY_PACKED_BYTES_MIN, sizeof *f->ways);
    for (uint64_t i = 0; i < count; i++) way_unpack(&in, arena, &f->ways[i]);
    f->way_count = count;
    f->records = unpack_array(&in, arena, &count, RECORD_PACKED_BYTES_MIN, sizeof *f->records);
    for (uint64_t i = 0; i < count; i++) {
        uint64_t messages = unpack_number(&in);
        feedback_record_unpack(&in, arena, &f->records[i]);
        f->records[i].count = messages;
    }
    f->record_count = count;
    return unpack_is_done(&in);
}

void feedback_entry_pack(struct buffer *out, const struct feedback_entry *entry) {
    pack_number(out, entry->id);
    pack_time(out, entry->received_ms);
    pack_number(out, entry->kind);
    pack_slice(out, entry->domain);
    pack_slice(out, entry->organization);
    pack_slice(out, entry->report);
    pack_slice(out, entry->author);
    pack_number(out, entry->trust);
    pack_time(out, entry->begin_s);
    pack_time(out, entry->end_s);
    pack_number(out, entry->passed);
    pack_number(out, entry->failed);
    pack_slice(out, entry->details);
}

void feedback_entry_unpack(struct unpacker *in, struct feedback_entry *entry) {
    entry->id = unpack_number(in);
    entry->received_ms = unpack_time(in);
    entry->kind = (enum feedback_kind)unpack_number_max(in, FEEDBACK_KINDS - 1);
    entry->domain = unpack_slice(in);
    entry->organization = unpack_slice(in);
    entry->report = unpack_slice(in);
    entry->author = unpack_slice(in);
    entry->trust = (enum feedback_trust)unpack_number_max(in, FEEDBACK_TRUSTS - 1);
    entry->begin_s = unpack_time(in);
    entry->end_s = unpack_time(in);
    entry->passed = unpack_number_max(in, INT64_MAX);
    entry->failed = unpack_number_max(in, INT64_MAX);
    entry->details = unpack_slice(in);
}
