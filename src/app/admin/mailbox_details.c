#include "app/admin/mailbox_details.h"

#include "base/limits_sender.h"
#include "ipc/pack.h"

void mailbox_details_pack(struct buffer *out, const struct mailbox_details *details) {
    pack_number(out, details->given);
    sender_pack(out, &details->sender);
    pack_slice(out, details->provider);
    pack_slice(out, details->code);
    pack_slice(out, details->verifier);
    pack_slice(out, details->redirect_uri);
}

bool mailbox_details_unpack(struct slice bytes, struct mailbox_details *details) {
    struct unpacker in = unpacker_of(bytes);
    details->given = (unsigned)unpack_number_max(&in, MAILBOX_GIVEN_ALL);
    sender_unpack(&in, &details->sender);
    details->provider = unpack_slice(&in);
    details->code = unpack_slice(&in);
    details->verifier = unpack_slice(&in);
    details->redirect_uri = unpack_slice(&in);
    return unpack_is_done(&in);
}

static bool take_host(struct slice *text, struct slice *host) {
    if (slice_take_byte(text, '[')) {
        *host = slice_take_until(text, ']');
        return host->len > 0 && slice_take_byte(text, ']');
    }
    *host = slice_take_until(text, ':');
    return host->len > 0;
}

bool mailbox_host_read(struct slice text, uint16_t port, struct sender_login *login) {
    uint64_t number = port;
    if (!take_host(&text, &login->host)) return false;
    bool has_port = slice_take_byte(&text, ':');
    if (has_port && (!slice_take_number(&text, UINT16_MAX, &number) || number == 0)) return false;
    login->port = (uint16_t)number;
    return text.len == 0;
}

bool mailbox_tls_read(struct slice text, enum sender_tls *tls) {
    for (unsigned i = 0; i < SENDER_TLS_MODES; i++) {
        if (!slice_equal(text, slice_from_text(sender_tls_name((enum sender_tls)i)))) continue;
        *tls = (enum sender_tls)i;
        return true;
    }
    return false;
}

enum { GAP_SECONDS_MAX = 24 * 3600, RAMP_MAX = 100000 };

bool mailbox_gap_read(struct slice text, struct sender_limits *limits) {
    uint64_t least;
    if (!slice_take_number(&text, GAP_SECONDS_MAX, &least)) return false;
    uint64_t most = least;
    if (slice_take_byte(&text, '-') && !slice_take_number(&text, GAP_SECONDS_MAX, &most)) return false;
    limits->gap_min_ms = (int64_t)least * 1000;
    limits->gap_max_ms = (int64_t)most * 1000;
    return text.len == 0 && most >= least && most > 0;
}

bool mailbox_ramp_read(struct slice text, struct sender_limits *limits) {
    uint64_t start;
    uint64_t step = 0;
    if (!slice_take_number(&text, RAMP_MAX, &start) || start == 0) return false;
    if (slice_take_byte(&text, '+') && !slice_take_number(&text, RAMP_MAX, &step)) return false;
    limits->ramp_start = (uint32_t)start;
    limits->ramp_step = (uint32_t)step;
    return text.len == 0;
}
