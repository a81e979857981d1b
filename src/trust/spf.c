#include "trust/spf.h"

#include "trust/spf_run.h"
#include "wire/address_split.h"
#include "wire/smtp_address.h"
#include "wire/wire_text.h"

/* ---- the record of a domain ---- */

/* RFC 7208 4.3: no name, or one label only. An address literal is no name either. */
static bool is_domain(struct slice name) {
    return spf_is_askable(name) && name.ptr[0] != '[' && slice_find_byte(name, '.') != SLICE_NOT_FOUND;
}

/* RFC 7208 4.5. The number of records, and the first. */
static size_t select_record(const struct trust_texts *texts, struct slice *record) {
    size_t count = 0;
    for (size_t i = 0; i < texts->count; i++)
        if (spf_is_record(texts->items[i]) && count++ == 0) *record = texts->items[i];
    return count;
}

/* RFC 7208 4.3, 4.5: none; 5.2 and 6.1: of a record that another asks for, a permerror. */
static enum spf_outcome has_none(struct spf_run *run, struct slice domain, const char *words) {
    return run->depth == 0 ? spf_say_none(run, domain, words) : spf_say_target_has_none(run, domain, words);
}

/* Asks for the record. SPF_NO_MATCH: it is there. */
static enum spf_outcome look_up_record(struct spf_run *run, struct slice domain, struct slice *record) {
    if (!is_domain(domain)) return has_none(run, domain, "is no domain that could have a record");
    struct trust_texts texts = trust_look_up_texts(run->t, run->lookups, domain);
    /* RFC 7208 4.4 */
    if (trust_is_unsure(texts.result)) return spf_say_unanswered(run, domain, DNS_TXT, texts.result);
    if (texts.result == DNS_NO_SUCH_NAME) return has_none(run, domain, "does not exist");
    size_t count = select_record(&texts, record);
    if (count == 0) return has_none(run, domain, "has no SPF record");
    return count == 1 ? SPF_NO_MATCH : spf_say_several(run, domain, count);
}

enum spf_outcome spf_enter(struct spf_run *run, struct slice domain, bool is_redirect) {
    struct slice text;
    struct slice fault;
    struct spf_record record;
    if (look_up_record(run, domain, &text) == SPF_OVER) return SPF_OVER;
    /* RFC 7208 4.6: what is wrong anywhere is wrong before anything is evaluated. */
    enum spf_error error = spf_record_read(text, &record, &fault);
    if (error != SPF_OK) return spf_say_broken(run, domain, text, fault, error);
    if (!is_redirect) {
        ASSERT(run->depth < SPF_FRAMES_MAX);
        run->depth++;
    }
    *spf_top(run) = (struct spf_frame){.domain = domain, .record = record, .rest = record.terms};
    return SPF_DEEPER;
}

/* ---- evaluation ---- */

/* The next mechanism of the top frame (RFC 7208 4.6.2). False: there is none left. */
static bool next_mechanism(struct spf_frame *frame) {
    while (spf_term_take(&frame->rest, &frame->term) == SPF_OK)
        if (frame->term.kind < SPF_REDIRECT) return true;
    return false;
}

static enum trust_result result_of(enum spf_qualifier qualifier) {
    static const enum trust_result results[] = {[SPF_QUALIFIER_PASS] = TRUST_PASS,
                                                [SPF_QUALIFIER_FAIL] = TRUST_FAIL,
                                                [SPF_QUALIFIER_SOFTFAIL] = TRUST_SOFTFAIL,
                                                [SPF_QUALIFIER_NEUTRAL] = TRUST_NEUTRAL};
    return results[qualifier];
}

/* The top record has a result, and `term` decided. RFC 7208 5.2: an include matches by a pass, and its own
   qualifier says what that means; otherwise its record goes on. */
static enum spf_outcome end_record(struct spf_run *run, enum trust_result result,
                                   const struct spf_term *term) {
    size_t depth = run->depth;
    while (depth > 1 && result == TRUST_PASS) result = result_of(run->frames[--depth - 1].term.qualifier);
    if (depth == 1) return spf_say_result(run, result, term);
    run->depth = depth - 1;
    return SPF_NO_MATCH;
}

