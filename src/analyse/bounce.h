/*
 * Whether a letter says that a message was not delivered, or not yet, and for whom: by its report (RFC 3464),
 * by what its text says where there is none, or both. Recipients are those the message was sent to, as its
 * sender wrote them.
 *
 * A letter is taken for one only where a mail system wrote it (its sender, the null return path,
 * Auto-Submitted) and its text tells of a failure: a person who quotes a bounce is a person. Pure; linear.
 */
#ifndef ANALYSE_BOUNCE_H
#define ANALYSE_BOUNCE_H

#include "analyse/bounce_reason.h"
#include "analyse/letter.h"

struct bounce_recipient {
    /* As its sender wrote it, and where it came to in the end. */
    struct slice address;
    struct slice final;
    enum delivery_action action;
    struct delivery_code status;
    /* SMTP, or 0. */
    uint32_t reply_code;
    enum bounce_reason reason;
    bool is_hard;
    /* What was said, cut to DELIVERY_REPORT_TEXT_BYTES_MAX, and the phrase of it that decided. */
    struct slice diagnostic;
    struct slice phrase;
};

enum bounce_kind {
    /* No report of a mail system. */
    BOUNCE_NONE,
    BOUNCE_FAILURE,
    /* It is tried on. */
    BOUNCE_DELAY,
    /* It was delivered. */
    BOUNCE_SUCCESS,
};

struct bounce {
    enum bounce_kind kind;
    struct bounce_recipient *recipients;
    size_t count;
    /* The message that is given back. */
    struct letter_original original;
    /* The id that the report itself names, or empty. */
    struct slice message_id;
    /* What made it one, for a person to read. */
    struct slice evidence;
};

/* `bounce` lives as long as letter and arena. */
void bounce_read(struct arena *arena, const struct letter *letter, struct bounce *bounce);

/* ---- for bounce.c ---- */

/* What a text says of one address (bounce_text.c). */
struct bounce_segment {
    struct slice address;
    /* The words that go with it, in the arena. */
    struct slice words;
};
struct bounce_text {
    /* The text before the message that is given back. */
    struct slice report;
    /* From there on, and what its header says; the letter's own `original` where it has one. */
    struct slice returned;
    struct letter_original original;
    struct bounce_segment *segments;
    size_t count;
};
void bounce_text_read(struct arena *arena, const struct letter *letter, struct bounce_text *text);
/* What the text says of the address, or an empty slice. */
struct slice bounce_text_words(const struct bounce_text *text, struct slice address);

/* ---- what Amazon SES tells by SNS (bounce_sns.c) ---- */
struct bounce_sns {
    /* "Bounce", "Complaint", "Delivery". */
    struct slice type;
    /* Of a complaint, or empty. */
    struct slice feedback;
    struct delivery_report report;
};
/* False: the letter is no such notice. */
bool bounce_sns_read(struct arena *arena, const struct letter *letter, struct bounce_sns *sns);

/* ---- the look of it (bounce_look.c) ---- */
enum bounce_look {
    BOUNCE_LOOKS_HUMAN,
    /* A mail system wrote it, of what is not known. */
    BOUNCE_LOOKS_SYSTEM,
    BOUNCE_LOOKS_FAILED,
    BOUNCE_LOOKS_DELAYED,
};
/* `report`: what was written, without what is given back. */
enum bounce_look bounce_look(const struct letter *letter, struct slice report, struct slice *evidence);
/* Its sender is a mail system by name. */
bool bounce_is_daemon(const struct letter *letter);

#endif
