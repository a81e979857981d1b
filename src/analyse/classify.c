#include "analyse/classify.h"

#include <stdlib.h>

#include "analyse/auto_reply.h"
#include "analyse/category.h"
#include "analyse/new_text.h"
#include "analyse/phrase.h"
#include "analyse/return_date.h"
#include "analyse/text_address.h"
#include "analyse/wish.h"
#include "base/limits.h"
#include "base/limits_classify.h"
#include "wire/address.h"
#include "wire/charset.h"
#include "wire/message_id.h"

struct classifier {
    struct arena *arena;
    /* Whatever is not of the result. */
    struct arena *scratch;
    struct letter_writer *writer;
};

struct classifier *classifier_new(struct arena *arena) {
    struct classifier *classifier = calloc(1, sizeof *classifier);
    if (!classifier) FATAL("out of memory for a classifier");
    classifier->arena = arena;
    classifier->scratch = arena_new(CLASSIFY_SCRATCH_BYTES_MAX);
    classifier->writer = letter_writer_new(classifier->scratch);
    return classifier;
}

void classifier_free(struct classifier **classifier) {
    if (!*classifier) return;
    letter_writer_free(&(*classifier)->writer);
    arena_free(&(*classifier)->scratch);
    free(*classifier);
    *classifier = NULL;
}

void classifier_feed(struct classifier *classifier, struct slice chunk) {
    letter_feed(classifier->writer, chunk);
}
void classifier_header(struct classifier *classifier, const struct mime_part *part, struct slice header) {
    letter_header(classifier->writer, part, header);
}
void classifier_body(struct classifier *classifier, const struct mime_part *part, struct slice bytes) {
    letter_body(classifier->writer, part, bytes);
}

/* ---- evidence ---- */

static struct slice shown(struct arena *arena, struct slice text) {
    struct buffer clean = buffer_new(CLASSIFY_EVIDENCE_BYTES_MAX + 8);
    for (size_t i = 0; i < text.len && clean.len < clean.max_bytes; i++) {
        uint8_t c = text.ptr[i];
        bool is_blank = c <= ' ' || c == 0x7f;
        if (is_blank && clean.len && clean.ptr[clean.len - 1] == ' ') continue;
        buffer_append_byte(&clean, is_blank ? ' ' : c);
    }
    struct buffer valid = buffer_new(3 * (size_t)CLASSIFY_EVIDENCE_BYTES_MAX);
    charset_to_utf8(SLICE("utf-8"), slice_trim(utf8_cut(buffer_slice(&clean), CLASSIFY_EVIDENCE_BYTES_MAX)),
                    &valid);
    struct slice kept;
    if (!arena_try_copy(arena, buffer_slice(&valid), &kept)) kept = SLICE_EMPTY;
    buffer_free(&clean);
    buffer_free(&valid);
    return kept;
}

void classification_add_evidence(struct arena *arena, struct classification *c, struct slice rule,
                                 struct slice saw) {
    if (c->evidence_count == CLASSIFY_EVIDENCE_MAX) return;
    if (!c->evidence) c->evidence = arena_try_alloc(arena, CLASSIFY_EVIDENCE_MAX * sizeof *c->evidence);
    if (!c->evidence) return;
    c->evidence[c->evidence_count++] = (struct evidence){shown(arena, rule), shown(arena, saw)};
}

/* ---- kinds, in the order in which they are looked for ---- */

struct judging {
    struct arena *arena;
    struct arena *scratch;
    const struct letter *letter;
    struct classification *result;
    /* The message that is given back. */
    struct letter_original original;
    /* What a report says of its id. */
    struct slice reported_id;
    /* All of the text, and what is new in it; folded. */
    struct slice folded;
    struct slice new_folded;
};

static void say(struct judging *judging, const char *rule, struct slice saw) {
    classification_add_evidence(judging->arena, judging->result, slice_from_text(rule), saw);
}

static struct slice keep(struct judging *judging, struct slice text) {
    struct slice kept;
    return arena_try_copy(judging->arena, text, &kept) ? kept : SLICE_EMPTY;
}

