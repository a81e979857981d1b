/*
 * Files as a process uses them: every operation is a step, can fail as the machine's faults say,
 * and does nothing once the process is dead. An open file is an object, so that it can be given to
 * other processes.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/sim/disk.h"

struct open_file {
    struct sim_object object;
    struct sim_inode *inode;
    bool is_writable;
};

struct sim_file {
    struct file file;
    struct list in_process;
    struct sim_process *process;
    struct sim_descriptor *descriptor;
};

static bool chance(struct sim_process *process, uint32_t of) {
    bool is_hit = sim_world_chance(process->machine->world, of);
    if (is_hit) sim_note(process->machine->world, TRACE_FAULT, process->id, process->steps);
    return is_hit;
}

int64_t sim_file_read(struct sim_process *process, struct sim_inode *inode, void *bytes, size_t len,
                      uint64_t offset) {
    if (!sim_step(process)) return -ECANCELED;
    if (chance(process, process->machine->faults.read_error_chance)) return -EIO;
    if (offset >= inode->seen.len) return 0;
    struct slice part = slice_sub(slice_of(inode->seen.ptr, inode->seen.len), (size_t)offset, len);
    memcpy(bytes, part.ptr, part.len);
    return (int64_t)part.len;
}

/* How the bytes end that do not fit on the disk, or cannot be written. */
static int write_fault(struct sim_process *process, const struct sim_inode *inode, size_t len,
                       uint64_t offset) {
    const struct sim_faults *faults = &process->machine->faults;
    uint64_t grows = offset + len > inode->seen.len ? offset + len - inode->seen.len : 0;
    if (grows && process->machine->used_bytes + grows > faults->space_bytes) return -ENOSPC;
    if (grows && chance(process, faults->no_space_chance)) return -ENOSPC;
    return chance(process, faults->write_error_chance) ? -EIO : 0;
}

/* Some of the bytes, from none to all. */
static struct slice torn(struct sim_process *process, struct slice bytes) {
    return slice_sub(bytes, 0, (size_t)sim_world_random(process->machine->world, bytes.len + 1));
}

static void write_part(struct sim_process *process, struct sim_inode *inode, struct slice bytes,
                       uint64_t offset) {
    struct slice part = torn(process, bytes);
    if (offset + part.len > inode->seen.len &&
        process->machine->used_bytes + offset + part.len - inode->seen.len >
            process->machine->faults.space_bytes)
        return;
    if (part.len) sim_inode_write(inode, part, offset);
}

int sim_file_write(struct sim_process *process, struct sim_inode *inode, struct slice bytes,
                   uint64_t offset) {
    if (process->env.is_dead) return -ECANCELED;
    if (bytes.len == 0) return 0;
    sim_note(process->machine->world, TRACE_FILE, offset, sim_hash(bytes) ^ inode->id);
    enum sim_verdict verdict = sim_step_begin(process);
    int fault = write_fault(process, inode, bytes.len, offset);
    if (verdict != VERDICT_LIVE || fault) {
        write_part(process, inode, bytes, offset);
        sim_step_end(process, verdict);
        return process->env.is_dead ? -ECANCELED : fault;
    }
    sim_inode_write(inode, bytes, offset);
    return sim_step(process) ? 0 : -ECANCELED;
}

int sim_file_truncate(struct sim_process *process, struct sim_inode *inode, uint64_t size) {
    if (!sim_step(process)) return -ECANCELED;
    if (size == inode->seen.len) return 0;
    int fault = write_fault(process, inode, (size_t)size, 0);
    if (fault) return fault;
    sim_note(process->machine->world, TRACE_FILE, inode->id, size);
    sim_inode_truncate(inode, size);
    return sim_step(process) ? 0 : -ECANCELED;
}

int sim_file_sync(struct sim_process *process, struct sim_inode *inode) {
    if (!sim_step(process)) return -ECANCELED;
    sim_note(process->machine->world, TRACE_FILE, inode->id, 0);
    if (chance(process, process->machine->faults.sync_error_chance)) {
        sim_inode_sync_badly(inode);
        return -EIO;
    }
    sim_inode_sync(inode);
    return sim_step(process) ? 0 : -ECANCELED;
}

/* A fresh file under the name; the caller gets a reference. */
static struct sim_inode *inode_create(struct sim_process *process, const struct sim_place *place) {
    struct sim_inode *inode = sim_inode_new(process->machine, false);
    sim_name_link(NULL, place, inode);
    sim_note(process->machine->world, TRACE_FILE, inode->id, 1);
    return inode;
}

