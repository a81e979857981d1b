#include "web/web_setup.h"

#include "base/limits.h"
#include "wire/http_target.h"
#include "wire/setup.h"

static const char xml_type[] = "text/xml; charset=utf-8";

static struct setup_host host_of(const struct web_exchange *exchange) {
    return (struct setup_host){slice_from_text(exchange->server->hostname), exchange->server->base_port};
}

static bool is_ours(struct task *t, const struct web_exchange *exchange, struct slice domain) {
    const struct web_server *server = exchange->server;
    return domain.len && server->is_ours && server->is_ours(t, server->context, domain);
}

static void refuse(struct web_response *response, unsigned status, const char *words) {
    web_response_fail(response, status);
    buffer_append_text(&response->body, words);
}

/* ---- autoconfig ---- */

/* The host that is asked names the domain where no address does. */
static struct slice domain_of_host(const struct web_exchange *exchange) {
    struct slice host = http_host_name(exchange->request->host);
    (void)slice_take_prefix_nocase(&host, SLICE("autoconfig."));
    return host;
}

void web_setup_autoconfig(struct task *t, const struct web_exchange *exchange,
                          struct web_response *response) {
    struct buffer address = buffer_new(SMTP_ADDRESS_BYTES_MAX);
    struct setup_host host = host_of(exchange);
    struct slice domain = domain_of_host(exchange);
    struct slice asked;
    if (http_query_value(exchange->request->query, SLICE("emailaddress"), &address) &&
        setup_address_split(buffer_slice(&address), &asked))
        domain = asked;
    if (is_ours(t, exchange, domain)) {
        response->content_type = xml_type;
        setup_autoconfig_write(&response->body, &host, domain);
    } else {
        refuse(response, 404, "no mail of that domain is here\n");
    }
    buffer_free(&address);
}

/* ---- Autodiscover ---- */

void web_setup_autodiscover(struct task *t, const struct web_exchange *exchange,
                            struct web_response *response) {
    struct setup_host host = host_of(exchange);
    struct slice address;
    struct slice domain;
    response->content_type = xml_type;
    if (!setup_autodiscover_read(exchange->body, &address) || !setup_address_split(address, &domain))
        setup_autodiscover_fail(&response->body, 600, "Invalid Request");
    else if (!is_ours(t, exchange, domain))
        setup_autodiscover_fail(&response->body, 500, "The email address can't be found.");
    else
        setup_autodiscover_write(&response->body, &host, address);
}

/* ---- profiles of Apple's systems ---- */

void web_setup_mobileconfig(struct task *t, const struct web_exchange *exchange,
                            struct web_response *response) {
    struct buffer address = buffer_new(SMTP_ADDRESS_BYTES_MAX);
    struct setup_host host = host_of(exchange);
    struct slice domain;
    if (!http_query_value(exchange->request->query, SLICE("address"), &address) ||
        !setup_address_split(buffer_slice(&address), &domain)) {
        refuse(response, 400, "ask for /mail.mobileconfig?address=USER@DOMAIN\n");
    } else if (!is_ours(t, exchange, domain)) {
        refuse(response, 404, "no mail of that domain is here\n");
    } else {
        response->content_type = "application/x-apple-aspen-config; charset=utf-8";
        response->disposition = SLICE("attachment; filename=\"mail.mobileconfig\"");
        setup_mobileconfig_write(&response->body, &host, buffer_slice(&address));
    }
    buffer_free(&address);
}
