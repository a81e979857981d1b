/*
 * An authoritative name server (NSD) on a loopback port of its own, in a folder of its own, as a
 * child process that dies with the test. Tests say that they are skipped where there is none.
 */
#ifndef NAME_SERVER_H
#define NAME_SERVER_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dns_zones.h"
#include "io/dns.h"

enum { NAME_SERVER_HOSTS = 1000, NAME_SERVER_LONG_TEXTS = 40, NAME_SERVER_ATTEMPTS = 20 };

struct name_server {
    pid_t pid;
    uint16_t port;
    /* Its address as dns_options want it. */
    char address[32];
    char folder[64];
};

/* A UDP socket on a port of 127.0.0.1 on which nothing else listens. */
static inline int loopback_socket(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline FILE *name_server_file(const struct name_server *server, const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", server->folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    return file;
}

static inline void name_server_zone(const struct name_server *server, FILE *configuration, const char *zone,
                                    const char *text) {
    FILE *file = name_server_file(server, zone);
    (void)fputs(text, file);
    assert_int_equal(fclose(file), 0);
    (void)fprintf(configuration, "zone:\n name: %s\n zonefile: %s\n", zone, zone);
}

/* h0.many.test to h999.many.test, a set of texts that needs TCP, and one of 250 short records. */
static inline void name_server_many(const struct name_server *server, FILE *configuration) {
    FILE *file = name_server_file(server, "many.test");
    (void)fputs("$ORIGIN many.test.\n$TTL 3600\n@ IN SOA ns x 1 3600 600 86400 300\n@ IN NS ns\n"
                "ns IN A 127.0.0.1\n",
                file);
    for (int i = 0; i < NAME_SERVER_HOSTS; i++)
        (void)fprintf(file, "h%d IN A 10.1.%d.%d\n", i, i / 256, i % 256);
    (void)fputs("long IN TXT", file);
    for (int i = 0; i < NAME_SERVER_LONG_TEXTS; i++) (void)fprintf(file, " \"%0200d\"", i);
    for (int i = 0; i < 200; i++) (void)fprintf(file, "\nmx IN MX %d mx%d.a-rather-long-name", i, i);
    (void)fputs("\n", file);
    assert_int_equal(fclose(file), 0);
    (void)fputs("zone:\n name: many.test\n zonefile: many.test\n", configuration);
}

static inline void name_server_configure(const struct name_server *server) {
    FILE *file = name_server_file(server, "nsd.conf");
    (void)fprintf(file,
                  "server:\n ip-address: 127.0.0.1@%d\n server-count: 1\n username: \"\"\n database: \"\"\n"
                  " zonesdir: \"%s\"\n pidfile: \"\"\n zonelistfile: \"%s/list\"\n xfrdfile: \"%s/xfrd\"\n"
                  " xfrdir: \"%s\"\n logfile: \"%s/log\"\n rrl-ratelimit: 0\n"
                  "remote-control:\n control-enable: no\n",
                  server->port, server->folder, server->folder, server->folder, server->folder,
                  server->folder);
    name_server_zone(server, file, "example.test", zone_example);
    name_server_zone(server, file, "second.test", zone_second);
    name_server_zone(server, file, "127.in-addr.arpa", zone_reverse);
    name_server_zone(server, file, "localhost", zone_localhost);
    name_server_zone(server, file, "signed.test", zone_signed);
    name_server_many(server, file);
    assert_int_equal(fclose(file), 0);
}

static inline void name_server_run(const struct name_server *server) {
    char configuration[128];
    (void)snprintf(configuration, sizeof configuration, "%s/nsd.conf", server->folder);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)execl("/usr/sbin/nsd", "nsd", "-d", "-c", configuration, (char *)NULL);
    _exit(127);
}

/* It listens on TCP as well, so a connection says whether it is up. */
static inline bool name_server_is_up(const struct name_server *server) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(server->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_up = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return is_up;
}

static inline bool can_bind(int type, uint16_t port) {
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool is_bound = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return is_bound;
}

/* Below those that the kernel gives to clients, and above those of other tests: who asks for one comes there
   by chance only. The server says soon if it was not free. */
static inline uint16_t name_server_port(unsigned attempt) {
    enum { FIRST = 31996, COUNT = 772, STEP = 97 };
    for (unsigned i = 0; i < COUNT; i++) {
        uint16_t port = (uint16_t)(FIRST + ((unsigned)getpid() + attempt * STEP + i) % COUNT);
        if (can_bind(SOCK_DGRAM, port) && can_bind(SOCK_STREAM, port)) return port;
    }
    fail_msg("no port from %d on is free", FIRST);
    return 0;
}

/* False: it ended. */
static inline bool name_server_await(struct name_server *server) {
    for (int i = 0; i < TEST_PATIENCE_MS / 10; i++) {
        if (waitpid(server->pid, NULL, WNOHANG) == server->pid) return false;
        if (name_server_is_up(server)) return true;
        (void)usleep(10000);
    }
    fail_msg("nsd did not start; see %s/log", server->folder);
    return false;
}

/* False: there is no NSD on this machine. */
static inline bool name_server_start(struct name_server *server) {
    if (access("/usr/sbin/nsd", X_OK)) return false;
    (void)snprintf(server->folder, sizeof server->folder, "/tmp/posthaste-nsd-XXXXXX");
    assert_non_null(mkdtemp(server->folder));
    for (unsigned attempt = 0; attempt < NAME_SERVER_ATTEMPTS; attempt++) {
        server->port = name_server_port(attempt);
        (void)snprintf(server->address, sizeof server->address, "127.0.0.1@%d", server->port);
        name_server_configure(server);
        server->pid = fork();
        if (server->pid == 0) name_server_run(server);
        if (name_server_await(server)) return true;
    }
    fail_msg("nsd did not start; see %s/log", server->folder);
    return false;
}

static inline void name_server_stop(struct name_server *server) {
    static const char *const files[] = {"nsd.conf",  "example.test", "second.test", "127.in-addr.arpa",
                                        "localhost", "signed.test",  "many.test",   "list",
                                        "xfrd",      "log"};
    if (server->pid <= 0) return;
    (void)kill(server->pid, SIGTERM);
    (void)waitpid(server->pid, NULL, 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", server->folder, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(server->folder);
}

#endif
