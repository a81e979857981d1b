/*
 * Many connections against one port, for the overload tests: one epoll loop that holds thousands.
 *
 *   flood PORT [OPTION VALUE]...
 *     connections N   kept open at once (1)
 *     from ADDRESS    the first source address; sources N: as many from there on, in turns (1)
 *     protocol NAME   where a reply ends: smtp, imap, pop3 or bytes (bytes: any will do)
 *     step TEXT       sent with CRLF once the greeting, or the reply before, is there. Each '%' becomes the
 *                     number of the connection's round. Several are sent in their order
 *     hello FILE      its bytes are sent as soon as the connection stands
 *     at_end WORD     after the last step's reply: hold (stay), close (a new one follows), more (its last
 * step again) rounds N        so many connections or last steps are gone through in all; then it ends (0: no
 * end) drip MS         one byte of an endless line this often, once the steps are done deaf WORD       yes:
 * reads only greetings, and after the steps sends the last again and again again WORD      yes: a connection
 * that the server closes is opened again
 *
 * Prints one JSON line a second and one at its end (SIGTERM): what is open, what was opened, refused by the
 * kernel, closed by the server, rounds, and how often each reply came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    STEPS_MAX = 16,
    STEP_BYTES_MAX = 64 * 1024,
    LINE_BYTES = 256,
    REPLIES_MAX = 48,
    REPLY_TEXT_BYTES = 72,
    EVENTS_AT_ONCE = 256,
    DEAF_RECEIVED_BYTES = 16 * 1024,
    /* Connections opened before the open ones are looked after. */
    OPENED_A_TURN = 32,
};

enum protocol { PROTOCOL_BYTES, PROTOCOL_SMTP, PROTOCOL_IMAP, PROTOCOL_POP3 };
enum at_end { END_HOLD, END_CLOSE, END_MORE };

struct plan {
    uint16_t port;
    size_t connections;
    uint32_t from;
    size_t sources;
    enum protocol protocol;
    const char *steps[STEPS_MAX];
    size_t step_count;
    char *hello;
    size_t hello_len;
    enum at_end at_end;
    uint64_t rounds;
    int64_t drip_ms;
    bool is_deaf;
    bool is_again;
};

struct connection {
    int fd;
    bool is_connected;
    bool is_told;
    bool has_greeting;
    size_t step;
    uint64_t round;
    int64_t dripped_ms;
    char line[LINE_BYTES];
    size_t line_len;
    char *output;
    size_t output_len;
    size_t output_sent;
};

struct reply {
    char text[REPLY_TEXT_BYTES];
    uint64_t count;
};

struct flood {
    struct plan plan;
    int epoll;
    struct connection *connections;
    size_t open;
    uint64_t opened;
    uint64_t refused;
    uint64_t closed;
    uint64_t rounds_begun;
    uint64_t rounds_done;
    struct reply replies[REPLIES_MAX];
    size_t reply_count;
    /* The next to be opened, in turns. */
    size_t next;
    char step[STEP_BYTES_MAX];
};

static volatile sig_atomic_t is_stopping;

static void on_stop(int signal) {
    (void)signal;
    is_stopping = 1;
}

static void fail(const char *what) {
    (void)fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
    exit(2);
}

static int64_t now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void print_text(const char *text) {
    for (; *text; text++) (void)putchar(*text == '"' || *text == '\\' || *text < ' ' ? '\'' : *text);
}

static void report(const struct flood *flood) {
    (void)printf("{\"open\": %zu, \"opened\": %llu, \"refused\": %llu, \"closed\": %llu, \"rounds\": %llu, "
                 "\"replies\": {",
                 flood->open, (unsigned long long)flood->opened, (unsigned long long)flood->refused,
                 (unsigned long long)flood->closed, (unsigned long long)flood->rounds_done);
    for (size_t i = 0; i < flood->reply_count; i++) {
        (void)printf("%s\"", i ? ", " : "");
        print_text(flood->replies[i].text);
        (void)printf("\": %llu", (unsigned long long)flood->replies[i].count);
    }
    (void)printf("}}\n");
    (void)fflush(stdout);
}

