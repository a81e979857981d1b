/* The resolver's message, asked for each type with names in it: no read past the end, names whole,
   and nothing left behind where it is refused. */
#include "base/limits.h"
#include "io/real/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct slice message, uint16_t type) {
    struct arena *arena = arena_new(MIB(1));
    struct dns_answer answer = {.result = DNS_TIMEOUT};
    dns_message_read(message, type, arena, &answer);
    bool is_ok = answer.result == DNS_OK;
    ASSERT(is_ok || answer.result == DNS_NO_DATA || answer.result == DNS_NO_SUCH_NAME ||
           answer.result == DNS_SERVFAIL);
    ASSERT(is_ok == (answer.count > 0) && answer.count <= DNS_RECORDS_MAX);
    ASSERT(!is_ok || answer.canonical_name.ptr[answer.canonical_name.len - 1] == 0);
    for (size_t i = 0; i < answer.count; i++)
        ASSERT(answer.records[i].len <= message.len + 2 * DNS_NAME_BYTES_MAX);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint16_t types[] = {DNS_A, DNS_CNAME, DNS_SOA, DNS_MX, DNS_TXT};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) check(slice_of(data, size), types[i]);
    return 0;
}
