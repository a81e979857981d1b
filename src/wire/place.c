#include "wire/place.h"

#include <stdlib.h>
#include <unicode/ucal.h>
#include <unicode/uenum.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "base/map.h"

enum { UNITS = 200, NAME_BYTES_MAX = 400, COUNTRIES_MAX = 400 };

/* What people write besides, in lower case. */
static const struct {
    struct slice name;
    const char *code;
} other_names[] = {
    {SLICE_INIT("usa"), "US"},
    {SLICE_INIT("u.s.a."), "US"},
    {SLICE_INIT("u.s."), "US"},
    {SLICE_INIT("united states of america"), "US"},
    {SLICE_INIT("uk"), "GB"},
    {SLICE_INIT("u.k."), "GB"},
    {SLICE_INIT("great britain"), "GB"},
    {SLICE_INIT("england"), "GB"},
    {SLICE_INIT("scotland"), "GB"},
    {SLICE_INIT("wales"), "GB"},
    {SLICE_INIT("großbritannien"), "GB"},
    {SLICE_INIT("brd"), "DE"},
    {SLICE_INIT("holland"), "NL"},
    {SLICE_INIT("czech republic"), "CZ"},
    {SLICE_INIT("tschechische republik"), "CZ"},
    {SLICE_INIT("turkey"), "TR"},
    {SLICE_INIT("russian federation"), "RU"},
    {SLICE_INIT("korea"), "KR"},
    {SLICE_INIT("uae"), "AE"},
};

/* Of countries with several zones the one where most people live. */
static const struct {
    const char *country;
    const char *zone;
} populous[] = {
    {"AR", "America/Argentina/Buenos_Aires"},
    {"AU", "Australia/Sydney"},
    {"BR", "America/Sao_Paulo"},
    {"CA", "America/Toronto"},
    {"CD", "Africa/Kinshasa"},
    {"CL", "America/Santiago"},
    {"CN", "Asia/Shanghai"},
    {"CY", "Asia/Nicosia"},
    {"DE", "Europe/Berlin"},
    {"EC", "America/Guayaquil"},
    {"ES", "Europe/Madrid"},
    {"FM", "Pacific/Chuuk"},
    {"GL", "America/Nuuk"},
    {"ID", "Asia/Jakarta"},
    {"KI", "Pacific/Tarawa"},
    {"KZ", "Asia/Almaty"},
    {"MH", "Pacific/Majuro"},
    {"MN", "Asia/Ulaanbaatar"},
    {"MX", "America/Mexico_City"},
    {"MY", "Asia/Kuala_Lumpur"},
    {"NZ", "Pacific/Auckland"},
    {"PF", "Pacific/Tahiti"},
    {"PG", "Pacific/Port_Moresby"},
    {"PS", "Asia/Gaza"},
    {"PT", "Europe/Lisbon"},
    {"RU", "Europe/Moscow"},
    {"UA", "Europe/Kiev"},
    {"UM", "Pacific/Wake"},
    {"US", "America/New_York"},
    {"UZ", "Asia/Tashkent"},
};

/* Names that the database has renamed since ICU settled on them. */
static const struct {
    const char *old;
    const char *name;
} renamed[] = {
    {"Asia/Calcutta", "Asia/Kolkata"},     {"Asia/Saigon", "Asia/Ho_Chi_Minh"},
    {"Asia/Rangoon", "Asia/Yangon"},       {"Asia/Katmandu", "Asia/Kathmandu"},
    {"Africa/Asmera", "Africa/Asmara"},    {"Atlantic/Faeroe", "Atlantic/Faroe"},
    {"America/Godthab", "America/Nuuk"},   {"Pacific/Truk", "Pacific/Chuuk"},
    {"Pacific/Ponape", "Pacific/Pohnpei"}, {"Pacific/Enderbury", "Pacific/Kanton"},
};

/* ---- countries ---- */

struct country_book {
    struct map *by_name;
};

/* In lower case by the rules of all languages; false: too long. */
static bool lower(const UChar *name, int32_t len, char out[NAME_BYTES_MAX]) {
    UErrorCode error = U_ZERO_ERROR;
    UChar units[UNITS];
    int32_t lower_len = u_strToLower(units, UNITS, name, len, "", &error);
    (void)u_strToUTF8(out, NAME_BYTES_MAX, NULL, units, lower_len, &error);
    return U_SUCCESS(error) && error != U_STRING_NOT_TERMINATED_WARNING;
}

/* The first of a name stays. */
static void put(struct country_book *book, struct slice name, const char *code) {
    if (name.len && !map_get(book->by_name, name))
        (void)map_put(book->by_name, name, (void *)(uintptr_t)code);
}

