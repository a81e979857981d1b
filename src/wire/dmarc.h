/*
 * DMARC records, as their owner publishes them at _dmarc.DOMAIN (RFC 9989 4.7, 4.8, which replaces RFC 7489
 * 6.3, 6.4): "v=DMARC1; p=reject; rua=mailto:reports@example.com". Only the version decides whether a text
 * is such a record; what is wrong in the rest is left out in favour of the default, and told to who wants to
 * know (the owner). Of a tag that is there twice the first counts. Names and values are read in either case.
 *
 * Slices borrow from the text. Pure and linear.
 */
#ifndef WIRE_DMARC_H
#define WIRE_DMARC_H

#include "base/buffer.h"

/* Sorted by how much they ask for. */
enum dmarc_policy { DMARC_NO_POLICY, DMARC_NONE, DMARC_QUARANTINE, DMARC_REJECT };
/* "none", "quarantine", "reject"; DMARC_NO_POLICY: "". */
const char *dmarc_policy_word(enum dmarc_policy policy);

/* RFC 9989 4.7, "psd". */
enum dmarc_psd {
    DMARC_PSD_UNSAID,
    /* A public suffix: organisations are one label below it. */
    DMARC_PSD_YES,
    /* An organisation of its own. */
    DMARC_PSD_NO,
};

/* RFC 9989 4.7, "fo": a set of these. */
enum dmarc_failure_option {
    DMARC_REPORT_ALL_FAILED = 1,
    DMARC_REPORT_ANY_FAILED = 2,
    DMARC_REPORT_DKIM = 4,
    DMARC_REPORT_SPF = 8,
};

struct dmarc_record {
    /* As written; DMARC_NO_POLICY: not there, or no policy. */
    enum dmarc_policy policy;
    enum dmarc_policy subdomain_policy;
    enum dmarc_policy absent_policy; /* np: of subdomains that do not exist */
    /* One of these tags is there and says no policy. */
    bool is_policy_invalid;
    enum dmarc_psd psd;
    bool is_test;
    bool is_dkim_strict;
    bool is_spf_strict;
    unsigned failure_options;
    /* Lists, for dmarc_uri_next; or empty. */
    struct slice aggregate_uris;
    struct slice failure_uris;
};

enum dmarc_fault_kind {
    DMARC_FAULT_NO_POLICY,  /* "p" is missing */
    DMARC_FAULT_VALUE,      /* a tag's value is none of its values */
    DMARC_FAULT_URI,        /* no URI, or none that reports can be sent to */
    DMARC_FAULT_NO_REPORTS, /* "rua" is missing: its owner never hears what happens */
    DMARC_FAULT_DUPLICATE,  /* a tag is there twice */
    DMARC_FAULT_REMOVED,    /* pct, rf, ri: RFC 9989 has them no more */
    DMARC_FAULT_URI_SIZE,   /* "!10m" behind a URI: no more, either */
    DMARC_FAULT_UNKNOWN,    /* a tag that means nothing */
    DMARC_FAULT_SYNTAX,     /* no tag at all */
    DMARC_FAULT_USELESS,    /* "fo" without "ruf" */
    DMARC_FAULTS,
};
enum { DMARC_FAULTS_KEPT = 16 };
struct dmarc_fault {
    enum dmarc_fault_kind kind;
    struct slice tag;
    struct slice value;
};
/* The first DMARC_FAULTS_KEPT. */
struct dmarc_faults {
    struct dmarc_fault items[DMARC_FAULTS_KEPT];
    size_t count;
};

/* False: the text is no DMARC record (RFC 9989 4.10, step 2). `faults` may be NULL. */
NODISCARD bool dmarc_record_parse(struct slice text, struct dmarc_record *record,
                                  struct dmarc_faults *faults);

/* RFC 9989 4.10.1: the policies of a record without a valid "p", or with a wrong "sp" or "np", are "none" if
   it asks for reports. False: it says nothing then. */
NODISCARD bool dmarc_record_mend(struct dmarc_record *record);

/* Appends what is wrong, for the owner: "sp=rejekt is none of none, quarantine, reject". */
void dmarc_fault_write(struct buffer *out, const struct dmarc_fault *fault);

/* Where reports go. */
struct dmarc_uri {
    /* All of it, without a size. */
    struct slice text;
    /* Of a mailto: URI that has them, as written (percent-encoding included); else empty. */
    struct slice address;
    struct slice host;
};
/* Takes the next syntactically valid URI off the front of the list; false: there is none. */
bool dmarc_uri_next(struct slice *list, struct dmarc_uri *uri);

#endif
