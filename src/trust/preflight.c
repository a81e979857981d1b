#include "trust/preflight.h"

#include "base/limits.h"

const char *preflight_receiver_word(enum preflight_receiver receiver) {
    static const char *const words[PREFLIGHT_RECEIVERS] = {"gmail", "yahoo", "microsoft", "others"};
    return words[receiver];
}

/* ---- whose mail it is ---- */

static const struct {
    /* A domain, the first label of several ("yahoo." of yahoo.de), or the end of an exchange's name. */
    struct slice name;
    enum { WHOLE, START, EXCHANGE } part;
    enum preflight_receiver receiver;
} homes[] = {{SLICE_INIT("gmail.com"), WHOLE, PREFLIGHT_GMAIL},
             {SLICE_INIT("googlemail.com"), WHOLE, PREFLIGHT_GMAIL},
             {SLICE_INIT("google.com"), EXCHANGE, PREFLIGHT_GMAIL},
             {SLICE_INIT("googlemail.com"), EXCHANGE, PREFLIGHT_GMAIL},
             {SLICE_INIT("yahoo."), START, PREFLIGHT_YAHOO},
             {SLICE_INIT("ymail.com"), WHOLE, PREFLIGHT_YAHOO},
             {SLICE_INIT("rocketmail.com"), WHOLE, PREFLIGHT_YAHOO},
             {SLICE_INIT("aol.com"), WHOLE, PREFLIGHT_YAHOO},
             {SLICE_INIT("yahoodns.net"), EXCHANGE, PREFLIGHT_YAHOO},
             {SLICE_INIT("outlook."), START, PREFLIGHT_MICROSOFT},
             {SLICE_INIT("hotmail."), START, PREFLIGHT_MICROSOFT},
             {SLICE_INIT("live."), START, PREFLIGHT_MICROSOFT},
             {SLICE_INIT("msn.com"), WHOLE, PREFLIGHT_MICROSOFT},
             {SLICE_INIT("protection.outlook.com"), EXCHANGE, PREFLIGHT_MICROSOFT}};

static bool is_below(struct slice name, struct slice zone) {
    if (slice_equal_nocase(name, zone)) return true;
    return name.len > zone.len && name.ptr[name.len - zone.len - 1] == '.' && slice_ends_nocase(name, zone);
}

enum preflight_receiver preflight_receiver_of(struct slice domain, struct slice exchange) {
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        bool is_it = homes[i].part == WHOLE   ? slice_equal_nocase(domain, homes[i].name)
                     : homes[i].part == START ? slice_starts_nocase(domain, homes[i].name)
                                              : is_below(exchange, homes[i].name);
        if (is_it) return homes[i].receiver;
    }
    return PREFLIGHT_OTHERS;
}

/* ---- what they ask; each true: the message does not have it ---- */

static bool is_bulk(const struct preflight_facts *f) {
    return f->is_marketing || f->volume >= PREFLIGHT_BULK_MESSAGES;
}
static bool lacks_spf(const struct preflight_facts *f) { return f->spf != TRUST_PASS; }
static bool lacks_dkim(const struct preflight_facts *f) { return f->dkim != TRUST_PASS; }
static bool is_aligned(const struct preflight_facts *f) { return f->is_spf_aligned || f->is_dkim_aligned; }

