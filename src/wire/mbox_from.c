#include "wire/mbox_from.h"

#include "base/limits.h"
#include "wire/date.h"

static const char day_names[] = "ThuFriSatSunMonTueWed";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

enum { NAME_BYTES = 3, DAYS = 7, ZONE_BYTES = 5, ZONE_MOST = 1459 };

static bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\t'; }

/* The text begins with a weekday's name and goes on behind it. */
static bool is_weekday(struct slice text) {
    if (text.len <= NAME_BYTES || (!is_blank(text.ptr[NAME_BYTES]) && text.ptr[NAME_BYTES] != ','))
        return false;
    for (size_t i = 0; i < DAYS; i++)
        if (slice_equal_nocase(slice_sub(text, 0, NAME_BYTES),
                               slice_of(day_names + i * NAME_BYTES, NAME_BYTES)))
            return true;
    return false;
}

/* Where the last word that is a weekday begins. */
static size_t find_weekday(struct slice text) {
    for (size_t at = text.len; at > 0; at--)
        if ((at == 1 || is_blank(text.ptr[at - 2])) && is_weekday(slice_skip(text, at - 1))) return at - 1;
    return SLICE_NOT_FOUND;
}

/* Takes a zone like "+0200" off the end; its minutes, or 0. */
static int take_zone(struct slice *text) {
    size_t blank = slice_find_last_byte(*text, ' ');
    if (blank == SLICE_NOT_FOUND) return 0;
    struct slice zone = slice_skip(*text, blank + 1);
    bool is_west = zone.len == ZONE_BYTES && zone.ptr[0] == '-';
    uint64_t digits = 0;
    if (zone.len != ZONE_BYTES || (!is_west && zone.ptr[0] != '+')) return 0;
    if (!slice_to_number(slice_skip(zone, 1), ZONE_MOST, &digits)) return 0;
    text->len = blank;
    int minutes = (int)(digits / 100 * 60 + digits % 100);
    return is_west ? -minutes : minutes;
}

static bool read_date(struct slice text, struct mbox_from *from) {
    struct date date;
    /* "remote from HOST", as UUCP had it. */
    size_t remote = slice_find(text, SLICE(" remote from "));
    if (remote != SLICE_NOT_FOUND) text.len = remote;
    int zone_minutes = take_zone(&text);
    if (date_parse(text, &date) != DATE_OK) return false;
    from->has_date = true;
    from->utc_ms = date.utc_ms - zone_minutes * INT64_C(60000);
    return true;
}

bool mbox_from_read(struct slice line, struct mbox_from *from) {
    *from = (struct mbox_from){.has_date = false};
    struct slice rest = line;
    if (!slice_take_prefix(&rest, SLICE("From "))) return false;
    if (rest.len > MBOX_FROM_LINE_BYTES_MAX) return true;
    rest = slice_trim(rest);
    /* A sender may have blanks when it is quoted: the date is what begins with the last weekday. */
    size_t at = find_weekday(rest);
    if (at != SLICE_NOT_FOUND && read_date(slice_skip(rest, at), from)) {
        from->sender = slice_trim(slice_sub(rest, 0, at));
        return true;
    }
    from->sender = slice_take_until(&rest, ' ');
    (void)read_date(rest, from);
    return true;
}

static bool is_plain_sender(struct slice sender) {
    if (sender.len == 0 || sender.len > SMTP_ADDRESS_BYTES_MAX) return false;
    for (size_t i = 0; i < sender.len; i++)
        if (sender.ptr[i] <= ' ' || sender.ptr[i] >= 0x7f) return false;
    return true;
}

void mbox_from_write(struct buffer *out, struct slice sender, int64_t utc_ms) {
    struct date_fields when = date_split(utc_ms);
    if (when.year < 1900 || when.year > 9999) when = date_split(0);
    int64_t days = date_days(when.year, when.month, when.day);
    int64_t weekday = ((days % DAYS) + DAYS) % DAYS;
    buffer_append_text(out, "From ");
    buffer_append(out, is_plain_sender(sender) ? sender : SLICE("MAILER-DAEMON"));
    buffer_printf(out, " %.3s %.3s %2d %02d:%02d:%02d %04d\n", day_names + weekday * NAME_BYTES,
                  month_names + (when.month - 1) * NAME_BYTES, when.day, when.hour, when.minute, when.second,
                  when.year);
}