static bool is_staff_of_hotmail(const struct letter *letter) {
    return slice_equal_nocase(letter->from_local, SLICE("staff")) &&
           slice_equal_nocase(letter->from_domain, SLICE("hotmail.com")) &&
           slice_starts(letter->subject_folded, SLICE("complaint about message"));
}

/* RFC 5965, and those who report in their own way. */
static bool judge_complaint(struct judging *judging) {
    const struct letter *letter = judging->letter;
    struct classification *c = judging->result;
    struct complaint_report report = {0};
    struct bounce_sns sns;
    if (letter->part == LETTER_COMPLAINT) {
        complaint_report_read(judging->scratch, letter->report, &report);
        c->type = keep(judging, report.type.len ? report.type : SLICE("abuse"));
        c->original_recipient = keep(judging, report.recipient);
        say(judging, "message/feedback-report", c->type);
    } else if (letter->original.complainer.len || is_staff_of_hotmail(letter)) {
        c->type = SLICE("abuse");
        c->original_recipient = keep(judging, letter->original.complainer);
        say(judging, "complaint of Outlook.com", letter->subject);
    } else if (bounce_sns_read(judging->scratch, letter, &sns) && slice_equal(sns.type, SLICE("Complaint"))) {
        c->type = keep(judging, sns.feedback.len ? sns.feedback : SLICE("abuse"));
        if (sns.report.count) c->original_recipient = keep(judging, sns.report.recipients[0].address);
        say(judging, "a notice of Amazon SES", sns.type);
    } else if (letter->signs & LETTER_APPLE_UNSUBSCRIBE) {
        c->type = SLICE("opt-out");
        say(judging, "X-Apple-Unsubscribe", SLICE("true"));
    } else {
        return false;
    }
    c->kind = CLASS_COMPLAINT;
    c->is_unsubscribe = slice_starts_nocase(c->type, SLICE("opt-out"));
    return true;
}

/* RFC 8098. */
static bool judge_disposition(struct judging *judging) {
    struct disposition_report report;
    if (judging->letter->part != LETTER_DISPOSITION) return false;
    disposition_report_read(judging->scratch, judging->letter->report, &report);
    judging->result->kind = CLASS_RECEIPT;
    judging->result->type = keep(judging, report.type);
    judging->reported_id = report.message_id;
    struct slice recipient = report.original.len ? report.original : report.recipient;
    judging->result->original_recipient = keep(judging, recipient);
    say(judging, "message/disposition-notification", report.type);
    return true;
}

/* An automatic answer that came from a mail system's own address, as those of Microsoft 365 do. */
static bool judge_early_answer(struct judging *judging) {
    const struct letter *letter = judging->letter;
    bool is_report = letter->part != LETTER_NO_PART || letter->failed.len || letter->original.is_there ||
                     (letter->signs & (LETTER_REPORT | LETTER_EXCHANGE_NDR));
    return !is_report && ((letter->signs & LETTER_RULES_LOOP) || auto_reply_has_subject(letter)) &&
           phrase_find(judging->folded, SLICE("no longer in use")) == SLICE_NOT_FOUND;
}

static void keep_recipients(struct judging *judging, const struct bounce *bounce) {
    struct classification *c = judging->result;
    judging->original = bounce->original;
    if (bounce->count == 0) return;
    struct bounce_recipient *kept = arena_try_alloc(judging->arena, bounce->count * sizeof *kept);
    if (!kept) return;
    for (size_t i = 0; i < bounce->count; i++) {
        kept[i] = bounce->recipients[i];
        kept[i].address = keep(judging, bounce->recipients[i].address);
        kept[i].final = keep(judging, bounce->recipients[i].final);
        kept[i].diagnostic = keep(judging, bounce->recipients[i].diagnostic);
        c->is_hard |= kept[i].is_hard;
    }
    c->recipients = kept;
    c->recipient_count = bounce->count;
    if (c->original_recipient.len == 0) c->original_recipient = kept[0].address;
}

