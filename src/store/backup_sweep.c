/*
 * Letting go of old snapshots, and reading all of those that stay. A part goes only when every snapshot
 * that is left could be read and none names it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/map.h"
#include "store/backup.h"

/* ---- which parts are named ---- */

struct naming {
    struct backup *backup;
    /* Name of a part -> struct backup_part of the manifest that named it first. */
    struct map *parts;
    /* Snapshots that cannot be read. */
    uint64_t damaged;
    uint64_t read;
    void (*fault)(void *context, struct slice line);
    void *context;
    uint64_t total_bytes;
};

static struct slice name_of(const struct backup_part *part) {
    return slice_of(part->name, BACKUP_NAME_BYTES);
}

static void name_parts(struct naming *naming, const struct backup_manifest *manifest) {
    for (size_t i = 0; i < backup_file_count(manifest); i++) {
        const struct backup_file *file = backup_file_at(manifest, i);
        for (size_t j = 0; j < file->part_count; j++) {
            struct backup_part *part = &file->parts[j];
            if (map_get(naming->parts, name_of(part))) continue;
            (void)map_put(naming->parts, name_of(part), part);
            naming->total_bytes += part->bytes;
        }
    }
}

static void tell(const struct naming *naming, const char *format, ...) PRINTF_LIKE(2, 3);
static void tell(const struct naming *naming, const char *format, ...) {
    char line[STORE_PATH_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (naming->fault) naming->fault(naming->context, slice_from_text(line));
}

static int name_all(struct naming *naming) {
    struct backup *backup = naming->backup;
    uint64_t *numbers = NULL;
    size_t count = 0;
    naming->parts = map_new(env_random_u64(backup->env));
    int result = backup_list(backup, &numbers, &count);
    for (size_t i = 0; result == 0 && i < count; i++) {
        struct backup_manifest manifest;
        backup_manifest_init(&manifest);
        if (backup_load(backup, numbers[i], &manifest) == 0) {
            naming->read++;
            name_parts(naming, &manifest);
        } else {
            naming->damaged++;
            tell(naming, "snapshot %" PRIu64 " is damaged: snapshots/%08" PRIu64 ".json cannot be read",
                 numbers[i], numbers[i]);
        }
        backup_manifest_free(&manifest);
    }
    return result;
}

/* ---- sweeping ---- */

struct sweeping {
    struct backup *backup;
    struct map *parts;
    unsigned folder;
    uint64_t bytes;
    int result;
};

static void remove_unnamed(void *context, const char *name) {
    struct sweeping *sweeping = context;
    struct backup *backup = sweeping->backup;
    char path[STORE_PATH_BYTES_MAX];
    struct file *file = NULL;
    if (map_get(sweeping->parts, slice_from_text(name))) return;
    if ((size_t)snprintf(path, sizeof path, "%s/pool/%02x/%s", backup->folder, sweeping->folder, name) >=
        sizeof path)
        return;
    int64_t size = file_open(backup->env, path, FILE_READ, &file) == 0 ? file_size(file) : 0;
    file_close(&file);
    int result = file_remove(backup->env, path);
    if (result == 0)
        sweeping->bytes += size > 0 ? (uint64_t)size : 0;
    else
        sweeping->result = backup_fail(backup, result, "%s", path);
}

static int sweep_pool(struct sweeping *sweeping) {
    struct backup *backup = sweeping->backup;
    for (unsigned i = 0; i < 256 && sweeping->result == 0; i++) {
        char path[STORE_PATH_BYTES_MAX];
        if ((size_t)snprintf(path, sizeof path, "%s/pool/%02x", backup->folder, i) >= sizeof path)
            return -ENAMETOOLONG;
        sweeping->folder = i;
        int result = folder_list(backup->env, path, remove_unnamed, sweeping);
        if (result) return backup_fail(backup, result, "%s", path);
    }
    return sweeping->result;
}

/* The oldest first, so that what is broken off here leaves the newer ones. */
static int remove_oldest(struct backup *backup, uint64_t keep, uint64_t *removed) {
    uint64_t *numbers = NULL;
    size_t count = 0;
    int result = backup_list(backup, &numbers, &count);
    for (size_t i = 0; result == 0 && i + keep < count; i++) {
        const char *path = backup_path(backup, "snapshots/%08" PRIu64 ".json", numbers[i]);
        result = file_remove(backup->env, path);
        if (result) return backup_fail(backup, result, "%s", path);
        ++*removed;
    }
    if (result || *removed == 0) return result;
    /* Before any part goes, so that no snapshot comes back that lacks one. */
    result = folder_sync(backup->env, backup_path(backup, "snapshots"));
    return result ? backup_fail(backup, result, "%s", backup->folder) : 0;
}

int backup_sweep(struct backup *backup, uint64_t keep, struct backup_swept *swept) {
    struct naming naming = {.backup = backup};
    *swept = (struct backup_swept){0};
    int result = remove_oldest(backup, keep, &swept->snapshots);
    if (result == 0) result = name_all(&naming);
    if (result == 0 && naming.damaged)
        backup_note(backup,
                    "%s: %" PRIu64 " snapshots are damaged, so nothing that might be theirs is removed; "
                    "posthaste backup verify names them",
                    backup->folder, naming.damaged);
    struct sweeping sweeping = {.backup = backup, .parts = naming.parts};
    if (result == 0 && !naming.damaged) result = sweep_pool(&sweeping);
    swept->bytes = sweeping.bytes;
    map_free(&naming.parts);
    return result;
}

/* ---- checking ---- */

/* Which snapshots a damaged part belongs to. */
static void tell_part(const struct naming *naming, const struct backup_part *part, int result) {
    tell(naming, "part %s is %s: pool/%.2s/%s", part->name,
         result == -ENOENT    ? "missing"
         : result == -EBADMSG ? "damaged"
                              : strerror(-result),
         part->name, part->name);
}

static void verify_parts(struct naming *naming, struct backup_report *report) {
    size_t cursor = 0;
    struct backup_part *part = NULL;
    while ((part = map_next(naming->parts, &cursor, NULL))) {
        struct slice bytes;
        int result = backup_pool_read(naming->backup, part, &bytes);
        report->parts++;
        report->bytes += part->bytes;
        if (result) {
            report->faults++;
            tell_part(naming, part, result);
        }
        backup_step(naming->backup, report->bytes, naming->total_bytes);
    }
}

/* Which files of which snapshots cannot be given back whole: what a person wants to know. */
int backup_verify(struct backup *backup, void (*fault)(void *context, struct slice line), void *context,
                  struct backup_report *report) {
    struct naming naming = {.backup = backup, .fault = fault, .context = context};
    *report = (struct backup_report){0};
    int result = name_all(&naming);
    report->snapshots = naming.read;
    report->faults = naming.damaged;
    if (result == 0) verify_parts(&naming, report);
    map_free(&naming.parts);
    return result;
}
