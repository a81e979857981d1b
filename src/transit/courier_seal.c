/*
 * Sealing mail that is passed on for one of our addresses (ARC, RFC 8617 5.1), so that who gets it can know
 * what was found when it came here: SPF speaks of us from here on, and a DKIM signature may not outlive the
 * way. What was found stands in front of the message, in a field of ours (smtp/smtp_trust.c); what its chain
 * was, the store remembers. Mail of our own users is signed instead, and nobody says of it that he checked
 * it.
 */
#include "transit/courier_signing.h"
#include "trust/arc_seal.h"
#include "wire/auth_results.h"

enum { CHAINS = OUTGOING_CHAIN_NONE | OUTGOING_CHAIN_PASS | OUTGOING_CHAIN_FAIL };

bool courier_seal_is_wanted(const struct courier_session *session, const struct transit_work *work) {
    return session->settings.seals_forwarded && work->outgoing.is_forwarded && work->outgoing.account == 0 &&
           work->outgoing.properties & CHAINS;
}

static enum arc_status status_of(const struct transit_work *work) {
    if (work->outgoing.properties & OUTGOING_CHAIN_FAIL) return ARC_STATUS_FAIL;
    return work->outgoing.properties & OUTGOING_CHAIN_PASS ? ARC_STATUS_PASS : ARC_STATUS_NONE;
}

/* Strangers' fields in our name were taken out when it came: the first one is ours. Empty: there is none. */
static struct slice find_results(const struct courier_signing *signing, struct slice hostname) {
    static const struct slice name = SLICE_INIT("Authentication-Results:");
    struct slice rest = buffer_slice(&signing->header);
    while (rest.len) {
        size_t end = 0;
        do {
            size_t line = slice_find(slice_skip(rest, end), SLICE("\r\n"));
            end = line == SLICE_NOT_FOUND ? rest.len : end + line + 2;
        } while (end < rest.len && (rest.ptr[end] == ' ' || rest.ptr[end] == '\t'));
        struct slice field = slice_take(&rest, end);
        if (!slice_equal_nocase(slice_sub(field, 0, name.len), name)) continue;
        struct slice value = slice_trim(slice_skip(field, name.len));
        if (auth_results_is_of(value, hostname)) return value;
    }
    return SLICE_EMPTY;
}

static const char *fault_of(enum arc_seal_result result) {
    switch (result) {
    case ARC_SEAL_ENDED:
        return "who sealed it last says that the chain is broken";
    case ARC_SEAL_TOO_MANY:
        return "too many have sealed it";
    case ARC_SEAL_WRONG_STATUS:
        return "its chain is not what it was when it came";
    case ARC_SEAL_BAD_RESULTS:
        return "what was found when it came is not in front of it";
    default:
        return "its header cannot be signed";
    }
}

static bool not_sealed(struct courier_signing *signing, const char *why) {
    record_line(&signing->session->record, "not sealed: %s", why);
    return false;
}

/* False: nobody can seal it; it goes as it is. */
static bool begin(struct courier_signing *signing, const struct dkim_signers *signers, size_t at,
                  struct arc_draft *draft) {
    struct courier_session *session = signing->session;
    struct arc_sealer sealer = {.signer = {.algorithm = signers->signers[at].algorithm,
                                           .domain = signers->domain,
                                           .selector = signers->signers[at].selector,
                                           .signed_at_s = env_wall_ms(session->courier->env) / 1000},
                                .results = find_results(signing, session->settings.hostname),
                                .status = status_of(signing->work)};
    enum arc_seal_result result = arc_seal_begin(signing->hash, &sealer, signing->arena, draft);
    return result == ARC_SEAL_OK || not_sealed(signing, fault_of(result));
}

/* RFC 8617 4.1: of Ed25519 chains know nothing. False: there is no such key. */
static bool find_rsa(const struct dkim_signers *signers, size_t *at) {
    for (*at = 0; *at < signers->count; ++*at)
        if (signers->signers[*at].algorithm == DKIM_RSA_SHA256) return true;
    return false;
}

static enum transit_sign_result sign_one(struct courier_signing *signing, const struct dkim_signers *signers,
                                         size_t at, const struct dkim_draft *draft, struct slice *signature) {
    struct transit_signatures signatures = {0};
    struct transit_sign sign = {.session = signing->session->order.session,
                                .message = signing->work->outgoing.message,
                                .domain = signers->domain,
                                .count = 1};
    sign.digests[0].key = signers->signers[at].key;
    memcpy(sign.digests[0].digest, draft->digest, DKIM_DIGEST_BYTES);
    enum transit_sign_result result = courier_signing_sign(signing, &sign, &signatures);
    if (result == TRANSIT_SIGN_OK) *signature = signatures.signatures[0];
    return result;
}

/* The seal is over the message's signature, so that one comes after the other. */
static enum transit_sign_result seal(struct courier_signing *signing, const struct dkim_signers *signers,
                                     size_t at, struct arc_draft *draft) {
    struct slice signature = SLICE_EMPTY;
    enum transit_sign_result result = sign_one(signing, signers, at, &draft->message, &signature);
    if (result != TRANSIT_SIGN_OK) return result;
    if (!arc_seal_go_on(signing->hash, signature, signing->arena, draft)) return TRANSIT_SIGN_LATER;
    result = sign_one(signing, signers, at, &draft->seal, &signature);
    if (result != TRANSIT_SIGN_OK) return result;
    buffer_clear(&signing->fields);
    bool is_whole =
        arc_seal_finish(draft, signature, &signing->fields) && !buffer_overflowed(&signing->fields);
    return is_whole ? TRANSIT_SIGN_OK : TRANSIT_SIGN_LATER;
}

enum transit_sign_result courier_seal_once(struct courier_signing *signing) {
    struct dkim_signers signers = {0};
    struct arc_draft draft;
    size_t at;
    enum transit_sign_result result = courier_signing_find(signing, &signers);
    if (result != TRANSIT_SIGN_OK) return result;
    bool can_be = find_rsa(&signers, &at) || not_sealed(signing, "there is no domain of ours with a key");
    if (!can_be || !begin(signing, &signers, at, &draft)) return TRANSIT_SIGN_OK;
    result = seal(signing, &signers, at, &draft);
    if (result == TRANSIT_SIGN_OK)
        record_line(&signing->session->record, "sealed by %.*s (ARC %u)", SLICE_PRINT(signers.domain),
                    draft.instance);
    return result;
}
