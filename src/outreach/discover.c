/* Finding a mailbox's servers: candidates from one source after the other, each tried as far as its greeting
   and TLS; the first that answers is taken. */
#include "outreach/discover.h"

#include "base/limits_sender.h"
#include "outreach/mailbox_setup.h"
#include "trust/web_fetch.h"
#include "wire/address_split.h"
#include "wire/autoconfig.h"
#include "wire/dns.h"

enum { CANDIDATES_MAX = 24 };

/* One place that may be it. */
struct candidate {
    struct sender_login login;
    const char *source;
};

/* The search for one of the two ways. */
struct search {
    struct mailbox_setup *setup;
    bool is_imap;
    struct slice address;
    struct slice domain;
    struct candidate candidates[CANDIDATES_MAX];
    size_t count;
};

static void add(struct search *search, const char *source, struct slice host, uint16_t port,
                enum sender_tls tls, struct slice user) {
    if (search->count == CANDIDATES_MAX || host.len == 0) return;
    for (size_t i = 0; i < search->count; i++)
        if (search->candidates[i].login.port == port &&
            slice_equal_nocase(search->candidates[i].login.host, host))
            return;
    search->candidates[search->count++] = (struct candidate){
        {.host = host, .port = port, .tls = tls, .user = user.len ? user : search->address}, source};
}

/* ---- providers that are known ---- */

static void add_provider(struct search *search, const struct discover_provider *provider) {
    const struct discover_way *way = search->is_imap ? &provider->imap : &provider->smtp;
    add(search, provider->name, slice_from_text(way->host), way->port, way->tls, SLICE_EMPTY);
}

static struct slice name_text(struct arena *arena, struct slice name) {
    struct buffer text = buffer_new(1024);
    struct slice copy = dns_name_text(name, &text) ? arena_copy(arena, buffer_slice(&text)) : SLICE_EMPTY;
    buffer_free(&text);
    return copy;
}

static enum dns_result ask(struct search *search, struct slice name, enum dns_type type,
                           struct dns_answer *answer) {
    struct mailbox_setup *setup = search->setup;
    return resolver_lookup(setup->t, setup->world->resolver, name, (uint16_t)type, setup->arena, answer,
                           env_now_ms(setup->world->env) + OUTREACH_LOOKUP_MS);
}

static void find_by_exchange(struct search *search) {
    struct dns_answer answer;
    if (ask(search, search->domain, DNS_MX, &answer) != DNS_OK) return;
    for (size_t i = 0; i < answer.count; i++) {
        struct dns_mx mx;
        if (!dns_mx_read(answer.records[i], &mx) || mx.is_null) continue;
        const struct discover_provider *provider =
            discover_by_exchange(name_text(search->setup->arena, mx.exchange));
        if (provider) add_provider(search, provider);
    }
}

static void find_known(struct search *search) {
    const struct discover_provider *provider = discover_by_domain(search->domain);
    if (provider)
        add_provider(search, provider);
    else
        find_by_exchange(search);
}

/* ---- SRV (RFC 6186 3, RFC 8314 5.1) ---- */

/* RFC 6186 6: whoever forges DNS must not get the password. A host of the domain itself shows a certificate
   that says so; others count where DNSSEC vouches for the record. */
static void add_srv(struct search *search, const struct dns_srv *srv, bool is_secure, enum sender_tls tls) {
    struct arena *arena = search->setup->arena;
    struct slice host = name_text(arena, srv->target);
    struct slice below = arena_printf(arena, ".%.*s", SLICE_PRINT(search->domain));
    bool is_own = slice_equal_nocase(host, search->domain) || slice_ends_nocase(host, below);
    if (is_own || is_secure)
        add(search, "SRV record", host, srv->port, tls, SLICE_EMPTY);
    else
        mailbox_setup_say(search->setup,
                          arena_printf(arena,
                                       "%s: an SRV record names %.*s, which is not of %.*s, and no DNSSEC "
                                       "vouches for it: not used; to use it give it yourself",
                                       search->is_imap ? "IMAP" : "SMTP", SLICE_PRINT(host),
                                       SLICE_PRINT(search->domain)));
}

