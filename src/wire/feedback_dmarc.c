/* DMARC aggregate reports (RFC 9990 appendix A): the XML is expat's, which element means what is here. */
#include <expat.h>
#include <stdlib.h>

#include "base/limits.h"
#include "wire/feedback.h"

/* Where an element stands; what is not known is PLACE_OTHER with all that is in it. */
enum place {
    PLACE_OUTSIDE,
    PLACE_FEEDBACK,
    PLACE_METADATA,
    PLACE_RANGE,
    PLACE_POLICY,
    PLACE_RECORD,
    PLACE_ROW,
    PLACE_EVALUATED,
    PLACE_REASON,
    PLACE_IDENTIFIERS,
    PLACE_RESULTS,
    PLACE_DKIM,
    PLACE_SPF,
    PLACE_OTHER,
    /* Elements with a text, from here on. */
    PLACE_ORGANIZATION,
    PLACE_EMAIL,
    PLACE_ID,
    PLACE_BEGIN,
    PLACE_END,
    PLACE_DOMAIN,
    PLACE_DKIM_MODE,
    PLACE_SPF_MODE,
    PLACE_P,
    PLACE_SP,
    PLACE_NP,
    PLACE_TESTING,
    PLACE_SOURCE,
    PLACE_COUNT,
    PLACE_DISPOSITION,
    PLACE_DKIM_ALIGNED,
    PLACE_SPF_ALIGNED,
    PLACE_REASON_TYPE,
    PLACE_REASON_COMMENT,
    PLACE_HEADER_FROM,
    PLACE_ENVELOPE_FROM,
    PLACE_ENVELOPE_TO,
    PLACE_AUTH_DOMAIN,
    PLACE_AUTH_SELECTOR,
    PLACE_AUTH_RESULT,
    PLACE_AUTH_WORDS,
};

static const struct {
    enum place in;
    const char *name;
    enum place place;
} elements[] = {
    {PLACE_OUTSIDE, "feedback", PLACE_FEEDBACK},
    {PLACE_FEEDBACK, "report_metadata", PLACE_METADATA},
    {PLACE_FEEDBACK, "policy_published", PLACE_POLICY},
    {PLACE_FEEDBACK, "record", PLACE_RECORD},
    {PLACE_METADATA, "org_name", PLACE_ORGANIZATION},
    {PLACE_METADATA, "email", PLACE_EMAIL},
    {PLACE_METADATA, "report_id", PLACE_ID},
    {PLACE_METADATA, "date_range", PLACE_RANGE},
    {PLACE_RANGE, "begin", PLACE_BEGIN},
    {PLACE_RANGE, "end", PLACE_END},
    {PLACE_POLICY, "domain", PLACE_DOMAIN},
    {PLACE_POLICY, "adkim", PLACE_DKIM_MODE},
    {PLACE_POLICY, "aspf", PLACE_SPF_MODE},
    {PLACE_POLICY, "p", PLACE_P},
    {PLACE_POLICY, "sp", PLACE_SP},
    {PLACE_POLICY, "np", PLACE_NP},
    {PLACE_POLICY, "testing", PLACE_TESTING},
    {PLACE_RECORD, "row", PLACE_ROW},
    {PLACE_RECORD, "identifiers", PLACE_IDENTIFIERS},
    /* Drafts before RFC 7489. */
    {PLACE_RECORD, "identities", PLACE_IDENTIFIERS},
    {PLACE_RECORD, "auth_results", PLACE_RESULTS},
    {PLACE_ROW, "source_ip", PLACE_SOURCE},
    {PLACE_ROW, "count", PLACE_COUNT},
    {PLACE_ROW, "policy_evaluated", PLACE_EVALUATED},
    {PLACE_EVALUATED, "disposition", PLACE_DISPOSITION},
    {PLACE_EVALUATED, "dkim", PLACE_DKIM_ALIGNED},
    {PLACE_EVALUATED, "spf", PLACE_SPF_ALIGNED},
    {PLACE_EVALUATED, "reason", PLACE_REASON},
    {PLACE_REASON, "type", PLACE_REASON_TYPE},
    {PLACE_REASON, "comment", PLACE_REASON_COMMENT},
    {PLACE_IDENTIFIERS, "header_from", PLACE_HEADER_FROM},
    {PLACE_IDENTIFIERS, "envelope_from", PLACE_ENVELOPE_FROM},
    {PLACE_IDENTIFIERS, "envelope_to", PLACE_ENVELOPE_TO},
    {PLACE_RESULTS, "dkim", PLACE_DKIM},
    {PLACE_RESULTS, "spf", PLACE_SPF},
    {PLACE_DKIM, "domain", PLACE_AUTH_DOMAIN},
    {PLACE_DKIM, "selector", PLACE_AUTH_SELECTOR},
    {PLACE_DKIM, "result", PLACE_AUTH_RESULT},
    {PLACE_DKIM, "human_result", PLACE_AUTH_WORDS},
    {PLACE_SPF, "domain", PLACE_AUTH_DOMAIN},
    {PLACE_SPF, "scope", PLACE_AUTH_SELECTOR},
    {PLACE_SPF, "result", PLACE_AUTH_RESULT},
    {PLACE_SPF, "human_result", PLACE_AUTH_WORDS},
};

