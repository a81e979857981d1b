#include "wire/smtp_parameter.h"

#include "base/limits.h"
#include "wire/wire_text.h"

/* What a value parser works on and writes to; `mail` or `rcpt` is set. */
struct target {
    struct arena *arena;
    struct smtp_mail_parameters *mail;
    struct smtp_rcpt_parameters *rcpt;
    bool utf8;
};

static int hex_digit(uint8_t c) {
    if (ascii_is_digit(c)) return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3461 4: xchar, or "+" and two upper-case hexadecimal digits. Negative: neither. */
static int take_xtext_byte(struct slice *text) {
    uint8_t c = text->ptr[0];
    int value = c > ' ' && c < 0x7f && c != '=' ? c : -1;
    if (c == '+') {
        int high = text->len > 2 ? hex_digit(text->ptr[1]) : -1;
        int low = text->len > 2 ? hex_digit(text->ptr[2]) : -1;
        value = high < 0 || low < 0 ? -1 : high << 4 | low;
        *text = slice_skip(*text, 2);
    }
    *text = slice_skip(*text, 1);
    return value;
}

enum smtp_parameter_error smtp_xtext_decode(struct arena *arena, struct slice text, struct slice *decoded) {
    uint8_t *bytes = arena_try_alloc(arena, text.len);
    if (!bytes) return SMTP_PARAMETER_OVER_BUDGET;
    size_t len = 0;
    while (text.len) {
        int value = take_xtext_byte(&text);
        if (value < ' ' || value >= 0x7f) return SMTP_PARAMETER_XTEXT_INVALID;
        bytes[len++] = (uint8_t)value;
    }
    *decoded = slice_of(bytes, len);
    return SMTP_PARAMETER_OK;
}

void smtp_xtext_encode(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c > ' ' && c < 0x7f && c != '+' && c != '=')
            buffer_append_byte(out, c);
        else
            buffer_printf(out, "+%02X", c);
    }
}

/* RFC 1870 3: 1*20DIGIT. */
static enum smtp_parameter_error set_size(struct target *target, struct slice value) {
    target->mail->has_size = true;
    bool good = slice_to_number(value, INT64_MAX, &target->mail->size_bytes);
    return good ? SMTP_PARAMETER_OK : SMTP_PARAMETER_SIZE_INVALID;
}

/* RFC 6152 2, RFC 3030 3. BINARYMIME is looked for in the advertised set by its own row. */
static enum smtp_parameter_error set_body(struct target *target, struct slice value) {
    if (slice_equal_nocase(value, SLICE("7BIT")))
        target->mail->body = SMTP_BODY_7BIT;
    else if (slice_equal_nocase(value, SLICE("8BITMIME")))
        target->mail->body = SMTP_BODY_8BITMIME;
    else if (slice_equal_nocase(value, SLICE("BINARYMIME")))
        target->mail->body = SMTP_BODY_BINARYMIME;
    else
        return SMTP_PARAMETER_INVALID;
    return SMTP_PARAMETER_OK;
}

/* RFC 6531 3.4 */
static enum smtp_parameter_error set_smtputf8(struct target *target, struct slice value) {
    target->mail->smtputf8 = true;
    return SMTP_PARAMETER_OK;
}

/* RFC 8689 2 */
static enum smtp_parameter_error set_requiretls(struct target *target, struct slice value) {
    target->mail->requiretls = true;
    return SMTP_PARAMETER_OK;
}

/* RFC 4954 5 */
static enum smtp_parameter_error set_auth(struct target *target, struct slice value) {
    target->mail->has_auth = true;
    if (value.len > SMTP_AUTH_PARAMETER_BYTES_MAX) return SMTP_PARAMETER_INVALID;
    if (slice_equal(value, SLICE("<>"))) return SMTP_PARAMETER_OK;
    return smtp_xtext_decode(target->arena, value, &target->mail->auth);
}

