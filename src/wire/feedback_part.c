/* Which part of a mail holds the report. */
#include "base/limits.h"
#include "wire/feedback.h"

static bool is_of_type(const struct mime_part *part) {
    static const struct {
        const char *type;
        const char *subtype;
    } types[] = {
        {"application", "gzip"},
        {"application", "x-gzip"},
        {"application", "zip"},
        {"application", "x-zip"},
        {"application", "xml"},
        {"application", "x-zip-compressed"},
        {"application", "tlsrpt+gzip"},
        {"application", "tlsrpt+json"},
        {"application", "tlsrpt"},
        {"application", "x-gunzip"},
        {"text", "xml"},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (mime_part_is(part, types[i].type, types[i].subtype)) return true;
    return false;
}

static bool is_of_name(const struct mime_part *part) {
    static const struct slice ends[] = {SLICE_INIT(".xml"), SLICE_INIT(".xml.gz"), SLICE_INIT(".zip"),
                                        SLICE_INIT(".json.gz"), SLICE_INIT(".json")};
    struct buffer name = buffer_new(FEEDBACK_PIECE_BYTES);
    bool is_one = false;
    if (mime_part_is(part, "application", "octet-stream") && mime_part_filename(part, &name))
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
            is_one = is_one || slice_ends_nocase(buffer_slice(&name), ends[i]);
    buffer_free(&name);
    return is_one;
}

const struct mime_part *feedback_part(const struct mime_part *root) {
    for (const struct mime_part *part = root; part; part = mime_part_next(root, part))
        if (part->kind == MIME_LEAF && part->body_len && (is_of_type(part) || is_of_name(part))) return part;
    return NULL;
}
