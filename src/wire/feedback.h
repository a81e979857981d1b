/*
 * What other hosts report about mail in a domain's name: DMARC aggregate reports (RFC 9990, before it RFC
 * 7489 appendix C) as XML, and TLS reports (RFC 8460 4) as JSON. Read into structures that are the same
 * whoever wrote it: reporters differ in what they leave out, and in cases, name spaces and unknown elements,
 * which are passed over.
 *
 * Everything is a stranger's: texts are cleaned of control bytes, trimmed and cut to FEEDBACK_TEXT_BYTES_MAX;
 * records past FEEDBACK_RECORDS_MAX, or past the arena's budget, are counted and left out. No document type
 * declaration is read, so that there are no entities. Results are in the arena, which needs some KiB at
 * least. Pure and linear.
 */
#ifndef WIRE_FEEDBACK_H
#define WIRE_FEEDBACK_H

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/dmarc.h"
#include "wire/mime.h"
#include "wire/tls_report.h"

/* The last second of the year 9999: no date that is shown could say a later one. */
#define FEEDBACK_TIME_S_MAX INT64_C(253402300799)

/* Numbers are stored. */
enum feedback_kind { FEEDBACK_NONE = 0, FEEDBACK_DMARC = 1, FEEDBACK_TLS = 2, FEEDBACK_KINDS };
/* "dmarc", "tls". */
const char *feedback_kind_name(enum feedback_kind kind);

/* A signature or an SPF identity, and what was found of it. */
struct feedback_auth {
    bool is_spf;
    struct slice domain;
    /* Of a signature the selector; of SPF the scope ("mfrom", "helo"). May be empty. */
    struct slice selector;
    struct slice result;
    /* For people; mostly empty. */
    struct slice words;
};

/* RFC 9990 3.1.1.7: messages of one client that came to the same. */
struct feedback_record {
    struct slice source;
    uint64_t count;
    /* What the reporter did; DMARC_NO_POLICY: not said. */
    enum dmarc_policy disposition;
    bool is_dkim_aligned;
    bool is_spf_aligned;
    /* Why it did something else than the policy asks for ("forwarded", "mailing_list"), and in which words.
     */
    struct slice reason;
    struct slice comment;
    struct slice header_from;
    struct slice envelope_from;
    struct slice envelope_to;
    struct feedback_auth *auths;
    size_t auth_count;
};

/* What the domain published, as the reporter saw it. */
struct feedback_policy {
    struct slice domain;
    enum dmarc_policy policy;
    enum dmarc_policy subdomain_policy;
    enum dmarc_policy absent_policy;
    bool is_dkim_strict;
    bool is_spf_strict;
    bool is_test;
};

/* RFC 8460 4.3: connections that failed in the same way. */
struct feedback_failure {
    /* As a number where it is one of ours, else TLS_RESULT_TYPES; and as written. */
    enum tls_result_type type;
    struct slice type_text;
    struct slice sender_address;
    struct slice host;
    struct slice host_address;
    uint64_t count;
    struct slice reason;
    struct slice words;
};

/* RFC 8460 4.2: connections under one policy. */
struct feedback_way {
    enum tls_policy_type type;
    struct slice domain;
    uint64_t succeeded;
    uint64_t failed;
    struct feedback_failure *failures;
    size_t failure_count;
};

struct feedback {
    enum feedback_kind kind;
    /* Who reports, and how to reach them. */
    struct slice organization;
    struct slice contact;
    struct slice id;
    /* What it is about: of TLS that of the first policy. */
    struct slice domain;
    /* Up to FEEDBACK_TIME_S_MAX. */
    int64_t begin_s;
    int64_t end_s;
    /* Messages that passed DMARC and that did not, or sessions; also of records that were left out. */
    uint64_t passed;
    uint64_t failed;
    uint64_t left_out;
    /* DMARC */
    struct feedback_policy policy;
    struct feedback_record *records;
    size_t record_count;
    /* TLS */
    struct feedback_way *ways;
    size_t way_count;
};

enum feedback_result {
    FEEDBACK_OK,
    /* Neither XML with <feedback> nor JSON with "policies". */
    FEEDBACK_FOREIGN,
    /* It is not well-formed, cut off, or has a document type declaration. */
    FEEDBACK_MALFORMED,
    /* It lacks what a report must have: an id, a domain, a time. */
    FEEDBACK_INCOMPLETE,
};
/* One word: "ok", "foreign", ... */
const char *feedback_result_name(enum feedback_result result);

/* Reports are sent to that address: its local part is one of `locals`, separated by commas. */
bool feedback_address_is_meant(struct slice locals, struct slice address);

/* DMARC: reads in pieces of any size; large pieces cost the least. */
struct dmarc_reader;
struct dmarc_reader *dmarc_reader_new(struct arena *arena);
/* False: it is malformed, and need not be read on. */
bool dmarc_reader_feed(struct dmarc_reader *reader, struct slice piece);
/* The end: the report, or why not. Frees the reader and nulls *reader. */
enum feedback_result dmarc_reader_finish(struct dmarc_reader **reader, struct feedback *feedback);

/* TLS: all at once. */
enum feedback_result tls_feedback_read(struct arena *arena, struct slice json, struct feedback *feedback);

/* A whole report of either kind, unpacked. */
enum feedback_result feedback_read(struct arena *arena, struct slice document, struct feedback *feedback);
/* Which kind it looks like. */
enum feedback_kind feedback_kind_of(struct slice document);

/* The part of a mail that holds a report, by its type or its file name (reporters use many), or NULL. */
const struct mime_part *feedback_part(const struct mime_part *root);

/* A text as it is kept; empty where there is no room for it. */
struct slice feedback_text(struct arena *arena, struct slice text);

#endif
