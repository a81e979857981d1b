/* Checks a SCRAM proof against what the store keeps of a password (RFC 5802 3). Pure. */
#ifndef STORE_SCRAM_CHECK_H
#define STORE_SCRAM_CHECK_H

#include "base/slice.h"

/* The keys and the proof are hash_bytes long (20 or 32). True: the proof is right, and hash_bytes of
   server signature are in `signature`, which has room for 32. */
bool scram_check(uint8_t hash_bytes, const uint8_t *stored_key, const uint8_t *server_key,
                 struct slice auth_message, struct slice proof, uint8_t *signature);

#endif
