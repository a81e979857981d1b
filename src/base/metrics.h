/*
 * What a role counts for its operator. Counting is one addition to a cell of a fixed array that
 * lives in the role's env; names, help and labels stand in a table beside it and cost nothing
 * until somebody asks. Sums of several roles' cells mean what the cells mean: counters and
 * histograms add up, and so do the gauges (a role that is gone takes its part along).
 *
 * The text is Prometheus' exposition format 0.0.4. docs/metrics.md lists the families.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buffer.h"

/* Why SMTP said no, by class. */
enum metric_refusal {
    METRIC_REFUSAL_UNKNOWN_USER,
    METRIC_REFUSAL_RELAY,
    METRIC_REFUSAL_TOO_LARGE,
    METRIC_REFUSAL_MAILBOX_FULL,
    METRIC_REFUSAL_AUTHENTICATION,
    METRIC_REFUSAL_POLICY,
    METRIC_REFUSAL_SYNTAX,
    METRIC_REFUSAL_SEQUENCE,
    METRIC_REFUSAL_STORAGE,
    METRIC_REFUSAL_TEMPORARY,
    METRIC_REFUSAL_OTHER,
    METRIC_REFUSALS,
};

enum metric_protocol {
    METRIC_PROTOCOL_SMTP,
    METRIC_PROTOCOL_SUBMISSION,
    METRIC_PROTOCOL_IMAP,
    METRIC_PROTOCOL_POP3,
    METRIC_PROTOCOL_HTTP,
    METRIC_PROTOCOLS,
};

/* As enum trust_result (trust/verdict.h) and enum inbound_action (trust/inbound_policy.h), which see to it
   that there are no more. */
enum { METRIC_TRUST_RESULTS = 8, METRIC_TRUST_ACTIONS = 4 };

/* Buckets, the one without a bound among them, and the sum. */
enum { METRIC_LATENCY_CELLS = 13 + 2, METRIC_BATCH_CELLS = 9 + 2 };

/* Families with a label or buckets have several cells, one after the other. */
enum metric_cell {
    METRIC_SMTP_ACCEPTED,
    METRIC_SMTP_ACCEPTED_BYTES,
    METRIC_SMTP_RECIPIENTS,
    METRIC_SMTP_REFUSED,
    METRIC_SMTP_DELIVERY = METRIC_SMTP_REFUSED + METRIC_REFUSALS,
    METRIC_SESSIONS = METRIC_SMTP_DELIVERY + METRIC_LATENCY_CELLS,
    METRIC_CONNECTIONS = METRIC_SESSIONS + METRIC_PROTOCOLS,
    METRIC_CONNECTIONS_REFUSED_FULL = METRIC_CONNECTIONS + METRIC_PROTOCOLS,
    METRIC_CONNECTIONS_REFUSED_CROWD,
    METRIC_CONNECTIONS_SHED,
    METRIC_LOGINS_ACCEPTED,
    METRIC_LOGINS_FAILED,
    METRIC_LOGINS_UNAVAILABLE,
    /* By the first digit of their status: 2 to 5. */
    METRIC_HTTP_RESPONSES,
    METRIC_STORE_COMMITS = METRIC_HTTP_RESPONSES + 4,
    METRIC_STORE_BATCH,
    METRIC_STORE_SYNCS = METRIC_STORE_BATCH + METRIC_BATCH_CELLS,
    METRIC_STORE_CHECKPOINTS,
    METRIC_STORE_WAITING,
    METRIC_STORE_ACCOUNTS,
    METRIC_STORE_DOMAINS,
    METRIC_STORE_MESSAGES,
    METRIC_STORE_MAIL_BYTES,
    METRIC_STORE_STORED_BYTES,
    METRIC_STORE_SEGMENTS,
    METRIC_STORE_FREE_BYTES,
    METRIC_QUEUE_RECIPIENTS,
    /* Of strangers' messages, by what was found. */
    METRIC_TRUST_SPF,
    METRIC_TRUST_DKIM = METRIC_TRUST_SPF + METRIC_TRUST_RESULTS,
    METRIC_TRUST_DMARC = METRIC_TRUST_DKIM + METRIC_TRUST_RESULTS,
    METRIC_TRUST_ARC = METRIC_TRUST_DMARC + METRIC_TRUST_RESULTS,
    METRIC_TRUST_ACTION = METRIC_TRUST_ARC + METRIC_TRUST_RESULTS,
    /* Attempts: delivered, failed, given up. */
    METRIC_WEBHOOK_DELIVERIES = METRIC_TRUST_ACTION + METRIC_TRUST_ACTIONS,
    METRIC_WEBHOOKS_DISABLED = METRIC_WEBHOOK_DELIVERIES + 3,
    METRIC_CELLS,
};

struct metrics {
    uint64_t cells[METRIC_CELLS];
};

static inline void metrics_add(struct metrics *metrics, unsigned cell, uint64_t count) {
    metrics->cells[cell] += count;
}
static inline void metrics_set(struct metrics *metrics, unsigned cell, uint64_t value) {
    metrics->cells[cell] = value;
}
/* A gauge that goes up and down. */
static inline void metrics_enter(struct metrics *metrics, unsigned cell) { metrics->cells[cell]++; }
static inline void metrics_leave(struct metrics *metrics, unsigned cell) { metrics->cells[cell]--; }
/* One observation for the histogram that begins at that cell; latencies are in milliseconds. */
void metrics_observe(struct metrics *metrics, unsigned first_cell, uint64_t value);

/* Adds all cells. */
void metrics_sum(struct metrics *into, const struct metrics *from);
/* Adds what must not fall when a process ends: counters and histograms, no gauges. */
void metrics_keep(struct metrics *into, const struct metrics *from);

/* Appends all families. */
void metrics_render(struct buffer *out, const struct metrics *metrics);
/* The two comment lines of a family; `type` is "counter", "gauge" or "histogram". */
void metrics_render_head(struct buffer *out, const char *name, const char *type, const char *help);

#endif
