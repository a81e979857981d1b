/* route: reads what a route is to be, asks the store, and says the answer in words. */
#include <stdio.h>

#include "app/admin/route_details.h"
#include "app/admin/route_words.h"
#include "app/cli/command_ask.h"
#include "base/limits.h"
#include "store/engine_route.h"

enum { PORT_SUBMISSION_USUAL = 587, PORT_SUBMISSIONS_USUAL = 465 };

/* ---- answers in words ---- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void print_hosts(const json_t *route) {
    size_t i;
    json_t *host;
    json_array_foreach(json_object_get(route, "hosts"), i, host) {
        const char *name = text_of(host, "host");
        bool is_v6 = strchr(name, ':') != NULL;
        (void)printf("%s%s%s%s:%" JSON_INTEGER_FORMAT, i ? ", " : "", is_v6 ? "[" : "", name,
                     is_v6 ? "]" : "", number_of(host, "port"));
    }
}

static void print_route(const json_t *route) {
    const char *value = text_of(route, "value");
    (void)printf("%-16s for %s%s%s  by ", text_of(route, "name"), text_of(route, "for"), value[0] ? " " : "",
                 value);
    print_hosts(route);
    (void)printf("  TLS %s", text_of(route, "tls"));
    if (text_of(route, "user")[0]) (void)printf(", as %s", text_of(route, "user"));
    if (number_of(route, "ordering"))
        (void)printf(", ordering %" JSON_INTEGER_FORMAT, number_of(route, "ordering"));
    (void)printf("%s\n", json_is_true(json_object_get(route, "enabled")) ? "" : ", disabled");
}

static void print_step(const json_t *step) {
    bool is_good = json_is_true(json_object_get(step, "good"));
    (void)printf("%-4s %6" JSON_INTEGER_FORMAT " ms  %s\n", is_good ? "ok" : "FAIL", number_of(step, "ms"),
                 text_of(step, "text"));
    if (text_of(step, "advice")[0]) (void)printf("                %s\n", text_of(step, "advice"));
}

/* By whom mail from there is signed; the small message of the test has no signature. */
static void print_signing(const json_t *signing) {
    size_t i;
    json_t *selector;
    if (!signing) return;
    if (!json_is_true(json_object_get(signing, "known"))) {
        (void)printf("Whether mail from %s is signed could not be found out now.\n",
                     text_of(signing, "sender"));
        return;
    }
    if (!json_is_string(json_object_get(signing, "domain"))) {
        (void)printf("Mail from %s leaves without a DKIM signature: its domain is none of ours.\n",
                     text_of(signing, "sender"));
        return;
    }
    (void)printf("Mail from %s leaves signed (DKIM) by %s", text_of(signing, "sender"),
                 text_of(signing, "domain"));
    json_array_foreach(json_object_get(signing, "selectors"), i, selector)(void)
        printf("%s%s", i ? " and " : ", selectors ", json_string_value(selector));
    (void)printf("; this test message has no signature.\n");
}

static void print_test(const json_t *answer) {
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(answer, "steps"), i, step) print_step(step);
    (void)printf("%s\n", json_is_true(json_object_get(answer, "works")) ? "The route works."
                                                                        : "The route does not work.");
    print_signing(json_object_get(answer, "signing"));
}

static void print_answer(const json_t *answer) {
    size_t i;
    json_t *route;
    if (json_object_get(answer, "steps")) {
        print_test(answer);
        return;
    }
    if (json_object_get(answer, "route")) print_route(json_object_get(answer, "route"));
    if (json_object_get(answer, "routes") && json_array_size(json_object_get(answer, "routes")) == 0)
        (void)printf("no routes: all mail goes straight to its recipients' hosts\n");
    json_array_foreach(json_object_get(answer, "routes"), i, route) print_route(route);
    const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)answer));
    if (json_is_string(json_object_get(answer, key))) (void)printf("%s %s\n", key, text_of(answer, key));
}

/* ---- what a route is to be; each 0, or the exit status ---- */

static int read_domain(struct cli *cli, struct route *route, enum route_kind kind, const char *text) {
    route->kind = kind;
    if (route_domain_read(cli->arena, slice_from_text(text), &route->domain)) return 0;
    return cli_misuse(cli, "'%s' is no domain: example.org, or *.example.org for all below it", text);
}

static int read_stream(struct cli *cli, struct route *route) {
    route->kind = ROUTE_FOR_STREAM;
    if (queue_stream_read(slice_from_text(cli->route.for_stream), &route->stream)) return 0;
    return cli_misuse(cli, "a stream is personal, transactional or bulk, not '%s'", cli->route.for_stream);
}

static int read_what_for(struct cli *cli, struct route *route) {
    const struct route_options *options = &cli->route;
    int given = (options->for_recipient != NULL) + (options->for_sender != NULL) + (options->for_mx != NULL) +
                (options->for_stream != NULL) + options->is_for_all;
    if (given != 1)
        return cli_misuse(cli, "say what it is for, once: --for-recipient D, --for-sender D, --for-stream S, "
                               "--for-mx SUFFIX or --for-all");
    if (options->for_recipient) return read_domain(cli, route, ROUTE_FOR_RECIPIENT, options->for_recipient);
    if (options->for_sender) return read_domain(cli, route, ROUTE_FOR_SENDER, options->for_sender);
    if (options->for_mx) return read_domain(cli, route, ROUTE_FOR_MX, options->for_mx);
    return options->for_stream ? read_stream(cli, route) : 0;
}

