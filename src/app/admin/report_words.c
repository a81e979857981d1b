#include "app/admin/report_words.h"

/* `name` is `domain` or below it. */
static bool is_within(struct slice name, struct slice domain) {
    if (slice_equal_nocase(name, domain)) return true;
    return name.len > domain.len && slice_ends_nocase(name, domain) &&
           name.ptr[name.len - domain.len - 1] == '.';
}

static bool is_result(const struct feedback_auth *auth, const char *word) {
    return slice_equal_nocase(auth->result, slice_from_text(word));
}

static enum report_trouble trouble_of_auth(const struct feedback *feedback,
                                           const struct feedback_auth *auth) {
    bool is_ours = is_within(auth->domain, feedback->domain);
    if (is_result(auth, "temperror") || is_result(auth, "permerror"))
        return is_ours ? REPORT_TROUBLE_DNS : REPORT_TROUBLE_UNKNOWN;
    if (is_result(auth, "pass")) return REPORT_TROUBLE_OTHER_NAME;
    if (!auth->is_spf && is_ours && !is_result(auth, "none")) return REPORT_TROUBLE_BROKEN_SIGNATURE;
    return REPORT_TROUBLE_UNKNOWN;
}

static bool is_forwarded(struct slice reason) {
    static const struct slice reasons[] = {SLICE_INIT("forwarded"), SLICE_INIT("mailing_list"),
                                           SLICE_INIT("trusted_forwarder")};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (slice_equal_nocase(reason, reasons[i])) return true;
    return false;
}

enum report_trouble report_trouble_of(const struct feedback *feedback, const struct feedback_record *record) {
    enum report_trouble worst = REPORT_TROUBLE_UNKNOWN;
    if (record->is_dkim_aligned || record->is_spf_aligned) return REPORT_TROUBLE_NONE;
    if (is_forwarded(record->reason)) return REPORT_TROUBLE_FORWARDED;
    for (size_t i = 0; i < record->auth_count; i++) {
        enum report_trouble trouble = trouble_of_auth(feedback, &record->auths[i]);
        if (trouble > worst) worst = trouble;
    }
    return worst;
}

static const struct {
    const char *word;
    const char *text;
    const char *advice;
} troubles[REPORT_TROUBLES] = {
    [REPORT_TROUBLE_NONE] = {"none", "all of it passed", "nothing to do"},
    [REPORT_TROUBLE_UNKNOWN] = {"unknown", "neither SPF nor a signature vouches for it",
                                "if this host is yours, add it to the SPF record and have it sign; if not, "
                                "somebody uses your name, and "
                                "p=quarantine or p=reject keeps that out"},
    [REPORT_TROUBLE_OTHER_NAME] = {"other-name", "it is vouched for, but under another name",
                                   "if this is a service that sends for you, have it sign with your domain "
                                   "or use a return address in it; if "
                                   "you do not know it, it is mail that was passed on, or somebody else's"},
    [REPORT_TROUBLE_BROKEN_SIGNATURE] =
        {"broken-signature", "a signature in your name does not hold",
         "where it was not passed on by others: look whether the key of that selector is published as it "
         "should be "
         "(posthaste domain check), and whether something changes mail after it is signed"},
    [REPORT_TROUBLE_DNS] = {"dns", "your SPF record or key could not be looked up or read",
                            "look at your DNS records (posthaste domain check)"},
    [REPORT_TROUBLE_FORWARDED] = {"forwarded", "the receiver says that it was passed on by others",
                                  "nothing to do: signing all mail is what helps it through"},
};

const char *report_trouble_word(enum report_trouble trouble) { return troubles[trouble].word; }
const char *report_trouble_text(enum report_trouble trouble) { return troubles[trouble].text; }
const char *report_trouble_advice(enum report_trouble trouble) { return troubles[trouble].advice; }

static const struct {
    const char *text;
    const char *advice;
} tls_results[TLS_RESULT_TYPES + 1] = {
    [TLS_RESULT_SUCCESS] = {"it went well", "nothing to do"},
    [TLS_RESULT_STARTTLS_NOT_SUPPORTED] =
        {"the host offered no STARTTLS",
         "offer it on port 25 of this host, or look for what takes it out on the way"},
    [TLS_RESULT_HOST_MISMATCH] = {"the certificate is not for the host's name",
                                  "have it name the host as the MX record does"},
    [TLS_RESULT_EXPIRED] = {"the certificate has expired", "renew it, and have the server read it"},
    [TLS_RESULT_NOT_TRUSTED] = {"the certificate leads to nobody that the sender trusts",
                                "use one of a public authority, and serve the certificates between, too"},
    [TLS_RESULT_VALIDATION_FAILURE] = {"TLS could not be agreed on, or the policy does not name the host",
                                       "look at the reason the sender gives, and at the policy's mx lines"},
    [TLS_RESULT_TLSA_INVALID] = {"none of the TLSA records fits the certificate, or can be used",
                                 "publish the record of the new key before it is used (posthaste tool dane)"},
    [TLS_RESULT_DNSSEC_INVALID] = {"answers of DNS were not signed as they should be",
                                   "look at the zone's signatures and the DS record above it"},
    [TLS_RESULT_DANE_REQUIRED] = {"the sender demands DANE, and there is none",
                                  "publish TLSA records, if you mean to"},
    [TLS_RESULT_STS_FETCH_ERROR] = {"the MTA-STS policy could not be fetched",
                                    "look whether mta-sts.DOMAIN is up (posthaste tool mta-sts)"},
    [TLS_RESULT_STS_INVALID] = {"the MTA-STS policy cannot be understood",
                                "look at it: posthaste tool mta-sts"},
    [TLS_RESULT_STS_WEBPKI_INVALID] = {"the certificate of mta-sts.DOMAIN is not good",
                                       "renew it, for exactly that name"},
    [TLS_RESULT_TYPES] = {"it failed in a way that is not known here", "look at what the report says of it"},
};

const char *report_tls_text(enum tls_result_type type) { return tls_results[type].text; }
const char *report_tls_advice(enum tls_result_type type) { return tls_results[type].advice; }
