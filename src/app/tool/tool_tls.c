#include "app/tool/tool_tls.h"

#include <errno.h>
#include <stdio.h>

#include "app/tool/tool_hosts.h"
#include "base/encode.h"
#include "base/limits.h"
#include "io/real/read_file.h"
#include "trust/mta_sts.h"

enum { ROOTS_BYTES_MAX = 1 << 20, WORDS_BYTES_MAX = 1024 };

/* Why the hosts of a domain could not be looked at; empty: they could. */
static struct slice words_of_hosts(struct arena *arena, struct slice domain, const struct tool_hosts *hosts) {
    if (hosts->is_null) return arena_printf(arena, "%.*s takes no mail (null MX)", SLICE_PRINT(domain));
    if (hosts->result == DNS_NO_SUCH_NAME)
        return arena_printf(arena, "%.*s does not exist", SLICE_PRINT(domain));
    if (hosts->count) return SLICE_EMPTY;
    return arena_printf(arena, "the MX of %.*s could not be found (%s)", SLICE_PRINT(domain),
                        dns_result_name(hosts->result));
}

/* ---- dane ---- */

enum dane_word { WORD_PROTECTED, WORD_UNUSABLE, WORD_NONE, WORD_UNKNOWN, DANE_WORDS };
static const char *const dane_words[DANE_WORDS] = {"protected", "unusable", "none", "unknown"};

struct dane_host_verdict {
    const struct tool_host *host;
    struct dane dane;
    enum dane_word word;
    struct slice words;
};

static size_t usable_count(const struct dane *dane) {
    size_t count = 0;
    for (size_t i = 0; i < dane->count; i++) count += dane_is_usable(&dane->records[i]);
    return count;
}

static struct slice why_none(struct arena *arena, const struct tool_host *host) {
    if (!host->host.is_name_secure) return SLICE("the MX is not signed (DNSSEC), so DANE says nothing of it");
    if (!host->has_address && host->trouble != DNS_OK)
        return arena_printf(arena, "its addresses could not be found (%s)", dns_result_name(host->trouble));
    if (!host->has_address) return SLICE("it has no address");
    if (!host->host.is_address_secure) return SLICE("its addresses are not signed (DNSSEC)");
    return SLICE("it has no TLSA records that are signed; TLS is used where it is offered");
}

static void judge_dane(struct arena *arena, struct dane_host_verdict *verdict) {
    const struct dane *dane = &verdict->dane;
    switch (dane->result) {
    case DANE_UNSURE:
        verdict->word = WORD_UNKNOWN;
        verdict->words =
            arena_printf(arena,
                         "%.*s could not be found out (%s): nobody who checks DANE sends mail to this host "
                         "now",
                         SLICE_PRINT(dane->trouble_name), dns_result_name(dane->trouble));
        return;
    case DANE_NONE:
        verdict->word = WORD_NONE;
        verdict->words = why_none(arena, verdict->host);
        return;
    case DANE_FOUND:
        break;
    }
    size_t count = usable_count(dane);
    verdict->word = count ? WORD_PROTECTED : WORD_UNUSABLE;
    verdict->words =
        count ? arena_printf(arena, "its certificate has to match one of %zu TLSA records at %.*s", count,
                             SLICE_PRINT(dane->base))
              : arena_printf(arena, "no TLSA record at %.*s is usable: TLS is demanded, with any certificate",
                             SLICE_PRINT(dane->base));
}

static json_t *record_json(struct arena *arena, const struct tls_dane_record *record) {
    struct buffer hex = buffer_new(2 * (size_t)DANE_RECORD_BYTES_MAX);
    hex_encode(&hex, record->data);
    struct slice text = arena_copy(arena, buffer_slice(&hex));
    buffer_free(&hex);
    return json_pack("{s:i, s:i, s:i, s:o, s:b}", "usage", record->usage, "selector", record->selector,
                     "matching", record->matching, "data", tool_text_json(text), "usable",
                     dane_is_usable(record));
}

static json_t *host_json(struct arena *arena, const struct dane_host_verdict *verdict) {
    json_t *records = json_array();
    for (size_t i = 0; i < verdict->dane.count; i++)
        (void)json_array_append_new(records, record_json(arena, &verdict->dane.records[i]));
    return json_pack("{s:o, s:i, s:s, s:o, s:o, s:o}", "name", tool_text_json(verdict->host->host.name),
                     "preference", (int)verdict->host->preference, "verdict", dane_words[verdict->word],
                     "words", tool_text_json(verdict->words), "base", tool_text_json(verdict->dane.base),
                     "records", records);
}

