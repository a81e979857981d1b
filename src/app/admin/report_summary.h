/*
 * Many reports about our domains made into what an owner wants to know: how much mail passed, who failed and
 * from where, how others' connections to us failed, and what to do about it. Holds at most
 * FEEDBACK_SOURCES_MAX sources; what is over is counted and not named.
 */
#ifndef APP_REPORT_SUMMARY_H
#define APP_REPORT_SUMMARY_H

#include <jansson.h>

#include "base/arena.h"
#include "wire/feedback.h"

struct report_summary;

/* `seed` as base/map.h has it. What it keeps is in `arena`. */
struct report_summary *report_summary_new(struct arena *arena, uint64_t seed);
void report_summary_add(struct report_summary *summary, const struct feedback *feedback);
/* A list of domains, those with most failures first; each with "domain", "messages", "passed", "failed",
   "policy", "sources" (those with most failures first) and "tls". */
json_t *report_summary_json(struct report_summary *summary);
void report_summary_free(struct report_summary **summary);

#endif
