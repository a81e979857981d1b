#include "transit/signature_book.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"

/* Signed or sealed, as it is or in 7 bits. */
enum { KINDS = 4 };

struct signature {
    /* Of those that are known, the oldest first. */
    struct list link;
    struct signature_of of;
    bool is_known;
    int64_t until_ms;
    size_t len;
    uint8_t bytes[];
};

struct signature_book {
    struct env *env;
    /* By message, of each kind. */
    struct map *entries[KINDS];
    struct list known;
    size_t known_count;
    struct gate changed;
};

struct signature_book *signature_book_new(struct env *env) {
    struct signature_book *book = calloc(1, sizeof *book);
    if (!book) FATAL("out of memory for signatures");
    book->env = env;
    for (size_t i = 0; i < KINDS; i++) book->entries[i] = map_new(env_random_u64(env));
    list_init(&book->known);
    gate_init(&book->changed);
    return book;
}

static size_t kind_of(struct signature_of of) { return (size_t)of.is_seven_bit + 2 * (size_t)of.is_sealed; }

static struct signature *find(const struct signature_book *book, struct signature_of of) {
    return map_get_id(book->entries[kind_of(of)], of.message);
}

static void drop(struct signature_book *book, struct signature *signature) {
    (void)map_remove_id(book->entries[kind_of(signature->of)], signature->of.message);
    if (signature->is_known) {
        list_remove(&signature->link);
        book->known_count--;
    }
    free(signature);
}

void signature_book_free(struct signature_book **book) {
    if (!*book) return;
    while (!list_empty(&(*book)->known)) drop(*book, LIST_FIRST(&(*book)->known, struct signature, link));
    for (size_t i = 0; i < KINDS; i++) map_free(&(*book)->entries[i]);
    free(*book);
    *book = NULL;
}

static void enter(struct signature_book *book, struct signature_of of, struct slice fields, bool is_known) {
    struct signature *signature = calloc(1, sizeof *signature + fields.len);
    if (!signature) FATAL("out of memory for a signature");
    signature->of = of;
    signature->is_known = is_known;
    signature->until_ms = env_now_ms(book->env) + TRANSIT_SIGNED_KEPT_MS;
    signature->len = fields.len;
    if (fields.len) memcpy(signature->bytes, fields.ptr, fields.len);
    (void)map_put_id(book->entries[kind_of(of)], of.message, signature);
    if (!is_known) return;
    list_append(&book->known, &signature->link);
    book->known_count++;
}

/* What is old, and the oldest of too many. */
static void tidy(struct signature_book *book) {
    while (!list_empty(&book->known)) {
        struct signature *oldest = LIST_FIRST(&book->known, struct signature, link);
        bool is_old = oldest->until_ms <= env_now_ms(book->env);
        if (!is_old && book->known_count <= TRANSIT_SIGNED_KEPT_MAX) return;
        drop(book, oldest);
    }
}

enum signature_found signature_book_take(struct task *t, struct signature_book *book, struct signature_of of,
                                         struct arena *arena, struct slice *fields) {
    for (;;) {
        tidy(book);
        const struct signature *found = find(book, of);
        if (!found) {
            enter(book, of, SLICE_EMPTY, false);
            return SIGNATURE_MISSING;
        }
        if (found->is_known) {
            *fields = arena_copy(arena, slice_of(found->bytes, found->len));
            return SIGNATURE_KNOWN;
        }
        if (gate_wait(t, &book->changed, DEADLINE_NONE) != WAIT_OK) return SIGNATURE_CANCELLED;
    }
}

void signature_book_give_up(struct signature_book *book, struct signature_of of) {
    struct signature *under_way = find(book, of);
    if (under_way) drop(book, under_way);
    gate_open(&book->changed);
}

void signature_book_put(struct signature_book *book, struct signature_of of, struct slice fields) {
    struct signature *under_way = find(book, of);
    if (under_way) drop(book, under_way);
    enter(book, of, fields, true);
    gate_open(&book->changed);
}
