#include "app/domain_facts.h"

#include <errno.h>

#include "app/admin_client.h"
#include "app/orders.h"
#include "io/real/read_file.h"

enum { CERTIFICATES_BYTES_MAX = 1024 * 1024, ROOTS_BYTES_MAX = 4 * 1024 * 1024 };

/* ---- the host ---- */

static const char *path_in(struct cli *cli, const char *name) {
    if (name[0] == '/') return name;
    return arena_text(cli->arena, arena_printf(cli->arena, "%s/%s", cli->data, name));
}

static struct slice lower(struct arena *arena, struct slice text) {
    uint8_t *copy = ARENA_NEW_ARRAY(arena, uint8_t, text.len + 1);
    for (size_t i = 0; i < text.len; i++) copy[i] = ascii_lower(text.ptr[i]);
    return slice_of(copy, text.len);
}

static int read_certificate(struct cli *cli, struct domain_facts *facts) {
    const char *path = path_in(cli, facts->config.tls_certificate);
    int result = read_file(cli->arena, path, CERTIFICATES_BYTES_MAX, &facts->certificates_pem);
    if (result) return cli_fail("%s: %s", path, strerror(-result));
    if (certificate_facts(cli->arena, facts->certificates_pem, &facts->publish.key_hash, &facts->publish.issuer))
        return EXIT_DONE;
    return cli_fail("%s: there is no certificate in it", path);
}

static void read_ports(struct domain_facts *facts) {
    static const enum port_kind kinds[PUBLISH_SERVICES] = {
        [PUBLISH_SUBMISSIONS] = PORT_SUBMISSIONS, [PUBLISH_SUBMISSION] = PORT_SUBMISSION,
        [PUBLISH_IMAPS] = PORT_IMAPS,             [PUBLISH_IMAP] = PORT_IMAP,
        [PUBLISH_POP3S] = PORT_POP3S,             [PUBLISH_POP3] = PORT_POP3};
    for (size_t i = 0; i < PUBLISH_SERVICES; i++)
        facts->publish.ports[i] = (uint16_t)(facts->config.base_port + ports[kinds[i]].number);
}

static int read_host(struct cli *cli, struct domain_facts *facts) {
    struct slice error;
    if (!config_load(cli->arena, cli->data, &facts->config, &error)) return cli_fail("%.*s", SLICE_PRINT(error));
    facts->publish.host = lower(cli->arena, slice_from_text(facts->config.hostname));
    facts->publish.address_count = public_addresses(cli->arena, &facts->config, facts->addresses);
    facts->publish.addresses = facts->addresses;
    read_ports(facts);
    const char *roots = path_in(cli, facts->config.outbound.trusted_roots);
    if (read_file(cli->arena, roots, ROOTS_BYTES_MAX, &facts->roots_pem)) facts->roots_pem = SLICE_EMPTY;
    return read_certificate(cli, facts);
}

/* ---- what the store knows ---- */

static struct slice text_of(struct arena *arena, const json_t *object, const char *key) {
    return arena_copy(arena, slice_from_text(json_string_value(json_object_get(object, key))));
}

static void read_keys(struct arena *arena, const json_t *answer, struct domain_facts *facts) {
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(answer, "keys"), i, key) {
        if (facts->publish.key_count == PUBLISH_KEYS_MAX) break;
        facts->keys[facts->publish.key_count++] =
            (struct publish_key){text_of(arena, key, "selector"), text_of(arena, key, "record")};
    }
    facts->publish.keys = facts->keys;
}

static void read_terms(struct arena *arena, const json_t *answer, struct domain_facts *facts) {
    size_t i;
    json_t *term;
    json_array_foreach(json_object_get(answer, "spf"), i, term) {
        if (facts->publish.spf_term_count == PUBLISH_SPF_TERMS_MAX) break;
        facts->spf_terms[facts->publish.spf_term_count++] =
            arena_copy(arena, slice_from_text(json_string_value(term)));
    }
    facts->publish.spf_terms = facts->spf_terms;
}

static int read_store(struct cli *cli, struct domain_facts *facts) {
    struct admin_request request = {.words = {SLICE("domain"), SLICE("facts"), facts->publish.domain},
                                    .word_count = 3};
    json_t *answer = admin_ask(cli->data, &request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error ? cli_fail("%s", error) : EXIT_DONE;
    facts->publish.is_relay = json_is_true(json_object_get(answer, "relay"));
    read_keys(cli->arena, answer, facts);
    read_terms(cli->arena, answer, facts);
    json_decref(answer);
    return status;
}

int domain_facts_read(struct cli *cli, struct slice domain, struct domain_facts *facts) {
    *facts = (struct domain_facts){.publish = {.domain = lower(cli->arena, domain)}};
    int status = read_host(cli, facts);
    return status == EXIT_DONE ? read_store(cli, facts) : status;
}
