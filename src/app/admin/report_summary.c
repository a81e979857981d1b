#include "app/admin/report_summary.h"

#include <stdlib.h>

#include "app/admin/admin_verbs.h"
#include "app/admin/report_words.h"
#include "base/limits.h"
#include "base/map.h"

enum { SHOWN_MAX = 50, NAMES_MAX = 4, DOMAINS_MAX = 1000 };

/* A client that sent in a domain's name. */
struct source {
    struct slice address;
    uint64_t passed;
    uint64_t failed;
    uint64_t refused;
    /* Of its failures, how many came about in which way. */
    uint64_t troubles[REPORT_TROUBLES];
    /* Other domains that vouched. */
    struct slice names[NAMES_MAX];
    size_t name_count;
};

/* Connections to one host that failed in one way. */
struct failure {
    struct slice host;
    struct slice type_text;
    enum tls_result_type type;
    uint64_t count;
};

struct domain_summary {
    struct slice name;
    enum dmarc_policy policy;
    int64_t policy_s;
    uint64_t reports;
    uint64_t passed;
    uint64_t failed;
    uint64_t tls_passed;
    uint64_t tls_failed;
    /* In no source or failure below. */
    uint64_t unnamed;
    struct source *sources;
    size_t source_count;
    size_t source_capacity;
    struct failure *failures;
    size_t failure_count;
    size_t failure_capacity;
};

struct report_summary {
    struct arena *arena;
    /* Of a domain its domain_summary. */
    struct map *domain_map;
    /* Of a domain with a source, or with a host and a type, its place there + 1. Texts have no tabs. */
    struct map *place_map;
    struct domain_summary *domains[DOMAINS_MAX];
    size_t domain_count;
    size_t items;
};

struct report_summary *report_summary_new(struct arena *arena, uint64_t seed) {
    struct report_summary *summary = ARENA_NEW(arena, struct report_summary);
    summary->arena = arena;
    summary->domain_map = map_new(seed);
    summary->place_map = map_new(seed);
    return summary;
}

void report_summary_free(struct report_summary **summary) {
    if (!*summary) return;
    map_free(&(*summary)->domain_map);
    map_free(&(*summary)->place_map);
    *summary = NULL;
}

static struct domain_summary *domain_add(struct report_summary *summary, struct slice name) {
    struct domain_summary *domain = ARENA_NEW(summary->arena, struct domain_summary);
    domain->name = arena_copy(summary->arena, name);
    summary->domains[summary->domain_count++] = domain;
    (void)map_put(summary->domain_map, name, domain);
    return domain;
}

/* NULL: there are too many. */
static struct domain_summary *domain_of(struct report_summary *summary, struct slice name) {
    struct buffer key = buffer_new(FEEDBACK_TEXT_BYTES_MAX);
    for (size_t i = 0; i < name.len; i++) buffer_append_byte(&key, ascii_lower(name.ptr[i]));
    struct domain_summary *domain = map_get(summary->domain_map, buffer_slice(&key));
    if (!domain && summary->domain_count < DOMAINS_MAX) domain = domain_add(summary, buffer_slice(&key));
    buffer_free(&key);
    return domain;
}

/* The place of what `key` names, which is `count` where it is new; or SIZE_MAX: there is no room. */
static size_t place_of(struct report_summary *summary, const struct buffer *key, size_t count) {
    uintptr_t known = (uintptr_t)map_get(summary->place_map, buffer_slice(key));
    if (known) return known - 1;
    if (summary->items == FEEDBACK_SOURCES_MAX) return SIZE_MAX;
    summary->items++;
    (void)map_put(summary->place_map, buffer_slice(key), (void *)(count + 1));
    return count;
}

/* ---- DMARC ---- */

static struct source *source_of(struct report_summary *summary, struct domain_summary *domain,
                                struct slice address) {
    struct buffer key = buffer_new(4 * (size_t)FEEDBACK_TEXT_BYTES_MAX);
    buffer_printf(&key, "%.*s\t%.*s", SLICE_PRINT(domain->name), SLICE_PRINT(address));
    size_t at = place_of(summary, &key, domain->source_count);
    buffer_free(&key);
    if (at == SIZE_MAX) return NULL;
    if (at < domain->source_count) return &domain->sources[at];
    domain->sources = arena_try_grow(summary->arena, domain->sources, at, &domain->source_capacity,
                                     sizeof *domain->sources);
    ASSERT(domain->sources);
    domain->source_count++;
    domain->sources[at] = (struct source){.address = arena_copy(summary->arena, address)};
    return &domain->sources[at];
}

