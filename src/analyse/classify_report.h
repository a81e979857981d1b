/*
 * What a message is taken for, and why, for `posthaste tool classify FILE [--json]`. Pure; jansson is used
 * here only, to write JSON.
 */
#ifndef ANALYSE_CLASSIFY_REPORT_H
#define ANALYSE_CLASSIFY_REPORT_H

#include "analyse/classify.h"

enum classify_report_result {
    CLASSIFY_REPORT_OK,
    /* `out` is full and of no use. */
    CLASSIFY_REPORT_TOO_LONG,
};

enum classify_report_form {
    CLASSIFY_WORDS,
    /* An object over several lines. */
    CLASSIFY_JSON,
    /* An object on one line, which begins with the file's name. */
    CLASSIFY_JSON_LINE,
};

/* Appends the report, and a line break. `file` names it where there are several. */
NODISCARD enum classify_report_result classify_report(const struct classification *c, struct slice file,
                                                      enum classify_report_form form, struct buffer *out);

#endif
