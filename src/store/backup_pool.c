/*
 * The folder of a backup and its pool: opening and locking, parts by their hash, durable writes.
 * One name, "partial", is used for whatever is being written; under the lock there is only one.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/limits.h"
#include "store/backup.h"

enum { BACKUP_ARENA_BYTES = 1 << 30, ERROR_BYTES_MAX = 2048, NOTES_BYTES_MAX = 1 << 20 };
static const char marker[] = "{\"posthaste_backup\": 1}\n";

/* ---- words ---- */

static const char *explain(int result) {
    switch (result) {
    case -ENOSPC:
    case -EDQUOT:
        return "the disk is full; earlier snapshots are whole";
    case -EBADMSG:
        return "it is damaged";
    case -EPROTO:
        return "another version of posthaste wrote it; a newer one may read it";
    default:
        return strerror(-result);
    }
}

int backup_fail(struct backup *backup, int result, const char *format, ...) {
    char what[ERROR_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (!backup->error.len) backup->error = arena_printf(backup->arena, "%s: %s", what, explain(result));
    return result;
}

void backup_note(struct backup *backup, const char *format, ...) {
    char line[ERROR_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    struct slice note = arena_copy(backup->arena, slice_from_text(line));
    buffer_append(&backup->notes, slice_of(&note, sizeof note));
}

const char *backup_path(struct backup *backup, const char *format, ...) {
    char name[STORE_PATH_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    return arena_text(backup->arena, arena_printf(backup->arena, "%s/%s", backup->folder, name));
}

void backup_step(struct backup *backup, uint64_t done, uint64_t total) {
    if (backup->step) backup->step(backup->context, done, total);
}

void backup_hash(struct slice bytes, char name[BACKUP_NAME_BYTES + 1]) {
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_Digest(bytes.ptr, bytes.len, digest, &len, EVP_sha256(), NULL) != 1) FATAL("no SHA-256");
    struct buffer text = buffer_new(BACKUP_NAME_BYTES);
    hex_encode(&text, slice_of(digest, len));
    memcpy(name, text.ptr, BACKUP_NAME_BYTES);
    name[BACKUP_NAME_BYTES] = 0;
    buffer_free(&text);
}

/* ---- opening ---- */

void backup_init(struct backup *backup, struct env *env, const char *folder) {
    *backup = (struct backup){.env = env, .folder = folder};
    backup->arena = arena_new(BACKUP_ARENA_BYTES);
    backup->notes = buffer_new(NOTES_BYTES_MAX);
    backup->chunk = malloc(BACKUP_CHUNK_BYTES);
    if (!backup->chunk) FATAL("out of memory for a backup's chunk");
}

void backup_close(struct backup *backup) {
    file_close(&backup->lock);
    buffer_free(&backup->notes);
    arena_free(&backup->arena);
    free(backup->chunk);
    backup->chunk = NULL;
}

static int check_marker(struct backup *backup) {
    const char *path = backup_path(backup, "posthaste-backup.json");
    struct file *file = NULL;
    char text[sizeof marker] = {0};
    int result = file_open(backup->env, path, FILE_READ, &file);
    if (result == -ENOENT || result == -ENOTDIR) return result;
    if (result) return backup_fail(backup, result, "%s", path);
    int64_t got = file_read(file, text, sizeof text, 0);
    file_close(&file);
    if (got == (int64_t)sizeof marker - 1 && memcmp(text, marker, sizeof marker - 1) == 0) return 0;
    if (got < 0) return backup_fail(backup, (int)got, "%s", path);
    return backup_fail(backup, -EPROTO, "%s", path);
}

struct lookout {
    bool is_strange;
};

static void look_for_strangers(void *context, const char *name) {
    /* The last of them: another posthaste may have made it a backup since it was looked for. */
    static const char *const ours[] = {"lock",      "partial",    "pool",
                                       "snapshots", "lost+found", "posthaste-backup.json"};
    struct lookout *lookout = context;
    bool is_ours = false;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) is_ours = is_ours || strcmp(name, ours[i]) == 0;
    lookout->is_strange = lookout->is_strange || !is_ours;
}

/* A folder with anything else in it is not taken for a backup. */
static int check_is_ours(struct backup *backup) {
    struct lookout lookout = {false};
    int result = folder_list(backup->env, backup->folder, look_for_strangers, &lookout);
    if (result) return backup_fail(backup, result, "%s", backup->folder);
    if (!lookout.is_strange) return 0;
    backup->error = arena_printf(backup->arena,
                                 "%s has other things in it and is no backup; name a new or an empty folder",
                                 backup->folder);
    return -ENOTEMPTY;
}

static int take_lock(struct backup *backup) {
    const char *path = backup_path(backup, "lock");
    int result = file_open(backup->env, path, FILE_WRITE, &backup->lock);
    if (result) return result;
    result = file_lock_exclusive(backup->lock);
    if (result == -EWOULDBLOCK)
        backup->error =
            arena_printf(backup->arena, "%s: another posthaste works on this backup; wait until it is done",
                         backup->folder);
    if (result) file_close(&backup->lock);
    return result;
}

static int make_folder(struct backup *backup, const char *path) {
    int result = folder_make(backup->env, path);
    return result ? backup_fail(backup, result, "%s", path) : 0;
}

static int make_folders(struct backup *backup) {
    int result = make_folder(backup, backup_path(backup, "snapshots"));
    if (result == 0) result = make_folder(backup, backup_path(backup, "pool"));
    for (unsigned i = 0; result == 0 && i < 256; i++)
        result = make_folder(backup, backup_path(backup, "pool/%02x", i));
    if (result == 0) result = folder_sync(backup->env, backup_path(backup, "pool"));
    if (result == 0)
        result = backup_write(backup, backup_path(backup, "posthaste-backup.json"),
                              slice_of(marker, sizeof marker - 1));
    return result ? backup_fail(backup, result, "%s", backup->folder) : 0;
}

int backup_open(struct backup *backup) {
    int result = make_folder(backup, backup->folder);
    if (result) return result;
    int marked = check_marker(backup);
    if (marked && marked != -ENOENT) return marked;
    result = marked ? check_is_ours(backup) : 0;
    if (result == 0) result = take_lock(backup);
    if (result) return backup_fail(backup, result, "%s", backup->folder);
    return marked ? make_folders(backup) : 0;
}

int backup_open_existing(struct backup *backup) {
    int result = check_marker(backup);
    if (result == -ENOENT || result == -ENOTDIR)
        backup->error =
            arena_printf(backup->arena, "%s is no backup; posthaste backup --data DIR --to %s makes one",
                         backup->folder, backup->folder);
    if (result) return result;
    result = take_lock(backup);
    if (result == -EROFS || result == -EACCES) return 0;
    return result ? backup_fail(backup, result, "%s", backup->folder) : 0;
}

/* ---- writing ---- */

static int folder_of(const char *path, char folder[STORE_PATH_BYTES_MAX]) {
    size_t len = slice_find_last_byte(slice_from_text(path), '/');
    if (len >= STORE_PATH_BYTES_MAX) return -ENAMETOOLONG;
    memcpy(folder, path, len);
    folder[len] = 0;
    return 0;
}

/* Written, synced and renamed; the folder is the caller's to sync. */
static int write_and_rename(struct backup *backup, const char *path, struct slice bytes) {
    char partial[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(partial, sizeof partial, "%s/partial", backup->folder) >= sizeof partial)
        return -ENAMETOOLONG;
    int result = file_remove(backup->env, partial);
    struct file *file = NULL;
    if (result == 0 || result == -ENOENT) result = file_open(backup->env, partial, FILE_CREATE, &file);
    if (result == 0) result = file_write(file, bytes, 0);
    if (result == 0) result = file_sync(file);
    file_close(&file);
    if (result == 0) result = file_rename(backup->env, partial, path);
    if (result) (void)!file_remove(backup->env, partial);
    return result;
}

int backup_write(struct backup *backup, const char *path, struct slice bytes) {
    char folder[STORE_PATH_BYTES_MAX];
    int result = folder_of(path, folder);
    if (result == 0) result = write_and_rename(backup, path, bytes);
    return result ? result : folder_sync(backup->env, folder);
}

/* ---- parts ---- */

static int part_path(const struct backup *backup, const char *name, char path[STORE_PATH_BYTES_MAX]) {
    int len = snprintf(path, STORE_PATH_BYTES_MAX, "%s/pool/%.2s/%s", backup->folder, name, name);
    return len < 0 || len >= STORE_PATH_BYTES_MAX ? -ENAMETOOLONG : 0;
}

bool backup_pool_has(struct backup *backup, const struct backup_part *part) {
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    if (part_path(backup, part->name, path) || file_open(backup->env, path, FILE_READ, &file)) return false;
    int64_t size = file_size(file);
    file_close(&file);
    return size >= 0 && (uint64_t)size == part->bytes;
}

static unsigned folder_number(const char *name) {
    unsigned number = 0;
    for (int i = 0; i < 2; i++)
        number =
            number * 16 + (unsigned)(ascii_is_digit((uint8_t)name[i]) ? name[i] - '0' : name[i] - 'a' + 10);
    return number & 255;
}

int backup_pool_add(struct backup *backup, struct slice bytes, struct backup_part *part) {
    backup_hash(bytes, part->name);
    part->bytes = bytes.len;
    /* Found after a backup that was broken off, its name may not be durable yet. */
    backup->is_touched[folder_number(part->name)] = true;
    if (backup_pool_has(backup, part)) return 0;
    char path[STORE_PATH_BYTES_MAX];
    int result = part_path(backup, part->name, path);
    if (result == 0) result = write_and_rename(backup, path, bytes);
    if (result) return backup_fail(backup, result, "%s", backup->folder);
    backup->written_bytes += bytes.len;
    return 0;
}

int backup_pool_read(struct backup *backup, const struct backup_part *part, struct slice *bytes) {
    char path[STORE_PATH_BYTES_MAX];
    char name[BACKUP_NAME_BYTES + 1];
    struct file *file = NULL;
    if (part->bytes > BACKUP_CHUNK_BYTES) return -EBADMSG;
    int result = part_path(backup, part->name, path);
    if (result == 0) result = file_open(backup->env, path, FILE_READ, &file);
    if (result) return result;
    int64_t size = file_size(file);
    int64_t got = file_read(file, backup->chunk, (size_t)part->bytes, 0);
    file_close(&file);
    if (size < 0 || got < 0) return (int)(size < 0 ? size : got);
    *bytes = slice_of(backup->chunk, (size_t)got);
    backup_hash(*bytes, name);
    bool is_good = (uint64_t)size == part->bytes && (uint64_t)got == part->bytes &&
                   memcmp(name, part->name, BACKUP_NAME_BYTES) == 0;
    return is_good ? 0 : -EBADMSG;
}

bool backup_pool_peek(struct backup *backup, const struct backup_part *part, uint64_t offset, uint8_t *bytes,
                      size_t len) {
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    if (part_path(backup, part->name, path) || file_open(backup->env, path, FILE_READ, &file)) return false;
    int64_t got = file_read(file, bytes, len, offset);
    file_close(&file);
    return got >= 0 && (size_t)got == len;
}

int backup_pool_sync(struct backup *backup) {
    for (unsigned i = 0; i < 256; i++) {
        char path[STORE_PATH_BYTES_MAX];
        if (!backup->is_touched[i]) continue;
        if ((size_t)snprintf(path, sizeof path, "%s/pool/%02x", backup->folder, i) >= sizeof path)
            return -ENAMETOOLONG;
        int result = folder_sync(backup->env, path);
        if (result) return backup_fail(backup, result, "%s", path);
        backup->is_touched[i] = false;
    }
    return 0;
}
