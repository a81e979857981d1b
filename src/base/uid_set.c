/*
 * A range is coded as its gap from the end of the range before (of the block's first number,
 * for a block's first range) and its length: one byte where both are small, else a mark and
 * two numbers of 7 bits a byte. Blocks know their first and last number and their count;
 * `before`, the members in all blocks before, is kept only for the first `counted` blocks and
 * made up to date when asked for, so that an expunge from front to back stays cheap.
 */
#include "base/uid_set.h"

#include <stdlib.h>

#include "base/fatal.h"
#include "base/limits.h"

enum {
    SMALL_GAP_MAX = 15,
    SMALL_LENGTH_MAX = 8,
    PAIR_MARK = 0x80,
    PAIR_BYTES_MAX = 11,
    RANGES_MAX = UID_SET_BLOCK_RANGES_MAX,
    NUMBER_BYTES_MAX = 5,
};

struct block {
    uint32_t first;
    uint32_t last;
    uint32_t count;
    uint32_t before;
    uint8_t *bytes;
    uint16_t len;
    /* Where the last pair begins. */
    uint16_t tail;
    uint16_t ranges;
};

struct uid_set_body {
    size_t references;
    struct block *blocks;
    size_t block_count;
    size_t block_capacity;
    size_t counted;
    uint32_t count;
};

struct pair {
    uint32_t gap;
    uint32_t length;
};

static void *resize(void *memory, size_t size) {
    void *resized = realloc(memory, size ? size : 1);
    if (!resized) FATAL("out of memory for a set of UIDs, %zu bytes", size);
    return resized;
}

static size_t number_put(uint8_t *bytes, uint32_t number) {
    size_t n = 0;
    for (; number >= 0x80; number >>= 7) bytes[n++] = (uint8_t)(number | 0x80);
    bytes[n++] = (uint8_t)number;
    return n;
}

static bool number_take(struct slice *bytes, uint32_t *number) {
    uint64_t value = 0;
    for (size_t i = 0; i < NUMBER_BYTES_MAX && i < bytes->len; i++) {
        value |= (uint64_t)(bytes->ptr[i] & 0x7f) << (7 * i);
        if (bytes->ptr[i] & 0x80) continue;
        if (value > UINT32_MAX) return false;
        *number = (uint32_t)value;
        *bytes = slice_skip(*bytes, i + 1);
        return true;
    }
    return false;
}

static size_t pair_put(uint8_t *bytes, struct pair pair) {
    if (pair.gap <= SMALL_GAP_MAX && pair.length <= SMALL_LENGTH_MAX) {
        bytes[0] = (uint8_t)(pair.gap * SMALL_LENGTH_MAX + pair.length - 1);
        return 1;
    }
    bytes[0] = PAIR_MARK;
    size_t n = 1 + number_put(bytes + 1, pair.gap);
    return n + number_put(bytes + n, pair.length);
}

static bool pair_take(struct slice *bytes, struct pair *pair) {
    if (bytes->len == 0) return false;
    uint8_t head = bytes->ptr[0];
    *bytes = slice_skip(*bytes, 1);
    if (head == PAIR_MARK) return number_take(bytes, &pair->gap) && number_take(bytes, &pair->length);
    *pair = (struct pair){head / SMALL_LENGTH_MAX, head % SMALL_LENGTH_MAX + 1u};
    return head < PAIR_MARK;
}

static uint32_t range_length(struct number_range range) { return range.last - range.first + 1; }

static struct slice block_slice(const struct block *block) { return slice_of(block->bytes, block->len); }

static size_t block_decode(const struct block *block, struct number_range *ranges) {
    struct slice bytes = block_slice(block);
    uint64_t end = block->first;
    size_t n = 0;
    for (struct pair pair; pair_take(&bytes, &pair); n++) {
        ranges[n].first = (uint32_t)(end + pair.gap);
        ranges[n].last = ranges[n].first + (pair.length - 1);
        end = (uint64_t)ranges[n].last + 1;
    }
    return n;
}

static void block_encode(struct block *block, const struct number_range *ranges, size_t count) {
    uint8_t bytes[RANGES_MAX * PAIR_BYTES_MAX];
    uint64_t end = ranges[0].first;
    size_t len = 0;
    block->count = 0;
    for (size_t i = 0; i < count; i++) {
        block->tail = (uint16_t)len;
        block->count += range_length(ranges[i]);
        len +=
            pair_put(bytes + len, (struct pair){(uint32_t)(ranges[i].first - end), range_length(ranges[i])});
        end = (uint64_t)ranges[i].last + 1;
    }
    block->bytes = resize(block->bytes, len);
    memcpy(block->bytes, bytes, len);
    block->len = (uint16_t)len;
    block->ranges = (uint16_t)count;
    block->first = ranges[0].first;
    block->last = ranges[count - 1].last;
}

