/* health: is the running server well, as its users and its operator see it. */
#include <stdio.h>
#include <unistd.h>

#include "app/cli/admin_client.h"
#include "app/cli/cli.h"
#include "app/command/health.h"
#include "app/settings/config.h"
#include "base/limits.h"

enum {
    STORE_ANSWER_MS = 5000,
    SECONDS_A_DAY = 86400,
    CHECKS_MAX = HEALTH_PORTS + 3,
    /* Of a Nagios plug-in. */
    NAGIOS_WARNING = 1,
    NAGIOS_CRITICAL = 2,
};

struct health {
    struct cli *cli;
    struct health_request request;
    struct health_check checks[CHECKS_MAX];
    size_t count;
    json_t *grants;
};

static struct health_check *add(struct health *health, const char *name) {
    struct health_check *check = &health->checks[health->count++];
    *check = (struct health_check){.name = name};
    return check;
}

static void judge(struct health_check *check, enum health_state state, const char *advice) {
    check->state = state;
    (void)snprintf(check->advice, sizeof check->advice, "%s", advice);
}

static void judge_disk(struct health *health, int64_t free_bytes) {
    struct health_check *check = add(health, "disk");
    (void)snprintf(check->detail, sizeof check->detail, "%lld MiB free", (long long)(free_bytes >> 20));
    if (free_bytes < (int64_t)HEALTH_DISK_FAIL_BYTES)
        judge(check, HEALTH_FAIL, "make room now: mail will be refused when it is full");
    else if (free_bytes < (int64_t)HEALTH_DISK_WARN_BYTES)
        judge(check, HEALTH_WARN, "make room soon");
}

static void take_grants(struct health *health) {
    json_t *logins = json_object_get(health->grants, "logins");
    for (size_t i = 0; i < HEALTH_LOGINS; i++) {
        json_t *login = json_array_get(logins, i);
        const char *user = json_string_value(json_object_get(login, "user"));
        const char *password = json_string_value(json_object_get(login, "password"));
        if (user && password)
            health->request.logins[i] =
                (struct health_login){slice_from_text(user), slice_from_text(password)};
    }
}

/* The store, and what it says: logins for a moment, and the disk. */
static void ask_store(struct health *health) {
    struct admin_request request = {.words = {SLICE("health")}, .word_count = 1};
    struct health_check *check = add(health, "store");
    int64_t ms = 0;
    health->grants = admin_ask_within(health->cli->data, &request, STORE_ANSWER_MS, &ms);
    check->ms = ms;
    const char *error = json_string_value(json_object_get(health->grants, "error"));
    if (error) {
        (void)snprintf(check->detail, sizeof check->detail, "%s", error);
        judge(check, HEALTH_FAIL,
              "posthaste serve --data DIR starts it; its log says why it stopped or hangs");
        return;
    }
    if (health->request.is_granted) take_grants(health);
    judge_disk(health, (int64_t)json_integer_value(json_object_get(health->grants, "free_bytes")));
}

static void judge_certificate(struct health *health, int64_t left_s) {
    struct health_check *check = add(health, "certificate");
    if (left_s == INT64_MAX) {
        (void)snprintf(check->detail, sizeof check->detail, "no TLS port showed one");
        judge(check, HEALTH_FAIL, "see the lines of the TLS ports");
        return;
    }
    long long days = left_s / SECONDS_A_DAY;
    if (left_s <= 0) {
        (void)snprintf(check->detail, sizeof check->detail, "expired %lld days ago", -days);
        judge(check, HEALTH_FAIL, "put a new one where tls.certificate says, then send SIGHUP to the server");
        return;
    }
    (void)snprintf(check->detail, sizeof check->detail, "%lld days left", days);
    if (days < HEALTH_CERTIFICATE_WARN_DAYS)
        judge(check, HEALTH_WARN, "renew it: put a new one where tls.certificate says, then send SIGHUP");
}

/* ---- saying it ---- */

static const char *const state_names[] = {"ok", "warning", "failed"};

