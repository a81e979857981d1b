/*
 * A document as a tree of values, each with its place, whichever language it was written in; and the faults
 * that are found in it. Inside of reading a sequence. Depth, number of values and length of keys are bounded
 * while the tree grows.
 */
#ifndef OUTREACH_SEQUENCE_TREE_H
#define OUTREACH_SEQUENCE_TREE_H

#include "outreach/sequence.h"

enum tree_kind { TREE_TEXT, TREE_LIST, TREE_MAP };

struct tree_place {
    unsigned line;
    unsigned column;
};

struct tree_node {
    enum tree_kind kind;
    struct tree_place place;
    /* In a map; its own place. */
    struct slice key;
    struct tree_place key_place;
    /* Of a text; without quotes or blocks it may also be a number, a yes or nothing. */
    struct slice text;
    bool is_plain;
    /* In a list, from 1. */
    unsigned number;
    struct tree_node *parent;
    struct tree_node *first;
    struct tree_node *last;
    struct tree_node *next;
    size_t count;
};

struct tree {
    struct arena *arena;
    struct sequence_faults *faults;
    struct tree_node *root;
    /* Where the next value goes; its depth. */
    struct tree_node *open;
    size_t depth;
    size_t value_count;
    /* A map's key whose value comes next. */
    bool has_key;
    struct slice key;
    struct tree_place key_place;
};

struct tree tree_new(struct arena *arena, struct sequence_faults *faults);

/* ---- growing: false where it must not go on; a fault was added ---- */
NODISCARD bool tree_add_text(struct tree *tree, struct slice text, bool is_plain, struct tree_place place);
NODISCARD bool tree_open(struct tree *tree, enum tree_kind kind, struct tree_place place);
void tree_close(struct tree *tree);
/* The open value is a map and waits for a key. */
bool tree_wants_key(const struct tree *tree);

/* The two languages. False: faults were added. */
NODISCARD bool tree_read_yaml(struct tree *tree, struct slice document);
NODISCARD bool tree_read_json(struct tree *tree, struct slice document);

/* ---- faults ---- */
void tree_fault(struct tree *tree, const struct tree_node *node, const char *format, ...) PRINTF_LIKE(3, 4);
/* Of a place, before there is a value; `where` may be empty. */
void tree_fault_at(struct tree *tree, struct tree_place place, struct slice where, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* ---- values: what is wrong is told, and false (or the least) comes back ---- */

/* A key of a map, and what takes its value. */
struct tree_key {
    const char *name;
    void (*take)(struct tree *tree, const struct tree_node *node, void *target);
};
/* Gives each value of a map to its key. Keys that are not in the table, and those that come twice, are
   faults. Which keys were there comes back as bits. */
unsigned tree_take_map(struct tree *tree, const struct tree_node *node, const struct tree_key *keys,
                       size_t count, void *target);
bool tree_is_list(struct tree *tree, const struct tree_node *node, size_t count_max);
/* No value: "key:" and nothing behind it, ~ or null. */
bool tree_is_nothing(const struct tree_node *node);
/* One line without control characters and without blanks at both ends, of at most so many bytes; an empty
   one is a fault too. */
bool tree_line(struct tree *tree, const struct tree_node *node, size_t bytes_max, struct slice *line);
/* Any lines, which end in LF. */
bool tree_lines(struct tree *tree, const struct tree_node *node, size_t bytes_max, struct slice *lines);
bool tree_number(struct tree *tree, const struct tree_node *node, unsigned min, unsigned max,
                 unsigned *number);
bool tree_yes_or_no(struct tree *tree, const struct tree_node *node, bool *yes);

#endif
