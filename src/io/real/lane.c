/* A lane: threads that take jobs off one queue, and a uv_async that brings them back to the loop. */
#include "io/lane.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "io/real/loop.h"

enum { PATIENT_NICE = 10 };

struct real_lane {
    struct lane lane;
    uv_async_t done_signal;
    pthread_mutex_t mutex;
    pthread_cond_t work_there;
    struct list waiting;
    struct list done;
    bool is_closing;
    bool is_patient;
    /* What debuggers show; at most so long. */
    char name[16];
    unsigned thread_count;
    pthread_t threads[];
};

static struct lane_job *take_job(struct real_lane *lane) {
    while (list_empty(&lane->waiting) && !lane->is_closing)
        (void)pthread_cond_wait(&lane->work_there, &lane->mutex);
    if (list_empty(&lane->waiting)) return NULL;
    struct lane_job *job = LIST_FIRST(&lane->waiting, struct lane_job, link);
    list_remove(&job->link);
    return job;
}

static void *lane_main(void *argument) {
    struct real_lane *lane = argument;
    (void)pthread_setname_np(pthread_self(), lane->name);
    /* Of this thread alone, on Linux. */
    if (lane->is_patient) (void)setpriority(PRIO_PROCESS, 0, PATIENT_NICE);
    (void)pthread_mutex_lock(&lane->mutex);
    for (struct lane_job *job = take_job(lane); job; job = take_job(lane)) {
        (void)pthread_mutex_unlock(&lane->mutex);
        job->run(job->argument);
        (void)pthread_mutex_lock(&lane->mutex);
        list_append(&lane->done, &job->link);
        (void)uv_async_send(&lane->done_signal);
    }
    (void)pthread_mutex_unlock(&lane->mutex);
    return NULL;
}

static void wake_waiters(uv_async_t *signal) {
    struct real_lane *lane = CONTAINER_OF(signal, struct real_lane, done_signal);
    (void)pthread_mutex_lock(&lane->mutex);
    while (!list_empty(&lane->done)) {
        struct lane_job *job = LIST_FIRST(&lane->done, struct lane_job, link);
        list_remove(&job->link);
        job->is_done = true;
        task_wake(job->waiter);
    }
    (void)pthread_mutex_unlock(&lane->mutex);
}

/* Signals are the loop's business. */
static void start_threads(struct real_lane *lane, const char *name) {
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < lane->thread_count; i++)
        if (pthread_create(&lane->threads[i], NULL, lane_main, lane)) FATAL("no thread for lane %s", name);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct lane *real_lane_open(struct env *env, const struct lane_options *options) {
    struct real_lane *lane = calloc(1, sizeof *lane + options->threads * sizeof(pthread_t));
    if (!lane) FATAL("out of memory for lane %s", options->name);
    lane->lane.env = env;
    lane->thread_count = options->threads;
    lane->is_patient = options->is_patient;
    (void)snprintf(lane->name, sizeof lane->name, "%s", options->name);
    list_init(&lane->waiting);
    list_init(&lane->done);
    (void)pthread_mutex_init(&lane->mutex, NULL);
    (void)pthread_cond_init(&lane->work_there, NULL);
    if (uv_async_init(&real_env_of(env)->loop, &lane->done_signal, wake_waiters))
        FATAL("no signal for lane %s", options->name);
    start_threads(lane, options->name);
    return &lane->lane;
}

void real_lane_submit(struct lane *base, struct lane_job *job) {
    struct real_lane *lane = CONTAINER_OF(base, struct real_lane, lane);
    (void)pthread_mutex_lock(&lane->mutex);
    list_append(&lane->waiting, &job->link);
    (void)pthread_cond_signal(&lane->work_there);
    (void)pthread_mutex_unlock(&lane->mutex);
}

static void lane_freed(uv_handle_t *signal) {
    struct real_lane *lane = CONTAINER_OF(signal, struct real_lane, done_signal);
    (void)pthread_cond_destroy(&lane->work_there);
    (void)pthread_mutex_destroy(&lane->mutex);
    free(lane);
}

void real_lane_close(struct lane **base) {
    struct real_lane *lane = CONTAINER_OF(*base, struct real_lane, lane);
    *base = NULL;
    (void)pthread_mutex_lock(&lane->mutex);
    lane->is_closing = true;
    (void)pthread_cond_broadcast(&lane->work_there);
    (void)pthread_mutex_unlock(&lane->mutex);
    for (unsigned i = 0; i < lane->thread_count; i++) (void)pthread_join(lane->threads[i], NULL);
    wake_waiters(&lane->done_signal);
    uv_close((uv_handle_t *)&lane->done_signal, lane_freed);
}
