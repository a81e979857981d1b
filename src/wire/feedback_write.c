#include "wire/feedback_write.h"

#include <jansson.h>
#include <stdlib.h>
#include <zlib.h>

#include "wire/date.h"

enum { GZIP_WINDOW_BITS = 16 + MAX_WBITS, GZIP_PIECE_BYTES = 32 * 1024 };

/* ---- packing ---- */

struct archive_packer {
    z_stream z;
    uint8_t piece[GZIP_PIECE_BYTES];
};

struct archive_packer *archive_packer_new(void) {
    struct archive_packer *packer = calloc(1, sizeof *packer);
    if (!packer || deflateInit2(&packer->z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW_BITS, 8,
                                Z_DEFAULT_STRATEGY) != Z_OK)
        FATAL("out of memory for a packed file");
    return packer;
}

static void pack(struct archive_packer *packer, struct slice text, int flush, struct buffer *out) {
    z_stream *z = &packer->z;
    z->next_in = (Bytef *)(uintptr_t)text.ptr;
    z->avail_in = (uInt)text.len;
    do {
        z->next_out = packer->piece;
        z->avail_out = sizeof packer->piece;
        int result = deflate(z, flush);
        ASSERT(result != Z_STREAM_ERROR);
        buffer_append(out, slice_of(packer->piece, sizeof packer->piece - z->avail_out));
    } while (z->avail_out == 0);
}

void archive_packer_feed(struct archive_packer *packer, struct slice piece, struct buffer *out) {
    if (piece.len) pack(packer, piece, Z_NO_FLUSH, out);
}

void archive_packer_finish(struct archive_packer **packer, struct buffer *out) {
    pack(*packer, SLICE_EMPTY, Z_FINISH, out);
    (void)deflateEnd(&(*packer)->z);
    free(*packer);
    *packer = NULL;
}

void archive_gzip(struct buffer *out, struct slice text) {
    struct archive_packer *packer = archive_packer_new();
    archive_packer_feed(packer, text, out);
    archive_packer_finish(&packer, out);
}

/* ---- XML ---- */

static void write_escaped(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '&')
            buffer_append_text(out, "&amp;");
        else if (c == '<')
            buffer_append_text(out, "&lt;");
        else if (c == '>')
            buffer_append_text(out, "&gt;");
        else
            buffer_append_byte(out, c);
    }
}

static void write_element(struct buffer *out, const char *indent, const char *name, struct slice text) {
    buffer_printf(out, "%s<%s>", indent, name);
    write_escaped(out, text);
    buffer_printf(out, "</%s>\n", name);
}

static void write_number(struct buffer *out, const char *indent, const char *name, uint64_t number) {
    buffer_printf(out, "%s<%s>%llu</%s>\n", indent, name, (unsigned long long)number, name);
}

static void write_word(struct buffer *out, const char *indent, const char *name, const char *word) {
    write_element(out, indent, name, slice_from_text(word));
}

static void write_metadata(struct buffer *out, const struct feedback *feedback) {
    buffer_append_text(out, "  <report_metadata>\n");
    write_element(out, "    ", "org_name", feedback->organization);
    write_element(out, "    ", "email", feedback->contact);
    write_element(out, "    ", "report_id", feedback->id);
    buffer_append_text(out, "    <date_range>\n");
    write_number(out, "      ", "begin", (uint64_t)feedback->begin_s);
    write_number(out, "      ", "end", (uint64_t)feedback->end_s);
    buffer_append_text(out, "    </date_range>\n");
    if (feedback->left_out)
        buffer_printf(out, "    <error>%llu more messages are in no record: there were too many</error>\n",
                      (unsigned long long)feedback->left_out);
    buffer_append_text(out, "  </report_metadata>\n");
}

/* RFC 7489 demands "pct" and both policies. */
static void write_policy(struct buffer *out, const struct feedback_policy *policy) {
    enum dmarc_policy p = policy->policy ? policy->policy : DMARC_NONE;
    enum dmarc_policy sp = policy->subdomain_policy ? policy->subdomain_policy : p;
    buffer_append_text(out, "  <policy_published>\n");
    write_element(out, "    ", "domain", policy->domain);
    write_word(out, "    ", "adkim", policy->is_dkim_strict ? "s" : "r");
    write_word(out, "    ", "aspf", policy->is_spf_strict ? "s" : "r");
    write_word(out, "    ", "p", dmarc_policy_word(p));
    write_word(out, "    ", "sp", dmarc_policy_word(sp));
    if (policy->absent_policy) write_word(out, "    ", "np", dmarc_policy_word(policy->absent_policy));
    write_word(out, "    ", "pct", "100");
    if (policy->is_test) write_word(out, "    ", "testing", "y");
    buffer_append_text(out, "  </policy_published>\n");
}

static void write_auth(struct buffer *out, const struct feedback_auth *auth) {
    const char *name = auth->is_spf ? "spf" : "dkim";
    buffer_printf(out, "      <%s>\n", name);
    write_element(out, "        ", "domain", auth->domain);
    if (auth->selector.len)
        write_element(out, "        ", auth->is_spf ? "scope" : "selector", auth->selector);
    write_element(out, "        ", "result", auth->result);
    if (auth->words.len) write_element(out, "        ", "human_result", auth->words);
    buffer_printf(out, "      </%s>\n", name);
}

/* Signatures go first. */
static void write_auths(struct buffer *out, const struct feedback_record *record) {
    buffer_append_text(out, "    <auth_results>\n");
    for (size_t i = 0; i < record->auth_count; i++)
        if (!record->auths[i].is_spf) write_auth(out, &record->auths[i]);
    for (size_t i = 0; i < record->auth_count; i++)
        if (record->auths[i].is_spf) write_auth(out, &record->auths[i]);
    buffer_append_text(out, "    </auth_results>\n");
}

