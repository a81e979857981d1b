/* HTTP request heads, paths and chunked bodies: what is taken holds together, pieces change nothing. */
#include "base/limits.h"
#include "wire/http_chunked.h"
#include "wire/http_request.h"
#include "wire/http_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A decoded path is its own normal form once it is encoded. */
static void check_path(struct slice raw) {
    struct buffer path = buffer_new(MIB(1));
    struct buffer encoded = buffer_new(MIB(4));
    struct buffer again = buffer_new(MIB(1));
    if (http_path_normalise(raw, &path) == HTTP_PATH_OK) {
        http_path_encode(buffer_slice(&path), &encoded);
        ASSERT(http_path_normalise(buffer_slice(&encoded), &again) == HTTP_PATH_OK);
        ASSERT(slice_equal(buffer_slice(&path), buffer_slice(&again)));
        ASSERT(slice_find(buffer_slice(&path), SLICE("/../")) == SLICE_NOT_FOUND);
    }
    buffer_free(&path);
    buffer_free(&encoded);
    buffer_free(&again);
}

static void check_request(const struct http_request *request) {
    ASSERT(request->method != HTTP_METHOD_UNKNOWN && request->path.len > 0);
    ASSERT(!(request->is_chunked && request->body_bytes));
    ASSERT(request->minor_version == 0 || request->host.len > 0);
    ASSERT(request->host.len == 0 || http_host_is_valid(request->host));
    ASSERT(!request->expects_continue || request->is_chunked || request->body_bytes);
    for (size_t i = 0; i < request->field_count; i++) {
        ASSERT(request->fields[i].name.len > 0);
        ASSERT(slice_find_byte(request->fields[i].value, '\n') == SLICE_NOT_FOUND);
    }
    check_path(request->path);
}

static void check_head(struct slice input) {
    struct http_frame frame = {0};
    struct http_request request;
    size_t len = 0;
    enum http_error error;
    if (http_frame_next(&frame, input, &len, &error) != HTTP_FRAME_HEAD) return;
    ASSERT(len <= input.len && len <= HTTP_HEAD_BYTES_MAX && !error);
    if (http_request_parse(slice_sub(input, 0, len), &request) == HTTP_OK) check_request(&request);
}

static enum http_chunked_status unchunk(struct slice input, size_t piece, struct buffer *out, size_t *used) {
    struct http_chunked reader = http_chunked_new(HTTP_BODY_UNWANTED_BYTES_MAX);
    enum http_chunked_status status = HTTP_CHUNKED_MORE;
    *used = 0;
    while (*used < input.len && status == HTTP_CHUNKED_MORE) {
        size_t consumed;
        status =
            http_chunked_read(&reader, slice_sub(input, *used, piece), byte_sink_of_buffer(out), &consumed);
        *used += consumed;
    }
    return status;
}

static void check_chunked(struct slice input, size_t piece) {
    struct buffer whole = buffer_new(MIB(1));
    struct buffer pieces = buffer_new(MIB(1));
    size_t used_whole;
    size_t used_pieces;
    enum http_chunked_status a = unchunk(input, input.len, &whole, &used_whole);
    enum http_chunked_status b = unchunk(input, piece, &pieces, &used_pieces);
    ASSERT(a == b && used_whole == used_pieces && whole.len == pieces.len);
    ASSERT(whole.len <= HTTP_BODY_UNWANTED_BYTES_MAX);
    buffer_free(&whole);
    buffer_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    check_head(input);
    check_path(input);
    if (size) check_chunked(input, 1 + data[0] % 7);
    return 0;
}
