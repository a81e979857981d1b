#include "app/domain/preflight_look.h"

#include "trust/dnscheck.h"
#include "wire/address_split.h"
#include "wire/canonical_lines.h"
#include "wire/header.h"
#include "wire/tag_list.h"

/* ---- SPF and the address's name ---- */

static void look_at_ways(struct task *t, struct tool_world *world, struct preflight_look *look) {
    const struct publish_facts *facts = &look->facts.publish;
    for (size_t i = 0; i < facts->address_count; i++) {
        struct preflight_way *way = &look->ways[look->way_count++];
        struct spf_question question = {.address = facts->addresses[i],
                                        .sender = look->sender,
                                        .helo = look->helo,
                                        .receiver = SLICE("")};
        way->address = facts->addresses[i];
        way->spf = spf_check(t, &world->lookups, &question);
        way->iprev = iprev_check(t, &world->lookups, &way->address);
    }
}

/* Mail may leave from any of them: the first that does not pass counts. */
static const struct preflight_way *worst_way(const struct preflight_look *look, bool is_by_name) {
    for (size_t i = 0; i < look->way_count; i++) {
        enum trust_result result = is_by_name ? look->ways[i].iprev.result : look->ways[i].spf.result;
        if (result != TRUST_PASS) return &look->ways[i];
    }
    return look->way_count ? &look->ways[0] : NULL;
}

/* ---- DKIM: the signatures that are there, and ours to come ---- */

static void write_to_message(void *message, struct slice bytes) { dkim_message_write(message, bytes); }

/* Results point into the message, which goes: what is shown and compared of them. */
static const struct dkim_result *kept_results(struct arena *arena, const struct dkim_verdict *verdict) {
    struct dkim_result *results =
        ARENA_NEW_ARRAY(arena, struct dkim_result, verdict->count ? verdict->count : 1);
    for (size_t i = 0; i < verdict->count; i++) {
        results[i] = (struct dkim_result){.result = verdict->signatures[i].result,
                                          .fault = verdict->signatures[i].fault,
                                          .domain = arena_copy(arena, verdict->signatures[i].domain),
                                          .selector = arena_copy(arena, verdict->signatures[i].selector)};
    }
    return results;
}

static void look_at_signatures(struct task *t, struct tool_world *world, struct preflight_look *look) {
    struct dkim_message *message = dkim_message_new_to_check();
    struct canonical_lines lines = canonical_lines_new();
    struct byte_sink sink = {write_to_message, message};
    canonical_lines_write(&lines, look->message, sink);
    canonical_lines_finish(&lines, sink);
    dkim_message_end(message);
    look->dkim = dkim_check(t, message, NULL, &world->lookups, env_wall_ms(world->env) / 1000);
    look->dkim.signatures = kept_results(world->cli->arena, &look->dkim);
    dkim_message_free(&message);
}

static bool has_own_signature(const struct preflight_look *look) {
    for (size_t i = 0; i < look->dkim.count; i++)
        if (slice_equal_nocase(look->dkim.signatures[i].domain, look->facts.publish.domain)) return true;
    return false;
}

/* Whether the records of the keys that will sign are what they have to be; one that is right will do. */
static void look_at_keys(struct task *t, struct tool_world *world, struct preflight_look *look) {
    const struct publish_facts *facts = &look->facts.publish;
    struct publish_rows rows = publish_rows(world->cli->arena, facts);
    struct dnscheck check = {&world->lookups, facts, &rows};
    size_t key = 0;
    look->planned = TRUST_NONE;
    for (size_t i = 0; i < rows.count; i++) {
        struct dnscheck_row checked = {.wanted = &rows.items[i], .words = SLICE("")};
        if (rows.items[i].kind != PUBLISH_DKIM || !look->facts.is_signing[key++]) continue;
        dnscheck_text(t, &check, &checked);
        bool is_right = checked.state == DNSCHECK_RIGHT;
        if (look->planned == TRUST_PASS) continue;
        look->is_to_be_signed = true;
        look->planned = is_right                            ? TRUST_PASS
                        : checked.state == DNSCHECK_UNKNOWN ? TRUST_TEMPERROR
                                                            : TRUST_PERMERROR;
        look->planned_words = is_right
                                  ? SLICE("")
                                  : arena_printf(world->cli->arena, "%.*s: %.*s",
                                                 SLICE_PRINT(rows.items[i].name), SLICE_PRINT(checked.words));
    }
}

static enum trust_result dkim_result(const struct preflight_look *look) {
    if (look->dkim.result == TRUST_PASS || (look->is_to_be_signed && look->planned == TRUST_PASS))
        return TRUST_PASS;
    return look->dkim.result == TRUST_NONE && look->is_to_be_signed ? look->planned : look->dkim.result;
}

