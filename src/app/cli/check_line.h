/* One line of what a check of a domain found (posthaste domain check), whoever looked. */
#ifndef APP_CHECK_LINE_H
#define APP_CHECK_LINE_H

#include "base/limits.h"
#include "trust/dnscheck.h"

enum { CHECK_LINES_MAX = PUBLISH_ROWS_MAX + 16 };

struct check_line {
    /* "mx", "port", "certificate", ... */
    const char *kind;
    /* A name, "25", ...; what kind of record, or empty. */
    struct slice name;
    const char *type;
    enum publish_necessity necessity;
    enum dnscheck_state state;
    struct slice wanted;
    struct slice found;
    struct slice words;
    struct slice advice;
};

struct check_lines {
    struct check_line items[CHECK_LINES_MAX];
    size_t count;
};

/* The next line, all of it empty and right. */
static inline struct check_line *check_line_add(struct check_lines *lines, const char *kind,
                                                struct slice name, enum publish_necessity necessity) {
    ASSERT(lines->count < CHECK_LINES_MAX);
    struct check_line *line = &lines->items[lines->count++];
    *line = (struct check_line){.kind = kind,
                                .name = name,
                                .type = "",
                                .necessity = necessity,
                                .state = DNSCHECK_RIGHT,
                                .wanted = SLICE(""),
                                .found = SLICE(""),
                                .words = SLICE(""),
                                .advice = SLICE("")};
    return line;
}

static inline void check_line_wrong(struct check_line *line, struct slice words, struct slice advice) {
    line->state = DNSCHECK_WRONG;
    line->words = words;
    line->advice = advice;
}

/* What is missing or wrong and should not be, or is not known: the check as a whole fails. */
static inline bool check_line_fails(const struct check_line *line) {
    if (line->state == DNSCHECK_MISSING) return line->necessity != PUBLISH_MAY;
    return line->state != DNSCHECK_RIGHT;
}

#endif
