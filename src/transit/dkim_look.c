#include "transit/dkim_look.h"

#include "base/buffer.h"
#include "base/limits.h"
#include "wire/dns.h"

enum { LOOK_ARENA_BYTES = 256 * 1024, RECORD_BYTES_MAX = 16 * 1024 };

static bool is_blank(uint8_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* RFC 6376 3.2: white space within a base64 value means nothing. False: there is no such tag. */
static bool take_tag(struct slice record, uint8_t name, struct buffer *value) {
    while (record.len) {
        struct slice tag = slice_trim(slice_take_until(&record, ';'));
        (void)slice_take_byte(&record, ';');
        size_t equals = slice_find_byte(tag, '=');
        if (equals == SLICE_NOT_FOUND) continue;
        struct slice word = slice_trim(slice_sub(tag, 0, equals));
        if (word.len != 1 || word.ptr[0] != name) continue;
        struct slice rest = slice_skip(tag, equals + 1);
        for (size_t i = 0; i < rest.len; i++)
            if (!is_blank(rest.ptr[i])) buffer_append_byte(value, rest.ptr[i]);
        return true;
    }
    return false;
}

bool dkim_look_is_same(struct slice found, struct slice wanted) {
    struct buffer ours = buffer_new(RECORD_BYTES_MAX);
    struct buffer theirs = buffer_new(RECORD_BYTES_MAX);
    bool is_same = take_tag(wanted, 'p', &ours) && take_tag(found, 'p', &theirs) &&
                   slice_equal(buffer_slice(&ours), buffer_slice(&theirs));
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
