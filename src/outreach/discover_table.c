/* Providers that are known. Pure. */
#include "outreach/discover.h"

enum { SIGNS_MAX = 12 };

struct row {
    struct discover_provider provider;
    /* Their domains, or the ends of them where they begin with a dot; and of the hosts that take mail. */
    const char *domains[SIGNS_MAX];
    const char *exchanges[SIGNS_MAX];
};

#define GMAIL_NOTE                                                                                      \
    "Gmail: IMAP has to be on, and a password must be an app password (two-step verification), or use " \
    "OAuth."
#define APP_PASSWORD_NOTE "It wants an app password, made in the account's security settings."
#define SWITCH_NOTE "IMAP and SMTP have to be switched on in the account's settings (POP3/IMAP)."

static const struct row rows[] = {
    {{"Gmail",
      {"smtp.gmail.com", 465, SENDER_TLS_IMPLICIT},
      {"imap.gmail.com", 993, SENDER_TLS_IMPLICIT},
      GMAIL_NOTE,
      NULL},
     {"gmail.com", "googlemail.com"},
     {".google.com", ".googlemail.com"}},
    {{"Microsoft 365",
      {"smtp.office365.com", 587, SENDER_TLS_STARTTLS},
      {"outlook.office365.com", 993, SENDER_TLS_IMPLICIT},
      "Microsoft takes no passwords here: it needs OAuth, and \"Authenticated SMTP\" switched on for the "
      "mailbox.",
      "microsoft"},
     {".onmicrosoft.com"},
     {".mail.protection.outlook.com", ".mx.microsoft"}},
    {{"Outlook.com",
      {"smtp-mail.outlook.com", 587, SENDER_TLS_STARTTLS},
      {"outlook.office365.com", 993, SENDER_TLS_IMPLICIT},
      "Outlook.com takes no passwords here: it needs OAuth, and IMAP switched on in its settings.",
      "microsoft"},
     {"outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "outlook.fr", "hotmail.de",
      "hotmail.fr", "hotmail.co.uk", "live.de", "live.fr", "outlook.es"},
     {".olc.protection.outlook.com"}},
    {{"Yahoo",
      {"smtp.mail.yahoo.com", 465, SENDER_TLS_IMPLICIT},
      {"imap.mail.yahoo.com", 993, SENDER_TLS_IMPLICIT},
      APP_PASSWORD_NOTE,
      NULL},
     {"yahoo.com", "yahoo.de", "yahoo.fr", "yahoo.co.uk", "yahoo.es", "yahoo.it", "ymail.com",
      "rocketmail.com"},
     {".yahoodns.net"}},
    {{"AOL",
      {"smtp.aol.com", 465, SENDER_TLS_IMPLICIT},
      {"imap.aol.com", 993, SENDER_TLS_IMPLICIT},
      APP_PASSWORD_NOTE,
      NULL},
     {"aol.com", "aim.com"},
     {NULL}},
    {{"iCloud",
      {"smtp.mail.me.com", 587, SENDER_TLS_STARTTLS},
      {"imap.mail.me.com", 993, SENDER_TLS_IMPLICIT},
      APP_PASSWORD_NOTE,
      NULL},
     {"icloud.com", "me.com", "mac.com"},
     {".mail.icloud.com"}},
    {{"GMX",
      {"mail.gmx.net", 465, SENDER_TLS_IMPLICIT},
      {"imap.gmx.net", 993, SENDER_TLS_IMPLICIT},
      SWITCH_NOTE,
      NULL},
     {"gmx.de", "gmx.net", "gmx.at", "gmx.ch"},
     {NULL}},
    {{"GMX",
      {"mail.gmx.com", 465, SENDER_TLS_IMPLICIT},
      {"imap.gmx.com", 993, SENDER_TLS_IMPLICIT},
      SWITCH_NOTE,
      NULL},
     {"gmx.com", "gmx.us", "gmx.co.uk", "gmx.fr"},
     {NULL}},
    {{"web.de",
      {"smtp.web.de", 465, SENDER_TLS_IMPLICIT},
      {"imap.web.de", 993, SENDER_TLS_IMPLICIT},
      SWITCH_NOTE,
      NULL},
     {"web.de"},
     {NULL}},
    {{"Zoho (Europe)",
      {"smtp.zoho.eu", 465, SENDER_TLS_IMPLICIT},
      {"imap.zoho.eu", 993, SENDER_TLS_IMPLICIT},
      APP_PASSWORD_NOTE,
      NULL},
     {"zoho.eu", "zohomail.eu"},
     {".zoho.eu"}},
    {{"Zoho",
      {"smtp.zoho.com", 465, SENDER_TLS_IMPLICIT},
      {"imap.zoho.com", 993, SENDER_TLS_IMPLICIT},
      APP_PASSWORD_NOTE,
      NULL},
     {"zoho.com", "zohomail.com"},
     {".zoho.com", ".zohomail.com"}},
    {{"Fastmail",
      {"smtp.fastmail.com", 465, SENDER_TLS_IMPLICIT},
      {"imap.fastmail.com", 993, SENDER_TLS_IMPLICIT},
      APP_PASSWORD_NOTE,
      NULL},
     {"fastmail.com", "fastmail.fm"},
     {".messagingengine.com"}},
    {{"mailbox.org",
      {"smtp.mailbox.org", 465, SENDER_TLS_IMPLICIT},
      {"imap.mailbox.org", 993, SENDER_TLS_IMPLICIT},
      NULL,
      NULL},
     {"mailbox.org"},
     {".mailbox.org"}},
    {{"Posteo", {"posteo.de", 465, SENDER_TLS_IMPLICIT}, {"posteo.de", 993, SENDER_TLS_IMPLICIT}, NULL, NULL},
     {"posteo.de", "posteo.net"},
     {NULL}},
    {{"T-Online",
      {"securesmtp.t-online.de", 465, SENDER_TLS_IMPLICIT},
      {"secureimap.t-online.de", 993, SENDER_TLS_IMPLICIT},
      "It wants the password for mail programs, made in the customer centre.",
      NULL},
     {"t-online.de", "magenta.de"},
     {NULL}},
    {{"IONOS",
      {"smtp.ionos.de", 465, SENDER_TLS_IMPLICIT},
      {"imap.ionos.de", 993, SENDER_TLS_IMPLICIT},
      NULL,
      NULL},
     {NULL},
     {".kundenserver.de", ".ionos.de", ".1and1.com"}},
    {{"OVHcloud",
      {"ssl0.ovh.net", 465, SENDER_TLS_IMPLICIT},
      {"ssl0.ovh.net", 993, SENDER_TLS_IMPLICIT},
      NULL,
      NULL},
     {NULL},
     {".mail.ovh.net"}},
    {{"Wirtualna Polska",
      {"smtp.wp.pl", 465, SENDER_TLS_IMPLICIT},
      {"imap.wp.pl", 993, SENDER_TLS_IMPLICIT},
      SWITCH_NOTE,
      NULL},
     {"wp.pl", "o2.pl"},
     {NULL}},
    {{"Orange",
      {"smtp.orange.fr", 465, SENDER_TLS_IMPLICIT},
      {"imap.orange.fr", 993, SENDER_TLS_IMPLICIT},
      NULL,
      NULL},
     {"orange.fr", "wanadoo.fr"},
     {NULL}},
};

static bool fits(const char *const signs[SIGNS_MAX], struct slice name) {
    for (size_t i = 0; i < SIGNS_MAX && signs[i]; i++) {
        struct slice sign = slice_from_text(signs[i]);
        bool is_end = sign.ptr[0] == '.';
        if (is_end ? slice_ends_nocase(name, sign) : slice_equal_nocase(name, sign)) return true;
    }
    return false;
}

const struct discover_provider *discover_by_domain(struct slice domain) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fits(rows[i].domains, domain)) return &rows[i].provider;
    return NULL;
}

const struct discover_provider *discover_by_exchange(struct slice host) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (fits(rows[i].exchanges, host)) return &rows[i].provider;
    return NULL;
}
