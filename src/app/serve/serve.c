#include "app/serve/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "app/role/acme_file.h"
#include "app/serve/supervisor.h"
#include "app/settings/dns_settings.h"
#include "app/settings/own_addresses.h"
#include "app/settings/serve_lock.h"
#include "base/limits.h"
#include "io/real/log_sink.h"
#include "io/real/loop.h"
#include "io/real/notify.h"
#include "io/real/read_file.h"

enum { PEM_BYTES_MAX = 256 * 1024, ROOTS_BYTES_MAX = 400 * 1024, SERVE_ARENA_BYTES = 256 << 20 };

struct serve {
    struct env *env;
    struct supervisor *supervisor;
    const struct serve_options *options;
    /* Settings of a reload stay until the end: roles may be started from them at any time. */
    struct arena *arena;
    struct config config;
    struct role_settings *settings;
    struct listening listening;
    struct gate changed;
    bool is_stopping;
    bool is_reload_asked;
    bool has_failed;
};

static const char *in_folder(struct serve *serve, const char *path) {
    if (path[0] == '/') return path;
    return arena_text(serve->arena, arena_printf(serve->arena, "%s/%s", serve->options->folder, path));
}

/* False, and *error: one line. */
static bool read_pem(struct serve *serve, const char *path, struct slice *pem, struct slice *error) {
    const char *full = in_folder(serve, path);
    int result = read_file(serve->arena, full, PEM_BYTES_MAX, pem);
    if (result) *error = arena_printf(serve->arena, "%s: %s", full, strerror(-result));
    return result == 0;
}

/* Without the file that is there by default only routes that check certificates do not work. */
static bool read_roots(struct serve *serve, const struct config *config, struct slice *pem,
                       struct slice *error) {
    struct config defaults;
    const char *path = in_folder(serve, config->outbound.trusted_roots);
    int result = read_file(serve->arena, path, ROOTS_BYTES_MAX, pem);
    if (result == 0) return true;
    *pem = SLICE_EMPTY;
    config_defaults(&defaults);
    if (result == -ENOENT && strcmp(path, defaults.outbound.trusted_roots) == 0) {
        LOG_WARN(serve->env->log, "serve.no_trusted_roots", LOG_CSTR("missing", path),
                 LOG_CSTR("effect", "routes with TLS verified or implicit cannot send; the package "
                                    "ca-certificates has it"));
        return true;
    }
    *error = arena_printf(serve->arena, "outbound.trusted_roots: %s: %s", path, strerror(-result));
    return false;
}

/* Mail goes out signed by all processors. */
static uint64_t signing_threads(void) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = processors > 1 ? (uint64_t)processors : 1;
    return threads < CONFIG_SIGNING_THREADS_MAX ? threads : CONFIG_SIGNING_THREADS_MAX;
}

static bool read_acme_roots(struct serve *serve, const struct config *config, struct slice *pem,
                            struct slice *error) {
    *pem = SLICE_EMPTY;
    if (!*config->acme.trusted_roots || !config->acme.is_enabled) return true;
    return read_pem(serve, config->acme.trusted_roots, pem, error);
}

/* What ACME brought, where it is used and there is any; else the owner's own. */
static bool read_certificate(struct serve *serve, const struct config *config, struct role_settings *settings,
                             struct slice *error) {
    struct slice both;
    settings->is_acme_installed =
        config->acme.is_enabled && acme_file_read(serve->env, serve->arena, serve->options->folder, &both);
    if (!settings->is_acme_installed)
        return read_pem(serve, config->tls_certificate, &settings->certificates_pem, error) &&
               read_pem(serve, config->tls_key, &settings->key_pem, error);
    settings->certificates_pem = settings->key_pem = both;
    return true;
}

static bool make_settings(struct serve *serve, const struct config *config, struct role_settings *settings,
                          struct slice *error) {
    *settings = (struct role_settings){
        .folder = serve->options->folder,
        .hostname = config->hostname,
        .message_bytes_max = config->message_bytes_max,
        .connections_per_account = config->connections_per_account,
        .plaintext = config->plaintext,
        .mail_processes = config->processes[ROLE_MAIL],
        .log_level = config->log_level,
        .base_port = config->base_port,
        .metrics_allow = slice_from_text(config->metrics_allow),
        .relay_networks = slice_from_text(config->relay_networks),
        .dnsbl_zones = slice_from_text(config->dnsbl_zones),
        .is_greylisting = config->is_greylisting,
        .is_categorising = config->is_categorising,
        .outbound = config->outbound,
        .filter = config->filter,
        .trust = config->trust,
        .mta_sts = config->mta_sts,
        .reports = config->reports,
        .outreach = config->outreach,
        .webhooks = config->webhooks,
        .acme = config->acme,
        .own_addresses = own_addresses(serve->arena, config),
        .signing_threads = signing_threads(),
    };
    if (!dns_settings_read(serve->arena, serve->env->log, config, settings, error) ||
        !read_certificate(serve, config, settings, error) ||
        !read_acme_roots(serve, config, &settings->acme_roots_pem, error) ||
        !read_roots(serve, config, &settings->trusted_roots_pem, error))
        return false;
    const char *reason;
    struct tls_context *context = tls_context_server(settings->certificates_pem, settings->key_pem, &reason);
    tls_context_free(&context);
    if (reason)
        *error =
            arena_printf(serve->arena, "%s and %s: %s", config->tls_certificate, config->tls_key, reason);
    return reason == NULL;
}

