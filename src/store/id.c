#include "store/id.h"

enum { COUNTER_BITS = 12, NODE_BITS = 10, TIME_SHIFT = COUNTER_BITS + NODE_BITS };
static const int64_t epoch_ms = 1704067200000; /* 2024-01-01 */

uint64_t id_next(struct id_source *source, int64_t wall_ms) {
    uint64_t node = (uint64_t)(source->node & ((1u << NODE_BITS) - 1)) << COUNTER_BITS;
    uint64_t time = wall_ms > epoch_ms ? (uint64_t)(wall_ms - epoch_ms) : 1;
    uint64_t last_time = source->last >> TIME_SHIFT;
    uint64_t counter_max = (1u << COUNTER_BITS) - 1;
    if (time > last_time)
        source->last = time << TIME_SHIFT | node;
    else if ((source->last & counter_max) == counter_max)
        source->last = (last_time + 1) << TIME_SHIFT | node;
    else
        source->last = ((source->last & counter_max) + 1) | last_time << TIME_SHIFT | node;
    return source->last;
}

uint64_t id_last_of(int64_t wall_ms) {
    uint64_t time = wall_ms > epoch_ms ? (uint64_t)(wall_ms - epoch_ms) : 1;
    return ((time + 1) << TIME_SHIFT) - 1;
}

bool id_read(struct slice text, uint64_t *id) {
    *id = 0;
    if (text.len == 0 || text.len > 16) return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = ascii_lower(text.ptr[i]);
        if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'f')) return false;
        *id = *id << 4 | (uint64_t)(ascii_is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    return *id <= INT64_MAX;
}

uint64_t store_id_new(struct id_source *source, struct env *env) { return id_next(source, env_wall_ms(env)); }
