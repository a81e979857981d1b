/*
 * A domain's SPF record, looked at for its owner: what receivers would stumble over, now or with the next
 * change. Unlike a check it goes through every term, whoever the client is, and on behind faults.
 */
#ifndef TRUST_SPF_AUDIT_H
#define TRUST_SPF_AUDIT_H

#include "trust/lookup.h"

/* Errors: receivers give permerror or temperror, or the record does not protect. */
enum spf_note_kind {
    SPF_NOTE_NO_RECORD,
    SPF_NOTE_SEVERAL_RECORDS,
    SPF_NOTE_BROKEN,
    SPF_NOTE_UNANSWERED,
    SPF_NOTE_LEADS_NOWHERE, /* an include or redirect to what has no record */
    SPF_NOTE_LOOP,
    SPF_NOTE_TERMS, /* more than ten ask DNS */
    SPF_NOTE_VOID,  /* more than two names that DNS knows nothing of */
    SPF_NOTE_EXCHANGES,
    SPF_NOTE_ALL_PASS,
    /* Warnings. */
    SPF_NOTE_NO_END, /* neither all nor redirect, or ?all */
    SPF_NOTE_PTR,    /* RFC 7208 5.5: not to be used */
    SPF_NOTE_BEHIND_ALL,
    SPF_NOTE_UNUSED_REDIRECT,
    SPF_NOTE_WIDE, /* a network of more than a /16 or /32 */
    SPF_NOTE_LONG,
};
enum { SPF_NOTE_KINDS = SPF_NOTE_LONG + 1 };

struct spf_note {
    enum spf_note_kind kind;
    /* Whose record it is about. */
    struct slice domain;
    /* One sentence for a person, printable ASCII. */
    struct slice words;
};

struct spf_audit {
    /* The domain's own record, the first where there are several; empty: none. */
    struct slice record;
    size_t record_count;
    /* Terms that ask DNS, of all records together, up to SPF_AUDIT_TERMS_MAX. %{p} is not counted. */
    unsigned asking_terms;
    /* Names of a, mx and exists that DNS knows nothing of, for clients with an IPv4 and an IPv6 address. */
    unsigned ip4_voids;
    unsigned ip6_voids;
    /* At most SPF_AUDIT_NOTES_MAX, in the order they were found. */
    const struct spf_note *notes;
    size_t note_count;
};

/* Waits, for all its questions until lookups->deadline_ms. Terms with macros are counted, but not followed;
   of mx only the exchanges are asked for. The slices are in `domain` and the arena of `lookups`. `domain` is
   ASCII, without a dot at its end. */
struct spf_audit spf_audit(struct task *t, struct trust_lookups *lookups, struct slice domain);

bool spf_note_is_error(const struct spf_note *note);
/* "no-record", "several-records", ... */
const char *spf_note_name(enum spf_note_kind kind);

#endif