static void body_free(struct uid_set_body *body) {
    for (size_t i = 0; i < body->block_count; i++) free(body->blocks[i].bytes);
    free(body->blocks);
    free(body);
}

static struct uid_set_body *body_new(void) {
    struct uid_set_body *body = resize(NULL, sizeof *body);
    *body = (struct uid_set_body){.references = 1};
    return body;
}

static struct uid_set_body *body_copy(const struct uid_set_body *from) {
    struct uid_set_body *body = body_new();
    body->count = from->count;
    body->counted = from->counted;
    body->block_count = body->block_capacity = from->block_count;
    body->blocks = resize(NULL, from->block_count * sizeof *body->blocks);
    for (size_t i = 0; i < from->block_count; i++) {
        body->blocks[i] = from->blocks[i];
        body->blocks[i].bytes = resize(NULL, from->blocks[i].len);
        memcpy(body->blocks[i].bytes, from->blocks[i].bytes, from->blocks[i].len);
    }
    return body;
}

/* The handle's body, for it alone. */
static struct uid_set_body *own(struct uid_set *set) {
    if (!set->body) set->body = body_new();
    if (set->body->references == 1) return set->body;
    set->body->references--;
    set->body = body_copy(set->body);
    return set->body;
}

struct uid_set uid_set_share(struct uid_set set) {
    if (set.body) set.body->references++;
    return set;
}

void uid_set_free(struct uid_set *set) {
    if (set->body && --set->body->references == 0) body_free(set->body);
    set->body = NULL;
}

static struct block *block_insert(struct uid_set_body *body, size_t at) {
    if (body->block_count == body->block_capacity) {
        body->block_capacity = body->block_capacity ? body->block_capacity * 2 : 1;
        body->blocks = resize(body->blocks, body->block_capacity * sizeof *body->blocks);
    }
    struct block *block = &body->blocks[at];
    memmove(block + 1, block, (body->block_count - at) * sizeof *block);
    body->block_count++;
    *block = (struct block){0};
    return block;
}

/* Makes the last pair longer; its gap, and so where it begins, stays. */
static void block_extend(struct block *block, uint32_t more) {
    struct slice tail = slice_skip(block_slice(block), block->tail);
    struct pair pair = {0, 0};
    ASSERT(pair_take(&tail, &pair));
    pair.length += more;
    block->bytes = resize(block->bytes, block->tail + (size_t)PAIR_BYTES_MAX);
    block->len = (uint16_t)(block->tail + pair_put(block->bytes + block->tail, pair));
}

static void block_append(struct block *block, struct number_range range) {
    struct pair pair = {range.first - block->last - 1, range_length(range)};
    block->bytes = resize(block->bytes, block->len + (size_t)PAIR_BYTES_MAX);
    block->tail = block->len;
    block->len = (uint16_t)(block->len + pair_put(block->bytes + block->len, pair));
    block->ranges++;
}

void uid_set_append(struct uid_set *set, struct number_range range) {
    ASSERT(range.first > uid_set_last(set) && range.first <= range.last);
    struct uid_set_body *body = own(set);
    struct block *block = body->block_count ? &body->blocks[body->block_count - 1] : NULL;
    body->count += range_length(range);
    bool touches = block && range.first == block->last + 1;
    if (!block || (!touches && block->ranges == RANGES_MAX)) {
        block_encode(block_insert(body, body->block_count), &range, 1);
        return;
    }
    if (touches)
        block_extend(block, range_length(range));
    else
        block_append(block, range);
    block->last = range.last;
    block->count += range_length(range);
}

/* The first block that ends at or behind `uid`; the number of blocks where none does. */
static size_t block_find(const struct uid_set_body *body, uint32_t uid) {
    size_t low = 0;
    size_t high = body->block_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (body->blocks[middle].last < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What is left of `ranges` without `cut`: at most one range more. */
static size_t ranges_cut(const struct number_range *ranges, size_t count, struct number_range cut,
                         struct number_range *left) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct number_range range = ranges[i];
        if (range.last < cut.first || range.first > cut.last) {
            left[n++] = range;
            continue;
        }
        if (range.first < cut.first) left[n++] = (struct number_range){range.first, cut.first - 1};
        if (range.last > cut.last) left[n++] = (struct number_range){cut.last + 1, range.last};
    }
    return n;
}

