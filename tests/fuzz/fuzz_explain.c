/*
 * Refusals explained. The input is status, host and reply, a line end between them. Whatever they are, there
 * is an explanation, and it does not depend on the case of letters, on how blanks are laid out, or on what
 * stands behind the part that is read.
 */
#include "base/buffer.h"
#include "base/limits.h"
#include "transit/explain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct explanation *explain_reply(struct explain_question question, struct slice reply) {
    question.reply = reply;
    return explain(&question);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice rest = slice_of(data, size);
    struct explain_question question = {0};
    question.status = slice_take_until(&rest, '\n');
    (void)slice_take_byte(&rest, '\n');
    question.host = slice_take_until(&rest, '\n');
    (void)slice_take_byte(&rest, '\n');
    const struct explanation *found = explain_reply(question, rest);
    ASSERT(found && found->id && found->what && found->sender && found->postmaster);

    struct buffer other = buffer_new(size * 2 + EXPLAIN_TEXT_BYTES_MAX + 1);
    struct slice read = slice_sub(rest, 0, EXPLAIN_TEXT_BYTES_MAX);
    for (size_t i = 0; i < read.len; i++) buffer_append_byte(&other, ascii_upper(read.ptr[i]));
    ASSERT(read.len < rest.len || explain_reply(question, buffer_slice(&other)) == found);
    buffer_clear(&other);
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] == ' ') buffer_append(&other, SLICE("\r"));
        buffer_append_byte(&other, rest.ptr[i]);
    }
    ASSERT(explain_reply(question, buffer_slice(&other)) == found);
    buffer_free(&other);
    return 0;
}