/* RFC 3461 4.3 */
static enum smtp_parameter_error set_ret(struct target *target, struct slice value) {
    if (slice_equal_nocase(value, SLICE("FULL")))
        target->mail->ret = SMTP_RETURN_FULL;
    else if (slice_equal_nocase(value, SLICE("HDRS")))
        target->mail->ret = SMTP_RETURN_HEADERS;
    else
        return SMTP_PARAMETER_INVALID;
    return SMTP_PARAMETER_OK;
}

/* RFC 3461 4.4 */
static enum smtp_parameter_error set_envid(struct target *target, struct slice value) {
    if (value.len > SMTP_ENVID_BYTES_MAX) return SMTP_PARAMETER_INVALID;
    target->mail->envid_xtext = value;
    return smtp_xtext_decode(target->arena, value, &target->mail->envid);
}

/* RFC 4865 4.1; with HOLDUNTIL it is given twice. */
static enum smtp_parameter_error set_hold_for(struct target *target, struct slice value) {
    if (target->mail->has_hold_until) return SMTP_PARAMETER_DUPLICATE;
    target->mail->has_hold_for = true;
    bool good = slice_to_number(value, SMTP_HOLD_SECONDS_MAX, &target->mail->hold_for_s);
    return good ? SMTP_PARAMETER_OK : SMTP_PARAMETER_INVALID;
}

static bool take_digits(struct slice *text, size_t count, uint64_t least, uint64_t most, int64_t *number) {
    uint64_t value = 0;
    struct slice digits = slice_take(text, count);
    if (digits.len != count || !slice_to_number(digits, most, &value) || value < least) return false;
    *number = (int64_t)value;
    return true;
}

/* Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March. */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day) {
    if (month < 3) {
        year--;
        month += 12;
    }
    return year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 - 457) / 5 + day - 719469;
}

static int64_t month_days(int64_t year, int64_t month) {
    int64_t next_year = month == 12 ? year + 1 : year;
    int64_t next_month = month == 12 ? 1 : month + 1;
    return days_of_date(next_year, next_month, 1) - days_of_date(year, month, 1);
}

static bool take_date(struct slice *text, int64_t *days) {
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (!take_digits(text, 4, 1970, 9999, &year) || !slice_take_byte(text, '-')) return false;
    if (!take_digits(text, 2, 1, 12, &month) || !slice_take_byte(text, '-')) return false;
    if (!take_digits(text, 2, 1, 31, &day) || day > month_days(year, month)) return false;
    *days = days_of_date(year, month, day);
    return true;
}

static bool take_hour_minute(struct slice *text, int64_t *minutes) {
    int64_t hour = 0;
    int64_t minute = 0;
    if (!take_digits(text, 2, 0, 23, &hour) || !slice_take_byte(text, ':')) return false;
    if (!take_digits(text, 2, 0, 59, &minute)) return false;
    *minutes = hour * 60 + minute;
    return true;
}

/* "Z" or "+hh:mm" at the end of an RFC 3339 time. */
static bool take_zone(struct slice *text, int64_t *offset_minutes) {
    *offset_minutes = 0;
    if (slice_take_byte(text, 'Z') || slice_take_byte(text, 'z')) return true;
    bool west = slice_take_byte(text, '-');
    if (!west && !slice_take_byte(text, '+')) return false;
    if (!take_hour_minute(text, offset_minutes)) return false;
    if (west) *offset_minutes = -*offset_minutes;
    return true;
}

static void take_fraction(struct slice *text) {
    if (!slice_take_byte(text, '.')) return;
    while (text->len && ascii_is_digit(text->ptr[0])) *text = slice_skip(*text, 1);
}

