/*
 * SQLite's locks on a simulated file, and the shared memory of its WAL index. Shared memory is a
 * memory file that every connection maps for itself: when a process dies, private copies take the
 * place of its mappings, so that its code can unwind on them and nobody else sees what it writes.
 * Like the real one, shared memory starts empty for the first connection of a machine.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/sim/vfs.h"

struct sim_sqlite {
    /* Readers, those with an exclusive lock too. */
    unsigned shared_count;
    struct sim_database *reserved;
    struct sim_database *pending;
    struct sim_database *exclusive;
    /* Shared memory: those who have it, its memory file, and who locks what in it. */
    unsigned shm_users;
    int shm_fd;
    int shm_region_count;
    unsigned shm_shared_count[SQLITE_SHM_NLOCK];
    unsigned shm_exclusive;
};

static struct sim_sqlite *sqlite_of(struct sim_database *database) {
    struct sim_inode *inode = database->inode;
    if (!inode->sqlite) {
        inode->sqlite = sim_alloc(sizeof *inode->sqlite);
        inode->sqlite->shm_fd = -1;
    }
    return inode->sqlite;
}

static void shm_close(struct sim_sqlite *s) {
    if (s->shm_fd >= 0) (void)close(s->shm_fd);
    s->shm_fd = -1;
    s->shm_region_count = 0;
}

void sim_sqlite_free(struct sim_inode *inode) {
    if (!inode->sqlite) return;
    shm_close(inode->sqlite);
    free(inode->sqlite);
    inode->sqlite = NULL;
}

static bool is_others(const struct sim_database *holder, const struct sim_database *database) {
    return holder && holder != database;
}

static int lock_shared(struct sim_sqlite *s, struct sim_database *database) {
    if (is_others(s->pending, database) || is_others(s->exclusive, database)) return SQLITE_BUSY;
    s->shared_count++;
    database->lock = SQLITE_LOCK_SHARED;
    return SQLITE_OK;
}

