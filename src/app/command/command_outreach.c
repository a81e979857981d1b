/* outreach: the first word says which file goes on. */
#include "app/command/command_outreach.h"

int command_outreach(struct cli *cli) {
    static const struct {
        struct slice word;
        bool needs_data;
        int (*run)(struct cli *cli);
    } rooms[] = {
        {SLICE_INIT("check"), false, command_outreach_check},
        {SLICE_INIT("preview"), false, command_outreach_preview},
        {SLICE_INIT("simulate"), false, command_outreach_simulate},
        {SLICE_INIT("mailbox"), true, command_outreach_mailbox},
        {SLICE_INIT("oauth"), true, command_outreach_oauth},
        {SLICE_INIT("replay"), true, command_outreach_replay},
    };
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        if (!slice_equal(cli->words[0], rooms[i].word)) continue;
        if (rooms[i].needs_data && !cli->data) return cli_misuse(cli, "--data is missing");
        return rooms[i].run(cli);
    }
    if (!cli->data) return cli_misuse(cli, "--data is missing");
    return command_outreach_campaign(cli);
}
