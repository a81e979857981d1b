/* The URL of a webhook and the list of what it wants, as people write them, and what roles tell each other:
   a URL that is taken has one host, in which no reader can see another. */
#include "base/limits_hook.h"
#include "hook/kinds.h"
#include "hook/protocol.h"
#include "hook/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *type_at(size_t index) {
    static const char *const types[] = {"outreach.replied", "outreach.campaign.paused", NULL};
    return types[index];
}

static void check_url(struct slice input) {
    struct hook_url url;
    if (hook_url_read(input, &url) != HOOK_URL_OK) return;
    ASSERT(input.len <= WEBHOOK_URL_BYTES_MAX && url.host.len);
    for (size_t i = 0; i < input.len; i++)
        ASSERT(input.ptr[i] > ' ' && input.ptr[i] < 0x7f && input.ptr[i] != '@' && input.ptr[i] != '\\');
    for (size_t i = 0; i < url.host.len; i++)
        ASSERT(ascii_is_alnum(url.host.ptr[i]) || url.host.ptr[i] == '.' || url.host.ptr[i] == '-' ||
               url.host.ptr[i] == '_' || (url.host.ptr[i] == ':' && url.is_address));
    /* It stands right behind "://", or a bracket. */
    size_t at = (size_t)(url.host.ptr - input.ptr);
    ASSERT(at == (url.is_https ? 8U : 7U) || input.ptr[at - 1] == '[');
    if (!hook_url_is_allowed(&url, false)) ASSERT(!url.is_https);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct slice wrong;
    struct hook_post post;
    struct hook_report report;
    check_url(input);
    if (!hook_kinds_check(input, type_at, &wrong)) ASSERT(wrong.len <= input.len);
    (void)hook_kinds_match(input, SLICE("outreach.replied"));
    if (hook_post_unpack(input, &post)) ASSERT(post.url.len + post.payload.len <= size);
    if (hook_report_unpack(input, &report)) ASSERT(report.retry_after_ms <= HOOK_RETRY_AFTER_MS_MAX);
    return 0;
}
