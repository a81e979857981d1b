/*
 * Snippets: {{first_name}} in a text is replaced by the contact's field, {{first_name|there}} by "there"
 * where the contact has none or a blank one; {{first_name|}} by nothing. Names are letters, digits, "_", "-"
 * and ".", whatever case; blanks around them do not count. A fallback is a plain text of the same line
 * without braces: nothing nests, and values are never looked at for snippets. "\{{" stands for "{{".
 *
 * A name without value and fallback is not resolved: nothing may be sent then. A value with a control byte
 * (CR, LF, NUL ...) or invalid UTF-8 is refused. What comes out has a maximum. Pure, linear in text and
 * fields.
 */
#ifndef OUTREACH_SNIPPET_H
#define OUTREACH_SNIPPET_H

#include "base/buffer.h"
#include "base/limits_outreach.h"

struct snippet_field {
    struct slice name;
    struct slice value;
};

struct snippet_fields {
    const struct snippet_field *items;
    size_t count;
};

/* The value, or an empty slice where there is none or only blanks. */
struct slice snippet_value(struct snippet_fields fields, struct slice name);

enum snippet_fault {
    SNIPPET_OK,
    /* "{{" without "}}" in the same line. */
    SNIPPET_OPEN,
    /* No name, one with other characters, or too long. */
    SNIPPET_NAME,
    SNIPPET_FALLBACK,
    SNIPPET_TOO_MANY,
    /* Only when rendering: */
    SNIPPET_UNRESOLVED,
    SNIPPET_VALUE,
    SNIPPET_TOO_LONG,
};
const char *snippet_fault_words(enum snippet_fault fault);

/* Whether a text can be rendered at all. Where not, *at is the offset of what is wrong. */
NODISCARD enum snippet_fault snippet_check(struct slice text, size_t *at);
/* The text has a snippet of that name. */
bool snippet_is_used(struct slice text, struct slice name);

enum snippet_escape { SNIPPET_PLAIN, SNIPPET_HTML };

/* Names that could not be resolved, or whose values are refused: each once, borrowed from the text. */
struct snippet_missing {
    struct slice names[SNIPPETS_MAX];
    size_t count;
};

/* Appends the text with its snippets replaced; with SNIPPET_HTML values and fallbacks are escaped. On
   UNRESOLVED and VALUE all such names are added to `missing`; what was appended then is of no use. */
NODISCARD enum snippet_fault snippet_render(struct buffer *out, struct slice text,
                                            struct snippet_fields fields, enum snippet_escape escape,
                                            struct snippet_missing *missing);

#endif
