/*
 * Reports to others in the remote role (transit/reporting.h): who wants one, DNS says; it is written here and
 * goes out as mail like any other, or by HTTPS. What DNS does not say now is asked again in the next run,
 * until what was seen is too old.
 */
#include <stdlib.h>

#include "base/encode.h"
#include "intake/facts.h"
#include "resolve/resolver.h"
#include "store/body_pack.h"
#include "transit/courier_state.h"
#include "transit/protocol.h"
#include "transit/reporting.h"
#include "transit/reporting_mail.h"
#include "trust/dmarc.h"
#include "trust/web_fetch.h"
#include "wire/address_split.h"
#include "wire/feedback_write.h"
#include "wire/smtp_address.h"
#include "wire/smtp_parameter.h"

enum {
    WORK_ARENA_BYTES = 24 << 20,
    QUESTION_BYTES = 4096,
    STORE_MS = 60 * 1000,
    DAY_S = 24 * 3600,
    ADDRESS_BYTES_MAX = 320,
    PACKED_PIECE_BYTES = 256 * 1024,
    /* So much goes of what is too long before it is tried again. */
    SHRINK_PART = 4,
};

/* Where one report goes. */
struct targets {
    struct slice addresses[REPORTING_URIS_MAX];
    /* How large its mail may be, 0: not said (RFC 7489 6.2; RFC 9990 has no more of it). */
    uint64_t bytes_max[REPORTING_URIS_MAX];
    size_t address_count;
    struct slice urls[REPORTING_URIS_MAX];
    struct slice hosts[REPORTING_URIS_MAX];
    size_t url_count;
    /* DNS did not say of one. */
    bool is_unsure;
};

/* One domain's day at work. */
struct reporting {
    struct task *t;
    struct courier *courier;
    struct arena *arena;
    struct trust_lookups lookups;
    enum feedback_kind kind;
    const struct reporting_work *work;
    struct slice sender;
    struct slice hostname;
    struct targets targets;
    struct feedback feedback;
    struct buffer packed;
};

enum reporting_end { REPORTING_SENT, REPORTING_UNWANTED, REPORTING_PUT_OFF };

/* ---- where to ---- */

/* "%40" and the like (RFC 3986 2.1). */
static struct slice unescape(struct arena *arena, struct slice text) {
    struct buffer out = buffer_new(ADDRESS_BYTES_MAX);
    while (text.len) {
        struct slice digits = slice_sub(text, 1, 2);
        bool is_escape = text.ptr[0] == '%' && digits.len == 2 && hex_decode(&out, digits);
        if (!is_escape) buffer_append_byte(&out, text.ptr[0]);
        text = slice_skip(text, is_escape ? 3 : 1);
    }
    struct slice copy = buffer_overflowed(&out) ? SLICE_EMPTY : arena_copy(arena, buffer_slice(&out));
    buffer_free(&out);
    return copy;
}

/* "!10m" behind a URI, up to the list's next comma. */
static uint64_t size_behind(struct slice list, struct slice uri) {
    struct slice rest = slice_skip(list, (size_t)(uri.ptr - list.ptr) + uri.len);
    uint64_t number = 0;
    if (!slice_take_byte(&rest, '!') || !slice_take_number(&rest, UINT32_MAX, &number)) return 0;
    static const char units[] = "kmgt";
    const char *unit = rest.len ? strchr(units, ascii_lower(rest.ptr[0])) : NULL;
    return unit && *unit ? number << 10 * (unit - units + 1) : number;
}

static void add_address(struct reporting *reporting, const struct dmarc_uri *uri, uint64_t bytes_max) {
    struct targets *targets = &reporting->targets;
    struct smtp_address parsed;
    struct slice address = unescape(reporting->arena, uri->address);
    if (targets->address_count == REPORTING_URIS_MAX || address.len == 0 ||
        smtp_address_parse(reporting->arena, address, &parsed) != SMTP_ADDRESS_OK)
        return;
    for (size_t i = 0; i < targets->address_count; i++)
        if (slice_equal_nocase(targets->addresses[i], address)) return;
    targets->bytes_max[targets->address_count] = bytes_max;
    targets->addresses[targets->address_count++] = address;
}