int sim_file_find(struct sim_process *process, const char *path, enum file_mode mode, bool *is_new,
                  struct sim_inode **found) {
    struct sim_place place;
    if (!sim_step(process)) return -ECANCELED;
    if (sim_descriptors_are_out(process)) return -EMFILE;
    int result = sim_place_find(process->machine, path, &place);
    if (result) return result;
    struct sim_inode *inode = sim_place_inode(&place);
    *is_new = !inode;
    if (inode && (mode == FILE_CREATE || mode == FILE_SECRET)) return -EEXIST;
    if (inode && inode->is_folder) return -EISDIR;
    if (!inode && mode == FILE_READ) return -ENOENT;
    if (!inode && chance(process, process->machine->faults.no_space_chance)) return -ENOSPC;
    *found = inode ? sim_inode_hold(inode) : inode_create(process, &place);
    return 0;
}

static void open_file_released(struct sim_object *object) {
    struct open_file *open = CONTAINER_OF(object, struct open_file, object);
    if (open->inode->locker == open) open->inode->locker = NULL;
    sim_inode_release(open->inode);
    free(open);
}

static struct file *file_new(struct sim_process *process, struct sim_descriptor *descriptor) {
    struct sim_file *file = sim_alloc(sizeof *file);
    file->file.ops = &sim_file_ops;
    file->process = process;
    file->descriptor = descriptor;
    list_append(&process->files, &file->in_process);
    return &file->file;
}

/* Takes over the caller's reference. */
static struct file *file_of_inode(struct sim_process *process, struct sim_inode *inode, bool is_writable) {
    struct open_file *open = sim_alloc(sizeof *open);
    sim_object_init(&open->object, open_file_released);
    open->inode = inode;
    open->is_writable = is_writable;
    return file_new(process, sim_descriptor_new(process, &open->object));
}

static int sim_open(struct env *env, const char *path, enum file_mode mode, struct file **file) {
    struct sim_process *process = sim_process_of(env);
    struct sim_inode *inode;
    bool is_new;
    int result = sim_file_find(process, path, mode, &is_new, &inode);
    if (result) return result;
    *file = file_of_inode(process, inode, mode != FILE_READ);
    return 0;
}

static int sim_open_temporary(struct env *env, const char *folder, struct file **file) {
    struct sim_process *process = sim_process_of(env);
    if (!sim_step(process)) return -ECANCELED;
    if (sim_descriptors_are_out(process)) return -EMFILE;
    struct sim_inode *inode = sim_path_inode(process->machine, folder);
    if (!inode) return -ENOENT;
    if (!inode->is_folder) return -ENOTDIR;
    *file = file_of_inode(process, sim_inode_new(process->machine, false), true);
    return 0;
}

static struct file *sim_adopt(struct env *env, struct handle handle) {
    return file_new(sim_process_of(env), sim_descriptor_of(handle));
}

static struct sim_file *sim_file_of(struct file *file) { return CONTAINER_OF(file, struct sim_file, file); }

/* NULL: the process is dead. */
static struct open_file *open_of(struct file *file) {
    struct sim_object *object = sim_file_of(file)->descriptor->object;
    if (!object) return NULL;
    ASSERT(object->released == open_file_released);
    return CONTAINER_OF(object, struct open_file, object);
}

static int64_t sim_read(struct file *file, void *bytes, size_t len, uint64_t offset) {
    struct open_file *open = open_of(file);
    if (!open) return -ECANCELED;
    return sim_file_read(sim_file_of(file)->process, open->inode, bytes, len, offset);
}

static int sim_write(struct file *file, struct slice bytes, uint64_t offset) {
    struct open_file *open = open_of(file);
    if (!open) return -ECANCELED;
    if (!open->is_writable) return -EBADF;
    return sim_file_write(sim_file_of(file)->process, open->inode, bytes, offset);
}

/* A power cut may leave anything of what is not synced, so there is nothing to do. */
static void sim_start_sync(struct file *file, uint64_t offset, uint64_t len) {
    (void)file;
    (void)offset;
    (void)len;
}

static int sim_sync(struct file *file) {
    struct open_file *open = open_of(file);
    return open ? sim_file_sync(sim_file_of(file)->process, open->inode) : -ECANCELED;
}

static int64_t sim_size(struct file *file) {
    struct open_file *open = open_of(file);
    return open ? (int64_t)open->inode->seen.len : -ECANCELED;
}

static int sim_truncate(struct file *file, uint64_t size) {
    struct open_file *open = open_of(file);
    if (!open) return -ECANCELED;
    if (!open->is_writable) return -EINVAL;
    return sim_file_truncate(sim_file_of(file)->process, open->inode, size);
}

static int sim_file_lock(struct file *file) {
    struct open_file *open = open_of(file);
    if (!open) return -ECANCELED;
    if (open->inode->locker && open->inode->locker != open) return -EWOULDBLOCK;
    open->inode->locker = open;
    return 0;
}

static int sim_file_handle_copy(struct file *file, struct handle *handle) {
    struct sim_file *f = sim_file_of(file);
    if (!f->descriptor->object) return -ECANCELED;
    if (sim_descriptors_are_out(f->process)) return -EMFILE;
    *handle = sim_handle_copy(sim_handle_of(f->descriptor), &f->process->env);
    return 0;
}