static bool is_unauthenticated(const struct preflight_facts *f) { return lacks_spf(f) && lacks_dkim(f); }
static bool is_unauthenticated_v6(const struct preflight_facts *f) {
    return f->is_ipv6 && is_unauthenticated(f);
}
static bool is_rejected_by_owner(const struct preflight_facts *f) {
    return f->policy == PREFLIGHT_REJECT && !is_aligned(f);
}
static bool is_quarantined_by_owner(const struct preflight_facts *f) {
    return f->policy == PREFLIGHT_QUARANTINE && !is_aligned(f);
}
static bool lacks_name(const struct preflight_facts *f) { return f->iprev != TRUST_PASS; }
static bool lacks_name_v4(const struct preflight_facts *f) { return !f->is_ipv6 && lacks_name(f); }
static bool lacks_name_v6(const struct preflight_facts *f) { return f->is_ipv6 && lacks_name(f); }
static bool lacks_tls(const struct preflight_facts *f) { return !f->is_tls; }
static bool is_bulk_without_spf(const struct preflight_facts *f) {
    return is_bulk(f) && lacks_spf(f) && !lacks_dkim(f);
}
static bool is_bulk_without_dkim(const struct preflight_facts *f) {
    return is_bulk(f) && lacks_dkim(f) && !lacks_spf(f);
}
static bool is_bulk_without_dmarc(const struct preflight_facts *f) {
    return is_bulk(f) && f->policy == PREFLIGHT_NO_RECORD;
}
static bool is_bulk_unaligned(const struct preflight_facts *f) {
    return is_bulk(f) && f->policy != PREFLIGHT_NO_RECORD && !is_unauthenticated(f) && !is_aligned(f);
}
static bool is_bulk_below_level(const struct preflight_facts *f) {
    return is_bulk(f) &&
           (lacks_spf(f) || lacks_dkim(f) || f->policy == PREFLIGHT_NO_RECORD || !is_aligned(f));
}
/* Twice what a receiver knows, and more than a person's mail. */
static bool is_spike(const struct preflight_facts *f) {
    return f->volume >= PREFLIGHT_SPIKE_MESSAGES && f->usual * 2 <= f->volume;
}
static bool is_list_mail(const struct preflight_facts *f) {
    return is_bulk(f) || f->message->has_list_id || f->message->has_unsubscribe;
}
static bool lacks_one_click(const struct preflight_facts *f) {
    return is_list_mail(f) && !(f->message->has_one_click && f->message->has_unsubscribe_https);
}
static bool is_one_click_unsigned(const struct preflight_facts *f) {
    return is_list_mail(f) && !lacks_one_click(f) && !f->is_unsubscribe_signed;
}
static bool lacks_one_author(const struct preflight_facts *f) {
    return f->message->counts[PREFLIGHT_FROM] != 1 || f->message->author_count != 1 ||
           f->message->has_author_group;
}
static bool lacks_message_id(const struct preflight_facts *f) {
    return f->message->counts[PREFLIGHT_MESSAGE_ID] == 0 || f->message->is_message_id_bad;
}
static bool has_doubled_fields(const struct preflight_facts *f) {
    for (size_t i = PREFLIGHT_FROM + 1; i < PREFLIGHT_FIELDS; i++)
        if (f->message->counts[i] > 1) return true;
    return false;
}
static bool lacks_date(const struct preflight_facts *f) {
    return f->message->counts[PREFLIGHT_DATE] == 0 || f->message->is_date_bad;
}
static bool has_bad_lines(const struct preflight_facts *f) {
    return f->message->has_long_lines || f->message->has_bare_ends;
}
static bool has_8bit_header(const struct preflight_facts *f) { return f->message->has_8bit_header; }
static bool has_false_name(const struct preflight_facts *f) { return f->message->has_false_name; }
static bool has_false_reply(const struct preflight_facts *f) { return f->message->has_false_reply; }
static bool is_over_gmail(const struct preflight_facts *f) {
    return f->message->bytes > PREFLIGHT_GMAIL_BYTES;
}
static bool is_over_yahoo(const struct preflight_facts *f) {
    return f->message->bytes > PREFLIGHT_YAHOO_BYTES;
}
static bool is_over_microsoft(const struct preflight_facts *f) {
    return f->message->bytes > PREFLIGHT_MICROSOFT_BYTES;
}
static bool is_over_most(const struct preflight_facts *f) {
    return f->message->bytes > PREFLIGHT_USUAL_BYTES;
}
static bool has_spf_fail(const struct preflight_facts *f) { return f->spf == TRUST_FAIL; }
static bool has_spf_permerror(const struct preflight_facts *f) { return f->spf == TRUST_PERMERROR; }
static bool has_broken_dkim(const struct preflight_facts *f) {
    return f->dkim == TRUST_FAIL || f->dkim == TRUST_PERMERROR;
}

/* ---- what they say, the first of a receiver that holds first ---- */