/* Texts that differ in their numbers only are counted as one. */
static void note_reply(struct flood *flood, const char *line) {
    char text[REPLY_TEXT_BYTES];
    size_t len = 0;
    for (; line[len] && len < sizeof text - 1; len++) {
        bool is_number = line[len] >= '0' && line[len] <= '9' && len > 8;
        text[len] = is_number ? '#' : line[len];
    }
    text[len] = 0;
    for (size_t i = 0; i < flood->reply_count; i++) {
        if (strcmp(flood->replies[i].text, text) != 0) continue;
        flood->replies[i].count++;
        return;
    }
    if (flood->reply_count == REPLIES_MAX) return;
    struct reply *reply = &flood->replies[flood->reply_count++];
    memcpy(reply->text, text, len + 1);
    reply->count = 1;
}

/* ---- one connection ---- */

static void watch(const struct flood *flood, struct connection *c, int operation) {
    bool wants_out = !c->is_connected || c->output_sent < c->output_len;
    struct epoll_event event = {.events = wants_out ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c};
    /* Who reads nothing more says something whenever there is room. */
    if (flood->plan.is_deaf && c->has_greeting) event.events = EPOLLOUT;
    if (epoll_ctl(flood->epoll, operation, c->fd, &event)) fail("epoll_ctl");
}

static bool may_begin(const struct flood *flood) {
    return !flood->plan.rounds || flood->rounds_begun < flood->plan.rounds;
}

static int socket_from(const struct plan *plan, size_t number) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    int on = 1;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    /* What comes for who does not read takes memory of the machine that it comes to. Here it is one machine.
     */
    int received = DEAF_RECEIVED_BYTES;
    if (plan->is_deaf) (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &received, sizeof received);
    uint32_t address = plan->from + (uint32_t)(number % plan->sources);
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
    if (bind(fd, (struct sockaddr *)&from, sizeof from)) fail("bind");
    return fd;
}

static void open_one(struct flood *flood, struct connection *c) {
    int fd = socket_from(&flood->plan, (size_t)(c - flood->connections));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(flood->plan.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        flood->refused++;
        (void)close(fd);
        return;
    }
    char *output = c->output;
    *c = (struct connection){.fd = fd, .output = output, .round = ++flood->rounds_begun};
    flood->open++;
    watch(flood, c, EPOLL_CTL_ADD);
}

static void end_one(struct flood *flood, struct connection *c) {
    (void)close(c->fd);
    c->fd = -1;
    flood->open--;
}

static void lost(struct flood *flood, struct connection *c) {
    if (c->is_connected)
        flood->closed++;
    else
        flood->refused++;
    /* Told apart from those that are never to be opened again. */
    bool is_last = !flood->plan.is_again && !flood->plan.rounds;
    end_one(flood, c);
    if (is_last) c->is_told = true;
    if (flood->plan.rounds) flood->rounds_done++;
}

/* False: the connection is gone. */
static bool flush(struct flood *flood, struct connection *c) {
    while (c->output_sent < c->output_len) {
        ssize_t sent = send(c->fd, c->output + c->output_sent, c->output_len - c->output_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0) {
            lost(flood, c);
            return false;
        }
        c->output_sent += (size_t)sent;
    }
    watch(flood, c, EPOLL_CTL_MOD);
    return true;
}

static void put(struct connection *c, const char *bytes, size_t len) {
    c->output = realloc(c->output, len ? len : 1);
    if (!c->output) fail("memory");
    memcpy(c->output, bytes, len);
    c->output_len = len;
    c->output_sent = 0;
}

static bool send_step(struct flood *flood, struct connection *c, const char *step) {
    size_t len = 0;
    for (const char *at = step; *at && len < STEP_BYTES_MAX - 32; at++) {
        if (*at == '%')
            len += (size_t)snprintf(flood->step + len, 24, "%llu", (unsigned long long)c->round);
        else
            flood->step[len++] = *at;
    }
    memcpy(flood->step + len, "\r\n", 2);
    put(c, flood->step, len + 2);
    return flush(flood, c);
}

static bool end_round(struct flood *flood, struct connection *c) {
    const struct plan *plan = &flood->plan;
    if (plan->at_end == END_HOLD) return true;
    flood->rounds_done++;
    if (plan->at_end == END_MORE && may_begin(flood)) {
        c->round = ++flood->rounds_begun;
        return send_step(flood, c, plan->steps[plan->step_count - 1]);
    }
    end_one(flood, c);
    return false;
}

