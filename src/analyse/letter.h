/*
 * What those who judge a message see of it (bounce.h, auto_reply.h, wish.h, category.h): fields of its
 * header, its text, the reports in it, and the message that it gives back. Gathered while its parts flow by,
 * with the maxima of base/limits.h: what lies past them is not seen by any of them.
 *
 * Texts are UTF-8. All is in the arena of whoever began it, or empty where that has no room. Pure.
 */
#ifndef ANALYSE_LETTER_H
#define ANALYSE_LETTER_H

#include "base/buffer.h"
#include "wire/delivery_report.h"
#include "wire/mime.h"

/* What the header says by a field's presence or value; bits. */
enum letter_sign {
    /* Auto-Submitted (RFC 3834 5). */
    LETTER_AUTO_REPLIED = 1u << 0,
    LETTER_AUTO_GENERATED = 1u << 1,
    LETTER_BY_HAND = 1u << 2,
    /* X-Autoreply and its like; Precedence: auto_reply. */
    LETTER_X_AUTOREPLY = 1u << 3,
    /* A rule of an Exchange mailbox wrote it. */
    LETTER_RULES_LOOP = 1u << 4,
    /* A mailing list passed it on (List-Id, List-Post), or it was sent to many. */
    LETTER_LIST = 1u << 5,
    LETTER_BULK = 1u << 6,
    /* List-Unsubscribe. */
    LETTER_UNSUBSCRIBABLE = 1u << 7,
    /* Return-Path: <>, or one that is MAILER-DAEMON's. */
    LETTER_NULL_PATH = 1u << 8,
    /* Apple's mail program asks for its user to be taken off a list. */
    LETTER_APPLE_UNSUBSCRIBE = 1u << 9,
    /* Content-Type: multipart/report. */
    LETTER_REPORT = 1u << 10,
    /* The software of a mailing list answers (X-MLServer). */
    LETTER_LIST_SERVER = 1u << 11,
    LETTER_HAS_FROM = 1u << 12,
    /* The mailer is one that sends to many. */
    LETTER_CAMPAIGN = 1u << 13,
    /* X-MS-Exchange-Message-Is-Ndr, X-MS-Embedded-Report. */
    LETTER_EXCHANGE_NDR = 1u << 14,
    /* X-Auto-Response-Suppress: no proof by itself, but what machines write. */
    LETTER_SUPPRESSES = 1u << 15,
};

/* Parts that are made for machines. */
enum letter_part {
    LETTER_NO_PART,
    LETTER_DELIVERY,
    LETTER_DISPOSITION,
    LETTER_COMPLAINT,
};

/* The message that a report gives back, as far as its header is in it. */
struct letter_original {
    bool is_there;
    struct slice message_id;
    /* The first addresses, "local@domain". */
    struct slice from;
    struct slice to;
    struct slice subject;
    /* X-HmXmrOriginalRecipient, as Outlook.com's complaints have it. */
    struct slice complainer;
};

struct letter {
    unsigned signs;
    struct slice from_name;
    struct slice from_local;
    struct slice from_domain;
    struct slice reply_to;
    /* The first recipient, "local@domain". */
    struct slice to;
    struct slice return_path;
    struct slice subject;
    /* Folded (phrase.h). */
    struct slice subject_folded;
    struct slice message_id;
    struct slice in_reply_to;
    /* As the fields have them. */
    struct slice references;
    /* X-Failed-Recipients, unfolded. */
    struct slice failed;
    bool is_sent_known;
    int64_t sent_ms;
    int zone_minutes;

    /* The plain texts, and the first HTML; what is read where there is no plain text. */
    struct slice text;
    struct slice html;
    /* The text is HTML's. */
    bool is_from_html;
    /* `text` reaches to the end of the texts. */
    bool is_whole;

    enum letter_part part;
    struct slice report;
    /* A message/rfc822 or its header is in it. */
    struct letter_original original;
    /* Links and pictures of the HTML, for category.h. */
    size_t links;
    size_t pictures;
    size_t html_bytes;
    bool has_attachment;
};

struct letter_writer;

/* Begins one; what is kept goes to `arena`. */
struct letter_writer *letter_writer_new(struct arena *arena);
/* Frees what is outside of the arena and nulls *writer. */
void letter_writer_free(struct letter_writer **writer);
/* The raw bytes before the parser of their parts sees them, and what that parser says of them. */
void letter_feed(struct letter_writer *writer, struct slice chunk);
void letter_header(struct letter_writer *writer, const struct mime_part *part, struct slice header);
void letter_body(struct letter_writer *writer, const struct mime_part *part, struct slice bytes);
/* The end. The letter lives as long as the writer. */
const struct letter *letter_finish(struct letter_writer *writer);

/* It answers a message: fields that say which, or a subject that people's mail programs wrote ("Re:", "AW:").
 */
bool letter_is_answer(const struct letter *letter);

/* The fields of an original's header. */
void letter_original_read(struct arena *arena, struct slice header, struct letter_original *original);
/* The fields of the letter's own header (letter_header.c). */
void letter_read_header(struct arena *arena, const struct mime_part *root, struct slice header,
                        struct letter *letter);
/* The first mailbox of a field as "local@domain" in the arena; empty: there is none. */
struct slice letter_address(struct arena *arena, struct slice value);

#endif
