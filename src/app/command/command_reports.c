/* reports: what others reported about our mail, in words. */
#include <stdio.h>

#include "app/cli/command_ask.h"
#include "app/cli/report_names.h"
#include "app/settings/bytes_text.h"

enum { DAYS_USUAL = 7 };

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key) {
    return (long long)json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

static const char *plural(long long count) { return count == 1 ? "" : "s"; }

/* ---- list ---- */

static void print_entry(const json_t *entry) {
    char end[WORDS_BYTES];
    (void)printf("%s  %-5s  until %s  %s of %s: %lld passed, %lld failed%s\n", text_of(entry, "id"),
                 text_of(entry, "kind"), moment_text(end, number_of(entry, "end_ms")),
                 text_of(entry, "domain"), text_of(entry, "organization"), number_of(entry, "passed"),
                 number_of(entry, "failed"),
                 strcmp(text_of(entry, "trust"), "unvouched") == 0 ? "  (nobody vouches for it)" : "");
}

static void print_list(const json_t *answer) {
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(answer, "reports"), i, entry) print_entry(entry);
    if (is_true(answer, "has_more")) (void)printf("and older ones; --domain or --days show fewer\n");
    if (json_array_size(json_object_get(answer, "reports")) == 0)
        (void)printf("no reports in the last %lld day%s\n", number_of(answer, "days"),
                     plural(number_of(answer, "days")));
}

/* ---- show ---- */

static void print_auths(const json_t *list) {
    size_t i;
    json_t *auth;
    json_array_foreach(list, i, auth) {
        const char *selector = text_of(auth, "selector");
        (void)printf("        %s %s for %s%s%s%s%s\n", text_of(auth, "method"), text_of(auth, "result"),
                     text_of(auth, "domain"), selector[0] ? ", selector " : "", selector,
                     text_of(auth, "words")[0] ? ": " : "", text_of(auth, "words"));
    }
}

static void print_record(const json_t *record) {
    bool is_good = is_true(record, "dkim") || is_true(record, "spf");
    (void)printf("    %lld from %s as %s: %s (DKIM %s, SPF %s), done: %s\n", number_of(record, "count"),
                 text_of(record, "source"), text_of(record, "header_from"), is_good ? "passed" : "FAILED",
                 is_true(record, "dkim") ? "pass" : "fail", is_true(record, "spf") ? "pass" : "fail",
                 text_of(record, "disposition")[0] ? text_of(record, "disposition") : "not said");
    if (text_of(record, "reason")[0])
        (void)printf("        because: %s %s\n", text_of(record, "reason"), text_of(record, "comment"));
    if (!is_good) (void)printf("        %s\n", text_of(record, "text"));
    print_auths(json_object_get(record, "auth_results"));
}

static void print_failure(const json_t *failure, const char *indent) {
    const char *host = text_of(failure, "host");
    (void)printf("%s%lld failed at %s: %s (%s)%s%s\n", indent, number_of(failure, "count"),
                 host[0] ? host : "a host that is not named", text_of(failure, "text"),
                 text_of(failure, "type"), text_of(failure, "reason")[0] ? ", reason " : "",
                 text_of(failure, "reason"));
    (void)printf("%s    do: %s\n", indent, text_of(failure, "advice"));
}

static void print_way(const json_t *way) {
    size_t i;
    json_t *failure;
    (void)printf("    %s by %s: %lld connections went well, %lld failed\n", text_of(way, "domain"),
                 text_of(way, "policy"), number_of(way, "succeeded"), number_of(way, "failed"));
    json_array_foreach(json_object_get(way, "failures"), i, failure) print_failure(failure, "        ");
}