/* RFC 7489 7.1: who is named by another organisation has to agree. */
static void add_of_dmarc(struct reporting *reporting, struct slice list) {
    struct slice rest = list;
    struct dmarc_uri uri;
    while (dmarc_uri_next(&rest, &uri)) {
        if (uri.address.len == 0) continue;
        enum trust_result welcome = dmarc_reports_welcome(reporting->t, &reporting->lookups,
                                                          reporting->work->batch.place.domain, uri.host);
        if (welcome == TRUST_TEMPERROR) reporting->targets.is_unsure = true;
        if (welcome == TRUST_PASS) add_address(reporting, &uri, size_behind(list, uri.text));
    }
}

static void add_url(struct reporting *reporting, struct slice url) {
    struct targets *targets = &reporting->targets;
    struct slice rest = url;
    if (!slice_take_prefix_nocase(&rest, SLICE("https://")) || targets->url_count == REPORTING_URIS_MAX)
        return;
    struct slice host = slice_take_until(&rest, '/');
    host = slice_take_until(&host, ':');
    if (host.len == 0) return;
    targets->hosts[targets->url_count] = arena_copy(reporting->arena, host);
    targets->urls[targets->url_count++] = arena_copy(reporting->arena, url);
}

static void find_of_tls(struct reporting *reporting) {
    struct slice domain = reporting->work->batch.place.domain;
    struct slice name = arena_printf(reporting->arena, "_smtp._tls.%.*s", SLICE_PRINT(domain));
    struct trust_texts texts = trust_look_up_texts(reporting->t, &reporting->lookups, name);
    struct slice list;
    struct dmarc_uri uri;
    reporting->targets.is_unsure = trust_is_unsure(texts.result);
    if (!tls_report_record_read(texts.items, texts.count, &list)) return;
    while (dmarc_uri_next(&list, &uri)) {
        if (uri.address.len)
            add_address(reporting, &uri, 0);
        else
            add_url(reporting, uri.text);
    }
}

static void find_targets(struct reporting *reporting) {
    struct dmarc_record record;
    if (reporting->kind == FEEDBACK_TLS)
        find_of_tls(reporting);
    else if (dmarc_record_parse(reporting->work->batch.text, &record, NULL))
        add_of_dmarc(reporting, record.aggregate_uris);
}

/* ---- what ---- */

/* A day that is not over ends now. */
static void describe(struct reporting *reporting) {
    const struct seen_place *place = &reporting->work->batch.place;
    int64_t now_s = env_wall_ms(reporting->courier->env) / 1000;
    int64_t end_s = (place->day + 1) * DAY_S - 1;
    reporting->feedback = (struct feedback){.kind = reporting->kind,
                                            .organization = reporting->hostname,
                                            .contact = reporting->sender,
                                            .domain = place->domain,
                                            .begin_s = place->day * DAY_S,
                                            .end_s = end_s < now_s ? end_s : now_s};
    reporting->feedback.id = arena_printf(
        reporting->arena, "%lld.%lld.%.*s@%.*s", (long long)reporting->feedback.begin_s,
        (long long)reporting->feedback.end_s, SLICE_PRINT(place->domain), SLICE_PRINT(reporting->hostname));
}

static void describe_policy(struct reporting *reporting) {
    struct dmarc_record record = {0};
    if (!dmarc_record_parse(reporting->work->batch.text, &record, NULL) || !dmarc_record_mend(&record))
        record.policy = DMARC_NONE;
    reporting->feedback.policy = (struct feedback_policy){.domain = reporting->feedback.domain,
                                                          .policy = record.policy,
                                                          .subdomain_policy = record.subdomain_policy,
                                                          .absent_policy = record.absent_policy,
                                                          .is_dkim_strict = record.is_dkim_strict,
                                                          .is_spf_strict = record.is_spf_strict,
                                                          .is_test = record.is_test};
}

