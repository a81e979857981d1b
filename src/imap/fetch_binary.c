/*
 * BINARY[...], BINARY.PEEK and BINARY.SIZE (RFC 3516, RFC 9051 6.4.5): a part without its transfer
 * encoding. Its length has to be said before its first byte, so it is decoded twice: once to be
 * measured, once to be sent, each time a frame of the body at a time. What is no leaf has no
 * encoding of its own and comes as it is; an encoding that nobody knows is answered [UNKNOWN-CTE].
 */
#include "base/limits.h"
#include "imap/imap_fetch.h"
#include "wire/structure.h"
#include "wire/transfer.h"

/* One decoding of a part. */
struct decoding {
    struct fetch *fetch;
    const struct entry *entry;
    struct body_range rest;
    struct transfer_decoder decoder;
    struct buffer raw;
    /* What the last piece became. */
    struct buffer decoded;
    bool is_ended;
};

static struct decoding decoding_begin(struct fetch *fetch, const struct entry *entry, struct body_range range,
                                      enum transfer_encoding encoding) {
    return (struct decoding){.fetch = fetch,
                             .entry = entry,
                             .rest = range,
                             .decoder = transfer_decoder_new(encoding),
                             .raw = buffer_new(BODY_FRAME_BYTES),
                             .decoded = buffer_new(2 * (size_t)BODY_FRAME_BYTES)};
}

static void decoding_end(struct decoding *decoding) {
    transfer_decoder_free(&decoding->decoder);
    buffer_free(&decoding->raw);
    buffer_free(&decoding->decoded);
}

/* Decodes the next piece. False: it cannot be read. */
static bool decode_piece(struct decoding *decoding) {
    buffer_clear(&decoding->raw);
    buffer_clear(&decoding->decoded);
    if (decoding->rest.len == 0) {
        transfer_finish(&decoding->decoder, &decoding->decoded);
        decoding->is_ended = true;
        return true;
    }
    struct body_range piece = fetch_first_piece(decoding->rest);
    if (!fetch_read(decoding->fetch, decoding->entry, piece, &decoding->raw)) return false;
    transfer_decode(&decoding->decoder, buffer_slice(&decoding->raw), &decoding->decoded);
    decoding->rest.offset += piece.len;
    decoding->rest.len -= piece.len;
    return true;
}

struct measure {
    uint64_t bytes;
    bool has_nul;
};

/* Others have their turn meanwhile. False: it cannot be read, or the task is to end. */
static bool measure_part(struct task *t, struct decoding decoding, struct measure *measure) {
    *measure = (struct measure){0};
    bool is_good = true;
    while (is_good && !decoding.is_ended) {
        is_good = decode_piece(&decoding);
        if (!is_good) break;
        measure->bytes += decoding.decoded.len;
        measure->has_nul |= slice_find_byte(buffer_slice(&decoding.decoded), 0) != SLICE_NOT_FOUND;
        is_good = task_yield(t) != WAIT_CANCELLED;
    }
    decoding_end(&decoding);
    return is_good;
}

/* Sends `wanted` of the decoded bytes. False: the connection is gone. */
static bool stream_part(struct task *t, struct decoding *decoding, struct body_range wanted) {
    struct fetch *fetch = decoding->fetch;
    while (wanted.len && !decoding->is_ended) {
        if (!imap_relieve(t, fetch->call->session)) return false;
        if (!decode_piece(decoding)) {
            fetch_hang_up(fetch, decoding->entry);
            return false;
        }
        struct slice decoded = buffer_slice(&decoding->decoded);
        uint64_t passed = wanted.offset < decoded.len ? wanted.offset : decoded.len;
        struct slice shown = slice_sub(decoded, (size_t)passed, (size_t)wanted.len);
        buffer_append(fetch->call->out, shown);
        wanted.offset -= passed;
        wanted.len -= shown.len;
    }
    return true;
}

/* RFC 3516 4.2: literal8 where there is a NUL. */
static bool write_part(struct task *t, struct decoding decoding, const struct imap_section *section,
                       const struct measure *measure) {
    struct buffer *out = decoding.fetch->call->out;
    struct body_range wanted = fetch_partial((struct body_range){0, measure->bytes}, section);
    bool is_alive = true;
    if (wanted.len == 0) {
        buffer_append_text(out, "\"\"");
    } else {
        buffer_append_text(out, measure->has_nul ? "~{" : "{");
        buffer_append_number(out, wanted.len);
        buffer_append_text(out, "}\r\n");
        is_alive = stream_part(t, &decoding, wanted);
    }
    decoding_end(&decoding);
    return is_alive;
}

/* False: an encoding that is not known. */
static bool encoding_of(const struct mime_part *part, enum transfer_encoding *encoding) {
    static const char *const identities[] = {"7bit", "8bit", "binary"};
    *encoding = TRANSFER_IDENTITY;
    if (!part || part->kind != MIME_LEAF || part->encoding.len == 0) return true;
    *encoding = transfer_encoding_of(part->encoding);
    bool is_known = *encoding != TRANSFER_IDENTITY;
    for (size_t i = 0; i < 3; i++)
        is_known |= slice_equal_nocase(part->encoding, slice_from_text(identities[i]));
    return is_known;
}

/* False: there is no such part, or no way to decode it. */
static bool find_part(struct fetch *fetch, const struct entry *entry, const struct imap_section *section,
                      struct body_range *range, enum transfer_encoding *encoding) {
    const struct mime_part *part = NULL;
    *encoding = TRANSFER_IDENTITY;
    if (!fetch_locate(fetch, entry, section, range)) return false;
    if (section->part_count == 0) return true;
    if (structure_find(fetch_structure(fetch, entry), section->part, section->part_count, &part) !=
        STRUCTURE_OK)
        return false;
    bool is_known = encoding_of(part, encoding);
    fetch->is_undecodable |= !is_known;
    return is_known;
}

bool fetch_binary_write(struct task *t, struct fetch *fetch, const struct entry *entry,
                        const struct imap_section *section) {
    struct body_range range;
    enum transfer_encoding encoding;
    struct measure measure = {0};
    bool is_size = section->kind == IMAP_SECTION_BINARY_SIZE;
    if (!find_part(fetch, entry, section, &range, &encoding) ||
        !measure_part(t, decoding_begin(fetch, entry, range, encoding), &measure)) {
        buffer_append_text(fetch->call->out, is_size ? "0" : "NIL");
        return !task_is_cancelled(t);
    }
    if (!is_size) return write_part(t, decoding_begin(fetch, entry, range, encoding), section, &measure);
    buffer_append_number(fetch->call->out, measure.bytes);
    return true;
}
