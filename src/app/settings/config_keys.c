#include "app/settings/config_keys.h"

#include <arpa/inet.h>

#include "base/limits.h"
#include "filter/service.h"
#include "trust/inbound_policy.h"
#include "wire/acme.h"
#include "wire/dns.h"
#include "wire/dnsbl.h"
#include "wire/mta_sts.h"
#include "wire/network_list.h"
#include "wire/smtp_address.h"

static void read_text(struct setting *setting, const struct key *key) {
    *(const char **)((char *)setting->config + key->offset) = arena_text(setting->arena, setting->value);
}

static void read_number(struct setting *setting, const struct key *key) {
    uint64_t number;
    if (!slice_to_number(setting->value, key->most, &number) || number < key->least)
        setting->fault = key->fault;
    else
        *(uint64_t *)((char *)setting->config + key->offset) = number;
}

/* "50 MiB", "64 KiB" or a plain number of bytes. */
static void read_bytes(struct setting *setting, const struct key *key) {
    struct slice text = setting->value;
    uint64_t number;
    uint64_t unit = 1;
    bool good = slice_take_number(&text, key->most, &number);
    text = slice_trim(text);
    if (slice_equal_nocase(text, SLICE("KiB")))
        unit = 1 << 10;
    else if (slice_equal_nocase(text, SLICE("MiB")))
        unit = 1 << 20;
    else if (text.len)
        good = false;
    if (!good || number > key->most / unit || number * unit < key->least)
        setting->fault = key->fault;
    else
        *(uint64_t *)((char *)setting->config + key->offset) = number * unit;
}

static void read_list(struct setting *setting, const char **texts, size_t *count, size_t max,
                      const char *fault) {
    struct slice rest = setting->value;
    *count = 0;
    while (rest.len) {
        struct slice item = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        if (item.len == 0 || *count == max) {
            setting->fault = fault;
            return;
        }
        texts[(*count)++] = arena_text(setting->arena, item);
    }
}

static void read_listen(struct setting *setting, const struct key *key) {
    read_list(setting, setting->config->listen, &setting->config->listen_count, CONFIG_LISTEN_MAX,
              key->fault);
    if (setting->config->listen_count == 0) setting->fault = key->fault;
}

static void read_dns_servers(struct setting *setting, const struct key *key) {
    read_list(setting, setting->config->dns_servers, &setting->config->dns_server_count,
              CONFIG_DNS_SERVERS_MAX, key->fault);
}

static void read_plaintext(struct setting *setting, const struct key *key) {
    if (slice_equal(setting->value, SLICE("loopback")))
        setting->config->plaintext = PLAINTEXT_LOOPBACK;
    else if (slice_equal(setting->value, SLICE("never")))
        setting->config->plaintext = PLAINTEXT_NEVER;
    else
        setting->fault = key->fault;
}

static void read_log_level(struct setting *setting, const struct key *key) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < 4; i++) {
        if (!slice_equal(setting->value, slice_from_text(names[i]))) continue;
        setting->config->log_level = (enum log_level)i;
        return;
    }
    setting->fault = key->fault;
}