static void fill_dmarc(struct reporting *reporting) {
    const struct seen_batch *batch = &reporting->work->batch;
    struct feedback *feedback = &reporting->feedback;
    describe_policy(reporting);
    feedback->records = ARENA_NEW_ARRAY(reporting->arena, struct feedback_record, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        struct unpacker in = unpacker_of(batch->items[i].bytes);
        struct feedback_record *record = &feedback->records[feedback->record_count];
        feedback_record_unpack(&in, reporting->arena, record);
        if (!unpack_is_done(&in)) continue;
        record->count = batch->items[i].count;
        *(record->is_dkim_aligned || record->is_spf_aligned ? &feedback->passed : &feedback->failed) +=
            record->count;
        feedback->record_count++;
    }
}

static struct feedback_way *way_of(struct reporting *reporting, enum tls_policy_type type) {
    struct feedback *feedback = &reporting->feedback;
    for (size_t i = 0; i < feedback->way_count; i++)
        if (feedback->ways[i].type == type) return &feedback->ways[i];
    struct feedback_way *way = &feedback->ways[feedback->way_count++];
    *way = (struct feedback_way){.type = type, .domain = feedback->domain};
    way->failures = ARENA_NEW_ARRAY(reporting->arena, struct feedback_failure, reporting->work->batch.count);
    return way;
}

static void fill_tls(struct reporting *reporting) {
    const struct seen_batch *batch = &reporting->work->batch;
    reporting->feedback.ways = ARENA_NEW_ARRAY(reporting->arena, struct feedback_way, TLS_POLICY_TYPES);
    for (size_t i = 0; i < batch->count; i++) {
        struct tls_result result;
        if (!seen_tls_unpack(batch->items[i].bytes, &result)) continue;
        struct feedback_way *way = way_of(reporting, result.policy);
        uint64_t count = batch->items[i].count;
        if (result.result == TLS_RESULT_SUCCESS) {
            way->succeeded += count;
            reporting->feedback.passed += count;
            continue;
        }
        way->failed += count;
        reporting->feedback.failed += count;
        way->failures[way->failure_count++] =
            (struct feedback_failure){.type = result.result,
                                      .type_text = slice_from_text(tls_result_type_name(result.result)),
                                      .host = result.host,
                                      .host_address = result.host_address,
                                      .sender_address = result.sender_address,
                                      .count = count};
    }
}

/* Others have their turn between its pieces. False: there is no room for all of it, or the task ends. */
static bool pack_document(struct reporting *reporting, struct slice document) {
    struct archive_packer *packer = archive_packer_new();
    bool goes_on = true;
    buffer_clear(&reporting->packed);
    while (document.len && goes_on) {
        archive_packer_feed(packer, slice_take(&document, PACKED_PIECE_BYTES), &reporting->packed);
        goes_on = task_yield(reporting->t) == WAIT_OK && !buffer_overflowed(&reporting->packed);
    }
    archive_packer_finish(&packer, &reporting->packed);
    return goes_on && !buffer_overflowed(&reporting->packed);
}

static bool write_document(struct reporting *reporting, struct buffer *document) {
    buffer_clear(document);
    if (reporting->kind == FEEDBACK_TLS)
        tls_report_write(document, &reporting->feedback, reporting->work->batch.text);
    else
        dmarc_report_write(document, &reporting->feedback);
    return !buffer_overflowed(document) && pack_document(reporting, buffer_slice(document));
}

static size_t kept_of(size_t count) { return count - (count + SHRINK_PART - 1) / SHRINK_PART; }

