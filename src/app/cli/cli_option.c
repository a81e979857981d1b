/* Options: each a row, which says where its value goes. */
#include "app/cli/cli.h"

/* An option: where its value goes, as a text or a number, or a switch. */
struct option_row {
    const char *name;
    uint64_t options;
    size_t text_at;
    size_t number_at;
    size_t switch_at;
    uint64_t number_max;
};

#define AT(member) offsetof(struct cli, member)

static const struct option_row option_rows[] = {
    {"--data", WITH(DATA), AT(data), 0, 0, 0},
    {"--domain", WITH(DOMAIN), AT(domain), 0, 0, 0},
    {"--hostname", WITH(HOSTNAME), AT(hostname), 0, 0, 0},
    {"--listen", WITH(LISTEN), AT(listen), 0, 0, 0},
    {"--base-port", WITH(BASE_PORT), 0, AT(base_port), 0, 64000},
    {"--quota", WITH(QUOTA), 0, AT(quota_bytes), 0, INT64_MAX},
    {"--folder", WITH(FOLDER), AT(folder), 0, 0, 0},
    {"--quoting", WITH(QUOTING), AT(quoting), 0, 0, 0},
    {"--dry-run", WITH(DRY_RUN), 0, 0, AT(is_dry_run), 0},
    {"--mbox", WITH(MBOX), 0, 0, AT(is_mbox), 0},
    {"--to", WITH(TO), AT(backup), 0, 0, 0},
    {"--from", WITH(FROM), AT(backup), 0, 0, 0},
    {"--keep", WITH(KEEP), 0, AT(keep), 0, 100000},
    {"--snapshot", WITH(SNAPSHOT), 0, AT(snapshot), 0, INT64_MAX},
    {"--host", WITH(ROUTE), AT(route.hosts), 0, 0, 0},
    {"--for-recipient", WITH(ROUTE), AT(route.for_recipient), 0, 0, 0},
    {"--for-sender", WITH(ROUTE), AT(route.for_sender), 0, 0, 0},
    {"--for-mx", WITH(ROUTE), AT(route.for_mx), 0, 0, 0},
    {"--for-stream", WITH(ROUTE), AT(route.for_stream), 0, 0, 0},
    {"--for-all", WITH(ROUTE), 0, 0, AT(route.is_for_all), 0},
    {"--tls", WITH(ROUTE), AT(route.tls), 0, 0, 0},
    {"--user", WITH(ROUTE), AT(route.user), 0, 0, 0},
    {"--preset", WITH(ROUTE), AT(route.preset), 0, 0, 0},
    {"--key-stdin", WITH(ROUTE), 0, 0, AT(is_password_stdin), 0},
    {"--ordering", WITH(ROUTE), 0, AT(route.ordering), 0, UINT32_MAX},
    {"--from", WITH(ROUTE), AT(route.from), 0, 0, 0},
    {"--to", WITH(ROUTE), AT(route.to), 0, 0, 0},
    {"--dns", WITH(TOOL) | WITH(DNS), AT(tool.dns), 0, 0, 0},
    {"--trust-anchors", WITH(TOOL) | WITH(DNS), AT(tool.trust_anchors), 0, 0, 0},
    {"--ip", WITH(TOOL), AT(tool.ip), 0, 0, 0},
    {"--roots", WITH(TOOL), AT(tool.roots), 0, 0, 0},
    {"--https-port", WITH(TOOL), 0, AT(tool.https_port), 0, UINT16_MAX},
    {"--helo", WITH(TOOL), AT(tool.helo), 0, 0, 0},
    {"--from", WITH(TOOL), AT(tool.from), 0, 0, 0},
    {"--format", WITH(PUBLISH), AT(publish.format), 0, 0, 0},
    {"--merge", WITH(PUBLISH), 0, 0, AT(publish.is_merging), 0},
    {"--to", WITH(PREFLIGHT), AT(preflight.to), 0, 0, 0},
    {"--volume", WITH(PREFLIGHT), 0, AT(preflight.volume), 0, UINT32_MAX},
    {"--usual", WITH(PREFLIGHT), 0, AT(preflight.usual), 0, UINT32_MAX},
    {"--bulk", WITH(PREFLIGHT), 0, 0, AT(preflight.is_bulk), 0},
    {"--contact", WITH(CONTACT), AT(plan.contact), 0, 0, 0},
    {"--contacts", WITH(CONTACTS), 0, AT(plan.contacts), 0, UINT32_MAX},
    {"--csv", WITH(CSV), AT(plan.csv), 0, 0, 0},
    {"--start", WITH(PLAN), AT(plan.start), 0, 0, 0},
    {"--zone", WITH(ZONE), AT(plan.zone), 0, 0, 0},
    {"--mailbox", WITH(SENDER), AT(plan.mailbox), 0, 0, 0},
    {"--daily-cap", WITH(PLAN), 0, AT(plan.daily_cap), 0, UINT32_MAX},
    {"--account", WITH(ACCOUNT), AT(account), 0, 0, 0},
    {"--nagios", WITH(NAGIOS), 0, 0, AT(is_nagios), 0},
    {"--relay", WITH(RELAY), 0, 0, AT(is_relay), 0},
    {"--now", WITH(ROTATE), 0, 0, AT(is_now), 0},
    {"--force", WITH(ROTATE), 0, 0, AT(is_forced), 0},
    {"--verify", WITH(RELAY), 0, 0, AT(is_verified), 0},
    {"--days", WITH(DAYS), 0, AT(days), 0, 400},
    {"--names", WITH(DAYS), 0, 0, AT(has_names), 0},
    {"--now", WITH(NOW), 0, 0, AT(is_now), 0},
    {"--where", WITH(ADDING), AT(campaign.where), 0, 0, 0},
    {"--import", WITH(ADDING), AT(campaign.import), 0, 0, 0},
    {"--all", WITH(ADDING), 0, 0, AT(campaign.is_all), 0},
    {"--campaign", WITH(REPLAY), AT(campaign.name), 0, 0, 0},
    {"--since", WITH(REPLAY), AT(campaign.since), 0, 0, 0},
    {"--apply", WITH(REPLAY), 0, 0, AT(campaign.is_applying), 0},
    {"--source", WITH(IMPORTING), AT(contact.source), 0, 0, 0},
    {"--basis", WITH(IMPORTING), AT(contact.basis), 0, 0, 0},
    {"--map", WITH(IMPORTING), AT(contact.map), 0, 0, 0},
    {"--errors", WITH(IMPORTING), AT(contact.errors), 0, 0, 0},
    {"--separator", WITH(IMPORTING), AT(contact.separator), 0, 0, 0},
    {"--encoding", WITH(IMPORTING), AT(contact.encoding), 0, 0, 0},
    {"--reason", WITH(REASON), AT(contact.reason), 0, 0, 0},
    {"--note", WITH(REASON), AT(contact.note), 0, 0, 0},
    {"--force", WITH(FORCE), 0, 0, AT(is_forced), 0},
    {"--name", WITH(NAME), AT(mailbox.name), 0, 0, 0},
    {"--smtp", WITH(MAILBOX), AT(mailbox.smtp), 0, 0, 0},
    {"--smtp-tls", WITH(MAILBOX), AT(mailbox.smtp_tls), 0, 0, 0},
    {"--smtp-user", WITH(MAILBOX), AT(mailbox.smtp_user), 0, 0, 0},
    {"--imap", WITH(MAILBOX), AT(mailbox.imap), 0, 0, 0},
    {"--imap-tls", WITH(MAILBOX), AT(mailbox.imap_tls), 0, 0, 0},
    {"--imap-user", WITH(MAILBOX), AT(mailbox.imap_user), 0, 0, 0},
    {"--user", WITH(MAILBOX), AT(mailbox.user), 0, 0, 0},
    {"--oauth", WITH(MAILBOX), AT(mailbox.oauth), 0, 0, 0},
    {"--gap", WITH(MAILBOX), AT(mailbox.gap), 0, 0, 0},
    {"--ramp", WITH(MAILBOX), AT(mailbox.ramp), 0, 0, 0},
    {"--override", WITH(MAILBOX), AT(mailbox.override), 0, 0, 0},
    {"--hourly", WITH(MAILBOX), 0, AT(mailbox.hourly), 0, 100000},
    {"--daily", WITH(MAILBOX), 0, AT(mailbox.daily), 0, 100000},
    {"--outside", WITH(MAILBOX), 0, 0, AT(mailbox.is_outside), 0},
    {"--accept-renaming", WITH(MAILBOX), 0, 0, AT(mailbox.accepts_renaming), 0},
    {"--refuse-renaming", WITH(MAILBOX), 0, 0, AT(mailbox.refuses_renaming), 0},
    {"--imap-password", WITH(MAILBOX), 0, 0, AT(mailbox.has_imap_password), 0},
    {"--preset", WITH(PROVIDER), AT(mailbox.preset), 0, 0, 0},
    {"--client-id", WITH(PROVIDER), AT(mailbox.client_id), 0, 0, 0},
    {"--authorize-url", WITH(PROVIDER), AT(mailbox.authorize_url), 0, 0, 0},
    {"--token-url", WITH(PROVIDER), AT(mailbox.token_url), 0, 0, 0},
    {"--scope", WITH(PROVIDER), AT(mailbox.scope), 0, 0, 0},
    {"--no-secret", WITH(PROVIDER), 0, 0, AT(mailbox.has_no_secret), 0},
    {"--key-stdin", WITH(PROVIDER), 0, 0, AT(is_password_stdin), 0},
    {"--kinds", WITH(KINDS), AT(webhook.kinds), 0, 0, 0},
    {"--since", WITH(AGAIN), AT(webhook.since), 0, 0, 0},
    {"--event", WITH(AGAIN), AT(webhook.event), 0, 0, 0},
    {"--before", WITH(BEFORE), AT(webhook.before), 0, 0, 0},
    {"--overlap", WITH(OVERLAP), AT(webhook.overlap), 0, 0, 0},
    {"--single", WITH(SINGLE), 0, 0, AT(is_single), 0},
    {"--json", WITH(JSON), 0, 0, AT(is_json), 0},
    {"--password-stdin", WITH(PASSWORD_STDIN), 0, 0, AT(is_password_stdin), 0},
};

