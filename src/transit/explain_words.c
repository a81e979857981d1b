/* What is said about each refusal: what happened, what the postmaster can do, what the sender can do. */
#include "transit/explain_table.h"

/* Said of more than one. */
#define NOTHING_HERE "There is nothing to do on this server."
#define CHECK_THE_ADDRESS \
    "Check the spelling of the address, or ask the recipient by another way which address they use now."
#define ASK_YOUR_POSTMASTER                                                                           \
    "Only those who run your mail server can mend this: show them this report, and send the message " \
    "again when they have."
#define TELL_THE_RECIPIENT \
    "Tell the recipient by another way: only those who run the recipient's mail server can mend this."
#define SEND_LATER "Send the message again later."
#define AUTHENTICATE                                                                                    \
    "See that the sender's domain has an SPF record that names this server's addresses, that messages " \
    "are signed with DKIM by that domain, and that its DMARC record fits both."
#define FIND_THE_SOURCE                                                                                \
    "See that no account here sends spam and no forwarding passes it on; then ask the list to remove " \
    "this server's address, by the link in its answer."
#define MEND_PTR                                                                                           \
    "Have the provider of this server's address set its reverse DNS (PTR) to this server's hostname, and " \
    "let that name lead back to the address."
#define SEND_SLOWER                                                                                    \
    "Nothing, if it passes within hours; if not, look for an account that sends more than it should, " \
    "and send slower there."

