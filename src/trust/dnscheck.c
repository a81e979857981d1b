#include "trust/dnscheck.h"

#include "base/limits.h"
#include "trust/difference.h"

enum { FOUND_BYTES_MAX = 600, FOUND_PIECE_BYTES_MAX = 300 };

const char *dnscheck_state_word(enum dnscheck_state state) {
    static const char *const words[DNSCHECK_STATES] = {"right", "wrong", "missing", "unknown"};
    return words[state];
}

void dnscheck_wrong(struct dnscheck_row *checked, struct slice words, struct slice advice) {
    checked->state = DNSCHECK_WRONG;
    checked->words = words;
    checked->advice = advice;
}

/* ---- what is not there ---- */

static struct slice publish_advice(const struct dnscheck *check, const struct dnscheck_row *checked) {
    const struct publish_row *row = checked->wanted;
    if (row->kind == PUBLISH_PTR)
        return arena_printf(check->lookups->arena,
                            "have the provider of the address set its reverse DNS to %.*s",
                            SLICE_PRINT(row->value));
    return SLICE("publish it; posthaste domain dns prints it");
}

/* A panel that appends the zone's name made "_dmarc.example.org.example.org" of it. */
static bool stands_at_doubled_name(struct task *t, const struct dnscheck *check,
                                   const struct dnscheck_row *checked, struct slice *name) {
    struct dns_answer answer;
    struct slice zone = check->facts->domain;
    *name = arena_printf(check->lookups->arena, "%.*s.%.*s", SLICE_PRINT(checked->wanted->name),
                         SLICE_PRINT(zone));
    if (checked->wanted->is_outside || name->len > DNS_NAME_BYTES_MAX - 2) return false;
    return trust_look_up(t, check->lookups, *name, checked->wanted->type, &answer) == DNS_OK;
}

static void say_missing(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    struct slice doubled;
    checked->state = DNSCHECK_MISSING;
    checked->advice = publish_advice(check, checked);
    checked->words = SLICE("there is no such record");
    if (!stands_at_doubled_name(t, check, checked, &doubled)) return;
    checked->words = arena_printf(check->lookups->arena, "there is one at %.*s, with the zone's name twice",
                                  SLICE_PRINT(doubled));
    checked->advice = arena_printf(
        check->lookups->arena, "enter only the name's part before .%.*s: the panel appends the rest itself",
        SLICE_PRINT(check->facts->domain));
}

void dnscheck_absent(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                     enum dns_result result) {
    if (!trust_is_unsure(result)) {
        say_missing(t, check, checked);
        return;
    }
    if (result == DNS_BOGUS) {
        dnscheck_wrong(
            checked, SLICE("DNSSEC says that the answer is forged or broken"),
            SLICE("the zone's signatures or the DS record at its registrar are wrong; until they are mended "
                  "many do not see the zone at all"));
        return;
    }
    checked->state = DNSCHECK_UNKNOWN;
    checked->words = arena_printf(check->lookups->arena, "DNS gave no answer (%s)", dns_result_name(result));
    checked->advice = SLICE("look at the zone's name servers, then check again");
}

/* ---- what is there ---- */

static struct slice found_text(const struct dnscheck *check, uint16_t type, const struct dns_answer *answer) {
    struct buffer out = buffer_new(FOUND_BYTES_MAX);
    struct arena *arena = check->lookups->arena;
    for (size_t i = 0; i < answer->count; i++) {
        struct slice text = trust_record_text(arena, type, answer->records[i]);
        struct slice shown = difference_shown(arena, text, FOUND_PIECE_BYTES_MAX);
        if (out.len + shown.len + 8 > FOUND_BYTES_MAX) {
            buffer_append_text(&out, ", ...");
            break;
        }
        buffer_printf(&out, "%s%.*s", i ? ", " : "", SLICE_PRINT(shown));
    }
    struct slice text = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

bool dnscheck_look_up(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked,
                      struct dns_answer *answer) {
    const struct publish_row *row = checked->wanted;
    enum dns_result result = trust_look_up(t, check->lookups, row->name, row->type, answer);
    checked->is_secure = answer->is_secure;
    if (result != DNS_OK) {
        dnscheck_absent(t, check, checked, result);
        return false;
    }
    checked->found = found_text(check, row->type, answer);
    return true;
}

static void check_row(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    static void (*const judges[PUBLISH_KINDS])(struct task * t, const struct dnscheck *check,
                                               struct dnscheck_row *checked) = {
        [PUBLISH_HOST] = dnscheck_host,   [PUBLISH_PTR] = dnscheck_name,
        [PUBLISH_MX] = dnscheck_mx,       [PUBLISH_SPF] = dnscheck_text,
        [PUBLISH_DKIM] = dnscheck_text,   [PUBLISH_SPF_HELO] = dnscheck_text,
        [PUBLISH_DMARC] = dnscheck_text,  [PUBLISH_STS] = dnscheck_text,
        [PUBLISH_TLSRPT] = dnscheck_text, [PUBLISH_STS_HOST] = dnscheck_name,
        [PUBLISH_TLSA] = dnscheck_tlsa,   [PUBLISH_SRV] = dnscheck_srv,
        [PUBLISH_SETUP] = dnscheck_name,  [PUBLISH_CAA] = dnscheck_caa};
    judges[checked->wanted->kind](t, check, checked);
}

/* Each row has its own time, so that a name server that says nothing costs its own rows only; when all of
   them take too long, little of it. */
static int64_t deadline_of(struct env *env, int64_t began_ms) {
    int64_t now_ms = env_now_ms(env);
    bool is_late = now_ms - began_ms > DNSCHECK_MS;
    return now_ms + (is_late ? DNSCHECK_LATE_ROW_MS : DNSCHECK_ROW_MS);
}

void dnscheck_run(struct task *t, const struct dnscheck *check, struct dnscheck_row *checked) {
    int64_t began_ms = env_now_ms(task_env(t));
    int64_t deadline_ms = check->lookups->deadline_ms;
    for (size_t i = 0; i < check->rows->count; i++) {
        checked[i] = (struct dnscheck_row){
            .wanted = &check->rows->items[i], .found = SLICE(""), .words = SLICE(""), .advice = SLICE("")};
        check->lookups->deadline_ms = deadline_of(task_env(t), began_ms);
        check_row(t, check, &checked[i]);
    }
    check->lookups->deadline_ms = deadline_ms;
}
