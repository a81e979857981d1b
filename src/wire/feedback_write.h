/*
 * Reports to others, as wire/feedback.h has them: DMARC aggregate reports as XML (RFC 9990 appendix A, in the
 * shape that readers of RFC 7489 appendix C know, too), TLS reports as JSON (RFC 8460 4.4). What is written
 * reads as the same again. Pure and linear.
 */
#ifndef WIRE_FEEDBACK_WRITE_H
#define WIRE_FEEDBACK_WRITE_H

#include "wire/feedback.h"

/* Where messages are left out (feedback->left_out), its <error> says so. */
void dmarc_report_write(struct buffer *out, const struct feedback *feedback);
/* `sts_policy`: the text of the domain's MTA-STS policy, shown where connections were made under one; may be
   empty. */
void tls_report_write(struct buffer *out, const struct feedback *feedback, struct slice sts_policy);

/* Packs as gzip has it (RFC 1952), in pieces, so that no caller has to do a long text in one go. What does
   not fit into `out` overflows it: only what the packed bytes take counts. */
struct archive_packer;
struct archive_packer *archive_packer_new(void);
void archive_packer_feed(struct archive_packer *packer, struct slice piece, struct buffer *out);
/* Appends what is left, and frees it. */
void archive_packer_finish(struct archive_packer **packer, struct buffer *out);
/* All of `text` in one go. */
void archive_gzip(struct buffer *out, struct slice text);

#endif
