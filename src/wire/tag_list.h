/*
 * Lists of tags, "v=1; a=rsa-sha256; ...": what DKIM, ARC and DMARC write in fields and DNS records
 * (RFC 6376 3.2). Pure, linear, and nothing is copied.
 */
#ifndef WIRE_TAG_LIST_H
#define WIRE_TAG_LIST_H

#include "base/fatal.h"
#include "base/limits.h"
#include "base/slice.h"

struct tag {
    /* As written: names tell letters apart. */
    struct slice name;
    /* Without white space at both ends; folds inside are left in. May be empty. */
    struct slice value;
    /* All between "=" and ";" or the end, white space included. */
    struct slice raw_value;
};

struct tag_list {
    struct tag items[DKIM_TAGS_MAX];
    size_t count;
};

enum tag_list_result {
    TAG_LIST_OK,
    /* A name or "=" is missing, a semicolon is one too many, or there is a byte that may not be there. */
    TAG_LIST_MALFORMED,
    /* A name stands twice: then none of it counts. */
    TAG_LIST_DOUBLED,
    /* More than DKIM_TAGS_MAX. */
    TAG_LIST_TOO_MANY,
};

/* Reads all of `text`; one semicolon may end it. Bytes beyond ASCII are read as parts of values (RFC 8616 4).
   The list is undefined but with TAG_LIST_OK, and borrows from `text`. */
NODISCARD enum tag_list_result tag_list_read(struct slice text, struct tag_list *list);
/* The tag of that name, or NULL. */
const struct tag *tag_list_find(const struct tag_list *list, struct slice name);

/* A value that is words between separators ("from:to", "relaxed/simple"). */
struct tag_words {
    struct slice rest;
    uint8_t separator;
    bool has_ended;
};
static inline struct tag_words tag_words_of(struct slice value, uint8_t separator) {
    return (struct tag_words){.rest = value, .separator = separator};
}
/* The next word, without white space around it; it may be empty. False: there was a last one. */
bool tag_words_next(struct tag_words *words, struct slice *word);
/* One of the words is `word`, ASCII letters in either case. */
bool tag_words_have(struct slice value, uint8_t separator, struct slice word);

#endif
