/* Limits of what is said about senders, and of securing the way: a part of base/limits.h, which is what to
 * include. */
#ifndef BASE_LIMITS_TRUST_H
#define BASE_LIMITS_TRUST_H

enum {
    /* MTA-STS, RFC 8461 3.1: an id has 1 to 32 letters and digits; 3.2: max_age has at most about a year (and
       3.3 asks for policies of at most 64 KiB and a minute of patience). MX patterns beyond the maximum are
       no policy. */
    MTA_STS_ID_BYTES_MAX = 32,
    MTA_STS_POLICY_BYTES_MAX = 64 * 1024,
    MTA_STS_AGE_S_MAX = 31557600,
    MTA_STS_PATTERNS_MAX = 200,
    MTA_STS_FETCH_MS = 30 * 1000,
    /* Domains whose policies, or lack of one, the remote role has at hand; DNS is not asked of one for so
       long; one is fetched again when it is so old, and after a failure not before so long (RFC
       8461 3.3, 5.1). */
    MTA_STS_KNOWN_MAX = 5000,
    MTA_STS_KNOWN_BYTES_MAX = 16 * 1024 * 1024,
    MTA_STS_LOOK_AGAIN_MS = 10 * 1000,
    MTA_STS_REFRESH_MS = 24 * 3600 * 1000,
    MTA_STS_AGAIN_MS = 5 * 60 * 1000,
    /* Of those that nobody sent mail to meanwhile: how often is looked whether one is that old. */
    MTA_STS_LOOK_MS = 10 * 60 * 1000,
    /* And what the store keeps of them in all. */
    MTA_STS_STORED_MAX = 100 * 1000,

    /* DANE: TLSA records of a host that are read, and the bytes of one. */
    DANE_RECORDS_MAX = 32,
    DANE_RECORD_BYTES_MAX = 8 * 1024,

    /* Results of TLS that one attempt tells (RFC 8460), rows that are kept of them, and for so long. */
    TLS_RESULTS_MAX = 32,
    TLS_RESULT_DAYS = 30,
    TLS_RESULT_ROWS_MAX = 200 * 1000,

    /* Signing (DKIM): domains whose keys are kept ready; keys that wait to be published and are looked for in
       one round, its pause, and one look; how long the record of a retired key stays, which is longer than
       what it signed may be on its way. How long a message waits for its signatures; messages whose
       signatures are remembered for their other destinations, and for how long. */
    DKIM_DOMAINS_READY_MAX = 1000,
    DKIM_LOOKS_MAX = 100,
    DKIM_LOOK_PAUSE_MS = 10 * 60 * 1000,
    DKIM_LOOK_MS = 20 * 1000,
    DKIM_RETIRED_MS = 7 * 24 * 3600 * 1000,
    TRANSIT_SIGN_MS = 60 * 1000,
    TRANSIT_SIGNED_KEPT_MAX = 2048,
    TRANSIT_SIGNED_KEPT_MS = 5 * 60 * 1000,

