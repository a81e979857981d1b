/* /metrics: what is not counted in cells (build, time, each role), then all that is. */
#include <stdio.h>

#include "web/web_report.h"

static void render_value(struct buffer *out, const char *name, const struct web_role *role,
                         const char *value) {
    buffer_printf(out, "%s{role=\"%s\",index=\"%llu\"} %s\n", name, role->kind,
                  (unsigned long long)role->index, value);
}

/* A family with one series for each role. */
struct role_family {
    const char *name;
    const char *type;
    const char *help;
    size_t offset;
    bool is_bool;
    bool is_ms;
    /* Zero stands for not known. */
    bool skips_zero;
};

#define AT(member) offsetof(struct web_role, member)

static const struct role_family role_families[] = {
    {"posthaste_role_up", "gauge", "Whether the role answered when it was asked for these numbers.",
     AT(answers), true, false, false},
    {"posthaste_role_answer_seconds", "gauge", "How long it took to answer.", AT(answer_ms), false, true,
     false},
    {"posthaste_role_restarts_total", "counter", "How often the role's process ended and was started again.",
     AT(restarts), false, false, false},
    {"posthaste_role_resident_memory_bytes", "gauge", "Memory of the role's process.", AT(resident_bytes),
     false, false, true},
};

static void render_role(struct buffer *out, const struct role_family *family, const struct web_role *role) {
    char text[32];
    const void *at = (const char *)role + family->offset;
    unsigned long long number = family->is_bool ? *(const bool *)at : *(const uint64_t *)at;
    if (number == 0 && family->skips_zero) return;
    if (family->is_ms)
        (void)snprintf(text, sizeof text, "%llu.%03llu", number / 1000, number % 1000);
    else
        (void)snprintf(text, sizeof text, "%llu", number);
    render_value(out, family->name, role, text);
}

static void render_roles(struct buffer *out, const struct web_report *report) {
    for (size_t i = 0; i < sizeof role_families / sizeof role_families[0]; i++) {
        const struct role_family *family = &role_families[i];
        metrics_render_head(out, family->name, family->type, family->help);
        for (size_t j = 0; j < report->role_count; j++) render_role(out, family, &report->roles[j]);
    }
}

void web_report_render_metrics(struct buffer *out, const struct web_report *report) {
    int64_t uptime_ms = report->now_ms > report->started_ms ? report->now_ms - report->started_ms : 0;
    metrics_render_head(out, "posthaste_build_info", "gauge", "Always 1; the version is in the label.");
    buffer_printf(out, "posthaste_build_info{version=\"%s\"} 1\n", POSTHASTE_VERSION);
    metrics_render_head(out, "posthaste_start_time_seconds", "gauge", "When the server was started.");
    buffer_printf(out, "posthaste_start_time_seconds %lld\n", (long long)(report->started_ms / 1000));
    metrics_render_head(out, "posthaste_uptime_seconds", "gauge", "How long the server has been running.");
    buffer_printf(out, "posthaste_uptime_seconds %lld\n", (long long)(uptime_ms / 1000));
    if (report->certificate_ends_ms) {
        metrics_render_head(out, "posthaste_certificate_expires_seconds", "gauge",
                            "When the certificate that is served ends.");
        buffer_printf(out, "posthaste_certificate_expires_seconds %lld\n",
                      (long long)(report->certificate_ends_ms / 1000));
    }
    render_roles(out, report);
    metrics_render(out, &report->metrics);
}
