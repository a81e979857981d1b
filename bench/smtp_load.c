/*
 * An SMTP load generator for the benchmarks: N connections on one event loop, one message a
 * MAIL transaction, every command waits for its reply (no pipelining). Connections are kept, or with
 * --reconnect each message has one of its own. Like Postfix's smtp-source, but each message differs:
 * headers and a body of English-like sentences, all derived from the seed and written before the clock
 * starts. Prints one JSON object with what was accepted, when it started (monotonic clock) and how long
 * it took.
 *
 *   smtp_load [--reconnect] PORT CONNECTIONS MESSAGES BYTES SEED FROM TO [TO...]
 *
 * Exit status 0: every message was answered with 250. 1: some were not. 2: wrong usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mail_text.h"

enum {
    CONNECTIONS_MAX = 1000,
    MESSAGE_BYTES_MAX = 1 << 20,
    REPLY_BYTES_MAX = 8192,
    COMMAND_BYTES_MAX = 1024,
    EVENTS_AT_ONCE = 64,
};

enum state { STATE_GREETING, STATE_EHLO, STATE_MAIL, STATE_RCPT, STATE_DATA, STATE_BODY, STATE_QUIT };

struct job {
    uint16_t port;
    size_t connections;
    uint64_t messages;
    size_t message_bytes;
    uint64_t seed;
    const char *from;
    char **to;
    size_t to_count;
    bool reconnect;
};

struct message {
    char *text;
    size_t len;
};

struct connection {
    int fd;
    enum state state;
    uint64_t message;
    uint64_t started_us;
    char reply[REPLY_BYTES_MAX];
    size_t reply_len;
    bool waits_for_room;
    char command[COMMAND_BYTES_MAX];
    const char *output;
    size_t output_len;
    size_t output_sent;
};

struct load {
    struct job job;
    int epoll;
    struct connection *connections;
    struct message *messages;
    uint64_t bytes;
    size_t open;
    uint64_t next_message;
    uint64_t accepted;
    uint64_t failed;
    uint32_t *latencies_us;
};

static uint64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static _Noreturn void die(const char *what) {
    (void)fprintf(stderr, "smtp_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static const char *recipient(const struct job *job, uint64_t message) {
    return job->to[message % job->to_count];
}

/* One whole message with its end-of-data line. No line starts with a dot, so none is stuffed. */
static size_t message_write(const struct job *job, uint64_t message, char *out) {
    uint64_t random = job->seed * 1000003 + message;
    size_t at = (size_t)snprintf(out, MESSAGE_BYTES_MAX,
                                 "From: <%s>\r\nTo: <%s>\r\nSubject: %s %s %s %llu\r\n"
                                 "Date: Mon, 06 Jan 2025 10:%02u:%02u +0000\r\n"
                                 "Message-ID: <%016llx.%llu@load.test>\r\nMIME-Version: 1.0\r\n"
                                 "Content-Type: text/plain; charset=us-ascii\r\n\r\n",
                                 job->from, recipient(job, message), word_next(&random), word_next(&random),
                                 word_next(&random), (unsigned long long)message,
                                 (unsigned)(message / 60 % 60), (unsigned)(message % 60),
                                 (unsigned long long)random_next(&random), (unsigned long long)message);
    at = put_body(out, at, job->message_bytes, &random);
    return put_text(out, at, ".\r\n");
}

static void messages_write(struct load *load) {
    char *scratch = malloc(MESSAGE_BYTES_MAX);
    load->messages = calloc(load->job.messages, sizeof *load->messages);
    if (!scratch || !load->messages) die("messages");
    for (uint64_t i = 0; i < load->job.messages; i++) {
        struct message *message = &load->messages[i];
        message->len = message_write(&load->job, i, scratch);
        message->text = malloc(message->len);
        if (!message->text) die("messages");
        memcpy(message->text, scratch, message->len);
        load->bytes += message->len;
    }
    free(scratch);
}

