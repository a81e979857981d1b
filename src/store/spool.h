/*
 * Spools: files without a name for bodies that are too large for memory. The store opens one
 * and gives a handle to the role that writes it; a delivery or append names it by its id. It
 * stays until it is dropped, so that a request can be asked again.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include "base/limits.h"
#include "io/file.h"
#include "store/model.h"

struct spools {
    struct {
        uint64_t id;
        struct file *file;
        /* Operations that read it now; dropped meanwhile, it goes after the last. */
        unsigned readers;
        bool is_dropped;
    } open[STORE_SPOOLS_MAX];
    uint64_t last_id;
};

/* STORE_OK; STORE_BUSY: too many are open; STORE_FULL; STORE_FAILED. */
enum store_result spool_open(struct spools *spools, struct env *env, const char *folder, uint64_t *id,
                             struct handle *handle);
/* Takes over a spool that a former store opened; the handle too, whatever comes of it. Results as above. */
enum store_result spool_adopt(struct spools *spools, struct env *env, struct handle handle, uint64_t *id);
/* The file, or NULL; it stays open until it is given back. */
struct file *spool_take(struct spools *spools, uint64_t id);
void spool_give_back(struct spools *spools, uint64_t id);
/* Unknown ids are fine. */
void spool_drop(struct spools *spools, uint64_t id);
void spools_close(struct spools *spools);

#endif
