#include "outreach/cause.h"

#include "base/fatal.h"

struct row {
    const char *words;
    const char *advice;
};

static const struct row rows[SENDER_CAUSES] = {
    [SENDER_CAUSE_NONE] = {"all is well", ""},
    [SENDER_CAUSE_HOST_NOT_FOUND] = {"the host is not found: DNS knows no address of that name",
                                     "Check the spelling of the host, or that this server's DNS works."},
    [SENDER_CAUSE_HOST_PRIVATE] =
        {"the host has only private, loopback or reserved addresses, which are not connected to",
         "Give the host's public name. On closed networks: outbound.allow_private = yes."},
    [SENDER_CAUSE_CONNECTION_REFUSED] =
        {"the host refuses connections to this port",
         "Nothing listens there: check host and port, and that the service is switched on at the provider."},
    [SENDER_CAUSE_NO_ANSWER] =
        {"the host does not answer",
         "Most often a firewall, this server's or the provider's, drops the connection: open the way out to "
         "this host and port, or try another port (587, 465; 993, 143)."},
    [SENDER_CAUSE_CONNECTION_LOST] = {"the server ended the connection",
                                      "It is tried again by itself. If it stays: ask the provider why."},
    [SENDER_CAUSE_TLS_MISSING] = {"the server offers no TLS, and without it no password is sent",
                                  "Use the provider's port with TLS: 993 for IMAP, 465 or 587 for SMTP."},
    [SENDER_CAUSE_TLS_FAILED] = {"no TLS could be agreed on",
                                 "A port for STARTTLS wants --tls starttls (143, 587), one for TLS from the "
                                 "first byte implicit (993, "
                                 "465)."},
    [SENDER_CAUSE_CERTIFICATE] = {"the server's certificate is not good for this host",
                                  "Give the name that is in the certificate as the host. A certificate of "
                                  "one's own: name its file with "
                                  "outbound.trusted_roots."},
    [SENDER_CAUSE_TAMPERED] = {"somebody put words into the connection before TLS began",
                               "Nothing was sent. Somebody between here and the provider may be listening: "
                               "use a port with TLS from "
                               "the first byte (993, 465)."},
    [SENDER_CAUSE_WRONG_PROTOCOL] = {"what answers there does not speak this protocol",
                                     "Check host, port and TLS: they may belong to another service."},
    [SENDER_CAUSE_PASSWORD] = {"user name or password are wrong",
                               "Give the right password: posthaste outreach mailbox set ADDRESS "
                               "--password-stdin. Some providers want "
                               "an app password."},
    [SENDER_CAUSE_APP_PASSWORD] =
        {"the provider wants an app password, not the one of the account",
         "Make an app password in the account's security settings (two-step verification must be on), and "
         "give "
         "it: posthaste outreach mailbox set ADDRESS --password-stdin. Or use OAuth."},
    [SENDER_CAUSE_OAUTH_NEEDED] =
        {"the provider takes no passwords here, only OAuth",
         "Register OAuth with posthaste outreach oauth add, then: posthaste outreach mailbox set ADDRESS "
         "--oauth NAME."},
    [SENDER_CAUSE_NO_MECHANISM] =
        {"the server offers no way to log in that is known here, or none that is safe",
         "Use its port with TLS. If it offers only OAuth: posthaste outreach oauth "
         "add."},
    [SENDER_CAUSE_TOKEN_EXPIRED] =
        {"the permission was withdrawn or has expired (invalid_grant)",
         "Grant it anew: posthaste outreach mailbox set ADDRESS --oauth NAME. It ends when the password is "
         "changed, when it was not used for months, or after 7 days while a Google app is in testing."},
    [SENDER_CAUSE_TOKEN_REFUSED] = {"the server does not take the fresh OAuth token",
                                    "See that the user name is the account that granted it, that IMAP and "
                                    "SMTP AUTH are on for it, and that "
                                    "the right scopes were asked for."},
    [SENDER_CAUSE_OAUTH_CLIENT] = {"the OAuth provider does not know our client id, or its secret is wrong",
                                   "Check both in the provider's console, and register them anew: posthaste "
                                   "outreach oauth remove, add."},
    [SENDER_CAUSE_OAUTH_UNREACHABLE] =
        {"the OAuth provider gives no token now",
         "It is tried again by itself. If it stays: check the token URL and the "
         "way out by https."},
    [SENDER_CAUSE_OAUTH_ADMIN] =
        {"an administrator of the organisation has to allow this application",
         "Google Workspace: Admin console, Security, API controls, App access control: trust the client id. "
         "Microsoft 365: Entra admin centre, Enterprise applications, Permissions: grant admin consent."},
    [SENDER_CAUSE_OAUTH_UNKNOWN] = {"there is no OAuth provider of that name here",
                                    "posthaste outreach oauth list shows them; oauth add makes one."},
    [SENDER_CAUSE_IMAP_DISABLED] =
        {"IMAP is disabled for this account; reply detection cannot work",
         "Switch IMAP on: Gmail: Settings, Forwarding and POP/IMAP. Microsoft 365: the administrator, in the "
         "mailbox's email apps. GMX, web.de: Settings, POP3/IMAP. Then test again."},
    [SENDER_CAUSE_SMTP_DISABLED] = {"sending by SMTP is disabled for this account",
                                    "Microsoft 365: an administrator switches \"Authenticated SMTP\" on for "
                                    "the mailbox. Others: switch SMTP "
                                    "on in the account's settings."},
    [SENDER_CAUSE_NO_IMAP] = {"there is no way to read replies",
                              "A sequence stops when somebody answers, so replies have to be seen: give the "
                              "mailbox that they go to "
                              "with --imap HOST --imap-user USER."},
    [SENDER_CAUSE_IMAP_REFUSED] = {"the IMAP server refuses", "Its words say why; then test again."},
    [SENDER_CAUSE_SMTP_REFUSED] = {"the SMTP server refuses to send", "Its words say why; then test again."},
    [SENDER_CAUSE_SENDER_REFUSED] =
        {"the SMTP server does not let this login send as this address",
         "Log in as the account of this address, or allow it to send as it at the provider."},
    [SENDER_CAUSE_RATE] = {"the provider limits how much is sent or how often one logs in",
                           "It goes on by itself when the provider allows it. Lower the daily maximum."},
    [SENDER_CAUSE_QUOTA] = {"the mailbox is full", "Make room in it, then test again."},
    [SENDER_CAUSE_NOT_ARRIVED] = {"a message to itself was sent, and is in none of its folders",
                                  "Replies may go elsewhere: see whether mail to this address is forwarded, "
                                  "filtered away or delayed, and "
                                  "whether the IMAP account is the one of this address."},
    [SENDER_CAUSE_MESSAGE_ID_RENAMED] = {"the server gives messages another Message-ID; replies cannot be "
                                         "told by it, nor what was sent be looked "
                                         "up",
                                         "Send by another SMTP host, which keeps it. Replies would be found "
                                         "by the sender's address alone, and "
                                         "what is unknown stays so; to accept that: posthaste outreach "
                                         "mailbox set ADDRESS --accept-renaming."},
    [SENDER_CAUSE_NO_SENT_COPY] = {"there is no folder for sent mail, so no copy can be kept",
                                   "Make a folder Sent in the mailbox."},
    [SENDER_CAUSE_SENT_TWICE] = {"a sent message is in Sent twice",
                                 "Two programs store copies: switch one of them off at the provider."},
    [SENDER_CAUSE_ACCOUNT_GONE] = {"the account is not there any more", "Remove this mailbox."},
    [SENDER_CAUSE_NO_REMOTE] = {"no server runs on this folder, and only it connects",
                                "Start it: posthaste serve."},
    [SENDER_CAUSE_SECRET_LOST] = {"its password cannot be read any more: the data folder has another key",
                                  "Give it again: posthaste outreach mailbox set ADDRESS --password-stdin."},
    [SENDER_CAUSE_CANCELLED] = {"this server was stopped meanwhile", "Test again."},
};

