#include "app/carry/backup_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"

/* Not these: what belongs to the store is taken by it, the rest is of the moment. */
static const char *const left_out[] = {"run", "spool", "body", "lock", "restore.partial"};

struct walk {
    struct backup *backup;
    const char *data;
    struct backup_manifest *manifest;
    int root;
    uid_t store_user;
    /* Where init was run by root, some of what is there is not the store's. */
    bool has_users;
    /* Folders still to be read: const char *, relative; "" is the data folder. */
    struct buffer folders;
    size_t seen;
};

static int fail(struct walk *walk, const char *path, int result) {
    return backup_fail(walk->backup, result, "%s/%s", walk->data, path);
}

/* Without following a link anywhere on the way; kernels that do not know how check the last name only. */
static int open_inside(const struct walk *walk, const char *path, int flags) {
    const char *name = path[0] ? path : ".";
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW),
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
    long fd = syscall(SYS_openat2, walk->root, name, &how, sizeof how);
    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = openat(walk->root, name, flags | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? -errno : (int)fd;
}

static int read_all(int fd, size_t bytes, struct buffer *text) {
    uint8_t *room = buffer_reserve(text, bytes + 1);
    size_t done = 0;
    while (room && done < bytes) {
        ssize_t got = read(fd, room + done, bytes - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) break;
        done += (size_t)got;
    }
    buffer_grew(text, done);
    return room ? 0 : -EFBIG;
}

static struct backup_file entry_of(const struct walk *walk, const char *path, const struct stat *status) {
    return (struct backup_file){.path = path,
                                .permissions = status->st_mode & 0777,
                                .is_of_store = walk->has_users && status->st_uid == walk->store_user};
}

static int take_file(struct walk *walk, const char *path) {
    struct stat status;
    struct buffer text = buffer_new(BACKUP_OTHER_FILE_BYTES_MAX + 1);
    int fd = open_inside(walk, path, O_RDONLY | O_NONBLOCK);
    int result = fd < 0 ? fd : fstat(fd, &status) ? -errno : 0;
    if (result == 0 && !S_ISREG(status.st_mode)) result = -ESTALE;
    if (result == 0 && status.st_size > BACKUP_OTHER_FILE_BYTES_MAX) result = -EFBIG;
    if (result == 0) result = read_all(fd, (size_t)status.st_size, &text);
    if (fd >= 0) (void)close(fd);
    /* It went while we came. */
    if (result == -ENOENT) {
        buffer_free(&text);
        return 0;
    }
    if (result) fail(walk, path, result);
    struct backup_file entry = entry_of(walk, path, &status);
    entry.kind = BACKUP_FILE;
    if (result == 0) result = backup_take_entry(walk->backup, walk->manifest, &entry, buffer_slice(&text));
    if (text.len) explicit_bzero(text.ptr, text.len);
    buffer_free(&text);
    return result;
}

static int take_link(struct walk *walk, const char *path, const struct stat *status) {
    char target[PATH_MAX];
    ssize_t len = readlinkat(walk->root, path, target, sizeof target);
    if (len < 0 || (size_t)len >= sizeof target) return fail(walk, path, len < 0 ? -errno : -ENAMETOOLONG);
    struct backup_file entry = entry_of(walk, path, status);
    entry.kind = BACKUP_LINK;
    entry.target = arena_text(walk->backup->arena, slice_of(target, (size_t)len));
    backup_note(walk->backup, "%s/%s is a link to %s: saved as a link, without what it points to", walk->data,
                path, entry.target);
    return backup_take_entry(walk->backup, walk->manifest, &entry, SLICE_EMPTY);
}

static int take_folder(struct walk *walk, const char *path, const struct stat *status) {
    struct backup_file entry = entry_of(walk, path, status);
    entry.kind = BACKUP_FOLDER;
    buffer_append(&walk->folders, slice_of(&path, sizeof path));
    return backup_take_entry(walk->backup, walk->manifest, &entry, SLICE_EMPTY);
}

static int take_name(struct walk *walk, const char *path) {
    struct stat status;
    if (++walk->seen > BACKUP_OTHER_FILES_MAX) return fail(walk, path, -E2BIG);
    if (fstatat(walk->root, path, &status, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? 0 : fail(walk, path, -errno);
    if (S_ISDIR(status.st_mode)) return take_folder(walk, path, &status);
    if (S_ISLNK(status.st_mode)) return take_link(walk, path, &status);
    if (S_ISREG(status.st_mode)) return take_file(walk, path);
    backup_note(walk->backup, "%s/%s is no file: left out", walk->data, path);
    return 0;
}

static bool is_left_out(const char *folder, const char *name) {
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return true;
    if (folder[0]) return false;
    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++)
        if (strcmp(name, left_out[i]) == 0) return true;
    return strncmp(name, "store.db", 8) == 0;
}

static int read_folder(struct walk *walk, const char *folder) {
    int fd = open_inside(walk, folder, O_RDONLY | O_DIRECTORY);
    DIR *names = fd < 0 ? NULL : fdopendir(fd);
    if (!names) return fail(walk, folder, fd < 0 ? fd : -errno);
    int result = 0;
    for (struct dirent *entry = readdir(names); entry && result == 0; entry = readdir(names)) {
        if (is_left_out(folder, entry->d_name)) continue;
        struct slice path = folder[0] ? arena_printf(walk->backup->arena, "%s/%s", folder, entry->d_name)
                                      : slice_from_text(entry->d_name);
        result = take_name(walk, arena_text(walk->backup->arena, path));
    }
    (void)closedir(names);
    return result;
}

static int start(struct walk *walk) {
    struct stat folder;
    struct stat config;
    if (fstat(walk->root, &folder)) return -errno;
    walk->store_user = folder.st_uid;
    bool has_config = fstatat(walk->root, "posthaste.conf", &config, AT_SYMLINK_NOFOLLOW) == 0;
    walk->has_users = has_config && config.st_uid != folder.st_uid;
    const char *top = "";
    buffer_append(&walk->folders, slice_of(&top, sizeof top));
    return 0;
}

int backup_take_files(struct backup *backup, const char *data, struct backup_manifest *manifest) {
    struct walk walk = {.backup = backup, .data = data, .manifest = manifest};
    walk.root = open(data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (walk.root < 0) return backup_fail(backup, -errno, "%s", data);
    walk.folders = buffer_new(BACKUP_OTHER_FILES_MAX * sizeof(char *));
    int result = start(&walk);
    for (size_t i = 0; result == 0 && i < walk.folders.len / sizeof(char *); i++)
        result = read_folder(&walk, ((const char **)(void *)walk.folders.ptr)[i]);
    buffer_free(&walk.folders);
    (void)close(walk.root);
    return result;
}
