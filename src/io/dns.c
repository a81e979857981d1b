#include "io/dns.h"

#include "base/buffer.h"
#include "base/limits.h"

/* Room for a name whose every byte is written as \DDD. */
enum { ESCAPED_NAME_BYTES_MAX = DNS_NAME_BYTES_MAX * 4 };

struct opening {
    struct work work;
    struct task *t;
    const struct dns_options *options;
    const char **reason;
    struct dns *dns;
    bool is_done;
};

static void open_work(struct work *work) {
    struct opening *opening = CONTAINER_OF(work, struct opening, work);
    struct env *env = task_env(opening->t);
    opening->dns = env->ops->dns_open(env, opening->options, opening->reason);
    opening->is_done = true;
    task_wake(opening->t);
}

struct dns *dns_open(struct task *t, const struct dns_options *options, const char **reason) {
    struct opening opening = {.t = t, .options = options, .reason = reason};
    work_init(&opening.work, open_work);
    work_post(task_env(t), &opening.work);
    while (!opening.is_done) task_wait_firmly(t);
    return opening.dns;
}

void dns_close(struct dns **dns) {
    if (*dns) (*dns)->ops->close(*dns);
    *dns = NULL;
}

void dns_query_end(struct dns_query *query) {
    query->is_done = true;
    task_wake(query->waiter);
}

const char *dns_result_name(enum dns_result result) {
    static const char *const names[DNS_RESULTS] = {
        [DNS_OK] = "ok",
        [DNS_NO_DATA] = "no-data",
        [DNS_NO_SUCH_NAME] = "no-such-name",
        [DNS_SERVFAIL] = "failed",
        [DNS_TIMEOUT] = "timeout",
        [DNS_BOGUS] = "bogus",
        [DNS_CANCELLED] = "cancelled",
    };
    return names[result];
}

/* RFC 1035 5.1: whatever could mean something else in a zone file is written as a number. */
static void escape_label(struct buffer *out, struct slice label) {
    for (size_t i = 0; i < label.len; i++) {
        uint8_t byte = label.ptr[i];
        if (ascii_is_alnum(byte) || byte == '-' || byte == '_')
            buffer_append_byte(out, byte);
        else
            buffer_printf(out, "\\%03u", byte);
    }
}

/* False: no such name can be. */
static bool escape_name(struct buffer *out, struct slice name) {
    if (name.len && name.ptr[name.len - 1] == '.') name.len--;
    if (name.len == 0 || name.len > DNS_NAME_BYTES_MAX - 2) return false;
    while (name.len) {
        struct slice label = slice_take_until(&name, '.');
        if (label.len == 0 || label.len > DNS_LABEL_BYTES_MAX) return false;
        escape_label(out, label);
        buffer_append_byte(out, '.');
        (void)slice_take_byte(&name, '.');
    }
    buffer_append_byte(out, 0);
    return true;
}

static enum dns_result give_up(struct dns_query *query, enum wait_result waited) {
    *query->answer = (struct dns_answer){.result = waited == WAIT_TIMEOUT ? DNS_TIMEOUT : DNS_CANCELLED};
    return query->answer->result;
}

static enum dns_result look_up(struct task *t, struct dns *dns, struct dns_query *query,
                               int64_t deadline_ms) {
    enum wait_result waited = WAIT_OK;
    dns->ops->start(dns, query);
    while (!query->is_done && waited == WAIT_OK) waited = task_wait(t, deadline_ms);
    if (query->is_done) return query->answer->result;
    dns->ops->stop(dns, query);
    return give_up(query, waited);
}

enum dns_result dns_lookup(struct task *t, struct dns *dns, struct slice name, uint16_t type,
                           struct arena *arena, struct dns_answer *answer, int64_t deadline_ms) {
    *answer = (struct dns_answer){.result = DNS_NO_SUCH_NAME};
    struct buffer escaped = buffer_new(ESCAPED_NAME_BYTES_MAX);
    if (escape_name(&escaped, name)) {
        struct dns_query query = {
            .name = (const char *)escaped.ptr, .type = type, .arena = arena, .answer = answer, .waiter = t};
        (void)look_up(t, dns, &query, deadline_ms);
    }
    buffer_free(&escaped);
    return answer->result;
}
