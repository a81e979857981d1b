#include "smtp/blocklist.h"

#include <stdlib.h>

#include "wire/dns.h"
#include "wire/dnsbl.h"
#include "wire/wire_text.h"

struct list_in_use {
    struct dnsbl_zone zone;
    bool is_good;
    /* The log was told that it gave no answer. */
    bool is_told;
};

struct blocklist {
    struct env *env;
    struct resolver *resolver;
    struct list_in_use lists[DNSBL_ZONES_MAX];
    size_t count;
    /* Counts blocklist_set: after a wait, which lists these are. */
    uint64_t generation;
    struct scope scope;
};

/* One question about one address. DNS_OK and DNS_NO_SUCH_NAME are answers. */
static enum dns_result ask(struct task *t, struct blocklist *blocklist, const struct dnsbl_zone *zone,
                           struct slice address, uint16_t type, struct arena *arena,
                           struct dns_answer *answer, int64_t deadline_ms) {
    struct buffer name = buffer_new(DNS_NAME_BYTES_MAX);
    *answer = (struct dns_answer){.result = DNS_NO_SUCH_NAME};
    if (dnsbl_name(zone, address, &name))
        (void)resolver_lookup(t, blocklist->resolver, buffer_slice(&name), type, arena, answer, deadline_ms);
    buffer_free(&name);
    return answer->result;
}

static enum dnsbl_verdict verdict_of(const struct dnsbl_zone *zone, const struct dns_answer *answer) {
    switch (answer->result) {
    case DNS_OK:
        return dnsbl_judge(zone, answer->records, answer->count);
    case DNS_NO_SUCH_NAME:
    case DNS_NO_DATA:
        return DNSBL_CLEAR;
    default:
        return DNSBL_NO_ANSWER;
    }
}

static enum dnsbl_verdict look_up(struct task *t, struct blocklist *blocklist, const struct dnsbl_zone *zone,
                                  struct slice address, int64_t deadline_ms) {
    struct arena *arena = arena_new(DNSBL_ANSWER_BYTES_MAX);
    struct dns_answer answer;
    (void)ask(t, blocklist, zone, address, DNS_A, arena, &answer, deadline_ms);
    enum dnsbl_verdict verdict = verdict_of(zone, &answer);
    arena_free(&arena);
    return verdict;
}

/* ---- is it a list ---- */

/* NULL: it is. */
static const char *test_list(struct task *t, struct blocklist *blocklist, const struct dnsbl_zone *zone) {
    int64_t deadline_ms = env_now_ms(blocklist->env) + DNSBL_ASK_MS_MAX;
    enum dnsbl_verdict two = look_up(t, blocklist, zone, SLICE("127.0.0.2"), deadline_ms);
    enum dnsbl_verdict one = look_up(t, blocklist, zone, SLICE("127.0.0.1"), deadline_ms);
    if (two == DNSBL_NO_ANSWER || one == DNSBL_NO_ANSWER)
        return "it does not answer, or refuses to answer us";
    if (two == DNSBL_CLEAR) return "127.0.0.2 is not on it, as it is on every list that works (RFC 5782 5)";
    return one == DNSBL_LISTED ? "127.0.0.1 is on it: it lists everybody (RFC 5782 5)" : NULL;
}

static void note_test(struct blocklist *blocklist, struct list_in_use *list, const char *fault) {
    struct log *log = blocklist->env->log;
    bool is_news = list->is_good == (fault != NULL) || (fault && !list->is_told);
    list->is_good = fault == NULL;
    list->is_told = fault != NULL;
    if (!is_news) return;
    if (fault)
        LOG_WARN(log, "dnsbl.not_used", LOG_TEXT("zone", dnsbl_zone_name(&list->zone)),
                 LOG_CSTR("reason", fault));
    else
        LOG_INFO(log, "dnsbl.used", LOG_TEXT("zone", dnsbl_zone_name(&list->zone)));
}

/* True: all of them are lists. */
static bool test_all(struct task *t, struct blocklist *blocklist) {
    bool are_good = true;
    for (size_t i = 0; i < blocklist->count; i++) {
        const char *fault = test_list(t, blocklist, &blocklist->lists[i].zone);
        if (task_is_cancelled(t)) return true;
        note_test(blocklist, &blocklist->lists[i], fault);
        are_good &= fault == NULL;
    }
    return are_good;
}

