#include "trust/dmarc.h"

#include <libpsl.h>

#include "trust/dmarc_walk.h"
#include "wire/wire_text.h"

enum { WHY_BYTES_MAX = 1024 };

/* One author's domain being looked at. */
struct check {
    struct trust_lookups *lookups;
    struct dmarc_question *question;
    struct dmarc_walk walk;
    struct dmarc_verdict verdict;
};

static struct slice lower(struct arena *arena, struct slice text) {
    uint8_t *bytes = arena_alloc(arena, text.len + 1);
    for (size_t i = 0; i < text.len; i++) bytes[i] = ascii_lower(text.ptr[i]);
    return slice_of(bytes, text.len);
}

/* ---- words ---- */

static void explain(struct check *check, struct buffer *words) {
    check->verdict.why = arena_copy(check->lookups->arena, buffer_slice(words));
    buffer_free(words);
}

static struct buffer words_new(void) { return buffer_new(WHY_BYTES_MAX); }

static void say_in_short(struct check *check, const char *before, struct slice name, const char *behind) {
    struct buffer words = words_new();
    buffer_append_text(&words, before);
    wire_text_clean(&words, name, true);
    buffer_append_text(&words, behind);
    explain(check, &words);
}

static void say_identifier(struct buffer *words, const char *method,
                           const struct dmarc_identifier *identifier) {
    buffer_append_text(words, method);
    if (identifier->result == TRUST_NONE && identifier->domain.len == 0) {
        buffer_append_text(words, " none");
        return;
    }
    buffer_append_byte(words, ' ');
    buffer_append_text(words, trust_result_word(identifier->result));
    buffer_append_text(words, " for ");
    wire_text_clean(words, identifier->domain, true);
    if (identifier->result == TRUST_PASS && !identifier->is_aligned)
        buffer_append_text(words, ", which is another organisation's");
}

static void say_signatures(struct buffer *words, const struct dmarc_question *question) {
    if (question->signature_count == 0) buffer_append_text(words, "DKIM none");
    for (size_t i = 0; i < question->signature_count && i < 3; i++) {
        if (i) buffer_append_text(words, "; ");
        say_identifier(words, "DKIM", &question->signatures[i]);
    }
    if (question->signature_count > 3) buffer_append_text(words, "; and more");
}

static const char *const wishes[] = {[DMARC_NONE] = "for nothing to be done about it",
                                     [DMARC_QUARANTINE] = "to put such mail aside",
                                     [DMARC_REJECT] = "to refuse such mail"};

static void say_failed(struct check *check) {
    const struct dmarc_verdict *verdict = &check->verdict;
    struct buffer words = words_new();
    buffer_append_text(&words, "nothing vouches for ");
    buffer_append(&words, verdict->domain);
    buffer_append_text(&words, ": ");
    say_identifier(&words, "SPF", &check->question->spf);
    buffer_append_text(&words, "; ");
    say_signatures(&words, check->question);
    buffer_printf(&words, "; %.*s asks %s (%s=%s%s)", SLICE_PRINT(verdict->policy_domain),
                  wishes[verdict->disposition], verdict->policy_tag, dmarc_policy_word(verdict->policy),
                  verdict->disposition == verdict->policy ? "" : " with t=y");
    explain(check, &words);
}

static void say_passed(struct check *check, const char *method, const struct dmarc_identifier *identifier) {
    struct buffer words = words_new();
    buffer_append_text(&words, method);
    buffer_append_text(&words, " vouches for ");
    wire_text_clean(&words, identifier->domain, true);
    if (!slice_equal_nocase(identifier->domain, check->verdict.domain)) {
        buffer_append_text(&words, ", which is of the same organisation as ");
        buffer_append(&words, check->verdict.domain);
    }
    explain(check, &words);
}

/* ---- the record ---- */

static void not_known(struct check *check, struct slice name) {
    check->verdict.result = TRUST_TEMPERROR;
    say_in_short(check, "DNS did not answer about ", name, "");
}

/* False: there is none to go by, and the verdict says why. */
static bool find_policy(struct task *t, struct check *check, const struct dmarc_place **place) {
    dmarc_walk_step(t, check->lookups, &check->walk);
    if (!dmarc_walk_first(&check->walk)) dmarc_walk_finish(t, check->lookups, &check->walk);
    if (check->walk.is_unsure) {
        not_known(check, check->walk.domain);
        return false;
    }
    *place = dmarc_walk_policy(&check->walk);
    if (*place) return true;
    check->verdict.result = TRUST_NONE;
    say_in_short(check, "", check->walk.domain, " has no DMARC record");
    return false;
}

/* False: it is beyond mending. */
static bool take_record(struct check *check, const struct dmarc_place *place) {
    struct dmarc_verdict *verdict = &check->verdict;
    verdict->policy_domain = place->domain;
    verdict->record_text = place->text;
    verdict->record = place->record;
    if (dmarc_record_mend(&verdict->record)) return true;
    verdict->result = TRUST_PERMERROR;
    say_in_short(check, "the record of ", place->domain, " says no policy and asks for no reports");
    return false;
}

