/*
 * A simulated disk's files, copied out and in: so that a store that took long to make is there at
 * once in every world. For runs without power cuts: only what processes see is restored.
 */
#ifndef FUZZ_IMAGE_H
#define FUZZ_IMAGE_H

#include "base/buffer.h"
#include "io/sim/sim.h"

enum { IMAGE_FILES_MAX = 64, IMAGE_PATH_BYTES_MAX = 512, IMAGE_FILE_BYTES_MAX = 16 << 20 };

struct image_file {
    char path[IMAGE_PATH_BYTES_MAX];
    bool is_folder;
    struct buffer bytes;
};

/* In the order that folders come before what is in them. */
struct image {
    struct image_file files[IMAGE_FILES_MAX];
    size_t count;
};

/* `image` is empty. A disk with more files than fit is a fault of the caller. */
void image_take(struct image *image, struct sim_machine *machine);
void image_restore(const struct image *image, struct sim_machine *machine);

#endif
