/*
 * The fields of a contact: an object of strings as JSON text, one spelling for one set of fields (names
 * ascending, no blanks), so that equal fields are equal bytes. Pure.
 */
#ifndef STORE_CONTACT_FIELDS_H
#define STORE_CONTACT_FIELDS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "store/contact_model.h"

/* Appends a JSON string (RFC 8259 7). The text is UTF-8. */
void contact_text_write(struct buffer *json, struct slice text);
/* Appends the object. */
void contact_fields_write(struct buffer *json, const struct contact_field *fields, size_t count);
/* Reads what contact_fields_write wrote; in `arena`, as far as values were escaped, else they borrow. False:
   it is damaged, or has too many fields. */
NODISCARD bool contact_fields_read(struct arena *arena, struct slice json,
                                   const struct contact_field **fields, size_t *count);

/* Told of each difference; an empty value is none. */
typedef void contact_differ_fn(void *context, struct slice name, struct slice before, struct slice after);

/* `fresh` over `there`, both ascending: what is fresh replaces or joins, an empty fresh value takes away.
   Into merged, with room for all of both; returns how many, and tells of each difference (`differ` may be
   NULL). */
size_t contact_fields_merge(const struct contact_field *there, size_t there_count,
                            const struct contact_field *fresh, size_t fresh_count,
                            struct contact_field *merged, contact_differ_fn *differ, void *context);

/* Sound for the book: see contact_model.h. `may_take_away`: values may be empty. */
bool contact_row_is_sound(const struct contact_row *row, bool may_take_away);
/* No line break, NUL or other control character, and UTF-8. */
bool contact_text_is_sound(struct slice text, size_t bytes_max);
/* Letters, digits and "_", lower case, or not ASCII. */
bool contact_name_is_sound(struct slice name);

#endif
