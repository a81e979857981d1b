/*
 * The address book, as those who ask the store speak of it. Structures borrow. An address is compared in its
 * normalised form (store/contact_address.h); texts are UTF-8 without line breaks and NUL, so that each may
 * stand in a header field.
 */
#ifndef STORE_CONTACT_MODEL_H
#define STORE_CONTACT_MODEL_H

#include "base/limits_contact.h"
#include "ipc/pack.h"
#include "store/model.h"
#include "store/suppression_model.h"

/* first_name, company, ...: there are no fields that the store treats in a way of its own. */
struct contact_field {
    struct slice name;
    struct slice value;
};

struct contact {
    uint64_t id;
    uint64_t tenant;
    /* Normalised, its domain, and as it was first given. */
    struct slice address;
    struct slice domain;
    struct slice written;
    /* By name, ascending; no value is empty. */
    const struct contact_field *fields;
    size_t field_count;
    /* A name of the IANA database; guessed: after the country, of whose zones it is the most populous. */
    struct slice time_zone;
    bool is_zone_guessed;
    /* Two letters (ISO 3166-1), or empty. */
    struct slice country;
    /* The import that added it; 0: it was set by hand. */
    uint64_t origin;
    /* The import that added or changed it last; 0: it was set by hand since. */
    uint64_t import;
    int64_t created_ms;
    int64_t updated_ms;
};

/* An import, as it is kept: with what the law asks for. */
struct contact_import {
    uint64_t id;
    int64_t at_ms;
    struct slice name;
    /* Where the addresses come from, and why they may be written to. */
    struct slice source;
    struct slice basis;
    uint64_t added;
    uint64_t changed;
    uint64_t same;
    uint64_t refused;
    uint64_t suppressed;
    /* Rows of the file that are done, and a check of what was in them: where an import that was broken off
       goes on. */
    uint64_t rows;
    uint64_t chain;
    /* How many batches that took. */
    uint64_t batches;
    bool is_open;
    /* 0: it was not undone. */
    int64_t undone_ms;
};

/* What begins one, or finds the one that was broken off: the same fingerprint, and not closed. */
struct contact_import_start {
    uint64_t tenant;
    struct slice name;
    struct slice source;
    struct slice basis;
    struct slice fingerprint;
};

struct contact_row {
    struct slice address;
    struct slice written;
    const struct contact_field *fields;
    size_t field_count;
    struct slice time_zone;
    bool is_zone_guessed;
    struct slice country;
};

/* One commit of an import: all of it or nothing. */
struct contact_batch {
    uint64_t tenant;
    /* 0: only to say what would happen. */
    uint64_t import;
    /* Batches before it. */
    uint64_t number;
    /* So many rows of the file are done after it, with those that never come here, and the check of them. Not
       more than before it where it is one of several that are sorted, and another the last. */
    uint64_t rows_after;
    uint64_t chain;
    /* Rows of them that were refused before they came here. */
    uint64_t refused;
    const struct contact_row *rows;
    size_t row_count;
    /* So many differences are to be told at most. */
    size_t differences_max;
};

enum contact_outcome {
    CONTACT_ADDED,
    CONTACT_CHANGED,
    CONTACT_SAME,
    CONTACT_SUPPRESSED,
    CONTACT_REFUSED,
    CONTACT_OUTCOMES,
};

struct contact_judgement {
    enum contact_outcome outcome;
    /* With CONTACT_SUPPRESSED. */
    struct suppression_found found;
};

struct contact_difference {
    size_t row;
    struct slice field;
    struct slice before;
    struct slice after;
};

struct contact_batch_result {
    /* One for each row. */
    struct contact_judgement *judgements;
    struct contact_difference *differences;
    size_t difference_count;
};

/* A change by hand: fields with a value are set, those without are taken away. */
struct contact_change {
    uint64_t tenant;
    struct contact_row row;
};

/* What is asked for, by domain and address; `after` goes on behind an address. */
struct contact_query {
    uint64_t tenant;
    struct slice after;
    /* Only of this domain; only what this import touched last; empty and 0: all. */
    struct slice domain;
    uint64_t import;
    size_t max;
};

struct contact_undone {
    /* Were added by it: gone. Were changed by it: as before. Were changed since by others: left alone. */
    uint64_t removed;
    uint64_t restored;
    uint64_t kept;
    bool has_more;
};

void contact_pack(struct buffer *out, const struct contact *contact);
void contact_unpack(struct unpacker *in, struct arena *arena, struct contact *contact);
void contact_import_start_pack(struct buffer *out, const struct contact_import_start *start);
void contact_import_start_unpack(struct unpacker *in, struct contact_import_start *start);
void contact_import_pack(struct buffer *out, const struct contact_import *import);
void contact_import_unpack(struct unpacker *in, struct contact_import *import);
void contact_row_pack(struct buffer *out, const struct contact_row *row);
void contact_row_unpack(struct unpacker *in, struct arena *arena, struct contact_row *row);
/* Its head; the rows follow it, row_count of them. */
void contact_batch_pack(struct buffer *out, const struct contact_batch *batch);
void contact_batch_unpack(struct unpacker *in, struct arena *arena, struct contact_batch *batch);
void contact_batch_result_pack(struct buffer *out, const struct contact_batch_result *result, size_t rows);
void contact_batch_result_unpack(struct unpacker *in, struct arena *arena,
                                 struct contact_batch_result *result, size_t rows);
void contact_query_pack(struct buffer *out, const struct contact_query *query);
void contact_query_unpack(struct unpacker *in, struct contact_query *query);

/* "added", ... */
const char *contact_outcome_name(enum contact_outcome outcome);

/* The lawful bases there are, in words; NULL behind the last. */
extern const char *const contact_bases[];
bool contact_basis_is_known(struct slice basis);

#endif
