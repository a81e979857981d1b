#include "wire/mta_sts.h"

#include "base/fatal.h"

/* RFC 8461 3.1 and 3.2: WSP is a space or a tab. */
static struct slice trim(struct slice text) {
    while (text.len && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) text = slice_skip(text, 1);
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) text.len--;
    return text;
}

/* Field names of record and policy: a letter or digit, then 31 at most of those and "_-.". */
static bool is_field_name(struct slice name) {
    if (name.len == 0 || name.len > 32 || !ascii_is_alnum(name.ptr[0])) return false;
    for (size_t i = 1; i < name.len; i++)
        if (!ascii_is_alnum(name.ptr[i]) && name.ptr[i] != '_' && name.ptr[i] != '-' && name.ptr[i] != '.')
            return false;
    return true;
}

/* ---- the record ---- */

static bool is_id(struct slice id) {
    for (size_t i = 0; i < id.len; i++)
        if (!ascii_is_alnum(id.ptr[i])) return false;
    return id.len > 0 && id.len <= MTA_STS_ID_BYTES_MAX;
}

/* "=" and ";" have their meaning; other printable ASCII, no space. */
static bool is_extension_value(struct slice value) {
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f || value.ptr[i] == '=') return false;
    return value.len > 0;
}

static bool read_record_field(struct slice field, struct slice *id) {
    struct slice name = slice_take_until(&field, '=');
    if (!slice_take_byte(&field, '=') || !is_field_name(name)) return false;
    if (!slice_equal(name, SLICE("id"))) return is_extension_value(field);
    if (id->len || !is_id(field)) return false;
    *id = field;
    return true;
}

static bool read_record(struct slice text, struct slice *id) {
    *id = SLICE_EMPTY;
    while (slice_take_byte(&text, ';')) {
        struct slice field = trim(slice_take_until(&text, ';'));
        /* Behind the last ";" there may be nothing more. */
        if (field.len == 0 && text.len == 0) break;
        if (!read_record_field(field, id)) return false;
    }
    return id->len > 0;
}

/* Blanks may stand before the ";". */
static bool begins_as_ours(struct slice text) {
    return slice_take_prefix(&text, SLICE("v=STSv1")) && slice_starts(trim(text), SLICE(";"));
}

bool mta_sts_record_read(const struct slice *texts, size_t count, struct slice *id) {
    const struct slice *ours = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!begins_as_ours(texts[i])) continue;
        if (ours) return false;
        ours = &texts[i];
    }
    if (!ours) return false;
    struct slice rest = *ours;
    (void)slice_take_until(&rest, ';');
    return read_record(rest, id);
}

/* ---- the policy ---- */

struct reading {
    struct mta_sts_policy *policy;
    bool has_version;
    bool has_mode;
    bool has_age;
};

const char *mta_sts_mode_name(enum mta_sts_mode mode) {
    static const char *const names[MTA_STS_MODES] = {"none", "testing", "enforce"};
    return names[mode];
}

static enum mta_sts_fault read_version(struct reading *reading, struct slice value) {
    if (reading->has_version) return MTA_STS_GOOD;
    reading->has_version = true;
    return slice_equal(value, SLICE("STSv1")) ? MTA_STS_GOOD : MTA_STS_BAD_VERSION;
}

static enum mta_sts_fault read_mode(struct reading *reading, struct slice value) {
    if (reading->has_mode) return MTA_STS_GOOD;
    reading->has_mode = true;
    for (int mode = 0; mode < MTA_STS_MODES; mode++) {
        if (!slice_equal(value, slice_from_text(mta_sts_mode_name((enum mta_sts_mode)mode)))) continue;
        reading->policy->mode = (enum mta_sts_mode)mode;
        return MTA_STS_GOOD;
    }
    return MTA_STS_BAD_MODE;
}

/* More than a year counts as a year. */
static enum mta_sts_fault read_age(struct reading *reading, struct slice value) {
    if (reading->has_age) return MTA_STS_GOOD;
    reading->has_age = true;
    if (!slice_to_number(value, UINT32_MAX, &reading->policy->max_age_s) || value.len > 10)
        return MTA_STS_BAD_AGE;
    if (reading->policy->max_age_s > MTA_STS_AGE_S_MAX) reading->policy->max_age_s = MTA_STS_AGE_S_MAX;
    return MTA_STS_GOOD;
}

