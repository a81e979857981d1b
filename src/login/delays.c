#include "login/delays.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/limits.h"
#include "base/map.h"
#include "login/known.h"

enum mark_kind { MARK_ADDRESS, MARK_USER, MARK_KINDS };

/* What is remembered of an address or a name; oldest first in the list. */
struct mark {
    struct list by_age;
    struct slice key;
    unsigned failures;
    /* Attempts in their delay: the mark stays as long as there are any. */
    unsigned waiting;
    int64_t failed_ms;
    int64_t until_ms;
    uint8_t key_bytes[];
};

struct login_delays {
    struct env *env;
    struct map *marks;
    struct list by_age;
    struct login_known *known;
    struct login_turns turns;
};

static const int64_t delay_ms_max[MARK_KINDS] = {LOGIN_DELAY_ADDRESS_MS_MAX, LOGIN_DELAY_USER_MS_MAX};

enum { KEY_BYTES_MAX = 64 + SASL_NAME_BYTES_MAX };

struct key {
    uint8_t bytes[KEY_BYTES_MAX];
    size_t len;
};

static struct slice key_slice(const struct key *key) { return slice_of(key->bytes, key->len); }

/* The first four groups of an IPv6 address, which one customer has for himself; all of an IPv4 one. Text
   with "::" in the first four groups is taken up to there: the same network writes it the same way. */
struct slice login_delay_network(struct slice address) {
    size_t groups = 0;
    for (size_t i = 0; i < address.len; i++) {
        if (address.ptr[i] != ':') continue;
        groups++;
        bool is_gap = i > 0 && address.ptr[i - 1] == ':';
        if (groups == 4 || is_gap) return slice_sub(address, 0, i);
    }
    return address;
}

/* Names that differ in case only are one user's; of long ones the beginning counts. */
static struct key key_of(enum mark_kind kind, const struct login_attempt *attempt) {
    struct key key = {.bytes = {kind == MARK_USER ? 'u' : 'a'}, .len = 1};
    struct slice text = kind == MARK_USER ? attempt->user : login_delay_network(attempt->address);
    for (size_t i = 0; i < text.len && key.len < KEY_BYTES_MAX; i++)
        key.bytes[key.len++] = ascii_lower(text.ptr[i]);
    return key;
}

/* A user at an address. */
static struct key pair_key_of(const struct login_attempt *attempt) {
    struct key key = key_of(MARK_ADDRESS, attempt);
    struct key user = key_of(MARK_USER, attempt);
    for (size_t i = 0; i < user.len && key.len < KEY_BYTES_MAX; i++) key.bytes[key.len++] = user.bytes[i];
    return key;
}

struct login_delays *login_delays_new(struct env *env) {
    struct login_delays *delays = calloc(1, sizeof *delays);
    if (!delays) FATAL("out of memory for login delays");
    delays->env = env;
    delays->marks = map_new(env_random_u64(env));
    list_init(&delays->by_age);
    delays->known = login_known_new(env);
    login_turns_init(&delays->turns, env);
    return delays;
}

static void mark_forget(struct login_delays *delays, struct mark *mark) {
    (void)map_remove(delays->marks, mark->key);
    list_remove(&mark->by_age);
    free(mark);
}

void login_delays_free(struct login_delays **delays) {
    if (!*delays) return;
    LIST_EACH(&(*delays)->by_age, mark, struct mark, by_age) mark_forget(*delays, mark);
    map_free(&(*delays)->marks);
    login_known_free(&(*delays)->known);
    free(*delays);
    *delays = NULL;
}

/* One failure is forgotten for each LOGIN_FAILURE_FORGET_MS that passed. */
static void mark_fade(struct mark *mark, int64_t now_ms) {
    int64_t periods = (now_ms - mark->failed_ms) / LOGIN_FAILURE_FORGET_MS;
    if (periods <= 0) return;
    mark->failures = periods >= mark->failures ? 0 : mark->failures - (unsigned)periods;
    mark->failed_ms += periods * LOGIN_FAILURE_FORGET_MS;
}

static struct mark *mark_find(struct login_delays *delays, const struct key *key) {
    struct mark *mark = map_get(delays->marks, key_slice(key));
    if (mark) mark_fade(mark, env_now_ms(delays->env));
    return mark;
}

/* Makes room: faded marks at the old end go, and the oldest when there are too many. */
static void forget_old(struct login_delays *delays) {
    int64_t now_ms = env_now_ms(delays->env);
    LIST_EACH(&delays->by_age, mark, struct mark, by_age) {
        mark_fade(mark, now_ms);
        bool is_over = mark->failures == 0 || map_count(delays->marks) >= LOGIN_MARKS_MAX;
        if (!is_over) return;
        if (mark->waiting == 0) mark_forget(delays, mark);
    }
}