static void put_ascii(struct country_book *book, const char *name, const char *code) {
    char text[8] = "";
    for (size_t i = 0; name[i] && i + 1 < sizeof text; i++) text[i] = (char)ascii_lower((uint8_t)name[i]);
    put(book, slice_from_text(text), code);
}

static void put_names(struct country_book *book, const char *code) {
    static const char *const languages[] = {"en", "de", "fr", "es", "pl"};
    char locale[8] = {'_', code[0], code[1], 0};
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        UErrorCode error = U_ZERO_ERROR;
        UChar name[UNITS];
        char text[NAME_BYTES_MAX];
        int32_t len = uloc_getDisplayCountry(locale, languages[i], name, UNITS, &error);
        if (U_SUCCESS(error) && lower(name, len, text)) put(book, slice_from_text(text), code);
    }
    put_ascii(book, code, code);
    put_ascii(book, uloc_getISO3Country(locale), code);
}

struct country_book *country_book_new(uint64_t seed) {
    struct country_book *book = calloc(1, sizeof *book);
    if (!book) FATAL("out of memory for names of countries");
    book->by_name = map_new(seed);
    const char *const *codes = uloc_getISOCountries();
    for (size_t i = 0; codes[i] && i < COUNTRIES_MAX; i++) put_names(book, codes[i]);
    for (size_t i = 0; i < sizeof other_names / sizeof other_names[0]; i++)
        put(book, other_names[i].name, other_names[i].code);
    return book;
}

void country_book_free(struct country_book **book) {
    if (!*book) return;
    map_free(&(*book)->by_name);
    free(*book);
    *book = NULL;
}

struct slice country_find(const struct country_book *book, struct slice name) {
    UErrorCode error = U_ZERO_ERROR;
    UChar units[UNITS];
    char text[NAME_BYTES_MAX];
    int32_t len = 0;
    name = slice_trim(name);
    if (name.len == 0 || name.len > UNITS) return SLICE_EMPTY;
    (void)u_strFromUTF8(units, UNITS, &len, (const char *)name.ptr, (int32_t)name.len, &error);
    if (U_FAILURE(error) || !lower(units, len, text)) return SLICE_EMPTY;
    return slice_from_text(map_get(book->by_name, slice_from_text(text)));
}

/* ---- time zones ---- */

/* ICU makes up zones for names like "GMT+3"; those are none of the database. */
bool time_zone_is_known(struct slice name) {
    UErrorCode error = U_ZERO_ERROR;
    UChar units[PLACE_ZONE_BYTES_MAX];
    UChar canonical[PLACE_ZONE_BYTES_MAX];
    UBool is_of_database = 0;
    if (name.len == 0 || name.len >= PLACE_ZONE_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] <= ' ' || name.ptr[i] >= 0x7f) return false;
        units[i] = name.ptr[i];
    }
    (void)ucal_getCanonicalTimeZoneID(units, (int32_t)name.len, canonical, PLACE_ZONE_BYTES_MAX,
                                      &is_of_database, &error);
    return U_SUCCESS(error) && is_of_database;
}

static const char *populous_zone(struct slice country) {
    for (size_t i = 0; i < sizeof populous / sizeof populous[0]; i++)
        if (slice_equal(country, slice_from_text(populous[i].country))) return populous[i].zone;
    return NULL;
}

static const char *name_of_today(const char *zone) {
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++)
        if (strcmp(renamed[i].old, zone) == 0 && time_zone_is_known(slice_from_text(renamed[i].name)))
            return renamed[i].name;
    return zone;
}

/* The first of its zones, and how many there are. */
static struct slice first_zone(struct arena *arena, const char *country, int32_t *count) {
    UErrorCode error = U_ZERO_ERROR;
    struct slice zone = SLICE_EMPTY;
    UEnumeration *zones =
        ucal_openTimeZoneIDEnumeration(UCAL_ZONE_TYPE_CANONICAL_LOCATION, country, NULL, &error);
    if (U_FAILURE(error)) return zone;
    *count = uenum_count(zones, &error);
    const char *name = uenum_next(zones, NULL, &error);
    if (U_SUCCESS(error) && name) zone = arena_copy(arena, slice_from_text(name_of_today(name)));
    uenum_close(zones);
    return zone;
}

struct slice time_zone_of_country(struct arena *arena, struct slice country, bool *is_one) {
    int32_t count = 0;
    *is_one = false;
    if (country.len != 2) return SLICE_EMPTY;
    const char code[3] = {(char)country.ptr[0], (char)country.ptr[1], 0};
    struct slice zone = first_zone(arena, code, &count);
    const char *chosen = count > 1 ? populous_zone(country) : NULL;
    *is_one = count == 1;
    return chosen && time_zone_is_known(slice_from_text(chosen)) ? slice_from_text(chosen) : zone;
}
