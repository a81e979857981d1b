#include "wire/dkim_key.h"

#include "wire/tag_list.h"

static struct slice value_or(const struct tag_list *list, const char *name, const char *otherwise) {
    const struct tag *tag = tag_list_find(list, slice_from_text(name));
    return tag ? tag->value : slice_from_text(otherwise);
}

static bool read_type(struct slice word, enum dkim_key_type *type) {
    *type = slice_equal_nocase(word, SLICE("ed25519")) ? DKIM_KEY_ED25519 : DKIM_KEY_RSA;
    return *type == DKIM_KEY_ED25519 || slice_equal_nocase(word, SLICE("rsa"));
}

static bool is_for_mail(struct slice services) {
    return tag_words_have(services, ':', SLICE("*")) || tag_words_have(services, ':', SLICE("email"));
}

enum dkim_fault dkim_key_read(struct slice text, struct dkim_key_record *record) {
    struct tag_list list;
    *record = (struct dkim_key_record){.type = DKIM_KEY_RSA};
    if (tag_list_read(text, &list) != TAG_LIST_OK) return DKIM_FAULT_KEY_MALFORMED;
    struct slice flags = value_or(&list, "t", "");
    record->is_testing = tag_words_have(flags, ':', SLICE("y"));
    record->is_strict = tag_words_have(flags, ':', SLICE("s"));
    if (!slice_equal(value_or(&list, "v", "DKIM1"), SLICE("DKIM1"))) return DKIM_FAULT_KEY_MALFORMED;
    const struct tag *key = tag_list_find(&list, SLICE("p"));
    if (!key) return DKIM_FAULT_KEY_MALFORMED;
    if (key->value.len == 0) return DKIM_FAULT_KEY_REVOKED;
    record->public_key = key->value;
    if (!read_type(value_or(&list, "k", "rsa"), &record->type)) return DKIM_FAULT_KEY_TYPE;
    if (!tag_words_have(value_or(&list, "h", "sha256"), ':', SLICE("sha256"))) return DKIM_FAULT_KEY_HASH;
    return is_for_mail(value_or(&list, "s", "*")) ? DKIM_FAULT_NONE : DKIM_FAULT_KEY_SERVICE;
}