/* A reply is there, or the greeting. False: the connection is gone. */
static bool go_on(struct flood *flood, struct connection *c) {
    const struct plan *plan = &flood->plan;
    c->has_greeting = true;
    if (c->step < plan->step_count) return send_step(flood, c, plan->steps[c->step++]);
    return end_round(flood, c);
}

static bool ends_reply(enum protocol protocol, const struct connection *c) {
    const char *line = c->line;
    if (protocol == PROTOCOL_SMTP) return c->line_len < 4 || line[3] != '-';
    if (protocol == PROTOCOL_IMAP) return !c->has_greeting || strncmp(line, "a ", 2) == 0 || *line == '+';
    return true;
}

/* False: the connection is gone. */
static bool take_line(struct flood *flood, struct connection *c) {
    c->line[c->line_len] = 0;
    if (c->line_len && c->line[c->line_len - 1] == '\r') c->line[c->line_len - 1] = 0;
    bool is_end = ends_reply(flood->plan.protocol, c);
    if (is_end) note_reply(flood, c->line);
    c->line_len = 0;
    return !is_end || go_on(flood, c);
}

static bool take_bytes(struct flood *flood, struct connection *c, const char *bytes, size_t len) {
    if (flood->plan.protocol == PROTOCOL_BYTES) {
        note_reply(flood, "(bytes)");
        return go_on(flood, c);
    }
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != '\n') {
            if (c->line_len < LINE_BYTES - 1) c->line[c->line_len++] = bytes[i];
            continue;
        }
        if (!take_line(flood, c)) return false;
        if (flood->plan.is_deaf) return true;
    }
    return true;
}

static bool take_input(struct flood *flood, struct connection *c) {
    char bytes[16384];
    ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
    if (got < 0 && errno == EAGAIN) return true;
    if (got <= 0) {
        lost(flood, c);
        return false;
    }
    return take_bytes(flood, c, bytes, (size_t)got);
}

static bool became_connected(struct flood *flood, struct connection *c) {
    c->is_connected = true;
    flood->opened++;
    if (flood->plan.hello) put(c, flood->plan.hello, flood->plan.hello_len);
    return flush(flood, c);
}

static bool became_writable(struct flood *flood, struct connection *c) {
    if (!c->is_connected) return became_connected(flood, c);
    if (!flush(flood, c)) return false;
    const struct plan *plan = &flood->plan;
    bool is_next = plan->is_deaf && c->has_greeting && c->output_sent == c->output_len && plan->step_count;
    if (!is_next) return true;
    if (c->step < plan->step_count) return send_step(flood, c, plan->steps[c->step++]);
    return send_step(flood, c, plan->steps[plan->step_count - 1]);
}

static void handle(struct flood *flood, const struct epoll_event *event) {
    struct connection *c = event->data.ptr;
    if (c->fd < 0) return;
    bool has_failed = (event->events & (EPOLLERR | EPOLLHUP)) && !(event->events & EPOLLIN);
    if (has_failed) {
        lost(flood, c);
        return;
    }
    if (event->events & EPOLLOUT && !became_writable(flood, c)) return;
    if (event->events & EPOLLIN) (void)take_input(flood, c);
}

/* ---- all of them ---- */

static void open_some(struct flood *flood) {
    const struct plan *plan = &flood->plan;
    size_t opened = 0;
    for (size_t i = 0; i < plan->connections && opened < OPENED_A_TURN; i++) {
        struct connection *c = &flood->connections[flood->next];
        flood->next = (flood->next + 1) % plan->connections;
        if (c->fd >= 0 || c->is_told || !may_begin(flood)) continue;
        open_one(flood, c);
        opened++;
    }
}

static void drip(struct flood *flood, int64_t now) {
    for (size_t i = 0; i < flood->plan.connections; i++) {
        struct connection *c = &flood->connections[i];
        bool is_due = c->fd >= 0 && c->has_greeting && now - c->dripped_ms >= flood->plan.drip_ms;
        if (!is_due || c->output_sent < c->output_len) continue;
        c->dripped_ms = now;
        put(c, "N", 1);
        (void)flush(flood, c);
    }
}