/* RFC 4865 4.2 with RFC 3339 5.6; fractions of a second are dropped. */
static enum smtp_parameter_error set_hold_until(struct target *target, struct slice value) {
    if (target->mail->has_hold_for) return SMTP_PARAMETER_DUPLICATE;
    int64_t days = 0;
    int64_t minutes = 0;
    int64_t seconds = 0;
    int64_t offset_minutes = 0;
    if (!take_date(&value, &days) || !slice_take_prefix_nocase(&value, SLICE("T")))
        return SMTP_PARAMETER_INVALID;
    if (!take_hour_minute(&value, &minutes) || !slice_take_byte(&value, ':')) return SMTP_PARAMETER_INVALID;
    if (!take_digits(&value, 2, 0, 60, &seconds)) return SMTP_PARAMETER_INVALID;
    take_fraction(&value);
    if (!take_zone(&value, &offset_minutes) || value.len) return SMTP_PARAMETER_INVALID;
    target->mail->has_hold_until = true;
    target->mail->hold_until_ms = (days * 86400 + (minutes - offset_minutes) * 60 + seconds) * 1000;
    return SMTP_PARAMETER_OK;
}

static bool notify_of(struct slice word, unsigned *notify) {
    static const struct slice words[] = {SLICE_INIT("NEVER"), SLICE_INIT("SUCCESS"), SLICE_INIT("FAILURE"),
                                         SLICE_INIT("DELAY")};
    for (unsigned i = 0; i < 4; i++) {
        if (!slice_equal_nocase(word, words[i])) continue;
        bool first = !(*notify & 1u << i);
        *notify |= 1u << i;
        return first;
    }
    return false;
}

/* RFC 3461 4.1: NEVER, or a list of the others. */
static enum smtp_parameter_error set_notify(struct target *target, struct slice value) {
    unsigned *notify = &target->rcpt->notify;
    do {
        if (!notify_of(slice_take_until(&value, ','), notify)) return SMTP_PARAMETER_INVALID;
    } while (slice_take_byte(&value, ','));
    bool mixed = (*notify & SMTP_NOTIFY_NEVER) && *notify != SMTP_NOTIFY_NEVER;
    return mixed ? SMTP_PARAMETER_INVALID : SMTP_PARAMETER_OK;
}

static bool is_address_type(struct slice type) {
    for (size_t i = 0; i < type.len; i++)
        if (!ascii_is_alnum(type.ptr[i]) && type.ptr[i] != '-') return false;
    return type.len > 0;
}

/* RFC 3461 4.2; for type utf-8 RFC 6533 3, whose form is kept as it came. */
static enum smtp_parameter_error set_orcpt(struct target *target, struct slice value) {
    struct smtp_rcpt_parameters *rcpt = target->rcpt;
    if (value.len > SMTP_ORCPT_BYTES_MAX) return SMTP_PARAMETER_INVALID;
    struct slice address = value;
    rcpt->orcpt = value;
    rcpt->orcpt_type = slice_take_until(&address, ';');
    if (!is_address_type(rcpt->orcpt_type)) return SMTP_PARAMETER_INVALID;
    if (!slice_take_byte(&address, ';') || address.len == 0) return SMTP_PARAMETER_INVALID;
    rcpt->orcpt_address = address;
    enum wire_text_kind kind = wire_text_kind(address);
    if (slice_equal_nocase(rcpt->orcpt_type, SLICE("utf-8"))) {
        enum wire_text_kind most = target->utf8 ? WIRE_TEXT_UTF8 : WIRE_TEXT_ASCII;
        return kind > most ? SMTP_PARAMETER_INVALID : SMTP_PARAMETER_OK;
    }
    return smtp_xtext_decode(target->arena, address, &rcpt->orcpt_address);
}

enum value_rule { VALUE_NONE, VALUE_REQUIRED };

struct row {
    struct slice name;
    unsigned extensions; /* any of these must have been advertised */
    enum value_rule rule;
    enum smtp_parameter_error (*set)(struct target *target, struct slice value);
};

