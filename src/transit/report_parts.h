/* The parts of a report, each written by a file of its own; see report.h. */
#ifndef TRANSIT_REPORT_PARTS_H
#define TRANSIT_REPORT_PARTS_H

#include "base/limits.h"
#include "transit/report.h"
#include "wire/date.h"

/* In the order in which they are told. */
enum report_group { REPORT_GROUP_FAILED, REPORT_GROUP_DELAYED, REPORT_GROUP_SUCCESS, REPORT_GROUPS };

struct report {
    const struct report_source *source;
    const struct outgoing_recipient *recipients[REPORT_RECIPIENTS_MAX];
    size_t count;
    /* RFC 6533: UTF-8 stands as it is. */
    bool is_utf8;
    struct slice header;
};

enum report_group report_group_of(const struct report *report, const struct outgoing_recipient *recipient);
size_t report_group_count(const struct report *report, enum report_group group);

/* The message is a report itself, or an automatic answer: nobody waits for news of it. */
bool report_is_answer(struct slice header);

/* The text for people, lines ending in LF, UTF-8. */
void report_write_words(const struct report *report, struct buffer *out);
/* The fields of message/delivery-status (RFC 3464 2). */
void report_write_status(const struct report *report, struct buffer *out);
/* The part that gives back the message: its header fields, empty line and body. */
void report_write_return(const struct report *report, struct buffer *out);

/* Appends "Name: value" as one field: value without control bytes, in ASCII unless the report is UTF-8,
   folded at blanks (RFC 5322 2.2.3) so that no line is too long. */
void report_write_field(const struct report *report, struct buffer *out, const char *name,
                        struct slice value);
void report_write_date_field(const struct report *report, struct buffer *out, const char *name, int64_t ms);

/* Text in lines of a reasonable length behind `indent`, words kept whole where they are not endless. */
void report_wrap(struct buffer *out, const char *indent, struct slice text);

#endif
