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

/* UIDs on their way to somebody who wants them as ranges: neighbours become one. */
struct uid_runs {
    void (*report)(void *context, struct uid_range range);
    void *context;
    struct uid_range run;
};

void uid_runs_add_range(struct uid_runs *runs, struct uid_range range);
static inline void uid_runs_add(struct uid_runs *runs, uint32_t uid) {
    uid_runs_add_range(runs, (struct uid_range){uid, uid});
}
/* Reports the last. */
void uid_runs_end(struct uid_runs *runs);

#endif