static void read_networks(struct setting *setting, const struct key *key) {
    if (network_list_is_valid(setting->value))
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_addresses(struct setting *setting, const struct key *key) {
    struct slice rest = setting->value;
    size_t count = 0;
    while (rest.len && count <= PUBLISH_ADDRESSES_MAX) {
        struct dns_address address;
        struct slice item = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        if (!dns_address_parse(item, &address)) setting->fault = key->fault;
        count++;
    }
    if (count > PUBLISH_ADDRESSES_MAX) setting->fault = key->fault;
    if (!setting->fault) read_text(setting, key);
}

static void read_zones(struct setting *setting, const struct key *key) {
    struct dnsbl_zone zones[DNSBL_ZONES_MAX];
    size_t count;
    if (dnsbl_zones_read(setting->value, zones, &count))
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_yes_or_no(struct setting *setting, const struct key *key) {
    bool is_yes = slice_equal(setting->value, SLICE("yes"));
    if (is_yes || slice_equal(setting->value, SLICE("no")))
        *(bool *)((char *)setting->config + key->offset) = is_yes;
    else
        setting->fault = key->fault;
}

static void read_address(struct setting *setting, const struct key *key, int family) {
    uint8_t bytes[16];
    if (slice_find_byte(setting->value, 0) == SLICE_NOT_FOUND &&
        inet_pton(family, arena_text(setting->arena, setting->value), bytes) == 1)
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_ipv4(struct setting *setting, const struct key *key) { read_address(setting, key, AF_INET); }

static void read_ipv6(struct setting *setting, const struct key *key) {
    read_address(setting, key, AF_INET6);
}

#define AT(member) offsetof(struct config, member)
#define NETWORKS "addresses and networks, like 127.0.0.0/8, ::1, 192.0.2.7"

static void read_filter_place(struct setting *setting, const struct key *key) {
    char address[48];
    uint16_t port;
    if (filter_place_read(setting->value, address, &port))
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

/* As other mail servers have it; local sockets are not for a role that has no files. */
static void read_milter_place(struct setting *setting, const struct key *key) {
    if (slice_take_prefix(&setting->value, SLICE("inet:")))
        read_filter_place(setting, key);
    else
        setting->fault = key->fault;
}

static void read_when_down(struct setting *setting, const struct key *key) {
    static const char *const names[] = {"defer", "accept", "junk"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!slice_equal(setting->value, slice_from_text(names[i]))) continue;
        setting->config->filter.when_down = i;
        return;
    }
    setting->fault = key->fault;
}

static void take_action(struct setting *setting, const struct key *key, const char *word,
                        enum inbound_action action) {
    if (!slice_equal(setting->value, slice_from_text(word))) return;
    *(uint64_t *)((char *)setting->config + key->offset) = action;
    setting->fault = NULL;
}

static void read_action(struct setting *setting, const struct key *key) {
    setting->fault = key->fault;
    take_action(setting, key, "reject", INBOUND_REJECT);
    take_action(setting, key, "junk", INBOUND_JUNK);
    take_action(setting, key, "accept", INBOUND_ACCEPT);
}

/* DNS's silence is nobody's guilt. */
static void read_unsure(struct setting *setting, const struct key *key) {
    setting->fault = key->fault;
    take_action(setting, key, "accept", INBOUND_ACCEPT);
    take_action(setting, key, "defer", INBOUND_DEFER);
}

static void read_domains(struct setting *setting, const struct key *key) {
    struct slice rest = setting->value;
    struct buffer list = buffer_new(CONFIG_FILE_BYTES_MAX);
    while (rest.len) {
        struct slice shown;
        struct slice ascii;
        struct slice item = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        if (smtp_domain_parse(setting->arena, item, &shown, &ascii) != SMTP_ADDRESS_OK)
            setting->fault = key->fault;
        if (setting->fault) break;
        if (list.len) buffer_append_text(&list, ", ");
        buffer_append(&list, ascii);
    }
    *(const char **)((char *)setting->config + key->offset) = arena_text(setting->arena, buffer_slice(&list));
    buffer_free(&list);
}

#define ACTIONS "reject, junk or accept"

static void read_mta_sts_mode(struct setting *setting, const struct key *key) {
    struct mta_sts_settings *mta_sts = &setting->config->mta_sts;
    for (uint64_t mode = 0; mode < MTA_STS_MODES; mode++) {
        if (!slice_equal(setting->value, slice_from_text(mta_sts_mode_name((enum mta_sts_mode)mode))))
            continue;
        mta_sts->mode = mode;
        mta_sts->is_served = true;
        return;
    }
    setting->fault = key->fault;
}

static void read_mta_sts_mx(struct setting *setting, const struct key *key) {
    if (mta_sts_patterns_are_valid(setting->value))
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_deliver_or_drop(struct setting *setting, const struct key *key) {
    bool is_drop = slice_equal(setting->value, SLICE("drop"));
    if (!is_drop && !slice_equal(setting->value, SLICE("deliver"))) setting->fault = key->fault;
    *(bool *)((char *)setting->config + key->offset) = is_drop;
}

/* Local parts, without quotes. */
static void read_local_parts(struct setting *setting, const struct key *key) {
    struct slice rest = setting->value;
    bool is_good = true;
    while (rest.len && is_good) {
        struct slice item = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        is_good = item.len && item.len <= SMTP_LOCAL_PART_BYTES_MAX;
        for (size_t i = 0; i < item.len; i++)
            is_good = is_good && item.ptr[i] > ' ' && item.ptr[i] < 127 && item.ptr[i] != '@';
    }
    if (is_good)
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_address_of_ours(struct setting *setting, const struct key *key) {
    struct smtp_address address;
    if (setting->value.len == 0 ||
        smtp_address_parse(setting->arena, setting->value, &address) == SMTP_ADDRESS_OK)
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_acme_directory(struct setting *setting, const struct key *key) {
    if (slice_starts(setting->value, SLICE("https://")) && setting->value.len <= ACME_URL_BYTES_MAX)
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

static void read_acme_email(struct setting *setting, const struct key *key) {
    struct slice address = setting->value;
    bool good = slice_find_byte(address, '@') != SLICE_NOT_FOUND && address.len <= ACME_NAME_BYTES_MAX;
    for (size_t i = 0; i < address.len; i++) good = good && address.ptr[i] > 0x20 && address.ptr[i] < 0x7f;
    if (good)
        read_text(setting, key);
    else
        setting->fault = key->fault;
}

/* RFC 5890: labels of letters, digits and hyphens, at least two. */
static bool is_host_name(struct slice name) {
    size_t labels = 0;
    for (bool goes_on = name.len > 0 && name.len <= ACME_NAME_BYTES_MAX; goes_on; labels++) {
        struct slice label = slice_take_until(&name, '.');
        if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
            return false;
        for (size_t i = 0; i < label.len; i++)
            if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-') return false;
        goes_on = slice_take_byte(&name, '.');
    }
    return labels >= 2;
}

static void read_acme_names(struct setting *setting, const struct key *key) {
    struct slice rest = setting->value;
    for (size_t count = 0; rest.len; count++) {
        struct slice name = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        if (!is_host_name(name) || count == ACME_NAMES_MAX) setting->fault = key->fault;
    }
    if (!setting->fault) read_text(setting, key);
}

static void read_acme_challenge(struct setting *setting, const struct key *key) {
    for (uint64_t kind = 0; kind < ACME_CHALLENGE_KINDS; kind++) {
        const char *name = acme_challenge_name((enum acme_challenge_kind)kind);
        if (!slice_equal(setting->value, slice_from_text(name))) continue;
        setting->config->acme.challenge = kind;
        return;
    }
    setting->fault = key->fault;
}

static const struct key keys[] = {
    {SLICE_INIT("hostname"), read_text, AT(hostname), 0, 0, NULL},
    {SLICE_INIT("listen"), read_listen, 0, 0, 0, "up to 8 numeric addresses, separated by commas"},
    {SLICE_INIT("base_port"), read_number, AT(base_port), 0, 64000, "a number from 0 to 64000"},
    {SLICE_INIT("tls.certificate"), read_text, AT(tls_certificate), 0, 0, NULL},
    {SLICE_INIT("tls.key"), read_text, AT(tls_key), 0, 0, NULL},
    {SLICE_INIT("message.bytes_max"), read_bytes, AT(message_bytes_max), 65536, (uint64_t)1 << 31,
     "a size from 64 KiB to 2048 MiB, like 50 MiB"},
    {SLICE_INIT("imap.connections_per_account"), read_number, AT(connections_per_account), 1, 100000,
     "a number from 1 to 100000"},
    {SLICE_INIT("auth.plaintext"), read_plaintext, 0, 0, 0, "loopback or never"},
    {SLICE_INIT("processes.mail"), read_number, AT(processes[ROLE_MAIL]), 1, CONFIG_PROCESSES_MAX,
     "a number from 1 to 32"},
    {SLICE_INIT("processes.edge"), read_number, AT(processes[ROLE_EDGE]), 1, CONFIG_PROCESSES_MAX,
     "a number from 1 to 32"},
    {SLICE_INIT("user.store"), read_number, AT(uid[ROLE_STORE]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("user.remote"), read_number, AT(uid[ROLE_REMOTE]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("user.mail"), read_number, AT(uid[ROLE_MAIL]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("user.edge"), read_number, AT(uid[ROLE_EDGE]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("group"), read_number, AT(gid), 1, INT32_MAX, "a numeric group id, not 0"},
    {SLICE_INIT("dns.servers"), read_dns_servers, 0, 0, 0,
     "up to 8 addresses, like 192.0.2.1 or 127.0.0.1@5353"},
    {SLICE_INIT("dns.trust_anchors"), read_text, AT(dns_trust_anchors), 0, 0, NULL},
    {SLICE_INIT("dns.public_addresses"), read_addresses, AT(public_addresses), 0, 0,
     "up to 8 addresses, like 192.0.2.1, 2001:db8::1"},
    {SLICE_INIT("log.level"), read_log_level, 0, 0, 0, "debug, info, warn or error"},
    {SLICE_INIT("metrics.allow"), read_networks, AT(metrics_allow), 0, 0, NETWORKS},
    {SLICE_INIT("relay.networks"), read_networks, AT(relay_networks), 0, 0, NETWORKS},
    {SLICE_INIT("dnsbl.zones"), read_zones, AT(dnsbl_zones), 0, 0,
     "up to 8 names, like list.example.org or list.example.org=127.0.0.2-127.0.0.11"},
    {SLICE_INIT("greylist.enabled"), read_yes_or_no, AT(is_greylisting), 0, 0, "yes or no"},
    {SLICE_INIT("categories.enabled"), read_yes_or_no, AT(is_categorising), 0, 0, "yes or no"},
    {SLICE_INIT("acme.enabled"), read_yes_or_no, AT(acme.is_enabled), 0, 0, "yes or no"},
    {SLICE_INIT("acme.directory"), read_acme_directory, AT(acme.directory), 0, 0,
     "the https:// URL of an ACME directory"},
    {SLICE_INIT("acme.email"), read_acme_email, AT(acme.email), 0, 0, "an address that takes mail"},
    {SLICE_INIT("acme.terms_agreed"), read_yes_or_no, AT(acme.terms_agreed), 0, 0, "yes or no"},
    {SLICE_INIT("acme.names"), read_acme_names, AT(acme.names), 0, 0,
     "up to 100 names, like mail.example.org, mta-sts.example.org"},
    {SLICE_INIT("acme.challenge"), read_acme_challenge, 0, 0, 0, "http-01 or tls-alpn-01"},
    {SLICE_INIT("acme.trusted_roots"), read_text, AT(acme.trusted_roots), 0, 0, NULL},
    {SLICE_INIT("outreach.poll_seconds"), read_number, AT(outreach.poll_seconds), 1, 3600,
     "a number of seconds from 1 to 3600"},
    {SLICE_INIT("outreach.check_seconds"), read_number, AT(outreach.check_seconds), 1, 86400,
     "a number of seconds from 1 to 86400"},
    {SLICE_INIT("webhooks.allow_private"), read_yes_or_no, AT(webhooks.allow_private), 0, 0, "yes or no"},
    {SLICE_INIT("outreach.copy_seconds"), read_number, AT(outreach.copy_seconds), 1, 60,
     "a number of seconds from 1 to 60"},
    {SLICE_INIT("outbound.port"), read_number, AT(outbound.port), 1, UINT16_MAX, "a number from 1 to 65535"},
    {SLICE_INIT("outbound.https_port"), read_number, AT(outbound.https_port), 1, UINT16_MAX,
     "a number from 1 to 65535"},
    {SLICE_INIT("mta_sts.mode"), read_mta_sts_mode, 0, 0, 0, "none, testing or enforce"},
    {SLICE_INIT("mta_sts.max_age"), read_number, AT(mta_sts.max_age_s), 0, MTA_STS_AGE_S_MAX,
     "a number of seconds from 0 to 31557600"},
    {SLICE_INIT("mta_sts.mx"), read_mta_sts_mx, AT(mta_sts.mx), 0, 0,
     "names of hosts, like mx1.example.org, *.example.net"},
    {SLICE_INIT("outbound.allow_private"), read_yes_or_no, AT(outbound.allow_private), 0, 0, "yes or no"},
    {SLICE_INIT("outbound.source_ipv4"), read_ipv4, AT(outbound.source_ipv4), 0, 0,
     "an IPv4 address of this host"},
    {SLICE_INIT("outbound.source_ipv6"), read_ipv6, AT(outbound.source_ipv6), 0, 0,
     "an IPv6 address of this host"},
    {SLICE_INIT("outbound.trusted_roots"), read_text, AT(outbound.trusted_roots), 0, 0, NULL},
    {SLICE_INIT("outbound.lifetime_hours"), read_number, AT(outbound.lifetime_hours), 1,
     CONFIG_LIFETIME_HOURS_MAX, "a number of hours from 1 to 720"},
    {SLICE_INIT("outbound.delay_warning_hours"), read_number, AT(outbound.delay_warning_hours), 0,
     CONFIG_LIFETIME_HOURS_MAX, "a number of hours from 0 (never) to 720"},
    {SLICE_INIT("outbound.account_recipients_per_hour"), read_number,
     AT(outbound.account_recipients_per_hour), 0, CONFIG_RECIPIENTS_MAX,
     "a number from 0 (no limit) to 10000000"},
    {SLICE_INIT("outbound.account_recipients_per_day"), read_number, AT(outbound.account_recipients_per_day),
     0, CONFIG_RECIPIENTS_MAX, "a number from 0 (no limit) to 10000000"},
    {SLICE_INIT("outbound.trace_days"), read_number, AT(outbound.trace_days), 1, CONFIG_TRACE_DAYS_MAX,
     "a number of days from 1 to 3650"},
    {SLICE_INIT("filter.rspamd"), read_filter_place, AT(filter.rspamd), 0, 0,
     "an address and a port, like 127.0.0.1:11333 or [::1]:11333"},
    {SLICE_INIT("filter.milter"), read_milter_place, AT(filter.milter), 0, 0,
     "inet:, an address and a port, like inet:127.0.0.1:8891"},
    {SLICE_INIT("filter.when_down"), read_when_down, 0, 0, 0, "defer, accept or junk"},
    {SLICE_INIT("filter.submission"), read_yes_or_no, AT(filter.is_for_submission), 0, 0, "yes or no"},
    {SLICE_INIT("reports.read"), read_yes_or_no, AT(reports.is_reading), 0, 0, "yes or no"},
    {SLICE_INIT("reports.addresses"), read_local_parts, AT(reports.addresses), 0, 0,
     "what stands before the @, like postmaster, dmarc-reports"},
    {SLICE_INIT("reports.mail"), read_deliver_or_drop, AT(reports.drops_mail), 0, 0, "deliver or drop"},
    {SLICE_INIT("reports.send_dmarc"), read_yes_or_no, AT(reports.sends_dmarc), 0, 0, "yes or no"},
    {SLICE_INIT("reports.send_tls"), read_yes_or_no, AT(reports.sends_tls), 0, 0, "yes or no"},
    {SLICE_INIT("reports.sender"), read_address_of_ours, AT(reports.sender), 0, 0,
     "an address of one of our domains"},
    {SLICE_INIT("trust.check"), read_yes_or_no, AT(trust.is_used), 0, 0, "yes or no"},
    {SLICE_INIT("trust.exempt"), read_networks, AT(trust.exempt), 0, 0, NETWORKS},
    {SLICE_INIT("trust.dmarc_reject"), read_action, AT(trust.dmarc_reject), 0, 0, ACTIONS},
    {SLICE_INIT("trust.dmarc_quarantine"), read_action, AT(trust.dmarc_quarantine), 0, 0, ACTIONS},
    {SLICE_INIT("trust.spf_fail"), read_action, AT(trust.spf_fail), 0, 0, ACTIONS},
    {SLICE_INIT("trust.from_invalid"), read_action, AT(trust.from_invalid), 0, 0, ACTIONS},
    {SLICE_INIT("trust.temperror"), read_unsure, AT(trust.temperror), 0, 0, "accept or defer"},
    {SLICE_INIT("trust.arc_sealers"), read_domains, AT(trust.arc_sealers), 0, 0,
     "domains, like lists.example.org, example.net"},
    {SLICE_INIT("trust.seal_forwarded"), read_yes_or_no, AT(trust.seals_forwarded), 0, 0, "yes or no"},
};

const struct key *key_find(struct slice name) {
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (slice_equal(keys[i].name, name)) return &keys[i];
    return NULL;
}
