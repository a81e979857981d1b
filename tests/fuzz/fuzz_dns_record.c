/* Any bytes as record data of every kind, and as an address. What is read is within the input; names and
   addresses that are written as text are read back as the same. */
#include "base/fatal.h"
#include "wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct slice input) {
    struct buffer out = buffer_new(2000);
    struct slice rest = input;
    struct slice name;
    if (dns_name_take(&rest, &name)) {
        ASSERT(name.len <= 255 && name.len + rest.len == input.len);
        ASSERT(dns_name_text(name, &out) && out.len <= 4 * name.len);
    }
    buffer_free(&out);
}

static void check_text(struct slice input) {
    struct buffer out = buffer_new(4096);
    if (dns_txt_join(input, &out))
        ASSERT(out.len < input.len);
    else
        ASSERT(out.len == 0);
    buffer_free(&out);
}

static void check_numbers(struct slice input) {
    struct dns_mx mx;
    struct dns_tlsa tlsa;
    struct dns_soa soa;
    struct dns_srv srv;
    struct dns_caa caa;
    if (dns_srv_read(input, &srv)) ASSERT(srv.target.len + 6 == input.len);
    if (dns_caa_read(input, &caa)) ASSERT(caa.tag.len + caa.value.len + 2 == input.len);
    if (dns_mx_read(input, &mx)) ASSERT(mx.exchange.len + 2 == input.len);
    if (dns_tlsa_read(input, &tlsa)) ASSERT(tlsa.certificate.len + 3 == input.len);
    if (dns_soa_read(input, &soa)) ASSERT(soa.primary.len + soa.mailbox.len + 20 == input.len);
}

static void check_address(struct dns_address address) {
    struct buffer out = buffer_new(100);
    struct dns_address again;
    dns_address_text(&address, &out);
    ASSERT(dns_address_parse(buffer_slice(&out), &again) && again.len == address.len);
    ASSERT(memcmp(again.bytes, address.bytes, address.len) == 0);
    buffer_clear(&out);
    dns_reverse_name(&address, &out);
    ASSERT(!buffer_overflowed(&out));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct dns_address address;
    check_name(input);
    check_text(input);
    check_numbers(input);
    if (dns_address_read(input, &address)) check_address(address);
    if (dns_address_parse(input, &address)) check_address(address);
    return 0;
}
