/*
 * Whether what a domain publishes is right, as the world sees it: each row of trust/publish.h is looked up
 * and compared. A row says nothing of its neighbours: what is wrong with one record turns that row red and no
 * other, so that its owner sees what to mend.
 */
#ifndef TRUST_DNSCHECK_H
#define TRUST_DNSCHECK_H

#include "trust/lookup.h"
#include "trust/publish.h"

enum dnscheck_state {
    DNSCHECK_RIGHT,
    DNSCHECK_WRONG,
    DNSCHECK_MISSING,
    /* DNS did not say. */
    DNSCHECK_UNKNOWN,
};
enum { DNSCHECK_STATES = DNSCHECK_UNKNOWN + 1 };
/* "right", "wrong", "missing", "unknown". */
const char *dnscheck_state_word(enum dnscheck_state state);

struct dnscheck_row {
    const struct publish_row *wanted;
    enum dnscheck_state state;
    /* What is there, fit for a terminal; several records with ", " between them. */
    struct slice found;
    /* What is different, exactly; with DNSCHECK_RIGHT what is worth knowing all the same, or nothing. */
    struct slice words;
    /* What to do; empty with DNSCHECK_RIGHT. */
    struct slice advice;
    bool is_secure;
};

struct dnscheck {
    struct trust_lookups *lookups;
    const struct publish_facts *facts;
    const struct publish_rows *rows;
};

/* `checked` has room for all rows. Texts are in the lookups' arena. Waits, whatever the deadline of the
   lookups, DNSCHECK_ROW_MS for one row at most. */
void dnscheck_run(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);

/* The TXT records of a row's name that are of its kind: SPF, DMARC, ... In the lookups' arena. Waits. */
struct trust_texts dnscheck_texts(struct task *t, struct trust_lookups *lookups,
                                  const struct publish_row *row);

/* ---- how rows are judged; each fills `checked`, whose `wanted` is set, and may wait ---- */

void dnscheck_host(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);
void dnscheck_mx(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);
/* PTR and CNAME. */
void dnscheck_name(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);
void dnscheck_srv(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);
void dnscheck_tlsa(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);
void dnscheck_caa(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);
void dnscheck_text(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked);

/* ---- what they share ---- */

/* Looks the row up; false: there is nothing to judge, and `checked` says so. `found` is set. Waits. */
bool dnscheck_look_up(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                      struct dns_answer *answer);
/* Says why there is nothing: missing, or not known; a missing one is also looked for where panels put it that
   append the zone's name to a whole one. Waits. */
void dnscheck_absent(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                     enum dns_result result);
void dnscheck_wrong(struct dnscheck_row *checked, struct slice words, struct slice advice);

#endif