static int lock_reserved(struct sim_sqlite *s, struct sim_database *database) {
    if (is_others(s->reserved, database)) return SQLITE_BUSY;
    s->reserved = database;
    database->lock = SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int lock_exclusive(struct sim_sqlite *s, struct sim_database *database) {
    if (is_others(s->reserved, database) || is_others(s->pending, database)) return SQLITE_BUSY;
    s->pending = database;
    database->lock = SQLITE_LOCK_PENDING;
    if (s->shared_count > 1) return SQLITE_BUSY;
    s->exclusive = database;
    database->lock = SQLITE_LOCK_EXCLUSIVE;
    return SQLITE_OK;
}

int sim_database_lock(struct sim_database *database, int level) {
    struct sim_sqlite *s = sqlite_of(database);
    if (database->lock >= level) return SQLITE_OK;
    switch (level) {
    case SQLITE_LOCK_SHARED:
        return lock_shared(s, database);
    case SQLITE_LOCK_RESERVED:
        return lock_reserved(s, database);
    default:
        return lock_exclusive(s, database);
    }
}

void sim_database_unlock(struct sim_database *database, int level) {
    struct sim_sqlite *s = database->inode->sqlite;
    if (!s || database->lock <= level) return;
    if (s->exclusive == database) s->exclusive = NULL;
    if (s->pending == database) s->pending = NULL;
    if (s->reserved == database) s->reserved = NULL;
    if (level == SQLITE_LOCK_NONE) s->shared_count--;
    database->lock = level;
}

bool sim_database_is_reserved(struct sim_database *database) { return sqlite_of(database)->reserved; }

static int shm_join(struct sim_sqlite *s, struct sim_database *database) {
    if (database->has_shm) return SQLITE_OK;
    if (s->shm_users == 0 && database->is_shm_read_only) return SQLITE_READONLY_CANTINIT;
    if (s->shm_users == 0) {
        s->shm_fd = memfd_create("shm", MFD_CLOEXEC);
        if (s->shm_fd < 0) FATAL("no memory file for shared memory");
    }
    s->shm_users++;
    database->has_shm = true;
    return SQLITE_OK;
}

static void shm_grow(struct sim_sqlite *s, int region, int region_bytes) {
    if (region < s->shm_region_count) return;
    s->shm_region_count = region + 1;
    if (ftruncate(s->shm_fd, (off_t)(region + 1) * region_bytes)) FATAL("shared memory does not grow");
}

int sim_shm_map(struct sim_database *database, int region, int region_bytes, bool is_extending,
                volatile void **memory) {
    struct sim_sqlite *s = sqlite_of(database);
    *memory = NULL;
    if (region >= SHM_REGIONS_MAX) return SQLITE_NOMEM;
    int result = shm_join(s, database);
    if (result) return result;
    database->region_bytes = region_bytes;
    int good = database->is_shm_read_only ? SQLITE_READONLY : SQLITE_OK;
    if (region >= s->shm_region_count && (!is_extending || database->is_shm_read_only)) return good;
    shm_grow(s, region, region_bytes);
    if (!database->regions[region]) {
        int access = database->is_shm_read_only ? PROT_READ : PROT_READ | PROT_WRITE;
        off_t at = (off_t)region * region_bytes;
        void *mapped = mmap(NULL, (size_t)region_bytes, access, MAP_SHARED, s->shm_fd, at);
        if (mapped == MAP_FAILED) FATAL("shared memory cannot be mapped");
        database->regions[region] = mapped;
    }
    *memory = database->regions[region];
    return good;
}

static void shm_unlock(struct sim_sqlite *s, struct sim_database *database, unsigned bits) {
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
        if (bits & database->shm_shared & 1u << i) s->shm_shared_count[i]--;
    s->shm_exclusive &= ~(bits & database->shm_exclusive);
    database->shm_shared &= ~bits;
    database->shm_exclusive &= ~bits;
}

static bool has_readers(const struct sim_sqlite *s, unsigned bits) {
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
        if (bits & 1u << i && s->shm_shared_count[i]) return true;
    return false;
}

static int shm_take(struct sim_sqlite *s, struct sim_database *database, unsigned bits, bool is_shared) {
    if (is_shared && database->shm_shared & bits) return SQLITE_OK;
    if (s->shm_exclusive & bits) return SQLITE_BUSY;
    if (!is_shared && has_readers(s, bits)) return SQLITE_BUSY;
    if (!is_shared) {
        s->shm_exclusive |= bits;
        database->shm_exclusive |= bits;
        return SQLITE_OK;
    }
    database->shm_shared |= bits;
    for (int i = 0; i < SQLITE_SHM_NLOCK; i++)
        if (bits & 1u << i) s->shm_shared_count[i]++;
    return SQLITE_OK;
}

int sim_shm_lock(struct sim_database *database, int first, int count, int flags) {
    struct sim_sqlite *s = sqlite_of(database);
    unsigned bits = ((1u << count) - 1) << first;
    if (flags & SQLITE_SHM_LOCK) return shm_take(s, database, bits, flags & SQLITE_SHM_SHARED);
    shm_unlock(s, database, bits);
    return SQLITE_OK;
}

static void shm_leave(struct sim_database *database) {
    struct sim_sqlite *s = database->inode ? database->inode->sqlite : NULL;
    if (!database->has_shm || !s) return;
    shm_unlock(s, database, (1u << SQLITE_SHM_NLOCK) - 1);
    database->has_shm = false;
    if (--s->shm_users == 0) shm_close(s);
}

void sim_shm_unmap(struct sim_database *database) {
    for (int i = 0; i < SHM_REGIONS_MAX; i++) {
        if (database->regions[i] && munmap(database->regions[i], (size_t)database->region_bytes))
            FATAL("shared memory cannot be unmapped");
        database->regions[i] = NULL;
    }
    shm_leave(database);
}

static void region_make_own(void *region, size_t len) {
    void *copy = sim_alloc(len);
    memcpy(copy, region, len);
    void *own = mmap(region, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (own != region) FATAL("no memory for a dead process");
    memcpy(own, copy, len);
    free(copy);
}

void sim_shm_cut(struct sim_database *database) {
    for (int i = 0; i < SHM_REGIONS_MAX; i++)
        if (database->regions[i]) region_make_own(database->regions[i], (size_t)database->region_bytes);
    shm_leave(database);
    sim_database_unlock(database, SQLITE_LOCK_NONE);
}
