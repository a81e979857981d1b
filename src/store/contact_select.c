#include "store/contact_select.h"

#include "base/pattern.h"
#include "store/contact_fields.h"

/* ---- in words ---- */

enum contact_selection_fault contact_selection_add(struct slice name, struct slice value, bool is_not,
                                                   struct contact_selection *selection) {
    if (!is_not && slice_equal(name, SLICE("domain")) && slice_find_byte(value, '*') == SLICE_NOT_FOUND) {
        selection->domain = value;
        return value.len ? CONTACT_SELECTION_OK : CONTACT_SELECTION_VALUE;
    }
    if (!is_not && slice_equal(name, SLICE("import")))
        return slice_to_number(value, INT64_MAX, &selection->import) && selection->import
                   ? CONTACT_SELECTION_OK
                   : CONTACT_SELECTION_IMPORT;
    if (!contact_name_is_sound(name)) return CONTACT_SELECTION_NAME;
    if (!contact_text_is_sound(value, CONTACT_PATTERN_BYTES_MAX)) return CONTACT_SELECTION_VALUE;
    if (selection->match_count == CONTACT_MATCHES_MAX) return CONTACT_SELECTION_TOO_MANY;
    selection->matches[selection->match_count++] = (struct contact_match){name, value, is_not};
    return CONTACT_SELECTION_OK;
}

enum contact_selection_fault contact_selection_read(struct slice word, struct contact_selection *selection) {
    size_t equals = slice_find_byte(word, '=');
    if (equals == SLICE_NOT_FOUND || equals == 0) return CONTACT_SELECTION_WORD;
    bool is_not = word.ptr[equals - 1] == '!';
    return contact_selection_add(slice_sub(word, 0, equals - is_not), slice_skip(word, equals + 1), is_not,
                                 selection);
}

const char *contact_selection_fault_text(enum contact_selection_fault fault) {
    static const char *const texts[] = {
        "fine",
        "write it as FIELD=VALUE or FIELD!=VALUE, such as country=DE; * stands for any characters",
        "that is no name of a field: small letters, digits and _; or domain, import, country, time_zone",
        "the value has a control character, is no UTF-8, or is longer than 500 bytes",
        "an import is its number, as contact imports shows it",
        "there are at most 8 conditions",
    };
    return texts[fault];
}

/* ---- whether it fits ---- */

static struct slice value_of(const struct contact *contact, struct slice name) {
    if (slice_equal(name, SLICE("address"))) return contact->address;
    if (slice_equal(name, SLICE("domain"))) return contact->domain;
    if (slice_equal(name, SLICE("country"))) return contact->country;
    if (slice_equal(name, SLICE("time_zone"))) return contact->time_zone;
    for (size_t i = 0; i < contact->field_count; i++)
        if (slice_equal(contact->fields[i].name, name)) return contact->fields[i].value;
    return SLICE_EMPTY;
}

bool contact_is_selected(const struct contact *contact, const struct contact_selection *selection) {
    bool is = selection->domain.len == 0 || slice_equal_nocase(selection->domain, contact->domain);
    is = is && (selection->import == 0 || selection->import == contact->import);
    for (size_t i = 0; is && i < selection->match_count; i++) {
        const struct contact_match *match = &selection->matches[i];
        is = pattern_fits(match->pattern, value_of(contact, match->name)) != match->is_not;
    }
    return is;
}

/* ---- as bytes ---- */

void contact_selection_pack(struct buffer *out, const struct contact_selection *selection) {
    pack_slice(out, selection->domain);
    pack_number(out, selection->import);
    pack_number(out, selection->match_count);
    for (size_t i = 0; i < selection->match_count; i++) {
        pack_slice(out, selection->matches[i].name);
        pack_slice(out, selection->matches[i].pattern);
        pack_bool(out, selection->matches[i].is_not);
    }
}

void contact_selection_unpack(struct unpacker *in, struct contact_selection *selection) {
    *selection = (struct contact_selection){.domain = unpack_slice(in)};
    selection->import = unpack_number(in);
    size_t count = unpack_number_max(in, CONTACT_MATCHES_MAX);
    for (size_t i = 0; i < count && !in->is_bad; i++) {
        struct slice name = unpack_slice(in);
        struct slice pattern = unpack_slice(in);
        bool is_not = unpack_bool(in);
        bool is_good = contact_name_is_sound(name) && pattern.len <= CONTACT_PATTERN_BYTES_MAX;
        if (is_good)
            selection->matches[selection->match_count++] = (struct contact_match){name, pattern, is_not};
        in->is_bad = in->is_bad || !is_good;
    }
}
