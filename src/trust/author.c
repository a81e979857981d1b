#include "trust/author.h"

#include "wire/address.h"
#include "wire/header.h"
#include "wire/smtp_address.h"

const char *author_fault_words(enum author_fault fault) {
    static const char *const words[] = {
        [AUTHOR_ONE_DOMAIN] = "",
        [AUTHOR_NO_FIELD] = "it has no From field",
        [AUTHOR_TWO_FIELDS] = "it has more than one From field",
        [AUTHOR_NO_DOMAIN] = "its From field has no address with a domain",
        [AUTHOR_GROUP] = "its From field is a group",
        [AUTHOR_TWO_DOMAINS] = "its From field has addresses of different domains",
        [AUTHOR_TOO_LONG] = "its From field is too long",
    };
    return words[fault];
}

/* The gravest comes first, and stays. */
static void blame(struct author *author, enum author_fault fault) {
    if (author->fault == AUTHOR_ONE_DOMAIN) author->fault = fault;
}

static bool is_known(const struct author *author, struct slice domain) {
    for (size_t i = 0; i < author->domain_count; i++)
        if (slice_equal(author->domains[i], domain)) return true;
    return false;
}

static void add_domain(struct author *author, struct slice domain) {
    if (is_known(author, domain)) return;
    if (author->domain_count) blame(author, AUTHOR_TWO_DOMAINS);
    if (author->domain_count < DMARC_AUTHORS_MAX) author->domains[author->domain_count++] = domain;
}

/* RFC 9989 5.3.1: with A-labels. The root's dot names the same domain. An address literal is none. */
static bool domain_of(struct arena *arena, struct slice text, struct slice *domain) {
    struct slice unicode;
    if (text.len > 1 && text.ptr[text.len - 1] == '.') text.len--;
    return smtp_domain_parse(arena, text, &unicode, domain) == SMTP_ADDRESS_OK;
}

static void add_mailbox(struct arena *arena, struct author *author, const struct address *entry) {
    struct slice domain;
    /* A word, not an address: what is left of a name with a comma in it. */
    if (entry->domain.len == 0) return;
    if (author->address.len == 0) {
        struct buffer text = buffer_new(2 * (size_t)SMTP_ADDRESS_BYTES_MAX);
        address_write_spec(&text, entry->local, entry->domain);
        author->address = arena_copy(arena, buffer_slice(&text));
        buffer_free(&text);
    }
    if (domain_of(arena, entry->domain, &domain))
        add_domain(author, domain);
    else
        /* One that cannot be judged is not covered by another that can. */
        blame(author, AUTHOR_NO_DOMAIN);
}

static void add_value(struct arena *arena, struct author *author, struct slice value) {
    struct address_reader reader = address_reader_new(value);
    struct address entry;
    while (author->domain_count < DMARC_AUTHORS_MAX && address_next(&reader, &entry)) {
        if (entry.kind == ADDRESS_MAILBOX)
            add_mailbox(arena, author, &entry);
        else
            blame(author, AUTHOR_GROUP);
    }
    address_reader_free(&reader);
}

struct author author_read(struct arena *arena, struct slice values, bool is_cut) {
    struct author author = {.fault = is_cut ? AUTHOR_TOO_LONG : AUTHOR_ONE_DOMAIN};
    size_t fields = 0;
    for (struct slice rest = values; rest.len; fields++) {
        if (fields == 1) blame(&author, AUTHOR_TWO_FIELDS);
        add_value(arena, &author, slice_take_until(&rest, 0));
        (void)slice_take_byte(&rest, 0);
    }
    if (fields == 0) blame(&author, AUTHOR_NO_FIELD);
    if (author.domain_count == 0) blame(&author, AUTHOR_NO_DOMAIN);
    return author;
}

struct author author_of_header(struct arena *arena, struct slice header) {
    struct buffer values = buffer_new(TRUST_FROM_BYTES_MAX);
    struct header_field field;
    while (header_next(&header, &field)) {
        if (!slice_equal_nocase(field.name, SLICE("From"))) continue;
        buffer_append(&values, field.value);
        buffer_append_byte(&values, 0);
    }
    struct author author = author_read(arena, buffer_slice(&values), buffer_overflowed(&values));
    buffer_free(&values);
    return author;
}
