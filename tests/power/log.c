#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fatal.h"

struct log_file log_open(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) FATAL("%s: %s", path, strerror(errno));
    uint8_t *bytes = mmap(NULL, RECORD_LOG_BYTES_MAX, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED) FATAL("%s: %s", path, strerror(errno));
    (void)close(fd);
    const struct record_log *head = (const void *)bytes;
    return (struct log_file){bytes, head->end, head->root_inode, slice_from_text(head->root)};
}

bool log_next(const struct log_file *log, struct record *record) {
    struct record_head head;
    if (record->next >= log->end) return false;
    memcpy(&head, log->bytes + record->next, sizeof head);
    uint64_t end = record->next + sizeof head + head.bytes;
    *record = (struct record){
        .number = record->number + 1,
        .kind = head.kind,
        .first = head.first,
        .second = head.second,
        .data = slice_of(log->bytes + record->next + sizeof head, head.bytes),
        .next = (end + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN,
    };
    return true;
}
