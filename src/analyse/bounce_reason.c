#include "analyse/bounce_reason.h"

#include "analyse/phrase.h"

const char *bounce_reason_name(enum bounce_reason reason) {
    static const char *const names[BOUNCE_REASONS] = {
        [BOUNCE_UNDEFINED] = "undefined",
        [BOUNCE_USER_UNKNOWN] = "user_unknown",
        [BOUNCE_DOMAIN_UNKNOWN] = "domain_unknown",
        [BOUNCE_MOVED] = "moved",
        [BOUNCE_NO_MAIL] = "accepts_no_mail",
        [BOUNCE_MAILBOX_FULL] = "mailbox_full",
        [BOUNCE_SUSPENDED] = "suspended",
        [BOUNCE_FILTERED] = "filtered",
        [BOUNCE_BLOCKED] = "blocked",
        [BOUNCE_SPAM] = "spam",
        [BOUNCE_VIRUS] = "virus",
        [BOUNCE_POLICY] = "policy",
        [BOUNCE_UNAUTHENTICATED] = "unauthenticated",
        [BOUNCE_RELAYING] = "relaying",
        [BOUNCE_SENDER] = "sender_refused",
        [BOUNCE_TOO_LARGE] = "too_large",
        [BOUNCE_CONTENT] = "content",
        [BOUNCE_RATE] = "rate",
        [BOUNCE_NETWORK] = "network",
        [BOUNCE_EXPIRED] = "expired",
        [BOUNCE_SYSTEM] = "system",
    };
    return names[reason];
}

/* How much a phrase that says "no such mailbox" is worth. */
enum worth {
    WORTH_NOTHING,
    /* What may be said of anything: a code that means a bad address says more. */
    WORTH_VAGUE,
    /* With a second witness. */
    WORTH_WORDS,
    /* With any permanent code: it tells of accounts, not of this message. */
    WORTH_ACCOUNT,
    /* By itself, where no other host is quoted: who says it looked into its own directory. */
    WORTH_DIRECTORY,
};

