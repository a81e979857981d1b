#include "analyse/bounce.h"

#include "base/limits_classify.h"
#include "wire/charset.h"

struct judge {
    struct arena *arena;
    const struct letter *letter;
    struct bounce *bounce;
    struct bounce_text text;
    size_t capacity;
    /* The place that the text as a whole tells of. */
    enum bounce_stage stage;
};

static bool is_address(struct slice text) {
    size_t at = slice_find_byte(text, '@');
    return at != SLICE_NOT_FOUND && at > 0 && at + 1 < text.len &&
           slice_find_byte(text, '|') == SLICE_NOT_FOUND && text.ptr[0] != '/';
}

static struct slice domain_of(struct slice address) {
    size_t at = slice_find_last_byte(address, '@');
    return at == SLICE_NOT_FOUND ? SLICE_EMPTY : slice_skip(address, at + 1);
}

/* Where the reporter gave no address that is one: what else names it. */
static struct slice fallback_address(const struct judge *judge, size_t index) {
    if (index < judge->text.count) return judge->text.segments[index].address;
    return judge->text.original.to;
}

static struct bounce_recipient *add(struct judge *judge) {
    struct bounce *bounce = judge->bounce;
    if (bounce->count == DELIVERY_REPORT_RECIPIENTS_MAX) return NULL;
    struct bounce_recipient *grown =
        arena_try_grow(judge->arena, bounce->recipients, bounce->count, &judge->capacity, sizeof *grown);
    if (!grown) return NULL;
    bounce->recipients = grown;
    grown[bounce->count] = (struct bounce_recipient){0};
    return &grown[bounce->count++];
}

static struct slice one_line(struct arena *arena, struct slice words) {
    struct buffer line = buffer_new(DELIVERY_REPORT_TEXT_BYTES_MAX + 8);
    for (size_t i = 0; i < words.len && line.len < line.max_bytes; i++) {
        uint8_t c = words.ptr[i];
        bool is_blank = c <= ' ' || c == 0x7f;
        if (is_blank && (line.len == 0 || line.ptr[line.len - 1] == ' ')) continue;
        buffer_append_byte(&line, is_blank ? ' ' : c);
    }
    struct slice kept;
    struct slice cut = slice_trim(utf8_cut(buffer_slice(&line), DELIVERY_REPORT_TEXT_BYTES_MAX));
    if (!arena_try_copy(arena, cut, &kept)) kept = SLICE_EMPTY;
    buffer_free(&line);
    return kept;
}

/* ---- the verdict about one recipient ---- */

static enum bounce_stage stage_for(const struct judge *judge, struct slice own, struct slice told) {
    struct bounce_words words;
    enum bounce_stage stage = bounce_stage_of(own);
    if (stage != BOUNCE_STAGE_UNKNOWN || told.len == 0) return stage ? stage : judge->stage;
    bounce_words_read(judge->arena, told, &words);
    stage = bounce_stage_of(words.folded);
    return stage ? stage : judge->stage;
}

static struct bounce_verdict judge_words(const struct judge *judge, struct slice words, struct slice told,
                                         const struct delivery_recipient *reported, struct slice address,
                                         struct bounce_recipient *recipient) {
    struct bounce_facts facts = {.domain = domain_of(address)};
    if (reported) {
        facts.status = reported->status;
        facts.host = reported->remote_mta;
        /* "mx.example (192.0.2.1, the server for the domain example.)" */
        facts.host = slice_take_until(&facts.host, ' ');
        if (facts.host.len && facts.host.ptr[facts.host.len - 1] == '.') facts.host.len--;
    }
    bounce_words_read(judge->arena, words, &facts.words);
    facts.stage = stage_for(judge, facts.words.folded, told);
    struct bounce_verdict verdict = bounce_judge(&facts);
    recipient->reply_code = facts.words.reply;
    bool is_own = facts.words.code.class && (facts.words.code.subject || facts.status.class == 0);
    recipient->status = is_own ? facts.words.code : facts.status;
    return verdict;
}

/* The words of the refusal itself, else what the text says of it, else all of the text. */
static void judge_recipient(const struct judge *judge, const struct delivery_recipient *reported,
                            bool is_only, struct bounce_recipient *recipient) {
    struct slice told = bounce_text_words(&judge->text, recipient->address);
    if (told.len == 0 && reported) told = bounce_text_words(&judge->text, recipient->final);
    struct slice own = reported ? reported->diagnostic : SLICE_EMPTY;
    struct slice words = own.len ? own : told;
    struct bounce_verdict verdict = judge_words(judge, words, told, reported, recipient->address, recipient);
    bool is_silent = verdict.reason == BOUNCE_UNDEFINED || verdict.phrase.len == 0;
    if (is_silent && own.len && told.len) {
        struct bounce_recipient other = *recipient;
        struct bounce_verdict second = judge_words(judge, told, told, reported, recipient->address, &other);
        if (second.phrase.len) verdict = second;
        is_silent = verdict.reason == BOUNCE_UNDEFINED;
    }
    if (is_silent && is_only && verdict.reason == BOUNCE_UNDEFINED) {
        words = judge->text.report;
        verdict = judge_words(judge, words, SLICE_EMPTY, reported, recipient->address, recipient);
    }
    recipient->reason = verdict.reason;
    recipient->is_hard = verdict.is_hard && recipient->action == DELIVERY_FAILED;
    recipient->phrase = verdict.phrase;
    recipient->diagnostic = one_line(judge->arena, words);
}

