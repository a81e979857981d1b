/* DNS of the simulated world as people write it, for tests and their tools. */
#ifndef SIM_ZONE_H
#define SIM_ZONE_H

#include "base/slice.h"
#include "io/sim/sim.h"

/* A record: A, AAAA, MX ("10 mx.a.test", "0 ." for a null MX), PTR, CNAME, TXT (one text, whatever its
   length), NOTEXT (a TXT record without a string); or how every lookup of the name ends: SERVFAIL, TIMEOUT,
   BOGUS. */
void sim_zone_add(struct sim_world *world, const char *name, const char *type, struct slice text);
/* "a.test MX 10 mx.a.test" */
void sim_zone_line(struct sim_world *world, const char *line);

#endif
