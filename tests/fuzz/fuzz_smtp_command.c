/* SMTP command lines: no fault on any bytes, every error has a reply, and an address that was
   read is the same after it was written and read again. */
#include "base/limits.h"
#include "wire/smtp_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct arena *arena, const struct smtp_address *address) {
    if (address->is_null || address->domain.len == 0) return;
    struct buffer text = buffer_new(KIB(4));
    struct smtp_address again;
    smtp_address_write(&text, address, false);
    ASSERT(!buffer_overflowed(&text));
    enum smtp_address_error error = smtp_address_parse(arena, buffer_slice(&text), &again);
    /* Quoting and mapping to Unicode may lengthen an address beyond the maximum. */
    ASSERT(error == SMTP_ADDRESS_OK || error == SMTP_ADDRESS_TOO_LONG ||
           error == SMTP_ADDRESS_DOMAIN_TOO_LONG || error == SMTP_ADDRESS_OVER_BUDGET);
    if (error == SMTP_ADDRESS_OK) {
        ASSERT(slice_equal(again.local_part, address->local_part));
        ASSERT(slice_equal(again.domain_ascii, address->domain_ascii));
    }
    buffer_free(&text);
}

static void check_line(struct slice line, const struct smtp_command_options *options) {
    struct arena *arena = arena_new(KIB(64));
    struct smtp_command command;
    enum smtp_command_error error = smtp_command_parse(arena, line, options, &command);
    if (error) {
        struct smtp_reply reply = smtp_reply_named(smtp_command_error_reply(error, command.verb));
        ASSERT(reply.code >= 400);
    } else if (command.verb == SMTP_VERB_MAIL) {
        check_address(arena, &command.mail.sender);
    } else if (command.verb == SMTP_VERB_RCPT) {
        check_address(arena, &command.rcpt.recipient);
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > SMTP_AUTH_LINE_BYTES_MAX) return 0;
    const struct smtp_command_options strict = {.extensions = 0};
    const struct smtp_command_options open = {.lenient = true, .transaction_utf8 = true, .extensions = ~0u};
    check_line(slice_of(data, size), &strict);
    check_line(slice_of(data, size), &open);
    return 0;
}
