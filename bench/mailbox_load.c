/*
 * Times IMAP and POP3 commands over real connections, for the benchmarks. The program waits for each
 * reply before it sends the next command, reads replies as fast as they come, and looks only for
 * their ends, so that what it measures is the server.
 *
 *   mailbox_load commands PORT USER PASSWORD MAILBOX ROUNDS COMMAND...
 *       One IMAP connection selects the mailbox ("-": none) and runs the commands in turn, ROUNDS times;
 *       "#" in one stands for the number of the round. Prints for each command the milliseconds of
 *       every round.
 *   mailbox_load append PORT USER PASSWORD MAILBOX CONNECTIONS MESSAGES BYTES SEED AT_ONCE
 *       Connections append different messages of about BYTES, AT_ONCE of them with each command.
 *   mailbox_load login PORT USER PASSWORD CONNECTIONS CYCLES
 *       Connect, LOGIN, LOGOUT, wait for the end of the connection; CYCLES in all.
 *   mailbox_load retr PORT USER PASSWORD MESSAGES
 *       POP3: RETR of messages 1 to MESSAGES; prints how long the login took, too.
 *
 * Prints one JSON value. Exit status 1: the server did not do what it was asked. 2: wrong usage.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mail_text.h"

enum {
    CONNECTIONS_MAX = 1000,
    MESSAGE_BYTES_MAX = 1 << 20,
    INPUT_BYTES = 256 * 1024,
    LINE_BYTES_MAX = 512,
    COMMAND_BYTES_MAX = 256 * 1024,
    TIMINGS_MAX = 1000 * 1000,
};

struct client {
    int fd;
    /* What was read and not yet looked at: [at, end) of input. */
    size_t at;
    size_t end;
    char input[INPUT_BYTES];
    /* The beginning of the last line. */
    char line[LINE_BYTES_MAX];
    uint64_t bytes;
};

struct target {
    uint16_t port;
    const char *user;
    const char *password;
};

