#include "app/settings/orders.h"

#include "ipc/pack.h"
#include "trust/inbound_policy.h"
#include "wire/acme.h"
#include "wire/mta_sts.h"

const struct port ports[PORT_KINDS] = {
    [PORT_SMTP] = {25, "SMTP"},
    [PORT_SUBMISSION] = {587, "submission"},
    [PORT_SUBMISSIONS] = {465, "submissions"},
    [PORT_IMAP] = {143, "IMAP"},
    [PORT_IMAPS] = {993, "IMAPS"},
    [PORT_POP3] = {110, "POP3"},
    [PORT_POP3S] = {995, "POP3S"},
    [PORT_HTTP] = {80, "HTTP"},
    [PORT_HTTPS] = {443, "HTTPS"},
};

static void pack_outbound(struct buffer *out, const struct outbound_settings *outbound) {
    pack_number(out, outbound->port);
    pack_bool(out, outbound->allow_private);
    pack_number(out, outbound->https_port);
    pack_slice(out, slice_from_text(outbound->source_ipv4));
    pack_slice(out, slice_from_text(outbound->source_ipv6));
    pack_number(out, outbound->lifetime_hours);
    pack_number(out, outbound->delay_warning_hours);
    pack_number(out, outbound->account_recipients_per_hour);
    pack_number(out, outbound->account_recipients_per_day);
    pack_number(out, outbound->trace_days);
}

static void unpack_outbound(struct unpacker *in, struct arena *arena, struct outbound_settings *outbound) {
    outbound->port = unpack_number_max(in, UINT16_MAX);
    outbound->allow_private = unpack_bool(in);
    outbound->https_port = unpack_number_max(in, UINT16_MAX);
    outbound->source_ipv4 = arena_text(arena, unpack_slice(in));
    outbound->source_ipv6 = arena_text(arena, unpack_slice(in));
    outbound->lifetime_hours = unpack_number_max(in, CONFIG_LIFETIME_HOURS_MAX);
    outbound->delay_warning_hours = unpack_number_max(in, CONFIG_LIFETIME_HOURS_MAX);
    outbound->account_recipients_per_hour = unpack_number_max(in, CONFIG_RECIPIENTS_MAX);
    outbound->account_recipients_per_day = unpack_number_max(in, CONFIG_RECIPIENTS_MAX);
    outbound->trace_days = unpack_number_max(in, CONFIG_TRACE_DAYS_MAX);
}

static void pack_trust(struct buffer *out, const struct trust_settings *trust) {
    pack_bool(out, trust->is_used);
    pack_slice(out, slice_from_text(trust->exempt));
    pack_number(out, trust->dmarc_reject);
    pack_number(out, trust->dmarc_quarantine);
    pack_number(out, trust->spf_fail);
    pack_number(out, trust->from_invalid);
    pack_number(out, trust->temperror);
    pack_slice(out, slice_from_text(trust->arc_sealers));
    pack_bool(out, trust->seals_forwarded);
}

static void unpack_trust(struct unpacker *in, struct arena *arena, struct trust_settings *trust) {
    trust->is_used = unpack_bool(in);
    trust->exempt = arena_text(arena, unpack_slice(in));
    trust->dmarc_reject = unpack_number_max(in, INBOUND_REJECT);
    trust->dmarc_quarantine = unpack_number_max(in, INBOUND_REJECT);
    trust->spf_fail = unpack_number_max(in, INBOUND_REJECT);
    trust->from_invalid = unpack_number_max(in, INBOUND_REJECT);
    trust->temperror = unpack_number_max(in, INBOUND_REJECT);
    trust->arc_sealers = arena_text(arena, unpack_slice(in));
    trust->seals_forwarded = unpack_bool(in);
}

static void pack_mta_sts(struct buffer *out, const struct mta_sts_settings *mta_sts) {
    pack_bool(out, mta_sts->is_served);
    pack_number(out, mta_sts->mode);
    pack_number(out, mta_sts->max_age_s);
    pack_slice(out, slice_from_text(mta_sts->mx));
}

static void unpack_mta_sts(struct unpacker *in, struct arena *arena, struct mta_sts_settings *mta_sts) {
    mta_sts->is_served = unpack_bool(in);
    mta_sts->mode = unpack_number_max(in, MTA_STS_MODES - 1);
    mta_sts->max_age_s = unpack_number_max(in, MTA_STS_AGE_S_MAX);
    mta_sts->mx = arena_text(arena, unpack_slice(in));
}

