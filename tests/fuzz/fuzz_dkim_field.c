/*
 * Tag lists, fields with signatures, key records, RSA keys and canonical forms on any bytes. What is read is
 * within the input; a form is the same however its input is cut, and is its own form.
 */
#include "base/limits.h"
#include "wire/dkim_key.h"
#include "wire/tag_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_within(struct slice part, struct slice whole) {
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_list(struct slice input) {
    struct tag_list list;
    if (tag_list_read(input, &list) != TAG_LIST_OK) return;
    ASSERT(list.count > 0 && list.count <= DKIM_TAGS_MAX);
    for (size_t i = 0; i < list.count; i++) {
        const struct tag *tag = &list.items[i];
        ASSERT(tag->name.len && is_within(tag->name, input) && is_within(tag->raw_value, input));
        ASSERT(is_within(tag->value, tag->raw_value) && tag_list_find(&list, tag->name) == tag);
    }
}

static void check_field(enum dkim_field_kind kind, struct slice input) {
    struct dkim_field_tags tags;
    enum dkim_fault fault = dkim_field_read(kind, input, &tags);
    ASSERT(fault == DKIM_FAULT_NONE || dkim_fault_words(fault)[0]);
    ASSERT(is_within(tags.domain, input) && is_within(tags.names, input) && is_within(tags.identity, input));
    if (fault) return;
    ASSERT(dkim_is_name(tags.domain) && dkim_is_name(tags.selector));
    ASSERT(kind == DKIM_SIGNATURE_FIELD || (tags.instance > 0 && tags.instance <= ARC_INSTANCES_MAX));
    ASSERT(kind == ARC_SEAL_FIELD || tags.body_form == dkim_field_body_form(kind, input));
    struct buffer out = buffer_new(input.len + 1);
    dkim_field_form(DKIM_SIMPLE, input, tags.signature_text, byte_sink_of_buffer(&out));
    ASSERT(!buffer_overflowed(&out) && out.len + tags.signature_text.len <= input.len);
    buffer_free(&out);
}

static void check_key(struct slice input) {
    struct dkim_key_record record;
    struct dkim_rsa_key key;
    struct buffer bytes = buffer_new(input.len + 1);
    if (dkim_key_read(input, &record) == DKIM_FAULT_NONE) {
        ASSERT(record.public_key.len && is_within(record.public_key, input));
        if (dkim_base64_decode(record.public_key, &bytes) && dkim_rsa_key_read(buffer_slice(&bytes), &key))
            ASSERT(is_within(key.der, buffer_slice(&bytes)) && key.bits > 0);
    }
    if (dkim_rsa_key_read(input, &key)) ASSERT(is_within(key.der, input) && key.bits <= 8 * input.len);
    buffer_free(&bytes);
}

static struct buffer form_body(enum dkim_form form, struct slice input, size_t piece) {
    struct dkim_body_form body = dkim_body_form_new(form);
    struct buffer out = buffer_new(2 * input.len + 2);
    while (input.len) dkim_body_form_write(&body, slice_take(&input, piece), byte_sink_of_buffer(&out));
    dkim_body_form_end(&body, byte_sink_of_buffer(&out));
    ASSERT(!buffer_overflowed(&out));
    return out;
}

static void check_body(enum dkim_form form, struct slice input) {
    struct buffer whole = form_body(form, input, SIZE_MAX);
    struct buffer cut = form_body(form, input, 1 + input.len % 7);
    struct buffer again = form_body(form, buffer_slice(&whole), SIZE_MAX);
    ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&cut)));
    ASSERT(slice_equal(buffer_slice(&whole), buffer_slice(&again)));
    buffer_free(&whole);
    buffer_free(&cut);
    buffer_free(&again);
}

static void check_relaxed_field(struct slice input) {
    struct buffer once = buffer_new(input.len + 1);
    struct buffer twice = buffer_new(input.len + 1);
    dkim_form_field(DKIM_RELAXED, input, byte_sink_of_buffer(&once));
    dkim_form_field(DKIM_RELAXED, buffer_slice(&once), byte_sink_of_buffer(&twice));
    ASSERT(!buffer_overflowed(&once) && slice_equal(buffer_slice(&once), buffer_slice(&twice)));
    buffer_free(&once);
    buffer_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    check_list(input);
    check_field(DKIM_SIGNATURE_FIELD, input);
    check_field(ARC_MESSAGE_FIELD, input);
    check_field(ARC_SEAL_FIELD, input);
    check_key(input);
    check_body(DKIM_SIMPLE, input);
    check_body(DKIM_RELAXED, input);
    check_relaxed_field(input);
    return 0;
}
