#include "app/settings/config.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "app/settings/config_keys.h"
#include "base/limits_sender.h"
#include "io/real/read_file.h"
#include "trust/inbound_policy.h"

void config_defaults(struct config *config) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t half = cores > 3 ? (uint64_t)cores / 2 : 1;
    if (half > CONFIG_PROCESSES_MAX) half = CONFIG_PROCESSES_MAX;
    *config = (struct config){
        .hostname = "localhost",
        .tls_certificate = "tls/cert.pem",
        .tls_key = "tls/key.pem",
        .message_bytes_max = MESSAGE_BYTES_MAX_DEFAULT,
        .connections_per_account = 500,
        .plaintext = PLAINTEXT_LOOPBACK,
        .processes = {[ROLE_STORE] = 1, [ROLE_REMOTE] = 1, [ROLE_MAIL] = half, [ROLE_EDGE] = half},
        .uid = {[ROLE_STORE] = 62001, [ROLE_REMOTE] = 62002, [ROLE_MAIL] = 62003, [ROLE_EDGE] = 62004},
        .gid = 62000,
        .dns_trust_anchors = "/usr/share/dns/root.key",
        .public_addresses = "",
        .log_level = LOG_LEVEL_INFO,
        .metrics_allow = "127.0.0.0/8, ::1",
        .relay_networks = "",
        .dnsbl_zones = "",
        .outbound = {.port = 25,
                     .https_port = 443,
                     .source_ipv4 = "",
                     .source_ipv6 = "",
                     .trusted_roots = "/etc/ssl/certs/ca-certificates.crt",
                     .lifetime_hours = 120,
                     .delay_warning_hours = 4,
                     .account_recipients_per_hour = 200,
                     .account_recipients_per_day = 1000,
                     .trace_days = FLIGHTS_KEPT_DAYS},
        .filter = {.rspamd = "", .milter = ""},
        .trust = {.is_used = true,
                  .exempt = "127.0.0.0/8, ::1",
                  .dmarc_reject = INBOUND_REJECT,
                  .dmarc_quarantine = INBOUND_JUNK,
                  .spf_fail = INBOUND_ACCEPT,
                  .from_invalid = INBOUND_JUNK,
                  .temperror = INBOUND_ACCEPT,
                  .arc_sealers = "",
                  .seals_forwarded = true},
        .reports = {.is_reading = true, .addresses = "postmaster, dmarc-reports, tls-reports", .sender = ""},
        .mta_sts = {.max_age_s = 7 * 24 * 3600, .mx = ""},
        .outreach = {.poll_seconds = OUTREACH_POLL_MS / 1000,
                     .check_seconds = OUTREACH_CHECK_MS / 1000,
                     .copy_seconds = OUTREACH_COPY_MS / 1000},
        .acme = {.directory = "https://acme-v02.api.letsencrypt.org/directory",
                 .email = "",
                 .names = "",
                 .trusted_roots = ""},
    };
}

uint64_t config_gid_of(const struct config *config, enum role_kind kind) {
    bool may_read_mail = kind == ROLE_STORE || kind == ROLE_MAIL;
    return may_read_mail ? config->gid : config->uid[kind];
}

const char *role_kind_name(enum role_kind kind) {
    static const char *const names[] = {"store", "remote", "mail", "edge"};
    return names[kind];
}

/* One line; an error text, or empty. */
static struct slice read_line(struct arena *arena, struct slice line, struct config *config) {
    line = slice_trim(slice_sub(line, 0, slice_find_byte(line, '#')));
    if (line.len == 0) return SLICE_EMPTY;
    size_t equals = slice_find_byte(line, '=');
    if (equals == SLICE_NOT_FOUND) return SLICE("this is not \"key = value\"");
    struct slice name = slice_trim(slice_sub(line, 0, equals));
    const struct key *key = key_find(name);
    if (!key) return arena_printf(arena, "unknown key '%.*s'", SLICE_PRINT(name));
    struct setting setting = {arena, config, slice_trim(slice_skip(line, equals + 1)), NULL};
    if (setting.value.len == 0) return arena_printf(arena, "%.*s has no value", SLICE_PRINT(name));
    key->read(&setting, key);
    if (!setting.fault) return SLICE_EMPTY;
    return arena_printf(arena, "%.*s must be %s, not '%.*s'", SLICE_PRINT(name), setting.fault,
                        SLICE_PRINT(setting.value));
}

bool config_parse(struct arena *arena, const char *file, struct slice text, struct config *config,
                  struct slice *error) {
    config_defaults(config);
    for (int number = 1; text.len; number++) {
        struct slice fault = read_line(arena, slice_take_until(&text, '\n'), config);
        (void)slice_take_byte(&text, '\n');
        if (!fault.len) continue;
        *error = arena_printf(arena, "%s:%d: %.*s", file, number, SLICE_PRINT(fault));
        return false;
    }
    if (config->listen_count == 0) config->listen[config->listen_count++] = "127.0.0.1";
    return true;
}

bool config_load(struct arena *arena, const char *folder, struct config *config, struct slice *error) {
    char *path = arena_text(arena, arena_printf(arena, "%s/posthaste.conf", folder));
    struct slice text;
    int result = read_file(arena, path, CONFIG_FILE_BYTES_MAX, &text);
    if (result == 0) return config_parse(arena, path, text, config, error);
    *error = arena_printf(arena, "%s: %s (is this a data folder? posthaste init makes one)", path,
                          strerror(-result));
    return false;
}