static bool is_label(struct slice label) {
    if (label.len == 0 || label.len > DNS_LABEL_BYTES_MAX) return false;
    for (size_t i = 0; i < label.len; i++)
        if (!ascii_is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_') return false;
    return true;
}

static bool is_name(struct slice name) {
    if (name.len == 0 || name.len > DNS_NAME_BYTES_MAX - 2) return false;
    for (;;) {
        if (!is_label(slice_take_until(&name, '.'))) return false;
        if (!slice_take_byte(&name, '.')) return true;
    }
}

static bool is_pattern(struct slice pattern) {
    (void)slice_take_prefix(&pattern, SLICE("*."));
    return is_name(pattern);
}

static enum mta_sts_fault read_pattern(struct reading *reading, struct slice value) {
    struct mta_sts_policy *policy = reading->policy;
    if (!is_pattern(value)) return MTA_STS_BAD_PATTERN;
    if (policy->pattern_count == MTA_STS_PATTERNS_MAX) return MTA_STS_TOO_MANY_PATTERNS;
    policy->patterns[policy->pattern_count++] = value;
    return MTA_STS_GOOD;
}

static enum mta_sts_fault read_field(struct reading *reading, struct slice line) {
    static const struct {
        struct slice name;
        enum mta_sts_fault (*read)(struct reading *reading, struct slice value);
    } fields[] = {
        {SLICE_INIT("version"), read_version},
        {SLICE_INIT("mode"), read_mode},
        {SLICE_INIT("max_age"), read_age},
        {SLICE_INIT("mx"), read_pattern},
    };
    struct slice name = slice_take_until(&line, ':');
    if (!slice_take_byte(&line, ':') || !is_field_name(name)) return MTA_STS_NOT_A_LINE;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (slice_equal(name, fields[i].name)) return fields[i].read(reading, trim(line));
    return MTA_STS_GOOD;
}

static enum mta_sts_fault conclude(const struct reading *reading) {
    if (!reading->has_version) return MTA_STS_BAD_VERSION;
    if (!reading->has_mode) return MTA_STS_BAD_MODE;
    if (!reading->has_age) return MTA_STS_BAD_AGE;
    bool needs_pattern = reading->policy->mode != MTA_STS_MODE_NONE;
    return needs_pattern && reading->policy->pattern_count == 0 ? MTA_STS_NO_PATTERN : MTA_STS_GOOD;
}

enum mta_sts_fault mta_sts_policy_read(struct slice text, struct mta_sts_policy *policy) {
    struct reading reading = {.policy = policy};
    policy->mode = MTA_STS_MODE_NONE;
    policy->max_age_s = 0;
    policy->pattern_count = 0;
    if (text.len > MTA_STS_POLICY_BYTES_MAX) return MTA_STS_TOO_LARGE;
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        if (line.len && line.ptr[line.len - 1] == '\r') line.len--;
        line = trim(line);
        enum mta_sts_fault fault = line.len ? read_field(&reading, line) : MTA_STS_GOOD;
        if (fault != MTA_STS_GOOD) return fault;
    }
    return conclude(&reading);
}

const char *mta_sts_fault_words(enum mta_sts_fault fault) {
    static const char *const words[MTA_STS_FAULTS] = {
        [MTA_STS_GOOD] = "it is good",
        [MTA_STS_TOO_LARGE] = "it is larger than 64 KiB",
        [MTA_STS_NOT_A_LINE] = "a line of it is no \"name: value\"",
        [MTA_STS_BAD_VERSION] = "its version is not STSv1",
        [MTA_STS_BAD_MODE] = "its mode is none of enforce, testing and none",
        [MTA_STS_BAD_AGE] = "its max_age is no number of seconds",
        [MTA_STS_BAD_PATTERN] = "one of its mx is no host's name",
        [MTA_STS_TOO_MANY_PATTERNS] = "it has too many mx",
        [MTA_STS_NO_PATTERN] = "it has no mx",
    };
    return words[fault];
}

/* ---- hosts ---- */

/* One whole label stands for the "*". */
static bool matches(struct slice pattern, struct slice host) {
    if (!slice_take_prefix(&pattern, SLICE("*."))) return slice_equal_nocase(pattern, host);
    struct slice label = slice_take_until(&host, '.');
    return label.len && slice_take_byte(&host, '.') && slice_equal_nocase(pattern, host);
}

bool mta_sts_policy_has(const struct mta_sts_policy *policy, struct slice host) {
    if (host.len && host.ptr[host.len - 1] == '.') host.len--;
    for (size_t i = 0; i < policy->pattern_count; i++)
        if (matches(policy->patterns[i], host)) return true;
    return false;
}

/* ---- our own ---- */

static struct slice take_pattern(struct slice *patterns) {
    struct slice pattern = slice_trim(slice_take_until(patterns, ','));
    (void)slice_take_byte(patterns, ',');
    return pattern;
}

bool mta_sts_patterns_are_valid(struct slice patterns) {
    size_t count = 0;
    while (patterns.len)
        if (!is_pattern(take_pattern(&patterns)) || ++count > MTA_STS_PATTERNS_MAX) return false;
    return count > 0;
}

/* RFC 8461 3.2: lines end in CRLF. */
void mta_sts_policy_write(struct buffer *out, enum mta_sts_mode mode, uint64_t max_age_s,
                          struct slice patterns) {
    buffer_printf(out, "version: STSv1\r\nmode: %s\r\n", mta_sts_mode_name(mode));
    while (patterns.len) {
        struct slice pattern = take_pattern(&patterns);
        buffer_printf(out, "mx: %.*s\r\n", SLICE_PRINT(pattern));
    }
    buffer_printf(out, "max_age: %llu\r\n", (unsigned long long)max_age_s);
}