static void write_reason(struct buffer *out, const struct feedback_record *record) {
    if (record->reason.len == 0) return;
    buffer_append_text(out, "        <reason>\n");
    write_element(out, "          ", "type", record->reason);
    if (record->comment.len) write_element(out, "          ", "comment", record->comment);
    buffer_append_text(out, "        </reason>\n");
}

static void write_record(struct buffer *out, const struct feedback_record *record) {
    enum dmarc_policy done = record->disposition ? record->disposition : DMARC_NONE;
    buffer_append_text(out, "  <record>\n    <row>\n");
    write_element(out, "      ", "source_ip", record->source);
    write_number(out, "      ", "count", record->count);
    buffer_append_text(out, "      <policy_evaluated>\n");
    write_word(out, "        ", "disposition", dmarc_policy_word(done));
    write_word(out, "        ", "dkim", record->is_dkim_aligned ? "pass" : "fail");
    write_word(out, "        ", "spf", record->is_spf_aligned ? "pass" : "fail");
    write_reason(out, record);
    buffer_append_text(out, "      </policy_evaluated>\n    </row>\n    <identifiers>\n");
    if (record->envelope_to.len) write_element(out, "      ", "envelope_to", record->envelope_to);
    write_element(out, "      ", "envelope_from", record->envelope_from);
    write_element(out, "      ", "header_from", record->header_from);
    buffer_append_text(out, "    </identifiers>\n");
    write_auths(out, record);
    buffer_append_text(out, "  </record>\n");
}

void dmarc_report_write(struct buffer *out, const struct feedback *feedback) {
    buffer_append_text(out,
                       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback>\n  <version>1.0</version>\n");
    write_metadata(out, feedback);
    write_policy(out, &feedback->policy);
    for (size_t i = 0; i < feedback->record_count; i++) write_record(out, &feedback->records[i]);
    buffer_append_text(out, "</feedback>\n");
}

/* ---- JSON ---- */

static json_t *text_of(struct slice text) {
    json_t *value = json_stringn((const char *)text.ptr, text.len);
    return value ? value : json_string("?");
}

static void set_text(json_t *object, const char *key, struct slice text) {
    if (text.len) json_object_set_new(object, key, text_of(text));
}

static json_t *time_of(int64_t seconds) {
    struct date_fields at = date_split(seconds * 1000);
    return json_sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", at.year, at.month, at.day, at.hour, at.minute,
                        at.second);
}

/* Its lines, and the hosts that they name. */
static void add_policy(json_t *policy, struct slice text) {
    json_t *lines = json_array();
    json_t *hosts = json_array();
    while (text.len) {
        struct slice line = slice_trim(slice_take_until(&text, '\n'));
        (void)slice_take_byte(&text, '\n');
        if (line.len == 0) continue;
        json_array_append_new(lines, text_of(line));
        if (slice_take_prefix(&line, SLICE("mx:"))) json_array_append_new(hosts, text_of(slice_trim(line)));
    }
    json_object_set_new(policy, "policy-string", lines);
    json_object_set_new(policy, "mx-host", hosts);
}

static json_t *failure_of(const struct feedback_failure *failure) {
    json_t *object = json_object();
    bool is_known = (unsigned)failure->type < TLS_RESULT_TYPES;
    set_text(object, "result-type",
             is_known ? slice_from_text(tls_result_type_name(failure->type)) : failure->type_text);
    set_text(object, "sending-mta-ip", failure->sender_address);
    set_text(object, "receiving-mx-hostname", failure->host);
    set_text(object, "receiving-ip", failure->host_address);
    json_object_set_new(object, "failed-session-count", json_integer((json_int_t)failure->count));
    set_text(object, "failure-reason-code", failure->reason);
    set_text(object, "additional-information", failure->words);
    return object;
}

static json_t *way_of(const struct feedback_way *way, struct slice sts_policy) {
    json_t *policy = json_object();
    json_t *failures = json_array();
    json_object_set_new(policy, "policy-type", json_string(tls_policy_type_name(way->type)));
    if (way->type == TLS_POLICY_STS && sts_policy.len) add_policy(policy, sts_policy);
    set_text(policy, "policy-domain", way->domain);
    for (size_t i = 0; i < way->failure_count; i++)
        json_array_append_new(failures, failure_of(&way->failures[i]));
    json_t *object =
        json_pack("{s:o, s:{s:I, s:I}}", "policy", policy, "summary", "total-successful-session-count",
                  (json_int_t)way->succeeded, "total-failure-session-count", (json_int_t)way->failed);
    json_object_set_new(object, "failure-details", failures);
    return object;
}

static int append(const char *bytes, size_t len, void *context) {
    buffer_append(context, slice_of(bytes, len));
    return 0;
}

void tls_report_write(struct buffer *out, const struct feedback *feedback, struct slice sts_policy) {
    json_t *ways = json_array();
    for (size_t i = 0; i < feedback->way_count; i++)
        json_array_append_new(ways, way_of(&feedback->ways[i], sts_policy));
    json_t *report = json_pack(
        "{s:o, s:{s:o, s:o}, s:o, s:o, s:o}", "organization-name", text_of(feedback->organization),
        "date-range", "start-datetime", time_of(feedback->begin_s), "end-datetime", time_of(feedback->end_s),
        "contact-info", text_of(feedback->contact), "report-id", text_of(feedback->id), "policies", ways);
    ASSERT(report);
    (void)json_dump_callback(report, append, out, JSON_COMPACT);
    json_decref(report);
}