static void render_host(const struct config *config, struct buffer *out) {
    buffer_printf(
        out,
        "# Posthaste's settings of this host. Accounts, aliases and domains are not here:\n"
        "# see posthaste account, alias, domain. Send SIGHUP to the server after a change.\n\n"
        "# The name in greetings; it should resolve to this host, and back.\n"
        "hostname = %s\n\n"
        "# Addresses to listen on, separated by commas. 0.0.0.0, :: is everywhere.\n"
        "listen = %s\n"
        "# Every port is this much above its usual number. 0 on a real mail host.\n"
        "base_port = %llu\n\n"
        "# PEM files, relative to this folder. Replace them with real ones and send SIGHUP.\n"
        "tls.certificate = %s\n"
        "tls.key = %s\n"
        "# Or have them got and renewed by ACME, from Let's Encrypt or another CA (docs/acme.md). Agree to\n"
        "# the CA's terms first.\n"
        "# acme.enabled = yes\n# acme.email = hostmaster@example.org\n# acme.terms_agreed = yes\n\n"
        "# The largest message that is accepted.\n"
        "message.bytes_max = %llu MiB\n\n"
        "# Passwords without TLS: loopback (from this host only) or never.\n"
        "auth.plaintext = loopback\n\n"
        "# Name servers, like 192.0.2.1 or 127.0.0.1@5353; without a line, those of /etc/resolv.conf.\n"
        "# dns.servers = 127.0.0.1@5353\n"
        "# This host's addresses as others see them, where it does not have them itself (docs/dns.md).\n"
        "# dns.public_addresses = 192.0.2.1, 2001:db8::1\n\n"
        "# Started as root, each role runs under its own user id.\n"
        "# user.store = %llu\n# user.remote = %llu\n# user.mail = %llu\n# user.edge = %llu\n# group = "
        "%llu\n\n"
        "# Who may read http://.../metrics. The default is this host alone.\n"
        "# metrics.allow = %s\n\n",
        config->hostname, config->listen[0], (unsigned long long)config->base_port, config->tls_certificate,
        config->tls_key, (unsigned long long)(config->message_bytes_max >> 20),
        (unsigned long long)config->uid[ROLE_STORE], (unsigned long long)config->uid[ROLE_REMOTE],
        (unsigned long long)config->uid[ROLE_MAIL], (unsigned long long)config->uid[ROLE_EDGE],
        (unsigned long long)config->gid, config->metrics_allow);
}

static void render_mail(const struct config *config, struct buffer *out) {
    buffer_printf(
        out,
        "# Hosts that may send mail to anybody through port 25 without a login (docs/relaying.md). Nobody.\n"
        "# relay.networks = 192.0.2.7, 2001:db8::/64\n\n"
        "# DNS lists of hosts from which no mail is taken (docs/relaying.md). None.\n"
        "# dnsbl.zones = list.example.org, other.example.org=127.0.0.2-127.0.0.11\n"
        "# Mail of a host that is new is put off for a minute, so that it comes again (docs/relaying.md).\n"
        "# greylist.enabled = yes\n"
        "# Mail gets a keyword that says whether a person wrote it, or many got it (docs/classify.md).\n"
        "# categories.enabled = yes\n\n"
        "# The way out (docs/sending.md): from which addresses, how long mail is tried, how many "
        "recipients\n"
        "# an account may have; 0 is no limit.\n"
        "# outbound.source_ipv4 = 192.0.2.1\n# outbound.source_ipv6 = 2001:db8::1\n"
        "# outbound.trusted_roots = %s\n"
        "# outbound.lifetime_hours = %llu\n# outbound.delay_warning_hours = %llu\n"
        "# outbound.account_recipients_per_hour = %llu\n# outbound.account_recipients_per_day = %llu\n"
        "# For so many days posthaste trace knows what happened to a message.\n"
        "# outbound.trace_days = %llu\n\n"
        "# The policy for the way to us that https://mta-sts.DOMAIN serves (docs/tls.md). None.\n"
        "# mta_sts.mode = testing\n# mta_sts.max_age = 604800\n# mta_sts.mx = mx1.example.org, "
        "mx2.example.org\n\n"
        "# rspamd, or a milter, looks at mail before it is stored (docs/filters.md); without an answer: "
        "defer,\n"
        "# accept or junk.\n"
        "# filter.rspamd = 127.0.0.1:11333\n# filter.milter = inet:127.0.0.1:8891\n"
        "# filter.when_down = defer\n# filter.submission = no\n\n"
        "# Who sends to us is looked at by SPF, DKIM and DMARC (docs/trust.md). What becomes of mail that "
        "fails is\n"
        "# reject, junk or accept; where DNS does not answer, accept or defer.\n"
        "# trust.check = yes\n# trust.exempt = %s\n"
        "# trust.dmarc_reject = reject\n# trust.dmarc_quarantine = junk\n# trust.spf_fail = accept\n"
        "# trust.from_invalid = junk\n# trust.temperror = accept\n"
        "# Who is believed that mail which they changed, like mailing lists do, came to them as it should.\n"
        "# trust.arc_sealers = lists.example.org\n"
        "# What our aliases pass on to other hosts is sealed (ARC), so that those know what we found.\n"
        "# trust.seal_forwarded = yes\n\n"
        "# log.level = info\n",
        config->outbound.trusted_roots, (unsigned long long)config->outbound.lifetime_hours,
        (unsigned long long)config->outbound.delay_warning_hours,
        (unsigned long long)config->outbound.account_recipients_per_hour,
        (unsigned long long)config->outbound.account_recipients_per_day,
        (unsigned long long)config->outbound.trace_days, config->trust.exempt);
}

void config_render(const struct config *config, struct buffer *out) {
    render_host(config, out);
    render_mail(config, out);
}
