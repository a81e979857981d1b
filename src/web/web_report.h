/*
 * How the whole server is: which roles answer, and what they count. The supervisor gathers it
 * (app/role/collect.h); the web server says it as /health and /metrics.
 */
#ifndef WEB_WEB_REPORT_H
#define WEB_WEB_REPORT_H

#include "base/metrics.h"

enum { WEB_ROLES_MAX = 80, WEB_ROLE_NAME_BYTES = 16 };

struct web_role {
    char kind[WEB_ROLE_NAME_BYTES];
    uint64_t index;
    uint64_t restarts;
    /* 0: not known. */
    uint64_t resident_bytes;
    /* It answered, after so long. */
    bool answers;
    uint64_t answer_ms;
};

struct web_report {
    struct web_role roles[WEB_ROLES_MAX];
    size_t role_count;
    /* UTC milliseconds. */
    int64_t started_ms;
    int64_t now_ms;
    /* When the certificate that is served ends; 0: there is none. The role that gives the answer fills it in.
     */
    int64_t certificate_ends_ms;
    struct metrics metrics;
};

void web_report_pack(struct buffer *out, const struct web_report *report);
/* False: not what web_report_pack wrote. */
NODISCARD bool web_report_unpack(struct slice bytes, struct web_report *report);

void metrics_pack(struct buffer *out, const struct metrics *metrics);
NODISCARD bool metrics_unpack(struct slice bytes, struct metrics *metrics);

/* Every role answers. */
bool web_report_is_good(const struct web_report *report);
/* Appends {"status": "ok"}, or {"status": "failing", "not_answering": ["mail 0", ...]}. NULL: not even the
   supervisor answered. */
void web_report_render_health(struct buffer *out, const struct web_report *report);
/* Appends the exposition text: build, roles, and all counted families. */
void web_report_render_metrics(struct buffer *out, const struct web_report *report);

#endif