/* RFC 7208 6.1, 4.7. */
static enum spf_outcome end_of_terms(struct spf_run *run) {
    struct spf_frame *frame = spf_top(run);
    struct slice target;
    if (!frame->record.has_redirect) return end_record(run, TRUST_NEUTRAL, NULL);
    frame->term = frame->record.redirect;
    if (spf_count_term(run) == SPF_OVER) return SPF_OVER;
    if (spf_target(run, frame->term.domain, &target) == SPF_OVER) return SPF_OVER;
    return spf_enter(run, target, true);
}

static enum spf_outcome step(struct spf_run *run) {
    struct spf_frame *frame = spf_top(run);
    if (!next_mechanism(frame)) return end_of_terms(run);
    enum spf_outcome outcome = spf_match(run, &frame->term);
    if (outcome != SPF_MATCH) return outcome;
    return end_record(run, result_of(frame->term.qualifier), &frame->term);
}

/* ---- the check ---- */

/* RFC 7208 4.3: A-labels, where there are such; the last dot is not part of the name. */
static struct slice domain_of(struct arena *arena, struct slice domain) {
    struct slice shown;
    struct slice ascii;
    if (domain.len && domain.ptr[domain.len - 1] == '.') domain.len--;
    if (wire_text_is_7bit(domain)) return domain;
    return smtp_domain_parse(arena, domain, &shown, &ascii) == SMTP_ADDRESS_OK ? ascii : domain;
}

/* RFC 7208 4.3: without a local part it is postmaster. */
static void set_sender(struct spf_run *run, struct slice local_part, struct slice domain) {
    struct buffer sender = buffer_new(SIZE_MAX);
    struct spf_values *values = &run->values;
    values->local_part = local_part.len ? local_part : SLICE("postmaster");
    values->sender_domain = domain_of(run->lookups->arena, domain);
    buffer_append(&sender, values->local_part);
    buffer_append_byte(&sender, '@');
    buffer_append(&sender, values->sender_domain);
    values->sender = arena_copy(run->lookups->arena, buffer_slice(&sender));
    buffer_free(&sender);
    run->verdict.domain = values->sender_domain;
    run->verdict.sender = values->sender;
}

static struct spf_verdict check(struct task *t, struct trust_lookups *lookups,
                                const struct spf_question *question, struct slice local_part,
                                struct slice domain, enum spf_identity identity) {
    struct spf_run *run = ARENA_NEW(lookups->arena, struct spf_run);
    struct slice receiver = question->receiver.len ? question->receiver : SLICE("unknown");
    *run =
        (struct spf_run){.t = t,
                         .lookups = lookups,
                         .values = {.helo = question->helo,
                                    .receiver = receiver,
                                    /* RFC 7208 5: an IPv4 address in IPv6's clothes is the IPv4 address. */
                                    .address = dns_address_unmapped(question->address),
                                    .now_s = env_wall_ms(task_env(t)) / 1000},
                         .verdict = {.identity = identity}};
    set_sender(run, local_part, domain);
    enum spf_outcome outcome = spf_enter(run, run->values.sender_domain, false);
    while (outcome != SPF_OVER) outcome = step(run);
    if (run->verdict.result == TRUST_FAIL) spf_explain(run);
    return run->verdict;
}

struct spf_verdict spf_check_helo(struct task *t, struct trust_lookups *lookups,
                                  const struct spf_question *question) {
    return check(t, lookups, question, SLICE_EMPTY, question->helo, SPF_IDENTITY_HELO);
}

struct spf_verdict spf_check(struct task *t, struct trust_lookups *lookups,
                             const struct spf_question *question) {
    struct slice sender = question->sender;
    if (sender.len == 0) return spf_check_helo(t, lookups, question);
    struct slice local_part;
    struct slice domain;
    if (!address_split(sender, &local_part, &domain))
        return check(t, lookups, question, SLICE_EMPTY, sender, SPF_IDENTITY_MAILFROM);
    return check(t, lookups, question, local_part, domain, SPF_IDENTITY_MAILFROM);
}