struct dmarc_reader {
    struct arena *arena;
    XML_Parser parser;
    bool is_malformed;
    enum place places[FEEDBACK_DEPTH_MAX];
    unsigned depth;
    /* Of the element that is open. */
    struct buffer text;
    struct feedback feedback;
    bool has_root;
    bool has_policy;
    struct feedback_record record;
    struct feedback_auth auths[FEEDBACK_RESULTS_MAX];
    size_t record_capacity;
};

/* ---- what values mean ---- */

/* Some write a fraction. */
static uint64_t number_of(struct slice text) {
    uint64_t value = 0;
    struct slice digits = slice_trim(text);
    return slice_take_number(&digits, (uint64_t)INT64_MAX / 4, &value) ? value : 0;
}

/* Seconds since 1970; 0 for what is no time. */
static int64_t time_of(struct slice text) {
    uint64_t value = number_of(text);
    return value <= (uint64_t)FEEDBACK_TIME_S_MAX ? (int64_t)value : 0;
}

static enum dmarc_policy policy_of(struct slice text) {
    struct slice word = slice_trim(text);
    for (unsigned policy = DMARC_NONE; policy <= DMARC_REJECT; policy++)
        if (slice_equal_nocase(word, slice_from_text(dmarc_policy_word((enum dmarc_policy)policy))))
            return (enum dmarc_policy)policy;
    return DMARC_NO_POLICY;
}

static bool is_word(struct slice text, const char *word) {
    return slice_equal_nocase(slice_trim(text), slice_from_text(word));
}

static struct feedback_auth *auth_of(struct dmarc_reader *reader) {
    size_t count = reader->record.auth_count;
    return count ? &reader->auths[count - 1] : NULL;
}

static void keep_auth(struct dmarc_reader *reader, enum place place, struct slice text) {
    struct feedback_auth *auth = auth_of(reader);
    if (!auth) return;
    struct slice *fields[] = {&auth->domain, &auth->selector, &auth->result, &auth->words};
    struct slice *field = fields[place - PLACE_AUTH_DOMAIN];
    if (field->len == 0) *field = feedback_text(reader->arena, text);
}

static void keep_in_record(struct dmarc_reader *reader, enum place place, struct slice text) {
    struct feedback_record *record = &reader->record;
    switch (place) {
    case PLACE_SOURCE:
        record->source = feedback_text(reader->arena, text);
        return;
    case PLACE_COUNT:
        record->count = number_of(text);
        return;
    case PLACE_DISPOSITION:
        record->disposition = policy_of(text);
        return;
    case PLACE_DKIM_ALIGNED:
        record->is_dkim_aligned = is_word(text, "pass");
        return;
    case PLACE_SPF_ALIGNED:
        record->is_spf_aligned = is_word(text, "pass");
        return;
    case PLACE_REASON_TYPE:
        if (record->reason.len == 0) record->reason = feedback_text(reader->arena, text);
        return;
    case PLACE_REASON_COMMENT:
        if (record->comment.len == 0) record->comment = feedback_text(reader->arena, text);
        return;
    case PLACE_HEADER_FROM:
        record->header_from = feedback_text(reader->arena, text);
        return;
    case PLACE_ENVELOPE_FROM:
        record->envelope_from = feedback_text(reader->arena, text);
        return;
    case PLACE_ENVELOPE_TO:
        record->envelope_to = feedback_text(reader->arena, text);
        return;
    default:
        keep_auth(reader, place, text);
        return;
    }
}

