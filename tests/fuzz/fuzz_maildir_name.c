/* Names of Maildir files and folders: what is read lies within the input, and what is written is read again.
 */
#include "wire/folder_name.h"
#include "wire/maildir_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_file(struct slice text) {
    struct maildir_name name;
    struct maildir_name again;
    struct slice keywords[MAILDIR_KEYWORDS] = {{NULL, 0}};
    maildir_name_read(text, &name);
    ASSERT(name.base.len <= text.len && name.seconds >= 0);
    struct buffer written = buffer_new(1024 * 1024);
    buffer_append(&written, name.base);
    maildir_name_write_flags(&written, name.flags, name.keywords);
    maildir_name_read(buffer_slice(&written), &again);
    ASSERT(again.flags == name.flags && again.keywords == name.keywords && again.seconds == name.seconds);
    ASSERT(slice_equal(again.base, name.base));
    buffer_free(&written);
    maildir_keywords_read(text, keywords);
}

static void check_level(struct slice text) {
    struct buffer name = buffer_new(1024 * 1024);
    struct buffer encoded = buffer_new(4 * 1024 * 1024);
    struct buffer again = buffer_new(4 * 1024 * 1024);
    bool is_good = folder_name_decode(text, '.', &name);
    ASSERT(!is_good || name.len > 0);
    /* A mailbox level of ours comes back as it was. */
    bool is_level = text.len && slice_find_byte(text, '/') == SLICE_NOT_FOUND;
    if (is_level && folder_name_encode_level(text, true, &encoded)) {
        ASSERT(slice_find_byte(buffer_slice(&encoded), '.') == SLICE_NOT_FOUND);
        ASSERT(folder_name_decode_level(buffer_slice(&encoded), &again));
        ASSERT(slice_equal(buffer_slice(&again), text));
    }
    buffer_free(&name);
    buffer_free(&encoded);
    buffer_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 64 * 1024) return 0;
    check_file(slice_of(data, size));
    check_level(slice_of(data, size));
    return 0;
}
