#include "store/keyword.h"

#include "base/limits.h"

static const char keyword_list[] = "SELECT bit, name FROM keyword WHERE mailbox = $1";
static const char keyword_add[] = "INSERT INTO keyword (mailbox, bit, name) VALUES ($1, $2, $3)";
static const char keyword_name[] = "SELECT name FROM keyword WHERE mailbox = $1 AND bit = $2";

enum { FLAG_BITS = 64 };

/* The bit of the name, or 0; *taken gets all bits in use. */
static uint64_t find(struct db *db, uint64_t mailbox, struct slice name, uint64_t *taken) {
    uint64_t found = 0;
    *taken = 0;
    struct db_rows rows = DB_ROWS(db, keyword_list, DB_NUMBER(mailbox));
    while (db_rows_next(&rows)) {
        uint64_t bit = UINT64_C(1) << (db_rows_id(&rows, 0) % FLAG_BITS);
        *taken |= bit;
        if (slice_equal_nocase(db_rows_bytes(&rows, 1), name)) found = bit;
    }
    return found;
}

static uint64_t add(struct db *db, uint64_t mailbox, struct slice name, uint64_t taken, bool *is_full) {
    for (unsigned bit = FLAG_KEYWORD_FIRST_BIT; bit < FLAG_KEYWORD_FIRST_BIT + KEYWORDS_MAX; bit++) {
        if (taken >> bit & 1) continue;
        DB_RUN(db, keyword_add, DB_NUMBER(mailbox), DB_NUMBER(bit), DB_TEXT(name));
        return UINT64_C(1) << bit;
    }
    *is_full = true;
    return 0;
}

uint64_t keyword_bits(struct db *db, uint64_t mailbox, const struct slice *names, size_t count, bool creates,
                      bool *is_full) {
    uint64_t bits = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t taken = 0;
        uint64_t bit = find(db, mailbox, names[i], &taken);
        if (!bit && creates && keyword_is_proper(names[i])) bit = add(db, mailbox, names[i], taken, is_full);
        bits |= bit;
    }
    return bits;
}

/* RFC 9051 9, flag-keyword: an atom. */
bool keyword_is_proper(struct slice name) {
    static const struct slice specials = SLICE_INIT("(){%*\"\\] ");
    if (name.len == 0 || name.len > STORE_KEYWORD_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f ||
            slice_find_byte(specials, name.ptr[i]) != SLICE_NOT_FOUND)
            return false;
    return true;
}

static uint64_t translate_bit(struct keyword_translation *translation, unsigned bit) {
    uint8_t copy[STORE_KEYWORD_BYTES_MAX];
    struct db_rows rows =
        DB_ROWS(translation->db, keyword_name, DB_NUMBER(translation->from), DB_NUMBER(bit));
    if (!db_rows_next(&rows)) return 0;
    struct slice name = slice_sub(db_rows_bytes(&rows, 0), 0, sizeof copy);
    memcpy(copy, name.ptr, name.len);
    db_rows_end(&rows);
    name.ptr = copy;
    bool is_full = false;
    return keyword_bits(translation->db, translation->to, &name, 1, true, &is_full);
}

uint64_t keyword_translate(struct keyword_translation *translation, uint64_t flags) {
    uint64_t system = flags & ((1u << FLAG_KEYWORD_FIRST_BIT) - 1);
    if (flags == system || translation->from == translation->to) return flags;
    for (unsigned bit = FLAG_KEYWORD_FIRST_BIT; bit < FLAG_BITS; bit++) {
        if (!(flags >> bit & 1)) continue;
        if (!translation->bits[bit]) translation->bits[bit] = translate_bit(translation, bit);
        system |= translation->bits[bit];
    }
    return system;
}
