/* How the texts of trust/dnscheck.h are judged: DKIM, DMARC, MTA-STS, TLS-RPT; SPF has a file of its own. */
#include "base/limits.h"
#include "trust/difference.h"
#include "trust/dmarc.h"
#include "trust/dnscheck.h"
#include "trust/dnscheck_spf.h"
#include "wire/dkim_key.h"
#include "wire/dmarc.h"
#include "wire/mta_sts.h"
#include "wire/spf.h"
#include "wire/tag_list.h"

/* ---- which texts are of the row's kind ---- */

static bool is_of_kind(enum publish_kind kind, struct slice text) {
    switch (kind) {
    case PUBLISH_SPF:
    case PUBLISH_SPF_HELO:
        return spf_is_record(text);
    case PUBLISH_DMARC:
        return dmarc_record_parse(text, &(struct dmarc_record){0}, NULL);
    case PUBLISH_STS:
        return slice_starts(text, SLICE("v=STSv1"));
    case PUBLISH_TLSRPT:
        return slice_starts(text, SLICE("v=TLSRPTv1"));
    default:
        return true;
    }
}

struct trust_texts dnscheck_texts(struct task *t, struct trust_lookups *lookups,
                                  const struct publish_row *row) {
    struct trust_texts all = trust_look_up_texts(t, lookups, row->name);
    struct trust_texts texts = {.result = all.result, .is_secure = all.is_secure};
    struct slice *items = ARENA_NEW_ARRAY(lookups->arena, struct slice, all.count ? all.count : 1);
    for (size_t i = 0; i < all.count; i++)
        if (is_of_kind(row->kind, all.items[i])) items[texts.count++] = all.items[i];
    texts.items = items;
    return texts;
}

/* ---- DKIM, RFC 6376 3.6.1 ---- */

static struct slice without_blanks(struct arena *arena, struct slice text) {
    struct buffer out = buffer_new(TRUST_TXT_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(" \t\r\n", text.ptr[i], 4)) buffer_append_byte(&out, text.ptr[i]);
    struct slice copy = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return copy;
}

static void judge_key(const struct dnscheck *check, struct dnscheck_row *checked, struct slice text) {
    struct arena *arena = check->lookups->arena;
    struct dkim_key_record wanted;
    struct dkim_key_record found;
    struct slice advice = SLICE("replace it by the text that posthaste domain dns prints, in one piece");
    enum dkim_fault fault = dkim_key_read(text, &found);
    if (dkim_key_read(checked->wanted->value, &wanted) != DKIM_FAULT_NONE)
        FATAL("a key of ours has no record");
    if (fault == DKIM_FAULT_KEY_REVOKED) {
        dnscheck_wrong(checked, SLICE("its p= is empty, which says that the key is revoked"), advice);
        return;
    }
    if (fault != DKIM_FAULT_NONE || found.type != wanted.type) {
        dnscheck_wrong(checked, difference_words(arena, checked->wanted->value, text), advice);
        return;
    }
    struct slice should = without_blanks(arena, wanted.public_key);
    struct slice is = without_blanks(arena, found.public_key);
    if (!slice_equal(should, is))
        dnscheck_wrong(checked,
                       arena_printf(arena, "the key (p=) is another: %.*s",
                                    SLICE_PRINT(difference_words(arena, should, is))),
                       advice);
    else if (found.is_testing)
        dnscheck_wrong(checked,
                       SLICE("t=y says that the domain only tries DKIM out: signatures count for nothing"),
                       SLICE("remove t=y"));
}

/* ---- DMARC, RFC 9989 4.7 ---- */

static bool is_grave(enum dmarc_fault_kind kind) {
    return kind == DMARC_FAULT_NO_POLICY || kind == DMARC_FAULT_VALUE || kind == DMARC_FAULT_URI ||
           kind == DMARC_FAULT_SYNTAX || kind == DMARC_FAULT_DUPLICATE;
}

static struct slice fault_words(struct arena *arena, const struct dmarc_fault *fault) {
    struct buffer out = buffer_new(TRUST_TXT_BYTES_MAX);
    dmarc_fault_write(&out, fault);
    struct slice words = difference_shown(arena, buffer_slice(&out), 200);
    buffer_free(&out);
    return words;
}

/* False: the record has a fault that costs its effect, and the row is judged. */
static bool is_sound(const struct dnscheck *check, struct dnscheck_row *checked,
                     const struct dmarc_faults *faults) {
    struct arena *arena = check->lookups->arena;
    for (size_t i = 0; i < faults->count; i++) {
        struct slice words = fault_words(arena, &faults->items[i]);
        if (is_grave(faults->items[i].kind)) {
            dnscheck_wrong(
                checked, words,
                arena_printf(arena, "correct it, or begin with: %.*s", SLICE_PRINT(checked->wanted->value)));
            return false;
        }
        if (checked->words.len == 0) checked->words = words;
    }
    return true;
}