/* Those with the fewest messages stand last. */
static bool cut_records(struct feedback *feedback) {
    size_t kept = kept_of(feedback->record_count);
    for (size_t i = kept; i < feedback->record_count; i++) feedback->left_out += feedback->records[i].count;
    bool is_less = kept < feedback->record_count;
    feedback->record_count = kept;
    return is_less;
}

/* RFC 8460 4.4: the sums stay what they are. */
static bool cut_failures(struct feedback *feedback) {
    bool is_less = false;
    for (size_t i = 0; i < feedback->way_count; i++) {
        struct feedback_way *way = &feedback->ways[i];
        size_t kept = kept_of(way->failure_count);
        for (size_t k = kept; k < way->failure_count; k++) feedback->left_out += way->failures[k].count;
        is_less = is_less || kept < way->failure_count;
        way->failure_count = kept;
    }
    return is_less;
}

/* What is too long is told in part, and says so. False: the task ends. */
static bool write_report(struct reporting *reporting) {
    struct buffer document = buffer_new(REPORTING_BYTES_MAX);
    struct feedback *feedback = &reporting->feedback;
    bool is_less = true;
    describe(reporting);
    if (reporting->kind == FEEDBACK_TLS)
        fill_tls(reporting);
    else
        fill_dmarc(reporting);
    feedback->left_out += reporting->work->batch.left_out;
    bool is_written = write_document(reporting, &document);
    while (!is_written && is_less && !task_is_cancelled(reporting->t)) {
        is_less = reporting->kind == FEEDBACK_TLS ? cut_failures(feedback) : cut_records(feedback);
        is_written = is_less && write_document(reporting, &document);
    }
    buffer_free(&document);
    return is_written;
}

/* ---- the way ---- */

static void write_mail(struct reporting *reporting, const struct slice *addresses, size_t count,
                       struct buffer *message) {
    struct env *env = reporting->courier->env;
    struct reporting_mail mail = {.feedback = &reporting->feedback,
                                  .packed = buffer_slice(&reporting->packed),
                                  .sender = reporting->sender,
                                  .recipients = addresses,
                                  .recipient_count = count,
                                  .hostname = reporting->hostname,
                                  .now_ms = env_wall_ms(env)};
    env_random(env, mail.random, sizeof mail.random);
    reporting_mail_write(message, &mail);
}

static void pack_body(struct buffer *packed, struct slice message, struct delivery *delivery) {
    struct body_packer *packer = body_packer_new(NULL);
    body_packer_feed(packer, message, packed);
    delivery->body.raw_bytes = body_packer_finish(packer, packed);
    delivery->body.packed = buffer_slice(packed);
    body_packer_free(&packer);
}

/* ---- to ourselves ---- */

static enum reporting_keeping ask_own(struct reporting *reporting, const struct reporting_own *own) {
    struct courier *courier = reporting->courier;
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    enum reporting_keeping keeping = REPORTING_KEEPS_NOTHING;
    reporting_own_pack(&question, own);
    if (!buffer_overflowed(&question) &&
        courier_ask(reporting->t, courier, TRANSIT_REPORTING_OWN, buffer_slice(&question), false,
                    env_now_ms(courier->env) + STORE_MS, &answer)) {
        struct unpacker in = unpacker_of(buffer_slice(&answer.body));
        keeping = (enum reporting_keeping)unpack_number_max(&in, REPORTING_KEEPINGS - 1);
        ipc_answer_free(&answer);
    }
    buffer_free(&question);
    return keeping;
}

static struct feedback_entry entry_of(const struct reporting *reporting) {
    const struct feedback *feedback = &reporting->feedback;
    return (struct feedback_entry){.received_ms = env_wall_ms(reporting->courier->env),
                                   .kind = feedback->kind,
                                   .domain = feedback->domain,
                                   .organization = feedback->organization,
                                   .report = feedback->id,
                                   .author = address_split_domain(reporting->sender),
                                   .trust = FEEDBACK_VOUCHED,
                                   .begin_s = feedback->begin_s,
                                   .end_s = feedback->end_s,
                                   .passed = feedback->passed,
                                   .failed = feedback->failed};
}