static bool judge_bounce(struct judging *judging) {
    static const enum classification_kind kinds[] = {
        [BOUNCE_FAILURE] = CLASS_BOUNCE, [BOUNCE_DELAY] = CLASS_DELAY, [BOUNCE_SUCCESS] = CLASS_RECEIPT};
    struct bounce bounce;
    bounce_read(judging->scratch, judging->letter, &bounce);
    if (bounce.kind == BOUNCE_NONE) return false;
    judging->result->kind = kinds[bounce.kind];
    say(judging, "a mail system reports", bounce.evidence);
    judging->reported_id = bounce.message_id;
    keep_recipients(judging, &bounce);
    for (size_t i = 0; i < bounce.count; i++) {
        const struct bounce_recipient *recipient = &bounce.recipients[i];
        if (recipient->action != DELIVERY_FAILED) continue;
        struct slice saw = recipient->phrase.len ? recipient->phrase : recipient->diagnostic;
        say(judging, bounce_reason_name(recipient->reason), saw);
    }
    return true;
}

static bool judge_auto_reply(struct judging *judging) {
    struct slice evidence;
    enum auto_reply answer = auto_reply_read(judging->letter, judging->folded, &evidence);
    if (answer == AUTO_REPLY_NOT) return false;
    judging->result->kind = answer == AUTO_REPLY_PLAIN ? CLASS_AUTO_REPLY : CLASS_OUT_OF_OFFICE;
    say(judging, "an automatic answer", evidence);
    return true;
}

static bool is_nobody(struct slice local) {
    static const struct slice nobodies[] = {
        SLICE_INIT("noreply"),         SLICE_INIT("no-reply"),      SLICE_INIT("no_reply"),
        SLICE_INIT("donotreply"),      SLICE_INIT("do-not-reply"),  SLICE_INIT("do_not_reply"),
        SLICE_INIT("nicht-antworten"), SLICE_INIT("nepasrepondre"), SLICE_INIT("no.reply")};
    for (size_t i = 0; i < sizeof nobodies / sizeof nobodies[0]; i++)
        if (slice_starts_nocase(local, nobodies[i])) return true;
    return false;
}

/* No person's mail: it answers nothing, and its header says it was sent to many or by a machine. */
static bool judge_other(struct judging *judging) {
    const struct letter *letter = judging->letter;
    struct slice saw = SLICE_EMPTY;
    if ((letter->signs & LETTER_BY_HAND) || letter_is_answer(letter)) return false;
    if (letter->signs & LETTER_AUTO_GENERATED) saw = SLICE("Auto-Submitted: auto-generated");
    if (letter->signs & LETTER_UNSUBSCRIBABLE) saw = SLICE("List-Unsubscribe");
    if (letter->signs & LETTER_LIST) saw = SLICE("List-Id");
    if (letter->signs & LETTER_BULK) saw = SLICE("Precedence");
    if (is_nobody(letter->from_local)) saw = letter->from_local;
    if (bounce_is_daemon(letter) && (letter->signs & LETTER_NULL_PATH)) saw = SLICE("a mail system's sender");
    if (saw.len == 0) return false;
    judging->result->kind = CLASS_OTHER;
    say(judging, "sent by a machine, and no answer", saw);
    return true;
}

static void judge_kind(struct judging *judging) {
    if (judge_complaint(judging) || judge_disposition(judging)) return;
    if (judge_early_answer(judging) && judge_auto_reply(judging)) return;
    if (judge_bounce(judging) || judge_auto_reply(judging) || judge_other(judging)) return;
    judging->result->kind = CLASS_REPLY;
    say(judging, "a person may have written it", judging->letter->from_local);
}

/* ---- what was written ---- */

static struct slice fold(struct judging *judging, struct slice text) {
    struct buffer folded = buffer_new(LETTER_TEXT_BYTES_MAX);
    struct slice kept;
    phrase_fold(&folded, text);
    if (!arena_try_copy(judging->scratch, buffer_slice(&folded), &kept)) kept = SLICE_EMPTY;
    buffer_free(&folded);
    return kept;
}

