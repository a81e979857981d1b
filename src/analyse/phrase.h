/*
 * Looking for phrases in texts of any language: the text is folded once (lower case, Latin letters without
 * their marks, one blank for any run of them, plain quotes and dashes), and phrases are written folded. So
 * "Désabonnez-moi" is found as "desabonnez-moi", however it was typed or broken into lines.
 *
 * In a phrase, but not at its beginning, "~" stands for anything of at most PHRASE_GAP_BYTES. Pure; linear in
 * the text for a given phrase. A list costs one pass over the text, and one for each phrase that it may hold.
 */
#ifndef ANALYSE_PHRASE_H
#define ANALYSE_PHRASE_H

#include "base/buffer.h"

enum { PHRASE_GAP_BYTES = 120 };

struct phrase_list {
    const struct slice *items;
    size_t count;
};
#define PHRASES(array) ((struct phrase_list){(array), sizeof(array) / sizeof((array)[0])})

/* Appends UTF-8 text folded; stops where `out` is full, at a whole character. */
void phrase_fold(struct buffer *out, struct slice text);

/* Where the phrase stands in a folded text, or SLICE_NOT_FOUND. */
size_t phrase_find(struct slice folded, struct slice phrase);
/* The same as words: no letter or digit touches it at either end. A phrase that ends with "*" may go on. */
size_t phrase_find_words(struct slice folded, struct slice phrase);

/* Without marks and blanks at both ends. */
struct slice phrase_bare(struct slice text);

/* The first of the list of which `is_it` is true, or NULL. It is asked only of those that may be in the text.
 */
const struct slice *phrase_first(struct slice folded, struct phrase_list list,
                                 bool (*is_it)(struct slice folded, struct slice phrase));
/* The first of the list that is there, or NULL. */
const struct slice *phrase_any(struct slice folded, struct phrase_list list);
const struct slice *phrase_any_words(struct slice folded, struct phrase_list list);
/* The text begins with one of the list, of which none is empty. */
const struct slice *phrase_start(struct slice folded, struct phrase_list list);

#endif
