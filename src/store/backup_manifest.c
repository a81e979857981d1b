/*
 * A snapshot's own file: {"manifest": {...}, "sha256": "..."}, the hash being that of the manifest as
 * compact JSON with sorted keys. What is read is checked as if a stranger had written it: paths stay
 * below the folder, and nothing lies behind a link.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/limits.h"
#include "store/backup.h"

enum { CANONICAL = JSON_COMPACT | JSON_SORT_KEYS };

static const char *const kinds[] = {
    [BACKUP_FILE] = "file", [BACKUP_FOLDER] = "folder", [BACKUP_LINK] = "link"};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

void backup_manifest_init(struct backup_manifest *manifest) {
    *manifest = (struct backup_manifest){.version = POSTHASTE_VERSION, .lineage = ""};
    manifest->files = buffer_new(BACKUP_FILES_MAX * sizeof(struct backup_file));
}

void backup_manifest_free(struct backup_manifest *manifest) { buffer_free(&manifest->files); }

/* ---- the list of snapshots ---- */

static void note_number(void *context, const char *name) {
    struct slice rest = slice_from_text(name);
    uint64_t number = 0;
    if (slice_take_number(&rest, INT64_MAX, &number) && number && slice_equal(rest, SLICE(".json")))
        buffer_append(context, slice_of(&number, sizeof number));
}

