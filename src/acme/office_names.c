/* The names that are wanted on the certificate. */
#include "acme/office_state.h"

static bool is_left_out(const struct office_run *run, struct slice name) {
    int64_t now_ms = env_wall_ms(run->office->options.env);
    for (size_t i = 0; i < run->state.left_out_count; i++)
        if (slice_equal(run->state.left_out[i].name, name) && run->state.left_out[i].until_ms > now_ms)
            return true;
    return false;
}

static bool is_there(const struct office_run *run, struct slice name) {
    for (size_t i = 0; i < run->job.name_count; i++)
        if (slice_equal(run->job.names[i].name, name)) return true;
    return false;
}

/* In lower case, as CAs want it and give it. */
static void add(struct office_run *run, struct slice name, bool is_optional) {
    char *lower = arena_text(run->arena, name);
    for (char *at = lower; *at; at++) *at = (char)ascii_lower((uint8_t)*at);
    name = slice_from_text(lower);
    if (name.len == 0 || name.len > ACME_NAME_BYTES_MAX || run->job.name_count == ACME_NAMES_MAX) return;
    if (is_there(run, name) || (is_optional && is_left_out(run, name))) return;
    bool is_held = is_optional && acme_leaf_has(&run->state.leaf, name);
    run->job.names[run->job.name_count++] = (struct acme_name){name, is_optional, is_held};
}

static void add_domain(struct office_run *run, struct slice domain) {
    static const char *const labels[] = {"mta-sts", "autoconfig", "autodiscover"};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        add(run, arena_printf(run->arena, "%s.%.*s", labels[i], SLICE_PRINT(domain)), true);
}

static void add_list(struct office_run *run, struct slice list) {
    while (list.len) {
        add(run, slice_trim(slice_take_until(&list, ',')), false);
        (void)slice_take_byte(&list, ',');
    }
}

void office_find_names(struct office_run *run) {
    struct domain *domains = NULL;
    size_t count = 0;
    const struct acme_office_settings *settings = &run->office->settings;
    run->job.name_count = 0;
    if (settings->names.len) {
        add_list(run, settings->names);
        return;
    }
    add(run, settings->hostname, false);
    if (engine_domain_list(run->office->options.engine, run->arena, &domains, &count) != STORE_OK) return;
    for (size_t i = 0; i < count; i++) add_domain(run, domains[i].name);
    if (run->job.name_count == ACME_NAMES_MAX)
        LOG_WARN(run->office->options.env->log, "acme.too_many_names", LOG_NUMBER("domains", count),
                 LOG_CSTR("effect", "the first hundred are looked at; acme.names chooses others"));
}
