#include "app/config.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/real/read_file.h"
#include "web/web_allow.h"

void config_defaults(struct config *config) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t half = cores > 3 ? (uint64_t)cores / 2 : 1;
    if (half > CONFIG_PROCESSES_MAX) half = CONFIG_PROCESSES_MAX;
    *config = (struct config){
        .hostname = "localhost",
        .tls_certificate = "tls/cert.pem",
        .tls_key = "tls/key.pem",
        .message_bytes_max = MESSAGE_BYTES_MAX_DEFAULT,
        .connections_per_account = 500,
        .plaintext = PLAINTEXT_LOOPBACK,
        .processes = {[ROLE_STORE] = 1, [ROLE_REMOTE] = 1, [ROLE_MAIL] = half, [ROLE_EDGE] = half},
        .uid = {[ROLE_STORE] = 62001, [ROLE_REMOTE] = 62002, [ROLE_MAIL] = 62003, [ROLE_EDGE] = 62004},
        .gid = 62000,
        .dns_trust_anchors = "/usr/share/dns/root.key",
        .log_level = LOG_LEVEL_INFO,
        .metrics_allow = "127.0.0.0/8, ::1",
    };
}

uint64_t config_gid_of(const struct config *config, enum role_kind kind) {
    bool may_read_mail = kind == ROLE_STORE || kind == ROLE_MAIL;
    return may_read_mail ? config->gid : config->uid[kind];
}

const char *role_kind_name(enum role_kind kind) {
    static const char *const names[] = {"store", "remote", "mail", "edge"};
    return names[kind];
}

/* One line being read. */
struct setting {
    struct arena *arena;
    struct config *config;
    struct slice value;
    /* What is wrong with the value, or NULL. */
    const char *fault;
};

struct key {
    struct slice name;
    void (*read)(struct setting *setting, const struct key *key);
    /* Where it goes, and its least and greatest value. */
    size_t offset;
    uint64_t least;
    uint64_t most;
    const char *fault;
};

static void read_text(struct setting *setting, const struct key *key) {
    *(const char **)((char *)setting->config + key->offset) = arena_text(setting->arena, setting->value);
}

static void read_number(struct setting *setting, const struct key *key) {
    uint64_t number;
    if (!slice_to_number(setting->value, key->most, &number) || number < key->least)
        setting->fault = key->fault;
    else
        *(uint64_t *)((char *)setting->config + key->offset) = number;
}

/* "50 MiB", "64 KiB" or a plain number of bytes. */
static void read_bytes(struct setting *setting, const struct key *key) {
    struct slice text = setting->value;
    uint64_t number;
    uint64_t unit = 1;
    bool good = slice_take_number(&text, key->most, &number);
    text = slice_trim(text);
    if (slice_equal_nocase(text, SLICE("KiB")))
        unit = 1 << 10;
    else if (slice_equal_nocase(text, SLICE("MiB")))
        unit = 1 << 20;
    else if (text.len)
        good = false;
    if (!good || number > key->most / unit || number * unit < key->least)
        setting->fault = key->fault;
    else
        *(uint64_t *)((char *)setting->config + key->offset) = number * unit;
}

static void read_list(struct setting *setting, const char **texts, size_t *count, size_t max,
                      const char *fault) {
    struct slice rest = setting->value;
    *count = 0;
    while (rest.len) {
        struct slice item = slice_trim(slice_take_until(&rest, ','));
        (void)slice_take_byte(&rest, ',');
        if (item.len == 0 || *count == max) {
            setting->fault = fault;
            return;
        }
        texts[(*count)++] = arena_text(setting->arena, item);
    }
}

static void read_listen(struct setting *setting, const struct key *key) {
    read_list(setting, setting->config->listen, &setting->config->listen_count, CONFIG_LISTEN_MAX,
              key->fault);
    if (setting->config->listen_count == 0) setting->fault = key->fault;
}

