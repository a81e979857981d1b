/* outreach: the first word says which file goes on. */
#include "app/command_outreach.h"

int command_outreach(struct cli *cli) {
    static const struct {
        struct slice word;
        int (*run)(struct cli *cli);
    } rooms[] = {
        {SLICE_INIT("mailbox"), command_outreach_mailbox},
        {SLICE_INIT("oauth"), command_outreach_oauth},
    };
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++)
        if (slice_equal(cli->words[0], rooms[i].word)) return rooms[i].run(cli);
    return command_outreach_campaign(cli);
}