static struct mark *mark_take(struct login_delays *delays, const struct key *key) {
    struct mark *mark = mark_find(delays, key);
    if (mark) return mark;
    forget_old(delays);
    mark = calloc(1, sizeof *mark + key->len);
    if (!mark) FATAL("out of memory for a login mark");
    memcpy(mark->key_bytes, key->bytes, key->len);
    mark->key = slice_of(mark->key_bytes, key->len);
    list_init(&mark->by_age);
    (void)map_put(delays->marks, mark->key, mark);
    return mark;
}

static int64_t delay_of(enum mark_kind kind, unsigned failures) {
    int64_t ms = LOGIN_DELAY_FIRST_MS;
    for (unsigned i = 1; i < failures && ms < delay_ms_max[kind]; i++) ms *= 2;
    return ms < delay_ms_max[kind] ? ms : delay_ms_max[kind];
}

static int64_t mark_fail(struct login_delays *delays, enum mark_kind kind,
                         const struct login_attempt *attempt) {
    struct key key = key_of(kind, attempt);
    struct mark *mark = mark_take(delays, &key);
    int64_t now_ms = env_now_ms(delays->env);
    if (mark->failures < LOGIN_FAILURES_MAX) mark->failures++;
    int64_t ms = delay_of(kind, mark->failures);
    mark->failed_ms = now_ms;
    if (mark->until_ms < now_ms + ms) mark->until_ms = now_ms + ms;
    list_remove(&mark->by_age);
    list_append(&delays->by_age, &mark->by_age);
    return ms;
}

int64_t login_delay_note_failure(struct login_delays *delays, const struct login_attempt *attempt) {
    int64_t address_ms = mark_fail(delays, MARK_ADDRESS, attempt);
    int64_t user_ms = mark_fail(delays, MARK_USER, attempt);
    return address_ms > user_ms ? address_ms : user_ms;
}

static int64_t until_ms_of(struct login_delays *delays, enum mark_kind kind,
                           const struct login_attempt *attempt) {
    struct key key = key_of(kind, attempt);
    struct mark *mark = mark_find(delays, &key);
    return mark ? mark->until_ms : 0;
}

bool login_delay_is_known(const struct login_delays *delays, const struct login_attempt *attempt) {
    struct key key = pair_key_of(attempt);
    return login_known_has(delays->known, key_slice(&key));
}

struct login_turns *login_delay_turns(struct login_delays *delays) {
    return &delays->turns;
}

int64_t login_delay_address_ms(struct login_delays *delays, const struct login_attempt *attempt) {
    int64_t ms = until_ms_of(delays, MARK_ADDRESS, attempt) - env_now_ms(delays->env);
    return ms > 0 ? ms : 0;
}

int64_t login_delay_ms(struct login_delays *delays, const struct login_attempt *attempt) {
    int64_t address_ms = login_delay_address_ms(delays, attempt);
    if (login_delay_is_known(delays, attempt)) return address_ms;
    int64_t user_ms = until_ms_of(delays, MARK_USER, attempt) - env_now_ms(delays->env);
    return address_ms > user_ms ? address_ms : user_ms;
}

/* Waits, counted at the address's mark if it has one, which therefore stays. */
static enum login_delay_result wait_out(struct task *t, struct login_delays *delays,
                                        const struct login_attempt *attempt, int64_t ms) {
    if (ms == 0) return LOGIN_DELAY_OVER;
    struct key key = key_of(MARK_ADDRESS, attempt);
    struct mark *mark = mark_find(delays, &key);
    if (mark && mark->waiting >= LOGIN_WAITING_MAX) return LOGIN_DELAY_CROWD;
    if (mark) mark->waiting++;
    enum wait_result waited = task_sleep(t, ms);
    if (mark) mark->waiting--;
    return waited == WAIT_OK ? LOGIN_DELAY_OVER : LOGIN_DELAY_CANCELLED;
}

enum login_delay_result login_delay_before(struct task *t, struct login_delays *delays,
                                           const struct login_attempt *attempt) {
    return wait_out(t, delays, attempt, login_delay_ms(delays, attempt));
}

enum login_delay_result login_delay_failed(struct task *t, struct login_delays *delays,
                                           const struct login_attempt *attempt) {
    return wait_out(t, delays, attempt, login_delay_note_failure(delays, attempt));
}

void login_delay_succeeded(struct login_delays *delays, const struct login_attempt *attempt) {
    struct key key = key_of(MARK_USER, attempt);
    struct mark *mark = mark_find(delays, &key);
    if (mark && mark->waiting == 0) mark_forget(delays, mark);
    struct key pair = pair_key_of(attempt);
    login_known_note(delays->known, key_slice(&pair));
}
