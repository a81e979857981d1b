/*
 * What logged-in IMAP users notice: sessions that say NOOP at a steady pace, and how long each waited for its
 * answer. A thread a session, so that none waits for another; a NOOP's time begins when it was due, so that a
 * server that stalls is not asked less.
 *
 *   meter PORT TLS_PORT USER SESSIONS PAUSE_MS SECONDS      (the password is read from standard input)
 *
 * Every second session runs over TLS. Prints a line once all are logged in, and at its end (after SECONDS, or
 * SIGTERM) one JSON object: for both kinds the NOOPs, percentiles in ms, how many took over 250 ms, and how
 * many sessions were lost.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS_MAX = 1000, LINE_BYTES = 8192, LATE_US = 250 * 1000, KINDS = 2 };

struct job {
    uint16_t ports[KINDS];
    const char *user;
    char password[256];
    size_t sessions;
    int64_t pause_us;
    int64_t seconds;
    SSL_CTX *tls;
    pthread_barrier_t logged_in;
};

struct session {
    pthread_t thread;
    struct job *job;
    size_t number;
    int fd;
    SSL *ssl;
    char input[LINE_BYTES];
    size_t len;
    uint32_t *waits_us;
    size_t wait_count;
    size_t waits_max;
    bool is_lost;
};

static volatile sig_atomic_t is_stopping;

static void on_stop(int signal) {
    (void)signal;
    is_stopping = 1;
}

static int64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void sleep_until(int64_t at_us) {
    struct timespec at = {at_us / 1000000, at_us % 1000000 * 1000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static bool is_tls(const struct session *session) { return session->number % KINDS == 1; }

static bool session_connect(struct session *session) {
    struct job *job = session->job;
    session->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(job->ports[is_tls(session)]),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    (void)setsockopt(session->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(session->fd, (struct sockaddr *)&to, sizeof to)) return false;
    if (!is_tls(session)) return true;
    session->ssl = SSL_new(job->tls);
    return session->ssl && SSL_set_fd(session->ssl, session->fd) && SSL_connect(session->ssl) == 1;
}

static bool session_write(struct session *session, const char *text) {
    size_t len = strlen(text);
    if (session->ssl) return SSL_write(session->ssl, text, (int)len) == (int)len;
    return send(session->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool session_fill(struct session *session) {
    char *room = session->input + session->len;
    int size = (int)(LINE_BYTES - 1 - session->len);
    if (size <= 0) return false;
    ssize_t got =
        session->ssl ? SSL_read(session->ssl, room, size) : recv(session->fd, room, (size_t)size, 0);
    if (got <= 0) return false;
    session->len += (size_t)got;
    return true;
}

/* Reads up to a line that begins so; the lines before are dropped. False: it said something else with that
   tag, or the connection is lost. */
static bool session_await(struct session *session, const char *beginning) {
    for (;;) {
        session->input[session->len] = 0;
        char *end = memchr(session->input, '\n', session->len);
        if (!end) {
            if (!session_fill(session)) return false;
            continue;
        }
        bool is_it = strncmp(session->input, beginning, strlen(beginning)) == 0;
        bool is_other = !is_it && strncmp(session->input, beginning, 2) == 0 && *beginning != '*';
        size_t used = (size_t)(end + 1 - session->input);
        memmove(session->input, end + 1, session->len - used);
        session->len -= used;
        if (is_it || is_other) return is_it;
    }
}

static bool session_login(struct session *session) {
    char command[1024];
    (void)snprintf(command, sizeof command, "a LOGIN %s \"%s\"\r\n", session->job->user,
                   session->job->password);
    return session_connect(session) && session_await(session, "* OK") && session_write(session, command) &&
           session_await(session, "a OK") && session_write(session, "b SELECT INBOX\r\n") &&
           session_await(session, "b OK");
}

static void measure(struct session *session, int64_t until_us) {
    int64_t pause_us = session->job->pause_us;
    /* Spread over the pause, as independent users are. */
    int64_t due_us = now_us() + pause_us * (int64_t)session->number / (int64_t)session->job->sessions;
    while (!is_stopping && due_us < until_us && session->wait_count < session->waits_max) {
        sleep_until(due_us);
        if (!session_write(session, "c NOOP\r\n") || !session_await(session, "c OK")) {
            session->is_lost = true;
            return;
        }
        int64_t ended_us = now_us();
        session->waits_us[session->wait_count++] = (uint32_t)(ended_us - due_us);
        while (due_us <= ended_us) due_us += pause_us;
    }
}

