/*
 * Whether a host is reached from here as others reach it: its ports, TLS on them, and the certificate, by its
 * public addresses. What DNS says is no part of it.
 */
#ifndef APP_REACH_H
#define APP_REACH_H

#include "app/cli/check_line.h"
#include "app/domain/domain_facts.h"

enum { REACH_MS_MAX = 10 * 1000 };

/* Looks at all ports at once, for REACH_MS_MAX at most, and adds a line for each, for STARTTLS at port 25 and
   for the certificate. Texts are in `arena`. Waits. */
void reach_look(struct task *t, struct arena *arena, const struct domain_facts *facts,
                struct check_lines *lines);
/* Fetches the MTA-STS policy of the domain, if there is to be one, and adds a line. Waits. */
void reach_policy(struct task *t, struct arena *arena, const struct domain_facts *facts,
                  struct check_lines *lines);

#endif
