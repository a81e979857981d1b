#include "web/web_report.h"

#include "ipc/pack.h"

static void pack_cells(struct buffer *out, const struct metrics *metrics) {
    for (size_t i = 0; i < METRIC_CELLS; i++) pack_number(out, metrics->cells[i]);
}

static void unpack_cells(struct unpacker *in, struct metrics *metrics) {
    for (size_t i = 0; i < METRIC_CELLS; i++) metrics->cells[i] = unpack_number(in);
}

void metrics_pack(struct buffer *out, const struct metrics *metrics) { pack_cells(out, metrics); }

bool metrics_unpack(struct slice bytes, struct metrics *metrics) {
    struct unpacker in = unpacker_of(bytes);
    unpack_cells(&in, metrics);
    return unpack_is_done(&in);
}

static void pack_role(struct buffer *out, const struct web_role *role) {
    pack_slice(out, slice_from_text(role->kind));
    pack_number(out, role->index);
    pack_number(out, role->restarts);
    pack_number(out, role->resident_bytes);
    pack_bool(out, role->answers);
    pack_number(out, role->answer_ms);
}

static void unpack_role(struct unpacker *in, struct web_role *role) {
    struct slice kind = unpack_slice(in);
    if (kind.len >= sizeof role->kind) in->is_bad = true;
    *role = (struct web_role){0};
    if (!in->is_bad) memcpy(role->kind, kind.ptr, kind.len);
    role->index = unpack_number(in);
    role->restarts = unpack_number(in);
    role->resident_bytes = unpack_number(in);
    role->answers = unpack_bool(in);
    role->answer_ms = unpack_number(in);
}

void web_report_pack(struct buffer *out, const struct web_report *report) {
    pack_number(out, report->role_count);
    for (size_t i = 0; i < report->role_count; i++) pack_role(out, &report->roles[i]);
    pack_number(out, (uint64_t)report->started_ms);
    pack_number(out, (uint64_t)report->now_ms);
    pack_cells(out, &report->metrics);
}

bool web_report_unpack(struct slice bytes, struct web_report *report) {
    struct unpacker in = unpacker_of(bytes);
    report->role_count = unpack_number_max(&in, WEB_ROLES_MAX);
    for (size_t i = 0; i < report->role_count; i++) unpack_role(&in, &report->roles[i]);
    report->started_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    report->now_ms = (int64_t)unpack_number_max(&in, INT64_MAX);
    report->certificate_ends_ms = 0;
    unpack_cells(&in, &report->metrics);
    return unpack_is_done(&in);
}

bool web_report_is_good(const struct web_report *report) {
    for (size_t i = 0; i < report->role_count; i++)
        if (!report->roles[i].answers) return false;
    return true;
}

/* The names of roles are ours: nothing in them needs escaping. */
void web_report_render_health(struct buffer *out, const struct web_report *report) {
    if (report && web_report_is_good(report)) {
        buffer_append_text(out, "{\"status\": \"ok\"}\n");
        return;
    }
    buffer_append_text(out, "{\"status\": \"failing\", \"not_answering\": [");
    const char *before = "";
    for (size_t i = 0; report && i < report->role_count; i++) {
        if (report->roles[i].answers) continue;
        buffer_printf(out, "%s\"%s %llu\"", before, report->roles[i].kind,
                      (unsigned long long)report->roles[i].index);
        before = ", ";
    }
    buffer_append_text(out, report ? "]}\n" : "\"supervisor\"]}\n");
}