static void watch(struct load *load, struct connection *c, bool waits_for_room) {
    if (c->waits_for_room == waits_for_room) return;
    struct epoll_event event = {.events = waits_for_room ? EPOLLOUT : EPOLLIN, .data.ptr = c};
    if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, c->fd, &event) < 0) die("epoll_ctl");
    c->waits_for_room = waits_for_room;
}

static void connection_close(struct load *load, struct connection *c) {
    (void)close(c->fd);
    c->fd = -1;
    load->open--;
}

/* Gives up a connection; what it was sending counts as failed. */
static void connection_drop(struct load *load, struct connection *c, const char *why) {
    if (c->state > STATE_EHLO && c->state < STATE_QUIT) load->failed++;
    (void)fprintf(stderr, "smtp_load: connection dropped: %s\n", why);
    connection_close(load, c);
}

static void connection_flush(struct load *load, struct connection *c) {
    while (c->output_sent < c->output_len) {
        ssize_t sent = write(c->fd, c->output + c->output_sent, c->output_len - c->output_sent);
        if (sent < 0 && errno == EAGAIN) {
            watch(load, c, true);
            return;
        }
        if (sent < 0) {
            connection_drop(load, c, strerror(errno));
            return;
        }
        c->output_sent += (size_t)sent;
    }
    watch(load, c, false);
}

static void connection_send(struct load *load, struct connection *c, enum state state, const char *output,
                            size_t len) {
    c->state = state;
    c->output = output;
    c->output_len = len;
    c->output_sent = 0;
    connection_flush(load, c);
}

static void connection_say(struct load *load, struct connection *c, enum state state, const char *verb,
                           const char *address, const char *end) {
    int len = snprintf(c->command, sizeof c->command, "%s%s%s\r\n", verb, address, end);
    if (len < 0 || (size_t)len >= sizeof c->command) die("command");
    connection_send(load, c, state, c->command, (size_t)len);
}

static void connection_open(struct load *load, struct connection *c) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(load->job.port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    int on = 1;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        die("connect");
    c->state = STATE_GREETING;
    c->waits_for_room = false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) < 0) die("epoll_ctl");
    load->open++;
}

/* Starts the next message, or says goodbye when there is none. */
static void connection_begin(struct load *load, struct connection *c) {
    if (load->next_message == load->job.messages) {
        connection_say(load, c, STATE_QUIT, "QUIT", "", "");
        return;
    }
    c->message = load->next_message++;
    c->started_us = now_us();
    connection_say(load, c, STATE_MAIL, "MAIL FROM:<", load->job.from, ">");
}

static void message_accepted(struct load *load, struct connection *c) {
    load->latencies_us[load->accepted++] = (uint32_t)(now_us() - c->started_us);
    if (load->job.reconnect)
        connection_say(load, c, STATE_QUIT, "QUIT", "", "");
    else
        connection_begin(load, c);
}

/* After its goodbye. The next message wants a new connection where each has its own. */
static void connection_ended(struct load *load, struct connection *c) {
    connection_close(load, c);
    if (load->job.reconnect && load->next_message < load->job.messages) connection_open(load, c);
}

/* What each state does on its good reply; any other reply ends the connection. */
static void connection_advance(struct load *load, struct connection *c, char kind) {
    char expected = c->state == STATE_DATA ? '3' : '2';
    if (kind != expected) {
        connection_drop(load, c, c->reply);
        return;
    }
    switch (c->state) {
    case STATE_GREETING:
        connection_say(load, c, STATE_EHLO, "EHLO load.test", "", "");
        break;
    case STATE_EHLO:
        connection_begin(load, c);
        break;
    case STATE_MAIL:
        connection_say(load, c, STATE_RCPT, "RCPT TO:<", recipient(&load->job, c->message), ">");
        break;
    case STATE_RCPT:
        connection_say(load, c, STATE_DATA, "DATA", "", "");
        break;
    case STATE_DATA:
        connection_send(load, c, STATE_BODY, load->messages[c->message].text, load->messages[c->message].len);
        break;
    case STATE_BODY:
        message_accepted(load, c);
        break;
    case STATE_QUIT:
        connection_ended(load, c);
        break;
    }
}

