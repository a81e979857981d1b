/*
 * Holds many IMAP connections open, for measuring what a waiting one costs its server. One event
 * loop; at most UNDER_WAY_MAX connections are on their way at once, each step waits for its reply.
 *
 *   imap_idle PORT CONNECTIONS USERS plain|tls greeted|idle|used DOMAIN PASSWORD
 *
 * `greeted` stops behind the greeting, `idle` logs in as user1@DOMAIN, user2@DOMAIN, ... in turn,
 * selects INBOX and goes into IDLE, `used` fetches all that is in INBOX before that. Connections come from
 * several addresses of 127.0.0.0/8, as a server may cap what one address has open. When all are there it
 * prints "ready". Then each line on standard input is answered by how many connections are open and how many
 * were told of a new message (EXISTS) since they idle: "OPEN TOLD". It ends with its input.
 *
 * Exit status 0: all came so far. 1: one did not (said on stderr). 2: wrong usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 100000,
    CONNECTIONS_AN_ADDRESS = 2000,
    UNDER_WAY_MAX = 64,
    /* Of a line only its beginning is looked at. */
    LINE_BYTES = 64,
    SAID_BYTES_MAX = 512,
    EVENTS_AT_ONCE = 64,
};

enum state {
    STATE_CONNECTING,
    STATE_GREETING,
    STATE_LOGIN,
    STATE_SELECT,
    STATE_FETCH,
    STATE_IDLE,
    STATE_THERE,
};

struct connection {
    int fd;
    enum state state;
    unsigned user;
    SSL *ssl;
    bool is_told;
    uint8_t line_len;
    char line[LINE_BYTES];
};

struct herd {
    uint16_t port;
    size_t count;
    unsigned users;
    enum state goal;
    bool is_fetching;
    const char *domain;
    const char *password;
    SSL_CTX *tls;
    int epoll;
    struct connection *connections;
    size_t opened;
    size_t there;
    size_t lost;
    size_t told;
};

static _Noreturn void die(const char *what) {
    (void)fprintf(stderr, "imap_idle: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(struct herd *herd, struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(herd->epoll, operation, c->fd, &event) < 0) die("epoll_ctl");
}

/* A connection that is lost on its way is an end of all; one that was there is counted. */
static void connection_lost(struct herd *herd, struct connection *c, const char *why) {
    if (c->state != STATE_THERE) {
        (void)fprintf(stderr, "imap_idle: connection %zu of %zu: %s: %.*s\n", herd->there + 1, herd->count,
                      why, (int)c->line_len, c->line);
        exit(1);
    }
    (void)close(c->fd);
    c->fd = -1;
    herd->lost++;
}

/* What is said is short and the sockets are empty: it goes at once. */
static void say(struct herd *herd, struct connection *c, const char *text) {
    size_t len = strlen(text);
    size_t sent = 0;
    if (c->ssl) {
        if (SSL_write_ex(c->ssl, text, len, &sent) != 1) sent = 0;
    } else {
        ssize_t result = send(c->fd, text, len, MSG_NOSIGNAL);
        sent = result > 0 ? (size_t)result : 0;
    }
    if (sent != len) connection_lost(herd, c, "a command could not be sent");
}

static void go_on(struct herd *herd, struct connection *c) {
    char text[SAID_BYTES_MAX];
    c->state++;
    if (c->state == STATE_FETCH && !herd->is_fetching) c->state = STATE_IDLE;
    if (c->state == herd->goal) c->state = STATE_THERE;
    switch (c->state) {
    case STATE_LOGIN:
        (void)snprintf(text, sizeof text, "a LOGIN user%u@%s \"%s\"\r\n", c->user, herd->domain,
                       herd->password);
        say(herd, c, text);
        break;
    case STATE_SELECT:
        say(herd, c, "b SELECT INBOX\r\n");
        break;
    case STATE_FETCH:
        say(herd, c, "f UID FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE BODY.PEEK[])\r\n");
        break;
    case STATE_IDLE:
        say(herd, c, "c IDLE\r\n");
        break;
    case STATE_THERE:
        herd->there++;
        break;
    default:
        break;
    }
}

static bool starts(const struct connection *c, const char *prefix) {
    size_t len = strlen(prefix);
    return c->line_len >= len && memcmp(c->line, prefix, len) == 0;
}

static bool ends(const struct connection *c, const char *suffix) {
    size_t len = strlen(suffix);
    return c->line_len >= len && memcmp(c->line + c->line_len - len, suffix, len) == 0;
}

static void take_line(struct herd *herd, struct connection *c) {
    static const char *const good[] = {[STATE_GREETING] = "* OK",
                                       [STATE_LOGIN] = "a OK",
                                       [STATE_SELECT] = "b OK",
                                       [STATE_FETCH] = "f OK",
                                       [STATE_IDLE] = "+"};
    if (c->state == STATE_THERE) {
        if (starts(c, "* BYE")) (void)fprintf(stderr, "imap_idle: %.*s\n", (int)c->line_len, c->line);
        if (c->is_told || !starts(c, "* ") || !ends(c, " EXISTS")) return;
        c->is_told = true;
        herd->told++;
        return;
    }
    if (starts(c, good[c->state]))
        go_on(herd, c);
    else if (c->state != STATE_FETCH && (!starts(c, "* ") || c->state == STATE_GREETING))
        connection_lost(herd, c, "refused");
}

static void take_bytes(struct herd *herd, struct connection *c, const char *bytes, size_t len) {
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n') {
            take_line(herd, c);
            c->line_len = 0;
        } else if (bytes[i] != '\r' && c->line_len < LINE_BYTES) {
            c->line[c->line_len++] = bytes[i];
        }
    }
}

