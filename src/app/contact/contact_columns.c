/* What the columns of a file of contacts are: as --map says, by known names, or fields of their own. */
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "app/contact/contact_import.h"
#include "store/contact_fields.h"
#include "wire/charset.h"

/* Headers as contact_field_name has them, in English, German, French, Spanish and Polish. */
static const struct {
    struct slice header;
    struct slice field;
} known[] = {
    {SLICE_INIT("address_email"), SLICE_INIT("address")},
    {SLICE_INIT("adres_e_mail"), SLICE_INIT("address")},
    {SLICE_INIT("adres_email"), SLICE_INIT("address")},
    {SLICE_INIT("adres_mailowy"), SLICE_INIT("address")},
    {SLICE_INIT("adresse_de_messagerie"), SLICE_INIT("address")},
    {SLICE_INIT("adresse_e_mail"), SLICE_INIT("address")},
    {SLICE_INIT("adresse_email"), SLICE_INIT("address")},
    {SLICE_INIT("adresse_mail"), SLICE_INIT("address")},
    {SLICE_INIT("correo"), SLICE_INIT("address")},
    {SLICE_INIT("correo_electronico"), SLICE_INIT("address")},
    {SLICE_INIT("correo_electrónico"), SLICE_INIT("address")},
    {SLICE_INIT("courriel"), SLICE_INIT("address")},
    {SLICE_INIT("dirección_de_correo"), SLICE_INIT("address")},
    {SLICE_INIT("dirección_de_correo_electrónico"), SLICE_INIT("address")},
    {SLICE_INIT("e_mail"), SLICE_INIT("address")},
    {SLICE_INIT("e_mail_1_value"), SLICE_INIT("address")},
    {SLICE_INIT("e_mail_address"), SLICE_INIT("address")},
    {SLICE_INIT("e_mail_adresse"), SLICE_INIT("address")},
    {SLICE_INIT("email"), SLICE_INIT("address")},
    {SLICE_INIT("email_1"), SLICE_INIT("address")},
    {SLICE_INIT("email_address"), SLICE_INIT("address")},
    {SLICE_INIT("email_adresse"), SLICE_INIT("address")},
    {SLICE_INIT("emailaddress"), SLICE_INIT("address")},
    {SLICE_INIT("emailadresse"), SLICE_INIT("address")},
    {SLICE_INIT("mail"), SLICE_INIT("address")},
    {SLICE_INIT("mailadresse"), SLICE_INIT("address")},
    {SLICE_INIT("mejl"), SLICE_INIT("address")},
    {SLICE_INIT("poczta"), SLICE_INIT("address")},
    {SLICE_INIT("primary_email"), SLICE_INIT("address")},
    {SLICE_INIT("work_email"), SLICE_INIT("address")},
    {SLICE_INIT("firstname"), SLICE_INIT("first_name")},
    {SLICE_INIT("forename"), SLICE_INIT("first_name")},
    {SLICE_INIT("given_name"), SLICE_INIT("first_name")},
    {SLICE_INIT("imie"), SLICE_INIT("first_name")},
    {SLICE_INIT("imię"), SLICE_INIT("first_name")},
    {SLICE_INIT("nombre"), SLICE_INIT("first_name")},
    {SLICE_INIT("prenom"), SLICE_INIT("first_name")},
    {SLICE_INIT("prénom"), SLICE_INIT("first_name")},
    {SLICE_INIT("vorname"), SLICE_INIT("first_name")},
    {SLICE_INIT("apellido"), SLICE_INIT("last_name")},
    {SLICE_INIT("apellidos"), SLICE_INIT("last_name")},
    {SLICE_INIT("familienname"), SLICE_INIT("last_name")},
    {SLICE_INIT("family_name"), SLICE_INIT("last_name")},
    {SLICE_INIT("lastname"), SLICE_INIT("last_name")},
    {SLICE_INIT("nachname"), SLICE_INIT("last_name")},
    {SLICE_INIT("nazwisko"), SLICE_INIT("last_name")},
    {SLICE_INIT("nom"), SLICE_INIT("last_name")},
    {SLICE_INIT("nom_de_famille"), SLICE_INIT("last_name")},
    {SLICE_INIT("surname"), SLICE_INIT("last_name")},
    {SLICE_INIT("full_name"), SLICE_INIT("name")},
    {SLICE_INIT("imię_i_nazwisko"), SLICE_INIT("name")},
    {SLICE_INIT("nom_complet"), SLICE_INIT("name")},
    {SLICE_INIT("nombre_completo"), SLICE_INIT("name")},
    {SLICE_INIT("account_name"), SLICE_INIT("company")},
    {SLICE_INIT("company_name"), SLICE_INIT("company")},
    {SLICE_INIT("compañía"), SLICE_INIT("company")},
    {SLICE_INIT("empresa"), SLICE_INIT("company")},
    {SLICE_INIT("entreprise"), SLICE_INIT("company")},
    {SLICE_INIT("firma"), SLICE_INIT("company")},
    {SLICE_INIT("nazwa_firmy"), SLICE_INIT("company")},
    {SLICE_INIT("organisation"), SLICE_INIT("company")},
    {SLICE_INIT("organization"), SLICE_INIT("company")},
    {SLICE_INIT("organization_name"), SLICE_INIT("company")},
    {SLICE_INIT("societe"), SLICE_INIT("company")},
    {SLICE_INIT("société"), SLICE_INIT("company")},
    {SLICE_INIT("unternehmen"), SLICE_INIT("company")},
    {SLICE_INIT("cargo"), SLICE_INIT("job_title")},
    {SLICE_INIT("fonction"), SLICE_INIT("job_title")},
    {SLICE_INIT("funktion"), SLICE_INIT("job_title")},
    {SLICE_INIT("position"), SLICE_INIT("job_title")},
    {SLICE_INIT("poste"), SLICE_INIT("job_title")},
    {SLICE_INIT("puesto"), SLICE_INIT("job_title")},
    {SLICE_INIT("stanowisko"), SLICE_INIT("job_title")},
    {SLICE_INIT("numer_telefonu"), SLICE_INIT("phone")},
    {SLICE_INIT("phone_number"), SLICE_INIT("phone")},
    {SLICE_INIT("telefon"), SLICE_INIT("phone")},
    {SLICE_INIT("telefonnummer"), SLICE_INIT("phone")},
    {SLICE_INIT("telefono"), SLICE_INIT("phone")},
    {SLICE_INIT("telephone"), SLICE_INIT("phone")},
    {SLICE_INIT("teléfono"), SLICE_INIT("phone")},
    {SLICE_INIT("téléphone"), SLICE_INIT("phone")},
    {SLICE_INIT("homepage"), SLICE_INIT("website")},
    {SLICE_INIT("site_web"), SLICE_INIT("website")},
    {SLICE_INIT("sitio_web"), SLICE_INIT("website")},
    {SLICE_INIT("strona_internetowa"), SLICE_INIT("website")},
    {SLICE_INIT("strona_www"), SLICE_INIT("website")},
    {SLICE_INIT("url"), SLICE_INIT("website")},
    {SLICE_INIT("webseite"), SLICE_INIT("website")},
    {SLICE_INIT("ciudad"), SLICE_INIT("city")},
    {SLICE_INIT("miasto"), SLICE_INIT("city")},
    {SLICE_INIT("ort"), SLICE_INIT("city")},
    {SLICE_INIT("stadt"), SLICE_INIT("city")},
    {SLICE_INIT("ville"), SLICE_INIT("city")},
    {SLICE_INIT("branche"), SLICE_INIT("industry")},
    {SLICE_INIT("branża"), SLICE_INIT("industry")},
    {SLICE_INIT("secteur"), SLICE_INIT("industry")},
    {SLICE_INIT("sector"), SLICE_INIT("industry")},
    {SLICE_INIT("country_code"), SLICE_INIT("country")},
    {SLICE_INIT("kraj"), SLICE_INIT("country")},
    {SLICE_INIT("land"), SLICE_INIT("country")},
    {SLICE_INIT("pais"), SLICE_INIT("country")},
    {SLICE_INIT("pays"), SLICE_INIT("country")},
    {SLICE_INIT("país"), SLICE_INIT("country")},
    {SLICE_INIT("fuseau_horaire"), SLICE_INIT("time_zone")},
    {SLICE_INIT("strefa_czasowa"), SLICE_INIT("time_zone")},
    {SLICE_INIT("timezone"), SLICE_INIT("time_zone")},
    {SLICE_INIT("zeitzone"), SLICE_INIT("time_zone")},
    {SLICE_INIT("zona_horaria"), SLICE_INIT("time_zone")},
};