/* ---- alignment ---- */

/* `domain` ends with `suffix`, behind a dot. */
static bool is_below(struct slice domain, struct slice suffix) {
    return domain.len > suffix.len && slice_ends_nocase(domain, suffix) &&
           domain.ptr[domain.len - suffix.len - 1] == '.';
}

/* RFC 9989 4.10.2: whether a walk from a domain below the author's organisation's comes to that, too: nothing
   on the way up to it says "psd", and all further up is as on the author's own walk. */
static bool leads_to(struct task *t, struct check *check, struct slice domain, struct slice organization) {
    struct dmarc_walk walk = dmarc_walk_from(domain);
    while (!walk.is_done && !slice_equal(walk.target, organization))
        dmarc_walk_step(t, check->lookups, &walk);
    if (walk.is_unsure) check->walk.is_unsure = true;
    return !walk.is_done;
}

/* What is neither the author's organisation's domain nor below it is of another, and DNS is not asked. */
static bool is_same_organization(struct task *t, struct check *check, struct slice domain) {
    dmarc_walk_finish(t, check->lookups, &check->walk);
    if (check->walk.is_unsure) return false;
    struct slice organization = dmarc_walk_organization(&check->walk);
    check->verdict.organization = organization;
    if (slice_equal(domain, organization)) return true;
    /* A public suffix is its own organisation, and those below it are others. */
    const struct dmarc_place *first = dmarc_walk_first(&check->walk);
    if (first && first->record.psd == DMARC_PSD_YES) return false;
    return is_below(domain, organization) && leads_to(t, check, domain, organization);
}

static bool is_aligned(struct task *t, struct check *check, struct slice domain, bool is_strict) {
    struct slice name = lower(check->lookups->arena, domain);
    if (slice_equal(name, check->walk.domain)) return true;
    return !is_strict && is_same_organization(t, check, name);
}

/* TEMPERROR counts, too: it might have passed. */
static bool may_vouch(const struct dmarc_identifier *identifier) {
    return identifier->domain.len &&
           (identifier->result == TRUST_PASS || identifier->result == TRUST_TEMPERROR);
}

static size_t signatures_looked_at(const struct dmarc_question *question) {
    return question->signature_count < DMARC_IDENTIFIERS_MAX ? question->signature_count
                                                             : DMARC_IDENTIFIERS_MAX;
}

static void align_all(struct task *t, struct check *check) {
    struct dmarc_question *question = check->question;
    const struct dmarc_record *record = &check->verdict.record;
    for (size_t i = 0; i < signatures_looked_at(question); i++) {
        struct dmarc_identifier *signature = &question->signatures[i];
        signature->is_aligned =
            may_vouch(signature) && is_aligned(t, check, signature->domain, record->is_dkim_strict);
    }
    question->spf.is_aligned =
        may_vouch(&question->spf) && is_aligned(t, check, question->spf.domain, record->is_spf_strict);
}

/* The first that is aligned and says so; signatures before SPF, for they outlive forwarding. */
static const struct dmarc_identifier *find_aligned(const struct dmarc_question *question,
                                                   enum trust_result result, const char **method) {
    *method = "a signature (DKIM)";
    for (size_t i = 0; i < signatures_looked_at(question); i++)
        if (question->signatures[i].is_aligned && question->signatures[i].result == result)
            return &question->signatures[i];
    *method = "SPF";
    return question->spf.is_aligned && question->spf.result == result ? &question->spf : NULL;
}

/* ---- what is asked for ---- */

/* RFC 9989 4.10.1: of a subdomain that exists. */
static void choose_policy(struct dmarc_verdict *verdict, struct slice domain) {
    bool is_subdomain = verdict->policy_domain.len != domain.len && verdict->record.subdomain_policy;
    verdict->policy = is_subdomain ? verdict->record.subdomain_policy : verdict->record.policy;
    verdict->policy_tag = is_subdomain ? "sp" : "p";
}

/* RFC 9989 4.7, "np"; RFC 8020: the name does not exist, nor any below it. False: it hangs on what DNS did
   not say. */
static bool choose_policy_of_absent(struct task *t, struct check *check) {
    struct dmarc_verdict *verdict = &check->verdict;
    enum dmarc_policy policy = verdict->record.absent_policy;
    struct dns_answer answer;
    if (verdict->policy_domain.len == check->walk.domain.len || policy == DMARC_NO_POLICY ||
        policy == verdict->policy)
        return true;
    enum dns_result result = trust_look_up(t, check->lookups, check->walk.domain, DNS_A, &answer);
    if (result == DNS_NO_SUCH_NAME) {
        verdict->policy = policy;
        verdict->policy_tag = "np";
    }
    return !trust_is_unsure(result);
}

/* RFC 9989 4.7, "t": one step less. */
static enum dmarc_policy lessened(enum dmarc_policy policy, bool is_test) {
    return is_test && policy > DMARC_NONE ? policy - 1 : policy;
}

