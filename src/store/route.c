#include "store/route.h"

#include <stdlib.h>

#include "base/limits.h"

static const char rules_count[] = "SELECT count(*) FROM route WHERE is_enabled AND kind <> 4";
static const char rules_read[] =
    "SELECT id, kind, domain, stream, ordering FROM route WHERE is_enabled AND kind <> 4";

/* An enabled route, as far as it takes part in choosing. */
struct rule {
    uint64_t id;
    enum route_kind kind;
    bool is_pattern;
    /* Of a pattern: ".example.org". */
    struct slice domain;
    enum queue_stream stream;
    uint32_t ordering;
};

struct route_book {
    /* NULL: nothing is known. */
    struct arena *arena;
    struct rule *rules;
    size_t count;
};

/* ---- the book ---- */

struct route_book *route_book_new(void) {
    struct route_book *book = calloc(1, sizeof *book);
    if (!book) FATAL("out of memory for the book of routes");
    return book;
}

void route_book_forget(struct route_book *book) {
    arena_free(&book->arena);
    book->rules = NULL;
    book->count = 0;
}

void route_book_free(struct route_book **book) {
    if (!*book) return;
    route_book_forget(*book);
    free(*book);
    *book = NULL;
}

/* The domain itself goes before patterns, and of these the longest first. */
static int compare_domains(const struct rule *a, const struct rule *b) {
    if (a->is_pattern != b->is_pattern) return a->is_pattern ? 1 : -1;
    if (!a->is_pattern || a->domain.len == b->domain.len) return 0;
    return a->domain.len > b->domain.len ? -1 : 1;
}

/* The most specific first. */
static int compare_rules(const void *left, const void *right) {
    const struct rule *a = left;
    const struct rule *b = right;
    if (a->kind != b->kind) return a->kind > b->kind ? -1 : 1;
    int order = compare_domains(a, b);
    if (order) return order;
    if (a->ordering != b->ordering) return a->ordering < b->ordering ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static struct rule rule_of(struct arena *arena, const struct db_rows *row) {
    struct rule rule = {.id = db_rows_id(row, 0),
                        .kind = (enum route_kind)db_rows_number(row, 1),
                        .stream = (enum queue_stream)db_rows_number(row, 3),
                        .ordering = (uint32_t)db_rows_number(row, 4)};
    struct slice domain = db_rows_bytes(row, 2);
    rule.is_pattern = slice_take_byte(&domain, '*');
    rule.domain = arena_copy(arena, domain);
    return rule;
}

static void learn(struct commit *commit, struct route_book *book) {
    size_t max = (size_t)DB_READ_NUMBER(commit->db, rules_count, 0);
    book->arena = arena_new((max + 1) * (sizeof(struct rule) + STORE_ADDRESS_BYTES_MAX));
    book->rules = ARENA_NEW_ARRAY(book->arena, struct rule, max);
    struct db_rows rows = DB_ROWS(commit->db, rules_read);
    while (book->count < max && db_rows_next(&rows)) book->rules[book->count++] = rule_of(book->arena, &rows);
    db_rows_end(&rows);
    if (db_failure(commit->db) != STORE_OK)
        route_book_forget(book);
    else if (book->count)
        qsort(book->rules, book->count, sizeof *book->rules, compare_rules);
}

/* ---- choosing ---- */

/* Whom a recipient's mail is from, and to. */
struct way {
    struct slice sender;
    struct slice recipient;
    enum queue_stream stream;
};

static bool domain_matches(const struct rule *rule, struct slice domain) {
    if (!rule->is_pattern) return slice_equal(domain, rule->domain);
    return domain.len > rule->domain.len && slice_ends_nocase(domain, rule->domain);
}

static bool rule_matches(const struct rule *rule, const struct way *way) {
    switch (rule->kind) {
    case ROUTE_FOR_RECIPIENT:
        return domain_matches(rule, way->recipient);
    case ROUTE_FOR_SENDER:
        return domain_matches(rule, way->sender);
    case ROUTE_FOR_STREAM:
        return rule->stream == way->stream;
    case ROUTE_FOR_ALL:
        return true;
    default:
        return false;
    }
}

/* As the rules have it: lower case, A-labels. What is no domain's name ("[192.0.2.1]") stays what it is. */
static struct slice canonical(struct arena *arena, struct slice domain) {
    struct slice ascii;
    return route_domain_read(arena, domain, &ascii) ? ascii : domain;
}

uint64_t route_choose(struct commit *commit, struct slice sender_domain, struct slice recipient_domain,
                      enum queue_stream stream) {
    struct route_book *book = commit->routes;
    if (!book->arena) learn(commit, book);
    if (book->count == 0) return 0;
    struct way way = {canonical(commit->arena, sender_domain), canonical(commit->arena, recipient_domain),
                      stream};
    for (size_t i = 0; i < book->count; i++)
        if (rule_matches(&book->rules[i], &way)) return book->rules[i].id;
    return 0;
}