/*
 * Where the codes are from:
 * Gmail: "Gmail SMTP errors and codes" (support.google.com/a/answer/3726730, of February 2026) and "Email
 *   sender guidelines FAQ" (answer/14229414, of March 2026). They differ in one: no DMARC record is 4.7.31 in
 *   the FAQ, and 421 4.7.40 or 550 5.7.40 in the list.
 * Microsoft: "Email non-delivery reports and SMTP errors in Exchange Online" (5.7.25, 5.7.509, 5.7.512),
 *   "Support for anonymous inbound email messages over IPv6" (450 4.7.25, 450 4.7.26), "Outlook's new
 *   requirements for high-volume senders" of April 2025 (5.7.515); 451 4.7.650 and 552 5.3.4 are what its
 *   hosts answer.
 * Yahoo: "SMTP error codes" (senders.yahooinc.com, of February 2026) names reasons and 421, 553 and 554; 550
 *   5.7.9 ("requires all senders to authenticate", "SPF alone is not sufficient") and 554 5.7.9 are what its
 *   hosts answer.
 * Others: RFC 7372, RFC 1870.
 * Sizes: Gmail's limit of receiving (50 MB; more for some who pay); what the hosts of Yahoo and Microsoft
 *   announce (SIZE 41943040 and SIZE 49283072).
 */

#define G (1u << PREFLIGHT_GMAIL)
#define Y (1u << PREFLIGHT_YAHOO)
#define M (1u << PREFLIGHT_MICROSOFT)
#define O (1u << PREFLIGHT_OTHERS)

#define TEXT SLICE_INIT
#define PUBLISH_ADVICE TEXT("publish what posthaste domain dns prints, and look with posthaste domain check")
#define PTR_ADVICE \
    TEXT("have the provider of the address set its reverse DNS to this host's name, which must lead back")
#define FORM_ADVICE TEXT("correct it in the program that writes the message")
#define SIZE_ADVICE TEXT("put what is large where it can be fetched, and send the link")

