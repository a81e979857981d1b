/* outreach: from the first word to what does it. */
#include "app/command_outreach.h"

int command_outreach(struct cli *cli) {
    const struct outreach_row *row = command_campaign_row(cli->words[0]);
    if (!row)
        return cli_misuse(cli, "'%.*s' is nothing that outreach does; posthaste outreach --help lists it",
                          SLICE_PRINT(cli->words[0]));
    if (cli->word_count >= row->words_min && cli->word_count <= row->words_max) return row->run(cli);
    return cli_misuse(cli, "outreach %.*s %s", SLICE_PRINT(row->word), row->usage);
}