static const struct row mail_rows[] = {
    {SLICE_INIT("SIZE"), SMTP_EXTENSION_SIZE, VALUE_REQUIRED, set_size},
    {SLICE_INIT("BODY"), SMTP_EXTENSION_8BITMIME | SMTP_EXTENSION_BINARYMIME, VALUE_REQUIRED, set_body},
    {SLICE_INIT("SMTPUTF8"), SMTP_EXTENSION_SMTPUTF8, VALUE_NONE, set_smtputf8},
    {SLICE_INIT("AUTH"), SMTP_EXTENSION_AUTH, VALUE_REQUIRED, set_auth},
    {SLICE_INIT("RET"), SMTP_EXTENSION_DSN, VALUE_REQUIRED, set_ret},
    {SLICE_INIT("ENVID"), SMTP_EXTENSION_DSN, VALUE_REQUIRED, set_envid},
    {SLICE_INIT("REQUIRETLS"), SMTP_EXTENSION_REQUIRETLS, VALUE_NONE, set_requiretls},
    {SLICE_INIT("HOLDFOR"), SMTP_EXTENSION_FUTURE_RELEASE, VALUE_REQUIRED, set_hold_for},
    {SLICE_INIT("HOLDUNTIL"), SMTP_EXTENSION_FUTURE_RELEASE, VALUE_REQUIRED, set_hold_until},
};

static const struct row rcpt_rows[] = {
    {SLICE_INIT("NOTIFY"), SMTP_EXTENSION_DSN, VALUE_REQUIRED, set_notify},
    {SLICE_INIT("ORCPT"), SMTP_EXTENSION_DSN, VALUE_REQUIRED, set_orcpt},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static size_t row_find(const struct row *rows, size_t count, struct slice name) {
    size_t i = 0;
    while (i < count && !slice_equal_nocase(rows[i].name, name)) i++;
    return i;
}

/* One "NAME" or "NAME=value". `seen` has a bit for each row. */
static enum smtp_parameter_error set_one(struct target *target, const struct row *rows, size_t count,
                                         unsigned extensions, struct slice text, unsigned *seen) {
    struct slice name = slice_take_until(&text, '=');
    bool has_value = slice_take_byte(&text, '=');
    size_t i = row_find(rows, count, name);
    if (i == count || !(rows[i].extensions & extensions)) return SMTP_PARAMETER_UNKNOWN;
    if (*seen & 1u << i) return SMTP_PARAMETER_DUPLICATE;
    *seen |= 1u << i;
    /* RFC 5321 4.1.2 esmtp-value: one character at least. */
    if (has_value != (rows[i].rule == VALUE_REQUIRED)) return SMTP_PARAMETER_INVALID;
    if (has_value && text.len == 0) return SMTP_PARAMETER_INVALID;
    return rows[i].set(target, text);
}

static enum smtp_parameter_error set_all(struct target *target, const struct row *rows, size_t count,
                                         unsigned extensions, struct slice text) {
    unsigned seen = 0;
    while (text.len) {
        struct slice one = slice_take_until(&text, ' ');
        while (slice_take_byte(&text, ' ')) continue;
        enum smtp_parameter_error error = set_one(target, rows, count, extensions, one, &seen);
        if (error) return error;
    }
    return SMTP_PARAMETER_OK;
}

enum smtp_parameter_error smtp_mail_parameters_parse(struct arena *arena, struct slice text,
                                                     unsigned extensions,
                                                     struct smtp_mail_parameters *parameters) {
    *parameters = (struct smtp_mail_parameters){.has_size = false};
    struct target target = {.arena = arena, .mail = parameters};
    enum smtp_parameter_error error = set_all(&target, mail_rows, COUNT_OF(mail_rows), extensions, text);
    if (error) return error;
    bool binary = parameters->body == SMTP_BODY_BINARYMIME;
    return binary && !(extensions & SMTP_EXTENSION_BINARYMIME) ? SMTP_PARAMETER_INVALID : SMTP_PARAMETER_OK;
}

enum smtp_parameter_error smtp_rcpt_parameters_parse(struct arena *arena, struct slice text,
                                                     unsigned extensions, bool utf8,
                                                     struct smtp_rcpt_parameters *parameters) {
    *parameters = (struct smtp_rcpt_parameters){.notify = 0};
    struct target target = {.arena = arena, .rcpt = parameters, .utf8 = utf8};
    return set_all(&target, rcpt_rows, COUNT_OF(rcpt_rows), extensions, text);
}
