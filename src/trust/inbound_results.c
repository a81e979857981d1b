/* What was found, in the header (RFC 8601 2.7) and for people. */
#include <stdio.h>

#include "trust/inbound.h"
#include "wire/auth_results.h"
#include "wire/wire_text.h"

static void write_spf(struct auth_results_writer *writer, const struct spf_verdict *spf) {
    bool is_helo = spf->identity == SPF_IDENTITY_HELO;
    auth_results_method(writer, "spf", trust_result_word(spf->result), spf->reason, SLICE_EMPTY);
    auth_results_property(writer, is_helo ? "smtp.helo" : "smtp.mailfrom",
                          is_helo ? spf->domain : spf->sender);
}

static void write_iprev(struct auth_results_writer *writer, const struct inbound_question *question,
                        const struct iprev *iprev) {
    struct buffer address = buffer_new(64);
    dns_address_text(&question->address, &address);
    auth_results_method(writer, "iprev", trust_result_word(iprev->result), iprev->name, SLICE_EMPTY);
    auth_results_property(writer, "policy.iprev", buffer_slice(&address));
    buffer_free(&address);
}

static void write_signature(struct auth_results_writer *writer, const struct dkim_result *signature) {
    auth_results_method(writer, "dkim", trust_result_word(signature->result),
                        slice_from_text(dkim_fault_words(signature->fault)), SLICE_EMPTY);
    auth_results_property(writer, "header.d", signature->domain);
    auth_results_property(writer, "header.s", signature->selector);
    auth_results_property(writer, "header.a", signature->algorithm);
    auth_results_property(writer, "header.i", signature->identity);
}

static void write_dkim(struct auth_results_writer *writer, const struct dkim_verdict *dkim) {
    for (size_t i = 0; i < dkim->count; i++) write_signature(writer, &dkim->signatures[i]);
    if (dkim->count == 0)
        auth_results_method(writer, "dkim", trust_result_word(dkim->result),
                            slice_from_text(dkim_fault_words(dkim->fault)), SLICE_EMPTY);
}

/* RFC 8617 10.1, 10.2; it knows no temperror. */
static void write_arc(struct auth_results_writer *writer, const struct arc_verdict *arc) {
    if (arc->result == TRUST_NONE) return;
    enum trust_result result = arc->result == TRUST_TEMPERROR ? TRUST_FAIL : arc->result;
    auth_results_method(writer, "arc", trust_result_word(result),
                        slice_from_text(dkim_fault_words(arc->fault)), SLICE_EMPTY);
    if (arc->result != TRUST_PASS) return;
    char oldest[16];
    (void)snprintf(oldest, sizeof oldest, "%u", arc->oldest_pass);
    auth_results_property(writer, "header.d", arc->hops[arc->count - 1].domain);
    auth_results_property(writer, "header.oldest-pass", slice_from_text(oldest));
}

static void write_dmarc(struct auth_results_writer *writer, const struct dmarc_verdict *dmarc) {
    auth_results_method(writer, "dmarc", trust_result_word(dmarc->result), dmarc->why, SLICE_EMPTY);
    auth_results_property(writer, "header.from", dmarc->domain);
    if (dmarc->policy != DMARC_NO_POLICY)
        auth_results_property(writer, "policy.dmarc", slice_from_text(dmarc_policy_word(dmarc->disposition)));
}

void inbound_results_write(struct buffer *out, const struct inbound_question *question,
                           const struct inbound_findings *findings) {
    struct auth_results_writer writer = auth_results_begin(out, question->host);
    write_spf(&writer, &findings->spf);
    write_dkim(&writer, &findings->dkim);
    write_arc(&writer, &findings->arc);
    write_dmarc(&writer, &findings->dmarc);
    write_iprev(&writer, question, &findings->iprev);
    auth_results_end(&writer);
}

void inbound_results_tell(struct buffer *out, const struct inbound_findings *findings) {
    buffer_printf(out, "SPF %s", trust_result_word(findings->spf.result));
    if (findings->spf.domain.len) {
        buffer_append_text(out, " for ");
        wire_text_clean(out, slice_sub(findings->spf.domain, 0, DNS_NAME_BYTES_MAX), true);
    }
    buffer_printf(out, "; DKIM %s; DMARC %s: ", trust_result_word(findings->dkim.result),
                  trust_result_word(findings->dmarc.result));
    buffer_append(out, findings->dmarc.why);
}