static void pack_reports(struct buffer *out, const struct reports_settings *reports) {
    pack_bool(out, reports->is_reading);
    pack_slice(out, slice_from_text(reports->addresses));
    pack_bool(out, reports->drops_mail);
    pack_bool(out, reports->sends_dmarc);
    pack_bool(out, reports->sends_tls);
    pack_slice(out, slice_from_text(reports->sender));
}

static void unpack_reports(struct unpacker *in, struct arena *arena, struct reports_settings *reports) {
    reports->is_reading = unpack_bool(in);
    reports->addresses = arena_text(arena, unpack_slice(in));
    reports->drops_mail = unpack_bool(in);
    reports->sends_dmarc = unpack_bool(in);
    reports->sends_tls = unpack_bool(in);
    reports->sender = arena_text(arena, unpack_slice(in));
}

static void pack_acme(struct buffer *out, const struct role_settings *settings) {
    const struct acme_settings *acme = &settings->acme;
    pack_bool(out, acme->is_enabled);
    pack_slice(out, slice_from_text(acme->directory));
    pack_slice(out, slice_from_text(acme->email));
    pack_bool(out, acme->terms_agreed);
    pack_slice(out, slice_from_text(acme->names));
    pack_number(out, acme->challenge);
    pack_bool(out, settings->is_acme_installed);
    pack_slice(out, settings->acme_roots_pem);
}

static void unpack_acme(struct unpacker *in, struct arena *arena, struct role_settings *settings) {
    struct acme_settings *acme = &settings->acme;
    acme->is_enabled = unpack_bool(in);
    acme->directory = arena_text(arena, unpack_slice(in));
    acme->email = arena_text(arena, unpack_slice(in));
    acme->terms_agreed = unpack_bool(in);
    acme->names = arena_text(arena, unpack_slice(in));
    acme->challenge = unpack_number_max(in, ACME_CHALLENGE_KINDS - 1);
    acme->trusted_roots = "";
    settings->is_acme_installed = unpack_bool(in);
    settings->acme_roots_pem = arena_copy(arena, unpack_slice(in));
}

void settings_pack(struct buffer *out, const struct role_settings *settings) {
    pack_slice(out, slice_from_text(settings->folder));
    pack_slice(out, slice_from_text(settings->hostname));
    pack_number(out, settings->message_bytes_max);
    pack_number(out, settings->connections_per_account);
    pack_number(out, settings->plaintext);
    pack_number(out, settings->mail_processes);
    pack_number(out, settings->log_level);
    pack_slice(out, settings->certificates_pem);
    pack_slice(out, settings->key_pem);
    pack_slice(out, settings->dns_servers);
    pack_slice(out, settings->dns_trust_anchors);
    pack_bool(out, settings->dns_is_system);
    pack_number(out, settings->hash_memory_kib);
    pack_number(out, settings->segment_bytes);
    pack_number(out, settings->threads_recent);
    pack_number(out, settings->log_room_bytes);
    pack_number(out, settings->upkeep_pause_ms);
    pack_number(out, settings->signing_threads);
    pack_number(out, settings->base_port);
    pack_slice(out, settings->metrics_allow);
    pack_slice(out, settings->relay_networks);
    pack_slice(out, settings->dnsbl_zones);
    pack_bool(out, settings->is_greylisting);
    pack_bool(out, settings->is_categorising);
    pack_outbound(out, &settings->outbound);
    pack_number(out, settings->outreach.poll_seconds);
    pack_number(out, settings->outreach.check_seconds);
    pack_bool(out, settings->webhooks.allow_private);
    pack_number(out, settings->outreach.copy_seconds);
    pack_slice(out, settings->own_addresses);
    pack_slice(out, settings->trusted_roots_pem);
    pack_slice(out, slice_from_text(settings->filter.rspamd));
    pack_slice(out, slice_from_text(settings->filter.milter));
    pack_number(out, settings->filter.when_down);
    pack_bool(out, settings->filter.is_for_submission);
    pack_trust(out, &settings->trust);
    pack_mta_sts(out, &settings->mta_sts);
    pack_reports(out, &settings->reports);
    pack_acme(out, settings);
}

