#include "wire/smtp_offer.h"

static const struct offer_row {
    struct slice keyword;
    enum smtp_extension extension;
} rows[] = {
    {SLICE_INIT("SIZE"), SMTP_EXTENSION_SIZE},
    {SLICE_INIT("8BITMIME"), SMTP_EXTENSION_8BITMIME},
    {SLICE_INIT("BINARYMIME"), SMTP_EXTENSION_BINARYMIME},
    {SLICE_INIT("SMTPUTF8"), SMTP_EXTENSION_SMTPUTF8},
    {SLICE_INIT("AUTH"), SMTP_EXTENSION_AUTH},
    {SLICE_INIT("DSN"), SMTP_EXTENSION_DSN},
    {SLICE_INIT("REQUIRETLS"), SMTP_EXTENSION_REQUIRETLS},
    {SLICE_INIT("FUTURERELEASE"), SMTP_EXTENSION_FUTURE_RELEASE},
    {SLICE_INIT("PIPELINING"), SMTP_EXTENSION_PIPELINING},
    {SLICE_INIT("CHUNKING"), SMTP_EXTENSION_CHUNKING},
    {SLICE_INIT("STARTTLS"), SMTP_EXTENSION_STARTTLS},
};

/* Up to the byte, which is dropped. */
static struct slice next(struct slice *text, uint8_t end) {
    struct slice taken = slice_take_until(text, end);
    (void)slice_take(text, 1);
    return taken;
}

static void take_mechanisms(struct smtp_offer *offer, struct slice words) {
    while (words.len) {
        enum sasl_mechanism mechanism = sasl_mechanism_of(next(&words, ' '));
        if (mechanism != SASL_MECHANISM_UNKNOWN) offer->mechanisms |= 1u << mechanism;
    }
}

/* RFC 1870 4: nothing, or a number; one that is none, or too large, limits nothing. */
static void take_size(struct smtp_offer *offer, struct slice words) {
    uint64_t bytes = 0;
    bool is_number = slice_to_number(next(&words, ' '), INT64_MAX, &bytes);
    offer->size_bytes_max = is_number ? bytes : 0;
}

static void take_line(struct smtp_offer *offer, struct slice line) {
    /* Before RFC 2554 it was AUTH=LOGIN; some say both. */
    bool is_old_auth = slice_starts_nocase(line, SLICE("AUTH="));
    struct slice keyword = next(&line, is_old_auth ? '=' : ' ');
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!slice_equal_nocase(keyword, rows[i].keyword)) continue;
        offer->extensions |= rows[i].extension;
        if (rows[i].extension == SMTP_EXTENSION_SIZE) take_size(offer, line);
        if (rows[i].extension == SMTP_EXTENSION_AUTH) take_mechanisms(offer, line);
    }
}

struct smtp_offer smtp_offer_parse(struct slice text) {
    struct smtp_offer offer = {0};
    (void)next(&text, '\n');
    while (text.len) take_line(&offer, slice_trim(next(&text, '\n')));
    return offer;
}
