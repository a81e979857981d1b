#include "outreach/mailbox_setup.h"

#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/outside_folders.h"

/* ---- what is told ---- */

static void add_step(struct mailbox_setup *setup, bool is_good, struct slice text, struct slice advice) {
    int64_t now_ms = env_now_ms(setup->world->env);
    if (setup->finding.step_count == MAILBOX_STEPS_MAX) return;
    struct mailbox_step *step = &setup->steps[setup->finding.step_count++];
    *step = (struct mailbox_step){is_good, now_ms - setup->step_began_ms, text, advice};
    setup->step_began_ms = now_ms;
    if (setup->tell) setup->tell(setup->t, setup->context, step);
}

void mailbox_setup_say(struct mailbox_setup *setup, struct slice text) {
    add_step(setup, true, text, SLICE_EMPTY);
}

bool mailbox_setup_fail(struct mailbox_setup *setup, const char *what,
                        const struct outside_trouble *trouble) {
    struct slice detail = slice_sub(trouble->detail, 0, SENDER_DETAIL_BYTES_MAX);
    struct slice text = arena_printf(setup->arena, "%s: %s%s%.*s", what, cause_words(trouble->cause),
                                     detail.len ? ": " : "", SLICE_PRINT(detail));
    if (cause_is_red(trouble->cause) && setup->finding.cause == SENDER_CAUSE_NONE) {
        setup->finding.cause = trouble->cause;
        setup->finding.detail = arena_copy(setup->arena, detail);
    }
    add_step(setup, false, text, slice_from_text(cause_advice(trouble->cause)));
    return false;
}

static void say_tls(struct mailbox_setup *setup, const char *protocol, const struct sender_login *login,
                    const struct stream_security *security) {
    struct slice tls = security->is_tls
                           ? arena_printf(setup->arena, "%s, the certificate is good", security->protocol)
                           : SLICE("without TLS, on this machine");
    mailbox_setup_say(setup, arena_printf(setup->arena, "%s: logged in at %.*s, port %u, as %.*s (%.*s)",
                                          protocol, SLICE_PRINT(login->host), login->port,
                                          SLICE_PRINT(login->user), SLICE_PRINT(tls)));
}

/* ---- the ways ---- */

static bool try_smtp(struct mailbox_setup *setup) {
    struct smtp_client *client;
    struct outside_trouble trouble;
    if (!outside_connect_smtp(setup->t, setup->outside, setup->arena, &client, &trouble))
        return mailbox_setup_fail(setup, "SMTP", &trouble);
    say_tls(setup, "SMTP", &setup->outside->sender.smtp, smtp_client_security(client));
    smtp_client_free(setup->t, &client);
    return true;
}

static struct slice folder_text(struct mailbox_setup *setup, const struct outside_folders *folders,
                                const char *what, unsigned use) {
    const struct imap_client_folder *folder = outside_folder_of(folders, use);
    return folder ? arena_printf(setup->arena, ", %s is \"%.*s\"", what, SLICE_PRINT(folder->name))
                  : arena_printf(setup->arena, ", no %s", what);
}

static bool say_folders(struct mailbox_setup *setup) {
    struct outside_folders folders;
    struct imap_client_outcome outcome = outside_list(setup->t, setup->outside, setup->arena, &folders);
    if (outcome.result != IMAP_CLIENT_OK) {
        struct outside_trouble trouble =
            outside_trouble_of_imap(setup->arena, &outcome, setup->outside->sender.imap.auth);
        return mailbox_setup_fail(setup, "IMAP folders", &trouble);
    }
    struct slice sent = folder_text(setup, &folders, "sent mail", IMAP_FOLDER_SENT);
    struct slice junk = folder_text(setup, &folders, "junk", IMAP_FOLDER_JUNK);
    mailbox_setup_say(setup, arena_printf(setup->arena, "IMAP: %zu folders are watched%.*s%.*s",
                                          folders.count, SLICE_PRINT(sent), SLICE_PRINT(junk)));
    return true;
}

static bool try_imap(struct mailbox_setup *setup) {
    struct outside_trouble trouble;
    if (!outside_connect_imap(setup->t, setup->outside, setup->arena, &trouble))
        return mailbox_setup_fail(setup, "IMAP", &trouble);
    struct imap_client *imap = setup->outside->imap;
    unsigned can = imap_client_capabilities(imap);
    say_tls(setup, "IMAP", &setup->outside->sender.imap, imap_client_security(imap));
    setup->finding.has_idle = can & IMAP_CAN_IDLE;
    mailbox_setup_say(setup,
                      arena_printf(setup->arena, "IMAP: %s; changes by %s",
                                   setup->finding.has_idle ? "IDLE: news come by themselves"
                                                           : "no IDLE: it is asked for news now and then",
                                   can & IMAP_CAN_QRESYNC     ? "QRESYNC"
                                   : can & IMAP_CAN_CONDSTORE ? "CONDSTORE"
                                                              : "UID"));
    return say_folders(setup);
}

/* Both are tried, so that all that is wrong is told at once. */
static bool try_ways(struct mailbox_setup *setup) {
    bool has_smtp = try_smtp(setup);
    return try_imap(setup) && has_smtp;
}

static void run_with_ways(struct mailbox_setup *setup) {
    struct sender sender = setup->job->sender;
    sender.smtp = setup->finding.smtp;
    sender.imap = setup->finding.imap;
    setup->outside =
        outside_new(setup->world, &sender, &setup->job->smtp_provider, &setup->job->imap_provider, NULL, 0);
    if (try_ways(setup)) (void)mailbox_setup_try(setup);
    setup->finding.fresh_token = arena_copy(setup->arena, setup->outside->fresh_token);
    outside_free(setup->t, &setup->outside);
}

void mailbox_setup_run(struct mailbox_setup *setup) {
    struct env *env = setup->world->env;
    setup->steps = ARENA_NEW_ARRAY(setup->arena, struct mailbox_step, MAILBOX_STEPS_MAX);
    setup->step_began_ms = env_now_ms(env);
    setup->until_ms = setup->step_began_ms + OUTREACH_JOB_MS;
    setup->finding = (struct mailbox_finding){
        .smtp = setup->job->sender.smtp, .imap = setup->job->sender.imap, .steps = setup->steps};
    if (mailbox_setup_discover(setup)) run_with_ways(setup);
    setup->finding.state = setup->finding.cause == SENDER_CAUSE_NONE ? SENDER_GREEN : SENDER_RED;
}