static void keep_in_policy(struct dmarc_reader *reader, enum place place, struct slice text) {
    struct feedback_policy *policy = &reader->feedback.policy;
    switch (place) {
    case PLACE_DOMAIN:
        policy->domain = feedback_text(reader->arena, text);
        return;
    case PLACE_DKIM_MODE:
        policy->is_dkim_strict = is_word(text, "s");
        return;
    case PLACE_SPF_MODE:
        policy->is_spf_strict = is_word(text, "s");
        return;
    case PLACE_P:
        policy->policy = policy_of(text);
        return;
    case PLACE_SP:
        policy->subdomain_policy = policy_of(text);
        return;
    case PLACE_NP:
        policy->absent_policy = policy_of(text);
        return;
    default:
        policy->is_test = is_word(text, "y");
        return;
    }
}

static void keep_in_metadata(struct dmarc_reader *reader, enum place place, struct slice text) {
    struct feedback *feedback = &reader->feedback;
    switch (place) {
    case PLACE_ORGANIZATION:
        feedback->organization = feedback_text(reader->arena, text);
        return;
    case PLACE_EMAIL:
        feedback->contact = feedback_text(reader->arena, text);
        return;
    case PLACE_ID:
        feedback->id = feedback_text(reader->arena, text);
        return;
    case PLACE_BEGIN:
        feedback->begin_s = time_of(text);
        return;
    default:
        feedback->end_s = time_of(text);
        return;
    }
}

static void keep_text(struct dmarc_reader *reader, enum place place) {
    struct slice text = buffer_slice(&reader->text);
    if (place <= PLACE_END)
        keep_in_metadata(reader, place, text);
    else if (place <= PLACE_TESTING)
        keep_in_policy(reader, place, text);
    else
        keep_in_record(reader, place, text);
}

/* ---- records ---- */

static bool copy_auths(struct dmarc_reader *reader) {
    struct feedback_record *record = &reader->record;
    size_t bytes = record->auth_count * sizeof *record->auths;
    if (bytes == 0) return true;
    record->auths = arena_try_alloc(reader->arena, bytes);
    if (record->auths) memcpy(record->auths, reader->auths, bytes);
    return record->auths != NULL;
}

/* False: there is no room for it. */
static bool keep_record(struct dmarc_reader *reader) {
    struct feedback *feedback = &reader->feedback;
    if (feedback->record_count == FEEDBACK_RECORDS_MAX) return false;
    struct feedback_record *records = arena_try_grow(reader->arena, feedback->records, feedback->record_count,
                                                     &reader->record_capacity, sizeof *feedback->records);
    if (!records) return false;
    feedback->records = records;
    if (!copy_auths(reader)) return false;
    feedback->records[feedback->record_count++] = reader->record;
    return true;
}

/* Sums do not wrap, whatever is claimed. */
static void add(uint64_t *sum, uint64_t count) { *sum = *sum > INT64_MAX - count ? INT64_MAX : *sum + count; }

static void end_record(struct dmarc_reader *reader) {
    const struct feedback_record *record = &reader->record;
    bool is_good = record->is_dkim_aligned || record->is_spf_aligned;
    add(is_good ? &reader->feedback.passed : &reader->feedback.failed, record->count);
    if (!keep_record(reader)) add(&reader->feedback.left_out, record->count);
}

static void begin_auth(struct dmarc_reader *reader, bool is_spf) {
    if (reader->record.auth_count == FEEDBACK_RESULTS_MAX) return;
    reader->auths[reader->record.auth_count++] = (struct feedback_auth){.is_spf = is_spf};
}

/* ---- elements ---- */

/* Without its name space's prefix. */
static struct slice local_name(const char *name) {
    struct slice all = slice_from_text(name);
    size_t at = slice_find_last_byte(all, ':');
    return at == SLICE_NOT_FOUND ? all : slice_skip(all, at + 1);
}

static enum place place_of(enum place in, const char *name) {
    struct slice local = local_name(name);
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (elements[i].in == in && slice_equal(local, slice_from_text(elements[i].name)))
            return elements[i].place;
    return PLACE_OTHER;
}

static void stop(struct dmarc_reader *reader) {
    reader->is_malformed = true;
    (void)XML_StopParser(reader->parser, XML_FALSE);
}

