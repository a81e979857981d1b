/*
 * Argon2id hashes of passwords (RFC 9106) as texts: "$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH", salt and hash
 * in base64 without padding, as the reference implementation writes them.
 *
 * A hash works in 19 MiB. They are taken from the system for as long as one takes and in huge pages where
 * the kernel has them, which is as quick as memory that is kept, and nothing is kept.
 */
#ifndef STORE_PASSWORD_HASH_H
#define STORE_PASSWORD_HASH_H

#include "base/buffer.h"

enum { PASSWORD_HASH_TEXT_BYTES = 192, PASSWORD_HASH_SALT_BYTES = 16 };

/* Writes the text of the password's hash. False: no memory, or argon2 refuses (`memory_kib` below 8). For
   threads: burns some 20 ms. */
NODISCARD bool password_hash_make(struct slice password, const uint8_t salt[PASSWORD_HASH_SALT_BYTES],
                                  uint32_t memory_kib, char text[PASSWORD_HASH_TEXT_BYTES]);
/* Writes the text of a hash that no password has, and that takes as long to try. It has the bytes given here
   for a hash: unknown to everybody else. Burns nothing. */
enum { PASSWORD_HASH_BYTES = 32 };
NODISCARD bool password_hash_of_nobody(const uint8_t salt[PASSWORD_HASH_SALT_BYTES],
                                       const uint8_t hash[PASSWORD_HASH_BYTES], uint32_t memory_kib,
                                       char text[PASSWORD_HASH_TEXT_BYTES]);
/* The text is a hash of that password. As long as making it took. */
bool password_hash_matches(const char *text, struct slice password);

#endif
