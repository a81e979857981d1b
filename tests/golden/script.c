#include "script.h"

#include <stdio.h>
#include <string.h>

#include "base/fatal.h"
#include "base/limits.h"

enum { FILE_BYTES_MAX = 1 << 20, SAY_BYTES_MAX = 64 << 20, PARTS_DEEP_MAX = 3, PATH_BYTES_MAX = 1024 };

struct reading {
    struct script *script;
    const char *folder;
    const char *file;
    unsigned line;
    unsigned depth;
};

static bool fail(struct reading *reading, const char *what, struct slice text) {
    struct buffer *failure = &reading->script->failure;
    buffer_printf(failure, "%s:%u: %s: '", reading->file, reading->line, what);
    buffer_append(failure, text);
    buffer_append_text(failure, "'");
    return false;
}

static struct script_step *step_add(struct reading *reading, enum script_kind kind, unsigned connection) {
    struct script *script = reading->script;
    if (script->step_count == SCRIPT_STEPS_MAX) FATAL("a script has too many steps");
    struct script_step *step = &script->steps[script->step_count++];
    *step = (struct script_step){.kind = kind,
                                 .connection = connection,
                                 .number = 1,
                                 .file = reading->file,
                                 .line = reading->line,
                                 .is_part = reading->depth > 0};
    return step;
}

/* ---- what is said ---- */

