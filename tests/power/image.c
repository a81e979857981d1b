#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fatal.h"

enum { SECTOR_BYTES = 512, BLOCK_SECTORS = 8 };

static const char *const names[MIXTURES] = {
    "nothing", "everything", "database", "segment", "log",    "no-database", "no-segment", "no-log",
    "newest",  "no-oldest",  "torn",     "writes",  "blocks", "sectors",     "sizes",
};

const char *mixture_name(enum mixture mixture) { return names[mixture]; }

/* The finalizer of splitmix64. */
static uint64_t scrambled(uint64_t x) {
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

uint64_t image_random(const struct image_place *place, uint64_t a, uint64_t b) {
    uint64_t x = scrambled(place->seed + 0x9e3779b97f4a7c15u);
    x = scrambled(x + place->record);
    x = scrambled(x + (uint64_t)place->mixture + 1);
    return scrambled(scrambled(x + a) + b * 0x9e3779b97f4a7c15u);
}

struct image {
    const struct disk *disk;
    struct image_place place;
    /* Of all writes that are not settled. */
    uint64_t oldest;
    uint64_t newest;
};

/* ---- what is there ---- */

enum answer { NO, YES, BY_SECTOR };

static enum answer by_class(const struct node *node, enum file_class class, bool is_this) {
    return (node->class == class) == is_this ? YES : NO;
}

static enum answer is_there(const struct image *image, const struct node *node, uint64_t number) {
    switch (image->place.mixture) {
    case MIXTURE_EVERYTHING:
        return YES;
    case MIXTURE_DATABASE:
        return by_class(node, CLASS_DATABASE, true);
    case MIXTURE_SEGMENT:
        return by_class(node, CLASS_SEGMENT, true);
    case MIXTURE_LOG:
        return by_class(node, CLASS_LOG, true);
    case MIXTURE_NO_DATABASE:
        return by_class(node, CLASS_DATABASE, false);
    case MIXTURE_NO_SEGMENT:
        return by_class(node, CLASS_SEGMENT, false);
    case MIXTURE_NO_LOG:
        return by_class(node, CLASS_LOG, false);
    case MIXTURE_NEWEST:
        return number == image->newest ? YES : NO;
    case MIXTURE_NO_OLDEST:
        return number == image->oldest ? NO : YES;
    case MIXTURE_TORN:
        return number == image->newest ? BY_SECTOR : YES;
    case MIXTURE_WRITES:
        return image_random(&image->place, number, 0) & 1 ? YES : NO;
    case MIXTURE_BLOCKS:
    case MIXTURE_SECTORS:
        return BY_SECTOR;
    case MIXTURE_NOTHING:
    case MIXTURE_SIZES:
    case MIXTURES:
        return NO;
    }
    FATAL("unknown mixture");
}

static bool is_name_there(const struct image *image, uint64_t number) {
    enum mixture mixture = image->place.mixture;
    if (mixture == MIXTURE_EVERYTHING || mixture == MIXTURE_TORN || mixture == MIXTURE_NO_OLDEST ||
        mixture == MIXTURE_SIZES)
        return true;
    if (mixture == MIXTURE_NOTHING) return false;
    return image_random(&image->place, number, 1) & 1;
}

/* ---- one file ---- */

struct content {
    uint8_t *bytes;
    uint64_t room;
    /* For each sector one more than the last change that is there. */
    uint32_t *last;
};

static uint64_t size_after(uint64_t size, const struct change *change) {
    uint64_t end = change->offset + change->bytes.len;
    return change->is_truncation || end > size ? end : size;
}

static uint64_t largest_size(const struct node *node) {
    uint64_t most = node->size;
    for (size_t i = 0; i < node->change_count; i++)
        most = size_after(most, &node->changes[i]) > most ? size_after(most, &node->changes[i]) : most;
    return most;
}

/* The bytes that a change is about; a truncation is about all behind it. */
static uint64_t change_end(const struct change *change, uint64_t room) {
    return change->is_truncation ? room : change->offset + change->bytes.len;
}

static bool is_sector_there(const struct image *image, enum answer answer, uint64_t number, uint64_t sector) {
    if (answer != BY_SECTOR) return answer == YES;
    uint64_t grain = image->place.mixture == MIXTURE_BLOCKS ? BLOCK_SECTORS : 1;
    return image_random(&image->place, number, 2 + sector / grain) & 1;
}

static void choose_sectors(const struct image *image, const struct node *node, struct content *content) {
    for (size_t i = 0; i < node->change_count; i++) {
        const struct change *change = &node->changes[i];
        enum answer answer = is_there(image, node, change->number);
        uint64_t end = change_end(change, content->room);
        if (answer == NO) continue;
        for (uint64_t sector = change->offset / SECTOR_BYTES; sector * SECTOR_BYTES < end; sector++)
            if (is_sector_there(image, answer, change->number, sector))
                content->last[sector] = (uint32_t)i + 1;
    }
}

/* A sector was in memory with all that was written to it by then. */
static void apply_change(const struct change *change, uint32_t number, struct content *content) {
    uint64_t end = change_end(change, content->room);
    for (uint64_t at = change->offset; at < end;) {
        uint64_t next = (at / SECTOR_BYTES + 1) * SECTOR_BYTES;
        if (next > end) next = end;
        if (content->last[at / SECTOR_BYTES] >= number) {
            if (change->is_truncation)
                memset(content->bytes + at, 0, next - at);
            else
                memcpy(content->bytes + at, change->bytes.ptr + (at - change->offset), next - at);
        }
        at = next;
    }
}

/* What a disk can hold where nothing was written yet. */
static void fill_unwritten(const struct image *image, const struct node *node, struct content *content) {
    bool is_garbage =
        image->place.mixture >= MIXTURE_WRITES && image_random(&image->place, node->inode, 3) & 1;
    if (!is_garbage) return;
    for (uint64_t at = (node->size + SECTOR_BYTES - 1) / SECTOR_BYTES * SECTOR_BYTES; at < content->room;
         at++)
        content->bytes[at] = (uint8_t)image_random(&image->place, node->inode, at / 8);
}

/* The size after the last change that is there at all, or, where each stands for itself, after any. */
static uint64_t choose_size(const struct image *image, const struct node *node) {
    bool is_any = image->place.mixture == MIXTURE_BLOCKS || image->place.mixture == MIXTURE_SECTORS;
    uint64_t count = image_random(&image->place, node->inode, 4) % (node->change_count + 1);
    uint64_t size = node->size;
    uint64_t chosen = size;
    for (size_t i = 0; i < node->change_count; i++) {
        bool counts = is_any ? i < count
                             : image->place.mixture == MIXTURE_SIZES ||
                                   is_there(image, node, node->changes[i].number) != NO;
        size = size_after(size, &node->changes[i]);
        if (counts) chosen = size;
    }
    return chosen;
}

static void put(int fd, const uint8_t *bytes, uint64_t size, const char *path) {
    for (uint64_t done = 0; done < size;) {
        ssize_t count = write(fd, bytes + done, size - done);
        if (count < 0) FATAL("%s: %s", path, strerror(errno));
        done += (uint64_t)count;
    }
}

static void write_file(const struct image *image, const struct node *node, const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) FATAL("%s: %s", path, strerror(errno));
    struct content content = {.room = largest_size(node)};
    if (node->change_count == 0) {
        put(fd, node->bytes, node->size, path);
        (void)close(fd);
        return;
    }
    content.bytes = calloc(content.room + 1, 1);
    content.last = calloc(content.room / SECTOR_BYTES + 1, sizeof *content.last);
    if (!content.bytes || !content.last) FATAL("out of memory");
    if (node->size) memcpy(content.bytes, node->bytes, node->size);
    fill_unwritten(image, node, &content);
    choose_sectors(image, node, &content);
    for (size_t i = 0; i < node->change_count; i++)
        apply_change(&node->changes[i], (uint32_t)i + 1, &content);
    put(fd, content.bytes, choose_size(image, node), path);
    free(content.last);
    free(content.bytes);
    (void)close(fd);
}

