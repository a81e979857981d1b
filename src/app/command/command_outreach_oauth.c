/* outreach oauth: who we are at providers of OAuth tokens. */
#include <stdio.h>

#include "app/cli/command_ask.h"
#include "app/command/command_outreach.h"
#include "base/limits_sender.h"
#include "outreach/oauth.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_provider(const json_t *provider) {
    (void)printf("%-16s client %s, %s\n  authorize  %s\n  tokens     %s\n  scope      %s\n",
                 text_of(provider, "name"), text_of(provider, "client_id"),
                 json_is_true(json_object_get(provider, "has_secret")) ? "with a secret" : "without a secret",
                 text_of(provider, "authorize_url"), text_of(provider, "token_url"),
                 text_of(provider, "scope"));
}

static void print_guide(const char *name) {
    (void)printf(
        "added %s; its secret is sealed and never shown\n\nWhat must be so at the provider (posthaste "
        "outreach "
        "oauth add --help has each step):\n"
        "  Google: the app is of type \"Desktop app\"; while it is in testing, permissions end after 7 "
        "days:\n"
        "    publish it, or (Workspace) make it internal. Where an administrator restricts apps, he has "
        "to\n    trust the client id (Admin console, Security, API controls).\n"
        "  Microsoft: a \"Mobile and desktop\" redirect URI http://localhost; without a secret public "
        "client\n"
        "    flows allowed; delegated permissions IMAP.AccessAsUser.All, SMTP.Send,\n"
        "    offline_access. An administrator may have to grant consent, and to switch\n"
        "    \"Authenticated SMTP\" on for the mailbox.\n"
        "Then: posthaste outreach mailbox add ADDRESS --oauth %s\n",
        name, name);
}

static void print_answer(const json_t *answer) {
    size_t i;
    json_t *provider;
    if (json_object_get(answer, "added")) print_guide(text_of(answer, "added"));
    if (json_object_get(answer, "removed")) (void)printf("removed %s\n", text_of(answer, "removed"));
    if (json_object_get(answer, "provider")) print_provider(json_object_get(answer, "provider"));
    if (json_object_get(answer, "providers") && json_array_size(json_object_get(answer, "providers")) == 0)
        (void)printf("no OAuth providers: posthaste outreach oauth add NAME\n");
    json_array_foreach(json_object_get(answer, "providers"), i, provider) print_provider(provider);
}

/* 0, or the exit status. */
static int read_provider(struct cli *cli, struct sender_provider *provider) {
    const struct mailbox_options *options = &cli->mailbox;
    struct slice preset = options->preset ? slice_from_text(options->preset) : cli->words[2];
    bool has_urls = options->authorize_url && options->token_url && options->scope;
    if (!oauth_preset_find(preset, provider) && !has_urls)
        return cli_misuse(cli,
                          "--preset is google or microsoft; others need --authorize-url, --token-url and "
                          "--scope");
    if (!options->client_id)
        return cli_misuse(cli, "--client-id is missing: the provider's console shows it");
    if (options->authorize_url) provider->authorize_url = slice_from_text(options->authorize_url);
    if (options->token_url) provider->token_url = slice_from_text(options->token_url);
    if (options->scope) provider->scope = slice_from_text(options->scope);
    provider->client_id = slice_from_text(options->client_id);
    return 0;
}

static int add(struct cli *cli, struct admin_request *request) {
    struct sender_provider provider = {0};
    int status = read_provider(cli, &provider);
    if (status == 0 && !cli->mailbox.has_no_secret) status = cli_password(cli, &request->password);
    if (status) return status;
    struct buffer packed = buffer_new(IPC_FRAME_BYTES_MAX);
    sender_provider_pack(&packed, &provider);
    request->details = arena_copy(cli->arena, buffer_slice(&packed));
    buffer_free(&packed);
    return command_ask(cli, request, print_answer, NULL);
}

static int plain(struct cli *cli, struct admin_request *request) {
    return command_ask(cli, request, print_answer, NULL);
}

int command_outreach_oauth(struct cli *cli) {
    static const struct {
        struct slice verb;
        size_t words;
        int (*run)(struct cli *cli, struct admin_request *request);
    } verbs[] = {{SLICE_INIT("add"), 3, add},
                 {SLICE_INIT("list"), 2, plain},
                 {SLICE_INIT("show"), 3, plain},
                 {SLICE_INIT("remove"), 3, plain}};
    struct admin_request request = command_request(cli);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!slice_equal(cli->words[1], verbs[i].verb)) continue;
        if (cli->word_count == verbs[i].words) return verbs[i].run(cli, &request);
        return cli_misuse(cli, "oauth %.*s: %s", SLICE_PRINT(cli->words[1]),
                          verbs[i].words == 2 ? "no name goes with it" : "the name is missing");
    }
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[1]));
}
