#include "transit/dkim_look.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "wire/dkim_key.h"
#include "wire/dns.h"

enum { LOOK_ARENA_BYTES = 256 * 1024, RECORD_BYTES_MAX = 16 * 1024 };

static bool read_key(struct slice text, enum dkim_key_type *type, struct buffer *key) {
    struct dkim_key_record record;
    if (dkim_key_read(text, &record) != DKIM_FAULT_NONE) return false;
    *type = record.type;
    return dkim_base64_decode(record.public_key, key);
}

bool dkim_look_is_same(struct slice found, struct slice wanted) {
    struct buffer ours = buffer_new(RECORD_BYTES_MAX);
    struct buffer theirs = buffer_new(RECORD_BYTES_MAX);
    enum dkim_key_type our_type;
    enum dkim_key_type their_type;
    bool is_same = read_key(wanted, &our_type, &ours) && read_key(found, &their_type, &theirs) &&
                   our_type == their_type && slice_equal(buffer_slice(&ours), buffer_slice(&theirs));
    buffer_free(&ours);
    buffer_free(&theirs);
    return is_same;
}

static bool has_record(const struct dns_answer *answer, struct slice wanted) {
    struct buffer text = buffer_new(RECORD_BYTES_MAX);
    bool is_seen = false;
    for (size_t i = 0; i < answer->count && !is_seen; i++) {
        buffer_clear(&text);
        is_seen = dns_txt_join(answer->records[i], &text) && dkim_look_is_same(buffer_slice(&text), wanted);
    }
    buffer_free(&text);
    return is_seen;
}

static enum transit_look_result look(struct task *t, struct env *env, struct dns *dns, struct arena *arena,
                                     const struct transit_look *wanted) {
    struct dns_answer answer;
    switch (dns_lookup(t, dns, wanted->name, DNS_TXT, arena, &answer, env_now_ms(env) + DKIM_LOOK_MS)) {
    case DNS_OK:
        return has_record(&answer, wanted->record) ? TRANSIT_LOOK_SEEN : TRANSIT_LOOK_OTHER;
    case DNS_NO_DATA:
    case DNS_NO_SUCH_NAME:
        return TRANSIT_LOOK_MISSING;
    default:
        return TRANSIT_LOOK_FAILED;
    }
}

void dkim_look_answer(struct task *t, struct env *env, struct dns **dns, struct ipc_request *request) {
    struct unpacker in = unpacker_of(request->message.body);
    struct transit_look wanted = {0};
    struct buffer out = buffer_new(16);
    transit_look_unpack(&in, &wanted);
    if (unpack_is_done(&in)) {
        struct arena *arena = arena_new(LOOK_ARENA_BYTES);
        transit_look_result_pack(&out, look(t, env, *dns, arena, &wanted));
        arena_free(&arena);
    }
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}