/* SQLite makes its index of the log anew; what a power cut leaves of it must not matter. */
static void write_index(const struct image *image, const struct node *node, const char *path) {
    uint8_t bytes[32768];
    uint64_t kind = image_random(&image->place, node->inode, 5) % 3;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = kind == 2 ? (uint8_t)image_random(&image->place, node->inode, 6 + i / 8) : 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0) FATAL("%s: %s", path, strerror(errno));
    put(fd, bytes, kind ? sizeof bytes : 0, path);
    (void)close(fd);
}

/* ---- folders ---- */

/* A name needs those changes of it that came before. */
static void keep_order(const struct node *folder, bool *is_done) {
    for (size_t i = folder->name_change_count; i > 0; i--) {
        const struct name_change *change = &folder->name_changes[i - 1];
        if (!is_done[i - 1]) continue;
        for (size_t j = 0; j + 1 < i; j++) {
            const struct name_change *before = &folder->name_changes[j];
            if (slice_equal(before->text, change->text) || slice_equal(before->to, change->text) ||
                (change->to.len && slice_equal(before->text, change->to)))
                is_done[j] = true;
        }
    }
}

static void write_folder(const struct image *image, const struct node *folder, const char *path);

static void write_node(const struct image *image, const struct name *name, const char *folder) {
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%.*s", folder, SLICE_PRINT(name->text));
    if (name->node->class == CLASS_INDEX) {
        write_index(image, name->node, path);
    } else if (name->node->class != CLASS_FOLDER) {
        write_file(image, name->node, path);
    } else {
        if (mkdir(path, 0750)) FATAL("%s: %s", path, strerror(errno));
        write_folder(image, name->node, path);
    }
}

/* Folders hold few files, so this does not go deep: the data folder and what it has. */
static void write_folder(const struct image *image, const struct node *folder, const char *path) {
    bool *is_done = calloc(folder->name_change_count + 1, 1);
    if (!is_done) FATAL("out of memory");
    for (size_t i = 0; i < folder->name_change_count; i++)
        is_done[i] = is_name_there(image, folder->name_changes[i].number);
    keep_order(folder, is_done);
    struct names there = names_with(folder, is_done);
    for (size_t i = 0; i < there.count; i++) write_node(image, &there.list[i], path);
    names_free(&there);
    free(is_done);
}

void image_write(const struct disk *disk, const struct image_place *place, const char *path) {
    struct image image = {disk, *place, UINT64_MAX, 0};
    for (size_t i = 0; i < disk->node_count; i++) {
        const struct node *node = disk->nodes[i];
        if (node->change_count == 0 || node->class == CLASS_INDEX) continue;
        uint64_t first = node->changes[0].number;
        uint64_t last = node->changes[node->change_count - 1].number;
        if (node->class == CLASS_OTHER) continue;
        if (first < image.oldest) image.oldest = first;
        if (last > image.newest) image.newest = last;
    }
    write_folder(&image, disk->root, path);
}
