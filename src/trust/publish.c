#include "trust/publish.h"

#include "base/limits.h"
#include "io/dns.h"

enum { TTL_S = 3600 };

const char *publish_kind_word(enum publish_kind kind) {
    static const char *const words[PUBLISH_KINDS] = {
        [PUBLISH_HOST] = "host",        [PUBLISH_PTR] = "ptr",     [PUBLISH_MX] = "mx",
        [PUBLISH_SPF] = "spf",          [PUBLISH_DKIM] = "dkim",   [PUBLISH_SPF_HELO] = "spf-helo",
        [PUBLISH_DMARC] = "dmarc",      [PUBLISH_STS] = "mta-sts", [PUBLISH_STS_HOST] = "mta-sts-host",
        [PUBLISH_TLSRPT] = "tls-rpt",   [PUBLISH_TLSA] = "tlsa",   [PUBLISH_SRV] = "srv",
        [PUBLISH_SETUP] = "autoconfig", [PUBLISH_CAA] = "caa"};
    return words[kind];
}

const char *publish_necessity_word(enum publish_necessity necessity) {
    static const char *const words[] = {"must", "should", "may"};
    return words[necessity];
}

bool publish_is_inside(struct slice name, struct slice zone) {
    if (slice_equal_nocase(name, zone)) return true;
    return name.len > zone.len && name.ptr[name.len - zone.len - 1] == '.' && slice_ends_nocase(name, zone);
}

/* ---- one row ---- */

struct publishing {
    struct arena *arena;
    const struct publish_facts *facts;
    struct publish_rows rows;
};

static struct publish_row *add(struct publishing *p, enum publish_kind kind, enum publish_necessity necessity,
                               struct slice name, uint16_t type, struct slice value) {
    ASSERT(p->rows.count < PUBLISH_ROWS_MAX);
    struct publish_row *row = &p->rows.items[p->rows.count++];
    *row = (struct publish_row){.kind = kind,
                                .necessity = necessity,
                                .name = name,
                                .type = type,
                                .ttl_s = TTL_S,
                                .value = value,
                                .note = SLICE(""),
                                .is_outside = !publish_is_inside(name, p->facts->domain)};
    return row;
}

static struct slice below(struct publishing *p, const char *label, struct slice name) {
    return arena_printf(p->arena, "%s.%.*s", label, SLICE_PRINT(name));
}