static const struct option_row *option_find(const struct cli *cli, const char *name) {
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++)
        if (strcmp(option_rows[i].name, name) == 0 && cli->command->options & option_rows[i].options)
            return &option_rows[i];
    return NULL;
}

/* Options that may stand there several times. */
static int take_map(struct cli *cli, const char *value) {
    struct contact_options *contact = &cli->contact;
    if (contact->map_count == CLI_MAPS_MAX) return cli_misuse(cli, "--map: at most %d of them", CLI_MAPS_MAX);
    contact->maps[contact->map_count++] = value;
    return 0;
}

static int take_where(struct cli *cli, const char *value) {
    struct campaign_options *campaign = &cli->campaign;
    if (campaign->where_count == CLI_WHERES_MAX)
        return cli_misuse(cli, "--where: at most %d of them", CLI_WHERES_MAX);
    campaign->wheres[campaign->where_count++] = value;
    return 0;
}

static void note_given(struct cli *cli, uint64_t set, const char *name) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (set >> i & 1 && !cli->given[i]) cli->given[i] = name;
}

int cli_option_take(struct cli *cli, char **arguments, int *at, uint64_t *seen) {
    const char *name = arguments[*at];
    const struct option_row *row = option_find(cli, name);
    if (!row) return cli_misuse(cli, "unknown option %s", name);
    uint64_t set = row->options & cli->command->options;
    *seen |= set;
    note_given(cli, set, name);
    if (row->switch_at) {
        *(bool *)((char *)cli + row->switch_at) = true;
        return 0;
    }
    const char *value = arguments[++*at];
    if (!value || value[0] == '\0') return cli_misuse(cli, "%s needs a value", name);
    if (row->text_at) {
        *(const char **)((char *)cli + row->text_at) = value;
        if (row->text_at == AT(contact.map)) return take_map(cli, value);
        return row->text_at == AT(campaign.where) ? take_where(cli, value) : 0;
    }
    uint64_t *number = (uint64_t *)((char *)cli + row->number_at);
    if (slice_to_number(slice_from_text(value), row->number_max, number)) return 0;
    return cli_misuse(cli, "%s needs a number up to %llu, not '%s'", name,
                      (unsigned long long)row->number_max, value);
}

int cli_options_check(const struct cli *cli, uint64_t seen) {
    for (size_t i = 0; i < sizeof option_rows / sizeof option_rows[0]; i++)
        if (option_rows[i].options & cli->command->required & ~seen)
            return cli_misuse(cli, "%s is missing", option_rows[i].name);
    uint64_t strange = cli->topic ? seen & ~cli->topic->options : 0;
    for (size_t i = 0; i < OPTIONS; i++)
        if (strange >> i & 1)
            return cli_misuse(cli, "%s does not go with %s %s", cli->given[i], cli->command->name,
                              cli->topic->word);
    return 0;
}
