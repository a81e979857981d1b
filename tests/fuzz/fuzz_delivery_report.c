/* A report's texts are valid and bounded, whatever is in the part. */
#include "base/limits_classify.h"
#include "wire/charset.h"
#include "wire/delivery_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct slice text) {
    ASSERT(text.len <= DELIVERY_REPORT_TEXT_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) ASSERT(text.ptr[i] >= ' ' && text.ptr[i] != 0x7f);
}

static void check_status(struct arena *arena, struct slice body) {
    struct delivery_report report;
    delivery_report_read(arena, body, &report);
    ASSERT(report.count <= DELIVERY_REPORT_RECIPIENTS_MAX);
    check_text(report.reporting_mta);
    check_text(report.message_id);
    for (size_t i = 0; i < report.count; i++) {
        check_text(report.recipients[i].address);
        check_text(report.recipients[i].diagnostic);
        check_text(report.recipients[i].comment);
        ASSERT(delivery_action_name(report.recipients[i].action));
        ASSERT(report.recipients[i].status.class <= 5);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice body = slice_of(data, size);
    size_t budgets[] = {4 << 20, 500 + size % 2000};
    for (size_t i = 0; i < 2; i++) {
        struct arena *arena = arena_new(budgets[i]);
        struct disposition_report disposition;
        struct complaint_report complaint;
        check_status(arena, body);
        disposition_report_read(arena, body, &disposition);
        complaint_report_read(arena, body, &complaint);
        check_text(disposition.recipient);
        check_text(disposition.type);
        check_text(complaint.type);
        arena_free(&arena);
    }
    struct delivery_code code = {0};
    if (delivery_code_find(body, &code)) ASSERT(code.class == 2 || code.class == 4 || code.class == 5);
    return 0;
}
