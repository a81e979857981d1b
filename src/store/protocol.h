/*
 * What is said between store/client.c and store/service.c: the questions, and the structures
 * of store/model.h as bytes (ipc/pack.h). An answer begins with its enum store_result; what is
 * behind it is there only at STORE_OK.
 *
 * A question or answer that does not fit a frame of the channel (long UID lists, a message
 * with a huge structure) travels "spilled": its bytes lie in a temporary file that the store
 * opened, whose handle comes with an empty frame. So nothing has to be split, and what is one
 * change stays one. Above STORE_SPILL_BYTES_MAX it is refused.
 *
 * Unpacking takes nothing on trust: numbers are checked against their range, counts against
 * the bytes that are left, and memory against the arena's budget. What is unpacked borrows
 * from the bytes and the arena.
 */
#ifndef STORE_PROTOCOL_H
#define STORE_PROTOCOL_H

#include "base/limits.h"
#include "io/file.h"
#include "ipc/pack.h"
#include "store/model.h"

enum store_ask {
    STORE_ASK_NONE,
    STORE_ASK_ADDRESS_RESOLVE,
    STORE_ASK_PASSWORD_CHECK,
    STORE_ASK_SCRAM_CHALLENGE,
    STORE_ASK_SCRAM_VERIFY,
    STORE_ASK_SENDER_CHECK,
    STORE_ASK_SPOOL_OPEN,
    /* Comes with the handle of a spool that a former store opened. */
    STORE_ASK_SPOOL_ADOPT,
    STORE_ASK_DELIVER,
    STORE_ASK_APPEND,
    STORE_ASK_FLAGS,
    STORE_ASK_COPY,
    STORE_ASK_EXPUNGE,
    STORE_ASK_MAILBOX_CREATE,
    STORE_ASK_MAILBOX_DELETE,
    STORE_ASK_MAILBOX_RENAME,
    STORE_ASK_MAILBOX_SUBSCRIBE,
    STORE_ASK_FEEDBACK_KEEP,
    STORE_ASK_SEEN,
    STORE_ASK_API,
    STORE_ASK_CONTACT_IMPORT_OPEN,
    STORE_ASK_CONTACT_BATCH,
    STORE_ASK_CONTACT_IMPORT_CLOSE,
    STORE_ASK_CONTACT_PAGE,
    STORE_ASK_SUPPRESSION_ADD,
    STORE_ASK_SUPPRESSION_PAGE,
    STORE_ASK_ANSWER_REJUDGE,
    STORE_ASK_COUNT,
};

enum store_note {
    STORE_NOTE_MAILBOX_NEWS = STORE_ASK_COUNT,
    STORE_NOTE_SEGMENT_GONE,
    STORE_NOTE_SPOOL_DROP,
};

/* The longest packed message that goes in a frame. */
enum { STORE_FRAME_BODY_BYTES_MAX = IPC_FRAME_BYTES_MAX - 64 };

void pack_time(struct buffer *out, int64_t time_ms);
int64_t unpack_time(struct unpacker *in);
void pack_result(struct buffer *out, enum store_result result);
enum store_result unpack_result(struct unpacker *in);

void pack_route(struct buffer *out, const struct address_route *route);
void unpack_route(struct unpacker *in, struct arena *arena, struct address_route *route);
void pack_account(struct buffer *out, const struct account *account);
void unpack_account(struct unpacker *in, struct account *account);
void pack_ranges(struct buffer *out, struct uid_ranges ranges);
void unpack_ranges(struct unpacker *in, struct arena *arena, struct uid_ranges *ranges);
void pack_delivery(struct buffer *out, const struct delivery *delivery);
void unpack_delivery(struct unpacker *in, struct arena *arena, struct delivery *delivery);
void pack_append(struct buffer *out, const struct append *append);
void unpack_append(struct unpacker *in, struct arena *arena, struct append *append);
void pack_flag_change(struct buffer *out, const struct flag_change *change);
void unpack_flag_change(struct unpacker *in, struct arena *arena, struct flag_change *change);
void pack_flag_result(struct buffer *out, const struct flag_result *result);
void unpack_flag_result(struct unpacker *in, struct arena *arena, struct flag_result *result);
void pack_copy_request(struct buffer *out, const struct copy_request *request);
void unpack_copy_request(struct unpacker *in, struct arena *arena, struct copy_request *request);
void pack_copy_result(struct buffer *out, const struct copy_result *result);
void unpack_copy_result(struct unpacker *in, struct arena *arena, struct copy_result *result);
void pack_news(struct buffer *out, const struct mailbox_news *news);
void unpack_news(struct unpacker *in, struct mailbox_news *news);

/* An array of so many elements of `size` bytes, each at least `packed_bytes_min` bytes in what is left;
   NULL, and is_bad, where that or the arena's budget says no. */
void *unpack_array(struct unpacker *in, struct arena *arena, uint64_t *count, size_t packed_bytes_min,
                   size_t size);

/* Reads a spilled message from its file, which is closed. 0, or a negated errno (-EMSGSIZE: too long). */
NODISCARD int spill_read(struct env *env, struct handle handle, struct buffer *bytes);
/* Writes one to the file behind `handle`, and leaves in *handle a second handle of it, to be sent. On
   an error *handle is HANDLE_NONE. */
NODISCARD int spill_write(struct env *env, struct handle *handle, struct slice bytes);

#endif