static void *session_main(void *argument) {
    struct session *session = argument;
    bool is_in = session_login(session);
    (void)pthread_barrier_wait(&session->job->logged_in);
    if (is_in)
        measure(session, now_us() + session->job->seconds * 1000000);
    else
        session->is_lost = true;
    SSL_free(session->ssl);
    return NULL;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* All waits of one kind, in order. */
static uint32_t *gather(const struct session *sessions, size_t count, size_t kind, size_t *total) {
    size_t room = 1;
    for (size_t i = kind; i < count; i += KINDS) room += sessions[i].wait_count;
    uint32_t *all = calloc(room, sizeof *all);
    if (!all) exit(2);
    *total = 0;
    for (size_t i = kind; i < count; i += KINDS) {
        memcpy(all + *total, sessions[i].waits_us, sessions[i].wait_count * sizeof *all);
        *total += sessions[i].wait_count;
    }
    qsort(all, *total, sizeof *all, compare);
    return all;
}

static double percentile_ms(const uint32_t *all, size_t total, double part) {
    if (total == 0) return 0;
    size_t at = (size_t)((double)total * part);
    return all[at < total ? at : total - 1] / 1000.0;
}

static void print_kind(const struct session *sessions, size_t count, size_t kind, const char *name) {
    size_t total;
    uint32_t *all = gather(sessions, count, kind, &total);
    size_t late = 0;
    size_t lost = 0;
    for (size_t i = 0; i < total; i++) late += all[i] > LATE_US;
    for (size_t i = kind; i < count; i += KINDS) lost += sessions[i].is_lost;
    (void)printf("\"%s\": {\"noops\": %zu, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, "
                 "\"over_250_ms\": %zu, \"lost\": %zu}",
                 name, total, percentile_ms(all, total, 0.5), percentile_ms(all, total, 0.99),
                 percentile_ms(all, total, 1), late, lost);
    free(all);
}

static void start_sessions(struct job *job, struct session *sessions) {
    for (size_t i = 0; i < job->sessions; i++) {
        size_t waits_max = (size_t)(job->seconds * 1000000 / job->pause_us) + 2;
        sessions[i] = (struct session){.job = job, .number = i, .fd = -1, .waits_max = waits_max};
        sessions[i].waits_us = calloc(waits_max, sizeof(uint32_t));
        if (!sessions[i].waits_us || pthread_create(&sessions[i].thread, NULL, session_main, &sessions[i]))
            exit(2);
    }
}

static void run(struct job *job) {
    struct session *sessions = calloc(job->sessions, sizeof *sessions);
    if (!sessions || pthread_barrier_init(&job->logged_in, NULL, (unsigned)job->sessions + 1)) exit(2);
    start_sessions(job, sessions);
    (void)pthread_barrier_wait(&job->logged_in);
    (void)printf("logged in\n");
    (void)fflush(stdout);
    for (size_t i = 0; i < job->sessions; i++) (void)pthread_join(sessions[i].thread, NULL);
    (void)printf("{");
    print_kind(sessions, job->sessions, 0, "plain");
    (void)printf(", ");
    print_kind(sessions, job->sessions, 1, "tls");
    (void)printf("}\n");
    for (size_t i = 0; i < job->sessions; i++) free(sessions[i].waits_us);
    free(sessions);
}

int main(int count, char **arguments) {
    static struct job job;
    if (count != 7 || !fgets(job.password, sizeof job.password, stdin)) {
        (void)fprintf(stderr, "usage: meter PORT TLS_PORT USER SESSIONS PAUSE_MS SECONDS <password\n");
        return 2;
    }
    job.password[strcspn(job.password, "\r\n")] = 0;
    for (int i = 0; i < KINDS; i++) job.ports[i] = (uint16_t)strtoul(arguments[1 + i], NULL, 10);
    job.user = arguments[3];
    job.sessions = strtoul(arguments[4], NULL, 10);
    job.pause_us = strtoll(arguments[5], NULL, 10) * 1000;
    job.seconds = strtoll(arguments[6], NULL, 10);
    if (job.sessions == 0 || job.sessions > SESSIONS_MAX || job.pause_us <= 0 || job.seconds <= 0) return 2;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTERM, on_stop);
    job.tls = SSL_CTX_new(TLS_client_method());
    if (!job.tls) return 2;
    run(&job);
    SSL_CTX_free(job.tls);
    return 0;
}
