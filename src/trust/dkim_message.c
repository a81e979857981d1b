#include "trust/dkim_message.h"

#include <stdlib.h>

#include "trust/dkim_hash.h"

enum { FORMS = DKIM_RELAXED + 1, CRLF = 0x0d0a };

struct body {
    bool is_wanted;
    struct dkim_body_form form;
    struct dkim_hash hash;
    uint8_t digest[DKIM_DIGEST_BYTES];
};

struct dkim_message {
    struct buffer bytes;
    struct dkim_header header;
    enum dkim_fault fault;
    /* The last four bytes of the header section so far; it begins as if behind a line. */
    uint32_t tail;
    bool has_header;
    bool has_ended;
    bool is_to_check;
    struct body bodies[FORMS];
};

static void want(struct dkim_message *message, enum dkim_form form) {
    struct body *body = &message->bodies[form];
    if (body->is_wanted) return;
    *body = (struct body){.is_wanted = true, .form = dkim_body_form_new(form), .hash = dkim_hash_new()};
}

static bool wants_all(const struct dkim_message *message) {
    return message->bodies[DKIM_SIMPLE].is_wanted && message->bodies[DKIM_RELAXED].is_wanted;
}

static struct dkim_message *new_message(void) {
    struct dkim_message *message = calloc(1, sizeof *message);
    if (!message) FATAL("no memory for a message");
    message->bytes = buffer_new(DKIM_HEADER_BYTES_MAX);
    message->tail = CRLF;
    return message;
}

struct dkim_message *dkim_message_new_to_check(void) {
    struct dkim_message *message = new_message();
    message->is_to_check = true;
    return message;
}

struct dkim_message *dkim_message_new_to_sign(enum dkim_form body_form) {
    struct dkim_message *message = new_message();
    want(message, body_form);
    return message;
}

void dkim_message_free(struct dkim_message **message) {
    struct dkim_message *old = *message;
    if (!old) return;
    for (int form = 0; form < FORMS; form++) dkim_hash_free(&old->bodies[form].hash);
    dkim_header_free(&old->header);
    buffer_free(&old->bytes);
    free(old);
    *message = NULL;
}

/* ---- the header section ---- */

/* The forms that fields of this name ask for; of the first `max` from the top. */
static void want_of(struct dkim_message *message, struct slice name, enum dkim_field_kind kind, size_t max) {
    size_t first;
    size_t count = dkim_header_find(&message->header, name, &first);
    for (size_t i = 0; i < count && i < max && !wants_all(message); i++)
        want(message, dkim_field_body_form(kind, dkim_header_nth(&message->header, first, i)->value));
}

static void end_header(struct dkim_message *message) {
    message->has_header = true;
    message->fault = buffer_overflowed(&message->bytes)
                         ? DKIM_FAULT_HEADER_TOO_LARGE
                         : dkim_header_read(buffer_slice(&message->bytes), &message->header);
    if (message->fault || !message->is_to_check) return;
    want_of(message, SLICE("DKIM-Signature"), DKIM_SIGNATURE_FIELD, DKIM_FIELDS_MAX);
    want_of(message, SLICE("ARC-Message-Signature"), ARC_MESSAGE_FIELD, ARC_INSTANCES_MAX);
}

/* Where the empty line's LF is in the next bytes, or SLICE_NOT_FOUND. */
static size_t find_end(struct dkim_message *message, struct slice bytes) {
    for (size_t at = 0; at < bytes.len; at++) {
        message->tail = message->tail << 8 | bytes.ptr[at];
        if (message->tail == (CRLF << 16 | CRLF)) return at;
    }
    return SLICE_NOT_FOUND;
}

static void take_header(struct dkim_message *message, struct slice *bytes) {
    size_t end = find_end(message, *bytes);
    buffer_append(&message->bytes, slice_take(bytes, end == SLICE_NOT_FOUND ? bytes->len : end + 1));
    if (end == SLICE_NOT_FOUND) return;
    /* The empty line belongs to neither. */
    if (!buffer_overflowed(&message->bytes)) buffer_truncate(&message->bytes, message->bytes.len - 2);
    end_header(message);
}

/* ---- all of it ---- */

void dkim_message_write(struct dkim_message *message, struct slice bytes) {
    ASSERT(!message->has_ended);
    if (!message->has_header) take_header(message, &bytes);
    for (int form = 0; bytes.len && form < FORMS; form++) {
        struct body *body = &message->bodies[form];
        if (body->is_wanted) dkim_body_form_write(&body->form, bytes, dkim_hash_sink(&body->hash));
    }
}

void dkim_message_end(struct dkim_message *message) {
    ASSERT(!message->has_ended);
    if (!message->has_header) end_header(message);
    message->has_ended = true;
    for (int form = 0; form < FORMS; form++) {
        struct body *body = &message->bodies[form];
        if (!body->is_wanted) continue;
        dkim_body_form_end(&body->form, dkim_hash_sink(&body->hash));
        dkim_hash_end(&body->hash, body->digest);
    }
}

enum dkim_fault dkim_message_fault(const struct dkim_message *message) {
    ASSERT(message->has_ended);
    return message->fault;
}

const struct dkim_header *dkim_message_header(const struct dkim_message *message) {
    ASSERT(message->has_ended);
    return &message->header;
}

const uint8_t *dkim_message_body_hash(const struct dkim_message *message, enum dkim_form form) {
    ASSERT(message->has_ended);
    return message->bodies[form].is_wanted ? message->bodies[form].digest : NULL;
}