static const struct rule {
    unsigned receivers;
    bool (*holds)(const struct preflight_facts *facts);
    enum preflight_weight weight;
    struct slice code;
    struct slice put_off;
    struct slice text;
    struct slice advice;
} rules[] = {
    {G, lacks_name, PREFLIGHT_REFUSED, TEXT("550 5.7.25"), TEXT("451 4.7.23"),
     TEXT("The address has no name that leads back to it."), PTR_ADVICE},
    {M, lacks_name_v6, PREFLIGHT_REFUSED, TEXT("550 5.7.25"), TEXT("450 4.7.25"),
     TEXT("The IPv6 address has no name that leads back to it."), PTR_ADVICE},
    {O, lacks_name, PREFLIGHT_REFUSED, TEXT("550 5.7.25"), TEXT(""),
     TEXT("The address has no name that leads back to it."), PTR_ADVICE},
    {M, lacks_name_v4, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("The address has no name that leads back to it."), PTR_ADVICE},
    {Y, lacks_name, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("The address has no name that leads back to it."), PTR_ADVICE},
    {G, lacks_tls, PREFLIGHT_REFUSED, TEXT("550 5.7.29"), TEXT("421 4.7.29"),
     TEXT("It would be sent without TLS."), TEXT("let no route say --tls never")},
    {Y | M | O, lacks_tls, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""), TEXT("It would be sent without TLS."),
     TEXT("let no route say --tls never")},
    {G, lacks_one_author, PREFLIGHT_REFUSED, TEXT("550 5.7.1"), TEXT(""),
     TEXT("It does not have exactly one From field with one address."), FORM_ADVICE},
    {M, lacks_one_author, PREFLIGHT_REFUSED, TEXT("550 5.7.512"), TEXT(""),
     TEXT("It does not have exactly one From field with one address."), FORM_ADVICE},
    {Y | O, lacks_one_author, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("It does not have exactly one From field with one address: DMARC fails."), FORM_ADVICE},
    {G | O, is_rejected_by_owner, PREFLIGHT_REFUSED, TEXT("550 5.7.26"), TEXT(""),
     TEXT("The domain of From asks to reject what nobody of it vouches for (DMARC p=reject)."),
     PUBLISH_ADVICE},
    {Y, is_rejected_by_owner, PREFLIGHT_REFUSED, TEXT("554 5.7.9"), TEXT(""),
     TEXT("The domain of From asks to reject what nobody of it vouches for (DMARC p=reject)."),
     PUBLISH_ADVICE},
    {M, is_rejected_by_owner, PREFLIGHT_REFUSED, TEXT("550 5.7.509"), TEXT(""),
     TEXT("The domain of From asks to reject what nobody of it vouches for (DMARC p=reject)."),
     PUBLISH_ADVICE},
    {G, is_unauthenticated, PREFLIGHT_REFUSED, TEXT("550 5.7.26"), TEXT("421 4.7.26"),
     TEXT("Neither SPF nor DKIM passes."), PUBLISH_ADVICE},
    {Y, is_unauthenticated, PREFLIGHT_REFUSED, TEXT("550 5.7.9"), TEXT(""),
     TEXT("Neither SPF nor DKIM passes."), PUBLISH_ADVICE},
    {M, is_bulk_below_level, PREFLIGHT_REFUSED, TEXT("550 5.7.515"), TEXT(""),
     TEXT("Of a sender of many messages SPF and DKIM must pass, and DMARC must be there and hold."),
     PUBLISH_ADVICE},
    {M, is_unauthenticated_v6, PREFLIGHT_REFUSED, TEXT(""), TEXT("450 4.7.26"),
     TEXT("Neither SPF nor DKIM passes, one of which must over IPv6."), PUBLISH_ADVICE},
    {M | O, is_unauthenticated, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""), TEXT("Neither SPF nor DKIM passes."),
     PUBLISH_ADVICE},
    {O, has_spf_fail, PREFLIGHT_REFUSED, TEXT("550 5.7.23"), TEXT(""),
     TEXT("The sender's SPF record says that this host may not send for it."), PUBLISH_ADVICE},
    {O, has_spf_permerror, PREFLIGHT_DISLIKED, TEXT("550 5.7.24"), TEXT(""),
     TEXT("The sender's SPF record cannot be read, or takes too many lookups."), PUBLISH_ADVICE},
    {O, has_broken_dkim, PREFLIGHT_DISLIKED, TEXT("550 5.7.20"), TEXT(""),
     TEXT("Its signature does not hold."), PUBLISH_ADVICE},
    {G, is_bulk_without_spf, PREFLIGHT_REFUSED, TEXT("550 5.7.27"), TEXT("421 4.7.27"),
     TEXT("SPF does not pass, which it must for senders of many messages."), PUBLISH_ADVICE},
    {G, is_bulk_without_dkim, PREFLIGHT_REFUSED, TEXT("550 5.7.30"), TEXT("421 4.7.30"),
     TEXT("DKIM does not pass, which it must for senders of many messages."), PUBLISH_ADVICE},
    {G, is_bulk_without_dmarc, PREFLIGHT_REFUSED, TEXT(""), TEXT("421 4.7.31"),
     TEXT("The domain of From has no DMARC record, which senders of many messages must have."),
     PUBLISH_ADVICE},
    {G, is_bulk_unaligned, PREFLIGHT_REFUSED, TEXT(""), TEXT("421 4.7.32"),
     TEXT("Neither what SPF vouches for nor a signature is of the domain of From."),
     TEXT("send with an envelope sender, or a signature, of the domain of From")},
    {Y, is_bulk_without_dkim, PREFLIGHT_REFUSED, TEXT("550 5.7.9"), TEXT(""),
     TEXT("DKIM does not pass, which it must for senders of many messages."), PUBLISH_ADVICE},
    {Y, is_bulk_below_level, PREFLIGHT_DISLIKED, TEXT(""), TEXT("421 4.7.0"),
     TEXT("Of a sender of many messages SPF and DKIM must pass, and DMARC must be there and hold."),
     PUBLISH_ADVICE},
    {G, is_spike, PREFLIGHT_REFUSED, TEXT(""), TEXT("421 4.7.28"),
     TEXT("It is more mail at once than Gmail knows from this domain."),
     TEXT("begin with those who want the mail most, and send little more each day: at most twice what was "
          "usual")},
    {Y, is_spike, PREFLIGHT_DISLIKED, TEXT(""), TEXT("421 4.7.0"),
     TEXT("It is more mail at once than is known from this domain."),
     TEXT("send little more each day: at most twice what was usual")},
    {M, is_spike, PREFLIGHT_DISLIKED, TEXT(""), TEXT("451 4.7.650"),
     TEXT("It is more mail at once than is known from this domain."),
     TEXT("send little more each day: at most twice what was usual")},
    {G, is_over_gmail, PREFLIGHT_REFUSED, TEXT("552 5.3.4"), TEXT(""), TEXT("It is larger than Gmail takes."),
     SIZE_ADVICE},
    {Y, is_over_yahoo, PREFLIGHT_REFUSED, TEXT("552 5.3.4"), TEXT(""), TEXT("It is larger than Yahoo takes."),
     SIZE_ADVICE},
    {M, is_over_microsoft, PREFLIGHT_REFUSED, TEXT("552 5.3.4"), TEXT(""),
     TEXT("It is larger than Outlook.com takes."), SIZE_ADVICE},
    {O, is_over_most, PREFLIGHT_DISLIKED, TEXT("552 5.3.4"), TEXT(""),
     TEXT("It is larger than many hosts take."), SIZE_ADVICE},
    {G, lacks_message_id, PREFLIGHT_REFUSED, TEXT("550 5.7.1"), TEXT(""), TEXT("It has no valid Message-ID."),
     FORM_ADVICE},
    {G, has_doubled_fields, PREFLIGHT_REFUSED, TEXT("550 5.7.1"), TEXT(""),
     TEXT("A field that may be there once is there twice (RFC 5322 3.6)."), FORM_ADVICE},
    {Y | M | O, has_doubled_fields, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("A field that may be there once is there twice (RFC 5322 3.6)."), FORM_ADVICE},
    {Y | M | O, lacks_message_id, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""), TEXT("It has no valid Message-ID."),
     FORM_ADVICE},
    {G | Y | M | O, lacks_date, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""), TEXT("It has no valid Date."),
     FORM_ADVICE},
    {G | Y | M | O, has_bad_lines, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("Lines are longer than 998 bytes, or do not all end alike (RFC 5322 2.1.1)."), FORM_ADVICE},
    {G, has_8bit_header, PREFLIGHT_DISLIKED, TEXT("550 5.7.1"), TEXT(""),
     TEXT("There are bytes beyond ASCII in its header."), TEXT("write them as encoded words (RFC 2047)")},
    {Y | M | O, has_8bit_header, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("There are bytes beyond ASCII in its header."), TEXT("write them as encoded words (RFC 2047)")},
    {G | Y | M | O, is_quarantined_by_owner, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("The domain of From asks to put it into the spam folder (DMARC p=quarantine)."), PUBLISH_ADVICE},
    {G | Y | M, lacks_one_click, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("One cannot unsubscribe from it with one click (RFC 8058), which marketing mail must offer."),
     TEXT("add List-Unsubscribe with an https link, and List-Unsubscribe-Post: List-Unsubscribe=One-Click")},
    {G | Y | M, is_one_click_unsigned, PREFLIGHT_DISLIKED, TEXT(""), TEXT(""),
     TEXT("List-Unsubscribe and List-Unsubscribe-Post are not both under its DKIM signature (RFC 8058 4)."),
     TEXT("let the signature cover both fields")},
    {G | Y | M | O, has_false_name, PREFLIGHT_ADVICE, TEXT(""), TEXT(""),
     TEXT("The name in From is written as the address of another domain."), FORM_ADVICE},
    {G | Y | M | O, has_false_reply, PREFLIGHT_ADVICE, TEXT(""), TEXT(""),
     TEXT("Its subject says that it is a reply, and it is none."), FORM_ADVICE},
};

enum { RULES = sizeof rules / sizeof rules[0] };

static bool is_told(const struct preflight_findings *findings, struct slice text) {
    for (size_t i = 0; i < findings->count; i++)
        if (slice_equal(findings->items[i].text, text)) return true;
    return false;
}

struct preflight_findings preflight_judge(struct arena *arena, const struct preflight_facts *facts,
                                          enum preflight_receiver receiver) {
    struct preflight_findings findings = {ARENA_NEW_ARRAY(arena, struct preflight_finding, RULES), 0};
    for (size_t i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        if (!(rule->receivers & 1u << receiver) || !rule->holds(facts)) continue;
        if (is_told(&findings, rule->text)) continue;
        findings.items[findings.count++] = (struct preflight_finding){
            receiver, rule->weight, rule->code, rule->put_off, rule->text, rule->advice};
    }
    return findings;
}
