#include "web/web_routes.h"

#include "base/limits.h"
#include "base/limits_web.h"
#include "web/web_api.h"
#include "web/web_setup.h"
#include "wire/http_reply.h"
#include "wire/http_target.h"
#include "wire/network_list.h"

enum { ALLOW_BYTES_MAX = 100, LOCATION_BYTES_MAX = 3 * HTTP_REQUEST_LINE_BYTES_MAX, HTTPS_PORT = 443 };

#define POLICY_PATH "/.well-known/mta-sts.txt"
#define AUTODISCOVER_PATH "/autodiscover/autodiscover.xml"
#define PROFILE_PATH "/mail.mobileconfig"
#define CHALLENGE_PATH "/.well-known/acme-challenge/"

struct web_response web_response_new(void) {
    return (struct web_response){.status = 200,
                                 .content_type = "text/plain; charset=utf-8",
                                 .location = buffer_new(LOCATION_BYTES_MAX),
                                 .allow_text = buffer_new(ALLOW_BYTES_MAX),
                                 .body = buffer_new(HTTP_REPLY_BYTES_MAX)};
}

void web_response_free(struct web_response *response) {
    buffer_free(&response->location);
    buffer_free(&response->allow_text);
    buffer_free(&response->body);
}

void web_response_fail(struct web_response *response, unsigned status) {
    response->status = status;
    response->content_type = "text/plain; charset=utf-8";
    buffer_clear(&response->body);
    buffer_append(&response->body, http_status_text(status));
    buffer_append_byte(&response->body, '\n');
}

/* ---- the page ---- */

static const struct page_row {
    const char *protocol;
    unsigned port;
    const char *words;
} page_rows[] = {
    {"SMTP", 25, "mail from other hosts"},
    {"Submission", 587, "sending mail, with STARTTLS"},
    {"Submission over TLS", 465, "sending mail"},
    {"IMAP", 143, "reading mail, with STARTTLS"},
    {"IMAP over TLS", 993, "reading mail"},
    {"POP3", 110, "fetching mail, with STLS"},
    {"POP3 over TLS", 995, "fetching mail"},
    {"HTTP", 80, "this page"},
    {"HTTPS", 443, "this page"},
};

/* The name is the host's own setting, but a page takes nothing as it is. */
static void append_html(struct buffer *out, const char *text) {
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            buffer_printf(out, "&#%d;", *text);
        else
            buffer_append_byte(out, (uint8_t)*text);
    }
}

