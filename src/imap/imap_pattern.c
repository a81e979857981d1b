#include "imap/imap_pattern.h"

static bool is_wildcard(uint8_t c) { return c == '*' || c == '%'; }

bool imap_pattern_new(struct arena *arena, struct slice reference, struct slice text,
                      struct imap_pattern *pattern) {
    size_t len = reference.len + text.len;
    uint8_t *joined = arena_try_alloc(arena, len + 1);
    pattern->now = arena_try_alloc(arena, len + 1);
    pattern->next = arena_try_alloc(arena, len + 1);
    if (!joined || !pattern->now || !pattern->next) return false;
    if (reference.len) memcpy(joined, reference.ptr, reference.len);
    if (text.len) memcpy(joined + reference.len, text.ptr, text.len);
    pattern->text = slice_of(joined, len);
    return true;
}

/* A wildcard may match nothing. */
static void skip_wildcards(const struct imap_pattern *pattern, bool *places) {
    for (size_t i = 0; i < pattern->text.len; i++)
        if (places[i] && is_wildcard(pattern->text.ptr[i])) places[i + 1] = true;
}

/* One character of the name. False: nothing is reached any more. */
static bool step(struct imap_pattern *pattern, uint8_t c, bool any_case) {
    struct slice text = pattern->text;
    bool any = false;
    memset(pattern->next, 0, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        if (!pattern->now[i]) continue;
        uint8_t wanted = text.ptr[i];
        bool stays = wanted == '*' || (wanted == '%' && c != '/');
        bool goes = wanted == c || (any_case && ascii_lower(wanted) == ascii_lower(c));
        if (stays) pattern->next[i] = true;
        if (goes && !is_wildcard(wanted)) pattern->next[i + 1] = true;
        any = any || stays || goes;
    }
    bool *reached = pattern->next;
    pattern->next = pattern->now;
    pattern->now = reached;
    skip_wildcards(pattern, reached);
    return any;
}

bool imap_pattern_matches(struct imap_pattern *pattern, struct slice name) {
    struct slice rest = name;
    bool is_inbox = slice_equal_nocase(slice_take_until(&rest, '/'), SLICE("INBOX"));
    memset(pattern->now, 0, pattern->text.len + 1);
    pattern->now[0] = true;
    skip_wildcards(pattern, pattern->now);
    for (size_t i = 0; i < name.len; i++)
        if (!step(pattern, name.ptr[i], is_inbox && i < SLICE("INBOX").len)) return false;
    return pattern->now[pattern->text.len];
}
