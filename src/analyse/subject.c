#include "analyse/subject.h"

#include "base/limits.h"
#include "wire/charset.h"

/* RFC 5256 2.1 (1): tabs are spaces, and runs of them one. */
static void collapse(struct slice subject, struct buffer *out) {
    subject = slice_trim(subject);
    for (size_t i = 0; i < subject.len; i++) {
        uint8_t c = subject.ptr[i] <= ' ' ? ' ' : subject.ptr[i];
        if (c == ' ' && out->len && out->ptr[out->len - 1] == ' ') continue;
        buffer_append_byte(out, c);
    }
}

/* subj-blob: "[" *BLOBCHAR "]" *WSP */
static bool take_blob(struct slice *rest) {
    struct slice ahead = *rest;
    if (!slice_take_byte(&ahead, '[')) return false;
    while (ahead.len && ahead.ptr[0] != '[' && ahead.ptr[0] != ']') ahead = slice_skip(ahead, 1);
    if (!slice_take_byte(&ahead, ']')) return false;
    *rest = slice_trim(ahead);
    return true;
}

/* subj-refwd: ("re" / "fw" / "fwd") *WSP [subj-blob] ":" */
static bool take_refwd(struct slice *rest) {
    struct slice ahead = *rest;
    bool word = slice_take_prefix_nocase(&ahead, SLICE("re")) ||
                slice_take_prefix_nocase(&ahead, SLICE("fwd")) ||
                slice_take_prefix_nocase(&ahead, SLICE("fw"));
    if (!word) return false;
    ahead = slice_trim(ahead);
    (void)take_blob(&ahead);
    if (!slice_take_byte(&ahead, ':')) return false;
    *rest = slice_trim(ahead);
    return true;
}

/* subj-leader: *subj-blob subj-refwd */
static bool take_leader(struct slice *rest) {
    struct slice ahead = *rest;
    while (take_blob(&ahead)) continue;
    if (!take_refwd(&ahead)) return false;
    *rest = ahead;
    return true;
}

/* RFC 5256 2.1 (2): "(fwd)" and blanks at the end. */
static bool drop_trailers(struct slice *rest) {
    bool any = false;
    for (*rest = slice_trim(*rest); slice_ends_nocase(*rest, SLICE("(fwd)")); any = true) {
        rest->len -= 5;
        *rest = slice_trim(*rest);
    }
    return any;
}

/* RFC 5256 2.1 (3) to (5): leaders, and blobs as long as something is left. */
static bool drop_leaders(struct slice *rest) {
    bool any = false;
    for (;;) {
        struct slice ahead = *rest;
        if (take_leader(rest))
            any = true;
        else if (take_blob(&ahead) && ahead.len)
            *rest = ahead;
        else
            return any;
    }
}

bool subject_base(struct slice subject, struct buffer *out) {
    struct buffer flat = buffer_new(ANALYSIS_SUBJECT_BYTES_MAX);
    collapse(utf8_cut(subject, ANALYSIS_SUBJECT_BYTES_MAX), &flat);
    struct slice rest = buffer_slice(&flat);
    bool is_reply = false;
    bool again = true;
    while (again) {
        is_reply |= drop_trailers(&rest);
        is_reply |= drop_leaders(&rest);
        /* RFC 5256 2.1 (6): "[fwd:" ... "]" */
        again = slice_starts_nocase(rest, SLICE("[fwd:")) && rest.ptr[rest.len - 1] == ']';
        if (again) rest = slice_trim(slice_sub(rest, 5, rest.len - 6));
        is_reply |= again;
    }
    buffer_append(out, rest);
    buffer_free(&flat);
    return is_reply;
}
