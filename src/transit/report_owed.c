/* For whom a report is made, and for whom none. */
#include "transit/report_parts.h"
#include "wire/header.h"
#include "wire/parameter.h"
#include "wire/smtp_parameter.h"

bool report_is_owed(enum report_kind kind, const struct outgoing_recipient *recipient) {
    /* For the account's owner, not for the sender that the envelope names. */
    if (kind == REPORT_HELD) return recipient->outcome == QUEUE_DEFERRED;
    /* RFC 3461 4.1: what is not asked for is failures, and delays as we please. */
    unsigned notify = recipient->notify ? recipient->notify : SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY;
    if (recipient->outcome == QUEUE_DEFERRED) return kind == REPORT_DELAY && notify & SMTP_NOTIFY_DELAY;
    if (kind != REPORT_OUTCOME) return false;
    unsigned asked = recipient->outcome == QUEUE_DELIVERED ? SMTP_NOTIFY_SUCCESS : SMTP_NOTIFY_FAILURE;
    return notify & asked;
}

/* RFC 3464 2, RFC 8098 3 */
static bool is_report(struct arena *arena, struct slice header) {
    struct slice value;
    struct slice type;
    struct media media;
    if (!header_find(header, SLICE("Content-Type"), &value)) return false;
    if (media_parse(arena, value, &media) == PARAMETER_INVALID) return false;
    if (!slice_equal_nocase(media.type, SLICE("multipart"))) return false;
    if (!slice_equal_nocase(media.subtype, SLICE("report"))) return false;
    return parameter_find(&media.parameters, SLICE("report-type"), &type) &&
           (slice_equal_nocase(type, SLICE("delivery-status")) ||
            slice_equal_nocase(type, SLICE("disposition-notification")));
}

bool report_is_answer(struct slice header) {
    struct slice value;
    /* RFC 3834 5 */
    if (header_find(header, SLICE("Auto-Submitted"), &value) &&
        slice_starts_nocase(value, SLICE("auto-replied")))
        return true;
    struct arena *arena = arena_new(BINARY_MIME_ARENA_BYTES_MAX);
    bool is_answer = is_report(arena, header);
    arena_free(&arena);
    return is_answer;
}
