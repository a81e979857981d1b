/* outreach mailbox: reads what a mailbox is to be, asks the store, and says the answer in words. */
#include <stdio.h>

#include "app/admin/mailbox_details.h"
#include "app/cli/command_ask.h"
#include "app/command/command_outreach.h"
#include "app/outreach/oauth_browser.h"
#include "base/limits_sender.h"
#include "io/real/read_file.h"
#include "wire/place.h"

enum {
    IMAPS_USUAL = 993,
    IMAP_USUAL = 143,
    SUBMISSIONS_USUAL = 465,
    SUBMISSION_USUAL = 587,
    PASSWORDS_BYTES_MAX = 2 * OUTREACH_SECRET_BYTES_MAX
};

/* ---- answers in words ---- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static bool is_true(const json_t *object, const char *key) {
    return json_is_true(json_object_get(object, key));
}

static void print_login(const json_t *mailbox, const char *key) {
    const json_t *login = json_object_get(mailbox, key);
    (void)printf("  %s  %s port %" JSON_INTEGER_FORMAT ", TLS %s, as %s by %s%s%s\n", key,
                 text_of(login, "host"), number_of(login, "port"), text_of(login, "tls"),
                 text_of(login, "user"), text_of(login, "auth"), text_of(login, "provider")[0] ? " of " : "",
                 text_of(login, "provider"));
}

static void print_state(const json_t *mailbox) {
    (void)printf("%-32s %s, %s", text_of(mailbox, "address"), text_of(mailbox, "kind"),
                 text_of(mailbox, "state"));
    const char *detail = text_of(mailbox, "detail");
    if (strcmp(text_of(mailbox, "cause"), "none") == 0)
        (void)printf("%s%s\n", detail[0] ? "; " : "", detail);
    else
        (void)printf(": %s%s%s\n    %s\n", text_of(mailbox, "words"), detail[0] ? ": " : "", detail,
                     text_of(mailbox, "advice"));
    command_outreach_print_copies(mailbox);
}

static void print_mailbox(const json_t *mailbox) {
    print_state(mailbox);
    if (!json_object_get(mailbox, "smtp")) return;
    print_login(mailbox, "smtp");
    print_login(mailbox, "imap");
    (void)printf("  the copy in Sent: %s; address+tag: %s\n", text_of(mailbox, "sent_copies"),
                 is_true(mailbox, "plus_addressing") ? "yes" : "no");
}

/* Its steps were shown while they were done. */
static void print_test(const json_t *answer) {
    const json_t *mailbox = json_object_get(answer, "mailbox");
    if (mailbox) print_state(mailbox);
    if (is_true(answer, "works"))
        (void)printf("The mailbox works.\n");
    else if (json_is_false(json_object_get(answer, "saved")))
        (void)printf("Nothing was saved.\n");
    else
        (void)printf("The mailbox does not work. It is kept, and looked at again until it does; to test it "
                     "again: posthaste outreach mailbox test %s\n",
                     text_of(mailbox, "address"));
}

static void print_answer(const json_t *answer) {
    size_t i;
    json_t *mailbox;
    if (json_object_get(answer, "steps")) {
        print_test(answer);
        return;
    }
    if (json_object_get(answer, "mailbox")) print_mailbox(json_object_get(answer, "mailbox"));
    if (json_object_get(answer, "mailboxes") && json_array_size(json_object_get(answer, "mailboxes")) == 0)
        (void)printf("no mailboxes: posthaste outreach mailbox add ADDRESS\n");
    json_array_foreach(json_object_get(answer, "mailboxes"), i, mailbox) print_state(mailbox);
    if (json_object_get(answer, "removed")) (void)printf("removed %s\n", text_of(answer, "removed"));
}

/* ---- what a mailbox is to be; each 0, or the exit status ---- */