/* ---- names ---- */

static bool is_of_name(UChar32 code) {
    return code == '_' || (code < 0x80 ? ascii_is_alnum((uint8_t)code)
                                       : u_isalnum(code) || u_charType(code) == U_NON_SPACING_MARK);
}

/* Runs of anything else become one "_", none at the ends. */
struct slice contact_field_name(struct arena *arena, struct slice header) {
    struct buffer name = buffer_new(4 * (size_t)CONTACT_VALUE_BYTES_MAX);
    bool is_gap = false;
    int32_t at = 0;
    if (header.len > CONTACT_VALUE_BYTES_MAX) return SLICE_EMPTY;
    while (at < (int32_t)header.len) {
        UChar32 code;
        uint8_t bytes[4];
        U8_NEXT(header.ptr, at, (int32_t)header.len, code);
        if (code < 0 || code == '_' || !is_of_name(code)) {
            is_gap = true;
            continue;
        }
        if (is_gap && name.len) buffer_append_byte(&name, '_');
        is_gap = false;
        buffer_append(&name, slice_of(bytes, utf8_encode((uint32_t)u_tolower(code), bytes)));
    }
    struct slice copy = arena_copy(arena, utf8_cut(buffer_slice(&name), CONTACT_NAME_BYTES_MAX));
    buffer_free(&name);
    return copy;
}

