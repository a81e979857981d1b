#include "io/real/dns_message.h"

#include "base/buffer.h"
#include "base/limits.h"

enum {
    HEADER_BYTES = 12,
    RCODE_MASK = 15,
    RCODE_NO_ERROR = 0,
    RCODE_NO_SUCH_NAME = 3,
    POINTER_BITS = 0xc0,
    POINTER_MASK = 0x3fff,
    /* One before each label is all that can be of use. */
    POINTERS_MAX = DNS_NAME_BYTES_MAX / 2,
    CLASS_IN = 1,
    ANSWER_BYTES_MAX = 512 * 1024,
};

struct record {
    struct slice owner;
    uint16_t type;
    uint32_t ttl_s;
    /* Its data, and where in the message that is. */
    size_t data_at;
    struct slice data;
};

/* Where reading stands. `names` and `all` grow; slices into them are made at the end. */
struct reader {
    struct slice message;
    size_t at;
    bool is_bad;
    uint8_t owner[DNS_NAME_BYTES_MAX];
    uint8_t current[DNS_NAME_BYTES_MAX];
    size_t current_len;
    struct buffer data;
    size_t ends[DNS_RECORDS_MAX];
    size_t count;
    uint32_t ttl_s;
};

static size_t bad(struct reader *in) {
    in->is_bad = true;
    return 0;
}

static uint16_t number_at(struct slice bytes, size_t at) {
    return (uint16_t)(bytes.ptr[at] << 8 | bytes.ptr[at + 1]);
}

static uint16_t take_u16(struct reader *in) {
    if (in->is_bad || in->message.len - in->at < 2) return (uint16_t)bad(in);
    in->at += 2;
    return number_at(in->message, in->at - 2);
}

static uint32_t take_u32(struct reader *in) {
    uint32_t high = take_u16(in);
    return high << 16 | take_u16(in);
}

/* RFC 1035 4.1.4: a pointer goes back, here always further back than the one before. False: a bad one. */
static bool follow_pointer(const struct reader *in, size_t *at, size_t *before, size_t *hops) {
    size_t target = in->message.len - *at < 2 ? SIZE_MAX : number_at(in->message, *at) & POINTER_MASK;
    if (target >= *before || ++*hops > POINTERS_MAX) return false;
    *at = *before = target;
    return true;
}

/* Copies the name at `at` whole, in lower case, and returns its length; *end is where it stops in the
   message. */
static size_t copy_name(struct reader *in, size_t at, uint8_t name[DNS_NAME_BYTES_MAX], size_t *end) {
    size_t len = 0;
    size_t before = at;
    size_t hops = 0;
    *end = 0;
    for (;;) {
        if (at >= in->message.len) return bad(in);
        uint8_t size = in->message.ptr[at];
        if ((size & POINTER_BITS) == POINTER_BITS) {
            if (!*end) *end = at + 2;
            if (!follow_pointer(in, &at, &before, &hops)) return bad(in);
            continue;
        }
        if (size > DNS_LABEL_BYTES_MAX || in->message.len - at <= size || len + 1 + size > DNS_NAME_BYTES_MAX)
            return bad(in);
        name[len++] = size;
        for (size_t i = 1; i <= size; i++) name[len++] = ascii_lower(in->message.ptr[at + i]);
        at += 1 + (size_t)size;
        if (size) continue;
        if (!*end) *end = at;
        return len;
    }
}

static void take_name(struct reader *in, uint8_t name[DNS_NAME_BYTES_MAX], size_t *len) {
    size_t end = in->message.len;
    *len = in->is_bad ? 0 : copy_name(in, in->at, name, &end);
    in->at = in->is_bad ? in->message.len : end;
}

static struct record take_record(struct reader *in) {
    struct record record = {0};
    size_t owner_len;
    take_name(in, in->owner, &owner_len);
    record.owner = slice_of(in->owner, owner_len);
    record.type = take_u16(in);
    if (take_u16(in) != CLASS_IN) record.type = 0;
    record.ttl_s = take_u32(in);
    size_t len = take_u16(in);
    if (in->is_bad || in->message.len - in->at < len) {
        (void)bad(in);
        return record;
    }
    record.data_at = in->at;
    record.data = slice_sub(in->message, in->at, len);
    in->at += len;
    return record;
}