/* It does not come in by SMTP, where those of others are read. */
static bool keep_own(struct reporting *reporting, const struct slice *addresses, size_t count) {
    struct reporting_own own = {.address_count = count, .entry = entry_of(reporting)};
    for (size_t i = 0; i < count; i++) own.addresses[i] = addresses[i];
    if (ask_own(reporting, &own) != REPORTING_WANTS_IT) return false;
    struct buffer details = buffer_new(FEEDBACK_STORED_BYTES_MAX);
    feedback_pack(&details, &reporting->feedback);
    own.entry.details = buffer_slice(&details);
    bool is_kept = !buffer_overflowed(&details) && ask_own(reporting, &own) == REPORTING_KEPT;
    buffer_free(&details);
    return is_kept;
}

/* Says what is done with the day; with a message, to whom it goes. False: the store did not do it. */
static bool say(struct reporting *reporting, const struct delivery *mail, bool is_kept) {
    struct courier *courier = reporting->courier;
    struct reporting_done done = {
        .kind = reporting->kind, .place = reporting->work->batch.place, .is_kept = is_kept};
    struct buffer question = buffer_new(IPC_FRAME_BYTES_MAX);
    struct ipc_answer answer;
    if (mail) done.mail = *mail;
    reporting_done_pack(&question, &done);
    bool is_done = !buffer_overflowed(&question) &&
                   courier_ask(reporting->t, courier, TRANSIT_REPORTING_DONE, buffer_slice(&question), false,
                               env_now_ms(courier->env) + STORE_MS, &answer);
    if (is_done) {
        struct unpacker in = unpacker_of(buffer_slice(&answer.body));
        is_done = unpack_bool(&in) && unpack_is_done(&in);
        ipc_answer_free(&answer);
    }
    buffer_free(&question);
    return is_done;
}

static bool say_with_mail(struct reporting *reporting, const struct slice *addresses, size_t count) {
    struct courier *courier = reporting->courier;
    struct buffer message = buffer_new(2 * (size_t)IPC_FRAME_BYTES_MAX);
    struct buffer packed = buffer_new(2 * (size_t)IPC_FRAME_BYTES_MAX);
    struct analyser *analyser = analysis_new(reporting->arena);
    struct queue_recipient queue[REPORTING_URIS_MAX];
    int64_t now_ms = env_wall_ms(courier->env);
    bool is_tls = reporting->kind == FEEDBACK_TLS;
    struct delivery delivery = {.id = id_next(&courier->ids, now_ms),
                                .stream = QUEUE_TRANSACTIONAL,
                                .properties =
                                    OUTGOING_COMPOSED | OUTGOING_REPORT | (is_tls ? OUTGOING_WAIVES_TLS : 0),
                                .mail_from = reporting->sender,
                                .received_ms = now_ms,
                                .queue = queue,
                                .queue_count = count};
    /* Nobody waits for news of it (RFC 3461 4.1). */
    for (size_t i = 0; i < count; i++)
        queue[i] = (struct queue_recipient){.address = addresses[i], .notify = SMTP_NOTIFY_NEVER};
    write_mail(reporting, addresses, count, &message);
    pack_body(&packed, buffer_slice(&message), &delivery);
    analysis_feed(analyser, buffer_slice(&message));
    delivery.facts = facts_of_analysis(reporting->arena, analysis_finish(analyser));
    bool is_done = !buffer_overflowed(&message) && !buffer_overflowed(&packed) &&
                   say(reporting, &delivery, keep_own(reporting, addresses, count));
    analysis_free(&analyser);
    buffer_free(&message);
    buffer_free(&packed);
    return is_done;
}

