/*
 * Reports to others, as wire/feedback.h has them: DMARC aggregate reports as XML (RFC 9990 appendix A, in the
 * shape that readers of RFC 7489 appendix C know, too), TLS reports as JSON (RFC 8460 4.4). What is written
 * reads as the same again. Pure and linear.
 */
#ifndef WIRE_FEEDBACK_WRITE_H
#define WIRE_FEEDBACK_WRITE_H

#include "wire/feedback.h"

void dmarc_report_write(struct buffer *out, const struct feedback *feedback);
/* `sts_policy`: the text of the domain's MTA-STS policy, shown where connections were made under one; may be
   empty. */
void tls_report_write(struct buffer *out, const struct feedback *feedback, struct slice sts_policy);
/* Appends `text` as gzip has it (RFC 1952). */
void archive_gzip(struct buffer *out, struct slice text);

#endif