static struct slice known_field(struct slice name) {
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal(known[i].header, name)) return known[i].field;
    return name;
}

static void give(struct contact_column *column, struct slice field) {
    column->field = field;
    if (field.len == 0 || slice_equal(field, SLICE("-")))
        column->kind = CONTACT_COLUMN_IGNORED;
    else if (slice_equal(field, SLICE("address")))
        column->kind = CONTACT_COLUMN_ADDRESS;
    else if (slice_equal(field, SLICE("time_zone")))
        column->kind = CONTACT_COLUMN_TIME_ZONE;
    else if (slice_equal(field, SLICE("country")))
        column->kind = CONTACT_COLUMN_COUNTRY;
    else
        column->kind = CONTACT_COLUMN_FIELD;
}

const char *contact_column_kind_name(const struct contact_column *column) {
    switch (column->kind) {
    case CONTACT_COLUMN_IGNORED:
        return "-";
    case CONTACT_COLUMN_ADDRESS:
        return "address";
    case CONTACT_COLUMN_TIME_ZONE:
        return "time_zone";
    case CONTACT_COLUMN_COUNTRY:
        return "country";
    case CONTACT_COLUMN_FIELD:
        break;
    }
    return (const char *)column->field.ptr;
}

/* ---- --map ---- */

struct mapping {
    struct arena *arena;
    struct contact_columns *columns;
    bool *is_mapped;
};

