#include "base/metrics.h"

enum family_type { COUNTER, GAUGE, HISTOGRAM };

struct family {
    const char *name;
    const char *help;
    enum family_type type;
    unsigned first;
    /* Cells with a label each, or one without. */
    unsigned count;
    const char *label;
    const char *const *values;
    /* Histograms: the buckets' bounds, and what a unit of the name is divided into. */
    const uint64_t *bounds;
    unsigned divisor;
};

static const char *const refusals[METRIC_REFUSALS] = {
    [METRIC_REFUSAL_UNKNOWN_USER] = "unknown_user",
    [METRIC_REFUSAL_RELAY] = "relay_denied",
    [METRIC_REFUSAL_TOO_LARGE] = "too_large",
    [METRIC_REFUSAL_MAILBOX_FULL] = "mailbox_full",
    [METRIC_REFUSAL_AUTHENTICATION] = "authentication",
    [METRIC_REFUSAL_POLICY] = "policy",
    [METRIC_REFUSAL_SYNTAX] = "syntax",
    [METRIC_REFUSAL_SEQUENCE] = "sequence",
    [METRIC_REFUSAL_STORAGE] = "storage",
    [METRIC_REFUSAL_TEMPORARY] = "temporary",
    [METRIC_REFUSAL_OTHER] = "other",
};
static const char *const protocols[METRIC_PROTOCOLS] = {
    [METRIC_PROTOCOL_SMTP] = "smtp", [METRIC_PROTOCOL_SUBMISSION] = "submission",
    [METRIC_PROTOCOL_IMAP] = "imap", [METRIC_PROTOCOL_POP3] = "pop3",
    [METRIC_PROTOCOL_HTTP] = "http",
};
static const char *const limits[] = {"total", "address"};
static const char *const login_results[] = {"accepted", "failed", "unavailable"};
static const char *const http_classes[] = {"2xx", "3xx", "4xx", "5xx"};
static const char *const trust_results[METRIC_TRUST_RESULTS] = {
    "none", "pass", "fail", "softfail", "neutral", "policy", "temperror", "permerror"};
static const char *const trust_actions[METRIC_TRUST_ACTIONS] = {"accept", "junk", "defer", "reject"};
static const char *const webhook_results[] = {"delivered", "failed", "given_up"};
static const uint64_t latency_bounds_ms[METRIC_LATENCY_CELLS - 2] = {1,   2,   5,    10,   25,   50,   100,
                                                                     250, 500, 1000, 2500, 5000, 10000};
static const uint64_t batch_bounds[METRIC_BATCH_CELLS - 2] = {1, 2, 4, 8, 16, 32, 64, 128, 256};

