#include "pop3/pop3_line.h"

#include "pop3/pop3_say.h"

struct pop3_line pop3_line_new(size_t line_bytes_max) {
    return (struct pop3_line){.frame = smtp_frame_new(line_bytes_max)};
}

enum frame_state pop3_line_find(struct pop3_line *line, struct slice input, size_t *len) {
    struct slice text;
    switch (smtp_frame_next(&line->frame, input, &text, len)) {
    case SMTP_FRAME_LINE:
        line->kind = line->frame.faults ? POP3_LINE_ILLEGAL : POP3_LINE_COMMAND;
        return FRAME_COMMAND;
    case SMTP_FRAME_TOO_LONG:
        line->kind = POP3_LINE_TOO_LONG;
        return FRAME_COMMAND;
    case SMTP_FRAME_FLOOD:
        line->kind = POP3_LINE_FLOOD;
        return FRAME_COMMAND;
    default:
        /* Who ends lines with a bare LF would wait for an answer for ever. */
        line->kind = line->frame.faults & SMTP_FRAME_BARE_LF ? POP3_LINE_FLOOD : POP3_LINE_PIECE;
        if (line->kind == POP3_LINE_FLOOD) *len = input.len;
        return *len ? FRAME_COMMAND : FRAME_MORE;
    }
}

struct slice pop3_line_text(struct slice command) {
    return slice_sub(command, 0, command.len - 2);
}

bool pop3_line_refuse(const struct pop3_line *line, struct conn *conn) {
    switch (line->kind) {
    case POP3_LINE_COMMAND:
        return false;
    case POP3_LINE_PIECE:
        return true;
    case POP3_LINE_TOO_LONG:
        pop3_say_error(conn, POP3_CODE_NONE, SLICE("Line too long"));
        return true;
    case POP3_LINE_ILLEGAL:
        pop3_say_error(conn, POP3_CODE_NONE, SLICE("Illegal byte in command"));
        return true;
    default:
        pop3_say_error(conn, POP3_CODE_NONE, SLICE("Lines end with CRLF; closing"));
        conn_close(conn);
        return true;
    }
}
