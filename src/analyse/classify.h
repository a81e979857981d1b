/*
 * What a message that came in is to the one who wrote before: a person's answer, or one of the many things
 * that machines send back; and what of it concerns that writer: who could not be reached and why, until when
 * somebody is away, whether they want to be left alone or to know more, and to which message all this
 * belongs.
 *
 * Nothing matters more than that no person's answer is taken for a machine's: where a person probably wrote
 * it is a reply. Every verdict names its evidence. docs/classify.md has the definitions.
 *
 * A classifier is fed beside the parser of the message's parts (mime.h), whose events it is told, and holds
 * no more than the maxima of base/limits.h: how much of a text is read is LETTER_TEXT_BYTES_MAX. Or all at
 * once, with classify_message. Results are in the caller's arena, and small. No message makes it fail. Pure;
 * linear.
 */
#ifndef ANALYSE_CLASSIFY_H
#define ANALYSE_CLASSIFY_H

#include "analyse/bounce.h"
#include "wire/mime.h"

/* Stored with each verdict on an answer. One more whenever verdicts may differ, so that `posthaste outreach
   replay` can say by which code it was judged. */
enum { CLASSIFIER_VERSION = 1 };

/* Numbers are stored. */
enum classification_kind {
    /* A person wrote it, or may have. */
    CLASS_REPLY = 0,
    CLASS_AUTO_REPLY = 1,
    CLASS_OUT_OF_OFFICE = 2,
    CLASS_BOUNCE = 3,
    /* Not delivered yet; it is tried on. */
    CLASS_DELAY = 4,
    CLASS_COMPLAINT = 5,
    /* It was delivered, or shown (RFC 3464, RFC 8098). */
    CLASS_RECEIPT = 6,
    /* Mail to many, and notices of machines that answer nothing. */
    CLASS_OTHER = 7,
};
enum { CLASS_KINDS = CLASS_OTHER + 1 };
/* "reply", "auto_reply", ... */
const char *classification_kind_name(enum classification_kind kind);

enum interest {
    INTEREST_NEUTRAL = 0,
    INTEREST_POSITIVE = 1,
    INTEREST_NEGATIVE = 2,
    /* "Please ask my colleague." */
    INTEREST_REFERRAL = 3,
    /* "Not now, ask me in autumn." */
    INTEREST_LATER = 4,
};
enum { INTERESTS = INTEREST_LATER + 1 };
const char *interest_name(enum interest interest);

enum category {
    CATEGORY_PRIMARY = 0,
    CATEGORY_PROMOTIONS = 1,
    CATEGORY_UPDATES = 2,
};
enum { CATEGORIES = CATEGORY_UPDATES + 1 };
const char *category_name(enum category category);
/* The IMAP keyword it is stored as. */
struct slice category_keyword(enum category category);

/* Why: a rule's name, and what in the message it saw. Both are UTF-8 without control bytes. */
struct evidence {
    struct slice rule;
    struct slice saw;
};

struct classification {
    enum classification_kind kind;
    /* Of a bounce: one of its recipients does not exist. */
    bool is_hard;
    /* Who could not be reached, of CLASS_BOUNCE and CLASS_DELAY; who could, of CLASS_RECEIPT. */
    struct bounce_recipient *recipients;
    size_t recipient_count;
    /* Of a complaint: "abuse", "opt-out", ...; of a receipt of a reader: "displayed", "deleted", ... */
    struct slice type;

    /* Of CLASS_OUT_OF_OFFICE, and of people who say it: the first day back, days since 1970; has_return_day.
     */
    bool has_return_day;
    int64_t return_day;

    /* They want no more mail. Said by a person, or by a machine for one (a complaint that is an opt-out). */
    bool is_unsubscribe;
    enum interest interest;
    enum category category;

    /* What was written, without quotes and signature; UTF-8, cut to CLASSIFY_NEW_TEXT_BYTES_MAX. */
    struct slice new_text;

    /* What it may answer to: ids without angles, the surest first: In-Reply-To, References from the newest,
       the message that is given back, ids in the text. Each once. */
    struct slice *ids;
    size_t id_count;
    /* Of CLASS_REPLY: addresses that its text names, in what it quotes, too; each once. */
    struct slice *named;
    size_t named_count;
    /* Who it came from, and the recipient of the message that is given back; "local@domain", may be empty. */
    struct slice from;
    struct slice original_recipient;

    struct evidence *evidence;
    size_t evidence_count;
};

struct classifier;

/* `arena` holds the results. Free it with classifier_free. */
struct classifier *classifier_new(struct arena *arena);
void classifier_free(struct classifier **classifier);
/* The raw bytes, before the parser of the parts sees them; and that parser's events. */
void classifier_feed(struct classifier *classifier, struct slice chunk);
void classifier_header(struct classifier *classifier, const struct mime_part *part, struct slice header);
void classifier_body(struct classifier *classifier, const struct mime_part *part, struct slice bytes);
/* The end of the message, after the parser's. The result lives as long as the arena. */
const struct classification *classifier_finish(struct classifier *classifier);

/* All at once, of a whole message; lines may end in LF. */
const struct classification *classify_message(struct arena *arena, struct slice message);

/* Its own evidence, for those who know more (where it belongs to, who wrote before). */
void classification_add_evidence(struct arena *arena, struct classification *c, struct slice rule,
                                 struct slice saw);

#endif
