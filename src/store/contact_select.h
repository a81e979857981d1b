/*
 * Which contacts of the book are meant: of a domain, of an import, with fields that fit. In words as people
 * give them ("country=DE", "role=*manager*", "city!=Berlin"), and as bytes for those who ask the store. Pure.
 */
#ifndef STORE_CONTACT_SELECT_H
#define STORE_CONTACT_SELECT_H

#include "store/contact_model.h"

struct contact_match {
    /* A field; or address, domain, country or time_zone, which are none. */
    struct slice name;
    /* As base/pattern.h has it. Empty: the contact has no such field. */
    struct slice pattern;
    bool is_not;
};

struct contact_selection {
    /* Empty and 0: any. */
    struct slice domain;
    uint64_t import;
    /* All of them must hold. */
    struct contact_match matches[CONTACT_MATCHES_MAX];
    size_t match_count;
};

enum contact_selection_fault {
    CONTACT_SELECTION_OK,
    /* No FIELD=VALUE. */
    CONTACT_SELECTION_WORD,
    CONTACT_SELECTION_NAME,
    CONTACT_SELECTION_VALUE,
    CONTACT_SELECTION_IMPORT,
    CONTACT_SELECTION_TOO_MANY,
};

/* Adds what the word says: "domain=D" and "import=ID" narrow the search itself. Borrows. */
NODISCARD enum contact_selection_fault contact_selection_read(struct slice word,
                                                              struct contact_selection *selection);
/* One condition of it; `value` may have stars. */
NODISCARD enum contact_selection_fault contact_selection_add(struct slice name, struct slice value,
                                                             bool is_not,
                                                             struct contact_selection *selection);
/* Static. */
const char *contact_selection_fault_text(enum contact_selection_fault fault);

bool contact_is_selected(const struct contact *contact, const struct contact_selection *selection);

void contact_selection_pack(struct buffer *out, const struct contact_selection *selection);
/* Borrows. */
void contact_selection_unpack(struct unpacker *in, struct contact_selection *selection);

#endif
