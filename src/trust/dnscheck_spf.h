/* How SPF records are judged for trust/dnscheck.h: the host's addresses pass, within RFC 7208's limits. */
#ifndef TRUST_DNSCHECK_SPF_H
#define TRUST_DNSCHECK_SPF_H

#include "trust/dnscheck.h"

/* `text` is the name's only SPF record. Waits. */
void dnscheck_spf(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                  struct slice text);
/* A name has more than one record of the kind, which is worse than none (RFC 7208 4.5, RFC 9989 4.10). */
void dnscheck_several(const struct dnscheck *check, struct dnscheck_row *checked,
                      const struct trust_texts *texts);

#endif
