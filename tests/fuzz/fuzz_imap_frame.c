/*
 * The frame says the same of the same bytes, whatever pieces they come in. The first two bytes
 * choose the sizes of the pieces and whether large literals are streamed.
 */
#include <stdlib.h>

#include "base/buffer.h"
#include "base/fatal.h"
#include "base/limits.h"
#include "wire/imap_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct imap_frame_limits limits = {
    .command_bytes_max = 64, .literal_collected_bytes_max = 16, .literal_nonsync_bytes_max = 40};

/* What a connection reads at once: its buffer never holds more than that beyond what the frame keeps. */
enum { READ_BYTES_MAX = 16 << 10 };

struct run {
    struct imap_frame frame;
    struct buffer input;
    struct buffer story;
    bool streams;
    /* Of a streamed literal, still to be read past the frame. */
    uint64_t skip;
};

static void tell(struct run *run, struct imap_frame_result result) {
    ASSERT(result.len <= run->input.len);
    if (result.event == IMAP_FRAME_DROP) return;
    buffer_printf(&run->story, "%d %llu %d %d:", (int)result.event, (unsigned long long)result.literal_bytes,
                  result.nonsync, result.binary);
    buffer_append(&run->story, slice_sub(buffer_slice(&run->input), 0, result.len));
}

static bool skip_streamed(struct run *run) {
    size_t here = run->skip < run->input.len ? (size_t)run->skip : run->input.len;
    buffer_consume(&run->input, here);
    run->skip -= here;
    return run->skip == 0;
}

static void feed(struct run *run, struct slice bytes) {
    buffer_append(&run->input, bytes);
    while (skip_streamed(run)) {
        struct imap_frame_result result = imap_frame_next(&run->frame, buffer_slice(&run->input));
        if (result.event == IMAP_FRAME_MORE) {
            ASSERT(result.len == 0 && run->frame.seen == run->input.len);
            ASSERT(run->input.len < limits.command_bytes_max);
            return;
        }
        tell(run, result);
        buffer_consume(&run->input, result.len);
        if (result.event != IMAP_FRAME_LITERAL || !run->streams) continue;
        imap_frame_stream(&run->frame);
        run->skip = result.literal_bytes;
    }
}

static struct run run_over(struct slice bytes, size_t piece, bool streams) {
    struct run run = {.frame = imap_frame_new(limits),
                      .input = buffer_new(MIB(4)),
                      .story = buffer_new(MIB(64)),
                      .streams = streams};
    while (bytes.len) feed(&run, slice_take(&bytes, piece));
    return run;
}

static void run_free(struct run *run) {
    buffer_free(&run->input);
    buffer_free(&run->story);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) return 0;
    struct slice bytes = slice_of(data + 2, size - 2);
    bool streams = data[1] & 1;
    struct run whole = run_over(bytes, READ_BYTES_MAX, streams);
    struct run pieces = run_over(bytes, data[0] % 16 + 1u, streams);
    ASSERT(slice_equal(buffer_slice(&whole.story), buffer_slice(&pieces.story)));
    ASSERT(slice_equal(buffer_slice(&whole.input), buffer_slice(&pieces.input)));
    run_free(&whole);
    run_free(&pieces);
    return 0;
}
