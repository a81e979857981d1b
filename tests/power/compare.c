#include "compare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fatal.h"

struct mapped {
    void *bytes;
    size_t len;
};

static struct mapped map_file(const char *path) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status)) FATAL("%s: %s", path, strerror(errno));
    struct mapped file = {NULL, (size_t)status.st_size};
    if (file.len) file.bytes = mmap(NULL, file.len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (file.bytes == MAP_FAILED) FATAL("%s: %s", path, strerror(errno));
    (void)close(fd);
    return file;
}

static void unmap_file(struct mapped *file) {
    if (file->len) (void)munmap(file->bytes, file->len);
}

static int compare_files(const char *left, const char *right) {
    struct mapped a = map_file(left);
    struct mapped b = map_file(right);
    size_t same = 0;
    size_t least = a.len < b.len ? a.len : b.len;
    while (same < least && ((uint8_t *)a.bytes)[same] == ((uint8_t *)b.bytes)[same]) same++;
    bool differ = a.len != b.len || same < least;
    if (differ)
        (void)printf("%s has %zu bytes, the run left %zu; the first %zu are the same\n", left, a.len, b.len,
                     same);
    unmap_file(&a);
    unmap_file(&b);
    return differ;
}

static bool is_left_out(const char *path, mode_t mode) {
    size_t len = strlen(path);
    return (!S_ISREG(mode) && !S_ISDIR(mode)) || (len > 4 && strcmp(path + len - 4, "-shm") == 0);
}

static int compare_one(const char *from, const char *to, bool is_first,
                       int (*inner)(const char *, const char *)) {
    struct stat a;
    struct stat b;
    if (lstat(from, &a)) FATAL("%s: %s", from, strerror(errno));
    if (is_left_out(from, a.st_mode)) return 0;
    if (lstat(to, &b)) {
        (void)printf("%s is in one only\n", from);
        return 1;
    }
    if (S_ISDIR(a.st_mode)) return inner(from, to);
    return is_first ? compare_files(from, to) : 0;
}

static int walk(const char *from, const char *to, bool is_first);
static int walk_first(const char *from, const char *to) { return walk(from, to, true); }
static int walk_second(const char *from, const char *to) { return walk(from, to, false); }

/* The names of `from` in `to`; the first time also the bytes. */
static int walk(const char *from, const char *to, bool is_first) {
    DIR *folder = opendir(from);
    if (!folder) FATAL("%s: %s", from, strerror(errno));
    int differences = 0;
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char left[PATH_MAX];
        char right[PATH_MAX];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        (void)snprintf(left, sizeof left, "%s/%s", from, entry->d_name);
        (void)snprintf(right, sizeof right, "%s/%s", to, entry->d_name);
        differences += compare_one(left, right, is_first, is_first ? walk_first : walk_second);
    }
    (void)closedir(folder);
    return differences;
}

int compare_folders(const char *replayed, const char *real) {
    return walk_first(replayed, real) + walk_second(real, replayed);
}