/* Cuts a range out of one block, which may fall in two or be left without members. Returns how
   many blocks it has become; none of them has a member in `cut`. */
static size_t block_cut(struct uid_set_body *body, size_t at, struct number_range cut) {
    struct number_range ranges[RANGES_MAX];
    struct number_range left[RANGES_MAX + 1];
    struct block *block = &body->blocks[at];
    bool covered = cut.first <= block->first && block->last <= cut.last;
    size_t count = covered ? 0 : ranges_cut(ranges, block_decode(block, ranges), cut, left);
    if (count == 0) {
        block->count = 0;
        return 1;
    }
    size_t kept = count > RANGES_MAX ? count / 2 : count;
    block_encode(block, left, kept);
    if (kept == count) return 1;
    block_encode(block_insert(body, at + 1), left + kept, count - kept);
    return 2;
}

/* Drops the blocks without members among those from `from` to before `to`. */
static void blocks_compact(struct uid_set_body *body, size_t from, size_t to) {
    size_t kept = from;
    for (size_t i = from; i < to; i++) {
        if (body->blocks[i].count)
            body->blocks[kept++] = body->blocks[i];
        else
            free(body->blocks[i].bytes);
    }
    memmove(body->blocks + kept, body->blocks + to, (body->block_count - to) * sizeof *body->blocks);
    body->block_count -= to - kept;
}

static uint32_t count_within(const struct uid_set *set, struct number_range range) {
    struct uid_set_meet meet = uid_set_meet_start(&range, 1);
    struct number_range common;
    uint32_t count = 0;
    while (uid_set_meet_next(set, &meet, &common)) count += range_length(common);
    return count;
}

uint32_t uid_set_remove(struct uid_set *set, struct number_range range) {
    uint32_t removed = count_within(set, range);
    if (removed == 0) return 0;
    struct uid_set_body *body = own(set);
    size_t from = block_find(body, range.first);
    size_t to = from;
    while (to < body->block_count && body->blocks[to].first <= range.last) to += block_cut(body, to, range);
    blocks_compact(body, from, to);
    if (body->counted > from) body->counted = from;
    body->count -= removed;
    return removed;
}

uint32_t uid_set_count(const struct uid_set *set) { return set->body ? set->body->count : 0; }

uint32_t uid_set_last(const struct uid_set *set) {
    const struct uid_set_body *body = set->body;
    return body && body->block_count ? body->blocks[body->block_count - 1].last : 0;
}

/* Brings `before` up to date for the blocks up to and including `at`. */
static void count_before(struct uid_set_body *body, size_t at) {
    for (; body->counted <= at; body->counted++) {
        struct block *block = &body->blocks[body->counted];
        block->before = body->counted ? block[-1].before + block[-1].count : 0;
    }
}

uint32_t uid_set_rank(const struct uid_set *set, uint32_t uid) {
    if (!set->body || uid == 0) return 0;
    size_t at = block_find(set->body, uid);
    if (at == set->body->block_count) return 0;
    count_before(set->body, at);
    uint32_t position = set->body->blocks[at].before;
    struct uid_set_cursor cursor = {.block = at};
    struct number_range range;
    while (uid_set_next(set, &cursor, &range) && range.first <= uid) {
        if (uid <= range.last) return position + (uid - range.first) + 1;
        position += range_length(range);
    }
    return 0;
}

bool uid_set_contains(const struct uid_set *set, uint32_t uid) {
    return count_within(set, (struct number_range){uid, uid}) == 1;
}

/* The last block with at most `position` - 1 members before it. */
static size_t block_at(const struct uid_set_body *body, uint32_t position) {
    size_t low = 0;
    size_t high = body->block_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (body->blocks[middle].before < position)
            low = middle;
        else
            high = middle;
    }
    return low;
}

uint32_t uid_set_select(const struct uid_set *set, uint32_t position) {
    if (position == 0 || position > uid_set_count(set)) return 0;
    count_before(set->body, set->body->block_count - 1);
    struct uid_set_cursor cursor = {.block = block_at(set->body, position)};
    uint32_t left = position - set->body->blocks[cursor.block].before;
    struct number_range range = {0, 0};
    while (uid_set_next(set, &cursor, &range) && left > range_length(range)) left -= range_length(range);
    return range.first + (left - 1);
}