static bool is_done(const struct flood *flood) {
    const struct plan *plan = &flood->plan;
    return is_stopping || (plan->rounds && flood->rounds_done >= plan->rounds && flood->open == 0);
}

static void run(struct flood *flood) {
    int64_t told_ms = now_ms();
    while (!is_done(flood)) {
        open_some(flood);
        struct epoll_event events[EVENTS_AT_ONCE];
        int count =
            epoll_wait(flood->epoll, events, EVENTS_AT_ONCE, flood->open < flood->plan.connections ? 1 : 100);
        for (int i = 0; i < count; i++) handle(flood, &events[i]);
        int64_t now = now_ms();
        if (now - told_ms < 1000) continue;
        told_ms = now;
        if (flood->plan.drip_ms) drip(flood, now);
        report(flood);
    }
    report(flood);
}

/* ---- the command line ---- */

static void usage(const char *what) {
    (void)fprintf(stderr, "flood: %s; see the head of flood.c\n", what);
    exit(2);
}

static void read_hello(struct plan *plan, const char *path) {
    FILE *file = fopen(path, "rb");
    plan->hello = malloc(STEP_BYTES_MAX);
    if (!file || !plan->hello) fail(path);
    plan->hello_len = fread(plan->hello, 1, STEP_BYTES_MAX, file);
    (void)fclose(file);
}

static int word_of(const char *const *words, const char *word) {
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0) return i;
    usage(word);
    return 0;
}

static void add_step(struct plan *plan, const char *text) {
    if (plan->step_count == STEPS_MAX) usage("too many steps");
    plan->steps[plan->step_count++] = text;
}

static void read_option(struct plan *plan, const char *name, const char *value) {
    static const char *const names[] = {"connections", "from",   "sources", "protocol", "step",  "hello",
                                        "at_end",      "rounds", "drip",    "deaf",     "again", NULL};
    static const char *const protocols[] = {"bytes", "smtp", "imap", "pop3", NULL};
    static const char *const ends[] = {"hold", "close", "more", NULL};
    uint64_t number = strtoull(value, NULL, 10);
    struct in_addr address = {0};
    switch (word_of(names, name)) {
    case 0:
        plan->connections = number;
        return;
    case 1:
        if (inet_pton(AF_INET, value, &address) != 1) usage("not an IPv4 address");
        plan->from = ntohl(address.s_addr);
        return;
    case 2:
        plan->sources = number;
        return;
    case 3:
        plan->protocol = (enum protocol)word_of(protocols, value);
        return;
    case 4:
        add_step(plan, value);
        return;
    case 5:
        read_hello(plan, value);
        return;
    case 6:
        plan->at_end = (enum at_end)word_of(ends, value);
        return;
    case 7:
        plan->rounds = number;
        return;
    case 8:
        plan->drip_ms = (int64_t)number;
        return;
    case 9:
        plan->is_deaf = strcmp(value, "yes") == 0;
        return;
    default:
        plan->is_again = strcmp(value, "yes") == 0;
        return;
    }
}

static void raise_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void prepare(struct flood *flood) {
    raise_descriptors();
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGTERM, on_stop);
    (void)signal(SIGINT, on_stop);
    flood->epoll = epoll_create1(EPOLL_CLOEXEC);
    flood->connections = calloc(flood->plan.connections, sizeof *flood->connections);
    if (flood->epoll < 0 || !flood->connections) fail("preparing");
    for (size_t i = 0; i < flood->plan.connections; i++) flood->connections[i].fd = -1;
}

static void finish(struct flood *flood) {
    for (size_t i = 0; i < flood->plan.connections; i++) free(flood->connections[i].output);
    free(flood->connections);
    free(flood->plan.hello);
}

int main(int count, char **arguments) {
    if (count < 2 || count % 2) usage("PORT [OPTION VALUE]...");
    static struct flood flood;
    flood.plan = (struct plan){.connections = 1, .from = INADDR_LOOPBACK, .sources = 1};
    flood.plan.port = (uint16_t)strtoul(arguments[1], NULL, 10);
    for (int i = 2; i + 1 < count; i += 2) read_option(&flood.plan, arguments[i], arguments[i + 1]);
    if (flood.plan.connections == 0 || flood.plan.sources == 0) usage("none at all");
    prepare(&flood);
    run(&flood);
    finish(&flood);
    return 0;
}