static void fail(struct task *t, struct check *check) {
    struct dmarc_verdict *verdict = &check->verdict;
    if (!choose_policy_of_absent(t, check)) {
        not_known(check, check->walk.domain);
        return;
    }
    verdict->result = TRUST_FAIL;
    verdict->disposition = lessened(verdict->policy, verdict->record.is_test);
    say_failed(check);
}

static void note_alignment(struct check *check) {
    const struct dmarc_question *question = check->question;
    check->verdict.is_spf_aligned = question->spf.is_aligned && question->spf.result == TRUST_PASS;
    for (size_t i = 0; i < signatures_looked_at(question); i++)
        check->verdict.is_dkim_aligned |=
            question->signatures[i].is_aligned && question->signatures[i].result == TRUST_PASS;
}

static void judge(struct task *t, struct check *check) {
    const char *method;
    const struct dmarc_identifier *vouching;
    choose_policy(&check->verdict, check->walk.domain);
    align_all(t, check);
    note_alignment(check);
    if ((vouching = find_aligned(check->question, TRUST_PASS, &method))) {
        check->verdict.result = TRUST_PASS;
        say_passed(check, method, vouching);
    } else if (check->walk.is_unsure) {
        not_known(check, check->walk.domain);
    } else if (find_aligned(check->question, TRUST_TEMPERROR, &method)) {
        check->verdict.result = TRUST_TEMPERROR;
        say_in_short(check, method, SLICE_EMPTY, " could not be checked just now");
    } else {
        fail(t, check);
    }
}

static struct dmarc_verdict check_domain(struct task *t, struct trust_lookups *lookups,
                                         struct dmarc_question *question, struct slice domain) {
    struct check check = {.lookups = lookups, .question = question, .walk = dmarc_walk_from(domain)};
    const struct dmarc_place *place = NULL;
    check.verdict = (struct dmarc_verdict){
        .domain = domain, .policy = DMARC_NO_POLICY, .policy_tag = "", .disposition = DMARC_NONE};
    if (find_policy(t, &check, &place) && take_record(&check, place)) judge(t, &check);
    return check.verdict;
}

/* RFC 9989 11.5: of several domains that which asks for most; the message fails whoever vouches for it. */
static struct dmarc_verdict check_faulty(struct task *t, struct trust_lookups *lookups,
                                         struct dmarc_question *question) {
    const struct author *author = question->author;
    struct dmarc_verdict worst = {.policy_tag = "", .disposition = DMARC_NONE};
    for (size_t i = 0; i < author->domain_count; i++) {
        struct dmarc_verdict one = check_domain(t, lookups, question, author->domains[i]);
        if (i == 0 || one.disposition > worst.disposition) worst = one;
    }
    worst.result = TRUST_FAIL;
    worst.fault = author->fault;
    worst.why = arena_printf(lookups->arena, "nobody can vouch for the message's author: %s",
                             author_fault_words(author->fault));
    return worst;
}

struct dmarc_verdict dmarc_check(struct task *t, struct trust_lookups *lookups,
                                 struct dmarc_question *question) {
    if (question->author->fault != AUTHOR_ONE_DOMAIN) return check_faulty(t, lookups, question);
    return check_domain(t, lookups, question, question->author->domains[0]);
}

/* ---- beside it ---- */

struct slice dmarc_listed_organization(struct arena *arena, struct slice domain) {
    /* The one that the library brings: a newer one in a file would have to be read for each question. */
    const psl_ctx_t *list = psl_builtin();
    const char *found = list ? psl_registrable_domain(list, arena_text(arena, domain)) : NULL;
    return found ? arena_copy(arena, slice_from_text(found)) : SLICE_EMPTY;
}

bool dmarc_organization(struct task *t, struct trust_lookups *lookups, struct slice domain,
                        struct slice *organization) {
    struct dmarc_walk walk = dmarc_walk_from(domain);
    dmarc_walk_finish(t, lookups, &walk);
    if (walk.is_unsure) return false;
    *organization = dmarc_walk_organization(&walk);
    return true;
}

static enum trust_result says_welcome(struct task *t, struct trust_lookups *lookups,
                                      struct slice policy_domain, struct slice host) {
    struct slice name = arena_printf(lookups->arena, "%.*s._report._dmarc.%.*s", SLICE_PRINT(policy_domain),
                                     SLICE_PRINT(host));
    struct trust_texts texts = trust_look_up_texts(t, lookups, name);
    struct dmarc_record record;
    if (trust_is_unsure(texts.result)) return TRUST_TEMPERROR;
    for (size_t i = 0; i < texts.count; i++)
        if (dmarc_record_parse(texts.items[i], &record, NULL)) return TRUST_PASS;
    return TRUST_FAIL;
}

enum trust_result dmarc_reports_welcome(struct task *t, struct trust_lookups *lookups,
                                        struct slice policy_domain, struct slice host) {
    struct slice ours;
    struct slice theirs;
    struct slice name = lower(lookups->arena, host);
    if (!dmarc_organization(t, lookups, policy_domain, &ours) ||
        !dmarc_organization(t, lookups, name, &theirs))
        return TRUST_TEMPERROR;
    return slice_equal(ours, theirs) ? TRUST_PASS : says_welcome(t, lookups, policy_domain, name);
}