static const struct family families[] = {
    {"posthaste_smtp_messages_accepted_total", "Messages taken and durable, from other hosts and from users.",
     COUNTER, METRIC_SMTP_ACCEPTED, 1, NULL, NULL, NULL, 1},
    {"posthaste_smtp_messages_accepted_bytes_total", "Bytes of the messages taken, as they came.", COUNTER,
     METRIC_SMTP_ACCEPTED_BYTES, 1, NULL, NULL, NULL, 1},
    {"posthaste_smtp_recipients_accepted_total", "Recipients of the messages taken.", COUNTER,
     METRIC_SMTP_RECIPIENTS, 1, NULL, NULL, NULL, 1},
    {"posthaste_smtp_refusals_total", "SMTP replies of 4xx and 5xx, by class of reason.", COUNTER,
     METRIC_SMTP_REFUSED, METRIC_REFUSALS, "reason", refusals, NULL, 1},
    {"posthaste_smtp_delivery_seconds",
     "From the end of a message's data until it is durable in its mailboxes.", HISTOGRAM,
     METRIC_SMTP_DELIVERY, METRIC_LATENCY_CELLS, NULL, NULL, latency_bounds_ms, 1000},
    {"posthaste_sessions", "Sessions now, before and after login.", GAUGE, METRIC_SESSIONS, METRIC_PROTOCOLS,
     "protocol", protocols, NULL, 1},
    {"posthaste_connections_total", "Connections admitted.", COUNTER, METRIC_CONNECTIONS, METRIC_PROTOCOLS,
     "protocol", protocols, NULL, 1},
    {"posthaste_connections_refused_total",
     "Connections refused because there were too many, by the limit met.", COUNTER,
     METRIC_CONNECTIONS_REFUSED_FULL, 2, "limit", limits, NULL, 1},
    {"posthaste_connections_shed_total", "Connections that did nothing and made room for others.", COUNTER,
     METRIC_CONNECTIONS_SHED, 1, NULL, NULL, NULL, 1},
    {"posthaste_logins_total", "Attempts to log in that the store judged, or could not judge.", COUNTER,
     METRIC_LOGINS_ACCEPTED, 3, "result", login_results, NULL, 1},
    {"posthaste_http_responses_total", "HTTP responses, by the class of their status.", COUNTER,
     METRIC_HTTP_RESPONSES, 4, "class", http_classes, NULL, 1},
    {"posthaste_store_commits_total", "Batches committed.", COUNTER, METRIC_STORE_COMMITS, 1, NULL, NULL,
     NULL, 1},
    {"posthaste_store_batch_operations", "Operations in one batch: how well writes share their syncs.",
     HISTOGRAM, METRIC_STORE_BATCH, METRIC_BATCH_CELLS, NULL, NULL, batch_bounds, 1},
    {"posthaste_store_syncs_total",
     "Syncs that commits waited for: of body segments and of the database's log.", COUNTER,
     METRIC_STORE_SYNCS, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_checkpoints_total", "Checkpoints of the database's log.", COUNTER,
     METRIC_STORE_CHECKPOINTS, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_waiting_operations", "Operations that wait for the next batch now.", GAUGE,
     METRIC_STORE_WAITING, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_accounts", "Accounts.", GAUGE, METRIC_STORE_ACCOUNTS, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_domains", "Domains that are ours.", GAUGE, METRIC_STORE_DOMAINS, 1, NULL, NULL, NULL,
     1},
    {"posthaste_store_messages", "Messages stored; one in several mailboxes counts once.", GAUGE,
     METRIC_STORE_MESSAGES, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_mail_bytes", "Bytes of the messages stored, as they came.", GAUGE,
     METRIC_STORE_MAIL_BYTES, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_stored_bytes", "Bytes of all body segments on disk.", GAUGE, METRIC_STORE_STORED_BYTES,
     1, NULL, NULL, NULL, 1},
    {"posthaste_store_segments", "Body segments.", GAUGE, METRIC_STORE_SEGMENTS, 1, NULL, NULL, NULL, 1},
    {"posthaste_store_disk_free_bytes", "Free bytes of the file system that holds the data folder.", GAUGE,
     METRIC_STORE_FREE_BYTES, 1, NULL, NULL, NULL, 1},
    {"posthaste_queue_recipients", "Recipients at other hosts whose mail waits in the queue.", GAUGE,
     METRIC_QUEUE_RECIPIENTS, 1, NULL, NULL, NULL, 1},
    {"posthaste_trust_spf_total", "Strangers' messages by what SPF said.", COUNTER, METRIC_TRUST_SPF,
     METRIC_TRUST_RESULTS, "result", trust_results, NULL, 1},
    {"posthaste_trust_dkim_total", "Strangers' messages by their best signature.", COUNTER, METRIC_TRUST_DKIM,
     METRIC_TRUST_RESULTS, "result", trust_results, NULL, 1},
    {"posthaste_trust_dmarc_total", "Strangers' messages by what DMARC said.", COUNTER, METRIC_TRUST_DMARC,
     METRIC_TRUST_RESULTS, "result", trust_results, NULL, 1},
    {"posthaste_trust_arc_total", "Strangers' messages by their chain of seals.", COUNTER, METRIC_TRUST_ARC,
     METRIC_TRUST_RESULTS, "result", trust_results, NULL, 1},
    {"posthaste_trust_actions_total", "Strangers' messages by what became of them for it.", COUNTER,
     METRIC_TRUST_ACTION, METRIC_TRUST_ACTIONS, "action", trust_actions, NULL, 1},
    {"posthaste_webhook_attempts_total", "Attempts to deliver an event to a webhook, by what came of them.",
     COUNTER, METRIC_WEBHOOK_DELIVERIES, 3, "result", webhook_results, NULL, 1},
    {"posthaste_webhooks_disabled_total", "Webhooks disabled because their receivers take no events.",
     COUNTER, METRIC_WEBHOOKS_DISABLED, 1, NULL, NULL, NULL, 1},
};