/* RFC 9990 4: whoever is to get reports of another domain has to say that it wants them. */
static void judge_reports(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                          struct slice uris) {
    struct arena *arena = check->lookups->arena;
    struct dmarc_uri uri;
    while (dmarc_uri_next(&uris, &uri)) {
        if (uri.host.len == 0) continue;
        struct slice host = difference_shown(arena, uri.host, DNS_NAME_BYTES_MAX);
        if (dmarc_reports_welcome(t, check->lookups, check->facts->domain, uri.host) != TRUST_FAIL) continue;
        dnscheck_wrong(checked,
                       arena_printf(arena, "reports are to go to %.*s, which does not say that it wants them",
                                    SLICE_PRINT(host)),
                       arena_printf(arena,
                                    "let %.*s._report._dmarc.%.*s have the TXT record v=DMARC1; or name an "
                                    "address of the domain itself",
                                    SLICE_PRINT(check->facts->domain), SLICE_PRINT(host)));
        return;
    }
}

static void judge_dmarc(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                        struct slice text) {
    struct dmarc_record record;
    struct dmarc_faults faults = {0};
    if (!dmarc_record_parse(text, &record, &faults) || !is_sound(check, checked, &faults)) return;
    if (record.policy == DMARC_NONE && checked->words.len == 0)
        checked->words =
            SLICE("p=none only watches; p=reject protects the name, once reports show nothing amiss");
    judge_reports(t, check, checked, record.aggregate_uris);
}

/* ---- MTA-STS, RFC 8461 3.1; TLS-RPT, RFC 8460 3 ---- */

static void judge_sts(const struct dnscheck *check, struct dnscheck_row *checked, struct slice text) {
    struct arena *arena = check->lookups->arena;
    struct slice id;
    struct slice advice = arena_printf(arena, "let it say: %.*s", SLICE_PRINT(checked->wanted->value));
    if (!mta_sts_record_read(&text, 1, &id))
        dnscheck_wrong(checked, difference_words(arena, checked->wanted->value, text), advice);
    else if (!slice_equal(id, check->facts->sts_id))
        dnscheck_wrong(
            checked,
            arena_printf(arena,
                         "its id is %.*s, and that of the policy here is %.*s: who has the old policy "
                         "keeps it",
                         SLICE_PRINT(difference_shown(arena, id, 32)), SLICE_PRINT(check->facts->sts_id)),
            advice);
}

static void judge_tlsrpt(const struct dnscheck *check, struct dnscheck_row *checked, struct slice text) {
    struct arena *arena = check->lookups->arena;
    struct tag_list tags;
    const struct tag *rua = NULL;
    if (tag_list_read(text, &tags) == TAG_LIST_OK) rua = tag_list_find(&tags, SLICE("rua"));
    if (rua && (slice_starts_nocase(rua->value, SLICE("mailto:")) ||
                slice_starts_nocase(rua->value, SLICE("https:"))))
        return;
    dnscheck_wrong(checked,
                   rua ? SLICE("its rua= is neither mailto: nor https:, so nobody reports")
                       : SLICE("it has no rua=, so nobody knows where to report"),
                   arena_printf(arena, "let it say: %.*s", SLICE_PRINT(checked->wanted->value)));
}

/* ---- one row ---- */

static void judge_text(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                       struct slice text) {
    switch (checked->wanted->kind) {
    case PUBLISH_SPF:
    case PUBLISH_SPF_HELO:
        dnscheck_spf(t, check, checked, text);
        return;
    case PUBLISH_DKIM:
        judge_key(check, checked, text);
        return;
    case PUBLISH_DMARC:
        judge_dmarc(t, check, checked, text);
        return;
    case PUBLISH_STS:
        judge_sts(check, checked, text);
        return;
    default:
        judge_tlsrpt(check, checked, text);
    }
}

/* Something that was meant to be the record: quotes or blanks before it, or another at a name of its own. */
static bool find_near(const struct dnscheck_row *checked, const struct trust_texts *all, struct slice *near) {
    bool is_spf = checked->wanted->kind == PUBLISH_SPF || checked->wanted->kind == PUBLISH_SPF_HELO;
    for (size_t i = 0; i < all->count; i++) {
        if (is_spf && slice_find(all->items[i], SLICE("v=spf1")) == SLICE_NOT_FOUND) continue;
        *near = all->items[i];
        return true;
    }
    return false;
}

static void say_none(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct arena *arena = check->lookups->arena;
    struct trust_texts all = trust_look_up_texts(t, check->lookups, checked->wanted->name);
    struct slice near;
    if (all.result != DNS_OK || !find_near(checked, &all, &near)) {
        dnscheck_absent(t, check, checked, all.result == DNS_OK ? DNS_NO_DATA : all.result);
        return;
    }
    checked->found = difference_shown(arena, near, 300);
    dnscheck_wrong(checked, difference_words(arena, checked->wanted->value, near),
                   SLICE("replace it by the text that posthaste domain dns prints"));
}

void dnscheck_text(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct arena *arena = check->lookups->arena;
    struct trust_texts texts = dnscheck_texts(t, check->lookups, checked->wanted);
    checked->is_secure = texts.is_secure;
    if (texts.count == 0) {
        say_none(t, check, checked);
        return;
    }
    checked->found = difference_shown(arena, texts.items[0], 600);
    if (texts.count == 1)
        judge_text(t, check, checked, texts.items[0]);
    else
        dnscheck_several(check, checked, &texts);
}
