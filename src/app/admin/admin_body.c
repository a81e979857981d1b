/* The bytes of a message that waits in the queue, in pieces, packed as they are stored
 * (app/cli/message_source.h). */
#include "app/admin/admin_verbs.h"
#include "base/encode.h"
#include "base/limits.h"
#include "store/engine_queue.h"

enum { PIECE_BYTES = IPC_FRAME_BYTES_MAX / 2 };

json_t *admin_queue_body(struct admin *admin) {
    uint64_t message = 0;
    uint64_t offset = 0;
    struct slice wanted = admin->request->words[2];
    struct buffer packed = buffer_new(PIECE_BYTES);
    struct buffer text = buffer_new(2 * (size_t)PIECE_BYTES);
    if (!slice_to_number(admin->request->words[3], INT64_MAX, &offset))
        return admin_error(SLICE("the offset is no number"));
    enum store_result result = engine_queue_find(admin->engine, admin->arena, wanted, &message);
    if (result == STORE_OK) result = engine_queue_body(admin->engine, message, offset, PIECE_BYTES, &packed);
    base64_encode(&text, buffer_slice(&packed));
    json_t *answer =
        result == STORE_OK
            ? json_pack("{s:o, s:I}", "packed", admin_text(text.len ? buffer_slice(&text) : SLICE("")),
                        "bytes", (json_int_t)packed.len)
            : admin_failure(admin, result, wanted, "is neither a file, nor a message that waits to be sent",
                            "");
    buffer_free(&packed);
    buffer_free(&text);
    return answer;
}