static int compare_numbers(const void *left, const void *right) {
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

int backup_list(struct backup *backup, uint64_t **numbers, size_t *count) {
    struct buffer found = buffer_new(MIB(64));
    const char *path = backup_path(backup, "snapshots");
    int result = folder_list(backup->env, path, note_number, &found);
    if (result) {
        buffer_free(&found);
        return backup_fail(backup, result, "%s", path);
    }
    *count = found.len / sizeof **numbers;
    *numbers = ARENA_NEW_ARRAY(backup->arena, uint64_t, *count + 1);
    if (*count) memcpy(*numbers, found.ptr, found.len);
    qsort(*numbers, *count, sizeof **numbers, compare_numbers);
    buffer_free(&found);
    return 0;
}

static const char *manifest_path(struct backup *backup, uint64_t number) {
    return backup_path(backup, "snapshots/%08" PRIu64 ".json", number);
}

/* ---- writing ---- */

static json_t *parts_of(const struct backup_file *file) {
    json_t *parts = json_array();
    for (size_t i = 0; i < file->part_count; i++)
        json_array_append_new(parts, json_pack("{s:I, s:s}", "bytes", (json_int_t)file->parts[i].bytes,
                                               "sha256", file->parts[i].name));
    return parts;
}

static json_t *entry_of(const struct backup_file *file) {
    json_t *entry = json_pack("{s:s, s:s, s:i, s:b}", "path", file->path, "kind", kinds[file->kind], "mode",
                              (int)file->permissions, "store", file->is_of_store);
    if (!entry) return NULL;
    if (file->kind == BACKUP_LINK) json_object_set_new(entry, "target", json_string(file->target));
    if (file->kind != BACKUP_FILE) return entry;
    json_object_set_new(entry, "bytes", json_integer((json_int_t)file->bytes));
    json_object_set_new(entry, "parts", parts_of(file));
    return entry;
}

static json_t *document_of(const struct backup_manifest *manifest) {
    json_t *files = json_array();
    for (size_t i = 0; i < backup_file_count(manifest); i++)
        json_array_append_new(files, entry_of(backup_file_at(manifest, i)));
    return json_pack("{s:i, s:I, s:I, s:s, s:I, s:s, s:I, s:I, s:o}", "format", BACKUP_FORMAT, "snapshot",
                     (json_int_t)manifest->number, "taken_ms", (json_int_t)manifest->taken_ms, "version",
                     manifest->version, "store_format", (json_int_t)manifest->store_format, "lineage",
                     manifest->lineage, "bytes", (json_int_t)manifest->bytes, "new_bytes",
                     (json_int_t)manifest->new_bytes, "files", files);
}

static void hash_document(const json_t *document, char name[BACKUP_NAME_BYTES + 1]) {
    char *text = json_dumps(document, CANONICAL);
    if (!text) FATAL("out of memory for a manifest");
    backup_hash(slice_from_text(text), name);
    free(text);
}

static int write_manifest(struct backup *backup, const struct backup_manifest *manifest) {
    char name[BACKUP_NAME_BYTES + 1];
    json_t *document = document_of(manifest);
    if (!document) return backup_fail(backup, -EILSEQ, "a name in the data folder is not UTF-8");
    hash_document(document, name);
    json_t *whole = json_pack("{s:o, s:s}", "manifest", document, "sha256", name);
    char *text = whole ? json_dumps(whole, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    if (!text) FATAL("out of memory for a manifest");
    int result = backup_write(backup, manifest_path(backup, manifest->number), slice_from_text(text));
    free(text);
    json_decref(whole);
    return result ? backup_fail(backup, result, "%s", backup->folder) : 0;
}

int backup_finish(struct backup *backup, struct backup_manifest *manifest) {
    uint64_t *numbers = NULL;
    size_t count = 0;
    int result = backup_list(backup, &numbers, &count);
    if (result == 0) result = backup_pool_sync(backup);
    if (result) return result;
    manifest->number = count ? numbers[count - 1] + 1 : 1;
    manifest->taken_ms = manifest->taken_ms ? manifest->taken_ms : env_wall_ms(backup->env);
    manifest->new_bytes = backup->written_bytes;
    manifest->bytes = 0;
    for (size_t i = 0; i < backup_file_count(manifest); i++)
        manifest->bytes += backup_file_at(manifest, i)->bytes;
    return write_manifest(backup, manifest);
}

/* ---- reading ---- */

static bool is_hash(const char *text) {
    if (!text || strlen(text) != BACKUP_NAME_BYTES) return false;
    for (; *text; text++)
        if (!ascii_is_digit((uint8_t)*text) && (*text < 'a' || *text > 'f')) return false;
    return true;
}

static bool read_parts(struct backup *backup, const json_t *list, struct backup_file *file) {
    file->part_count = json_array_size(list);
    file->parts = ARENA_NEW_ARRAY(backup->arena, struct backup_part, file->part_count + 1);
    uint64_t total = 0;
    for (size_t i = 0; i < file->part_count; i++) {
        const json_t *row = json_array_get(list, i);
        const char *name = json_string_value(json_object_get(row, "sha256"));
        json_int_t bytes = json_integer_value(json_object_get(row, "bytes"));
        if (!is_hash(name) || bytes < 0 || bytes > BACKUP_CHUNK_BYTES) return false;
        memcpy(file->parts[i].name, name, BACKUP_NAME_BYTES);
        file->parts[i].bytes = (uint64_t)bytes;
        total += (uint64_t)bytes;
    }
    return total == file->bytes;
}

/* Relative, and without a step upwards. */
static bool path_is_inside(struct slice path) {
    if (path.len == 0 || path.len >= STORE_PATH_BYTES_MAX / 2) return false;
    while (path.len) {
        struct slice name = slice_take_until(&path, '/');
        if (name.len == 0 || slice_equal(name, SLICE(".")) || slice_equal(name, SLICE(".."))) return false;
        if (slice_take_byte(&path, '/') && path.len == 0) return false;
    }
    return true;
}

static bool read_kind(const char *text, enum backup_kind *kind) {
    for (size_t i = 0; text && i < KIND_COUNT; i++) {
        *kind = (enum backup_kind)i;
        if (strcmp(text, kinds[i]) == 0) return true;
    }
    return false;
}

static const char *text_in(struct backup *backup, const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return arena_text(backup->arena, slice_from_text(text ? text : ""));
}

static bool read_entry(struct backup *backup, const json_t *row, struct backup_file *file) {
    *file =
        (struct backup_file){.path = text_in(backup, row, "path"), .target = text_in(backup, row, "target")};
    json_int_t bytes = json_integer_value(json_object_get(row, "bytes"));
    file->permissions = (unsigned)json_integer_value(json_object_get(row, "mode")) & 0777;
    file->is_of_store = json_is_true(json_object_get(row, "store"));
    file->bytes = (uint64_t)bytes;
    if (bytes < 0 || !path_is_inside(slice_from_text(file->path))) return false;
    if (!read_kind(json_string_value(json_object_get(row, "kind")), &file->kind)) return false;
    return read_parts(backup, json_object_get(row, "parts"), file);
}

/* What came before as a link may not be a folder of what comes now, and the other way round. */
static bool lies_behind_link(const struct backup_manifest *manifest) {
    for (size_t i = 0; i < backup_file_count(manifest); i++) {
        const struct backup_file *link = backup_file_at(manifest, i);
        if (link->kind != BACKUP_LINK) continue;
        struct slice path = slice_from_text(link->path);
        for (size_t j = 0; j < backup_file_count(manifest); j++) {
            struct slice other = slice_from_text(backup_file_at(manifest, j)->path);
            if (i != j && slice_take_prefix(&other, path) && (other.len == 0 || other.ptr[0] == '/'))
                return true;
        }
    }
    return false;
}

static bool read_files(struct backup *backup, const json_t *list, struct backup_manifest *manifest) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct backup_file file;
        if (!read_entry(backup, json_array_get(list, i), &file)) return false;
        buffer_append(&manifest->files, slice_of(&file, sizeof file));
    }
    return !buffer_overflowed(&manifest->files) && !lies_behind_link(manifest);
}