static size_t count_of(const struct dane_host_verdict *verdicts, size_t count, enum dane_word word) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found += verdicts[i].word == word;
    return found;
}

/* Of the domain: as good as its worst host. */
static const char *dane_result(const struct dane_host_verdict *verdicts, size_t count) {
    if (count == 0 || count_of(verdicts, count, WORD_UNKNOWN)) return "temperror";
    size_t good = count_of(verdicts, count, WORD_PROTECTED);
    if (good == count) return "pass";
    return good == 0 && count_of(verdicts, count, WORD_NONE) == count ? "none" : "fail";
}

static void print_dane(struct tool_world *world, struct slice domain, const char *result, struct slice reason,
                       const struct dane_host_verdict *verdicts, size_t count) {
    struct arena *arena = world->lookups.arena;
    if (world->cli->is_json) {
        json_t *hosts = json_array();
        for (size_t i = 0; i < count; i++) (void)json_array_append_new(hosts, host_json(arena, &verdicts[i]));
        tool_print_json(json_pack("{s:s, s:o, s:o, s:o}", "result", result, "reason", tool_text_json(reason),
                                  "hosts", hosts, "lookups", tool_lookups_json(world)));
        return;
    }
    (void)printf("dane: %s %.*s\n", result, SLICE_PRINT(domain));
    if (reason.len) (void)printf("  %.*s\n", SLICE_PRINT(reason));
    for (size_t i = 0; i < count; i++)
        (void)printf("  %u %.*s: %s: %.*s\n", verdicts[i].host->preference,
                     SLICE_PRINT(verdicts[i].host->host.name), dane_words[verdicts[i].word],
                     SLICE_PRINT(verdicts[i].words));
    tool_lookups_print(world);
}

static void look_at_dane(struct task *t, struct tool_world *world) {
    struct slice domain = world->cli->words[1];
    struct arena *arena = world->lookups.arena;
    struct tool_hosts hosts = tool_hosts_find(t, world, domain, true);
    struct dane_host_verdict *verdicts = ARENA_NEW_ARRAY(arena, struct dane_host_verdict, hosts.count + 1);
    for (size_t i = 0; i < hosts.count; i++) {
        verdicts[i].host = &hosts.items[i];
        dane_look_up(t, &world->lookups, &hosts.items[i].host, &verdicts[i].dane);
        judge_dane(arena, &verdicts[i]);
    }
    struct slice reason = words_of_hosts(arena, domain, &hosts);
    bool is_final = hosts.is_null || hosts.result == DNS_NO_SUCH_NAME;
    const char *result = is_final ? "none" : dane_result(verdicts, hosts.count);
    world->status = strcmp(result, "pass") == 0 ? EXIT_DONE : EXIT_FAILED;
    print_dane(world, domain, result, reason, verdicts, hosts.count);
}

int tool_dane(struct cli *cli) {
    if (cli->word_count != 2) return cli_misuse(cli, "which domain?");
    return tool_run(cli, look_at_dane, NULL);
}

/* ---- mta-sts ---- */

struct sts_verdict {
    const char *result;
    struct slice reason;
    struct slice id;
    struct mta_sts_fetched fetched;
    struct tool_hosts hosts;
};

static json_t *patterns_json(const struct mta_sts_policy *policy) {
    json_t *patterns = json_array();
    for (size_t i = 0; i < policy->pattern_count; i++)
        (void)json_array_append_new(patterns, tool_text_json(policy->patterns[i]));
    return patterns;
}

static json_t *matches_json(const struct sts_verdict *verdict) {
    json_t *hosts = json_array();
    for (size_t i = 0; i < verdict->hosts.count; i++) {
        struct slice name = verdict->hosts.items[i].host.name;
        (void)json_array_append_new(hosts,
                                    json_pack("{s:o, s:i, s:b}", "name", tool_text_json(name), "preference",
                                              (int)verdict->hosts.items[i].preference, "named",
                                              mta_sts_policy_has(&verdict->fetched.policy, name)));
    }
    return hosts;
}

