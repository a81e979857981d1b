#include "hook/protocol.h"

#include "base/limits_hook.h"

enum { STATUS_MAX = 999 };

void hook_post_pack(struct buffer *out, const struct hook_post *post) {
    pack_slice(out, post->url);
    pack_slice(out, post->id);
    pack_slice(out, post->timestamp);
    pack_slice(out, post->signatures);
    pack_slice(out, post->payload);
}

bool hook_post_unpack(struct slice body, struct hook_post *post) {
    struct unpacker in = unpacker_of(body);
    post->url = unpack_slice(&in);
    post->id = unpack_slice(&in);
    post->timestamp = unpack_slice(&in);
    post->signatures = unpack_slice(&in);
    post->payload = unpack_slice(&in);
    return unpack_is_done(&in);
}

void hook_report_pack(struct buffer *out, const struct hook_report *report) {
    pack_number(out, report->end);
    pack_number(out, report->status);
    pack_number(out, (uint64_t)report->retry_after_ms);
    pack_slice(out, slice_sub(report->words, 0, WEBHOOK_REASON_BYTES_MAX));
}

bool hook_report_unpack(struct slice body, struct hook_report *report) {
    struct unpacker in = unpacker_of(body);
    report->end = (enum hook_end)unpack_number_max(&in, HOOK_ENDS - 1);
    report->status = (unsigned)unpack_number_max(&in, STATUS_MAX);
    report->retry_after_ms = (int64_t)unpack_number_max(&in, HOOK_RETRY_AFTER_MS_MAX);
    report->words = unpack_slice(&in);
    return unpack_is_done(&in);
}