static void print_report(const json_t *report) {
    char begin[WORDS_BYTES];
    char end[WORDS_BYTES];
    size_t i;
    json_t *item;
    const json_t *policy = json_object_get(report, "policy");
    print_entry(report);
    (void)printf("    report %s, contact %s, about %s to %s\n", text_of(report, "report"),
                 text_of(report, "contact"), moment_text(begin, number_of(report, "begin_ms")),
                 moment_text(end, number_of(report, "end_ms")));
    if (policy)
        (void)printf("    published: p=%s, sp=%s, adkim=%s, aspf=%s%s\n", text_of(policy, "p"),
                     text_of(policy, "sp"), text_of(policy, "adkim"), text_of(policy, "aspf"),
                     is_true(policy, "testing") ? ", testing" : "");
    json_array_foreach(json_object_get(report, "records"), i, item) print_record(item);
    json_array_foreach(json_object_get(report, "policies"), i, item) print_way(item);
    if (number_of(report, "left_out")) (void)printf("    and %lld more\n", number_of(report, "left_out"));
}

static void print_shown(const json_t *answer) { print_report(json_object_get(answer, "report")); }

/* ---- summary ---- */

static void print_vouchers(const json_t *source) {
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(source, "vouched_by"), i, name)(void)
        printf("%s%s", i ? ", " : " by ", json_string_value(name));
}

static void print_name(const json_t *source) {
    const char *state = text_of(source, "name_state");
    const char *name = text_of(source, "name");
    if (strcmp(state, "confirmed") == 0) (void)printf(" (%s)", name);
    if (strcmp(state, "unconfirmed") == 0) (void)printf(" (%s, which does not lead back to it)", name);
    if (strcmp(state, "none") == 0) (void)printf(" (it has no name)");
    if (strcmp(state, "unknown") == 0) (void)printf(" (DNS did not say its name)");
}

static void print_source(const json_t *source) {
    if (number_of(source, "failed") == 0) return;
    (void)printf("    %lld failed from %s", number_of(source, "failed"), text_of(source, "source"));
    print_name(source);
    if (number_of(source, "passed")) (void)printf(" (%lld passed)", number_of(source, "passed"));
    (void)printf(": %s", text_of(source, "text"));
    print_vouchers(source);
    if (number_of(source, "refused")) (void)printf("; %lld kept out", number_of(source, "refused"));
    (void)printf("\n        do: %s\n", text_of(source, "advice"));
}

static void print_mail(const json_t *domain) {
    size_t i;
    json_t *source;
    const char *policy = text_of(domain, "policy");
    if (number_of(domain, "messages") == 0) return;
    (void)printf("  %lld message%s in its name: %lld passed, %lld failed; policy p=%s\n",
                 number_of(domain, "messages"), plural(number_of(domain, "messages")),
                 number_of(domain, "passed"), number_of(domain, "failed"), *policy ? policy : "?");
    json_array_foreach(json_object_get(domain, "sources"), i, source) print_source(source);
    if (number_of(domain, "more_sources"))
        (void)printf("    and %lld more sources\n", number_of(domain, "more_sources"));
}

static void print_connections(const json_t *domain) {
    size_t i;
    json_t *failure;
    const json_t *tls = json_object_get(domain, "tls");
    if (number_of(tls, "succeeded") + number_of(tls, "failed") == 0) return;
    (void)printf("  %lld connection%s to its hosts went well, %lld failed\n", number_of(tls, "succeeded"),
                 plural(number_of(tls, "succeeded")), number_of(tls, "failed"));
    json_array_foreach(json_object_get(tls, "failures"), i, failure) print_failure(failure, "    ");
}

/* Failures of which nobody asked whose hosts they came from. */
static bool has_nameless(const json_t *answer) {
    size_t i;
    size_t k;
    json_t *domain;
    json_t *source;
    json_array_foreach(json_object_get(answer, "domains"), i, domain) {
        json_array_foreach(json_object_get(domain, "sources"), k, source) {
            if (number_of(source, "failed") && !json_object_get(source, "name_state")) return true;
        }
    }
    return false;
}