/* Those whom it is not too large for. */
static size_t fitting(const struct reporting *reporting, struct slice *addresses) {
    const struct targets *targets = &reporting->targets;
    uint64_t bytes = reporting->packed.len;
    size_t count = 0;
    for (size_t i = 0; i < targets->address_count; i++)
        if (targets->bytes_max[i] == 0 || bytes <= targets->bytes_max[i])
            addresses[count++] = targets->addresses[i];
    return count;
}

/* RFC 8460 5.4. */
static bool post(struct reporting *reporting, size_t at) {
    struct courier *courier = reporting->courier;
    struct web_world world = {.lookups = &reporting->lookups,
                              .roots_pem = courier->roots_pem,
                              .port = courier->settings.https_port,
                              .allows_private = courier->settings.allows_private};
    struct web_fetched fetched;
    web_post(reporting->t, &world, reporting->targets.urls[at], SLICE("application/tlsrpt+gzip"),
             buffer_slice(&reporting->packed), env_now_ms(courier->env) + REPORTING_FETCH_MS, &fetched);
    bool is_taken = fetched.answer.result == FETCH_OK && fetched.answer.status / 100 == 2;
    if (!is_taken)
        LOG_WARN(courier->env->log, "reporting.not_posted", LOG_TEXT("url", reporting->targets.urls[at]),
                 LOG_NUMBER("status", fetched.answer.status), LOG_TEXT("reason", fetched.reason));
    return is_taken;
}

static bool post_all(struct reporting *reporting) {
    bool is_taken = false;
    for (size_t i = 0; i < reporting->targets.url_count; i++) is_taken = post(reporting, i) || is_taken;
    return is_taken;
}

static enum reporting_end leave(struct reporting *reporting) {
    struct slice addresses[REPORTING_URIS_MAX];
    size_t count = fitting(reporting, addresses);
    bool is_posted = post_all(reporting);
    if (count) return say_with_mail(reporting, addresses, count) ? REPORTING_SENT : REPORTING_PUT_OFF;
    if (reporting->targets.url_count && !is_posted) return REPORTING_PUT_OFF;
    if (!say(reporting, NULL, false)) return REPORTING_PUT_OFF;
    return is_posted ? REPORTING_SENT : REPORTING_UNWANTED;
}

/* ---- a run ---- */

static void log_end(const struct reporting *reporting, enum reporting_end end) {
    static const char *const words[] = {"sent", "unwanted", "put off"};
    const struct targets *targets = &reporting->targets;
    LOG_INFO(reporting->courier->env->log, "reporting.domain",
             LOG_CSTR("kind", feedback_kind_name(reporting->kind)),
             LOG_TEXT("domain", reporting->work->batch.place.domain),
             LOG_TEXT("to", targets->address_count ? targets->addresses[0]
                            : targets->url_count   ? targets->urls[0]
                                                   : SLICE_EMPTY),
             LOG_CSTR("result", words[end]), LOG_NUMBER("left_out", reporting->feedback.left_out));
}

static enum reporting_end report_domain(struct reporting *reporting) {
    const struct targets *targets = &reporting->targets;
    find_targets(reporting);
    if (targets->address_count + targets->url_count == 0) {
        if (targets->is_unsure || !say(reporting, NULL, false)) return REPORTING_PUT_OFF;
        return REPORTING_UNWANTED;
    }
    return write_report(reporting) ? leave(reporting) : REPORTING_PUT_OFF;
}

static struct slice sender_of(const struct courier *courier, struct arena *arena,
                              const struct reporting_work *work) {
    if (courier->settings.report_sender.len) return arena_copy(arena, courier->settings.report_sender);
    struct slice domain = work->our_domain.len ? work->our_domain : courier->settings.hostname;
    return arena_printf(arena, "postmaster@%.*s", SLICE_PRINT(domain));
}

