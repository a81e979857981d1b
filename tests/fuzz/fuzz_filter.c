/* What a content filter answers: read in one piece and in many it is the same, and nothing of it that goes
   into a message or a reply can be more than it seems. */
#include "base/limits.h"
#include "filter/added_fields.h"
#include "filter/protocol.h"
#include "filter/rspamd.h"
#include "wire/http_answer.h"
#include "wire/milter.h"
#include "wire/wire_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http_answer_status hear(struct http_answer *answer, struct slice input, size_t piece) {
    enum http_answer_status status = HTTP_ANSWER_MORE;
    http_answer_begin(answer, FILTER_ANSWER_BYTES_MAX);
    while (input.len && status == HTTP_ANSWER_MORE)
        status = http_answer_feed(answer, slice_take(&input, piece));
    return status == HTTP_ANSWER_MORE ? http_answer_end(answer) : status;
}

static void check_json(struct slice json) {
    struct arena *arena = arena_new(MIB(1));
    struct filter_verdict verdict;
    rspamd_verdict_read(json, arena, &verdict);
    ASSERT(wire_text_kind(verdict.text) == WIRE_TEXT_ASCII);
    ASSERT(wire_text_kind(verdict.summary) == WIRE_TEXT_ASCII);
    ASSERT(added_fields_are_proper(verdict.fields));
    ASSERT((verdict.action == FILTER_DOWN) == (verdict.fields.len == 0));
    struct buffer packed = buffer_new(KIB(64));
    struct filter_verdict again;
    filter_verdict_pack(&packed, &verdict);
    ASSERT(filter_verdict_unpack(buffer_slice(&packed), arena, &again) && again.action == verdict.action);
    buffer_free(&packed);
    arena_free(&arena);
}

static void check_answer(struct slice input) {
    struct http_answer whole;
    struct http_answer pieces;
    enum http_answer_status status = hear(&whole, input, SIZE_MAX);
    ASSERT(hear(&pieces, input, 3) == status && status != HTTP_ANSWER_MORE);
    if (status == HTTP_ANSWER_WHOLE) {
        ASSERT(whole.status == pieces.status && whole.status >= 200);
        ASSERT(slice_equal(buffer_slice(&whole.body), buffer_slice(&pieces.body)));
        check_json(buffer_slice(&whole.body));
    }
    http_answer_free(&whole);
    http_answer_free(&pieces);
}

static void check_messages(struct slice input) {
    struct arena *arena = arena_new(MIB(1));
    struct filter_question question;
    struct filter_verdict verdict;
    if (filter_question_unpack(input, arena, &question)) ASSERT(question.trace_bytes <= question.raw_bytes);
    if (filter_verdict_unpack(input, arena, &verdict)) ASSERT(added_fields_are_proper(verdict.fields));
    arena_free(&arena);
}

static void check_reply(const struct milter_reply *reply) {
    bool is_field = reply->kind == MILTER_ADD_FIELD || reply->kind == MILTER_CHANGE_FIELD;
    ASSERT(is_field == (reply->name.len > 0));
    ASSERT(slice_find_byte(reply->name, 0) == SLICE_NOT_FOUND);
    ASSERT(slice_find_byte(reply->value, 0) == SLICE_NOT_FOUND);
    ASSERT((reply->kind == MILTER_REPLYCODE) == (reply->code >= 400));
}

static void check_milter(struct slice input) {
    struct milter_reply reply;
    size_t left = input.len;
    while (milter_reply_next(&input, &reply) == MILTER_WHOLE) {
        ASSERT(input.len < left);
        left = input.len;
        check_reply(&reply);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    check_milter(input);
    check_answer(input);
    check_json(input);
    check_messages(input);
    return 0;
}
