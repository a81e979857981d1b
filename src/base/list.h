/*
 * Doubly linked lists whose links live inside their elements. A list head and an element
 * that is in no list both point at themselves.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next;
    struct list *prev;
};

/* The structure that holds the link `member`. */
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define LIST_FIRST(list, type, member) CONTAINER_OF((list)->next, type, member)
/* Safe against removing `item` in the body. */
#define LIST_EACH(list, item, type, member)                                 \
    for (type *item = CONTAINER_OF((list)->next, type, member),             \
              *item##_next = CONTAINER_OF(item->member.next, type, member); \
         &item->member != (list);                                           \
         item = item##_next, item##_next = CONTAINER_OF(item->member.next, type, member))

static inline void list_init(struct list *list) { list->next = list->prev = list; }
static inline bool list_empty(const struct list *list) { return list->next == list; }
static inline void list_append(struct list *list, struct list *link) {
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}
static inline void list_prepend(struct list *list, struct list *link) { list_append(list->next, link); }
/* Takes the link out of its list. Does nothing to a link in none. */
static inline void list_remove(struct list *link) {
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#endif
