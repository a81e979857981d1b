/*
 * How this program reads a message, for `posthaste tool mime FILE [--json]`: the tree of parts,
 * ENVELOPE, BODYSTRUCTURE, what the analysis says, and the text that searches look in.
 * Pure; jansson is used here only, to write JSON.
 */
#ifndef ANALYSE_REPORT_H
#define ANALYSE_REPORT_H

#include "base/buffer.h"

enum mime_report_result {
    MIME_REPORT_OK,
    /* `out` is full and of no use. */
    MIME_REPORT_TOO_LONG,
};

/* Appends the report of a message to `out`. Text from the message is shown with its control
   bytes escaped; as JSON it is valid UTF-8 throughout. */
NODISCARD enum mime_report_result mime_report(struct slice message, bool json, struct buffer *out);

#endif