/* How a record's data is made of plain bytes and names. RFC 3597 4: only these may be compressed. */
struct layout {
    uint16_t type;
    size_t before;
    size_t names;
};
static const struct layout layouts[] = {
    {DNS_NS, 0, 1}, {DNS_CNAME, 0, 1}, {DNS_SOA, 0, 2}, {DNS_PTR, 0, 1}, {DNS_MX, 2, 1},
};

static struct layout layout_of(uint16_t type) {
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++)
        if (layouts[i].type == type) return layouts[i];
    return (struct layout){type, 0, 0};
}

/* Appends the data with its names written out. */
static void append_data(struct reader *in, const struct record *record) {
    struct layout layout = layout_of(record->type);
    if (record->data.len < layout.before) (void)bad(in);
    if (in->is_bad) return;
    buffer_append(&in->data, slice_sub(record->data, 0, layout.before));
    size_t at = record->data_at + layout.before;
    for (size_t i = 0; i < layout.names && !in->is_bad; i++) {
        uint8_t name[DNS_NAME_BYTES_MAX];
        size_t end = 0;
        size_t len = copy_name(in, at, name, &end);
        buffer_append(&in->data, slice_of(name, len));
        at = end;
    }
    if (in->is_bad || at > record->data_at + record->data.len) {
        (void)bad(in);
        return;
    }
    buffer_append(&in->data, slice_skip(record->data, at - record->data_at));
}

static void note_ttl(struct reader *in, uint32_t ttl_s) {
    if (ttl_s < in->ttl_s) in->ttl_s = ttl_s;
}

static void take_cname(struct reader *in, const struct record *record) {
    size_t end;
    note_ttl(in, record->ttl_s);
    in->current_len = copy_name(in, record->data_at, in->current, &end);
}

static void keep_record(struct reader *in, const struct record *record) {
    if (in->count == DNS_RECORDS_MAX) {
        (void)bad(in);
        return;
    }
    note_ttl(in, record->ttl_s);
    append_data(in, record);
    if (buffer_overflowed(&in->data)) (void)bad(in);
    in->ends[in->count++] = in->data.len;
}

/* The answer section. A chain of CNAMEs comes in its order (RFC 1034 4.3.2). */
static void take_answers(struct reader *in, uint16_t type, size_t records) {
    for (size_t i = 0; i < records && !in->is_bad; i++) {
        struct record record = take_record(in);
        if (in->is_bad || !slice_equal(record.owner, slice_of(in->current, in->current_len))) continue;
        if (record.type == type)
            keep_record(in, &record);
        else if (record.type == DNS_CNAME)
            take_cname(in, &record);
    }
}

static bool give_records(const struct reader *in, struct arena *arena, struct dns_answer *answer) {
    struct slice all;
    struct slice *records = arena_try_alloc(arena, in->count * sizeof *records);
    if (!records || !arena_try_copy(arena, buffer_slice(&in->data), &all) ||
        !arena_try_copy(arena, slice_of(in->current, in->current_len), &answer->canonical_name))
        return false;
    for (size_t i = 0, start = 0; i < in->count; start = in->ends[i++])
        records[i] = slice_sub(all, start, in->ends[i] - start);
    answer->records = records;
    answer->count = in->count;
    answer->ttl_s = in->ttl_s;
    return true;
}

static enum dns_result read_message(struct reader *in, uint16_t type, struct arena *arena,
                                    struct dns_answer *answer) {
    if (in->message.len < HEADER_BYTES) return DNS_SERVFAIL;
    unsigned rcode = in->message.ptr[3] & RCODE_MASK;
    if (rcode != RCODE_NO_ERROR) return rcode == RCODE_NO_SUCH_NAME ? DNS_NO_SUCH_NAME : DNS_SERVFAIL;
    if (number_at(in->message, 4) != 1) return DNS_SERVFAIL;
    size_t records = number_at(in->message, 6);
    in->at = HEADER_BYTES;
    take_name(in, in->current, &in->current_len);
    (void)take_u32(in);
    take_answers(in, type, records);
    if (in->is_bad) return DNS_SERVFAIL;
    if (in->count == 0) return DNS_NO_DATA;
    return give_records(in, arena, answer) ? DNS_OK : DNS_SERVFAIL;
}

void dns_message_read(struct slice message, uint16_t type, struct arena *arena, struct dns_answer *answer) {
    struct reader in = {.message = message, .data = buffer_new(ANSWER_BYTES_MAX), .ttl_s = UINT32_MAX};
    answer->result = read_message(&in, type, arena, answer);
    if (answer->result != DNS_OK) answer->canonical_name = SLICE_EMPTY;
    buffer_free(&in.data);
}
