/*
 * Messages between roles that are structures as bytes: what unpacks is packed to bytes that unpack to the
 * same again. The first byte chooses the message. (Those of the store: fuzz_store_ipc.)
 */
#include "app/admin/admin.h"
#include "app/admin/route_details.h"
#include "login/handover.h"
#include "resolve/protocol.h"
#include "store/engine_route.h"

enum { BYTES_MAX = 1 << 20 };

/* Unpacks `body` and packs it again. False: it does not unpack. */
typedef bool repack_fn(struct arena *arena, struct slice body, struct buffer *out);

static bool repack_handover(struct arena *arena, struct slice body, struct buffer *out) {
    struct handover handover;
    (void)arena;
    if (handover_unpack(body, &handover)) return false;
    handover_pack(out, &handover);
    return true;
}

static bool repack_settings(struct arena *arena, struct slice body, struct buffer *out) {
    struct role_settings settings;
    if (!settings_unpack(body, arena, &settings)) return false;
    settings_pack(out, &settings);
    return true;
}

static bool repack_walls(struct arena *arena, struct slice body, struct buffer *out) {
    struct walls walls;
    (void)arena;
    if (!walls_unpack(body, &walls)) return false;
    walls_pack(out, &walls);
    return true;
}

static bool repack_report(struct arena *arena, struct slice body, struct buffer *out) {
    struct role_report report;
    (void)arena;
    if (!report_unpack(body, &report)) return false;
    report_pack(out, &report);
    return true;
}

static bool repack_request(struct arena *arena, struct slice body, struct buffer *out) {
    struct admin_request request;
    (void)arena;
    if (!admin_request_unpack(body, &request)) return false;
    admin_request_pack(out, &request);
    return true;
}

static bool repack_question(struct arena *arena, struct slice body, struct buffer *out) {
    struct resolve_question question;
    (void)arena;
    if (!resolve_question_unpack(body, &question)) return false;
    resolve_question_pack(out, &question);
    return true;
}

static bool repack_answer(struct arena *arena, struct slice body, struct buffer *out) {
    struct dns_answer answer;
    if (!resolve_answer_unpack(body, arena, &answer)) return false;
    resolve_answer_pack(out, &answer);
    return true;
}

static bool repack_route(struct arena *arena, struct slice body, struct buffer *out) {
    struct route route;
    if (!route_details_unpack(body, arena, &route)) return false;
    route_details_pack(out, &route);
    (void)route_check(&route);
    return true;
}

static repack_fn *const messages[] = {repack_handover, repack_settings, repack_walls,  repack_report,
                                      repack_request,  repack_question, repack_answer, repack_route};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    repack_fn *repack = messages[(uint8_t)(data[0] - '0') % (sizeof messages / sizeof messages[0])];
    struct arena *arena = arena_new(4 * BYTES_MAX);
    struct buffer once = buffer_new(BYTES_MAX);
    struct buffer twice = buffer_new(BYTES_MAX);
    if (repack(arena, slice_of(data + 1, size - 1), &once)) {
        ASSERT(repack(arena, buffer_slice(&once), &twice));
        ASSERT(slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    }
    buffer_free(&once);
    buffer_free(&twice);
    arena_free(&arena);
    return 0;
}
