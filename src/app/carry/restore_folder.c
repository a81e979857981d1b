#include "app/carry/restore_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/settings/serve_lock.h"
#include "base/limits.h"

enum { MARKER_BYTES = 256 };

static const char marker_name[] = "restore.partial";
/* As init and the store make them. */
static const struct {
    const char *name;
    mode_t mode;
} folders_of_store[] = {{"run", 0750}, {"body", 0750}, {"spool", 0750}};
enum { FOLDERS_OF_STORE = sizeof folders_of_store / sizeof folders_of_store[0] };

static const char *path_in(struct restore_folder *folder, const char *name) {
    return arena_text(folder->backup->arena,
                      arena_printf(folder->backup->arena, "%s/%s", folder->path, name));
}

static int fail(struct restore_folder *folder, const char *name, int result) {
    return backup_fail(folder->backup, result, "%s/%s", folder->path, name);
}

static int refuse(struct restore_folder *folder, const char *why) {
    folder->backup->error = arena_printf(folder->backup->arena, "%s %s", folder->path, why);
    return -EEXIST;
}

/* ---- taking the folder ---- */

struct contents {
    size_t count;
    bool has_marker;
    bool has_store;
};

static void count_name(void *context, const char *name) {
    struct contents *contents = context;
    /* A file system of its own has this from the start. */
    if (strcmp(name, "lost+found") == 0) return;
    contents->count++;
    contents->has_marker = contents->has_marker || strcmp(name, marker_name) == 0;
    contents->has_store = contents->has_store || strcmp(name, "store.db") == 0;
}

static int look(struct restore_folder *folder, struct contents *contents) {
    int result = folder_list(folder->backup->env, folder->path, count_name, contents);
    if (result) return backup_fail(folder->backup, result, "%s", folder->path);
    if (contents->count && !contents->has_marker)
        return refuse(folder, "is not empty; restore into a new folder, and move the old one away first");
    return 0;
}

/* What the marker of this restore says. */
static void marker_text(const struct restore_folder *folder, char text[MARKER_BYTES]) {
    (void)snprintf(text, MARKER_BYTES, "snapshot %llu of %s\n", (unsigned long long)folder->manifest->number,
                   folder->manifest->lineage);
}

static int write_marker(struct restore_folder *folder, const char *text) {
    size_t len = strlen(text);
    if (pwrite(folder->marker, text, len, 0) != (ssize_t)len) return fail(folder, marker_name, -errno);
    struct file *file = file_adopt(folder->backup->env, (struct handle){dup(folder->marker), NULL});
    int result = file_sync(file);
    file_close(&file);
    if (result == 0) result = folder_sync(folder->backup->env, folder->path);
    return result ? fail(folder, marker_name, result) : 0;
}

