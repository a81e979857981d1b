/*
 * Descriptors: how processes hold objects, and hand them to each other. An object lives as long as
 * some descriptor, or a message under way, refers to it. A descriptor belongs to one process, and
 * loses its object when that dies.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/sim/world.h"

void sim_object_release(struct sim_object *object) {
    ASSERT(object->references > 0);
    if (--object->references == 0) object->released(object);
}

struct sim_descriptor *sim_descriptor_new(struct sim_process *process, struct sim_object *object) {
    struct sim_descriptor *descriptor = sim_alloc(sizeof *descriptor);
    *descriptor = (struct sim_descriptor){.process = process, .object = object};
    list_append(&process->descriptors, &descriptor->in_process);
    process->descriptor_count++;
    /* What a dead process opens is closed at once. */
    if (process->env.is_dead) sim_descriptor_cut(descriptor);
    return descriptor;
}

void sim_descriptor_cut(struct sim_descriptor *descriptor) {
    struct sim_object *object = descriptor->object;
    descriptor->object = NULL;
    if (object) sim_object_release(object);
}

void sim_descriptor_close(struct sim_descriptor *descriptor) {
    list_remove(&descriptor->in_process);
    descriptor->process->descriptor_count--;
    sim_descriptor_cut(descriptor);
    free(descriptor);
}

void sim_handle_close(struct env *env, struct handle handle) {
    (void)env;
    if (handle.object) sim_descriptor_close(sim_descriptor_of(handle));
}

struct handle sim_handle_copy(struct handle handle, struct env *to) {
    struct sim_object *object = sim_descriptor_of(handle)->object;
    if (!object) return HANDLE_NONE;
    object->references++;
    return sim_handle_of(sim_descriptor_new(sim_process_of(to), object));
}

bool sim_descriptors_are_out(struct sim_process *process) {
    const struct sim_faults *faults = &process->machine->faults;
    return process->descriptor_count >= faults->descriptors_max ||
           sim_world_chance(process->machine->world, faults->no_descriptor_chance);
}
