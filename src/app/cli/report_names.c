#include "app/cli/report_names.h"

#include "app/cli/tool_world.h"
#include "base/limits_reports.h"
#include "trust/iprev.h"

static const char *state_of(enum trust_result result) {
    switch (result) {
    case TRUST_PASS:
        return "confirmed";
    case TRUST_FAIL:
        return "unconfirmed";
    case TRUST_PERMERROR:
        return "none";
    default:
        return "unknown";
    }
}

/* What others write there may be no address. */
static bool add_name(struct task *t, struct tool_world *world, json_t *source) {
    struct dns_address address;
    struct slice text = slice_from_text(json_string_value(json_object_get(source, "source")));
    if (json_integer_value(json_object_get(source, "failed")) == 0 || !dns_address_parse(text, &address))
        return false;
    struct iprev iprev = iprev_check(t, &world->lookups, &address);
    json_object_set_new(source, "name", tool_text_json(iprev.name));
    json_object_set_new(source, "name_state", json_string(state_of(iprev.result)));
    return true;
}

static void add_names(struct task *t, struct tool_world *world) {
    size_t i;
    size_t k;
    json_t *domain;
    json_t *source;
    size_t asked = 0;
    json_array_foreach(json_object_get(world->context, "domains"), i, domain) {
        json_array_foreach(json_object_get(domain, "sources"), k, source) {
            if (asked < REPORT_NAMES_MAX && add_name(t, world, source)) asked++;
        }
    }
    world->status = EXIT_DONE;
}

int report_names_add(struct cli *cli, json_t *answer) { return tool_run(cli, add_names, answer); }