static const char *fault(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
static const char *fault(struct arena *arena, const char *format, ...) {
    struct buffer text = buffer_new(64 * 1024);
    va_list arguments;
    char line[4096];
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buffer_append_text(&text, line);
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

/* "E-Mail, Vorname, ...", for whoever has to choose. */
static const char *list_headers(struct arena *arena, const struct contact_columns *columns) {
    struct buffer text = buffer_new(2000);
    for (size_t i = 0; i < columns->count && text.len < 1500; i++) {
        if (i) buffer_append_text(&text, ", ");
        buffer_append_byte(&text, '"');
        buffer_append(&text, utf8_cut(columns->columns[i].header, 100));
        buffer_append_byte(&text, '"');
    }
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static size_t find_column(const struct mapping *mapping, struct slice header) {
    const struct contact_columns *columns = mapping->columns;
    uint64_t number = 0;
    struct slice name = contact_field_name(mapping->arena, header);
    for (size_t i = 0; i < columns->count; i++)
        if (slice_equal(columns->columns[i].header, header)) return i;
    for (size_t i = 0; i < columns->count; i++)
        if (name.len && slice_equal(contact_field_name(mapping->arena, columns->columns[i].header), name))
            return i;
    if (slice_to_number(header, columns->count, &number) && number) return (size_t)number - 1;
    return SIZE_MAX;
}

static const char *map_one(const struct mapping *mapping, const char *text) {
    struct slice map = slice_from_text(text);
    size_t equals = slice_find_last_byte(map, '=');
    if (equals == SLICE_NOT_FOUND || equals == 0 || equals + 1 == map.len)
        return fault(mapping->arena,
                     "--map \"%s\": write it as \"Column=field\", or \"Column=-\" to leave it out", text);
    struct slice field = slice_skip(map, equals + 1);
    size_t at = find_column(mapping, slice_sub(map, 0, equals));
    if (at == SIZE_MAX)
        return fault(mapping->arena, "--map \"%s\": there is no such column; the file has %s", text,
                     list_headers(mapping->arena, mapping->columns));
    if (!slice_equal(field, SLICE("-")) && !contact_name_is_sound(field))
        return fault(mapping->arena,
                     "--map \"%s\": a field's name has small letters, digits and _, such as first_name",
                     text);
    give(&mapping->columns->columns[at], field);
    mapping->is_mapped[at] = true;
    return NULL;
}

/* ---- all together ---- */

static bool is_taken(const struct mapping *mapping, size_t before, struct slice field) {
    const struct contact_columns *columns = mapping->columns;
    for (size_t i = 0; i < columns->count; i++)
        if ((i < before || mapping->is_mapped[i]) && columns->columns[i].kind != CONTACT_COLUMN_IGNORED &&
            slice_equal(columns->columns[i].field, field))
            return true;
    return false;
}

/* A second e-mail column keeps its own name; a second column of the same name gets a number. */
static void name_one(const struct mapping *mapping, size_t at) {
    struct contact_column *column = &mapping->columns->columns[at];
    struct slice own = contact_field_name(mapping->arena, column->header);
    struct slice field = known_field(own);
    if (is_taken(mapping, at, field)) field = own;
    for (unsigned number = 2; own.len && is_taken(mapping, at, field) && number < CSV_FIELDS_MAX; number++)
        field = arena_printf(mapping->arena, "%.*s_%u",
                             SLICE_PRINT(utf8_cut(own, CONTACT_NAME_BYTES_MAX - 4)), number);
    give(column, field);
}

static const char *find_places(struct arena *arena, struct contact_columns *columns) {
    columns->address = columns->time_zone = columns->country = SIZE_MAX;
    for (size_t i = 0; i < columns->count; i++) {
        size_t *place = columns->columns[i].kind == CONTACT_COLUMN_ADDRESS     ? &columns->address
                        : columns->columns[i].kind == CONTACT_COLUMN_TIME_ZONE ? &columns->time_zone
                        : columns->columns[i].kind == CONTACT_COLUMN_COUNTRY   ? &columns->country
                                                                               : NULL;
        if (!place) continue;
        if (*place != SIZE_MAX)
            return fault(arena, "two columns become %s; leave one out with --map \"Column=-\"",
                         contact_column_kind_name(&columns->columns[i]));
        *place = i;
    }
    if (columns->address != SIZE_MAX) return NULL;
    return fault(
        arena,
        "no column is known to hold addresses; say which with --map \"Column=address\". The file has %s",
        list_headers(arena, columns));
}

/* Insertion: there are at most CSV_FIELDS_MAX. */
static const char *sort_fields(struct arena *arena, struct contact_columns *columns) {
    columns->order = ARENA_NEW_ARRAY(arena, size_t, columns->count + 1);
    for (size_t i = 0; i < columns->count; i++) {
        const struct contact_column *column = &columns->columns[i];
        if (column->kind != CONTACT_COLUMN_FIELD) continue;
        size_t at = columns->field_count++;
        while (at && slice_compare(columns->columns[columns->order[at - 1]].field, column->field) > 0) {
            columns->order[at] = columns->order[at - 1];
            at--;
        }
        columns->order[at] = i;
        if (at && slice_equal(columns->columns[columns->order[at - 1]].field, column->field))
            return fault(arena, "two columns become %s; leave one out with --map \"Column=-\"",
                         contact_column_kind_name(column));
    }
    if (columns->field_count > CONTACT_FIELDS_MAX)
        return fault(arena,
                     "the file has %zu columns of fields, and a contact can have %d; leave some out with "
                     "--map \"Column=-\"",
                     columns->field_count, CONTACT_FIELDS_MAX);
    return NULL;
}

/* Somebody forgot the header. */
static const char *check_header(struct arena *arena, const struct contact_columns *columns) {
    for (size_t i = 0; i < columns->count; i++)
        if (slice_find_byte(columns->columns[i].header, '@') != SLICE_NOT_FOUND)
            return fault(arena,
                         "the first line has \"%.*s\" where the name of a column should be; put a line with "
                         "names in front, such as: email,first_name,company",
                         SLICE_PRINT(utf8_cut(columns->columns[i].header, 100)));
    return NULL;
}

const char *contact_columns_read(struct arena *arena, const struct slice *headers, size_t count,
                                 const char *const *maps, size_t map_count, struct contact_columns *columns) {
    *columns = (struct contact_columns){.columns = ARENA_NEW_ARRAY(arena, struct contact_column, count + 1),
                                        .count = count};
    struct mapping mapping = {arena, columns, ARENA_NEW_ARRAY(arena, bool, count + 1)};
    for (size_t i = 0; i < count; i++)
        columns->columns[i].header = slice_from_text(arena_text(arena, slice_trim(headers[i])));
    const char *wrong = check_header(arena, columns);
    for (size_t i = 0; i < map_count && !wrong; i++) wrong = map_one(&mapping, maps[i]);
    for (size_t i = 0; i < count && !wrong; i++)
        if (!mapping.is_mapped[i]) name_one(&mapping, i);
    for (size_t i = 0; i < count && !wrong; i++)
        columns->columns[i].field = slice_from_text(arena_text(arena, columns->columns[i].field));
    if (!wrong) wrong = find_places(arena, columns);
    return wrong ? wrong : sort_fields(arena, columns);
}
