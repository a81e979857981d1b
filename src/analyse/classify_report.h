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

/* Appends the report: words, or a JSON object and a line break. */
NODISCARD enum classify_report_result classify_report(const struct classification *c, bool json,
                                                      struct buffer *out);

#endif
