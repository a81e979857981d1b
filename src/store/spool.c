#include "store/spool.h"

#include <errno.h>
#include <stdio.h>

static enum store_result result_of(int error) {
    if (error == 0) return STORE_OK;
    if (error == -ENOSPC || error == -EDQUOT) return STORE_FULL;
    return error == -EMFILE || error == -ENFILE ? STORE_BUSY : STORE_FAILED;
}

static size_t find(const struct spools *spools, uint64_t id) {
    size_t i = 0;
    while (i < STORE_SPOOLS_MAX && spools->open[i].id != id) i++;
    return i;
}

static uint64_t spool_keep(struct spools *spools, size_t slot, struct file *file) {
    spools->open[slot].id = ++spools->last_id;
    spools->open[slot].file = file;
    return spools->last_id;
}

enum store_result spool_open(struct spools *spools, struct env *env, const char *folder, uint64_t *id,
                             struct handle *handle) {
    size_t slot = find(spools, 0);
    if (slot == STORE_SPOOLS_MAX) return STORE_BUSY;
    char path[STORE_PATH_BYTES_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/spool", folder) >= sizeof path) return STORE_FAILED;
    struct file *file = NULL;
    int error = file_open_temporary(env, path, &file);
    if (error == 0) error = file_handle_copy(file, handle);
    if (error) {
        file_close(&file);
        return result_of(error);
    }
    *id = spool_keep(spools, slot, file);
    return STORE_OK;
}

enum store_result spool_adopt(struct spools *spools, struct env *env, struct handle handle, uint64_t *id) {
    size_t slot = find(spools, 0);
    if (slot == STORE_SPOOLS_MAX) {
        handle_close(env, handle);
        return STORE_BUSY;
    }
    struct file *file = handle_is_none(handle) ? NULL : file_adopt(env, handle);
    if (!file) return STORE_REFUSED;
    *id = spool_keep(spools, slot, file);
    return STORE_OK;
}

static void close_unused(struct spools *spools, size_t slot) {
    if (spools->open[slot].readers || !spools->open[slot].is_dropped) return;
    file_close(&spools->open[slot].file);
    spools->open[slot].id = 0;
    spools->open[slot].is_dropped = false;
}

struct file *spool_take(struct spools *spools, uint64_t id) {
    size_t slot = id ? find(spools, id) : STORE_SPOOLS_MAX;
    if (slot == STORE_SPOOLS_MAX || spools->open[slot].is_dropped) return NULL;
    spools->open[slot].readers++;
    return spools->open[slot].file;
}

void spool_give_back(struct spools *spools, uint64_t id) {
    size_t slot = find(spools, id);
    ASSERT(slot < STORE_SPOOLS_MAX && spools->open[slot].readers > 0);
    spools->open[slot].readers--;
    close_unused(spools, slot);
}

void spool_drop(struct spools *spools, uint64_t id) {
    size_t slot = id ? find(spools, id) : STORE_SPOOLS_MAX;
    if (slot == STORE_SPOOLS_MAX) return;
    spools->open[slot].is_dropped = true;
    close_unused(spools, slot);
}

void spools_close(struct spools *spools) {
    for (size_t i = 0; i < STORE_SPOOLS_MAX; i++) {
        file_close(&spools->open[i].file);
        spools->open[i].id = 0;
    }
}
