/*
 * The client's own names (RFC 7208 5.5): at most ten, each believed once it leads back to the client's
 * address. All of this is in the client's hands, so errors here only mean that a name does not count, until
 * time is up.
 */
#include "trust/spf_run.h"

static void take_names(struct spf_client_names *client, struct arena *arena,
                       const struct dns_answer *answer) {
    for (size_t i = 0; i < answer->count && i < SPF_CLIENT_NAMES_MAX; i++) {
        struct buffer name = buffer_new((size_t)4 * DNS_NAME_BYTES_MAX);
        if (dns_name_text(answer->records[i], &name) && spf_is_askable(buffer_slice(&name)))
            client->names[client->count++] = arena_copy(arena, buffer_slice(&name));
        buffer_free(&name);
    }
}

static void ask_for_names(struct spf_run *run) {
    struct spf_client_names *client = &run->client;
    struct dns_answer answer;
    if (client->is_asked) return;
    client->is_asked = true;
    struct buffer name = buffer_new(DNS_NAME_BYTES_MAX);
    dns_reverse_name(&run->values.address, &name);
    client->result = trust_look_up(run->t, run->lookups, buffer_slice(&name), DNS_PTR, &answer);
    buffer_free(&name);
    if (client->result == DNS_OK) take_names(client, run->lookups->arena, &answer);
}

static bool leads_back(struct spf_run *run, size_t i) {
    struct dns_answer answer;
    const struct dns_address *client = &run->values.address;
    uint16_t type = client->len == 4 ? DNS_A : DNS_AAAA;
    if (trust_look_up(run->t, run->lookups, run->client.names[i], type, &answer) != DNS_OK) return false;
    for (size_t j = 0; j < answer.count; j++)
        if (slice_equal(answer.records[j], slice_of(client->bytes, client->len))) return true;
    return false;
}

static bool is_believed(struct spf_run *run, size_t i) {
    enum spf_name_state *state = &run->client.states[i];
    if (*state == SPF_NAME_UNKNOWN) *state = leads_back(run, i) ? SPF_NAME_LEADS_BACK : SPF_NAME_DOES_NOT;
    return *state == SPF_NAME_LEADS_BACK;
}

static bool is_below(struct slice name, struct slice domain) {
    if (name.len <= domain.len + 1 || !slice_ends_nocase(name, domain)) return false;
    return name.ptr[name.len - domain.len - 1] == '.';
}

static bool is_same_or_below(struct slice name, struct slice domain) {
    return slice_equal_nocase(name, domain) || is_below(name, domain);
}

static bool is_any(struct slice name, struct slice domain) {
    (void)domain;
    return name.len > 0;
}

/* The first name that fits and leads back; false: there is none. */
static bool find_name(struct spf_run *run, bool (*fits)(struct slice name, struct slice domain),
                      struct slice domain, struct slice *found) {
    for (size_t i = 0; i < run->client.count; i++) {
        if (!fits(run->client.names[i], domain) || !is_believed(run, i)) continue;
        *found = run->client.names[i];
        return true;
    }
    return false;
}

/* RFC 7208 4.6.4: when time is up it is a temperror, whatever a name that was not found would have meant. */
static bool is_late(const struct spf_run *run) {
    return env_now_ms(task_env(run->t)) >= run->lookups->deadline_ms;
}

enum spf_outcome spf_match_client(struct spf_run *run, struct slice target) {
    struct slice found;
    ask_for_names(run);
    enum dns_result result = run->client.result;
    if (result == DNS_NO_DATA || result == DNS_NO_SUCH_NAME) return spf_count_void(run);
    if (find_name(run, is_same_or_below, target, &found)) return SPF_MATCH;
    if (!is_late(run)) return SPF_NO_MATCH;
    return spf_say_unanswered(run, SLICE("the client's address"), DNS_PTR, DNS_TIMEOUT);
}

/* RFC 7208 7.3: the domain itself, else a name below it, else any. */
void spf_find_client_name(struct spf_run *run) {
    struct slice domain = spf_top(run)->domain;
    struct slice *name = &run->values.client_name;
    ask_for_names(run);
    if (find_name(run, slice_equal_nocase, domain, name) || find_name(run, is_below, domain, name) ||
        find_name(run, is_any, domain, name))
        return;
    *name = SLICE("unknown");
}
