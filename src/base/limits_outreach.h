/*
 * The limits of outreach, beside base/limits.h: documents, snippets, messages, pace, plans. Units are last
 * in the names. A limit that guards against input is met by an error that says so, never by an abort.
 */
#ifndef BASE_LIMITS_OUTREACH_H
#define BASE_LIMITS_OUTREACH_H

enum {
    /* A sequence: its document; values within values, values in all, and one key; what all of it takes once
       it is read; faults that are told at once, and the words of one. */
    SEQUENCE_DOCUMENT_BYTES_MAX = 512 * 1024,
    SEQUENCE_DEPTH_MAX = 8,
    SEQUENCE_VALUES_MAX = 5000,
    SEQUENCE_KEY_BYTES_MAX = 64,
    SEQUENCE_ARENA_BYTES_MAX = 8 * 1024 * 1024,
    SEQUENCE_FAULTS_MAX = 20,
    SEQUENCE_FAULT_WORDS_BYTES_MAX = 400,
    /* Its parts. */
    SEQUENCE_STEPS_MAX = 20,
    SEQUENCE_VERSIONS_MAX = 8,
    SEQUENCE_WEIGHT_MAX = 1000,
    SEQUENCE_MATCHES_MAX = 8,
    SEQUENCE_CLASSES_MAX = 16,
    SEQUENCE_HOLIDAYS_MAX = 400,
    SEQUENCE_HEADERS_MAX = 8,
    SEQUENCE_NAME_BYTES_MAX = 100,
    SEQUENCE_LINE_BYTES_MAX = 500,
    SEQUENCE_SUBJECT_BYTES_MAX = 500,
    SEQUENCE_BODY_BYTES_MAX = 64 * 1024,
    /* A delay: in minutes 60 days, the longest that a sequence may last. */
    SEQUENCE_DELAY_MINUTES_MAX = 60 * 24 * 60,

    /* Snippets: a name, a fallback, a value; of one text how many, and what all of it may become. */
    SNIPPET_NAME_BYTES_MAX = 64,
    SNIPPET_FALLBACK_BYTES_MAX = 500,
    SNIPPET_VALUE_BYTES_MAX = 4096,
    SNIPPETS_MAX = 200,
    SNIPPET_FIELDS_MAX = 200,
    SNIPPET_TEXT_BYTES_MAX = 256 * 1024,

    /* A message: all of it; earlier messages of its thread that it names; its subject. RFC 5322 2.1.1: a
       line has at most 998 bytes. */
    COMPOSE_MESSAGE_BYTES_MAX = 1024 * 1024,
    COMPOSE_REFERENCES_MAX = 40,
    COMPOSE_SUBJECT_BYTES_MAX = 900,
    COMPOSE_LINE_BYTES_MAX = 900,
    COMPOSE_ID_BYTES_MAX = 250,

    /* Delivery windows: ranges of one; how many days are looked at for the next one that is open. */
    DELIVERY_RANGES_MAX = 16,
    DELIVERY_LOOK_DAYS_MAX = 400,

    /* Pace of one mailbox: what holds where nothing is said; what a day allows at most without an override
       that its owner gave, and with one. */
    PACER_GAP_MIN_MS = 95 * 1000,
    PACER_GAP_MAX_MS = 150 * 1000,
    PACER_GAP_LONGEST_MS = 24 * 3600 * 1000,
    PACER_HOURLY_USUAL = 30,
    PACER_DAILY_USUAL = 30,
    PACER_DAILY_MAX = 100,
    PACER_DAILY_OVERRIDE_MAX = 1000,
    PACER_RECIPIENT_DOMAIN_DAILY_USUAL = 20,
    PACER_SENDING_DOMAIN_DAILY_USUAL = 100,
    PACER_RAMP_STEP_MAX = 100,
    /* An opener that waits for follow-ups to leave before it asks again after this: about a gap. */
    PACER_RESERVED_LOOK_MS = 3 * 60 * 1000,
    /* Numbers of days are cut to this. */
    PACER_DAYS_MAX = 100000,

    /* A plan: contacts of one, and how long a sequence may take from its first message to its last. */
    PLANNER_CONTACTS_MAX = 1000 * 1000,
    PLANNER_DAYS_MAX = 60,
    PLANNER_ZONES_MAX = 500,

    /* HTML twins: images of one, from which on it is a layout. */
    LAW_IMAGES_MAX = 1,
};

#endif
