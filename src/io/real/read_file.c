#include "io/real/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buffer.h"

static int read_all(int fd, size_t bytes_max, struct buffer *bytes) {
    for (;;) {
        uint8_t *room = buffer_reserve(bytes, 65536);
        if (!room) return -EFBIG;
        ssize_t got = read(fd, room, 65536);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -errno;
        if (got == 0) return bytes->len > bytes_max ? -EFBIG : 0;
        buffer_grew(bytes, (size_t)got);
    }
}

int read_file(struct arena *arena, const char *path, size_t bytes_max, struct slice *bytes) {
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    struct buffer all = buffer_new(bytes_max + 65536);
    int result = read_all(fd, bytes_max, &all);
    if (!is_input) (void)close(fd);
    if (!result && !arena_try_copy(arena, buffer_slice(&all), bytes)) result = -EFBIG;
    buffer_free(&all);
    return result;
}

int write_new_file(const char *path, struct slice bytes, unsigned permissions) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions);
    if (fd < 0) return -errno;
    int result = 0;
    while (bytes.len && !result) {
        ssize_t put = write(fd, bytes.ptr, bytes.len);
        if (put < 0 && errno != EINTR) result = -errno;
        if (put > 0) bytes = slice_skip(bytes, (size_t)put);
    }
    if (!result && fsync(fd)) result = -errno;
    if (close(fd) && !result) result = -errno;
    return result;
}

int settle_names(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int result = fsync(fd) ? -errno : 0;
    (void)close(fd);
    return result;
}