static int read_way(struct cli *cli, struct mailbox_details *details, bool is_imap) {
    const struct mailbox_options *options = &cli->mailbox;
    const char *host = is_imap ? options->imap : options->smtp;
    const char *tls = is_imap ? options->imap_tls : options->smtp_tls;
    struct sender_login *login = is_imap ? &details->sender.imap : &details->sender.smtp;
    const char *word = is_imap ? "--imap" : "--smtp";
    if (!host) return tls ? cli_misuse(cli, "%s-tls belongs to %s HOST", word, word) : 0;
    if (tls && !mailbox_tls_read(slice_from_text(tls), &login->tls))
        return cli_misuse(cli, "%s-tls is implicit, starttls or never, not '%s'", word, tls);
    bool is_implicit = login->tls == SENDER_TLS_IMPLICIT;
    int port = is_imap ? (is_implicit ? IMAPS_USUAL : IMAP_USUAL)
                       : (is_implicit ? SUBMISSIONS_USUAL : SUBMISSION_USUAL);
    if (!mailbox_host_read(slice_from_text(host), (uint16_t)port, login))
        return cli_misuse(cli, "%s: '%s' is not HOST[:PORT]", word, host);
    /* What everybody uses with these ports. */
    if (!tls && (login->port == SUBMISSION_USUAL || login->port == IMAP_USUAL))
        login->tls = SENDER_TLS_STARTTLS;
    details->given |= is_imap ? MAILBOX_GIVEN_IMAP : MAILBOX_GIVEN_SMTP;
    return 0;
}

static void read_users(struct cli *cli, struct mailbox_details *details) {
    const struct mailbox_options *options = &cli->mailbox;
    const char *smtp = options->smtp_user ? options->smtp_user : options->user;
    const char *imap = options->imap_user ? options->imap_user : options->user;
    if (smtp) details->given |= MAILBOX_GIVEN_SMTP_USER;
    if (imap) details->given |= MAILBOX_GIVEN_IMAP_USER;
    details->sender.smtp.user = slice_from_text(smtp);
    details->sender.imap.user = slice_from_text(imap);
}

static int read_limits(struct cli *cli, struct mailbox_details *details) {
    const struct mailbox_options *options = &cli->mailbox;
    struct sender_limits *limits = &details->sender.limits;
    if (options->gap) {
        details->given |= MAILBOX_GIVEN_GAP;
        if (!mailbox_gap_read(slice_from_text(options->gap), limits))
            return cli_misuse(cli, "--gap is seconds, like 95-150, not '%s'", options->gap);
    }
    if (options->ramp) {
        details->given |= MAILBOX_GIVEN_RAMP;
        if (!mailbox_ramp_read(slice_from_text(options->ramp), limits))
            return cli_misuse(cli, "--ramp is START+STEP, like 10+5, not '%s'", options->ramp);
    }
    if (options->hourly) details->given |= MAILBOX_GIVEN_HOURLY;
    if (options->daily) details->given |= MAILBOX_GIVEN_DAILY;
    if (options->override) details->given |= MAILBOX_GIVEN_OVERRIDE;
    if (cli->plan.zone) details->given |= MAILBOX_GIVEN_ZONE;
    limits->time_zone = slice_from_text(cli->plan.zone);
    if (cli->plan.zone && !time_zone_is_known(limits->time_zone))
        return cli_misuse(cli, "--zone is a name of the IANA database, like Europe/Berlin, not '%s'",
                          cli->plan.zone);
    limits->hourly_max = (uint32_t)options->hourly;
    limits->daily_max = (uint32_t)options->daily;
    limits->override_by = slice_from_text(options->override);
    return 0;
}

static void read_rest(struct cli *cli, struct mailbox_details *details) {
    const struct mailbox_options *options = &cli->mailbox;
    if (options->name) details->given |= MAILBOX_GIVEN_NAME;
    if (options->is_outside) details->given |= MAILBOX_GIVEN_OUTSIDE;
    if (options->accepts_renaming || options->refuses_renaming) details->given |= MAILBOX_GIVEN_RENAMING;
    details->sender.name = slice_from_text(options->name);
    details->sender.is_renaming_accepted = options->accepts_renaming;
}

static struct slice take_line(struct slice *text) {
    struct slice line = slice_take_until(text, '\n');
    (void)slice_take_byte(text, '\n');
    if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
    return line;
}

/* The second line of standard input is that of IMAP. */
static int read_both_passwords(struct cli *cli, struct mailbox_details *details) {
    struct slice text;
    int result = read_file(cli->arena, "-", PASSWORDS_BYTES_MAX, &text);
    if (result) return cli_fail("the passwords: %s", strerror(-result));
    details->sender.smtp.secret = take_line(&text);
    details->sender.imap.secret = take_line(&text);
    details->given |= MAILBOX_GIVEN_PASSWORD | MAILBOX_GIVEN_IMAP_PASSWORD;
    bool good = details->sender.smtp.secret.len && details->sender.imap.secret.len;
    return good ? 0 : cli_fail("two lines are needed: the password for SMTP, then that for IMAP");
}

