/* Keys of a domain, on the loop: what the files behind store/engine_dkim.h share. */
#ifndef STORE_DKIM_DOMAIN_H
#define STORE_DKIM_DOMAIN_H

#include "store/dkim_table.h"
#include "store/engine_dkim.h"

/* The first keys of a domain that is to be, made for its first places, in `arena`. STORE_FAILED. */
enum store_result dkim_first_make(struct task *t, struct engine *engine, struct arena *arena,
                                  struct slice domain, struct dkim_fresh fresh[DKIM_ALGORITHMS]);

struct dkim_domain {
    uint64_t id;
    struct slice name;
    struct dkim_row rows[DKIM_DOMAIN_KEYS_MAX];
    size_t count;
    /* The directory's, when it was read. */
    uint64_t changes;
};
/* Reads a domain of ours (`name` canonical) with its keys; one without any gets its first ones. In `arena`.
   STORE_NOT_FOUND: not ours. Waits. */
enum store_result dkim_domain_read(struct task *t, struct engine *engine, struct arena *arena,
                                   struct slice name, struct dkim_domain *domain);

#endif
