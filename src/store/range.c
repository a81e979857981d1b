#include "store/range.h"

#include "base/limits.h"

struct range_list range_list_new(void) {
    return (struct range_list){buffer_new(STORE_OPERATION_MEMORY_BYTES_MAX)};
}

void range_list_add(struct range_list *list, uint32_t uid) {
    struct uid_range *last = NULL;
    if (list->ranges.len)
        last = (struct uid_range *)(void *)(list->ranges.ptr + list->ranges.len - sizeof *last);
    if (last && last->last + 1 == uid)
        last->last = uid;
    else
        buffer_append(&list->ranges, slice_of(&(struct uid_range){uid, uid}, sizeof(struct uid_range)));
}

bool range_list_give(struct range_list *list, struct arena *arena, struct uid_ranges *ranges) {
    struct slice copy = SLICE_EMPTY;
    bool has_room =
        !buffer_overflowed(&list->ranges) && arena_try_copy(arena, buffer_slice(&list->ranges), &copy);
    if (has_room)
        *ranges = (struct uid_ranges){(const void *)copy.ptr, list->ranges.len / sizeof(struct uid_range)};
    buffer_free(&list->ranges);
    return has_room;
}

void uid_runs_add_range(struct uid_runs *runs, struct uid_range range) {
    if (runs->run.first && range.first == runs->run.last + 1) {
        runs->run.last = range.last;
        return;
    }
    if (runs->run.first) runs->report(runs->context, runs->run);
    runs->run = range;
}

void uid_runs_end(struct uid_runs *runs) {
    if (runs->run.first) runs->report(runs->context, runs->run);
}