static void add_name(struct report_summary *summary, struct source *source, struct slice name) {
    for (size_t i = 0; i < source->name_count; i++)
        if (slice_equal_nocase(source->names[i], name)) return;
    if (source->name_count < NAMES_MAX && name.len)
        source->names[source->name_count++] = arena_copy(summary->arena, name);
}

static void add_names(struct report_summary *summary, struct source *source,
                      const struct feedback_record *record) {
    for (size_t i = 0; i < record->auth_count; i++)
        if (slice_equal_nocase(record->auths[i].result, SLICE("pass")))
            add_name(summary, source, record->auths[i].domain);
}

static void add_record(struct report_summary *summary, struct domain_summary *domain,
                       const struct feedback *feedback, const struct feedback_record *record) {
    enum report_trouble trouble = report_trouble_of(feedback, record);
    struct source *source = source_of(summary, domain, record->source);
    if (!source) {
        domain->unnamed += record->count;
        return;
    }
    if (trouble == REPORT_TROUBLE_NONE) {
        source->passed += record->count;
        return;
    }
    source->failed += record->count;
    source->troubles[trouble] += record->count;
    if (record->disposition == DMARC_REJECT || record->disposition == DMARC_QUARANTINE)
        source->refused += record->count;
    add_names(summary, source, record);
}

static void add_dmarc(struct report_summary *summary, const struct feedback *feedback) {
    struct domain_summary *domain = domain_of(summary, feedback->domain);
    if (!domain) return;
    domain->reports++;
    domain->passed += feedback->passed;
    domain->failed += feedback->failed;
    domain->unnamed += feedback->left_out;
    if (feedback->end_s > 0 && feedback->end_s >= domain->policy_s) {
        domain->policy = feedback->policy.policy;
        domain->policy_s = feedback->end_s;
    }
    for (size_t i = 0; i < feedback->record_count; i++)
        add_record(summary, domain, feedback, &feedback->records[i]);
}

/* ---- TLS ---- */

static struct failure *failure_of(struct report_summary *summary, struct domain_summary *domain,
                                  const struct feedback_failure *failed) {
    struct buffer key = buffer_new(8 * (size_t)FEEDBACK_TEXT_BYTES_MAX);
    buffer_printf(&key, "%.*s\t%.*s\t%.*s", SLICE_PRINT(domain->name), SLICE_PRINT(failed->host),
                  SLICE_PRINT(failed->type_text));
    size_t at = place_of(summary, &key, domain->failure_count);
    buffer_free(&key);
    if (at == SIZE_MAX) return NULL;
    if (at < domain->failure_count) return &domain->failures[at];
    domain->failures = arena_try_grow(summary->arena, domain->failures, at, &domain->failure_capacity,
                                      sizeof *domain->failures);
    ASSERT(domain->failures);
    domain->failure_count++;
    domain->failures[at] = (struct failure){.host = arena_copy(summary->arena, failed->host),
                                            .type_text = arena_copy(summary->arena, failed->type_text),
                                            .type = failed->type};
    return &domain->failures[at];
}

/* That the report's own domain is ours is known (store/feedback.h); of others in it nothing is. */
static void add_way(struct report_summary *summary, const struct feedback *feedback,
                    const struct feedback_way *way) {
    struct domain_summary *domain =
        slice_equal_nocase(way->domain, feedback->domain) ? domain_of(summary, way->domain) : NULL;
    if (!domain) return;
    domain->tls_passed += way->succeeded;
    domain->tls_failed += way->failed;
    for (size_t i = 0; i < way->failure_count; i++) {
        struct failure *failure = failure_of(summary, domain, &way->failures[i]);
        if (failure) failure->count += way->failures[i].count;
    }
}

static void add_tls(struct report_summary *summary, const struct feedback *feedback) {
    struct domain_summary *domain = domain_of(summary, feedback->domain);
    if (domain) domain->reports++;
    for (size_t i = 0; i < feedback->way_count; i++) add_way(summary, feedback, &feedback->ways[i]);
}

