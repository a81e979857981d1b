/* POP3 command lines, and the answers made of a message: always one multi-line answer. */
#include "base/limits.h"
#include "wire/pop3_command.h"
#include "wire/pop3_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_command(struct slice line) {
    struct pop3_command command;
    enum pop3_command_error error = pop3_command_parse(line, &command);
    if (error) {
        ASSERT(pop3_command_error_text(error).len > 0);
    } else {
        ASSERT(command.verb != POP3_VERB_UNKNOWN);
        ASSERT(!command.has_message || command.message > 0);
    }
}

static void check_top(struct slice message, uint32_t lines, size_t piece) {
    struct buffer out = buffer_new(MIB(8));
    struct buffer content = buffer_new(MIB(8));
    struct pop3_top top = pop3_top_new(lines);
    struct smtp_data_reader reader = smtp_data_reader_new(false);
    size_t consumed = 0;
    while (message.len) pop3_top_write(&top, slice_take(&message, piece), byte_sink_of_buffer(&out));
    pop3_top_finish(&top, byte_sink_of_buffer(&out));
    enum smtp_data_status status =
        smtp_data_read(&reader, buffer_slice(&out), byte_sink_of_buffer(&content), &consumed);
    ASSERT(status == SMTP_DATA_END && !reader.fault && consumed == out.len);
    struct slice text = buffer_slice(&content);
    ASSERT(slice_starts(text, SLICE("\r\n")) || slice_find(text, SLICE("\r\n\r\n")) != SLICE_NOT_FOUND);
    buffer_free(&out);
    buffer_free(&content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_command(slice_of(data, size));
    if (size) check_top(slice_of(data, size), data[size - 1] % 5, 1 + data[0] % 32);
    return 0;
}