static double now_ms(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static _Noreturn void die(const char *what, const char *why) {
    (void)fprintf(stderr, "mailbox_load: %s: %.300s\n", what, why);
    exit(1);
}

static void *allocate(size_t bytes) {
    void *memory = calloc(1, bytes);
    if (!memory) die("memory", strerror(errno));
    return memory;
}

/* ---- a connection ---- */

static struct client *client_open(const struct target *target) {
    struct client *client = allocate(sizeof *client);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(target->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect", strerror(errno));
    return client;
}

static void client_close(struct client *client) {
    (void)close(client->fd);
    free(client);
}

static void client_send(struct client *client, const char *bytes, size_t len) {
    while (len) {
        ssize_t sent = write(client->fd, bytes, len);
        if (sent < 0) die("write", strerror(errno));
        bytes += sent;
        len -= (size_t)sent;
    }
}

/* False: the server closed the connection. */
static bool client_fill(struct client *client) {
    ssize_t got = read(client->fd, client->input, sizeof client->input);
    if (got < 0) die("read", strerror(errno));
    client->at = 0;
    client->end = (size_t)got;
    client->bytes += (size_t)got;
    return got > 0;
}

static void keep_of_line(struct client *client, size_t *kept, const char *from, size_t len) {
    size_t room = sizeof client->line - 1 - *kept;
    size_t taken = len < room ? len : room;
    memcpy(client->line + *kept, from, taken);
    *kept += taken;
}

/* Reads one line, of which the beginning is kept in client->line; the number in braces that ends it, if
   that is how it ends, is returned: so many bytes follow. */
static size_t client_line(struct client *client) {
    size_t kept = 0;
    char tail[24] = {0};
    for (;;) {
        if (client->at == client->end && !client_fill(client))
            die("the connection ended after", client->line);
        const char *from = client->input + client->at;
        size_t there = client->end - client->at;
        const char *newline = memchr(from, '\n', there);
        size_t len = newline ? (size_t)(newline - from) + 1 : there;
        keep_of_line(client, &kept, from, len);
        size_t tail_len = len < sizeof tail - 1 ? len : sizeof tail - 1;
        memmove(tail, tail + tail_len, sizeof tail - 1 - tail_len);
        memcpy(tail + sizeof tail - 1 - tail_len, from + len - tail_len, tail_len);
        client->at += len;
        if (newline) break;
    }
    client->line[kept] = 0;
    if (memcmp(tail + sizeof tail - 4, "}\r\n", 3) != 0) return 0;
    const char *brace = tail + sizeof tail - 4;
    while (brace > tail && brace[-1] >= '0' && brace[-1] <= '9') brace--;
    return brace > tail && brace[-1] == '{' ? strtoul(brace, NULL, 10) : 0;
}

static void client_skip(struct client *client, size_t len) {
    while (len) {
        if (client->at == client->end && !client_fill(client)) die("the connection ended in", "a literal");
        size_t there = client->end - client->at;
        size_t taken = len < there ? len : there;
        client->at += taken;
        len -= taken;
    }
}

/* Reads until the line that begins with `begin` and a space; returns how many others came before it. */
static size_t client_await(struct client *client, const char *begin) {
    size_t begin_len = strlen(begin);
    for (size_t lines = 0;; lines++) {
        size_t literal = client_line(client);
        if (strncmp(client->line, begin, begin_len) == 0 && client->line[begin_len] == ' ') return lines;
        /* A literal, and what follows it on its line. */
        while (literal) {
            client_skip(client, literal);
            literal = client_line(client);
        }
    }
}

/* Runs a command that must succeed; returns how many untagged lines came. */
static size_t client_run(struct client *client, const char *command) {
    client_send(client, command, strlen(command));
    size_t lines = client_await(client, "a");
    if (strncmp(client->line, "a OK", 4) != 0) die(command, client->line);
    return lines;
}

static void client_run_format(struct client *client, const char *format, const char *first,
                              const char *second) {
    char *command = allocate(COMMAND_BYTES_MAX);
    (void)snprintf(command, COMMAND_BYTES_MAX, format, first, second);
    (void)client_run(client, command);
    free(command);
}

static struct client *client_login(const struct target *target) {
    struct client *client = client_open(target);
    (void)client_line(client);
    client_run_format(client, "a LOGIN \"%s\" \"%s\"\r\n", target->user, target->password);
    return client;
}

/* ---- commands ---- */

struct timed {
    const char *command;
    double *ms;
    size_t lines;
    uint64_t bytes;
};

/* "a COMMAND CRLF" with the number of the round for each "#". */
static void command_write(char *out, const char *command, size_t round) {
    size_t at = put_text(out, 0, "a ");
    for (; *command && at < COMMAND_BYTES_MAX - 32; command++) {
        if (*command == '#')
            at += (size_t)snprintf(out + at, 24, "%zu", round);
        else
            out[at++] = *command;
    }
    at = put_text(out, at, "\r\n");
    out[at] = 0;
}

static void run_timed(struct client *client, struct timed *timed, size_t round, char *command) {
    command_write(command, timed->command, round + 1);
    uint64_t bytes = client->bytes;
    double started = now_ms();
    timed->lines = client_run(client, command);
    timed->ms[round] = now_ms() - started;
    timed->bytes = client->bytes - bytes;
}

static void print_timed(const struct timed *timed, size_t rounds, bool is_first) {
    (void)printf("%s{\"lines\": %zu, \"bytes\": %llu, \"ms\": [", is_first ? "" : ",\n ", timed->lines,
                 (unsigned long long)timed->bytes);
    for (size_t i = 0; i < rounds; i++) (void)printf("%s%.3f", i ? ", " : "", timed->ms[i]);
    (void)printf("]}");
}

static void commands(const struct target *target, const char *mailbox, size_t rounds, char **texts,
                     size_t count) {
    struct timed *timed = allocate(count * sizeof *timed);
    for (size_t i = 0; i < count; i++)
        timed[i] = (struct timed){texts[i], allocate(rounds * sizeof(double)), 0, 0};
    char *command = allocate(COMMAND_BYTES_MAX);
    struct client *client = client_login(target);
    if (strcmp(mailbox, "-") != 0) client_run_format(client, "a SELECT \"%s\"%s\r\n", mailbox, "");
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) run_timed(client, &timed[i], round, command);
    (void)printf("[");
    for (size_t i = 0; i < count; i++) print_timed(&timed[i], rounds, i == 0);
    (void)printf("]\n");
    for (size_t i = 0; i < count; i++) free(timed[i].ms);
    client_close(client);
    free(command);
    free(timed);
}

/* ---- append ---- */

struct append_job {
    struct target target;
    const char *mailbox;
    size_t connections;
    size_t messages;
    size_t bytes;
    uint64_t seed;
    size_t at_once;
    double *ms;
};

struct append_share {
    const struct append_job *job;
    size_t first;
    pthread_t thread;
};

/* A name with spaces as "Given Family", from the words. */
static size_t put_address(char *out, size_t at, const char *field, uint64_t *random) {
    const char *given = word_next(random);
    const char *family = word_next(random);
    return at + (size_t)sprintf(out + at, "%s: \"%s %s\" <%s.%s@%s.test>\r\n", field, given, family, given,
                                family, word_next(random));
}

static size_t put_header(char *out, size_t number, uint64_t *random) {
    size_t at = (size_t)sprintf(out,
                                "Received: from mx%u.load.test (mx%u.load.test [192.0.2.%u])\r\n"
                                "\tby mx.bench.test with ESMTPS id %016llx\r\n"
                                "\tfor <user@bench.test>; Mon, 06 Jan 2025 10:%02u:%02u +0000\r\n",
                                (unsigned)(number % 9), (unsigned)(number % 9), (unsigned)(number % 250),
                                (unsigned long long)random_next(random), (unsigned)(number / 60 % 60),
                                (unsigned)(number % 60));
    at = put_address(out, at, "From", random);
    at = put_address(out, at, "To", random);
    if (number % 3 == 0) at = put_address(out, at, "Cc", random);
    if (number % 4 == 1)
        at += (size_t)sprintf(out + at, "In-Reply-To: <%016llx@load.test>\r\n",
                              (unsigned long long)random_next(random));
    return at + (size_t)sprintf(out + at,
                                "Subject: %s%s %s %s %zu\r\nDate: Mon, 06 Jan 2025 10:%02u:%02u +0000\r\n"
                                "Message-ID: <%016llx.%zu@load.test>\r\nMIME-Version: 1.0\r\n",
                                number % 4 == 1 ? "Re: " : "", word_next(random), word_next(random),
                                word_next(random), number, (unsigned)(number / 60 % 60),
                                (unsigned)(number % 60), (unsigned long long)random_next(random), number);
}

/* Every other message has two parts, as mail programs send them. */
static size_t message_write(const struct append_job *job, size_t number, char *out) {
    uint64_t random = job->seed * 1000003 + number;
    size_t at = put_header(out, number, &random);
    if (number % 2) {
        at = put_text(out, at, "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
        return put_body(out, at, job->bytes, &random);
    }
    at = put_text(out, at,
                  "Content-Type: multipart/alternative; boundary=\"=_part\"\r\n\r\n--=_part\r\n"
                  "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    at = put_body(out, at, at + (job->bytes > at ? (job->bytes - at) / 2 : 0), &random);
    at = put_text(out, at, "--=_part\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>\r\n");
    at = put_body(out, at, job->bytes, &random);
    return put_text(out, at, "</p></body></html>\r\n--=_part--\r\n");
}

/* One message; each literal waits for the server's word, as a plain client does. */
static void append_one(struct client *client, const struct append_job *job, size_t number, char *message,
                       bool is_first) {
    char begin[LINE_BYTES_MAX];
    /* The newest are unseen, as they are with people. */
    bool is_unseen = number >= job->messages - job->messages / 20;
    size_t len = message_write(job, number, message);
    size_t begin_len =
        (size_t)snprintf(begin, sizeof begin, "%s%s%s (%s) {%zu}\r\n", is_first ? "a APPEND \"" : "",
                         is_first ? job->mailbox : "", is_first ? "\"" : "", is_unseen ? "" : "\\Seen", len);
    client_send(client, begin, begin_len);
    (void)client_line(client);
    if (client->line[0] != '+') die("APPEND", client->line);
    client_send(client, message, len);
}

static void *append_share(void *argument) {
    struct append_share *share = argument;
    const struct append_job *job = share->job;
    struct client *client = client_login(&job->target);
    char *message = allocate(2 * MESSAGE_BYTES_MAX);
    size_t step = job->connections * job->at_once;
    for (size_t first = share->first * job->at_once; first < job->messages; first += step) {
        double started = now_ms();
        for (size_t i = 0; i < job->at_once && first + i < job->messages; i++)
            append_one(client, job, first + i, message, i == 0);
        client_send(client, "\r\n", 2);
        (void)client_await(client, "a");
        if (strncmp(client->line, "a OK", 4) != 0) die("APPEND", client->line);
        job->ms[first / job->at_once] = now_ms() - started;
    }
    client_close(client);
    free(message);
    return NULL;
}

static int compare_ms(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void append(const struct append_job *given) {
    struct append_job job = *given;
    size_t commands_count = (job.messages + job.at_once - 1) / job.at_once;
    struct append_share *shares = allocate(job.connections * sizeof *shares);
    job.ms = allocate(commands_count * sizeof *job.ms);
    double started = now_ms();
    for (size_t i = 0; i < job.connections; i++) {
        shares[i] = (struct append_share){.job = &job, .first = i};
        if (pthread_create(&shares[i].thread, NULL, append_share, &shares[i])) die("thread", "cannot start");
    }
    for (size_t i = 0; i < job.connections; i++) (void)pthread_join(shares[i].thread, NULL);
    double seconds = (now_ms() - started) / 1000;
    qsort(job.ms, commands_count, sizeof *job.ms, compare_ms);
    (void)printf("{\"seconds\": %.6f, \"ms_p50\": %.3f, \"ms_p99\": %.3f}\n", seconds,
                 job.ms[commands_count / 2], job.ms[commands_count * 99 / 100]);
    free(job.ms);
    free(shares);
}

/* ---- login ---- */

struct login_share {
    const struct target *target;
    size_t cycles;
    pthread_t thread;
};

static void *login_share(void *argument) {
    struct login_share *share = argument;
    for (size_t i = 0; i < share->cycles; i++) {
        struct client *client = client_login(share->target);
        (void)client_run(client, "a LOGOUT\r\n");
        while (client_fill(client)) continue;
        client_close(client);
    }
    return NULL;
}

static void login(const struct target *target, size_t connections, size_t cycles) {
    struct login_share *shares = allocate(connections * sizeof *shares);
    double started = now_ms();
    for (size_t i = 0; i < connections; i++) {
        shares[i] = (struct login_share){.target = target, .cycles = cycles / connections};
        if (pthread_create(&shares[i].thread, NULL, login_share, &shares[i])) die("thread", "cannot start");
    }
    for (size_t i = 0; i < connections; i++) (void)pthread_join(shares[i].thread, NULL);
    double seconds = (now_ms() - started) / 1000;
    (void)printf("{\"seconds\": %.6f, \"cycles\": %zu}\n", seconds, cycles / connections * connections);
    free(shares);
}

/* ---- POP3 ---- */

static void pop3_run(struct client *client, const char *command) {
    client_send(client, command, strlen(command));
    (void)client_line(client);
    if (strncmp(client->line, "+OK", 3) != 0) die(command, client->line);
}

static void retr(const struct target *target, size_t messages) {
    char command[LINE_BYTES_MAX];
    struct client *client = client_open(target);
    (void)client_line(client);
    double started = now_ms();
    (void)snprintf(command, sizeof command, "USER %s\r\n", target->user);
    pop3_run(client, command);
    (void)snprintf(command, sizeof command, "PASS %s\r\n", target->password);
    pop3_run(client, command);
    pop3_run(client, "STAT\r\n");
    double opened = now_ms();
    for (size_t number = 1; number <= messages; number++) {
        (void)snprintf(command, sizeof command, "RETR %zu\r\n", number);
        pop3_run(client, command);
        do (void)client_line(client);
        while (strcmp(client->line, ".\r\n") != 0);
    }
    double ended = now_ms();
    pop3_run(client, "QUIT\r\n");
    (void)printf("{\"open_ms\": %.3f, \"seconds\": %.6f, \"bytes\": %llu}\n", opened - started,
                 (ended - opened) / 1000, (unsigned long long)client->bytes);
    client_close(client);
}

/* ---- the command line ---- */

static size_t number_argument(const char *text, size_t max) {
    char *end = NULL;
    errno = 0;
    size_t value = strtoul(text, &end, 10);
    if (errno || *end || !*text || value == 0 || value > max) {
        (void)fprintf(stderr, "mailbox_load: %s is not a number from 1 to %zu\n", text, max);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    struct target target = {0};
    if (argc > 4) target = (struct target){(uint16_t)number_argument(argv[2], 65535), argv[3], argv[4]};
    if (strcmp(what, "commands") == 0 && argc > 7) {
        commands(&target, argv[5], number_argument(argv[6], TIMINGS_MAX), argv + 7, (size_t)argc - 7);
    } else if (strcmp(what, "append") == 0 && argc == 11) {
        append(&(struct append_job){
            target, argv[5], number_argument(argv[6], CONNECTIONS_MAX), number_argument(argv[7], UINT32_MAX),
            number_argument(argv[8], MESSAGE_BYTES_MAX), number_argument(argv[9], UINT32_MAX),
            number_argument(argv[10], 1000), NULL});
    } else if (strcmp(what, "login") == 0 && argc == 7) {
        login(&target, number_argument(argv[5], CONNECTIONS_MAX), number_argument(argv[6], TIMINGS_MAX));
    } else if (strcmp(what, "retr") == 0 && argc == 6) {
        retr(&target, number_argument(argv[5], UINT32_MAX));
    } else {
        (void)fprintf(stderr, "usage: %s commands|append|login|retr PORT USER PASSWORD ...\n", argv[0]);
        return 2;
    }
    return 0;
}