struct row {
    enum bounce_reason reason;
    enum worth worth;
    struct slice phrase;
};
#define ROW(reason, phrase) \
    { BOUNCE_##reason, WORTH_NOTHING, SLICE_INIT(phrase) }
#define VAGUE(reason, phrase) \
    { BOUNCE_##reason, WORTH_VAGUE, SLICE_INIT(phrase) }
#define NOBODY(worth, phrase) \
    { BOUNCE_USER_UNKNOWN, WORTH_##worth, SLICE_INIT(phrase) }

/* The first row that fits decides, so what excuses an address stands before what condemns it. Phrases are
   what hosts are known to say, collected from public descriptions of their answers (docs/classify.md) and put
   in as few words as tell them apart. */
static const struct row rows[] = {
    /* The sender's address was looked at. */
    ROW(SENDER, "sender address"),
    ROW(SENDER, "sender email address"),
    ROW(SENDER, "sender rejected"),
    ROW(SENDER, "sender denied"),
    ROW(SENDER, "sender was rejected"),
    ROW(SENDER, "sender is "),
    ROW(SENDER, "sender domain"),
    ROW(SENDER, "sender verify"),
    ROW(SENDER, "sender verification"),
    ROW(SENDER, "domain of sender"),
    ROW(SENDER, "invalid sender"),
    ROW(SENDER, "unknown sender"),
    ROW(SENDER, "unroutable sender"),
    ROW(SENDER, "valid sender"),
    ROW(SENDER, "bad sender"),
    ROW(SENDER, "emetteur invalide"),
    ROW(SENDER, "mail from not owned"),
    ROW(SENDER, "from: domain is invalid"),
    ROW(SENDER, "valid from:"),
    ROW(SENDER, "from: address"),
    ROW(SENDER, "null sender"),
    ROW(SENDER, "envelope sender"),
    ROW(SENDER, "envelope blocked"),
    ROW(SENDER, "envelope rejected"),
    ROW(SENDER, "batv"),
    ROW(SENDER, "bouncedeny"),
    ROW(SENDER, "backscatter"),
    ROW(SENDER, "third-party dsn"),
    ROW(SENDER, "returned mail not accepted"),
    ROW(SENDER, "administrative prohibition"),
    ROW(SENDER, "does not exist e2110"),
    ROW(SENDER, "secumail"),
    ROW(SENDER, "not a registered gateway user"),
    ROW(SENDER, "email address is not verified"),
    ROW(SENDER, "your email address has been"),
    ROW(SENDER, "absenderadresse"),
    /* Too much, too fast. */
    ROW(RATE, "too many recipients"),
    ROW(RATE, "too many messages"),
    ROW(RATE, "too many connections"),
    ROW(RATE, "too many concurrent"),
    ROW(RATE, "too many sessions"),
    ROW(RATE, "too many smtp"),
    ROW(RATE, "too many errors"),
    ROW(RATE, "too many invalid recipients"),
    ROW(RATE, "too many bad commands"),
    ROW(RATE, "too many emails"),
    ROW(RATE, "trop de connexions"),
    ROW(RATE, "rate limit"),
    ROW(RATE, "rate-limit"),
    ROW(RATE, "limit exceeded"),
    ROW(RATE, "connection limit"),
    ROW(RATE, "sending limit"),
    ROW(RATE, "sending rate"),
    ROW(RATE, "frequency limited"),
    ROW(RATE, "throttl"),
    ROW(RATE, "at a rate that"),
    ROW(RATE, "slow down"),
    ROW(RATE, "slower"),
    ROW(RATE, "excessive volume"),
    ROW(RATE, "emails per hour"),
    ROW(RATE, "per session"),
    ROW(RATE, "this hour"),
    ROW(RATE, "daily message quota"),
    ROW(RATE, "thread limit"),
    /* No room. */
    ROW(MAILBOX_FULL, "quota"),
    ROW(MAILBOX_FULL, "mailbox full"),
    ROW(MAILBOX_FULL, "mailbox is full"),
    ROW(MAILBOX_FULL, "mailbox~full"),
    ROW(MAILBOX_FULL, "full mailbox"),
    ROW(MAILBOX_FULL, "inbox is full"),
    ROW(MAILBOX_FULL, "inbox full"),
    ROW(MAILBOX_FULL, "mailfolder is full"),
    ROW(MAILBOX_FULL, "mailbox exceed"),
    ROW(MAILBOX_FULL, "mailbox size limit"),
    ROW(MAILBOX_FULL, "mailbox would exceed"),
    ROW(MAILBOX_FULL, "mailbox has exceeded"),
    ROW(MAILBOX_FULL, "disk space"),
    ROW(MAILBOX_FULL, "diskspace"),
    ROW(MAILBOX_FULL, "no space left"),
    ROW(MAILBOX_FULL, "space has been used up"),
    ROW(MAILBOX_FULL, "enough space"),
    ROW(MAILBOX_FULL, "enough storage"),
    ROW(MAILBOX_FULL, "storage limit"),
    ROW(MAILBOX_FULL, "storage allocation"),
    ROW(MAILBOX_FULL, "over the allowed"),
    ROW(MAILBOX_FULL, "exceeded the local limit"),
    ROW(MAILBOX_FULL, "exceeding receiving limits"),
    ROW(MAILBOX_FULL, "mail file size exceeds"),
    ROW(MAILBOX_FULL, "too many messages on the server"),
    ROW(MAILBOX_FULL, "too much mail data"),
    ROW(MAILBOX_FULL, "exceeds allowed size"),
    ROW(MAILBOX_FULL, "mail system full"),
    ROW(MAILBOX_FULL, "destinataire pleine"),
    ROW(MAILBOX_FULL, "boite~pleine"),
    ROW(MAILBOX_FULL, "postfach~voll"),
    ROW(MAILBOX_FULL, "speicherplatz"),
    ROW(MAILBOX_FULL, "buzon~llen"),
    ROW(MAILBOX_FULL, "casilla~llena"),
    ROW(MAILBOX_FULL, "casella~piena"),
    ROW(MAILBOX_FULL, "caixa~cheia"),
    ROW(MAILBOX_FULL, "skrzynka~pelna"),
    ROW(MAILBOX_FULL, "przepelnion"),
    ROW(MAILBOX_FULL, "переполнен"),
    ROW(MAILBOX_FULL, "容量"),
    ROW(MAILBOX_FULL, "いっぱい"),
    /* The message itself. */
    ROW(TOO_LARGE, "size limit"),
    ROW(TOO_LARGE, "message size"),
    ROW(TOO_LARGE, "email size"),
    ROW(TOO_LARGE, "too large"),
    ROW(TOO_LARGE, "too big"),
    ROW(TOO_LARGE, "message length"),
    ROW(TOO_LARGE, "maximum size"),
    ROW(TOO_LARGE, "databytes limit"),
    ROW(TOO_LARGE, "line limit"),
    ROW(TOO_LARGE, "taille limite"),
    ROW(TOO_LARGE, "recipsizelimit"),
    ROW(UNAUTHENTICATED, "dmarc"),
    ROW(UNAUTHENTICATED, " spf"),
    ROW(UNAUTHENTICATED, "(spf"),
    ROW(UNAUTHENTICATED, "dkim"),
    ROW(UNAUTHENTICATED, "sender policy framework"),
    ROW(UNAUTHENTICATED, "authentication checks"),
    ROW(UNAUTHENTICATED, "unauthenticated email"),
    ROW(UNAUTHENTICATED, "sender is unauthenticated"),
    ROW(VIRUS, " virus"),
    ROW(VIRUS, "malware"),
    ROW(VIRUS, "phishing"),
    ROW(VIRUS, "infected"),
    ROW(VIRUS, "executable attachment"),
    ROW(SPAM, " spam"),
    ROW(SPAM, "(spam"),
    ROW(SPAM, "antispam"),
    ROW(SPAM, "anti-spam"),
    ROW(SPAM, "anti spam"),
    ROW(SPAM, "unsolicited"),
    ROW(SPAM, "unwanted messages"),
    ROW(SPAM, "bulk mail"),
    ROW(SPAM, "bulk e-mail"),
    ROW(SPAM, "bulk email"),
    ROW(SPAM, "bulk.advertising"),
    ROW(SPAM, " ube"),
    ROW(SPAM, "content reject"),
    ROW(SPAM, "content denied"),
    ROW(SPAM, "content filter"),
    ROW(SPAM, "content match"),
    ROW(SPAM, "message filtered"),
    ROW(SPAM, "mail content"),
    ROW(SPAM, "banned content"),
    ROW(SPAM, "unacceptable content"),
    ROW(SPAM, "message was blocked"),
    ROW(SPAM, "our system has detected that this message"),
    ROW(SPAM, "recurrent pattern"),
    ROW(SPAM, "greylist"),
    ROW(SPAM, "mail rejete"),
    ROW(SPAM, "reject, id="),
    ROW(SPAM, "url in message"),
    /* The sending host. */
    ROW(BLOCKED, "blocklist"),
    ROW(BLOCKED, "block list"),
    ROW(BLOCKED, "blacklist"),
    ROW(BLOCKED, "black list"),
    ROW(BLOCKED, "dnsbl"),
    ROW(BLOCKED, " rbl"),
    ROW(BLOCKED, " blocked using"),
    ROW(BLOCKED, " blocked by"),
    ROW(BLOCKED, " blocked -"),
    ROW(BLOCKED, " blocked for"),
    ROW(BLOCKED, "you have been blocked"),
    ROW(BLOCKED, "been blocked"),
    ROW(BLOCKED, "is blocked by"),
    ROW(BLOCKED, "banned"),
    ROW(BLOCKED, "reputation"),
    ROW(BLOCKED, "reverse dns"),
    ROW(BLOCKED, "rdns"),
    ROW(BLOCKED, "ptr record"),
    ROW(BLOCKED, "ptr resource"),
    ROW(BLOCKED, "reverse lookup"),
    ROW(BLOCKED, "unverifyable sending"),
    ROW(BLOCKED, "sending ip"),
    ROW(BLOCKED, "your ip"),
    ROW(BLOCKED, "ip address"),
    ROW(BLOCKED, "invalid ip"),
    ROW(BLOCKED, "adresse ip"),
    ROW(BLOCKED, "dynamic ip"),
    ROW(BLOCKED, "ip name lookup"),
    ROW(BLOCKED, "from ip"),
    ROW(BLOCKED, "this ip"),
    ROW(BLOCKED, "helo command"),
    ROW(BLOCKED, "bad helo"),
    ROW(BLOCKED, "client host"),
    ROW(BLOCKED, "cannot find your hostname"),
    ROW(BLOCKED, "resolve your address"),
    ROW(BLOCKED, "open proxy"),
    ROW(BLOCKED, "open relay which"),
    ROW(BLOCKED, "an open relay."),
    ROW(BLOCKED, "not accepting connections"),
    ROW(BLOCKED, "connections not accepted"),
    ROW(BLOCKED, "connections will not be accepted"),
    ROW(BLOCKED, "connection denied"),
    ROW(BLOCKED, "not allowed to connect"),
    ROW(BLOCKED, "not allowed to send mail"),
    ROW(BLOCKED, "mail exchanger from"),
    ROW(BLOCKED, "server access forbidden"),
    ROW(BLOCKED, "forbidden by"),
    ROW(BLOCKED, "no access from mail server"),
    ROW(BLOCKED, "does not accept mail from"),
    ROW(BLOCKED, "not currently accepting mail from"),
    ROW(BLOCKED, "network is on our"),
    ROW(BLOCKED, "network not allowed"),
    /* OpenSMTPD of the recipient's, others of the sender's. */
    ROW(DOMAIN_UNKNOWN, "- invalid domain name"),
    ROW(BLOCKED, "invalid domain name"),
    ROW(BLOCKED, "user complaints"),
    ROW(BLOCKED, "abus detecte"),
    ROW(BLOCKED, "go away"),
    ROW(BLOCKED, "closing transmission channel"),
    ROW(BLOCKED, "service refuse"),
    /* Who may send what to whom. */
    ROW(RELAYING, "relay"),
    ROW(RELAYING, "not a gateway"),
    ROW(RELAYING, "allowed rcpthost"),
    ROW(RELAYING, "non-local e-mail address"),
    ROW(RELAYING, "don't handle mail for"),
    ROW(RELAYING, "not local host"),
    ROW(POLICY, "policy"),
    ROW(POLICY, "policies"),
    ROW(POLICY, "policy reasons"),
    ROW(POLICY, "not authorized"),
    ROW(POLICY, "not authenticated"),
    ROW(POLICY, "unauthenticated sender"),
    ROW(POLICY, "authentication"),
    ROW(POLICY, "authentification"),
    ROW(POLICY, "tls "),
    ROW(POLICY, "starttls"),
    ROW(POLICY, "encryption"),
    ROW(POLICY, "organizational settings"),
    ROW(POLICY, "members-only"),
    ROW(POLICY, "not a member"),
    ROW(POLICY, "not member"),
    ROW(POLICY, "non-member"),
    ROW(POLICY, "not subscribed"),
    ROW(POLICY, "mailing list"),
    ROW(POLICY, "not allowed to post"),
    ROW(POLICY, "mass mailer"),
    ROW(POLICY, "illegal attachment"),
    ROW(POLICY, "attachment type"),
    ROW(POLICY, "attachment extension"),
    ROW(POLICY, "attachments are not"),
    ROW(POLICY, "or other attachments"),
    ROW(POLICY, "form of attachment"),
    ROW(POLICY, "header error"),
    ROW(POLICY, "low priority"),
    ROW(POLICY, "protocol violation"),
    ROW(CONTENT, "improper use of 8-bit"),
    ROW(CONTENT, "header size"),
    ROW(CONTENT, "headers too large"),
    ROW(CONTENT, "duplicate header"),
    ROW(CONTENT, "rfc 5322"),
    ROW(CONTENT, "rfc compliant"),
    ROW(CONTENT, "mime header"),
    ROW(CONTENT, "received: headers"),
    ROW(CONTENT, "\"received\" headers"),
    ROW(CONTENT, "smtputf8"),
    /* The person, or what was set up for the mailbox. */
    ROW(FILTERED, "recipient preferences"),
    ROW(FILTERED, "user rules"),
    ROW(FILTERED, "user reject"),
    ROW(FILTERED, "user refuses"),
    ROW(FILTERED, "refuse to receive"),
    ROW(FILTERED, "rejected by recipient"),
    ROW(FILTERED, "only accepting mail from"),
    ROW(FILTERED, "not accepting any mail"),
    ROW(FILTERED, "restricted sms"),
    ROW(FILTERED, "protected by"),
    ROW(FILTERED, "notauthorized"),
    ROW(FILTERED, "bounced address"),
    ROW(FILTERED, "email preferences"),
    /* Still there, but shut. Apple and others call an address that is gone inactive. */
    NOBODY(WORDS, "inactive email address"),
    NOBODY(WORDS, "user not active"),
    NOBODY(WORDS, "mailbox is inactive"),
    NOBODY(WORDS, "not an active address"),
    ROW(SUSPENDED, "disabled"),
    ROW(SUSPENDED, "suspend"),
    ROW(SUSPENDED, "inactive"),
    ROW(SUSPENDED, "inactivity"),
    ROW(SUSPENDED, "deactivated"),
    ROW(SUSPENDED, "frozen"),
    ROW(SUSPENDED, "locked"),
    ROW(SUSPENDED, "discontinued"),
    ROW(SUSPENDED, "terminated"),
    ROW(SUSPENDED, "archived recipient"),
    ROW(SUSPENDED, "archivee"),
    ROW(SUSPENDED, "account is blocked"),
    ROW(SUSPENDED, "est bloque"),
    ROW(SUSPENDED, "no longer in use"),
    ROW(SUSPENDED, "no longer being used"),
    ROW(SUSPENDED, "temporarily limited"),
    ROW(SUSPENDED, "unavailable or access den"),
    ROW(SUSPENDED, "deaktiviert"),
    ROW(SUSPENDED, "gesperrt"),
    ROW(SUSPENDED, "desactivado"),
    ROW(SUSPENDED, "desactive"),
    ROW(SUSPENDED, "zablokowan"),
    /* DNS and the way there, where it may heal. */
    ROW(NETWORK, "try again later"),
    ROW(NETWORK, "found, try again"),
    ROW(NETWORK, "please try later"),
    ROW(NETWORK, "malformed or unexpected name server"),
    ROW(NETWORK, "malformed name server"),
    ROW(NETWORK, "host name lookup failure"),
    ROW(NETWORK, "dns query failed"),
    ROW(NETWORK, "dns lookup failed"),
    ROW(NETWORK, "contact dns servers"),
    ROW(NETWORK, "failure in mx lookup"),
    ROW(NETWORK, "no valid route to"),
    ROW(NETWORK, "dns violates"),
    ROW(NETWORK, "loop"),
    ROW(NETWORK, "too many hops"),
    ROW(NETWORK, "hop count"),
    ROW(NETWORK, "maximum hop"),
    ROW(NETWORK, "maximum allowed times"),
    ROW(NETWORK, "no route to host"),
    ROW(NETWORK, "network error"),
    ROW(NETWORK, "recursive cname"),
    ROW(NETWORK, "mail exchanger or ip address"),
    ROW(NETWORK, "couldn't find a mail exchanger"),
    ROW(EXPIRED, "timed out"),
    ROW(EXPIRED, "could not deliver for the last"),
    ROW(EXPIRED, "timeout"),
    ROW(EXPIRED, "expired"),
    ROW(EXPIRED, "in the queue too long"),
    ROW(EXPIRED, "failing for a long time"),
    ROW(EXPIRED, "not reachable"),
    ROW(EXPIRED, "did not accept our requests to connect"),
    ROW(EXPIRED, "connection refused"),
    ROW(EXPIRED, "retry time not reached"),
    ROW(EXPIRED, "has been delayed"),
    ROW(EXPIRED, "not been collected"),
    ROW(EXPIRED, "multiple retries"),
    ROW(EXPIRED, "able to establish an smtp connection"),
    ROW(EXPIRED, "could not be delivered for"),

    /* Gone. */
    ROW(MOVED, "has been replaced by"),
    ROW(MOVED, "no longer on server"),
    ROW(MOVED, "has moved"),
    ROW(MOVED, "not our user"),
    ROW(MOVED, "ist umgezogen"),
    /* The domain takes no mail at all (RFC 7504, RFC 7505). */
    ROW(NO_MAIL, "host does not accept mail"),
    ROW(NO_MAIL, "domain does not accept mail"),
    ROW(NO_MAIL, "does not accept mail (nullmx)"),
    ROW(NO_MAIL, "null mx"),
    ROW(NO_MAIL, "nullmx"),
    ROW(NO_MAIL, "no smtp service"),
    ROW(NO_MAIL, "not accepting network messages"),
    ROW(NO_MAIL, "mail receiving disabled"),
    ROW(NO_MAIL, "no mx record found"),
    ROW(NO_MAIL, "no mx found for"),
    ROW(NO_MAIL, "seem to reject all mails"),
    /* There is no such domain. */
    ROW(DOMAIN_UNKNOWN, "host unknown"),
    ROW(DOMAIN_UNKNOWN, "unknown host"),
    ROW(DOMAIN_UNKNOWN, "host not found"),
    ROW(DOMAIN_UNKNOWN, "host or domain name not found"),
    ROW(DOMAIN_UNKNOWN, "dns lookup failure: host~not found"),
    ROW(DOMAIN_UNKNOWN, "no such domain"),
    ROW(DOMAIN_UNKNOWN, "no such host"),
    ROW(DOMAIN_UNKNOWN, "domain not found"),
    ROW(DOMAIN_UNKNOWN, "domain name not found"),
    ROW(DOMAIN_UNKNOWN, "unknown domain"),
    ROW(DOMAIN_UNKNOWN, "domain does not exist"),
    ROW(DOMAIN_UNKNOWN, "domain doesn't exist"),
    ROW(DOMAIN_UNKNOWN, "domain doesnt exist"),
    ROW(DOMAIN_UNKNOWN, "domain~does not exist"),
    ROW(DOMAIN_UNKNOWN, "nonexistent domain"),
    ROW(DOMAIN_UNKNOWN, "nonexistentdomain"),
    ROW(DOMAIN_UNKNOWN, "non-existent domain"),
    ROW(DOMAIN_UNKNOWN, "nxdomain"),
    ROW(DOMAIN_UNKNOWN, "answer with no data"),
    ROW(DOMAIN_UNKNOWN, "domain~couldn't be found"),
    ROW(DOMAIN_UNKNOWN, "domain must exist"),
    ROW(DOMAIN_UNKNOWN, "domain is not reachable"),
    ROW(DOMAIN_UNKNOWN, "domain mentioned in email address is unknown"),
    ROW(DOMAIN_UNKNOWN, "name or service not known"),
    ROW(DOMAIN_UNKNOWN, "unrouteable address"),
    ROW(DOMAIN_UNKNOWN, "unroutable address"),
    ROW(DOMAIN_UNKNOWN, "couldn't find any host"),
    ROW(DOMAIN_UNKNOWN, "host lookups failed permanently"),
    ROW(DOMAIN_UNKNOWN, "host address lookups failed permanently"),
    ROW(DOMAIN_UNKNOWN, "point to non-existent hosts"),
    ROW(DOMAIN_UNKNOWN, "domain existiert nicht"),
    ROW(DOMAIN_UNKNOWN, "domaine inconnu"),
    ROW(DOMAIN_UNKNOWN, "dominio~no existe"),
    ROW(DOMAIN_UNKNOWN, "domena nie istnieje"),
    /* There is no such mailbox: whoever speaks has the directory. */
    NOBODY(DIRECTORY, "no mailbox here by that name"),
    NOBODY(DIRECTORY, "recipient name is not recognized"),
    NOBODY(DIRECTORY, "000c05a6"),
    NOBODY(DIRECTORY, "not listed in~address book"),
    NOBODY(DIRECTORY, "not listed in~directory"),
    NOBODY(DIRECTORY, "se encuentra en el directorio"),
    NOBODY(DIRECTORY, "repertorie dans l'annuaire"),
    NOBODY(DIRECTORY, "nicht im domino-verzeichnis"),
    NOBODY(DIRECTORY, "ディレクトリには見つかりません"),
    NOBODY(DIRECTORY, "ディレクトリのリストにありません"),
    NOBODY(DIRECTORY, "in name directory"),
    NOBODY(DIRECTORY, "no valid recipients for this"),
    NOBODY(DIRECTORY, "address couldn't be found"),
    NOBODY(DIRECTORY, "wasn't found at the destination domain"),
    NOBODY(DIRECTORY, "address was not found in the recipient"),
    NOBODY(DIRECTORY, "invalid or unknown virtual user"),
    NOBODY(DIRECTORY, "unknown user: \""),
    NOBODY(DIRECTORY, "unknown user: -"),
    NOBODY(DIRECTORY, "invalid final delivery userid"),
    NOBODY(DIRECTORY, "unknown local part"),
    NOBODY(DIRECTORY, "unknown local-part"),
    NOBODY(ACCOUNT, "doesn't have a"),
    NOBODY(ACCOUNT, "account does not exist"),
    /* The words for it. */
    NOBODY(WORDS, "user unknown"),
    NOBODY(WORDS, "userunknown"),
    NOBODY(WORDS, "unknown user"),
    NOBODY(WORDS, "unknown or illegal"),
    NOBODY(WORDS, "unknown mailbox"),
    NOBODY(WORDS, "unknown recipient"),
    NOBODY(WORDS, "unknown address"),
    NOBODY(WORDS, "unknown e-mail"),
    NOBODY(WORDS, "unknown email"),
    NOBODY(WORDS, "unknown virtual"),
    NOBODY(WORDS, "user not found"),
    NOBODY(WORDS, "user not known"),
    NOBODY(WORDS, "user not exist"),
    NOBODY(WORDS, "user does not exist"),
    NOBODY(WORDS, "user doesn't exist"),
    NOBODY(WORDS, "user~does not exist"),
    NOBODY(WORDS, "user~was not found"),
    NOBODY(WORDS, "user~unknown"),
    NOBODY(WORDS, "user invalid"),
    NOBODY(WORDS, "invalid user"),
    NOBODY(WORDS, "not a known user"),
    NOBODY(WORDS, "not a valid user"),
    NOBODY(WORDS, "not a valid mailbox"),
    NOBODY(WORDS, "not a valid recipient"),
    NOBODY(WORDS, "not a valid address"),
    NOBODY(WORDS, "not a local address"),
    NOBODY(WORDS, "no such user"),
    NOBODY(WORDS, "no such mailbox"),
    NOBODY(WORDS, "no such recipient"),
    NOBODY(WORDS, "no such address"),
    NOBODY(WORDS, "no such person"),
    NOBODY(WORDS, "no such account"),
    NOBODY(WORDS, "no such local"),
    NOBODY(WORDS, "no account by that name"),
    NOBODY(WORDS, "no mailbox"),
    NOBODY(WORDS, "no mail box"),
    NOBODY(WORDS, "no one at this address"),
    NOBODY(WORDS, "non-existent user"),
    NOBODY(WORDS, "nonexistent user"),
    NOBODY(WORDS, "nonexistent recipient"),
    NOBODY(WORDS, "recipient unknown"),
    NOBODY(WORDS, "recipient not found"),
    NOBODY(WORDS, "recipient not exist"),
    NOBODY(WORDS, "recipient does not exist"),
    NOBODY(WORDS, "recipient~was not found"),
    NOBODY(WORDS, "recipient is not local"),
    NOBODY(WORDS, "recipient is not accepted"),
    NOBODY(WORDS, "recipient not ok"),
    NOBODY(WORDS, "recipient rejected"),
    NOBODY(WORDS, "recipnotfound"),
    NOBODY(WORDS, "recipientnotfound"),
    NOBODY(WORDS, "invalid recipient"),
    NOBODY(WORDS, "invalid address"),
    NOBODY(WORDS, "invalid mailbox"),
    NOBODY(WORDS, "address invalid"),
    NOBODY(WORDS, "address unknown"),
    NOBODY(WORDS, "address does not exist"),
    NOBODY(WORDS, "address doesn't exist"),
    NOBODY(WORDS, "address not present"),
    NOBODY(WORDS, "address not found"),
    NOBODY(WORDS, "address could not be found"),
    NOBODY(WORDS, "addresses were unknown"),
    NOBODY(WORDS, "bad recipient"),
    NOBODY(WORDS, "bad destination"),
    NOBODY(WORDS, "bad address"),
    NOBODY(WORDS, "badrcptto"),
    NOBODY(WORDS, "badrecipientto"),
    NOBODY(WORDS, "validrcptto"),
    NOBODY(WORDS, "envelope recipient has been denied"),
    NOBODY(WORDS, "mailbox not found"),
    NOBODY(WORDS, "mailbox unavailable"),
    NOBODY(WORDS, "mailbox is unavailable"),
    NOBODY(WORDS, "mailbox unavaiable"),
    NOBODY(WORDS, "mailbox does not exist"),
    NOBODY(WORDS, "mailbox doesn't exist"),
    NOBODY(WORDS, "mailbox~does not exist"),
    NOBODY(WORDS, "mailbox not present"),
    NOBODY(WORDS, "mailbox invalid"),
    NOBODY(WORDS, "mailbox name not allowed"),
    NOBODY(WORDS, "account~does not exist"),
    NOBODY(WORDS, "email account that you tried to reach does not exist"),
    NOBODY(WORDS, "rcpt~does not exist"),
    NOBODY(WORDS, "does not exist."),
    NOBODY(WORDS, "doesn't exist"),
    NOBODY(WORDS, "name is not found"),
    NOBODY(WORDS, "can't accept user"),
    NOBODY(WORDS, "wrong or no longer valid"),
    NOBODY(WORDS, "no longer accepts mail"),
    NOBODY(WORDS, "is no longer valid"),
    NOBODY(WORDS, "missing home directory"),
    NOBODY(WORDS, "> not found"),
    NOBODY(WORDS, "recipient address rejected: access denied"),
    NOBODY(WORDS, "recipient address rejected. "),
    NOBODY(WORDS, "address rejected. "),
    NOBODY(WORDS, "unzustellbar: empfanger"),
    NOBODY(WORDS, "empfanger unbekannt"),
    NOBODY(WORDS, "empfanger~nicht gefunden"),
    NOBODY(WORDS, "empfanger existiert nicht"),
    NOBODY(WORDS, "benutzer unbekannt"),
    NOBODY(WORDS, "unbekannter benutzer"),
    NOBODY(WORDS, "adresse existiert nicht"),
    NOBODY(WORDS, "adresse~nicht gefunden"),
    NOBODY(WORDS, "postfach existiert nicht"),
    NOBODY(WORDS, "utilisateur inconnu"),
    NOBODY(WORDS, "destinataire inconnu"),
    NOBODY(WORDS, "destinataire invalide"),
    NOBODY(WORDS, "adresse~introuvable"),
    NOBODY(WORDS, "n'existe pas"),
    NOBODY(WORDS, "no existe"),
    NOBODY(WORDS, "usuario desconocido"),
    NOBODY(WORDS, "destinatario desconocido"),
    NOBODY(WORDS, "usuario no encontrado"),
    NOBODY(WORDS, "utente sconosciuto"),
    NOBODY(WORDS, "nessun utente"),
    NOBODY(WORDS, "usuario inexistente"),
    NOBODY(WORDS, "nieznany uzytkownik"),
    NOBODY(WORDS, "nieznany odbiorca"),
    NOBODY(WORDS, "nie istnieje"),
    NOBODY(WORDS, "nie znaleziono"),
    NOBODY(WORDS, "gebruiker onbekend"),
    NOBODY(WORDS, "bestaat niet"),
    NOBODY(WORDS, "не существует"),
    NOBODY(WORDS, "не найден"),
    NOBODY(WORDS, "存在しません"),
    NOBODY(WORDS, "見つかりません"),
    NOBODY(WORDS, "用户不存在"),

    /* Vague, and only where nothing else was said. */
    VAGUE(POLICY, "not permitted"),
    VAGUE(POLICY, "not allowed"),
    VAGUE(POLICY, "permission"),
    VAGUE(BLOCKED, "access denied"),
    VAGUE(BLOCKED, "blocked"),
    VAGUE(BLOCKED, "connection reset"),
    VAGUE(BLOCKED, "connection dropped"),
    VAGUE(SYSTEM, "system error"),
    VAGUE(SYSTEM, "internal"),
    VAGUE(SYSTEM, "local error"),
    VAGUE(SYSTEM, "configuration"),
    VAGUE(SYSTEM, "misconfigured"),
    VAGUE(SYSTEM, "command output"),
    VAGUE(SYSTEM, "command died"),
    VAGUE(SYSTEM, "procmail"),
    VAGUE(SYSTEM, "queue file"),
    VAGUE(SYSTEM, "ldap"),
    VAGUE(SYSTEM, "transaction failed"),
    VAGUE(SYSTEM, "service unavailable"),
    VAGUE(SYSTEM, "temporar"),
    VAGUE(FILTERED, "reject"),
    VAGUE(FILTERED, "refuse"),
};

/* ---- answers of providers that are codes of their own ---- */

struct provider_row {
    /* Stands in the words as they are. */
    struct slice mark;
    struct slice says;
    enum bounce_reason reason;
    bool is_hard;
};
static const struct provider_row provider_rows[] = {
    /* au (KDDI): a filter leaves the address out, the directory names it. */
    {SLICE_INIT("550 : user unknown"), SLICE_INIT(""), BOUNCE_FILTERED, false},
    /* i.ua: the reason is the number in its URL. */
    {SLICE_INIT(".i.ua/err/2/"), SLICE_INIT(""), BOUNCE_USER_UNKNOWN, true},
    {SLICE_INIT(".i.ua/err/4/"), SLICE_INIT(""), BOUNCE_MAILBOX_FULL, false},
    {SLICE_INIT(".i.ua/err/10/"), SLICE_INIT(""), BOUNCE_FILTERED, false},
    /* MessageLabs. */
    {SLICE_INIT("542 "), SLICE_INIT("rejected"), BOUNCE_USER_UNKNOWN, true},
    /* Facebook: P1 of a recipient does not exist, all others are settings or blocks. */
    {SLICE_INIT(" rcp-p1 "), SLICE_INIT(""), BOUNCE_USER_UNKNOWN, true},
    {SLICE_INIT(" int-p1 "), SLICE_INIT(""), BOUNCE_USER_UNKNOWN, true},
    {SLICE_INIT(" rcp-"), SLICE_INIT("facebook"), BOUNCE_FILTERED, false},
    /* Cox and Spectrum say in these codes what they think of the sender. */
    {SLICE_INIT("aup#"), SLICE_INIT(""), BOUNCE_BLOCKED, false},
};

static const struct slice au_domains[] = {SLICE_INIT("ezweb.ne.jp"), SLICE_INIT("au.com"),
                                          SLICE_INIT("auone-net.jp"), SLICE_INIT("uqmobile.jp")};

static bool is_au(const struct bounce_facts *facts) {
    for (size_t i = 0; i < sizeof au_domains / sizeof au_domains[0]; i++)
        if (slice_ends_nocase(facts->domain, au_domains[i]) || slice_ends_nocase(facts->host, au_domains[i]))
            return true;
    return false;
}

static bool judge_provider(const struct bounce_facts *facts, struct bounce_verdict *verdict) {
    struct slice words = facts->words.folded;
    for (size_t i = 0; i < sizeof provider_rows / sizeof provider_rows[0]; i++) {
        const struct provider_row *row = &provider_rows[i];
        if (phrase_find(words, row->mark) == SLICE_NOT_FOUND ||
            phrase_find(words, row->says) == SLICE_NOT_FOUND)
            continue;
        *verdict = (struct bounce_verdict){row->reason, row->is_hard, row->mark};
        return true;
    }
    bool is_named = is_au(facts) && phrase_find(words, SLICE(">: user unknown")) != SLICE_NOT_FOUND;
    if (is_named) *verdict = (struct bounce_verdict){BOUNCE_USER_UNKNOWN, true, SLICE(">: user unknown")};
    return is_named;
}

/* ---- the verdict ---- */

/* What stands in the answer itself says more than what the reporter made of it. */
static struct delivery_code best_code(const struct bounce_facts *facts) {
    struct delivery_code own = facts->words.code;
    bool says_more = own.class && (own.subject || facts->status.class == 0 || facts->status.subject == 0);
    return says_more ? own : facts->status;
}

static bool is_temporary(const struct bounce_facts *facts) {
    uint32_t reply = facts->words.reply;
    if (facts->words.code.class == 4 || (reply >= 400 && reply < 500)) return true;
    return facts->status.class == 4;
}

/* Before the recipient was named. */
static bool is_early(enum bounce_stage stage) {
    return stage == BOUNCE_STAGE_CONNECT || stage == BOUNCE_STAGE_MAIL;
}

/* X.1.x that speaks of the recipient: not the sender's codes 7 and 8, nor 9, nor where it moved. */
static bool is_bad_address(struct delivery_code code) {
    bool is_recipient = code.detail <= 4 || code.detail == 10 || code.detail >= 100;
    return code.class == 5 && code.subject == 1 && is_recipient;
}

static bool is_user_gone(const struct bounce_facts *facts, enum worth worth, struct delivery_code code) {
    if (is_bad_address(code) || facts->stage == BOUNCE_STAGE_RCPT) return true;
    bool is_neutral = code.subject != 2 && code.subject != 7;
    if (facts->stage == BOUNCE_STAGE_RCPT_LIKELY && is_neutral) return true;
    if (worth == WORTH_ACCOUNT) return facts->words.reply >= 500;
    return worth == WORTH_DIRECTORY && facts->words.reply == 0;
}

static bool is_for_good(const struct bounce_facts *facts, const struct row *row, struct delivery_code code) {
    if (is_temporary(facts) || is_early(facts->stage)) return false;
    switch (row->reason) {
    case BOUNCE_MOVED:
    case BOUNCE_DOMAIN_UNKNOWN:
    case BOUNCE_NO_MAIL:
        return true;
    case BOUNCE_USER_UNKNOWN:
        return is_user_gone(facts, row->worth, code);
    default:
        return false;
    }
}

/* No words that we know. */
static struct bounce_verdict judge_code(const struct bounce_facts *facts, struct delivery_code code) {
    static const struct {
        uint32_t subject;
        uint32_t detail;
        enum bounce_reason reason;
        bool is_hard;
    } codes[] = {
        {1, 0, BOUNCE_USER_UNKNOWN, true},   {1, 1, BOUNCE_USER_UNKNOWN, true},
        {1, 2, BOUNCE_DOMAIN_UNKNOWN, true}, {1, 3, BOUNCE_USER_UNKNOWN, true},
        {1, 6, BOUNCE_MOVED, true},          {1, 7, BOUNCE_SENDER, false},
        {1, 8, BOUNCE_SENDER, false},        {1, 10, BOUNCE_NO_MAIL, true},
        {2, 1, BOUNCE_SUSPENDED, false},     {2, 2, BOUNCE_MAILBOX_FULL, false},
        {2, 3, BOUNCE_TOO_LARGE, false},     {3, 1, BOUNCE_SYSTEM, false},
        {3, 4, BOUNCE_TOO_LARGE, false},     {4, 6, BOUNCE_NETWORK, false},
        {4, 7, BOUNCE_EXPIRED, false},       {7, 13, BOUNCE_SUSPENDED, false},
        {7, 17, BOUNCE_MOVED, true},         {7, 18, BOUNCE_MOVED, true},
    };
    static const enum bounce_reason subjects[] = {BOUNCE_UNDEFINED, BOUNCE_FILTERED, BOUNCE_FILTERED,
                                                  BOUNCE_SYSTEM,    BOUNCE_NETWORK,  BOUNCE_SYSTEM,
                                                  BOUNCE_CONTENT,   BOUNCE_POLICY};
    struct bounce_verdict verdict = {0};
    if (code.class < 4 || code.subject >= sizeof subjects / sizeof subjects[0]) return verdict;
    verdict.reason = subjects[code.subject];
    bool may_be_hard = !is_temporary(facts) && !is_early(facts->stage);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (code.subject != codes[i].subject || code.detail != codes[i].detail) continue;
        verdict.reason = codes[i].reason;
        verdict.is_hard = codes[i].is_hard && may_be_hard;
    }
    if (verdict.reason == BOUNCE_USER_UNKNOWN && !verdict.is_hard) verdict.reason = BOUNCE_FILTERED;
    return verdict;
}

struct bounce_verdict bounce_judge(const struct bounce_facts *facts) {
    struct bounce_verdict verdict;
    struct delivery_code code = best_code(facts);
    if (judge_provider(facts, &verdict)) {
        verdict.is_hard = verdict.is_hard && !is_temporary(facts);
        return verdict;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (phrase_find(facts->words.clean, rows[i].phrase) == SLICE_NOT_FOUND) continue;
        verdict = judge_code(facts, code);
        if (rows[i].worth == WORTH_VAGUE && verdict.is_hard) return verdict;
        verdict = (struct bounce_verdict){rows[i].reason, is_for_good(facts, &rows[i], code), rows[i].phrase};
        /* Words that are no more than words: it may be a filter that says so. */
        if (verdict.reason == BOUNCE_USER_UNKNOWN && !verdict.is_hard) verdict.reason = BOUNCE_FILTERED;
        return verdict;
    }
    return judge_code(facts, code);
}
