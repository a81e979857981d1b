/*
 * What is worked out of a message once, when it is delivered, so that nobody has to read it
 * again to list, sort or thread it: IMAP's ENVELOPE, the structure, a preview, ids and
 * first addresses. It is fed in chunks of any size and holds little besides the tree.
 *
 * What is kept ends up in the caller's arena; the tree itself is the analyser's, and bounded by
 * ANALYSIS_TREE_BYTES_MAX. Where there is no room, or a limit is met, values are cut or missing,
 * the structure coarser, and what is there is still valid. No message makes it fail. Pure.
 */
#ifndef ANALYSE_ANALYSIS_H
#define ANALYSE_ANALYSIS_H

#include "analyse/classify.h"
#include "analyse/kind.h"
#include "wire/mime.h"

/* The first address of a field; empty slices where there is none. */
struct analysis_address {
    /* The display name, decoded to UTF-8. */
    struct slice name;
    struct slice local;
    struct slice domain;
};

struct analysis_list {
    struct slice *items;
    size_t count;
};

struct analysis {
    uint64_t size;
    /* Lives only as long as the analyser. */
    const struct mime_part *root;
    /* IMAP ENVELOPE, ready to send (may hold literals). */
    struct slice envelope;
    /* See structure.h. Where there was no room, of one opaque part; empty if not even for that. */
    struct slice structure;
    /* RFC 8970: the beginning of the first text, UTF-8, on one line. */
    struct slice preview;
    /* Decoded to UTF-8. */
    struct slice subject;
    /* RFC 5256 2.1 */
    struct slice subject_base;
    bool subject_is_reply;
    bool has_date;
    bool has_message_id;
    bool has_attachment;
    /* The Date field could be read, and then says this. */
    bool sent_known;
    int64_t sent_ms;
    /* Ids without brackets. */
    struct slice message_id;
    struct slice in_reply_to;
    /* Oldest first; of too many the newest are kept. */
    struct analysis_list references;
    struct analysis_address from;
    struct analysis_address sender;
    struct analysis_address to;
    struct analysis_address cc;
    /* RFC 5322 3.6: exactly one From field with a mailbox in it is right. */
    uint32_t from_fields;
    uint32_t from_addresses;
    uint32_t received_count;
    /* RFC 8689 3: the sender would rather have it go without TLS than not at all. */
    bool waives_tls;
    /* Delivered-To values, for noticing loops. */
    struct analysis_list delivered_to;
    enum kind kind;
    /* Where analysis_addressees asked for it: everybody in To, Cc and Bcc as "local@domain", at most
       ANALYSIS_ADDRESSEES_MAX. */
    struct analysis_list addressees;
    /* Where analysis_classify asked for it, else NULL. */
    const struct classification *classification;
};

struct analyser;

struct analyser *analysis_new(struct arena *arena);
/* Before anything is fed: the message is classified as well (classify.h), in the same pass. */
void analysis_classify(struct analyser *analyser);
/* The same: all whom it is to are kept, not the first alone. */
void analysis_addressees(struct analyser *analyser);
void analysis_feed(struct analyser *analyser, struct slice chunk);
/* The end of the message. The result lives as long as the arena, but for its `root`. */
const struct analysis *analysis_finish(struct analyser *analyser);
/* Frees what is outside of the arena and nulls *analyser. */
void analysis_free(struct analyser **analyser);

enum analysis_search {
    /* The message's own header fields. */
    ANALYSIS_SEARCH_HEADER = 1,
    /* Its texts, file names, and the header fields of messages inside of it. */
    ANALYSIS_SEARCH_BODY = 2,
};

/* Appends what SEARCH TEXT or BODY looks in (RFC 9051 6.4.4), and the full-text index: UTF-8,
   decoded, a line a field, HTML as text; `what` is a sum of analysis_search. Stops where `out`
   is full. The arena is scratch for the structure. */
void analysis_search_text(struct arena *arena, struct slice message, unsigned what, struct buffer *out);

#endif