bool settings_unpack(struct slice body, struct arena *arena, struct role_settings *settings) {
    struct unpacker in = unpacker_of(body);
    settings->folder = arena_text(arena, unpack_slice(&in));
    settings->hostname = arena_text(arena, unpack_slice(&in));
    settings->message_bytes_max = unpack_number(&in);
    settings->connections_per_account = unpack_number(&in);
    settings->plaintext = (enum plaintext_policy)unpack_number_max(&in, PLAINTEXT_NEVER);
    settings->mail_processes = unpack_number_max(&in, CONFIG_PROCESSES_MAX);
    settings->log_level = (enum log_level)unpack_number_max(&in, LOG_LEVEL_ERROR);
    settings->certificates_pem = arena_copy(arena, unpack_slice(&in));
    settings->key_pem = arena_copy(arena, unpack_slice(&in));
    settings->dns_servers = arena_copy(arena, unpack_slice(&in));
    settings->dns_trust_anchors = arena_copy(arena, unpack_slice(&in));
    settings->dns_is_system = unpack_bool(&in);
    settings->hash_memory_kib = unpack_number_max(&in, UINT32_MAX);
    settings->segment_bytes = unpack_number(&in);
    settings->threads_recent = unpack_number(&in);
    settings->log_room_bytes = unpack_number(&in);
    settings->upkeep_pause_ms = unpack_number_max(&in, INT32_MAX);
    settings->signing_threads = unpack_number_max(&in, CONFIG_SIGNING_THREADS_MAX);
    settings->base_port = unpack_number_max(&in, UINT16_MAX);
    settings->metrics_allow = arena_copy(arena, unpack_slice(&in));
    settings->relay_networks = arena_copy(arena, unpack_slice(&in));
    settings->dnsbl_zones = arena_copy(arena, unpack_slice(&in));
    settings->is_greylisting = unpack_bool(&in);
    settings->is_categorising = unpack_bool(&in);
    unpack_outbound(&in, arena, &settings->outbound);
    settings->outreach.poll_seconds = unpack_number_max(&in, 3600);
    settings->outreach.check_seconds = unpack_number_max(&in, 86400);
    settings->webhooks.allow_private = unpack_bool(&in);
    settings->outreach.copy_seconds = unpack_number_max(&in, 60);
    settings->own_addresses = arena_copy(arena, unpack_slice(&in));
    settings->trusted_roots_pem = arena_copy(arena, unpack_slice(&in));
    settings->filter.rspamd = arena_text(arena, unpack_slice(&in));
    settings->filter.milter = arena_text(arena, unpack_slice(&in));
    settings->filter.when_down = unpack_number_max(&in, FILTER_DOWN_JUNKS);
    settings->filter.is_for_submission = unpack_bool(&in);
    unpack_trust(&in, arena, &settings->trust);
    unpack_mta_sts(&in, arena, &settings->mta_sts);
    unpack_reports(&in, arena, &settings->reports);
    unpack_acme(&in, arena, settings);
    /* Accounts are shared out among them. */
    return unpack_is_done(&in) && settings->mail_processes > 0;
}

static void pack_walls(struct buffer *out, const struct walls *walls) {
    pack_bool(out, walls->own_user);
    pack_bool(out, walls->no_new_privileges);
    pack_bool(out, walls->seccomp);
    pack_bool(out, walls->landlock);
}

static void unpack_walls(struct unpacker *in, struct walls *walls) {
    walls->own_user = unpack_bool(in);
    walls->no_new_privileges = unpack_bool(in);
    walls->seccomp = unpack_bool(in);
    walls->landlock = unpack_bool(in);
}

void walls_pack(struct buffer *out, const struct walls *walls) { pack_walls(out, walls); }

bool walls_unpack(struct slice body, struct walls *walls) {
    struct unpacker in = unpacker_of(body);
    unpack_walls(&in, walls);
    return unpack_is_done(&in);
}

void report_pack(struct buffer *out, const struct role_report *report) {
    pack_number(out, report->kind);
    pack_number(out, report->index);
    pack_number(out, report->pid);
    pack_number(out, report->restarts);
    pack_walls(out, &report->walls);
}

bool report_unpack(struct slice body, struct role_report *report) {
    struct unpacker in = unpacker_of(body);
    report->kind = (enum role_kind)unpack_number_max(&in, ROLE_KINDS - 1);
    report->index = unpack_number_max(&in, CONFIG_PROCESSES_MAX);
    report->pid = unpack_number(&in);
    report->restarts = unpack_number(&in);
    unpack_walls(&in, &report->walls);
    return unpack_is_done(&in);
}