    /* What one check keeps of DNS: TXT records of a name and their bytes (a DKIM key of 4,096 bits takes
       800); the questions that are written down for a tool, and of each the records. */
    TRUST_TXT_RECORDS_MAX = 50,
    TRUST_TXT_BYTES_MAX = 8192,
    TRUST_LOOKUPS_TOLD_MAX = 300,
    TRUST_LOOKUP_RECORDS_MAX = 50,
    /* Names of a client's address that are looked at; RFC 7208 4.6.4 says ten for the same question. */
    TRUST_IPREV_NAMES_MAX = 10,
    /* Authentication-Results: of one that is read, the properties of a method; of what we write, one text,
       and all of it; what is held of a stranger's before it is decided whether it claims to be ours. */
    AUTH_PROPERTIES_MAX = 16,
    AUTH_TEXT_BYTES_MAX = 200,
    AUTH_RESULTS_BYTES_MAX = 64 * 1024,
    AUTH_RESULTS_HELD_BYTES_MAX = 16 * 1024,
    /* From fields, together, that are looked through for authors; authors whose domains are looked at, and
       addresses of authors. */
    TRUST_FROM_BYTES_MAX = 64 * 1024,
    DMARC_AUTHORS_MAX = 4,
    DMARC_AUTHOR_ADDRESSES_MAX = 100,
    /* RFC 9989 4.10: a tree walk asks so often, and from its second question on for names of at most so many
       labels. Identifiers (signatures, SPF) that are compared with an author. */
    DMARC_WALK_QUERIES_MAX = 8,
    DMARC_WALK_LABELS_MAX = 7,
    DMARC_IDENTIFIERS_MAX = 16,
    /* All that is asked about one message: how long it may take from RCPT on (RFC 7208 4.6.4: 20 seconds at
       least), from its end, for the client's name alone; what answers may take, and one beyond that. */
    TRUST_CHECK_MS_MAX = 20 * 1000,
    TRUST_CHECK_END_MS_MAX = 10 * 1000,
    /* What the author's policy has at least; of bytes a quarter, signatures as much, SPF and name a half. */
    TRUST_POLICY_MS_MAX = 4 * 1000,
    TRUST_NAME_MS_MAX = 1000,
    TRUST_ANSWERS_BYTES_MAX = 256 * 1024,
    TRUST_ANSWER_BYTES_MAX = 1024 * 1024,
    /* Content that waits for the verdict before it goes on, so that it is taken in once: of one message, and
       of all messages of a role. What is over it is taken in again when there is a verdict. */
    TRUST_HELD_BYTES_MAX = 128 * 1024,
    TRUST_HELD_TOTAL_BYTES_MAX = 32 * 1024 * 1024,
    /* Messages of one role that are looked at, and what they hold in all: beyond it mail is put off. */
    TRUST_CHECKS_MAX = 1000,
    TRUST_CHECKS_BYTES_MAX = 64 * 1024 * 1024,
    /* SPF, RFC 7208 4.6.4: terms that ask DNS, questions of theirs that nothing answers, exchanges of a
       domain, and names of a client. */
    SPF_ASKING_TERMS_MAX = 10,
    SPF_VOID_LOOKUPS_MAX = 2,
    SPF_EXCHANGES_MAX = 10,
    SPF_CLIENT_NAMES_MAX = 10,
    /* What the answers of one check may take, each as large as DNS allows. */
    SPF_ARENA_BYTES_MAX = 16 * 1024 * 1024,
    /* What a domain's owner may say of a fail, and what of a record is quoted in a reason. */
    SPF_EXPLANATION_BYTES_MAX = 400,
    SPF_QUOTED_BYTES_MAX = 120,
    /* Looking at a domain's record for its owner: terms that are followed, records within records, findings;
       RFC 7208 3.4: a record beyond this may not fit into an answer over UDP. */
    SPF_AUDIT_TERMS_MAX = 60,
    SPF_AUDIT_DEPTH_MAX = 12,
    SPF_AUDIT_NOTES_MAX = 64,
    SPF_RECORD_BYTES_USUAL_MAX = 450,

    /* What a domain is to publish: addresses of the host, DKIM keys, terms of SPF for other hosts, and all
       records; terms of SPF records that are made one; what a value is shown of in words. */
    PUBLISH_ADDRESSES_MAX = 8,
    PUBLISH_KEYS_MAX = 16,
    PUBLISH_SPF_TERMS_MAX = 16,
    PUBLISH_ROWS_MAX = 64,
    SPF_MERGE_TERMS_MAX = 200,
    DIFFERENCE_SHOWN_BYTES = 24,
    /* Looking whether it is there: one row, and when all have taken so long, each that is left. */
    DNSCHECK_ROW_MS = 8 * 1000,
    DNSCHECK_MS = 30 * 1000,
    DNSCHECK_LATE_ROW_MS = 1000,
    /* What receivers demand (trust/preflight.h): messages of a domain a day that make it a bulk sender, and
       that are many for who is not known; the largest message. */
    PREFLIGHT_BULK_MESSAGES = 5000,
    PREFLIGHT_SPIKE_MESSAGES = 1000,
    PREFLIGHT_GMAIL_BYTES = 50 * 1024 * 1024,
    PREFLIGHT_YAHOO_BYTES = 40 * 1024 * 1024,
    PREFLIGHT_MICROSOFT_BYTES = 47 * 1024 * 1024,
    PREFLIGHT_USUAL_BYTES = 25 * 1024 * 1024,

    /* DKIM and ARC: the header section that is held while the body passes, and its fields; the entries of h=
       that we write and a whole field of ours; a key's signature (RSA of 8,192 bits). */
    DKIM_HEADER_BYTES_MAX = 256 * 1024,
    DKIM_FIELDS_MAX = 5000,
    DKIM_SIGNED_FIELDS_MAX = 200,
    DKIM_FIELD_BYTES_MAX = 16 * 1024,
    DKIM_SIGNATURE_BYTES_MAX = 1024,
    /* What is read of others: signatures of one message that are looked at, one such field, tags of a list,
       names in h=; key records of one name that are tried; RSA keys that are used (RFC 8301 3.2); what all
       keys of a message may cost (RSA-1024 is 1, RSA-2048 and Ed25519 4); and how wrong clocks may be. */
    DKIM_SIGNATURES_MAX = 8,
    DKIM_SIGNATURE_FIELD_BYTES_MAX = 16 * 1024,
    DKIM_TAGS_MAX = 64,
    DKIM_NAMES_MAX = 500,
    DKIM_KEYS_MAX = 4,
    DKIM_RSA_BITS_MIN = 1024,
    DKIM_RSA_BITS_MAX = 8192,
    DKIM_RSA_EXPONENT_BITS_MAX = 64,
    DKIM_KEY_WORK_MAX = 500,
    DKIM_CLOCK_SKEW_S = 300,
    /* RFC 8617 4.2.1: instances go from 1 to 50. */
    ARC_INSTANCES_MAX = 50,

