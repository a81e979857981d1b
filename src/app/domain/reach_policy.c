/* Whether this host serves its MTA-STS policy as others fetch it (app/domain/reach.h). */
#include "app/domain/reach.h"
#include "app/settings/orders.h"
#include "io/fetch.h"
#include "trust/difference.h"

static const char *const *address_texts(struct arena *arena, const struct publish_facts *facts) {
    const char **texts = ARENA_NEW_ARRAY(arena, const char *, facts->address_count);
    for (size_t i = 0; i < facts->address_count; i++) {
        struct buffer text = buffer_new(64);
        dns_address_text(&facts->addresses[i], &text);
        texts[i] = arena_text(arena, buffer_slice(&text));
        buffer_free(&text);
    }
    return texts;
}

static void judge(struct arena *arena, const struct domain_facts *facts, const struct fetch_answer *answer,
                  struct check_line *line) {
    if (answer->result == FETCH_UNTRUSTED)
        check_line_wrong(
            line, slice_from_text(answer->fault ? answer->fault : "its certificate is not trusted"),
            arena_printf(arena, "get a certificate that is for %.*s as well", SLICE_PRINT(line->name)));
    else if (answer->result != FETCH_OK || answer->status != 200)
        check_line_wrong(
            line,
            answer->result == FETCH_OK
                ? arena_printf(arena, "the server answers %u", answer->status)
                : arena_printf(arena, "it cannot be fetched: %s", fetch_result_name(answer->result)),
            SLICE("see the line of the HTTPS port, and mta_sts.mode in posthaste.conf"));
    else if (!slice_equal(answer->body, facts->sts_policy))
        check_line_wrong(line, difference_words(arena, facts->sts_policy, answer->body),
                         SLICE("send SIGHUP to the server, so that it serves what posthaste.conf says"));
}

void reach_policy(struct task *t, struct arena *arena, const struct domain_facts *facts,
                  struct check_lines *lines) {
    struct slice host = arena_printf(arena, "mta-sts.%.*s", SLICE_PRINT(facts->publish.domain));
    struct fetch_answer answer;
    if (facts->publish.address_count == 0 || facts->publish.is_relay) return;
    bool is_served = facts->sts_policy.len > 0;
    struct check_line *line =
        check_line_add(lines, "mta-sts-policy", host, is_served ? PUBLISH_SHOULD : PUBLISH_MAY);
    if (!is_served) {
        line->state = DNSCHECK_MISSING;
        line->words = SLICE("this host serves no policy");
        line->advice = SLICE("set mta_sts.mode = testing in posthaste.conf; docs/tls.md tells more");
        return;
    }
    if (facts->roots_pem.len == 0) {
        line->state = DNSCHECK_UNKNOWN;
        line->words = SLICE("there are no roots to trust its certificate by");
        line->advice = SLICE("see outbound.trusted_roots in posthaste.conf");
        return;
    }
    struct fetch_request request = {
        .method = "GET",
        .url = arena_printf(arena, "https://%.*s/.well-known/mta-sts.txt", SLICE_PRINT(host)),
        .addresses = address_texts(arena, &facts->publish),
        .address_count = facts->publish.address_count,
        .port = (uint16_t)(facts->config.base_port + ports[PORT_HTTPS].number),
        .roots_pem = facts->roots_pem,
        .body_bytes_max = MTA_STS_POLICY_BYTES_MAX};
    (void)fetch_run(t, &request, arena, &answer, env_now_ms(task_env(t)) + REACH_MS_MAX);
    judge(arena, facts, &answer, line);
}