static enum health_state worst_of(const struct health *health) {
    enum health_state worst = HEALTH_OK;
    for (size_t i = 0; i < health->count; i++)
        if (health->checks[i].state > worst) worst = health->checks[i].state;
    return worst;
}

static void print_words(const struct health *health) {
    for (size_t i = 0; i < health->count; i++) {
        const struct health_check *check = &health->checks[i];
        (void)printf("%-8s %-12s %5lld ms%s%s", state_names[check->state], check->name, (long long)check->ms,
                     check->detail[0] ? "  " : "", check->detail);
        (void)printf("%s%s\n", check->advice[0] ? "; " : "", check->advice);
    }
}

static void print_json(const struct health *health) {
    json_t *list = json_array();
    for (size_t i = 0; i < health->count; i++) {
        const struct health_check *check = &health->checks[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s, s:s}", "name", check->name, "state",
                                              state_names[check->state], "ms", (json_int_t)check->ms,
                                              "detail", check->detail, "advice", check->advice));
    }
    json_t *document = json_pack("{s:s, s:o}", "status", state_names[worst_of(health)], "checks", list);
    (void)json_dumpf(document, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(document);
}

/* One line: the verdict, what is wrong, and times as performance data. */
static void print_nagios(const struct health *health) {
    static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
    const char *before = ": ";
    (void)printf("POSTHASTE %s", words[worst_of(health)]);
    for (size_t i = 0; i < health->count; i++) {
        if (health->checks[i].state == HEALTH_OK) continue;
        (void)printf("%s%s", before, health->checks[i].name);
        /* A bar begins the performance data. */
        for (const char *c = health->checks[i].detail; *c; c++) {
            if (c == health->checks[i].detail) (void)printf(" ");
            (void)putchar(*c == '|' ? '/' : *c);
        }
        before = ", ";
    }
    (void)printf(" |");
    for (size_t i = 0; i < health->count; i++)
        (void)printf(" %s=%lldms", health->checks[i].name, (long long)health->checks[i].ms);
    (void)printf("\n");
}

static int tell(const struct health *health) {
    enum health_state worst = worst_of(health);
    if (health->cli->is_nagios) {
        print_nagios(health);
        return worst == HEALTH_OK ? EXIT_DONE : worst == HEALTH_WARN ? NAGIOS_WARNING : NAGIOS_CRITICAL;
    }
    if (health->cli->is_json)
        print_json(health);
    else
        print_words(health);
    return worst == HEALTH_FAIL ? EXIT_FAILED : EXIT_DONE;
}

/* Where a listener for everybody is reached from here. */
static const char *reachable(const char *address) {
    if (strcmp(address, "0.0.0.0") == 0) return "127.0.0.1";
    return strcmp(address, "::") == 0 ? "::1" : address;
}

static int prepare(struct health *health, struct config *config) {
    struct cli *cli = health->cli;
    struct slice error;
    struct slice password;
    if (cli->is_password_stdin != (cli->account != NULL))
        return cli_misuse(cli, "--account and --password-stdin belong together");
    if (!config_load(cli->arena, cli->data, config, &error)) return cli_fail("%.*s", SLICE_PRINT(error));
    health->request = (struct health_request){.address = reachable(config->listen[0]),
                                              .base_port = config->base_port,
                                              .is_granted = cli->account == NULL};
    if (!cli->account) return 0;
    int status = cli_password(cli, &password);
    for (size_t i = 0; !status && i < HEALTH_LOGINS; i++)
        health->request.logins[i] = (struct health_login){slice_from_text(cli->account), password};
    return status;
}

int command_health(struct cli *cli) {
    struct health health = {.cli = cli};
    struct config config;
    struct health_ports found;
    int status = prepare(&health, &config);
    if (status) return status;
    ask_store(&health);
    health_look(&health.request, &found);
    for (size_t i = 0; i < HEALTH_PORTS; i++) health.checks[health.count++] = found.checks[i];
    judge_certificate(&health, found.certificate_left_s);
    status = tell(&health);
    json_decref(health.grants);
    return status;
}
