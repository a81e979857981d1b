/* account, alias, compact, domain, status, verify: ask the store, then say the answer in words or as JSON. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "app/cli/command_ask.h"
#include "app/command/command_domain.h"
#include "app/settings/bytes_text.h"
#include "io/real/read_file.h"

enum { PASSWORD_BYTES_MAX = 1024 };

static void print_bytes(json_int_t bytes) {
    char text[WORDS_BYTES];
    (void)printf("%s", bytes_text(text, (uint64_t)bytes));
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}
static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_account(const json_t *account) {
    (void)printf("%s  %" JSON_INTEGER_FORMAT " messages, ", text_of(account, "address"),
                 number_of(account, "messages"));
    print_bytes(number_of(account, "bytes"));
    if (number_of(account, "quota_bytes")) {
        (void)printf(" of ");
        print_bytes(number_of(account, "quota_bytes"));
    }
    (void)printf("%s%s%s\n", json_is_true(json_object_get(account, "disabled")) ? ", disabled" : "",
                 json_is_false(json_object_get(account, "imap")) ? ", IMAP off" : "",
                 json_is_false(json_object_get(account, "pop3")) ? ", POP3 off" : "");
}

static void print_alias(const json_t *alias) {
    (void)printf("%s -> %s\n", text_of(alias, "address"), text_of(alias, "target"));
}

static const char *passed_on(const json_t *domain) {
    if (json_is_true(json_object_get(domain, "verify"))) return ", the rest is verified and passed on";
    return json_is_true(json_object_get(domain, "relay")) ? ", the rest is passed on" : "";
}

static void print_domain(const json_t *domain) {
    (void)printf("%s  %" JSON_INTEGER_FORMAT " accounts%s\n", text_of(domain, "name"),
                 number_of(domain, "accounts"), passed_on(domain));
}

static void print_role(const json_t *role) {
    (void)printf("  %-6s %" JSON_INTEGER_FORMAT "  pid %" JSON_INTEGER_FORMAT, text_of(role, "kind"),
                 number_of(role, "index"), number_of(role, "pid"));
    if (number_of(role, "restarts"))
        (void)printf(", restarted %" JSON_INTEGER_FORMAT " times", number_of(role, "restarts"));
    const json_t *missing = json_object_get(role, "missing_walls");
    size_t i;
    json_t *wall;
    json_array_foreach(missing, i, wall)(void)
        printf("%s%s", i ? ", " : ", missing walls: ", json_string_value(wall));
    (void)printf("\n");
}

/* One line, where ACME has anything to say. */
static void print_certificate(const json_t *state) {
    char text[WORDS_BYTES];
    json_int_t until_ms = number_of(state, "not_after_ms");
    if (until_ms) (void)printf("certificate  by ACME, until %s\n", moment_text(text, until_ms));
    if (number_of(state, "failures"))
        (void)printf("certificate  %s; see posthaste certificate status\n", text_of(state, "problem"));
}

static void print_status(const json_t *status) {
    bool is_running = json_is_true(json_object_get(status, "running"));
    (void)printf("posthaste %s, %s\n", text_of(status, "version"), is_running ? "running" : "not running");
    (void)printf("domains   %" JSON_INTEGER_FORMAT "\naccounts  %" JSON_INTEGER_FORMAT
                 "\nmessages  %" JSON_INTEGER_FORMAT ", ",
                 number_of(status, "domains"), number_of(status, "accounts"), number_of(status, "messages"));
    print_bytes(number_of(status, "mail_bytes"));
    (void)printf(" of mail, ");
    print_bytes(number_of(status, "stored_bytes"));
    (void)printf(" stored, ");
    print_bytes(number_of(status, "dead_bytes"));
    (void)printf(" of it dead\ndisk      ");
    print_bytes(number_of(status, "free_bytes"));
    (void)printf(" free\n");
    json_int_t waiting = number_of(status, "queue_waiting");
    (void)printf("queue     %" JSON_INTEGER_FORMAT
                 " recipient%s at other hosts waiting, %" JSON_INTEGER_FORMAT " held\n",
                 waiting, waiting == 1 ? "" : "s", number_of(status, "queue_held"));
    print_certificate(json_object_get(status, "certificate"));
    size_t i;
    json_t *role;
    if (is_running) (void)printf("roles\n");
    json_array_foreach(json_object_get(status, "roles"), i, role) print_role(role);
}

static void print_verify(const json_t *report) {
    size_t i;
    json_t *line;
    json_array_foreach(json_object_get(report, "lines"), i, line)(void)
        printf("%s\n", json_string_value(line));
    (void)printf("%" JSON_INTEGER_FORMAT " messages, %" JSON_INTEGER_FORMAT " bodies, %" JSON_INTEGER_FORMAT
                 " faults\n",
                 number_of(report, "messages"), number_of(report, "bodies"), number_of(report, "faults"));
}

static void print_compact(const json_t *report) {
    print_bytes(number_of(report, "freed_bytes"));
    (void)printf(" freed, ");
    print_bytes(number_of(report, "moved_bytes"));
    (void)printf(" moved; now ");
    print_bytes(number_of(report, "stored_bytes"));
    (void)printf(" are stored, ");
    print_bytes(number_of(report, "live_bytes"));
    (void)printf(" of them live\n");
}

static void print_each(const json_t *list, void (*print)(const json_t *item)) {
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) print(item);
}

