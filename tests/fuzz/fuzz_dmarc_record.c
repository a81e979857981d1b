/* DMARC records: what is read is in the text, faults are told in printable words of bounded length, and where
   a record can be used it says a policy. */
#include "base/fatal.h"
#include "wire/dmarc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct slice part, struct slice whole) {
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_uris(struct slice list, struct slice text) {
    struct dmarc_uri uri;
    while (dmarc_uri_next(&list, &uri)) {
        ASSERT(uri.text.len && is_within(uri.text, text));
        ASSERT(is_within(uri.address, uri.text) && is_within(uri.host, uri.address));
        ASSERT((uri.address.len == 0) == (uri.host.len == 0));
    }
}

static void check_faults(const struct dmarc_faults *faults, struct slice text) {
    struct buffer words = buffer_new(text.len + 256);
    for (size_t i = 0; i < faults->count; i++) {
        ASSERT(is_within(faults->items[i].tag, text) || faults->items[i].value.len == 0 ||
               is_within(faults->items[i].value, text));
        buffer_clear(&words);
        dmarc_fault_write(&words, &faults->items[i]);
        ASSERT(words.len && !buffer_overflowed(&words));
    }
    buffer_free(&words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice text = slice_of(data, size);
    struct dmarc_record record;
    struct dmarc_record again;
    struct dmarc_faults faults;
    bool is_record = dmarc_record_parse(text, &record, &faults);
    ASSERT(dmarc_record_parse(text, &again, NULL) == is_record);
    check_uris(text, text);
    if (!is_record) return 0;
    ASSERT(is_within(record.aggregate_uris, text) && is_within(record.failure_uris, text));
    ASSERT(again.policy == record.policy && again.psd == record.psd && record.failure_options);
    check_uris(record.aggregate_uris, text);
    check_faults(&faults, text);
    if (dmarc_record_mend(&record)) ASSERT(record.policy != DMARC_NO_POLICY);
    return 0;
}