static int read_tls(struct cli *cli, struct route *route) {
    route->tls = ROUTE_TLS_VERIFIED;
    if (!cli->route.tls || route_tls_read(slice_from_text(cli->route.tls), &route->tls)) return 0;
    return cli_misuse(cli, "--tls is verified, implicit, required, offered or never, not '%s'",
                      cli->route.tls);
}

static int read_hosts(struct cli *cli, struct route *route) {
    uint16_t port = route->tls == ROUTE_TLS_IMPLICIT ? PORT_SUBMISSIONS_USUAL : PORT_SUBMISSION_USUAL;
    if (!cli->route.hosts) return cli_misuse(cli, "--host or --preset is missing");
    if (route_hosts_read(cli->arena, slice_from_text(cli->route.hosts), port, route)) return 0;
    return cli_misuse(cli, "'%s' is not HOST[:PORT][,HOST[:PORT]...], at most %d of them", cli->route.hosts,
                      ROUTE_HOSTS_MAX);
}

/* The key, and who it belongs to. */
static int read_preset_login(struct cli *cli, const struct preset *preset, struct route *route) {
    int status = cli_password(cli, &route->password);
    if (status) return status;
    if (preset->user == PRESET_USER_FIXED) route->user = preset->fixed_user;
    if (preset->user == PRESET_USER_KEY) route->user = route->password;
    if (cli->route.user) route->user = slice_from_text(cli->route.user);
    return 0;
}

static int read_preset(struct cli *cli, struct route *route) {
    struct preset preset;
    const char *name = cli->route.preset;
    if (!route_preset_find(cli->arena, slice_from_text(name), &preset))
        return cli_misuse(cli, "no preset '%s'; posthaste route --help lists them", name);
    if (cli->route.hosts || cli->route.tls) return cli_misuse(cli, "--preset knows --host and --tls");
    if (preset.user == PRESET_USER_GIVEN && !cli->route.user)
        return cli_misuse(cli, "with %s, %s", name, preset.help);
    route->tls = ROUTE_TLS_VERIFIED;
    route->hosts = ARENA_NEW(cli->arena, struct route_host);
    route->hosts[0] = (struct route_host){.name = preset.host, .port = preset.port, .preference = 10};
    route->host_count = 1;
    return read_preset_login(cli, &preset, route);
}

static int read_plain(struct cli *cli, struct route *route) {
    int status = read_tls(cli, route);
    if (status == 0) status = read_hosts(cli, route);
    if (status || !cli->route.user) return status;
    route->user = slice_from_text(cli->route.user);
    return cli_password(cli, &route->password);
}

static int add(struct cli *cli, struct admin_request *request) {
    struct route route = {.ordering = (uint32_t)cli->route.ordering, .is_enabled = true};
    int status = read_what_for(cli, &route);
    if (status == 0) status = cli->route.preset ? read_preset(cli, &route) : read_plain(cli, &route);
    if (status) return status;
    route.name = cli->words[1];
    enum route_fault fault = route_check(&route);
    if (fault) return cli_fail("%s", route_fault_text(fault));
    struct buffer details = buffer_new(IPC_FRAME_BYTES_MAX);
    route_details_pack(&details, &route);
    request->details = arena_copy(cli->arena, buffer_slice(&details));
    request->password = route.password;
    buffer_free(&details);
    return command_ask(cli, request, print_answer, "works");
}

static int test(struct cli *cli, struct admin_request *request) {
    struct route_test_details told = {slice_from_text(cli->route.from), slice_from_text(cli->route.to)};
    struct buffer details = buffer_new(IPC_FRAME_BYTES_MAX);
    route_test_details_pack(&details, &told);
    request->details = arena_copy(cli->arena, buffer_slice(&details));
    buffer_free(&details);
    return command_ask(cli, request, print_answer, "works");
}

static int password(struct cli *cli, struct admin_request *request) {
    int status = cli_password(cli, &request->password);
    return status ? status : command_ask(cli, request, print_answer, "works");
}

static int plain(struct cli *cli, struct admin_request *request) {
    return command_ask(cli, request, print_answer, "works");
}

int command_route(struct cli *cli) {
    static const struct {
        struct slice verb;
        size_t words;
        int (*run)(struct cli *cli, struct admin_request *request);
    } verbs[] = {{SLICE_INIT("add"), 2, add},           {SLICE_INIT("list"), 1, plain},
                 {SLICE_INIT("show"), 2, plain},        {SLICE_INIT("remove"), 2, plain},
                 {SLICE_INIT("enable"), 2, plain},      {SLICE_INIT("disable"), 2, plain},
                 {SLICE_INIT("password"), 2, password}, {SLICE_INIT("test"), 2, test}};
    struct admin_request request = {.words = {SLICE("route"), cli->words[0], cli->words[1]},
                                    .word_count = 1 + cli->word_count};
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!slice_equal(cli->words[0], verbs[i].verb)) continue;
        if (cli->word_count == verbs[i].words) return verbs[i].run(cli, &request);
        return cli_misuse(cli, "route %.*s: %s", SLICE_PRINT(cli->words[0]),
                          verbs[i].words == 1 ? "no name goes with it" : "the route's name is missing");
    }
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
}