static void print_sts_json(struct tool_world *world, const struct sts_verdict *verdict) {
    const struct mta_sts_policy *policy = &verdict->fetched.policy;
    bool is_found = verdict->fetched.result == MTA_STS_FOUND && verdict->fetched.text.len;
    json_t *json = json_pack("{s:s, s:o, s:o}", "result", verdict->result, "reason",
                             tool_text_json(verdict->reason), "id", tool_text_json(verdict->id));
    if (is_found) {
        (void)json_object_set_new(json, "mode", json_string(mta_sts_mode_name(policy->mode)));
        (void)json_object_set_new(json, "max_age", json_integer((json_int_t)policy->max_age_s));
        (void)json_object_set_new(json, "mx", patterns_json(policy));
        (void)json_object_set_new(json, "hosts", matches_json(verdict));
    }
    (void)json_object_set_new(json, "policy", tool_text_json(verdict->fetched.text));
    (void)json_object_set_new(json, "lookups", tool_lookups_json(world));
    tool_print_json(json);
}

static void print_sts(struct tool_world *world, const struct sts_verdict *verdict) {
    const struct mta_sts_policy *policy = &verdict->fetched.policy;
    if (world->cli->is_json) {
        print_sts_json(world, verdict);
        return;
    }
    (void)printf("mta-sts: %s %.*s\n", verdict->result, SLICE_PRINT(world->cli->words[1]));
    if (verdict->reason.len) (void)printf("  %.*s\n", SLICE_PRINT(verdict->reason));
    if (verdict->fetched.text.len && verdict->fetched.result == MTA_STS_FOUND) {
        (void)printf("  policy %.*s: %s for %llu s\n", SLICE_PRINT(verdict->id),
                     mta_sts_mode_name(policy->mode), (unsigned long long)policy->max_age_s);
        for (size_t i = 0; i < verdict->hosts.count; i++) {
            struct slice name = verdict->hosts.items[i].host.name;
            (void)printf("  %u %.*s: %s\n", verdict->hosts.items[i].preference, SLICE_PRINT(name),
                         mta_sts_policy_has(policy, name) ? "named by the policy"
                                                          : "not named by the policy: no mail goes there");
        }
    }
    tool_lookups_print(world);
}

static bool are_all_named(const struct sts_verdict *verdict) {
    for (size_t i = 0; i < verdict->hosts.count; i++)
        if (!mta_sts_policy_has(&verdict->fetched.policy, verdict->hosts.items[i].host.name)) return false;
    return true;
}

static void judge_policy(struct task *t, struct tool_world *world, struct sts_verdict *verdict) {
    const struct web_world web = {.lookups = &world->lookups,
                                  .roots_pem = *(const struct slice *)world->context,
                                  .port = (uint16_t)world->cli->tool.https_port,
                                  .allows_private = true};
    struct slice domain = world->cli->words[1];
    mta_sts_fetch(t, &web, domain, &verdict->fetched);
    verdict->result = "fail";
    verdict->reason = verdict->fetched.reason;
    if (verdict->fetched.result != MTA_STS_FOUND) return;
    verdict->hosts = tool_hosts_find(t, world, domain, false);
    verdict->reason = words_of_hosts(world->lookups.arena, domain, &verdict->hosts);
    if (verdict->fetched.policy.mode == MTA_STS_MODE_NONE)
        verdict->result = "none";
    else if (verdict->reason.len == 0 && are_all_named(verdict))
        verdict->result = "pass";
}

static void look_at_mta_sts(struct task *t, struct tool_world *world) {
    struct sts_verdict *verdict = ARENA_NEW(world->lookups.arena, struct sts_verdict);
    switch (mta_sts_look_up(t, &world->lookups, world->cli->words[1], &verdict->id)) {
    case MTA_STS_FOUND:
        judge_policy(t, world, verdict);
        break;
    case MTA_STS_ABSENT:
        verdict->result = "none";
        verdict->reason = SLICE("there is no record, or not exactly one, that tells of a policy");
        break;
    default:
        verdict->result = "temperror";
        verdict->reason = SLICE("DNS gave no usable answer for the record that tells of a policy");
        break;
    }
    world->status = strcmp(verdict->result, "pass") == 0 ? EXIT_DONE : EXIT_FAILED;
    print_sts(world, verdict);
}

int tool_mta_sts(struct cli *cli) {
    struct config config;
    struct slice roots;
    if (cli->word_count != 2) return cli_misuse(cli, "which domain?");
    config_defaults(&config);
    const char *path = cli->tool.roots ? cli->tool.roots : config.outbound.trusted_roots;
    int result = read_file(cli->arena, path, ROOTS_BYTES_MAX, &roots);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    return tool_run(cli, look_at_mta_sts, &roots);
}