/* SIGHUP: a configuration that is wrong changes nothing. */
static void reload(struct serve *serve, struct supervisor *supervisor) {
    struct config config;
    struct role_settings *settings = ARENA_NEW(serve->arena, struct role_settings);
    struct slice error;
    serve->is_reload_asked = false;
    if (!config_load(serve->arena, serve->options->folder, &config, &error) ||
        !make_settings(serve, &config, settings, &error)) {
        LOG_ERROR(serve->env->log, "serve.reload_failed", LOG_TEXT("error", error));
        return;
    }
    settings->mail_processes = serve->config.processes[ROLE_MAIL];
    serve->settings = settings;
    supervisor_reload(supervisor, settings);
    LOG_INFO(serve->env->log, "serve.reloaded", LOG_CSTR("hostname", config.hostname));
}

/* Nothing else of the configuration is read anew. */
static const char *install(void *context, struct slice chain, struct slice key) {
    struct serve *serve = context;
    struct role_settings *settings = ARENA_NEW(serve->arena, struct role_settings);
    struct arena *arena = serve->arena;
    const char *reason = acme_file_write(serve->env, arena, serve->options->folder, chain, key);
    if (reason) return reason;
    *settings = *serve->settings;
    if (!settings->acme.is_enabled) return NULL;
    settings->is_acme_installed = true;
    settings->certificates_pem = arena_copy(arena, chain);
    settings->key_pem = arena_copy(arena, key);
    serve->settings = settings;
    supervisor_reload(serve->supervisor, settings);
    LOG_INFO(serve->env->log, "serve.certificate_replaced", LOG_CSTR("by", "acme"));
    return NULL;
}

static void on_signal(uv_signal_t *handle, int signal) {
    struct serve *serve = handle->data;
    if (signal == SIGHUP)
        serve->is_reload_asked = true;
    else
        serve->is_stopping = true;
    gate_open(&serve->changed);
}

static void all_ready(void *context) {
    struct serve *serve = context;
    notify_manager("READY=1");
    LOG_INFO(serve->env->log, "serve.ready", LOG_CSTR("hostname", serve->config.hostname),
             LOG_NUMBER("base_port", serve->config.base_port));
}

static void start_failed(void *context) {
    struct serve *serve = context;
    serve->has_failed = true;
    serve->is_stopping = true;
    gate_open(&serve->changed);
}

static struct supervisor *start_supervisor(struct serve *serve) {
    bool has_users = geteuid() == 0 && !serve->options->is_single;
    struct supervisor_options options = {
        .env = serve->env,
        .spawner = serve->options->is_single ? &spawner_in_process : &spawner_of_processes,
        .folder = serve->options->folder,
        .listening = &serve->listening,
        .resident_bytes = process_resident_bytes,
        .install = install,
        .on_ready = all_ready,
        .on_failed = start_failed,
        .context = serve,
    };
    for (int kind = 0; kind < ROLE_KINDS; kind++) {
        options.processes[kind] = serve->config.processes[kind];
        options.uid[kind] = has_users ? serve->config.uid[kind] : 0;
        options.gid[kind] = has_users ? config_gid_of(&serve->config, (enum role_kind)kind) : 0;
    }
    return supervisor_new(&options, serve->settings);
}

static void serve_main(struct task *t, void *argument) {
    struct serve *serve = argument;
    struct supervisor *supervisor = start_supervisor(serve);
    serve->supervisor = supervisor;
    while (!serve->is_stopping) {
        if (gate_wait(t, &serve->changed, DEADLINE_NONE) != WAIT_OK) break;
        if (serve->is_reload_asked) reload(serve, supervisor);
    }
    notify_manager("STOPPING=1");
    supervisor_free(t, &supervisor);
    LOG_INFO(serve->env->log, "serve.stopped", LOG_NUMBER("pid", getpid()));
    real_env_stop(serve->env);
}

static int fail(struct slice error) {
    (void)fprintf(stderr, "posthaste: %.*s\n", SLICE_PRINT(error));
    return 1;
}

static int run(struct serve *serve) {
    struct slice error;
    serve->settings = ARENA_NEW(serve->arena, struct role_settings);
    if (!config_load(serve->arena, serve->options->folder, &serve->config, &error) ||
        !make_settings(serve, &serve->config, serve->settings, &error))
        return fail(error);
    if (!ports_open(serve->env, serve->arena, &serve->config, serve->options->folder, &serve->listening,
                    &error))
        return fail(error);
    if (serve->options->is_single && !serve_become_owner(serve->options->folder)) return 1;
    gate_init(&serve->changed);
    struct scope scope;
    scope_init(&scope, serve->env);
    real_env_on_signal(serve->env, SIGTERM, on_signal, serve);
    real_env_on_signal(serve->env, SIGINT, on_signal, serve);
    real_env_on_signal(serve->env, SIGHUP, on_signal, serve);
    if (!scope_spawn(&scope, serve_main, serve)) FATAL("a new scope is closed");
    real_env_run(serve->env);
    ports_close(serve->env, &serve->listening);
    return serve->has_failed ? 1 : 0;
}

int serve_run(const struct serve_options *options) {
    int lock = -1;
    if (!serve_lock_take(options->folder, &lock)) return 1;
    struct log_sink sink;
    log_sink_init(&sink, "supervisor");
    struct serve serve = {
        .options = options, .env = real_env_new(&sink.log), .arena = arena_new(SERVE_ARENA_BYTES)};
    int status = run(&serve);
    real_env_free(&serve.env);
    arena_free(&serve.arena);
    (void)close(lock);
    return status;
}
