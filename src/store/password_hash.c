#include "store/password_hash.h"

#include <argon2.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/encode.h"

enum { HASH_PASSES = 2, PART_BYTES_MAX = 64, PART_TEXT_BYTES_MAX = 96 };

static int memory_take(uint8_t **memory, size_t bytes) {
    void *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return ARGON2_MEMORY_ALLOCATION_ERROR;
    /* Without huge pages it is slower by a quarter, no more. */
    (void)madvise(mapped, bytes, MADV_HUGEPAGE);
    *memory = mapped;
    return ARGON2_OK;
}

static void memory_give(uint8_t *memory, size_t bytes) { (void)munmap(memory, bytes); }

/* What a text says, and the password to be hashed. */
static argon2_context context_of(struct slice password, struct slice salt, uint32_t memory_kib,
                                 uint32_t passes, uint32_t lanes) {
    return (argon2_context){
        .pwd = (uint8_t *)(uintptr_t)password.ptr,
        .pwdlen = (uint32_t)password.len,
        .salt = (uint8_t *)(uintptr_t)salt.ptr,
        .saltlen = (uint32_t)salt.len,
        .t_cost = passes,
        .m_cost = memory_kib,
        .lanes = lanes,
        .threads = 1,
        .version = ARGON2_VERSION_NUMBER,
        .allocate_cbk = memory_take,
        .free_cbk = memory_give,
    };
}

/* Base64 without its padding. */
static void write_part(struct buffer *out, struct slice bytes) {
    buffer_append_byte(out, '$');
    base64_encode(out, bytes);
    while (out->len && out->ptr[out->len - 1] == '=') buffer_truncate(out, out->len - 1);
}

static bool take_part(struct slice *text, struct buffer *bytes) {
    uint8_t room[PART_TEXT_BYTES_MAX + 4];
    struct buffer padded = {.ptr = room, .capacity = sizeof room, .max_bytes = sizeof room};
    struct slice part;
    if (!slice_take_byte(text, '$')) return false;
    part = slice_take_until(text, '$');
    if (part.len > PART_TEXT_BYTES_MAX) return false;
    buffer_append(&padded, part);
    while (padded.len % 4) buffer_append_byte(&padded, '=');
    return base64_decode(bytes, buffer_slice(&padded));
}

static bool take_number(struct slice *text, struct slice before, uint32_t *number) {
    uint64_t value = 0;
    if (!slice_take_prefix(text, before) || !slice_take_number(text, UINT32_MAX, &value)) return false;
    *number = (uint32_t)value;
    return true;
}

static bool write_text(const uint8_t salt[PASSWORD_HASH_SALT_BYTES], const uint8_t hash[PASSWORD_HASH_BYTES],
                       uint32_t memory_kib, char text[PASSWORD_HASH_TEXT_BYTES]) {
    struct buffer out = buffer_new(PASSWORD_HASH_TEXT_BYTES - 1);
    buffer_printf(&out, "$argon2id$v=%d$m=%u,t=%u,p=1", ARGON2_VERSION_NUMBER, memory_kib,
                  (unsigned)HASH_PASSES);
    write_part(&out, slice_of(salt, PASSWORD_HASH_SALT_BYTES));
    write_part(&out, slice_of(hash, PASSWORD_HASH_BYTES));
    memcpy(text, out.ptr, out.len);
    text[out.len] = 0;
    bool is_whole = !buffer_overflowed(&out);
    buffer_free(&out);
    return is_whole;
}

bool password_hash_make(struct slice password, const uint8_t salt[PASSWORD_HASH_SALT_BYTES],
                        uint32_t memory_kib, char text[PASSWORD_HASH_TEXT_BYTES]) {
    uint8_t hash[PASSWORD_HASH_BYTES];
    argon2_context context =
        context_of(password, slice_of(salt, PASSWORD_HASH_SALT_BYTES), memory_kib, HASH_PASSES, 1);
    context.out = hash;
    context.outlen = sizeof hash;
    return argon2id_ctx(&context) == ARGON2_OK && write_text(salt, hash, memory_kib, text);
}

bool password_hash_of_nobody(const uint8_t salt[PASSWORD_HASH_SALT_BYTES],
                             const uint8_t hash[PASSWORD_HASH_BYTES], uint32_t memory_kib,
                             char text[PASSWORD_HASH_TEXT_BYTES]) {
    return write_text(salt, hash, memory_kib, text);
}

bool password_hash_matches(const char *text, struct slice password) {
    uint8_t salt_room[PART_BYTES_MAX + 8];
    uint8_t hash_room[PART_BYTES_MAX + 8];
    struct buffer salt = {.ptr = salt_room, .capacity = sizeof salt_room, .max_bytes = sizeof salt_room};
    struct buffer hash = {.ptr = hash_room, .capacity = sizeof hash_room, .max_bytes = sizeof hash_room};
    struct slice rest = slice_from_text(text);
    uint32_t version = 0;
    uint32_t memory_kib = 0;
    uint32_t passes = 0;
    uint32_t lanes = 0;
    if (!take_number(&rest, SLICE("$argon2id$v="), &version) || version != ARGON2_VERSION_NUMBER ||
        !take_number(&rest, SLICE("$m="), &memory_kib) || !take_number(&rest, SLICE(",t="), &passes) ||
        !take_number(&rest, SLICE(",p="), &lanes) || !take_part(&rest, &salt) || !take_part(&rest, &hash) ||
        rest.len)
        return false;
    argon2_context context = context_of(password, buffer_slice(&salt), memory_kib, passes, lanes);
    uint8_t computed[PART_BYTES_MAX + 8];
    context.out = computed;
    context.outlen = (uint32_t)hash.len;
    return argon2_verify_ctx(&context, (const char *)hash.ptr, Argon2_id) == ARGON2_OK;
}
