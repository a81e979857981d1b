#include "wire/received.h"

#include "wire/dns.h"
#include "wire/network_list.h"

enum { ADDRESS_TEXT_BYTES = 64 };

static bool ends_word(uint8_t c) { return c <= ' ' || (c != 0 && strchr("()[]<>;,=\"", c)); }

static struct slice take_word(struct slice *rest) {
    size_t len = 0;
    while (rest->len && ends_word(rest->ptr[0])) *rest = slice_skip(*rest, 1);
    while (len < rest->len && !ends_word(rest->ptr[len])) len++;
    return slice_take(rest, len);
}

static bool is_address(struct slice word, char text[ADDRESS_TEXT_BYTES]) {
    struct dns_address address;
    (void)slice_take_prefix_nocase(&word, SLICE("IPv6:"));
    if (word.len >= ADDRESS_TEXT_BYTES || !dns_address_parse(word, &address)) return false;
    memcpy(text, word.ptr, word.len);
    text[word.len] = 0;
    return true;
}

/* Whatever a client called itself, the host that wrote the field wrote its address as well. */
static bool is_within(struct slice value, struct slice networks) {
    struct slice word = take_word(&value);
    bool is_from_host = slice_equal_nocase(word, SLICE("from"));
    bool has_address = false;
    for (; word.len; word = take_word(&value)) {
        char address[ADDRESS_TEXT_BYTES];
        if (!is_address(word, address)) continue;
        has_address = true;
        if (!network_is_private(address) && !network_list_has(networks, address)) return false;
    }
    return has_address || !is_from_host;
}

/* The next field with its folds. */
static struct slice take_field(struct slice *rest) {
    size_t end = 0;
    do {
        size_t line = slice_find(slice_skip(*rest, end), SLICE("\r\n"));
        end = line == SLICE_NOT_FOUND ? rest->len : end + line + 2;
    } while (end < rest->len && (rest->ptr[end] == ' ' || rest->ptr[end] == '\t'));
    return slice_take(rest, end);
}

bool received_is_from_within(struct slice header, struct slice networks) {
    while (header.len) {
        struct slice value = take_field(&header);
        struct slice name = slice_trim(slice_take_until(&value, ':'));
        if (slice_equal_nocase(name, SLICE("Received")) && !is_within(slice_skip(value, 1), networks))
            return false;
    }
    return true;
}
