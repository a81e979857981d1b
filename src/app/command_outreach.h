/* outreach: its first word says which; each file of them has a table of its own. */
#ifndef APP_COMMAND_OUTREACH_H
#define APP_COMMAND_OUTREACH_H

#include "app/cli.h"

struct outreach_row {
    struct slice word;
    /* Words in all, this one included. */
    size_t words_min;
    size_t words_max;
    int (*run)(struct cli *cli);
    /* Behind the word, for who gets it wrong. */
    const char *usage;
};

/* command_outreach_campaign.c. NULL: it is none of these. */
const struct outreach_row *command_campaign_row(struct slice word);

#endif
