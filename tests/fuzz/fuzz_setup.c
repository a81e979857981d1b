/*
 * Set-up of mail programs: an Autodiscover request gives an address that is one, within the input; and
 * whatever an address is, what is written for it has no markup but ours.
 */
#include "base/fatal.h"
#include "wire/http_target.h"
#include "wire/setup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_of(struct slice text, uint8_t byte) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) count += text.ptr[i] == byte;
    return count;
}

typedef void write_fn(struct buffer *out, const struct setup_host *host, struct slice address);

/* As many tags as for an address that is harmless. */
static void check_markup(write_fn *write, struct slice address) {
    struct setup_host host = {SLICE("mx.example.test"), 0};
    struct buffer out = buffer_new(1 << 22);
    struct buffer plain = buffer_new(1 << 22);
    write(&out, &host, address);
    write(&plain, &host, SLICE("a@example.test"));
    ASSERT(!buffer_overflowed(&out));
    ASSERT(count_of(buffer_slice(&out), '<') == count_of(buffer_slice(&plain), '<'));
    ASSERT(count_of(buffer_slice(&out), '>') == count_of(buffer_slice(&plain), '>'));
    ASSERT(count_of(buffer_slice(&out), '"') == count_of(buffer_slice(&plain), '"'));
    buffer_free(&out);
    buffer_free(&plain);
}

static void check_query(struct slice input) {
    struct buffer value = buffer_new(SMTP_ADDRESS_BYTES_MAX);
    if (http_query_value(input, SLICE("address"), &value)) {
        ASSERT(value.len <= SMTP_ADDRESS_BYTES_MAX);
        for (size_t i = 0; i < value.len; i++) ASSERT(value.ptr[i] >= ' ' && value.ptr[i] != 0x7f);
    }
    buffer_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct slice address;
    struct slice domain;
    if (setup_autodiscover_read(input, &address)) {
        ASSERT(address.ptr >= data && address.ptr + address.len <= data + size);
        ASSERT(setup_address_split(address, &domain) && domain.len > 0);
    }
    check_query(input);
    /* Nothing longer gets this far. */
    input = slice_sub(input, 0, SMTP_ADDRESS_BYTES_MAX);
    check_markup(setup_autoconfig_write, input);
    check_markup(setup_autodiscover_write, input);
    check_markup(setup_mobileconfig_write, input);
    return 0;
}