/* RFC 8058 4: both fields are in h=. What we sign has them there. */
static bool covers_unsubscribe(const struct preflight_look *look, struct slice value) {
    struct tag_list tags;
    if (tag_list_read(value, &tags) != TAG_LIST_OK) return false;
    const struct tag *names = tag_list_find(&tags, SLICE("h"));
    const struct tag *domain = tag_list_find(&tags, SLICE("d"));
    const struct tag *selector = tag_list_find(&tags, SLICE("s"));
    if (!names || !domain || !selector || !tag_words_have(names->value, ':', SLICE("List-Unsubscribe")) ||
        !tag_words_have(names->value, ':', SLICE("List-Unsubscribe-Post")))
        return false;
    for (size_t i = 0; i < look->dkim.count; i++) {
        const struct dkim_result *result = &look->dkim.signatures[i];
        if (result->result == TRUST_PASS && slice_equal_nocase(result->domain, domain->value) &&
            slice_equal(result->selector, selector->value))
            return true;
    }
    return false;
}

static bool is_unsubscribe_signed(const struct preflight_look *look) {
    struct slice rest = look->message;
    struct header_field field;
    if (look->is_to_be_signed && look->planned == TRUST_PASS) return true;
    while (header_next(&rest, &field))
        if (slice_equal_nocase(field.name, SLICE("DKIM-Signature")) && covers_unsubscribe(look, field.value))
            return true;
    return false;
}

/* ---- DMARC ---- */

static struct dmarc_identifier *identifiers_of(struct arena *arena, const struct preflight_look *look,
                                               size_t *count) {
    struct dmarc_identifier *items = ARENA_NEW_ARRAY(arena, struct dmarc_identifier, look->dkim.count + 1);
    for (size_t i = 0; i < look->dkim.count; i++)
        items[(*count)++] = (struct dmarc_identifier){look->dkim.signatures[i].result,
                                                      look->dkim.signatures[i].domain, false};
    if (look->is_to_be_signed)
        items[(*count)++] = (struct dmarc_identifier){look->planned, look->facts.publish.domain, false};
    return items;
}

static void look_at_policy(struct task *t, struct tool_world *world, struct preflight_look *look) {
    const struct preflight_way *way = worst_way(look, false);
    struct dmarc_question question = {.author = &look->author};
    if (way) question.spf = (struct dmarc_identifier){way->spf.result, way->spf.domain, false};
    question.signatures = identifiers_of(world->cli->arena, look, &question.signature_count);
    look->dmarc = dmarc_check(t, &world->lookups, &question);
    look->judged.is_spf_aligned = question.spf.result == TRUST_PASS && question.spf.is_aligned;
    for (size_t i = 0; i < question.signature_count; i++)
        look->judged.is_dkim_aligned |=
            question.signatures[i].result == TRUST_PASS && question.signatures[i].is_aligned;
}

static enum preflight_policy policy_of(const struct dmarc_verdict *verdict) {
    if (verdict->policy_domain.len == 0 || verdict->result == TRUST_PERMERROR) return PREFLIGHT_NO_RECORD;
    return verdict->policy == DMARC_REJECT       ? PREFLIGHT_REJECT
           : verdict->policy == DMARC_QUARANTINE ? PREFLIGHT_QUARANTINE
                                                 : PREFLIGHT_NONE;
}

/* ---- whom it is for ---- */

static struct slice best_exchange(struct task *t, struct tool_world *world, struct slice domain) {
    struct dns_answer answer;
    struct dns_mx best = {.preference = UINT16_MAX};
    if (trust_look_up(t, &world->lookups, domain, DNS_MX, &answer) != DNS_OK) return SLICE_EMPTY;
    for (size_t i = 0; i < answer.count; i++) {
        struct dns_mx mx;
        if (dns_mx_read(answer.records[i], &mx) &&
            (best.exchange.len == 0 || mx.preference < best.preference))
            best = mx;
    }
    return best.exchange.len ? trust_record_text(world->cli->arena, DNS_CNAME, best.exchange) : SLICE_EMPTY;
}

static void look_at_recipient(struct task *t, struct tool_world *world, struct preflight_look *look) {
    struct slice domain = address_split_domain(look->recipient);
    look->receiver = preflight_receiver_of(domain, SLICE_EMPTY);
    if (look->receiver == PREFLIGHT_OTHERS)
        look->receiver = preflight_receiver_of(domain, best_exchange(t, world, domain));
}

/* ---- all of it ---- */

static void judge(struct preflight_look *look) {
    const struct preflight_way *by_name = worst_way(look, true);
    const struct preflight_way *by_spf = worst_way(look, false);
    struct preflight_facts *judged = &look->judged;
    judged->message = &look->form;
    judged->spf = by_spf ? by_spf->spf.result : TRUST_NONE;
    judged->dkim = dkim_result(look);
    judged->iprev = by_name ? by_name->iprev.result : TRUST_NONE;
    judged->is_ipv6 = by_name && by_name->address.len == 16;
    judged->policy = policy_of(&look->dmarc);
    judged->is_unsubscribe_signed = is_unsubscribe_signed(look);
    judged->is_tls = !look->facts.is_route_clear;
    judged->is_marketing = look->is_bulk;
    judged->volume = look->volume;
    judged->usual = look->usual;
}

void preflight_look_at(struct task *t, struct tool_world *world, struct preflight_look *look) {
    look_at_ways(t, world, look);
    look_at_signatures(t, world, look);
    if (!has_own_signature(look)) look_at_keys(t, world, look);
    look_at_policy(t, world, look);
    if (look->recipient.len) look_at_recipient(t, world, look);
    judge(look);
}
