/*
 * A sequence's file as the commands of outreach take it: read, with what is wrong told; the moment they
 * reckon from; and the limits of the mailbox that would send it.
 */
#ifndef APP_OUTREACH_FILE_H
#define APP_OUTREACH_FILE_H

#include <jansson.h>

#include "app/cli/cli.h"
#include "outreach/law.h"

struct outreach_file {
    const char *path;
    /* NULL: there are faults. */
    struct sequence *sequence;
    struct sequence_faults faults;
    struct law_refusals refusals;
    /* Of the mailbox. */
    struct slice zone_name;
    struct delivery_zone *zone;
    struct pacer_limits limits;
    /* --start, else now. */
    int64_t start_ms;
};

/* Reads the file of cli->words[1]. 0, or the exit status of what cannot even be looked at: no such file, a
   --start that is none. Faults and refusals are in *file. */
int outreach_file_open(struct cli *cli, struct outreach_file *file);
void outreach_file_close(struct outreach_file *file);

/* Says all faults and refusals on stderr, a line each: "FILE:12:5: steps[2].delay: ...". */
void outreach_file_complain(const struct outreach_file *file);
/* {"faults": [...], "refusals": [...]} and "ok". */
json_t *outreach_file_json(const struct outreach_file *file);
bool outreach_file_is_good(const struct outreach_file *file);

/* A run of the file as the pacer would have it. */
struct planner_options outreach_file_plan(const struct outreach_file *file,
                                          const struct planner_contact *contacts, size_t count);

enum { OUTREACH_MOMENT_BYTES = 32 };
/* "Wed 2026-07-01 14:07:31" as the mailbox's clock shows it; returns `text`. */
const char *outreach_moment_text(char text[OUTREACH_MOMENT_BYTES], const struct outreach_file *file,
                                 int64_t at_ms);

#endif