enum { FAMILY_COUNT = sizeof families / sizeof families[0] };

static const struct family *family_of(unsigned first_cell) {
    size_t i = 0;
    while (i < FAMILY_COUNT && families[i].first != first_cell) i++;
    ASSERT(i < FAMILY_COUNT);
    return &families[i];
}

void metrics_observe(struct metrics *metrics, unsigned first_cell, uint64_t value) {
    const struct family *family = family_of(first_cell);
    unsigned bounds = family->count - 2;
    unsigned bucket = 0;
    ASSERT(family->type == HISTOGRAM);
    while (bucket < bounds && value > family->bounds[bucket]) bucket++;
    metrics->cells[first_cell + bucket]++;
    metrics->cells[first_cell + family->count - 1] += value;
}

void metrics_sum(struct metrics *into, const struct metrics *from) {
    for (size_t i = 0; i < METRIC_CELLS; i++) into->cells[i] += from->cells[i];
}

void metrics_keep(struct metrics *into, const struct metrics *from) {
    for (size_t i = 0; i < FAMILY_COUNT; i++)
        for (unsigned cell = 0; families[i].type != GAUGE && cell < families[i].count; cell++)
            into->cells[families[i].first + cell] += from->cells[families[i].first + cell];
}

void metrics_render_head(struct buffer *out, const char *name, const char *type, const char *help) {
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void render_cells(struct buffer *out, const struct family *family, const uint64_t *cells) {
    for (unsigned i = 0; i < family->count; i++) {
        buffer_append_text(out, family->name);
        if (family->label) buffer_printf(out, "{%s=\"%s\"}", family->label, family->values[i]);
        buffer_printf(out, " %llu\n", (unsigned long long)cells[i]);
    }
}

/* In the family's unit, without a trailing fraction of zeros. */
static void append_scaled(struct buffer *out, uint64_t value, unsigned divisor) {
    buffer_append_number(out, value / divisor);
    if (value % divisor) buffer_printf(out, ".%03u", (unsigned)(value % divisor * 1000 / divisor));
}

static void render_histogram(struct buffer *out, const struct family *family, const uint64_t *cells) {
    unsigned bounds = family->count - 2;
    uint64_t total = 0;
    for (unsigned i = 0; i <= bounds; i++) {
        total += cells[i];
        buffer_printf(out, "%s_bucket{le=\"", family->name);
        if (i == bounds)
            buffer_append_text(out, "+Inf");
        else
            append_scaled(out, family->bounds[i], family->divisor);
        buffer_printf(out, "\"} %llu\n", (unsigned long long)total);
    }
    buffer_printf(out, "%s_sum ", family->name);
    append_scaled(out, cells[family->count - 1], family->divisor);
    buffer_printf(out, "\n%s_count %llu\n", family->name, (unsigned long long)total);
}

void metrics_render(struct buffer *out, const struct metrics *metrics) {
    static const char *const types[] = {"counter", "gauge", "histogram"};
    for (size_t i = 0; i < FAMILY_COUNT; i++) {
        const struct family *family = &families[i];
        metrics_render_head(out, family->name, types[family->type], family->help);
        if (family->type == HISTOGRAM)
            render_histogram(out, family, &metrics->cells[family->first]);
        else
            render_cells(out, family, &metrics->cells[family->first]);
    }
}
