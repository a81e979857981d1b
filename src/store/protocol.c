#include "store/protocol.h"

#include <errno.h>

#include "store/queue_model.h"

/* Times before 1970 are rare but there (a Date header): the sign goes into the lowest bit. */
void pack_time(struct buffer *out, int64_t time_ms) {
    pack_number(out, (uint64_t)time_ms << 1 ^ (time_ms < 0 ? UINT64_MAX : 0));
}

int64_t unpack_time(struct unpacker *in) {
    uint64_t number = unpack_number(in);
    return (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
}

void pack_result(struct buffer *out, enum store_result result) { pack_number(out, result); }

enum store_result unpack_result(struct unpacker *in) {
    uint64_t result = unpack_number_max(in, STORE_GONE);
    return in->is_bad ? STORE_FAILED : (enum store_result)result;
}

static void mark_bad(struct unpacker *in) { *in = (struct unpacker){SLICE_EMPTY, true}; }

void *unpack_array(struct unpacker *in, struct arena *arena, uint64_t *count, size_t packed_bytes_min,
                   size_t size) {
    *count = unpack_number_max(in, in->rest.len / packed_bytes_min);
    if (*count == 0) return NULL;
    void *array = arena_try_alloc(arena, *count * size);
    if (array) return array;
    mark_bad(in);
    *count = 0;
    return NULL;
}

static void pack_slices(struct buffer *out, const struct slice *slices, size_t count) {
    pack_number(out, count);
    for (size_t i = 0; i < count; i++) pack_slice(out, slices[i]);
}

static struct slice *unpack_slices(struct unpacker *in, struct arena *arena, size_t *count) {
    uint64_t number = 0;
    struct slice *slices = unpack_array(in, arena, &number, 1, sizeof *slices);
    for (uint64_t i = 0; i < number; i++) slices[i] = unpack_slice(in);
    *count = number;
    return slices;
}

void pack_route(struct buffer *out, const struct address_route *route) {
    pack_number(out, route->kind);
    pack_number(out, route->tenant);
    pack_bool(out, route->is_verified);
    pack_bool(out, route->is_judged);
    pack_number(out, route->target_count);
    for (size_t i = 0; i < route->target_count; i++) {
        pack_number(out, route->targets[i].account);
        pack_slice(out, route->targets[i].address);
        pack_bool(out, route->targets[i].is_over_quota);
        pack_bool(out, route->targets[i].is_forwarded);
    }
}

void unpack_route(struct unpacker *in, struct arena *arena, struct address_route *route) {
    uint64_t count = 0;
    route->kind = (enum address_kind)unpack_number_max(in, ADDRESS_RETURNED);
    route->tenant = unpack_number(in);
    route->is_verified = unpack_bool(in);
    route->is_judged = unpack_bool(in);
    route->targets = unpack_array(in, arena, &count, 4, sizeof *route->targets);
    route->target_count = count;
    for (uint64_t i = 0; i < count; i++) {
        route->targets[i].account = unpack_number(in);
        route->targets[i].address = unpack_slice(in);
        route->targets[i].is_over_quota = unpack_bool(in);
        route->targets[i].is_forwarded = unpack_bool(in);
    }
}

void pack_account(struct buffer *out, const struct account *account) {
    pack_number(out, account->id);
    pack_number(out, account->tenant);
    pack_slice(out, account->address);
    pack_number(out, account->quota_bytes);
    pack_number(out, account->used_bytes);
    pack_number(out, account->message_count);
    pack_time(out, account->created_ms);
    pack_bool(out, account->is_disabled);
    pack_bool(out, account->is_imap_off);
    pack_bool(out, account->is_pop3_off);
}

void unpack_account(struct unpacker *in, struct account *account) {
    account->id = unpack_number(in);
    account->tenant = unpack_number(in);
    account->address = unpack_slice(in);
    account->quota_bytes = unpack_number(in);
    account->used_bytes = unpack_number(in);
    account->message_count = unpack_number(in);
    account->created_ms = unpack_time(in);
    account->is_disabled = unpack_bool(in);
    account->is_imap_off = unpack_bool(in);
    account->is_pop3_off = unpack_bool(in);
}

/* Each range as its distance from the one before and its length: two bytes for most, and a list of
   IMAP_SEQUENCE_RANGES_MAX ascending ranges always fits a frame. Any order is allowed. */
void pack_ranges(struct buffer *out, struct uid_ranges ranges) {
    uint32_t at = 0;
    pack_number(out, ranges.count);
    for (size_t i = 0; i < ranges.count; i++) {
        struct uid_range range = ranges.ranges[i];
        pack_time(out, (int64_t)range.first - at);
        pack_number(out, range.last - range.first);
        at = range.last;
    }
}

static struct uid_range unpack_range(struct unpacker *in, uint32_t at) {
    uint64_t first = (uint64_t)(at + unpack_time(in));
    if (first == 0 || first > UINT32_MAX) mark_bad(in);
    uint64_t more = unpack_number_max(in, in->is_bad ? 0 : UINT32_MAX - first);
    return (struct uid_range){(uint32_t)first, (uint32_t)(first + more)};
}

void unpack_ranges(struct unpacker *in, struct arena *arena, struct uid_ranges *ranges) {
    uint64_t count = 0;
    uint32_t at = 0;
    struct uid_range *list = unpack_array(in, arena, &count, 2, sizeof *list);
    for (uint64_t i = 0; i < count && !in->is_bad; i++) {
        list[i] = unpack_range(in, at);
        at = list[i].last;
    }
    *ranges = (struct uid_ranges){list, in->is_bad ? 0 : count};
}

static void pack_facts(struct buffer *out, const struct message_facts *facts) {
    pack_number(out, facts->raw_bytes);
    pack_slice(out, facts->envelope);
    pack_slice(out, facts->structure);
    pack_slice(out, facts->preview);
    pack_slice(out, facts->subject_base);
    pack_time(out, facts->sent_ms);
    pack_slice(out, facts->message_id);
    pack_slices(out, facts->references, facts->reference_count);
    pack_number(out, facts->kind);
    pack_bool(out, facts->is_8bit);
}

static void unpack_facts(struct unpacker *in, struct arena *arena, struct message_facts *facts) {
    facts->raw_bytes = unpack_number(in);
    facts->envelope = unpack_slice(in);
    facts->structure = unpack_slice(in);
    facts->preview = unpack_slice(in);
    facts->subject_base = unpack_slice(in);
    facts->sent_ms = unpack_time(in);
    facts->message_id = unpack_slice(in);
    facts->references = unpack_slices(in, arena, &facts->reference_count);
    facts->kind = (uint32_t)unpack_number_max(in, UINT32_MAX);
    facts->is_8bit = unpack_bool(in);
}

static void pack_body(struct buffer *out, const struct body_source *body) {
    pack_slice(out, body->packed);
    pack_number(out, body->spool);
    pack_number(out, body->spool_bytes);
    pack_number(out, body->raw_bytes);
}

static void unpack_body(struct unpacker *in, struct body_source *body) {
    body->packed = unpack_slice(in);
    body->spool = unpack_number(in);
    body->spool_bytes = unpack_number(in);
    body->raw_bytes = unpack_number(in);
}

static void pack_queue(struct buffer *out, const struct queue_recipient *queue, size_t count) {
    pack_number(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_slice(out, queue[i].address);
        pack_slice(out, queue[i].original);
        pack_number(out, queue[i].notify);
        pack_bool(out, queue[i].is_forwarded);
    }
}

static struct queue_recipient *unpack_queue(struct unpacker *in, struct arena *arena, size_t *count) {
    uint64_t number = 0;
    struct queue_recipient *queue = unpack_array(in, arena, &number, 4, sizeof *queue);
    for (uint64_t i = 0; i < number; i++) {
        queue[i].address = unpack_slice(in);
        queue[i].original = unpack_slice(in);
        queue[i].notify = (uint32_t)unpack_number_max(in, UINT32_MAX);
        queue[i].is_forwarded = unpack_bool(in);
    }
    *count = number;
    return queue;
}

void pack_delivery(struct buffer *out, const struct delivery *delivery) {
    pack_number(out, delivery->id);
    pack_number(out, delivery->tenant);
    pack_number(out, delivery->account);
    pack_number(out, delivery->stream);
    pack_number(out, delivery->properties);
    pack_slice(out, delivery->mail_from);
    pack_slice(out, delivery->envelope_id);
    pack_number(out, delivery->dsn_return);
    pack_time(out, delivery->received_ms);
    pack_body(out, &delivery->body);
    pack_facts(out, &delivery->facts);
    pack_number(out, delivery->account_count);
    for (size_t i = 0; i < delivery->account_count; i++) pack_number(out, delivery->accounts[i]);
    pack_queue(out, delivery->queue, delivery->queue_count);
    pack_bool(out, delivery->is_junk);
    pack_slice(out, delivery->judged);
    pack_slice(out, delivery->keyword);
}

void unpack_delivery(struct unpacker *in, struct arena *arena, struct delivery *delivery) {
    uint64_t count = 0;
    delivery->id = unpack_number(in);
    delivery->tenant = unpack_number(in);
    delivery->account = unpack_number(in);
    delivery->stream = (uint32_t)unpack_number_max(in, QUEUE_STREAMS - 1);
    delivery->properties = (uint32_t)unpack_number_max(in, OUTGOING_PROPERTIES);
    delivery->mail_from = unpack_slice(in);
    delivery->envelope_id = unpack_slice(in);
    delivery->dsn_return = (uint32_t)unpack_number_max(in, 2);
    delivery->received_ms = unpack_time(in);
    unpack_body(in, &delivery->body);
    unpack_facts(in, arena, &delivery->facts);
    uint64_t *accounts = unpack_array(in, arena, &count, 1, sizeof *accounts);
    for (uint64_t i = 0; i < count; i++) accounts[i] = unpack_number(in);
    delivery->accounts = accounts;
    delivery->account_count = count;
    delivery->queue = unpack_queue(in, arena, &delivery->queue_count);
    delivery->is_junk = unpack_bool(in);
    delivery->judged = unpack_slice(in);
    delivery->keyword = unpack_slice(in);
}

void pack_append(struct buffer *out, const struct append *append) {
    pack_number(out, append->id);
    pack_number(out, append->mailbox);
    pack_number(out, append->flags);
    pack_slices(out, append->keywords, append->keyword_count);
    pack_time(out, append->saved_ms);
    pack_body(out, &append->body);
    pack_facts(out, &append->facts);
    pack_slice(out, append->source);
    pack_slice(out, append->judged);
}

void unpack_append(struct unpacker *in, struct arena *arena, struct append *append) {
    append->id = unpack_number(in);
    append->mailbox = unpack_number(in);
    append->flags = unpack_number_max(in, INT64_MAX);
    append->keywords = unpack_slices(in, arena, &append->keyword_count);
    append->saved_ms = unpack_time(in);
    unpack_body(in, &append->body);
    unpack_facts(in, arena, &append->facts);
    append->source = unpack_slice(in);
    append->judged = unpack_slice(in);
}

void pack_flag_change(struct buffer *out, const struct flag_change *change) {
    pack_number(out, change->mailbox);
    pack_ranges(out, change->uids);
    pack_number(out, change->operation);
    pack_number(out, change->flags);
    pack_slices(out, change->keywords, change->keyword_count);
    pack_number(out, change->unchanged_since);
}

void unpack_flag_change(struct unpacker *in, struct arena *arena, struct flag_change *change) {
    change->mailbox = unpack_number(in);
    unpack_ranges(in, arena, &change->uids);
    change->operation = (enum flag_operation)unpack_number_max(in, FLAGS_REMOVE);
    change->flags = unpack_number_max(in, INT64_MAX);
    change->keywords = unpack_slices(in, arena, &change->keyword_count);
    change->unchanged_since = unpack_number(in);
}

void pack_flag_result(struct buffer *out, const struct flag_result *result) {
    pack_number(out, result->modseq);
    pack_bool(out, result->is_changed);
    pack_ranges(out, result->unchanged);
    pack_bool(out, result->keywords_full);
}

void unpack_flag_result(struct unpacker *in, struct arena *arena, struct flag_result *result) {
    result->modseq = unpack_number(in);
    result->is_changed = unpack_bool(in);
    unpack_ranges(in, arena, &result->unchanged);
    result->keywords_full = unpack_bool(in);
}

void pack_copy_request(struct buffer *out, const struct copy_request *request) {
    pack_number(out, request->from_mailbox);
    pack_number(out, request->to_mailbox);
    pack_ranges(out, request->uids);
    pack_bool(out, request->is_move);
}

void unpack_copy_request(struct unpacker *in, struct arena *arena, struct copy_request *request) {
    request->from_mailbox = unpack_number(in);
    request->to_mailbox = unpack_number(in);
    unpack_ranges(in, arena, &request->uids);
    request->is_move = unpack_bool(in);
}

void pack_copy_result(struct buffer *out, const struct copy_result *result) {
    pack_number(out, result->uidvalidity);
    pack_ranges(out, result->copied);
    pack_number(out, result->first_uid);
}

void unpack_copy_result(struct unpacker *in, struct arena *arena, struct copy_result *result) {
    result->uidvalidity = (uint32_t)unpack_number_max(in, UINT32_MAX);
    unpack_ranges(in, arena, &result->copied);
    result->first_uid = (uint32_t)unpack_number_max(in, UINT32_MAX);
}

void pack_news(struct buffer *out, const struct mailbox_news *news) {
    pack_number(out, news->account);
    pack_number(out, news->mailbox);
    pack_number(out, news->highest_modseq);
    pack_bool(out, news->is_deleted);
}

void unpack_news(struct unpacker *in, struct mailbox_news *news) {
    news->account = unpack_number(in);
    news->mailbox = unpack_number(in);
    news->highest_modseq = unpack_number(in);
    news->is_deleted = unpack_bool(in);
}

int spill_read(struct env *env, struct handle handle, struct buffer *bytes) {
    struct file *file = file_adopt(env, handle);
    if (!file) return -EBADF;
    int64_t size = file_size(file);
    if (size > STORE_SPILL_BYTES_MAX) size = -EMSGSIZE;
    if (size > 0) {
        uint8_t *room = buffer_reserve(bytes, (size_t)size);
        size = room ? file_read(file, room, (size_t)size, 0) : -EMSGSIZE;
    }
    if (size > 0) buffer_grew(bytes, (size_t)size);
    file_close(&file);
    return size < 0 ? (int)size : 0;
}

int spill_write(struct env *env, struct handle *handle, struct slice bytes) {
    struct file *file = file_adopt(env, *handle);
    *handle = HANDLE_NONE;
    if (!file) return -EBADF;
    int result = bytes.len > STORE_SPILL_BYTES_MAX ? -EMSGSIZE : file_write(file, bytes, 0);
    if (!result) result = file_handle_copy(file, handle);
    file_close(&file);
    return result;
}
