/* A stranger's autoconfig document, and an OAuth provider's answers: whatever they say, what is read keeps
   its limits and is fit for a host's name and a log. */
#include "outreach/oauth.h"
#include "wire/autoconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 16 << 20 };

static void check_servers(const struct autoconfig_server *servers, size_t count) {
    ASSERT(count <= AUTOCONFIG_SERVERS_MAX);
    for (size_t i = 0; i < count; i++) {
        ASSERT(servers[i].port && servers[i].host.len && servers[i].host.len <= 256);
        for (size_t at = 0; at < servers[i].host.len; at++)
            ASSERT(servers[i].host.ptr[at] > ' ' && servers[i].host.ptr[at] < 0x7f);
    }
}

static void check_clean(struct slice text) {
    for (size_t i = 0; i < text.len; i++) ASSERT(text.ptr[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena *arena = arena_new(ARENA_BYTES);
    struct slice input = slice_of(data, size);
    struct autoconfig config;
    struct oauth_grant grant;
    struct outside_trouble trouble;
    struct slice code, state, error;
    if (autoconfig_read(input, arena, &config)) {
        check_servers(config.imap, config.imap_count);
        check_servers(config.smtp, config.smtp_count);
    }
    if (size < 64 * 1024 && !oauth_answer_read(arena, size % 2 ? 200 : 400, input, &grant, &trouble)) {
        ASSERT(trouble.cause != SENDER_CAUSE_NONE);
        check_clean(trouble.detail);
    }
    if (size < 64 * 1024 && oauth_redirect_read(arena, input, &code, &state, &error))
        ASSERT(code.len && state.len);
    arena_free(&arena);
    return 0;
}
