#include "imap/imap_input.h"

#include "base/limits.h"
#include "wire/imap_reply.h"

struct imap_input imap_input_new(struct imap_frame_limits limits) {
    return (struct imap_input){.frame = imap_frame_new(limits)};
}

enum frame_state imap_input_look(struct imap_input *input, struct slice bytes, size_t *len) {
    input->result = imap_frame_next(&input->frame, bytes);
    *len = input->result.len;
    return input->result.event == IMAP_FRAME_MORE ? FRAME_MORE : FRAME_COMMAND;
}

static int fill(struct task *t, struct conn *conn) {
    ssize_t got = conn_fill(t, conn);
    return got > 0 ? 0 : got == 0 ? -ECONNRESET : (int)got;
}

int imap_input_continue(struct task *t, struct conn *conn, struct imap_input *input, struct buffer *rest) {
    for (;;) {
        size_t len = 0;
        bool is_more = imap_input_look(input, conn_input(conn), &len) == FRAME_MORE;
        if (input->result.event == IMAP_FRAME_CONTINUE) imap_reply_continue(&conn->out, SLICE("OK"));
        if (is_more || input->result.event == IMAP_FRAME_CONTINUE) {
            int filled = fill(t, conn);
            if (filled) return filled;
            continue;
        }
        if (input->result.event != IMAP_FRAME_DROP) buffer_append(rest, slice_sub(conn_input(conn), 0, len));
        conn_consume(conn, len);
        if (input->result.event != IMAP_FRAME_DROP) return 0;
    }
}

struct slice imap_input_tag(struct slice command) {
    struct slice tag = slice_take_until(&command, ' ');
    for (size_t i = 0; i < tag.len; i++)
        if (!ascii_is_alnum(tag.ptr[i]) && tag.ptr[i] != '.' && tag.ptr[i] != '-' && tag.ptr[i] != '_')
            return SLICE_EMPTY;
    return tag.len <= IMAP_TAG_BYTES_MAX ? tag : SLICE_EMPTY;
}