static int hex_of(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte behind a backslash; `*at` stands on its letter. */
static uint8_t unescaped(struct slice text, size_t *at) {
    uint8_t c = text.ptr[*at];
    if (c == 'x' && *at + 2 < text.len && hex_of(text.ptr[*at + 1]) >= 0 && hex_of(text.ptr[*at + 2]) >= 0) {
        *at += 2;
        return (uint8_t)(hex_of(text.ptr[*at - 1]) * 16 + hex_of(text.ptr[*at]));
    }
    return c == 'r' ? '\r' : c == 'n' ? '\n' : c == 't' ? '\t' : c == '0' ? 0 : c;
}

/* With escapes, and "<n>" as the number of the turn. */
static void append_generated(struct buffer *out, struct slice text, uint64_t turn) {
    for (size_t i = 0; i < text.len; i++) {
        if (slice_starts(slice_skip(text, i), SLICE("<n>"))) {
            buffer_append_number(out, turn);
            i += 2;
        } else if (text.ptr[i] == '\\' && i + 1 < text.len) {
            i++;
            buffer_append_byte(out, unescaped(text, &i));
        } else {
            buffer_append_byte(out, text.ptr[i]);
        }
    }
}

static bool say(struct reading *reading, unsigned connection, const struct buffer *bytes) {
    if (buffer_overflowed(bytes)) return fail(reading, "too much is said", SLICE_EMPTY);
    step_add(reading, SCRIPT_SAY, connection)->text = arena_copy(reading->script->arena, buffer_slice(bytes));
    return true;
}

/* "C: line", "C- bytes", "C> bytes with escapes", "C* 100 bytes, again and again". */
static bool read_say(struct reading *reading, unsigned connection, uint8_t how, struct slice text) {
    struct buffer bytes = buffer_new(SAY_BYTES_MAX);
    uint64_t count = 1;
    bool is_good = true;
    if (how == ':' || how == '-') {
        buffer_append(&bytes, text);
        if (how == ':') buffer_append(&bytes, SLICE("\r\n"));
    } else if (how == '>' || how == '*') {
        if (how == '*') is_good = slice_take_number(&text, 10000000, &count) && slice_take_byte(&text, ' ');
        for (uint64_t i = 1; is_good && i <= count; i++) append_generated(&bytes, text, i);
    } else {
        is_good = false;
    }
    is_good = is_good ? say(reading, connection, &bytes) : fail(reading, "what is said how", text);
    buffer_free(&bytes);
    return is_good;
}

/* ---- what is expected ---- */

static bool read_expect(struct reading *reading, unsigned connection, uint8_t how, struct slice text) {
    uint64_t count = 1;
    if (how != ':' && how != '~' && how != '*') return fail(reading, "what is expected how", text);
    if (how == '*' && (!slice_take_number(&text, 10000000, &count) || !slice_take_byte(&text, ' ')))
        return fail(reading, "how many lines", text);
    enum script_kind kind = how == '~' ? SCRIPT_EXPECT_UNTIL : SCRIPT_EXPECT;
    struct script_step *step = step_add(reading, kind, connection);
    step->text = arena_copy(reading->script->arena, text);
    step->number = count;
    return true;
}

/* ---- words ---- */

static bool read_lines(struct reading *reading, struct slice text);

static bool read_file(struct reading *reading, struct slice name, unsigned depth) {
    char path[PATH_BYTES_MAX];
    struct arena *arena = reading->script->arena;
    (void)snprintf(path, sizeof path, "%s/%.*s", reading->folder, SLICE_PRINT(name));
    FILE *file = fopen(path, "rb");
    if (!file) return fail(reading, "no such file", slice_from_text(path));
    uint8_t *bytes = arena_alloc(arena, FILE_BYTES_MAX);
    size_t len = fread(bytes, 1, FILE_BYTES_MAX, file);
    (void)fclose(file);
    struct reading inner = {reading->script, reading->folder, arena_text(arena, name), 0, depth};
    return read_lines(&inner, slice_of(bytes, len));
}

static bool read_setting(struct reading *reading, struct slice text) {
    struct script *script = reading->script;
    if (script->setting_count == SCRIPT_SETTINGS_MAX) return fail(reading, "too many settings", text);
    struct script_setting *setting = &script->settings[script->setting_count++];
    setting->name = arena_copy(script->arena, slice_take_until(&text, ' '));
    setting->value = arena_copy(script->arena, slice_trim(text));
    return true;
}

static bool read_numbered(struct reading *reading, enum script_kind kind, unsigned connection,
                          struct slice text) {
    uint64_t number = 0;
    if (!slice_to_number(text, UINT32_MAX, &number)) return fail(reading, "no number", text);
    step_add(reading, kind, connection)->number = number;
    return true;
}

/* "CLOCK -3600" */
static bool read_clock(struct reading *reading, unsigned connection, struct slice text) {
    uint64_t seconds = 0;
    bool is_back = slice_take_byte(&text, '-');
    if (!slice_to_number(text, UINT32_MAX, &seconds)) return fail(reading, "no number", text);
    step_add(reading, SCRIPT_CLOCK, connection)->number = is_back ? 0 - seconds : seconds;
    return true;
}

static bool read_word(struct reading *reading, struct slice word, unsigned connection, struct slice rest) {
    if (slice_equal(word, SLICE("PLAY")))
        return reading->depth < PARTS_DEEP_MAX ? read_file(reading, rest, reading->depth + 1)
                                               : fail(reading, "too deep", rest);
    if (slice_equal(word, SLICE("WITH"))) return read_setting(reading, rest);
    if (slice_equal(word, SLICE("WAIT"))) return read_numbered(reading, SCRIPT_WAIT, connection, rest);
    if (slice_equal(word, SLICE("CLOCK"))) return read_clock(reading, connection, rest);
    if (slice_equal(word, SLICE("STORED"))) return read_numbered(reading, SCRIPT_STORED, connection, rest);
    if (slice_equal(word, SLICE("OPEN"))) {
        step_add(reading, SCRIPT_OPEN, connection)->text = arena_copy(reading->script->arena, rest);
        return true;
    }
    if (rest.len) return fail(reading, "not a line of a transcript", rest);
    if (slice_equal(word, SLICE("END")))
        (void)step_add(reading, SCRIPT_END, connection);
    else if (slice_equal(word, SLICE("TLS")))
        (void)step_add(reading, SCRIPT_TLS, connection);
    else if (slice_equal(word, SLICE("DEFLATE")))
        (void)step_add(reading, SCRIPT_DEFLATE, connection);
    else if (slice_equal(word, SLICE("CUT")))
        (void)step_add(reading, SCRIPT_CUT, connection);
    else
        return fail(reading, "not a line of a transcript", word);
    return true;
}

static size_t word_len(struct slice line) {
    size_t len = 0;
    while (len < line.len && line.ptr[len] >= 'A' && line.ptr[len] <= 'Z') len++;
    return len;
}

static bool read_line(struct reading *reading, struct slice line) {
    if (line.len == 0 || line.ptr[0] == '#') return true;
    struct slice word = slice_take(&line, word_len(line));
    unsigned connection = 1;
    if (line.len && ascii_is_digit(line.ptr[0])) connection = slice_take(&line, 1).ptr[0] - '0';
    bool is_said = slice_equal(word, SLICE("C"));
    if (!is_said && !slice_equal(word, SLICE("S"))) {
        (void)slice_take_byte(&line, ' ');
        return read_word(reading, word, connection, line);
    }
    if (line.len == 0) return fail(reading, "not a line of a transcript", line);
    uint8_t how = slice_take(&line, 1).ptr[0];
    (void)slice_take_byte(&line, ' ');
    return is_said ? read_say(reading, connection, how, line) : read_expect(reading, connection, how, line);
}

static bool read_lines(struct reading *reading, struct slice text) {
    while (text.len) {
        struct slice line = slice_take_until(&text, '\n');
        (void)slice_take_byte(&text, '\n');
        reading->line++;
        if (!read_line(reading, line)) return false;
    }
    return true;
}

static void script_init(struct script *script) {
    *script = (struct script){.arena = arena_new(2 * (size_t)SAY_BYTES_MAX), .failure = buffer_new(KIB(8))};
    script->steps = ARENA_NEW_ARRAY(script->arena, struct script_step, SCRIPT_STEPS_MAX);
}

bool script_load(struct script *script, const char *folder, const char *name) {
    script_init(script);
    struct reading reading = {script, folder, name, 0, 0};
    /* The file itself is no part. */
    return read_file(&reading, slice_from_text(name), 0);
}

bool script_of_text(struct script *script, const char *name, struct slice text) {
    script_init(script);
    struct reading reading = {script, ".", name, 0, 0};
    return read_lines(&reading, text);
}

void script_free(struct script *script) {
    arena_free(&script->arena);
    buffer_free(&script->failure);
}

struct slice script_setting(const struct script *script, const char *name) {
    for (size_t i = 0; i < script->setting_count; i++)
        if (slice_equal(script->settings[i].name, slice_from_text(name))) return script->settings[i].value;
    return SLICE_EMPTY;
}
