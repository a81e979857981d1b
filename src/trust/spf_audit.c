#include "trust/spf_audit.h"

#include "trust/spf_run.h"

enum { IP4_WIDE_BITS = 16, IP6_WIDE_BITS = 32 };

/* A record on the way through; the first is the domain's own, or what it redirects to. */
struct audit_frame {
    struct slice domain;
    struct spf_record record;
    struct slice rest;
};

struct audit_run {
    struct task *t;
    struct trust_lookups *lookups;
    struct spf_audit audit;
    struct spf_note *notes;
    struct audit_frame frames[SPF_AUDIT_DEPTH_MAX];
    size_t depth;
};

const char *spf_note_name(enum spf_note_kind kind) {
    static const char *const names[SPF_NOTE_KINDS] = {
        [SPF_NOTE_NO_RECORD] = "no-record",
        [SPF_NOTE_SEVERAL_RECORDS] = "several-records",
        [SPF_NOTE_BROKEN] = "broken",
        [SPF_NOTE_UNANSWERED] = "unanswered",
        [SPF_NOTE_LEADS_NOWHERE] = "leads-nowhere",
        [SPF_NOTE_LOOP] = "loop",
        [SPF_NOTE_TERMS] = "too-many-lookups",
        [SPF_NOTE_VOID] = "too-many-void-lookups",
        [SPF_NOTE_EXCHANGES] = "too-many-exchanges",
        [SPF_NOTE_ALL_PASS] = "everybody-passes",
        [SPF_NOTE_NO_END] = "no-end",
        [SPF_NOTE_PTR] = "ptr",
        [SPF_NOTE_BEHIND_ALL] = "behind-all",
        [SPF_NOTE_UNUSED_REDIRECT] = "unused-redirect",
        [SPF_NOTE_WIDE] = "wide-network",
        [SPF_NOTE_LONG] = "long",
    };
    return names[kind];
}

bool spf_note_is_error(const struct spf_note *note) { return note->kind < SPF_NOTE_NO_END; }

static void note(struct audit_run *run, enum spf_note_kind kind, struct slice domain, struct slice words) {
    if (run->audit.note_count < SPF_AUDIT_NOTES_MAX)
        run->notes[run->audit.note_count++] = (struct spf_note){kind, domain, words};
}

static struct audit_frame *top(struct audit_run *run) { return &run->frames[run->depth - 1]; }

/* About a term of the top record: "TERM" and then the words. */
static void note_term(struct audit_run *run, enum spf_note_kind kind, const struct spf_term *term,
                      const char *words) {
    struct arena *arena = run->lookups->arena;
    note(run, kind, top(run)->domain,
         arena_printf(arena, "\"%.*s\" %s", SLICE_PRINT(spf_quoted(arena, term->text)), words));
}

/* ---- what DNS knows ---- */

static void note_unanswered(struct audit_run *run, struct slice name, uint16_t type, enum dns_result result) {
    struct arena *arena = run->lookups->arena;
    note(run, SPF_NOTE_UNANSWERED, name,
         arena_printf(arena, "DNS gives no answer about %.*s (%.*s: %s)",
                      SLICE_PRINT(spf_quoted(arena, name)), SLICE_PRINT(trust_type_name(type, arena)),
                      dns_result_name(result)));
}

/* Records of the name; 0, too, where DNS did not say, and then *is_void stays. */
static size_t ask(struct audit_run *run, struct slice name, uint16_t type, bool *is_void) {
    struct dns_answer answer;
    enum dns_result result = trust_look_up(run->t, run->lookups, name, type, &answer);
    if (trust_is_unsure(result)) {
        note_unanswered(run, name, type, result);
        return 0;
    }
    *is_void = answer.count == 0;
    return answer.count;
}

static void count_voids(struct audit_run *run, bool is_ip4_void, bool is_ip6_void) {
    run->audit.ip4_voids += is_ip4_void;
    run->audit.ip6_voids += is_ip6_void;
}

static void ask_hosts(struct audit_run *run, struct slice name) {
    bool is_ip4_void = false;
    bool is_ip6_void = false;
    (void)ask(run, name, DNS_A, &is_ip4_void);
    (void)ask(run, name, DNS_AAAA, &is_ip6_void);
    count_voids(run, is_ip4_void, is_ip6_void);
}

static void ask_exchanges(struct audit_run *run, struct slice name, const struct spf_term *term) {
    bool is_void = false;
    if (ask(run, name, DNS_MX, &is_void) > SPF_EXCHANGES_MAX)
        note_term(run, SPF_NOTE_EXCHANGES, term, "leads to more than 10 mail exchanges (RFC 7208 4.6.4)");
    count_voids(run, is_void, is_void);
}