static void report_work(struct task *t, struct courier *courier, struct resolver *resolver,
                        struct arena *arena, enum feedback_kind kind, const struct reporting_work *work,
                        struct reporting_result *result) {
    int64_t until_ms = env_now_ms(courier->env) + REPORTING_LOOKUP_MS;
    struct reporting reporting = {.t = t,
                                  .courier = courier,
                                  .arena = arena,
                                  .lookups = trust_lookups_of(resolver, arena, until_ms, false),
                                  .kind = kind,
                                  .work = work,
                                  .sender = sender_of(courier, arena, work),
                                  .hostname = arena_copy(arena, courier->settings.hostname),
                                  .packed = buffer_new(REPORTING_PACKED_BYTES_MAX)};
    enum reporting_end end = report_domain(&reporting);
    result->sent += end == REPORTING_SENT;
    result->unwanted += end == REPORTING_UNWANTED;
    result->put_off += end == REPORTING_PUT_OFF;
    if (end == REPORTING_SENT) result->left_out += reporting.feedback.left_out;
    log_end(&reporting, end);
    buffer_free(&reporting.packed);
}

/* False: there is none, or no answer. */
static bool ask_next(struct task *t, struct courier *courier, struct arena *arena,
                     const struct reporting_next *next, struct reporting_work *work) {
    struct buffer question = buffer_new(QUESTION_BYTES);
    struct ipc_answer answer;
    reporting_next_pack(&question, next);
    bool is_told = courier_ask(t, courier, TRANSIT_REPORTING_NEXT, buffer_slice(&question), false,
                               env_now_ms(courier->env) + STORE_MS, &answer);
    buffer_free(&question);
    if (!is_told) return false;
    struct unpacker in = unpacker_of(arena_copy(arena, buffer_slice(&answer.body)));
    reporting_work_unpack(&in, arena, work);
    ipc_answer_free(&answer);
    return unpack_is_done(&in) && work->is_there;
}

static void run_kind(struct task *t, struct courier *courier, struct resolver *resolver,
                     enum feedback_kind kind, int64_t last_day, struct reporting_result *result) {
    struct reporting_next next = {.kind = kind, .last_day = last_day};
    struct buffer domain = buffer_new(DNS_NAME_BYTES_MAX);
    bool goes_on = true;
    while (goes_on && !task_is_cancelled(t) && !courier->is_closing) {
        struct arena *arena = arena_new(WORK_ARENA_BYTES);
        struct reporting_work work;
        next.after.domain = buffer_slice(&domain);
        goes_on = ask_next(t, courier, arena, &next, &work);
        if (goes_on) {
            report_work(t, courier, resolver, arena, kind, &work, result);
            next.after.day = work.batch.place.day;
            buffer_clear(&domain);
            buffer_append(&domain, work.batch.place.domain);
            goes_on = !buffer_overflowed(&domain);
        }
        arena_free(&arena);
    }
    buffer_free(&domain);
}

static void run(struct task *t, struct courier *courier, int64_t last_day, struct reporting_result *result) {
    struct resolver *resolver = resolver_new_following(courier->env, courier->dns);
    courier->is_reporting = true;
    if (courier->settings.reports_dmarc) run_kind(t, courier, resolver, FEEDBACK_DMARC, last_day, result);
    if (courier->settings.reports_tls) run_kind(t, courier, resolver, FEEDBACK_TLS, last_day, result);
    courier->is_reporting = false;
    resolver_close(t, &resolver);
}

void courier_reporting_run(struct task *t, struct courier *courier, struct ipc_request *request) {
    struct unpacker in = unpacker_of(request->message.body);
    struct buffer out = buffer_new(QUESTION_BYTES);
    struct reporting_result result = {.is_busy = courier->is_reporting};
    uint64_t last_day = unpack_number_max(&in, INT32_MAX);
    if (unpack_is_done(&in) && !courier->is_reporting) run(t, courier, (int64_t)last_day, &result);
    reporting_result_pack(&out, &result);
    channel_reply(request, buffer_slice(&out), HANDLE_NONE);
    buffer_free(&out);
}
