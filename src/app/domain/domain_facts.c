#include "app/domain/domain_facts.h"

#include <errno.h>
#include <openssl/sha.h>

#include "app/cli/admin_client.h"
#include "app/settings/orders.h"
#include "base/encode.h"
#include "io/real/read_file.h"
#include "wire/mta_sts.h"

enum { STS_ID_BYTES = 8, CERTIFICATES_BYTES_MAX = 1024 * 1024, ROOTS_BYTES_MAX = 4 * 1024 * 1024 };

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
    if (certificate_facts(cli->arena, facts->certificates_pem, &facts->publish.key_hash,
                          &facts->publish.issuer))
        return EXIT_DONE;
    return cli_fail("%s: there is no certificate in it", path);
}

static void read_ports(struct domain_facts *facts) {
    static const enum port_kind kinds[PUBLISH_SERVICES] = {[PUBLISH_SUBMISSIONS] = PORT_SUBMISSIONS,
                                                           [PUBLISH_SUBMISSION] = PORT_SUBMISSION,
                                                           [PUBLISH_IMAPS] = PORT_IMAPS,
                                                           [PUBLISH_IMAP] = PORT_IMAP,
                                                           [PUBLISH_POP3S] = PORT_POP3S,
                                                           [PUBLISH_POP3] = PORT_POP3};
    for (size_t i = 0; i < PUBLISH_SERVICES; i++)
        facts->publish.ports[i] = (uint16_t)(facts->config.base_port + ports[kinds[i]].number);
}

/* RFC 8461 3.1: the id is another one when the policy is. */
static void read_policy(struct arena *arena, struct domain_facts *facts) {
    const struct mta_sts_settings *sts = &facts->config.mta_sts;
    uint8_t hash[SHA256_DIGEST_LENGTH];
    if (!sts->is_served) return;
    struct buffer text = buffer_new(MTA_STS_POLICY_BYTES_MAX);
    struct buffer id = buffer_new(sizeof hash);
    mta_sts_policy_write(&text, (enum mta_sts_mode)sts->mode, sts->max_age_s,
                         slice_from_text(sts->mx[0] ? sts->mx : facts->config.hostname));
    (void)SHA256(text.ptr, text.len, hash);
    hex_encode(&id, slice_of(hash, STS_ID_BYTES));
    facts->sts_policy = arena_copy(arena, buffer_slice(&text));
    facts->publish.sts_id = arena_copy(arena, buffer_slice(&id));
    buffer_free(&text);
    buffer_free(&id);
}

static int read_host(struct cli *cli, struct domain_facts *facts) {
    struct slice error;
    if (!config_load(cli->arena, cli->data, &facts->config, &error))
        return cli_fail("%.*s", SLICE_PRINT(error));
    facts->publish.host = lower(cli->arena, slice_from_text(facts->config.hostname));
    facts->publish.address_count = public_addresses(cli->arena, &facts->config, facts->addresses);
    facts->publish.addresses = facts->addresses;
    read_ports(facts);
    read_policy(cli->arena, facts);
    const char *roots = path_in(cli, facts->config.outbound.trusted_roots);
    if (read_file(cli->arena, roots, ROOTS_BYTES_MAX, &facts->roots_pem)) facts->roots_pem = SLICE_EMPTY;
    return read_certificate(cli, facts);
}

/* ---- what the store knows ---- */

static struct slice text_of(struct arena *arena, const json_t *object, const char *key) {
    return arena_copy(arena, slice_from_text(json_string_value(json_object_get(object, key))));
}

static struct slice note_of(struct slice state) {
    if (slice_equal(state, SLICE("waiting"))) return SLICE("It signs as soon as it is seen in DNS.");
    if (slice_equal(state, SLICE("retired")))
        return SLICE("It signs nothing more, and must stay until what it signed has arrived.");
    return SLICE("");
}

static void read_keys(struct arena *arena, const json_t *answer, struct domain_facts *facts) {
    size_t i;
    json_t *key;
    json_array_foreach(json_object_get(answer, "keys"), i, key) {
        size_t at = facts->publish.key_count;
        struct slice state = slice_from_text(json_string_value(json_object_get(key, "state")));
        if (at == PUBLISH_KEYS_MAX) break;
        facts->is_signing[at] = slice_equal(state, SLICE("signing"));
        facts->keys[facts->publish.key_count++] = (struct publish_key){
            text_of(arena, key, "selector"), text_of(arena, key, "record"), note_of(state)};
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

static void read_routes(struct arena *arena, const json_t *answer, struct domain_facts *facts) {
    size_t i;
    json_t *route;
    json_array_foreach(json_object_get(answer, "routes"), i, route) {
        struct slice tls = slice_from_text(json_string_value(json_object_get(route, "tls")));
        if (facts->route.len == 0) facts->route = text_of(arena, route, "name");
        facts->is_route_clear |= slice_equal(tls, SLICE("never"));
    }
}

struct slice domain_facts_of_store(struct cli *cli, struct domain_facts *facts) {
    struct admin_request request = {.words = {SLICE("domain"), SLICE("facts"), facts->publish.domain},
                                    .word_count = 3};
    json_t *answer = admin_ask(cli->data, &request);
    struct slice error = text_of(cli->arena, answer, "error");
    facts->publish.is_relay = json_is_true(json_object_get(answer, "relay"));
    read_keys(cli->arena, answer, facts);
    read_terms(cli->arena, answer, facts);
    read_routes(cli->arena, answer, facts);
    json_decref(answer);
    return error;
}

int domain_facts_of_host(struct cli *cli, struct slice domain, struct domain_facts *facts) {
    *facts = (struct domain_facts){.publish = {.domain = lower(cli->arena, domain)}};
    return read_host(cli, facts);
}

int domain_facts_read(struct cli *cli, struct slice domain, struct domain_facts *facts) {
    int status = domain_facts_of_host(cli, domain, facts);
    if (status) return status;
    struct slice error = domain_facts_of_store(cli, facts);
    return error.len ? cli_fail("%.*s", SLICE_PRINT(error)) : EXIT_DONE;
}
