/*
 * What Amazon SES tells through SNS: bounces, complaints and deliveries as JSON in a mail's text, with lines
 * broken where some mail system thought them too long. Only the few values that matter are looked for;
 * declared in bounce.h.
 */
#include "analyse/bounce.h"
#include "base/limits_classify.h"

/* The text without the breaks that cut it. */
static struct slice join_lines(struct arena *arena, struct slice text) {
    struct buffer joined = buffer_new(LETTER_TEXT_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        bool was_cut = c == '!' && i + 1 < text.len && (text.ptr[i + 1] == '\n' || text.ptr[i + 1] == '\r');
        bool is_break = c == '\n' || c == '\r' || (c == ' ' && i && text.ptr[i - 1] == '\n');
        if (!was_cut && !is_break) buffer_append_byte(&joined, c);
    }
    struct slice kept;
    if (!arena_try_copy(arena, buffer_slice(&joined), &kept)) kept = SLICE_EMPTY;
    buffer_free(&joined);
    return kept;
}

/* "key":"value" anywhere in it. */
static struct slice value_of(struct slice json, struct slice key) {
    size_t at = slice_find(json, key);
    if (at == SLICE_NOT_FOUND) return SLICE_EMPTY;
    struct slice rest = slice_skip(json, at + key.len);
    return slice_take_until(&rest, '"');
}

/* Up to the "]" that ends the list behind the key. */
static struct slice list_of(struct slice json, struct slice key) {
    size_t at = slice_find(json, key);
    if (at == SLICE_NOT_FOUND) return SLICE_EMPTY;
    struct slice rest = slice_skip(json, at + key.len);
    return slice_take_until(&rest, ']');
}

static bool next_recipient(struct slice *list, struct delivery_recipient *recipient) {
    static const struct slice key = SLICE_INIT("\"emailAddress\":\"");
    *recipient = (struct delivery_recipient){.action = DELIVERY_FAILED, .is_smtp = true};
    size_t at = slice_find(*list, key);
    if (at == SLICE_NOT_FOUND) return false;
    /* An object ends at its brace; the keys stand in no order. */
    struct slice before = slice_sub(*list, 0, at);
    size_t open = slice_find_last_byte(before, '{');
    struct slice object = slice_skip(*list, open == SLICE_NOT_FOUND ? at : open);
    struct slice rest = object;
    struct slice whole = slice_take_until(&rest, '}');
    *list = slice_skip(rest, 1);
    recipient->address = value_of(whole, key);
    recipient->diagnostic = value_of(whole, SLICE("\"diagnosticCode\":\""));
    struct slice status = value_of(whole, SLICE("\"status\":\""));
    (void)delivery_code_take(&status, &recipient->status);
    return true;
}

bool bounce_sns_read(struct arena *arena, const struct letter *letter, struct bounce_sns *sns) {
    *sns = (struct bounce_sns){0};
    if (slice_find(letter->text, SLICE("\"notificationType\":\"")) == SLICE_NOT_FOUND) return false;
    if (!slice_ends_nocase(letter->from_domain, SLICE("amazonaws.com"))) return false;
    struct slice json = join_lines(arena, letter->text);
    sns->type = value_of(json, SLICE("\"notificationType\":\""));
    sns->feedback = value_of(json, SLICE("\"complaintFeedbackType\":\""));
    struct slice list = list_of(json, SLICE("\"bouncedRecipients\":["));
    if (list.len == 0) list = list_of(json, SLICE("\"complainedRecipients\":["));
    struct delivery_report *report = &sns->report;
    report->recipients = arena_try_alloc(arena, BOUNCE_LINE_ADDRESSES_MAX * sizeof *report->recipients);
    while (report->recipients && report->count < BOUNCE_LINE_ADDRESSES_MAX &&
           next_recipient(&list, &report->recipients[report->count]))
        report->count++;
    return true;
}