const char *cause_words(enum sender_cause cause) {
    return rows[cause].words ? rows[cause].words : "something that this version does not know";
}

const char *cause_advice(enum sender_cause cause) { return rows[cause].advice ? rows[cause].advice : ""; }

bool cause_is_red(enum sender_cause cause) {
    return cause != SENDER_CAUSE_NONE && cause != SENDER_CAUSE_SENT_TWICE && cause != SENDER_CAUSE_CANCELLED;
}

/* ---- what servers say ---- */

/* Both are short: an answer's words, and a table's. */
static bool has(struct slice words, const char *sign) {
    struct slice needle = slice_from_text(sign);
    for (; words.len >= needle.len; words = slice_skip(words, 1))
        if (slice_starts_nocase(words, needle)) return true;
    return false;
}

enum { SIGN_WORDS = 3 };

/* All of its words stand in the answer. */
struct sign {
    const char *words[SIGN_WORDS];
    enum sender_cause cause;
};

static enum sender_cause find_sign(const struct sign *signs, size_t count, struct slice words) {
    for (size_t i = 0; i < count; i++) {
        bool fits = true;
        for (size_t at = 0; at < SIGN_WORDS && signs[i].words[at]; at++)
            fits = fits && has(words, signs[i].words[at]);
        if (fits) return signs[i].cause;
    }
    return SENDER_CAUSE_NONE;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The surer signs come first. */
static const struct sign login_signs[] = {
    {{"application-specific"}, SENDER_CAUSE_APP_PASSWORD},
    {{"app-specific"}, SENDER_CAUSE_APP_PASSWORD},
    {{"app password"}, SENDER_CAUSE_APP_PASSWORD},
    {{"invalidsecondfactor"}, SENDER_CAUSE_APP_PASSWORD},
    {{"smtpclientauthentication", "disabled"}, SENDER_CAUSE_SMTP_DISABLED},
    {{"smtp auth", "disabled"}, SENDER_CAUSE_SMTP_DISABLED},
    {{"basicauth", "blocked"}, SENDER_CAUSE_OAUTH_NEEDED},
    {{"basic auth", "disabled"}, SENDER_CAUSE_OAUTH_NEEDED},
    {{"web login required"}, SENDER_CAUSE_OAUTH_NEEDED},
    {{"webloginrequired"}, SENDER_CAUSE_OAUTH_NEEDED},
    {{"too many"}, SENDER_CAUSE_RATE},
    {{"rate limit"}, SENDER_CAUSE_RATE},
    {{"ratelimit"}, SENDER_CAUSE_RATE},
    {{"temporarily blocked"}, SENDER_CAUSE_RATE},
};
static const struct sign imap_signs[] = {
    {{"not enabled for imap"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "disabled"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "not enabled"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "not allowed"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "not permitted"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "not available"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "switched off"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "turned off"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"imap", "deactivated"}, SENDER_CAUSE_IMAP_DISABLED},
    {{"authenticated but not connected"}, SENDER_CAUSE_IMAP_DISABLED},
};
static const struct sign smtp_signs[] = {
    {{"smtp", "disabled"}, SENDER_CAUSE_SMTP_DISABLED},
    {{"smtp", "not enabled"}, SENDER_CAUSE_SMTP_DISABLED},
};
static const struct sign refusal_signs[] = {
    {{"quota"}, SENDER_CAUSE_QUOTA},
    {{"mailbox full"}, SENDER_CAUSE_QUOTA},
    {{"sending limit"}, SENDER_CAUSE_RATE},
    {{"limit exceeded"}, SENDER_CAUSE_RATE},
    {{"rate limit"}, SENDER_CAUSE_RATE},
    {{"too many"}, SENDER_CAUSE_RATE},
    {{"not owned by"}, SENDER_CAUSE_SENDER_REFUSED},
    {{"send as denied"}, SENDER_CAUSE_SENDER_REFUSED},
    {{"sendasdenied"}, SENDER_CAUSE_SENDER_REFUSED},
    {{"sender address rejected"}, SENDER_CAUSE_SENDER_REFUSED},
    {{"sender", "not allowed"}, SENDER_CAUSE_SENDER_REFUSED},
};

enum sender_cause cause_of_login(struct slice words, enum sender_auth auth, bool is_imap) {
    enum sender_cause cause = find_sign(login_signs, COUNT(login_signs), words);
    if (cause == SENDER_CAUSE_NONE)
        cause = is_imap ? find_sign(imap_signs, COUNT(imap_signs), words)
                        : find_sign(smtp_signs, COUNT(smtp_signs), words);
    if (cause != SENDER_CAUSE_NONE) return cause;
    return auth == SENDER_AUTH_OAUTH ? SENDER_CAUSE_TOKEN_REFUSED : SENDER_CAUSE_PASSWORD;
}

bool cause_is_imap_disabled(struct slice words) {
    return find_sign(imap_signs, COUNT(imap_signs), words) != SENDER_CAUSE_NONE;
}

enum sender_cause cause_of_refusal(unsigned code, struct slice words) {
    enum sender_cause cause = find_sign(refusal_signs, COUNT(refusal_signs), words);
    if (cause != SENDER_CAUSE_NONE) return cause;
    return code == 421 ? SENDER_CAUSE_RATE : SENDER_CAUSE_SMTP_REFUSED;
}
