#include "wire/http_reply.h"

#include "wire/date.h"

static const struct status_row {
    unsigned status;
    struct slice text;
} status_rows[] = {
    {100, SLICE_INIT("Continue")},
    {200, SLICE_INIT("OK")},
    {204, SLICE_INIT("No Content")},
    {308, SLICE_INIT("Permanent Redirect")},
    {400, SLICE_INIT("Bad Request")},
    {403, SLICE_INIT("Forbidden")},
    {404, SLICE_INIT("Not Found")},
    {405, SLICE_INIT("Method Not Allowed")},
    {408, SLICE_INIT("Request Timeout")},
    {413, SLICE_INIT("Content Too Large")},
    {414, SLICE_INIT("URI Too Long")},
    {417, SLICE_INIT("Expectation Failed")},
    {431, SLICE_INIT("Request Header Fields Too Large")},
    {500, SLICE_INIT("Internal Server Error")},
    {501, SLICE_INIT("Not Implemented")},
    {503, SLICE_INIT("Service Unavailable")},
    {505, SLICE_INIT("HTTP Version Not Supported")},
};

struct slice http_status_text(unsigned status) {
    for (size_t i = 0; i < sizeof status_rows / sizeof status_rows[0]; i++)
        if (status_rows[i].status == status) return status_rows[i].text;
    return SLICE("Unknown");
}

void http_date_write(struct buffer *out, int64_t utc_ms) {
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct date_fields f = date_split(utc_ms);
    int64_t day = date_days(f.year, f.month, f.day) % 7;
    buffer_printf(out, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + 3 * (day < 0 ? day + 7 : day), f.day,
                  months + (ptrdiff_t)3 * (f.month - 1), f.year, f.hour, f.minute, f.second);
}

void http_reply_begin(struct buffer *out, unsigned status, int64_t now_ms) {
    buffer_printf(out, "HTTP/1.1 %03u %.*s\r\nDate: ", status % 1000, SLICE_PRINT(http_status_text(status)));
    http_date_write(out, now_ms);
    buffer_append(out, SLICE("\r\n"));
}

void http_reply_field(struct buffer *out, struct slice name, struct slice value) {
    buffer_append(out, name);
    buffer_append(out, SLICE(": "));
    for (size_t i = 0; i < value.len; i++) {
        bool is_control = value.ptr[i] < ' ' || value.ptr[i] == 127;
        buffer_append_byte(out, is_control ? ' ' : value.ptr[i]);
    }
    buffer_append(out, SLICE("\r\n"));
}

void http_reply_number(struct buffer *out, struct slice name, uint64_t value) {
    buffer_append(out, name);
    buffer_append(out, SLICE(": "));
    buffer_append_number(out, value);
    buffer_append(out, SLICE("\r\n"));
}

void http_reply_end(struct buffer *out) { buffer_append(out, SLICE("\r\n")); }
