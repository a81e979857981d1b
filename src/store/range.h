/* Builds UID ranges from ascending UIDs. */
#ifndef STORE_RANGE_H
#define STORE_RANGE_H

#include "base/buffer.h"
#include "store/model.h"

struct range_list {
    struct buffer ranges;
};

struct range_list range_list_new(void);
/* UIDs rise within a list; one that does not begins a new range. */
void range_list_add(struct range_list *list, uint32_t uid);
/* Moves the ranges to the arena and frees the list. False: no room there. */
NODISCARD bool range_list_give(struct range_list *list, struct arena *arena, struct uid_ranges *ranges);

#endif