/* A reply is whole when its last line ("250 ...") has its newline. */
static bool reply_is_whole(const struct connection *c) {
    if (c->reply_len < 5 || c->reply[c->reply_len - 1] != '\n') return false;
    const char *line = c->reply + c->reply_len - 1;
    while (line > c->reply && line[-1] != '\n') line--;
    return c->reply + c->reply_len - line > 4 && line[3] == ' ';
}

static void connection_read(struct load *load, struct connection *c) {
    ssize_t got = read(c->fd, c->reply + c->reply_len, REPLY_BYTES_MAX - 1 - c->reply_len);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) return;
        connection_drop(load, c, "closed by the server");
        return;
    }
    c->reply_len += (size_t)got;
    c->reply[c->reply_len] = 0;
    if (!reply_is_whole(c)) return;
    c->reply_len = 0;
    connection_advance(load, c, c->reply[0]);
}

/* A connection that nobody greets keeps nobody waiting when others have sent everything. */
static bool load_is_done(const struct load *load) {
    return load->open == 0 || load->accepted + load->failed == load->job.messages;
}

static void load_run(struct load *load) {
    for (size_t i = 0; i < load->job.connections; i++) connection_open(load, &load->connections[i]);
    while (!load_is_done(load)) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(load->epoll, events, EVENTS_AT_ONCE, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                connection_flush(load, c);
            else
                connection_read(load, c);
        }
    }
}

static int compare_latency(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static double percentile_ms(const struct load *load, unsigned percent) {
    if (load->accepted == 0) return 0;
    return load->latencies_us[(load->accepted - 1) * percent / 100] / 1000.0;
}

static void load_report(const struct load *load, double started, double seconds) {
    qsort(load->latencies_us, load->accepted, sizeof *load->latencies_us, compare_latency);
    (void)printf("{\"accepted\": %llu, \"failed\": %llu, \"bytes\": %llu, \"started\": %.6f, "
                 "\"seconds\": %.6f, \"latency_p50_ms\": %.3f, \"latency_p99_ms\": %.3f}\n",
                 (unsigned long long)load->accepted, (unsigned long long)load->failed,
                 (unsigned long long)load->bytes, started, seconds, percentile_ms(load, 50),
                 percentile_ms(load, 99));
}

static uint64_t number_argument(const char *text, uint64_t max) {
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno || *end || !*text || value == 0 || value > max) {
        (void)fprintf(stderr, "smtp_load: %s is not a number from 1 to %llu\n", text,
                      (unsigned long long)max);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv) {
    bool reconnect = argc > 1 && strcmp(argv[1], "--reconnect") == 0;
    char **arguments = argv + reconnect;
    if (argc - reconnect < 8) {
        (void)fprintf(stderr,
                      "usage: %s [--reconnect] PORT CONNECTIONS MESSAGES BYTES SEED FROM TO [TO...]\n",
                      argv[0]);
        return 2;
    }
    struct load load = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
    load.job.reconnect = reconnect;
    load.job.port = (uint16_t)number_argument(arguments[1], 65535);
    load.job.connections = number_argument(arguments[2], CONNECTIONS_MAX);
    load.job.messages = number_argument(arguments[3], UINT32_MAX);
    load.job.message_bytes = number_argument(arguments[4], MESSAGE_BYTES_MAX / 2);
    load.job.seed = number_argument(arguments[5], UINT32_MAX);
    load.job.from = arguments[6];
    load.job.to = arguments + 7;
    load.job.to_count = (size_t)(argc - reconnect) - 7;
    load.connections = calloc(load.job.connections, sizeof *load.connections);
    load.latencies_us = calloc(load.job.messages, sizeof *load.latencies_us);
    if (load.epoll < 0 || !load.connections || !load.latencies_us) die("start");
    messages_write(&load);
    uint64_t started_us = now_us();
    load_run(&load);
    load_report(&load, (double)started_us / 1e6, (double)(now_us() - started_us) / 1e6);
    return load.accepted == load.job.messages ? 0 : 1;
}