size_t uid_set_bytes(const struct uid_set *set) {
    const struct uid_set_body *body = set->body;
    if (!body) return 0;
    size_t bytes = sizeof *body + body->block_capacity * sizeof *body->blocks;
    for (size_t i = 0; i < body->block_count; i++) bytes += body->blocks[i].len;
    return bytes;
}

bool uid_set_next(const struct uid_set *set, struct uid_set_cursor *cursor, struct number_range *range) {
    const struct uid_set_body *body = set->body;
    for (; body && cursor->block < body->block_count; cursor->block++, cursor->offset = 0) {
        const struct block *block = &body->blocks[cursor->block];
        if (cursor->offset == 0) cursor->end = block->first;
        struct slice rest = slice_skip(block_slice(block), cursor->offset);
        struct pair pair = {0, 0};
        if (!pair_take(&rest, &pair)) continue;
        range->first = (uint32_t)(cursor->end + pair.gap);
        range->last = range->first + (pair.length - 1);
        cursor->end = (uint64_t)range->last + 1;
        cursor->offset = block->len - rest.len;
        return true;
    }
    return false;
}

struct uid_set_meet uid_set_meet_start(const struct number_range *ranges, size_t count) {
    return (struct uid_set_meet){.ranges = ranges, .count = count};
}

/* Holds the first range not yet passed that ends at or behind `uid`. */
static bool meet_seek(const struct uid_set *set, struct uid_set_meet *meet, uint32_t uid) {
    const struct uid_set_body *body = set->body;
    if (!body) return false;
    size_t at = meet->cursor.block;
    if (at < body->block_count && body->blocks[at].last < uid)
        meet->cursor = (struct uid_set_cursor){.block = block_find(body, uid)};
    do {
        meet->holds = uid_set_next(set, &meet->cursor, &meet->held);
    } while (meet->holds && meet->held.last < uid);
    return meet->holds;
}

bool uid_set_meet_next(const struct uid_set *set, struct uid_set_meet *meet, struct number_range *range) {
    for (; meet->count; meet->ranges++, meet->count--) {
        struct number_range wanted = *meet->ranges;
        bool passed = !meet->holds || meet->held.last < wanted.first;
        if (passed && !meet_seek(set, meet, wanted.first)) return false;
        if (meet->held.first > wanted.last) continue;
        range->first = meet->held.first > wanted.first ? meet->held.first : wanted.first;
        range->last = meet->held.last < wanted.last ? meet->held.last : wanted.last;
        meet->holds = meet->held.last > wanted.last;
        if (meet->holds) meet->ranges++, meet->count--;
        return true;
    }
    return false;
}

static uint32_t range_count(const struct uid_set *set) {
    uint32_t count = 0;
    for (size_t i = 0; set->body && i < set->body->block_count; i++) count += set->body->blocks[i].ranges;
    return count;
}

void uid_set_serialise(const struct uid_set *set, struct buffer *out) {
    uint8_t bytes[PAIR_BYTES_MAX];
    buffer_append(out, slice_of(bytes, number_put(bytes, range_count(set))));
    struct uid_set_cursor cursor = {0};
    struct number_range range;
    uint64_t end = 0;
    while (uid_set_next(set, &cursor, &range)) {
        struct pair pair = {(uint32_t)(range.first - end), range_length(range)};
        buffer_append(out, slice_of(bytes, pair_put(bytes, pair)));
        end = (uint64_t)range.last + 1;
    }
}

static enum uid_set_error append_checked(struct uid_set *set, struct pair pair) {
    uint32_t last = uid_set_last(set);
    uint64_t first = (uint64_t)last + (last ? 1 : 0) + pair.gap;
    if (pair.gap == 0 || pair.length == 0 || first + pair.length - 1 > UINT32_MAX) return UID_SET_BAD_RANGE;
    uid_set_append(set, (struct number_range){(uint32_t)first, (uint32_t)(first + pair.length - 1)});
    return UID_SET_OK;
}

enum uid_set_error uid_set_deserialise(struct slice bytes, struct uid_set *set) {
    *set = UID_SET_EMPTY;
    uint32_t count = 0;
    enum uid_set_error error = number_take(&bytes, &count) ? UID_SET_OK : UID_SET_CUT;
    for (; !error && count; count--) {
        struct pair pair = {0, 0};
        error = pair_take(&bytes, &pair) ? append_checked(set, pair) : UID_SET_CUT;
    }
    if (!error && bytes.len) error = UID_SET_CUT;
    if (error) uid_set_free(set);
    return error;
}
