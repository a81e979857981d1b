/*
 * The text of a file whose encoding nobody wrote down: UTF-8 with or without its mark, UTF-16 (with a mark,
 * or by its zero bytes), else windows-1252; or what a person says it is, by any name that wire/charset.h
 * knows. UTF-8 is passed on as it is, so that bad bytes are found where they stand (csv.h); what another
 * encoding cannot mean becomes U+FFFD.
 *
 * A file that is ASCII as far as the sample goes is decided at the first other character: a whole one of
 * UTF-8 means UTF-8. Pure.
 */
#ifndef WIRE_CSV_TEXT_H
#define WIRE_CSV_TEXT_H

#include "wire/charset.h"

/* What the beginning speaks for: "utf-8", "utf-16le", "utf-16be", "windows-1252", or empty where all is
 *ASCII. mark_bytes: how many bytes in front are a mark and no text. */
struct slice csv_encoding_find(struct slice sample, size_t *mark_bytes);

struct csv_text {
    /* NULL: the bytes are UTF-8 already. */
    struct charset_decoder *decoder;
    bool is_undecided;
    /* A character cut by the end of a piece, while undecided. */
    uint8_t cut[4];
    size_t cut_len;
    struct buffer out;
};

/* `encoding` as csv_encoding_find gives it, or as a person wrote it. False: no such encoding. */
NODISCARD bool csv_text_init(struct csv_text *text, struct slice encoding);
void csv_text_free(struct csv_text *text);
/* The piece as UTF-8, valid until the next call. `last`: no more follows. Pieces are at most
   CSV_SAMPLE_BYTES long. */
struct slice csv_text_next(struct csv_text *text, struct slice piece, bool last);

#endif
