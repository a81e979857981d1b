#include "analyse/kind.h"

#include "wire/address.h"
#include "wire/header.h"

/* A field that says what the message is: by being there, or by its value's beginning. */
struct sign {
    struct slice name;
    struct slice value;
    enum kind kind;
};

/* The first row that fits wins, so the surer signs come first. */
static const struct sign signs[] = {
    {SLICE_INIT("Auto-Submitted"), SLICE_INIT("auto-replied"), KIND_AUTO_REPLY}, /* RFC 3834 5 */
    {SLICE_INIT("X-Autoreply"), SLICE_INIT(""), KIND_AUTO_REPLY},
    {SLICE_INIT("X-Autorespond"), SLICE_INIT(""), KIND_AUTO_REPLY},
    {SLICE_INIT("X-Autoresponder"), SLICE_INIT(""), KIND_AUTO_REPLY},
    {SLICE_INIT("X-AutoReply-From"), SLICE_INIT(""), KIND_AUTO_REPLY},
    {SLICE_INIT("X-Mail-Autoreply"), SLICE_INIT(""), KIND_AUTO_REPLY},
    {SLICE_INIT("Precedence"), SLICE_INIT("auto_reply"), KIND_AUTO_REPLY},
    {SLICE_INIT("List-Id"), SLICE_INIT(""), KIND_BULK},          /* RFC 2919 */
    {SLICE_INIT("List-Unsubscribe"), SLICE_INIT(""), KIND_BULK}, /* RFC 2369 */
    {SLICE_INIT("List-Post"), SLICE_INIT(""), KIND_BULK},
    {SLICE_INIT("Precedence"), SLICE_INIT("bulk"), KIND_BULK},
    {SLICE_INIT("Precedence"), SLICE_INIT("list"), KIND_BULK},
    {SLICE_INIT("Precedence"), SLICE_INIT("junk"), KIND_BULK},
    {SLICE_INIT("Auto-Submitted"), SLICE_INIT("auto-"), KIND_AUTO_REPLY},
};
enum { SIGNS = sizeof signs / sizeof signs[0] };

static bool sign_fits(const struct sign *sign, const struct header_field *field) {
    return slice_equal_nocase(field->name, sign->name) && slice_starts_nocase(field->value, sign->value);
}

static enum kind kind_by_signs(struct slice header) {
    size_t best = SIGNS;
    struct header_field field;
    while (header_next(&header, &field))
        for (size_t i = 0; i < best; i++)
            if (sign_fits(&signs[i], &field)) best = i;
    return best < SIGNS ? signs[best].kind : KIND_PERSONAL;
}

/* RFC 3464 2, RFC 5965 2, RFC 8098 3: what a report is a report of. */
static enum kind kind_of_report(struct slice type, enum kind otherwise) {
    if (slice_equal_nocase(type, SLICE("delivery-status"))) return KIND_BOUNCE;
    if (slice_equal_nocase(type, SLICE("global-delivery-status"))) return KIND_BOUNCE;
    if (slice_equal_nocase(type, SLICE("feedback-report"))) return KIND_COMPLAINT;
    if (slice_equal_nocase(type, SLICE("disposition-notification"))) return KIND_AUTO_REPLY;
    return otherwise;
}

/* Senders of bounces that are no reports. */
static bool from_daemon(struct slice header) {
    struct slice from;
    struct slice path;
    if (!header_find(header, SLICE("From"), &from)) return false;
    struct address_reader reader = address_reader_new(from);
    struct address address;
    bool daemon = address_next(&reader, &address) &&
                  (slice_equal_nocase(address.local, SLICE("mailer-daemon")) ||
                   (slice_equal_nocase(address.local, SLICE("postmaster")) &&
                    header_find(header, SLICE("Return-Path"), &path) && slice_equal(path, SLICE("<>"))));
    address_reader_free(&reader);
    return daemon;
}

enum kind kind_of_header(const struct mime_part *root, struct slice header) {
    struct slice report = SLICE_EMPTY;
    if (mime_part_is(root, "multipart", "report"))
        (void)parameter_find(&root->media.parameters, SLICE("report-type"), &report);
    enum kind kind = kind_of_report(report, KIND_PERSONAL);
    if (kind != KIND_PERSONAL) return kind;
    if (from_daemon(header)) return KIND_BOUNCE;
    return kind_by_signs(header);
}

enum kind kind_of_structure(const struct mime_part *root, enum kind so_far) {
    /* A report inside of a forwarded message says nothing of this one. */
    for (const struct mime_part *part = root->first_child; part && root->kind == MIME_MULTIPART;
         part = part->next)
        if (mime_part_is_type(part, "message")) so_far = kind_of_report(part->media.subtype, so_far);
    return mime_part_is_type(root, "message") ? kind_of_report(root->media.subtype, so_far) : so_far;
}

const char *kind_name(enum kind kind) {
    static const char *const names[] = {"personal", "auto-reply", "bounce", "complaint", "bulk"};
    return names[kind];
}
