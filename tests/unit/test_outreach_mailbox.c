/* Sender mailboxes, what is pure of them: what servers' words mean, what OAuth providers say, known
   providers, autoconfig documents, and what roles tell each other. */
#include "test.h"

#include "base/limits_sender.h"
#include "outreach/cause.h"
#include "outreach/discover.h"
#include "outreach/mailbox_protocol.h"
#include "outreach/oauth.h"
#include "outreach/outside_folders.h"
#include "wire/autoconfig.h"

/* ---- causes ---- */

static void every_cause_has_words_a_name_and_what_to_do(void **state) {
    for (int i = 1; i < SENDER_CAUSES; i++) {
        enum sender_cause cause = (enum sender_cause)i;
        if (strcmp(sender_cause_name(cause), "unknown") == 0) continue;
        assert_true(strlen(cause_words(cause)) > 10);
        assert_true(strlen(cause_advice(cause)) > 10);
    }
    assert_string_equal(cause_words(SENDER_CAUSE_IMAP_DISABLED),
                        "IMAP is disabled for this account; reply detection cannot work");
    assert_false(cause_is_red(SENDER_CAUSE_NONE));
    assert_true(cause_is_red(SENDER_CAUSE_TOKEN_EXPIRED));
}

static void servers_words_are_told_apart(void **state) {
    static const struct {
        const char *words;
        bool is_imap;
        enum sender_auth auth;
        enum sender_cause cause;
    } cases[] = {
        {"Your account is not enabled for IMAP use. Please visit your Gmail settings page", true,
         SENDER_AUTH_PASSWORD, SENDER_CAUSE_IMAP_DISABLED},
        {"User is authenticated but not connected.", true, SENDER_AUTH_OAUTH, SENDER_CAUSE_IMAP_DISABLED},
        {"Application-specific password required: https://support.google.com/accounts/answer/185833", true,
         SENDER_AUTH_PASSWORD, SENDER_CAUSE_APP_PASSWORD},
        {"5.7.9 Application-specific password required.", false, SENDER_AUTH_PASSWORD,
         SENDER_CAUSE_APP_PASSWORD},
        {"5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", false,
         SENDER_AUTH_OAUTH, SENDER_CAUSE_SMTP_DISABLED},
        {"5.7.139 Authentication unsuccessful, basic authentication is disabled.", false,
         SENDER_AUTH_PASSWORD, SENDER_CAUSE_OAUTH_NEEDED},
        {"4.7.0 Too many login attempts, please try again later.", false, SENDER_AUTH_PASSWORD,
         SENDER_CAUSE_RATE},
        {"Authentication failed.", true, SENDER_AUTH_PASSWORD, SENDER_CAUSE_PASSWORD},
        {"Authentication failed.", true, SENDER_AUTH_OAUTH, SENDER_CAUSE_TOKEN_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(cause_of_login(slice_from_text(cases[i].words), cases[i].auth, cases[i].is_imap),
                         cases[i].cause);
    assert_int_equal(cause_of_refusal(550, SLICE("5.4.5 Daily user sending limit exceeded.")),
                     SENDER_CAUSE_RATE);
    assert_int_equal(cause_of_refusal(553, SLICE("Sender address rejected: not owned by user ann")),
                     SENDER_CAUSE_SENDER_REFUSED);
    assert_int_equal(cause_of_refusal(550, SLICE("5.1.1 no such user")), SENDER_CAUSE_SMTP_REFUSED);
}

/* ---- OAuth ---- */

static enum sender_cause cause_of_answer(unsigned status, const char *body) {
    struct arena *arena = arena_new(1 << 20);
    struct oauth_grant grant;
    struct outside_trouble trouble;
    bool good = oauth_answer_read(arena, status, slice_from_text(body), &grant, &trouble);
    enum sender_cause cause = good ? SENDER_CAUSE_NONE : trouble.cause;
    arena_free(&arena);
    return cause;
}

static void a_providers_answers_are_told_apart(void **state) {
    assert_int_equal(cause_of_answer(200, "{\"access_token\":\"a\",\"expires_in\":3599}"), SENDER_CAUSE_NONE);
    assert_int_equal(cause_of_answer(200, "{\"token\":1}"), SENDER_CAUSE_OAUTH_UNREACHABLE);
    assert_int_equal(cause_of_answer(400, "{\"error\":\"invalid_grant\"}"), SENDER_CAUSE_TOKEN_EXPIRED);
    assert_int_equal(cause_of_answer(401, "{\"error\":\"invalid_client\"}"), SENDER_CAUSE_OAUTH_CLIENT);
    assert_int_equal(
        cause_of_answer(400,
                        "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS65001: no consent\"}"),
        SENDER_CAUSE_OAUTH_ADMIN);
    assert_int_equal(cause_of_answer(400, "{\"error\":\"admin_policy_enforced\"}"), SENDER_CAUSE_OAUTH_ADMIN);
    assert_int_equal(cause_of_answer(503, "<html>"), SENDER_CAUSE_OAUTH_UNREACHABLE);
    char deep[4001];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    assert_int_equal(cause_of_answer(400, deep), SENDER_CAUSE_OAUTH_UNREACHABLE);
}

static void the_owners_browser_brings_code_and_state(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct buffer url = buffer_new(8192);
    struct sender_provider provider;
    struct slice code, told, error;
    assert_true(oauth_preset_find(SLICE("google"), &provider));
    provider.client_id = SLICE("id&x");
    oauth_authorize_url(&url, &provider, SLICE("a@b.test"), SLICE("http://127.0.0.1:1/"), SLICE("st"),
                        SLICE("ch"));
    struct slice text = buffer_slice(&url);
    assert_true(
        slice_starts(text, SLICE("https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id="
                                 "id%26x&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2F&")));
    assert_true(slice_find(text, SLICE("code_challenge=ch&code_challenge_method=S256")) != SLICE_NOT_FOUND);
    buffer_free(&url);
    assert_true(
        oauth_redirect_read(arena, SLICE("/?state=x%2By&code=4%2F0a+b&scope=c"), &code, &told, &error));
    assert_slice(code, "4/0a b");
    assert_slice(told, "x+y");
    assert_false(oauth_redirect_read(arena, SLICE("/?error=access_denied&state=x"), &code, &told, &error));
    assert_slice(error, "access_denied");
    assert_int_equal(oauth_refusal_cause(error), SENDER_CAUSE_NONE);
    assert_false(oauth_redirect_read(
        arena, SLICE("/?error=access_denied&error_description=AADSTS90094%3A+approval&state=x"), &code, &told,
        &error));
    assert_slice(error, "access_denied: AADSTS90094: approval");
    assert_int_equal(oauth_refusal_cause(error), SENDER_CAUSE_OAUTH_ADMIN);
    assert_false(oauth_redirect_read(arena, SLICE("/favicon.ico"), &code, &told, &error));
    assert_true(oauth_url_is_good(SLICE("https://x.test/token"), false));
    assert_false(oauth_url_is_good(SLICE("http://127.0.0.1:80/token"), false));
    assert_false(oauth_url_is_good(SLICE("http://x.test/token"), true));
    arena_free(&arena);
}

/* ---- where servers are ---- */

static void known_providers_are_found_by_domain_or_exchange(void **state) {
    assert_string_equal(discover_by_domain(SLICE("gmail.com"))->imap.host, "imap.gmail.com");
    assert_string_equal(discover_by_domain(SLICE("hotmail.com"))->oauth_only, "microsoft");
    assert_null(discover_by_domain(SLICE("notgmail.com")));
    assert_string_equal(discover_by_exchange(SLICE("aspmx.l.google.com"))->smtp.host, "smtp.gmail.com");
    assert_string_equal(discover_by_exchange(SLICE("x-test.mail.protection.outlook.com"))->name,
                        "Microsoft 365");
    assert_null(discover_by_exchange(SLICE("google.com.evil.test")));
}

static void autoconfig_says_where_with_tls_only(void **state) {
    static const char document[] =
        "<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"x\">"
        "<incomingServer type=\"pop3\"><hostname>p.x</hostname><port>995</port><socketType>SSL</socketType>"
        "</incomingServer><incomingServer type=\"imap\"><hostname>i.x.test</hostname><port>993</port>"
        "<socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>"
        "<incomingServer "
        "type=\"imap\"><hostname>i.x.test</hostname><port>143</port><socketType>plain</socketType>"
        "</incomingServer><outgoingServer type=\"smtp\"><hostname> s.x.test </hostname><port>587</port>"
        "<socketType>STARTTLS</socketType></outgoingServer></emailProvider></clientConfig>";
    struct arena *arena = arena_new(1 << 20);
    struct autoconfig config;
    assert_true(autoconfig_read(slice_from_text(document), arena, &config));
    assert_int_equal(config.imap_count, 1);
    assert_slice(config.imap[0].host, "i.x.test");
    assert_true(config.imap[0].is_implicit);
    assert_slice(autoconfig_user(arena, config.imap[0].user, SLICE("ann@x.test")), "ann");
    assert_int_equal(config.smtp_count, 1);
    assert_int_equal(config.smtp[0].port, 587);
    assert_slice(autoconfig_user(arena, config.smtp[0].user, SLICE("ann@x.test")), "ann@x.test");
    static const char *const bad[] = {"", "<html/>", "<clientConfig>",
                                      "<!DOCTYPE x [<!ENTITY a \"b\">]><clientConfig>&a;</clientConfig>"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(autoconfig_read(slice_from_text(bad[i]), arena, &config));
    arena_free(&arena);
}

static void folders_are_known_by_their_usual_names(void **state) {
    assert_int_equal(outside_use_of_name(SLICE("INBOX.Sent"), '.'), IMAP_FOLDER_SENT);
    assert_int_equal(outside_use_of_name(SLICE("Gesendete Objekte"), '/'), IMAP_FOLDER_SENT);
    assert_int_equal(outside_use_of_name(SLICE("Entw&APw-rfe"), '/'), IMAP_FOLDER_DRAFTS);
    assert_int_equal(outside_use_of_name(SLICE("Sent/Leads"), '/'), 0);
}

/* ---- between roles ---- */

/* Microsoft knows applications of this machine by http://localhost, whatever the port, and asks for consent
   again where it is told to, also where an administrator gave it. */
static void each_provider_is_asked_as_it_wants_to_be(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct sender_provider provider = {0};
    const struct {
        const char *name;
        const char *redirect;
        bool is_prompted;
    } cases[] = {{"google", "http://127.0.0.1:4711/", true}, {"microsoft", "http://localhost:4711", false}};
    for (size_t i = 0; i < 2; i++) {
        struct buffer url = buffer_new(1 << 16);
        assert_true(oauth_preset_find(slice_from_text(cases[i].name), &provider));
        struct slice redirect = oauth_redirect_uri(arena, &provider, 4711);
        assert_slice(redirect, cases[i].redirect);
        oauth_authorize_url(&url, &provider, SLICE("a@b.test"), redirect, SLICE("s"), SLICE("c"));
        size_t at = slice_find(buffer_slice(&url), SLICE("prompt=consent"));
        assert_true((at != SLICE_NOT_FOUND) == cases[i].is_prompted);
        buffer_free(&url);
    }
    arena_free(&arena);
}

static void what_roles_say_comes_back_as_it_was(void **state) {
    struct arena *arena = arena_new(1 << 20);
    struct buffer out = buffer_new(1 << 20);
    struct sender sender = {
        .id = 7,
        .address = SLICE("a@b.test"),
        .smtp = {.host = SLICE("s"), .port = 465, .user = SLICE("u"), .secret = SLICE("x")},
        .imap = {.host = SLICE("i"), .port = 993, .auth = SENDER_AUTH_OAUTH, .provider = SLICE("g")},
        .copies = SENDER_COPIES_OURS,
        .has_passed = true,
        .limits = {.daily_max = 40}};
    struct sender_folder folder = {SLICE("INBOX"), 3, 9, 12, 0};
    struct mailbox_brief brief = {.sender = sender, .folders = &folder, .folder_count = 1};
    struct mailbox_brief read;
    mailbox_brief_pack(&out, &brief);
    assert_true(mailbox_brief_unpack(buffer_slice(&out), arena, &read));
    assert_slice(read.sender.smtp.secret, "x");
    assert_slice(read.sender.imap.provider, "g");
    assert_int_equal(read.sender.limits.daily_max, 40);
    assert_true(read.sender.has_passed);
    assert_int_equal(read.folders[0].uidnext, 9);
    /* Cut anywhere it is none. */
    for (size_t len = 0; len < out.len; len++)
        assert_false(mailbox_brief_unpack(slice_sub(buffer_slice(&out), 0, len), arena, &read));
    buffer_clear(&out);
    struct outside_news news = {
        .sender = 7, .folder = SLICE("Junk"), .uid = 4, .content = SLICE("Subject: x")};
    struct outside_news got;
    mailbox_news_pack(&out, &news);
    assert_true(mailbox_news_unpack(buffer_slice(&out), &got));
    assert_slice(got.content, "Subject: x");
    buffer_free(&out);
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_words_a_name_and_what_to_do),
        cmocka_unit_test(servers_words_are_told_apart),
        cmocka_unit_test(a_providers_answers_are_told_apart),
        cmocka_unit_test(the_owners_browser_brings_code_and_state),
        cmocka_unit_test(each_provider_is_asked_as_it_wants_to_be),
        cmocka_unit_test(known_providers_are_found_by_domain_or_exchange),
        cmocka_unit_test(autoconfig_says_where_with_tls_only),
        cmocka_unit_test(folders_are_known_by_their_usual_names),
        cmocka_unit_test(what_roles_say_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