static void begun(void *context, const XML_Char *name, const XML_Char **attributes) {
    struct dmarc_reader *reader = context;
    (void)attributes;
    if (reader->depth == FEEDBACK_DEPTH_MAX) {
        stop(reader);
        return;
    }
    enum place in = reader->depth ? reader->places[reader->depth - 1] : PLACE_OUTSIDE;
    enum place place = place_of(in, name);
    reader->places[reader->depth++] = place;
    buffer_clear(&reader->text);
    if (place == PLACE_FEEDBACK) reader->has_root = true;
    if (place == PLACE_POLICY) reader->has_policy = true;
    if (place == PLACE_RECORD) reader->record = (struct feedback_record){0};
    if (place == PLACE_DKIM || place == PLACE_SPF) begin_auth(reader, place == PLACE_SPF);
}

static void ended(void *context, const XML_Char *name) {
    struct dmarc_reader *reader = context;
    (void)name;
    enum place place = reader->places[--reader->depth];
    if (place > PLACE_OTHER) keep_text(reader, place);
    if (place == PLACE_RECORD) end_record(reader);
    buffer_clear(&reader->text);
}

/* What is over is cut: nothing that is kept is so long. */
static void told(void *context, const XML_Char *text, int len) {
    struct dmarc_reader *reader = context;
    if (reader->depth == 0 || reader->places[reader->depth - 1] <= PLACE_OTHER) return;
    size_t room = reader->text.max_bytes - reader->text.len;
    buffer_append(&reader->text, slice_sub(slice_of(text, (size_t)len), 0, room));
}

/* With one, entities could be declared. */
static void declared(void *context, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                     int has_subset) {
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    stop(context);
}

/* Of encodings that expat does not know, those of one byte a letter that agree in ASCII. What they have
   beyond it is nothing that counts here. */
static int unknown_encoding(void *context, const XML_Char *name, XML_Encoding *encoding) {
    struct slice text = slice_from_text(name);
    (void)context;
    if (!slice_starts_nocase(text, SLICE("windows-125")) && !slice_starts_nocase(text, SLICE("iso-8859-")))
        return XML_STATUS_ERROR;
    for (int i = 0; i < 256; i++) encoding->map[i] = i;
    encoding->data = NULL;
    encoding->convert = NULL;
    encoding->release = NULL;
    return XML_STATUS_OK;
}

/* ---- the whole ---- */

struct dmarc_reader *dmarc_reader_new(struct arena *arena) {
    struct dmarc_reader *reader = calloc(1, sizeof *reader);
    XML_Parser parser = XML_ParserCreate(NULL);
    if (!reader || !parser) FATAL("out of memory for a report");
    reader->arena = arena;
    reader->parser = parser;
    reader->text = buffer_new(4 * (size_t)FEEDBACK_TEXT_BYTES_MAX);
    reader->feedback.kind = FEEDBACK_DMARC;
    XML_SetUserData(parser, reader);
    XML_SetElementHandler(parser, begun, ended);
    XML_SetCharacterDataHandler(parser, told);
    XML_SetStartDoctypeDeclHandler(parser, declared);
    XML_SetUnknownEncodingHandler(parser, unknown_encoding, NULL);
    XML_SetParamEntityParsing(parser, XML_PARAM_ENTITY_PARSING_NEVER);
    return reader;
}

bool dmarc_reader_feed(struct dmarc_reader *reader, struct slice piece) {
    if (reader->is_malformed) return false;
    if (piece.len && XML_Parse(reader->parser, (const char *)piece.ptr, (int)piece.len, 0) != XML_STATUS_OK)
        reader->is_malformed = true;
    return !reader->is_malformed;
}

static enum feedback_result judge(struct dmarc_reader *reader) {
    struct feedback *feedback = &reader->feedback;
    if (!reader->is_malformed && XML_Parse(reader->parser, "", 0, 1) != XML_STATUS_OK)
        reader->is_malformed = true;
    if (reader->is_malformed) return FEEDBACK_MALFORMED;
    if (!reader->has_root) return FEEDBACK_FOREIGN;
    feedback->domain = feedback->policy.domain;
    bool is_whole = reader->has_policy && feedback->domain.len && feedback->id.len && feedback->end_s > 0;
    return is_whole ? FEEDBACK_OK : FEEDBACK_INCOMPLETE;
}

enum feedback_result dmarc_reader_finish(struct dmarc_reader **reader, struct feedback *feedback) {
    struct dmarc_reader *ended_reader = *reader;
    *reader = NULL;
    enum feedback_result result = judge(ended_reader);
    *feedback = result == FEEDBACK_OK ? ended_reader->feedback : (struct feedback){0};
    XML_ParserFree(ended_reader->parser);
    buffer_free(&ended_reader->text);
    free(ended_reader);
    return result;
}