void report_summary_add(struct report_summary *summary, const struct feedback *feedback) {
    if (feedback->kind == FEEDBACK_DMARC)
        add_dmarc(summary, feedback);
    else
        add_tls(summary, feedback);
}

/* ---- as JSON ---- */

static int compare(uint64_t a, uint64_t b) { return a > b ? -1 : a < b; }

static int compare_sources(const void *left, const void *right) {
    const struct source *a = left;
    const struct source *b = right;
    int order = compare(a->failed, b->failed);
    return order ? order : compare(a->passed, b->passed);
}

static int compare_failures(const void *left, const void *right) {
    return compare(((const struct failure *)left)->count, ((const struct failure *)right)->count);
}

static int compare_domains(const void *left, const void *right) {
    const struct domain_summary *a = *(struct domain_summary *const *)left;
    const struct domain_summary *b = *(struct domain_summary *const *)right;
    int order = compare(a->failed + a->tls_failed, b->failed + b->tls_failed);
    return order ? order : slice_compare(a->name, b->name);
}

/* The way in which most of it failed. */
static enum report_trouble main_trouble(const struct source *source) {
    enum report_trouble most = REPORT_TROUBLE_NONE;
    for (unsigned i = REPORT_TROUBLE_NONE + 1; i < REPORT_TROUBLES; i++)
        if (source->troubles[i] > source->troubles[most]) most = (enum report_trouble)i;
    return most;
}

static json_t *source_json(const struct source *source) {
    enum report_trouble trouble = main_trouble(source);
    json_t *names = json_array();
    for (size_t i = 0; i < source->name_count; i++)
        json_array_append_new(names, admin_text(source->names[i]));
    return json_pack("{s:o, s:I, s:I, s:I, s:s, s:s, s:s, s:o}", "source", admin_text(source->address),
                     "passed", (json_int_t)source->passed, "failed", (json_int_t)source->failed, "refused",
                     (json_int_t)source->refused, "trouble", report_trouble_word(trouble), "text",
                     report_trouble_text(trouble), "advice", report_trouble_advice(trouble), "vouched_by",
                     names);
}

static json_t *failure_json(const struct failure *failure) {
    return json_pack("{s:o, s:o, s:I, s:s, s:s}", "host", admin_text(failure->host), "type",
                     admin_text(failure->type_text), "count", (json_int_t)failure->count, "text",
                     report_tls_text(failure->type), "advice", report_tls_advice(failure->type));
}

static json_t *tls_json(const struct domain_summary *domain) {
    json_t *list = json_array();
    for (size_t i = 0; i < domain->failure_count && i < SHOWN_MAX; i++)
        json_array_append_new(list, failure_json(&domain->failures[i]));
    return json_pack("{s:I, s:I, s:o}", "succeeded", (json_int_t)domain->tls_passed, "failed",
                     (json_int_t)domain->tls_failed, "failures", list);
}

static json_t *domain_json(const struct domain_summary *domain) {
    json_t *list = json_array();
    for (size_t i = 0; i < domain->source_count && i < SHOWN_MAX; i++)
        json_array_append_new(list, source_json(&domain->sources[i]));
    size_t hidden = domain->source_count > SHOWN_MAX ? domain->source_count - SHOWN_MAX : 0;
    return json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "domain", admin_text(domain->name),
                     "policy", dmarc_policy_word(domain->policy), "reports", (json_int_t)domain->reports,
                     "messages", (json_int_t)(domain->passed + domain->failed), "passed",
                     (json_int_t)domain->passed, "failed", (json_int_t)domain->failed, "more_sources",
                     (json_int_t)hidden, "unnamed", (json_int_t)domain->unnamed, "sources", list, "tls",
                     tls_json(domain));
}

json_t *report_summary_json(struct report_summary *summary) {
    json_t *list = json_array();
    qsort(summary->domains, summary->domain_count, sizeof summary->domains[0], compare_domains);
    for (size_t i = 0; i < summary->domain_count; i++) {
        struct domain_summary *domain = summary->domains[i];
        if (domain->source_count)
            qsort(domain->sources, domain->source_count, sizeof *domain->sources, compare_sources);
        if (domain->failure_count)
            qsort(domain->failures, domain->failure_count, sizeof *domain->failures, compare_failures);
        json_array_append_new(list, domain_json(domain));
    }
    return list;
}