    /* Reports of others about our mail (RFC 9990, RFC 8460). Of one: what may be packed and unpacked; what is
       read in one go; of a value, how much is kept; elements within elements; records, and results of one;
       what all of it takes while it is read, and in the store. */
    FEEDBACK_PACKED_BYTES_MAX = 2 * 1024 * 1024,
    FEEDBACK_BYTES_MAX = 4 * 1024 * 1024,
    FEEDBACK_PIECE_BYTES = 64 * 1024,
    FEEDBACK_TEXT_BYTES_MAX = 255,
    FEEDBACK_DEPTH_MAX = 32,
    FEEDBACK_JSON_VALUES_MAX = 50000,
    FEEDBACK_RECORDS_MAX = 2000,
    FEEDBACK_RESULTS_MAX = 8,
    FEEDBACK_ARENA_BYTES_MAX = 8 * 1024 * 1024,
    FEEDBACK_STORED_BYTES_MAX = 512 * 1024,
    /* Reports that are kept: new ones of any day, those about one domain, and for how long; all of them. How
       many one answer tells of, and one summary reads. */
    FEEDBACK_DAY_MAX = 1000,
    FEEDBACK_DOMAIN_DAY_MAX = 250,
    FEEDBACK_KEPT_DAYS = 400,
    FEEDBACK_KEPT_MAX = 20000,
    FEEDBACK_LIST_MAX = 200,
    FEEDBACK_SUMMARY_MAX = 2000,
    FEEDBACK_SOURCES_MAX = 5000,
    /* What is counted to be reported to others: rows of one day about one domain, of one day, domains of a
       day; days that it waits; what an author's checks may take as a row. */
    SEEN_DOMAIN_ROWS_MAX = 5000,
    SEEN_DAY_ROWS_MAX = 50000,
    SEEN_DAYS_MAX = 4,
    SEEN_ROW_BYTES_MAX = 1024,
    /* Reports that are sent: where they go, how large one may be, packed, how long asking DNS about one
       takes, a request with one; and over how long after midnight (UTC) they are spread. */
    REPORTING_URIS_MAX = 4,
    REPORTING_BYTES_MAX = 8 * 1024 * 1024,
    REPORTING_PACKED_BYTES_MAX = 640 * 1024,
    REPORTING_LOOKUP_MS = 20 * 1000,
    REPORTING_FETCH_MS = 30 * 1000,
    REPORTING_SPREAD_MS = 4 * 3600 * 1000,
    REPORTING_LOOK_MS = 10 * 60 * 1000,

    /* Certificates by ACME (RFC 8555): names on one certificate; an answer of the CA, a page of its JSON, a
       URL, a token, a chain; steps and all of one order; how often an answer is asked for. */
    ACME_NAMES_MAX = 100,
    ACME_NAME_BYTES_MAX = 253,
    ACME_ANSWER_BYTES_MAX = 128 * 1024,
    ACME_JSON_DEPTH_MAX = 16,
    ACME_URL_BYTES_MAX = 1024,
    ACME_TOKEN_BYTES_MAX = 128,
    ACME_WORDS_BYTES_MAX = 400,
    ACME_CHAIN_BYTES_MAX = 64 * 1024,
    ACME_CERTIFICATES_MAX = 8,
    ACME_REQUEST_MS_MAX = 30 * 1000,
    ACME_POLL_MS_MAX = 120 * 1000,
    ACME_POLL_PAUSE_MS = 1000,
    ACME_POLL_PAUSE_MS_MAX = 10 * 1000,
    ACME_RUN_MS_MAX = 30 * 60 * 1000,
    ACME_NONCE_TRIES_MAX = 20,
    /* Names are looked at, and whether the certificate is to be renewed, so often; after errors again in
       between these; what the CA asks to wait for at most; an optional name that failed is left out so
       long. */
    ACME_LOOK_MS = 6 * 3600 * 1000,
    ACME_AGAIN_MS = 5 * 60 * 1000,
    ACME_AGAIN_MS_MAX = 24 * 3600 * 1000,
    ACME_RETRY_AFTER_MS_MAX = 7 * 24 * 3600 * 1000,
    ACME_LEFT_OUT_MS = 7 * 24 * 3600 * 1000,
    /* Answers to challenges that an edge has at hand. */
    ACME_CHALLENGES_MAX = 8,
};

#endif