/* False: nothing more is there now, or the connection ended. */
static bool read_some(struct herd *herd, struct connection *c) {
    char bytes[4096];
    ssize_t got;
    bool is_empty;
    if (c->ssl) {
        got = SSL_read(c->ssl, bytes, sizeof bytes);
        is_empty = got <= 0 && SSL_get_error(c->ssl, (int)got) == SSL_ERROR_WANT_READ;
    } else {
        got = recv(c->fd, bytes, sizeof bytes, 0);
        is_empty = got < 0 && errno == EAGAIN;
    }
    if (got > 0) take_bytes(herd, c, bytes, (size_t)got);
    if (got <= 0 && !is_empty) connection_lost(herd, c, "closed by the server");
    return got > 0;
}

/* True when the handshake is done. */
static bool shake_hands(struct herd *herd, struct connection *c) {
    int result = SSL_connect(c->ssl);
    if (result == 1) return true;
    int error = SSL_get_error(c->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) connection_lost(herd, c, "no TLS");
    watch(herd, c, EPOLL_CTL_MOD, error == SSL_ERROR_WANT_WRITE ? EPOLLOUT : EPOLLIN);
    return false;
}

static void connection_ready(struct herd *herd, struct connection *c) {
    if (c->state == STATE_CONNECTING) {
        if (c->ssl && !shake_hands(herd, c)) return;
        watch(herd, c, EPOLL_CTL_MOD, EPOLLIN);
        c->state = STATE_GREETING;
    }
    while (c->fd >= 0 && read_some(herd, c)) continue;
}

static void connection_open(struct herd *herd) {
    size_t number = herd->opened++;
    struct connection *c = &herd->connections[number];
    struct sockaddr_in address = {.sin_family = AF_INET};
    *c = (struct connection){.user = (unsigned)(number % herd->users) + 1};
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket");
    int on = 1;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)(number / CONNECTIONS_AN_ADDRESS));
    if (bind(c->fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
    address.sin_port = htons(herd->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS)
        die("connect");
    if (herd->tls) {
        c->ssl = SSL_new(herd->tls);
        if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1) die("SSL_new");
    }
    watch(herd, c, EPOLL_CTL_ADD, EPOLLOUT);
}

/* A line on standard input, which epoll knows as no connection. */
static bool answer_question(const struct herd *herd) {
    char line[LINE_BYTES];
    if (read(STDIN_FILENO, line, sizeof line) <= 0) return false;
    (void)printf("%zu %zu\n", herd->there - herd->lost, herd->told);
    (void)fflush(stdout);
    return true;
}

static void open_more(struct herd *herd) {
    while (herd->opened < herd->count && herd->opened - herd->there < UNDER_WAY_MAX) connection_open(herd);
}

static void herd_run(struct herd *herd) {
    struct epoll_event asked = {.events = EPOLLIN};
    if (epoll_ctl(herd->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &asked) < 0) die("epoll_ctl");
    bool is_ready = false;
    for (;;) {
        open_more(herd);
        if (!is_ready && herd->there == herd->count) {
            is_ready = true;
            (void)puts("ready");
            (void)fflush(stdout);
        }
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(herd->epoll, events, EVENTS_AT_ONCE, -1);
        if (count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                connection_ready(herd, events[i].data.ptr);
            else if (!answer_question(herd))
                return;
        }
    }
}

static unsigned number_argument(const char *text, unsigned max) {
    char *end = NULL;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (errno || *end || !*text || value == 0 || value > max) {
        (void)fprintf(stderr, "imap_idle: %s is not a number from 1 to %u\n", text, max);
        exit(2);
    }
    return (unsigned)value;
}

static SSL_CTX *tls_context(void) {
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls) die("SSL_CTX_new");
    SSL_CTX_set_verify(tls, SSL_VERIFY_NONE, NULL);
    (void)SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    return tls;
}

int main(int argc, char **argv) {
    bool is_tls = argc == 8 && strcmp(argv[4], "tls") == 0;
    bool is_used = argc == 8 && strcmp(argv[5], "used") == 0;
    bool is_idle = is_used || (argc == 8 && strcmp(argv[5], "idle") == 0);
    if (argc != 8 || (!is_tls && strcmp(argv[4], "plain") != 0) ||
        (!is_idle && strcmp(argv[5], "greeted") != 0)) {
        (void)fprintf(stderr,
                      "usage: %s PORT CONNECTIONS USERS plain|tls greeted|idle|used DOMAIN PASSWORD\n",
                      argv[0]);
        return 2;
    }
    struct herd herd = {.port = (uint16_t)number_argument(argv[1], 65535),
                        .count = number_argument(argv[2], CONNECTIONS_MAX),
                        .users = number_argument(argv[3], CONNECTIONS_MAX),
                        .goal = is_idle ? STATE_THERE : STATE_LOGIN,
                        .is_fetching = is_used,
                        .domain = argv[6],
                        .password = argv[7],
                        .tls = is_tls ? tls_context() : NULL,
                        .epoll = epoll_create1(EPOLL_CLOEXEC)};
    herd.connections = calloc(herd.count, sizeof *herd.connections);
    if (herd.epoll < 0 || !herd.connections) die("start");
    herd_run(&herd);
    return 0;
}
