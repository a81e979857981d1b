#include "image.h"

#include <stdio.h>

#include "io/sim/disk.h"

static void take_folder(struct image *image, const char *path, const struct sim_inode *folder) {
    LIST_EACH(&folder->names, name, struct sim_name, link) {
        ASSERT(image->count < IMAGE_FILES_MAX);
        struct image_file *file = &image->files[image->count++];
        int len = snprintf(file->path, sizeof file->path, "%s/%s", path, name->text);
        ASSERT(len > 0 && (size_t)len < sizeof file->path);
        file->is_folder = name->inode->is_folder;
        file->bytes = buffer_new(IMAGE_FILE_BYTES_MAX);
        if (!file->is_folder)
            buffer_append(&file->bytes, slice_of(name->inode->seen.ptr, name->inode->seen.len));
    }
}

void image_take(struct image *image, struct sim_machine *machine) {
    take_folder(image, "", machine->root);
    for (size_t i = 0; i < image->count; i++)
        if (image->files[i].is_folder)
            take_folder(image, image->files[i].path, sim_path_inode(machine, image->files[i].path));
}

static void restore_file(const struct image_file *file, struct sim_machine *machine) {
    struct sim_place place;
    ASSERT(sim_place_find(machine, file->path, &place) == 0);
    struct sim_inode *inode = sim_inode_new(machine, false);
    struct sim_bytes *seen = &inode->seen;
    seen->len = seen->capacity = file->bytes.len;
    seen->ptr = sim_alloc(seen->len + 1);
    if (seen->len) memcpy(seen->ptr, file->bytes.ptr, seen->len);
    machine->used_bytes += seen->len;
    sim_name_link(NULL, &place, inode);
    sim_names_sync(place.folder);
    sim_inode_release(inode);
}

void image_restore(const struct image *image, struct sim_machine *machine) {
    for (size_t i = 0; i < image->count; i++)
        if (image->files[i].is_folder)
            sim_machine_make_folder(machine, image->files[i].path);
        else
            restore_file(&image->files[i], machine);
}