static void sim_close(struct file *file) {
    struct sim_file *f = sim_file_of(file);
    list_remove(&f->in_process);
    sim_descriptor_close(f->descriptor);
    free(f);
}

void sim_files_free(struct sim_process *process) {
    LIST_EACH(&process->files, file, struct sim_file, in_process) sim_close(&file->file);
}

int sim_file_remove(struct sim_process *process, const char *path) {
    struct sim_place place;
    if (!sim_step(process)) return -ECANCELED;
    int result = sim_place_find(process->machine, path, &place);
    if (result) return result;
    struct sim_inode *inode = sim_place_inode(&place);
    if (!inode) return -ENOENT;
    if (inode->is_folder) return -EISDIR;
    sim_note(process->machine->world, TRACE_FILE, inode->id, 2);
    sim_name_unlink(&place);
    return sim_step(process) ? 0 : -ECANCELED;
}

static int sim_remove(struct env *env, const char *path) {
    return sim_file_remove(sim_process_of(env), path);
}

static int sim_rename(struct env *env, const char *from, const char *to) {
    struct sim_process *process = sim_process_of(env);
    struct sim_place source;
    struct sim_place target;
    if (!sim_step(process)) return -ECANCELED;
    int result = sim_place_find(process->machine, from, &source);
    if (!result) result = sim_place_find(process->machine, to, &target);
    if (result) return result;
    struct sim_inode *inode = sim_place_inode(&source);
    struct sim_inode *old = sim_place_inode(&target);
    if (!inode) return -ENOENT;
    if (inode == old) return 0;
    if (old && old->is_folder != inode->is_folder) return old->is_folder ? -EISDIR : -ENOTDIR;
    if (old && old->is_folder && !list_empty(&old->names)) return -ENOTEMPTY;
    sim_note(process->machine->world, TRACE_FILE, inode->id, 3);
    sim_name_link(&source, &target, inode);
    return sim_step(process) ? 0 : -ECANCELED;
}

static int sim_folder_make(struct env *env, const char *path) {
    struct sim_process *process = sim_process_of(env);
    struct sim_place place;
    if (!sim_step(process)) return -ECANCELED;
    int result = sim_place_find(process->machine, path, &place);
    if (result) return result;
    if (sim_place_inode(&place)) return 0;
    struct sim_inode *folder = sim_inode_new(process->machine, true);
    sim_name_link(NULL, &place, folder);
    sim_inode_release(folder);
    return sim_step(process) ? 0 : -ECANCELED;
}

int sim_folder_sync(struct sim_process *process, const char *path) {
    if (!sim_step(process)) return -ECANCELED;
    struct sim_inode *folder = sim_path_inode(process->machine, path);
    if (!folder) return -ENOENT;
    if (!folder->is_folder) return -ENOTDIR;
    if (chance(process, process->machine->faults.sync_error_chance)) return -EIO;
    sim_names_sync(folder);
    return sim_step(process) ? 0 : -ECANCELED;
}

static int sim_folder_sync_path(struct env *env, const char *path) {
    return sim_folder_sync(sim_process_of(env), path);
}

static int sim_folder_list(struct env *env, const char *path, void (*each)(void *context, const char *name),
                           void *context) {
    struct sim_process *process = sim_process_of(env);
    if (!sim_step(process)) return -ECANCELED;
    struct sim_inode *folder = sim_path_inode(process->machine, path);
    if (!folder) return -ENOENT;
    if (!folder->is_folder) return -ENOTDIR;
    /* What is called may change the folder, or the power may be cut meanwhile: its names are copied first. */
    size_t count = 0;
    LIST_EACH(&folder->names, name, struct sim_name, link) count++;
    struct sim_name *names = sim_alloc(sizeof *names * (count + 1));
    size_t at = 0;
    LIST_EACH(&folder->names, name, struct sim_name, link)
    memcpy(names[at++].text, name->text, sizeof name->text);
    for (size_t i = 0; i < count; i++) each(context, names[i].text);
    free(names);
    return 0;
}

static int64_t sim_free_bytes(struct env *env, const char *path) {
    const struct sim_machine *machine = sim_process_of(env)->machine;
    (void)path;
    uint64_t space = machine->faults.space_bytes;
    return machine->used_bytes < space ? (int64_t)(space - machine->used_bytes) : 0;
}

const struct file_ops sim_file_ops = {
    .open = sim_open,
    .open_temporary = sim_open_temporary,
    .adopt = sim_adopt,
    .read = sim_read,
    .write = sim_write,
    .start_sync = sim_start_sync,
    .sync = sim_sync,
    .size = sim_size,
    .truncate = sim_truncate,
    .lock = sim_file_lock,
    .handle_copy = sim_file_handle_copy,
    .close = sim_close,
    .remove = sim_remove,
    .rename = sim_rename,
    .folder_make = sim_folder_make,
    .folder_sync = sim_folder_sync_path,
    .folder_list = sim_folder_list,
    .free_bytes = sim_free_bytes,
    .sqlite_vfs = sim_vfs_name,
};