#define WORDS(refusal, name, whose, what, postmaster, sender) \
    [REFUSAL_##refusal] = {name, EXPLAIN_##whose, what, postmaster, sender}

const struct explanation explain_words[REFUSALS] = {
    WORDS(NO_SUCH_DOMAIN, "no-such-domain", SENDER,
          "There is no domain of that name: what stands behind the @ of the address does not exist.",
          NOTHING_HERE, CHECK_THE_ADDRESS),
    WORDS(NULL_MX, "null-mx", RECIPIENT, "The domain of the address says that it takes no mail at all.",
          NOTHING_HERE, CHECK_THE_ADDRESS),
    WORDS(DNS_FAILED, "dns-failed", THEIRS,
          "The name servers of the recipient's domain give no usable answer, so that its mail server cannot "
          "be found.",
          "If it happens with every domain, look at this server's own resolver; if with this one only, its "
          "name servers or their signatures (DNSSEC) are broken.",
          TELL_THE_RECIPIENT),
    WORDS(NO_ROUTE, "no-route", THEIRS, "No way leads to the recipient's mail server.",
          "See whether this server reaches the host by other means; with IPv6 only or IPv4 only on one of "
          "both sides there is none.",
          TELL_THE_RECIPIENT),
    WORDS(CONNECTION_REFUSED, "connection-refused", THEIRS,
          "The recipient's mail server does not take connections.",
          "If it happens with every destination, outgoing port 25 is blocked: ask the provider of this "
          "server, or send by a smarthost.",
          TELL_THE_RECIPIENT),
    WORDS(CONNECTION_TIMED_OUT, "connection-timed-out", THEIRS,
          "The recipient's mail server did not answer in time.",
          "If it happens with every destination, outgoing port 25 is blocked: ask the provider of this "
          "server, or send by a smarthost.",
          TELL_THE_RECIPIENT),
    WORDS(CONNECTION_LOST, "connection-lost", THEIRS,
          "The connection to the recipient's mail server broke off before it had taken the message.",
          "If it happens with large messages only, look at the path's MTU; else it is their server's.",
          SEND_LATER),
    WORDS(LOOP_TO_SELF, "loop-to-self", OURS,
          "The recipient's domain says that this server takes its mail, but this server does not know it.",
          "Add the domain here if it belongs here; else its MX record is wrong, and who keeps it must "
          "change it.",
          ASK_YOUR_POSTMASTER),
    WORDS(TLS_FAILED, "tls-failed", THEIRS,
          "No encrypted connection with the recipient's mail server could be made, and without one the "
          "message must not be sent.",
          "Look at what its certificate or its DANE or MTA-STS policy says; only who runs that server can "
          "mend it.",
          TELL_THE_RECIPIENT),
    WORDS(UTF8_UNSUPPORTED, "utf8-unsupported", THEIRS,
          "An address or the header of the message has letters outside ASCII, and the recipient's mail "
          "server does not take such mail.",
          NOTHING_HERE, "Send it from, and to, addresses that have ASCII letters only."),
    WORDS(CONVERSION_FORBIDDEN, "conversion-forbidden", THEIRS,
          "The recipient's mail server takes 7-bit text only, and the message is signed, so that it must "
          "not be rewritten on its way.",
          NOTHING_HERE, "Send it without a signature, or with your mail program set to encode as 7-bit."),
    WORDS(EXPIRED, "expired", TEMPORARY,
          "It was tried for as long as this server tries, and the recipient's mail server did not take it.",
          "Look at the attempts of this message to see what stood in the way.",
          "Send it again if it still matters, or reach the recipient by another way."),

    WORDS(GMAIL_UNAUTHENTICATED, "gmail-unauthenticated", OURS,
          "Gmail does not take the message because it cannot tell that it comes from the domain it names "
          "as its sender.",
          AUTHENTICATE, ASK_YOUR_POSTMASTER),
    WORDS(GMAIL_PTR, "gmail-ptr", OURS,
          "Gmail does not take mail from this server because its address has no name that leads back to it.",
          MEND_PTR, ASK_YOUR_POSTMASTER),
    WORDS(GMAIL_REPUTATION, "gmail-reputation", OURS,
          "Gmail does not take the message because it has a low opinion of this server's address or of the "
          "sender's domain.",
          "Look at Google's Postmaster Tools for the domain, see that no account here sends spam, and send "
          "little to Gmail for some days: a new address has to earn its reputation.",
          ASK_YOUR_POSTMASTER),
    WORDS(GMAIL_SPAM, "gmail-spam", SENDER, "Gmail takes the message for spam.",
          "If it happens with ordinary messages, look at Google's Postmaster Tools, and at SPF, DKIM and "
          "DMARC of the domain.",
          "Write it differently, with fewer links and a plain subject, or reach the recipient by another "
          "way."),
    WORDS(GMAIL_RATE, "gmail-rate", OURS,
          "Gmail sees more mail from this server than it is used to, and takes no more of it for now.",
          SEND_SLOWER, SEND_LATER),
    WORDS(GMAIL_RECIPIENT_RATE, "gmail-recipient-rate", RECIPIENT,
          "The recipient's mailbox at Gmail gets more messages just now than Gmail allows.", NOTHING_HERE,
          SEND_LATER),
    WORDS(GMAIL_TLS, "gmail-tls", OURS, "Gmail takes the message over an encrypted connection only.",
          "Let this server use TLS when it sends: no route or rule may forbid it.", ASK_YOUR_POSTMASTER),
    WORDS(GMAIL_ATTACHMENT, "gmail-attachment", SENDER,
          "Gmail does not take an attachment of this kind, even inside of an archive.", NOTHING_HERE,
          "Put the file where it can be fetched, and send the link instead."),
    WORDS(MICROSOFT_BLOCK_LIST, "microsoft-block-list", OURS,
          "Outlook.com does not take mail from this server's address, or from the network it is in.",
          "Ask for its removal with Microsoft's sender support form, and join SNDS, where Microsoft shows "
          "what it knows of an address; a network that is listed as a whole is its provider's to mend.",
          ASK_YOUR_POSTMASTER),
    WORDS(MICROSOFT_BANNED, "microsoft-banned", OURS,
          "Microsoft 365 has banned this server's address or the sender's address.",
          "See that no account here sends spam; then ask for removal at sender.office.com.",
          ASK_YOUR_POSTMASTER),
    WORDS(MICROSOFT_RATE, "microsoft-rate", OURS,
          "Microsoft takes little mail from this server for now, because it does not know its address well "
          "or is busy.",
          "It passes as the address gets known; SNDS shows what Microsoft sees of it.", SEND_LATER),
    WORDS(MICROSOFT_UNAUTHENTICATED, "microsoft-unauthenticated", OURS,
          "Microsoft does not take the message because it cannot tell that it comes from the domain it names "
          "as its sender.",
          AUTHENTICATE, ASK_YOUR_POSTMASTER),
    WORDS(MICROSOFT_RECIPIENT, "microsoft-recipient", SENDER,
          "The address does not exist at the organisation, whose mail is at Microsoft.", NOTHING_HERE,
          CHECK_THE_ADDRESS),
    WORDS(MICROSOFT_RESTRICTED, "microsoft-restricted", RECIPIENT,
          "The recipient takes mail from certain senders only, mostly those of the same organisation.",
          NOTHING_HERE, "Ask the recipient by another way to let your address in."),
    WORDS(YAHOO_DEFERRED, "yahoo-deferred", OURS,
          "Yahoo takes no mail from this server for now: there was more than it expected, or its users "
          "complained.",
          "See that no account here sends spam and that newsletters go to those only who want them; then "
          "wait. It lasts hours, sometimes days.",
          SEND_LATER),
    WORDS(
        YAHOO_POLICY, "yahoo-policy", SENDER,
        "Yahoo does not take the message because of what it says or where its links lead.",
        "If it happens with ordinary messages, look at SPF, DKIM and DMARC, and ask Yahoo's sender support.",
        "Write it differently, with fewer links, or reach the recipient by another way."),
    WORDS(YAHOO_UNAUTHENTICATED, "yahoo-unauthenticated", OURS,
          "Yahoo does not take the message because it cannot tell that it comes from the domain it names as "
          "its sender.",
          AUTHENTICATE, ASK_YOUR_POSTMASTER),
    WORDS(ICLOUD_POLICY, "icloud-policy", OURS,
          "iCloud does not take the message: what it says or where it comes from looks like spam there.",
          "Check SPF, DKIM and DMARC and the block lists; then write to Apple's iCloud postmaster with the "
          "log of an attempt.",
          "Write it differently, with fewer links, or reach the recipient by another way."),
    WORDS(ICLOUD_RATE, "icloud-rate", OURS, "iCloud takes no more mail from this server for now.",
          SEND_SLOWER, SEND_LATER),
    WORDS(GMX_BLOCK_LIST, "gmx-block-list", OURS,
          "GMX and WEB.DE do not take mail from this server's address.",
          "Open the link in their answer: it says why, and has the form to ask for removal.",
          ASK_YOUR_POSTMASTER),
    WORDS(GMX_PTR, "gmx-ptr", OURS,
          "GMX and WEB.DE do not take mail from this server because its address has no proper name.",
          MEND_PTR, ASK_YOUR_POSTMASTER),
    WORDS(GMX_POLICY, "gmx-policy", OURS,
          "GMX and WEB.DE do not take the message because of their rules for senders.",
          "Open the link in their answer: it names the rule. Mostly it is the header, SPF, or mail to too "
          "many addresses that do not exist.",
          ASK_YOUR_POSTMASTER),
    WORDS(TONLINE_REPUTATION, "t-online-reputation", OURS,
          "T-Online takes mail only from servers that it knows, and does not know this one.",
          "Write to the address in their answer, from another mailbox, naming this server's address; its "
          "hostname should show a web page that says who runs it.",
          ASK_YOUR_POSTMASTER),

    WORDS(LIST_BROKEN, "block-list-misused", THEIRS,
          "The recipient's mail server asks a block list in a way the list does not answer, and takes that "
          "for a listing of this server.",
          "This server is not listed: tell the other postmaster that their block list lookups fail.",
          TELL_THE_RECIPIENT),
    WORDS(SPAMHAUS_DOMAIN, "spamhaus-domain", SENDER,
          "A domain that the message names, or the sender's own, is on a Spamhaus list.",
          "Look the domain up at Spamhaus, and ask for its removal if it is one of yours.",
          "Take out links to other sites and try again."),
    WORDS(SPAMHAUS, "spamhaus", OURS, "This server's address is on a Spamhaus list.", FIND_THE_SOURCE,
          ASK_YOUR_POSTMASTER),
    WORDS(BARRACUDA, "barracuda", OURS, "This server's address is on Barracuda's list.", FIND_THE_SOURCE,
          ASK_YOUR_POSTMASTER),
    WORDS(SPAMCOP, "spamcop", OURS, "This server's address is on SpamCop's list.",
          "See that no account here sends spam; the listing ends by itself a day or so after the last "
          "report.",
          ASK_YOUR_POSTMASTER),
    WORDS(PROOFPOINT, "proofpoint", OURS, "This server's address is on Proofpoint's list.", FIND_THE_SOURCE,
          ASK_YOUR_POSTMASTER),
    WORDS(CLOUDMARK, "cloudmark", OURS, "This server's address is on Cloudmark's list.", FIND_THE_SOURCE,
          ASK_YOUR_POSTMASTER),
    WORDS(BLOCK_LIST, "block-list", OURS,
          "The recipient's mail server refuses this server's address because of a block list or its "
          "reputation.",
          FIND_THE_SOURCE, ASK_YOUR_POSTMASTER),

    WORDS(GREYLISTED, "greylisted", TEMPORARY,
          "The recipient's mail server asks every sender it does not know to come back later.", NOTHING_HERE,
          "Nothing: the next attempt is mostly taken."),
    WORDS(DMARC, "dmarc", OURS,
          "The sender's domain says that messages which do not prove to be from it are to be refused, and "
          "this one did not.",
          AUTHENTICATE, ASK_YOUR_POSTMASTER),
    WORDS(SPF, "spf", OURS,
          "The SPF record of the sender's domain does not allow this server to send for it.",
          "Add this server's addresses to the SPF record of the sender's domain; for forwarded mail, let it "
          "be sent under a domain of yours.",
          ASK_YOUR_POSTMASTER),
    WORDS(DKIM, "dkim", OURS, "The message's DKIM signature is missing, or did not hold.",
          "See that the public key in DNS fits the key that signs, and that nothing changes messages after "
          "they were signed.",
          ASK_YOUR_POSTMASTER),
    WORDS(PTR, "ptr", OURS, "This server's address has no name, or none that leads back to it.", MEND_PTR,
          ASK_YOUR_POSTMASTER),
    WORDS(HELO, "helo", OURS,
          "The recipient's mail server does not like the name by which this server introduces itself.",
          "Set the hostname to a full name that DNS knows, and that leads to this server's address.",
          ASK_YOUR_POSTMASTER),
    WORDS(SENDER_DOMAIN, "sender-domain", OURS,
          "The recipient's mail server cannot find the domain of the sender's address.",
          "See that the sender's domain has MX or address records that everybody can look up.",
          "Check the sender's address in your mail program."),
    WORDS(SENDER_VERIFY, "sender-verify", OURS,
          "The recipient's mail server asked whether the sender's address takes mail, and heard no.",
          "See that the sender's address exists here and that this server can be reached from outside on "
          "port 25.",
          "Check the sender's address in your mail program."),
    WORDS(TLS_REQUIRED, "tls-required", OURS,
          "The recipient's mail server takes mail over encrypted connections only.",
          "Let this server use TLS when it sends: no route or rule may forbid it.", ASK_YOUR_POSTMASTER),
    WORDS(LOGIN_FAILED, "login-failed", OURS,
          "The server through which mail is sent does not accept this server's login.",
          "Check user and password of the smarthost route.", ASK_YOUR_POSTMASTER),
    WORDS(RELAY_DENIED, "relay-denied", THEIRS,
          "The server that should take mail for the recipient's domain says that it does not.",
          "If mail goes by a smarthost, see that it lets this server send; else the MX record of the "
          "recipient's domain is wrong.",
          CHECK_THE_ADDRESS),
    WORDS(VIRUS, "virus", SENDER, "The recipient's mail server found a virus in the message, or thinks so.",
          "If it is true, find the machine it came from.",
          "Have your computer and the attached files checked; then send it without them."),
    WORDS(ATTACHMENT, "attachment", SENDER,
          "The recipient's mail server does not take an attachment of this kind.", NOTHING_HERE,
          "Put the file where it can be fetched, and send the link instead."),
    WORDS(SPAM, "spam", SENDER, "The recipient's mail server takes the message for spam.",
          "If it happens with ordinary messages, look at SPF, DKIM and DMARC of the domain, and at the block "
          "lists.",
          "Write it differently, with fewer links and a plain subject, or reach the recipient by another "
          "way."),
    WORDS(MAILBOX_FULL, "mailbox-full", RECIPIENT, "The recipient's mailbox is full.", NOTHING_HERE,
          "Tell the recipient by another way, and send it again when there is room."),
    WORDS(SYSTEM_FULL, "system-full", THEIRS, "The recipient's mail server has no room left.", NOTHING_HERE,
          SEND_LATER),
    WORDS(DISABLED, "mailbox-disabled", RECIPIENT,
          "The address exists, but its mailbox was switched off and takes no mail.",
          "If a list sends there, take the address off it.", CHECK_THE_ADDRESS),
    WORDS(MOVED, "moved", RECIPIENT, "The recipient has moved to another address.",
          "If a list sends there, take the address off it.", CHECK_THE_ADDRESS),
    WORDS(USER_UNKNOWN, "user-unknown", SENDER, "There is no such address at the recipient's domain.",
          "If a list sends there, take the address off it.", CHECK_THE_ADDRESS),
    WORDS(RECIPIENT_UNVERIFIED, "recipient-unverified", THEIRS,
          "The recipient's mail server cannot tell just now whether the address exists.", NOTHING_HERE,
          "Check the spelling of the address; if it is right, wait."),
    WORDS(TOO_BIG, "too-big", SENDER, "The message is larger than the recipient's mail server takes.",
          NOTHING_HERE,
          "Send it without the attachments, or put them where they can be fetched and send the link."),
    WORDS(TOO_MANY_RECIPIENTS, "too-many-recipients", SENDER,
          "The message has more recipients than their mail server takes at once.", NOTHING_HERE,
          "Send it to fewer at a time."),
    WORDS(RATE, "rate", OURS,
          "The recipient's mail server takes no more from this server for now: there was too much in a "
          "short time.",
          SEND_SLOWER, SEND_LATER),
    WORDS(LOOP, "loop", THEIRS,
          "The message went round in a circle between mail servers, because one forwards to the other.",
          "See that no forwarding here leads back to where the mail comes from.", TELL_THE_RECIPIENT),
    WORDS(RESTRICTED, "restricted", RECIPIENT, "The recipient takes mail from certain senders only.",
          NOTHING_HERE, "Ask the recipient by another way to let your address in."),
    WORDS(MALFORMED, "malformed", SENDER,
          "The recipient's mail server says that the message is not built as it must be.",
          "See which program wrote the message: other servers may be more lenient.",
          "Send it with another mail program."),
    WORDS(BUSY, "busy", TEMPORARY, "The recipient's mail server cannot take mail just now.", NOTHING_HERE,
          SEND_LATER),
    WORDS(POLICY, "policy", THEIRS,
          "The recipient's mail server does not take the message because of its own rules.",
          "Its answer may name the rule; if not, ask the other postmaster.", TELL_THE_RECIPIENT),
    WORDS(REFUSED, "refused", THEIRS, "The recipient's mail server refused the message.",
          "Its answer may say why; if not, ask the other postmaster.", TELL_THE_RECIPIENT),
    WORDS(DEFERRED, "deferred", TEMPORARY, "The recipient's mail server did not take the message for now.",
          NOTHING_HERE, SEND_LATER),
};
