/* The commands of outreach: which file has which (command_outreach.c), and how each begins. */
#ifndef APP_COMMAND_OUTREACH_H
#define APP_COMMAND_OUTREACH_H

#include "app/cli/cli.h"

/* command_outreach_mailbox.c, command_outreach_oauth.c; cli->words[0] is "mailbox", "oauth". */
int command_outreach_mailbox(struct cli *cli);
int command_outreach_oauth(struct cli *cli);
/* command_outreach_add.c: "add". */
int command_outreach_add(struct cli *cli);
/* command_outreach_campaign.c: all others. */
int command_outreach_campaign(struct cli *cli);
/* Of a mailbox as JSON: letters whose copy is not in Sent; nothing where all are. */
void command_outreach_print_copies(const json_t *mailbox);
/* command_outreach_check.c, command_outreach_preview.c, command_outreach_simulate.c: without a data folder.
 */
int command_outreach_check(struct cli *cli);
int command_outreach_preview(struct cli *cli);
int command_outreach_replay(struct cli *cli);
int command_outreach_simulate(struct cli *cli);

#endif