static void find_srv(struct search *search, const char *service, enum sender_tls tls) {
    struct dns_answer answer;
    struct arena *arena = search->setup->arena;
    struct slice name = arena_printf(arena, "%s._tcp.%.*s", service, SLICE_PRINT(search->domain));
    if (ask(search, name, DNS_SRV, &answer) != DNS_OK) return;
    /* The least priority first; there are hardly ever two. */
    for (uint32_t priority = 0, next = 0; next <= UINT16_MAX; priority = next + 1) {
        next = UINT32_MAX;
        for (size_t i = 0; i < answer.count; i++) {
            struct dns_srv srv;
            if (!dns_srv_read(answer.records[i], &srv) || srv.target.len <= 1) continue;
            if (srv.priority >= priority && srv.priority < next) next = srv.priority;
        }
        for (size_t i = 0; i < answer.count && next <= UINT16_MAX; i++) {
            struct dns_srv srv;
            if (dns_srv_read(answer.records[i], &srv) && srv.priority == next && srv.target.len > 1)
                add_srv(search, &srv, answer.is_secure, tls);
        }
    }
}

static void find_services(struct search *search) {
    find_srv(search, search->is_imap ? "_imaps" : "_submissions", SENDER_TLS_IMPLICIT);
    find_srv(search, search->is_imap ? "_imap" : "_submission", SENDER_TLS_STARTTLS);
}

/* ---- autoconfig ---- */

static bool read_document(struct search *search, struct slice host, const char *path) {
    struct mailbox_setup *setup = search->setup;
    const struct outside_world *world = setup->world;
    int64_t until_ms = env_now_ms(world->env) + OUTREACH_FETCH_MS;
    struct trust_lookups lookups = trust_lookups_of(world->resolver, setup->arena, until_ms, false);
    struct web_world web = {.lookups = &lookups,
                            .roots_pem = world->roots_pem,
                            .port = world->https_port,
                            .allows_private = world->allows_private};
    struct web_fetched fetched;
    struct autoconfig config;
    if (world->roots_pem.len == 0) return false;
    web_fetch(setup->t, &web, host, path, AUTOCONFIG_BYTES_MAX, until_ms, &fetched);
    bool is_there = fetched.answer.result == FETCH_OK && fetched.answer.status == 200 &&
                    autoconfig_read(fetched.answer.body, setup->arena, &config);
    if (!is_there) return false;
    const struct autoconfig_server *servers = search->is_imap ? config.imap : config.smtp;
    size_t count = search->is_imap ? config.imap_count : config.smtp_count;
    for (size_t i = 0; i < count; i++)
        add(search, "autoconfig", servers[i].host, servers[i].port,
            servers[i].is_implicit ? SENDER_TLS_IMPLICIT : SENDER_TLS_STARTTLS,
            autoconfig_user(setup->arena, servers[i].user, search->address));
    return count > 0;
}

static void find_autoconfig(struct search *search) {
    struct arena *arena = search->setup->arena;
    struct slice host = arena_printf(arena, "autoconfig.%.*s", SLICE_PRINT(search->domain));
    if (!read_document(search, host, "/mail/config-v1.1.xml"))
        (void)read_document(search, search->domain, "/.well-known/autoconfig/mail/config-v1.1.xml");
}

/* ---- what is usual ---- */

static void guess(struct search *search) {
    static const struct {
        const char *prefix;
        uint16_t port;
        enum sender_tls tls;
    } imap[] = {{"imap.", 993, SENDER_TLS_IMPLICIT},
                {"mail.", 993, SENDER_TLS_IMPLICIT},
                {"", 993, SENDER_TLS_IMPLICIT},
                {"imap.", 143, SENDER_TLS_STARTTLS},
                {"mail.", 143, SENDER_TLS_STARTTLS}},
      smtp[] = {{"smtp.", 465, SENDER_TLS_IMPLICIT},
                {"mail.", 465, SENDER_TLS_IMPLICIT},
                {"smtp.", 587, SENDER_TLS_STARTTLS},
                {"mail.", 587, SENDER_TLS_STARTTLS},
                {"", 587, SENDER_TLS_STARTTLS}};
    for (size_t i = 0; i < sizeof imap / sizeof imap[0]; i++) {
        const char *prefix = search->is_imap ? imap[i].prefix : smtp[i].prefix;
        struct slice host = arena_printf(search->setup->arena, "%s%.*s", prefix, SLICE_PRINT(search->domain));
        add(search, "guess", host, search->is_imap ? imap[i].port : smtp[i].port,
            search->is_imap ? imap[i].tls : smtp[i].tls, SLICE_EMPTY);
    }
}