static struct slice address_text(struct arena *arena, const struct dns_address *address) {
    struct buffer text = buffer_new(64);
    dns_address_text(address, &text);
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static struct slice reverse_name(struct arena *arena, const struct dns_address *address) {
    struct buffer text = buffer_new(DNS_NAME_BYTES_MAX);
    dns_reverse_name(address, &text);
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* ---- the host ---- */

static void add_host(struct publishing *p) {
    for (size_t i = 0; i < p->facts->address_count; i++) {
        const struct dns_address *address = &p->facts->addresses[i];
        struct publish_row *row = add(p, PUBLISH_HOST, PUBLISH_MUST, p->facts->host,
                                      address->len == 4 ? DNS_A : DNS_AAAA, address_text(p->arena, address));
        row->purpose = SLICE("Where this host is.");
    }
}

static void add_reverse(struct publishing *p) {
    for (size_t i = 0; i < p->facts->address_count; i++) {
        struct publish_row *row =
            add(p, PUBLISH_PTR, PUBLISH_MUST, reverse_name(p->arena, &p->facts->addresses[i]), DNS_PTR,
                p->facts->host);
        row->purpose =
            SLICE("The name of this host's address: without it Gmail and others refuse mail (5.7.25).");
        row->note =
            SLICE("Set by whoever the address belongs to: in the panel of the provider of this server, as "
                  "\"reverse DNS\". Not in the domain's zone.");
    }
}

static void add_mx(struct publishing *p) {
    const struct publish_facts *facts = p->facts;
    struct publish_row *row =
        add(p, PUBLISH_MX, PUBLISH_MUST, facts->domain, DNS_MX,
            arena_printf(p->arena, "%u %.*s", facts->is_relay ? 20u : 10u, SLICE_PRINT(facts->host)));
    row->purpose = SLICE("Mail for the domain goes to this host.");
    if (facts->is_relay)
        row->note = SLICE("Behind the domain's own hosts, which have a lower number.");
    else
        row->note = SLICE("Remove MX records of a former provider: part of the mail would go there.");
}

/* ---- SPF, RFC 7208 ---- */

static void append_addresses(struct buffer *out, const struct publish_facts *facts) {
    for (size_t i = 0; i < facts->address_count; i++) {
        buffer_append_text(out, facts->addresses[i].len == 4 ? " ip4:" : " ip6:");
        dns_address_text(&facts->addresses[i], out);
    }
    if (facts->address_count == 0) buffer_printf(out, " a:%.*s", SLICE_PRINT(facts->host));
}

static struct slice spf_text(struct publishing *p, bool is_helo) {
    const struct publish_facts *facts = p->facts;
    struct buffer out = buffer_new(TRUST_TXT_BYTES_MAX);
    buffer_append_text(&out, "v=spf1");
    append_addresses(&out, facts);
    for (size_t i = 0; i < facts->spf_term_count && !is_helo; i++)
        buffer_printf(&out, " %.*s", SLICE_PRINT(facts->spf_terms[i]));
    buffer_append_text(&out, is_helo ? " -all" : " ~all");
    struct slice text = arena_copy(p->arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

static void add_spf(struct publishing *p) {
    const struct publish_facts *facts = p->facts;
    struct publish_row *row = add(p, PUBLISH_SPF, PUBLISH_MUST, facts->domain, DNS_TXT, spf_text(p, false));
    row->purpose = SLICE("Which hosts send mail from the domain.");
    row->note = SLICE(
        "One record only: with two, both count for nothing. ~all and not -all, so that forwarded mail is "
        "judged by its signature.");
}

/* RFC 7208 2.3. One record a name: where the domain's is the host's, that one says it. */
static void add_helo(struct publishing *p) {
    if (slice_equal_nocase(p->facts->host, p->facts->domain)) return;
    struct publish_row *row =
        add(p, PUBLISH_SPF_HELO, PUBLISH_SHOULD, p->facts->host, DNS_TXT, spf_text(p, true));
    row->purpose = SLICE("Who may greet as this host: SPF of bounces and reports, which have no sender.");
}

/* ---- DKIM and DMARC ---- */

static void add_dkim(struct publishing *p) {
    for (size_t i = 0; i < p->facts->key_count; i++) {
        const struct publish_key *key = &p->facts->keys[i];
        struct slice name = arena_printf(p->arena, "%.*s._domainkey.%.*s", SLICE_PRINT(key->selector),
                                         SLICE_PRINT(p->facts->domain));
        struct publish_row *row = add(p, PUBLISH_DKIM, PUBLISH_MUST, name, DNS_TXT, key->record);
        row->purpose = SLICE("The key that signatures of the domain are checked with.");
        if (key->note.len)
            row->note = key->note;
        else if (key->record.len > 255)
            row->note =
                SLICE("Longer than one string of a record holds: a panel that takes one long line splits it "
                      "itself; without blanks or quotes of your own.");
    }
}

/* RFC 9989 4.7 */
static void add_dmarc(struct publishing *p) {
    struct slice domain = p->facts->domain;
    struct publish_row *row =
        add(p, PUBLISH_DMARC, PUBLISH_MUST, below(p, "_dmarc", domain), DNS_TXT,
            arena_printf(p->arena, "v=DMARC1; p=none; rua=mailto:postmaster@%.*s", SLICE_PRINT(domain)));
    row->purpose =
        SLICE("What others do with mail that only says it is from the domain, and where they report.");
    row->note =
        SLICE("p=none only watches. When reports show no mail of yours failing for some weeks: p=quarantine, "
              "then p=reject.");
}

/* ---- TLS on the way in: RFC 8461, RFC 8460, RFC 7672 ---- */

static void add_sts(struct publishing *p) {
    struct slice domain = p->facts->domain;
    if (p->facts->sts_id.len == 0) return;
    struct publish_row *row = add(p, PUBLISH_STS, PUBLISH_SHOULD, below(p, "_mta-sts", domain), DNS_TXT,
                                  arena_printf(p->arena, "v=STSv1; id=%.*s", SLICE_PRINT(p->facts->sts_id)));
    row->purpose = SLICE("Others ask for the domain's policy and then send to it by verified TLS only.");
    row->note = SLICE("The id changes with the policy; senders look at the policy again when it does.");
    row = add(p, PUBLISH_STS_HOST, PUBLISH_SHOULD, below(p, "mta-sts", domain), DNS_CNAME, p->facts->host);
    row->purpose = SLICE("Where the policy is fetched, by HTTPS.");
    row->note = SLICE("This host's certificate must be for this name too.");
}

static void add_tlsrpt(struct publishing *p) {
    struct slice domain = p->facts->domain;
    struct publish_row *row =
        add(p, PUBLISH_TLSRPT, PUBLISH_SHOULD, below(p, "_smtp._tls", domain), DNS_TXT,
            arena_printf(p->arena, "v=TLSRPTv1; rua=mailto:postmaster@%.*s", SLICE_PRINT(domain)));
    row->purpose = SLICE("Others report when TLS to this host fails.");
}

static void add_tlsa(struct publishing *p) {
    if (p->facts->key_hash.len == 0) return;
    struct publish_row *row =
        add(p, PUBLISH_TLSA, PUBLISH_MAY, below(p, "_25._tcp", p->facts->host), DNS_TLSA,
            arena_printf(p->arena, "3 1 1 %.*s", SLICE_PRINT(p->facts->key_hash)));
    row->purpose = SLICE("DANE: others know this host's key from DNS and take no other.");
    row->note = SLICE(
        "Only where the zone is signed (DNSSEC); elsewhere nobody looks at it. Renew the certificate with "
        "the same key, or publish the next key's record before: a wrong one stops all mail.");
}

/* ---- for those who set up a mail program: RFC 6186, RFC 8314 5.1 ---- */

static const struct {
    const char *label;
    enum publish_necessity necessity;
} services[PUBLISH_SERVICES] = {
    [PUBLISH_SUBMISSIONS] = {"_submissions._tcp", PUBLISH_SHOULD},
    [PUBLISH_SUBMISSION] = {"_submission._tcp", PUBLISH_MAY},
    [PUBLISH_IMAPS] = {"_imaps._tcp", PUBLISH_SHOULD},
    [PUBLISH_IMAP] = {"_imap._tcp", PUBLISH_MAY},
    [PUBLISH_POP3S] = {"_pop3s._tcp", PUBLISH_MAY},
    [PUBLISH_POP3] = {"_pop3._tcp", PUBLISH_MAY},
};

static void add_services(struct publishing *p) {
    for (size_t i = 0; i < PUBLISH_SERVICES; i++) {
        if (p->facts->ports[i] == 0) continue;
        struct publish_row *row =
            add(p, PUBLISH_SRV, services[i].necessity, below(p, services[i].label, p->facts->domain), DNS_SRV,
                arena_printf(p->arena, "0 1 %u %.*s", p->facts->ports[i], SLICE_PRINT(p->facts->host)));
        row->purpose = SLICE("Mail programs find the server and its port.");
    }
}

static void add_setup(struct publishing *p) {
    static const char *const labels[] = {"autoconfig", "autodiscover"};
    static const struct slice purposes[] = {
        SLICE_INIT("Thunderbird and others ask here how to set up an account."),
        SLICE_INIT("Outlook asks here how to set up an account.")};
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        struct publish_row *row = add(p, PUBLISH_SETUP, PUBLISH_MAY, below(p, labels[i], p->facts->domain),
                                      DNS_CNAME, p->facts->host);
        row->purpose = purposes[i];
        row->note = SLICE("By HTTPS, for which this host's certificate must be for this name too.");
    }
}

/* RFC 8659 */
static void add_caa(struct publishing *p) {
    bool is_known = p->facts->issuer.len > 0;
    struct slice issuer = is_known ? p->facts->issuer : SLICE("letsencrypt.org");
    struct publish_row *row = add(p, PUBLISH_CAA, PUBLISH_MAY, p->facts->host, DNS_CAA,
                                  arena_printf(p->arena, "0 issue \"%.*s\"", SLICE_PRINT(issuer)));
    row->purpose = SLICE("Only this authority may issue certificates for the host.");
    if (!is_known)
        row->note =
            SLICE("Put your authority's name in its place, if it is another: with a wrong one no certificate "
                  "is issued or renewed.");
}

/* What says who sends as the domain, and where its users log in: not for one whose mail is only passed on. */
static void add_domain(struct publishing *p) {
    add_dkim(p);
    add_dmarc(p);
    add_sts(p);
    add_tlsrpt(p);
    add_services(p);
    add_setup(p);
}

struct publish_rows publish_rows(struct arena *arena, const struct publish_facts *facts) {
    struct publishing p = {.arena = arena, .facts = facts};
    p.rows.items = ARENA_NEW_ARRAY(arena, struct publish_row, PUBLISH_ROWS_MAX);
    add_host(&p);
    add_reverse(&p);
    add_mx(&p);
    if (!facts->is_relay) add_spf(&p);
    add_helo(&p);
    if (!facts->is_relay) add_domain(&p);
    add_tlsa(&p);
    add_caa(&p);
    return p.rows;
}
