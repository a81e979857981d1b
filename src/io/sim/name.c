/*
 * Names: folders, paths, and the journal of changes of names. Syncing a folder makes durable the
 * changes that touch it and, for renames between folders, what these need. A power cut keeps a
 * beginning of the rest, and at times one folder's changes beyond it.
 */
#include <errno.h>
#include <stdlib.h>

#include "io/sim/disk.h"

enum { COPIED_FOLDERS_MAX = 64 };

struct name_change {
    struct list link;
    /* What loses a name, and what gets one; a folder is NULL where there is none. */
    struct sim_place from;
    struct sim_place to;
    struct sim_inode *inode;
    bool is_chosen;
};

static struct sim_name *name_find(struct list *names, const char *text) {
    LIST_EACH(names, name, struct sim_name, link) {
        if (strcmp(name->text, text) == 0) return name;
    }
    return NULL;
}

static void name_remove(struct sim_name *name) {
    list_remove(&name->link);
    sim_inode_release(name->inode);
    free(name);
}

static void name_set(struct list *names, const char *text, struct sim_inode *inode) {
    struct sim_name *old = name_find(names, text);
    struct sim_name *name = sim_alloc(sizeof *name);
    memcpy(name->text, text, strlen(text) + 1);
    name->inode = sim_inode_hold(inode);
    list_append(names, &name->link);
    if (old) name_remove(old);
}

void sim_names_free(struct list *names) {
    while (!list_empty(names)) name_remove(LIST_FIRST(names, struct sim_name, link));
}

static int component_take(const char **path, char name[SIM_NAME_BYTES_MAX + 1]) {
    *path += strspn(*path, "/");
    size_t len = strcspn(*path, "/");
    if (len > SIM_NAME_BYTES_MAX) return -ENAMETOOLONG;
    memcpy(name, *path, len);
    name[len] = '\0';
    *path += len;
    *path += strspn(*path, "/");
    return 0;
}

int sim_place_find(struct sim_machine *machine, const char *path, struct sim_place *place) {
    place->folder = machine->root;
    for (;;) {
        int result = component_take(&path, place->name);
        if (result) return result;
        if (!*path) return 0;
        struct sim_inode *inode = sim_place_inode(place);
        if (!inode) return -ENOENT;
        if (!inode->is_folder) return -ENOTDIR;
        place->folder = inode;
    }
}

struct sim_inode *sim_place_inode(const struct sim_place *place) {
    if (!place->name[0] || strcmp(place->name, ".") == 0) return place->folder;
    struct sim_name *name = name_find(&place->folder->names, place->name);
    return name ? name->inode : NULL;
}

struct sim_inode *sim_path_inode(struct sim_machine *machine, const char *path) {
    struct sim_place place;
    return sim_place_find(machine, path, &place) ? NULL : sim_place_inode(&place);
}

static void change_add(const struct sim_place *from, const struct sim_place *to, struct sim_inode *inode) {
    struct name_change *change = sim_alloc(sizeof *change);
    if (from) change->from = *from;
    if (to) change->to = *to;
    change->inode = sim_inode_hold(inode);
    if (from) (void)sim_inode_hold(from->folder);
    if (to) (void)sim_inode_hold(to->folder);
    list_append(&inode->machine->name_changes, &change->link);
}

static void change_free(struct name_change *change) {
    list_remove(&change->link);
    if (change->from.folder) sim_inode_release(change->from.folder);
    if (change->to.folder) sim_inode_release(change->to.folder);
    sim_inode_release(change->inode);
    free(change);
}

void sim_name_link(const struct sim_place *from, const struct sim_place *to, struct sim_inode *inode) {
    change_add(from, to, inode);
    if (from) name_remove(name_find(&from->folder->names, from->name));
    name_set(&to->folder->names, to->name, inode);
}

void sim_name_unlink(const struct sim_place *place) {
    struct sim_name *name = name_find(&place->folder->names, place->name);
    change_add(place, NULL, name->inode);
    name_remove(name);
}

static void change_apply(struct name_change *change) {
    if (change->from.folder) {
        struct sim_name *name = name_find(&change->from.folder->durable_names, change->from.name);
        if (name && name->inode == change->inode) name_remove(name);
    }
    if (change->to.folder) name_set(&change->to.folder->durable_names, change->to.name, change->inode);
    change_free(change);
}