static void print_words(const json_t *answer) {
    if (json_object_get(answer, "accounts") && json_is_array(json_object_get(answer, "accounts")))
        print_each(json_object_get(answer, "accounts"), print_account);
    else if (json_object_get(answer, "aliases"))
        print_each(json_object_get(answer, "aliases"), print_alias);
    else if (json_is_array(json_object_get(answer, "domains")))
        print_each(json_object_get(answer, "domains"), print_domain);
    else if (json_object_get(answer, "version"))
        print_status(answer);
    else if (json_object_get(answer, "clean"))
        print_verify(answer);
    else if (json_object_get(answer, "freed_bytes"))
        print_compact(answer);
    else
        (void)printf(
            "%s %s\n", json_object_iter_key(json_object_iter((json_t *)(uintptr_t)answer)),
            json_string_value(json_object_iter_value(json_object_iter((json_t *)(uintptr_t)answer))));
}

/* Asked for on the terminal, unseen. */
static bool prompt_password(struct cli *cli, struct slice *password) {
    struct termios before;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (!is_terminal) return false;
    struct termios hidden = before;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    (void)fputs("Password: ", stderr);
    char line[PASSWORD_BYTES_MAX + 2];
    char *got = fgets(line, sizeof line, stdin);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', stderr);
    if (got) *password = arena_copy(cli->arena, slice_from_text(line));
    explicit_bzero(line, sizeof line);
    return got != NULL;
}

/* 0, or the exit status. The password is one line. */
int cli_password(struct cli *cli, struct slice *password) {
    int result = 0;
    if (cli->is_password_stdin)
        result = read_file(cli->arena, "-", PASSWORD_BYTES_MAX, password);
    else if (!prompt_password(cli, password))
        return cli_misuse(cli, "there is no terminal to ask for a password; use --password-stdin");
    if (result) return cli_fail("the password: %s", result == -EFBIG ? "too long" : strerror(-result));
    *password = slice_take_until(password, '\n');
    if (password->len && password->ptr[password->len - 1] == '\r') password->len--;
    if (password->len == 0) return cli_fail("an empty password is none");
    return 0;
}

static bool verb_is(const struct cli *cli, const char *verb) {
    return slice_equal(cli->words[0], slice_from_text(verb));
}

/* 0 where the verb has its words. */
static int check_verb(struct cli *cli, const char *verb, size_t least, size_t most, bool *known) {
    if (!verb_is(cli, verb)) return 0;
    *known = true;
    if (cli->word_count < least) return cli_misuse(cli, "%s %s needs more", cli->command->name, verb);
    if (cli->word_count > most) return cli_misuse(cli, "%s %s: too many words", cli->command->name, verb);
    return 0;
}

static int check_verbs(struct cli *cli, const char *const verbs[], const size_t words[][2]) {
    bool known = false;
    for (size_t i = 0; verbs[i]; i++) {
        int status = check_verb(cli, verbs[i], words[i][0], words[i][1], &known);
        if (status) return status;
    }
    return known ? 0 : cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[0]));
}

int command_account(struct cli *cli) {
    static const char *const verbs[] = {"add", "list", "password", "remove", "set", NULL};
    static const size_t words[][2] = {{2, 2}, {1, 1}, {2, 2}, {2, 2}, {3, 4}};
    int status = check_verbs(cli, verbs, words);
    if (status) return status;
    struct admin_request request = command_request(cli);
    if (verb_is(cli, "add") || verb_is(cli, "password")) status = cli_password(cli, &request.password);
    return status ? status : command_ask(cli, &request, print_words, "clean");
}

int command_alias(struct cli *cli) {
    static const char *const verbs[] = {"add", "list", "remove", NULL};
    static const size_t words[][2] = {{3, 3}, {1, 1}, {2, 3}};
    int status = check_verbs(cli, verbs, words);
    struct admin_request request = command_request(cli);
    return status ? status : command_ask(cli, &request, print_words, "clean");
}

int command_domain(struct cli *cli) {
    static const char *const verbs[] = {"add", "check", "dns", "list", "remove", NULL};
    static const size_t words[][2] = {{2, 2}, {2, 2}, {2, 2}, {1, 1}, {2, 2}};
    if (verb_is(cli, "dkim")) return command_domain_dkim(cli);
    int status = check_verbs(cli, verbs, words);
    bool is_looking = verb_is(cli, "dns") || verb_is(cli, "check");
    if (status == 0 && !is_looking && (cli->tool.dns || cli->tool.trust_anchors))
        status = cli_misuse(cli, "--dns and --trust-anchors belong to domain dns and domain check");
    if (status == 0 && !verb_is(cli, "dns") && (cli->publish.format || cli->publish.is_merging))
        status = cli_misuse(cli, "--format and --merge belong to domain dns");
    if (status == 0 && (cli->is_now || cli->is_forced))
        status = cli_misuse(cli, "--now and --force belong to domain dkim rotate");
    if (status == 0 && cli->is_relay && !verb_is(cli, "add"))
        status = cli_misuse(cli, "--relay belongs to domain add");
    if (status == 0 && cli->is_verified && !cli->is_relay)
        status = cli_misuse(cli, "--verify belongs to --relay");
    if (status || is_looking)
        return status ? status : verb_is(cli, "dns") ? command_domain_dns(cli) : command_domain_check(cli);
    struct admin_request request = command_request(cli);
    if (cli->is_relay) request.words[request.word_count++] = SLICE("relay");
    if (cli->is_verified) request.words[request.word_count++] = SLICE("verify");
    return command_ask(cli, &request, print_words, "clean");
}

/* Commands of one word, without a password. */
int command_plain(struct cli *cli) {
    struct admin_request request = command_request(cli);
    return command_ask(cli, &request, print_words, "clean");
}
