#include "io/real/dns_event.h"

#include <stdlib.h>
#include <sys/time.h>

struct dns_event {
    struct ub_event event;
    struct env *env;
    /* NULL while no descriptor is watched. Freed by libuv's close callback. */
    uv_poll_t *poll;
    struct timer timer;
    int64_t timeout_ms;
    int fd;
    short bits;
    void (*call)(int fd, short bits, void *argument);
    void *argument;
};

static struct dns_event *event_of(struct ub_event *event) {
    return CONTAINER_OF(event, struct dns_event, event);
}

static void poll_closed(uv_handle_t *poll) { free(poll); }

static void stop(struct dns_event *event) {
    timer_disarm(&event->env->timers, &event->timer);
    if (!event->poll) return;
    event->poll->data = NULL;
    uv_close((uv_handle_t *)event->poll, poll_closed);
    event->poll = NULL;
}

static void arm(struct dns_event *event) {
    if (event->timeout_ms >= 0)
        timer_arm(&event->env->timers, &event->timer, env_now_ms(event->env) + event->timeout_ms);
}

/* The callback may free the event. */
static void happen(struct dns_event *event, short bits) {
    if (event->bits & UB_EV_PERSIST)
        arm(event);
    else
        stop(event);
    event->call(event->fd, bits, event->argument);
}

static void timer_fired(struct timer *timer) {
    happen(CONTAINER_OF(timer, struct dns_event, timer), UB_EV_TIMEOUT);
}

static void polled(uv_poll_t *poll, int status, int events) {
    struct dns_event *event = poll->data;
    if (!event) return;
    /* An error shows when the socket is used. */
    if (status < 0) events = UV_READABLE | UV_WRITABLE;
    int bits = (events & UV_READABLE ? UB_EV_READ : 0) | (events & UV_WRITABLE ? UB_EV_WRITE : 0);
    bits &= event->bits;
    if (bits) happen(event, (short)bits);
}

static int watch(struct dns_event *event) {
    int events = (event->bits & UB_EV_READ ? UV_READABLE : 0) | (event->bits & UB_EV_WRITE ? UV_WRITABLE : 0);
    if (event->fd < 0 || !events) return 0;
    event->poll = calloc(1, sizeof *event->poll);
    if (!event->poll) FATAL("out of memory for a DNS socket");
    if (uv_poll_init(&real_env_of(event->env)->loop, event->poll, event->fd)) {
        free(event->poll);
        event->poll = NULL;
        return -1;
    }
    event->poll->data = event;
    return uv_poll_start(event->poll, events, polled) ? -1 : 0;
}

/* Milliseconds, rounded up: never before its moment. */
static int64_t timeout_ms_of(const struct timeval *time) {
    return time ? (int64_t)time->tv_sec * 1000 + (time->tv_usec + 999) / 1000 : -1;
}

static int event_add(struct ub_event *ub, struct timeval *timeout) {
    struct dns_event *event = event_of(ub);
    stop(event);
    event->timeout_ms = timeout_ms_of(timeout);
    if (watch(event)) return -1;
    arm(event);
    return 0;
}

static int event_del(struct ub_event *ub) {
    stop(event_of(ub));
    return 0;
}

static void event_add_bits(struct ub_event *ub, short bits) {
    stop(event_of(ub));
    event_of(ub)->bits |= bits;
}

static void event_del_bits(struct ub_event *ub, short bits) {
    stop(event_of(ub));
    event_of(ub)->bits &= (short)~bits;
}

static void event_set_fd(struct ub_event *ub, int fd) {
    stop(event_of(ub));
    event_of(ub)->fd = fd;
}

static void event_free(struct ub_event *ub) {
    stop(event_of(ub));
    free(event_of(ub));
}

static int event_add_timer(struct ub_event *ub, struct ub_event_base *base, void (*call)(int, short, void *),
                           void *argument, struct timeval *timeout) {
    (void)base;
    event_of(ub)->call = call;
    event_of(ub)->argument = argument;
    return event_add(ub, timeout);
}

/* Signals are the env's. */
static int no_signal(struct ub_event *ub) {
    (void)ub;
    return -1;
}
static int no_signal_add(struct ub_event *ub, struct timeval *timeout) {
    (void)timeout;
    return no_signal(ub);
}

static struct ub_event *event_new(struct ub_event_base *ub, int fd, short bits,
                                  void (*call)(int, short, void *), void *argument) {
    /* libunbound takes the table as changeable; nobody changes it. */
    static struct ub_event_vmt const table = {
        .add_bits = event_add_bits,
        .del_bits = event_del_bits,
        .set_fd = event_set_fd,
        .free = event_free,
        .add = event_add,
        .del = event_del,
        .add_timer = event_add_timer,
        .del_timer = event_del,
        .add_signal = no_signal_add,
        .del_signal = no_signal,
    };
    struct dns_event *event = calloc(1, sizeof *event);
    if (!event) return NULL;
    event->event = (struct ub_event){UB_EVENT_MAGIC, (struct ub_event_vmt *)(uintptr_t)&table};
    event->env = CONTAINER_OF(ub, struct dns_event_base, base)->env;
    event->fd = fd;
    event->bits = bits;
    event->call = call;
    event->argument = argument;
    timer_init(&event->timer, timer_fired);
    return &event->event;
}

static struct ub_event *no_new_signal(struct ub_event_base *ub, int signal, void (*call)(int, short, void *),
                                      void *argument) {
    (void)ub;
    (void)signal;
    (void)call;
    (void)argument;
    return NULL;
}

static void base_free(struct ub_event_base *ub) { (void)ub; }
static int base_dispatch(struct ub_event_base *ub) {
    (void)ub;
    return 0;
}
static int base_exit(struct ub_event_base *ub, struct timeval *timeout) {
    (void)ub;
    (void)timeout;
    return 0;
}

void dns_event_base_init(struct dns_event_base *base, struct env *env) {
    static const struct ub_event_base_vmt table = {
        .free = base_free,
        .dispatch = base_dispatch,
        .loopexit = base_exit,
        .new_event = event_new,
        .new_signal = no_new_signal,
    };
    base->base = (struct ub_event_base){UB_EVENT_MAGIC, (struct ub_event_base_vmt *)(uintptr_t)&table};
    base->env = env;
}
