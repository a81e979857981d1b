/* init: the folder, its configuration, a certificate, an empty store with one domain. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli/admin_client.h"
#include "app/cli/cli.h"
#include "app/settings/certificate.h"
#include "app/settings/config.h"
#include "app/settings/serve_lock.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/real/read_file.h"
#include "wire/smtp_address.h"

enum { PATH_BYTES = 4096, TEXT_BYTES_MAX = 65536 };

static const char *path_in(struct cli *cli, const char *name) {
    return arena_text(cli->arena, arena_printf(cli->arena, "%s/%s", cli->data, name));
}

static int make_folder(struct cli *cli, const char *path, mode_t mode) {
    if (mkdir(path, mode) == 0 || errno == EEXIST) return 0;
    return cli_fail("%s: %s", path, strerror(errno));
}

static int write_text(const char *path, const struct buffer *text, unsigned permissions) {
    int result = write_new_file(path, buffer_slice(text), permissions);
    if (result == 0) return 0;
    return cli_fail("%s: %s", path,
                    result == -EEXIST ? "is there already; nothing was changed" : strerror(-result));
}

static int write_certificate(struct cli *cli) {
    struct buffer certificate = buffer_new(TEXT_BYTES_MAX);
    struct buffer key = buffer_new(TEXT_BYTES_MAX);
    int status = certificate_make(cli->hostname, cli->domain, &certificate, &key)
                     ? 0
                     : cli_fail("a certificate for %s cannot be made", cli->hostname);
    if (!status) status = write_text(path_in(cli, "tls/cert.pem"), &certificate, 0644);
    if (!status) status = write_text(path_in(cli, "tls/key.pem"), &key, 0600);
    buffer_free(&certificate);
    if (key.len) explicit_bzero(key.ptr, key.len);
    buffer_free(&key);
    return status;
}

static int write_config(struct cli *cli, const struct config *config) {
    struct buffer text = buffer_new(TEXT_BYTES_MAX);
    config_render(config, &text);
    int status = write_text(path_in(cli, "posthaste.conf"), &text, 0640);
    buffer_free(&text);
    return status;
}

/* As root the folder belongs to the store's user; the key stays root's, who alone reads it. */
static int give_to_owner(struct cli *cli, const char *path, const struct config *config) {
    if (geteuid() != 0 || chown(path, (uid_t)config->uid[ROLE_STORE], (gid_t)config->gid) == 0) return 0;
    return cli_fail("%s: %s", path, strerror(errno));
}

/* What an init that was cut short leaves, and what a new file system has. */
static bool may_be_there(const char *name) {
    static const char *const names[] = {".", "..", "lost+found", "run", "tls"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* Somebody's folder does not become ours with all that is in it because of a slip of the pen. */
static int check_folder(struct cli *cli) {
    if (access(path_in(cli, "posthaste.conf"), F_OK) == 0)
        return cli_fail("%s is a data folder already; nothing was changed", cli->data);
    if (access(path_in(cli, "restore.partial"), F_OK) == 0)
        return cli_fail("%s holds a restore that was broken off; run posthaste restore again, or empty it",
                        cli->data);
    DIR *folder = opendir(cli->data);
    if (!folder) return errno == ENOENT ? 0 : cli_fail("%s: %s", cli->data, strerror(errno));
    const struct dirent *entry = readdir(folder);
    while (entry && may_be_there(entry->d_name)) entry = readdir(folder);
    int status = 0;
    if (entry)
        status =
            cli_fail("%s is not empty and has no posthaste.conf: it is not ours, and nothing was changed; "
                     "choose a new or an empty folder",
                     cli->data);
    (void)closedir(folder);
    return status;
}

/* What its owner cannot get to is refused before more is made. */
static int make_data_folder(struct cli *cli, const struct config *config) {
    int status = make_folder(cli, cli->data, 0750);
    if (!status) status = give_to_owner(cli, cli->data, config);
    if (status) return status;
    bool is_reached = serve_owner_reaches(cli->data, (uid_t)config->uid[ROLE_STORE], (gid_t)config->gid);
    return is_reached ? 0 : EXIT_FAILED;
}

/* What init made is there after a power cut too, the folder's own name among it. The store settles the
   names in the folder. A folder above that may not be read cannot be synced either. */
static int settle(struct cli *cli) {
    int result = settle_names(path_in(cli, "tls"));
    if (!result) result = settle_names(path_in(cli, ".."));
    return result && result != -EACCES ? cli_fail("%s: %s", cli->data, strerror(-result)) : 0;
}

static int create_store(struct cli *cli) {
    if (!serve_become_owner(cli->data)) return EXIT_FAILED;
    struct log_sink sink;
    log_sink_init(&sink, "init");
    struct env *env = real_env_new(&sink.log);
    int result = engine_create(env, cli->data);
    real_env_free(&env);
    if (result)
        return cli_fail("%s: %s", cli->data, result == -EEXIST ? "has a store already" : strerror(-result));
    struct admin_request request = {.words = {SLICE("domain"), SLICE("add"), slice_from_text(cli->domain)},
                                    .word_count = 3};
    json_t *answer = admin_ask(cli->data, &request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error ? cli_fail("%s", error) : EXIT_DONE;
    json_decref(answer);
    return status;
}

static bool is_numeric_address(const char *text) {
    uint8_t bytes[16];
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* 0, or the exit status: what cannot work is refused before anything is made. */
static int check_names(struct cli *cli) {
    const char *const names[] = {cli->domain, cli->hostname};
    for (size_t i = 0; i < 2; i++) {
        struct slice utf8;
        struct slice ascii;
        if (!names[i] ||
            smtp_domain_parse(cli->arena, slice_from_text(names[i]), &utf8, &ascii) == SMTP_ADDRESS_OK)
            continue;
        return cli_misuse(cli, "'%s' is not a domain name", names[i]);
    }
    return 0;
}

int command_init(struct cli *cli) {
    int misuse = check_names(cli);
    if (misuse) return misuse;
    struct config config;
    config_defaults(&config);
    if (!cli->hostname)
        cli->hostname = arena_text(cli->arena, arena_printf(cli->arena, "mail.%s", cli->domain));
    if (!is_numeric_address(cli->listen))
        return cli_misuse(cli, "--listen needs a numeric address, not '%s'", cli->listen);
    config.hostname = cli->hostname;
    config.listen[0] = cli->listen;
    config.base_port = cli->base_port;
    int status = check_folder(cli);
    if (!status) status = make_data_folder(cli, &config);
    if (!status) status = make_folder(cli, path_in(cli, "run"), 0750);
    if (!status) status = make_folder(cli, path_in(cli, "tls"), 0755);
    if (!status) status = write_certificate(cli);
    if (!status) status = write_config(cli, &config);
    if (!status) status = give_to_owner(cli, path_in(cli, "run"), &config);
    if (!status) status = settle(cli);
    if (!status) status = create_store(cli);
    if (!status)
        (void)printf("%s is ready for %s.\nNext: posthaste account add NAME@%s --data %s\n      posthaste "
                     "serve --data %s\n",
                     cli->data, cli->domain, cli->domain, cli->data, cli->data);
    return status;
}