static bool hash_is_right(const json_t *whole, const json_t *document) {
    char name[BACKUP_NAME_BYTES + 1];
    const char *said = json_string_value(json_object_get(whole, "sha256"));
    if (!json_is_object(document) || !is_hash(said)) return false;
    hash_document(document, name);
    return strcmp(said, name) == 0;
}

static int read_document(struct backup *backup, const json_t *whole, uint64_t number,
                         struct backup_manifest *manifest) {
    const json_t *document = json_object_get(whole, "manifest");
    if (!hash_is_right(whole, document)) return -EBADMSG;
    if (json_integer_value(json_object_get(document, "format")) != BACKUP_FORMAT) return -EPROTO;
    manifest->number = (uint64_t)json_integer_value(json_object_get(document, "snapshot"));
    manifest->taken_ms = json_integer_value(json_object_get(document, "taken_ms"));
    manifest->version = text_in(backup, document, "version");
    manifest->store_format = json_integer_value(json_object_get(document, "store_format"));
    manifest->lineage = text_in(backup, document, "lineage");
    manifest->bytes = (uint64_t)json_integer_value(json_object_get(document, "bytes"));
    manifest->new_bytes = (uint64_t)json_integer_value(json_object_get(document, "new_bytes"));
    if (manifest->number != number) return -EBADMSG;
    return read_files(backup, json_object_get(document, "files"), manifest) ? 0 : -EBADMSG;
}

static int read_whole(struct backup *backup, const char *path, struct buffer *text) {
    struct file *file = NULL;
    int result = file_open(backup->env, path, FILE_READ, &file);
    if (result) return result;
    int64_t size = file_size(file);
    uint8_t *room = size < 0 ? NULL : buffer_reserve(text, (size_t)size + 1);
    int64_t got = room ? file_read(file, room, (size_t)size, 0) : size < 0 ? size : -EFBIG;
    file_close(&file);
    if (got > 0) buffer_grew(text, (size_t)got);
    return got < 0 ? (int)got : 0;
}

int backup_load(struct backup *backup, uint64_t number, struct backup_manifest *manifest) {
    const char *path = manifest_path(backup, number);
    struct buffer text = buffer_new(BACKUP_MANIFEST_BYTES_MAX);
    int result = read_whole(backup, path, &text);
    json_t *whole = result ? NULL : json_loadb((const char *)text.ptr, text.len, 0, NULL);
    if (result == 0) result = whole ? read_document(backup, whole, number, manifest) : -EBADMSG;
    json_decref(whole);
    buffer_free(&text);
    if (result) buffer_clear(&manifest->files);
    return result;
}

int backup_load_newest(struct backup *backup, struct backup_manifest *manifest) {
    uint64_t *numbers = NULL;
    size_t count = 0;
    int result = backup_list(backup, &numbers, &count);
    if (result) return result;
    for (size_t i = count; i > 0; i--)
        if (backup_load(backup, numbers[i - 1], manifest) == 0) return 0;
    return -ENOENT;
}