static void print_summary(const json_t *answer) {
    size_t i;
    json_t *domain;
    (void)printf("%lld report%s in the last %lld day%s\n", number_of(answer, "reports"),
                 plural(number_of(answer, "reports")), number_of(answer, "days"),
                 plural(number_of(answer, "days")));
    if (number_of(answer, "unvouched"))
        (void)printf("%lld more that nobody vouches for are left out; posthaste reports list shows them\n",
                     number_of(answer, "unvouched"));
    if (is_true(answer, "has_more")) (void)printf("older ones are left out: there are too many\n");
    json_array_foreach(json_object_get(answer, "domains"), i, domain) {
        (void)printf("%s, %lld report%s\n", text_of(domain, "domain"), number_of(domain, "reports"),
                     plural(number_of(domain, "reports")));
        print_mail(domain);
        print_connections(domain);
    }
    if (has_nameless(answer)) (void)printf("--names asks DNS what these hosts are called\n");
}

/* ---- the command ---- */

/* The names of hosts are the command's to find out: the store role asks nobody. */
static int ask_named(struct cli *cli, const struct admin_request *request) {
    json_t *answer = admin_ask(cli->data, request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error ? cli_fail("%s", error) : report_names_add(cli, answer);
    if (status == EXIT_DONE && cli->is_json)
        (void)(json_dumpf(answer, stdout, JSON_INDENT(2)), putchar('\n'));
    else if (status == EXIT_DONE)
        print_summary(answer);
    json_decref(answer);
    return status;
}

static int ask_selection(struct cli *cli, struct slice verb, void (*print)(const json_t *answer)) {
    uint64_t days = cli->days ? cli->days : DAYS_USUAL;
    struct admin_request request = {.words = {SLICE("reports"), verb, slice_from_text(cli->domain),
                                              arena_printf(cli->arena, "%llu", (unsigned long long)days)},
                                    .word_count = 4};
    if (cli->has_names && print == print_summary) return ask_named(cli, &request);
    return command_ask(cli, &request, print, NULL);
}

static void print_sent(const json_t *answer) {
    long long left_out = number_of(answer, "left_out");
    (void)printf("%lld sent, %lld not wanted, %lld put off\n", number_of(answer, "sent"),
                 number_of(answer, "unwanted"), number_of(answer, "put_off"));
    if (left_out)
        (void)printf("%lld message%s or connection%s found no room in them, which they say\n", left_out,
                     plural(left_out), plural(left_out));
}

static int send_now(struct cli *cli) {
    struct admin_request request = {.words = {SLICE("reports"), SLICE("send")}, .word_count = 2};
    if (!cli->is_now)
        return cli_misuse(cli,
                          "they are sent once a day by the server itself; send --now does not wait for that");
    return command_ask(cli, &request, print_sent, NULL);
}

int command_reports(struct cli *cli) {
    struct slice verb = cli->word_count ? cli->words[0] : SLICE("summary");
    if (cli->has_names && !slice_equal(verb, SLICE("summary")))
        return cli_misuse(cli, "--names is for the summary");
    if (slice_equal(verb, SLICE("show"))) {
        struct admin_request request = {.words = {SLICE("reports"), verb, cli->words[1]}, .word_count = 3};
        if (cli->word_count < 2) return cli_misuse(cli, "show needs the id that reports list shows");
        return command_ask(cli, &request, print_shown, NULL);
    }
    if (cli->word_count > 1)
        return cli_misuse(cli, "'%.*s' is one word too many", SLICE_PRINT(cli->words[1]));
    if (slice_equal(verb, SLICE("send"))) return send_now(cli);
    if (slice_equal(verb, SLICE("list"))) return ask_selection(cli, verb, print_list);
    if (slice_equal(verb, SLICE("summary"))) return ask_selection(cli, verb, print_summary);
    return cli_misuse(cli, "reports summary, list, show or send, not '%.*s'", SLICE_PRINT(verb));
}
