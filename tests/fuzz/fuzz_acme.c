/*
 * What a CA says (RFC 8555): whatever is read as a directory, an order, an authorization or a problem keeps
 * its limits, and no text of it can end a line or a header field.
 */
#include "base/fatal.h"
#include "wire/acme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 4 << 20 };

static void check_url(struct slice url) {
    ASSERT(url.len <= ACME_URL_BYTES_MAX);
    ASSERT(url.len == 0 || slice_starts(url, SLICE("https://")));
    for (size_t i = 0; i < url.len; i++) ASSERT(url.ptr[i] > 0x20 && url.ptr[i] < 0x7f);
}

static void check_words(struct slice words) {
    ASSERT(words.len <= ACME_WORDS_BYTES_MAX);
    for (size_t i = 0; i < words.len; i++) ASSERT(words.ptr[i] >= 0x20 && words.ptr[i] != 0x7f);
}

static void check_problem(const struct acme_problem *problem) {
    check_words(problem->type);
    check_words(problem->detail);
}

static void read_order(struct slice json, struct arena *arena) {
    struct acme_order order;
    if (!acme_order_read(json, arena, &order)) return;
    ASSERT(order.finalize.len && order.authorization_count <= ACME_NAMES_MAX);
    for (size_t i = 0; i < order.authorization_count; i++) check_url(order.authorizations[i]);
    check_url(order.finalize);
    check_url(order.certificate);
    check_problem(&order.problem);
}

static void read_authorization(struct slice json, enum acme_challenge_kind kind, struct arena *arena) {
    struct acme_authorization authorization;
    if (!acme_authorization_read(json, kind, arena, &authorization)) return;
    check_words(authorization.name);
    check_url(authorization.url);
    ASSERT(authorization.token.len == 0 || acme_token_is_good(authorization.token));
    check_problem(&authorization.problem);
}

static void read_directory(struct slice json, struct arena *arena) {
    struct acme_directory directory;
    if (!acme_directory_read(json, arena, &directory)) return;
    check_url(directory.new_nonce);
    check_url(directory.new_account);
    check_url(directory.new_order);
    check_url(directory.renewal_info);
    check_words(directory.terms);
}

static void read_window(struct slice json) {
    struct acme_window window;
    if (!acme_window_read(json, &window)) return;
    ASSERT(window.start_ms > 0 && window.end_ms > window.start_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice json = slice_of(data, size);
    struct arena *arena = arena_new(ARENA_BYTES);
    struct acme_problem problem;
    read_directory(json, arena);
    read_order(json, arena);
    read_window(json);
    read_authorization(json, ACME_HTTP_01, arena);
    read_authorization(json, ACME_TLS_ALPN_01, arena);
    if (acme_problem_read(json, arena, &problem)) check_problem(&problem);
    arena_free(&arena);
    return 0;
}
