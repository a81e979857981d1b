#include "login/handover.h"

#include "ipc/pack.h"

static void pack_text(struct buffer *out, const char *text) { pack_slice(out, slice_from_text(text)); }

void handover_pack(struct buffer *out, const struct handover *handover) {
    pack_number(out, handover->protocol);
    pack_number(out, handover->identity.account);
    pack_number(out, handover->identity.tenant);
    pack_text(out, handover->identity.address);
    pack_text(out, handover->peer.address);
    pack_number(out, handover->peer.port);
    pack_bool(out, handover->peer.is_loopback);
    pack_bool(out, handover->is_tls);
    pack_text(out, handover->security);
    pack_number(out, handover->session);
    pack_text(out, handover->tag);
    pack_text(out, handover->helo);
    pack_text(out, handover->mechanism);
    pack_slice(out, handover->input);
}

/* A text that does not fit, or holds a NUL, makes the whole bad. */
static void unpack_text(struct unpacker *in, char *text, size_t size) {
    struct slice bytes = unpack_slice(in);
    if (bytes.len >= size || slice_find_byte(bytes, 0) != SLICE_NOT_FOUND) {
        *in = (struct unpacker){SLICE_EMPTY, true};
        return;
    }
    if (bytes.len) memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = 0;
}

enum handover_result handover_unpack(struct slice bytes, struct handover *handover) {
    struct unpacker in = unpacker_of(bytes);
    *handover = (struct handover){.protocol = (enum login_protocol)unpack_number_max(&in, LOGIN_SUBMISSION)};
    handover->identity.account = unpack_number(&in);
    handover->identity.tenant = unpack_number(&in);
    unpack_text(&in, handover->identity.address, sizeof handover->identity.address);
    unpack_text(&in, handover->peer.address, sizeof handover->peer.address);
    handover->peer.port = (uint16_t)unpack_number_max(&in, UINT16_MAX);
    handover->peer.is_loopback = unpack_bool(&in);
    handover->is_tls = unpack_bool(&in);
    unpack_text(&in, handover->security, sizeof handover->security);
    handover->session = unpack_number(&in);
    unpack_text(&in, handover->tag, sizeof handover->tag);
    unpack_text(&in, handover->helo, sizeof handover->helo);
    unpack_text(&in, handover->mechanism, sizeof handover->mechanism);
    handover->input = unpack_slice(&in);
    return unpack_is_done(&in) ? HANDOVER_OK : HANDOVER_DAMAGED;
}