/* A marker alone is of a restore that had not begun: cut off while it was written. */
static int take_marker(struct restore_folder *folder, const struct contents *contents) {
    char wanted[MARKER_BYTES];
    char found[MARKER_BYTES] = {0};
    folder->marker = open(path_in(folder, marker_name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (folder->marker < 0) return fail(folder, marker_name, -errno);
    if (flock(folder->marker, LOCK_EX | LOCK_NB))
        return refuse(folder, "is being restored by another posthaste");
    marker_text(folder, wanted);
    if (contents->count <= 1) return write_marker(folder, wanted);
    if (pread(folder->marker, found, sizeof found - 1, 0) < 0) return fail(folder, marker_name, -errno);
    if (strcmp(found, wanted) == 0) return 0;
    return refuse(folder, "holds a restore of another snapshot that was broken off; finish that one with "
                          "--snapshot, or empty the folder");
}

int restore_folder_open(struct restore_folder *folder, struct backup *backup, const char *path,
                        const struct backup_manifest *manifest) {
    *folder = (struct restore_folder){.backup = backup, .path = path, .manifest = manifest, .marker = -1};
    struct contents contents = {0};
    int result = folder_make(backup->env, path);
    if (result) return backup_fail(backup, result, "%s", path);
    result = look(folder, &contents);
    if (result == 0) result = take_marker(folder, &contents);
    folder->has_store = contents.has_store;
    return result;
}

void restore_folder_close(struct restore_folder *folder) {
    if (folder->marker >= 0) (void)close(folder->marker);
    folder->marker = -1;
}

int restore_folder_finish(struct restore_folder *folder) {
    int result = file_remove(folder->backup->env, path_in(folder, marker_name));
    if (result == 0) result = folder_sync(folder->backup->env, folder->path);
    return result ? fail(folder, marker_name, result) : 0;
}

/* ---- who owns it ---- */

static const struct backup_file *find(const struct restore_folder *folder, const char *path) {
    for (size_t i = 0; i < backup_file_count(folder->manifest); i++)
        if (strcmp(backup_file_at(folder->manifest, i)->path, path) == 0)
            return backup_file_at(folder->manifest, i);
    return NULL;
}

/* The users of the roles stand in the configuration that comes back; where it cannot be read, init's. */
static void read_config(struct restore_folder *folder) {
    const struct backup_file *file = find(folder, "posthaste.conf");
    struct arena *arena = folder->backup->arena;
    struct slice text;
    struct slice error;
    config_defaults(&folder->config);
    if (!file || file->part_count != 1 || backup_pool_read(folder->backup, &file->parts[0], &text)) return;
    if (config_parse(arena, "posthaste.conf", arena_copy(arena, text), &folder->config, &error)) return;
    config_defaults(&folder->config);
    backup_note(folder->backup, "%.*s; owners are set as if it said nothing of users", SLICE_PRINT(error));
}

static int set_owner(struct restore_folder *folder, const char *path, bool is_of_store, mode_t mode) {
    uid_t uid = is_of_store ? (uid_t)folder->config.uid[ROLE_STORE] : 0;
    gid_t gid = is_of_store ? (gid_t)folder->config.gid : 0;
    if (geteuid() == 0 && lchown(path, uid, gid)) return backup_fail(folder->backup, -errno, "%s", path);
    if (mode && chmod(path, mode)) return backup_fail(folder->backup, -errno, "%s", path);
    return 0;
}

static int set_owners(struct restore_folder *folder) {
    int result = 0;
    for (size_t i = 0; result == 0 && i < backup_file_count(folder->manifest); i++) {
        const struct backup_file *file = backup_file_at(folder->manifest, i);
        mode_t mode = file->kind == BACKUP_LINK ? 0 : (mode_t)file->permissions;
        result = set_owner(folder, path_in(folder, file->path), file->is_of_store, mode);
    }
    for (size_t i = 0; result == 0 && i < FOLDERS_OF_STORE; i++)
        result = set_owner(folder, path_in(folder, folders_of_store[i].name), true, folders_of_store[i].mode);
    /* Last: until now nobody else gets in. */
    return result ? result : set_owner(folder, folder->path, true, 0750);
}

/* ---- filling it ---- */

static uint64_t total_bytes(const struct restore_folder *folder) { return folder->manifest->bytes; }

static void note_done(struct restore_folder *folder, const struct backup_file *file) {
    folder->done_bytes += file->bytes;
    backup_step(folder->backup, folder->done_bytes, total_bytes(folder));
}

static int make_folder(struct restore_folder *folder, const char *name) {
    int result = folder_make(folder->backup->env, path_in(folder, name));
    return result ? fail(folder, name, result) : 0;
}

static int make_link(struct restore_folder *folder, const struct backup_file *file) {
    const char *path = path_in(folder, file->path);
    if (symlink(file->target, path) == 0 || errno == EEXIST) return 0;
    return fail(folder, file->path, -errno);
}

static int restore_entry(struct restore_folder *folder, const struct backup_file *file) {
    if (file->kind == BACKUP_FOLDER) return make_folder(folder, file->path);
    if (file->kind == BACKUP_LINK) return make_link(folder, file);
    if (strcmp(file->path, "store.db") == 0) return 0;
    int result = backup_restore_file(folder->backup, file, folder->path);
    note_done(folder, file);
    return result;
}

static int restore_files(struct restore_folder *folder) {
    int result = 0;
    for (size_t i = 0; i < FOLDERS_OF_STORE && result == 0; i++)
        result = make_folder(folder, folders_of_store[i].name);
    for (size_t i = 0; result == 0 && i < backup_file_count(folder->manifest); i++)
        result = restore_entry(folder, backup_file_at(folder->manifest, i));
    return result;
}

static int restore_database(struct restore_folder *folder) {
    const struct backup_file *file = find(folder, "store.db");
    if (!file || file->kind != BACKUP_FILE) return fail(folder, "store.db", -EBADMSG);
    int result = backup_restore_database(folder->backup, file, folder->path);
    note_done(folder, file);
    return result;
}

/* Folders that were made for restored files, and the data folder itself in the one above. */
static int sync_folders(struct restore_folder *folder) {
    struct env *env = folder->backup->env;
    int result = folder_sync(env, folder->path);
    for (size_t i = 0; result == 0 && i < backup_file_count(folder->manifest); i++) {
        const struct backup_file *file = backup_file_at(folder->manifest, i);
        if (file->kind == BACKUP_FOLDER) result = folder_sync(env, path_in(folder, file->path));
    }
    if (result == 0) result = folder_sync(env, path_in(folder, ".."));
    /* Who may not open the folder above cannot sync it either. */
    if (result == -EACCES) result = 0;
    return result ? backup_fail(folder->backup, result, "%s", folder->path) : 0;
}

/* As init does: what the store's user cannot get to is refused before more is made. */
static bool owner_reaches(struct restore_folder *folder) {
    return serve_owner_reaches(path_in(folder, ".."), (uid_t)folder->config.uid[ROLE_STORE],
                               (gid_t)folder->config.gid);
}

int restore_folder_fill(struct restore_folder *folder) {
    int result = 0;
    read_config(folder);
    if (!owner_reaches(folder)) return -ECANCELED;
    if (!folder->has_store) result = restore_files(folder);
    if (result == 0 && !folder->has_store) result = sync_folders(folder);
    if (result == 0 && !folder->has_store) result = restore_database(folder);
    return result ? result : set_owners(folder);
}
