/* The maxima of classifying incoming mail, beside those of limits.h. */
#ifndef BASE_LIMITS_CLASSIFY_H
#define BASE_LIMITS_CLASSIFY_H

enum {
    /* Reports about a message (wire/delivery_report.h): the part they are in, recipients of one, a text. */
    DELIVERY_REPORT_BYTES_MAX = 64 * 1024,
    DELIVERY_REPORT_RECIPIENTS_MAX = 100,
    DELIVERY_REPORT_TEXT_BYTES_MAX = 1000,
    /* What is read of a message to classify it (analyse/letter.h): its plain text and its HTML, the header of
       the message it gives back, one field, an id, an address; links that are counted. */
    LETTER_TEXT_BYTES_MAX = 64 * 1024,
    LETTER_HTML_BYTES_MAX = 256 * 1024,
    LETTER_ORIGINAL_BYTES_MAX = 16 * 1024,
    LETTER_FIELD_BYTES_MAX = 4096,
    LETTER_ID_BYTES_MAX = 500,
    LETTER_ADDRESS_BYTES_MAX = 320,
    LETTER_COUNTED_MAX = 1000,
    /* Of a bounce (analyse/bounce.h): the words about one recipient, the part of a line that is looked at,
       and the addresses in it. */
    BOUNCE_WORDS_BYTES_MAX = 8 * 1024,
    BOUNCE_LINE_BYTES_MAX = 1000,
    BOUNCE_LINE_ADDRESSES_MAX = 10,
    /* Of a classification (analyse/classify.h): what it and working it out may take, pieces a whole message
       is read in, new text that is kept, ids, addresses in its text, and pieces of evidence with their
       length. */
    CLASSIFY_ARENA_BYTES_MAX = 1024 * 1024,
    CLASSIFY_SCRATCH_BYTES_MAX = 8 * 1024 * 1024,
    CLASSIFY_CHUNK_BYTES = 64 * 1024,
    CLASSIFY_NEW_TEXT_BYTES_MAX = 16 * 1024,
    CLASSIFY_IDS_MAX = 30,
    CLASSIFY_NAMED_MAX = 30,
    CLASSIFY_EVIDENCE_MAX = 16,
    CLASSIFY_EVIDENCE_BYTES_MAX = 200,
};

#endif