static bool touches(const struct name_change *change, const struct sim_inode *folder) {
    return change->from.folder == folder || change->to.folder == folder;
}

/* A later chosen change shares a folder with this one. */
static bool is_needed(struct list *changes, const struct name_change *change) {
    for (struct list *link = change->link.next; link != changes; link = link->next) {
        const struct name_change *later = CONTAINER_OF(link, struct name_change, link);
        if (!later->is_chosen) continue;
        if (change->from.folder && touches(later, change->from.folder)) return true;
        if (change->to.folder && touches(later, change->to.folder)) return true;
    }
    return false;
}

void sim_names_sync(struct sim_inode *folder) {
    struct list *changes = &folder->machine->name_changes;
    for (struct list *link = changes->prev; link != changes; link = link->prev) {
        struct name_change *change = CONTAINER_OF(link, struct name_change, link);
        change->is_chosen = touches(change, folder) || is_needed(changes, change);
    }
    LIST_EACH(changes, change, struct name_change, link) {
        if (change->is_chosen) change_apply(change);
    }
}

static size_t list_length(const struct list *list) {
    size_t count = 0;
    for (const struct list *link = list->next; link != list; link = link->next) count++;
    return count;
}

/* The durable names become the ones that are seen. */
static void names_restore(struct sim_inode *folder) {
    sim_names_free(&folder->names);
    LIST_EACH(&folder->durable_names, name, struct sim_name, link) {
        name_set(&folder->names, name->text, name->inode);
    }
}

void sim_names_crash(struct sim_machine *machine) {
    struct list *changes = &machine->name_changes;
    uint64_t kept = sim_world_random(machine->world, list_length(changes) + 1);
    for (; kept; kept--) change_apply(LIST_FIRST(changes, struct name_change, link));
    if (!list_empty(changes) && sim_world_random(machine->world, 2)) {
        struct name_change *first = LIST_FIRST(changes, struct name_change, link);
        sim_names_sync(first->to.folder ? first->to.folder : first->from.folder);
    }
    sim_name_changes_free(machine);
    /* Folders that lose their last name go with what they held: hold all while walking. */
    LIST_EACH(&machine->inodes, inode, struct sim_inode, in_machine)(void) sim_inode_hold(inode);
    LIST_EACH(&machine->inodes, inode, struct sim_inode, in_machine) names_restore(inode);
    LIST_EACH(&machine->inodes, inode, struct sim_inode, in_machine) { sim_inode_release(inode); }
}

void sim_name_changes_free(struct sim_machine *machine) {
    while (!list_empty(&machine->name_changes))
        change_free(LIST_FIRST(&machine->name_changes, struct name_change, link));
}

void sim_machine_make_folder(struct sim_machine *machine, const char *path) {
    struct sim_inode *folder = machine->root;
    while (*path) {
        struct sim_place place = {.folder = folder};
        if (component_take(&path, place.name) || !place.name[0]) return;
        struct sim_inode *inode = sim_place_inode(&place);
        if (!inode) {
            inode = sim_inode_new(machine, true);
            sim_name_link(NULL, &place, inode);
            sim_inode_release(inode);
        }
        sim_names_sync(folder);
        folder = inode;
    }
}

/* A file's or a folder's name, and its bytes; what is in a folder is left to the caller. */
static struct sim_inode *name_copy(const struct sim_name *name, struct sim_inode *folder) {
    struct sim_inode *copy = sim_inode_new(folder->machine, name->inode->is_folder);
    name_set(&folder->names, name->text, copy);
    name_set(&folder->durable_names, name->text, copy);
    sim_inode_release(copy);
    if (name->inode->is_folder) return copy;
    sim_inode_copy(copy, name->inode);
    return NULL;
}

void sim_machine_copy_disk(const struct sim_machine *from, struct sim_machine *to) {
    struct {
        const struct sim_inode *from;
        struct sim_inode *to;
    } folders[COPIED_FOLDERS_MAX] = {{from->root, to->root}};
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        LIST_EACH(&folders[i].from->names, name, struct sim_name, link) {
            struct sim_inode *folder = name_copy(name, folders[i].to);
            if (!folder) continue;
            ASSERT(count < COPIED_FOLDERS_MAX);
            folders[count].from = name->inode;
            folders[count++].to = folder;
        }
    }
}