static void keep_testing(struct task *t, void *argument) {
    struct blocklist *blocklist = argument;
    while (!task_is_cancelled(t)) {
        bool are_good = test_all(t, blocklist);
        if (task_sleep(t, are_good ? DNSBL_TEST_PAUSE_MS : DNSBL_TEST_AGAIN_MS)) return;
    }
}

/* ---- asking ---- */

/* What the list says of the host, or nothing. */
static void write_reason(struct task *t, struct blocklist *blocklist, const struct dnsbl_zone *zone,
                         struct slice address, struct buffer *out, int64_t deadline_ms) {
    struct arena *arena = arena_new(DNSBL_ANSWER_BYTES_MAX);
    struct buffer text = buffer_new(DNSBL_ANSWER_BYTES_MAX);
    struct dns_answer answer;
    if (ask(t, blocklist, zone, address, DNS_TXT, arena, &answer, deadline_ms) == DNS_OK && answer.count &&
        dns_txt_join(answer.records[0], &text)) {
        buffer_append_text(out, ": ");
        wire_text_clean(out, slice_sub(buffer_slice(&text), 0, DNSBL_TEXT_BYTES_MAX), true);
    }
    buffer_free(&text);
    arena_free(&arena);
}

static struct slice words_of(struct task *t, struct blocklist *blocklist, const struct dnsbl_zone *zone,
                             struct slice address, struct arena *arena, int64_t deadline_ms) {
    struct buffer out = buffer_new(2 * DNSBL_TEXT_BYTES_MAX + DNS_NAME_BYTES_MAX + 64);
    buffer_append(&out, address);
    buffer_append_text(&out, " is listed by ");
    buffer_append(&out, dnsbl_zone_name(zone));
    write_reason(t, blocklist, zone, address, &out, deadline_ms);
    struct slice words = arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return words;
}

static void tell_no_answer(struct blocklist *blocklist, struct list_in_use *list) {
    if (list->is_told) return;
    list->is_told = true;
    LOG_WARN(blocklist->env->log, "dnsbl.no_answer", LOG_TEXT("zone", dnsbl_zone_name(&list->zone)));
}

bool blocklist_has(struct task *t, struct blocklist *blocklist, struct slice address, struct arena *arena,
                   struct slice *words) {
    uint64_t generation = blocklist->generation;
    int64_t deadline_ms = env_now_ms(blocklist->env) + DNSBL_ASK_MS_MAX;
    for (size_t i = 0; i < blocklist->count; i++) {
        if (!blocklist->lists[i].is_good) continue;
        struct dnsbl_zone zone = blocklist->lists[i].zone;
        enum dnsbl_verdict verdict = look_up(t, blocklist, &zone, address, deadline_ms);
        if (blocklist->generation != generation) return false;
        if (verdict == DNSBL_NO_ANSWER) tell_no_answer(blocklist, &blocklist->lists[i]);
        if (verdict != DNSBL_LISTED) continue;
        *words = words_of(t, blocklist, &zone, address, arena, deadline_ms);
        return true;
    }
    return false;
}

/* ---- its life ---- */

struct blocklist *blocklist_new(struct env *env, struct resolver *resolver) {
    struct blocklist *blocklist = calloc(1, sizeof *blocklist);
    if (!blocklist) FATAL("out of memory for block lists");
    blocklist->env = env;
    blocklist->resolver = resolver;
    scope_init(&blocklist->scope, env);
    return blocklist;
}

void blocklist_set(struct task *t, struct blocklist *blocklist, struct slice zones) {
    struct dnsbl_zone read[DNSBL_ZONES_MAX];
    size_t count = 0;
    blocklist->generation++;
    blocklist->count = 0;
    scope_close(t, &blocklist->scope);
    scope_init(&blocklist->scope, blocklist->env);
    if (!dnsbl_zones_read(zones, read, &count)) count = 0;
    for (size_t i = 0; i < count; i++) blocklist->lists[i] = (struct list_in_use){.zone = read[i]};
    blocklist->count = count;
    if (count) (void)scope_spawn(&blocklist->scope, keep_testing, blocklist);
}

void blocklist_free(struct task *t, struct blocklist **blocklist) {
    if (!*blocklist) return;
    scope_close(t, &(*blocklist)->scope);
    free(*blocklist);
    *blocklist = NULL;
}