static void ask_existence(struct audit_run *run, struct slice name) {
    bool is_void = false;
    (void)ask(run, name, DNS_A, &is_void);
    count_voids(run, is_void, is_void);
}

/* ---- records ---- */

/* There is no record where one is asked for: by the term, or by the audit itself. */
static void note_absent(struct audit_run *run, struct slice domain, const struct spf_term *term) {
    struct arena *arena = run->lookups->arena;
    if (term)
        note_term(run, SPF_NOTE_LEADS_NOWHERE, term, "leads to a domain without an SPF record");
    else
        note(run, SPF_NOTE_NO_RECORD, domain,
             arena_printf(arena, "%.*s has no SPF record", SLICE_PRINT(spf_quoted(arena, domain))));
}

static void note_several(struct audit_run *run, struct slice domain, size_t count) {
    struct arena *arena = run->lookups->arena;
    note(run, SPF_NOTE_SEVERAL_RECORDS, domain,
         arena_printf(arena, "%.*s has %zu SPF records; there may be only one (RFC 7208 4.5)",
                      SLICE_PRINT(spf_quoted(arena, domain)), count));
}

/* The record of a name. False: there is none that could be gone through. */
static bool find_record(struct audit_run *run, struct slice domain, const struct spf_term *term,
                        struct slice *text) {
    struct trust_texts texts = trust_look_up_texts(run->t, run->lookups, domain);
    size_t count = 0;
    if (trust_is_unsure(texts.result)) {
        note_unanswered(run, domain, DNS_TXT, texts.result);
        return false;
    }
    for (size_t i = 0; i < texts.count; i++)
        if (spf_is_record(texts.items[i]) && count++ == 0) *text = texts.items[i];
    if (!term) {
        run->audit.record_count = count;
        run->audit.record = count ? *text : SLICE_EMPTY;
    }
    if (count == 0) note_absent(run, domain, term);
    if (count > 1) note_several(run, domain, count);
    return count > 0;
}

static bool read_record(struct audit_run *run, struct slice domain, struct slice text,
                        struct spf_record *record) {
    struct arena *arena = run->lookups->arena;
    struct slice fault;
    enum spf_error error = spf_record_read(text, record, &fault);
    if (error != SPF_OK)
        note(run, SPF_NOTE_BROKEN, domain,
             arena_printf(arena, "the record is wrong at byte %zu, \"%.*s\": %s",
                          (size_t)(fault.ptr - text.ptr) + 1, SLICE_PRINT(spf_quoted(arena, fault)),
                          spf_error_words(error)));
    if (text.len > SPF_RECORD_BYTES_USUAL_MAX)
        note(run, SPF_NOTE_LONG, domain,
             arena_printf(arena, "the record has %zu bytes; over %d an answer may need TCP (RFC 7208 3.4)",
                          text.len, SPF_RECORD_BYTES_USUAL_MAX));
    return error == SPF_OK;
}

static bool is_under_way(const struct audit_run *run, struct slice domain) {
    for (size_t i = 0; i < run->depth; i++)
        if (slice_equal_nocase(run->frames[i].domain, domain)) return true;
    return false;
}

/* On top of the frames, or with a redirect in place of the top one. */
static void enter(struct audit_run *run, struct slice domain, const struct spf_term *term) {
    struct slice text;
    struct spf_record record;
    bool is_redirect = term && term->kind == SPF_REDIRECT;
    if (term && is_under_way(run, domain)) {
        note_term(run, SPF_NOTE_LOOP, term, "leads back to a record that led to it");
        return;
    }
    if (run->depth == SPF_AUDIT_DEPTH_MAX || !find_record(run, domain, term, &text) ||
        !read_record(run, domain, text, &record))
        return;
    if (!is_redirect) run->depth++;
    *top(run) = (struct audit_frame){domain, record, record.terms};
}

/* ---- terms ---- */

/* The name of a domain-spec that has no macro; without one, <domain>. False: it has a macro. */
static bool plain_target(struct audit_run *run, const struct spf_term *term, struct slice *name) {
    *name = term->domain.len ? term->domain : top(run)->domain;
    if (slice_find_byte(*name, '%') != SLICE_NOT_FOUND) return false;
    if (name->ptr[name->len - 1] == '.') name->len--;
    return true;
}

