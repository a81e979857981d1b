/* What a sender may be; pure. */
#include <arpa/inet.h>

#include "base/limits_sender.h"
#include "store/address.h"
#include "store/engine_sender.h"
#include "wire/smtp_address.h"

enum { HOST_TEXT_BYTES = 256, DAY_MS = 24 * 3600 * 1000 };

bool sender_address_read(struct arena *arena, struct slice text, struct slice *address) {
    struct smtp_address parsed;
    struct address canonical;
    if (smtp_address_parse(arena, text, &parsed) != SMTP_ADDRESS_OK || parsed.is_literal) return false;
    struct buffer written = buffer_new(SMTP_ADDRESS_BYTES_MAX * 2);
    smtp_address_write(&written, &parsed, true);
    bool good = address_read(arena, buffer_slice(&written), &canonical) && canonical.local.len > 0;
    buffer_free(&written);
    if (good) *address = canonical.whole;
    return good;
}

static bool is_clean(struct slice text, size_t max) {
    if (text.len > max) return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) return false;
    return true;
}

static bool is_host(struct slice host) {
    char text[HOST_TEXT_BYTES];
    uint8_t address[16];
    if (host.len == 0 || host.len >= sizeof text || slice_find_byte(host, 0) != SLICE_NOT_FOUND) return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = 0;
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1 ||
           domain_is_proper(host);
}

static const char *check_login(const struct sender_login *login) {
    if (!is_host(login->host) || login->port == 0) return "a host is no name or address, or has no port";
    if (login->user.len == 0 || !is_clean(login->user, OUTREACH_SETTING_BYTES_MAX))
        return "a user is missing, too long, or has control characters";
    if (!is_clean(login->secret, OUTREACH_SECRET_BYTES_MAX))
        return "the password is too long or has control characters";
    if (login->auth == SENDER_AUTH_OAUTH && login->provider.len == 0) return "the OAuth provider is missing";
    return NULL;
}

static const char *check_limits(const struct sender_limits *limits) {
    if (limits->gap_min_ms > limits->gap_max_ms) return "the least gap is longer than the longest";
    if (limits->gap_max_ms > DAY_MS) return "the gap is longer than a day";
    return NULL;
}

const char *sender_check(const struct sender *sender) {
    if (sender->address.len == 0) return "that is no address";
    if (!is_clean(sender->name, OUTREACH_SETTING_BYTES_MAX)) return "the name has control characters";
    const char *fault = check_limits(&sender->limits);
    if (fault || sender->account) return fault;
    if (sender->imap.host.len == 0)
        return "there is no IMAP host for the replies, and without one no reply stops a sequence: give "
               "--imap";
    fault = check_login(&sender->smtp);
    return fault ? fault : check_login(&sender->imap);
}