/* ---- trying ---- */

static bool answers(struct search *search, const struct candidate *candidate,
                    struct outside_trouble *trouble) {
    struct mailbox_setup *setup = search->setup;
    if (search->is_imap) {
        struct imap_client *client =
            outside_begin_imap(setup->t, setup->world, setup->arena, &candidate->login, trouble);
        bool is_there = client != NULL;
        imap_client_free(setup->t, &client);
        return is_there;
    }
    struct smtp_client *client =
        outside_begin_smtp(setup->t, setup->world, setup->arena, &candidate->login, trouble);
    bool is_there = client != NULL;
    smtp_client_free(setup->t, &client);
    return is_there;
}

/* Those from `first` on. */
static bool try_candidates(struct search *search, size_t first, struct sender_login *login) {
    struct mailbox_setup *setup = search->setup;
    for (size_t i = first; i < search->count; i++) {
        const struct candidate *candidate = &search->candidates[i];
        struct outside_trouble trouble;
        const char *protocol = search->is_imap ? "IMAP" : "SMTP";
        if (task_is_cancelled(setup->t) || env_now_ms(setup->world->env) > setup->until_ms) return false;
        bool good = answers(search, candidate, &trouble);
        mailbox_setup_say(setup, arena_printf(setup->arena, "%s: %.*s, port %u (%s): %s", protocol,
                                              SLICE_PRINT(candidate->login.host), candidate->login.port,
                                              candidate->source,
                                              good ? "answers" : sender_cause_name(trouble.cause)));
        if (!good) continue;
        struct slice secret = login->secret;
        struct slice user = login->user.len ? login->user : candidate->login.user;
        enum sender_auth auth = login->auth;
        struct slice provider = login->provider;
        *login = candidate->login;
        login->secret = secret;
        login->user = user;
        login->auth = auth;
        login->provider = provider;
        return true;
    }
    return false;
}

static bool find_way(struct mailbox_setup *setup, bool is_imap, struct sender_login *login) {
    static void (*const sources[])(struct search * search) = {find_known, find_services, find_autoconfig,
                                                              guess};
    struct slice address = setup->job->sender.address;
    struct search search = {
        .setup = setup, .is_imap = is_imap, .address = address, .domain = address_split_domain(address)};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t first = search.count;
        sources[i](&search);
        if (try_candidates(&search, first, login)) return true;
    }
    /* Whoever gave a host that only sends is told that replies need one, too. */
    bool is_only_sending = is_imap && setup->job->sender.smtp.host.len > 0;
    struct outside_trouble trouble = {
        is_only_sending ? SENDER_CAUSE_NO_IMAP : SENDER_CAUSE_HOST_NOT_FOUND,
        arena_printf(setup->arena, "no server of %.*s was found: give it with %s HOST:PORT",
                     SLICE_PRINT(search.domain), is_imap ? "--imap" : "--smtp")};
    return mailbox_setup_fail(setup, is_imap ? "IMAP" : "SMTP", &trouble);
}

bool mailbox_setup_discover(struct mailbox_setup *setup) {
    struct mailbox_finding *finding = &setup->finding;
    bool has_smtp = finding->smtp.host.len || find_way(setup, false, &finding->smtp);
    /* A server that only sends takes no replies: the way to those is the address's own. */
    bool has_imap = finding->imap.host.len || find_way(setup, true, &finding->imap);
    return has_smtp && has_imap;
}