static void follow(struct audit_run *run, const struct spf_term *term) {
    struct slice name;
    run->audit.asking_terms++;
    if (term->kind == SPF_PTR)
        note_term(run, SPF_NOTE_PTR, term, "is slow and unreliable, and not to be used (RFC 7208 5.5)");
    if (!plain_target(run, term, &name)) return;
    if (term->kind == SPF_A) ask_hosts(run, name);
    if (term->kind == SPF_MX) ask_exchanges(run, name, term);
    if (term->kind == SPF_EXISTS) ask_existence(run, name);
    if (term->kind == SPF_INCLUDE || term->kind == SPF_REDIRECT) enter(run, name, term);
}

/* RFC 7208 5.1: what stands behind it is never looked at. */
static void look_at_all(struct audit_run *run, const struct spf_term *term) {
    struct spf_term next;
    if (term->qualifier == SPF_QUALIFIER_PASS)
        note_term(run, SPF_NOTE_ALL_PASS, term, "lets everybody send in the domain's name");
    if (term->qualifier == SPF_QUALIFIER_NEUTRAL && run->depth == 1)
        note_term(run, SPF_NOTE_NO_END, term, "says nothing of all others: -all or ~all does");
    while (spf_term_take(&top(run)->rest, &next) == SPF_OK)
        if (next.kind < SPF_REDIRECT)
            note_term(run, SPF_NOTE_BEHIND_ALL, &next, "stands behind all and is never looked at");
    if (top(run)->record.has_redirect)
        note_term(run, SPF_NOTE_UNUSED_REDIRECT, &top(run)->record.redirect, "has no effect beside all");
}

static void look_at_network(struct audit_run *run, const struct spf_term *term) {
    bool is_wide = term->kind == SPF_IP4 ? term->ip4_bits < IP4_WIDE_BITS : term->ip6_bits < IP6_WIDE_BITS;
    if (is_wide) note_term(run, SPF_NOTE_WIDE, term, "is a very large network to trust");
}

static void look_at(struct audit_run *run, const struct spf_term *term) {
    if (term->kind == SPF_ALL)
        look_at_all(run, term);
    else if (term->kind == SPF_IP4 || term->kind == SPF_IP6)
        look_at_network(run, term);
    else if (term->kind < SPF_REDIRECT)
        follow(run, term);
}

/* Behind the last term. */
static void leave(struct audit_run *run) {
    struct audit_frame *frame = top(run);
    struct spf_term redirect = frame->record.redirect;
    if (frame->record.has_redirect && !frame->record.has_all) {
        frame->record.has_redirect = false;
        frame->record.has_all = true;
        follow(run, &redirect);
        return;
    }
    if (!frame->record.has_all && run->depth == 1)
        note(run, SPF_NOTE_NO_END, frame->domain,
             SLICE("the record says nothing of all others: -all or ~all at its end does"));
    run->depth--;
}

static void step(struct audit_run *run) {
    struct spf_term term;
    if (spf_term_take(&top(run)->rest, &term) == SPF_OK)
        look_at(run, &term);
    else
        leave(run);
}

/* ---- the whole ---- */

static void note_limits(struct audit_run *run) {
    struct arena *arena = run->lookups->arena;
    struct spf_audit *audit = &run->audit;
    struct slice domain = run->frames[0].domain;
    unsigned voids = audit->ip4_voids > audit->ip6_voids ? audit->ip4_voids : audit->ip6_voids;
    if (audit->asking_terms > SPF_ASKING_TERMS_MAX)
        note(run, SPF_NOTE_TERMS, domain,
             arena_printf(arena, "%u terms ask DNS, of all records together; 10 are allowed (RFC 7208 4.6.4)",
                          audit->asking_terms));
    if (voids > SPF_VOID_LOOKUPS_MAX)
        note(run, SPF_NOTE_VOID, domain,
             arena_printf(arena,
                          "DNS knows nothing of %u names for IPv4 clients, and of %u for IPv6 clients; 2 are "
                          "allowed (RFC 7208 4.6.4)",
                          audit->ip4_voids, audit->ip6_voids));
}

struct spf_audit spf_audit(struct task *t, struct trust_lookups *lookups, struct slice domain) {
    struct audit_run *run = ARENA_NEW(lookups->arena, struct audit_run);
    run->t = t;
    run->lookups = lookups;
    run->notes = ARENA_NEW_ARRAY(lookups->arena, struct spf_note, SPF_AUDIT_NOTES_MAX);
    run->audit.notes = run->notes;
    enter(run, domain, NULL);
    while (run->depth && run->audit.asking_terms < SPF_AUDIT_TERMS_MAX) step(run);
    run->frames[0].domain = domain;
    note_limits(run);
    return run->audit;
}
