/*
 * Requests to web servers, by libcurl's multi interface. It is called on the loop's own stack (a handshake
 * and the check of a chain are more than a task should carry), tells which sockets it wants watched, and is
 * told of what they do. It is given addresses, so it never asks for one: its way of asking would start a
 * thread and read files.
 */
#include "io/real/fetch.h"

#include <stdlib.h>

#include "base/limits.h"
#include "io/real/loop.h"

/* A socket that libcurl wants watched. Freed by libuv's close callback. */
struct watch {
    uv_poll_t poll;
    struct fetching *fetching;
    curl_socket_t fd;
};

/* ---- the end ---- */

static void release(struct fetching *f) {
    work_cancel(&f->begin);
    if (f->easy && f->multi) (void)curl_multi_remove_handle(f->multi, f->easy);
    if (f->easy) curl_easy_cleanup(f->easy);
    if (f->multi) (void)curl_multi_cleanup(f->multi);
    timer_disarm(&f->transfer->env->timers, &f->timer);
    curl_slist_free_all(f->fields);
    curl_slist_free_all(f->resolve);
    curl_slist_free_all(f->connect_to);
    buffer_free(&f->header);
    buffer_free(&f->body);
    f->transfer->pending = NULL;
    free(f);
}

static void finish(struct fetching *f, CURLcode code) {
    struct fetch_transfer *transfer = f->transfer;
    fetch_answer_write(f, code);
    release(f);
    fetch_end(transfer);
}

/* Ends the request where libcurl is done with it. */
static void look_whether_done(struct fetching *f) {
    int left = 0;
    for (;;) {
        const CURLMsg *message = curl_multi_info_read(f->multi, &left);
        if (!message) return;
        if (message->msg != CURLMSG_DONE) continue;
        finish(f, message->data.result);
        return;
    }
}

static void act(struct fetching *f, curl_socket_t fd, int events) {
    int running = 0;
    (void)curl_multi_socket_action(f->multi, fd, events, &running);
    look_whether_done(f);
}

/* ---- what it waits for ---- */

static void timer_fired(struct timer *timer) {
    act(CONTAINER_OF(timer, struct fetching, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *context) {
    (void)multi;
    struct fetching *f = context;
    struct env *env = f->transfer->env;
    timer_arm(&env->timers, &f->timer, ms < 0 ? DEADLINE_NONE : env_now_ms(env) + ms);
    return 0;
}

static void polled(uv_poll_t *poll, int status, int events) {
    struct watch *watch = CONTAINER_OF(poll, struct watch, poll);
    if (!watch->fetching) return;
    int what = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0);
    act(watch->fetching, watch->fd, status < 0 ? CURL_CSELECT_ERR : what);
}

static void watch_closed(uv_handle_t *poll) { free(CONTAINER_OF(poll, struct watch, poll)); }

static void unwatch(struct fetching *f, struct watch *watch) {
    if (!watch) return;
    (void)curl_multi_assign(f->multi, watch->fd, NULL);
    watch->fetching = NULL;
    uv_close((uv_handle_t *)&watch->poll, watch_closed);
}

static struct watch *watch_new(struct fetching *f, curl_socket_t fd) {
    struct watch *watch = calloc(1, sizeof *watch);
    if (!watch) FATAL("out of memory for a web request");
    watch->fetching = f;
    watch->fd = fd;
    if (uv_poll_init(&real_env_of(f->transfer->env)->loop, &watch->poll, fd)) FATAL("poll of a web request");
    (void)curl_multi_assign(f->multi, fd, watch);
    return watch;
}

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *context, void *of_socket) {
    (void)easy;
    struct fetching *f = context;
    struct watch *watch = of_socket;
    if (what == CURL_POLL_REMOVE) {
        unwatch(f, watch);
        return 0;
    }
    if (!watch) watch = watch_new(f, fd);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    if (uv_poll_start(&watch->poll, events, polled)) FATAL("poll of a web request");
    return 0;
}

/* ---- the beginning ---- */

static bool start(struct fetching *f) {
    f->multi = curl_multi_init();
    f->easy = curl_easy_init();
    return f->multi && f->easy && fetch_setup(f) &&
           curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, set_watch) == CURLM_OK &&
           curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) == CURLM_OK &&
           curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, set_timer) == CURLM_OK &&
           curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) == CURLM_OK &&
           curl_multi_add_handle(f->multi, f->easy) == CURLM_OK;
}

static void begin_work(struct work *work) {
    struct fetching *f = CONTAINER_OF(work, struct fetching, begin);
    if (!start(f)) finish(f, CURLE_URL_MALFORMAT);
}

void real_fetch_start(struct env *env, struct fetch_transfer *transfer) {
    struct fetching *f = calloc(1, sizeof *f);
    if (!f) FATAL("out of memory for a web request");
    f->transfer = transfer;
    f->header = buffer_new(FETCH_HEADER_BYTES_MAX);
    f->body = buffer_new(transfer->request->body_bytes_max);
    timer_init(&f->timer, timer_fired);
    work_init(&f->begin, begin_work);
    transfer->pending = f;
    work_post(env, &f->begin);
}

void real_fetch_stop(struct env *env, struct fetch_transfer *transfer) {
    (void)env;
    release(transfer->pending);
}