static void read_new_text(struct judging *judging) {
    struct buffer text = buffer_new(CLASSIFY_NEW_TEXT_BYTES_MAX);
    if (judging->letter->is_from_html)
        new_text_append_html(&text, judging->letter->html);
    else
        new_text_append(&text, judging->letter->text);
    judging->result->new_text = keep(judging, utf8_cut(buffer_slice(&text), CLASSIFY_NEW_TEXT_BYTES_MAX));
    judging->new_folded = fold(judging, judging->result->new_text);
    buffer_free(&text);
}

static void read_return_day(struct judging *judging) {
    const struct letter *letter = judging->letter;
    struct classification *c = judging->result;
    if (!letter->is_sent_known) return;
    int64_t day = (letter->sent_ms + (int64_t)letter->zone_minutes * 60 * 1000) / (24 * 3600 * 1000);
    bool is_american = letter->zone_minutes <= -4 * 60;
    c->has_return_day = return_date_find(judging->new_folded, day, is_american, &c->return_day) ||
                        return_date_find(letter->subject_folded, day, is_american, &c->return_day);
}

static void read_wishes(struct judging *judging) {
    struct classification *c = judging->result;
    struct slice saw;
    c->is_unsubscribe = wish_unsubscribes(judging->new_folded, judging->letter->subject_folded, &saw);
    if (c->is_unsubscribe) say(judging, "asks for no more mail", saw);
    c->interest = c->is_unsubscribe ? INTEREST_NEGATIVE : wish_interest(judging->new_folded, &saw);
    if (!c->is_unsubscribe && c->interest) say(judging, interest_name(c->interest), saw);
    /* A person who says that they are away: it is known when to write again. */
    if (auto_reply_absence(judging->new_folded)) read_return_day(judging);
}

/* A machine that names the day of return answers for somebody who is away, whatever its other words. */
static void read_absence(struct judging *judging) {
    read_return_day(judging);
    if (judging->result->has_return_day) judging->result->kind = CLASS_OUT_OF_OFFICE;
}

static void read_words(struct judging *judging) {
    switch (judging->result->kind) {
    case CLASS_REPLY:
        read_wishes(judging);
        break;
    case CLASS_AUTO_REPLY:
    case CLASS_OUT_OF_OFFICE:
        read_absence(judging);
        break;
    default:
        break;
    }
}

/* ---- what it belongs to ---- */

static void add_id(struct judging *judging, struct slice id) {
    struct classification *c = judging->result;
    if (id.len == 0 || id.len > LETTER_ID_BYTES_MAX || slice_find_byte(id, '@') == SLICE_NOT_FOUND) return;
    for (size_t i = 0; i < c->id_count; i++)
        if (slice_equal(c->ids[i], id)) return;
    if (c->id_count == CLASSIFY_IDS_MAX) return;
    if (!c->ids) c->ids = arena_try_alloc(judging->arena, CLASSIFY_IDS_MAX * sizeof *c->ids);
    struct slice kept = c->ids ? keep(judging, id) : SLICE_EMPTY;
    if (kept.len) c->ids[c->id_count++] = kept;
}

static void add_list(struct judging *judging, struct slice value, bool is_newest_last) {
    struct slice ids[CLASSIFY_IDS_MAX];
    size_t seen = 0;
    for (struct slice id; message_id_next(&value, &id); seen++) ids[seen % CLASSIFY_IDS_MAX] = id;
    size_t count = seen < CLASSIFY_IDS_MAX ? seen : CLASSIFY_IDS_MAX;
    for (size_t i = 0; i < count; i++)
        add_id(judging, ids[(is_newest_last ? seen - 1 - i : seen - count + i) % CLASSIFY_IDS_MAX]);
}

