/*
 * A sequence: the document that says what is sent to each prospect and when (docs/sequence.md). It is read
 * from YAML or JSON, checked as a whole (every fault is told with its line, up to SEQUENCE_FAULTS_MAX), and
 * written as JSON in one normal form, in which a campaign stores it; that form reads back the same.
 *
 * A document is a stranger's: it is bounded in size, depth and number of values before anything is built of
 * it, and has no anchors, aliases or tags. What is read borrows nothing; it lives in the arena. Pure, linear.
 */
#ifndef OUTREACH_SEQUENCE_H
#define OUTREACH_SEQUENCE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "outreach/delivery_window.h"
#include "outreach/pacer.h"
#include "outreach/snippet.h"

/* Who writes: all three are told to the prospect in every step. */
struct sequence_identity {
    struct slice name;
    struct slice company;
    /* The postal address, in one line. */
    struct slice address;
};

/* How a prospect says no: a sentence that asks for an answer, or a link; one of them is there. */
struct sequence_opt_out {
    struct slice sentence;
    struct slice link;
};

/* One wording of a step. */
struct sequence_version {
    /* "A", "B" where the document names none. */
    struct slice name;
    /* Its share among all versions of the step. */
    unsigned weight;
    /* Empty in a step of the same thread. */
    struct slice subject;
    /* Plain text, lines end in LF. */
    struct slice body;
    /* The same as simple HTML; empty: there is none. */
    struct slice html;
};

enum sequence_tri { SEQUENCE_NO, SEQUENCE_YES, SEQUENCE_ANY };

/* A field of the contact is, or is not, this: whatever case, "*" for any run of characters. */
struct sequence_match {
    struct slice field;
    struct slice pattern;
    bool is_not;
};

/* Whom the step is for; it is left out for others, and the next step has its turn. */
struct sequence_condition {
    /* NO where the document says nothing: who answered gets no follow-up. A step of YES is in nobody's line:
       it waits for an answer. */
    enum sequence_tri replied;
    /* Of the newest answer, any of these; none: whatever it was. Its interest as the classifier names it, or
       auto_reply or out_of_office. */
    struct slice reply_classes[SEQUENCE_CLASSES_MAX];
    size_t reply_class_count;
    /* A letter came back, and not for good (else there is nobody to write to). ANY where the document says
       nothing. */
    enum sequence_tri bounced;
    /* All of them hold. */
    struct sequence_match matches[SEQUENCE_MATCHES_MAX];
    size_t match_count;
};

struct sequence_step {
    /* Since the step before was sent; of the first, since the campaign reached this prospect. */
    struct delivery_delay delay;
    struct sequence_condition condition;
    /* A follow-up in the thread of the step before: "Re: ", In-Reply-To, References. */
    bool is_same_thread;
    struct sequence_version versions[SEQUENCE_VERSIONS_MAX];
    /* At least one. */
    size_t version_count;
};

struct sequence_header {
    struct slice name;
    struct slice value;
};

struct sequence {
    struct slice name;
    struct sequence_identity identity;
    struct sequence_opt_out opt_out;
    /* What of identity and opt-out a body does not say itself is put under it. */
    bool has_footer;
    struct sequence_step *steps;
    size_t step_count;
    struct delivery_window window;
    /* Of prospects whose zone is not known. */
    struct slice time_zone;
    /* What the document says, and pacer_limits_none where it says nothing: the strictest of this and the
       mailbox's own hold. */
    struct pacer_limits pace;
    /* Further fields of every message. */
    struct sequence_header headers[SEQUENCE_HEADERS_MAX];
    size_t header_count;
    /* A newsletter list that it was meant for: refused (outreach/law.h). Mostly empty. */
    struct slice list;
    /* One answer stops everybody of the same company in this campaign. */
    bool stops_company;
};

/* ---- reading ---- */

struct sequence_fault {
    /* From 1; 0: not known. */
    unsigned line;
    unsigned column;
    /* "steps[2].delay"; may be empty. */
    struct slice where;
    /* What is wrong and what to do. */
    struct slice words;
};

struct sequence_faults {
    struct sequence_fault items[SEQUENCE_FAULTS_MAX];
    size_t count;
    /* Beyond those. */
    size_t more;
};

/* Reads a whole document; one that begins with "{" is JSON, any other YAML. NULL: there are faults (all of
   them, each with its place); else there are none. The arena needs SEQUENCE_ARENA_BYTES_MAX. */
NODISCARD struct sequence *sequence_read(struct arena *arena, struct slice document,
                                         struct sequence_faults *faults);

/* Appends the normal form: JSON on one line, every member in one order, nothing that has its usual value. */
void sequence_write(struct buffer *out, const struct sequence *sequence);

/* ---- asking ---- */

/* The text has these words in it, as whole words: "Ann" is not said by "Annual". Nothing is always said. */
bool sequence_text_says(struct slice text, struct slice words);

/* Which version this contact gets of a step (from 0): by a hash of both and the weights, always the same. */
size_t sequence_version_choose(const struct sequence_step *step, size_t step_number, uint64_t contact_id);

/* What is known of a prospect when a step is due. */
struct sequence_facts {
    bool has_replied;
    /* Of the newest answer; empty: there is none. */
    struct slice reply_class;
    bool has_bounced;
    struct snippet_fields fields;
    /* What may still come back counts as if it had: for who asks which step would be next. */
    bool is_forecast;
};
/* Whether the step is for this prospect. */
bool sequence_condition_holds(const struct sequence_condition *condition, const struct sequence_facts *facts);
/* Whether it may be once something comes back: by the contact's fields alone. */
bool sequence_condition_fits(const struct sequence_condition *condition, struct snippet_fields fields);
/* The first step from there on that is for this prospect, who has not answered; step_count: none is. */
size_t sequence_step_next(const struct sequence *sequence, size_t from, const struct sequence_facts *facts);
/* The first that is for this one, who has: of those for `replied: yes`, wherever they stand, and of the rest
   from `line` on, where it was when it answered; but none of `sent`, a set of bits. step_count: none is. */
size_t sequence_step_answering(const struct sequence *sequence, size_t line, uint32_t sent,
                               const struct sequence_facts *facts);
/* Whether any step is for people who answered; and whether any condition asks what came back. */
bool sequence_has_answer_steps(const struct sequence *sequence);
bool sequence_asks_answers(const struct sequence *sequence);
/* Whom it is for, in words: "who answered (positive or later), where country is DE". Nothing: everybody who
   did not answer. */
void sequence_condition_write(struct buffer *out, const struct sequence_condition *condition);

/* When the step (> 0: counted from the message before; 0: from when the prospect's turn began) is due: the
   delay, and then the next moment inside the window. DELIVERY_NEVER: no window is ever open. */
NODISCARD int64_t sequence_due_ms(const struct sequence *sequence, size_t step_number,
                                  const struct delivery_zone *zone, int64_t since_ms);
/* One of its delays is in seconds, which is only for recipients under .test. */
bool sequence_has_seconds(const struct sequence *sequence);

#endif
