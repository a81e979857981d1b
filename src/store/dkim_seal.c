#include "store/dkim_seal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/limits.h"

enum { TAG_BYTES = 16 };

/* ---- the folder's key ---- */

static int path_of(const char *folder, const char *name, char path[STORE_PATH_BYTES_MAX]) {
    int len = snprintf(path, STORE_PATH_BYTES_MAX, "%s/key%s", folder, name);
    return len < 0 || len >= STORE_PATH_BYTES_MAX ? -ENAMETOOLONG : 0;
}

static int read_key(struct env *env, const char *folder, uint8_t key[DKIM_SEAL_BYTES]) {
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    int result = path_of(folder, "/seal", path);
    if (result == 0) result = file_open(env, path, FILE_READ, &file);
    if (result == 0 && file_size(file) != DKIM_SEAL_BYTES) result = -EIO;
    if (result == 0 && file_read(file, key, DKIM_SEAL_BYTES, 0) != DKIM_SEAL_BYTES) result = -EIO;
    file_close(&file);
    return result;
}

/* Made with a new store, and by the store role before its walls stand; here for folders of before. */
static int key_folder(struct env *env, const char *folder) {
    char path[STORE_PATH_BYTES_MAX];
    int result = path_of(folder, "", path);
    if (result == 0) result = folder_sync(env, path);
    if (result != -ENOENT) return result;
    result = folder_make(env, path);
    return result ? result : folder_sync(env, folder);
}

static int write_key(struct env *env, const char *folder, const uint8_t key[DKIM_SEAL_BYTES]) {
    char path[STORE_PATH_BYTES_MAX];
    char partial[STORE_PATH_BYTES_MAX];
    char above[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    int result = key_folder(env, folder);
    if (result == 0) result = path_of(folder, "/seal", path);
    if (result == 0) result = path_of(folder, "/seal.partial", partial);
    if (result == 0) result = path_of(folder, "", above);
    if (result) return result;
    result = file_remove(env, partial);
    if (result && result != -ENOENT) return result;
    result = file_open(env, partial, FILE_SECRET, &file);
    if (result == 0) result = file_write(file, slice_of(key, DKIM_SEAL_BYTES), 0);
    if (result == 0) result = file_sync(file);
    file_close(&file);
    if (result == 0) result = file_rename(env, partial, path);
    return result ? result : folder_sync(env, above);
}

int dkim_seal_open(struct dkim_seal *seal, struct env *env, const char *folder,
                   const uint8_t fresh[DKIM_SEAL_BYTES]) {
    int result = read_key(env, folder, seal->key);
    if (result == -ENOENT) {
        memcpy(seal->key, fresh, sizeof seal->key);
        result = write_key(env, folder, seal->key);
    }
    seal->is_open = result == 0;
    return result;
}

void dkim_seal_close(struct dkim_seal *seal) {
    OPENSSL_cleanse(seal->key, sizeof seal->key);
    seal->is_open = false;
}

/* ---- what is sealed: the nonce, the key's bytes, the tag ---- */

static bool encrypt(EVP_CIPHER_CTX *context, const struct dkim_seal *seal, const uint8_t *nonce,
                    struct slice name, struct slice private, uint8_t *out) {
    int len = 0;
    return EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, seal->key, nonce) == 1 &&
           EVP_EncryptUpdate(context, NULL, &len, name.ptr, (int)name.len) == 1 &&
           EVP_EncryptUpdate(context, out, &len, private.ptr, (int)private.len) == 1 &&
           EVP_EncryptFinal_ex(context, out + len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, out + private.len) == 1;
}

bool dkim_seal_put(const struct dkim_seal *seal, const uint8_t nonce[DKIM_NONCE_BYTES], struct slice name,
                   struct slice private, struct buffer *sealed) {
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    buffer_append(sealed, slice_of(nonce, DKIM_NONCE_BYTES));
    uint8_t *room = buffer_reserve(sealed, private.len + TAG_BYTES);
    bool is_sealed = context && room && encrypt(context, seal, nonce, name, private, room);
    if (is_sealed) buffer_grew(sealed, private.len + TAG_BYTES);
    EVP_CIPHER_CTX_free(context);
    return is_sealed;
}

static bool decrypt(EVP_CIPHER_CTX *context, const struct dkim_seal *seal, struct slice name,
                    struct slice sealed, uint8_t *out) {
    const uint8_t *nonce = sealed.ptr;
    struct slice rest = slice_skip(sealed, DKIM_NONCE_BYTES);
    struct slice text = slice_sub(rest, 0, rest.len - TAG_BYTES);
    uint8_t tag[TAG_BYTES];
    int len = 0;
    memcpy(tag, rest.ptr + text.len, sizeof tag);
    return EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, seal->key, nonce) == 1 &&
           EVP_DecryptUpdate(context, NULL, &len, name.ptr, (int)name.len) == 1 &&
           EVP_DecryptUpdate(context, out, &len, text.ptr, (int)text.len) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag) == 1 &&
           EVP_DecryptFinal_ex(context, out + len, &len) == 1;
}

bool dkim_seal_get(const struct dkim_seal *seal, struct slice name, struct slice sealed,
                   struct buffer *private) {
    if (sealed.len <= DKIM_NONCE_BYTES + TAG_BYTES) return false;
    size_t len = sealed.len - DKIM_NONCE_BYTES - TAG_BYTES;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *room = buffer_reserve(private, len);
    bool is_good = context && room && decrypt(context, seal, name, sealed, room);
    if (is_good) buffer_grew(private, len);
    if (room && !is_good) OPENSSL_cleanse(room, len);
    EVP_CIPHER_CTX_free(context);
    return is_good;
}
