/* Every maximum of the address book and of separated values; as base/limits.h, which is full. */
#ifndef BASE_LIMITS_CONTACT_H
#define BASE_LIMITS_CONTACT_H

#include "base/limits.h"

enum {
    /* Separated values (CSV): a row, its fields, what is looked at to find separator and encoding. */
    CSV_ROW_BYTES_MAX = 256 * 1024,
    CSV_FIELDS_MAX = 512,
    CSV_SAMPLE_BYTES = 64 * 1024,
    CSV_SAMPLE_ROWS = 50,

    /* The address book. What a contact may have; a batch of an import, which is one commit. */
    CONTACT_FIELDS_MAX = 100,
    CONTACT_NAME_BYTES_MAX = 64,
    CONTACT_VALUE_BYTES_MAX = 4096,
    CONTACT_JSON_BYTES_MAX = 64 * 1024,
    CONTACT_TEXT_BYTES_MAX = 500,
    CONTACT_ZONE_BYTES_MAX = 64,
    CONTACT_BATCH_ROWS = 1000,
    CONTACT_BATCH_BYTES = 512 * 1024,
    CONTACT_BATCHES_MAX = 3,
    /* Rows that are sorted before they are sent: what the database changes lies together. */
    CONTACT_SORTED_BYTES = 16 * 1024 * 1024,
    CONTACT_SORTED_ROWS = 100 * 1000,
    CONTACT_IMPORT_ROWS_MAX = 10 * 1000 * 1000,
    CONTACT_FAULTS_SHOWN = 50,
    CONTACT_DIFFERENCES_SHOWN = 50,
    CONTACT_PAGE_ROWS = 500,
    CONTACT_UNDO_ROWS = 500,
    CONTACT_IMPORTS_SHOWN = 1000,
    /* Conditions by which contacts are chosen; one of them; addresses that are told at once; contacts that
       one answer lists, and that are looked at for it. */
    CONTACT_MATCHES_MAX = 8,
    CONTACT_PATTERN_BYTES_MAX = 500,
    CONTACT_ADDRESSES_MAX = 1000,
    CONTACT_COLLECTED_BYTES_MAX = 128 * 1024 * 1024,
    CONTACT_LIST_MAX = 200,
    CONTACT_LIST_LOOKED_MAX = 50 * 1000,
    /* Who must not be written to. */
    SUPPRESSION_PATTERNS_MAX = 1000,
    SUPPRESSION_STARS_MAX = 4,
    SUPPRESSION_BATCH_ROWS = 1000,
    SUPPRESSION_PAGE_ROWS = 1000,
};

#endif
