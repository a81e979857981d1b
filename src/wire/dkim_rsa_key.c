/* RSA public keys in DER: as much of X.509 as DKIM has. */
#include "wire/dkim_key.h"

enum { DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_SEQUENCE = 0x30, LENGTH_BYTES_MAX = 3 };

/* RFC 3279 2.3.1: rsaEncryption with its NULL. */
static const uint8_t rsa_encryption[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                         0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

static bool take_length(struct slice *rest, size_t *len) {
    if (rest->len == 0) return false;
    uint8_t first = slice_take(rest, 1).ptr[0];
    *len = first;
    if (first < 0x80) return true;
    struct slice bytes = slice_take(rest, first & 0x7f);
    if (bytes.len == 0 || bytes.len > LENGTH_BYTES_MAX || bytes.len != (first & 0x7f)) return false;
    *len = 0;
    for (size_t i = 0; i < bytes.len; i++) *len = *len << 8 | bytes.ptr[i];
    return true;
}

/* Takes one value of this type off the front. */
static bool take_value(struct slice *rest, uint8_t type, struct slice *value) {
    size_t len;
    if (!slice_take_byte(rest, type) || !take_length(rest, &len) || len > rest->len) return false;
    *value = slice_take(rest, len);
    return true;
}

/* False: it is negative, zero, or no number. */
static bool take_bits(struct slice *rest, unsigned *bits) {
    struct slice number;
    if (!take_value(rest, DER_INTEGER, &number) || number.len == 0 || number.ptr[0] & 0x80) return false;
    while (number.len && number.ptr[0] == 0) number = slice_skip(number, 1);
    if (number.len == 0) return false;
    *bits = (unsigned)(number.len - 1) * 8;
    for (uint8_t top = number.ptr[0]; top; top = (uint8_t)(top >> 1)) (*bits)++;
    return true;
}

static bool read_public_key(struct slice bytes, struct dkim_rsa_key *key) {
    struct slice rest = bytes;
    struct slice numbers;
    key->der = bytes;
    return take_value(&rest, DER_SEQUENCE, &numbers) && rest.len == 0 && take_bits(&numbers, &key->bits) &&
           take_bits(&numbers, &key->exponent_bits) && numbers.len == 0;
}

/* The key within a SubjectPublicKeyInfo. */
static bool unwrap(struct slice bytes, struct slice *inside) {
    struct slice info;
    struct slice algorithm;
    return take_value(&bytes, DER_SEQUENCE, &info) && bytes.len == 0 &&
           take_value(&info, DER_SEQUENCE, &algorithm) &&
           slice_equal(algorithm, slice_of(rsa_encryption, sizeof rsa_encryption)) &&
           take_value(&info, DER_BIT_STRING, inside) && info.len == 0 && slice_take_byte(inside, 0);
}

bool dkim_rsa_key_read(struct slice bytes, struct dkim_rsa_key *key) {
    struct slice inside;
    return read_public_key(unwrap(bytes, &inside) ? inside : bytes, key);
}