/* "<...@...>" in the text that is no address: as long as ids are, with a digit. */
static bool is_like_id(struct slice id) {
    enum { ID_BYTES_MIN = 20 };
    bool has_digit = false;
    for (size_t i = 0; i < id.len; i++) {
        if (id.ptr[i] <= ' ' || id.ptr[i] >= 0x7f) return false;
        has_digit = has_digit || ascii_is_digit(id.ptr[i]);
    }
    return has_digit && id.len >= ID_BYTES_MIN && !slice_starts_nocase(id, SLICE("mailto:"));
}

static void add_ids_of_text(struct judging *judging) {
    struct slice rest = judging->letter->text;
    while (rest.len) {
        (void)slice_take_until(&rest, '<');
        rest = slice_skip(rest, 1);
        struct slice ahead = slice_sub(rest, 0, LETTER_ID_BYTES_MAX);
        size_t close = slice_find_byte(ahead, '>');
        if (close != SLICE_NOT_FOUND && is_like_id(slice_sub(ahead, 0, close)))
            add_id(judging, slice_sub(ahead, 0, close));
    }
}

static void read_named(struct judging *judging) {
    struct classification *c = judging->result;
    if (c->kind != CLASS_REPLY) return;
    c->named = arena_try_alloc(judging->arena, CLASSIFY_NAMED_MAX * sizeof *c->named);
    if (!c->named) return;
    c->named_count = text_addresses(judging->arena, judging->letter->text, c->named, CLASSIFY_NAMED_MAX);
}

static void read_correlation(struct judging *judging) {
    const struct letter *letter = judging->letter;
    struct classification *c = judging->result;
    bool is_report = c->kind >= CLASS_BOUNCE && c->kind <= CLASS_RECEIPT;
    const struct letter_original *original =
        letter->original.is_there ? &letter->original : &judging->original;
    add_list(judging, letter->in_reply_to, false);
    add_list(judging, letter->references, true);
    add_id(judging, judging->reported_id);
    add_id(judging, original->message_id);
    add_ids_of_text(judging);
    read_named(judging);
    if (is_report && c->original_recipient.len == 0) c->original_recipient = keep(judging, original->to);
    struct buffer from = buffer_new(LETTER_ADDRESS_BYTES_MAX);
    if (letter->from_domain.len) address_write_spec(&from, letter->from_local, letter->from_domain);
    if (!buffer_overflowed(&from)) c->from = keep(judging, buffer_slice(&from));
    buffer_free(&from);
}

/* ---- the whole ---- */

const struct classification *classifier_finish(struct classifier *classifier) {
    struct judging judging = {.arena = classifier->arena,
                              .scratch = classifier->scratch,
                              .letter = letter_finish(classifier->writer),
                              .result = ARENA_NEW(classifier->arena, struct classification)};
    judging.folded = fold(&judging, judging.letter->text);
    judge_kind(&judging);
    bool is_report = judging.result->kind >= CLASS_BOUNCE && judging.result->kind <= CLASS_RECEIPT;
    if (!is_report) read_new_text(&judging);
    read_words(&judging);
    judging.result->category = category_read(judging.arena, judging.letter, judging.folded,
                                             letter_is_answer(judging.letter), judging.result);
    read_correlation(&judging);
    return judging.result;
}

static void on_header(void *context, const struct mime_part *part, struct slice header) {
    classifier_header(context, part, header);
}
static void on_body(void *context, const struct mime_part *part, struct slice bytes) {
    classifier_body(context, part, bytes);
}

const struct classification *classify_message(struct arena *arena, struct slice message) {
    struct classifier *classifier = classifier_new(arena);
    struct arena *tree = arena_new(ANALYSIS_TREE_BYTES_MAX);
    struct mime_parser *parser = mime_parser_new(tree, (struct mime_events){classifier, on_header, on_body});
    while (message.len) {
        struct slice chunk = slice_take(&message, CLASSIFY_CHUNK_BYTES);
        classifier_feed(classifier, chunk);
        mime_parser_feed(parser, chunk);
    }
    (void)mime_parser_finish(parser);
    const struct classification *c = classifier_finish(classifier);
    mime_parser_free(&parser);
    arena_free(&tree);
    classifier_free(&classifier);
    return c;
}
