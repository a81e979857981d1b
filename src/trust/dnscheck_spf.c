#include "trust/dnscheck_spf.h"

#include "base/limits.h"
#include "trust/difference.h"
#include "trust/spf.h"
#include "trust/spf_audit.h"
#include "trust/spf_merge.h"

/* What could stand there instead; empty: nothing that would help. */
static struct slice merged_text(const struct dnscheck *check, const struct dnscheck_row *checked,
                                const struct slice *texts, size_t count) {
    struct slice merged;
    bool is_merged = spf_merge(check->lookups->arena, texts, count, checked->wanted->value, &merged);
    return is_merged ? merged : checked->wanted->value;
}

static struct slice say_instead(const struct dnscheck *check, const struct dnscheck_row *checked,
                                const struct slice *texts, size_t count) {
    struct slice merged = merged_text(check, checked, texts, count);
    return arena_printf(check->lookups->arena, "publish this in its place: %.*s",
                        SLICE_PRINT(difference_shown(check->lookups->arena, merged, TRUST_TXT_BYTES_MAX)));
}

void dnscheck_several(const struct dnscheck *check, struct dnscheck_row *checked,
                      const struct trust_texts *texts) {
    struct arena *arena = check->lookups->arena;
    bool is_spf = checked->wanted->kind == PUBLISH_SPF || checked->wanted->kind == PUBLISH_SPF_HELO;
    struct slice shown = difference_shown(arena, texts->items[1], 300);
    checked->found = arena_printf(arena, "%.*s, %.*s", SLICE_PRINT(checked->found), SLICE_PRINT(shown));
    dnscheck_wrong(checked,
                   arena_printf(arena, "there are %zu such records, and only one may be: none of them counts",
                                texts->count),
                   is_spf ? say_instead(check, checked, texts->items, texts->count)
                          : SLICE("remove all but one of them"));
}

/* ---- one record, RFC 7208 4 ---- */

static struct spf_verdict ask(struct task *t, const struct dnscheck *check,
                              const struct dnscheck_row *checked, const struct dns_address *address) {
    const struct publish_facts *facts = check->facts;
    struct spf_question question = {
        .address = *address,
        .sender = arena_printf(check->lookups->arena, "postmaster@%.*s", SLICE_PRINT(facts->domain)),
        .helo = facts->host,
        .receiver = SLICE("")};
    bool is_helo = checked->wanted->kind == PUBLISH_SPF_HELO;
    return is_helo ? spf_check_helo(t, check->lookups, &question) : spf_check(t, check->lookups, &question);
}

static bool is_everybody(const struct spf_verdict *verdict) {
    return slice_equal_nocase(verdict->term, SLICE("all")) ||
           slice_equal_nocase(verdict->term, SLICE("+all"));
}

static struct slice address_words(struct arena *arena, const struct dns_address *address) {
    struct buffer text = buffer_new(64);
    dns_address_text(address, &text);
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* False: the row is judged. */
static bool passes(const struct dnscheck *check, struct dnscheck_row *checked, struct slice text,
                   const struct dns_address *address, const struct spf_verdict *verdict) {
    struct arena *arena = check->lookups->arena;
    struct slice ours = address_words(arena, address);
    if (verdict->result == TRUST_PASS && !is_everybody(verdict)) return true;
    if (verdict->result == TRUST_TEMPERROR) {
        checked->state = DNSCHECK_UNKNOWN;
        checked->words = verdict->reason;
        checked->advice = SLICE("check again later; it needs answers of other domains too");
        return false;
    }
    struct slice words = verdict->result == TRUST_PASS
                             ? SLICE("it lets everybody send as the domain")
                             : arena_printf(arena, "%.*s gets \"%s\": %.*s", SLICE_PRINT(ours),
                                            trust_result_word(verdict->result), SLICE_PRINT(verdict->reason));
    dnscheck_wrong(checked, words, say_instead(check, checked, &text, 1));
    return false;
}

/* What others stumble over, whoever the client is. False: the row is judged. */
static bool is_sound(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                     struct slice text) {
    struct spf_audit audit = spf_audit(t, check->lookups, checked->wanted->name);
    for (size_t i = 0; i < audit.note_count; i++) {
        const struct spf_note *note = &audit.notes[i];
        if (note->kind == SPF_NOTE_UNANSWERED) {
            checked->state = DNSCHECK_UNKNOWN;
            checked->words = note->words;
            checked->advice = SLICE("check again later; it needs answers of other domains too");
            return false;
        }
        if (spf_note_is_error(note)) {
            dnscheck_wrong(checked, note->words, say_instead(check, checked, &text, 1));
            return false;
        }
        if (checked->words.len == 0) checked->words = note->words;
    }
    return true;
}

void dnscheck_spf(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                  struct slice text) {
    if (!is_sound(t, check, checked, text)) return;
    for (size_t i = 0; i < check->facts->address_count; i++) {
        struct spf_verdict verdict = ask(t, check, checked, &check->facts->addresses[i]);
        if (!passes(check, checked, text, &check->facts->addresses[i], &verdict)) return;
    }
    if (check->facts->address_count) return;
    checked->state = DNSCHECK_UNKNOWN;
    checked->words = SLICE("this host's address is not known");
    checked->advice = SLICE("set dns.public_addresses in posthaste.conf");
}