static int read_password(struct cli *cli, struct mailbox_details *details) {
    if (cli->mailbox.has_imap_password) {
        if (!cli->is_password_stdin) return cli_misuse(cli, "--imap-password belongs to --password-stdin");
        return read_both_passwords(cli, details);
    }
    struct slice password;
    int status = cli_password(cli, &password);
    if (status) return status;
    details->sender.smtp.secret = details->sender.imap.secret = password;
    details->given |= MAILBOX_GIVEN_PASSWORD;
    return 0;
}

/* Asks the store whom to ask, and then the owner's browser. */
static int read_oauth(struct cli *cli, struct mailbox_details *details) {
    struct admin_request request = {
        .words = {SLICE("outreach"), SLICE("oauth"), SLICE("show"), slice_from_text(cli->mailbox.oauth)},
        .word_count = 4};
    json_t *answer = admin_ask(cli->data, &request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    const json_t *told = json_object_get(answer, "provider");
    struct sender_provider provider = {
        .authorize_url = arena_copy(cli->arena, slice_from_text(text_of(told, "authorize_url"))),
        .scope = arena_copy(cli->arena, slice_from_text(text_of(told, "scope"))),
        .client_id = arena_copy(cli->arena, slice_from_text(text_of(told, "client_id")))};
    int status = error ? cli_fail("%s", error) : 0;
    json_decref(answer);
    if (status) return status;
    struct slice user = cli->mailbox.user ? slice_from_text(cli->mailbox.user) : cli->words[2];
    struct oauth_code code = {0};
    status = oauth_browser_run(cli, &provider, user, &code);
    details->given |= MAILBOX_GIVEN_OAUTH;
    details->provider = slice_from_text(cli->mailbox.oauth);
    details->code = code.code;
    details->verifier = code.verifier;
    details->redirect_uri = code.redirect_uri;
    return status;
}

static int read_details(struct cli *cli, struct mailbox_details *details) {
    int status = read_way(cli, details, false);
    if (status == 0) status = read_way(cli, details, true);
    if (status == 0) status = read_limits(cli, details);
    if (status) return status;
    read_users(cli, details);
    read_rest(cli, details);
    if (cli->mailbox.oauth) return read_oauth(cli, details);
    return cli->is_password_stdin ? read_password(cli, details) : 0;
}

static int ask_with(struct cli *cli, struct admin_request *request, const struct mailbox_details *details) {
    struct buffer packed = buffer_new(IPC_FRAME_BYTES_MAX);
    mailbox_details_pack(&packed, details);
    request->details = arena_copy(cli->arena, buffer_slice(&packed));
    explicit_bzero(packed.ptr, packed.len);
    buffer_free(&packed);
    return command_ask(cli, request, print_answer, "works");
}

/* An account of ours needs no password; an outside mailbox does, and is asked for it where there is a
   terminal. */
static int change(struct cli *cli, struct admin_request *request) {
    struct mailbox_details details = {0};
    int status = read_details(cli, &details);
    return status ? status : ask_with(cli, request, &details);
}

static int plain(struct cli *cli, struct admin_request *request) {
    return command_ask(cli, request, print_answer, "works");
}

int command_outreach_mailbox(struct cli *cli) {
    static const struct {
        struct slice verb;
        size_t words;
        int (*run)(struct cli *cli, struct admin_request *request);
    } verbs[] = {{SLICE_INIT("add"), 3, change}, {SLICE_INIT("list"), 2, plain},
                 {SLICE_INIT("show"), 3, plain}, {SLICE_INIT("set"), 3, change},
                 {SLICE_INIT("test"), 3, plain}, {SLICE_INIT("remove"), 3, plain}};
    struct admin_request request = command_request(cli);
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (!slice_equal(cli->words[1], verbs[i].verb)) continue;
        if (cli->word_count == verbs[i].words) return verbs[i].run(cli, &request);
        return cli_misuse(cli, "mailbox %.*s: %s", SLICE_PRINT(cli->words[1]),
                          verbs[i].words == 2 ? "no address goes with it" : "the address is missing");
    }
    return cli_misuse(cli, "unknown word '%.*s'", SLICE_PRINT(cli->words[1]));
}
