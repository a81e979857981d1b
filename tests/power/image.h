/*
 * What a power cut leaves: one way of all that the model (disk.h) allows, written out as a folder. A
 * mixture says what is there of that which was not synced; where it leaves a choice, the seed decides,
 * always the same way.
 */
#ifndef POWER_IMAGE_H
#define POWER_IMAGE_H

#include "disk.h"

enum mixture {
    MIXTURE_NOTHING,
    MIXTURE_EVERYTHING,
    /* All of one kind of file, of the others nothing; and the other way round. */
    MIXTURE_DATABASE,
    MIXTURE_SEGMENT,
    MIXTURE_LOG,
    MIXTURE_NO_DATABASE,
    MIXTURE_NO_SEGMENT,
    MIXTURE_NO_LOG,
    /* One write, and all but one. */
    MIXTURE_NEWEST,
    MIXTURE_NO_OLDEST,
    /* All, but the newest write is torn. */
    MIXTURE_TORN,
    /* Each write, each 4 KiB, each 512 bytes, each name for itself. */
    MIXTURE_WRITES,
    MIXTURE_BLOCKS,
    MIXTURE_SECTORS,
    /* Files are as long as they became; what was written is not there. */
    MIXTURE_SIZES,
    MIXTURES,
};

const char *mixture_name(enum mixture mixture);

/* Where an image stands in all images: the same place is the same image. */
struct image_place {
    uint64_t seed;
    uint64_t record;
    enum mixture mixture;
};

/* An even random number of that place and these two. */
uint64_t image_random(const struct image_place *place, uint64_t a, uint64_t b);
/* Writes it as the folder `path`, which is there and empty. */
void image_write(const struct disk *disk, const struct image_place *place, const char *path);

#endif
