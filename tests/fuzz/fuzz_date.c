/* A date that is read exists, and what is written of it reads as the same. */
#include "wire/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct date date;
    /* RFC 3339: of the years up to 9999, and zones of 99 hours. */
    int64_t seconds = date_internet_s(slice_of(data, size));
    ASSERT(seconds >= 0 && seconds < 253500000000);
    if (date_parse(slice_of(data, size), &date) != DATE_OK) return 0;
    struct buffer text = buffer_new(100);
    date_write(&text, date);
    struct date again;
    ASSERT(date_parse(buffer_slice(&text), &again) == DATE_OK);
    ASSERT(again.utc_ms == date.utc_ms && again.zone_minutes == date.zone_minutes);
    buffer_free(&text);
    return 0;
}
