/* domain dns: prints the records to publish. */
#include <stdio.h>

#include "app/cli/tool_world.h"
#include "app/command/command_domain.h"
#include "app/domain/domain_facts.h"
#include "app/domain/publish_merge.h"
#include "app/domain/publish_shapes.h"

enum { OUTPUT_BYTES_MAX = 4 * 1024 * 1024 };

struct publishing {
    struct publication publication;
    enum publish_shape shape;
};

static void print(struct cli *cli, const struct publishing *publishing) {
    if (cli->is_json) {
        tool_print_json(publish_json(&publishing->publication));
        return;
    }
    struct buffer out = buffer_new(OUTPUT_BYTES_MAX);
    publish_write(&out, publishing->shape, &publishing->publication);
    (void)fwrite(out.ptr, 1, out.len, stdout);
    buffer_free(&out);
}

static void merge_and_print(struct task *t, struct tool_world *world) {
    struct publishing *publishing = world->context;
    struct slice name;
    if (!publish_merge(t, &world->lookups, &publishing->publication.rows, &name)) {
        world->status = cli_fail("%.*s: DNS does not say what is there; try again, or without --merge",
                                 SLICE_PRINT(name));
        return;
    }
    print(world->cli, publishing);
    world->status = EXIT_DONE;
}

int command_domain_dns(struct cli *cli) {
    struct domain_facts *facts = ARENA_NEW(cli->arena, struct domain_facts);
    struct publishing publishing = {.shape = PUBLISH_SHAPE_ZONE};
    if (cli->publish.format && !publish_shape_read(slice_from_text(cli->publish.format), &publishing.shape))
        return cli_misuse(cli, "--format is zone, strings, table, cloudflare or route53, not '%s'",
                          cli->publish.format);
    int status = domain_facts_read(cli, cli->words[1], facts);
    if (status) return status;
    publishing.publication =
        (struct publication){.domain = facts->publish.domain,
                             .host = facts->publish.host,
                             .lacks_policy = facts->sts_policy.len == 0 && !facts->publish.is_relay};
    publishing.publication.rows = publish_rows(cli->arena, &facts->publish);
    if (facts->publish.address_count == 0)
        (void)fputs(
            "posthaste: this host's address is not known; set dns.public_addresses in posthaste.conf\n",
            stderr);
    if (cli->publish.is_merging) return tool_run(cli, merge_and_print, &publishing);
    print(cli, &publishing);
    return EXIT_DONE;
}