static void read_dns_servers(struct setting *setting, const struct key *key) {
    read_list(setting, setting->config->dns_servers, &setting->config->dns_server_count,
              CONFIG_DNS_SERVERS_MAX, key->fault);
}

static void read_plaintext(struct setting *setting, const struct key *key) {
    if (slice_equal(setting->value, SLICE("loopback")))
        setting->config->plaintext = PLAINTEXT_LOOPBACK;
    else if (slice_equal(setting->value, SLICE("never")))
        setting->config->plaintext = PLAINTEXT_NEVER;
    else
        setting->fault = key->fault;
}

static void read_log_level(struct setting *setting, const struct key *key) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < 4; i++) {
        if (!slice_equal(setting->value, slice_from_text(names[i]))) continue;
        setting->config->log_level = (enum log_level)i;
        return;
    }
    setting->fault = key->fault;
}

static void read_allow(struct setting *setting, const struct key *key) {
    if (web_allow_is_valid(setting->value))
        setting->config->metrics_allow = arena_text(setting->arena, setting->value);
    else
        setting->fault = key->fault;
}

#define AT(member) offsetof(struct config, member)

static const struct key keys[] = {
    {SLICE_INIT("hostname"), read_text, AT(hostname), 0, 0, NULL},
    {SLICE_INIT("listen"), read_listen, 0, 0, 0, "up to 8 numeric addresses, separated by commas"},
    {SLICE_INIT("base_port"), read_number, AT(base_port), 0, 64000, "a number from 0 to 64000"},
    {SLICE_INIT("tls.certificate"), read_text, AT(tls_certificate), 0, 0, NULL},
    {SLICE_INIT("tls.key"), read_text, AT(tls_key), 0, 0, NULL},
    {SLICE_INIT("message.bytes_max"), read_bytes, AT(message_bytes_max), 65536, (uint64_t)1 << 31,
     "a size from 64 KiB to 2048 MiB, like 50 MiB"},
    {SLICE_INIT("imap.connections_per_account"), read_number, AT(connections_per_account), 1, 100000,
     "a number from 1 to 100000"},
    {SLICE_INIT("auth.plaintext"), read_plaintext, 0, 0, 0, "loopback or never"},
    {SLICE_INIT("processes.mail"), read_number, AT(processes[ROLE_MAIL]), 1, CONFIG_PROCESSES_MAX,
     "a number from 1 to 32"},
    {SLICE_INIT("processes.edge"), read_number, AT(processes[ROLE_EDGE]), 1, CONFIG_PROCESSES_MAX,
     "a number from 1 to 32"},
    {SLICE_INIT("user.store"), read_number, AT(uid[ROLE_STORE]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("user.remote"), read_number, AT(uid[ROLE_REMOTE]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("user.mail"), read_number, AT(uid[ROLE_MAIL]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("user.edge"), read_number, AT(uid[ROLE_EDGE]), 1, INT32_MAX, "a numeric user id, not 0"},
    {SLICE_INIT("group"), read_number, AT(gid), 1, INT32_MAX, "a numeric group id, not 0"},
    {SLICE_INIT("dns.servers"), read_dns_servers, 0, 0, 0,
     "up to 8 addresses, like 192.0.2.1 or 127.0.0.1@5353"},
    {SLICE_INIT("dns.trust_anchors"), read_text, AT(dns_trust_anchors), 0, 0, NULL},
    {SLICE_INIT("log.level"), read_log_level, 0, 0, 0, "debug, info, warn or error"},
    {SLICE_INIT("metrics.allow"), read_allow, 0, 0, 0,
     "addresses and networks, like 127.0.0.0/8, ::1, 192.0.2.7"},
};

static const struct key *key_find(struct slice name) {
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (slice_equal(keys[i].name, name)) return &keys[i];
    return NULL;
}

/* One line; an error text, or empty. */
static struct slice read_line(struct arena *arena, struct slice line, struct config *config) {
    line = slice_trim(slice_sub(line, 0, slice_find_byte(line, '#')));
    if (line.len == 0) return SLICE_EMPTY;
    size_t equals = slice_find_byte(line, '=');
    if (equals == SLICE_NOT_FOUND) return SLICE("this is not \"key = value\"");
    struct slice name = slice_trim(slice_sub(line, 0, equals));
    const struct key *key = key_find(name);
    if (!key) return arena_printf(arena, "unknown key '%.*s'", SLICE_PRINT(name));
    struct setting setting = {arena, config, slice_trim(slice_skip(line, equals + 1)), NULL};
    if (setting.value.len == 0) return arena_printf(arena, "%.*s has no value", SLICE_PRINT(name));
    key->read(&setting, key);
    if (!setting.fault) return SLICE_EMPTY;
    return arena_printf(arena, "%.*s must be %s, not '%.*s'", SLICE_PRINT(name), setting.fault,
                        SLICE_PRINT(setting.value));
}

bool config_parse(struct arena *arena, const char *file, struct slice text, struct config *config,
                  struct slice *error) {
    config_defaults(config);
    for (int number = 1; text.len; number++) {
        struct slice fault = read_line(arena, slice_take_until(&text, '\n'), config);
        (void)slice_take_byte(&text, '\n');
        if (!fault.len) continue;
        *error = arena_printf(arena, "%s:%d: %.*s", file, number, SLICE_PRINT(fault));
        return false;
    }
    if (config->listen_count == 0) config->listen[config->listen_count++] = "127.0.0.1";
    return true;
}

bool config_load(struct arena *arena, const char *folder, struct config *config, struct slice *error) {
    char *path = arena_text(arena, arena_printf(arena, "%s/posthaste.conf", folder));
    struct slice text;
    int result = read_file(arena, path, CONFIG_FILE_BYTES_MAX, &text);
    if (result == 0) return config_parse(arena, path, text, config, error);
    *error = arena_printf(arena, "%s: %s (is this a data folder? posthaste init makes one)", path,
                          strerror(-result));
    return false;
}

void config_render(const struct config *config, struct buffer *out) {
    buffer_printf(
        out,
        "# Posthaste's settings of this host. Accounts, aliases and domains are not here:\n"
        "# see posthaste account, alias, domain. Send SIGHUP to the server after a change.\n\n"
        "# The name in greetings; it should resolve to this host, and back.\n"
        "hostname = %s\n\n"
        "# Addresses to listen on, separated by commas. 0.0.0.0, :: is everywhere.\n"
        "listen = %s\n"
        "# Every port is this much above its usual number. 0 on a real mail host.\n"
        "base_port = %llu\n\n"
        "# PEM files, relative to this folder. Replace them with real ones and send SIGHUP.\n"
        "tls.certificate = %s\n"
        "tls.key = %s\n\n"
        "# The largest message that is accepted.\n"
        "message.bytes_max = %llu MiB\n\n"
        "# Passwords without TLS: loopback (from this host only) or never.\n"
        "auth.plaintext = loopback\n\n"
        "# Name servers, like 192.0.2.1 or 127.0.0.1@5353; without a line, those of /etc/resolv.conf.\n"
        "# dns.servers = 127.0.0.1@5353\n\n"
        "# Started as root, each role runs under its own user id.\n"
        "# user.store = %llu\n# user.remote = %llu\n# user.mail = %llu\n# user.edge = %llu\n# group = "
        "%llu\n\n"
        "# Who may read http://.../metrics. The default is this host alone.\n"
        "# metrics.allow = %s\n\n"
        "# log.level = info\n",
        config->hostname, config->listen[0], (unsigned long long)config->base_port, config->tls_certificate,
        config->tls_key, (unsigned long long)(config->message_bytes_max >> 20),
        (unsigned long long)config->uid[ROLE_STORE], (unsigned long long)config->uid[ROLE_REMOTE],
        (unsigned long long)config->uid[ROLE_MAIL], (unsigned long long)config->uid[ROLE_EDGE],
        (unsigned long long)config->gid, config->metrics_allow);
}