/* ---- recipients ---- */

static void add_reported(struct judge *judge, const struct delivery_report *report) {
    for (size_t i = 0; i < report->count; i++) {
        const struct delivery_recipient *reported = &report->recipients[i];
        struct bounce_recipient *recipient = add(judge);
        if (!recipient) return;
        recipient->final = reported->address;
        recipient->address = is_address(reported->original) ? reported->original : reported->address;
        if (!is_address(recipient->address)) recipient->address = fallback_address(judge, i);
        recipient->action = reported->action;
        bool is_temporary = reported->status.class == 4 && judge->bounce->kind == BOUNCE_DELAY;
        if (recipient->action == DELIVERY_UNSAID)
            recipient->action = is_temporary ? DELIVERY_DELAYED : DELIVERY_FAILED;
        judge_recipient(judge, reported, report->count == 1, recipient);
    }
}

static void add_told(struct judge *judge) {
    enum delivery_action action = judge->bounce->kind == BOUNCE_DELAY ? DELIVERY_DELAYED : DELIVERY_FAILED;
    size_t count = judge->text.count;
    bool has_none = count == 0;
    for (size_t i = 0; i < count || (has_none && i == 0); i++) {
        struct bounce_recipient *recipient = add(judge);
        if (!recipient) return;
        recipient->address = has_none ? judge->text.original.to : judge->text.segments[i].address;
        recipient->final = recipient->address;
        recipient->action = action;
        judge_recipient(judge, NULL, count <= 1, recipient);
    }
}

/* ---- the whole ---- */

static enum bounce_kind kind_by_actions(const struct bounce *bounce) {
    size_t seen[DELIVERY_EXPANDED + 1] = {0};
    for (size_t i = 0; i < bounce->count; i++) seen[bounce->recipients[i].action]++;
    if (seen[DELIVERY_FAILED]) return BOUNCE_FAILURE;
    return seen[DELIVERY_DELAYED] ? BOUNCE_DELAY : BOUNCE_SUCCESS;
}

static size_t count_addresses(const struct delivery_report *report) {
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->recipients[i].address.len || report->recipients[i].original.len;
    return count;
}

/* A report that names who it is about, in its part, or in the text of those whose parts are broken. */
static bool read_report(struct judge *judge, enum bounce_look look, struct delivery_report *report) {
    const struct letter *letter = judge->letter;
    bool has_part = letter->part == LETTER_DELIVERY;
    /* Anybody can forward the part of a report; a report as a whole is a mail system's. */
    bool is_trusted = (letter->signs & LETTER_REPORT) || look != BOUNCE_LOOKS_HUMAN ||
                      (has_part && !letter_is_answer(letter));
    if (!is_trusted) return false;
    if (has_part) delivery_report_read(judge->arena, letter->report, report);
    if (count_addresses(report) || look < BOUNCE_LOOKS_FAILED) return count_addresses(report) > 0;
    delivery_report_read(judge->arena, letter->text, report);
    return count_addresses(report) > 0;
}

static enum bounce_stage stage_of_text(struct judge *judge) {
    struct bounce_words words;
    bounce_words_read(judge->arena, judge->text.report, &words);
    return bounce_stage_of(words.folded);
}

/* Complaints are not looked at here. */
static bool read_sns(struct judge *judge) {
    struct bounce_sns sns;
    if (!bounce_sns_read(judge->arena, judge->letter, &sns)) return false;
    judge->bounce->evidence = SLICE("a notice of Amazon SES");
    bool is_bounce = slice_equal(sns.type, SLICE("Bounce"));
    if (is_bounce) judge->bounce->kind = BOUNCE_FAILURE;
    if (slice_equal(sns.type, SLICE("Delivery"))) judge->bounce->kind = BOUNCE_SUCCESS;
    if (is_bounce) add_reported(judge, &sns.report);
    return true;
}

void bounce_read(struct arena *arena, const struct letter *letter, struct bounce *bounce) {
    struct judge judge = {.arena = arena, .letter = letter, .bounce = bounce};
    struct delivery_report report = {0};
    *bounce = (struct bounce){0};
    if (read_sns(&judge)) return;
    bounce_text_read(arena, letter, &judge.text);
    enum bounce_look look = bounce_look(letter, judge.text.report, &bounce->evidence);
    bool has_report = read_report(&judge, look, &report);
    bool is_empty_report = letter->part == LETTER_DELIVERY && (letter->signs & LETTER_REPORT);
    if (!has_report && look < BOUNCE_LOOKS_FAILED && !is_empty_report) return;
    bounce->original = judge.text.original;
    bounce->kind = look == BOUNCE_LOOKS_DELAYED ? BOUNCE_DELAY : BOUNCE_FAILURE;
    judge.stage = stage_of_text(&judge);
    if (has_report)
        add_reported(&judge, &report);
    else
        add_told(&judge);
    if (bounce->count) bounce->kind = kind_by_actions(bounce);
    bounce->message_id = report.message_id;
    if (has_report) bounce->evidence = SLICE("message/delivery-status");
}