static void show_page(struct task *t, const struct web_exchange *exchange, struct web_response *response) {
    (void)t;
    struct buffer *out = &response->body;
    response->content_type = "text/html; charset=utf-8";
    buffer_append_text(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>");
    append_html(out, exchange->server->hostname);
    buffer_append_text(out, "</title>\n<h1>");
    append_html(out, exchange->server->hostname);
    buffer_append_text(
        out, "</h1>\n<p>This is a mail server that runs Posthaste. Mail programs reach it here:</p>\n"
             "<table>\n<tr><th>Protocol<th>Port<th>For\n");
    for (size_t i = 0; i < sizeof page_rows / sizeof page_rows[0]; i++)
        buffer_printf(out, "<tr><td>%s<td>%llu<td>%s\n", page_rows[i].protocol,
                      (unsigned long long)exchange->server->base_port + page_rows[i].port,
                      page_rows[i].words);
    buffer_append_text(out, "</table>\n</html>\n");
}

/* ---- for those who send to us ---- */

/* RFC 8461 3.3: at mta-sts.DOMAIN; all domains are taken by the same hosts. */
static void show_policy(struct task *t, const struct web_exchange *exchange, struct web_response *response) {
    (void)t;
    const struct web_policy *policy = &exchange->server->policy;
    struct slice host = http_host_name(exchange->request->host);
    if (!policy->is_served || !slice_starts_nocase(host, SLICE("mta-sts."))) {
        web_response_fail(response, 404);
        return;
    }
    mta_sts_policy_write(&response->body, policy->mode, policy->max_age_s,
                         policy->mx.len ? policy->mx : slice_from_text(exchange->server->hostname));
}

/* RFC 8555 8.3: the CA asks for a token that it gave us. */
static void show_challenge(struct task *t, const struct web_exchange *exchange,
                           struct web_response *response) {
    (void)t;
    struct slice token = slice_skip(exchange->path, sizeof CHALLENGE_PATH - 1);
    const struct acme_challenges *challenges = exchange->server->challenges;
    struct slice answer = challenges ? acme_challenges_answer(challenges, token) : SLICE_EMPTY;
    if (answer.len == 0) {
        web_response_fail(response, 404);
        return;
    }
    response->content_type = "application/octet-stream";
    buffer_append(&response->body, answer);
}

/* ---- for monitoring ---- */

static void show_health(struct task *t, const struct web_exchange *exchange, struct web_response *response) {
    struct web_report report;
    bool has_report = exchange->server->report(t, exchange->server->context, &report);
    response->content_type = "application/json";
    response->status = has_report && web_report_is_good(&report) ? 200 : 503;
    web_report_render_health(&response->body, has_report ? &report : NULL);
}

static void show_metrics(struct task *t, const struct web_exchange *exchange, struct web_response *response) {
    struct web_report report;
    if (!network_list_has(exchange->server->metrics_allow, exchange->peer->address)) {
        web_response_fail(response, 403);
        buffer_append_text(&response->body, "metrics.allow in posthaste.conf says who may read this\n");
        return;
    }
    if (!exchange->server->report(t, exchange->server->context, &report)) {
        web_response_fail(response, 503);
        return;
    }
    response->content_type = "text/plain; version=0.0.4; charset=utf-8";
    web_report_render_metrics(&response->body, &report);
}

/* ---- the table ---- */

/* A path with a '/' at its end stands for all below it. */
static const struct route {
    struct slice path;
    void (*run)(struct task *t, const struct web_exchange *exchange, struct web_response *response);
    /* Of a POST, which it takes beside GET; 0: it takes none. */
    size_t body_bytes_max;
    /* Programs write it in any case. */
    bool is_caseless;
    /* It looks at the method itself, and takes bodies with all. */
    bool takes_all;
} routes[] = {
    {SLICE_INIT("/"), show_page, 0, false, false},
    {SLICE_INIT("/health"), show_health, 0, false, false},
    {SLICE_INIT("/metrics"), show_metrics, 0, false, false},
    {SLICE_INIT(POLICY_PATH), show_policy, 0, false, false},
    {SLICE_INIT(CHALLENGE_PATH), show_challenge, 0, false, false},
    {SLICE_INIT("/mail/config-v1.1.xml"), web_setup_autoconfig, 0, false, false},
    {SLICE_INIT("/.well-known/autoconfig/mail/config-v1.1.xml"), web_setup_autoconfig, 0, false, false},
    {SLICE_INIT(AUTODISCOVER_PATH), web_setup_autodiscover, SETUP_BODY_BYTES_MAX, true, false},
    {SLICE_INIT(PROFILE_PATH), web_setup_mobileconfig, 0, false, false},
    {SLICE_INIT(WEB_API_PATH), web_api_run, API_BODY_BYTES_MAX, false, true},
};

static bool route_has(const struct route *route, struct slice path) {
    bool is_folder = route->path.len > 1 && route->path.ptr[route->path.len - 1] == '/';
    if (is_folder) return slice_starts(path, route->path);
    return route->is_caseless ? slice_equal_nocase(route->path, path) : slice_equal(route->path, path);
}

/* What will ask for passwords and tokens, which no clear-text connection may carry: they are sent on to
   HTTPS before they say any. A policy in clear text would be anybody's, and so would a profile. */
static const struct slice private_prefixes[] = {SLICE_INIT("/api"), SLICE_INIT("/console"),
                                                SLICE_INIT(POLICY_PATH), SLICE_INIT(PROFILE_PATH),
                                                SLICE_INIT(AUTODISCOVER_PATH)};

static bool is_private(struct slice path) {
    for (size_t i = 0; i < sizeof private_prefixes / sizeof private_prefixes[0]; i++) {
        if (!slice_starts_nocase(path, private_prefixes[i])) continue;
        struct slice rest = slice_skip(path, private_prefixes[i].len);
        if (rest.len == 0 || rest.ptr[0] == '/') return true;
    }
    return false;
}

/* RFC 9110 15.4.9: the same request again, over there. */
static void send_to_https(const struct web_exchange *exchange, struct web_response *response) {
    struct slice host = http_host_name(exchange->request->host);
    uint64_t port = exchange->server->base_port + HTTPS_PORT;
    /* Outlook knows 302 and no later one. */
    web_response_fail(response, slice_equal_nocase(exchange->path, SLICE(AUTODISCOVER_PATH)) ? 302 : 308);
    buffer_append_text(&response->location, "https://");
    buffer_append(&response->location, host.len ? host : slice_from_text(exchange->server->hostname));
    if (port != HTTPS_PORT) buffer_printf(&response->location, ":%llu", (unsigned long long)port);
    http_path_encode(exchange->path, &response->location);
    if (exchange->request->query.len) {
        buffer_append_byte(&response->location, '?');
        buffer_append(&response->location, exchange->request->query);
    }
}

static const struct route *route_find(struct slice path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (route_has(&routes[i], path)) return &routes[i];
    return NULL;
}

size_t web_routes_body_max(const struct http_request *request, struct slice path, bool is_tls) {
    const struct route *route = route_find(path);
    bool has_one = route && (request->method == HTTP_METHOD_POST || route->takes_all);
    bool is_taken = has_one && (is_tls || !is_private(path));
    return is_taken ? route->body_bytes_max : 0;
}

static bool is_for(const struct route *route, enum http_method method) {
    return route->takes_all || method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD ||
           (method == HTTP_METHOD_POST && route->body_bytes_max);
}

void web_routes_run(struct task *t, const struct web_exchange *exchange, struct web_response *response) {
    enum http_method method = exchange->request->method;
    const struct route *route = route_find(exchange->path);
    if (!exchange->is_tls && is_private(exchange->path)) {
        send_to_https(exchange, response);
        return;
    }
    /* RFC 9110 9.3.7: "*" is about the server itself. */
    if (!route && !slice_equal(exchange->path, SLICE("*"))) {
        web_response_fail(response, 404);
        return;
    }
    if (route && is_for(route, method)) {
        route->run(t, exchange, response);
        return;
    }
    response->allow =
        route && route->body_bytes_max ? SLICE("GET, HEAD, POST, OPTIONS") : SLICE("GET, HEAD, OPTIONS");
    if (method == HTTP_METHOD_OPTIONS)
        response->status = 204;
    else
        web_response_fail(response, 405);
}
